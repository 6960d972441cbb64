//! What changed between two texts, for people to read.
//!
//! A [`Diff`] holds the rows once and shows them in two shapes: one column
//! ([`Diff::unified`]) or two ([`Diff::side_by_side`]); [`folded`] hides long unchanged stretches
//! of either. Lines are compared without their endings; where only the ending differs the row is
//! unchanged and says so. Nothing here escapes or formats: that is for the template.

mod align;
mod annotate;
mod histogram;
mod lines;
mod summary;
mod words;

pub(crate) use align::{Replaced, kept, replaced, replaced_to_merge, replaced_tokens};
pub use annotate::{Version, annotate, blame};
pub(crate) use lines::is_blank;
pub use lines::{LineEnding, content, lines, normalise_endings};
pub use summary::{Change, only_whitespace, summary};

use words::Budget;

/// A stretch of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The characters as they are in the text, without the line's terminator.
    pub text: String,
    /// Whether these words are what makes the line differ from its other version.
    pub changed: bool,
}

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// Both texts have it.
    Unchanged,
    /// Only the old text has it.
    Removed,
    /// Only the new text has it.
    Added,
}

/// A line of one text or of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What became of the line.
    pub kind: RowKind,
    /// Its place in the old text, from 1; none where it was added.
    pub old: Option<usize>,
    /// Its place in the new text, from 1; none where it was removed.
    pub new: Option<usize>,
    /// The line in pieces; none of them changed where marking words would not help.
    pub segments: Vec<Segment>,
    /// Whether an unchanged line ends another way: with CRLF or LF, or without a newline.
    pub ending_changed: bool,
}

impl Row {
    /// Returns the whole line without its terminator.
    pub fn text(&self) -> String {
        self.segments.iter().map(|s| s.text.as_str()).collect()
    }

    /// Tells whether only the old text has the line.
    pub fn is_removed(&self) -> bool {
        self.kind == RowKind::Removed
    }

    /// Tells whether only the new text has the line.
    pub fn is_added(&self) -> bool {
        self.kind == RowKind::Added
    }
}

/// A row of two columns: the old line and the new line that took its place.
///
/// An unchanged line is the same row in both columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair<'a> {
    /// The line in the old column, if any.
    pub old: Option<&'a Row>,
    /// The line in the new column, if any.
    pub new: Option<&'a Row>,
}

/// A row, or a stretch of unchanged rows that need not be shown at first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Folded<R> {
    /// A row to show.
    Row(R),
    /// Rows to show on request.
    Fold {
        /// How many rows there are.
        count: usize,
        /// The rows themselves.
        rows: Vec<R>,
    },
}

/// A row that knows whether it shows a change.
pub trait Foldable {
    /// Tells whether the row may be hidden.
    fn is_unchanged(&self) -> bool;
}

impl Foldable for &Row {
    fn is_unchanged(&self) -> bool {
        self.kind == RowKind::Unchanged && !self.ending_changed
    }
}

impl Foldable for Pair<'_> {
    fn is_unchanged(&self) -> bool {
        [self.old, self.new].iter().flatten().all(Foldable::is_unchanged)
    }
}

/// Hides unchanged stretches, but for `context` rows around every change.
///
/// A single row is never hidden: its fold would take as much room.
pub fn folded<R: Foldable>(rows: Vec<R>, context: usize) -> Vec<Folded<R>> {
    // For each row the distance to the nearest change, counted from above and then from below.
    let mut distance = vec![usize::MAX; rows.len()];
    let mut last = usize::MAX;
    for (row, distance) in rows.iter().zip(&mut distance) {
        last = if row.is_unchanged() { last.saturating_add(1) } else { 0 };
        *distance = last;
    }
    last = usize::MAX;
    for (row, distance) in rows.iter().zip(&mut distance).rev() {
        last = if row.is_unchanged() { last.saturating_add(1) } else { 0 };
        *distance = last.min(*distance);
    }

    let mut out = Vec::new();
    let mut hidden = Vec::new();
    for (row, distance) in rows.into_iter().zip(distance) {
        if distance > context {
            hidden.push(row);
        } else {
            fold(&mut hidden, &mut out);
            out.push(Folded::Row(row));
        }
    }
    fold(&mut hidden, &mut out);
    out
}

fn fold<R>(hidden: &mut Vec<R>, out: &mut Vec<Folded<R>>) {
    let rows = std::mem::take(hidden);
    if rows.len() > 1 {
        out.push(Folded::Fold { count: rows.len(), rows });
    } else {
        out.extend(rows.into_iter().map(Folded::Row));
    }
}

/// The lines of two texts, and what became of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    blocks: Vec<Block>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Block {
    Unchanged(Vec<Row>),
    Changed {
        removed: Vec<Row>,
        added: Vec<Row>,
        /// Positions of the lines that are versions of each other, in order.
        pairs: Vec<(usize, usize)>,
    },
}

impl Diff {
    /// Compares two texts.
    pub fn between(old: &str, new: &str) -> Self {
        let (old, new) = (lines(old), lines(new));
        let mut budget = Budget::new();
        let mut blocks = Vec::new();
        let (mut from_old, mut from_new) = (0, 0);
        let unchanged = |blocks: &mut Vec<Block>, old_at: usize, new_at: usize, count: usize| {
            let row = |i| unchanged_row(old_at + i, old[old_at + i], new_at + i, new[new_at + i]);
            if count > 0 {
                blocks.push(Block::Unchanged((0..count).map(row).collect()));
            }
        };
        for change in replaced(&old, &new) {
            unchanged(&mut blocks, from_old, from_new, change.old.start - from_old);
            (from_old, from_new) = (change.old.end, change.new.end);
            let removed = (&old[change.old.clone()], change.old.start);
            let added = (&new[change.new.clone()], change.new.start);
            blocks.push(changed_block(removed, added, &mut budget));
        }
        unchanged(&mut blocks, from_old, from_new, old.len() - from_old);
        Self { blocks }
    }

    /// Tells whether there is nothing to show: the texts are the same, endings included.
    pub fn is_empty(&self) -> bool {
        self.blocks.iter().all(|block| match block {
            Block::Unchanged(rows) => rows.iter().all(|row| !row.ending_changed),
            Block::Changed { .. } => false,
        })
    }

    /// Lists the rows in one column; where lines were replaced, the removed ones come first.
    pub fn unified(&self) -> Vec<&Row> {
        let mut rows = Vec::new();
        for block in &self.blocks {
            match block {
                Block::Unchanged(unchanged) => rows.extend(unchanged),
                Block::Changed { removed, added, .. } => rows.extend(removed.iter().chain(added)),
            }
        }
        rows
    }

    /// Lists the rows in two columns, versions of a line next to each other.
    pub fn side_by_side(&self) -> Vec<Pair<'_>> {
        let mut rows = Vec::new();
        for block in &self.blocks {
            match block {
                Block::Unchanged(unchanged) => {
                    rows.extend(
                        unchanged.iter().map(|row| Pair { old: Some(row), new: Some(row) }),
                    );
                }
                Block::Changed { removed, added, pairs } => {
                    let (mut from_old, mut from_new) = (0, 0);
                    let end = (removed.len(), added.len());
                    for &(old, new) in pairs.iter().chain([&end]) {
                        let between = (&removed[from_old..old], &added[from_new..new]);
                        rows.extend(
                            (0..between.0.len().max(between.1.len()))
                                .map(|i| Pair { old: between.0.get(i), new: between.1.get(i) }),
                        );
                        if (old, new) != end {
                            rows.push(Pair { old: removed.get(old), new: added.get(new) });
                        }
                        (from_old, from_new) = (old + 1, new + 1);
                    }
                }
            }
        }
        rows
    }
}

fn unchanged_row(old_at: usize, old: &str, new_at: usize, new: &str) -> Row {
    Row {
        kind: RowKind::Unchanged,
        old: Some(old_at + 1),
        new: Some(new_at + 1),
        segments: whole(new),
        ending_changed: old != new,
    }
}

/// Makes the rows of replaced lines, given with the position of the first.
fn changed_block(removed: (&[&str], usize), added: (&[&str], usize), budget: &mut Budget) -> Block {
    let pairs = words::pair(removed.0, added.0, budget);
    let (mut old_words, mut new_words) = (Vec::new(), Vec::new());
    old_words.extend(removed.0.iter().map(|line| whole(line)));
    new_words.extend(added.0.iter().map(|line| whole(line)));
    for &(old, new) in &pairs {
        if let Some(marked) = words::highlight(content(removed.0[old]), content(added.0[new])) {
            (old_words[old], new_words[new]) = marked;
        }
    }
    let row = |kind, old, new, segments| Row { kind, old, new, segments, ending_changed: false };
    let removed = (removed.1 + 1..).zip(old_words);
    let added = (added.1 + 1..).zip(new_words);
    Block::Changed {
        removed: removed
            .map(|(number, words)| row(RowKind::Removed, Some(number), None, words))
            .collect(),
        added: added
            .map(|(number, words)| row(RowKind::Added, None, Some(number), words))
            .collect(),
        pairs,
    }
}

fn whole(line: &str) -> Vec<Segment> {
    let text = content(line).to_owned();
    vec![Segment { text, changed: false }]
}

#[cfg(test)]
mod tests;
