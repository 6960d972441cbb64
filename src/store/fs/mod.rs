//! The store on a file system: one file a revision, exactly as DESIGN section 4 has it.
//!
//! - `write.rs` creates revisions durably; `sync.rs` shares the cost between savers who wait.
//! - `read.rs` lists, verifies and opens.
//! - `kept.rs` remembers what was accepted and puts back what other programs removed or replaced.
//!
//! Every system call that changes the disk passes [`FsStore::step`] first, so that tests can let
//! any one of them fail.

mod kept;
mod read;
mod sync;
mod write;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::Sender;

use parking_lot::Mutex;

use self::sync::DirectorySync;
use super::watch::{self, Hint, Watch};
use super::{
    Body, Content, Created, DiskDir, Finding, Listing, Loaded, Scanned, Stamp, Store, StoreError,
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
    /// The directory of all documents.
    pages: PathBuf,
    /// Where files are written before they are published; on the file system of `pages`.
    temp: PathBuf,
    /// Where accepted revisions are remembered; on the file system of `pages`.
    kept: PathBuf,
    /// Where replaced files go when the accepted ones are put back.
    displaced: PathBuf,
    directories: DirectorySync,
    /// Directories whose own name is known to be durable, by inode.
    durable: Mutex<HashMap<PathBuf, u64>>,
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
    /// Where the directories cannot be made or reached.
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
        for dir in [&pages, &local] {
            fs::create_dir_all(dir).map_err(|e| StoreError::from_io("make", dir, e))?;
        }
        let device = |dir: &Path| {
            fs::metadata(dir).map(|m| m.dev()).map_err(|e| StoreError::from_io("reach", dir, e))
        };
        // A rename cannot cross file systems; a dot-directory is no part of the wiki.
        let beside =
            if device(&pages)? == device(&local)? { local } else { pages.join(".everpage") };
        let store = Self {
            temp: beside.join("tmp"),
            kept: beside.join("kept"),
            displaced: beside.join("displaced"),
            pages,
            directories: DirectorySync::default(),
            durable: Mutex::default(),
            suspended: Mutex::default(),
            counter: AtomicU64::new(0),
            faults,
        };
        // A read-only data directory can still be read.
        if let Err(error) = store.prepare() {
            tracing::warn!(%error, "the data directory takes no writes");
        }
        Ok(store)
    }

    fn prepare(&self) -> Result<(), StoreError> {
        for dir in [&self.temp, &self.kept] {
            fs::create_dir_all(dir).map_err(|e| StoreError::from_io("make", dir, e))?;
        }
        // kill -9 leaves names that readers can see and that are not durable yet.
        let root =
            File::open(&self.pages).map_err(|e| StoreError::from_io("open", &self.pages, e))?;
        rustix::fs::syncfs(&root)
            .map_err(|e| StoreError::from_io("sync", &self.pages, e.into()))?;
        self.sweep_temp();
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
        self.pages.join(dir.as_str()).join(id.to_string())
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
        if self.pages.is_dir() { Ok(()) } else { Err(StoreError::Unavailable(self.pages.clone())) }
    }
}

impl Store for FsStore {
    fn scan(&self, visit: &mut dyn FnMut(Scanned)) -> Result<(), StoreError> {
        self.scan_tree(visit)
    }

    fn list(&self, dir: &DiskDir) -> Result<Listing, StoreError> {
        self.list_dir(dir)
    }

    fn stamp(&self, dir: &DiskDir) -> Result<Option<Stamp>, StoreError> {
        match read::stamp_of(&self.dir(dir)) {
            Ok(stamp) => Ok(Some(stamp)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => self.check_reachable().map(|()| None),
            Err(e) if e.kind() == io::ErrorKind::NotADirectory => Ok(None),
            Err(e) => Err(StoreError::from_io("look at", &self.dir(dir), e)),
        }
    }

    fn load(&self, dir: &DiskDir, id: RevisionId) -> Result<Loaded, StoreError> {
        self.load_file(&self.file(dir, id), id)
    }

    fn open(&self, dir: &DiskDir, id: RevisionId) -> Result<Content, StoreError> {
        self.open_file(&self.file(dir, id), id)
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
