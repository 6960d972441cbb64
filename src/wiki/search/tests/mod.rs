//! What searching promises, with a source that is a map and with a real wiki.

mod finding;
mod index;
mod with_a_wiki;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use tempfile::TempDir;

use super::{Piece, Results, SearchDoc, SearchIndex, Source, schema};
use crate::model::path::{DocKey, DocPath};

/// Documents in a map.
#[derive(Default)]
struct Shelf(Mutex<BTreeMap<DocKey, SearchDoc>>);

impl Shelf {
    fn put(&self, doc: SearchDoc) -> DocKey {
        let key = doc.path.key();
        self.0.lock().insert(key.clone(), doc);
        key
    }

    fn take(&self, path: &str) -> DocKey {
        let key = DocPath::new(path).unwrap().key();
        self.0.lock().remove(&key);
        key
    }
}

impl Source for Shelf {
    fn stamps(&self) -> Vec<(DocKey, String)> {
        self.0.lock().iter().map(|(key, doc)| (key.clone(), doc.stamp.clone())).collect()
    }

    fn stamp(&self, key: &DocKey) -> Option<String> {
        self.0.lock().get(key).map(|doc| doc.stamp.clone())
    }

    fn load(&self, key: &DocKey) -> Option<SearchDoc> {
        let doc = self.0.lock().get(key).cloned();
        assert!(doc.as_ref().is_none_or(|d| d.text != "panic"), "asked for");
        doc
    }
}

fn doc(path: &str, text: &str) -> SearchDoc {
    let path = DocPath::new(path).unwrap();
    let title = path.title().to_owned();
    // A real stamp holds the content's digest.
    let stamp = format!("{path} {text}");
    SearchDoc { path, title, headings: Vec::new(), tags: Vec::new(), text: text.into(), stamp }
}

struct Bench {
    shelf: Arc<Shelf>,
    index: SearchIndex,
    dir: PathBuf,
    _temp: TempDir,
}

impl Bench {
    fn with(docs: impl IntoIterator<Item = SearchDoc>) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("search");
        let shelf = Arc::new(Shelf::default());
        for doc in docs {
            shelf.put(doc);
        }
        let index = open(&dir, &shelf);
        Self { shelf, index, dir, _temp: temp }
    }

    fn put(&self, doc: SearchDoc) {
        self.index.touch(self.shelf.put(doc));
    }

    fn take(&self, path: &str) {
        self.index.touch(self.shelf.take(path));
    }

    fn finds(&self, typed: &str) -> Vec<String> {
        self.index.flush();
        paths(&self.index.search(typed, 0, 100))
    }

    /// Ends the index, does something to its directory, and opens it again.
    fn reopened(mut self, change: impl FnOnce(&Path)) -> Self {
        self.index.stop();
        change(&self.dir);
        self.index = open(&self.dir, &self.shelf);
        self
    }
}

fn open(dir: &Path, shelf: &Arc<Shelf>) -> SearchIndex {
    let index = SearchIndex::open(dir, Arc::<Shelf>::clone(shelf));
    index.reconcile();
    index.flush();
    index
}

fn paths(results: &Results) -> Vec<String> {
    results.hits.iter().map(|hit| hit.path.to_string()).collect()
}

fn show(pieces: &[Piece]) -> String {
    let one = |p: &Piece| if p.marked { format!("[{}]", p.text) } else { p.text.clone() };
    pieces.iter().map(one).collect()
}

fn index_dir(dir: &Path) -> PathBuf {
    dir.join(format!("v{}", schema::VERSION))
}
