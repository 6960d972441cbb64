//! What a peer sent and may not enter: set aside for a person to look at, never part of a page.
//!
//! `local/quarantine/` holds two files a revision, named after what it is called and who sent it:
//! `….json` says what it is, where it came from and why it is here, `….revision` holds its bytes. What
//! one peer sent does not keep out what another sends under the same name, or a liar could hold up
//! what is honest. Both are bounded in number
//! and size, so that a hostile peer costs a known amount of disk; what does not fit any more is
//! counted in the log only.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::ReplicaError;
use super::item::ItemHash;

/// The most revisions that are set aside at a time.
pub const MOST: usize = 1_000;
/// The most bytes that all of them may have.
pub const MOST_BYTES: u64 = 256 << 20;
/// The most bytes of a text that is kept of what a peer said.
const MOST_TEXT: usize = 1_100;

/// A revision that may not enter, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspect {
    /// Stands for it in commands; also the name of its files.
    pub name: String,
    /// The document, as the peer named it.
    pub path: String,
    /// The revision, as the peer named it.
    pub id: String,
    /// Why it may not enter.
    pub reason: String,
    /// The peer that sent it.
    pub from: String,
    /// How many bytes the peer said it has.
    pub length: u64,
    /// Its bytes are here, and can be looked at or accepted.
    #[serde(default)]
    pub bytes: bool,
    /// When it came.
    #[serde(default)]
    pub at: Option<Timestamp>,
}

impl Suspect {
    /// Describes a revision by what the peer said of it.
    pub fn new(path: &str, id: &str, length: u64, reason: String, from: &str) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(path);
        hasher.update([0]);
        hasher.update(id);
        hasher.update([0]);
        hasher.update(from);
        let name = hex::encode(&hasher.finalize()[..8]);
        let tidy = |text: &str| crate::model::file::tidy(text, MOST_TEXT);
        Self {
            name,
            path: tidy(path),
            id: tidy(id),
            reason,
            from: tidy(from),
            length,
            bytes: false,
            at: None,
        }
    }

    fn sent(&self) -> Option<(ItemHash, String)> {
        Some((self.item()?, self.from.clone()))
    }

    /// Returns the item that it would be, if document and revision can be what they are called.
    pub fn item(&self) -> Option<ItemHash> {
        let path = crate::model::path::DocPath::new(&self.path).ok()?;
        Some(ItemHash::of(&path.key(), self.id.parse().ok()?))
    }
}

/// The directory of what was set aside.
#[derive(Debug)]
pub struct Quarantine {
    dir: PathBuf,
    known: Mutex<Known>,
}

/// What is in the directory, as it was read last; another process may change it, too.
#[derive(Debug, Default)]
struct Known {
    modified: Option<SystemTime>,
    suspects: Vec<Suspect>,
    /// What each is called, and who sent it.
    items: HashSet<(ItemHash, String)>,
}

impl Quarantine {
    /// Uses `local/quarantine` of a data directory; nothing is made before something is set aside.
    pub fn new(data: &Path) -> Self {
        Self { dir: data.join("local").join("quarantine"), known: Mutex::default() }
    }

    /// Sets a revision aside. What was set aside before stays as it is.
    ///
    /// # Errors
    /// If it cannot be written; too much is no error.
    pub fn add(
        &self,
        suspect: &Suspect,
        at: Timestamp,
        file: Option<&mut dyn Read>,
    ) -> Result<(), ReplicaError> {
        let mut known = self.known.lock();
        self.look(&mut known)?;
        if known.suspects.iter().any(|s| s.name == suspect.name) {
            return Ok(());
        }
        tracing::warn!(
            path = suspect.path,
            id = suspect.id,
            from = suspect.from,
            reason = suspect.reason,
            "a revision from a peer was set aside"
        );
        if known.suspects.len() >= MOST {
            tracing::warn!(most = MOST, "the quarantine is full; everpage quarantine ls lists it");
            return Ok(());
        }
        let used: u64 = known.suspects.iter().filter(|s| s.bytes).map(|s| s.length).sum();
        let mut suspect = Suspect { at: Some(at), ..suspect.clone() };
        fs::create_dir_all(&self.dir).map_err(|e| failed("make", &self.dir, e))?;
        if let Some(file) = file
            && used.saturating_add(suspect.length) <= MOST_BYTES
        {
            suspect.bytes = self.write_bytes(&suspect, file)?;
        }
        self.write_note(&suspect)?;
        known.items.extend(suspect.sent());
        known.suspects.push(suspect);
        known.modified = self.modified();
        Ok(())
    }

    fn modified(&self) -> Option<SystemTime> {
        fs::metadata(&self.dir).and_then(|meta| meta.modified()).ok()
    }

    /// Reads the directory again if it changed.
    fn look(&self, known: &mut Known) -> Result<(), ReplicaError> {
        let modified = self.modified();
        if known.modified != modified {
            known.suspects = self.read_all()?;
            known.items = known.suspects.iter().filter_map(Suspect::sent).collect();
            known.modified = modified;
        }
        Ok(())
    }

    fn write_bytes(&self, suspect: &Suspect, file: &mut dyn Read) -> Result<bool, ReplicaError> {
        let path = self.bytes_of(&suspect.name);
        let mut target = File::create(&path).map_err(|e| failed("create", &path, e))?;
        let copied = io::copy(&mut file.take(suspect.length), &mut target)
            .map_err(|e| failed("write", &path, e))?;
        Ok(copied == suspect.length)
    }

    fn write_note(&self, suspect: &Suspect) -> Result<(), ReplicaError> {
        let path = self.note_of(&suspect.name);
        let text = serde_json::to_vec_pretty(suspect)
            .unwrap_or_else(|_| unreachable!("texts and numbers are JSON"));
        let mut file = File::create(&path).map_err(|e| failed("create", &path, e))?;
        file.write_all(&text).map_err(|e| failed("write", &path, e))
    }

    /// Returns everything that is set aside, the newest last.
    ///
    /// # Errors
    /// If the directory cannot be read.
    pub fn list(&self) -> Result<Vec<Suspect>, ReplicaError> {
        let mut all = self.read_all()?;
        all.sort_by(|a, b| (a.at, &a.name).cmp(&(b.at, &b.name)));
        Ok(all)
    }

    fn read_all(&self) -> Result<Vec<Suspect>, ReplicaError> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(failed("list", &self.dir, e)),
        };
        let mut all = Vec::new();
        for entry in entries.flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|e| e == "json")
                && let Ok(text) = fs::read(&path)
                && let Ok(suspect) = serde_json::from_slice::<Suspect>(&text)
                && path.file_stem().is_some_and(|s| s.to_str() == Some(&suspect.name))
            {
                all.push(suspect);
            }
        }
        Ok(all)
    }

    /// Returns true if a revision that this peer sent is set aside.
    pub fn contains(&self, item: &ItemHash, from: &str) -> bool {
        let sent = (*item, crate::model::file::tidy(from, MOST_TEXT));
        let mut known = self.known.lock();
        self.look(&mut known).is_ok() && known.items.contains(&sent)
    }

    /// Opens the bytes of a revision that is set aside, if they are here.
    ///
    /// # Errors
    /// If they cannot be opened.
    pub fn open(&self, suspect: &Suspect) -> Result<Option<File>, ReplicaError> {
        if !suspect.bytes {
            return Ok(None);
        }
        let path = self.bytes_of(&suspect.name);
        File::open(&path).map(Some).map_err(|e| failed("open", &path, e))
    }

    /// Forgets a revision that was set aside; a peer that has it will send it again.
    ///
    /// # Errors
    /// If its files cannot be removed.
    pub fn remove(&self, suspect: &Suspect) -> Result<(), ReplicaError> {
        let mut known = self.known.lock();
        for path in [self.bytes_of(&suspect.name), self.note_of(&suspect.name)] {
            match fs::remove_file(&path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => {
                    return Err(failed("remove", &path, e));
                }
                _ => {}
            }
        }
        known.modified = None;
        Ok(())
    }

    fn bytes_of(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.revision"))
    }

    fn note_of(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.json"))
    }
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> ReplicaError {
    ReplicaError::Local { action, path: path.to_owned(), source }
}
