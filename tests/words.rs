//! Words that were replaced because no native speaker would say them do not come back.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::path::{Path, PathBuf};

/// Phrases that screens, messages and the manual no longer use, with what they say instead.
const REPLACED: [(&str, &str); 38] = [
    ("Add a file here", "Upload file"),
    ("Against now", "Compare with current"),
    ("As the system", "Match system"),
    ("Compare and choose", "Resolve differences"),
    ("Draft kept", "Draft saved"),
    ("Take it in", "Add to my text"),
    ("Throw away", "Discard"),
    ("Colours as the system", "Matching the system colours"),
    ("Linked from nowhere", "Orphan pages"),
    ("No page has anything like this in it", "No results for “…”."),
    ("Not written yet", "Missing pages"),
    ("Save, too", "Save (alternative)"),
    ("Single keys rest while you type", "Single-key shortcuts are off while you type."),
    ("The beginning of a word is enough", "(nothing)"),
    ("There is no page of this name", "There's no page with this name yet."),
    ("Who wrote what", "Line authors"),
    ("they parted", "common ancestor"),
    ("was not taken in", "Not accepted."),
    ("files that are no pictures", "Files that aren't images"),
    ("handed over", "sent"),
    ("by somebody", "by an unnamed editor"),
    ("Take up", "Restore draft"),
    ("while you are writing", "since you started editing"),
    ("fits together by itself", "The changes don’t overlap."),
    ("as a second version", "Keep mine for later"),
    ("is waiting", "is unmerged"),
    ("are waiting", "are unmerged"),
    ("shown to everybody", "You’re reading the current one."),
    ("has changed meanwhile", "has changed since you opened this screen"),
    ("just that already", "No changes to save."),
    ("Keep the page, close all", "Keep current version and close all conflicts"),
    ("Make the other one the page", "Use the other version"),
    ("Both, page first", "Both: theirs, then mine"),
    ("Next open place", "Next undecided"),
    ("already chosen", "included"),
    ("How it came about", "What happened"),
    ("Write it", "Create page"),
    ("to be shown here", "too large to show here"),
];

#[test]
fn replaced_words_do_not_come_back() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for (file, text) in texts(root) {
        let folded = text.to_lowercase();
        for (old, new) in REPLACED {
            if folded.contains(&old.to_lowercase()) {
                found.push(format!("{}: “{old}” → “{new}”", file.display()));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Returns what people can read: templates, scripts and sources without comments and tests, and the
/// pages of the manual as they are now.
fn texts(root: &Path) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for dir in ["templates", "static/js", "src"] {
        collect(&root.join(dir), &mut files);
    }
    let mut texts: Vec<(PathBuf, String)> = files
        .into_iter()
        .filter(|file| !file.components().any(|part| part.as_os_str() == "tests"))
        .filter(|file| !file.ends_with("tests.rs") && !file.ends_with("test_support.rs"))
        .map(|file| {
            let text = fs::read_to_string(&file).unwrap();
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            let code = text.lines().filter(|line| !is_comment(line));
            (file, code.collect::<Vec<_>>().join("\n"))
        })
        .collect();
    for page in fs::read_dir(root.join("data/pages")).unwrap() {
        let page = page.unwrap().path();
        if let Some(text) = latest(&page) {
            let (_, text) = text.split_once("\n\n").unwrap();
            texts.push((page, text.to_owned()));
        }
    }
    texts
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    ["//", "/*", "*", "{#"].iter().any(|sign| line.starts_with(sign))
}

/// Returns the winner of a page that lies directly in the wiki.
fn latest(page: &Path) -> Option<String> {
    if page.extension()? != "md" {
        return None;
    }
    let revisions = fs::read_dir(page).unwrap().map(|file| file.unwrap().path());
    let winner = revisions.max_by_key(|file| {
        let name = file.file_name().unwrap().to_str().unwrap();
        let (number, nonce) = name.split_once('-').unwrap();
        (number.parse::<u64>().unwrap(), nonce.to_owned())
    })?;
    Some(fs::read_to_string(winner).unwrap())
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| ["html", "js", "rs"].iter().any(|x| e == *x)) {
            files.push(path);
        }
    }
}
