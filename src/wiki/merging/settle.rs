//! Closing conflicts with a content that is there already: keep the page, or take another version.

use std::sync::Arc;

use crate::model::revision::RevisionId;
use crate::store::Body;
use crate::wiki::document::Document;
use crate::wiki::{Edit, Saved, Wiki, WikiError};

impl Wiki {
    /// Saves a merge of the winner and the heads `edit.also` whose content is that of revision
    /// `like`. The edit's own content is not used, so attachments of any size can be settled.
    ///
    /// Stops where `edit.base` is not the winner any more, or one of the heads is none.
    ///
    /// # Errors
    /// Where the revision is not there, cannot be read, or the store refuses.
    pub fn settle(&self, edit: &Edit, like: RevisionId) -> Result<Saved, WikiError> {
        let key = edit.path.key();
        let lock = self.lock(&key);
        // Held over check and write, as for every save.
        let _guard = lock.lock();
        let document = self
            .refresh_locked(&key, &edit.path)?
            .ok_or_else(|| WikiError::NoDocument(edit.path.clone()))?;
        let no_revision = || WikiError::NoRevision { path: edit.path.clone(), id: like };
        let revision = document.revision(like).ok_or_else(no_revision)?.clone();
        if let Some(id) = earlier(&document, edit, &revision) {
            return Ok(Saved::Done { id, document });
        }
        let resolution = document.resolution();
        let heads = edit.also.iter().all(|id| resolution.conflicts.contains(id));
        if resolution.winner != edit.base || !heads {
            return Ok(Saved::MovedOn { document });
        }
        let mut parents = resolution.parents_of_next();
        parents.extend(&edit.also);
        if edit.path.is_page() {
            // Its outline is made from the content.
            let content = self.content(&document, like)?;
            let edit = Edit { content, ..edit.clone() };
            return self.write(&edit, Some(&document), parents, Body::Bytes(&edit.content), true);
        }
        let mut content = self.open_content(&document, like)?;
        self.write(edit, Some(&document), parents, Body::Stream(&mut content.reader), true)
    }
}

/// Finds the revision that this very decision became when it was sent before.
fn earlier(
    document: &Arc<Document>,
    edit: &Edit,
    like: &crate::wiki::Revision,
) -> Option<RevisionId> {
    let found = document.revisions().find(|r| r.id.nonce() == edit.nonce && r.damage.is_none())?;
    let same = found.digest == like.digest
        && edit.base.iter().chain(&edit.also).all(|parent| found.parents.contains(parent));
    same.then_some(found.id)
}
