//! What a reader has chosen, the same on all their devices: colours, width, what is folded.
//!
//! The one idea is [`Synchronized`]: every choice has a number and a nonce, the highest is supreme
//! and the losers are dropped, so devices only hand their choices in and take back what won. A
//! reader is whoever knows a random key. Nobody would miss much of this, so a file that cannot be
//! read is an empty one, and a file is replaced by renaming, without waiting for the disk.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::SystemTime;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::model::revision::RevisionId;
use crate::model::synchronized::Synchronized;

/// How many settings a reader has.
const MAX_SETTINGS: usize = 64;
/// How long the name of a setting may be, in bytes.
const MAX_NAME: usize = 64;
/// How long the value of a setting may be, in bytes.
const MAX_VALUE: usize = 4 << 10;
/// How large a file may be to be read at all.
const MAX_FILE: u64 = 1 << 20;
/// How many readers are remembered; then the one who was not heard of for longest is forgotten.
const MAX_READERS: usize = 10_000;

/// One setting as it travels and as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// How many assignments led to it.
    pub number: u64,
    /// Decides between equal numbers.
    pub nonce: Uuid,
    /// The value, which means nothing to the server.
    pub value: String,
}

/// The settings of one reader by name.
pub type Settings = BTreeMap<String, Setting>;

/// What a reader is known by: a random text that only they and their devices have.
///
/// It has 32 to 64 letters, digits or hyphens. It is not kept, only its digest is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReaderKey(String);

/// A text that is no reader's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a reader's key has 32 to 64 letters, digits or hyphens")]
pub struct BadReaderKey;

impl FromStr for ReaderKey {
    type Err = BadReaderKey;

    fn from_str(text: &str) -> Result<Self, BadReaderKey> {
        let fits = (32..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if fits { Ok(Self(hex::encode(Sha256::digest(text)))) } else { Err(BadReaderKey) }
    }
}

/// The settings of all readers.
#[derive(Debug)]
pub struct ReaderSettings {
    dir: Option<PathBuf>,
    /// Those of readers of a wiki that keeps none on disk; also makes one change after another.
    memory: Mutex<HashMap<ReaderKey, Settings>>,
}

impl ReaderSettings {
    /// Makes them, kept in `dir` if there is one, which need not exist yet.
    pub fn new(dir: Option<PathBuf>) -> Self {
        Self { dir, memory: Mutex::default() }
    }

    /// Takes in what a device has and returns what holds now. What does not fit is dropped.
    ///
    /// # Errors
    /// If it cannot be kept.
    pub fn exchange(&self, reader: &ReaderKey, theirs: Settings) -> io::Result<Settings> {
        let mut memory = self.memory.lock();
        let mut held = match &self.dir {
            Some(dir) => read(&dir.join(&reader.0)),
            None => memory.get(reader).cloned().unwrap_or_default(),
        };
        let mut changed = false;
        for (name, setting) in theirs {
            changed |= take(&mut held, name, setting);
        }
        if changed {
            if let Some(dir) = &self.dir {
                write(dir, reader, &held)?;
            } else {
                if memory.len() >= MAX_READERS {
                    memory.clear();
                }
                memory.insert(reader.clone(), held.clone());
            }
        }
        Ok(held)
    }
}

/// Takes in one setting if it is supreme.
fn take(held: &mut Settings, name: String, theirs: Setting) -> bool {
    let fits = !name.is_empty() && name.len() <= MAX_NAME && theirs.value.len() <= MAX_VALUE;
    if !fits || (!held.contains_key(&name) && held.len() >= MAX_SETTINGS) {
        return false;
    }
    let ours = held.get(&name).and_then(|s| Some((RevisionId::new(s.number, s.nonce).ok()?, s)));
    let mut value = match ours {
        Some((id, setting)) => Synchronized::restored(setting.value.clone(), id),
        None => Synchronized::new(String::new()),
    };
    let taken = value.remote(theirs.number, theirs.nonce, theirs.value.clone());
    if taken {
        held.insert(name, theirs);
    }
    taken
}

fn read(path: &Path) -> Settings {
    let small = fs::metadata(path).is_ok_and(|m| m.len() <= MAX_FILE);
    let bytes = if small { fs::read(path).unwrap_or_default() } else { Vec::new() };
    serde_json::from_slice(&bytes).unwrap_or_default()
}

fn write(dir: &Path, reader: &ReaderKey, settings: &Settings) -> io::Result<()> {
    let path = dir.join(&reader.0);
    if !path.exists() {
        fs::create_dir_all(dir)?;
        make_room(dir)?;
    }
    // Another server on the same directory must not write into this one's file.
    let temporary = dir.join(format!("{}.{}.tmp", reader.0, std::process::id()));
    fs::write(&temporary, serde_json::to_vec(settings)?)?;
    fs::rename(&temporary, &path)
}

/// Forgets the reader who was not heard of for longest where there are too many.
fn make_room(dir: &Path) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let changed = entry.metadata().and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        files.push((changed, entry.path()));
    }
    if files.len() >= MAX_READERS
        && let Some((_, oldest)) = files.iter().min()
    {
        fs::remove_file(oldest)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    fn setting(number: u64, nonce: u128, value: &str) -> Setting {
        Setting { number, nonce: Uuid::from_u128(nonce), value: value.to_owned() }
    }

    fn one(name: &str, setting: Setting) -> Settings {
        Settings::from([(name.to_owned(), setting)])
    }

    #[test]
    fn devices_agree_on_the_supreme_choice_and_it_outlives_the_server() {
        let temp = tempfile::tempdir().unwrap();
        let (dir, key) = (temp.path().join("settings"), KEY.parse().unwrap());
        let settings = ReaderSettings::new(Some(dir.clone()));
        settings.exchange(&key, one("theme", setting(2, 1, "dark"))).unwrap();
        let held = settings.exchange(&key, one("theme", setting(2, 9, "light"))).unwrap();
        assert_eq!(held["theme"].value, "light");
        let held = settings.exchange(&key, one("theme", setting(1, 99, "dark"))).unwrap();
        assert_eq!(held["theme"].value, "light");
        let again = ReaderSettings::new(Some(dir.clone()));
        assert_eq!(again.exchange(&key, Settings::new()).unwrap(), held);
        let other = "f123456789abcdef0123456789abcdef".parse().unwrap();
        assert!(again.exchange(&other, Settings::new()).unwrap().is_empty());
        // The key itself is nowhere on disk, and asking leaves nothing.
        let names: Vec<_> =
            fs::read_dir(&dir).unwrap().map(|e| e.unwrap().file_name().into_string()).collect();
        assert_eq!(names.len(), 1);
        assert!(!names[0].as_ref().unwrap().contains(KEY));
    }

    #[test]
    fn what_is_absurd_is_dropped() {
        let settings = ReaderSettings::new(None);
        let key = KEY.parse().unwrap();
        let long = "x".repeat(MAX_VALUE + 1);
        for (name, bad) in [
            ("theme", setting(0, 1, "dark")),
            ("theme", setting(u64::MAX, 1, "dark")),
            ("theme", setting(1, 1, &long)),
            ("", setting(1, 1, "dark")),
            (&long, setting(1, 1, "dark")),
        ] {
            assert!(settings.exchange(&key, one(name, bad)).unwrap().is_empty());
        }
        for n in 0..MAX_SETTINGS + 5 {
            settings.exchange(&key, one(&n.to_string(), setting(1, 1, "x"))).unwrap();
        }
        assert_eq!(settings.exchange(&key, Settings::new()).unwrap().len(), MAX_SETTINGS);
    }

    #[test]
    fn a_torn_file_is_an_empty_one() {
        let temp = tempfile::tempdir().unwrap();
        let key: ReaderKey = KEY.parse().unwrap();
        fs::write(temp.path().join(&key.0), "{\"theme\": {\"num").unwrap();
        let settings = ReaderSettings::new(Some(temp.path().to_owned()));
        assert!(settings.exchange(&key, Settings::new()).unwrap().is_empty());
        let held = settings.exchange(&key, one("theme", setting(1, 1, "dark"))).unwrap();
        assert_eq!(held["theme"].value, "dark");
    }

    #[test]
    fn only_long_random_texts_are_keys() {
        assert!("../../../../../../../../etc/passwd".parse::<ReaderKey>().is_err());
        assert!("short".parse::<ReaderKey>().is_err());
        assert!("x".repeat(65).parse::<ReaderKey>().is_err());
    }
}
