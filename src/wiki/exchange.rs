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
        let dir = known.as_deref().and_then(|document| {
            // A damaged file is replaced where it lies.
            document.revision(id).or_else(|| document.winner()).map(|held| held.dir.clone())
        });
        let dir = dir.unwrap_or_else(|| DiskDir::of(path));
        Ok(self.store.receive(&dir, id, file)?)
    }
}
