//! What the wiki holds, in memory: every document, and what is derived from all of them.
//!
//! Everything here can be rebuilt from the store. Each change touches only the entries it
//! concerns, so its cost does not grow with the wiki.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Bound;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::RwLock;

use super::document::{Document, Revision};
use super::render::{LinkTarget, Pages};
use crate::model::path::{DocKey, DocPath, fold};
use crate::model::revision::RevisionId;

/// How many recent changes are kept in memory.
const RECENT: usize = 10_000;

/// One document changed: it came, went, or has other revisions.
#[derive(Debug, Clone)]
pub struct Change {
    /// Its name.
    pub path: DocPath,
    /// What it was.
    pub before: Option<Arc<Document>>,
    /// What it is.
    pub after: Option<Arc<Document>>,
}

/// An entry of the recent changes: newest first, ties broken by id.
type RecentEntry = (Reverse<Timestamp>, Reverse<RevisionId>, DocKey);

#[derive(Default)]
struct Inner {
    documents: HashMap<DocKey, Arc<Document>>,
    /// Live documents in order of name.
    live: BTreeMap<DocKey, DocPath>,
    /// Live documents by folded file name.
    by_name: HashMap<String, BTreeSet<DocKey>>,
    /// Pages that link to something with this folded file name.
    mentions: HashMap<String, BTreeSet<DocKey>>,
    conflicted: BTreeSet<DocKey>,
    strange: BTreeSet<DocKey>,
    /// How many revisions are named as parents and are not here, in all documents.
    missing: usize,
    recent: BTreeSet<RecentEntry>,
    /// Changes whenever the page would look different.
    versions: HashMap<DocKey, u64>,
    counter: u64,
    /// Changes with the names of live documents.
    names: u64,
}

/// What the wiki holds, in memory.
#[derive(Default)]
pub(super) struct Catalog {
    inner: RwLock<Inner>,
}

impl Catalog {
    pub(super) fn get(&self, key: &DocKey) -> Option<Arc<Document>> {
        self.inner.read().documents.get(key).cloned()
    }

    pub(super) fn keys(&self) -> Vec<DocKey> {
        self.inner.read().documents.keys().cloned().collect()
    }

    /// Returns a number that changes whenever the page of this name would look different.
    pub(super) fn version(&self, key: &DocKey) -> u64 {
        self.inner.read().versions.get(key).copied().unwrap_or(0)
    }

    /// Returns a number that changes with every change of any document.
    pub(super) fn counter(&self) -> u64 {
        self.inner.read().counter
    }

    /// Returns a number that changes whenever a live document comes, goes or is named otherwise.
    pub(super) fn names_counter(&self) -> u64 {
        self.inner.read().names
    }

    pub(super) fn conflicted(&self) -> Vec<Arc<Document>> {
        let inner = self.inner.read();
        inner.conflicted.iter().filter_map(|k| inner.documents.get(k)).cloned().collect()
    }

    pub(super) fn conflict_count(&self) -> usize {
        self.inner.read().conflicted.len()
    }

    pub(super) fn missing_count(&self) -> usize {
        self.inner.read().missing
    }

    pub(super) fn strange(&self) -> Vec<Arc<Document>> {
        let inner = self.inner.read();
        inner.strange.iter().filter_map(|k| inner.documents.get(k)).cloned().collect()
    }

    /// Returns the names of live documents in order.
    pub(super) fn live(&self) -> Vec<DocPath> {
        self.inner.read().live.values().cloned().collect()
    }

    /// Returns the keys and names of live documents in order.
    pub(super) fn live_names(&self) -> Vec<(DocKey, DocPath)> {
        let inner = self.inner.read();
        inner.live.iter().map(|(key, path)| (key.clone(), path.clone())).collect()
    }

    /// Returns the first names of live documents in a folder, and how many there are.
    pub(super) fn live_below(&self, folder: &str, limit: usize) -> (Vec<DocPath>, usize) {
        let prefix = format!("{}/", fold(folder));
        let inner = self.inner.read();
        let from = (Bound::Included(prefix.as_str()), Bound::Unbounded);
        let all = inner.live.range::<str, _>(from);
        let mut below = all.take_while(|(key, _)| key.as_str().starts_with(&prefix));
        let first: Vec<DocPath> = below.by_ref().take(limit).map(|(_, p)| p.clone()).collect();
        let count = first.len() + below.count();
        (first, count)
    }

    /// Returns live documents in order of name.
    pub(super) fn live_documents(&self) -> Vec<Arc<Document>> {
        let inner = self.inner.read();
        inner.live.keys().filter_map(|k| inner.documents.get(k)).cloned().collect()
    }

    pub(super) fn live_count(&self) -> usize {
        self.inner.read().live.len()
    }

    /// Returns the latest changes, newest first.
    pub(super) fn recent(&self, skip: usize, limit: usize) -> Vec<(Arc<Document>, RevisionId)> {
        let inner = self.inner.read();
        let entries = inner.recent.iter().skip(skip).take(limit);
        entries.filter_map(|(_, id, key)| Some((inner.documents.get(key)?.clone(), id.0))).collect()
    }

    /// Returns the live pages that link to a document, in order of name.
    pub(super) fn backlinks(&self, path: &DocPath) -> Vec<Arc<Document>> {
        let inner = self.inner.read();
        let key = path.key();
        let Some(pages) = inner.mentions.get(&fold(path.file_name())) else { return Vec::new() };
        let leads_here = |document: &Arc<Document>| {
            let targets = document.outline().map_or(&[][..], |o| &o.names);
            *document.key() != key
                && targets.iter().any(|t| super::render::resolve(t, &*inner).0.key() == key)
        };
        pages
            .iter()
            .filter_map(|k| inner.documents.get(k))
            .filter(|d| leads_here(d))
            .cloned()
            .collect()
    }

    /// Puts in the new state of a document and returns what it replaced.
    pub(super) fn put(&self, key: &DocKey, after: Option<Arc<Document>>) -> Change {
        let mut inner = self.inner.write();
        let before = inner.documents.get(key).cloned();
        if let Some(document) = &before {
            inner.forget(document);
        }
        match &after {
            Some(document) => inner.learn(document),
            None => drop(inner.documents.remove(key)),
        }
        inner.update_recent(before.as_deref(), after.as_deref());
        inner.touch(key, before.as_deref(), after.as_deref());
        let named = after.as_ref().or(before.as_ref());
        let path = named.map_or_else(
            || unreachable!("a change has a state before or after"),
            |d| d.path().clone(),
        );
        Change { path, before, after }
    }
}

impl Inner {
    fn learn(&mut self, document: &Arc<Document>) {
        let key = document.key();
        self.documents.insert(key.clone(), Arc::clone(document));
        if document.is_live() {
            self.live.insert(key.clone(), document.path().clone());
            self.by_name.entry(fold(document.path().file_name())).or_default().insert(key.clone());
        }
        for name in names(document) {
            self.mentions.entry(name.to_owned()).or_default().insert(key.clone());
        }
        if !document.resolution().conflicts.is_empty() {
            self.conflicted.insert(key.clone());
        }
        if !document.findings().is_empty() {
            self.strange.insert(key.clone());
        }
        self.missing += document.not_arrived().count();
    }

    fn forget(&mut self, document: &Document) {
        let key = document.key();
        self.live.remove(key);
        remove(&mut self.by_name, &fold(document.path().file_name()), key);
        for name in names(document) {
            remove(&mut self.mentions, name, key);
        }
        self.conflicted.remove(key);
        self.strange.remove(key);
        self.missing -= document.not_arrived().count();
    }

    /// Takes in the revisions that came and drops those that went; the others stay untouched.
    fn update_recent(&mut self, before: Option<&Document>, after: Option<&Document>) {
        for entry in dated_only_in(before, after) {
            self.recent.remove(&entry);
        }
        self.recent.extend(dated_only_in(after, before));
        while self.recent.len() > RECENT {
            self.recent.pop_last();
        }
    }

    /// Gives a new version to every page that would look different now.
    fn touch(&mut self, key: &DocKey, before: Option<&Document>, after: Option<&Document>) {
        self.counter += 1;
        let counter = self.counter;
        let mut touched: HashSet<DocKey> = HashSet::from([key.clone()]);
        let live = |d: Option<&Document>| d.is_some_and(Document::is_live);
        let title = |d: Option<&Document>| d.map(|d| d.title().to_owned());
        if live(before) != live(after) || before.map(Document::path) != after.map(Document::path) {
            self.names += 1;
            for document in before.iter().chain(&after) {
                let name = fold(document.path().file_name());
                touched.extend(self.mentions.get(&name).into_iter().flatten().cloned());
            }
        }
        let targets = |d: Option<&Document>| d.and_then(Document::outline).map(|o| o.names.clone());
        if targets(before) != targets(after)
            || live(before) != live(after)
            || title(before) != title(after)
        {
            for target in [targets(before), targets(after)].into_iter().flatten().flatten() {
                touched.extend(target.candidates.iter().map(DocPath::key));
                touched.extend(self.by_name.get(&target.file_name).into_iter().flatten().cloned());
            }
        }
        for key in touched {
            self.versions.insert(key, counter);
        }
    }
}

impl Pages for Inner {
    fn find(&self, path: &DocPath) -> Option<DocPath> {
        self.live.get(&path.key()).cloned()
    }

    fn find_by_name(&self, file_name: &str) -> Option<DocPath> {
        let keys = self.by_name.get(&fold(file_name))?;
        if keys.len() == 1 { keys.first().and_then(|k| self.live.get(k)).cloned() } else { None }
    }
}

impl Pages for Catalog {
    fn find(&self, path: &DocPath) -> Option<DocPath> {
        self.inner.read().find(path)
    }

    fn find_by_name(&self, file_name: &str) -> Option<DocPath> {
        self.inner.read().find_by_name(file_name)
    }
}

/// Returns the folded file names that the document's links lead to.
fn names(document: &Document) -> impl Iterator<Item = &str> {
    let targets: &[LinkTarget] = document.outline().map_or(&[], |o| &o.names);
    targets
        .iter()
        .flat_map(|t| std::iter::once(&t.file_name).chain(&t.other_name))
        .map(String::as_str)
}

/// Returns entries for the whole revisions of `document` that `other` does not hold likewise.
fn dated_only_in(document: Option<&Document>, other: Option<&Document>) -> Vec<RecentEntry> {
    let Some(document) = document else { return Vec::new() };
    // Almost all are the very same values; a look at each field is for the others.
    let held = |r: &Arc<Revision>| {
        let other = other.and_then(|o| o.shared(r.id));
        other.is_some_and(|o| Arc::ptr_eq(o, r) || o == r)
    };
    let new = |r: &&Arc<Revision>| r.damage.is_none() && !held(r);
    let entry = |r: &Arc<Revision>| Some((Reverse(r.date?), Reverse(r.id), document.key().clone()));
    document.shared_revisions().filter(new).filter_map(entry).collect()
}

fn remove(map: &mut HashMap<String, BTreeSet<DocKey>>, name: &str, key: &DocKey) {
    if let Some(keys) = map.get_mut(name) {
        keys.remove(key);
        if keys.is_empty() {
            map.remove(name);
        }
    }
}
