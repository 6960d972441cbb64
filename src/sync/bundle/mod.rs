//! A bundle: revisions in one tar, for copies that no network reaches.
//!
//! ```text
//! everpage-bundle.json            first: whose wiki it is, when it was made
//! pages/.wiki-id                  so that a plain tar makes a copy of the wiki of it, too
//! pages/<directory>/<revision>    each file byte for byte, parents before their children
//! everpage-state                  what the wiki held then: a line, and 16 bytes a revision
//! everpage-end.json               last: how many revisions there are; without it, it was cut short
//! ```
//!
//! The state makes `--since` exact without a clock: the next bundle holds what that one's wiki did
//! not. `write.rs` makes a bundle, `read.rs` takes one in, through the same checks as the stream of a
//! peer ([`take_in`](super::receive::take_in)); nothing in it is trusted.

mod dry;
mod read;
mod write;

use std::collections::HashSet;
use std::io::{self, Read};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::ReplicaError;
use super::identity::WikiId;
use super::item::ItemHash;

pub use self::read::{Options, RefusedEntry, Taken, read_state, take};
pub use self::write::{Held, Written, write};

/// The version of the format.
pub const FORMAT: u32 = 1;

const MANIFEST: &str = "everpage-bundle.json";
const STATE: &str = "everpage-state";
const END: &str = "everpage-end.json";
/// The most bytes of the small files in a bundle that are read into memory.
const MOST_SMALL: u64 = 64 << 10;
/// How many bytes of an item's hash stand for it in a state.
const SHORT: usize = 16;

/// What a bundle says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the format.
    pub bundle: u32,
    /// The id of the wiki.
    pub wiki: String,
    /// When it was made; for people only.
    pub made: Timestamp,
    /// What it goes on from, in words; for people only.
    pub since: Option<String>,
}

/// The last file of a bundle.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct End {
    revisions: u64,
}

/// The revisions that a wiki held when a bundle was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Which wiki.
    pub wiki: WikiId,
    items: HashSet<[u8; SHORT]>,
}

impl State {
    /// Returns true if a revision was held.
    pub fn holds(&self, item: &ItemHash) -> bool {
        self.items.contains(&short(item))
    }

    /// Reads what [`State::print`] wrote.
    fn read(stream: &mut dyn Read) -> Result<Self, BundleError> {
        let mut line = Vec::new();
        for _ in 0..100 {
            let mut byte = [0];
            stream.read_exact(&mut byte).map_err(BundleError::reading)?;
            if byte[0] == b'\n' {
                break;
            }
            line.push(byte[0]);
        }
        let line = String::from_utf8_lossy(&line);
        let wiki = line.strip_prefix("everpage-state 1 ").and_then(|id| id.parse().ok());
        let Some(wiki) = wiki else { return Err(BundleError::NotABundle) };
        let mut items = HashSet::new();
        loop {
            let mut item = [0; SHORT];
            match stream.read(&mut item[..1]).map_err(BundleError::reading)? {
                0 => return Ok(Self { wiki, items }),
                _ => stream.read_exact(&mut item[1..]).map_err(BundleError::reading)?,
            }
            items.insert(item);
        }
    }

    fn print(wiki: WikiId, items: &[[u8; SHORT]]) -> Vec<u8> {
        let mut out = format!("everpage-state 1 {wiki}\n").into_bytes();
        out.extend(items.iter().flatten());
        out
    }
}

fn short(item: &ItemHash) -> [u8; SHORT] {
    let mut short = [0; SHORT];
    short.copy_from_slice(&item.as_bytes()[..SHORT]);
    short
}

/// Why a bundle cannot be made or taken in.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It is something else, or was packed again by another program.
    #[error(
        "this is not a bundle made by everpage bundle. A tar of a folder “pages” can be unpacked \
         into the data directory with: tar --skip-old-files -xf FILE"
    )]
    NotABundle,
    /// It was made by a newer program.
    #[error(
        "the bundle uses version {0} of the format, but this program knows only {FORMAT}; please update it"
    )]
    Version(u32),
    /// It is of another wiki.
    #[error(
        "the bundle belongs to another wiki ({theirs}; this one is {ours}), so nothing was added. To \
         merge the two into one for good, add --join"
    )]
    OtherWiki {
        /// This wiki.
        ours: WikiId,
        /// The bundle's.
        theirs: WikiId,
    },
    /// It cannot be read.
    #[error("could not read the bundle")]
    Read(#[source] io::Error),
    /// It cannot be written.
    #[error("could not write the bundle")]
    Write(#[source] io::Error),
    /// The wiki here cannot do its part.
    #[error(transparent)]
    Replica(#[from] ReplicaError),
}

impl BundleError {
    fn reading(error: io::Error) -> Self {
        Self::Read(error)
    }
}
