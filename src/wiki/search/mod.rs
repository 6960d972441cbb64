//! Full-text search over the pages, and over attachments by their names.
//!
//! The index is derived: it asks a [`Source`] what each document is and never is the truth about
//! any. It may be deleted at any time; it is made anew by itself. Searching never waits for
//! indexing: while documents are taken in, [`Results::complete`] says that more may come.
//!
//! 1. [`words`] cuts texts into folded words, for pages, queries and marks alike.
//! 2. [`schema`] says what is held of a document, [`place`] where.
//! 3. [`worker`] is the one thread that writes.
//! 4. [`query`] turns what was typed into questions; there is no syntax to get wrong.
//! 5. [`marked`] cuts out the text that matched.

mod marked;
mod place;
mod query;
mod schema;
mod source;
#[cfg(test)]
mod tests;
mod words;
mod worker;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;

use parking_lot::Mutex;
use tantivy::collector::{Count, TopDocs};
use tantivy::{DocAddress, Score, Searcher, SegmentReader, TantivyDocument};

pub use self::marked::Piece;
pub(super) use self::marked::pieces;
use self::query::{Asking, Strictness};
pub use self::source::attach;
use self::worker::{Live, Shared, Worker};
use crate::model::path::{DocKey, DocPath};

/// Nobody turns this many pages of results.
const MAX_HITS: usize = 10_000;

/// What the index is made from.
pub trait Source: Send + Sync {
    /// Returns true if the source can still answer; when not, its answers count for nothing.
    fn is_there(&self) -> bool {
        true
    }

    /// Returns every live document with its stamp.
    fn stamps(&self) -> Vec<(DocKey, String)>;

    /// Returns the stamp of one live document: another one whenever its [`SearchDoc`] is another.
    fn stamp(&self, key: &DocKey) -> Option<String>;

    /// Reads one document; `None` where it is not live.
    fn load(&self, key: &DocKey) -> Option<SearchDoc>;
}

/// What can be found of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchDoc {
    /// Its name.
    pub path: DocPath,
    /// Its title.
    pub title: String,
    /// The texts of its headings.
    pub headings: Vec<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its text without markup.
    pub text: String,
    /// What [`Source::stamp`] said when it was read.
    pub stamp: String,
}

/// What a search found.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Results {
    /// How many documents match.
    pub total: usize,
    /// Those that were asked for, best first.
    pub hits: Vec<Hit>,
    /// No document has all the words; these have some.
    pub partial: bool,
    /// The index has everything but what changed a moment ago; otherwise more will be found soon.
    pub complete: bool,
    /// How many documents are still to be taken in.
    pub pending: usize,
}

/// One document that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Its name.
    pub path: DocPath,
    /// Its title, with what was looked for marked.
    pub title: Vec<Piece>,
    /// The part of its text that says most of what was looked for; empty for attachments.
    pub snippet: Vec<Piece>,
    /// Its tags.
    pub tags: Vec<String>,
}

impl serde::Serialize for Hit {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut out = serializer.serialize_struct("Hit", 4)?;
        out.serialize_field("path", self.path.as_str())?;
        out.serialize_field("title", &self.title)?;
        out.serialize_field("snippet", &self.snippet)?;
        out.serialize_field("tags", &self.tags)?;
        out.end()
    }
}

/// A full-text index and the thread that keeps it.
pub struct SearchIndex {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for SearchIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SearchIndex").finish_non_exhaustive()
    }
}

/// Passes changes on to an index for as long as there is one.
#[derive(Clone)]
pub(super) struct Follower(Weak<Shared>);

impl Follower {
    fn touch(&self, key: DocKey) {
        if let Some(shared) = self.0.upgrade() {
            shared.touch(key);
        }
    }

    fn compare(&self) {
        if let Some(shared) = self.0.upgrade() {
            shared.compare();
        }
    }
}

impl SearchIndex {
    /// Opens the index in `dir`, which is its own, and starts its thread; returns at once.
    ///
    /// This never fails. An index that is missing, of another version or damaged is made anew; where
    /// the directory cannot be used, or another process uses it, the index is kept in memory.
    pub fn open(dir: &Path, source: Arc<dyn Source>) -> Self {
        let shared = Arc::new(Shared::new(source));
        let worker = Worker::new(Arc::clone(&shared), dir.to_owned());
        let thread =
            std::thread::Builder::new().name("search".to_owned()).spawn(move || worker.run());
        let thread = match thread {
            Ok(thread) => Some(thread),
            Err(error) => {
                tracing::error!(%error, "there is no search: its thread could not be started");
                shared.end();
                None
            }
        };
        Self { shared, thread: Mutex::new(thread) }
    }

    /// Says that a document changed, came or went; cheap.
    pub fn touch(&self, key: DocKey) {
        self.shared.touch(key);
    }

    /// Compares the whole index with the source and takes in what differs, in the background.
    ///
    /// Call it once the source knows all documents: what it does not name is removed.
    pub fn reconcile(&self) {
        self.shared.compare();
    }

    /// Finds documents; anything may be typed. Blocks for as long as searching takes.
    pub fn search(&self, typed: &str, skip: usize, limit: usize) -> Results {
        let mut results = self.found(typed, skip, limit);
        results.pending = self.shared.pending();
        results.complete = self.shared.complete();
        results
    }

    fn found(&self, typed: &str, skip: usize, limit: usize) -> Results {
        let Some(asking) = Asking::read(typed) else { return Results::default() };
        let Some(live) = self.shared.live.read().clone() else { return Results::default() };
        // The library panics on some damage.
        let found = catch_unwind(AssertUnwindSafe(|| find(&live, &asking, skip, limit)));
        match found {
            Ok(Ok(results)) => return results,
            Ok(Err(error)) => tracing::warn!(%error, "the search index cannot be read"),
            Err(_) => tracing::warn!("the search index cannot be read"),
        }
        self.shared.begin_anew();
        Results::default()
    }

    /// Returns how many documents are still to be taken in.
    pub fn pending(&self) -> usize {
        self.shared.pending()
    }

    /// Returns true if the index outlives this process.
    pub fn is_on_disk(&self) -> bool {
        self.shared.live.read().as_ref().is_some_and(|live| live.on_disk)
    }

    /// Waits until everything that was touched can be found.
    pub fn flush(&self) {
        self.shared.flush();
    }

    /// Writes what was taken in and ends the thread. What was not is taken in after the next start.
    pub fn stop(&self) {
        self.shared.stop();
        let Some(thread) = self.thread.lock().take() else { return };
        // The last owner may be the thread itself, while it asks its source.
        if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
            tracing::error!("the search thread ended in a panic");
        }
    }

    fn follower(&self) -> Follower {
        Follower(Arc::downgrade(&self.shared))
    }
}

impl Drop for SearchIndex {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Asks ever less strictly until something is found.
fn find(live: &Live, asking: &Asking, skip: usize, limit: usize) -> tantivy::Result<Results> {
    let searcher = live.reader.searcher();
    let mut results = Results::default();
    for strictness in asking.steps() {
        let query = asking.query(live.fields, *strictness);
        results.total = searcher.search(&query, &Count)?;
        if results.total == 0 {
            continue;
        }
        results.partial = *strictness == Strictness::Any;
        let (skip, limit) = (skip.min(MAX_HITS), limit.min(MAX_HITS));
        if skip < results.total && limit > 0 {
            let best = TopDocs::with_limit(limit.min(results.total - skip)).and_offset(skip);
            let found = searcher.search(&query, &best.tweak_score(short_titles_first))?;
            results.hits = shown(live, &searcher, asking, &found)?;
        }
        break;
    }
    Ok(results)
}

/// Puts the shorter of two titles first where all else is equal.
fn short_titles_first(segment: &SegmentReader) -> impl Fn(u32, Score) -> Score + use<> {
    let words = segment.fast_fields().u64(schema::TITLE_WORDS).ok();
    let words = words.map(|column| column.first_or_default_col(0));
    move |doc, score| {
        let words = words.as_ref().map_or(1, |column| column.get_val(doc));
        score + 0.2 / words.max(1) as Score
    }
}

fn shown(
    live: &Live,
    searcher: &Searcher,
    asking: &Asking,
    found: &[(Score, DocAddress)],
) -> tantivy::Result<Vec<Hit>> {
    let mut hits = Vec::with_capacity(found.len());
    for (_, address) in found {
        let document: TantivyDocument = searcher.doc(*address)?;
        hits.extend(live.fields.shown(&document).map(|shown| Hit {
            title: marked::mark(&shown.title, asking),
            snippet: marked::snippet(&shown.text, asking),
            path: shown.path,
            tags: shown.tags,
        }));
    }
    Ok(hits)
}
