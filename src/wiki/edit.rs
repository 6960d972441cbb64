//! Changing documents: save, delete, restore, merge. Each is one new revision.
//!
//! A save always saves. On the revision that readers see, the edit is the next revision. If the
//! document has moved on since the edit began, the edit *yields*: it becomes a revision on what its
//! author had, with an id below the winner's, so that readers keep what they see and the edit waits
//! as a conflict. If all changes lie in different lines, the same save may then finish the merge
//! ([`MergeOnSave::Clean`]); machines never merge otherwise.

use std::borrow::Cow;
use std::cmp::Ordering as Order;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use uuid::Uuid;

use super::document::{Document, Revision};
use super::{Wiki, WikiError};
use crate::model::file::{ContentDigest, Header, MAX_PARENTS};
use crate::model::path::DocPath;
use crate::model::resolve::State;
use crate::model::revision::{RevisionId, nonce_below};
use crate::store::{Body, DiskDir, StoreError};

/// What an author wants a document to become.
#[derive(Debug, Clone)]
pub struct Edit {
    /// The document.
    pub path: DocPath,
    /// The revision that the author had before them; `None` for a document that did not exist. One
    /// that is not here counts as none: its number could be anything.
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

/// Whether a save on a document that has moved on may finish the merge itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MergeOnSave {
    /// If all changes lie in different lines.
    #[default]
    Clean,
    /// Never: its author is asked.
    Ask,
}

impl MergeOnSave {
    /// Reads the word that settings and forms use; none for any other.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "clean" => Some(Self::Clean),
            "ask" => Some(Self::Ask),
            _ => None,
        }
    }

    /// Returns the word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Ask => "ask",
        }
    }
}

/// What became of an edit. Except for [`Saved::Unchanged`], it is on stable storage.
#[derive(Debug, Clone)]
pub enum Saved {
    /// It is a revision.
    Done {
        /// The revision it became.
        id: RevisionId,
        /// The document now.
        document: Arc<Document>,
        /// There is an upstream, and it does not have the revision yet.
        owed: bool,
        /// What readers saw instead until now, if the edit was not made on it: the edit could not
        /// yield, because its number is higher, or because no nonce is lower.
        displaced: Option<RevisionId>,
    },
    /// The document had moved on, and the changes on both sides are in the document now.
    Merged {
        /// The edit as it was typed.
        typed: RevisionId,
        /// The merge of it.
        id: RevisionId,
        /// The document now.
        document: Arc<Document>,
        /// There is an upstream, and it does not have both revisions yet.
        owed: bool,
    },
    /// The document had moved on; the edit is a revision that waits as a conflict.
    Yielded {
        /// The revision it became.
        id: RevisionId,
        /// The document now.
        document: Arc<Document>,
        /// There is an upstream, and it does not have the revision yet.
        owed: bool,
    },
    /// It says what the document, or what its author began with, says already; there was nothing to
    /// save.
    Unchanged {
        /// The document.
        document: Arc<Document>,
    },
}

impl Saved {
    /// Returns the document as it is after the save.
    pub fn document(&self) -> &Arc<Document> {
        match self {
            Self::Done { document, .. }
            | Self::Merged { document, .. }
            | Self::Yielded { document, .. }
            | Self::Unchanged { document } => document,
        }
    }

    /// Returns the revision that holds what was typed; `None` if there was nothing to save.
    pub fn typed(&self) -> Option<RevisionId> {
        match self {
            Self::Done { id, .. } | Self::Yielded { id, .. } => Some(*id),
            Self::Merged { typed, .. } => Some(*typed),
            Self::Unchanged { .. } => None,
        }
    }

    /// Tells whether there is an upstream that does not have everything yet.
    pub fn owed(&self) -> bool {
        match self {
            Self::Done { owed, .. } | Self::Merged { owed, .. } | Self::Yielded { owed, .. } => {
                *owed
            }
            Self::Unchanged { .. } => false,
        }
    }
}

/// What is to be done with an edit.
pub(super) enum Plan<'a> {
    /// Nothing more.
    Over(Saved),
    /// It becomes this revision.
    Write(Box<Draft<'a>>),
}

/// Makes a plan for a document as it is now, and what the edit came to so far.
pub(super) type Planner<'p, 'a> =
    dyn Fn(Option<&Arc<Document>>, Option<&Saved>) -> Result<Plan<'a>, WikiError> + 'p;

/// Where a revision stands once it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stands {
    /// It follows what readers see.
    Next,
    /// As [`Stands::Next`], and it merges this revision, the same edit as it was typed.
    Merging(RevisionId),
    /// It is below what readers see.
    Yielding,
    /// It is above what readers see, and its author has not seen that.
    Displacing(RevisionId),
}

/// A revision that is not written yet: all that its file will hold, its content aside where that is
/// streamed.
pub(super) struct Draft<'a> {
    pub(super) edit: Cow<'a, Edit>,
    pub(super) id: RevisionId,
    pub(super) header: Header,
    pub(super) dir: DiskDir,
    /// The document as it was planned on.
    pub(super) document: Option<Arc<Document>>,
    pub(super) stands: Stands,
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

    /// Makes the draft yield to the winner if numbers and nonces allow.
    fn yield_to(&mut self, winner: RevisionId, drawn: Uuid) {
        let nonce = match self.id.number().cmp(&winner.number()) {
            Order::Less => Some(drawn),
            Order::Equal => nonce_below(winner.nonce(), drawn),
            Order::Greater => None,
        };
        let document = self.document.as_ref();
        if let Some(nonce) = nonce {
            self.take_nonce(nonce);
        } else if document.is_some_and(|d| d.revision(self.id).is_some()) {
            // The form was sent before, with another text.
            self.take_nonce(drawn);
        }
        self.stands = if self.id < winner { Stands::Yielding } else { Stands::Displacing(winner) };
    }

    /// Takes another nonce than that of the form, which the header names instead.
    fn take_nonce(&mut self, nonce: Uuid) {
        self.id = self.id.with_nonce(nonce);
        self.header.form = Some(self.edit.nonce);
    }
}

impl Wiki {
    /// Saves an edit durably, whatever has happened to the document since it was begun.
    ///
    /// # Errors
    /// If the content is too large or the store refuses; nothing was saved then.
    pub fn save(&self, edit: &Edit, on_save: MergeOnSave) -> Result<Saved, WikiError> {
        self.check_edit(edit)?;
        self.carry_out(&edit.path, &|document, so_far| {
            self.plan(Cow::Borrowed(edit), document, so_far, on_save)
        })
    }

    /// Saves an edit on what readers see by the time it is written, instead of on its base.
    ///
    /// # Errors
    /// Like [`Wiki::save`].
    pub fn save_on_winner(&self, edit: &Edit) -> Result<Saved, WikiError> {
        self.check_edit(edit)?;
        self.carry_out(&edit.path, &|document, so_far| {
            let base = document.and_then(|d| d.resolution().winner);
            let edit = Cow::Owned(Edit { base, ..edit.clone() });
            self.plan(edit, document, so_far, MergeOnSave::Ask)
        })
    }

    fn check_edit(&self, edit: &Edit) -> Result<(), WikiError> {
        self.check_size(edit.content.len() as u64)?;
        if edit.also.len() >= MAX_PARENTS {
            return Err(WikiError::TooManyParents(MAX_PARENTS));
        }
        Ok(())
    }

    /// Decides what is to be done with an edit, as the document is now.
    fn plan<'a>(
        &self,
        edit: Cow<'a, Edit>,
        document: Option<&Arc<Document>>,
        so_far: Option<&Saved>,
        on_save: MergeOnSave,
    ) -> Result<Plan<'a>, WikiError> {
        if let Some(document) = document {
            if let Some(typed) = repeated(document, &edit) {
                return self.plan_again(edit, document, typed, so_far, on_save);
            }
            let seen = document.resolution().winner.into_iter().chain(edit.base);
            if edit.also.is_empty()
                && seen.into_iter().any(|id| self.says(document, id, &edit.content))
            {
                return Ok(Plan::Over(Saved::Unchanged { document: Arc::clone(document) }));
            }
        }
        Ok(Plan::Write(Box::new(self.next_draft(edit, document)?)))
    }

    /// Decides what else is to be done with an edit that is a revision already: finishing the merge,
    /// if it waits for one.
    fn plan_again<'a>(
        &self,
        edit: Cow<'a, Edit>,
        document: &Arc<Document>,
        typed: RevisionId,
        so_far: Option<&Saved>,
        on_save: MergeOnSave,
    ) -> Result<Plan<'a>, WikiError> {
        let document = Arc::clone(document);
        let merge = document.revisions().find(|r| {
            r.form == Some(edit.nonce) && r.parents.contains(&typed) && r.damage.is_none()
        });
        if let Some(id) = merge.map(|r| r.id) {
            return Ok(Plan::Over(Saved::Merged { typed, id, document, owed: false }));
        }
        let displaced = match so_far {
            Some(Saved::Done { displaced, .. }) => *displaced,
            _ => None,
        };
        let resolution = document.resolution();
        let waits = |id: &RevisionId| resolution.conflicts.contains(id);
        let other = displaced.unwrap_or(typed);
        if on_save == MergeOnSave::Clean
            && let Some(winner) = resolution.winner.filter(|_| waits(&other))
            && let Some(text) = self.clean_merge(&document, winner, other)
        {
            let mut parents = resolution.parents_of_next();
            parents.push(other);
            let form = Some(edit.nonce);
            let (summary, nonce) = (merging_words(&document, &edit, winner), self.nonces.draw());
            let edit = Edit { content: text.into_bytes(), summary, nonce, ..edit.into_owned() };
            let mut draft = self.draft(Cow::Owned(edit), Some(&document), parents)?;
            draft.header.form = form;
            draft.stands = Stands::Merging(typed);
            return Ok(Plan::Write(Box::new(draft)));
        }
        Ok(Plan::Over(if waits(&typed) {
            Saved::Yielded { id: typed, document, owed: false }
        } else {
            Saved::Done { id: typed, document, owed: false, displaced }
        }))
    }

    /// Returns the merge of two texts with a common ancestor whose changes all lie in different
    /// lines. A deletion is never merged by itself.
    fn clean_merge(
        &self,
        document: &Document,
        winner: RevisionId,
        other: RevisionId,
    ) -> Option<String> {
        let empty = |id| document.revision(id).is_none_or(Revision::is_deletion);
        if !document.path().is_page() || empty(winner) || empty(other) {
            return None;
        }
        // What cannot be read or is no text is its author's to deal with.
        let view = self.merge_view(document, winner, &[other]).ok()?;
        view.base?;
        let text = view.merge.clean()?;
        (!text.is_empty() && text.len() as u64 <= self.limits.text).then_some(text)
    }

    /// Tells whether a revision is whole and has this content.
    fn says(&self, document: &Document, id: RevisionId, content: &[u8]) -> bool {
        let Some(revision) = document.revision(id).filter(|r| r.damage.is_none()) else {
            return false;
        };
        revision.length == content.len() as u64
            && revision.digest == ContentDigest::of(content)
            // Without a header it may have been edited in place since it was read.
            && (!revision.bare || self.content(document, id).is_ok_and(|c| c == content))
    }

    /// Saves a content of any size as a revision of an attachment, without holding it in memory. The
    /// edit's own content is not used. It is saved here first and then handed to the upstream as it
    /// is: nobody reads such a content before.
    ///
    /// # Errors
    /// Like [`Wiki::save`]; an error of the reader abandons the save.
    pub fn save_stream(&self, edit: &Edit, content: &mut dyn Read) -> Result<Saved, WikiError> {
        let document = self.open(&edit.path)?;
        let mut draft = self.next_draft(Cow::Borrowed(edit), document.as_ref())?;
        let sent_before = |r: &&Revision| r.was_sent_as(edit.nonce) && r.damage.is_none();
        if let Some(earlier) = document.iter().flat_map(|d| d.revisions()).find(sent_before) {
            // The store tells whether it has the same bytes.
            draft.id = earlier.id;
            draft.header.parents.clone_from(&earlier.parents);
            draft.header.form = earlier.form;
        }
        let saved = self.put(&draft, Body::Stream(content), false)?;
        Ok(self.push_saved(&edit.path, saved))
    }

    /// Drafts the revision that an edit becomes: on the winner, or yielding to it.
    fn next_draft<'a>(
        &self,
        edit: Cow<'a, Edit>,
        document: Option<&Arc<Document>>,
    ) -> Result<Draft<'a>, WikiError> {
        let Some(document) = document else { return self.draft(edit, None, Vec::new()) };
        let known = |id: &RevisionId| document.revision(*id).is_some();
        let base = edit.base.filter(known);
        let winner = document.resolution().winner;
        let on_winner = winner.is_some() && winner == base;
        let mut parents = match base {
            Some(_) if on_winner => document.resolution().parents_of_next(),
            base => base.into_iter().collect(),
        };
        parents.extend(edit.also.iter().copied().filter(known));
        let mut draft = self.draft(edit, Some(document), parents)?;
        if let Some(winner) = winner.filter(|_| !on_winner) {
            draft.yield_to(winner, self.nonces.draw());
        }
        Ok(draft)
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
        Ok(Draft { edit, id, header, dir, document: document.cloned(), stands: Stands::Next })
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
            form: header.form,
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
        Ok(match draft.stands {
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
        })
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
    let digest = ContentDigest::of(&edit.content);
    let base = edit.base.filter(|id| document.revision(*id).is_some());
    let sent_before = |r: &&Revision| {
        r.was_sent_as(edit.nonce)
            && r.damage.is_none()
            && r.digest == digest
            && base.is_none_or(|base| r.parents.contains(&base))
    };
    // The lowest, as a merge of it may say the same.
    document.revisions().rev().find(sent_before).map(|r| r.id)
}

/// Says in the history what a save merged.
fn merging_words(document: &Document, edit: &Edit, winner: RevisionId) -> String {
    let author = document.revision(winner).map_or("", |r| r.author.as_str());
    if author.is_empty() || author == edit.author {
        format!("Merge with revision {}", winner.number())
    } else {
        format!("Merge with the changes of {author}")
    }
}
