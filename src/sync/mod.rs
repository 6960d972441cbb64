//! Exchanging revisions with other servers: everyone gets all of them, and the cost follows the
//! differences.
//!
//! A run finds the difference of two sets by range-based reconciliation ([`set`]) and then streams
//! what is missing ([`frame`]), in both directions. What arrives is checked before it is put in place
//! ([`receive`]) and durable before it is acknowledged; what may not enter goes to [`quarantine`].
//! Whatever interrupts a run at whatever byte, a repeat finishes it: nothing is remembered between
//! runs but the revisions themselves.
//!
//! Two traits keep it apart from everything else: [`Replica`] is the side here, [`Remote`] the other.
//! A [`Host`] answers peers for a replica, over HTTP or in the same process ([`InProcess`]); a
//! [`Follower`] keeps a replica in step with a peer for ever.
//! Everything blocks; nothing here is async and nothing resolves.

pub mod bundle;
mod elsewhere;
mod error;
pub mod follow;
pub mod frame;
pub mod host;
pub mod http;
pub mod identity;
pub mod item;
pub mod page;
pub mod place;
pub mod quarantine;
pub mod receive;
pub mod remote;
pub mod replica;
pub mod run;
pub mod set;
pub mod tokens;
pub mod trust;
pub mod upstream;

pub use self::elsewhere::Elsewhere;
pub use self::error::{Refused, ReplicaError, SyncError};
pub use self::follow::{Follower, Live, State, Status};
pub use self::host::{Grant, Host, InProcess};
pub use self::http::HttpRemote;
pub use self::identity::{Hello, PROTOCOL, ReplicaId, WikiId};
pub use self::item::{Item, ItemHash};
pub use self::place::Place;
pub use self::receive::{Fate, Outcome};
pub use self::remote::{Answer, Follow, Heard, Remote, RemoteError};
pub use self::replica::{Replica, RevisionFile};
pub use self::run::{Direction, Options, Progress, Summary, sync};
pub use self::set::{Set, WarmSet};
pub use self::trust::Authorities;
pub use self::upstream::Upstream;
