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
    match whose(name) {
        Some(Whose::Copy(program)) if !kind.is_dir() => {
            return Some(conflict_copy(relative, name, &shown, program));
        }
        Some(Whose::Program(what)) if name.starts_with('.') || !kind.is_dir() => {
            return finding(FindingKind::Foreign, &format!("{what}, ignored"));
        }
        _ => {}
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
            finding(FindingKind::BadId, &format!("not a revision id: {reason}"))
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
                    "an ordinary file; to add it to the wiki, run: everpage put '{target}' < 'pages/{quoted}'"
                ),
            )
        }
        _ => Finding::new(shown, FindingKind::Foreign, "not a revision, ignored"),
    }
}

/// What a name that no revision has says of where the file comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// What a program needs for itself.
    Program(&'static str),
    /// What a program made of a file that was changed in two places: somebody may miss it.
    Copy(&'static str),
}

/// Tells which program a file belongs to. Everything that begins with a dot is another program's.
fn whose(name: &str) -> Option<Whose> {
    let lower = name.to_ascii_lowercase();
    let begins = |prefixes: &[&str]| prefixes.iter().any(|p| lower.starts_with(p));
    let ends = |suffixes: &[&str]| suffixes.iter().any(|s| lower.ends_with(s));
    let contains = |parts: &[&str]| parts.iter().any(|p| lower.contains(p));
    // Conflicts first: their names may end like anything.
    if contains(&[".sync-conflict-"]) {
        return Some(Whose::Copy("Syncthing"));
    }
    if contains(&["conflicted copy"]) {
        return Some(Whose::Copy("Dropbox or Nextcloud"));
    }
    if begins(&[".bak."]) {
        return Some(Whose::Copy("Unison"));
    }
    let what = if begins(&[".syncthing.", "~syncthing~"]) {
        "a temporary file of Syncthing"
    } else if begins(&[".stfolder", ".stversions", ".stignore"]) {
        "a file of Syncthing itself"
    } else if begins(&[".unison"]) || ends(&[".unison.tmp"]) {
        "a temporary file of Unison"
    } else if begins(&[".sync_", "._sync_", ".owncloudsync", ".nextcloudsync"]) {
        "the journal of Nextcloud or ownCloud"
    } else if begins(&[".dropbox"]) {
        "a file of Dropbox itself"
    } else if begins(&[".rsync-", ".~tmp~"]) || is_of_rsync(name) {
        "an unfinished file of rsync"
    } else if begins(&[".nfs", ".fuse_hidden"]) {
        "a deleted file that a program still has open"
    } else if begins(&[".ds_store", "._", ".spotlight-", ".trashes", ".fseventsd"])
        || lower == "icon\r"
    {
        "a file of macOS"
    } else if matches!(lower.as_str(), "thumbs.db" | "desktop.ini") {
        "a file of Windows"
    } else if lower == ".directory" || begins(&[".trash-", ".goutputstream-"]) {
        "a file of the desktop"
    } else if ends(&["~", ".swp", ".swo", ".swx", ".bak", ".orig", ".rej"])
        || begins(&["~", ".#"])
        || (lower.starts_with('#') && lower.ends_with('#'))
        || lower == "4913"
    {
        "an editor's backup or lock"
    } else if ends(&[".tmp", ".temp", ".part", ".partial", ".crdownload"]) {
        "an unfinished file of another program"
    } else if name.starts_with('.') {
        "a file of another program"
    } else {
        return None;
    };
    Some(Whose::Program(what))
}

/// Returns true if a name is one that rsync gives a file while it comes: a dot, the name, six signs.
fn is_of_rsync(name: &str) -> bool {
    let Some((inner, signs)) = name.strip_prefix('.').and_then(|rest| rest.rsplit_once('.')) else {
        return false;
    };
    signs.len() == 6
        && signs.bytes().all(|b| b.is_ascii_alphanumeric())
        && RevisionId::is_shaped_like(inner)
}

/// Describes a conflict copy, with the command that saves it beside what is there.
fn conflict_copy(relative: &str, name: &str, shown: &str, program: &str) -> Finding {
    let whole = join(relative, name);
    let detail = match DocPath::from_disk(relative) {
        // A revision has one content everywhere, unless somebody edited the file of a bare one.
        Ok(path) => {
            let (target, quoted) =
                (path.as_str().replace('\'', r"'\''"), whole.replace('\'', r"'\''"));
            format!(
                "a conflict copy made by {program}, ignored; if \
                 its text is missed: everpage put '{target}' < 'pages/{quoted}'"
            )
        }
        Err(_) => {
            format!("a conflict copy made by {program}, ignored")
        }
    };
    Finding::new(shown, FindingKind::Foreign, detail)
}
