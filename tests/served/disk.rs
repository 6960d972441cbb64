//! A disk that refuses at any step of a save: a clear page with the text in it, nothing half
//! written, reading goes on, and the same form is saved when the disk works again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use everpage::store::fs::Op;
use rustix::io::Errno;

use crate::support::{Faulty, Form, Place, Server, eventually, id};

const OPS: [Op; 6] =
    [Op::MakeDir, Op::CreateTemp, Op::Write, Op::SyncFile, Op::Publish, Op::SyncDir];
/// What the disk says, the status of the page, and a word on it.
const REFUSALS: [(Errno, u16, &str); 6] = [
    (Errno::NOSPC, 507, "full"),
    (Errno::DQUOT, 507, "full"),
    (Errno::ROFS, 503, "is read-only"),
    (Errno::ACCESS, 503, "allowed to write"),
    (Errno::IO, 503, "could not write"),
    (Errno::NAMETOOLONG, 422, "too long"),
];
const TEXT: &str = "\nWater & feed the <beans>.\n\u{202e}\n";

/// Lets the `nth` step of a kind fail, once.
#[derive(Default)]
struct Plan {
    failing: Mutex<Option<(Op, usize, Errno)>>,
    seen: Mutex<Vec<Op>>,
}

impl Plan {
    fn hook(self: &Arc<Self>) -> impl Fn(Op, &Path) -> io::Result<()> + Send + Sync + 'static {
        let plan = Arc::clone(self);
        move |op, path| {
            // What the server does beside the save has no part in it.
            if !path.to_string_lossy().contains("New")
                && op != Op::CreateTemp
                && op != Op::Write
                && op != Op::SyncDir
            {
                return Ok(());
            }
            plan.seen.lock().unwrap().push(op);
            let mut failing = plan.failing.lock().unwrap();
            match &mut *failing {
                Some((at, left, errno)) if *at == op => {
                    *left -= 1;
                    if *left > 0 {
                        return Ok(());
                    }
                    let errno = *errno;
                    *failing = None;
                    Err(errno.into())
                }
                _ => Ok(()),
            }
        }
    }
}

/// How often a save of a new page in a new folder takes each step.
fn steps() -> Vec<(Op, usize)> {
    let place = Place::new();
    let plan = Arc::new(Plan::default());
    let server = Faulty::start(&place.data(), plan.hook());
    server.browser.saved("New/Page", TEXT);
    let seen = plan.seen.lock().unwrap();
    OPS.map(|op| (op, seen.iter().filter(|o| **o == op).count())).to_vec()
}

#[test]
fn whatever_step_of_a_save_fails_the_text_is_on_the_page_and_saved_later() {
    for (op, count) in steps() {
        assert!(count > 0, "{op:?} is part of a save");
        for nth in 1..=count {
            for (errno, status, word) in REFUSALS {
                println!("{op:?} {nth} of {count}: {errno}");
                one_refusal(op, nth, errno, status, word);
            }
        }
    }
}

fn one_refusal(op: Op, nth: usize, errno: Errno, status: u16, word: &str) {
    let place = Place::new();
    let old = place.by_hand(&format!("Old.md/{}", id(1, 1)), "old\n");
    let plan = Arc::new(Plan::default());
    let server = Faulty::start(&place.data(), plan.hook());
    let browser = server.browser;
    let form = Form {
        summary: "a word".into(),
        author: "Ada".into(),
        ..browser.form("New/Page").typed(TEXT)
    };
    *plan.failing.lock().unwrap() = Some((op, nth, errno));
    let refused = form.send(browser, "New/Page", "save");

    refused.assert_page(status);
    assert!(refused.body.contains(word), "{}", refused.body);
    assert_eq!(Form::of(&refused), form, "the whole form comes back");
    browser.get("/New/Page").assert_page(404);
    assert_eq!(browser.raw("Old"), "old\n", "reading goes on");
    assert_eq!(fs::read_dir(place.path("data/local/tmp")).unwrap().count(), 0, "nothing is left");

    let form = Form::of(&refused);
    if matches!(op, Op::SyncFile | Op::SyncDir) {
        // After a failed fsync nothing is believed until a restart.
        let again = form.send(browser, "New/Page", "save");
        again.assert_page(503);
        assert!(again.body.contains("restarted"), "{}", again.body);
        assert_eq!(Form::of(&again), form);
        assert!(browser.get("/-/edit/Old").body.contains("cannot write at the moment"));
        drop(server);
        let server = place.serve();
        assert_eq!(form.send(server.browser, "New/Page", "save").status, 303);
    } else {
        assert_eq!(form.send(browser, "New/Page", "save").status, 303);
        drop(server);
    }
    let files: Vec<PathBuf> = place.snapshot().into_keys().filter(|p| p.is_file()).collect();
    assert_eq!(files.len(), 2, "one revision, however often the form was sent: {files:?}");
    assert_eq!(place.run(&["cat", "New/Page"]).stdout, TEXT.as_bytes());
    assert_eq!(fs::read(old).unwrap(), b"old\n");
    assert_eq!(place.check(), []);
}

#[test]
fn a_save_that_yields_is_given_back_if_the_disk_is_full_and_is_one_version_later() {
    for op in [Op::CreateTemp, Op::Write, Op::Publish] {
        let place = Place::new();
        let plan = Arc::new(Plan::default());
        let server = Faulty::start(&place.data(), plan.hook());
        let browser = server.browser;
        let form = browser.form("New").typed(TEXT);
        // Somebody else is first to make the page.
        browser.saved("New", "theirs\n");
        *plan.failing.lock().unwrap() = Some((op, 1, Errno::NOSPC));
        let refused = form.send(browser, "New", "save");
        refused.assert_page(507);
        assert_eq!(Form::of(&refused), form, "{op:?}: the whole form comes back");
        assert_eq!(browser.raw("New"), "theirs\n");
        let files = || fs::read_dir(place.pages().join("New.md")).unwrap().count();
        assert_eq!(files(), 1, "{op:?}: nothing is half saved");
        // Sent again, twice, and once more after a restart: one version that waits.
        let again = Form::of(&refused);
        let screen = again.send(browser, "New", "save").location;
        assert!(screen.contains("/-/merge/New?mine=1-"), "{screen}");
        assert_eq!(again.send(browser, "New", "save").location, screen);
        drop(server);
        let server = place.serve();
        assert_eq!(again.send(server.browser, "New", "save").location, screen);
        assert_eq!((server.browser.raw("New"), files()), ("theirs\n".to_owned(), 2));
        server.browser.get(&screen).assert_page(200);
        drop(server);
        assert_eq!(place.check(), []);
    }
}

/// A server whose data directory is a small disk that only it can see.
struct SmallDisk {
    server: Server,
    data: PathBuf,
}

impl SmallDisk {
    /// Returns nothing, and says why, where this user may not mount anything.
    fn start(place: &Place) -> Option<Self> {
        Self::mounted(place, "mount -t tmpfs -o size=256k small \"$1\"")
    }

    /// As [`SmallDisk::start`], with the search index on a disk of its own. An index has files open
    /// for writing as long as the server runs: a system that gives up on a failing disk asks nobody,
    /// but a `mount` that is to make a disk read-only refuses while there are any.
    fn start_with_index_beside(place: &Place) -> Option<Self> {
        Self::mounted(
            place,
            "mount -t tmpfs -o size=256k small \"$1\" && mkdir -p \"$1/local/search\" && \
             mount -t tmpfs -o size=16m index \"$1/local/search\"",
        )
    }

    fn mounted(place: &Place, mount: &str) -> Option<Self> {
        let data = place.data();
        let inside = |script: &str| {
            let mut command = Command::new("unshare");
            command.args(["--map-root-user", "--mount", "sh", "-c", script, "sh"]).arg(&data);
            command.arg(env!("CARGO_BIN_EXE_everpage"));
            command
        };
        match inside(mount).stderr(Stdio::piped()).output() {
            Ok(tried) if tried.status.success() => {}
            tried => {
                println!("skipped: no small disk can be mounted here: {tried:?}");
                return None;
            }
        }
        let serve = "exec \"$2\" --data \"$1\" serve --listen 127.0.0.1:0";
        let server = Server::run(inside(&format!("{mount} && {serve}")));
        let data = PathBuf::from(format!("/proc/{}/root", server.pid()))
            .join(data.strip_prefix("/").unwrap());
        Some(Self { server, data })
    }

    fn remount(&self, how: &str, place: &Place) {
        let pid = self.server.pid().to_string();
        let status = Command::new("nsenter")
            .args(["--target", &pid, "--user", "--mount", "--preserve-credentials"])
            .args(["mount", "-o", how])
            .arg(place.data())
            .status();
        assert!(status.unwrap().success());
    }
}

#[test]
fn a_disk_that_is_really_full_refuses_with_the_text_and_takes_it_when_there_is_room() {
    let place = Place::new();
    let Some(mut disk) = SmallDisk::start(&place) else { return };
    let browser = disk.server.browser;
    browser.saved("Garden", "old\n");
    let text = "Beans.\n".repeat(3000);
    let form = browser.form("Garden").typed(&text);
    // Someone fills the disk to the last byte.
    let filler = disk.data.join("filler");
    let full = fs::write(&filler, vec![1; 1 << 20]);
    assert_eq!(full.unwrap_err().kind(), io::ErrorKind::StorageFull);

    let refused = form.send(browser, "Garden", "save");
    refused.assert_page(507);
    assert!(refused.body.contains("full"), "{}", refused.body);
    assert_eq!(Form::of(&refused), form);
    let new = browser.save("New/Page", &text);
    new.assert_page(507);
    assert_eq!(new.text_given_back().as_deref(), Some(&*text));
    assert_eq!(browser.raw("Garden"), "old\n");
    browser.get("/-/history/Garden").assert_page(200);
    disk.server.assert_runs();

    fs::remove_file(filler).unwrap();
    assert_eq!(Form::of(&refused).send(browser, "Garden", "save").status, 303);
    assert_eq!(browser.raw("Garden"), text);
    assert_eq!(fs::read_dir(disk.data.join("pages/Garden.md")).unwrap().count(), 2);
}

#[test]
fn a_disk_that_turns_read_only_refuses_with_the_text_and_goes_on_reading() {
    let place = Place::new();
    let Some(mut disk) = SmallDisk::start_with_index_beside(&place) else { return };
    let browser = disk.server.browser;
    browser.saved("Garden", "old\n");
    let form = browser.form("Garden").typed(TEXT);
    disk.remount("remount,ro", &place);
    let refused = form.send(browser, "Garden", "save");
    refused.assert_page(503);
    assert!(refused.body.contains("is read-only"), "{}", refused.body);
    assert_eq!(Form::of(&refused), form);
    assert_eq!(browser.raw("Garden"), "old\n");
    browser.get("/Garden").assert_page(200);
    disk.server.assert_runs();
    disk.remount("remount,rw", &place);
    assert_eq!(Form::of(&refused).send(browser, "Garden", "save").status, 303);
    assert_eq!(browser.raw("Garden"), TEXT);
}

#[test]
fn what_another_program_deletes_while_it_is_written_comes_back() {
    for times in 1..=4 {
        let place = Place::new();
        let folder = place.pages().join("New.md");
        let (left, there) = (Arc::new(AtomicUsize::new(0)), folder.clone());
        let counter = Arc::clone(&left);
        // Whatever has just got its name is deleted before that is durable, so many times.
        let server = Faulty::start(&place.data(), move |op, path| {
            let due = op == Op::SyncDir
                && path.ends_with("New.md")
                && counter
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
                    .is_ok();
            if due {
                for entry in fs::read_dir(&there)?.flatten() {
                    let _ = fs::remove_file(entry.path());
                }
            }
            Ok(())
        });
        let browser = server.browser;
        browser.saved("New", "first\n");
        left.store(times, Ordering::SeqCst);
        browser.saved("New", "second\n");
        eventually("both revisions are back", || {
            let files = fs::read_dir(&folder).map_or(0, Iterator::count);
            (files, browser.raw("New").as_str()) == (2, "second\n")
        });
        assert_eq!(left.load(Ordering::SeqCst), 0, "{times}");
    }
}
