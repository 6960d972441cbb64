//! Changing documents: save, delete, restore, merge. Each is one new revision.
//!
//! Nothing is written over and nothing is merged by a machine on its own. A save that was begun on
//! another revision than the one readers see now is not saved but comes back as
//! [`Saved::MovedOn`], for its author to decide.

use std::borrow::Cow;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use uuid::Uuid;

use super::document::{Document, Revision};
use super::{Wiki, WikiError};
use crate::model::file::{ContentDigest, Header, MAX_PARENTS};
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;
use crate::store::{Body, DiskDir, StoreError};

/// What an author wants a document to become.
#[derive(Debug, Clone)]
pub struct Edit {
    /// The document.
    pub path: DocPath,
    /// The revision that the author had before them; `None` for a document that did not exist.
    pub base: Option<RevisionId>,
    /// Other heads that this edit merges in.
    pub also: Vec<RevisionId>,
    /// The new content; empty deletes the document.
    pub content: Vec<u8>,
    /// Who writes.
    pub author: String,
    /// What the author says of the edit.
    pub summary: String,
    /// Drawn once for this edit, so that a retry is the same revision.
    pub nonce: Uuid,
}

/// What to do where the document has moved on since the edit began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfMovedOn {
    /// Save nothing and say so.
    Stop,
    /// Save beside it: the edit becomes a head of its own.
    SecondVersion,
}

/// What became of an edit.
#[derive(Debug, Clone)]
pub enum Saved {
    /// It is on stable storage.
    Done {
        /// The revision it became.
        id: RevisionId,
        /// The document now.
        document: Arc<Document>,
        /// There is an upstream, and it does not have the revision yet.
        owed: bool,
    },
    /// It says what the document says already; there was nothing to save.
    Unchanged {
        /// The document.
        document: Arc<Document>,
    },
    /// The document has another winner than the one the edit began with; nothing was saved.
    MovedOn {
        /// The document now.
        document: Arc<Document>,
    },
}

/// What is to be done with an edit.
pub(super) enum Plan<'a> {
    /// Nothing more.
    Over(Saved),
    /// It becomes this revision.
    Write(Box<Draft<'a>>),
}

/// Makes a plan for a document as it is now.
pub(super) type Planner<'p, 'a> =
    dyn Fn(Option<&Arc<Document>>) -> Result<Plan<'a>, WikiError> + 'p;

/// A revision that is not written yet: all that its file will hold, its content aside where that is
/// streamed.
pub(super) struct Draft<'a> {
    pub(super) edit: Cow<'a, Edit>,
    pub(super) id: RevisionId,
    pub(super) header: Header,
    pub(super) dir: DiskDir,
    /// The document as it was planned on.
    pub(super) document: Option<Arc<Document>>,
    /// It follows the winner, which must be the winner still when it is written.
    pub(super) on_winner: bool,
}

impl Draft<'_> {
    /// Returns the file as the store will write it.
    pub(super) fn file(&self) -> Result<Vec<u8>, WikiError> {
        let header = Header {
            length: Some(self.edit.content.len() as u64),
            digest: Some(ContentDigest::of(&self.edit.content)),
            ..self.header.clone()
        };
        let printed = header.print(self.id);
        let mut file = printed.map_err(|_| WikiError::TooManyParents(MAX_PARENTS))?;
        file.extend_from_slice(&self.edit.content);
        Ok(file)
    }
}

impl Wiki {
    /// Saves an edit durably, or stops where the document has moved on, here or at the upstream.
    ///
    /// # Errors
    /// Where the content is too large or the store refuses; nothing was saved then.
    pub fn save(&self, edit: &Edit, if_moved_on: IfMovedOn) -> Result<Saved, WikiError> {
        self.check_size(edit.content.len() as u64)?;
        if edit.also.len() >= MAX_PARENTS {
            return Err(WikiError::TooManyParents(MAX_PARENTS));
        }
        self.carry_out(&edit.path, if_moved_on, &|document| self.plan(edit, document, if_moved_on))
    }

    /// Decides what is to be done with an edit, as the document is now.
    fn plan<'a>(
        &self,
        edit: &'a Edit,
        document: Option<&Arc<Document>>,
        if_moved_on: IfMovedOn,
    ) -> Result<Plan<'a>, WikiError> {
        if let Some(document) = document {
            if let Some(id) = repeated(document, edit) {
                let document = Arc::clone(document);
                return Ok(Plan::Over(Saved::Done { id, document, owed: false }));
            }
            let resolution = document.resolution();
            let same_text = document.winner().is_some_and(|w| {
                w.length == edit.content.len() as u64
                    && w.digest == ContentDigest::of(&edit.content)
                    // Without a header it may have been edited in place since it was read.
                    && (!w.bare || self.content(document, w.id).is_ok_and(|c| c == edit.content))
            });
            if same_text && edit.also.is_empty() {
                return Ok(Plan::Over(Saved::Unchanged { document: Arc::clone(document) }));
            }
            if resolution.winner != edit.base && if_moved_on == IfMovedOn::Stop {
                return Ok(Plan::Over(Saved::MovedOn { document: Arc::clone(document) }));
            }
        }
        let resolution = document.map(|d| d.resolution());
        let on_winner = resolution.is_some_and(|r| r.winner.is_some() && r.winner == edit.base);
        let mut parents = match (resolution, edit.base) {
            (Some(resolution), _) if on_winner => resolution.parents_of_next(),
            (_, base) => base.into_iter().collect(),
        };
        parents.extend(&edit.also);
        let draft = self.draft(Cow::Borrowed(edit), document, parents)?;
        Ok(Plan::Write(Box::new(Draft { on_winner, ..draft })))
    }

    /// Saves a revision with just these parents, whatever readers see now.
    ///
    /// # Errors
    /// As [`Wiki::save`].
    pub fn save_on(&self, edit: &Edit, parents: Vec<RevisionId>) -> Result<Saved, WikiError> {
        self.check_size(edit.content.len() as u64)?;
        if parents.len() > MAX_PARENTS {
            return Err(WikiError::TooManyParents(MAX_PARENTS));
        }
        let document = self.open(&edit.path)?;
        for id in &parents {
            if document.as_ref().and_then(|d| d.revision(*id)).is_none() {
                return Err(WikiError::NoRevision { path: edit.path.clone(), id: *id });
            }
        }
        let draft = self.draft(Cow::Borrowed(edit), document.as_ref(), parents)?;
        self.put(&draft, Body::Bytes(&edit.content), false)
    }

    /// Saves a content of any size as the next revision of an attachment, without holding it in
    /// memory. The edit's own content is not used. It is saved here first and then handed to the
    /// upstream as it is: nobody reads such a content before.
    ///
    /// # Errors
    /// As [`Wiki::save`]; an error of the reader abandons the save.
    pub fn save_stream(&self, edit: &Edit, content: &mut dyn Read) -> Result<Saved, WikiError> {
        let document = self.open(&edit.path)?;
        let parents =
            document.as_ref().map(|d| d.resolution().parents_of_next()).unwrap_or_default();
        let draft = self.draft(Cow::Borrowed(edit), document.as_ref(), parents)?;
        let saved = self.put(&draft, Body::Stream(content), false)?;
        Ok(self.push_saved(&edit.path, saved))
    }

    /// Fixes everything that the file of a revision will hold.
    pub(super) fn draft<'a>(
        &self,
        edit: Cow<'a, Edit>,
        document: Option<&Arc<Document>>,
        mut parents: Vec<RevisionId>,
    ) -> Result<Draft<'a>, WikiError> {
        parents.sort_unstable_by(|a, b| b.cmp(a));
        parents.dedup();
        // The winner and the merged heads come first in order; what is cut off stays a head.
        parents.truncate(MAX_PARENTS);
        let id = RevisionId::child_of(&parents, edit.nonce)
            .map_err(|_| WikiError::NumbersUsedUp(edit.path.clone()))?;
        let dir = document
            .and_then(|d| d.winner())
            .map_or_else(|| DiskDir::of(&edit.path), |winner| winner.dir.clone());
        let header = Header {
            parents,
            author: edit.author.clone(),
            date: Some(self.clock.now()),
            summary: edit.summary.clone(),
            ..Header::default()
        };
        Ok(Draft { edit, id, header, dir, document: document.cloned(), on_winner: true })
    }

    /// Writes the revision and shows it to everyone.
    pub(super) fn put(
        &self,
        draft: &Draft<'_>,
        content: Body<'_>,
        locked: bool,
    ) -> Result<Saved, WikiError> {
        let Draft { edit, id, header, dir, .. } = draft;
        let id = *id;
        let written = match self.store.create(dir, id, header, content) {
            Ok(written) => written,
            Err(StoreError::HeaderTooLong(_)) => {
                return Err(WikiError::TooManyParents(MAX_PARENTS));
            }
            Err(error) => return Err(error.into()),
        };
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
            bare: false,
            damage: None,
            dir: dir.clone(),
            file: written.file,
        };
        let document = if locked {
            self.add(edit, revision)
        } else {
            let lock = self.lock(&edit.path.key());
            let _guard = lock.lock();
            self.add(edit, revision)
        };
        Ok(Saved::Done { id, document, owed: false })
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

    fn check_size(&self, size: u64) -> Result<(), WikiError> {
        if size > self.limits.text {
            return Err(WikiError::TooLarge { size, limit: self.limits.text });
        }
        Ok(())
    }

    /// Makes the edit that gives a document back the content of an older revision.
    ///
    /// # Errors
    /// Where the revision is not there or cannot be read.
    pub fn restoring(&self, mut edit: Edit, id: RevisionId) -> Result<Edit, WikiError> {
        let document = self.require(&edit.path)?;
        edit.content = self.content(&document, id)?;
        if edit.summary.is_empty() {
            edit.summary = format!("Restore revision {}", id.number());
        }
        Ok(edit)
    }
}

/// Finds the revision that this very edit became when it was sent before.
fn repeated(document: &Document, edit: &Edit) -> Option<RevisionId> {
    let earlier =
        document.revisions().find(|r| r.id.nonce() == edit.nonce && r.damage.is_none())?;
    let same = ContentDigest::of(&edit.content) == earlier.digest;
    let base = edit.base.is_none_or(|b| earlier.parents.contains(&b));
    (same && base).then_some(earlier.id)
}
