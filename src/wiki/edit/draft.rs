//! A revision that is not written yet: on what readers see, or yielding to it.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use uuid::Uuid;

use super::Edit;
use crate::model::file::{ContentDigest, Header, MAX_PARENTS};
use crate::model::revision::{RevisionId, nonce_below};
use crate::store::DiskDir;
use crate::wiki::document::Document;
use crate::wiki::{Wiki, WikiError};

/// Where a revision stands once it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::wiki) enum Stands {
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
pub(in crate::wiki) struct Draft<'a> {
    pub(in crate::wiki) edit: Cow<'a, Edit>,
    pub(in crate::wiki) id: RevisionId,
    pub(in crate::wiki) header: Header,
    pub(in crate::wiki) dir: DiskDir,
    /// The document as it was planned on.
    pub(in crate::wiki) document: Option<Arc<Document>>,
    pub(in crate::wiki) stands: Stands,
}

impl Draft<'_> {
    /// Returns the file as the store will write it.
    pub(in crate::wiki) fn file(&self) -> Result<Vec<u8>, WikiError> {
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
            Ordering::Less => Some(drawn),
            Ordering::Equal => nonce_below(winner.nonce(), drawn),
            Ordering::Greater => None,
        };
        match nonce {
            Some(nonce) => self.take_nonce(nonce),
            None if self.is_taken() => self.take_nonce(drawn),
            None => {}
        }
        self.stands = if self.id < winner { Stands::Yielding } else { Stands::Displacing(winner) };
    }

    /// Returns true if there is a revision of this name: the form was sent before with another text,
    /// or what it became then is damaged.
    fn is_taken(&self) -> bool {
        self.document.as_ref().is_some_and(|d| d.revision(self.id).is_some())
    }

    /// Takes another nonce than that of the form, which the header names instead.
    fn take_nonce(&mut self, nonce: Uuid) {
        self.id = self.id.with_nonce(nonce);
        self.header.form = Some(self.edit.nonce);
    }
}

impl Wiki {
    /// Drafts the revision that an edit becomes: on the winner, or yielding to it.
    pub(super) fn next_draft<'a>(
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
        // Its author may have seen what readers see though the base is another one: readers see less
        // if the base is damaged by now.
        let seen = |winner: &RevisionId| on_winner || edit.also.contains(winner);
        let unseen = winner.filter(|winner| !seen(winner));
        let mut draft = self.draft(edit, Some(document), parents)?;
        if let Some(winner) = unseen {
            draft.yield_to(winner, self.nonces.draw());
        } else if draft.is_taken() {
            draft.take_nonce(self.nonces.draw());
        }
        Ok(draft)
    }

    /// Fixes everything that the file of a revision will hold.
    pub(in crate::wiki) fn draft<'a>(
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
}
