//! The wiki as what the search index is made from.

use std::path::Path;
use std::sync::{Arc, Weak};

use super::{SearchDoc, SearchIndex, Source};
use crate::model::path::{DocKey, DocPath};
use crate::wiki::{Document, MAX_TEXT, Wiki, render};

/// Opens the search index of a wiki in `dir` and lets it follow every change and every scan.
///
/// Returns at once. The index keeps no wiki alive, nor the wiki the index.
pub fn attach(wiki: &Arc<Wiki>, dir: &Path) -> Arc<SearchIndex> {
    let index = SearchIndex::open(dir, Arc::new(WikiSource(Arc::downgrade(wiki))));
    let follower = index.follower();
    let comparing = follower.clone();
    wiki.on_change(move |change| follower.touch(change.path.key()));
    // Finds what went while no server ran, and what an older index held otherwise.
    wiki.on_scan(move || comparing.compare());
    if wiki.scanned() {
        index.reconcile();
    }
    Arc::new(index)
}

/// Pages with their texts, attachments by their names.
struct WikiSource(Weak<Wiki>);

impl Source for WikiSource {
    fn is_there(&self) -> bool {
        self.0.strong_count() > 0
    }

    fn stamps(&self) -> Vec<(DocKey, String)> {
        let Some(wiki) = self.0.upgrade() else { return Vec::new() };
        let keys = wiki.paths().into_iter().map(|path| path.key());
        keys.filter_map(|key| Some((key.clone(), stamp(&*wiki.known(&key)?)?))).collect()
    }

    fn stamp(&self, key: &DocKey) -> Option<String> {
        stamp(&*self.0.upgrade()?.known(key)?)
    }

    fn load(&self, key: &DocKey) -> Option<SearchDoc> {
        let wiki = self.0.upgrade()?;
        let document = wiki.known(key)?;
        let stamp = stamp(&document)?;
        let path = document.path().clone();
        if !path.is_page() {
            return Some(by_name(path, stamp));
        }
        match text(&wiki, &document) {
            Ok(text) => {
                let outline = render::outline(&path, &text);
                let title = outline.title.unwrap_or_else(|| path.title().to_owned());
                let (headings, tags) = (outline.headings, outline.tags);
                Some(SearchDoc { path, title, headings, tags, text: outline.text, stamp })
            }
            // Found by its name meanwhile, and looked at again with every comparison.
            Err(error) => {
                tracing::warn!(%path, %error, "the text of a page cannot be searched");
                Some(by_name(path, format!("{stamp} unread")))
            }
        }
    }
}

/// Returns what changes with everything the index holds; `None` for a document nobody sees.
fn stamp(document: &Document) -> Option<String> {
    let winner = document.winner().filter(|_| document.is_live())?;
    Some(format!("{} {} {}", winner.id, winner.digest, document.path()))
}

fn by_name(path: DocPath, stamp: String) -> SearchDoc {
    let title = path.title().to_owned();
    SearchDoc { path, title, headings: Vec::new(), tags: Vec::new(), text: String::new(), stamp }
}

fn text(wiki: &Wiki, document: &Document) -> Result<String, crate::wiki::WikiError> {
    match document.winner() {
        Some(winner) if winner.length <= MAX_TEXT => {
            let bytes = wiki.content(document, winner.id)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        }
        _ => Ok(String::new()),
    }
}
