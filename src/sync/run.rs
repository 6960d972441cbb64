//! One run: find the difference, fetch, push, and say what came of it.

use std::collections::HashSet;
use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::error::{Refused, SyncError};
use super::frame::Frames;
use super::host::hello_of;
use super::identity::Hello;
use super::item::ItemHash;
use super::receive::{Fate, Interruption, MAX_ITEMS, Outcome, Terms, take_in};
use super::remote::{Remote, RemoteError};
use super::replica::Replica;
use super::set::{Difference, Malformed};
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;

/// The most revisions that are handed over in one request: what an interruption repeats.
const PUSH_ITEMS: usize = 4_096;
/// How many bytes of files make a request full.
const PUSH_BYTES: u64 = 64 << 20;

/// Which way revisions go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Both.
    #[default]
    Both,
    /// Only from there to here.
    Pull,
    /// Only from here to there.
    Push,
}

/// What a run shall do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Which way revisions go.
    pub direction: Direction,
    /// Find the difference and change nothing.
    pub dry_run: bool,
    /// Become part of the other side's wiki, where it is another one.
    pub join: bool,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The difference is being looked for; that many round trips so far.
    Comparing(usize),
    /// So many of so many revisions were dealt with, in that direction.
    Fetching(u64, u64),
    /// As [`Progress::Fetching`], the other way.
    Pushing(u64, u64),
}

/// What a run came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// How many revisions were missing here, and how many there.
    pub missing_here: u64,
    /// See `missing_here`.
    pub missing_there: u64,
    /// Revisions that came and are durable now.
    pub received: u64,
    /// Damaged revisions that were replaced by whole ones, here.
    pub healed: u64,
    /// Revisions that were handed over and are durable there.
    pub sent: u64,
    /// What was set aside here, and why.
    pub quarantined: Vec<Outcome>,
    /// What was set aside there, and why.
    pub refused: Vec<Outcome>,
    /// Revisions that the other side named and did not send.
    pub not_sent: u64,
    /// Revisions that are larger than the other side takes.
    pub too_large: u64,
    /// Revisions that wait in quarantine here since an earlier run with this peer.
    pub waiting_here: u64,
    /// Bytes of the files that came and went.
    pub bytes_received: u64,
    /// Round trips, all together.
    pub round_trips: u64,
    /// All of the difference was found; else another run goes on.
    pub complete: bool,
}

impl Summary {
    /// Returns true if the two hold the same now, as far as this run was asked to see to it.
    pub fn is_clean(&self) -> bool {
        self.complete
            && self.quarantined.is_empty()
            && self.refused.is_empty()
            && self.not_sent == 0
            && self.too_large == 0
            && self.waiting_here == 0
    }
}

impl From<Malformed> for SyncError {
    fn from(error: Malformed) -> Self {
        let peer = "the other server".to_owned();
        Self::Remote(RemoteError::Protocol { peer, reason: error.to_string() })
    }
}

/// Exchanges with the other side what either lacks.
///
/// # Errors
/// A [`SyncError`]. What had arrived before stays, and a repeat goes on from there.
pub fn sync(
    replica: &dyn Replica,
    remote: &dyn Remote,
    options: Options,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Summary, SyncError> {
    let mut run = Run::begin(replica, remote, progress)?;
    run.name_ourselves()?;
    let difference = run.compare(options)?;
    run.summary.complete = difference.complete;
    run.summary.missing_here = difference.need.len() as u64;
    run.summary.missing_there = difference.have.len() as u64;
    if options.dry_run {
        return Ok(run.summary);
    }
    if options.direction != Direction::Push {
        run.fetch(&difference.need)?;
    }
    if options.direction != Direction::Pull {
        run.push(&difference)?;
    }
    Ok(run.summary)
}

/// Fetches what the other side said is new there, as far as it is missing here, and returns what came
/// of it and whether something waits for parents that did not come along: then only comparing
/// everything finds them.
///
/// # Errors
/// As [`sync`].
pub fn fetch_news(
    replica: &dyn Replica,
    remote: &dyn Remote,
    items: &[ItemHash],
) -> Result<(Summary, bool), SyncError> {
    let from = remote.name();
    let missing: Vec<ItemHash> = items
        .iter()
        .filter(|item| replica.locate(item).is_none() && !replica.is_set_aside(item, &from))
        .copied()
        .collect();
    let mut run = Run::begin(replica, remote, &|_| {})?;
    run.summary.missing_here = missing.len() as u64;
    let (done, mut waits) = (AtomicU64::new(0), false);
    for batch in missing.chunks(MAX_ITEMS) {
        waits |= !run.fetch_batch(batch, true, &done, missing.len() as u64)?.is_empty();
    }
    run.summary.complete = true;
    Ok((run.summary, waits))
}

/// Hands over revisions that are new here to a side that takes files up to `largest` bytes.
///
/// # Errors
/// As [`sync`].
pub fn push_news(
    replica: &dyn Replica,
    remote: &dyn Remote,
    revisions: Vec<(DocPath, RevisionId)>,
    largest: u64,
) -> Result<Summary, SyncError> {
    let mut run = Run::begin(replica, remote, &|_| {})?;
    run.summary.missing_there = revisions.len() as u64;
    run.push_revisions(revisions, largest)?;
    run.summary.complete = true;
    Ok(run.summary)
}

/// Returns what a replica says of itself, after giving a wiki with something in it an id.
pub(super) fn introduce(replica: &dyn Replica) -> Result<Hello, SyncError> {
    let mut hello = hello_of(replica)?;
    if hello.wiki.is_none() && !replica.set()?.is_empty() {
        hello.wiki = Some(replica.name_wiki()?);
    }
    Ok(hello)
}

/// Looks at what the other side says of itself; an empty wiki becomes part of the other's.
pub(super) fn meet(
    replica: &dyn Replica,
    hello: &mut Hello,
    theirs: &Hello,
) -> Result<(), SyncError> {
    let ours = hello.protocol;
    if theirs.protocol != ours {
        return Err(refused(Refused::Protocol { ours, theirs: theirs.protocol }));
    }
    if theirs.replica == hello.replica {
        return Err(refused(Refused::Itself));
    }
    match (hello.wiki, theirs.wiki) {
        (Some(a), Some(b)) if a != b => {
            return Err(refused(Refused::OtherWiki { ours: a, theirs: b }));
        }
        (None, Some(b)) => {
            replica.set_wiki_id(b)?;
            hello.wiki = Some(b);
        }
        _ => {}
    }
    Ok(())
}

struct Run<'a> {
    replica: &'a dyn Replica,
    remote: &'a dyn Remote,
    progress: &'a (dyn Fn(Progress) + Sync),
    hello: Hello,
    theirs: Option<Hello>,
    summary: Summary,
}

impl<'a> Run<'a> {
    fn begin(
        replica: &'a dyn Replica,
        remote: &'a dyn Remote,
        progress: &'a (dyn Fn(Progress) + Sync),
    ) -> Result<Self, SyncError> {
        let hello = hello_of(replica)?;
        let summary = Summary::default();
        Ok(Self { replica, remote, progress, hello, theirs: None, summary })
    }

    /// A wiki with something in it has an id of its own from its first exchange on.
    fn name_ourselves(&mut self) -> Result<(), SyncError> {
        self.hello = introduce(self.replica)?;
        Ok(())
    }

    fn adopt(&mut self, wiki: super::identity::WikiId) -> Result<(), SyncError> {
        self.replica.set_wiki_id(wiki)?;
        self.hello.wiki = Some(wiki);
        Ok(())
    }

    fn compare(&mut self, options: Options) -> Result<Difference, SyncError> {
        let set = self.replica.set()?;
        match self.try_compare(&set) {
            Err(SyncError::Remote(RemoteError::Refused(Refused::OtherWiki { theirs, .. })))
                if options.join =>
            {
                self.adopt(theirs)?;
                self.try_compare(&set)
            }
            other => other,
        }
    }

    fn try_compare(&mut self, set: &super::set::Set) -> Result<Difference, SyncError> {
        let mut rounds = 0;
        set.difference(&mut |message| {
            rounds += 1;
            (self.progress)(Progress::Comparing(rounds));
            let (theirs, answer) = self.remote.reconcile(&self.hello, message)?;
            self.check(&theirs)?;
            self.summary.round_trips += 1;
            Ok::<_, SyncError>(answer)
        })
    }

    /// Looks at what the other side says of itself; an empty wiki becomes part of the other's.
    fn check(&mut self, theirs: &Hello) -> Result<(), SyncError> {
        meet(self.replica, &mut self.hello, theirs)?;
        self.theirs = Some(*theirs);
        Ok(())
    }

    fn fetch(&mut self, need: &[ItemHash]) -> Result<(), SyncError> {
        let total = need.len() as u64;
        let mut wanted: Vec<ItemHash> = Vec::with_capacity(need.len());
        let from = self.remote.name();
        for item in need {
            if self.replica.is_set_aside(item, &from) {
                self.summary.waiting_here += 1;
            } else {
                wanted.push(*item);
            }
        }
        let done = AtomicU64::new(self.summary.waiting_here);
        // What may enter only after its parents is asked for again at the end, as long as that helps.
        loop {
            let before = wanted.len();
            let mut later = Vec::new();
            let last = self.summary.received + self.summary.healed;
            for batch in wanted.chunks(MAX_ITEMS) {
                later.extend(self.fetch_batch(batch, true, &done, total)?);
            }
            let helped = self.summary.received + self.summary.healed > last;
            if later.is_empty() {
                return Ok(());
            }
            if !helped || later.len() == before {
                for batch in later.chunks(MAX_ITEMS) {
                    self.fetch_batch(batch, false, &done, total)?;
                }
                return Ok(());
            }
            wanted = later;
        }
    }

    /// Fetches some revisions and returns those that wait for their parents.
    fn fetch_batch(
        &mut self,
        wanted: &[ItemHash],
        wait_for_parents: bool,
        done: &AtomicU64,
        total: u64,
    ) -> Result<Vec<ItemHash>, SyncError> {
        let from = self.remote.name();
        let mut stream = self.remote.fetch(&self.hello, wanted)?;
        self.summary.round_trips += 1;
        let asked: HashSet<ItemHash> = wanted.iter().copied().collect();
        let terms = Terms { from: &from, wanted: Some(asked), wait_for_parents };
        let progress = self.progress;
        let reception = take_in(self.replica, &mut stream, terms, &|_| {
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            progress(Progress::Fetching(done.min(total), total));
        });
        let mut waiting = Vec::new();
        let count = reception.outcomes.len();
        self.summary.bytes_received += reception.bytes;
        for outcome in reception.outcomes {
            match &outcome.fate {
                Fate::Stored => self.summary.received += 1,
                Fate::Healed => self.summary.healed += 1,
                Fate::Already => {}
                Fate::Waiting => waiting.extend(item_of(&outcome)),
                Fate::Quarantined { .. } => self.summary.quarantined.push(outcome),
            }
        }
        match reception.end {
            Ok(()) => {}
            Err(Interruption::Replica(error)) => return Err(error.into()),
            Err(Interruption::Stream(error)) => return Err(self.broke("fetch from", error)),
        }
        self.summary.not_sent += wanted.len().saturating_sub(count) as u64;
        Ok(waiting)
    }

    fn broke(&self, action: &'static str, source: io::Error) -> SyncError {
        let peer = self.remote.name();
        if source.kind() == io::ErrorKind::InvalidData {
            return RemoteError::Protocol { peer, reason: source.to_string() }.into();
        }
        RemoteError::Broken { action, peer, source }.into()
    }

    fn push(&mut self, difference: &Difference) -> Result<(), SyncError> {
        let largest = self.theirs.map_or(u64::MAX, |t| t.largest);
        // Under another date there: fetched or set aside already, and no help to the other side.
        let both: HashSet<&ItemHash> = difference.need.iter().collect();
        let found = difference
            .have
            .iter()
            .filter(|item| !both.contains(item))
            .filter_map(|item| self.replica.locate(item))
            .collect();
        self.push_revisions(found, largest)
    }

    fn push_revisions(
        &mut self,
        mut found: Vec<(DocPath, RevisionId)>,
        largest: u64,
    ) -> Result<(), SyncError> {
        found.sort_unstable();
        let total = found.len() as u64;
        let mut done = 0;
        let mut rest = found.into_iter().peekable();
        while rest.peek().is_some() {
            let (mut batch, mut bytes) = (Vec::new(), 0);
            while batch.len() < PUSH_ITEMS && bytes < PUSH_BYTES {
                let Some((path, id)) = rest.next() else { break };
                let length = self.replica.open(&path, id)?.map_or(0, |file| file.length);
                if length > largest {
                    self.summary.too_large += 1;
                    continue;
                }
                bytes += length;
                batch.push((path, id));
            }
            if batch.is_empty() {
                continue;
            }
            let sent = batch.len() as u64;
            let mut frames = Frames::new(self.replica, batch);
            let mut counted = Counted { frames: &mut frames, done, total, progress: self.progress };
            let outcomes = self.remote.push(&self.hello, &mut counted)?;
            self.summary.round_trips += 1;
            done += sent;
            (self.progress)(Progress::Pushing(done, total));
            for outcome in outcomes {
                match outcome.fate {
                    Fate::Stored | Fate::Healed | Fate::Already => self.summary.sent += 1,
                    Fate::Waiting | Fate::Quarantined { .. } => self.summary.refused.push(outcome),
                }
            }
        }
        Ok(())
    }
}

fn refused(refused: Refused) -> SyncError {
    SyncError::Remote(RemoteError::Refused(refused))
}

fn item_of(outcome: &Outcome) -> Option<ItemHash> {
    let path = DocPath::new(&outcome.path).ok()?;
    Some(ItemHash::of(&path.key(), outcome.id.parse().ok()?))
}

/// Tells how far a push is while it is read.
struct Counted<'a, 'b> {
    frames: &'a mut Frames<'b>,
    done: u64,
    total: u64,
    progress: &'a (dyn Fn(Progress) + Sync),
}

impl Read for Counted<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let before = self.frames.sent();
        let read = self.frames.read(buffer)?;
        if self.frames.sent() != before {
            (self.progress)(Progress::Pushing(self.done + self.frames.sent(), self.total));
        }
        Ok(read)
    }
}
