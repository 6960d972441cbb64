//! `put`: byte for byte to disk, durable before the id is printed.

use std::fs;

use serde_json::json;

use crate::support::{Place, files, id};

#[test]
fn the_printed_id_names_a_file_with_these_bytes() {
    let place = Place::new();
    let bytes: Vec<u8> = (0..=255).rev().collect();
    let saved =
        place.run_with(&["put", "a/b.bin", "--author", "Alice", "--summary", "two\nlines"], &bytes);
    let saved = saved.ok();
    assert_eq!(saved.lines().count(), 1);
    let file = fs::read(place.path("data/pages/a/b.bin").join(saved.trim())).unwrap();
    assert!(file.ends_with(&bytes));
    let head = String::from_utf8_lossy(&file[..file.len() - bytes.len()]).into_owned();
    assert!(
        head.contains("\nAuthor: Alice\n") && head.contains("\nSummary: two lines\n"),
        "{head}"
    );
    assert!(head.starts_with(&format!("Revision: {}\n", saved.trim())), "{head}");
}

#[test]
fn saves_go_on_the_winner_and_what_is_there_already_is_not_saved_again() {
    let place = Place::new();
    let first = place.put("Home", "one");
    let second = place.put("Home", "two");
    assert_eq!(place.json(&["log", "Home"])[0]["parents"], json!([first]));
    let again = place.run_with(&["put", "Home"], "two");
    assert_eq!(again.ok().trim(), second);
    assert!(again.err.contains("nothing to save"), "{}", again.err);
    assert_eq!(place.revisions("Home.md").len(), 2);
    let cased = place.put("HOME", "three");
    assert!(cased.starts_with("3-"), "another case is the same document");
    assert_eq!(place.run(&["ls"]).ok(), "Home.md\n");
}

#[test]
fn parents_are_taken_as_they_are_given() {
    let place = Place::new();
    let first = place.put("Home", "one");
    let second = place.put("Home", "two");
    let third = place.put("Home", "three");
    let run = place.run_with(&["put", "Home", "--parent", &first], "aside");
    assert_eq!(run.code, 1, "it made a conflict");
    let aside = run.text().trim().to_owned();
    assert!(aside < third && aside.starts_with("2-"), "{aside}");
    assert!(run.err.contains("this made a conflict: readers still see"), "{}", run.err);
    assert!(run.err.contains("everpage merge 'Home.md'"), "{}", run.err);
    assert_eq!(place.cat("Home"), "three");
    assert_eq!(
        place.json(&["conflicts"]),
        [json!({"path": "Home.md", "winner": third, "conflicts": [aside]})]
    );
    let both = ["put", "Home", "--parent", &third, "--parent", &aside];
    let merged = place.run_with(&both, "both").ok();
    assert!(merged.starts_with("4-"), "{merged}");
    place.run(&["conflicts"]).ok();
    let before = files(&place.path("data/pages"));
    let same = place.run_with(&["put", "Home", "--parent", &first], "one");
    assert!(same.err.contains("this is the text of the parent, unchanged"), "{}", same.err);
    let same = place.run_with(&["put", "Home"], "both");
    assert!(same.err.contains("the document says this already"), "{}", same.err);
    place
        .run_with(&["put", "Home", "--parent", &id(9, 9)], "lost")
        .refused(1, &["has no revision"]);
    place
        .run_with(&["put", "New", "--parent", &second], "lost")
        .refused(1, &["no document named “New.md”"]);
    assert_eq!(files(&place.path("data/pages")), before);
}

#[test]
fn an_empty_input_deletes_only_when_asked() {
    let place = Place::new();
    place.run_with(&["put", "Home"], "").refused(1, &["empty", "--delete"]);
    assert!(!place.path("data").exists(), "nothing was saved, so nothing is made");
    place.put("Home", "one");
    place.run_with(&["put", "Home"], "").refused(1, &["empty", "--delete"]);
    place.run_with(&["put", "Home", "--delete"], "text").refused(1, &["--delete takes no text"]);
    assert_eq!(place.cat("Home"), "one");
    let deleted = place.run(&["put", "Home", "--delete"]).ok();
    assert!(deleted.starts_with("2-"), "{deleted}");
    assert_eq!(place.run(&["ls"]).ok(), "");
    place.run(&["put", "Home", "--delete"]).refused(1, &["is deleted already"]);
    assert!(place.put("Home", "back").starts_with("3-"));
}

#[test]
fn what_is_too_large_is_refused_whole() {
    let place = Place::new();
    place.write("data/everpage.toml", "max_text = 10\nmax_attachment = '40MiB'\n");
    place.run_with(&["put", "Home"], "12345678901").refused(1, &["10 bytes", "max_text"]);
    place.put("Home", "1234567890");
    place.put("a.bin", "12345678901");
    let large = vec![7; 36 << 20];
    place.put("large.bin", &large);
    assert!(place.run(&["cat", "large.bin"]).out == large);
    place.run_with(&["put", "large.bin"], vec![8; (40 << 20) + 1]).refused(1, &["max_attachment"]);
    assert!(place.run(&["cat", "large.bin"]).out == large);
    assert_eq!(place.revisions("large.bin").len(), 1);
}

#[test]
fn many_at_once_all_arrive() {
    let place = Place::new();
    place.put("Home", "start");
    std::thread::scope(|scope| {
        for i in 0..8 {
            let place = &place;
            scope.spawn(move || place.put("Home", format!("text {i}")));
        }
    });
    let all: Vec<u8> = files(&place.path("data/pages")).into_iter().flat_map(|(_, b)| b).collect();
    let all = String::from_utf8(all).unwrap();
    for i in 0..8 {
        assert_eq!(all.matches(&format!("\n\ntext {i}")).count(), 1);
    }
}
