//! What is to be done with an edit. A plan writes nothing; it is made under the document's lock, and
//! made again whenever the lock was let go.

use std::borrow::Cow;
use std::sync::Arc;

use super::draft::{Draft, Stands};
use super::{Edit, MergeOnSave, Saved};
use crate::model::file::ContentDigest;
use crate::model::revision::RevisionId;
use crate::wiki::document::{Document, Revision};
use crate::wiki::{Wiki, WikiError};

/// What is to be done with an edit.
pub(in crate::wiki) enum Plan<'a> {
    /// Nothing more.
    Over(Saved),
    /// It becomes this revision.
    Write(Box<Draft<'a>>),
}

/// Makes a plan for a document as it is now, and what the edit came to so far.
pub(in crate::wiki) type Planner<'p, 'a> =
    dyn Fn(Option<&Arc<Document>>, Option<&Saved>) -> Result<Plan<'a>, WikiError> + 'p;

impl Wiki {
    /// Decides what is to be done with an edit, as the document is now.
    pub(super) fn plan<'a>(
        &self,
        edit: Cow<'a, Edit>,
        document: Option<&Arc<Document>>,
        so_far: Option<&Saved>,
        on_save: MergeOnSave,
    ) -> Result<Plan<'a>, WikiError> {
        if let Some(document) = document {
            let digest = ContentDigest::of(&edit.content);
            if let Some(typed) = repeated(document, &edit, digest) {
                return self.plan_again(edit, document, typed, so_far, on_save);
            }
            let seen = document.resolution().winner.into_iter().chain(edit.base);
            let length = edit.content.len() as u64;
            // Without a header it may have been edited in place since it was read.
            let is_still = |r: &Revision| {
                !r.bare || self.content(document, r.id).is_ok_and(|c| c == edit.content)
            };
            if edit.also.is_empty()
                && seen
                    .into_iter()
                    .any(|id| says(document, id, length, digest).is_some_and(is_still))
            {
                return Ok(Plan::Over(Saved::Unchanged { document: Arc::clone(document) }));
            }
        }
        Ok(Plan::Write(Box::new(self.next_draft(edit, document)?)))
    }

    /// Decides what else is to be done with an edit that is a revision already: finishing the merge,
    /// if it waits for one.
    pub(super) fn plan_again<'a>(
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
    /// lines. A deletion is never merged by itself. Nor are two merges of the same heads: each decided
    /// the same question.
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
        if document.history().merge_bases(winner, other).len() > 1 {
            return None;
        }
        // What cannot be read or is no text is its author's to deal with.
        let view = self.merge_view(document, winner, &[other]).ok()?;
        view.base?;
        let text = view.merge.clean()?;
        (!text.is_empty() && text.len() as u64 <= self.limits.text).then_some(text)
    }
}

/// Returns a revision if it is whole and has this content.
pub(super) fn says(
    document: &Document,
    id: RevisionId,
    length: u64,
    digest: ContentDigest,
) -> Option<&Revision> {
    let whole = document.revision(id).filter(|r| r.damage.is_none());
    whole.filter(|r| r.length == length && r.digest == digest)
}

/// Finds the revision that this very edit became when it was sent before, with this content.
pub(super) fn repeated(
    document: &Document,
    edit: &Edit,
    digest: ContentDigest,
) -> Option<RevisionId> {
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
        format!("Merge with {author}’s changes")
    }
}
