//! Blocks that versions moved, merged apart from the rest of the page.
//!
//! A comparison by lines sees a block that two versions moved to different places inserted at both and
//! would keep both; and a block that one version moved next to where another made a change seems to be
//! part of that change. Here such blocks are taken out of the base and of all versions, and put into
//! the merge of the rest where they were moved to. What versions changed inside a block is merged by
//! itself and is the block's text wherever it is.
//!
//! If two neighbours changed places, either may be the one that moved. Which one it was is decided by
//! what the other versions moved.

mod cut;
mod find;
mod put_in;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::{Moves, letters};
use crate::model::diff::{content, is_blank, lines};
use crate::model::merge::Chunk;

/// Which blocks are merged apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::model::merge) enum Which {
    /// Those that versions moved to different places, or to one place beside changes that differ.
    Twice,
    /// The same, and all that versions moved to one place.
    All,
}

/// Blocks that versions moved.
pub(in crate::model::merge) struct Apart<'m, 'a> {
    moves: &'m Moves<'a>,
    blocks: Vec<Block>,
}

/// A block that versions moved.
struct Block {
    /// Its lines in the base, from the first that is not blank to the last.
    base: Range<usize>,
    /// Its lines in each version; none if the version does not have it.
    there: Vec<Option<Range<usize>>>,
    /// For each place that it was moved to the versions that moved it there.
    places: Vec<Vec<usize>>,
    /// What became of it; none if this has to be decided, too.
    joined: Option<String>,
}

impl Block {
    fn is_moved_twice(&self) -> bool {
        self.places.len() > 1
    }
}

impl Apart<'_, '_> {
    pub(in crate::model::merge) fn len(&self) -> usize {
        self.blocks.len()
    }

    /// Returns true if a merge has one of the blocks at several places.
    pub(in crate::model::merge) fn is_doubled(&self, merge: &[Chunk]) -> bool {
        let lines = once(&self.moves.base);
        self.blocks.iter().any(|block| is_doubled(&self.moves.base, &lines, &block.base, merge))
    }
}

/// Says of each line with letters where it is; none if it is there twice.
fn once<'a>(text: &[&'a str]) -> HashMap<&'a str, Option<usize>> {
    let mut out = HashMap::new();
    for (at, line) in text.iter().enumerate().filter(|(_, line)| letters(&[line]) > 0) {
        out.entry(content(line)).and_modify(|known| *known = None).or_insert(Some(at));
    }
    out
}

/// Returns true if a merge has a line of a block, which the base has once, at several places.
fn is_doubled(
    base: &[&str],
    once: &HashMap<&str, Option<usize>>,
    block: &Range<usize>,
    merge: &[Chunk],
) -> bool {
    let block = base[block.clone()].iter().map(|line| content(line));
    let mut places: HashMap<&str, usize> = block
        .filter(|line| matches!(once.get(line), Some(Some(_))))
        .map(|line| (line, 0))
        .collect();
    for chunk in merge {
        let texts: Vec<&str> = match chunk {
            Chunk::Unchanged(text) => vec![text],
            Chunk::Changed(place) => {
                place.wordings.iter().filter(|w| w.changed).map(|w| w.text.as_str()).collect()
            }
        };
        let here: HashSet<&str> =
            texts.into_iter().flat_map(|text| lines(text)).map(content).collect();
        for line in here {
            places.entry(line).and_modify(|count| *count += 1);
        }
    }
    places.values().any(|count| *count > 1)
}

/// Joins lines, and ends the last one, too.
fn whole(lines: &[&str]) -> String {
    let mut text = lines.concat();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// Returns a stretch of lines without the blank ones at its ends.
fn trimmed(lines: &[&str], range: Range<usize>) -> Range<usize> {
    let is_text = |at: &usize| !is_blank(lines[*at]);
    let start = range.clone().find(is_text).unwrap_or(range.end);
    let end = range.clone().rev().find(is_text).map_or(start, |at| at + 1);
    start..end
}
