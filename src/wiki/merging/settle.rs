//! Closing conflicts with a content that is there already: keep the page, or take another version.

use std::borrow::Cow;
use std::sync::Arc;

use crate::model::revision::RevisionId;
use crate::store::Body;
use crate::wiki::document::Document;
use crate::wiki::edit::Plan;
use crate::wiki::{Edit, Saved, Wiki, WikiError};

impl Wiki {
    /// Saves a merge of the winner and the heads `edit.also` whose content is that of revision
    /// `like`. The edit's own content is not used, so attachments of any size can be settled.
    ///
    /// # Errors
    /// [`WikiError::Changed`] if `edit.base` is no longer the winner, or one of the heads no longer a
    /// conflict; or if the revision is not there, cannot be read, or the store refuses. Nothing was
    /// written then.
    pub fn settle(&self, edit: &Edit, like: RevisionId) -> Result<Saved, WikiError> {
        if edit.path.is_page() {
            // Its content is small, and its outline is made from it.
            return self.carry_out(&edit.path, &|document, _| {
                let (document, parents) = match decide(edit, like, document)? {
                    Judged::Over(saved) => return Ok(Plan::Over(saved)),
                    Judged::Settle { document, parents } => (document, parents),
                };
                let content = self.content(&document, like)?;
                let edit = Cow::Owned(Edit { content, ..edit.clone() });
                Ok(Plan::Write(Box::new(self.draft(edit, Some(&document), parents)?)))
            });
        }
        self.catch_up(&edit.path);
        let saved = self.settle_here(edit, like)?;
        Ok(self.push_saved(&edit.path, saved))
    }

    /// Settles an attachment of any size.
    fn settle_here(&self, edit: &Edit, like: RevisionId) -> Result<Saved, WikiError> {
        let key = edit.path.key();
        let lock = self.lock(&key);
        // Held over check and write, as for every save.
        let _guard = lock.lock();
        let document = self.refresh_locked(&key, &edit.path)?;
        let (document, parents) = match decide(edit, like, document.as_ref())? {
            Judged::Over(saved) => return Ok(saved),
            Judged::Settle { document, parents } => (document, parents),
        };
        let draft = self.draft(Cow::Borrowed(edit), Some(&document), parents)?;
        let mut content = self.open_whole(&document, like)?;
        self.put(&draft, Body::Stream(&mut content.reader), true)
    }
}

/// Looks whether the document is still as it was when the decision was made.
fn decide(
    edit: &Edit,
    like: RevisionId,
    document: Option<&Arc<Document>>,
) -> Result<Judged, WikiError> {
    let document = document.ok_or_else(|| WikiError::NoDocument(edit.path.clone()))?;
    let document = Arc::clone(document);
    let no_revision = || WikiError::NoRevision { path: edit.path.clone(), id: like };
    let revision = document.revision(like).ok_or_else(no_revision)?;
    if let Some(id) = earlier(&document, edit, revision) {
        return Ok(Judged::Over(Saved::Done { id, document, owed: false, displaced: None }));
    }
    let resolution = document.resolution();
    let heads = edit.also.iter().all(|id| resolution.conflicts.contains(id));
    if resolution.winner != edit.base || !heads {
        return Err(WikiError::Changed(edit.path.clone()));
    }
    let mut parents = resolution.parents_of_next();
    parents.extend(&edit.also);
    Ok(Judged::Settle { document, parents })
}

/// What a decision comes to.
enum Judged {
    /// Nothing is to be written.
    Over(Saved),
    /// It can be carried out.
    Settle { document: Arc<Document>, parents: Vec<RevisionId> },
}

/// Finds the revision that this very decision became when it was sent before.
fn earlier(
    document: &Arc<Document>,
    edit: &Edit,
    like: &crate::wiki::Revision,
) -> Option<RevisionId> {
    let found = document.revisions().find(|r| r.was_sent_as(edit.nonce) && r.damage.is_none())?;
    let same = found.digest == like.digest
        && edit.base.iter().chain(&edit.also).all(|parent| found.parents.contains(parent));
    same.then_some(found.id)
}
