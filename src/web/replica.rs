//! A wiki as one side of an exchange with peers.
//!
//! The set of its revisions is kept in step by listening to the wiki's changes, so that an exchange
//! begins without looking at anything that did not change.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;

use crate::model::path::{DocKey, DocPath};
use crate::model::revision::RevisionId;
use crate::store::{Body, Received, StoreError};
use crate::sync::page::Known;
use crate::sync::quarantine::Suspect;
use crate::sync::{
    Elsewhere, Item, ItemHash, Live, Place, Replica, ReplicaError, ReplicaId, RevisionFile, Set,
    WarmSet, WikiId,
};
use crate::wiki::{Change, Cursor, Document, FeedEntry, News, Revision, Wiki, WikiError};

/// What a header may add to the largest content.
const HEADER_ROOM: u64 = crate::model::file::MAX_HEADER_BYTES as u64;

/// A wiki as a replica.
pub struct WikiReplica {
    wiki: Arc<Wiki>,
    place: Place,
    warm: Arc<WarmSet>,
    elsewhere: Elsewhere,
    /// How many times a revision was found to be damaged or gone.
    alarms: Arc<AtomicU64>,
}

impl WikiReplica {
    /// Puts a replica around a wiki and keeps it in step from now on.
    pub fn new(wiki: Arc<Wiki>, place: Place) -> Self {
        let warm = Arc::new(WarmSet::default());
        let alarms = Arc::new(AtomicU64::new(0));
        let (listening, alarm) = (Arc::clone(&warm), Arc::clone(&alarms));
        wiki.on_change(move |change| {
            note(&listening, change);
            if is_alarming(change) {
                alarm.fetch_add(1, Ordering::Relaxed);
            }
        });
        for key in wiki.keys() {
            learn(&wiki, &warm, &key);
        }
        Self { wiki, place, warm, elsewhere: Elsewhere::default(), alarms }
    }

    /// Returns the files of the exchange.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Puts a revision that was set aside into its page after all, as a person decided.
    ///
    /// # Errors
    /// [`NotAccepted`]; it stays set aside.
    pub(super) fn accept(&self, suspect: &Suspect) -> Result<(), NotAccepted> {
        let no = |reason: &str| NotAccepted::For(reason.to_owned());
        let path = DocPath::new(&suspect.path).map_err(|_| no("No page can have this name."))?;
        let id = suspect.id.parse().map_err(|_| no("No revision can have this id."))?;
        let quarantine = self.place.quarantine();
        let Some(mut file) = quarantine.open(suspect).map_err(NotAccepted::from_local)? else {
            return Err(no("Its content was not kept, so there is nothing to accept."));
        };
        self.wiki.refresh(&path).map_err(NotAccepted::Failed)?;
        match self.wiki.receive(&path, id, Body::Stream(&mut file)) {
            Ok(_) => {}
            Err(WikiError::Store(error @ (StoreError::NotWhole { .. } | StoreError::Taken(_)))) => {
                return Err(NotAccepted::For(format!("It cannot be accepted: {error}.")));
            }
            Err(error) => return Err(NotAccepted::Failed(error)),
        }
        self.show(&path);
        quarantine.remove(suspect).map_err(NotAccepted::from_local)
    }

    fn document(&self, path: &DocPath) -> Option<Arc<Document>> {
        self.wiki.known(&path.key())
    }
}

/// Why a revision stays set aside although a person wanted it.
#[derive(Debug)]
pub(super) enum NotAccepted {
    /// It cannot be one of its page, for the reason.
    For(String),
    /// The disk refused.
    Failed(WikiError),
}

impl NotAccepted {
    #[expect(clippy::needless_pass_by_value, reason = "it takes what map_err gives")]
    fn from_local(error: ReplicaError) -> Self {
        tracing::warn!(%error, "the quarantine cannot be used");
        Self::For("The server could not write to its disk. Its log has the details.".to_owned())
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

/// Returns true if a revision turned out to be damaged, or is gone: a peer may have it whole.
fn is_alarming(change: &Change) -> bool {
    let whole = |document: Option<&Document>, id| {
        document.and_then(|d| d.revision(id)).map(|r| r.damage.is_none())
    };
    let (before, after) = (change.before.as_deref(), change.after.as_deref());
    let lost = before.is_some_and(|d| {
        d.revisions().any(|r| r.damage.is_none() && whole(after, r.id) != Some(true))
    });
    let damaged = after.is_some_and(|d| {
        d.revisions().any(|r| r.damage.is_some() && whole(before, r.id) != Some(false))
    });
    lost || damaged
}

/// Returns the revisions that entries of the feed brought, in order.
pub(super) fn brought(entries: &[Arc<FeedEntry>]) -> Vec<(DocPath, RevisionId)> {
    let each = entries.iter().flat_map(|e| e.added.iter().map(|id| (e.path.clone(), *id)));
    each.collect()
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
        let Some(document) = self.document(path) else { return Ok(None) };
        match self.wiki.open_file(&document, id) {
            Ok(file) => Ok(Some(RevisionFile { length: file.length, reader: file.reader })),
            Err(
                WikiError::NoRevision { .. }
                | WikiError::Damaged { .. }
                | WikiError::Store(StoreError::NotFound(_) | StoreError::Damaged { .. }),
            ) => Ok(None),
            Err(error) => Err(replica_error(error)),
        }
    }

    fn holds(&self, path: &DocPath, id: RevisionId) -> bool {
        self.document(path).is_some_and(|d| d.revision(id).is_some_and(|r| r.damage.is_none()))
    }

    fn highest(&self, path: &DocPath) -> u64 {
        self.document(path).and_then(|d| d.resolution().winner).map_or(0, RevisionId::number)
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
        let Some(document) = self.document(path) else { return Vec::new() };
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

    fn is_set_aside(&self, item: &ItemHash, from: &str) -> bool {
        self.place.quarantine().contains(item, from)
    }

    fn largest(&self) -> u64 {
        let limits = self.wiki.limits();
        limits.attachment.max(crate::wiki::MAX_TEXT).saturating_add(HEADER_ROOM)
    }
}

impl Live for WikiReplica {
    fn place(&self) -> String {
        self.wiki.feed().cursor().to_string()
    }

    fn since(&self, place: &str) -> Option<(Vec<(DocPath, RevisionId)>, String)> {
        let cursor: Cursor = place.parse().ok()?;
        match self.wiki.feed().since(cursor) {
            (News::Changes(entries), next) => Some((brought(&entries), next.to_string())),
            (News::TooOld, _) => None,
        }
    }

    fn alarms(&self) -> u64 {
        self.alarms.load(Ordering::Relaxed)
    }

    fn on_news(&self, bell: Box<dyn Fn() + Send + Sync>) {
        let bell: Arc<dyn Fn() + Send + Sync> = Arc::from(bell);
        let scanned = Arc::clone(&bell);
        self.wiki.on_change(move |_| bell());
        self.wiki.on_scan(move || scanned());
    }

    fn elsewhere(&self) -> &Elsewhere {
        &self.elsewhere
    }

    fn now(&self) -> Timestamp {
        self.wiki.clock().now()
    }

    fn draw(&self) -> u64 {
        self.wiki.nonces().draw().as_u64_pair().0
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
