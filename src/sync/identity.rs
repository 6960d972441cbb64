//! Who speaks: the id of a replica, the id of a wiki, and what both sides say of themselves.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// The version of the protocol. A peer with another one is refused.
pub const PROTOCOL: u32 = 1;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(text.trim()).map(Self)
            }
        }
    };
}

id! {
    /// Names one replica; it lies in `local/` and is never copied with the pages.
    ReplicaId
}

id! {
    /// Names one wiki, wherever copies of it are; it lies in `pages/` and is copied with them.
    WikiId
}

/// What each side says of itself in every request and every response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hello {
    /// The version of the protocol that it speaks.
    pub protocol: u32,
    /// Which replica it is.
    pub replica: ReplicaId,
    /// Which wiki it holds; `None` for an empty one that has not met another yet.
    pub wiki: Option<WikiId>,
    /// The most bytes of a revision file that it takes; larger ones are not sent to it.
    pub largest: u64,
}
