//! Finding the blocks: which lines moved together, and where each version has them.

use std::collections::HashMap;
use std::ops::Range;

use super::cut::{span, without};
use super::{Apart, Block, Which, is_doubled, once, trimmed, whole};
use crate::model::diff::{Replaced, content, replaced};
use crate::model::merge::moves::{LEAST_LETTERS, MOST_MOVES, Move, Moves, alike, letters, overlap};
use crate::model::merge::{Chunk, Merge, Version};

/// How many bytes are compared to see where blocks went; what may have moved besides is left.
const MOST_COMPARED: usize = 16 << 20;
/// How often a version is compared with the base at most.
const MOST_COMPARISONS: usize = 64;

impl<'m, 'a> Apart<'m, 'a> {
    /// Finds the blocks, given the merge that knows nothing of moves.
    pub(in crate::model::merge) fn find(
        moves: &'m Moves<'a>,
        which: Which,
        plain: &[Chunk],
    ) -> Option<Self> {
        let mut moved: Vec<usize> = moves.all.iter().flat_map(|m| m.versions.clone()).collect();
        moved.sort_unstable();
        moved.dedup();
        let least = if which == Which::All { 1 } else { 2 };
        if moved.len() < least || moves.all.len() > MOST_MOVES {
            return None;
        }
        let lines = Unique::new(moves);
        let bytes = |text: &Vec<&str>| text.iter().map(|line| line.len()).sum::<usize>();
        let largest = moves.texts.iter().map(bytes).max().unwrap_or(0);
        let mut comparisons = MOST_COMPARISONS.min(MOST_COMPARED / (largest + 1));
        let mut blocks: Vec<Block> = Vec::new();
        let once = (which == Which::All).then_some(false);
        for twice in [Some(true), once].into_iter().flatten() {
            for candidate in candidates(moves, twice) {
                if blocks.iter().any(|block| overlap(&block.base, &candidate)) {
                    continue;
                }
                let by = |version: &usize| {
                    let mut theirs = moves.all.iter().filter(|m| m.versions.contains(version));
                    theirs.any(|m| {
                        overlap(&m.from, &candidate) || twice && jumped(moves, m) == candidate
                    })
                };
                let movers: Vec<usize> = moved.iter().copied().filter(by).collect();
                if movers.len() < if twice { 2 } else { 1 } {
                    continue;
                }
                if comparisons < movers.len() {
                    break;
                }
                comparisons -= movers.len();
                let block = lines.block(&candidate, &movers);
                blocks.extend(block.filter(|block| {
                    !twice
                        || block.is_moved_twice()
                        || is_doubled(&moves.base, &lines.base, &candidate, plain)
                }));
            }
        }
        (!blocks.is_empty()).then_some(Self { moves, blocks })
    }
}

/// Lists what may have been moved, the longest first.
fn candidates(moves: &Moves<'_>, swapped: bool) -> Vec<Range<usize>> {
    let mut direct: Vec<Range<usize>> = Vec::new();
    for (i, one) in moves.all.iter().enumerate() {
        direct.push(one.from.clone());
        for version in &one.versions {
            // Its mover may have changed something in it.
            let mut changes = moves.changes[*version].iter();
            direct.extend(changes.find(|c| overlap(&c.old, &one.from)).map(|c| c.old.clone()));
        }
        for other in &moves.all[..i] {
            let hull = one.from.start.min(other.from.start)..one.from.end.max(other.from.end);
            if overlap(&one.from, &other.from) {
                direct.push(one.from.start.max(other.from.start)..one.from.end.min(other.from.end));
                direct.push(hull);
            } else if one.to == other.to && one.versions == other.versions {
                direct.push(hull);
            }
        }
    }
    if swapped {
        direct.extend(moves.all.iter().map(|m| jumped(moves, m)));
    }
    let mut out: Vec<Range<usize>> =
        direct.into_iter().map(|range| trimmed(&moves.base, range)).collect();
    out.sort_unstable_by_key(|range| (usize::MAX - range.len(), range.start));
    out.dedup();
    out.retain(|range| letters(&moves.base[range.clone()]) >= LEAST_LETTERS);
    out
}

/// Returns the lines of the base over which a block was moved.
fn jumped(moves: &Moves<'_>, m: &Move) -> Range<usize> {
    let lines = if m.to <= m.from.start { m.to..m.from.start } else { m.from.end..m.to };
    trimmed(&moves.base, lines)
}

/// Where the lines are that the base, and each version, has only once.
struct Unique<'m, 'a> {
    moves: &'m Moves<'a>,
    base: HashMap<&'a str, Option<usize>>,
    texts: Vec<HashMap<&'a str, Option<usize>>>,
}

/// The lines of a block are no longer together.
struct Scattered;

impl<'m, 'a> Unique<'m, 'a> {
    fn new(moves: &'m Moves<'a>) -> Self {
        let base = once(&moves.base);
        Self { moves, base, texts: moves.texts.iter().map(|text| once(text)).collect() }
    }

    /// Returns the block if some of these versions moved it.
    fn block(&self, base: &Range<usize>, movers: &[usize]) -> Option<Block> {
        let versions = 0..self.texts.len();
        let there = versions.clone().map(|version| self.find(base, version));
        let there: Vec<Option<Range<usize>>> = there.collect::<Result<_, Scattered>>().ok()?;
        let moved = movers.iter().filter_map(|version| {
            let to = self.moved(base, *version, there[*version].as_ref()?)?;
            Some((to, *version))
        });
        let mut moved: Vec<(Range<usize>, usize)> = moved.collect();
        moved.sort_by_key(|(to, version)| (to.start, to.end, *version));
        let mut places: Vec<Vec<usize>> = Vec::new();
        let mut end = 0;
        for (to, version) in &moved {
            match places.last_mut() {
                Some(place) if to.start <= end => place.push(*version),
                _ => places.push(vec![*version]),
            }
            end = end.max(to.end);
        }
        for place in &mut places {
            place.sort_unstable();
        }
        if places.is_empty() {
            return None;
        }
        let text = |version: usize| {
            let there = there[version].clone()?;
            Some(&self.moves.texts[version][there])
        };
        let before = &self.moves.base[base.clone()];
        let texts: Vec<String> = versions.clone().filter_map(text).map(whole).collect();
        let (first, others) = texts.split_first()?;
        let base_text = whole(before);
        let others: Vec<Version<'_>> =
            others.iter().map(|text| Version { base: Some(&base_text), text }).collect();
        let joined = Merge::of_block(first, &others).suggested();
        // What a version changed that did not move it would be at no place.
        let idle = |version: &usize| !moved.iter().any(|(_, mover)| mover == version);
        let untouched = |version| text(version).is_none_or(|own| alike(own, before));
        let is_told = places.len() > 1 && versions.filter(idle).all(untouched);
        let base = base.clone();
        (joined.is_some() || is_told).then_some(Block { base, there, places, joined })
    }

    /// Finds a block of the base in a version that may have changed something in it; none if the
    /// version deleted it.
    fn find(&self, base: &Range<usize>, version: usize) -> Result<Option<Range<usize>>, Scattered> {
        let (text, here) = (&self.moves.texts[version], &self.texts[version]);
        let of_base = |line: &str| self.base.get(content(line)).copied().flatten();
        let unique = base.clone().filter_map(|at| {
            let line = content(self.moves.base[at]);
            let there = here.get(line).copied().flatten().filter(|_| of_base(line).is_some())?;
            Some((at, there))
        });
        let found: Vec<(usize, usize)> = unique.collect();
        let (Some(first), Some(last)) = (found.first(), found.last()) else { return Ok(None) };
        let there = || found.iter().map(|(_, there)| *there);
        let start = there().min().unwrap_or(0);
        let end = there().max().map_or(0, |last| last + 1);
        // A line that is elsewhere in the base is not part of the block.
        let foreign = |line: &&&str| of_base(line).is_some_and(|at| !base.contains(&at));
        let above = text[..start].iter().rev().take(first.0 - base.start);
        let above = above.take_while(|line| !foreign(line)).count();
        let below = text[end..].iter().take(base.end - 1 - last.0);
        let below = below.take_while(|line| !foreign(line)).count();
        let whole = trimmed(text, start - above..end + below);
        let fits = whole.len() <= 2 * base.len() + 16;
        if fits && !text[whole.clone()].iter().any(|line| foreign(&line)) {
            Ok(Some(whole))
        } else {
            Err(Scattered)
        }
    }

    /// Returns between which lines of the base without the block a version has the block; none if
    /// it is where it was.
    fn moved(
        &self,
        base: &Range<usize>,
        version: usize,
        there: &Range<usize>,
    ) -> Option<Range<usize>> {
        let (before, text) = (&self.moves.base, &self.moves.texts[version]);
        let (was, is) = (span(before, base).start, span(text, there).start);
        let (before, _) = without(before, &[Some(base.clone())]);
        let (text, _) = without(text, &[Some(there.clone())]);
        let between = between(&replaced(&before, &text), is);
        (was < between.start || between.end < was).then_some(between)
    }
}

/// Returns between which lines of the old text a place before a line of the new text is.
fn between(changes: &[Replaced], at: usize) -> Range<usize> {
    let mut offset = 0;
    for Replaced { old, new } in changes.iter().take_while(|change| change.new.start <= at) {
        if at <= new.end {
            return match (at == new.start, at == new.end) {
                (true, false) => old.start..old.start,
                (false, true) => old.end..old.end,
                _ => old.clone(),
            };
        }
        offset = new.end as isize - old.end as isize;
    }
    let at = at.saturating_add_signed(-offset);
    at..at
}
