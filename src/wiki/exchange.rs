//! Whole revision files in and out, byte for byte: what exchanging with other replicas needs.

use std::io::{Seek, SeekFrom};

use super::document::Document;
use super::{Wiki, WikiError};
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;
use crate::store::{Body, Content, DiskDir, Received, StoreError};

impl Wiki {
    /// Opens the file of a whole revision at its first byte, header and all.
    ///
    /// # Errors
    /// As [`Wiki::open_content`].
    pub fn open_file(&self, document: &Document, id: RevisionId) -> Result<Content, WikiError> {
        let mut content = self.open_content(document, id)?;
        let path = || std::path::PathBuf::from(document.path().to_disk()).join(id.to_string());
        content
            .reader
            .seek(SeekFrom::Start(0))
            .map_err(|e| StoreError::from_io("read", &path(), e))?;
        content.length += content.start;
        content.start = 0;
        Ok(content)
    }

    /// Puts the whole file of a revision in place durably. Readers see it after the next look at the
    /// document, so that many can be taken in before one look.
    ///
    /// # Errors
    /// As [`Store::receive`](crate::store::Store::receive).
    pub fn receive(
        &self,
        path: &DocPath,
        id: RevisionId,
        file: Body<'_>,
    ) -> Result<Received, WikiError> {
        let known = self.known(&path.key());
        Ok(self.store.receive(&place(known.as_deref(), path, id), id, file)?)
    }

    /// Puts the whole file of a revision in place durably, but only while the document has no winner
    /// or one of which `known` is true; `None` where it has another, or this very revision. The
    /// document is locked from the look to the write, as for every save, and readers see the revision
    /// on return.
    ///
    /// # Errors
    /// As [`Wiki::receive`].
    pub fn receive_onto(
        &self,
        path: &DocPath,
        id: RevisionId,
        file: &[u8],
        known: &dyn Fn(RevisionId) -> bool,
    ) -> Result<Option<Received>, WikiError> {
        let key = path.key();
        let lock = self.lock(&key);
        let _guard = lock.lock();
        let document = self.refresh_locked(&key, path)?;
        if let Some(document) = &document {
            let winner = document.resolution().winner;
            let there = document.revision(id).is_some_and(|r| r.damage.is_none());
            if there || winner.is_some_and(|winner| !known(winner)) {
                return Ok(None);
            }
        }
        let dir = place(document.as_deref(), path, id);
        let received = self.store.receive(&dir, id, Body::Bytes(file))?;
        self.refresh_locked(&key, path)?;
        Ok(Some(received))
    }
}

/// Finds the directory that a revision belongs in.
fn place(document: Option<&Document>, path: &DocPath, id: RevisionId) -> DiskDir {
    let held = document.and_then(|document| {
        // A damaged file is replaced where it lies.
        document.revision(id).or_else(|| document.winner()).map(|held| held.dir.clone())
    });
    held.unwrap_or_else(|| DiskDir::of(path))
}
