//! Changing documents: save, delete, restore, merge. Each is one new revision.
//!
//! A save always saves. On the revision that readers see, the edit is the next revision. If the
//! document has moved on since the edit began, the edit *yields*: it becomes a revision on what its
//! author had, with an id below the winner's, so that readers keep what they see and the edit waits
//! as a conflict. If all changes lie in different lines, the same save may then finish the merge
//! ([`MergeOnSave::Clean`]); machines never merge otherwise.
//!
//! - `plan.rs`: what is to be done with an edit, as the document is now.
//! - `draft.rs`: a revision that is not written yet, and how it yields.
//! - `write.rs`: writing it and showing it.
//! - `stream.rs`: contents that are not held in memory.

mod draft;
mod plan;
mod stream;
mod write;

use std::borrow::Cow;
use std::sync::Arc;

use uuid::Uuid;

pub(super) use self::draft::{Draft, Stands};
pub(super) use self::plan::{Plan, Planner};
use super::document::Document;
use super::{Wiki, WikiError};
use crate::model::file::MAX_PARENTS;
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;

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
