//! Who may ask: tokens of peers, shown once and kept as digests in `local/peers.toml`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::error::ReplicaError;
use super::host::Grant;
use super::place::write_durably;

/// Marks a token, so that it is recognised where it should not be.
const PREFIX: &str = "everpage-";
const FILE: &str = "peers.toml";

/// The tokens that were given to peers.
#[derive(Debug)]
pub struct Tokens {
    local: PathBuf,
}

/// A peer that was given a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// The SHA-256 of its token.
    pub token: String,
    /// It may not hand anything over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
}

/// Why a peer cannot be added or removed.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The name is in use.
    #[error("there is already a peer named “{0}”; remove it first, or choose another name")]
    Taken(String),
    /// There is no such peer.
    #[error("there is no peer named “{0}”; see everpage peer ls")]
    Unknown(String),
    /// The name is not one.
    #[error("the name of a peer must have 1 to 60 letters, digits, dots, dashes or underscores")]
    Name,
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] ReplicaError),
}

impl Tokens {
    /// Uses `local/peers.toml` of a data directory.
    pub fn new(data: &Path) -> Self {
        Self { local: data.join("local") }
    }

    /// Returns all peers by name.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn list(&self) -> Result<BTreeMap<String, Peer>, ReplicaError> {
        let path = self.local.join(FILE);
        let failed = |source| ReplicaError::Local { action: "read", path: path.clone(), source };
        match fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text)
                .map_err(|e| failed(io::Error::new(io::ErrorKind::InvalidData, e))),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(e) => Err(failed(e)),
        }
    }

    /// Returns true if no peer was ever added, without reading anything.
    pub fn is_empty(&self) -> bool {
        !self.local.join(FILE).exists()
    }

    /// Adds a peer and returns its token, which cannot be read again. `drawn` are random.
    ///
    /// # Errors
    /// If the name is invalid or already in use, or the file cannot be written.
    pub fn add(&self, name: &str, read_only: bool, drawn: [Uuid; 2]) -> Result<String, TokenError> {
        let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
        if name.is_empty() || name.len() > 60 || !name.chars().all(allowed) {
            return Err(TokenError::Name);
        }
        let mut peers = self.list()?;
        if peers.contains_key(name) {
            return Err(TokenError::Taken(name.to_owned()));
        }
        let token = format!("{PREFIX}{}{}", drawn[0].simple(), drawn[1].simple());
        peers.insert(name.to_owned(), Peer { token: digest(&token), read_only });
        self.write(&peers)?;
        Ok(token)
    }

    /// Removes a peer: its token is not known from now on.
    ///
    /// # Errors
    /// If there is no such peer, or the file cannot be written.
    pub fn remove(&self, name: &str) -> Result<(), TokenError> {
        let mut peers = self.list()?;
        if peers.remove(name).is_none() {
            return Err(TokenError::Unknown(name.to_owned()));
        }
        Ok(self.write(&peers)?)
    }

    /// Returns what the holder of a token may do; `None` for an unknown one.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn grant(&self, token: &str) -> Result<Option<Grant>, ReplicaError> {
        // Digests are compared, so the time it takes tells nothing about a token.
        let digest = digest(token);
        let peers = self.list()?;
        let found = peers.into_iter().find(|(_, peer)| peer.token == digest);
        Ok(found.map(|(name, peer)| Grant { name, read_only: peer.read_only }))
    }

    fn write(&self, peers: &BTreeMap<String, Peer>) -> Result<(), ReplicaError> {
        let text = toml::to_string(peers).unwrap_or_else(|_| unreachable!("texts are TOML"));
        fs::create_dir_all(&self.local).map_err(|source| ReplicaError::Local {
            action: "make",
            path: self.local.clone(),
            source,
        })?;
        write_durably(&self.local, FILE, &text)
    }
}

fn digest(token: &str) -> String {
    hex::encode(Sha256::digest(token))
}
