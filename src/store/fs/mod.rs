//! The store on a file system: one file a revision, exactly as DESIGN section 4 has it.
//!
//! - `write.rs` creates revisions durably, through the temporary files of `temp.rs`.
//! - `receive.rs` takes in whole files that were made elsewhere.
//! - `dirs.rs` makes directories and makes names durable; `sync.rs` shares the cost between savers
//!   who wait.
//! - `read.rs` lists, verifies and opens; `foreign.rs` tells what is no revision.
//! - `kept.rs` remembers what was accepted and puts back what other programs removed or replaced.
//!
//! Every system call that changes the disk passes [`FsStore::step`] first, so that tests can let
//! any one of them fail.

mod dirs;
mod foreign;
mod kept;
mod read;
mod receive;
mod sync;
mod temp;
#[cfg(test)]
mod tests;
mod write;

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::Sender;

use parking_lot::Mutex;

use self::dirs::Identity;
use self::sync::DirectorySync;
use super::watch::{self, Hint, Watch};
use super::{
    Body, Content, Created, Decide, DiskDir, Finding, Known, Listing, Loaded, Received, Scanned,
    Stamp, Store, StoreError,
};
use crate::model::file::{Header, Measured};
use crate::model::revision::RevisionId;

/// A system call that changes the disk, for tests that let it fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// Making a directory.
    MakeDir,
    /// Creating a temporary file.
    CreateTemp,
    /// Writing to it.
    Write,
    /// Making its bytes durable.
    SyncFile,
    /// Giving it its final name.
    Publish,
    /// Making a name durable.
    SyncDir,
}

/// Decides before a system call whether it shall fail instead.
pub type FaultHook = Arc<dyn Fn(Op, &Path) -> io::Result<()> + Send + Sync>;

/// A store in a directory tree; see the module.
pub struct FsStore {
    /// What holds `pages/` and `local/`.
    data: PathBuf,
    /// The directory of all documents.
    pages: PathBuf,
    /// `pages/` is a file system of its own, which may be unmounted and leave an empty directory.
    mounted: bool,
    /// Where files are written before they are published; on the file system of `pages`.
    temp: PathBuf,
    /// Where accepted revisions are remembered; on the file system of `pages`.
    kept: PathBuf,
    /// Where replaced files go when the accepted ones are put back.
    displaced: PathBuf,
    directories: DirectorySync,
    /// Directories whose own name is known to be durable.
    durable: Mutex<HashMap<PathBuf, Identity>>,
    /// Revisions that have their name but are not durable yet: no reader is shown them.
    unsettled: Mutex<HashSet<PathBuf>>,
    /// Set once, by a failed fsync; then nothing is acknowledged until a restart.
    suspended: Mutex<Option<String>>,
    counter: AtomicU64,
    faults: Option<FaultHook>,
}

impl std::fmt::Debug for FsStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FsStore").field("pages", &self.pages).finish_non_exhaustive()
    }
}

impl FsStore {
    /// Opens the store in a data directory, making `pages/` and `local/` where they are missing,
    /// and makes everything durable that an earlier process may have left half way.
    ///
    /// # Errors
    /// If the directories cannot be made or reached.
    pub fn open(data: &Path) -> Result<Self, StoreError> {
        Self::open_with_faults(data, None)
    }

    /// Opens the store as [`FsStore::open`] does, with a hook before each change of the disk.
    ///
    /// # Errors
    /// As [`FsStore::open`].
    pub fn open_with_faults(data: &Path, faults: Option<FaultHook>) -> Result<Self, StoreError> {
        let pages = data.join("pages");
        let local = data.join("local");
        fs::create_dir_all(&pages).map_err(|e| StoreError::from_io("make", &pages, e))?;
        // A read-only data directory can still be read.
        let made = fs::create_dir_all(&local);
        let device = |dir: &Path| fs::metadata(dir).map(|m| m.dev());
        let failed = |e| StoreError::from_io("reach", &pages, e);
        let pages_device = device(&pages).map_err(failed)?;
        let mounted = device(data).map_err(failed)? != pages_device;
        // A rename cannot cross file systems; a dot-directory is no part of the wiki.
        let beside = match device(&local) {
            Ok(local_device) if local_device != pages_device => pages.join(".everpage"),
            _ => local,
        };
        let store = Self {
            data: data.to_owned(),
            temp: beside.join("tmp"),
            kept: beside.join("kept"),
            displaced: beside.join("displaced"),
            pages,
            mounted,
            directories: DirectorySync::default(),
            durable: Mutex::default(),
            unsettled: Mutex::default(),
            suspended: Mutex::default(),
            counter: AtomicU64::new(0),
            faults,
        };
        let made = made
            .and_then(|()| fs::create_dir_all(&store.temp))
            .and_then(|()| fs::create_dir_all(&store.kept));
        if let Err(error) = made {
            tracing::warn!(%error, "the data directory takes no writes");
        }
        store.settle()?;
        store.sweep_temp();
        Ok(store)
    }

    /// Makes durable what an earlier process published and was killed before it could sync.
    fn settle(&self) -> Result<(), StoreError> {
        let root =
            File::open(&self.pages).map_err(|e| StoreError::from_io("open", &self.pages, e))?;
        if let Err(errno) = rustix::fs::syncfs(&root) {
            self.suspend(&self.pages, &errno.into());
        }
        Ok(())
    }

    /// Returns the directory of all documents.
    pub fn pages_dir(&self) -> &Path {
        &self.pages
    }

    fn dir(&self, dir: &DiskDir) -> PathBuf {
        self.pages.join(dir.as_str())
    }

    fn file(&self, dir: &DiskDir, id: RevisionId) -> PathBuf {
        self.dir(dir).join(id.to_string())
    }

    /// Asks the hook of a test whether the next system call shall fail.
    fn step(&self, op: Op, path: &Path) -> io::Result<()> {
        match &self.faults {
            Some(hook) => hook(op, path),
            None => Ok(()),
        }
    }

    /// Tells a missing document from a missing store.
    fn check_reachable(&self) -> Result<(), StoreError> {
        let device = |dir: &Path| fs::metadata(dir).map(|m| m.dev());
        let reachable = match fs::metadata(&self.pages) {
            Ok(meta) if !meta.is_dir() => false,
            Ok(meta) if self.mounted => device(&self.data).is_ok_and(|d| d != meta.dev()),
            Ok(_) => true,
            Err(_) => false,
        };
        if reachable { Ok(()) } else { Err(StoreError::Unavailable(self.pages.clone())) }
    }

    /// Returns true if a revision has its name but is not durable yet.
    fn is_unsettled(&self, file: &Path) -> bool {
        self.unsettled.lock().contains(file)
    }
}

impl Store for FsStore {
    fn scan(&self, visit: &mut dyn FnMut(Scanned)) -> Result<(), StoreError> {
        self.scan_tree("", visit)?;
        self.put_back_folders(visit);
        Ok(())
    }

    fn scan_below(
        &self,
        folder: &DiskDir,
        visit: &mut dyn FnMut(Scanned),
    ) -> Result<(), StoreError> {
        match self.real_dir(folder) {
            Ok(_) => self.scan_tree(folder.as_str(), visit),
            Err(e)
                if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
            {
                self.check_reachable()
            }
            Err(e) => Err(StoreError::from_io("look at", &self.dir(folder), e)),
        }
    }

    fn list(&self, dir: &DiskDir) -> Result<Listing, StoreError> {
        self.list_dir(dir, &|_| None)
    }

    fn list_since(&self, dir: &DiskDir, known: &Known<'_>) -> Result<Listing, StoreError> {
        self.list_dir(dir, known)
    }

    fn stamp(&self, dir: &DiskDir) -> Result<Option<Stamp>, StoreError> {
        self.stamp_dir(dir)
    }

    fn load(&self, dir: &DiskDir, id: RevisionId) -> Result<Loaded, StoreError> {
        self.load_file(dir, id)
    }

    fn open(&self, dir: &DiskDir, id: RevisionId) -> Result<Content, StoreError> {
        self.open_file(dir, id)
    }

    fn create(
        &self,
        dir: &DiskDir,
        id: RevisionId,
        header: &Header,
        content: Body<'_>,
    ) -> Result<Created, StoreError> {
        self.create_revision(dir, id, header, content)
    }

    fn create_streamed(
        &self,
        dir: &DiskDir,
        id: RevisionId,
        header: &Header,
        content: &mut dyn Read,
        decide: &mut Decide<'_>,
    ) -> Result<Option<Created>, StoreError> {
        self.create_decided(dir, id, header, Body::Stream(content), decide)
    }

    fn receive(
        &self,
        dir: &DiskDir,
        id: RevisionId,
        file: Body<'_>,
    ) -> Result<Received, StoreError> {
        self.receive_file(dir, id, file)
    }

    fn heal(&self, dir: &DiskDir) -> Result<Vec<Finding>, StoreError> {
        self.heal_dir(dir)
    }

    fn keep(&self, dir: &DiskDir, id: RevisionId, measured: &Measured, bare: bool) {
        self.keep_file(dir, id, measured, bare);
    }

    fn read_only(&self) -> Option<String> {
        self.suspended.lock().clone()
    }

    fn watch(&self, hints: Sender<Hint>) -> Result<Option<Watch>, StoreError> {
        watch::watch(&self.pages, hints).map(Some).map_err(|e| StoreError::Io {
            action: "watch",
            path: self.pages.clone(),
            source: io::Error::other(e),
        })
    }

    fn identity(&self) -> Option<u64> {
        fs::metadata(&self.pages).ok().map(|m| m.ino() ^ m.dev().rotate_left(32))
    }
}
