//! Writing a revision and showing it to everyone, in this order.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::draft::{Draft, Stands};
use super::{Edit, Saved};
use crate::model::file::MAX_PARENTS;
use crate::model::resolve::State;
use crate::store::{Body, Created, StoreError};
use crate::wiki::document::{Document, Revision};
use crate::wiki::{Wiki, WikiError};

impl Wiki {
    /// Writes the revision and shows it to everyone.
    pub(in crate::wiki) fn put(
        &self,
        draft: &Draft<'_>,
        content: Body<'_>,
        locked: bool,
    ) -> Result<Saved, WikiError> {
        let Draft { edit, id, header, dir, .. } = draft;
        let written = self.store.create(dir, *id, header, content).map_err(refusal)?;
        let lock = self.lock(&edit.path.key());
        let _guard = (!locked).then(|| lock.lock());
        Ok(self.show(draft, &written))
    }

    /// Shows a revision that was written just now. The caller holds the document's lock.
    pub(super) fn show(&self, draft: &Draft<'_>, written: &Created) -> Saved {
        let Draft { edit, id, header, dir, .. } = draft;
        let id = *id;
        self.saves.fetch_add(1, Ordering::Relaxed);
        let revision = Revision {
            id,
            parents: header.parents.clone(),
            author: crate::model::file::tidy(&header.author, crate::model::file::MAX_AUTHOR_BYTES),
            // As the file holds it: to the millisecond.
            date: header.date.and_then(|d| crate::model::file::print_date(d).parse().ok()),
            summary: crate::model::file::tidy(
                &header.summary,
                crate::model::file::MAX_SUMMARY_BYTES,
            ),
            length: written.measured.length,
            digest: written.measured.digest,
            form: header.form,
            bare: false,
            damage: None,
            dir: dir.clone(),
            file: written.file,
        };
        let document = self.add(edit, revision);
        match draft.stands {
            Stands::Merging(typed) => Saved::Merged { typed, id, document, owed: false },
            Stands::Yielding if document.state(id) == State::Conflict => {
                Saved::Yielded { id, document, owed: false }
            }
            Stands::Displacing(winner) => {
                Saved::Done { id, document, owed: false, displaced: Some(winner) }
            }
            Stands::Next | Stands::Yielding => {
                Saved::Done { id, document, owed: false, displaced: None }
            }
        }
    }

    /// Adds a revision that was just written, without reading the directory again.
    fn add(&self, edit: &Edit, revision: Revision) -> Arc<Document> {
        let key = edit.path.key();
        let known = self.catalog.get(&key);
        let contents = [(revision.id, edit.content.clone())].into();
        let mut dirs = known.as_ref().map(|d| d.dirs.clone()).unwrap_or_default();
        match dirs.iter_mut().find(|(dir, _)| *dir == revision.dir) {
            // The directory has changed by our own hand and maybe by others': look again later.
            Some((_, stamp)) => {
                if let Some(stamp) = stamp {
                    stamp.recent = true;
                }
            }
            None => dirs.push((revision.dir.clone(), None)),
        }
        let held = known.iter().flat_map(|d| d.shared_revisions().cloned());
        let findings = known.as_ref().map(|d| d.own_findings().to_vec()).unwrap_or_default();
        let mut document = Document::new(dirs, held.chain([Arc::new(revision)]), findings)
            .unwrap_or_else(|| unreachable!("there is at least the new revision's directory"));
        document.set_unsettled(known.as_ref().map(|d| d.unsettled().to_vec()).unwrap_or_default());
        self.finish(&key, known.as_deref(), document, &contents)
    }
}

/// Says why the store did not take a revision.
pub(super) fn refusal(error: StoreError) -> WikiError {
    match error {
        StoreError::HeaderTooLong(_) => WikiError::TooManyParents(MAX_PARENTS),
        error => error.into(),
    }
}
