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
mod undo;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::Timestamp;

pub(super) use self::inbox::Judgements;
pub use self::inbox::{Case, InboxEntry, Version};
use super::document::Document;
use super::{Wiki, WikiError};
use crate::model::file::MAX_PARENTS;
use crate::model::merge::{self, Choice, LineEnding, Merge, Standing};
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;

/// How many heads can be merged at once: what one header holds, less the winner.
pub const MAX_MERGED: usize = MAX_PARENTS - 1;

/// One of the versions that are put side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// Its revision.
    pub id: RevisionId,
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
    fn of(document: &Document, id: RevisionId, text: &str) -> Self {
        let revision = document.revision(id);
        Self {
            id,
            author: revision.map(|r| r.author.clone()).unwrap_or_default(),
            date: revision.and_then(|r| r.date),
            summary: revision.map(|r| r.summary.clone()).unwrap_or_default(),
            text: with_lf(text),
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

/// A text that is not saved yet, with what others saved in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenIn {
    /// The text, with LF line ends.
    pub text: String,
    /// At how many places somebody has to choose; there it says what it said.
    pub left: usize,
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
            texts.push((document.history().text_base(winner, *head), self.text(document, *head)?));
        }
        let bases = self.bases(document, texts.iter().filter_map(|(base, _)| *base));
        let merge = merged(&winner_text, &bases, &texts);
        let mut versions = vec![Side::of(document, winner, &winner_text)];
        let others = heads.iter().zip(&texts);
        versions.extend(others.map(|(id, (_, text))| Side::of(document, *id, text)));
        Ok(MergeView { versions, base: common_base(document, &bases, &texts), merge })
    }

    /// Takes into a text that is not saved yet, made from the revisions `made_from`, all of a
    /// revision, usually the winner, that nobody has to decide.
    ///
    /// # Errors
    /// If the revision is missing, damaged or not a text.
    pub fn merge_unsaved(
        &self,
        document: &Document,
        made_from: &[RevisionId],
        winner: RevisionId,
        text: &str,
    ) -> Result<TakenIn, WikiError> {
        let winner_text = self.text(document, winner)?;
        let base = document.history().merge_base_of_many(made_from, winner);
        let bases = self.bases(document, base.into_iter());
        let merge = merged(&winner_text, &bases, &[(base, text.to_owned())]);
        let merged = merge.resolve(|_, place| {
            place.preselected().unwrap_or_else(|| {
                let own = place.wordings.iter().position(|w| w.versions.contains(&1));
                Choice::Wording(own.unwrap_or(0))
            })
        });
        let left = match merge.standing() {
            Standing::Open(places) => places,
            Standing::Clean | Standing::Offered => 0,
        };
        Ok(TakenIn { text: with_lf(&merged), left })
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
    Some(Side::of(document, id, text))
}

fn with_lf(text: &str) -> String {
    LineEnding::Lf.apply(text)
}
