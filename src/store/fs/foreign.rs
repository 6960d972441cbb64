//! Telling a revision file from everything else that lies below `pages/`.

use std::fs::DirEntry;
use std::io;
use std::os::unix::fs::{DirEntryExt, FileTypeExt};

use super::read::stamp_from;
use crate::model::path::DocPath;
use crate::model::revision::{IdError, RevisionId};
use crate::store::{Entry, Finding, FindingKind, Known};

/// The id of the wiki, which travels with the pages, and its next one while it is written.
const WIKI_ID: [&str; 2] = [".wiki-id", ".wiki-id.new"];

/// Appends a name to a path relative to `pages/`.
pub(super) fn join(relative: &str, name: &str) -> String {
    if relative.is_empty() { name.to_owned() } else { format!("{relative}/{name}") }
}

/// Sorts one entry of a directory: a revision, a folder to look into, or a finding.
pub(super) fn sort_entry(
    entry: &DirEntry,
    relative: &str,
    known: &Known<'_>,
    revisions: &mut Vec<Entry>,
    folder: &mut dyn FnMut(String),
) -> Option<Finding> {
    let raw = entry.file_name();
    let shown = join(relative, &raw.to_string_lossy());
    let finding = |kind, detail: &str| Some(Finding::new(&shown, kind, detail));
    let Some(name) = raw.to_str() else {
        return finding(FindingKind::BadName, "the name is not UTF-8");
    };
    // Our own working directory where `pages/` is a file system of its own.
    if relative.is_empty() && (name == ".everpage" || WIKI_ID.contains(&name)) {
        return None;
    }
    let kind = match entry.file_type() {
        Ok(kind) => kind,
        Err(e) => return finding(FindingKind::Unreadable, &e.to_string()),
    };
    if kind.is_symlink() {
        return finding(FindingKind::SymbolicLink, "symbolic links are not followed");
    }
    if name.starts_with('.') || (is_foreign(name) && !kind.is_dir()) {
        return finding(FindingKind::Foreign, "a file of another program, ignored");
    }
    if kind.is_dir() {
        if RevisionId::is_shaped_like(name) {
            return finding(FindingKind::BadId, "a directory where a revision file should be");
        }
        folder(name.to_owned());
        return None;
    }
    if kind.is_fifo() || kind.is_socket() || kind.is_char_device() || kind.is_block_device() {
        return finding(FindingKind::Foreign, "not a regular file");
    }
    match name.parse::<RevisionId>() {
        Ok(id) => {
            let same = known(id).filter(|file| file.identity == entry.ino());
            match same.map_or_else(|| entry.metadata().map(|meta| stamp_from(&meta)), Ok) {
                Ok(file) => {
                    revisions.push(Entry { id, file });
                    None
                }
                // Removed since the directory was read.
                Err(e) if e.kind() == io::ErrorKind::NotFound => None,
                Err(e) => finding(FindingKind::Unreadable, &e.to_string()),
            }
        }
        Err(IdError::Shape) => Some(plain_file(relative, name, &shown)),
        Err(reason) if looks_like_id(name) => {
            finding(FindingKind::BadId, &format!("not the id of a revision: {reason}"))
        }
        Err(_) => Some(plain_file(relative, name, &shown)),
    }
}

/// Digits, a dash and anything UUID-like: meant as a revision rather than a document.
fn looks_like_id(name: &str) -> bool {
    name.split_once('-').is_some_and(|(number, nonce)| {
        number.bytes().all(|b| b.is_ascii_digit())
            && nonce.len() >= 32
            && nonce.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
    })
}

/// Describes an ordinary file, with the command that makes a document of it where it can be one.
fn plain_file(relative: &str, name: &str, shown: &str) -> Finding {
    let in_document =
        !relative.is_empty() && DocPath::from_disk(relative).is_ok_and(|p| p.extension().is_some());
    match DocPath::from_user(&join(relative, name)) {
        Ok(path) if !in_document => {
            let quoted = shown.replace('\'', r"'\''");
            let target = path.as_str().replace('\'', r"'\''");
            Finding::new(
                shown,
                FindingKind::PlainFile,
                format!(
                    "an ordinary file; adopt it with: everpage put '{target}' < 'pages/{quoted}'"
                ),
            )
        }
        _ => Finding::new(shown, FindingKind::Foreign, "not a revision, ignored"),
    }
}

/// Tells whether a name is one that sync tools and editors leave behind.
fn is_foreign(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let extension = lower.rsplit_once('.').map_or("", |(_, e)| e);
    matches!(
        extension,
        "tmp"
            | "temp"
            | "swp"
            | "swo"
            | "swx"
            | "bak"
            | "orig"
            | "rej"
            | "part"
            | "partial"
            | "crdownload"
    ) || lower.contains(".sync-conflict-")
        || lower.starts_with('~')
        || lower.ends_with('~')
        || (lower.starts_with('#') && lower.ends_with('#'))
        || lower.contains("conflicted copy")
        || matches!(lower.as_str(), "thumbs.db" | "desktop.ini" | "icon\r" | "4913")
}
