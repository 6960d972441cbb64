//! Taking in a stream of frames: each revision is judged, then made durable, then acknowledged.
//!
//! One thread reads and judges, several write, so that small revisions share the cost of being made
//! durable. Memory stays bounded: small files wait in a short queue, large ones go to disk as they
//! come. What may not enter is set aside with its reason and does not stop the others.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Read};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::error::ReplicaError;
use super::frame::{FrameHead, SMALL};
use super::item::ItemHash;
use super::page::{Known, Only};
use super::quarantine::Suspect;
use super::replica::Replica;
use crate::model::admission::{self, Held, Refusal};
use crate::model::file::{HEAD_BYTES, named_id, parse, parse_head};
use crate::model::path::{DocKey, DocPath};
use crate::model::revision::RevisionId;
use crate::store::{Before, Body, StoreError};

/// The most revisions in one stream.
pub const MAX_ITEMS: usize = 65_536;
/// The most bytes of a file that is taken only if its document has not moved on: it is judged in one
/// piece, and is more than any page.
const MAX_HANDED_OVER: u64 = 8 << 20;

/// What became of one revision that a peer sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The document, as it was sent.
    pub path: String,
    /// The revision, as it was sent.
    pub id: String,
    /// What became of it.
    #[serde(flatten)]
    pub fate: Fate,
}

/// See [`Outcome`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fate", rename_all = "kebab-case")]
pub enum Fate {
    /// It is here now, on stable storage.
    Stored,
    /// It was here before.
    Already,
    /// It took the place of a damaged one.
    Healed,
    /// It may enter once its parents are here, which may still come.
    Waiting,
    /// It may not enter and was set aside.
    Quarantined {
        /// Why.
        reason: String,
    },
}

/// What a stream is held to.
#[derive(Debug)]
pub struct Terms<'a> {
    /// The peer that sends it.
    pub from: &'a str,
    /// What was asked for; `None` where the peer chooses.
    pub wanted: Option<HashSet<ItemHash>>,
    /// Leaves out what could enter after its parents, as those may come later.
    pub wait_for_parents: bool,
}

/// What a stream came to.
#[derive(Debug)]
pub struct Reception {
    /// What became of each revision that came whole, in order.
    pub outcomes: Vec<Outcome>,
    /// How many bytes their files had.
    pub bytes: u64,
    /// How it ended.
    pub end: Result<(), Interruption>,
}

/// Why a stream was not taken in to its end.
#[derive(Debug, thiserror::Error)]
pub enum Interruption {
    /// It broke, or is no such stream.
    #[error("the stream of revisions ended early")]
    Stream(#[source] io::Error),
    /// What is taken in cannot be kept.
    #[error(transparent)]
    Replica(#[from] ReplicaError),
}

/// Takes in a stream of frames. On return everything that has an outcome is durable and shown.
pub fn take_in(
    replica: &dyn Replica,
    stream: &mut dyn Read,
    terms: Terms<'_>,
    seen: &(dyn Fn(u64) + Sync),
) -> Reception {
    take_in_telling(replica, stream, terms, seen, &|_| {})
}

/// Takes in a stream as [`take_in`] does, and says of each revision that may enter that the peer has
/// it, before it is shown to anyone.
pub fn take_in_telling(
    replica: &dyn Replica,
    stream: &mut dyn Read,
    terms: Terms<'_>,
    seen: &(dyn Fn(u64) + Sync),
    arriving: &dyn Fn(ItemHash),
) -> Reception {
    let desk = Desk {
        replica,
        from: terms.from,
        outcomes: Mutex::default(),
        failure: Mutex::default(),
        seen,
        only: None,
    };
    let writers = replica.writers();
    let (end, bytes) = if writers <= 1 {
        read_all(&desk, stream, terms, arriving, &mut |job| desk.write(job))
    } else {
        let (sender, receiver) = sync_channel(writers);
        let receiver = Mutex::new(receiver);
        thread::scope(|scope| {
            for _ in 0..writers {
                scope.spawn(|| desk.write_all(&receiver));
            }
            let sender: SyncSender<Job> = sender;
            read_all(&desk, stream, terms, arriving, &mut |job| {
                // The writers end only after the sender is dropped.
                let _ = sender.send(job);
            })
        })
    };
    desk.close(bytes, end)
}

/// Takes in a stream that is about one document, in order and on this thread. On return everything
/// that has an outcome is durable and shown; what was not taken because the document has moved on
/// has none, and [`Only::moved_on`] says so.
pub fn take_in_page(
    replica: &dyn Replica,
    stream: &mut dyn Read,
    from: &str,
    only: &Only<'_>,
) -> Reception {
    let desk = Desk {
        replica,
        from,
        outcomes: Mutex::default(),
        failure: Mutex::default(),
        seen: &|_| {},
        only: Some(only),
    };
    let terms = Terms { from, wanted: None, wait_for_parents: false };
    let (end, bytes) = read_all(&desk, stream, terms, &|_| {}, &mut |job| desk.write(job));
    desk.close(bytes, end)
}

/// Shows readers every document that something came for, several at a time.
fn show(replica: &dyn Replica, outcomes: &[Outcome]) {
    let came = outcomes.iter().filter(|o| matches!(o.fate, Fate::Stored | Fate::Healed));
    let mut paths: Vec<DocPath> = came.filter_map(|o| DocPath::new(&o.path).ok()).collect();
    paths.sort_unstable();
    paths.dedup();
    let threads = replica.writers().min(4).min(paths.len());
    if threads <= 1 {
        for path in &paths {
            replica.show(path);
        }
        return;
    }
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                    replica.show(path);
                }
            });
        }
    });
}

/// A revision that may enter, on its way to a writer.
struct Job {
    place: usize,
    path: DocPath,
    id: RevisionId,
    file: Vec<u8>,
}

/// Where outcomes are noted.
struct Desk<'a> {
    replica: &'a dyn Replica,
    from: &'a str,
    outcomes: Mutex<BTreeMap<usize, Outcome>>,
    /// The first failure of the replica itself; nothing is taken in after it.
    failure: Mutex<Option<ReplicaError>>,
    seen: &'a (dyn Fn(u64) + Sync),
    /// The one document that may come.
    only: Option<&'a Only<'a>>,
}

impl Desk<'_> {
    fn close(self, bytes: u64, end: Result<(), Interruption>) -> Reception {
        let outcomes: Vec<Outcome> = self.outcomes.into_inner().into_values().collect();
        show(self.replica, &outcomes);
        let end = match self.failure.into_inner() {
            Some(failure) => Err(Interruption::Replica(failure)),
            None => end,
        };
        Reception { outcomes, bytes, end }
    }

    fn write_all(&self, jobs: &Mutex<Receiver<Job>>) {
        loop {
            let job = jobs.lock().recv();
            match job {
                Ok(job) => self.write(job),
                Err(_) => return,
            }
        }
    }

    fn write(&self, job: Job) {
        if self.failure.lock().is_some() {
            return;
        }
        let Job { place, path, id, file } = job;
        let length = file.len() as u64;
        let received = match self.condition() {
            Some(known) => self.replica.receive_onto(&path, id, &file, known),
            None => self.replica.receive(&path, id, Body::Bytes(&file)).map(Some),
        };
        match received.map_err(sort_error) {
            Ok(None) => self.only.into_iter().for_each(Only::note_moved_on),
            Ok(Some(received)) => {
                self.note(place, path.as_str(), &id.to_string(), fate(received.before));
            }
            Err(Trouble::With(reason)) => {
                let head = FrameHead { name: path.as_str().to_owned(), id: id.to_string(), length };
                self.quarantine(place, &head, reason, Some(&mut &file[..]));
            }
            Err(Trouble::Ours(error)) => self.fail(error),
        }
        (self.seen)(length);
    }

    fn condition(&self) -> Option<&Known> {
        self.only.and_then(|only| only.known)
    }

    fn note(&self, place: usize, path: &str, id: &str, fate: Fate) {
        let outcome = Outcome { path: path.to_owned(), id: id.to_owned(), fate };
        self.outcomes.lock().insert(place, outcome);
    }

    fn quarantine(
        &self,
        place: usize,
        head: &FrameHead,
        reason: String,
        file: Option<&mut dyn Read>,
    ) {
        let suspect = Suspect::new(&head.name, &head.id, head.length, reason.clone(), self.from);
        self.replica.set_aside(&suspect, file);
        self.note(place, &suspect.path, &suspect.id, Fate::Quarantined { reason });
    }

    fn fail(&self, error: ReplicaError) {
        self.failure.lock().get_or_insert(error);
    }
}

fn fate(before: Before) -> Fate {
    match before {
        Before::Nothing => Fate::Stored,
        Before::Same => Fate::Already,
        Before::Damaged => Fate::Healed,
    }
}

/// Whose trouble it is that a revision could not be put in place.
enum Trouble {
    /// That revision's.
    With(String),
    /// Ours, and every further one would meet it.
    Ours(ReplicaError),
}

fn sort_error(error: ReplicaError) -> Trouble {
    let reason = match &error {
        ReplicaError::Store(StoreError::NotWhole { damage, .. }) => damage.to_string(),
        ReplicaError::Store(StoreError::Taken(_)) => {
            "a revision with this id is already here, with other content".to_owned()
        }
        ReplicaError::Store(StoreError::NameTooLong(_)) => {
            "the name is too long for the disk here".to_owned()
        }
        ReplicaError::Store(StoreError::Io { source, .. })
            if source.kind() == io::ErrorKind::NotADirectory =>
        {
            "there is a file in place of its directory; see everpage check".to_owned()
        }
        _ => return Trouble::Ours(error),
    };
    Trouble::With(reason)
}

/// What has come for one document in this stream.
#[derive(Default)]
struct Arrived {
    ids: HashSet<RevisionId>,
    highest: u64,
}

/// What is held of a document, and what came along.
struct Along<'a> {
    replica: &'a dyn Replica,
    path: &'a DocPath,
    arrived: Option<&'a Arrived>,
}

impl Held for Along<'_> {
    fn holds(&self, id: RevisionId) -> bool {
        self.arrived.is_some_and(|a| a.ids.contains(&id)) || self.replica.holds(self.path, id)
    }

    fn highest(&self) -> u64 {
        self.replica.highest(self.path).max(self.arrived.map_or(0, |a| a.highest))
    }
}

fn read_all(
    desk: &Desk<'_>,
    stream: &mut dyn Read,
    mut terms: Terms<'_>,
    arriving: &dyn Fn(ItemHash),
    hand_over: &mut dyn FnMut(Job),
) -> (Result<(), Interruption>, u64) {
    let mut arrived: HashMap<DocKey, Arrived> = HashMap::new();
    let most = terms.wanted.as_ref().map_or(MAX_ITEMS, |w| w.len().min(MAX_ITEMS));
    let mut bytes = 0;
    for place in 0.. {
        if desk.failure.lock().is_some() {
            break;
        }
        let head = match FrameHead::read(stream) {
            Ok(Some(head)) => head,
            Ok(None) => break,
            Err(e) => return (Err(Interruption::Stream(e)), bytes),
        };
        let taken = if place >= most {
            Err(invalid("too many revisions were sent"))
        } else {
            let mut hand_over = |job: Job| {
                arriving(ItemHash::of(&job.path.key(), job.id));
                hand_over(job);
            };
            take_one(desk, stream, &mut terms, &mut arrived, place, &head, &mut hand_over)
        };
        if let Err(error) = taken {
            return (Err(Interruption::Stream(error)), bytes);
        }
        bytes += head.length;
    }
    (Ok(()), bytes)
}

/// Takes in the file that follows a head. An error ends the stream.
fn take_one(
    desk: &Desk<'_>,
    stream: &mut dyn Read,
    terms: &mut Terms<'_>,
    arrived: &mut HashMap<DocKey, Arrived>,
    place: usize,
    head: &FrameHead,
    hand_over: &mut dyn FnMut(Job),
) -> io::Result<()> {
    if head.length > desk.replica.largest() {
        let reason = format!(
            "it has {} bytes, but this server accepts at most {}",
            head.length,
            desk.replica.largest()
        );
        desk.quarantine(place, head, reason, None);
        // It may be endless: nobody reads on to find out.
        return Err(invalid("a revision is larger than this server accepts"));
    }
    let (path, id) = match named(head) {
        Ok(named) => named,
        Err(reason) => return refuse(desk, stream, place, head, reason, &[]),
    };
    let key = path.key();
    if desk.only.is_some_and(|only| only.key != key) {
        return Err(invalid("a revision of another document was sent"));
    }
    if let Some(wanted) = &mut terms.wanted
        && !wanted.remove(&ItemHash::of(&key, id))
    {
        return Err(invalid("a revision was sent that was not requested"));
    }
    let at_once = if desk.condition().is_some() { MAX_HANDED_OVER } else { SMALL };
    let small = head.length <= at_once;
    if !small && desk.condition().is_some() {
        return Err(invalid("a revision is too large to be sent after another one of its page"));
    }
    let first = if small { head.length } else { HEAD_BYTES as u64 };
    let mut begun = Vec::with_capacity(first as usize);
    stream.take(first).read_to_end(&mut begun)?;
    if (begun.len() as u64) < first {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    // What is small is looked at whole, so that nothing leans on a parent that turns out damaged.
    let parsed =
        if small { parse(id, &begun).map(|(head, _)| head) } else { parse_head(id, &begun) };
    let file_head = match parsed {
        Ok(file_head) => file_head,
        Err(damage) => return refuse(desk, stream, place, head, damage.to_string(), &begun),
    };
    let along = Along { replica: desk.replica, path: &path, arrived: arrived.get(&key) };
    match admission::admit(id, &file_head, named_id(&begun), &along) {
        Ok(()) => {}
        Err(Refusal::TooFarAhead { .. }) if terms.wait_for_parents => {
            drain(stream, head.length - begun.len() as u64)?;
            desk.note(place, &head.name, &head.id, Fate::Waiting);
            return Ok(());
        }
        Err(refusal) => return refuse(desk, stream, place, head, refusal.to_string(), &begun),
    }
    if small {
        hand_over(Job { place, path, id, file: begun });
    } else if !receive_large(desk, stream, place, head, &path, id, &begun)? {
        return Ok(());
    }
    let arrived = arrived.entry(key).or_default();
    arrived.ids.insert(id);
    arrived.highest = arrived.highest.max(id.number());
    Ok(())
}

/// Reads what a frame says its revision is called.
fn named(head: &FrameHead) -> Result<(DocPath, RevisionId), String> {
    let path = DocPath::new(&head.name)
        .map_err(|reason| format!("that is not a valid name for a document: {reason}"))?;
    let id =
        head.id.parse().map_err(|reason| format!("that is not a valid revision id: {reason}"))?;
    Ok((path, id))
}

/// Streams a large file to disk; tells whether it is in place now.
fn receive_large(
    desk: &Desk<'_>,
    stream: &mut dyn Read,
    place: usize,
    head: &FrameHead,
    path: &DocPath,
    id: RevisionId,
    begun: &[u8],
) -> io::Result<bool> {
    let mut rest =
        Exact { stream, left: head.length - begun.len() as u64, broken: None, seen: desk.seen };
    let received = {
        let mut whole = begun.chain(&mut rest);
        desk.replica.receive(path, id, Body::Stream(&mut whole))
    };
    if let Some(error) = rest.broken {
        return Err(error);
    }
    let left = rest.left;
    match received.map_err(sort_error) {
        Ok(received) => {
            desk.note(place, &head.name, &head.id, fate(received.before));
            return Ok(true);
        }
        // Its bytes have gone by.
        Err(Trouble::With(reason)) => desk.quarantine(place, head, reason, None),
        Err(Trouble::Ours(error)) => desk.fail(error),
    }
    drain(stream, left)?;
    Ok(false)
}

/// Sets the revision aside, with what was read of its file and what is still to come.
fn refuse(
    desk: &Desk<'_>,
    stream: &mut dyn Read,
    place: usize,
    head: &FrameHead,
    reason: String,
    begun: &[u8],
) -> io::Result<()> {
    let mut rest =
        Exact { stream, left: head.length - begun.len() as u64, broken: None, seen: desk.seen };
    desk.quarantine(place, head, reason, Some(&mut begun.chain(&mut rest)));
    let (left, broken) = (rest.left, rest.broken);
    match broken {
        Some(error) => Err(error),
        None => drain(stream, left),
    }
}

/// Reads just so many bytes; a stream that ends before is broken, and the reason is kept.
struct Exact<'a> {
    stream: &'a mut dyn Read,
    left: u64,
    broken: Option<io::Error>,
    seen: &'a (dyn Fn(u64) + Sync),
}

impl Read for Exact<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if most == 0 {
            return Ok(0);
        }
        let read = match self.stream.read(&mut buffer[..most]) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            other => other,
        };
        match read {
            Ok(read) => {
                self.left -= read as u64;
                (self.seen)(read as u64);
                Ok(read)
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Err(e),
            Err(e) => {
                let kind = e.kind();
                self.broken = Some(e);
                Err(kind.into())
            }
        }
    }
}

fn drain(stream: &mut dyn Read, length: u64) -> io::Result<()> {
    let read = io::copy(&mut stream.take(length), &mut io::sink())?;
    if read < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}

fn invalid(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
