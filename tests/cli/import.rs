//! `import`: again and again, never over what people wrote.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::json;

use crate::support::{Place, files, id};

fn folder() -> Place {
    let place = Place::new();
    place.write("notes/Home.md", "# Home\n");
    place.write("notes/Projects/Garden.markdown", "# Garden\r\n");
    place.write("notes/Projects/plan.png", b"\x89PNG\r\n\x1a\n\0");
    place
}

fn last_line(text: &str) -> &str {
    text.lines().last().unwrap()
}

#[test]
fn a_folder_comes_in_byte_for_byte_and_again_creates_nothing() {
    let place = folder();
    let run = place.run(&["import", "notes", "--author", "Alice"]);
    assert_eq!(run.ok(), "3 files: 3 new\n");
    assert_eq!(place.run(&["ls"]).ok(), "Home.md\nProjects/Garden.md\nProjects/plan.png\n");
    assert_eq!(place.cat("Projects/Garden"), "# Garden\r\n");
    assert_eq!(place.run(&["cat", "Projects/plan.png"]).out, b"\x89PNG\r\n\x1a\n\0");
    let log = &place.json(&["log", "Home"])[0];
    assert_eq!((&log["author"], &log["summary"]), (&json!("Alice"), &json!("Import from notes")));

    let before = files(&place.path("data/pages"));
    assert_eq!(place.run(&["import", "notes"]).ok(), "3 files: 3 unchanged\n");
    assert_eq!(files(&place.path("data/pages")), before);
}

#[test]
fn only_what_changed_becomes_a_revision_on_the_winner() {
    let place = folder();
    place.run(&["import", "notes"]).ok();
    place.write("notes/Home.md", "# Home, newer\n");
    assert_eq!(place.run(&["import", "notes"]).ok(), "3 files: 1 changed, 2 unchanged\n");
    let log = place.json(&["log", "Home"]);
    assert_eq!(log.len(), 2);
    assert_eq!(log[0]["parents"], json!([log[1]["id"]]));
    // Going back in the folder is a change like any other.
    place.write("notes/Home.md", "# Home\n");
    assert_eq!(place.run(&["import", "notes"]).ok(), "3 files: 1 changed, 2 unchanged\n");
    assert_eq!(place.cat("Home"), "# Home\n");
}

#[test]
fn what_people_edited_is_never_replaced_silently() {
    let place = folder();
    place.run(&["import", "notes"]).ok();
    let imported = place.json(&["log", "Home"])[0]["id"].clone();
    let edited = place.put("Home", "# Home, by hand\n");
    place.put("Home", "# Home, by hand again\n");
    assert_eq!(
        place.run(&["import", "notes"]).ok(),
        "3 files: 3 unchanged\n",
        "the folder has nothing new"
    );

    place.write("notes/Home.md", "# Home, in the folder\n");
    let run = place.run(&["import", "notes"]);
    assert_eq!(run.code, 1);
    assert!(
        run.text().starts_with("conflict  Home.md  edited in the wiki since"),
        "{}",
        run.text()
    );
    assert_eq!(last_line(&run.text()), "3 files: 2 unchanged, 1 unmerged");
    assert_eq!(place.cat("Home"), "# Home, by hand again\n");
    let conflict = place.json(&["conflicts"]).remove(0)["conflicts"][0].clone();
    let log = place.json(&["log", "Home"]);
    let second = log.iter().find(|l| l["id"] == conflict).unwrap();
    assert_eq!(second["parents"], json!([imported]), "based on what was imported last");
    assert!(log.iter().any(|l| l["id"] == json!(edited)));

    let before = files(&place.path("data/pages"));
    assert_eq!(place.run(&["import", "notes"]).ok(), "3 files: 3 unchanged\n");
    assert_eq!(files(&place.path("data/pages")), before, "it waits already");
    place.run(&["merge", "Home", "--keep"]).ok();
    assert_eq!(place.run(&["import", "notes"]).ok(), "3 files: 3 unchanged\n");

    // The next change of the folder starts from what the folder brought before.
    place.write("notes/Home.md", "# Home, in the folder, newer\n");
    assert_eq!(place.run(&["import", "notes"]).code, 1);
    assert_eq!(place.json(&["log", "Home"])[0]["parents"].as_array().unwrap().len(), 2);
    let waiting = place.json(&["conflicts"]).remove(0)["conflicts"][0].clone();
    let log = place.json(&["log", "Home"]);
    assert_eq!(log.iter().find(|l| l["id"] == waiting).unwrap()["parents"], json!([conflict]));
}

#[test]
fn a_page_that_was_never_imported_is_kept() {
    let place = folder();
    place.put("home", "made in the wiki\n");
    place.put("home", "edited in the wiki\n");
    let run = place.run(&["import", "notes"]);
    assert_eq!(run.code, 1);
    assert_eq!(last_line(&run.text()), "3 files: 2 new, 1 unmerged");
    assert_eq!(place.cat("Home"), "edited in the wiki\n");
    assert_eq!(place.json(&["conflicts"]).len(), 1);
    assert_eq!(place.run(&["import", "notes"]).ok(), "3 files: 3 unchanged\n");
}

#[test]
fn what_was_deleted_in_the_wiki_comes_back_only_when_asked() {
    let place = folder();
    place.run(&["import", "notes"]).ok();
    place.run(&["put", "Home", "--delete"]).ok();
    for text in ["# Home\n", "# Home, newer\n"] {
        place.write("notes/Home.md", text);
        let run = place.run(&["import", "notes"]);
        assert_eq!(run.code, 1);
        assert!(run.text().contains("skipped   Home.md  deleted in the wiki"), "{}", run.text());
    }
    assert_eq!(place.revisions("Home.md").len(), 2);
    let run = place.run(&["import", "notes", "--restore"]);
    assert_eq!(last_line(&run.ok()), "3 files: 1 restored, 2 unchanged");
    assert_eq!(place.cat("Home"), "# Home, newer\n");
}

#[test]
fn what_cannot_be_a_document_is_reported_and_the_rest_comes_in() {
    let place = folder();
    place.write("data/everpage.toml", "max_attachment = 100\n");
    place.write(&format!("notes/{}", id(1, 1)), "shaped like an id");
    place.write("notes/bad\u{202e}.md", "turned");
    place.write("notes/empty.md", "");
    place.write("notes/home.md", "a twin of Home.md");
    place.write("notes/large.bin", [1; 101]);
    place.write("notes/.hidden/x.md", "hidden");
    place.write("notes/.git", "hidden");
    place.write("notes/Cafe\u{301}.md", "NFD");
    let secret = place.write("notes/secret.md", "unreadable");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o0)).unwrap();
    // The superuser reads everything.
    let denied = fs::read(&secret).is_err();
    symlink("/etc/passwd", place.path("notes/link.md")).unwrap();
    symlink("..", place.path("notes/loop")).unwrap();
    let lines = place.json(&["import", "notes"]);
    let skipped: BTreeSet<&str> = lines
        .iter()
        .filter(|l| l["result"] == "skipped")
        .map(|l| l["file"].as_str().unwrap())
        .collect();
    let twin = id(1, 1);
    let mut expected = BTreeSet::from([
        "bad\u{202e}.md",
        "empty.md",
        "home.md",
        "large.bin",
        "link.md",
        "loop",
        &twin,
    ]);
    if denied {
        expected.insert("secret.md");
    }
    assert_eq!(skipped, expected);
    assert!(lines.iter().all(|l| l["result"] == "new" || l["detail"] != ""));
    assert_eq!(place.cat("Caf\u{e9}"), "NFD");
    assert_eq!(place.cat("Home"), "# Home\n");
    let again = place.run(&["import", "notes"]);
    assert_eq!(again.code, 1);
    assert!(!again.text().contains("new"), "{}", again.text());
}

#[test]
fn a_dry_run_says_the_same_and_makes_nothing() {
    let place = folder();
    let run = place.run(&["import", "notes", "--dry-run"]).ok();
    assert!(run.contains("new       Home.md\n"), "{run}");
    assert_eq!(last_line(&run), "3 files: 3 new (nothing was saved)");
    assert!(!place.path("data").exists());
    place.run(&["import", "notes"]).ok();
    place.put("Home", "edited\n");
    place.write("notes/Home.md", "newer\n");
    let before = files(&place.path("data/pages"));
    let run = place.run(&["import", "notes", "--dry-run"]);
    assert_eq!(run.code, 1);
    assert_eq!(last_line(&run.text()), "3 files: 2 unchanged, 1 unmerged (nothing was saved)");
    assert_eq!(files(&place.path("data/pages")), before);
}

#[test]
fn into_puts_everything_below_a_folder() {
    let place = folder();
    place.run(&["import", "notes", "--into", "Old/Wiki/"]).ok();
    assert_eq!(
        place.run(&["ls"]).ok(),
        "Old/Wiki/Home.md\nOld/Wiki/Projects/Garden.md\nOld/Wiki/Projects/plan.png\n"
    );
    place.run(&["import", "notes", "--into", "../x"]).refused(2, &["--into"]);
}

#[test]
fn the_wiki_itself_is_not_imported() {
    let place = folder();
    place.run(&["import", "notes"]).ok();
    for folder in ["data", "data/pages", "data/pages/Home.md", "data/local"] {
        place.run(&["import", folder]).refused(1, &["this wiki; choose another folder"]);
    }
    place.run(&["import", "nowhere"]).refused(1, &["nowhere"]);
    place.run(&["import", "notes/Home.md"]).refused(1, &["not a folder"]);
    // A folder that happens to hold the data directory is imported without it.
    let run = place.run(&["import", ".", "--into", "all"]).ok();
    assert_eq!(run, "3 files: 3 new\n");
}

#[test]
fn large_files_go_through_without_being_held() {
    let place = Place::new();
    let mut large = vec![5; 20 << 20];
    place.write("notes/film.bin", &large);
    place.run(&["import", "notes"]).ok();
    assert_eq!(place.run(&["import", "notes"]).ok(), "1 file: 1 unchanged\n");
    large.push(6);
    place.write("notes/film.bin", &large);
    assert_eq!(place.run(&["import", "notes"]).ok(), "1 file: 1 changed\n");
    assert!(place.run(&["cat", "film.bin"]).out == large);
    place.put("film.bin", "by hand");
    large.push(7);
    place.write("notes/film.bin", &large);
    assert_eq!(place.run(&["import", "notes"]).code, 1);
    assert_eq!(place.json(&["conflicts"]).len(), 1);
}

#[test]
fn an_interrupted_import_is_finished_by_repeating_it() {
    const FILES: usize = 400;
    let place = Place::new();
    for i in 0..FILES {
        place.write(&format!("notes/{i}.md"), format!("page {i}\n"));
    }
    let mut child = place.command(&["import", "notes"]).spawn().unwrap();
    let done = || fs::read_dir(place.path("data/pages")).map_or(0, Iterator::count);
    while done() < FILES / 8 && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // A page that was safe on disk when the kill came, but had no name yet, gets its name now.
    for finding in place.json(&["check"]) {
        assert_eq!(finding["kind"], "restored", "whole at every moment: {finding}");
    }
    assert!(place.json(&["check"]).is_empty(), "and nothing is left to do");
    place.run(&["import", "notes"]).ok();
    let revisions = files(&place.path("data/pages"));
    assert_eq!(revisions.len(), FILES, "each once");
    assert_eq!(place.run(&["ls"]).ok().lines().count(), FILES);
    assert_eq!(place.cat("17"), "page 17\n");
    assert!(files(&place.path("data/local/tmp")).is_empty());
}
