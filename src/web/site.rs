//! What every handler may reach: the wiki and the settings of the site around it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::Semaphore;

use super::cache::ViewCache;
use super::error::Failure;
use super::extract::Visitor;
use super::pages::upload::Claims;
use super::peers::{Incoming, Peers};
use super::presence::Presence;
use super::replica::WikiReplica;
use crate::sync::{Follower, Host};
use crate::wiki::goto::GotoBox;
use crate::wiki::search::SearchIndex;
use crate::wiki::{MergeOnSave, ReaderSettings, Wiki};

/// How many windows may be told of changes at once: half of the connections that the server takes.
const STREAMS: usize = 5_000;

/// Who may do what, until accounts come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// Everyone who reaches the server reads and edits.
    #[default]
    Open,
    /// Everyone reads, nobody edits through the web.
    ReadOnly,
}

/// The settings of the site.
#[derive(Debug, Clone)]
pub struct SiteSettings {
    /// The name of the wiki.
    pub title: String,
    /// The page that `/` leads to.
    pub home: String,
    /// The language that the pages are written in, as browsers are told.
    pub language: String,
    /// Whether a save may merge changes to different lines itself; readers may choose otherwise.
    pub merge_on_save: MergeOnSave,
    /// The prefix of all addresses: empty, or such as `/wiki`.
    pub base_path: String,
    /// The address under which visitors reach the wiki, such as `https://wiki.example.org`.
    pub public_url: Option<String>,
    /// Who may do what.
    pub access: Access,
    /// Where settings of readers are kept; without it they are forgotten at the end.
    pub reader_settings: Option<PathBuf>,
}

impl Default for SiteSettings {
    fn default() -> Self {
        Self {
            title: "Everpage".to_owned(),
            home: "Home".to_owned(),
            language: "en".to_owned(),
            merge_on_save: MergeOnSave::default(),
            base_path: String::new(),
            public_url: None,
            access: Access::Open,
            reader_settings: None,
        }
    }
}

struct Inner {
    wiki: Arc<Wiki>,
    settings: SiteSettings,
    views: ViewCache,
    uploads: Claims,
    presence: Presence,
    readers: ReaderSettings,
    streams: Arc<Semaphore>,
    names: GotoBox,
    search: OnceLock<Arc<SearchIndex>>,
    counts: Counts,
    peers: OnceLock<Peers>,
}

/// What is counted for those who watch over the server.
#[derive(Default)]
struct Counts {
    views: AtomicU64,
    cached: AtomicU64,
}

/// The wiki and the settings around it; cheap to clone.
#[derive(Clone)]
pub struct Site(Arc<Inner>);

impl Site {
    /// Puts a site around a wiki.
    pub fn new(wiki: Arc<Wiki>, settings: SiteSettings) -> Self {
        Self(Arc::new(Inner {
            wiki,
            views: ViewCache::new(),
            uploads: Claims::default(),
            presence: Presence::default(),
            readers: ReaderSettings::new(settings.reader_settings.clone()),
            streams: Arc::new(Semaphore::new(STREAMS)),
            settings,
            names: GotoBox::default(),
            search: OnceLock::new(),
            counts: Counts::default(),
            peers: OnceLock::new(),
        }))
    }

    /// Answers other servers from now on.
    pub fn serve_peers(&self, replica: Arc<WikiReplica>) {
        let host = Host::new(Arc::clone(&replica) as Arc<dyn crate::sync::Replica>);
        // The first one stays.
        let incoming = Arc::new(Incoming::default());
        let _ = self.0.peers.set(Peers { replica, host, incoming, followed: Arc::default() });
    }

    /// Shows these followers, of the replica that is served, to people.
    pub fn show_followers(&self, followers: Arc<Vec<Follower>>) {
        if let Some(peers) = self.peers() {
            // The first ones stay.
            let _ = peers.followed.set(followers);
        }
    }

    /// Returns the wiki as other servers see it, if they are answered.
    pub(super) fn peers(&self) -> Option<&Peers> {
        self.0.peers.get()
    }

    /// Returns true if it follows other servers, or gave one of them a token.
    pub(super) fn has_peers(&self) -> bool {
        self.peers().is_some_and(|peers| {
            !peers.followers().is_empty() || !peers.replica.place().tokens().is_empty()
        })
    }

    /// Gives the site the index to search in; without one, nothing is found.
    #[must_use]
    pub fn with_search(self, index: Arc<SearchIndex>) -> Self {
        // The first one stays.
        let _ = self.0.search.set(index);
        self
    }

    /// Returns the wiki.
    pub fn wiki(&self) -> &Arc<Wiki> {
        &self.0.wiki
    }

    /// Returns the settings.
    pub fn settings(&self) -> &SiteSettings {
        &self.0.settings
    }

    /// Returns what a visitor's saves do on a page that has moved on: their own choice, or else the
    /// wiki's.
    pub fn merge_on_save(&self, visitor: &Visitor) -> MergeOnSave {
        visitor.merge_on_save.unwrap_or(self.0.settings.merge_on_save)
    }

    pub(super) fn views(&self) -> &ViewCache {
        &self.0.views
    }

    pub(super) fn uploads(&self) -> &Claims {
        &self.0.uploads
    }

    pub(super) fn presence(&self) -> &Presence {
        &self.0.presence
    }

    pub(super) fn readers(&self) -> &ReaderSettings {
        &self.0.readers
    }

    /// Returns the places for streams of events.
    pub(super) fn streams(&self) -> &Arc<Semaphore> {
        &self.0.streams
    }

    /// Returns the names of all documents, ready to be looked through.
    pub(super) fn names(&self) -> &GotoBox {
        &self.0.names
    }

    pub(super) fn search_index(&self) -> Option<&SearchIndex> {
        self.0.search.get().map(|index| &**index)
    }

    /// Counts a view, `cached` if the page was put together before.
    pub(super) fn count_view(&self, cached: bool) {
        self.0.counts.views.fetch_add(1, Ordering::Relaxed);
        self.0.counts.cached.fetch_add(u64::from(cached), Ordering::Relaxed);
    }

    /// Returns how many views there were, and how many of them were cached.
    pub(super) fn view_counts(&self) -> (u64, u64) {
        let Counts { views, cached } = &self.0.counts;
        (views.load(Ordering::Relaxed), cached.load(Ordering::Relaxed))
    }

    /// Returns the address of something below the site's root, such as `-/recent`.
    pub fn url(&self, rest: &str) -> String {
        format!("{}/{rest}", self.0.settings.base_path)
    }

    /// Does something that blocks, away from the async threads.
    ///
    /// # Errors
    /// What the work returns; a panic in it is an internal failure.
    pub(super) async fn blocking<T, F>(&self, work: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(&Site) -> Result<T, Failure> + Send + 'static,
    {
        let site = self.clone();
        tokio::task::spawn_blocking(move || work(&site))
            .await
            .unwrap_or_else(|_| Err(Failure::internal()))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::Path;

    use super::*;
    use crate::store::fs::FsStore;
    use crate::wiki::{Limits, Parts, SystemClock, SystemNonces};

    /// Makes a site around an empty wiki.
    pub(in crate::web) fn empty_site(data: &Path) -> Site {
        let wiki = Wiki::new(Parts {
            store: Arc::new(FsStore::open(data).unwrap()),
            clock: Arc::new(SystemClock),
            nonces: Arc::new(SystemNonces),
            base_path: String::new(),
            limits: Limits::default(),
        });
        Site::new(Arc::new(wiki), SiteSettings::default())
    }
}
