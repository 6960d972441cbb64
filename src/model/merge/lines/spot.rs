//! A region of changed lines, and what is known of it.

use std::ops::Range;

use super::super::Shape;
use super::super::tokens::no_line_twice;
use super::compare::Pair;
use crate::model::diff::content;

/// What one version and its base have in a region.
pub(super) struct Part<'a> {
    pub(super) base: Option<Vec<&'a str>>,
    pub(super) text: Vec<&'a str>,
}

impl<'a> Part<'a> {
    /// Gathers the pairs of a region, and the winner's lines between them, which all have.
    pub(super) fn new(
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
    pub(super) fn keep(&mut self, lines: &[&'a str]) {
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
    pub(super) fn new(winner: &[&'a str], parts: &[Part<'a>]) -> Self {
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
pub(super) fn order(one: &[&str], other: &[&str]) -> std::cmp::Ordering {
    one.iter().map(|line| content(line)).cmp(other.iter().map(|line| content(line)))
}

/// Returns true if two lists have the same lines, their ends aside.
pub(super) fn alike_all(one: &[&str], other: &[&str]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| alike(one, other))
}

pub(super) fn alike(one: &str, other: &str) -> bool {
    content(one) == content(other)
}

impl Spot<'_> {
    /// Puts wordings together that have become the same.
    pub(super) fn distinct(&self) -> Self {
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

pub(super) fn one_or_same(spot: &Spot<'_>) -> Shape {
    let versions = |voice: &Voice<'_>| voice.versions.len();
    // The versions that only share the winner's text did not all change it themselves; but if they
    // all came to have it, nobody else has anything to say.
    match spot.changed().map(versions).sum::<usize>() {
        0 | 1 => Shape::OneSide,
        _ => Shape::SameChange,
    }
}

/// Says what is known of lines that are in dispute.
pub(super) fn shape(spot: &Spot<'_>) -> Shape {
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
pub(super) fn common<'x, 'a: 'x>(
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
