//! Asking about one document, and handing over its next revision unless it has moved on.
//!
//! One round trip: a [`Question`] says what is held here; the answer is a [`Told`] and a stream of
//! what is missing here. A question that hands a revision over is a save: the other side takes it
//! only while its winner is a revision that is held here, so two servers that save on one upstream
//! cannot both save over each other unseen.
//!
//! Both travel as a note (its length as u32, big-endian, then JSON) with frames after it.

use std::collections::HashSet;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::receive::{Fate, Outcome};
use crate::model::path::{DocKey, DocPath};
use crate::model::revision::RevisionId;

/// The most ids that a question names, the newest first.
pub const MAX_HELD: usize = 256;
/// The most bytes of a note.
const MAX_NOTE: usize = 256 << 10;

/// What is asked about a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The document.
    pub path: String,
    /// The newest revisions that are held here whole.
    pub held: Vec<String>,
    /// Revisions with lower numbers than this are not asked about: they are a sync's matter.
    pub from: u64,
    /// One revision follows, to be taken only while the winner is one of these.
    pub hand_over: bool,
}

impl Question {
    /// Asks about a document of which these revisions are held.
    pub fn new(path: &DocPath, held: &[RevisionId], hand_over: bool) -> Self {
        let mut newest = held.to_vec();
        newest.sort_unstable_by(|a, b| b.cmp(a));
        let cut = newest.len() > MAX_HELD;
        newest.truncate(MAX_HELD);
        // Others with the lowest number may have been cut off.
        let from = newest.last().filter(|_| cut).map_or(0, |lowest| lowest.number() + 1);
        Self {
            path: path.as_str().to_owned(),
            held: newest.iter().map(ToString::to_string).collect(),
            from,
            hand_over,
        }
    }

    /// Reads the document and what is held of it.
    ///
    /// # Errors
    /// If a name or an id is invalid: the reason, in words.
    pub fn read(&self) -> Result<(DocPath, Known), String> {
        let path = DocPath::new(&self.path)
            .map_err(|reason| format!("that is not a valid name for a document: {reason}"))?;
        if self.held.len() > MAX_HELD {
            return Err(format!("at most {MAX_HELD} revisions can be named"));
        }
        let ids: Result<HashSet<RevisionId>, _> = self.held.iter().map(|id| id.parse()).collect();
        let ids = ids.map_err(|reason| format!("that is not a valid revision id: {reason}"))?;
        Ok((path, Known { ids, from: self.from }))
    }
}

/// What the asking side holds of a document, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    ids: HashSet<RevisionId>,
    from: u64,
}

impl Known {
    /// Tells whether a revision is held there, or too old to be asked about.
    pub fn has(&self, id: RevisionId) -> bool {
        id.number() < self.from || self.ids.contains(&id)
    }
}

/// What the other side says of a document, before what is missing here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Its winner is a revision that is not held here, so it took nothing.
    pub moved_on: bool,
    /// It gave this side a token for reading only, and takes nothing.
    pub read_only: bool,
    /// What was named as held and is missing there.
    pub lacks: Vec<String>,
    /// What became of the revision that was handed over, once that is durable.
    pub outcomes: Vec<Outcome>,
}

impl Told {
    /// Tells whether the revision that was handed over is there now.
    pub fn took(&self) -> bool {
        let there = |o: &Outcome| matches!(o.fate, Fate::Stored | Fate::Already | Fate::Healed);
        !self.moved_on && !self.outcomes.is_empty() && self.outcomes.iter().all(there)
    }
}

/// Holds a stream of frames to one document, and to what its sender knew of it.
#[derive(Debug)]
pub struct Only<'a> {
    /// The document.
    pub key: DocKey,
    /// Where given, revisions are taken only while the winner is one of these.
    pub known: Option<&'a Known>,
    moved_on: AtomicBool,
}

impl<'a> Only<'a> {
    /// Holds a stream to one document.
    pub fn new(path: &DocPath, known: Option<&'a Known>) -> Self {
        Self { key: path.key(), known, moved_on: AtomicBool::new(false) }
    }

    /// Notes that the document has another winner.
    pub(super) fn note_moved_on(&self) {
        self.moved_on.store(true, Ordering::Relaxed);
    }

    /// Tells whether something was not taken because the document has moved on.
    pub fn moved_on(&self) -> bool {
        self.moved_on.load(Ordering::Relaxed)
    }
}

/// Writes a note.
pub fn write_note(note: &impl Serialize) -> Vec<u8> {
    let json = serde_json::to_vec(note).unwrap_or_else(|_| unreachable!("texts are JSON"));
    let mut out = (json.len() as u32).to_be_bytes().to_vec();
    out.extend_from_slice(&json);
    out
}

/// Reads a note; the frames follow.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] if it is malformed, and what the reader returns.
pub fn read_note<T: DeserializeOwned>(stream: &mut dyn Read) -> io::Result<T> {
    let invalid = |reason: &str| io::Error::new(io::ErrorKind::InvalidData, reason);
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length) as usize;
    if length > MAX_NOTE {
        return Err(invalid("a note is too long"));
    }
    let mut json = vec![0; length];
    stream.read_exact(&mut json)?;
    serde_json::from_slice(&json).map_err(|_| invalid("a note cannot be read"))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id(number: u64, nonce: u128) -> RevisionId {
        RevisionId::new(number, Uuid::from_u128(nonce)).unwrap()
    }

    #[test]
    fn what_was_not_named_is_not_taken_for_missing() {
        let held: Vec<RevisionId> = (0..600).map(|n| id(1 + n / 3, u128::from(n))).collect();
        let question = Question::new(&DocPath::new("A.md").unwrap(), &held, false);
        assert_eq!(question.held.len(), MAX_HELD);
        let (_, known) = question.read().unwrap();
        assert!(held.iter().all(|id| known.has(*id)));
        assert!(!known.has(id(200, 9_999)) && !known.has(id(201, 1)));
        let all = Question::new(&DocPath::new("A.md").unwrap(), &held[..3], false);
        assert!(!all.read().unwrap().1.has(id(1, 77)), "all were named");
    }

    #[test]
    fn a_note_reads_back_and_a_strange_one_is_refused() {
        let told = Told { moved_on: true, ..Told::default() };
        let mut bytes = write_note(&told);
        assert_eq!(read_note::<Told>(&mut &bytes[..]).unwrap(), told);
        bytes[4] = b'[';
        assert!(read_note::<Told>(&mut &bytes[..]).is_err());
        assert!(read_note::<Told>(&mut &[0xff; 9][..]).is_err());
        assert!(read_note::<Told>(&mut &[0, 0, 0, 9, b'{'][..]).is_err());
    }

    #[test]
    fn a_question_with_strange_names_is_refused() {
        let good = Question::new(&DocPath::new("A.md").unwrap(), &[id(1, 1)], true);
        for bad in [
            Question { path: "../A.md".to_owned(), ..good.clone() },
            Question { held: vec!["x".to_owned()], ..good.clone() },
            Question { held: vec![id(1, 1).to_string(); MAX_HELD + 1], ..good.clone() },
        ] {
            assert!(bad.read().is_err(), "{bad:?}");
        }
    }
}
