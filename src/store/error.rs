//! What can go wrong at rest, by what a caller can do about it.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::model::file::Damage;

/// Why the medium refused. Every variant carries the path that was in question.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No space or no inodes are left, or a quota is used up.
    #[error("the disk is full: could not write {}", .0.display())]
    Full(PathBuf),
    /// The file system is mounted read-only.
    #[error("the file system is read-only: could not write {}", .0.display())]
    ReadOnly(PathBuf),
    /// The operating system does not permit it.
    #[error("permission denied: {}", .0.display())]
    Permission(PathBuf),
    /// This disk cannot hold a name of that length.
    #[error("the name is too long for this disk: {}", .0.display())]
    NameTooLong(PathBuf),
    /// The revision exists with other bytes; it is never overwritten.
    #[error("{} already exists with other content and was not overwritten", .0.display())]
    Taken(PathBuf),
    /// What was to be taken in is not the whole revision it was said to be.
    #[error("{} arrived incomplete: {damage}", .path.display())]
    NotWhole {
        /// Where it should have gone.
        path: PathBuf,
        /// What is wrong with it.
        damage: Damage,
    },
    /// The file of a revision is not what it was when it was saved.
    #[error("{} is damaged: {damage}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        damage: Damage,
    },
    /// There is no such revision.
    #[error("{} does not exist", .0.display())]
    NotFound(PathBuf),
    /// The directory of all pages is gone: removed, renamed, or a disk that is not mounted.
    #[error("the directory {} cannot be reached", .0.display())]
    Unavailable(PathBuf),
    /// The header does not fit: too many parents or an absurd line.
    #[error("the header of {} would be too long", .0.display())]
    HeaderTooLong(PathBuf),
    /// An earlier write could not be made durable; nothing is written until a restart.
    #[error("the disk failed, so nothing is written until a restart: {0}")]
    Suspended(String),
    /// Any other error of the medium.
    #[error("could not {action} {}", .path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

impl StoreError {
    /// Sorts an error of the operating system into what callers can act on.
    pub fn from_io(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::NOSPC | Errno::DQUOT) => Self::Full(path),
            Some(Errno::ROFS) => Self::ReadOnly(path),
            Some(Errno::ACCESS | Errno::PERM) => Self::Permission(path),
            Some(Errno::NAMETOOLONG) => Self::NameTooLong(path),
            Some(Errno::NOENT) => Self::NotFound(path),
            _ => Self::Io { action, path, source },
        }
    }

    /// Returns true if the same write may succeed later.
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Full(_)
                | Self::ReadOnly(_)
                | Self::Unavailable(_)
                | Self::Suspended(_)
                | Self::Io { .. }
        )
    }
}
