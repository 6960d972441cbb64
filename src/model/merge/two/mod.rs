//! Three-way merge as a value: what both sides did to a common base, and how to put it together.
//!
//! A [`Merge`] cuts the base and both sides into the same chunks, so that each of the three texts
//! can be read back from it byte for byte. What it does not do is decide: where both sides changed
//! the same place it offers a [`Hunk`] of kind [`HunkKind::Conflict`], and someone chooses. It
//! depends on nothing but the three texts, so every replica sees the same merge.
//!
//! Three rules keep text from being lost. Changes that touch, with no unchanged line between
//! them, are a conflict unless they are the same. A deleted page against an edited one is a single
//! conflict, never a clean deletion. And no choice glues two lines together: where a piece lacks
//! its newline and another follows, a newline is put between them.
//!
//! Lines are compared without their endings, so a text that came back with CRLF or without its
//! last newline conflicts with nothing; its endings are merged as changes of their own. A merge of
//! texts with different endings can have both: callers who want one kind apply
//! [`LineEnding::of`] the text they started from to the result.

mod three_way;

use crate::model::diff::LineEnding;
use crate::model::diff::only_whitespace;

/// What two sides made of a common base, in chunks from the first line to the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    chunks: Vec<Chunk>,
    /// What to put where a newline has to be supplied.
    ending: LineEnding,
}

/// A stretch of whole lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chunk {
    /// The base and both sides have these bytes.
    Unchanged(String),
    /// At least one side differs from the base.
    Changed(Hunk),
}

/// A stretch in which at least one side differs from the base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    /// What both sides started from; empty where something was inserted.
    pub base: String,
    /// What the left side has there; empty where it was deleted.
    pub left: String,
    /// What the right side has there; empty where it was deleted.
    pub right: String,
    /// Who changed it.
    pub kind: HunkKind,
}

/// Who changed a stretch, line endings aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HunkKind {
    /// Only the left side.
    Left,
    /// Only the right side.
    Right,
    /// Both sides, in the same way.
    Same,
    /// Both sides, in different ways.
    Conflict,
}

/// What to put in the place of a hunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// What the left side has.
    Left,
    /// What the right side has.
    Right,
    /// Both, the left side first.
    Both,
    /// Both, the right side first.
    BothRightFirst,
    /// What both started from.
    Base,
    /// Something else.
    Text(String),
}

/// A merge that can be offered for one click.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Easy {
    /// There is no conflict.
    Clean,
    /// The conflicting stretches have the same words and differ only in white space.
    WhiteSpace,
    /// In every conflict both sides only inserted something at the same place; keep both.
    BothAppended,
}

impl Hunk {
    /// Returns the choice that needs nobody's decision; none for a conflict.
    pub fn suggested(&self) -> Option<Choice> {
        match self.kind {
            // Only endings can differ here. The greater text is the same one however the sides are
            // called, and it has its last newline.
            HunkKind::Same if self.left < self.right => Some(Choice::Right),
            HunkKind::Left | HunkKind::Same => Some(Choice::Left),
            HunkKind::Right => Some(Choice::Right),
            HunkKind::Conflict => None,
        }
    }

    /// Tells whether someone has to decide.
    pub fn is_conflict(&self) -> bool {
        self.kind == HunkKind::Conflict
    }

    /// Tells whether both sides only inserted something here.
    fn is_insertion_of_both(&self) -> bool {
        self.base.is_empty() && !self.left.is_empty() && !self.right.is_empty()
    }
}

impl Chunk {
    /// Returns the bytes of the base; those of all chunks together are the whole base.
    pub fn base(&self) -> &str {
        match self {
            Self::Unchanged(text) => text,
            Self::Changed(hunk) => &hunk.base,
        }
    }

    /// Returns the bytes of the left side; those of all chunks together are the whole left side.
    pub fn left(&self) -> &str {
        match self {
            Self::Unchanged(text) => text,
            Self::Changed(hunk) => &hunk.left,
        }
    }

    /// Returns the bytes of the right side; those of all chunks together are the whole right side.
    pub fn right(&self) -> &str {
        match self {
            Self::Unchanged(text) => text,
            Self::Changed(hunk) => &hunk.right,
        }
    }
}

impl Merge {
    /// Compares two sides with what they started from; an empty base means that they have nothing
    /// in common but what they happen to share.
    pub fn new(base: &str, left: &str, right: &str) -> Self {
        Self {
            chunks: three_way::chunks(base, left, right),
            ending: LineEnding::of_all([base, left, right]),
        }
    }

    /// Returns the chunks from the first line to the last.
    pub fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    /// Lists the changed stretches with their indices, which [`resolve`](Self::resolve) uses too.
    pub fn hunks(&self) -> impl Iterator<Item = (usize, &Hunk)> {
        let changed = self.chunks.iter().filter_map(|chunk| match chunk {
            Chunk::Changed(hunk) => Some(hunk),
            Chunk::Unchanged(_) => None,
        });
        changed.enumerate()
    }

    /// Lists the stretches that someone has to decide, with their indices among all hunks.
    pub fn conflicts(&self) -> impl Iterator<Item = (usize, &Hunk)> {
        self.hunks().filter(|(_, hunk)| hunk.is_conflict())
    }

    /// Tells whether nothing has to be decided.
    pub fn is_clean(&self) -> bool {
        self.conflicts().next().is_none()
    }

    /// Returns the merged text where nothing has to be decided.
    pub fn clean(&self) -> Option<String> {
        self.is_clean().then(|| self.settled(&Choice::Both))
    }

    /// Puts the text together, asking what to take for each hunk, clean ones included.
    ///
    /// Lines are never glued together: a newline is supplied between two pieces where the first
    /// one lacks it.
    pub fn resolve(&self, mut choose: impl FnMut(usize, &Hunk) -> Choice) -> String {
        let mut out = Joined::new(self.ending);
        let mut index = 0;
        for chunk in &self.chunks {
            match chunk {
                Chunk::Unchanged(text) => out.push(text),
                Chunk::Changed(hunk) => {
                    out.choose(hunk, choose(index, hunk));
                    index += 1;
                }
            }
        }
        out.text
    }

    /// Tells whether, and why, this merge can be offered for one click.
    pub fn easy(&self) -> Option<Easy> {
        if self.is_clean() {
            return Some(Easy::Clean);
        }
        if self.conflicts().all(|(_, hunk)| only_whitespace(&hunk.left, &hunk.right)) {
            return Some(Easy::WhiteSpace);
        }
        // Without a base everything is inserted, which says nothing about what belongs together.
        let based = self.chunks.iter().any(|chunk| !chunk.base().is_empty());
        let appended = self.conflicts().all(|(_, hunk)| hunk.is_insertion_of_both());
        (based && appended).then_some(Easy::BothAppended)
    }

    /// Returns the text to offer where [`easy`](Self::easy) says so: the left side's white space,
    /// or what both sides inserted, the left side's first.
    pub fn easy_text(&self) -> Option<String> {
        self.easy().map(|easy| match easy {
            Easy::Clean | Easy::BothAppended => self.settled(&Choice::Both),
            Easy::WhiteSpace => self.settled(&Choice::Left),
        })
    }

    /// Puts the text together with one choice for all conflicts.
    fn settled(&self, conflicts: &Choice) -> String {
        self.resolve(|_, hunk| hunk.suggested().unwrap_or_else(|| conflicts.clone()))
    }
}

/// Text that is put together from whole lines.
struct Joined {
    text: String,
    ending: LineEnding,
}

impl Joined {
    fn new(ending: LineEnding) -> Self {
        Self { text: String::new(), ending }
    }

    fn push(&mut self, piece: &str) {
        if !(piece.is_empty() || self.text.is_empty() || self.text.ends_with('\n')) {
            self.text.push_str(self.ending.as_str());
        }
        self.text.push_str(piece);
    }

    fn choose(&mut self, hunk: &Hunk, choice: Choice) {
        match choice {
            Choice::Left => self.push(&hunk.left),
            Choice::Right => self.push(&hunk.right),
            Choice::Base => self.push(&hunk.base),
            Choice::Both => {
                self.push(&hunk.left);
                self.push(&hunk.right);
            }
            Choice::BothRightFirst => {
                self.push(&hunk.right);
                self.push(&hunk.left);
            }
            Choice::Text(text) => self.push(&text),
        }
    }
}

/// What came of merging several heads, one after another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Combined {
    /// All of them merged cleanly into this text.
    Clean(String),
    /// A head conflicts with what was merged before it.
    Stopped {
        /// The position of that head.
        at: usize,
        /// The merge to decide; its left side has the winner and all heads before this one.
        merge: Merge,
    },
}

/// Merges heads into the winner as far as nobody has to decide; each head comes with the text of
/// its merge base with the winner.
///
/// A caller who has decided where it stopped goes on with the text they chose as the winner and
/// the heads that are left.
pub fn combine<'a>(winner: &str, heads: impl IntoIterator<Item = (&'a str, &'a str)>) -> Combined {
    let mut text = winner.to_owned();
    for (at, (base, head)) in heads.into_iter().enumerate() {
        let merge = Merge::new(base, &text, head);
        match merge.clean() {
            Some(merged) => text = merged,
            None => return Combined::Stopped { at, merge },
        }
    }
    Combined::Clean(text)
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
