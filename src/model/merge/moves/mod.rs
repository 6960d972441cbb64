//! Blocks of lines that a version moved.
//!
//! To a comparison by lines a move is a deletion here and an insertion there, so an edit that
//! another version made inside the block would clash with the deletion. Before the merge such a
//! block is moved in the base and in the other versions, too; then the edit meets the block where
//! it now is. [`Apart`] has what this cannot settle, above all blocks that
//! versions moved to different places.

mod apart;

use std::collections::HashMap;
use std::ops::Range;

use super::Moved;
use crate::model::diff::{Replaced, content, is_blank, replaced};

pub(super) use apart::{Apart, Which};

/// A block with fewer letters may be anything.
const LEAST_LETTERS: usize = 12;
/// More moves than these are left as deletions and insertions.
const MOST_MOVES: usize = 64;

/// A block of the base that versions moved.
#[derive(Debug, Clone)]
pub(super) struct Move {
    /// Its lines in the base.
    from: Range<usize>,
    /// The line of the base before which it went.
    to: usize,
    versions: Vec<usize>,
}

/// A base and all versions with the same moves made in all, by lines.
pub(super) struct Arranged<'a> {
    pub(super) base: Vec<&'a str>,
    pub(super) texts: Vec<Vec<&'a str>>,
    /// For each line of the winner the move that it was part of, by its index.
    pub(super) moved: Vec<Option<usize>>,
    pub(super) moves: Vec<Moved>,
}

/// All moves that versions made, by the base that all of them have.
pub(super) struct Moves<'a> {
    base: Vec<&'a str>,
    texts: Vec<Vec<&'a str>>,
    changes: Vec<Vec<Replaced>>,
    all: Vec<Move>,
}

impl<'a> Moves<'a> {
    /// Finds the moves of the winner and the others.
    pub(super) fn find(base: Vec<&'a str>, texts: Vec<Vec<&'a str>>) -> Self {
        let changes: Vec<Vec<Replaced>> = texts.iter().map(|text| replaced(&base, text)).collect();
        let mut all: Vec<Move> = Vec::new();
        for (version, (text, changes)) in texts.iter().zip(&changes).enumerate() {
            for found in moves(&base, text, changes) {
                let known = all.iter_mut().find(|m| m.from == found.0 && m.to == found.1);
                match known {
                    Some(known) => known.versions.push(version),
                    None => {
                        all.push(Move { from: found.0, to: found.1, versions: vec![version] });
                    }
                }
            }
        }
        Self { base, texts, changes, all }
    }

    /// Returns true if two moves take the same lines.
    fn is_twice(&self, one: &Move) -> bool {
        self.all.iter().filter(|other| overlap(&one.from, &other.from)).count() > 1
    }

    /// Makes the moves in all texts whose blocks another version edited; none if there are none.
    pub(super) fn arranged(&self) -> Option<Arranged<'a>> {
        let wanted: Vec<&Move> =
            self.all.iter().filter(|m| !self.is_twice(m) && self.is_edited(m)).collect();
        let apart = |m: &&Move| {
            !wanted.iter().any(|o| o.from.start < m.to && m.to < o.from.end)
                && !wanted.iter().any(|o| o.to == m.to && o.from != m.from)
        };
        if wanted.is_empty() || wanted.len() > MOST_MOVES || !wanted.iter().all(apart) {
            return None;
        }
        let plain: Vec<(Range<usize>, usize)> =
            wanted.iter().map(|m| (m.from.clone(), m.to)).collect();
        let (base, _) = rearranged(&self.base, &plain);
        let mut texts = Vec::new();
        let mut moved = Vec::new();
        for (version, text) in self.texts.iter().enumerate() {
            let mine = wanted.iter().enumerate().filter(|(_, m)| !m.versions.contains(&version));
            let mut places = Vec::new();
            let mut indices = Vec::new();
            for (i, wanted) in mine {
                places.push(self.place_in(version, wanted)?);
                indices.push(i);
            }
            let (lines, origins) = rearranged(text, &places);
            if version == 0 {
                moved = origins.into_iter().map(|at| at.map(|i| indices[i])).collect();
                for (i, m) in wanted.iter().enumerate().filter(|(_, m)| m.versions.contains(&0)) {
                    self.mark(&lines, m, i, &mut moved);
                }
            }
            texts.push(lines);
        }
        let moves = wanted.iter().map(|m| self.moved(m)).collect();
        Some(Arranged { base, texts, moved, moves })
    }

    /// Marks the lines of a block that the winner moved itself.
    fn mark(&self, lines: &[&str], of: &Move, index: usize, moved: &mut [Option<usize>]) {
        let block = &self.base[of.from.clone()];
        let found = lines.windows(block.len()).position(|here| alike(here, block));
        if let Some(at) = found {
            moved[at..at + block.len()].fill(Some(index));
        }
    }

    fn moved(&self, of: &Move) -> Moved {
        Moved { versions: of.versions.clone(), title: title(&self.base[of.from.clone()]) }
    }

    /// Returns true if a version that left the block where it was changed something in it.
    fn is_edited(&self, of: &Move) -> bool {
        let within = |c: &Replaced| {
            c.old.start >= of.from.start && c.old.end <= of.from.end && {
                !(c.old.is_empty() && (c.old.start == of.from.start || c.old.end == of.from.end))
            }
        };
        (0..self.texts.len()).filter(|version| !of.versions.contains(version)).any(|version| {
            let place = self.place_in(version, of);
            place.is_some() && self.changes[version].iter().any(within)
        })
    }

    /// Finds a block, and the place it goes to, in a version that left it where it was.
    fn place_in(&self, version: usize, of: &Move) -> Option<(Range<usize>, usize)> {
        let changes = &self.changes[version];
        // The position of a line of the base, with what was inserted there before or behind it.
        let at = |line: usize, behind: bool| {
            let mut offset = 0_isize;
            for Replaced { old, new } in changes {
                if old.start < line && line < old.end {
                    return None;
                }
                let before = old.end <= line && (old.start < line || behind);
                if before {
                    offset += new.len() as isize - old.len() as isize;
                }
            }
            Some(line.saturating_add_signed(offset))
        };
        let block = at(of.from.start, true)?..at(of.from.end, false)?;
        let to = at(of.to, false)?;
        (!block.is_empty()).then_some((block, to))
    }
}

/// Finds the blocks that one version moved: the lines of the base, and before which line they went.
fn moves(base: &[&str], text: &[&str], changes: &[Replaced]) -> Vec<(Range<usize>, usize)> {
    let once = |lines: &[&'_ str]| {
        let mut counts: HashMap<String, usize> = HashMap::new();
        for line in lines {
            *counts.entry(content(line).to_owned()).or_default() += 1;
        }
        counts
    };
    let (in_base, in_text) = (once(base), once(text));
    let unique = |line: &str| {
        let line = content(line);
        letters(&[line]) > 0 && in_base.get(line) == Some(&1) && in_text.get(line) == Some(&1)
    };
    // Where each line that was inserted is, and by which change.
    let mut inserted: HashMap<&str, (usize, usize)> = HashMap::new();
    for (i, change) in changes.iter().enumerate() {
        for at in change.new.clone().filter(|at| unique(text[*at])) {
            inserted.insert(content(text[at]), (at, i));
        }
    }
    let mut out = Vec::new();
    for (i, change) in changes.iter().enumerate() {
        let mut at = change.old.start;
        while at < change.old.end {
            let found =
                inserted.get(content(base[at])).filter(|(_, by)| *by != i && unique(base[at]));
            let Some((there, by)) = found else {
                at += 1;
                continue;
            };
            let room = (change.old.end - at).min(changes[*by].new.end - there);
            let same = |n: &usize| content(base[at + n]) == content(text[there + n]);
            let length = (0..room).take_while(same).count();
            let block = at..at + length;
            if letters(&base[block.clone()]) >= LEAST_LETTERS {
                out.push((block, changes[*by].old.start));
            }
            at += length.max(1);
        }
    }
    out
}

/// Returns the first line of a block, without the signs of a heading.
fn title(block: &[&str]) -> String {
    let first = block.iter().find(|line| !is_blank(line)).map_or("", |line| content(line));
    first.trim_start_matches(['#', ' ']).trim().to_owned()
}

fn letters(lines: &[&str]) -> usize {
    lines.iter().flat_map(|line| line.chars()).filter(|c| c.is_alphanumeric()).count()
}

fn overlap(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

fn alike(one: &[&str], other: &[&str]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| content(a) == content(b))
}

/// Moves blocks, given with the line before which they go; says of each line which block it is of.
fn rearranged<'a>(
    lines: &[&'a str],
    blocks: &[(Range<usize>, usize)],
) -> (Vec<&'a str>, Vec<Option<usize>>) {
    let mut out = Vec::with_capacity(lines.len());
    let mut origins = Vec::with_capacity(lines.len());
    for at in 0..=lines.len() {
        for (i, (from, to)) in blocks.iter().enumerate() {
            if *to == at {
                out.extend(&lines[from.clone()]);
                origins.extend(from.clone().map(|_| Some(i)));
            }
        }
        if at < lines.len() && !blocks.iter().any(|(from, _)| from.contains(&at)) {
            out.push(lines[at]);
            origins.push(None);
        }
    }
    (out, origins)
}
