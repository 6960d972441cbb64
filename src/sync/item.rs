//! What is reconciled: for each whole revision one item, the same on every replica that holds it.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::model::path::DocKey;
use crate::model::revision::RevisionId;

/// Stands for one revision of one document: the SHA-256 of the document's folded name, a zero byte
/// and the revision's id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemHash([u8; 32]);

impl ItemHash {
    /// How many bytes it has.
    pub const LENGTH: usize = 32;

    /// Makes the hash of a revision.
    pub fn of(document: &DocKey, id: RevisionId) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(document.as_str());
        hasher.update([0]);
        hasher.update(id.to_string());
        Self(hasher.finalize().into())
    }

    /// Takes the bytes that a peer sent.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for ItemHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for ItemHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", hex::encode(&self.0[..6]))
    }
}

impl FromStr for ItemHash {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

/// A revision as it stands in the set: ordered by date first, so that what two replicas do not
/// share, which is mostly recent, lies close together. Time decides nothing by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Item {
    /// Seconds of the date in the header; 0 for a bare revision or where there is none.
    pub timestamp: u64,
    /// Which revision.
    pub hash: ItemHash,
}

impl Item {
    /// Makes the item of a revision; `date` is the one in its header.
    pub fn of(document: &DocKey, id: RevisionId, date: Option<Timestamp>) -> Self {
        let timestamp = date.and_then(|d| u64::try_from(d.as_second()).ok()).unwrap_or(0);
        Self { timestamp, hash: ItemHash::of(document, id) }
    }
}
