//! Contents that are not held in memory. They arrive without any lock, and what becomes of them is
//! planned when they are there.

use std::borrow::Cow;
use std::io::Read;
use std::sync::Arc;

use super::draft::Draft;
use super::plan::{Plan, repeated, says};
use super::write::refusal;
use super::{Edit, MergeOnSave, Saved};
use crate::model::file::{MAX_PARENTS, Measured};
use crate::model::revision::RevisionId;
use crate::wiki::{Wiki, WikiError};

#[cfg(test)]
mod tests;

impl Wiki {
    /// Saves a content of any size as a revision of an attachment, without holding it in memory. The
    /// edit's own content is not used. It is saved here first and then handed to the upstream as it
    /// is: nobody reads such a content before.
    ///
    /// What becomes of it is planned when all of it is on the disk, and nobody else saves between that
    /// and its publication; nobody waits while it arrives.
    ///
    /// # Errors
    /// Like [`Wiki::save`]; an error of the reader abandons the save.
    pub fn save_stream(&self, edit: &Edit, content: &mut dyn Read) -> Result<Saved, WikiError> {
        let document = self.open(&edit.path)?;
        // The file has room for whatever it comes to later.
        let mut first = self.next_draft(Cow::Borrowed(edit), document.as_ref())?;
        let named = first.header.parents.iter().chain(&edit.base).chain(&edit.also);
        let mut parents: Vec<RevisionId> = named.copied().collect();
        parents.sort_unstable_by(|a, b| b.cmp(a));
        parents.dedup();
        parents.truncate(MAX_PARENTS);
        first.header.parents = parents;
        let lock = self.lock(&edit.path.key());
        let (mut guard, mut plan) = (None, None);
        let written = {
            let mut decide = |measured: &Measured| {
                guard = Some(lock.lock());
                let planned = self.plan_streamed(edit, &first, measured);
                let decided = match &planned {
                    Ok(Plan::Write(draft)) => Some((draft.id, draft.header.clone())),
                    Ok(Plan::Over(_)) | Err(_) => None,
                };
                plan = Some(planned);
                decided
            };
            let Draft { dir, id, header, .. } = &first;
            self.store.create_streamed(dir, *id, header, content, &mut decide)
        };
        let written = written.map_err(refusal)?;
        let saved = match (plan.transpose()?, written) {
            (Some(Plan::Write(draft)), Some(written)) => self.show(&draft, &written),
            (Some(Plan::Over(saved)), _) => saved,
            // Who decides is asked, and what was decided is written.
            (Some(Plan::Write(_)) | None, _) => return Err(WikiError::Changed(edit.path.clone())),
        };
        drop(guard);
        Ok(self.push_saved(&edit.path, saved))
    }

    /// Decides what is to be done with a content that is on the disk, as the document is now. The
    /// caller holds the document's lock.
    fn plan_streamed<'a>(
        &self,
        edit: &'a Edit,
        first: &Draft<'_>,
        measured: &Measured,
    ) -> Result<Plan<'a>, WikiError> {
        let document = self.refresh_locked(&edit.path.key(), &edit.path)?;
        if let Some(document) = &document
            && let Some(typed) = repeated(document, edit, measured.digest)
        {
            let (edit, on_save) = (Cow::Borrowed(edit), MergeOnSave::Ask);
            return self.plan_again(edit, document, typed, None, on_save);
        }
        if let Some(document) = document.as_ref().filter(|_| edit.also.is_empty()) {
            let mut seen = document.resolution().winner.into_iter().chain(edit.base);
            let Measured { length, digest, .. } = *measured;
            if seen.any(|id| says(document, id, length, digest).is_some_and(|r| !r.bare)) {
                return Ok(Plan::Over(Saved::Unchanged { document: Arc::clone(document) }));
            }
        }
        let mut draft = self.next_draft(Cow::Borrowed(edit), document.as_ref())?;
        // Heads that add nothing and have come since may stay heads.
        let room = &first.header.parents;
        draft.header.parents.retain(|parent| room.contains(parent));
        draft.header.date = first.header.date;
        draft.dir = first.dir.clone();
        Ok(Plan::Write(Box::new(draft)))
    }
}
