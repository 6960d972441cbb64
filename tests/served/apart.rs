//! Two servers on copies of one directory, edited apart and brought together with what everybody
//! has: `cp -n`, and `rsync`. Nothing is lost, both agree, and one merge closes a conflict on both.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Browser, Place, eventually};

/// Pages must show what was brought within this; a busy machine gets ten times as long.
const AIM: Duration = Duration::from_secs(2);

/// Copies what the other does not have, and touches nothing else.
type Bring = fn(&Path, &Path);

fn cp(from: &Path, to: &Path) {
    // Newer versions of cp say with their exit code that they left out what was there.
    Command::new("cp").arg("-rn").arg(from.join(".")).arg(to).output().unwrap();
}

fn rsync(from: &Path, to: &Path) {
    let from = format!("{}/", from.display());
    let run = Command::new("rsync").args(["-a", "--ignore-existing", &from]).arg(to).output();
    let run = run.unwrap();
    assert!(run.status.success(), "{run:?}");
}

#[test]
fn copies_meet_with_cp() {
    apart_and_together(cp);
}

#[test]
fn copies_meet_with_rsync() {
    if Command::new("rsync").arg("--version").output().is_err() {
        println!("skipped: rsync is not installed");
        return;
    }
    apart_and_together(rsync);
}

/// Makes a revision as a person does: a name with the next number and a fresh UUID, no header.
fn by_hand(place: &Place, page: &str, number: u64, text: &str) {
    let nonce = std::fs::read_to_string("/proc/sys/kernel/random/uuid").unwrap();
    place.by_hand(&format!("{page}.md/{number}-{}", nonce.trim()), text);
}

fn summary(browser: Browser) -> Vec<(String, String, usize)> {
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let inbox = browser.conflicts();
    let mut found: Vec<_> = inbox
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (text(&e["path"]), text(&e["winner"]), e["conflicts"].as_array().unwrap().len()))
        .collect();
    found.sort();
    found
}

fn apart_and_together(bring: Bring) {
    const PAGES: [&str; 6] = ["Both", "Handmade", "Left", "Right", "Deep/Inside/Page", "Same"];
    let (left, right) = (Place::new(), Place::new());
    let one = left.serve();
    for page in PAGES {
        one.browser.saved(page, &format!("{page}\n\nfirst\n\nlast\n"));
    }
    by_hand(&left, "Typed", 1, "typed by hand\n");
    // The second directory is a copy, and its server starts on it.
    cp(&left.pages(), &right.pages());
    let two = right.serve();
    let (a, b) = (one.browser, two.browser);
    for page in PAGES.into_iter().chain(["Typed"]) {
        assert_eq!(a.raw(page), b.raw(page));
    }

    // Apart, both are edited: through their servers, and by hand.
    a.saved("Both", "Both\n\nleft\n\nlast\n");
    b.saved("Both", "Both\n\nright\n\nlast\n");
    b.saved("Both", "Both\n\nright again\n\nlast\n");
    by_hand(&left, "Handmade", 2, "made by hand at the left\n");
    by_hand(&right, "Handmade", 2, "made by hand at the right\n");
    a.saved("Left", "only left\n");
    b.saved("Right", "only right\n");
    a.saved("Deep/Inside/Page", "Deep/Inside/Page, edited\n\nfirst\n\nlast\n");
    b.saved("Deep/Inside/Page", "Deep/Inside/Page\n\nfirst\n\nlast, edited\n");
    a.saved("Same", "the same\n");
    b.saved("Same", "the same\n");
    a.saved("New at the left", "new\n");
    b.saved("New at the right", "new\n");
    let texts = |browser: Browser| {
        let pages = PAGES.into_iter().chain(["Typed", "New at the left", "New at the right"]);
        pages.map(|page| browser.raw(page)).collect::<Vec<_>>()
    };
    assert_ne!(texts(a), texts(b));
    let (had, other_had) = (left.snapshot(), right.snapshot());

    bring(&left.pages(), &right.pages());
    bring(&right.pages(), &left.pages());
    let taken = eventually("both show the same pages", || texts(a) == texts(b));
    println!("pages agree after {taken:?}");
    assert!(taken < AIM * 10, "pages took {taken:?}");
    assert!(a.raw("Both").contains("right again"), "two edits outrank one");
    assert_eq!((a.raw("Left"), a.raw("Right")), ("only left\n".into(), "only right\n".into()));
    let taken = eventually("both inboxes hold the same", || {
        summary(a) == summary(b) && summary(a).len() == 3
    });
    println!("inboxes agree after {taken:?}");
    assert!(taken < AIM * 10, "inboxes took {taken:?}");
    let pages: Vec<String> = summary(a).into_iter().map(|(path, ..)| path).collect();
    assert_eq!(pages, ["Both.md", "Deep/Inside/Page.md", "Handmade.md"]);
    left.assert_kept(&had);
    right.assert_kept(&other_had);

    // One merge each, at one side or the other.
    settle(a, "Both", "keep");
    settle(b, "Handmade", "keep");
    settle(b, "Deep/Inside/Page", "save");
    bring(&left.pages(), &right.pages());
    bring(&right.pages(), &left.pages());
    let taken = eventually("the conflicts are gone at both", || {
        summary(a).is_empty() && summary(b).is_empty() && texts(a) == texts(b)
    });
    println!("merges arrive after {taken:?}");
    assert!(taken < AIM * 10, "merges took {taken:?}");
    assert_eq!(
        a.raw("Deep/Inside/Page"),
        "Deep/Inside/Page, edited\n\nfirst\n\nlast, edited\n",
        "both edits are in it"
    );
    left.assert_kept(&had);
    right.assert_kept(&other_had);
    // Once more is nothing new.
    let (at_left, at_right) = (left.snapshot(), right.snapshot());
    bring(&left.pages(), &right.pages());
    bring(&right.pages(), &left.pages());
    assert_eq!((left.snapshot(), right.snapshot()), (at_left, at_right));
    assert_eq!((left.check(), right.check()), (Vec::new(), Vec::new()));
}

/// Presses a button of the inbox.
#[track_caller]
fn settle(browser: Browser, page: &str, action: &str) {
    let inbox = browser.conflicts();
    let path = format!("{page}.md");
    let entry = inbox.as_array().unwrap().iter().find(|e| e["path"] == path.as_str()).unwrap();
    let mut fields = vec![("winner", entry["winner"].as_str().unwrap()), ("action", action)];
    fields.extend(
        entry["conflicts"].as_array().unwrap().iter().map(|c| ("with", c.as_str().unwrap())),
    );
    let done = browser.post(&format!("/-/merge/{page}"), &fields);
    assert_eq!(done.status, 303, "{}", done.body);
}
