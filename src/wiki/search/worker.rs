//! The one thread that writes the index.
//!
//! Documents that changed are put into a set; the thread asks the source what each is now. A change
//! is therefore never lost by coming twice, late or out of order. Whatever goes wrong with the
//! index, its answer is the same: begin an empty one, on disk if possible, and compare with the source.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, RwLock};
use tantivy::{IndexReader, Term};

use super::Source;
use super::place::{Place, PlaceError};
use super::schema::Fields;
use crate::model::path::DocKey;

/// How soon changes are searchable while more of them come.
const PAUSE: Duration = Duration::from_millis(300);
/// The same while the thread works through many documents that nobody waits for.
const LONG_PAUSE: Duration = Duration::from_secs(2);
const BATCH: usize = 64;

/// What searching needs.
#[derive(Clone)]
pub(super) struct Live {
    pub(super) reader: IndexReader,
    pub(super) fields: Fields,
    pub(super) on_disk: bool,
}

/// What callers and the thread share.
pub(super) struct Shared {
    pub(super) source: Arc<dyn Source>,
    pub(super) live: RwLock<Option<Live>>,
    /// Documents that the thread has before it.
    ahead: AtomicUsize,
    /// The index was compared with the source and nothing of that is left to do.
    compared: AtomicBool,
    inbox: Mutex<Inbox>,
    wake: Condvar,
    idle: Condvar,
}

#[derive(Default)]
struct Inbox {
    touched: HashSet<DocKey>,
    compare: bool,
    anew: bool,
    stop: bool,
    /// How many wait for [`Shared::flush`].
    waiting: usize,
    /// The thread has nothing to do.
    idle: bool,
    ended: bool,
}

impl Shared {
    pub(super) fn new(source: Arc<dyn Source>) -> Self {
        Self {
            source,
            live: RwLock::new(None),
            ahead: AtomicUsize::new(0),
            compared: AtomicBool::new(false),
            inbox: Mutex::default(),
            wake: Condvar::new(),
            idle: Condvar::new(),
        }
    }

    fn tell(&self, change: impl FnOnce(&mut Inbox)) {
        let mut inbox = self.inbox.lock();
        change(&mut inbox);
        inbox.idle = false;
        self.wake.notify_one();
    }

    pub(super) fn touch(&self, key: DocKey) {
        self.tell(|inbox| {
            inbox.touched.insert(key);
        });
    }

    pub(super) fn compare(&self) {
        self.tell(|inbox| inbox.compare = true);
    }

    /// Says that the index cannot be read.
    pub(super) fn begin_anew(&self) {
        *self.live.write() = None;
        self.tell(|inbox| inbox.anew = true);
    }

    pub(super) fn stop(&self) {
        self.tell(|inbox| inbox.stop = true);
    }

    /// Says that no thread will ever do anything.
    pub(super) fn end(&self) {
        self.inbox.lock().ended = true;
        self.idle.notify_all();
    }

    pub(super) fn flush(&self) {
        let mut inbox = self.inbox.lock();
        inbox.waiting += 1;
        self.wake.notify_one();
        while !inbox.ended && !inbox.idle {
            self.idle.wait(&mut inbox);
        }
        inbox.waiting -= 1;
    }

    pub(super) fn pending(&self) -> usize {
        self.inbox.lock().touched.len() + self.ahead.load(Ordering::Relaxed)
    }

    pub(super) fn complete(&self) -> bool {
        self.compared.load(Ordering::Relaxed)
    }
}

/// What the thread is to do next.
enum Next {
    Work { touched: HashSet<DocKey>, compare: bool, anew: bool },
    Commit,
    Stop,
}

#[derive(Debug, thiserror::Error)]
enum WorkError {
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error("the files of the search index are gone")]
    Gone,
    #[error("the search index cannot be read")]
    Unreadable,
    #[error("the index library stopped in the middle")]
    Panic,
}

impl From<tantivy::TantivyError> for WorkError {
    fn from(error: tantivy::TantivyError) -> Self {
        Self::Place(error.into())
    }
}

/// The thread's own.
pub(super) struct Worker {
    shared: Arc<Shared>,
    dir: PathBuf,
    place: Option<Place>,
    /// Searches see `place`.
    shown: bool,
    /// Changed a moment ago: people wait for these.
    urgent: Vec<DocKey>,
    /// Found different from the source.
    different: Vec<DocKey>,
    /// Comparing with the source was asked for once, so a new index is compared at once.
    comparing: bool,
    uncommitted: usize,
    /// Somebody waits for what is not committed yet.
    hurry: bool,
    committed: Option<Instant>,
    /// Failures since everything was well.
    failures: u8,
}

impl Worker {
    pub(super) fn new(shared: Arc<Shared>, dir: PathBuf) -> Self {
        Self {
            shared,
            dir,
            place: None,
            shown: false,
            urgent: Vec::new(),
            different: Vec::new(),
            comparing: false,
            uncommitted: 0,
            hurry: false,
            committed: None,
            failures: 0,
        }
    }

    pub(super) fn run(mut self) {
        self.place = self.open(false);
        self.show();
        loop {
            let next = self.next();
            let stop = matches!(next, Next::Stop);
            let done = catch_unwind(AssertUnwindSafe(|| self.step(next)));
            match done.unwrap_or(Err(WorkError::Panic)) {
                Ok(()) => {}
                Err(error) if stop => tracing::warn!(%error, "the search index is not up to date"),
                Err(error) => self.recover(&error),
            }
            if stop {
                break;
            }
        }
        // Let go of the directory before anyone is told.
        self.place = None;
        let mut inbox = self.shared.inbox.lock();
        inbox.ended = true;
        self.shared.idle.notify_all();
    }

    /// Waits for something to do.
    fn next(&mut self) -> Next {
        let shared = Arc::clone(&self.shared);
        let mut inbox = shared.inbox.lock();
        loop {
            let todo = self.urgent.len() + self.different.len();
            if inbox.stop {
                return Next::Stop;
            }
            if !inbox.touched.is_empty() || inbox.compare || inbox.anew || todo > 0 {
                let touched = std::mem::take(&mut inbox.touched);
                shared.ahead.store(todo + touched.len(), Ordering::Relaxed);
                let compare = std::mem::take(&mut inbox.compare);
                return Next::Work { touched, compare, anew: std::mem::take(&mut inbox.anew) };
            }
            if self.uncommitted > 0 || !self.shown && self.place.is_some() {
                let due = self.committed.map(|at| at + PAUSE);
                match due.filter(|due| inbox.waiting == 0 && *due > Instant::now()) {
                    Some(due) => drop(shared.wake.wait_until(&mut inbox, due)),
                    None => return Next::Commit,
                }
                continue;
            }
            self.failures = 0;
            shared.compared.store(self.comparing && self.place.is_some(), Ordering::Relaxed);
            inbox.idle = true;
            shared.idle.notify_all();
            shared.wake.wait(&mut inbox);
        }
    }

    fn step(&mut self, next: Next) -> Result<(), WorkError> {
        match next {
            Next::Stop if self.uncommitted > 0 => self.commit()?,
            Next::Stop => {}
            Next::Commit => self.commit()?,
            Next::Work { touched, compare, anew } => {
                self.urgent.extend(touched);
                self.comparing |= compare;
                if anew {
                    return Err(WorkError::Unreadable);
                }
                if compare || self.comparing && self.place.is_none() {
                    self.compare()?;
                }
                self.hurry |= !self.urgent.is_empty();
                self.take_in_some()?;
                self.shared
                    .ahead
                    .store(self.urgent.len() + self.different.len(), Ordering::Relaxed);
                let pause = if self.hurry { PAUSE } else { LONG_PAUSE };
                let since = self.committed.get_or_insert_with(Instant::now).elapsed();
                if self.uncommitted > 0 && since >= pause {
                    self.commit()?;
                }
            }
        }
        Ok(())
    }

    /// Finds out what differs between the index and the source.
    fn compare(&mut self) -> Result<(), WorkError> {
        let source = Arc::clone(&self.shared.source);
        let stamps = source.stamps();
        if !source.is_there() {
            return Ok(());
        }
        let place = self.place()?;
        let keys: HashSet<&str> = stamps.iter().map(|(key, _)| key.as_str()).collect();
        let gone: Vec<String> =
            place.stamps.keys().filter(|k| !keys.contains(k.as_str())).cloned().collect();
        for key in &gone {
            place.stamps.remove(key);
            place.writer.delete_term(Term::from_field_text(place.fields.key, key));
        }
        let differs =
            |(key, stamp): &(DocKey, String)| place.stamps.get(key.as_str()) != Some(stamp);
        let different: Vec<DocKey> =
            stamps.into_iter().filter(differs).map(|(key, _)| key).collect();
        tracing::debug!(
            gone = gone.len(),
            different = different.len(),
            "compared the search index"
        );
        self.uncommitted += gone.len();
        if gone.len() + different.len() > 0 {
            self.shared.compared.store(false, Ordering::Relaxed);
        }
        self.different = different;
        Ok(())
    }

    /// Takes in some documents: those that people wait for first.
    fn take_in_some(&mut self) -> Result<(), WorkError> {
        for _ in 0..BATCH {
            let Some(key) = self.urgent.last().or(self.different.last()).cloned() else { break };
            self.take_in(&key)?;
            // Only now, so that a failure in between loses none.
            let from = if self.urgent.is_empty() { &mut self.different } else { &mut self.urgent };
            from.pop();
        }
        Ok(())
    }

    fn take_in(&mut self, key: &DocKey) -> Result<(), WorkError> {
        let source = Arc::clone(&self.shared.source);
        let place = self.place()?;
        let held = place.stamps.get(key.as_str());
        if held.is_some() && held == source.stamp(key).as_ref() {
            return Ok(());
        }
        // One page that cannot be read for a fault of ours must not cost the others.
        let loaded = catch_unwind(AssertUnwindSafe(|| source.load(key))).unwrap_or_else(|_| {
            tracing::error!(?key, "a document could not be prepared for searching");
            None
        });
        if !source.is_there() {
            return Ok(());
        }
        let term = Term::from_field_text(place.fields.key, key.as_str());
        if place.stamps.remove(key.as_str()).is_some() {
            place.writer.delete_term(term);
            self.uncommitted += 1;
        }
        if let Some(doc) = loaded {
            let place = self.place()?;
            place.writer.add_document(place.fields.document(key, &doc))?;
            place.stamps.insert(key.as_str().to_owned(), doc.stamp);
            self.uncommitted += 1;
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), WorkError> {
        let place = self.place()?;
        if !place.is_there() {
            return Err(WorkError::Gone);
        }
        place.writer.commit()?;
        place.reader.reload()?;
        self.uncommitted = 0;
        self.hurry = !self.urgent.is_empty();
        self.committed = Some(Instant::now());
        // A new index is shown when it has everything; until then the old one serves.
        let todo = self.urgent.len() + self.different.len();
        if !self.shown && (todo == 0 || self.shared.live.read().is_none()) {
            self.show();
        }
        Ok(())
    }

    fn show(&mut self) {
        let Some(place) = &self.place else { return };
        let live = Live {
            reader: place.reader.clone(),
            fields: place.fields,
            on_disk: place.is_on_disk(),
        };
        *self.shared.live.write() = Some(live);
        self.shown = true;
    }

    /// Returns the index, after giving up an empty one in memory.
    fn place(&mut self) -> Result<&mut Place, WorkError> {
        if self.place.is_none() {
            self.place = Some(Place::in_memory()?);
            self.shown = false;
        }
        self.place.as_mut().ok_or(WorkError::Gone)
    }

    /// Begins an empty index after a failure.
    fn recover(&mut self, error: &WorkError) {
        tracing::warn!(%error, "the search index is made anew");
        self.failures = self.failures.saturating_add(1);
        self.place = None;
        self.shown = false;
        self.uncommitted = 0;
        self.shared.compared.store(false, Ordering::Relaxed);
        if self.failures > 3 {
            // Nothing helped: the next change tries again.
            tracing::error!("searching finds only what it found before, until something changes");
            self.urgent.clear();
            self.different.clear();
            self.shared.ahead.store(0, Ordering::Relaxed);
            return;
        }
        if self.failures == 1 {
            self.place = self.open(true);
        }
        if self.comparing {
            self.shared.tell(|inbox| inbox.compare = true);
        }
    }

    /// Opens the index on disk, else one in memory.
    fn open(&mut self, anew: bool) -> Option<Place> {
        let opened = catch_unwind(AssertUnwindSafe(|| Place::on_disk(&self.dir, anew)));
        match opened {
            Ok(Ok(place)) => return Some(place),
            Ok(Err(error)) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the search index is kept in memory"
            ),
            Err(_) => tracing::warn!("the search index is kept in memory"),
        }
        match Place::in_memory() {
            Ok(place) => Some(place),
            Err(error) => {
                tracing::error!(%error, "there is no search index");
                None
            }
        }
    }
}
