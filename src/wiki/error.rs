//! Why the wiki could not do what was asked, by what its caller can do about it.

use crate::model::path::DocPath;
use crate::model::revision::RevisionId;
use crate::store::StoreError;

/// Why the wiki could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum WikiError {
    /// There is no such document.
    #[error("there is no document named “{0}”")]
    NoDocument(DocPath),
    /// The document has no such revision.
    #[error("“{path}” has no revision {id}")]
    NoRevision {
        /// The document.
        path: DocPath,
        /// The revision that was asked for.
        id: RevisionId,
    },
    /// The revision is damaged and cannot be read.
    #[error("revision {id} of “{path}” is damaged")]
    Damaged {
        /// The document.
        path: DocPath,
        /// The damaged revision.
        id: RevisionId,
    },
    /// The content is not text, or too large to work on as text.
    #[error("“{0}” is not text, or too large, so it cannot be compared or merged")]
    NotText(DocPath),
    /// The text is larger than the settings allow.
    #[error("the text is {size} bytes long, but the limit is {limit} bytes")]
    TooLarge {
        /// Bytes that came.
        size: u64,
        /// Bytes that are allowed.
        limit: u64,
    },
    /// What a decision was about has changed since it was made; nothing was written.
    #[error("“{0}” has changed since this was decided")]
    Changed(DocPath),
    /// The numbers of this document are used up.
    #[error("“{0}” has reached the highest possible revision number and can no longer be changed")]
    NumbersUsedUp(DocPath),
    /// More heads than one revision can name were to be merged at once.
    #[error("at most {0} versions can be merged at once")]
    TooManyParents(usize),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}
