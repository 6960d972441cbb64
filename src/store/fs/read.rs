//! Listing, verifying and opening. Nothing here follows a symbolic link or trusts a name.

use std::fs::{self, DirEntry, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::FsStore;
use crate::model::file::{Digester, HEAD_BYTES, check_content, parse_head};
use crate::model::path::DocPath;
use crate::model::revision::{IdError, RevisionId};
use crate::store::{
    Content, DiskDir, Entry, FileStamp, Finding, FindingKind, LOADED_CONTENT, Listing, Loaded,
    Scanned, Stamp, StoreError,
};

/// A directory changed less than this many seconds ago may change again within the same tick of
/// its file system's clock (two seconds on FAT).
const RECENT_SECONDS: i64 = 3;
/// How much is read at a time.
const PIECE: usize = 1 << 17;
/// How deep folders may be nested: more than any name that fits the limits.
const MAX_DEPTH: usize = 512;

/// Takes the state of a directory.
pub(super) fn stamp_of(dir: &Path) -> io::Result<Stamp> {
    let meta = fs::symlink_metadata(dir)?;
    if !meta.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    let now = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse).tv_sec;
    Ok(Stamp {
        modified: (meta.mtime(), meta.mtime_nsec()),
        identity: meta.ino() ^ meta.dev().rotate_left(32),
        recent: (now - meta.mtime()).abs() <= RECENT_SECONDS,
    })
}

fn stamp_from(meta: &fs::Metadata) -> FileStamp {
    FileStamp {
        size: meta.len(),
        modified: (meta.mtime(), meta.mtime_nsec()),
        identity: meta.ino(),
    }
}

/// Takes the state of an open file.
pub(super) fn file_stamp(file: &File) -> io::Result<FileStamp> {
    file.metadata().map(|meta| stamp_from(&meta))
}

/// Opens a regular file for reading; neither a link is followed nor a pipe waited for.
fn open_regular(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"))
    }
}

/// Reads and verifies a revision file.
pub(super) fn load(path: &Path, id: RevisionId) -> io::Result<Loaded> {
    let mut file = open_regular(path)?;
    let stamp = file_stamp(&file)?;
    let keep = stamp.size <= LOADED_CONTENT;
    let mut bytes = Vec::with_capacity(if keep { stamp.size as usize } else { PIECE });
    file.by_ref()
        .take(HEAD_BYTES.max(if keep { LOADED_CONTENT as usize } else { 0 }) as u64)
        .read_to_end(&mut bytes)?;
    let head = match parse_head(id, &bytes[..bytes.len().min(HEAD_BYTES)]) {
        Ok(head) => head,
        Err(damage) => return Ok(Loaded { file: stamp, revision: Err(damage), content: None }),
    };
    let mut digester = Digester::default();
    digester.update(&bytes[head.content_start as usize..]);
    let mut whole = true;
    let mut piece = vec![0; if keep { 4096 } else { PIECE }];
    loop {
        match file.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => {
                digester.update(&piece[..read]);
                whole = false;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    let measured = digester.finish();
    if let Err(damage) = check_content(&head, &measured) {
        return Ok(Loaded { file: stamp, revision: Err(damage), content: None });
    }
    let content = (keep && whole).then(|| bytes.split_off(head.content_start as usize));
    Ok(Loaded { file: stamp, revision: Ok((head, measured)), content })
}

impl FsStore {
    pub(super) fn load_file(&self, path: &Path, id: RevisionId) -> Result<Loaded, StoreError> {
        load(path, id).map_err(|e| self.read_error("read", path, e))
    }

    pub(super) fn open_file(&self, path: &Path, id: RevisionId) -> Result<Content, StoreError> {
        let failed = |e| self.read_error("open", path, e);
        let mut file = open_regular(path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let mut head = Vec::with_capacity(HEAD_BYTES);
        file.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(failed)?;
        let start = parse_head(id, &head)
            .map_err(|damage| failed(io::Error::new(io::ErrorKind::InvalidData, damage)))?
            .content_start;
        file.seek(SeekFrom::Start(start)).map_err(failed)?;
        Ok(Content { reader: Box::new(file), start, length: size.saturating_sub(start) })
    }

    /// Turns an error of reading into ours; a vanished store is not a vanished file.
    fn read_error(&self, action: &'static str, path: &Path, error: io::Error) -> StoreError {
        match (error.kind(), self.check_reachable()) {
            (io::ErrorKind::NotFound, Err(unavailable)) => unavailable,
            _ => StoreError::from_io(action, path, error),
        }
    }

    pub(super) fn list_dir(&self, dir: &DiskDir) -> Result<Listing, StoreError> {
        let path = self.dir(dir);
        let stamp = match stamp_of(&path) {
            Ok(stamp) => stamp,
            Err(e)
                if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
            {
                return self.check_reachable().map(|()| Listing::default());
            }
            Err(e) => return Err(StoreError::from_io("look at", &path, e)),
        };
        let entries = fs::read_dir(&path).map_err(|e| self.read_error("list", &path, e))?;
        let mut listing = Listing { stamp: Some(stamp), ..Listing::default() };
        for entry in entries {
            let entry = entry.map_err(|e| self.read_error("list", &path, e))?;
            if let Some(finding) =
                sort_entry(&entry, dir.as_str(), &mut listing.revisions, &mut |_| {})
            {
                listing.findings.push(finding);
            }
        }
        listing.revisions.sort_unstable_by_key(|e| e.id);
        Ok(listing)
    }

    pub(super) fn scan_tree(&self, visit: &mut dyn FnMut(Scanned)) -> Result<(), StoreError> {
        self.check_reachable()?;
        let mut stack = vec![(String::new(), 0_usize)];
        while let Some((relative, depth)) = stack.pop() {
            let path =
                if relative.is_empty() { self.pages.clone() } else { self.pages.join(&relative) };
            let unreadable = |e: io::Error| {
                Scanned::Finding(Finding::new(&relative, FindingKind::Unreadable, e.to_string()))
            };
            let stamp = stamp_of(&path);
            let entries = match fs::read_dir(&path) {
                Ok(entries) => entries,
                // Removed since its parent was read.
                Err(e) if e.kind() == io::ErrorKind::NotFound && !relative.is_empty() => continue,
                Err(e) if relative.is_empty() => return Err(self.read_error("list", &path, e)),
                Err(e) => {
                    visit(unreadable(e));
                    continue;
                }
            };
            let mut listing = Listing { stamp: stamp.ok(), ..Listing::default() };
            let mut below = Vec::new();
            for entry in entries {
                match entry {
                    Ok(entry) => {
                        let finding =
                            sort_entry(&entry, &relative, &mut listing.revisions, &mut |name| {
                                below.push(name);
                            });
                        listing.findings.extend(finding);
                    }
                    Err(e) => visit(unreadable(e)),
                }
            }
            for name in below {
                if depth < MAX_DEPTH {
                    stack.push((join(&relative, &name), depth + 1));
                }
            }
            if relative.is_empty() {
                // The root is no document: what looks like a revision there belongs to nothing.
                for entry in listing.revisions.drain(..) {
                    let detail = "a revision outside any document's directory";
                    visit(Scanned::Finding(Finding::new(
                        entry.id.to_string(),
                        FindingKind::Foreign,
                        detail,
                    )));
                }
                listing.findings.drain(..).for_each(|f| visit(Scanned::Finding(f)));
                continue;
            }
            if listing.revisions.is_empty() {
                listing.findings.into_iter().for_each(|f| visit(Scanned::Finding(f)));
                continue;
            }
            listing.revisions.sort_unstable_by_key(|e| e.id);
            match DiskDir::parse(&relative) {
                Ok(dir) => visit(Scanned::Directory(dir, listing)),
                Err(reason) => {
                    visit(Scanned::Finding(Finding::new(
                        &relative,
                        FindingKind::BadName,
                        reason.to_string(),
                    )));
                }
            }
        }
        Ok(())
    }
}

fn join(relative: &str, name: &str) -> String {
    if relative.is_empty() { name.to_owned() } else { format!("{relative}/{name}") }
}

/// Sorts one entry of a directory: a revision, a folder to look into, or a finding.
fn sort_entry(
    entry: &DirEntry,
    relative: &str,
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
    if relative.is_empty() && name == ".everpage" {
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
        Ok(id) => match entry.metadata() {
            Ok(meta) => {
                revisions.push(Entry { id, file: stamp_from(&meta) });
                None
            }
            Err(e) => finding(FindingKind::Unreadable, &e.to_string()),
        },
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
