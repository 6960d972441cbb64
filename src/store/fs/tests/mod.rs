//! What a file system can suffer, and what the store makes of it.

mod contract;
mod faults;
mod foreign;
mod heal;
mod reach;

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;

/// A data directory of its own for each test.
struct Place {
    temp: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { temp: tempfile::tempdir().unwrap() }
    }

    /// A place where an fsync costs nothing, for tests with thousands of them.
    fn in_memory() -> Self {
        let temp = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Self { temp: temp.unwrap() }
    }

    fn data(&self) -> &Path {
        self.temp.path()
    }

    fn open(&self) -> FsStore {
        FsStore::open(self.data()).unwrap()
    }

    fn open_with(
        &self,
        hook: impl Fn(Op, &Path) -> io::Result<()> + Send + Sync + 'static,
    ) -> FsStore {
        FsStore::open_with_faults(self.data(), Some(Arc::new(hook))).unwrap()
    }

    /// A path below `pages/`.
    fn page(&self, relative: &str) -> PathBuf {
        self.data().join("pages").join(relative)
    }

    /// A path of a revision's file.
    fn file(&self, path: &str, id: RevisionId) -> PathBuf {
        self.page(path).join(id.to_string())
    }

    /// Puts a file there as another program would.
    fn drop_file(&self, relative: &str, bytes: &[u8]) {
        let path = self.page(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// The names in `local/tmp`, which is empty whenever nobody writes.
    fn temps(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.data().join("local/tmp"));
        entries.map_or_else(|_| Vec::new(), |e| e.map(|e| e.unwrap().path()).collect())
    }
}
