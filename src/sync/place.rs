//! The files of an exchange: the ids, the peers' tokens and the quarantine of a data directory.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use parking_lot::Mutex;
use uuid::Uuid;

use super::error::ReplicaError;
use super::identity::{ReplicaId, WikiId};
use super::quarantine::Quarantine;
use super::tokens::Tokens;

/// Where the id of the wiki lies, below `pages/`.
pub const WIKI_ID_FILE: &str = ".wiki-id";

/// What an exchange keeps on disk besides revisions.
#[derive(Debug)]
pub struct Place {
    pages: PathBuf,
    replica: ReplicaId,
    quarantine: Quarantine,
    tokens: Tokens,
    /// So that two runs cannot give two ids at the same time.
    naming: Mutex<()>,
}

impl Place {
    /// Uses a data directory; makes the replica's id, `fresh`, where it has none.
    ///
    /// # Errors
    /// If the id exists but cannot be read, or cannot be written.
    pub fn open(data: &Path, fresh: Uuid) -> Result<Self, ReplicaError> {
        let local = data.join("local");
        let path = local.join("replica-id");
        let replica = if let Some(id) = read_id(&path)? {
            id
        } else {
            fs::create_dir_all(&local).map_err(|e| failed("make", &local, e))?;
            write_durably(&local, "replica-id", &format!("{fresh}\n"))?;
            ReplicaId(fresh)
        };
        Ok(Self {
            pages: data.join("pages"),
            replica,
            quarantine: Quarantine::new(data),
            tokens: Tokens::new(data),
            naming: Mutex::default(),
        })
    }

    /// Returns the replica's own id.
    pub fn replica_id(&self) -> ReplicaId {
        self.replica
    }

    /// Returns the id of the wiki, if it has one. It is read each time: a copy of the pages may
    /// bring it along.
    ///
    /// # Errors
    /// If it exists but cannot be read.
    pub fn wiki_id(&self) -> Result<Option<WikiId>, ReplicaError> {
        read_id(&self.pages.join(WIKI_ID_FILE))
    }

    /// Gives the wiki an id.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn set_wiki_id(&self, id: WikiId) -> Result<(), ReplicaError> {
        let _naming = self.naming.lock();
        write_durably(&self.pages, WIKI_ID_FILE, &format!("{id}\n"))
    }

    /// Gives the wiki the id `fresh` unless it has one, and returns the one it has then.
    ///
    /// # Errors
    /// If it cannot be read or written.
    pub fn name_wiki(&self, fresh: WikiId) -> Result<WikiId, ReplicaError> {
        let _naming = self.naming.lock();
        if let Some(id) = self.wiki_id()? {
            return Ok(id);
        }
        write_durably(&self.pages, WIKI_ID_FILE, &format!("{fresh}\n"))?;
        Ok(fresh)
    }

    /// Returns what was set aside.
    pub fn quarantine(&self) -> &Quarantine {
        &self.quarantine
    }

    /// Returns the tokens of peers.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }
}

fn read_id<T: FromStr>(path: &Path) -> Result<Option<T>, ReplicaError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(failed("read", path, e)),
    };
    let bad = || io::Error::new(io::ErrorKind::InvalidData, "it must hold one UUID");
    text.parse().map(Some).map_err(|_| failed("read the id in", path, bad()))
}

/// Writes a small file as a whole or not at all, for its owner alone to read and write.
pub(super) fn write_durably(dir: &Path, name: &str, text: &str) -> Result<(), ReplicaError> {
    use std::os::unix::fs::OpenOptionsExt;

    let (target, temp) = (dir.join(name), dir.join(format!("{name}.new")));
    let write = || {
        let mut options = File::options();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&temp)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temp, &target)?;
        File::open(dir)?.sync_all()
    };
    write().map_err(|e| failed("write", &target, e))
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> ReplicaError {
    ReplicaError::Local { action, path: path.to_owned(), source }
}
