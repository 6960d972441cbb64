//! Remembering what was accepted: other programs are the threat to immutability, not the server.
//!
//! `local/kept/` mirrors `pages/`. For every accepted revision it holds a private link of the file,
//! named `id.digest`, so that the name alone says what was accepted. A link survives deleting and
//! renaming over; a bare revision is *copied*, because its author may still be editing it in place.
//! Nothing here is needed to read the wiki, and all of it may be deleted at any time.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use super::FsStore;
use super::read;
use crate::model::file::{ContentDigest, Measured};
use crate::model::revision::RevisionId;
use crate::store::{DiskDir, Finding, FindingKind, StoreError};

/// A revision as it was accepted.
struct Kept {
    id: RevisionId,
    digest: ContentDigest,
    path: PathBuf,
}

impl FsStore {
    /// Remembers a whole revision. Failing to is logged and no more: the revision itself is safe.
    pub(super) fn keep_file(&self, dir: &DiskDir, id: RevisionId, measured: &Measured, bare: bool) {
        let source = self.file(dir, id);
        let folder = self.kept.join(dir.as_str());
        let target = folder.join(format!("{id}.{}", measured.digest.to_hex()));
        let put =
            || if bare { self.copy(&source, &target) } else { fs::hard_link(&source, &target) };
        let result = match put() {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(&folder).and_then(|()| put())
            }
            other => other,
        };
        match result {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
                tracing::debug!(path = %source.display(), error = %e, "could not keep a private link");
            }
            _ => {}
        }
    }

    /// Copies through a temporary name, so that a half copy is never taken for what was accepted.
    fn copy(&self, source: &Path, target: &Path) -> io::Result<()> {
        if target.exists() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if !target.parent().is_some_and(Path::is_dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let temp = self.temp.join(format!("keep.{}.{number}", std::process::id()));
        let copied = fs::copy(source, &temp).and_then(|_| {
            // A restored bare revision keeps its date, which is the file's.
            let modified = fs::metadata(source)?.modified()?;
            File::options().write(true).open(&temp)?.set_modified(modified)?;
            fs::rename(&temp, target)
        });
        if copied.is_err() {
            let _ = fs::remove_file(&temp);
        }
        copied
    }

    /// Puts back every revision of the directory that was accepted and is gone or was replaced.
    pub(super) fn heal_dir(&self, dir: &DiskDir) -> Result<Vec<Finding>, StoreError> {
        self.check_reachable()?;
        let mut findings = Vec::new();
        let mut kept = self.kept_of(dir);
        // Of several accepted states of a bare revision the newest comes last.
        kept.sort_by_cached_key(|k| (k.id, fs::metadata(&k.path).and_then(|m| m.modified()).ok()));
        for (i, entry) in kept.iter().enumerate() {
            if kept.get(i + 1).is_some_and(|next| next.id == entry.id) {
                continue;
            }
            if let Some(finding) = self.heal_one(dir, entry)? {
                tracing::warn!(path = %finding.path, detail = %finding.detail, "a revision was put back");
                findings.push(finding);
            }
        }
        Ok(findings)
    }

    fn heal_one(&self, dir: &DiskDir, kept: &Kept) -> Result<Option<Finding>, StoreError> {
        let target = self.file(dir, kept.id);
        let shown = format!("{}/{}", dir.as_str(), kept.id);
        let restored = |detail: &str| Some(Finding::new(&shown, FindingKind::Restored, detail));
        let there = match read::load(&target, kept.id) {
            Ok(there) => Some(there),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            // Something that cannot be read is not ours to replace.
            Err(_) => return Ok(None),
        };
        let Some(there) = there else {
            if !is_whole(kept) {
                return Ok(None);
            }
            self.put_back(dir, kept, &target)?;
            return Ok(restored("the revision had vanished and was put back"));
        };
        match &there.revision {
            Ok((_, measured)) if measured.digest == kept.digest => Ok(None),
            // Its author is still at it; what it held before stays in `kept`.
            Ok((head, _)) if head.header.is_none() => Ok(None),
            _ if !is_whole(kept) => Ok(None),
            _ => {
                let number = self.counter.fetch_add(1, Ordering::Relaxed);
                let aside =
                    self.displaced.join(format!("{}.{}.{number}", kept.id, std::process::id()));
                fs::create_dir_all(&self.displaced)
                    .and_then(|()| fs::rename(&target, &aside))
                    .map_err(|e| StoreError::from_io("set aside", &target, e))?;
                self.put_back(dir, kept, &target)?;
                Ok(restored(
                    "another program had replaced the revision; it was put back, and what stood there is in local/displaced",
                ))
            }
        }
    }

    fn put_back(&self, dir: &DiskDir, kept: &Kept, target: &Path) -> Result<(), StoreError> {
        let folder = self.dir(dir);
        let failed = |e| StoreError::from_io("put back", target, e);
        fs::create_dir_all(&folder).map_err(failed)?;
        match fs::hard_link(&kept.path, target) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(failed(e)),
            _ => {}
        }
        File::open(&folder).and_then(|d| d.sync_all()).map_err(failed)
    }

    fn kept_of(&self, dir: &DiskDir) -> Vec<Kept> {
        let folder = self.kept.join(dir.as_str());
        let Ok(entries) = fs::read_dir(&folder) else { return Vec::new() };
        let parse = |entry: fs::DirEntry| {
            let name = entry.file_name();
            let (id, digest) = name.to_str()?.rsplit_once('.')?;
            Some(Kept {
                id: id.parse().ok()?,
                digest: ContentDigest::from_hex(digest)?,
                path: entry.path(),
            })
        };
        entries.flatten().filter_map(parse).collect()
    }
}

/// Tells whether the private link still holds what was accepted: writing in place changes both.
fn is_whole(kept: &Kept) -> bool {
    read::load(&kept.path, kept.id).is_ok_and(|loaded| {
        loaded.revision.is_ok_and(|(_, measured)| measured.digest == kept.digest)
    })
}
