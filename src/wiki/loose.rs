//! What hangs loose: links to what nobody has written, and pages that no link leads to.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::render::resolve;
use super::{Document, Wiki};
use crate::model::path::{DocKey, DocPath};

/// A document that is linked to and does not exist.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The name it would have.
    pub path: DocPath,
    /// The pages that link to it, in order of name.
    pub by: Vec<Arc<Document>>,
}

/// What hangs loose in a wiki.
#[derive(Debug, Clone, Default)]
pub struct LooseEnds {
    /// What is linked to and does not exist: the most wanted first.
    pub wanted: Vec<Wanted>,
    /// The pages that no other page links to, in order of name.
    pub unlinked: Vec<Arc<Document>>,
}

impl Wiki {
    /// Follows every link of every page; the cost grows with the wiki.
    pub fn loose_ends(&self) -> LooseEnds {
        let live = self.live();
        let mut reached: HashSet<DocKey> = HashSet::new();
        let mut wanted: BTreeMap<DocKey, Wanted> = BTreeMap::new();
        for document in &live {
            for target in document.outline().map_or(&[][..], |outline| &outline.names) {
                let (path, exists) = resolve(target, &self.catalog);
                let key = path.key();
                if key == *document.key() {
                    continue;
                }
                if exists {
                    reached.insert(key);
                    continue;
                }
                let entry = wanted.entry(key).or_insert_with(|| Wanted { path, by: Vec::new() });
                if entry.by.last().is_none_or(|last| last.key() != document.key()) {
                    entry.by.push(Arc::clone(document));
                }
            }
        }
        let mut wanted: Vec<Wanted> = wanted.into_values().collect();
        wanted.sort_by_key(|entry| std::cmp::Reverse(entry.by.len()));
        let unlinked =
            live.into_iter().filter(|d| d.path().is_page() && !reached.contains(d.key()));
        LooseEnds { wanted, unlinked: unlinked.collect() }
    }
}
