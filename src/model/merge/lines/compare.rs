//! What one version, or several, changed of the winner's lines.

use std::ops::Range;

use crate::model::diff::{Replaced, is_blank, replaced, replaced_to_merge};

/// A version by lines.
pub(super) struct Compared<'a> {
    pub(super) base: Option<Vec<&'a str>>,
    pub(super) text: Vec<&'a str>,
}

/// A region in which the winner, another version and their base are not the same.
pub(super) struct Pair<'a> {
    /// The lines of the winner.
    pub(super) winner: Range<usize>,
    /// The lines of the base; none without a common ancestor.
    pub(super) base: Option<Vec<&'a str>>,
    /// The lines of the other version.
    pub(super) text: Vec<&'a str>,
}

/// Compares one version with the winner.
pub(super) fn pairs<'a>(winner: &[&'a str], version: &Compared<'a>) -> Vec<Pair<'a>> {
    match &version.base {
        Some(base) => related(winner, base, &version.text),
        None => unrelated(winner, &version.text),
    }
}

/// Finds the regions of two texts that were made from a base.
pub(super) fn related<'a>(winner: &[&'a str], base: &[&'a str], text: &[&'a str]) -> Vec<Pair<'a>> {
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
pub(super) fn unrelated<'a>(winner: &[&'a str], text: &[&'a str]) -> Vec<Pair<'a>> {
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
pub(super) fn regions(pairs: &[Vec<Pair<'_>>]) -> Vec<Range<usize>> {
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
