//! Every document that waits for a person, with how hard the decision is.
//!
//! How hard it is follows from the contents, so it is worked out once for a winner and its heads
//! and remembered; the memory is bounded and may be lost at any time.

use std::sync::Arc;

use jiff::Timestamp;
use quick_cache::sync::Cache;
use serde::Serialize;

use super::MAX_MERGED;
use crate::model::diff::{Change, only_whitespace, summary};
use crate::model::file::ContentDigest;
use crate::model::merge::{Merge, Shape, Standing};
use crate::model::path::{DocKey, DocPath};
use crate::model::revision::RevisionId;
use crate::wiki::document::{Document, Revision};
use crate::wiki::{Wiki, WikiError};

/// How many documents' judgements are remembered.
const REMEMBERED: usize = 20_000;
/// Documents whose versions together have more bytes are not merged just to be listed.
const MOST_BYTES: u64 = 4 << 20;

/// What a conflict is about, in one word: the hardest of its places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Case {
    /// All changes lie in different lines.
    Clean,
    /// The versions differ in nothing but white space.
    WhiteSpace,
    /// The versions only added something at the same place.
    BothAppended,
    /// Different sentences, cells or items of the same lines changed.
    Sentences,
    /// One version moved lines that another edited.
    Moved,
    /// The same sentence changed, but not the same words.
    SameSentence,
    /// The same words changed.
    SameWords,
    /// One version deleted lines that another edited.
    LinesDeleted,
    /// The same lines were moved to different places.
    MovedTwice,
    /// The versions have no common ancestor.
    NoAncestor,
    /// The page is deleted, and was edited elsewhere.
    DeletedHere,
    /// The page was edited, and deleted elsewhere.
    DeletedThere,
    /// The versions are too large to be compared for a list.
    Decide,
    /// The versions are not texts.
    NotText,
}

impl Case {
    /// Returns true if one click settles it.
    pub fn is_easy(self) -> bool {
        match self {
            Self::Clean | Self::WhiteSpace | Self::BothAppended | Self::Sentences | Self::Moved => {
                true
            }
            Self::SameSentence
            | Self::SameWords
            | Self::LinesDeleted
            | Self::MovedTwice
            | Self::NoAncestor
            | Self::DeletedHere
            | Self::DeletedThere
            | Self::Decide
            | Self::NotText => false,
        }
    }

    fn of(merge: &Merge) -> Self {
        let open = matches!(merge.standing(), Standing::Open(_));
        let places = merge.places().map(|(_, place)| place);
        let shapes = places.filter(|p| p.is_open() == open).map(|p| Self::of_shape(p.shape));
        shapes.max().unwrap_or(Self::Clean)
    }

    fn of_shape(shape: Shape) -> Self {
        match shape {
            Shape::OneSide | Shape::SameChange => Self::Clean,
            Shape::Sentences => Self::Sentences,
            Shape::WhiteSpace => Self::WhiteSpace,
            Shape::Appended => Self::BothAppended,
            Shape::Moved => Self::Moved,
            Shape::SameSentence => Self::SameSentence,
            Shape::SameWords => Self::SameWords,
            Shape::DeletedEdited => Self::LinesDeleted,
            Shape::MovedTwice => Self::MovedTwice,
            Shape::NoAncestor => Self::NoAncestor,
        }
    }
}

/// One version of a document in the inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Version {
    /// Its id.
    pub id: RevisionId,
    /// Who wrote its text; empty if unknown.
    pub author: String,
    /// When.
    pub date: Option<Timestamp>,
    /// It deletes the document.
    pub deletion: bool,
}

impl Version {
    fn of(document: &Document, revision: &Revision) -> Self {
        let written = document.repeated(revision);
        Self {
            id: revision.id,
            author: written.author.clone(),
            date: written.date,
            deletion: revision.is_deletion(),
        }
    }
}

/// One document that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxEntry {
    /// Its name.
    pub path: DocPath,
    /// Its title.
    pub title: String,
    /// What readers see.
    pub winner: Version,
    /// What waits, the highest first.
    pub others: Vec<Version>,
    /// How much the others differ from what readers see, together.
    pub change: Change,
    /// What the conflict is about.
    pub case: Case,
    /// How many choices have to be made; none if one click settles it.
    pub choices: usize,
}

impl InboxEntry {
    /// Returns when the latest of the versions was written.
    pub fn latest(&self) -> Option<Timestamp> {
        self.versions().filter_map(|v| v.date).max()
    }

    /// Tells whether one of the versions deletes the document.
    pub fn is_about_deletion(&self) -> bool {
        matches!(self.case, Case::DeletedHere | Case::DeletedThere)
    }

    /// Returns all versions, the one that readers see first.
    pub fn versions(&self) -> impl Iterator<Item = &Version> {
        std::iter::once(&self.winner).chain(&self.others)
    }
}

/// What a judgement was made from: the winner and its conflicts, with their contents.
type Judged = Vec<(RevisionId, ContentDigest)>;

#[derive(Debug, Clone, Copy)]
struct Judgement {
    change: Change,
    case: Case,
    choices: usize,
}

/// Judgements made before.
pub(in crate::wiki) struct Judgements(Cache<DocKey, Arc<(Judged, Judgement)>>);

impl Default for Judgements {
    fn default() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}

impl Wiki {
    /// Returns every document that has conflicts, in order of name.
    pub fn inbox(&self) -> Vec<InboxEntry> {
        self.conflicted().iter().filter_map(|d| self.inbox_entry(d)).collect()
    }

    /// Returns what the inbox says of a document; `None` where it has no conflicts.
    pub fn inbox_entry(&self, document: &Document) -> Option<InboxEntry> {
        let winner = document.winner()?;
        let others: Vec<Version> = document.conflicts().map(|r| Version::of(document, r)).collect();
        if others.is_empty() {
            return None;
        }
        let judgement = self.judgement(document, winner);
        Some(InboxEntry {
            path: document.path().clone(),
            title: document.title().to_owned(),
            winner: Version::of(document, winner),
            others,
            change: judgement.change,
            case: judgement.case,
            choices: judgement.choices,
        })
    }

    fn judgement(&self, document: &Document, winner: &Revision) -> Judgement {
        let heads = std::iter::once(winner).chain(document.conflicts());
        let judged: Judged = heads.map(|r| (r.id, r.digest)).collect();
        if let Some(known) = self.judgements.0.get(document.key())
            && known.0 == judged
        {
            return known.1;
        }
        match self.judge(document, winner) {
            Ok(judgement) => {
                let known = Arc::new((judged, judgement));
                self.judgements.0.insert(document.key().clone(), known);
                judgement
            }
            // Perhaps it can be read the next time.
            Err(_) => Judgement { change: Change::default(), case: Case::Decide, choices: 1 },
        }
    }

    fn judge(&self, document: &Document, winner: &Revision) -> Result<Judgement, WikiError> {
        let bytes: u64 = winner.length + document.conflicts().map(|r| r.length).sum::<u64>();
        if bytes > MOST_BYTES {
            let case = if document.path().is_page() { Case::Decide } else { Case::NotText };
            return Ok(Judgement { change: by_length(document, winner), case, choices: 1 });
        }
        match self.judge_texts(document, winner) {
            Err(WikiError::NotText(_)) => {
                let change = by_length(document, winner);
                Ok(Judgement { change, case: Case::NotText, choices: 1 })
            }
            judged => judged,
        }
    }

    fn judge_texts(&self, document: &Document, winner: &Revision) -> Result<Judgement, WikiError> {
        let heads: Vec<RevisionId> = document.conflicts().map(|r| r.id).collect();
        let heads = &heads[..heads.len().min(MAX_MERGED)];
        let view = self.merge_view(document, winner.id, heads)?;
        let mut change = Change::default();
        let mut only_spaces = true;
        let [now, others @ ..] = &view.versions[..] else {
            return Ok(Judgement { change, case: Case::Clean, choices: 0 });
        };
        for other in others {
            only_spaces &= only_whitespace(&now.text, &other.text);
            let one = summary(&now.text, &other.text);
            change.added_lines += one.added_lines;
            change.removed_lines += one.removed_lines;
            change.added_bytes += one.added_bytes;
            change.removed_bytes += one.removed_bytes;
        }
        let case = if winner.is_deletion() {
            Case::DeletedHere
        } else if document.conflicts().any(Revision::is_deletion) {
            Case::DeletedThere
        } else if only_spaces {
            Case::WhiteSpace
        } else {
            Case::of(&view.merge)
        };
        let choices = match view.merge.standing() {
            Standing::Open(choices) => choices,
            // Nothing brings a page back or deletes it unasked.
            _ => usize::from(!case.is_easy()),
        };
        Ok(Judgement { change, case, choices })
    }
}

/// Measures a difference where the contents are not compared.
fn by_length(document: &Document, winner: &Revision) -> Change {
    let mut change = Change::default();
    for head in document.conflicts() {
        change.added_bytes += head.length.saturating_sub(winner.length) as usize;
        change.removed_bytes += winner.length.saturating_sub(head.length) as usize;
    }
    change
}
