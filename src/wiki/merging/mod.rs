//! The versions of a document put side by side, for a person to make one of them.
//!
//! The one idea: a merge is worked out when somebody looks, from the contents alone, and never
//! kept. What people see and what is saved in the end are computed in the same way from the same
//! revisions, so a form only has to name them. Nothing here writes but [`Wiki::settle`], and that
//! only by a person's decision.

mod inbox;
mod settle;
#[cfg(test)]
mod tests;
mod two;
mod undo;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::Timestamp;

pub(super) use self::inbox::Judgements;
pub use self::inbox::{Case, InboxEntry, Version};
pub use self::two::TwoView;
use super::document::{Document, Revision};
use super::{Wiki, WikiError};
use crate::model::file::MAX_PARENTS;
use crate::model::merge::{self, LineEnding, Merge, Standing};
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;

/// How many heads can be merged at once: what one header holds, less the winner.
pub const MAX_MERGED: usize = MAX_PARENTS - 1;

/// One of the versions that are put side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// Its revision; none for a text that is not saved yet.
    pub id: Option<RevisionId>,
    /// Who wrote it; empty if unknown.
    pub author: String,
    /// When it was saved.
    pub date: Option<Timestamp>,
    /// What its author said of it.
    pub summary: String,
    /// Its text, with LF line ends.
    pub text: String,
}

impl Side {
    fn of(revision: &Revision, text: &str) -> Self {
        Self {
            id: Some(revision.id),
            author: revision.author.clone(),
            date: revision.date,
            summary: revision.summary.clone(),
            text: with_lf(text),
        }
    }

    fn unsaved(text: &str) -> Self {
        Self {
            id: None,
            author: String::new(),
            date: None,
            summary: String::new(),
            text: with_lf(text),
        }
    }
}

/// A text and the revision it is from, if it is from one.
struct Texts<'a> {
    revision: Option<&'a Revision>,
    text: Cow<'a, str>,
}

impl Texts<'_> {
    fn side(&self) -> Side {
        match self.revision {
            Some(revision) => Side::of(revision, &self.text),
            None => Side::unsaved(&self.text),
        }
    }
}

/// Several versions of a document, merged as far as nobody has to decide.
#[derive(Debug, Clone)]
pub struct MergeView {
    /// The versions: the winner, then the others in the order of the merge's versions.
    pub versions: Vec<Side>,
    /// What all of them were made from; none if they were made from different revisions, or have
    /// nothing in common.
    pub base: Option<Side>,
    /// What became of them together.
    pub merge: Merge,
}

/// What merging all heads came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedAll {
    /// Whether everything lies in different lines, or was joined beyond that; never open.
    pub standing: Standing,
    /// The heads that are in it, besides the winner.
    pub heads: Vec<RevisionId>,
    /// The merged text.
    pub text: String,
}

impl Wiki {
    /// Merges heads into a revision, usually the winner.
    ///
    /// # Errors
    /// If one of them is missing, damaged or not a text.
    pub fn merge_view(
        &self,
        document: &Document,
        winner: RevisionId,
        heads: &[RevisionId],
    ) -> Result<MergeView, WikiError> {
        let winner_text = self.text(document, winner)?;
        let mut texts = Vec::with_capacity(heads.len());
        for head in heads {
            texts.push((document.history().merge_base(winner, *head), self.text(document, *head)?));
        }
        let bases = self.bases(document, texts.iter().filter_map(|(base, _)| *base));
        let merge = merged(&winner_text, &bases, &texts);
        let side = |id: RevisionId, text: &str| match document.revision(id) {
            Some(revision) => Side::of(revision, text),
            None => Side::unsaved(text),
        };
        let mut versions = vec![side(winner, &winner_text)];
        versions.extend(heads.iter().zip(&texts).map(|(id, (_, text))| side(*id, text)));
        Ok(MergeView { versions, base: common_base(document, &bases, &texts), merge })
    }

    /// Merges a text that is not saved yet, made from the revisions `made_from`, into a revision,
    /// usually the winner; without one, the page has no text.
    ///
    /// # Errors
    /// If the revision is missing, damaged or not a text.
    pub fn merge_unsaved(
        &self,
        document: &Document,
        made_from: &[RevisionId],
        winner: Option<RevisionId>,
        text: &str,
    ) -> Result<MergeView, WikiError> {
        let (winner_text, winner_side) = match winner {
            Some(id) => {
                let texts = self.side(document, id)?;
                (texts.text.to_string(), texts.side())
            }
            None => (String::new(), Side::unsaved("")),
        };
        let base = winner.and_then(|id| document.history().merge_base_of_many(made_from, id));
        let texts = [(base, text.to_owned())];
        let bases = self.bases(document, base.into_iter());
        let merge = merged(&winner_text, &bases, &texts);
        let versions = vec![winner_side, Side::unsaved(text)];
        Ok(MergeView { versions, base: common_base(document, &bases, &texts), merge })
    }

    /// Merges all conflicts of a document into its winner; none if somebody has to choose.
    ///
    /// # Errors
    /// If a content cannot be read or is not a text.
    pub fn merge_all(&self, document: &Document) -> Result<Option<MergedAll>, WikiError> {
        let resolution = document.resolution();
        let Some(winner) = resolution.winner else { return Ok(None) };
        let heads: Vec<RevisionId> =
            resolution.conflicts.iter().take(MAX_MERGED).copied().collect();
        let merge = self.merge_view(document, winner, &heads)?.merge;
        let standing = merge.standing();
        Ok(merge.suggested().map(|text| MergedAll { standing, heads, text }))
    }

    /// Returns the text of the clean merge of all heads, if all changes lie in different lines.
    ///
    /// # Errors
    /// As [`Wiki::merge_all`], and if there is no such document.
    pub fn merge_clean(&self, path: &DocPath) -> Result<Option<String>, WikiError> {
        let merged = self.merge_all(&*self.require(path)?)?;
        Ok(merged.filter(|m| m.standing == Standing::Clean).map(|m| m.text))
    }

    fn side<'a>(&self, document: &'a Document, id: RevisionId) -> Result<Texts<'a>, WikiError> {
        let text = self.text(document, id)?;
        Ok(Texts { revision: document.revision(id), text: Cow::Owned(text) })
    }

    /// Reads each base once. One that cannot be read counts as absent, which asks more of people
    /// but loses nothing.
    fn bases(&self, document: &Document, ids: impl Iterator<Item = RevisionId>) -> Bases {
        let mut bases = Bases::new();
        for id in ids {
            if let Entry::Vacant(entry) = bases.entry(id) {
                entry.insert(self.text(document, id).ok());
            }
        }
        bases
    }
}

/// The texts of merge bases; none for one that cannot be read.
type Bases = BTreeMap<RevisionId, Option<String>>;

/// Merges texts, each with its merge base, into the winner's.
fn merged(winner: &str, bases: &Bases, texts: &[(Option<RevisionId>, String)]) -> Merge {
    let versions: Vec<merge::Version<'_>> = (texts.iter())
        .map(|(base, text)| {
            let base = base.and_then(|id| bases.get(&id)?.as_deref());
            merge::Version { base, text }
        })
        .collect();
    Merge::of(winner, &versions)
}

/// Returns the base that all texts have in common, if it is one and can be read.
fn common_base(
    document: &Document,
    bases: &Bases,
    texts: &[(Option<RevisionId>, String)],
) -> Option<Side> {
    let id = texts.first()?.0?;
    let shared = texts.iter().all(|(base, _)| *base == Some(id));
    let text = bases.get(&id)?.as_deref().filter(|_| shared)?;
    document.revision(id).map(|revision| Side::of(revision, text))
}

fn with_lf(text: &str) -> String {
    LineEnding::Lf.apply(text)
}
