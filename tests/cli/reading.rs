//! `ls`, `cat`, `log`, `diff`, `conflicts`: they show what is there and make nothing.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use serde_json::json;

use crate::support::{Place, Run, id};

#[test]
fn a_missing_wiki_is_told_with_a_hint_and_never_made() {
    let place = Place::new();
    for args in [
        &["ls"][..],
        &["cat", "Home"],
        &["log", "Home"],
        &["diff", "Home"],
        &["conflicts"],
        &["merge", "Home"],
        &["check"],
        &["put", "Home", "--delete"],
        &["--data", "data", "ls"],
        &["ls", "--data", "data"],
    ] {
        place.run(args).refused(1, &["there is no wiki in", "data", "--data DIR"]);
        assert!(!place.path("data").exists(), "{args:?}");
    }
    fs::create_dir(place.path("data")).unwrap();
    place.run(&["ls"]).refused(1, &["no directory “pages”"]);
    assert_eq!(fs::read_dir(place.path("data")).unwrap().count(), 0);
}

#[test]
fn ls_lists_live_documents_and_with_all_the_deleted() {
    let place = Place::new();
    place.put("Zoo", "z");
    place.put("Projects/plan.png", b"\x89PNG");
    let gone = place.put("Old", "x");
    place.run(&["put", "Old", "--delete"]).ok();
    assert_eq!(place.run(&["ls"]).ok(), "Projects/plan.png\nZoo.md\n");
    let all = place.run(&["ls", "--all"]).ok();
    assert_eq!(all, "Old.md  (deleted)\nProjects/plan.png\nZoo.md\n");
    let lines = place.json(&["ls", "--all"]);
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["path"], "Old.md");
    assert_eq!(lines[0]["deleted"], true);
    assert_eq!(lines[0]["revisions"], 2);
    assert_ne!(lines[0]["winner"], json!(gone));
    assert_eq!(lines[1]["length"], 4);
    assert_eq!(lines[2]["conflicts"], 0);
}

#[test]
fn cat_prints_bytes_as_they_are_and_older_revisions_too() {
    let place = Place::new();
    let bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let first = place.put("data.bin", &bytes);
    place.put("data.bin", b"no newline");
    assert_eq!(place.run(&["cat", "data.bin"]).out, b"no newline");
    assert_eq!(place.run(&["cat", "data.bin", "--rev", &first]).out, bytes);
}

#[test]
fn names_are_found_in_another_case_and_without_an_ending() {
    let place = Place::new();
    place.put("Garden", "g");
    place.by_hand("LICENSE", &id(1, 1), "free");
    place.by_hand("v1.2.md", &id(1, 1), "two");
    assert_eq!(place.cat("garden"), "g");
    assert_eq!(place.cat("GARDEN.MD"), "g");
    assert_eq!(place.cat("LICENSE"), "free");
    assert_eq!(place.cat("v1.2"), "two");
}

#[test]
fn what_is_not_there_is_told() {
    let place = Place::new();
    place.put("Home", "h");
    place.run(&["cat", "Hoem"]).refused(1, &["no document named “Hoem.md”"]);
    place.run(&["cat", "Home", "--rev", &id(7, 7)]).refused(1, &["has no revision", &id(7, 7)]);
    place.run(&["diff", "Home", "--from", &id(7, 7)]).refused(1, &["has no revision"]);
    place.run(&["put", "Home", "--delete"]).ok();
    place.run(&["cat", "Home"]).refused(1, &["is deleted", "everpage log"]);
}

#[test]
fn wrong_names_and_ids_are_wrong_use() {
    let place = Place::new();
    place.put("Home", "h");
    for name in ["../x", "a//b", ".hidden", "a/../b", "", "a\u{202e}b", "/", &"x".repeat(300)] {
        place.run(&["cat", name]).refused(2, &["error: invalid value"]);
    }
    for bad in ["7", "0-00000000-0000-4000-8000-000000000000", "01-x", &id(1, 10).to_uppercase()] {
        place.run(&["cat", "Home", "--rev", bad]).refused(2, &["--rev"]);
    }
    place.run(&["frobnicate"]).refused(2, &["frobnicate"]);
    assert_eq!(place.run(&["ls"]).ok(), "Home.md\n");
    assert_eq!(fs::read_dir(place.path("")).unwrap().count(), 1, "nothing beside the data");
}

#[test]
fn log_tells_the_standing_of_every_revision() {
    let place = Place::new();
    let (base, lost, won) = (id(1, 1), id(2, 1), id(2, 2));
    place.revision("Garden.md", &base, &[], "Alice", "a\n");
    place.revision("Garden.md", &lost, &[&base], "Bob", "b\n");
    place.revision("Garden.md", &won, &[&base], "Carol", "c\n");
    place.revision("Garden.md", &id(2, 0), &[&base], "Dan", "a\n");
    place.by_hand("Garden.md", &id(1, 0), "");
    let lines = place.json(&["log", "Garden"]);
    let states: Vec<_> = lines.iter().map(|l| (&l["id"], &l["state"])).collect();
    assert_eq!(
        json!(states),
        json!([
            [won, "winner"],
            [lost, "conflict"],
            [id(2, 0), "redundant"],
            [base, "ancestor"],
            [id(1, 0), "damaged"],
        ])
    );
    let line = &lines[0];
    assert_eq!(
        *line,
        json!({
            "id": won, "parents": [base], "author": "Carol", "date": "2026-11-23T08:29:00.123Z",
            "summary": "", "length": 2, "state": "winner",
        })
    );
    let text = place.run(&["log", "Garden"]).ok();
    assert_eq!(text.lines().next().unwrap(), format!("winner    {won}  2026-11-23 08:29  Carol"));
    assert!(text.contains(&format!("\nconflict  {lost}  2026-11-23 08:29  Bob\n")), "{text}");
}

#[test]
fn revisions_made_by_hand_are_seen() {
    let place = Place::new();
    let first = place.put("Home", "one\n");
    fs::copy(
        place.path("data/pages/Home.md").join(&first),
        place.path("data/pages/Home.md").join(id(2, 5)),
    )
    .unwrap();
    assert_eq!(place.cat("Home"), "one\n", "a copied header is not part of the text");
    place.by_hand("Home.md", &id(3, 5), "three\n");
    assert_eq!(place.cat("Home"), "three\n");
    assert_eq!(place.json(&["log", "Home"]).len(), 3);
    place.run(&["conflicts"]).ok();
    let next = place.put("Home", "four\n");
    assert!(next.starts_with("4-"), "{next}");
}

#[test]
fn diff_shows_the_last_change_by_default_and_any_other_when_asked() {
    let place = Place::new();
    let first = place.put("Home", "a\nb\nc\n");
    let second = place.put("Home", "a\nB\nc");
    let diff = place.run(&["diff", "Home"]).ok();
    let body: Vec<&str> = diff.lines().skip(2).collect();
    assert!(diff.starts_with(&format!("--- Home.md  {first}")), "{diff}");
    assert!(diff.contains(&format!("\n+++ Home.md  {second}")), "{diff}");
    assert_eq!(
        body,
        ["@@ -1,3 +1,3 @@", " a", "-b", "-c", "+B", "+c", "\\ No newline at end of file"]
    );
    assert!(!diff.contains('\x1b'), "no colours in a pipe");
    let whole = place.run(&["diff", "Home", "--to", &first]).ok();
    assert!(whole.starts_with("--- /dev/null\n"), "{whole}");
    assert!(whole.ends_with("+a\n+b\n+c\n"), "{whole}");
    let back = place.run(&["diff", "Home", "--from", &second, "--to", &first]).ok();
    assert!(back.contains("\n-B\n"), "{back}");
    assert_eq!(place.run(&["diff", "Home", "--from", &second]).ok(), "");
    place.put("x.bin", b"\xff\x00");
    assert_eq!(place.run(&["diff", "x.bin"]).ok(), "binary contents differ (0 and 2 bytes)\n");
}

#[test]
fn conflicts_are_listed_with_exit_code_1() {
    let place = Place::new();
    place.put("Calm", "c");
    let empty = place.run(&["conflicts"]);
    assert_eq!((empty.code, empty.out.len()), (0, 0));
    let (lost, won) = (id(1, 1), id(1, 2));
    place.revision("Garden.md", &lost, &[], "Bob", "b");
    place.revision("Garden.md", &won, &[], "Alice", "a");
    let run = place.run(&["conflicts"]);
    assert_eq!(run.code, 1);
    assert_eq!(
        run.text(),
        format!(
            "Garden.md\n  winner    {won}  2026-11-23 08:29  Alice\n  \
             conflict  {lost}  2026-11-23 08:29  Bob\n"
        )
    );
    let json = place.json(&["conflicts"]);
    assert_eq!(json, [json!({"path": "Garden.md", "winner": won, "conflicts": [lost]})]);
}

#[test]
fn a_closed_output_ends_quietly() {
    let place = Place::new();
    place.put("big.bin", vec![b'x'; 1 << 20]);
    for args in [&["cat", "big.bin"][..], &["log", "big.bin", "--json"], &["ls"]] {
        let mut child = place.command(args).stdout(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn a_wiki_that_cannot_be_read_is_told_with_the_path() {
    let place = Place::new();
    place.put("Home", "h");
    let pages = place.path("data/pages");
    fs::set_permissions(&pages, fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser reads everything.
    let denied = fs::read_dir(&pages).is_err();
    let run: Run = place.run(&["ls"]);
    fs::set_permissions(&pages, fs::Permissions::from_mode(0o755)).unwrap();
    if denied {
        run.refused(1, &["pages"]);
    }
}

#[test]
fn a_control_character_never_reaches_the_terminal() {
    let place = Place::new();
    place.revision("Home.md", &id(1, 1), &[], "Mallory\x1b[2J", "h");
    let log = place.run(&["log", "Home"]).ok();
    assert!(log.contains("Mallory") && !log.contains('\x1b'), "{log:?}");
}
