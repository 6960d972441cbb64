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

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::{LEAST_LETTERS, MOST_MOVES, Move, Moves, alike, letters, overlap, title};
use crate::model::diff::{LineEnding, Replaced, content, is_blank, lines, replaced};
use crate::model::merge::{Chunk, Merge, Moved, Place, Shape, Version, Wording};

/// How many bytes are compared to see where blocks went; what may have moved besides is left.
const MOST_COMPARED: usize = 16 << 20;
/// How often a version is compared with the base at most.
const MOST_COMPARISONS: usize = 64;

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

/// The base and all versions without the blocks.
pub(in crate::model::merge) struct Rest<'a> {
    pub(in crate::model::merge) base: Vec<&'a str>,
    pub(in crate::model::merge) texts: Vec<Vec<&'a str>>,
    /// By version and block.
    gaps: Vec<Vec<Option<Gap>>>,
}

/// Where a block was taken out.
#[derive(Debug, Clone)]
struct Gap {
    /// All lines that were taken out, the blank ones that set the block apart among them.
    lines: Range<usize>,
    /// The line that is left before which they were.
    at: usize,
}

/// A place of a block, to be put into a merge.
struct Insertion {
    /// The chunk before which it is, and the line of this chunk.
    at: (usize, usize),
    /// Says which of several at this place comes first.
    order: (usize, usize),
    block: usize,
    place: Place,
}

impl Block {
    fn is_moved_twice(&self) -> bool {
        self.places.len() > 1
    }
}

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

    pub(in crate::model::merge) fn len(&self) -> usize {
        self.blocks.len()
    }

    /// Returns true if a merge has one of the blocks at several places.
    pub(in crate::model::merge) fn is_doubled(&self, merge: &[Chunk]) -> bool {
        let lines = once(&self.moves.base);
        self.blocks.iter().any(|block| is_doubled(&self.moves.base, &lines, &block.base, merge))
    }

    /// Returns the base and all versions without the blocks.
    pub(in crate::model::merge) fn rest(&self) -> Rest<'a> {
        let blocks: Vec<_> = self.blocks.iter().map(|block| Some(block.base.clone())).collect();
        let (base, _) = without(&self.moves.base, &blocks);
        let texts = self.moves.texts.iter().enumerate().map(|(version, text)| {
            let blocks = self.blocks.iter().map(|block| block.there[version].clone());
            without(text, &blocks.collect::<Vec<_>>())
        });
        let (texts, gaps) = texts.unzip();
        Rest { base, texts, gaps }
    }

    /// Puts the blocks into a merge of the rest; all places of a block are one choice. None if it is
    /// not clear where a place is.
    pub(in crate::model::merge) fn put_in(
        &self,
        chunks: &[Chunk],
        rest: &Rest<'_>,
        ending: LineEnding,
    ) -> Option<Vec<Chunk>> {
        let mut insertions = Vec::new();
        for (number, block) in self.blocks.iter().enumerate() {
            let first = block.places.iter().flatten();
            let first = first.filter_map(|version| block.there[*version].as_ref());
            let order = (first.map(|there| there.start).min()?, block.base.start);
            for movers in &block.places {
                let at = movers.iter().map(|version| {
                    let gap = rest.gaps[*version][number].as_ref()?;
                    position(chunks, *version, &rest.texts[*version], gap.at)
                });
                let at = at.collect::<Option<Vec<_>>>()?.into_iter().min()?;
                let place = self.place(number, movers, rest, ending)?;
                insertions.push(Insertion { at, order, block: number, place });
            }
        }
        insertions.sort_by_key(|insertion| (insertion.at, insertion.order));
        let mut out = inserted(chunks, insertions);
        let mut leaders = vec![None; self.blocks.len()];
        let places = out.iter_mut().filter_map(|(chunk, block)| match chunk {
            Chunk::Changed(place) => Some((place, block)),
            Chunk::Unchanged(_) => None,
        });
        for (index, (place, block)) in places.enumerate() {
            if let Some(leader) = block.and_then(|block| leaders.get_mut(block)) {
                place.follows = *leader;
                leader.get_or_insert(index);
            }
        }
        Some(out.into_iter().map(|(chunk, _)| chunk).collect())
    }

    /// Returns the block as it is at the place to which some versions moved it.
    fn place(
        &self,
        number: usize,
        movers: &[usize],
        rest: &Rest<'_>,
        ending: LineEnding,
    ) -> Option<Place> {
        let block = &self.blocks[number];
        let before = &self.moves.base[block.base.clone()];
        let mut wordings: Vec<(Wording, Vec<&str>)> = Vec::new();
        let mut base = None;
        for version in movers {
            let text = &self.moves.texts[*version];
            let there = block.there[*version].clone()?;
            let span = rest.gaps[*version][number].as_ref()?.lines.clone();
            let own = &text[there.clone()];
            let joined = block.joined.as_deref().map(lines).filter(|joined| !alike(joined, own));
            let core = joined.unwrap_or_else(|| own.to_vec());
            let dressed = |core: &[&str]| {
                let all = [&text[span.start..there.start], core, &text[there.end..span.end]];
                let all = whole(&all.concat());
                if *version == 0 { all } else { ending.apply(&all) }
            };
            // The blank lines around it may differ, and no version comes first in this.
            let here = dressed(before);
            base = Some(base.map_or(here.clone(), |base: String| base.min(here)));
            let text = dressed(&core);
            if let Some((known, _)) = wordings.iter_mut().find(|(_, known)| alike(known, &core)) {
                known.versions.push(*version);
                known.text = text.min(std::mem::take(&mut known.text));
                continue;
            }
            let changed = block.is_moved_twice() || !alike(&core, before);
            wordings.push((Wording { text, versions: vec![*version], changed }, core));
        }
        let mut wordings: Vec<Wording> = wordings.into_iter().map(|(wording, _)| wording).collect();
        let mut versions = block.places.concat();
        versions.sort_unstable();
        let moved = Some(Moved { versions, title: title(before) });
        if !block.is_moved_twice() {
            return Some(Place { moved, ..Place::new(base, wordings, Shape::Moved) });
        }
        let all = 0..self.moves.texts.len();
        let versions: Vec<usize> = all.filter(|version| !movers.contains(version)).collect();
        let first = if versions.first() == Some(&0) { 0 } else { wordings.len() };
        wordings.insert(first, Wording { text: String::new(), versions, changed: false });
        let base = Some(String::new());
        Some(Place { moved, ..Place::new(base, wordings, Shape::MovedTwice) })
    }
}

/// Finds the place before a line of a version in a merge: the chunk, and the line of the chunk.
fn position(
    chunks: &[Chunk],
    version: usize,
    text: &[&str],
    line: usize,
) -> Option<(usize, usize)> {
    let mut at = 0;
    for (i, chunk) in chunks.iter().enumerate() {
        if at == line {
            return Some((i, 0));
        }
        let here = match chunk {
            Chunk::Unchanged(text) => lines(text),
            Chunk::Changed(place) => lines(place.text_of(version)?),
        };
        if !alike(&here, text.get(at..at + here.len())?) {
            return None;
        }
        if line < at + here.len() {
            // A place is not cut: its other wordings have no such line.
            return Some(match chunk {
                Chunk::Unchanged(_) => (i, line - at),
                Chunk::Changed(_) => (i + 1, 0),
            });
        }
        at += here.len();
    }
    (at == line).then_some((chunks.len(), 0))
}

/// Puts places into chunks, and says of each place that was put in which block it is of.
fn inserted(chunks: &[Chunk], insertions: Vec<Insertion>) -> Vec<(Chunk, Option<usize>)> {
    let mut insertions = insertions.into_iter().peekable();
    let mut out = Vec::with_capacity(chunks.len() + 2 * insertions.len());
    for at in 0..=chunks.len() {
        let chunk = chunks.get(at);
        let text = match chunk {
            Some(Chunk::Unchanged(text)) => lines(text),
            _ => Vec::new(),
        };
        let mut line = 0;
        while let Some(insertion) = insertions.next_if(|insertion| insertion.at.0 == at) {
            let until = insertion.at.1;
            if line < until {
                out.push((Chunk::Unchanged(text[line..until].concat()), None));
                line = until;
            }
            out.push((Chunk::Changed(insertion.place), Some(insertion.block)));
        }
        match chunk {
            Some(Chunk::Unchanged(_)) => {
                out.push((Chunk::Unchanged(text[line..].concat()), None));
            }
            Some(changed) => out.push((changed.clone(), None)),
            None => {}
        }
    }
    out
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

/// Returns a block with the blank lines that set it apart on both sides: those behind it or, at the
/// end of the text, those before it.
fn span(lines: &[&str], block: &Range<usize>) -> Range<usize> {
    let behind = lines[block.end..].iter().take_while(|line| is_blank(line)).count();
    let before = lines[..block.start].iter().rev().take_while(|line| is_blank(line)).count();
    let is_last = block.end + behind == lines.len();
    if block.start == 0 || before > 0 && !is_last {
        block.start..block.end + behind
    } else if is_last {
        block.start - before..lines.len()
    } else {
        block.clone()
    }
}

/// Takes out blocks, with the blank lines that set them apart.
fn without<'a>(
    lines: &[&'a str],
    blocks: &[Option<Range<usize>>],
) -> (Vec<&'a str>, Vec<Option<Gap>>) {
    let mut order: Vec<(usize, &Range<usize>)> =
        blocks.iter().enumerate().filter_map(|(i, block)| Some((i, block.as_ref()?))).collect();
    order.sort_by_key(|(_, block)| block.start);
    let mut out = Vec::with_capacity(lines.len());
    let mut gaps = vec![None; blocks.len()];
    let mut from = 0;
    for (i, block) in order {
        let span = span(lines, block);
        // The blank lines before it may have gone with the block before it.
        let span = span.start.max(from)..span.end.max(from);
        out.extend(&lines[from..span.start]);
        from = span.end;
        gaps[i] = Some(Gap { lines: span, at: out.len() });
    }
    out.extend(&lines[from..]);
    (out, gaps)
}
