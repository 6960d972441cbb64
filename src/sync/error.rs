//! What can go wrong between replicas, by what a person can do about it.

use std::io;
use std::path::PathBuf;

use super::identity::WikiId;
use super::remote::RemoteError;
use crate::store::StoreError;

/// Why a replica cannot do what was asked of it.
#[derive(Debug, thiserror::Error)]
pub enum ReplicaError {
    /// The pages have not all been read yet, so what is missing cannot be told.
    #[error("the wiki is still being read; try again in a moment")]
    NotReady,
    /// The medium of the pages refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file in `local/` or the id of the wiki cannot be read or written.
    #[error("could not {action} {}", .path.display())]
    Local {
        /// What was attempted.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Why one side will not speak with the other at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No token, an unknown one, or one that was removed.
    #[error(
        "the other server does not know this token; “everpage peer add NAME” on that server creates one"
    )]
    Token,
    /// A token for reading was used for writing.
    #[error("the token is read-only; use --pull, or create another one on that server")]
    ReadOnlyToken,
    /// The other side speaks another version of the protocol.
    #[error(
        "the other server uses version {theirs} of the protocol, this one version {ours}; please update \
         the older of the two"
    )]
    Protocol {
        /// What this side speaks.
        ours: u32,
        /// What the other side said.
        theirs: u32,
    },
    /// The other side is this one.
    #[error(
        "the other server is this very replica: the address leads back to the same server, or its data \
         directory was copied together with local/ (then delete local/replica-id in the copy)"
    )]
    Itself,
    /// The other side holds another wiki.
    #[error(
        "the other server holds another wiki ({theirs}; this one is {ours}), so nothing was exchanged. To \
         merge the two into one for good, add --join"
    )]
    OtherWiki {
        /// This side's.
        ours: WikiId,
        /// The other side's.
        theirs: WikiId,
    },
}

impl Refused {
    /// Returns the same refusal as the other side sees it.
    #[must_use]
    pub fn mirrored(self) -> Self {
        match self {
            Self::Protocol { ours, theirs } => Self::Protocol { ours: theirs, theirs: ours },
            Self::OtherWiki { ours, theirs } => Self::OtherWiki { ours: theirs, theirs: ours },
            other => other,
        }
    }
}

/// Why a run ended before it was done. What had arrived stays, and a repeat goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The two may not exchange anything.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The other side could not be reached, broke off, or did not keep to the protocol.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// This side could not do its part.
    #[error(transparent)]
    Replica(#[from] ReplicaError),
}
