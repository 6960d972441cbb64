//! What was acknowledged is on disk, byte for byte, whatever happens to the server meanwhile.
//!
//! Browsers save through the form, half of them on revisions that readers no longer see, while the
//! server is killed at random moments. The oracle is the directory, read without the server.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{Browser, Place};

const BROWSERS: usize = 200;
const PAGES: usize = 20;
const SAVES_EACH: usize = 4;
const KILLS: usize = 50;

/// A text that its browser was told is saved.
struct Acknowledged {
    page: String,
    text: String,
}

/// The acknowledged texts, by nonce.
type Ledger = Mutex<HashMap<String, Acknowledged>>;

/// What became of one save.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Saved,
    /// The page had moved on; the text waits.
    Waits,
}

/// What one browser does: opens the form, types, saves; a stale one sends what was begun when the
/// page was new, and so has to wait.
///
/// `None` where the server did not answer: such a save may or may not be on disk.
fn browse(
    browser: usize,
    n: usize,
    stale: bool,
    server: Browser,
    ledger: &Ledger,
) -> Option<Outcome> {
    let name = format!("Page{}", browser % PAGES);
    let form = server.try_form(&name)?;
    let nonce = form.nonce.clone();
    let size = (browser * 37 + n * 101) % 5000;
    let text = format!(
        "browser {browser} save {n}\nnonce {nonce}\nRevision: not a header\n€\n\n{}",
        "water the beans\n".repeat(size / 16)
    );
    let mut form = form.typed(&text);
    form.author = format!("B{browser}");
    let live = !form.base.is_empty();
    if stale {
        form.base = String::new();
    }
    let page = form.try_send(server, &name, "save")?;
    let waits = page.location.contains("/-/merge/");
    assert!(waits || !(stale && live), "a stale save became the page: {page:?}");
    let outcome = if waits { Outcome::Waits } else { Outcome::Saved };
    assert_eq!(page.status, 303, "{}", page.body);
    assert!(!page.location.contains("same"), "a text of its own is a revision of its own");
    let twice = ledger.lock().unwrap().insert(nonce, Acknowledged { page: name, text });
    assert!(twice.is_none(), "a nonce was given out twice");
    Some(outcome)
}

/// Reads all revision files: page and nonce to content. Every file must be whole.
fn on_disk(data: &Path) -> HashMap<(String, String), Vec<u8>> {
    let mut found = HashMap::new();
    for page in fs::read_dir(data.join("pages")).unwrap().map(Result::unwrap) {
        let name = page.file_name().into_string().unwrap();
        for file in fs::read_dir(page.path()).unwrap().map(Result::unwrap) {
            let id = file.file_name().into_string().unwrap();
            let bytes = fs::read(file.path()).unwrap();
            assert!(
                bytes.starts_with(format!("Revision: {id}\n").as_bytes()),
                "{name}/{id} is torn"
            );
            let end = bytes.windows(2).position(|w| w == b"\n\n").unwrap() + 2;
            let head = std::str::from_utf8(&bytes[..end]).unwrap();
            let length = head.lines().find_map(|l| l.strip_prefix("Length: ")).unwrap();
            assert_eq!(length.parse(), Ok(bytes.len() - end), "{name}/{id} is torn");
            // What waits has another nonce than its form.
            let form = head.lines().find_map(|line| line.strip_prefix("Form: "));
            let nonce = form.unwrap_or(id.split_once('-').unwrap().1).to_owned();
            found.insert((name.trim_end_matches(".md").to_owned(), nonce), bytes[end..].to_vec());
        }
    }
    found
}

/// Panics unless every acknowledged text is on disk; returns how many revisions there are.
fn all_there(data: &Path, ledger: &Ledger) -> usize {
    let ledger = ledger.lock().unwrap();
    let files = on_disk(data);
    for (nonce, Acknowledged { page, text }) in &*ledger {
        let content = files.get(&(page.clone(), nonce.clone()));
        let content = content.unwrap_or_else(|| panic!("lost: {page} {nonce}"));
        assert!(content == text.as_bytes(), "altered: {page} {nonce}");
    }
    files.len()
}

#[test]
fn two_hundred_browsers_save_at_once_and_nothing_is_lost() {
    let place = Place::new();
    let mut server = place.serve();
    let (browser, ledger, seconds) = (server.browser, Ledger::default(), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for who in 0..BROWSERS {
            let (ledger, seconds) = (&ledger, &seconds);
            scope.spawn(move || {
                for n in 0..SAVES_EACH {
                    let outcome =
                        browse(who, n, (who / PAGES + n).is_multiple_of(2), browser, ledger);
                    if outcome.expect("the server answers") == Outcome::Waits {
                        seconds.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(ledger.lock().unwrap().len(), BROWSERS * SAVES_EACH);
    // All that were made stale, save the first of each page, and those that others overtook.
    let seconds = seconds.into_inner();
    assert!(seconds >= BROWSERS * SAVES_EACH / 2 - PAGES, "{seconds} were stopped");
    assert_eq!(all_there(&place.data(), &ledger), BROWSERS * SAVES_EACH, "and nothing else");
    // The server says the same of itself.
    server.assert_runs();
    assert_eq!(place.check(), []);
}

/// Tells everybody to stop when its thread ends, in whatever way.
struct EndsAll<'a>(&'a AtomicBool);

impl Drop for EndsAll<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn killing_the_server_at_any_moment_loses_nothing_that_was_acknowledged() {
    let place = Place::new();
    let first = place.serve();
    let address = Mutex::new(first.browser);
    let ledger = Ledger::default();
    let (over, saved, unanswered) =
        (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        // A fault found on one thread must end the others, which would else go on for ever.
        let _ends = EndsAll(&over);
        for who in 0..2 * PAGES {
            let (address, ledger, over, saved, unanswered) =
                (&address, &ledger, &over, &saved, &unanswered);
            scope.spawn(move || {
                let _ends = EndsAll(over);
                let mut n = 0;
                while !over.load(Ordering::Relaxed) {
                    n += 1;
                    let browser = *address.lock().unwrap();
                    if browse(who, n, (who / PAGES + n).is_multiple_of(2), browser, ledger)
                        .is_some()
                    {
                        saved.fetch_add(1, Ordering::Relaxed);
                    } else {
                        unanswered.fetch_add(1, Ordering::Relaxed);
                        std::thread::sleep(Duration::from_millis(5));
                    }
                }
            });
        }
        let mut server = first;
        let mut random = 1_u32;
        for _ in 0..KILLS {
            // Until some saves went through, and then at a moment that differs each time.
            let before = saved.load(Ordering::Relaxed);
            while saved.load(Ordering::Relaxed) < before + 10 && !over.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(2));
            }
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            std::thread::sleep(Duration::from_micros(u64::from(random >> 16) % 20_000));
            server.kill();
            // What the kill left is whole or invisible before anything repairs it.
            all_there(&place.data(), &ledger);
            server = place.serve();
            *address.lock().unwrap() = server.browser;
        }
        over.store(true, Ordering::Relaxed);
    });
    assert!(ledger.lock().unwrap().len() >= KILLS * 10);
    assert!(unanswered.into_inner() >= KILLS, "the kills hit saves in flight");
    all_there(&place.data(), &ledger);
    assert_eq!(place.check_after_kills(), []);
}
