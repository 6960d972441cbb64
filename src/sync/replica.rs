//! The side here, as the exchange sees it: a set of whole revisions that can be read and added to.

use std::io::Read;
use std::sync::Arc;

use super::error::ReplicaError;
use super::identity::{ReplicaId, WikiId};
use super::item::ItemHash;
use super::page::Known;
use super::quarantine::Suspect;
use super::set::Set;
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;
use crate::store::{Body, Received};

/// A revision file open for reading, from its first byte, header and all.
pub struct RevisionFile {
    /// How many bytes there are.
    pub length: u64,
    /// Gives them.
    pub reader: Box<dyn Read + Send>,
}

/// What one side of an exchange holds and can do. Calls block, and may come from several threads.
pub trait Replica: Send + Sync {
    /// Returns the replica's own id.
    fn replica_id(&self) -> ReplicaId;

    /// Returns the id of the wiki, if it has one yet.
    ///
    /// # Errors
    /// If it exists but cannot be read.
    fn wiki_id(&self) -> Result<Option<WikiId>, ReplicaError>;

    /// Gives the wiki an id: a fresh one, or that of the wiki it becomes part of.
    ///
    /// # Errors
    /// If it cannot be kept.
    fn set_wiki_id(&self, id: WikiId) -> Result<(), ReplicaError>;

    /// Gives the wiki a fresh id unless it has one, and returns the one it has then: the same to all
    /// who ask at the same time.
    ///
    /// # Errors
    /// If it cannot be read or kept.
    fn name_wiki(&self) -> Result<WikiId, ReplicaError> {
        if let Some(id) = self.wiki_id()? {
            return Ok(id);
        }
        let fresh = self.draw_wiki_id();
        self.set_wiki_id(fresh)?;
        Ok(fresh)
    }

    /// Draws an id that nobody else has.
    fn draw_wiki_id(&self) -> WikiId;

    /// Returns the set of whole revisions as it is now.
    ///
    /// # Errors
    /// [`ReplicaError::NotReady`] while not everything has been read.
    fn set(&self) -> Result<Arc<Set>, ReplicaError>;

    /// Finds the revision that an item stands for.
    fn locate(&self, item: &ItemHash) -> Option<(DocPath, RevisionId)>;

    /// Opens the file of a whole revision; `None` where it has gone.
    ///
    /// # Errors
    /// If it cannot be read.
    fn open(&self, path: &DocPath, id: RevisionId) -> Result<Option<RevisionFile>, ReplicaError>;

    /// Returns true if a revision is held whole.
    fn holds(&self, path: &DocPath, id: RevisionId) -> bool;

    /// Returns the highest number held of a document; 0 where nothing is.
    fn highest(&self, path: &DocPath) -> u64;

    /// Puts a whole revision file in place, byte for byte; on return it is durable. It need not be
    /// shown to readers before [`Replica::show`].
    ///
    /// # Errors
    /// As [`Store::receive`](crate::store::Store::receive).
    fn receive(
        &self,
        path: &DocPath,
        id: RevisionId,
        file: Body<'_>,
    ) -> Result<Received, ReplicaError>;

    /// Returns the whole revisions that are held of a document, with its name as it is written here.
    fn revisions(&self, path: &DocPath) -> Vec<(DocPath, RevisionId)> {
        let _ = path;
        Vec::new()
    }

    /// Puts a revision file in place as [`Replica::receive`] does, but only while the document has no
    /// winner or one that is `known` to who sends it; `None` where it has moved on, or holds this very
    /// revision already. Nothing comes between the look and the write. The default does nothing of
    /// that, for who is not handed single pages.
    ///
    /// # Errors
    /// As [`Replica::receive`].
    fn receive_onto(
        &self,
        path: &DocPath,
        id: RevisionId,
        file: &[u8],
        known: &Known,
    ) -> Result<Option<Received>, ReplicaError> {
        let _ = (path, id, file, known);
        Ok(None)
    }

    /// Looks at a document again and shows readers what came; also where a revision turned out not
    /// to be whole.
    fn show(&self, path: &DocPath);

    /// Sets aside what may not enter; `file` gives its bytes, where there are any to keep.
    fn set_aside(&self, suspect: &Suspect, file: Option<&mut dyn Read>);

    /// Returns true if what this peer calls the revision has been set aside and waits for a person's
    /// decision. What another peer has under that name may be whole.
    fn is_set_aside(&self, item: &ItemHash, from: &str) -> bool;

    /// Returns the most bytes that a revision file may have.
    fn largest(&self) -> u64;

    /// Returns how many revisions are written at the same time, so that they share the cost of
    /// being made durable; with 1, everything happens in order on the calling thread.
    fn writers(&self) -> usize {
        16
    }
}
