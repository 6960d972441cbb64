//! Two versions side by side, for screens that still show only two.

use std::borrow::Cow;

use super::{Side, Texts};
use crate::model::merge::LineEnding;
use crate::model::merge::two::{Choice, Hunk, Merge};
use crate::model::revision::RevisionId;
use crate::wiki::document::{Document, Revision};
use crate::wiki::{Wiki, WikiError};

/// Two versions and what they have in common, cut into what has to be decided and what has not.
#[derive(Debug, Clone)]
pub struct TwoView {
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

impl TwoView {
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
}

impl Wiki {
    /// Puts a text that is not saved yet against a revision, usually the page now. The text was
    /// made from the revisions `made_from`.
    ///
    /// # Errors
    /// Where the revision is not there, is damaged or is not a text.
    pub fn two_unsaved(
        &self,
        document: &Document,
        made_from: &[RevisionId],
        theirs: Option<RevisionId>,
        text: &str,
    ) -> Result<TwoView, WikiError> {
        let base = theirs
            .and_then(|id| document.history().merge_base_of_many(made_from, id))
            .and_then(|id| self.base_texts(document, id));
        let left = match theirs {
            Some(id) => self.texts(document, id)?,
            None => Texts { revision: None, text: Cow::Borrowed("") },
        };
        Ok(TwoView::new(base, &left, &Texts { revision: None, text: Cow::Borrowed(text) }))
    }

    /// Puts another head against a revision, usually the page now.
    ///
    /// # Errors
    /// Where one of them is not there, is damaged or is not a text.
    pub fn two_heads(
        &self,
        document: &Document,
        theirs: RevisionId,
        head: RevisionId,
    ) -> Result<TwoView, WikiError> {
        let base = document.history().merge_base(theirs, head);
        let base = base.and_then(|id| self.base_texts(document, id));
        Ok(TwoView::new(base, &self.texts(document, theirs)?, &self.texts(document, head)?))
    }

    fn texts<'a>(&self, document: &'a Document, id: RevisionId) -> Result<Texts<'a>, WikiError> {
        let text = self.text(document, id)?;
        Ok(Texts { revision: document.revision(id), text: Cow::Owned(text) })
    }

    fn base_texts<'a>(
        &self,
        document: &'a Document,
        id: RevisionId,
    ) -> Option<(&'a Revision, String)> {
        Some((document.revision(id)?, self.text(document, id).ok()?))
    }
}
