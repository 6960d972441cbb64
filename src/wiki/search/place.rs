//! Where the index lies: in its directory if that can be had, else in memory.
//!
//! Everything here may be thrown away. An index that is missing, older, torn or altered is replaced
//! by an empty one; a directory that another process writes to, or that cannot be written, is left alone.

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tantivy::directory::MmapDirectory;
use tantivy::{Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, TantivyError};

use super::schema::{self, Fields};

/// Bytes that new documents may take in memory before they are written out.
const WRITER_HEAP: usize = 32 << 20;
const LOCK: &str = "lock";

/// Why there is no index on disk.
#[derive(Debug, thiserror::Error)]
pub(super) enum PlaceError {
    /// Another process writes to this directory.
    #[error("another process keeps its index in {}", .0.display())]
    Busy(PathBuf),
    /// The directory cannot be used.
    #[error("cannot use {}", path.display())]
    Io {
        /// The directory or file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The index library refused.
    #[error(transparent)]
    Index(#[from] TantivyError),
}

/// An index that is open for writing and searching.
pub(super) struct Place {
    pub(super) writer: IndexWriter,
    pub(super) reader: IndexReader,
    pub(super) fields: Fields,
    /// The stamp of every document in the index, by key.
    pub(super) stamps: HashMap<String, String>,
    /// What is held while the index is on disk.
    hold: Option<Hold>,
}

/// Keeps other processes out of the directory.
#[derive(Debug)]
struct Hold {
    root: PathBuf,
    lock: File,
}

impl Place {
    /// Opens the index in `root`, an empty one if there is none that can be used or if `anew`.
    pub(super) fn on_disk(root: &Path, anew: bool) -> Result<Self, PlaceError> {
        let hold = Hold::take(root)?;
        let dir = hold.index();
        hold.remove_other_versions();
        if !anew && dir.exists() {
            match std::panic::catch_unwind(|| open_whole(&dir)) {
                Ok(Ok(Some(index))) => match Self::with(&index, None) {
                    Ok(place) => return Ok(Self { hold: Some(hold), ..place }),
                    Err(error) => tracing::warn!(%error, "the search index is made anew"),
                },
                Ok(Ok(None)) => tracing::warn!("the search index is damaged and made anew"),
                Ok(Err(error)) => tracing::warn!(%error, "the search index is made anew"),
                // The library panics on some damage.
                Err(_) => tracing::warn!("the search index is unreadable and made anew"),
            }
        }
        let io = |source| PlaceError::Io { path: dir.clone(), source };
        match fs::remove_dir_all(&dir).or_else(|_| fs::remove_file(&dir)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(error)),
            _ => {}
        }
        make_within(&dir).map_err(io)?;
        let files = MmapDirectory::open(&dir).map_err(TantivyError::from)?;
        let index = Index::create(files, schema::schema().0, IndexSettings::default())?;
        Self::with(&index, Some(hold))
    }

    /// Makes an empty index in memory.
    pub(super) fn in_memory() -> Result<Self, PlaceError> {
        Self::with(&Index::create_in_ram(schema::schema().0), None)
    }

    fn with(index: &Index, hold: Option<Hold>) -> Result<Self, PlaceError> {
        schema::register(index);
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let stamps = schema::stamps(&reader.searcher())?;
        let writer = index.writer_with_num_threads(1, WRITER_HEAP)?;
        Ok(Self { writer, reader, fields: schema::schema().1, stamps, hold })
    }

    /// Returns true if the index outlives this process.
    pub(super) fn is_on_disk(&self) -> bool {
        self.hold.is_some()
    }

    /// Returns true if the files are still where they were opened; nobody is to be written over.
    pub(super) fn is_there(&self) -> bool {
        self.hold.as_ref().is_none_or(Hold::is_there)
    }
}

/// Opens an index and reads all of it once; `None` where it is not what was written.
fn open_whole(dir: &Path) -> Result<Option<Index>, TantivyError> {
    let files = MmapDirectory::open(dir)?;
    if !Index::exists(&files)? {
        return Ok(None);
    }
    let index = Index::open(files)?;
    let whole = index.schema() == schema::schema().0 && index.validate_checksum()?.is_empty();
    Ok(whole.then_some(index))
}

/// Makes a directory if there is none, but not the one it lies in: where the data directory was taken
/// away, nothing is made in its place.
fn make_within(dir: &Path) -> io::Result<()> {
    match fs::create_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
        other => other,
    }
}

impl Hold {
    fn take(root: &Path) -> Result<Self, PlaceError> {
        let path = root.join(LOCK);
        let io = |source| PlaceError::Io { path: path.clone(), source };
        make_within(root).map_err(io)?;
        let lock =
            File::options().create(true).truncate(false).write(true).open(&path).map_err(io)?;
        // The system lets go of it when the process ends, however it ends: nothing is left over.
        match lock.try_lock() {
            Ok(()) => Ok(Self { root: root.to_owned(), lock }),
            Err(TryLockError::WouldBlock) => Err(PlaceError::Busy(root.to_owned())),
            Err(TryLockError::Error(error)) => Err(io(error)),
        }
    }

    fn index(&self) -> PathBuf {
        self.root.join(format!("v{}", schema::VERSION))
    }

    fn remove_other_versions(&self) {
        let Ok(entries) = fs::read_dir(&self.root) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let number = name.to_str().and_then(|n| n.strip_prefix('v')?.parse::<u32>().ok());
            if number.is_some_and(|n| n != schema::VERSION)
                && let Err(error) = fs::remove_dir_all(entry.path())
            {
                tracing::warn!(path = %entry.path().display(), %error, "an old index stays");
            }
        }
    }

    fn is_there(&self) -> bool {
        self.index().join("meta.json").exists() && same_file(&self.lock, &self.root.join(LOCK))
    }
}

/// Returns true if the file that is held open is the one that lies there now.
fn same_file(held: &File, path: &Path) -> bool {
    match (held.metadata(), fs::metadata(path)) {
        (Ok(held), Ok(there)) => (held.dev(), held.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}
