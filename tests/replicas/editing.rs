//! People who edit, and what must be true of their texts afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use everpage::wiki::{Nonces, SystemNonces};
use serde_json::Value;

use crate::support::{Browser, Form, Place, eventually};

/// Choices that follow from a seed.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Returns a number below `sides`.
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }
}

/// Returns the seed of this run, and says it.
pub(crate) fn seed() -> u64 {
    let said = std::env::var("EVERPAGE_REPLICAS_SEED").ok().and_then(|s| s.parse().ok());
    let seed = said.unwrap_or_else(|| SystemNonces.draw().as_u128() as u64 % 1_000_000);
    println!("EVERPAGE_REPLICAS_SEED={seed}");
    seed
}

pub(crate) const PAGES: [&str; 6] =
    ["Home", "Garden", "Deep/Inside/Page", "Ünïcode page", "Garden/Beds", "Both"];

/// What people did, and what they were promised.
#[derive(Default)]
pub(crate) struct Log {
    over: AtomicBool,
    /// Texts whose save was acknowledged.
    acknowledged: Mutex<BTreeSet<String>>,
    pub(crate) stopped_by_others: AtomicU64,
    pub(crate) without_answer: AtomicU64,
    pub(crate) merges: AtomicU64,
}

impl Log {
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    pub(crate) fn acknowledged(&self) -> BTreeSet<String> {
        self.acknowledged.lock().unwrap().clone()
    }

    /// Edits at a server until it is over; the server may be away at times and come back elsewhere.
    pub(crate) fn edit(&self, who: &str, mut dice: Dice, server: &dyn Fn() -> Browser) {
        for n in 0.. {
            if self.is_over() {
                return;
            }
            // People pause, too; machines would fill the disk.
            std::thread::sleep(Duration::from_millis(20 + dice.roll(60)));
            if dice.roll(12) == 0 {
                self.merge(server(), &mut dice);
                continue;
            }
            let page = PAGES[dice.roll(PAGES.len() as u64) as usize];
            let text =
                format!("{page}\n\nwritten by {who}, number {n}.\n{}", "line\n".repeat(n % 40));
            let address = format!("/-/edit/{}", crate::support::encode(page));
            let opened = server().ask("GET", address, b"");
            let Some(opened) = opened.filter(|page| page.status == 200) else {
                self.without_answer.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            let form = Form::of(&opened);
            match form.typed(&text).try_send(server(), page, "save") {
                Some(answer) if answer.status == 303 => {
                    assert!(self.acknowledged.lock().unwrap().insert(text));
                }
                Some(answer) => {
                    // Somebody was first: the text came back, and is not promised.
                    assert_eq!(
                        answer.text_given_back().as_deref(),
                        Some(&*text),
                        "{}",
                        answer.body
                    );
                    self.stopped_by_others.fetch_add(1, Ordering::Relaxed);
                }
                None => {
                    self.without_answer.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }

    /// Decides one conflict, if there is any.
    fn merge(&self, browser: Browser, dice: &mut Dice) {
        let Some(answer) = browser.ask("GET", "/-/api/v1/conflicts", b"") else { return };
        let Ok(Value::Array(inbox)) = serde_json::from_str(&answer.body) else { return };
        if inbox.is_empty() {
            return;
        }
        let entry = &inbox[dice.roll(inbox.len() as u64) as usize];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (path, winner) = (text(&entry["path"]), text(&entry["winner"]));
        let with: Vec<String> =
            entry["conflicts"].as_array().into_iter().flatten().map(text).collect();
        let mut fields = vec![("winner", &*winner), ("action", "keep")];
        fields.extend(with.iter().map(|id| ("with", &**id)));
        let address = format!("/-/merge/{}", crate::support::encode(path.trim_end_matches(".md")));
        if browser.try_post(&address, &fields).is_some_and(|a| a.status == 303) {
            self.merges.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The revision files of a wiki by name, without the files of other programs.
pub(crate) fn revisions(place: &Place) -> BTreeMap<PathBuf, Vec<u8>> {
    let pages = place.pages();
    let all = place.snapshot().into_iter();
    all.filter_map(|(path, bytes)| {
        let relative = path.strip_prefix(&pages).unwrap().to_owned();
        let hidden = relative.components().any(|c| c.as_os_str().as_encoded_bytes()[0] == b'.');
        (path.is_file() && !hidden).then_some((relative, bytes))
    })
    .collect()
}

/// Winner, heads and conflicts of every page, as the program tells them.
fn resolved(place: &Place) -> Vec<String> {
    let lines = |args: &[&str]| {
        let run = place.run(args);
        String::from_utf8(run.stdout).unwrap()
    };
    let logs = PAGES.iter().map(|page| lines(&["log", page, "--json"]));
    logs.chain([lines(&["conflicts", "--json"])]).collect()
}

/// Panics unless all hold the same, show the same and have every text that was acknowledged.
#[track_caller]
pub(crate) fn assert_equal(places: &[&Place], browsers: &[Browser], log: &Log) {
    let (first, others) = places.split_first().unwrap();
    let files = revisions(first);
    for other in others {
        let (here, there): (BTreeSet<_>, BTreeSet<_>) =
            (files.keys().cloned().collect(), revisions(other).into_keys().collect());
        let differ: Vec<_> = here.symmetric_difference(&there).collect();
        assert!(differ.is_empty(), "these are not everywhere: {differ:?}");
        assert!(files == revisions(other), "files of the same name differ");
        assert_eq!(resolved(first), resolved(other));
    }
    let contents: BTreeSet<&[u8]> = files.values().map(|file| content(file)).collect();
    let lost: Vec<_> =
        log.acknowledged().into_iter().filter(|t| !contents.contains(t.as_bytes())).collect();
    assert!(lost.is_empty(), "{} acknowledged texts are lost: {lost:?}", lost.len());
    // The servers that run show it, too, without being started again.
    let shown = |browser: &Browser| -> Vec<String> {
        PAGES
            .iter()
            .map(|page| browser.raw(page))
            .chain([browser.conflicts().to_string()])
            .collect()
    };
    eventually("all servers show the same", || {
        browsers.iter().all(|browser| shown(browser) == shown(&browsers[0]))
    });
    let waiting = first.run(&["conflicts", "--json"]).stdout;
    let waiting = waiting.split(|b| *b == b'\n').filter(|line| !line.is_empty()).count();
    eventually("the servers list the conflicts that the files hold", || {
        browsers.iter().all(|browser| browser.conflicts().as_array().map(Vec::len) == Some(waiting))
    });
}

/// Returns what stands after the header.
fn content(file: &[u8]) -> &[u8] {
    let end = file.windows(2).position(|w| w == b"\n\n");
    match end {
        Some(end) if file.starts_with(b"Revision: ") => &file[end + 2..],
        _ => file,
    }
}
