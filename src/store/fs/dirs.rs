//! Directories: made where they are missing, never reached through a symbolic link, made durable.
//!
//! `pages/` itself is never made here: where it is gone, a disk may not be mounted, and a page
//! written below the empty mount point would vanish when the disk comes back.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::OFlags;

use super::{FsStore, Op};
use crate::store::{DiskDir, StoreError};

/// How many directories are remembered as durable; forgetting only costs one more fsync each.
const REMEMBERED: usize = 100_000;

/// Which directory it is. An inode's number alone is given out again after a directory is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
    born: Option<SystemTime>,
}

impl Identity {
    fn of(meta: &Metadata) -> Self {
        Self { device: meta.dev(), inode: meta.ino(), born: meta.created().ok() }
    }

    /// Makes up an identity.
    #[cfg(test)]
    pub(super) const fn of_test(inode: u64) -> Self {
        Self { device: 0, inode, born: None }
    }
}

/// A directory held open, so that what is published into it and what is synced are the same one.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) file: File,
    identity: Identity,
}

impl Folder {
    fn open(path: &Path) -> io::Result<Self> {
        Self::open_with(path, OFlags::NOFOLLOW | OFlags::DIRECTORY)
    }

    fn open_with(path: &Path, flags: OFlags) -> io::Result<Self> {
        let file =
            OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
        let identity = Identity::of(&file.metadata()?);
        Ok(Self { path: path.to_owned(), file, identity })
    }
}

impl FsStore {
    /// Returns the path of a directory after looking that no part of it is a symbolic link, which
    /// could lead out of the data directory.
    ///
    /// # Errors
    /// `NotFound`, or `NotADirectory` where a link or a file stands in the way.
    pub(super) fn real_dir(&self, dir: &DiskDir) -> io::Result<PathBuf> {
        let mut path = self.pages.clone();
        for segment in dir.as_str().split('/') {
            path.push(segment);
            if !fs::symlink_metadata(&path)?.is_dir() {
                return Err(io::ErrorKind::NotADirectory.into());
            }
        }
        Ok(path)
    }

    /// Opens a document's directory, making it and what is missing above it.
    pub(super) fn make_folder(&self, dir: &DiskDir) -> Result<Folder, StoreError> {
        let mut path = self.pages.clone();
        for segment in dir.as_str().split('/') {
            path.push(segment);
            self.make_directory(&path)?;
        }
        Folder::open(&path).map_err(|e| self.write_error("open", &path, e))
    }

    fn make_directory(&self, path: &Path) -> Result<(), StoreError> {
        let failed = |e| self.write_error("make the directory", path, e);
        let made = match fs::symlink_metadata(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                self.step(Op::MakeDir, path).and_then(|()| fs::create_dir(path))
            }
            Err(e) => Err(e),
            Ok(meta) if meta.is_dir() => return Ok(()),
            // A plain file, or a link, stands where the document's directory belongs.
            Ok(_) => Err(io::ErrorKind::NotADirectory.into()),
        };
        match made {
            // Another saver was faster.
            Err(e)
                if e.kind() == io::ErrorKind::AlreadyExists
                    && fs::symlink_metadata(path).is_ok_and(|m| m.is_dir()) =>
            {
                Ok(())
            }
            other => other.map_err(failed),
        }
    }

    /// Makes the names in a directory durable, and the names of the directories on the way to it
    /// where that is not known.
    pub(super) fn sync_folder(&self, folder: &Folder) -> Result<(), StoreError> {
        self.sync_names(folder)?;
        let mut path = folder.path.as_path();
        let mut identity = folder.identity;
        while path != self.pages {
            let Some(above) = path.parent() else { break };
            if self.durable.lock().get(path) != Some(&identity) {
                // `pages/` itself may be a link: that is its owner's choice.
                let above = Folder::open_with(above, OFlags::DIRECTORY)
                    .map_err(|e| self.write_error("open", above, e))?;
                self.sync_names(&above)?;
                let mut durable = self.durable.lock();
                if durable.len() >= REMEMBERED {
                    durable.clear();
                }
                durable.insert(path.to_owned(), identity);
            }
            identity = fs::symlink_metadata(above)
                .map(|meta| Identity::of(&meta))
                .map_err(|e| self.write_error("look at", above, e))?;
            path = above;
        }
        Ok(())
    }

    fn sync_names(&self, folder: &Folder) -> Result<(), StoreError> {
        self.directories
            .sync(folder.identity, || self.fsync(&folder.path, Op::SyncDir, &folder.file))
            .map_err(|e| StoreError::from_io("make durable", &folder.path, e))
    }

    /// Runs an fsync; its failure ends the right to acknowledge anything until a restart, because
    /// the kernel may report the next one as a success with the data gone.
    pub(super) fn fsync(&self, path: &Path, op: Op, file: &File) -> io::Result<()> {
        self.step(op, path)
            .and_then(|()| file.sync_all())
            .inspect_err(|error| self.suspend(path, error))
    }

    /// Takes no writes from now on.
    pub(super) fn suspend(&self, path: &Path, error: &io::Error) {
        let reason = format!("making {} durable failed: {error}", path.display());
        tracing::error!(%reason, "the store is read-only until a restart");
        self.suspended.lock().get_or_insert(reason);
    }

    /// Refuses while the store is suspended.
    pub(super) fn check_writable(&self) -> Result<(), StoreError> {
        match &*self.suspended.lock() {
            Some(reason) => Err(StoreError::Suspended(reason.clone())),
            None => Ok(()),
        }
    }

    /// Turns an error of writing into ours: what is missing then is a directory, not a revision.
    pub(super) fn write_error(
        &self,
        action: &'static str,
        path: &Path,
        error: io::Error,
    ) -> StoreError {
        if error.kind() != io::ErrorKind::NotFound {
            return StoreError::from_io(action, path, error);
        }
        match self.check_reachable() {
            Err(unavailable) => unavailable,
            Ok(()) => StoreError::Unavailable(path.parent().unwrap_or(path).to_owned()),
        }
    }
}
