//! `check`: everything strange, with its path and the reason.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::{Place, id};

#[test]
fn a_whole_wiki_has_no_findings_and_conflicts_are_none() {
    let place = Place::new();
    place.revision("A.md", &id(1, 1), &[], "", "a");
    place.revision("A.md", &id(1, 2), &[], "", "b");
    let run = place.run(&["check"]);
    assert_eq!(run.ok(), "");
    assert!(run.err.contains("1 documents, 2 revisions"), "{}", run.err);
    assert!(place.json(&["check"]).is_empty());
}

#[test]
fn every_kind_is_reported_and_nothing_is_touched() {
    let place = Place::new();
    let whole = place.put("Good", "good");
    let torn = format!("Revision: {}\nLength: 9\n\nshort", id(2, 1));
    place.by_hand("Good.md", &id(2, 1), torn);
    place.by_hand("Good.md", &id(2, 2).replace("2-", "02-"), "leading zero");
    place.by_hand("Good.md", "notes.tmp", "foreign");
    place.revision("Child.md", &id(5, 1), &[&id(4, 1)], "", "orphan");
    place.write("data/pages/Plain.md", "plain");
    place.by_hand("bad\u{202e}name.md", &id(1, 1), "x");
    symlink("/etc/passwd", place.path("data/pages/Link.md")).unwrap();
    fs::create_dir(place.path("data/pages/Good.md").join(id(3, 3))).unwrap();

    let lines = place.json(&["check"]);
    let kinds: Vec<(&str, &str)> =
        lines.iter().map(|l| (l["kind"].as_str().unwrap(), l["path"].as_str().unwrap())).collect();
    for (kind, path) in [
        ("damaged", &*format!("Good.md/{}", id(2, 1))),
        ("bad-id", &*format!("Good.md/0{}", id(2, 2))),
        ("bad-id", &*format!("Good.md/{}", id(3, 3))),
        ("foreign", "Good.md/notes.tmp"),
        ("missing-parent", "Child.md"),
        ("plain-file", "Plain.md"),
        ("symbolic-link", "Link.md"),
        ("bad-name", "bad\u{202e}name.md"),
    ] {
        assert!(kinds.contains(&(kind, path)), "no {kind} {path} in {kinds:?}");
    }
    assert_eq!(kinds.len(), 8, "{kinds:?}");
    assert!(lines.iter().all(|l| !l["detail"].as_str().unwrap().is_empty()));

    let run = place.run(&["check"]);
    assert_eq!(run.code, 1);
    assert_eq!(run.text().lines().count(), 8);
    let adopt = run.text().lines().find(|l| l.starts_with("plain-file")).unwrap().to_owned();
    assert!(adopt.contains("everpage put 'Plain.md' < 'pages/Plain.md'"), "{adopt}");
    assert_eq!(place.run(&["cat", "Good", "--rev", &whole]).ok(), "good");
    place.run(&["cat", "Good", "--rev", &id(2, 1)]).refused(1, &["is damaged"]);
}

#[test]
fn a_revision_that_another_program_removed_is_put_back_and_reported() {
    let place = Place::new();
    let first = place.put("Home", "kept");
    place.put("Home", "newer");
    fs::remove_file(place.path("data/pages/Home.md").join(&first)).unwrap();
    let lines = place.json(&["check"]);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["kind"], "restored");
    assert_eq!(lines[0]["path"], format!("Home.md/{first}"));
    assert_eq!(place.run(&["cat", "Home", "--rev", &first]).ok(), "kept");
}
