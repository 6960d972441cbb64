//! A wiki as one side of an exchange with peers.
//!
//! The set of its revisions is kept in step by listening to the wiki's changes, so that an exchange
//! begins without looking at anything that did not change.

use std::io::Read;
use std::sync::Arc;

use crate::model::path::{DocKey, DocPath};
use crate::model::revision::RevisionId;
use crate::store::{Body, Received, StoreError};
use crate::sync::page::Known;
use crate::sync::quarantine::Suspect;
use crate::sync::{
    Item, ItemHash, Place, Replica, ReplicaError, ReplicaId, RevisionFile, Set, WarmSet, WikiId,
};
use crate::wiki::{Change, Document, Revision, Wiki, WikiError};

/// What a header may add to the largest content.
const HEADER_ROOM: u64 = crate::model::file::MAX_HEADER_BYTES as u64;

/// A wiki as a replica.
pub struct WikiReplica {
    wiki: Arc<Wiki>,
    place: Place,
    warm: Arc<WarmSet>,
}

impl WikiReplica {
    /// Puts a replica around a wiki and keeps it in step from now on.
    pub fn new(wiki: Arc<Wiki>, place: Place) -> Self {
        let warm = Arc::new(WarmSet::default());
        let listening = Arc::clone(&warm);
        wiki.on_change(move |change| note(&listening, change));
        for key in wiki.keys() {
            learn(&wiki, &warm, &key);
        }
        Self { wiki, place, warm }
    }

    /// Returns the files of the exchange.
    pub fn place(&self) -> &Place {
        &self.place
    }

    fn known(&self, path: &DocPath) -> Option<Arc<Document>> {
        self.wiki.known(&path.key())
    }
}

/// Takes in a document that was known before the listener was there.
fn learn(wiki: &Wiki, warm: &WarmSet, key: &DocKey) {
    loop {
        let Some(document) = wiki.known(key) else { return };
        note_between(warm, None, Some(&document));
        let same = wiki.known(key).is_some_and(|now| Arc::ptr_eq(&now, &document));
        if same {
            return;
        }
        // It changed just then: what was taken in may be gone.
        note_between(warm, Some(&document), None);
    }
}

fn note(warm: &WarmSet, change: &Change) {
    note_between(warm, change.before.as_deref(), change.after.as_deref());
}

/// Takes in what came and drops what went; the revisions that stayed are not touched.
fn note_between(warm: &WarmSet, before: Option<&Document>, after: Option<&Document>) {
    let whole = |r: &&Revision| r.damage.is_none();
    for old in before.into_iter().flat_map(Document::revisions).filter(whole) {
        let stays = after.and_then(|d| d.revision(old.id)).filter(whole);
        if stays.is_none_or(|new| date(new) != date(old)) {
            warm.remove(item(before, old));
        }
    }
    for new in after.into_iter().flat_map(Document::revisions).filter(whole) {
        let was = before.and_then(|d| d.revision(new.id)).filter(whole);
        if was.is_none_or(|old| old.dir != new.dir || date(old) != date(new)) {
            warm.insert(&new.dir, new.id, item(after, new));
        }
    }
}

fn date(revision: &Revision) -> Option<jiff::Timestamp> {
    revision.date.filter(|_| !revision.bare)
}

fn item(document: Option<&Document>, revision: &Revision) -> Item {
    let key = document.map_or_else(|| revision.dir.path().key(), |d| d.key().clone());
    Item::of(&key, revision.id, date(revision))
}

impl Replica for WikiReplica {
    fn replica_id(&self) -> ReplicaId {
        self.place.replica_id()
    }

    fn wiki_id(&self) -> Result<Option<WikiId>, ReplicaError> {
        self.place.wiki_id()
    }

    fn set_wiki_id(&self, id: WikiId) -> Result<(), ReplicaError> {
        self.place.set_wiki_id(id)
    }

    fn name_wiki(&self) -> Result<WikiId, ReplicaError> {
        self.place.name_wiki(self.draw_wiki_id())
    }

    fn draw_wiki_id(&self) -> WikiId {
        WikiId(self.wiki.nonces().draw())
    }

    fn set(&self) -> Result<Arc<Set>, ReplicaError> {
        if self.wiki.scanned() { Ok(self.warm.snapshot()) } else { Err(ReplicaError::NotReady) }
    }

    fn locate(&self, item: &ItemHash) -> Option<(DocPath, RevisionId)> {
        self.warm.locate(item).map(|(dir, id)| (dir.path().clone(), id))
    }

    fn open(&self, path: &DocPath, id: RevisionId) -> Result<Option<RevisionFile>, ReplicaError> {
        let Some(document) = self.known(path) else { return Ok(None) };
        match self.wiki.open_file(&document, id) {
            Ok(file) => Ok(Some(RevisionFile { length: file.length, reader: file.reader })),
            Err(
                WikiError::NoRevision { .. }
                | WikiError::Damaged { .. }
                | WikiError::Store(StoreError::NotFound(_)),
            ) => Ok(None),
            Err(WikiError::Store(StoreError::Io { source, .. }))
                if source.kind() == std::io::ErrorKind::InvalidData =>
            {
                Ok(None)
            }
            Err(error) => Err(replica_error(error)),
        }
    }

    fn holds(&self, path: &DocPath, id: RevisionId) -> bool {
        self.known(path).is_some_and(|d| d.revision(id).is_some_and(|r| r.damage.is_none()))
    }

    fn highest(&self, path: &DocPath) -> u64 {
        self.known(path).and_then(|d| d.resolution().winner).map_or(0, RevisionId::number)
    }

    fn receive(
        &self,
        path: &DocPath,
        id: RevisionId,
        file: Body<'_>,
    ) -> Result<Received, ReplicaError> {
        self.wiki.receive(path, id, file).map_err(replica_error)
    }

    fn revisions(&self, path: &DocPath) -> Vec<(DocPath, RevisionId)> {
        let Some(document) = self.known(path) else { return Vec::new() };
        let whole = document.revisions().filter(|r| r.damage.is_none());
        whole.map(|r| (document.path().clone(), r.id)).collect()
    }

    fn receive_onto(
        &self,
        path: &DocPath,
        id: RevisionId,
        file: &[u8],
        known: &Known,
    ) -> Result<Option<Received>, ReplicaError> {
        self.wiki.receive_onto(path, id, file, &|id| known.has(id)).map_err(replica_error)
    }

    fn show(&self, path: &DocPath) {
        if let Err(error) = self.wiki.refresh(path) {
            tracing::warn!(%path, %error, "could not look at a document that changed");
        }
    }

    fn set_aside(&self, suspect: &Suspect, file: Option<&mut dyn Read>) {
        if let Err(error) = self.place.quarantine().add(suspect, self.wiki.clock().now(), file) {
            tracing::warn!(%error, "could not set a revision aside");
        }
    }

    fn is_set_aside(&self, item: &ItemHash) -> bool {
        self.place.quarantine().contains(item)
    }

    fn largest(&self) -> u64 {
        let limits = self.wiki.limits();
        limits.attachment.max(crate::wiki::MAX_TEXT).saturating_add(HEADER_ROOM)
    }
}

fn replica_error(error: WikiError) -> ReplicaError {
    match error {
        WikiError::Store(error) => ReplicaError::Store(error),
        other => ReplicaError::Local {
            action: "read",
            path: std::path::PathBuf::new(),
            source: std::io::Error::other(other),
        },
    }
}
