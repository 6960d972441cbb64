//! Temporary files: outside every page's directory, owned by a lock, gone unless published.
//!
//! Each is locked for as long as its process lives, so that whoever sweeps up after a killed process
//! leaves alone what another one, in another container perhaps, is writing at this moment.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use rustix::fs::OFlags;

use super::{FsStore, Op};
use crate::model::revision::RevisionId;
use crate::store::StoreError;

/// How many names are tried before giving up; another process may have the same id and numbers.
const ATTEMPTS: usize = 1_000;

/// A temporary file that removes itself unless it was renamed to its final name.
pub(super) struct Temp {
    pub(super) path: PathBuf,
    pub(super) file: File,
    pub(super) renamed: bool,
}

impl Drop for Temp {
    fn drop(&mut self) {
        if !self.renamed {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Returns true if a path still leads to an open file.
fn names(path: &Path, file: &File) -> bool {
    let there = fs::symlink_metadata(path).map(|meta| (meta.dev(), meta.ino()));
    let ours = file.metadata().map(|meta| (meta.dev(), meta.ino()));
    matches!((there, ours), (Ok(there), Ok(ours)) if there == ours)
}

impl FsStore {
    /// Creates a temporary file for a revision.
    pub(super) fn make_temp(&self, id: RevisionId) -> Result<Temp, StoreError> {
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let path = self.temp.join(format!("{id}.{}", self.unique()));
            match self.try_temp(&path) {
                Ok(Some(file)) => return Ok(Temp { path, file, renamed: false }),
                Ok(None) => {}
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => last = Some(e),
                // `local/` may be deleted at any time.
                Err(e) if e.kind() == io::ErrorKind::NotFound && last.is_none() => {
                    self.make_work_dir(&self.temp)?;
                    last = Some(e);
                }
                Err(e) => return Err(self.write_error("create", &path, e)),
            }
        }
        let error = last.unwrap_or_else(|| io::ErrorKind::AlreadyExists.into());
        Err(self.write_error("create", &self.temp, error))
    }

    /// Creates and locks a file; `None` if another process swept it away in between.
    fn try_temp(&self, path: &Path) -> io::Result<Option<File>> {
        self.step(Op::CreateTemp, path)?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(path)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => Ok(None),
            // A process that started just now may have swept the file away, and let go of it, before
            // it was locked: then another has its name, or none.
            _ if !names(path, &file) => Ok(None),
            // Where the file system knows no locks, nobody sweeps either.
            _ => Ok(Some(file)),
        }
    }

    /// Makes one of our own directories, but nothing above the data directory's own.
    pub(super) fn make_work_dir(&self, dir: &Path) -> Result<(), StoreError> {
        for path in dir.parent().into_iter().chain([dir]) {
            match self.step(Op::MakeDir, path).and_then(|()| fs::create_dir(path)) {
                Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(self.write_error("make the directory", path, e));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Returns a name that this store gives once only.
    pub(super) fn unique(&self) -> String {
        format!("{}.{}", std::process::id(), self.counter.fetch_add(1, Ordering::Relaxed))
    }

    /// Removes temporary files that a killed process left behind.
    pub(super) fn sweep_temp(&self) {
        let Ok(entries) = fs::read_dir(&self.temp) else { return };
        for entry in entries.flatten() {
            let Ok(file) = super::read::open_regular(&entry.path()) else { continue };
            // Held until the name is gone: else it could be taken for locked by its writer.
            if file.try_lock().is_ok() {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}
