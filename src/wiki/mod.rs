//! What people do with documents: open, save, merge, search, look back.
//!
//! A [`Wiki`] holds the catalog of one store and keeps it in step. Its calls block; a caller on an
//! async thread makes one blocking hop around each. It knows documents, not HTTP.

mod ambient;
mod background;
mod catalog;
mod document;
mod edit;
mod error;
mod exchange;
mod feed;
pub mod goto;
mod loose;
mod merging;
mod refresh;
pub mod render;
mod scan;
pub mod search;
mod settings;
#[cfg(test)]
mod tests;
mod upstream;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, ReentrantMutex, RwLock};

pub use self::ambient::{Clock, Nonces, SystemClock, SystemNonces};
pub use self::background::Background;
use self::catalog::Catalog;
pub use self::catalog::Change;
pub use self::document::{Document, Revision};
pub use self::edit::{Edit, MergeOnSave, Saved};
pub use self::error::WikiError;
pub use self::feed::{BadCursor, Cursor, Entry as FeedEntry, Feed, FeedReader, News};
pub use self::loose::{LooseEnds, Wanted};
pub use self::merging::{
    Case, InboxEntry, MAX_MERGED, MergeView, MergedAll, Side, TakenIn, Version,
};
pub use self::refresh::MAX_TEXT;
use self::render::{Pages, RenderOptions, Rendered, Renderer};
pub use self::settings::{BadReaderKey, ReaderKey, ReaderSettings, Setting, Settings};
pub use self::upstream::{Answer, Proposal, Upstream};
use crate::model::path::{DocKey, DocPath};
use crate::model::revision::RevisionId;
use crate::store::{Content, Finding, Store, StoreError};

/// How long a look at a document's directory is good for. A hint of the watcher ends it sooner.
pub const CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// Limits on what people may save.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of a page's text.
    pub text: u64,
    /// The most bytes of an attachment.
    pub attachment: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { text: MAX_TEXT, attachment: 1 << 30 }
    }
}

/// What a wiki is made from.
pub struct Parts {
    /// Where the revisions are.
    pub store: Arc<dyn Store>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Draws nonces.
    pub nonces: Arc<dyn Nonces>,
    /// The prefix of all addresses: empty, or such as `/wiki`.
    pub base_path: String,
    /// What people may save.
    pub limits: Limits,
}

type Listener = Box<dyn Fn(&Change) + Send + Sync>;
type ScanListener = Box<dyn Fn() + Send + Sync>;

/// One wiki: a store, and what is known of it.
pub struct Wiki {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    nonces: Arc<dyn Nonces>,
    renderer: Renderer,
    limits: Limits,
    catalog: Catalog,
    /// When each document's directory was last looked at.
    checked: RwLock<HashMap<DocKey, Instant>>,
    /// One lock a document, so that it is read and written by one thread at a time. No thread takes
    /// one twice; a reentrant one tells whether it would.
    locks: Mutex<HashMap<DocKey, Arc<ReentrantMutex<()>>>>,
    /// What the last scan found outside documents.
    findings: Mutex<Vec<Finding>>,
    /// How hard each conflict is to decide, worked out before.
    judgements: merging::Judgements,
    feed: Arc<Feed>,
    listeners: RwLock<Vec<Listener>>,
    scan_listeners: RwLock<Vec<ScanListener>>,
    saves: AtomicU64,
    scanned: Mutex<bool>,
    scan_ended: Condvar,
    stopping: AtomicBool,
    upstream: OnceLock<Arc<dyn Upstream>>,
}

impl std::fmt::Debug for Wiki {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wiki").finish_non_exhaustive()
    }
}

impl Wiki {
    /// Makes a wiki that knows nothing yet; [`Wiki::scan`] or looking at a document fills it.
    pub fn new(parts: Parts) -> Self {
        let epoch = parts.nonces.draw();
        Self {
            store: parts.store,
            clock: parts.clock,
            nonces: parts.nonces,
            renderer: Renderer::new(&parts.base_path),
            limits: parts.limits,
            catalog: Catalog::default(),
            checked: RwLock::default(),
            locks: Mutex::default(),
            findings: Mutex::default(),
            judgements: merging::Judgements::default(),
            feed: Arc::new(Feed::new(epoch)),
            listeners: RwLock::default(),
            scan_listeners: RwLock::default(),
            saves: AtomicU64::new(0),
            scanned: Mutex::new(false),
            scan_ended: Condvar::new(),
            stopping: AtomicBool::new(false),
            upstream: OnceLock::new(),
        }
    }

    /// Returns the clock.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Returns the source of nonces.
    pub fn nonces(&self) -> &dyn Nonces {
        &*self.nonces
    }

    /// Returns what people may save.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Says why the wiki takes no writes, if it does not.
    pub fn read_only(&self) -> Option<String> {
        self.store.read_only()
    }

    /// Calls `listener` after every change of a document, on the thread that noticed it.
    pub fn on_change(&self, listener: impl Fn(&Change) + Send + Sync + 'static) {
        self.listeners.write().push(Box::new(listener));
    }

    /// Returns the feed of what changes from now on.
    pub fn feed(&self) -> &Arc<Feed> {
        &self.feed
    }

    /// Calls `listener` each time everything has been looked at, on the thread that did.
    pub fn on_scan(&self, listener: impl Fn() + Send + Sync + 'static) {
        self.scan_listeners.write().push(Box::new(listener));
    }

    /// Returns the whole content of a revision.
    ///
    /// # Errors
    /// If the revision is not there, is damaged, or cannot be read.
    pub fn content(&self, document: &Document, id: RevisionId) -> Result<Vec<u8>, WikiError> {
        match self.read_content(document, id) {
            Err(WikiError::Damaged { .. }) if self.look_again(document, id) => {
                self.read_content(document, id)
            }
            read => read,
        }
    }

    fn read_content(&self, document: &Document, id: RevisionId) -> Result<Vec<u8>, WikiError> {
        let mut content = self.open_content(document, id)?;
        let mut bytes = Vec::with_capacity(content.length as usize);
        let read = std::io::Read::read_to_end(&mut content.reader, &mut bytes);
        let path = || std::path::PathBuf::from(document.path().to_disk()).join(id.to_string());
        read.map_err(|e| StoreError::from_io("read", &path(), e))?;
        // It was whole when it was taken in; a program may have written over it since, or a bit
        // may have flipped.
        let expected = document.revision(id).map(|r| r.digest);
        if expected != Some(crate::model::file::ContentDigest::of(&bytes)) {
            return Err(WikiError::Damaged { path: document.path().clone(), id });
        }
        Ok(bytes)
    }

    /// Opens the content of a revision for reading in pieces.
    ///
    /// # Errors
    /// As [`Wiki::content`].
    pub fn open_content(&self, document: &Document, id: RevisionId) -> Result<Content, WikiError> {
        let path = || document.path().clone();
        let revision =
            document.revision(id).ok_or_else(|| WikiError::NoRevision { path: path(), id })?;
        if revision.damage.is_some() {
            return Err(WikiError::Damaged { path: path(), id });
        }
        match self.store.open(&revision.dir, id) {
            // Another program deleted it a moment ago: it is put back before anyone misses it.
            Err(StoreError::NotFound(_)) => {
                // Whoever saves this document looks at it anyway.
                if !self.lock(document.key()).is_owned_by_current_thread() {
                    self.refresh(document.path())?;
                }
                Ok(self.store.open(&revision.dir, id)?)
            }
            Err(StoreError::Damaged { .. }) => {
                if !self.look_again(document, id) {
                    return Err(WikiError::Damaged { path: path(), id });
                }
                Ok(self.store.open(&revision.dir, id)?)
            }
            opened => Ok(opened?),
        }
    }

    /// Opens the content of a revision to make another revision of it, after reading all of it once:
    /// what is damaged is not saved anew, as if it were whole.
    ///
    /// # Errors
    /// As [`Wiki::content`].
    pub fn open_whole(&self, document: &Document, id: RevisionId) -> Result<Content, WikiError> {
        if let Some(revision) = document.revision(id).filter(|r| r.damage.is_none())
            && let Ok(loaded) = self.store.load(&revision.dir, id)
            && loaded.revision.map(|(_, measured)| measured.digest) != Ok(revision.digest)
            && !self.look_again(document, id)
        {
            return Err(WikiError::Damaged { path: document.path().clone(), id });
        }
        self.open_content(document, id)
    }

    /// Returns the content of a revision as text.
    ///
    /// # Errors
    /// [`WikiError::NotText`] if it is too large or not UTF-8, else as [`Wiki::content`].
    pub fn text(&self, document: &Document, id: RevisionId) -> Result<String, WikiError> {
        let not_text = || WikiError::NotText(document.path().clone());
        if document.revision(id).is_some_and(|r| r.length > MAX_TEXT) {
            return Err(not_text());
        }
        String::from_utf8(self.content(document, id)?).map_err(|_| not_text())
    }

    /// Renders a text as the content of a page.
    pub fn render(&self, page: &DocPath, markdown: &str, options: RenderOptions) -> Rendered {
        self.renderer.render(page, markdown, &self.catalog, options)
    }

    /// Returns a number that changes whenever the page of this name would look different.
    pub fn page_version(&self, key: &DocKey) -> u64 {
        self.catalog.version(key)
    }

    /// Returns a number that changes with every change of any document.
    pub fn change_counter(&self) -> u64 {
        self.catalog.counter()
    }

    /// Returns a number that changes whenever [`Wiki::paths`] would say something else.
    pub fn names_counter(&self) -> u64 {
        self.catalog.names_counter()
    }

    /// Returns the live pages that link to a document, in order of name.
    pub fn backlinks(&self, path: &DocPath) -> Vec<Arc<Document>> {
        self.catalog.backlinks(path)
    }

    /// Returns the names of all live documents in order.
    pub fn paths(&self) -> Vec<DocPath> {
        self.catalog.live()
    }

    /// Returns the keys and names of all live documents in order.
    pub fn names(&self) -> Vec<(DocKey, DocPath)> {
        self.catalog.live_names()
    }

    /// Returns the first names of live documents in a folder, in any case, and how many there are.
    pub fn paths_below(&self, folder: &str, limit: usize) -> (Vec<DocPath>, usize) {
        self.catalog.live_below(folder, limit)
    }

    /// Returns all live documents in order of name.
    pub fn live(&self) -> Vec<Arc<Document>> {
        self.catalog.live_documents()
    }

    /// Returns how many revisions were saved through this wiki since it was made.
    pub fn save_count(&self) -> u64 {
        self.saves.load(Ordering::Relaxed)
    }

    /// Returns how many live documents there are.
    pub fn document_count(&self) -> usize {
        self.catalog.live_count()
    }

    /// Returns a document from memory alone.
    pub fn known(&self, key: &DocKey) -> Option<Arc<Document>> {
        self.catalog.get(key)
    }

    /// Returns the keys of all documents in memory, deleted ones too.
    pub fn keys(&self) -> Vec<DocKey> {
        self.catalog.keys()
    }

    /// Finds a live document by any spelling of its name.
    pub fn find(&self, path: &DocPath) -> Option<DocPath> {
        self.catalog.find(path)
    }

    /// Returns the latest changes of the whole wiki, newest first, from the `skip`th on.
    pub fn recent(&self, skip: usize, limit: usize) -> Vec<(Arc<Document>, RevisionId)> {
        self.catalog.recent(skip, limit)
    }

    /// Returns the documents that have conflicts, in order of name.
    pub fn conflicted(&self) -> Vec<Arc<Document>> {
        self.catalog.conflicted()
    }

    /// Returns how many documents have conflicts.
    pub fn conflict_count(&self) -> usize {
        self.catalog.conflict_count()
    }

    /// Returns how many revisions are named as parents and have not arrived, in all documents.
    pub fn missing_parents(&self) -> usize {
        self.catalog.missing_count()
    }

    /// Returns everything strange that is known of, in documents and beside them.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = self.findings.lock().clone();
        findings.extend(self.catalog.strange().iter().flat_map(|d| d.findings()));
        findings.sort();
        findings.dedup();
        findings
    }

    /// Returns true if everything has been looked at once.
    pub fn scanned(&self) -> bool {
        *self.scanned.lock()
    }

    /// Waits until everything has been looked at once, or for ten seconds.
    pub fn wait_for_scan(&self) {
        let mut scanned = self.scanned.lock();
        if !*scanned {
            let _ = self.scan_ended.wait_for(&mut scanned, Duration::from_secs(10));
        }
    }

    fn mark_scanned(&self) {
        *self.scanned.lock() = true;
        self.scan_ended.notify_all();
        for listener in self.scan_listeners.read().iter() {
            listener();
        }
    }

    fn mark_checked(&self, key: &DocKey, at: Instant) {
        let mut checked = self.checked.write();
        // Names that do not exist are asked for too; forgetting only costs another look.
        if checked.len() > 200_000 {
            checked.clear();
        }
        checked.insert(key.clone(), at);
    }

    fn lock(&self, key: &DocKey) -> Arc<ReentrantMutex<()>> {
        let mut locks = self.locks.lock();
        if locks.len() > 10_000 {
            locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        }
        Arc::clone(locks.entry(key.clone()).or_default())
    }

    /// Shows the new state of a document to everyone.
    fn publish(&self, key: &DocKey, document: Option<Arc<Document>>) {
        let change = self.catalog.put(key, document);
        // Until everything was seen once, a document that is new to memory is not new to people.
        self.feed.add(&change, change.before.is_none() && !self.scanned());
        for listener in self.listeners.read().iter() {
            listener(&change);
        }
    }
}
