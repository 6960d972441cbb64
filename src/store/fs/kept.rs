//! Remembering what was accepted: other programs are the threat to immutability, not the server.
//!
//! `local/kept/` mirrors `pages/`. For every accepted revision it holds a private link of the file,
//! named `id.digest`, so that the name alone says what was accepted. A link survives deleting and
//! renaming over; a bare revision is *copied*, because its author may still be editing it in place.
//! Nothing here is needed to read the wiki, and all of it may be deleted at any time.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;

use super::read::{load, open_regular};
use super::temp::Temp;
use super::{FsStore, Op};
use crate::model::file::{ContentDigest, Measured};
use crate::model::revision::RevisionId;
use crate::store::{DiskDir, Finding, FindingKind, Scanned, StoreError};

/// A revision as it was accepted.
struct Kept {
    id: RevisionId,
    digest: ContentDigest,
    path: PathBuf,
    inode: u64,
    modified: Option<SystemTime>,
}

/// What stands where an accepted revision belongs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum There {
    Nothing,
    /// What was accepted; or the very file that was kept, written over in place together with it;
    /// or a bare revision whose author is still at it (what it held before stays in `kept`).
    Left,
    /// Something else: other bytes, a link, a directory.
    Foreign,
}

impl FsStore {
    /// Remembers a whole revision. Failing to is logged and no more: the revision itself is safe.
    pub(super) fn keep_file(&self, dir: &DiskDir, id: RevisionId, measured: &Measured, bare: bool) {
        self.keep_from(&self.file(dir, id), dir, id, measured, bare);
    }

    /// Remembers a revision that is durable and about to be published, so that a program that deletes
    /// it at that moment takes nothing away. Returns the link where it was made now:
    /// [`FsStore::unkeep`] drops it where publishing fails.
    pub(super) fn keep_early(
        &self,
        temp: &Temp,
        dir: &DiskDir,
        id: RevisionId,
        measured: &Measured,
        bare: bool,
    ) -> Option<PathBuf> {
        self.keep_from(&temp.path, dir, id, measured, bare)
    }

    /// Forgets what was kept of a revision that was not published after all.
    pub(super) fn unkeep(early: Option<PathBuf>) {
        if let Some(path) = early {
            let _ = fs::remove_file(path);
        }
    }

    /// Links or copies `source`; returns the link where it was made now.
    fn keep_from(
        &self,
        source: &Path,
        dir: &DiskDir,
        id: RevisionId,
        measured: &Measured,
        bare: bool,
    ) -> Option<PathBuf> {
        let folder = self.kept.join(dir.as_str());
        let target = self.kept_path(dir, id, measured);
        let put = || match (!bare).then(|| fs::hard_link(source, &target)) {
            Some(Ok(())) => Ok(()),
            Some(Err(e)) if is_settled(&e) => Err(e),
            // A bare revision, or a disk (exFAT) or an owner that allows no second link.
            _ => self.keep_copy(id, source, &target),
        };
        let result = match put() {
            Err(e) if e.kind() == io::ErrorKind::NotFound && self.check_reachable().is_ok() => {
                fs::create_dir_all(&folder).and_then(|()| put())
            }
            other => other,
        };
        // A power loss may have left a torn file in the way. A bare revision's copy was synced first.
        let in_the_way = |e: &io::Error| {
            !bare
                && e.kind() == io::ErrorKind::AlreadyExists
                && !is_same_file(source, &target)
                && self.forget_spoiled(dir, id, measured)
        };
        let result = match result {
            Err(e) if in_the_way(&e) => put(),
            other => other,
        };
        match result {
            Ok(()) => Some(target),
            Err(e) => {
                if e.kind() != io::ErrorKind::AlreadyExists {
                    tracing::debug!(path = %source.display(), error = %e, "could not keep a private link");
                }
                None
            }
        }
    }

    /// Drops what was kept of a revision if it does not hold that any more: a link to a file that was
    /// written over in place, or that a power loss tore. Returns true if it did.
    pub(super) fn forget_spoiled(
        &self,
        dir: &DiskDir,
        id: RevisionId,
        measured: &Measured,
    ) -> bool {
        let path = self.kept_path(dir, id, measured);
        // What cannot be read may still be good.
        let spoiled = load(&path, id).is_ok_and(|kept| {
            !kept.revision.is_ok_and(|(_, found)| found.digest == measured.digest)
        });
        spoiled && fs::remove_file(&path).is_ok()
    }

    fn kept_path(&self, dir: &DiskDir, id: RevisionId, measured: &Measured) -> PathBuf {
        self.kept.join(dir.as_str()).join(format!("{id}.{}", measured.digest.to_hex()))
    }

    /// Copies through a temporary name, so that a half copy is never taken for what was accepted.
    fn keep_copy(&self, id: RevisionId, source: &Path, target: &Path) -> io::Result<()> {
        if target.exists() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if !target.parent().is_some_and(Path::is_dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let mut temp = self.copy(id, source).map_err(io::Error::other)?;
        // A name that outlives its bytes in a crash would stand in the way of a better copy.
        temp.file.sync_all()?;
        fs::rename(&temp.path, target)?;
        temp.renamed = true;
        Ok(())
    }

    /// Copies a file with its date, which is a bare revision's date, into a temporary one.
    fn copy(&self, id: RevisionId, source: &Path) -> Result<Temp, StoreError> {
        let failed = |e| self.write_error("copy", source, e);
        let mut temp = self.make_temp(id)?;
        let mut from = open_regular(source).map_err(failed)?;
        self.step(Op::Write, &temp.path)
            .and_then(|()| io::copy(&mut from, &mut temp.file))
            .and_then(|_| from.metadata()?.modified())
            .and_then(|modified| temp.file.set_modified(modified))
            .map_err(failed)?;
        Ok(temp)
    }

    /// Puts back whole directories that were accepted and are gone: nothing in `pages/` is left to
    /// notice it by.
    pub(super) fn put_back_folders(&self, visit: &mut dyn FnMut(Scanned)) {
        let mut stack = vec![String::new()];
        while let Some(relative) = stack.pop() {
            let Ok(entries) = fs::read_dir(self.kept.join(&relative)) else { continue };
            let mut holds_revisions = false;
            for entry in entries.flatten() {
                let Ok(name) = entry.file_name().into_string() else { continue };
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    stack.push(if relative.is_empty() {
                        name
                    } else {
                        format!("{relative}/{name}")
                    });
                } else {
                    holds_revisions = true;
                }
            }
            if !holds_revisions || self.pages.join(&relative).exists() {
                continue;
            }
            let Ok(dir) = DiskDir::parse(&relative) else { continue };
            match self
                .heal_dir(&dir)
                .and_then(|findings| Ok((findings, self.list_dir(&dir, &|_| None)?)))
            {
                Ok((findings, listing)) => {
                    for finding in findings {
                        visit(Scanned::Finding(finding));
                    }
                    if !listing.revisions.is_empty() {
                        visit(Scanned::Directory(dir, listing));
                    }
                }
                Err(error) => {
                    tracing::warn!(dir = relative, %error, "could not put a directory back");
                }
            }
        }
    }

    /// Puts back every revision of the directory that was accepted and is gone or was replaced.
    pub(super) fn heal_dir(&self, dir: &DiskDir) -> Result<Vec<Finding>, StoreError> {
        self.check_reachable()?;
        let mut findings = Vec::new();
        // A store that takes no writes puts nothing back either.
        if self.check_writable().is_err() {
            return Ok(findings);
        }
        let mut kept = self.kept_of(dir);
        // Of several accepted states of a bare revision the newest comes first.
        kept.sort_unstable_by_key(|k| (k.id, std::cmp::Reverse(k.modified)));
        for states in kept.chunk_by(|a, b| a.id == b.id) {
            if let Some(finding) = self.heal_one(dir, states)? {
                tracing::warn!(path = %finding.path, detail = %finding.detail, "a revision was put back");
                findings.push(finding);
            }
        }
        Ok(findings)
    }

    /// Heals one revision, given all its accepted states.
    fn heal_one(&self, dir: &DiskDir, states: &[Kept]) -> Result<Option<Finding>, StoreError> {
        let Some(id) = states.first().map(|kept| kept.id) else { return Ok(None) };
        let target = self.file(dir, id);
        // Something that cannot be read is not ours to replace.
        let Ok(there) = self.what_is_there(dir, id, states) else { return Ok(None) };
        let detail = match there {
            There::Left => return Ok(None),
            There::Nothing => "the revision was missing and was put back",
            There::Foreign => {
                "another program had replaced the revision; it was put back, and what stood there is in local/displaced"
            }
        };
        // Writing in place changes both links: what no longer is what was accepted is no help.
        let Some((kept, bare)) = states.iter().find_map(|kept| Some((kept, is_bare_whole(kept)?)))
        else {
            return Ok(None);
        };
        if there == There::Foreign {
            self.displace(id, &target)?;
        }
        let back = self.put_back(dir, kept, bare, &target)?;
        let shown = format!("{}/{id}", dir.as_str());
        Ok(back.then(|| Finding::new(shown, FindingKind::Restored, detail)))
    }

    fn what_is_there(&self, dir: &DiskDir, id: RevisionId, states: &[Kept]) -> io::Result<There> {
        let file = self.file(dir, id);
        let meta = match self.real_dir(dir).and_then(|_| fs::symlink_metadata(&file)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(There::Nothing),
            other => other?,
        };
        if !meta.is_file() {
            return Ok(There::Foreign);
        }
        if states.iter().any(|kept| kept.inode == meta.ino()) {
            return Ok(There::Left);
        }
        Ok(match load(&file, id)?.revision {
            Ok((head, _)) if head.header.is_none() => There::Left,
            Ok((_, measured)) if states.iter().any(|k| k.digest == measured.digest) => There::Left,
            _ => There::Foreign,
        })
    }

    /// Moves what stands in an accepted revision's place aside, over nothing.
    pub(super) fn displace(&self, id: RevisionId, target: &Path) -> Result<(), StoreError> {
        let failed = |e| self.write_error("set aside", target, e);
        if !self.displaced.is_dir() {
            self.make_work_dir(&self.displaced)?;
        }
        loop {
            let aside = self.displaced.join(format!("{id}.{}", self.unique()));
            match rustix::fs::renameat_with(CWD, target, CWD, &aside, RenameFlags::NOREPLACE) {
                Err(Errno::EXIST) => {}
                Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) if !aside.exists() => {
                    return fs::rename(target, &aside).map_err(failed);
                }
                other => return other.map_err(|e| failed(e.into())),
            }
        }
    }

    /// Publishes a kept revision again; `false` if something has the name by now.
    fn put_back(
        &self,
        dir: &DiskDir,
        kept: &Kept,
        bare: bool,
        target: &Path,
    ) -> Result<bool, StoreError> {
        let failed = |e| self.write_error("put back", target, e);
        let folder = self.make_folder(dir)?;
        // Of a bare one only a copy: its author may edit it in place again.
        let linked = (!bare).then(|| {
            let file = open_regular(&kept.path)?;
            self.fsync(target, Op::SyncFile, &file)?;
            self.step(Op::Publish, target)?;
            fs::hard_link(&kept.path, target)
        });
        let published = match linked {
            Some(Ok(())) => Ok(()),
            Some(Err(e)) if is_settled(&e) => Err(e),
            _ => {
                let mut temp = self.copy(kept.id, &kept.path)?;
                self.fsync(target, Op::SyncFile, &temp.file).map_err(failed)?;
                self.publish(&mut temp, &folder, kept.id, target)
            }
        };
        match published {
            Ok(()) => self.sync_folder(&folder).map(|()| true),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(e) => Err(failed(e)),
        }
    }

    fn kept_of(&self, dir: &DiskDir) -> Vec<Kept> {
        let folder = self.kept.join(dir.as_str());
        let Ok(entries) = fs::read_dir(&folder) else { return Vec::new() };
        let parse = |entry: fs::DirEntry| {
            let name = entry.file_name();
            let (id, digest) = name.to_str()?.rsplit_once('.')?;
            let meta = entry.metadata().ok()?;
            Some(Kept {
                id: id.parse().ok()?,
                digest: ContentDigest::from_hex(digest)?,
                path: entry.path(),
                inode: meta.ino(),
                modified: meta.modified().ok(),
            })
        };
        entries.flatten().filter_map(parse).collect()
    }
}

/// Returns true if an error of linking is one that copying would not cure.
fn is_settled(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound)
}

/// Returns true if two names lead to one file, without reading it.
fn is_same_file(a: &Path, b: &Path) -> bool {
    let inode = |path| fs::symlink_metadata(path).map(|meta| (meta.dev(), meta.ino())).ok();
    inode(a).is_some_and(|a| Some(a) == inode(b))
}

/// Returns true if a kept revision has no header, if it still holds what was accepted.
fn is_bare_whole(kept: &Kept) -> Option<bool> {
    let (head, measured) = load(&kept.path, kept.id).ok()?.revision.ok()?;
    (measured.digest == kept.digest).then_some(head.header.is_none())
}
