//! Pass 1: which lines changed, in whose version.
//!
//! The winner is the middle of a star. Each other version is compared with it over their own base,
//! as diff3 does; what changed is told in the winner's lines, so that the changes of any number of
//! versions can be laid over each other. Changes that touch, with no unchanged line between them,
//! are one region. Only changed regions are kept of each version: memory grows with the sum of the
//! texts, not with their product.

use std::ops::Range;

use super::moves::{Apart, Arranged, Moves, Which};
use super::tokens::{is_fence, no_line_twice, refine};
use super::{Chunk, Merge, Moved, Place, Shape, Version, Wording};
use crate::model::diff::{
    LineEnding, Replaced, content, is_blank, kept, lines, replaced, replaced_to_merge,
};

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

/// A version by lines.
struct Compared<'a> {
    base: Option<Vec<&'a str>>,
    text: Vec<&'a str>,
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

/// A region in which the winner, another version and their base are not the same.
struct Pair<'a> {
    /// The lines of the winner.
    winner: Range<usize>,
    /// The lines of the base; none without a common ancestor.
    base: Option<Vec<&'a str>>,
    /// The lines of the other version.
    text: Vec<&'a str>,
}

/// Compares one version with the winner.
fn pairs<'a>(winner: &[&'a str], version: &Compared<'a>) -> Vec<Pair<'a>> {
    match &version.base {
        Some(base) => related(winner, base, &version.text),
        None => unrelated(winner, &version.text),
    }
}

/// Finds the regions of two texts that were made from a base.
fn related<'a>(winner: &[&'a str], base: &[&'a str], text: &[&'a str]) -> Vec<Pair<'a>> {
    let mut left = replaced_to_merge(base, winner).into_iter().peekable();
    let mut right = replaced_to_merge(base, text).into_iter().peekable();
    // Where a line of the base that both kept is in each text.
    let (mut in_winner, mut in_text) = (0_isize, 0_isize);
    let mut pairs = Vec::new();
    loop {
        let next = [left.peek(), right.peek()].into_iter().flatten().map(|c| c.old.start).min();
        let Some(start) = next else { break };
        let mut end = start;
        let (from_winner, from_text) = (in_winner, in_text);
        let grown = |change: &Replaced| change.new.len() as isize - change.old.len() as isize;
        loop {
            if let Some(change) = left.next_if(|change| change.old.start <= end) {
                end = end.max(change.old.end);
                in_winner += grown(&change);
            } else if let Some(change) = right.next_if(|change| change.old.start <= end) {
                end = end.max(change.old.end);
                in_text += grown(&change);
            } else {
                break;
            }
        }
        let place = |at: usize, offset: isize| at.saturating_add_signed(offset);
        pairs.push(Pair {
            winner: place(start, from_winner)..place(end, in_winner),
            base: Some(base[start..end].to_vec()),
            text: text[place(start, from_text)..place(end, in_text)].to_vec(),
        });
    }
    pairs
}

/// Finds the regions of two texts without a base: all that they do not share.
fn unrelated<'a>(winner: &[&'a str], text: &[&'a str]) -> Vec<Pair<'a>> {
    let mut pairs = Vec::new();
    let (mut from_winner, mut from_text) = (0, 0);
    let end = (winner.len()..winner.len(), text.len()..text.len());
    for (in_winner, in_text) in shared(winner, text).into_iter().chain([end]) {
        if from_winner < in_winner.start || from_text < in_text.start {
            pairs.push(Pair {
                winner: from_winner..in_winner.start,
                base: None,
                text: text[from_text..in_text.start].to_vec(),
            });
        }
        (from_winner, from_text) = (in_winner.end, in_text.end);
    }
    pairs
}

/// Finds the stretches that two texts without a base share.
///
/// Blank lines between texts that differ are left to these texts: alone they tie nothing together,
/// and keeping both sides would otherwise mix their paragraphs.
pub(super) fn shared(left: &[&str], right: &[&str]) -> Vec<(Range<usize>, Range<usize>)> {
    let changes = replaced(left, right);
    let differ = |change: Option<&Replaced>| {
        change.is_some_and(|change| !change.old.is_empty() && !change.new.is_empty())
    };
    let mut out = Vec::new();
    for i in 0..=changes.len() {
        let before = i.checked_sub(1).and_then(|i| changes.get(i));
        let after = changes.get(i);
        let (mut in_left, in_right) =
            before.map_or((0, 0), |change| (change.old.end, change.new.end));
        let offset = in_right as isize - in_left as isize;
        let mut end = after.map_or(left.len(), |change| change.old.start);
        while differ(before) && in_left < end && is_blank(left[in_left]) {
            in_left += 1;
        }
        let blank_behind = after.and_then(|change| left.get(change.old.end));
        if !blank_behind.is_some_and(|line| is_blank(line)) {
            while differ(after) && in_left < end && is_blank(left[end - 1]) {
                end -= 1;
            }
        }
        if in_left < end {
            let place = |at: usize| at.saturating_add_signed(offset);
            out.push((in_left..end, place(in_left)..place(end)));
        }
    }
    out
}

/// Lays the regions of all versions over each other; those that overlap or touch are one.
fn regions(pairs: &[Vec<Pair<'_>>]) -> Vec<Range<usize>> {
    let mut all: Vec<Range<usize>> = pairs.iter().flatten().map(|p| p.winner.clone()).collect();
    all.sort_unstable_by_key(|range| (range.start, range.end));
    let mut out: Vec<Range<usize>> = Vec::new();
    for range in all {
        match out.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
    }
    out
}

/// What one version and its base have in a region.
struct Part<'a> {
    base: Option<Vec<&'a str>>,
    text: Vec<&'a str>,
}

impl<'a> Part<'a> {
    /// Gathers the pairs of a region, and the winner's lines between them, which all have.
    fn new(
        winner: &[&'a str],
        pairs: &[Pair<'a>],
        cursor: &mut usize,
        region: &Range<usize>,
    ) -> Self {
        let mut part = Self { base: Some(Vec::new()), text: Vec::new() };
        let mut at = region.start;
        while let Some(pair) = pairs.get(*cursor).filter(|pair| pair.winner.end <= region.end) {
            part.keep(&winner[at..pair.winner.start]);
            match (&mut part.base, &pair.base) {
                (Some(base), Some(more)) => base.extend(more),
                _ => part.base = None,
            }
            part.text.extend(&pair.text);
            at = pair.winner.end;
            *cursor += 1;
        }
        part.keep(&winner[at..region.end]);
        part
    }

    /// Adds lines of the winner that the version and its base have, too.
    fn keep(&mut self, lines: &[&'a str]) {
        if let Some(base) = &mut self.base {
            base.extend(lines);
        }
        self.text.extend(lines);
    }
}

/// A region with all that is said in it.
#[derive(Debug, Clone)]
pub(super) struct Spot<'a> {
    /// What it said before; none without a common ancestor.
    pub(super) base: Option<Vec<&'a str>>,
    /// The distinct wordings, the winner's first.
    pub(super) voices: Vec<Voice<'a>>,
    /// The versions that changed it have one base.
    pub(super) one_base: bool,
    /// A version that changed it has no common ancestor with the winner.
    pub(super) unrelated: bool,
    /// It begins inside a block of code.
    pub(super) code: bool,
}

/// What some versions say in a region.
#[derive(Debug, Clone)]
pub(super) struct Voice<'a> {
    pub(super) lines: Vec<&'a str>,
    pub(super) versions: Vec<usize>,
    pub(super) changed: bool,
}

impl<'a> Spot<'a> {
    fn new(winner: &[&'a str], parts: &[Part<'a>]) -> Self {
        let changed = |part: &&Part<'a>| match &part.base {
            Some(base) => !alike_all(base, &part.text),
            None => !alike_all(winner, &part.text),
        };
        // The base is that of the versions that changed something, or that the winner changed.
        let mut bases: Vec<&Vec<&str>> =
            parts.iter().filter(changed).filter_map(|part| part.base.as_ref()).collect();
        if bases.is_empty() {
            bases = parts.iter().filter_map(|part| part.base.as_ref()).collect();
            bases.retain(|base| !alike_all(base, winner));
        }
        let one_base = bases.windows(2).all(|two| alike_all(two[0], two[1]));
        // With several, the winner's own text is the latest; else any will do, but always the same.
        let base = (bases.iter().find(|base| alike_all(base, winner)))
            .or_else(|| bases.iter().min_by(|a, b| order(a, b)))
            .map(|base| (*base).clone());
        let unrelated = parts.iter().filter(changed).any(|part| part.base.is_none());
        let mut voices = vec![Voice {
            lines: winner.to_vec(),
            versions: vec![0],
            changed: base.as_ref().map_or(unrelated, |base| !alike_all(base, winner)),
        }];
        // Those that changed something come first: what the others left as it was may be the same.
        let by_change = |differs: bool| {
            let parts = parts.iter().enumerate();
            parts.filter(move |(_, part)| changed(part) == differs)
        };
        for (i, part) in by_change(true).chain(by_change(false)) {
            let differs = changed(&part);
            let known = voices.iter_mut().find(|voice| alike_all(&voice.lines, &part.text));
            match known {
                Some(voice) => {
                    voice.versions.push(i + 1);
                    voice.changed |= differs;
                }
                // What it only left as it was counts if it is what all are compared with.
                None if !differs
                    && !base.as_ref().is_some_and(|base| alike_all(base, &part.text)) => {}
                None => voices.push(Voice {
                    lines: part.text.clone(),
                    versions: vec![i + 1],
                    changed: differs,
                }),
            }
        }
        for voice in &mut voices {
            voice.versions.sort_unstable();
        }
        voices[1..].sort_by_key(|voice| voice.versions[0]);
        Self { base, voices, one_base, unrelated, code: false }
    }

    pub(super) fn changed(&self) -> impl Iterator<Item = &Voice<'a>> {
        self.voices.iter().filter(|voice| voice.changed)
    }
}

/// Compares two lists of lines by their content.
fn order(one: &[&str], other: &[&str]) -> std::cmp::Ordering {
    one.iter().map(|line| content(line)).cmp(other.iter().map(|line| content(line)))
}

/// Returns true if two lists have the same lines, their ends aside.
pub(super) fn alike_all(one: &[&str], other: &[&str]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| alike(one, other))
}

pub(super) fn alike(one: &str, other: &str) -> bool {
    content(one) == content(other)
}

/// The page on the way from the first line to the last.
struct Chunks<'p, 'a> {
    page: &'p Page<'a>,
    /// The bytes of conflicts that may still be compared by their parts.
    budget: usize,
    done: Vec<Chunk>,
}

impl<'a> Chunks<'_, 'a> {
    fn unchanged(&mut self, lines: Range<usize>) {
        self.push_unchanged(&self.page.winner[lines]);
    }

    fn push_unchanged(&mut self, lines: &[&str]) {
        let text = self.page.text(lines);
        match self.done.last_mut() {
            _ if text.is_empty() => {}
            Some(Chunk::Unchanged(last)) => {
                if !last.ends_with('\n') {
                    last.push_str(self.page.ending.as_str());
                }
                last.push_str(&text);
            }
            _ => self.done.push(Chunk::Unchanged(text)),
        }
    }

    /// Says of the places from this chunk on that they are in a block that was moved.
    fn mark_moved(&mut self, first: usize, region: &Range<usize>) {
        let moved = |at: usize| self.page.moved.get(at).copied().flatten();
        let inside = match region.len() {
            0 => region
                .start
                .checked_sub(1)
                .and_then(moved)
                .filter(|m| moved(region.start) == Some(*m)),
            _ => region.clone().find_map(moved),
        };
        let Some(moved) = inside.and_then(|m| self.page.moves.get(m)) else { return };
        for chunk in &mut self.done[first..] {
            let Chunk::Changed(place) = chunk else { continue };
            place.moved = Some(moved.clone());
            if matches!(place.shape, Shape::OneSide | Shape::SameChange) {
                place.joined = place.preselected().map(|choice| place.text(&choice));
                place.shape = Shape::Moved;
            }
        }
    }

    /// Adds the whole page, which at least one version deletes: one decision, however much of it
    /// the others changed.
    fn deleted(&mut self, winner: &'a str, others: &[Version<'a>]) {
        let page = lines(winner);
        let parts: Vec<Part<'_>> = (others.iter())
            .map(|v| Part {
                base: v.base.filter(|base| !base.is_empty()).map(lines),
                text: lines(v.text),
            })
            .collect();
        let spot = Spot::new(&page, &parts);
        let shape = match spot.changed().count() {
            0 | 1 if !spot.unrelated => one_or_same(&spot),
            _ => Shape::DeletedEdited,
        };
        let joined = kept_together(winner, others).filter(|_| shape == Shape::DeletedEdited);
        self.place_joined(&spot, shape, joined.as_deref());
    }

    /// Adds a region.
    fn spot(&mut self, spot: &Spot<'a>) {
        if spot.unrelated {
            let shape = shape(spot);
            self.place(spot, if shape == Shape::WhiteSpace { shape } else { Shape::NoAncestor });
        } else if spot.changed().count() < 2 {
            self.place(spot, one_or_same(spot));
        } else {
            self.conflict(spot);
        }
    }

    /// Adds a region that versions changed in different ways, without the lines at its ends that
    /// are not in dispute.
    fn conflict(&mut self, spot: &Spot<'a>) {
        let nothing = Vec::new();
        let base = spot.base.as_ref().unwrap_or(&nothing);
        let all = || spot.voices.iter().map(|voice| &voice.lines);
        let (head, tail) = common(base, all());
        self.push_unchanged(&spot.voices[0].lines[..head]);
        let cut = |lines: &[&'a str]| lines[head..lines.len() - tail].to_vec();
        let inner = Spot {
            base: spot.base.as_ref().map(|base| cut(base)),
            voices: (spot.voices.iter())
                .map(|voice| Voice { lines: cut(&voice.lines), ..voice.clone() })
                .collect(),
            ..*spot
        };
        self.dispute(&inner);
        let winner = &spot.voices[0].lines;
        self.push_unchanged(&winner[winner.len() - tail..]);
    }

    /// Adds a conflict, with the lines that all who changed it came to have at its ends apart from it.
    fn dispute(&mut self, spot: &Spot<'a>) {
        let changed: Vec<&Vec<&str>> = spot.changed().map(|voice| &voice.lines).collect();
        let shortest = changed.iter().map(|lines| lines.len()).min().unwrap_or(0);
        let (mut head, mut tail) = match changed.split_first() {
            Some((first, rest)) => common(first, rest.iter().copied()),
            None => (0, 0),
        };
        let used_up = head + tail == shortest;
        if !used_up {
            // A blank line stays with the text that it sets apart from the rest: who keeps
            // everything gets two paragraphs, not one. One such line, behind or before, will do.
            let first = changed[0];
            let kept = &first[first.len() - tail..];
            let behind = kept.iter().take_while(|line| is_blank(line)).count();
            tail -= behind;
            if behind == 0 {
                head -= first[..head].iter().rev().take_while(|line| is_blank(line)).count();
            }
        }
        // What all started from belongs to the lines in dispute. If one version has none of those,
        // it is what became of the shared lines; else that version would seem to delete it. But what
        // another version still has of it was deleted indeed.
        let base = spot.base.as_deref().unwrap_or_default();
        let whole = |voice: &Voice<'a>| head..voice.lines.len() - tail;
        let rests = spot.changed().map(|voice| &voice.lines[whole(voice)]);
        let kept_of_base = rests.flat_map(|rest| kept(base, rest)).map(|(at, _)| at);
        let kept_of_base = kept_of_base.filter(|at| !is_blank(base[*at]));
        let is_blank_line = |line: &&&str| is_blank(line);
        let (in_head, in_tail) = match (head, tail) {
            (1.., _) if used_up => {
                let first = kept_of_base.min().unwrap_or(base.len());
                let before = base[..first].iter().rev().take_while(is_blank_line).count();
                (if first < base.len() { first - before } else { first }, base.len())
            }
            (0, 1..) if used_up => {
                let end = kept_of_base.max().map_or(0, |at| at + 1);
                let behind = base[end..].iter().take_while(is_blank_line).count();
                (0, if end > 0 { end + behind } else { 0 })
            }
            _ => (0, base.len()),
        };
        let piece = |of_base: Range<usize>, own: &dyn Fn(&Voice<'a>) -> Range<usize>| {
            let base = base[of_base.clone()].to_vec();
            let part = |voice: &Voice<'a>| {
                let lines = &voice.lines;
                let lines =
                    if voice.changed { &lines[own(voice)] } else { &lines[of_base.clone()] };
                let changed = voice.changed && !alike_all(lines, &base);
                Voice { lines: lines.to_vec(), changed, ..voice.clone() }
            };
            let voices = spot.voices.iter().map(part).collect();
            Spot { voices, base: Some(base), ..*spot }
        };
        if head > 0 {
            self.same_change(&piece(0..in_head, &|_| 0..head));
        }
        self.settle(&piece(in_head..in_tail, &whole));
        if tail > 0 {
            let last = |voice: &Voice<'a>| voice.lines.len() - tail..voice.lines.len();
            self.same_change(&piece(in_tail..base.len(), &last));
        }
    }

    fn same_change(&mut self, spot: &Spot<'a>) {
        self.place(&spot.distinct(), Shape::SameChange);
    }

    /// Adds lines that are in dispute.
    fn settle(&mut self, spot: &Spot<'a>) {
        let spot = spot.distinct();
        if spot.changed().count() < 2 {
            // The others changed only what is before or behind it, as this version did, too.
            return self.place(&spot, Shape::Sentences);
        }
        let shape = shape(&spot);
        let by_parts = matches!(shape, Shape::SameWords | Shape::DeletedEdited) && spot.one_base;
        let with_lf = |lines: &[&str]| -> String {
            lines.iter().flat_map(|line| [content(line), "\n"]).collect()
        };
        let stretches = spot.base.as_ref().filter(|base| by_parts && !base.is_empty());
        let stretches = stretches.and_then(|base| {
            let voices: Vec<String> = spot.voices.iter().map(|v| with_lf(&v.lines)).collect();
            let bytes = voices.iter().map(String::len).sum::<usize>();
            self.budget = self.budget.saturating_sub(bytes);
            (self.budget > 0).then(|| refine(&with_lf(base), &voices, spot.code)).flatten()
        });
        let Some(stretches) = stretches else { return self.place(&spot, shape) };
        let mut at = 0;
        for stretch in &stretches {
            let count = lines(&stretch.voices[0]).len();
            let winner = &spot.voices[0].lines[at..at + count];
            at += count;
            let Some(shape) = stretch.shape else {
                self.push_unchanged(winner);
                continue;
            };
            let base = lines(&stretch.base);
            let mut voices: Vec<Voice<'_>> = Vec::new();
            for (i, (voice, text)) in spot.voices.iter().zip(&stretch.voices).enumerate() {
                let theirs = lines(text);
                voices.push(Voice {
                    changed: !alike_all(&base, &theirs),
                    lines: if i == 0 { winner.to_vec() } else { theirs },
                    versions: voice.versions.clone(),
                });
            }
            let (one_base, unrelated, code) = (true, false, spot.code);
            let part = Spot { base: Some(base), voices, one_base, unrelated, code };
            self.place_joined(&part.distinct(), shape, stretch.joined.as_deref());
        }
    }

    fn place(&mut self, spot: &Spot<'_>, shape: Shape) {
        self.place_joined(spot, shape, None);
    }

    fn place_joined(&mut self, spot: &Spot<'_>, shape: Shape, joined: Option<&str>) {
        let winner = &spot.voices[0].lines;
        let wordings = spot.voices.iter().enumerate().map(|(i, voice)| Wording {
            text: match i {
                0 => self.page.text(winner),
                _ => self.dress(winner, &voice.lines),
            },
            versions: voice.versions.clone(),
            changed: voice.changed,
        });
        let wordings = wordings.collect();
        let base = spot.base.as_ref().map(|base| self.dress(winner, base));
        let joined = joined.map(|text| self.dress(winner, &lines(text)));
        self.done.push(Chunk::Changed(Place { joined, ..Place::new(base, wordings, shape) }));
    }

    /// Writes lines as the winner does: those that it has keep its bytes, the others end as its do.
    fn dress(&self, winner: &[&str], lines: &[&str]) -> String {
        let mut kept = kept(winner, lines).into_iter().peekable();
        let mut out = String::new();
        for (i, line) in lines.iter().enumerate() {
            let own = kept.next_if(|(_, at)| *at == i).map(|(at, _)| winner[at]);
            if let Some(own) = own.filter(|own| own.ends_with('\n')) {
                out.push_str(own);
            } else {
                out.push_str(content(line));
                out.push_str(self.page.ending.as_str());
            }
        }
        out
    }
}

impl Spot<'_> {
    /// Puts wordings together that have become the same.
    fn distinct(&self) -> Self {
        let mut voices: Vec<Voice<'_>> = Vec::new();
        for voice in &self.voices {
            match voices.iter_mut().find(|known| alike_all(&known.lines, &voice.lines)) {
                Some(known) => {
                    known.versions.extend(&voice.versions);
                    known.versions.sort_unstable();
                    known.changed |= voice.changed;
                }
                None => voices.push(voice.clone()),
            }
        }
        Self { voices, ..self.clone() }
    }
}

fn one_or_same(spot: &Spot<'_>) -> Shape {
    let versions = |voice: &Voice<'_>| voice.versions.len();
    // The versions that only share the winner's text did not all change it themselves; but if they
    // all came to have it, nobody else has anything to say.
    match spot.changed().map(versions).sum::<usize>() {
        0 | 1 => Shape::OneSide,
        _ => Shape::SameChange,
    }
}

/// Says what is known of lines that are in dispute.
fn shape(spot: &Spot<'_>) -> Shape {
    let changed: Vec<&Voice<'_>> = spot.changed().collect();
    let spaceless = |voice: &Voice<'_>| -> String {
        voice.lines.iter().flat_map(|line| line.split_whitespace()).collect()
    };
    let first = changed.first().map(|voice| spaceless(voice)).unwrap_or_default();
    let empty_base = spot.base.as_ref().is_none_or(Vec::is_empty);
    if changed.iter().all(|voice| spaceless(voice) == first) {
        Shape::WhiteSpace
    } else if changed.iter().any(|voice| voice.lines.is_empty()) && !empty_base {
        Shape::DeletedEdited
    } else if empty_base && spot.one_base && {
        let texts: Vec<String> = changed.iter().map(|voice| voice.lines.concat()).collect();
        no_line_twice(texts.iter().map(String::as_str))
    } {
        Shape::Appended
    } else {
        Shape::SameWords
    }
}

/// Counts the lines that a list shares with all others at its head and at its tail.
fn common<'x, 'a: 'x>(
    first: &[&'a str],
    others: impl Iterator<Item = &'x Vec<&'a str>>,
) -> (usize, usize) {
    let (mut head, mut tail, mut shortest) = (first.len(), first.len(), first.len());
    for other in others {
        shortest = shortest.min(other.len());
        head = (0..head.min(shortest)).take_while(|&i| alike(first[i], other[i])).count();
        tail = (1..=tail.min(shortest))
            .take_while(|&i| alike(first[first.len() - i], other[other.len() - i]))
            .count();
    }
    (head, tail.min(shortest - head))
}
