//! A replica as its peers see it: the real adaptor around the simulated wiki.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use everpage::model::path::DocPath;
use everpage::model::revision::RevisionId;
use everpage::store::{Body, Received, StoreError};
use everpage::sync::quarantine::Suspect;
use everpage::sync::{
    ItemHash, Place, Replica, ReplicaError, ReplicaId, RevisionFile, Set, WikiId,
};
use everpage::web::WikiReplica;
use everpage::wiki::{Wiki, WikiError};
use parking_lot::Mutex;
use tempfile::TempDir;
use uuid::Uuid;

use crate::world::{DOCS, path};

/// All replicas are of one wiki.
const WIKI: Uuid = Uuid::from_u128(0xe7e7);

/// What an exchange keeps besides revisions lies on the real disk; none of it is part of a page.
/// Each thread runs one schedule at a time, and uses its directories again.
pub fn place(r: usize) -> Result<Place, ReplicaError> {
    thread_local! {
        static PLACES: TempDir = tempfile::tempdir().unwrap();
    }
    PLACES.with(|places| {
        let data = places.path().join(r.to_string());
        if !data.exists() {
            write(&data.join("pages"), ".wiki-id", WIKI).unwrap();
            write(&data.join("local"), "replica-id", Uuid::from_u128(1 + r as u128)).unwrap();
        }
        Place::open(&data, Uuid::nil())
    })
}

fn write(dir: &Path, name: &str, id: Uuid) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    fs::write(dir.join(name), id.to_string())
}

/// Forgets what earlier schedules set aside.
pub fn clear(place: &Place) {
    for suspect in place.quarantine().list().unwrap() {
        place.quarantine().remove(&suspect).unwrap();
    }
}

/// The adaptor, with everything in order on one thread, and with books of what it promised.
pub struct Peer {
    wiki: Arc<Wiki>,
    replica: WikiReplica,
    promised: Mutex<Vec<(DocPath, RevisionId)>>,
}

impl Peer {
    pub fn new(r: usize, wiki: Arc<Wiki>) -> Result<Self, ReplicaError> {
        let replica = WikiReplica::new(Arc::clone(&wiki), place(r)?);
        Ok(Self { wiki, replica, promised: Mutex::default() })
    }

    /// Looks at all documents.
    pub fn look(&self) -> Result<(), WikiError> {
        (0..DOCS.len()).try_for_each(|doc| self.wiki.refresh(&path(doc)).map(|_| ()))
    }

    /// Returns what it said was durable, since it was asked last.
    pub fn promised(&self) -> Vec<(DocPath, RevisionId)> {
        std::mem::take(&mut *self.promised.lock())
    }
}

impl Replica for Peer {
    fn receive(
        &self,
        path: &DocPath,
        id: RevisionId,
        file: Body<'_>,
    ) -> Result<Received, ReplicaError> {
        let received = self.replica.receive(path, id, file)?;
        self.promised.lock().push((path.clone(), id));
        Ok(received)
    }

    fn writers(&self) -> usize {
        1
    }

    fn replica_id(&self) -> ReplicaId {
        self.replica.replica_id()
    }

    fn wiki_id(&self) -> Result<Option<WikiId>, ReplicaError> {
        self.replica.wiki_id()
    }

    fn set_wiki_id(&self, _: WikiId) -> Result<(), ReplicaError> {
        Err(ReplicaError::Store(StoreError::ReadOnly("the id of the wiki".into())))
    }

    fn draw_wiki_id(&self) -> WikiId {
        self.replica.draw_wiki_id()
    }

    fn set(&self) -> Result<Arc<Set>, ReplicaError> {
        self.replica.set()
    }

    fn locate(&self, item: &ItemHash) -> Option<(DocPath, RevisionId)> {
        self.replica.locate(item)
    }

    fn open(&self, path: &DocPath, id: RevisionId) -> Result<Option<RevisionFile>, ReplicaError> {
        self.replica.open(path, id)
    }

    fn holds(&self, path: &DocPath, id: RevisionId) -> bool {
        self.replica.holds(path, id)
    }

    fn highest(&self, path: &DocPath) -> u64 {
        self.replica.highest(path)
    }

    fn show(&self, path: &DocPath) {
        self.replica.show(path);
    }

    fn set_aside(&self, suspect: &Suspect, file: Option<&mut dyn Read>) {
        self.replica.set_aside(suspect, file);
    }

    fn is_set_aside(&self, item: &ItemHash, from: &str) -> bool {
        self.replica.is_set_aside(item, from)
    }

    fn largest(&self) -> u64 {
        self.replica.largest()
    }
}
