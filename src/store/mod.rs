//! Revisions at rest: durable create-only writes, reading, listing, watching.
//!
//! [`Store`] documents what every store guarantees; `contract/` is the suite that each passes.
//! A store knows directories and revision files. It does not resolve, and it does not know what a
//! page is. Its calls block; callers make one blocking hop around a whole operation.

#[cfg(test)]
mod contract;
mod error;
pub mod fs;
pub mod watch;

use std::fmt;
use std::io::{Read, Seek};
use std::sync::Arc;
use std::sync::mpsc::Sender;

use serde::Serialize;

pub use error::StoreError;

use crate::model::file::{Damage, Head, Header, Measured};
use crate::model::path::{DocPath, PathError};
use crate::model::revision::RevisionId;

/// Durable, create-only revisions.
///
/// Guarantees of every implementation:
/// - When [`Store::create`] returns `Ok`, the revision is on stable storage and visible to
///   [`Store::list`]; when it returns an error, no reader was ever shown the revision.
/// - A revision that exists is never changed. Creating it again with the same bytes succeeds;
///   with other bytes it is refused with [`StoreError::Taken`].
/// - Reading never shows a file that is not whole.
/// - What is strange is reported as a [`Finding`], never deleted and never fatal.
pub trait Store: Send + Sync + 'static {
    /// Visits every directory that holds at least one file, in no particular order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the whole store cannot be reached; a directory that cannot
    /// be read is a finding.
    fn scan(&self, visit: &mut dyn FnMut(Scanned)) -> Result<(), StoreError>;

    /// Visits `folder` and what lies below it as [`Store::scan`] does; nothing where it is not there.
    ///
    /// # Errors
    /// As [`Store::scan`].
    fn scan_below(
        &self,
        folder: &DiskDir,
        visit: &mut dyn FnMut(Scanned),
    ) -> Result<(), StoreError>;

    /// Lists one directory; an empty listing where there is none.
    ///
    /// # Errors
    /// If the directory exists and cannot be read, or the whole store cannot be reached.
    fn list(&self, dir: &DiskDir) -> Result<Listing, StoreError>;

    /// Lists one directory for who knows most of its files: of a file that is still the one that
    /// `known` tells of, its state is taken from there. A file written over in place goes
    /// unnoticed; [`Store::list`] tells.
    ///
    /// # Errors
    /// As [`Store::list`].
    fn list_since(&self, dir: &DiskDir, known: &Known<'_>) -> Result<Listing, StoreError>;

    /// Returns a cheap sign of the directory's state: unequal to an earlier one if files came or
    /// went since. `None` where there is no such directory.
    ///
    /// # Errors
    /// As [`Store::list`].
    fn stamp(&self, dir: &DiskDir) -> Result<Option<Stamp>, StoreError>;

    /// Reads and verifies one revision file.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or where the file cannot be read. Damage is a value.
    fn load(&self, dir: &DiskDir, id: RevisionId) -> Result<Loaded, StoreError>;

    /// Opens the content of a revision for reading in pieces, positioned at its first byte.
    ///
    /// # Errors
    /// As [`Store::load`]; [`StoreError::Damaged`] if the header, or the length it names, tells. The
    /// bytes are not looked at.
    fn open(&self, dir: &DiskDir, id: RevisionId) -> Result<Content, StoreError>;

    /// Creates a revision durably. `header.length` and `header.digest` are filled in here.
    ///
    /// # Errors
    /// A [`StoreError`] that says what the medium refused; no reader is shown the revision then.
    fn create(
        &self,
        dir: &DiskDir,
        id: RevisionId,
        header: &Header,
        content: Body<'_>,
    ) -> Result<Created, StoreError>;

    /// Creates a revision whose content arrives in pieces and may take long to. What it is called and
    /// what its header says is decided once all of the content is on stable storage, right before it
    /// is published; the content then stays where it is. `id` and `header` are what it would be now:
    /// a decided header may be no longer than [`Header::room`] says of this one. `None` if it was
    /// decided that there is nothing to write.
    ///
    /// # Errors
    /// As [`Store::create`].
    fn create_streamed(
        &self,
        dir: &DiskDir,
        id: RevisionId,
        header: &Header,
        content: &mut dyn Read,
        decide: &mut Decide<'_>,
    ) -> Result<Option<Created>, StoreError>;

    /// Takes in the whole file of a revision, header and all, byte for byte, as durably as
    /// [`Store::create`] makes one. Where the file that has the name is damaged, it is set aside and
    /// this one takes its place.
    ///
    /// Many at a time share the cost of being made durable.
    ///
    /// # Errors
    /// [`StoreError::NotWhole`] if the bytes are not the whole revision `id`, [`StoreError::Taken`]
    /// where the file that has the name is whole and has other bytes; else as [`Store::create`]. No
    /// reader is shown the revision then.
    fn receive(
        &self,
        dir: &DiskDir,
        id: RevisionId,
        file: Body<'_>,
    ) -> Result<Received, StoreError>;

    /// Puts back what was accepted earlier and has vanished or was replaced since.
    ///
    /// # Errors
    /// If the medium refuses.
    fn heal(&self, dir: &DiskDir) -> Result<Vec<Finding>, StoreError>;

    /// Remembers a whole revision that came from elsewhere, so that it can be put back.
    fn keep(&self, dir: &DiskDir, id: RevisionId, measured: &Measured, bare: bool);

    /// Says why the store takes no writes, if it does not.
    fn read_only(&self) -> Option<String>;

    /// Starts sending hints about changes from outside, where the medium gives any.
    ///
    /// # Errors
    /// If the operating system refuses; scanning finds the changes then.
    fn watch(&self, hints: Sender<watch::Hint>) -> Result<Option<watch::Watch>, StoreError>;

    /// Returns which medium is there now, so that another one in its place is noticed; `None`
    /// where there is none.
    fn identity(&self) -> Option<u64>;
}

/// Tells the state of a file as its reader last saw it.
pub type Known<'a> = dyn Fn(RevisionId) -> Option<FileStamp> + 'a;

/// The content of a revision to create.
pub enum Body<'a> {
    /// It is in memory.
    Bytes(&'a [u8]),
    /// It arrives in pieces and may be larger than memory. An error of the reader abandons the write.
    Stream(&'a mut dyn Read),
}

/// Decides what a revision is called and what its header says, once its content is known; `None` if
/// it is not to be written after all.
pub type Decide<'a> = dyn FnMut(&Measured) -> Option<(RevisionId, Header)> + 'a;

/// What a successful write came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Created {
    /// Length and digest of the content.
    pub measured: Measured,
    /// The same revision with the same bytes was there before.
    pub already: bool,
    /// The state of the file as it is now.
    pub file: FileStamp,
}

/// What taking in a revision file came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Length and digest of the content.
    pub measured: Measured,
    /// It has no header of its own.
    pub bare: bool,
    /// What was there before.
    pub before: Before,
    /// The state of the file as it is now.
    pub file: FileStamp,
}

/// What had the name of a revision that was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// Nothing.
    Nothing,
    /// The same bytes.
    Same,
    /// A damaged file; it was set aside.
    Damaged,
}

/// A directory below `pages/` as it is spelled on disk, together with the name it stands for.
///
/// Cheap to clone, and quick to compare with its clones: every revision holds one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DiskDir(Arc<Spelling>);

#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Spelling {
    spelled: String,
    path: DocPath,
}

impl DiskDir {
    /// Returns the directory in which a document of this name is created.
    pub fn of(path: &DocPath) -> Self {
        Self(Arc::new(Spelling { spelled: path.to_disk(), path: path.clone() }))
    }

    /// Reads a spelling found on disk.
    ///
    /// # Errors
    /// If it is not the spelling of a document's name.
    pub fn parse(spelled: &str) -> Result<Self, PathError> {
        let path = DocPath::from_disk(spelled)?;
        Ok(Self(Arc::new(Spelling { spelled: spelled.to_owned(), path })))
    }

    /// Returns the spelling, relative to `pages/` and `/`-separated.
    pub fn as_str(&self) -> &str {
        &self.0.spelled
    }

    /// Returns the document's name.
    pub fn path(&self) -> &DocPath {
        &self.0.path
    }
}

impl fmt::Debug for DiskDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DiskDir({:?})", self.as_str())
    }
}

/// The state of a directory; see [`Store::stamp`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Seconds and nanoseconds of the last change.
    pub modified: (i64, i64),
    /// Which directory it is, so that a new one under the old name is noticed.
    pub identity: u64,
    /// The change is so recent that another could follow without a trace.
    pub recent: bool,
}

impl Stamp {
    /// Returns true if a directory listed under `self` may have changed when it now has `now`.
    pub fn may_differ(&self, now: &Stamp) -> bool {
        self.recent || self.modified != now.modified || self.identity != now.identity
    }
}

/// The state of a file; changes if its bytes were replaced or written over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FileStamp {
    /// The size in bytes, header included.
    pub size: u64,
    /// Seconds and nanoseconds of the last change of the content.
    pub modified: (i64, i64),
    /// Which file it is.
    pub identity: u64,
}

/// One revision file in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The id, from the file's name.
    pub id: RevisionId,
    /// The state of the file.
    pub file: FileStamp,
}

/// What a directory holds.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// Taken before the directory was read; `None` where there is no directory.
    pub stamp: Option<Stamp>,
    /// Its revision files, in ascending order of id.
    pub revisions: Vec<Entry>,
    /// What else lies there.
    pub findings: Vec<Finding>,
}

/// What a scan came across.
#[derive(Debug, Clone)]
pub enum Scanned {
    /// A directory with revision files.
    Directory(DiskDir, Listing),
    /// Something that is not part of the wiki.
    Finding(Finding),
}

/// A revision file that was read to its end.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The state of the file when it was read.
    pub file: FileStamp,
    /// What it holds, or why it is not whole.
    pub revision: Result<(Head, Measured), Damage>,
    /// The content where it is whole and at most [`LOADED_CONTENT`] bytes.
    pub content: Option<Vec<u8>>,
}

/// Up to this size a loaded revision brings its content along.
pub const LOADED_CONTENT: u64 = 1 << 20;

/// A content open for reading.
pub struct Content {
    /// Positioned at the first byte of the content.
    pub reader: Box<dyn ReadSeek>,
    /// Where the content begins in the underlying file.
    pub start: u64,
    /// How many bytes of content there are.
    pub length: u64,
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content")
            .field("start", &self.start)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// A reader that can be positioned.
pub trait ReadSeek: Read + Seek + Send + Sync {}

impl<T: Read + Seek + Send + Sync> ReadSeek for T {}

/// The kinds of strange things that lie among the revisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// A file or folder of another program.
    Foreign,
    /// An ordinary file where documents are directories; it can be adopted.
    PlainFile,
    /// A name shaped like a revision id that is not one.
    BadId,
    /// A directory whose name no document can have.
    BadName,
    /// A symbolic link; never followed.
    SymbolicLink,
    /// A torn or altered revision.
    Damaged,
    /// A revision that vanished or changed and was put back.
    Restored,
    /// A revision without a header that was changed in place.
    Changed,
    /// A revision names a parent that is not here.
    MissingParent,
    /// Something could not be read.
    Unreadable,
}

/// One strange thing, for people to look at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// Where, relative to `pages/`.
    pub path: String,
    /// What kind of thing it is.
    pub kind: FindingKind,
    /// What it is and what can be done.
    pub detail: String,
}

impl Finding {
    /// Makes a finding.
    pub fn new(path: impl Into<String>, kind: FindingKind, detail: impl Into<String>) -> Self {
        Self { path: path.into(), kind, detail: detail.into() }
    }
}
