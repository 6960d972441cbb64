//! `merge`: shows what waits, and saves only what was asked for.

use serde_json::json;

use crate::support::{Place, id};

const BASE: &str = "one\ntwo\nthree\nfour\nfive\n";

/// A page whose three heads change the given texts.
fn three(texts: [&str; 3]) -> Place {
    let place = Place::new();
    place.revision("Garden.md", &id(1, 1), &[], "Alice", BASE);
    for (nonce, text) in (1..).zip(texts) {
        place.revision("Garden.md", &id(2, nonce), &[&id(1, 1)], "Bob", text);
    }
    place
}

fn clean() -> Place {
    three([
        "ONE\ntwo\nthree\nfour\nfive\n",
        "one\ntwo\nTHREE\nfour\nfive\n",
        "one\ntwo\nthree\nfour\nFIVE\n",
    ])
}

#[test]
fn without_an_action_it_only_shows() {
    let place = clean();
    let run = place.run(&["merge", "Garden"]);
    assert_eq!(run.code, 1);
    let text = run.text();
    assert!(text.starts_with(&format!("Garden.md\n  winner    {}", id(2, 3))), "{text}");
    assert!(text.contains(&format!("  conflict  {}", id(2, 1))), "{text}");
    assert!(text.contains(&format!("both are based on {}", id(1, 1))), "{text}");
    assert!(text.contains("merges cleanly"), "{text}");
    assert_eq!(place.revisions("Garden.md").len(), 4, "nothing was saved");
}

#[test]
fn a_clean_merge_of_three_heads_closes_the_conflict() {
    let place = clean();
    let saved = place.run(&["merge", "Garden", "--clean", "--author", "Carol"]).ok();
    assert_eq!(place.cat("Garden"), "ONE\ntwo\nTHREE\nfour\nFIVE\n");
    let newest = &place.json(&["log", "Garden"])[0];
    assert_eq!(newest["id"], saved.trim());
    assert_eq!(newest["parents"], json!([id(2, 3), id(2, 2), id(2, 1)]));
    assert_eq!(newest["author"], "Carol");
    place.run(&["conflicts"]).ok();
    let again = place.run(&["merge", "Garden", "--clean"]);
    assert!(again.ok().is_empty() && again.err.contains("no conflicts"), "{}", again.err);
}

#[test]
fn what_needs_a_decision_is_not_merged_by_machine() {
    let place =
        three(["ONE\ntwo\nthree\nfour\nfive\n", "other\n", "Eins\ntwo\nthree\nfour\nfive\n"]);
    let shown = place.run(&["merge", "Garden"]);
    assert!(shown.code == 1 && shown.text().contains("needs a decision"), "{}", shown.text());
    place.run(&["merge", "Garden", "--clean"]).refused(1, &["needs a decision", "--take"]);
    assert_eq!(place.revisions("Garden.md").len(), 4);
}

#[test]
fn it_says_what_kind_of_place_it_is() {
    let place =
        three(["one\ntwo\nthree\nfour\nfive\n6\n", BASE, "one\ntwo\nthree\nfour\nfive\nsix\n"]);
    let shown = place.run(&["merge", "Garden"]).text();
    assert!(
        shown.contains("Everything fits together (at one place several added something)"),
        "{shown}"
    );
    place.run(&["merge", "Garden", "--clean"]).ok();
    assert_eq!(place.cat("Garden"), format!("{BASE}six\n6\n"));

    let place = three(["ONE\ntwo\nthree\nfour\nfive\n", BASE, "Eins\ntwo\nthree\nfour\nfive\n"]);
    let shown = place.run(&["merge", "Garden"]).text();
    assert!(shown.contains("at one place the same words changed"), "{shown}");
}

#[test]
fn the_page_keeps_its_line_ends() {
    let place = Place::new();
    place.revision("Crlf.md", &id(1, 1), &[], "Alice", "a\nb\nc\nd\ne\n");
    place.revision("Crlf.md", &id(2, 1), &[&id(1, 1)], "Bob", "a\nb\nC\nd\ne\n");
    place.revision("Crlf.md", &id(2, 2), &[&id(1, 1)], "Bob", "a\r\nb\r\nc\r\nd\r\ne\r\n");
    place.run(&["merge", "Crlf", "--clean"]).ok();
    assert_eq!(place.cat("Crlf"), "a\r\nb\r\nC\r\nd\r\ne\r\n");
}

#[test]
fn a_deletion_against_an_edit_is_for_a_person() {
    let place = Place::new();
    let base = place.put("Home", BASE);
    place.run(&["put", "Home", "--delete"]).ok();
    let put = place.run_with(&["put", "Home", "--parent", &base], "one\ntwo\n");
    assert_eq!(put.code, 1, "it made a conflict: {}", put.err);
    place.run(&["merge", "Home", "--clean"]).refused(1, &["needs a decision"]);
    place.run_with(&["merge", "Home", "--content", "-"], "").refused(1, &["empty"]);
    place.run_with(&["merge", "Home", "--content", "-"], "kept\n").ok();
    assert_eq!(place.cat("Home"), "kept\n");
    place.run(&["conflicts"]).ok();
}

#[test]
fn keep_and_take_close_the_conflict_with_the_chosen_text() {
    let place = clean();
    place.run(&["merge", "Garden", "--keep"]).ok();
    assert!(place.cat("Garden").ends_with("FIVE\n"));
    place.run(&["conflicts"]).ok();

    let place = clean();
    place.run(&["merge", "Garden", "--take", &id(1, 1)]).refused(1, &["not an unmerged version"]);
    place.run(&["merge", "Garden", "--take", &id(2, 9)]).refused(1, &["has no revision"]);
    place.run(&["merge", "Garden", "--take", &id(2, 1)]).ok();
    assert!(place.cat("Garden").starts_with("ONE\n"));
    place.run(&["conflicts"]).ok();
    assert_eq!(place.json(&["log", "Garden"]).len(), 5, "all versions stay");
    place.run(&["merge", "Garden", "--take", &id(2, 2)]).refused(1, &["everpage cat --rev"]);
}

#[test]
fn a_text_of_ones_own_is_a_merge_of_all() {
    let place = clean();
    place.write("mine.md", "mine\n");
    place.run(&["merge", "Garden", "--content", "none.md"]).refused(1, &["none.md"]);
    place.run(&["merge", "Garden", "--content", "mine.md"]).ok();
    assert_eq!(place.cat("Garden"), "mine\n");
    assert_eq!(place.json(&["log", "Garden"])[0]["parents"].as_array().unwrap().len(), 3);
    place.run(&["merge", "Garden", "--keep", "--clean"]).refused(2, &["cannot be used with"]);
}

#[test]
fn binary_versions_are_chosen_not_merged() {
    let place = Place::new();
    place.by_hand("x.png", &id(1, 1), b"\xff\x01");
    place.by_hand("x.png", &id(1, 2), b"\xff\x02");
    let shown = place.run(&["merge", "x.png"]);
    assert!(shown.code == 1 && shown.text().contains("cannot be merged as text"));
    place.run(&["merge", "x.png", "--clean"]).refused(1, &["is not text"]);
    place.run(&["merge", "x.png", "--take", &id(1, 1)]).ok();
    assert_eq!(place.run(&["cat", "x.png"]).out, b"\xff\x01");
}
