//! Pass 1: which lines changed, in whose version.
//!
//! The winner is the middle of a star. Each other version is compared with it over their own base,
//! as diff3 does; what changed is told in the winner's lines, so that the changes of any number of
//! versions can be laid over each other. Changes that touch, with no unchanged line between them,
//! are one region. Only changed regions are kept of each version: memory grows with the sum of the
//! texts, not with their product.

mod compare;
mod cut;
mod spot;

use super::moves::{Apart, Arranged, Moves, Which};
use super::tokens::is_fence;
use super::{Chunk, Merge, Moved, Shape, Version};
use crate::model::diff::{LineEnding, lines};
use compare::{Compared, Pair, pairs, regions};
use cut::Chunks;
use spot::{Part, Spot};

/// Cuts the page into chunks; looks for `moves` only if asked to.
pub(super) fn chunks(
    winner: &str,
    others: &[Version<'_>],
    ending: LineEnding,
    moves: bool,
) -> Vec<Chunk> {
    let deletes = |v: &Version<'_>| v.text.is_empty();
    if winner.is_empty() || others.iter().any(deletes) {
        let page = Page::new(lines(winner), ending);
        let mut out = Chunks { page: &page, budget: BUDGET, done: Vec::new() };
        if !(winner.is_empty() && others.iter().all(deletes)) {
            out.deleted(winner, others);
        }
        return out.done;
    }
    let texts: Vec<Vec<&str>> = others.iter().map(|v| lines(v.text)).collect();
    let compared = (others.iter().zip(&texts))
        .map(|(v, text)| (known(v).map(lines), text.clone()))
        .map(|(base, text)| Compared { base, text });
    let plain = star(&Page::new(lines(winner), ending), &compared.collect::<Vec<_>>());
    // Moves are looked for where all were made from the same text.
    let base = others.first().and_then(known);
    let is_shared = |base: &&str| moves && others.iter().all(|v| v.base == Some(*base));
    let Some(base) = base.filter(is_shared) else {
        return plain;
    };
    let all: Vec<&str> = std::iter::once(winner).chain(others.iter().map(|v| v.text)).collect();
    let bytes = all.iter().map(|text| text.len()).sum::<usize>();
    if all.len() > MOST_WITH_MOVES || bytes > MOST_BYTES_WITH_MOVES {
        return plain;
    }
    let moves = Moves::find(lines(base), all.into_iter().map(lines).collect());
    let beyond_lines = plain.iter().any(|chunk| match chunk {
        Chunk::Changed(place) => !matches!(place.shape, Shape::OneSide | Shape::SameChange),
        Chunk::Unchanged(_) => false,
    });
    if let Some(twice) = Apart::find(&moves, Which::Twice, &plain)
        && let Some(chunks) = merged_apart(&twice, ending)
        && (twice.is_doubled(&plain)
            || beyond_lines && open(&chunks) <= open(&plain).max(twice.len()))
    {
        let moved = |chunk: &Chunk| match chunk {
            Chunk::Changed(place) => place.shape == Shape::MovedTwice,
            Chunk::Unchanged(_) => false,
        };
        let rest = chunks.iter().any(|chunk| chunk.is_open() && !moved(chunk));
        return if rest { all_apart(chunks, &plain, &moves, ending) } else { chunks };
    }
    if open(&plain) == 0 {
        return plain;
    }
    let best = match moves.arranged().map(|arranged| rearranged(arranged, ending)) {
        Some(arranged) if open(&arranged) <= open(&plain) => arranged,
        _ => plain.clone(),
    };
    if open(&best) > 0 { all_apart(best, &plain, &moves, ending) } else { best }
}

fn open(chunks: &[Chunk]) -> usize {
    chunks.iter().filter(|chunk| chunk.is_open()).count()
}

/// Merges texts without the blocks that were moved, and puts these in.
fn merged_apart(apart: &Apart<'_, '_>, ending: LineEnding) -> Option<Vec<Chunk>> {
    let rest = apart.rest();
    let mut versions = rest.texts.iter().cloned();
    let page = Page::new(versions.next().unwrap_or_default(), ending);
    let others = versions.map(|text| Compared { base: Some(rest.base.clone()), text });
    apart.put_in(&star(&page, &others.collect::<Vec<_>>()), &rest, ending)
}

/// Merges all blocks apart that were moved, if this leaves less to decide.
fn all_apart(
    best: Vec<Chunk>,
    plain: &[Chunk],
    moves: &Moves<'_>,
    ending: LineEnding,
) -> Vec<Chunk> {
    let apart = Apart::find(moves, Which::All, plain);
    match apart.and_then(|apart| merged_apart(&apart, ending)) {
        Some(chunks) if open(&chunks) < open(&best) => chunks,
        _ => best,
    }
}

/// Merges texts in which the same blocks were moved.
fn rearranged(arranged: Arranged<'_>, ending: LineEnding) -> Vec<Chunk> {
    let Arranged { base, mut texts, moved, moves } = arranged;
    let others = texts.split_off(1);
    let winner = texts.pop().unwrap_or_default();
    let page = Page { moved, moves, ..Page::new(winner, ending) };
    let compared = others.into_iter().map(|text| Compared { base: Some(base.clone()), text });
    star(&page, &compared.collect::<Vec<_>>())
}

/// Lays the changes of all versions over each other.
fn star(page: &Page<'_>, others: &[Compared<'_>]) -> Vec<Chunk> {
    let mut out = Chunks { page, budget: BUDGET, done: Vec::new() };
    let pairs: Vec<Vec<Pair<'_>>> = others.iter().map(|v| pairs(&page.winner, v)).collect();
    let mut cursors = vec![0; pairs.len()];
    let mut at = 0;
    for region in regions(&pairs) {
        out.unchanged(at..region.start);
        at = region.end;
        let parts = pairs.iter().zip(&mut cursors);
        let parts = parts.map(|(pairs, cursor)| Part::new(&page.winner, pairs, cursor, &region));
        let parts: Vec<Part<'_>> = parts.collect();
        let code = page.code[region.start];
        let spot = Spot { code, ..Spot::new(&page.winner[region.clone()], &parts) };
        let first = out.done.len();
        out.spot(&spot);
        out.mark_moved(first, &region);
    }
    out.unchanged(at..page.winner.len());
    out.done
}

/// Returns the base of a version; an empty one is none.
fn known<'a>(version: &Version<'a>) -> Option<&'a str> {
    version.base.filter(|base| !base.is_empty())
}

/// Merges the versions that do not delete the page, if there are several and nothing in them has to
/// be decided.
fn kept_together(winner: &str, others: &[Version<'_>]) -> Option<String> {
    let mut texts: Vec<Version<'_>> =
        others.iter().filter(|v| !v.text.is_empty()).copied().collect();
    if !winner.is_empty() {
        return (!texts.is_empty()).then(|| Merge::of(winner, &texts).suggested()).flatten();
    }
    texts.sort_by_key(|v| v.text);
    let (first, rest) = texts.split_first()?;
    // Each base is shared with the winner; what two of these share is known only if it is the same.
    let one_base = rest.iter().all(|v| v.base.is_some() && v.base == first.base);
    (one_base && !rest.is_empty()).then(|| Merge::of(first.text, rest).suggested()).flatten()
}

/// The bytes of conflicts in one merge that are compared by their parts; what follows is left as it is.
const BUDGET: usize = 2 << 20;

/// With more versions than these, moves are left as deletions and insertions.
const MOST_WITH_MOVES: usize = 32;
/// The same for versions with more bytes together.
const MOST_BYTES_WITH_MOVES: usize = 4 << 20;

/// The winner.
struct Page<'a> {
    winner: Vec<&'a str>,
    /// Whether a line is code, or would be if it stood behind the last line.
    code: Vec<bool>,
    /// For each line the move that it was part of.
    moved: Vec<Option<usize>>,
    moves: Vec<Moved>,
    ending: LineEnding,
}

impl<'a> Page<'a> {
    fn new(winner: Vec<&'a str>, ending: LineEnding) -> Self {
        let mut inside = false;
        let mut code: Vec<bool> = (winner.iter())
            .map(|line| {
                let was_inside = inside;
                inside ^= is_fence(line);
                was_inside
            })
            .collect();
        code.push(inside);
        Self { winner, code, moved: Vec::new(), moves: Vec::new(), ending }
    }

    /// Returns the text of lines of the winner.
    fn text(&self, lines: &[&str]) -> String {
        let mut text = String::new();
        for (i, line) in lines.iter().enumerate() {
            text.push_str(line);
            if i + 1 < lines.len() && !line.ends_with('\n') {
                text.push_str(self.ending.as_str());
            }
        }
        text
    }
}
