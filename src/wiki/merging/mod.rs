//! Two versions of a document put side by side, for a person to make one of them.
//!
//! The one idea: a merge is worked out when somebody looks, from the contents alone, and never
//! kept. What people see and what is saved in the end are computed in the same way from the same
//! revisions, so a form only has to name them. Nothing here writes but [`Wiki::settle`], and that
//! only by a person's decision.

mod inbox;
mod settle;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use jiff::Timestamp;

pub(super) use self::inbox::Judgements;
pub use self::inbox::{Case, InboxEntry, Version};
use super::document::{Document, Revision};
use super::{Wiki, WikiError};
use crate::model::file::MAX_PARENTS;
use crate::model::merge::{Choice, Easy, Hunk, LineEnding, Merge};
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

/// Two versions and what they have in common, cut into what has to be decided and what has not.
#[derive(Debug, Clone)]
pub struct MergeView {
    /// What both were made from; none where they have nothing in common.
    pub base: Option<Side>,
    /// The page now.
    pub left: Side,
    /// The other version, or the text that is not saved yet.
    pub right: Side,
    /// The two against each other; line ends aside, which follow the page.
    pub merge: Merge,
    ending: LineEnding,
}

impl MergeView {
    fn new(base: Option<(&Revision, String)>, left: &Texts<'_>, right: &Texts<'_>) -> Self {
        let ending = LineEnding::of(if left.text.is_empty() { &right.text } else { &left.text });
        let base = base.map(|(revision, text)| Side::of(revision, &text));
        let (left, right) = (left.side(), right.side());
        let merge =
            Merge::new(base.as_ref().map_or("", |b| b.text.as_str()), &left.text, &right.text);
        Self { base, left, right, merge, ending }
    }

    /// Puts the text together, with the line ends of the page.
    pub fn result(&self, choose: impl FnMut(usize, &Hunk) -> Choice) -> String {
        self.ending.apply(&self.merge.resolve(choose))
    }

    /// Returns the text to offer for one click, if there is one.
    pub fn easy(&self) -> Option<(Easy, String)> {
        let text = self.merge.easy_text()?;
        Some((self.merge.easy()?, self.ending.apply(&text)))
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

/// What merging all heads one after another came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedAll {
    /// The hardest of the merges on the way.
    pub easy: Easy,
    /// The heads that are in it, besides the winner.
    pub heads: Vec<RevisionId>,
    /// The merged text.
    pub text: String,
}

impl Wiki {
    /// Puts a text that is not saved yet against a revision, usually the page now. The text was
    /// made from the revisions `made_from`.
    ///
    /// # Errors
    /// Where the revision is not there, is damaged or is not a text.
    pub fn merge_unsaved(
        &self,
        document: &Document,
        made_from: &[RevisionId],
        theirs: Option<RevisionId>,
        text: &str,
    ) -> Result<MergeView, WikiError> {
        let base = theirs
            .and_then(|id| document.history().merge_base_of_many(made_from, id))
            .and_then(|id| self.base_text(document, id));
        let left = match theirs {
            Some(id) => self.side(document, id)?,
            None => Texts { revision: None, text: Cow::Borrowed("") },
        };
        Ok(MergeView::new(base, &left, &Texts { revision: None, text: Cow::Borrowed(text) }))
    }

    /// Puts another head against a revision, usually the page now.
    ///
    /// # Errors
    /// Where one of them is not there, is damaged or is not a text.
    pub fn merge_head(
        &self,
        document: &Document,
        theirs: RevisionId,
        head: RevisionId,
    ) -> Result<MergeView, WikiError> {
        let base = document.history().merge_base(theirs, head);
        let base = base.and_then(|id| self.base_text(document, id));
        Ok(MergeView::new(base, &self.side(document, theirs)?, &self.side(document, head)?))
    }

    /// Merges all conflicts of a document into its winner, one after another, as far as nobody
    /// has to decide; `None` where somebody has to.
    ///
    /// # Errors
    /// Where a content cannot be read or is not a text.
    pub fn merge_all(&self, document: &Document) -> Result<Option<MergedAll>, WikiError> {
        let resolution = document.resolution();
        let Some(winner) = resolution.winner else { return Ok(None) };
        let mut merged =
            MergedAll { easy: Easy::Clean, heads: Vec::new(), text: self.text(document, winner)? };
        let mut made_from = vec![winner];
        for head in resolution.conflicts.iter().take(MAX_MERGED) {
            let base = document.history().merge_base_of_many(&made_from, *head);
            let base = base.and_then(|id| self.base_text(document, id));
            let left = Texts { revision: None, text: Cow::Borrowed(&merged.text) };
            let view = MergeView::new(base, &left, &self.side(document, *head)?);
            let Some((easy, text)) = view.easy() else { return Ok(None) };
            merged.easy = harder(merged.easy, easy);
            merged.text = text;
            merged.heads.push(*head);
            made_from.push(*head);
        }
        Ok(Some(merged))
    }

    /// Returns the text of the clean merge of all heads, if they merge cleanly one after another.
    ///
    /// # Errors
    /// As [`Wiki::merge_all`], and where there is no such document.
    pub fn merge_clean(&self, path: &DocPath) -> Result<Option<String>, WikiError> {
        let merged = self.merge_all(&*self.require(path)?)?;
        Ok(merged.filter(|m| m.easy == Easy::Clean).map(|m| m.text))
    }

    fn side<'a>(&self, document: &'a Document, id: RevisionId) -> Result<Texts<'a>, WikiError> {
        let text = self.text(document, id)?;
        Ok(Texts { revision: document.revision(id), text: Cow::Owned(text) })
    }

    /// Returns the common base; without one that can be read there is none, which asks more of
    /// people but loses nothing.
    fn base_text<'a>(
        &self,
        document: &'a Document,
        id: RevisionId,
    ) -> Option<(&'a Revision, String)> {
        Some((document.revision(id)?, self.text(document, id).ok()?))
    }
}

/// Returns what asks more of the person who clicks.
fn harder(a: Easy, b: Easy) -> Easy {
    let rank = |easy| match easy {
        Easy::Clean => 0,
        Easy::WhiteSpace => 1,
        Easy::BothAppended => 2,
    };
    if rank(a) >= rank(b) { a } else { b }
}

fn with_lf(text: &str) -> String {
    LineEnding::Lf.apply(text)
}
