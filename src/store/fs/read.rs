//! Listing, verifying and opening. Nothing here follows a symbolic link or trusts a name.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::FsStore;
use super::foreign::{join, sort_entry};
use crate::model::file::{
    Damage, Digester, HEAD_BYTES, MAX_HEADER_BYTES, check_content, parse_head,
};
use crate::model::revision::RevisionId;
use crate::store::{
    Content, DiskDir, FileStamp, Finding, FindingKind, Known, LOADED_CONTENT, Listing, Loaded,
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

/// Takes the state of a file from what the system says of it.
pub(super) fn stamp_from(meta: &fs::Metadata) -> FileStamp {
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
pub(super) fn open_regular(path: &Path) -> io::Result<File> {
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
    // What is small is read at once, and what is large in pieces.
    let most = LOADED_CONTENT + MAX_HEADER_BYTES as u64;
    let small = stamp.size <= most;
    let mut bytes = Vec::with_capacity(if small { stamp.size as usize + 1 } else { HEAD_BYTES });
    file.by_ref().take(if small { most } else { HEAD_BYTES as u64 }).read_to_end(&mut bytes)?;
    let head = match parse_head(id, &bytes[..bytes.len().min(HEAD_BYTES)]) {
        Ok(head) => head,
        Err(damage) => return Ok(Loaded { file: stamp, revision: Err(damage), content: None }),
    };
    let mut digester = Digester::default();
    digester.update(&bytes[head.content_start as usize..]);
    let mut whole = true;
    let mut piece = vec![0; if small { 1 } else { PIECE }];
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
    let content = (whole && measured.length <= LOADED_CONTENT)
        .then(|| bytes.split_off(head.content_start as usize));
    Ok(Loaded { file: stamp, revision: Ok((head, measured)), content })
}

impl FsStore {
    pub(super) fn load_file(&self, dir: &DiskDir, id: RevisionId) -> Result<Loaded, StoreError> {
        let path = self.readable(dir, id)?;
        load(&path, id).map_err(|e| self.read_error("read", &path, e))
    }

    pub(super) fn open_file(&self, dir: &DiskDir, id: RevisionId) -> Result<Content, StoreError> {
        let path = self.readable(dir, id)?;
        let failed = |e| self.read_error("open", &path, e);
        let damaged = |damage| StoreError::Damaged { path: path.clone(), damage };
        let mut file = open_regular(&path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let mut bytes = Vec::with_capacity(HEAD_BYTES);
        file.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut bytes).map_err(failed)?;
        let head = parse_head(id, &bytes).map_err(damaged)?;
        let start = head.content_start;
        let length = size.saturating_sub(start);
        // The digest is `load`'s business: it costs a look at every byte.
        match head.header.and_then(|header| header.length) {
            Some(expected) if expected != length => {
                return Err(damaged(Damage::Length { expected, found: length }));
            }
            _ => {}
        }
        file.seek(SeekFrom::Start(start)).map_err(failed)?;
        Ok(Content { reader: Box::new(file), start, length })
    }

    /// Returns the path of a revision that readers may be shown.
    fn readable(&self, dir: &DiskDir, id: RevisionId) -> Result<PathBuf, StoreError> {
        let path = self.file(dir, id);
        let nothing = || StoreError::NotFound(path.clone());
        match self.real_dir(dir) {
            Ok(_) if self.is_unsettled(&path) => Err(nothing()),
            Ok(_) => Ok(path),
            Err(e) if e.kind() == io::ErrorKind::NotADirectory => Err(nothing()),
            Err(e) => Err(self.read_error("reach", &path, e)),
        }
    }

    /// Takes the state of a document's directory; `None` where there is none.
    pub(super) fn stamp_dir(&self, dir: &DiskDir) -> Result<Option<Stamp>, StoreError> {
        let missing = [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory];
        match self.real_dir(dir).and_then(|path| stamp_of(&path)) {
            Ok(stamp) => Ok(Some(stamp)),
            Err(e) if missing.contains(&e.kind()) => self.check_reachable().map(|()| None),
            Err(e) => Err(StoreError::from_io("look at", &self.dir(dir), e)),
        }
    }

    /// Turns an error of reading into ours; a vanished store is not a vanished file.
    fn read_error(&self, action: &'static str, path: &Path, error: io::Error) -> StoreError {
        match (error.kind(), self.check_reachable()) {
            (io::ErrorKind::NotFound, Err(unavailable)) => unavailable,
            _ => StoreError::from_io(action, path, error),
        }
    }

    pub(super) fn list_dir(&self, dir: &DiskDir, known: &Known<'_>) -> Result<Listing, StoreError> {
        let Some(stamp) = self.stamp_dir(dir)? else { return Ok(Listing::default()) };
        let path = self.dir(dir);
        let entries = fs::read_dir(&path).map_err(|e| self.read_error("list", &path, e))?;
        let mut listing = Listing { stamp: Some(stamp), ..Listing::default() };
        for entry in entries {
            let entry = entry.map_err(|e| self.read_error("list", &path, e))?;
            if let Some(finding) =
                sort_entry(&entry, dir.as_str(), known, &mut listing.revisions, &mut |_| {})
            {
                listing.findings.push(finding);
            }
        }
        self.settled_in_order(&path, &mut listing);
        Ok(listing)
    }

    /// Sorts the revisions, without those that are not durable yet.
    fn settled_in_order(&self, dir: &Path, listing: &mut Listing) {
        listing.revisions.sort_unstable_by_key(|e| e.id);
        let unsettled = self.unsettled.lock();
        if unsettled.is_empty() {
            return;
        }
        let before = listing.revisions.len();
        listing.revisions.retain(|e| !unsettled.contains(&dir.join(e.id.to_string())));
        // They are shown later without another change of the directory.
        if let (true, Some(stamp)) = (before > listing.revisions.len(), &mut listing.stamp) {
            stamp.recent = true;
        }
    }

    /// Visits the directory `top`, relative to `pages/`, and everything below it.
    pub(super) fn scan_tree(
        &self,
        top: &str,
        visit: &mut dyn FnMut(Scanned),
    ) -> Result<(), StoreError> {
        self.check_reachable()?;
        let depth = top.split('/').filter(|name| !name.is_empty()).count();
        let mut stack = vec![(top.to_owned(), depth)];
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
                        let finding = sort_entry(
                            &entry,
                            &relative,
                            &|_| None,
                            &mut listing.revisions,
                            &mut |name| {
                                below.push(name);
                            },
                        );
                        listing.findings.extend(finding);
                    }
                    Err(e) => visit(unreadable(e)),
                }
            }
            for name in below {
                let inside = join(&relative, &name);
                if depth < MAX_DEPTH {
                    stack.push((inside, depth + 1));
                } else {
                    let detail = "nested too deeply for any document";
                    visit(Scanned::Finding(Finding::new(inside, FindingKind::BadName, detail)));
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
            self.settled_in_order(&path, &mut listing);
            if listing.revisions.is_empty() {
                listing.findings.into_iter().for_each(|f| visit(Scanned::Finding(f)));
                continue;
            }
            match DiskDir::parse(&relative) {
                Ok(dir) => visit(Scanned::Directory(dir, listing)),
                Err(reason) => {
                    visit(Scanned::Finding(Finding::new(
                        &relative,
                        FindingKind::BadName,
                        format!("not a valid name for a document: {reason}"),
                    )));
                    listing.findings.into_iter().for_each(|f| visit(Scanned::Finding(f)));
                }
            }
        }
        Ok(())
    }
}
