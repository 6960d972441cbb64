//! Which changes of several voices can be joined, and joining them.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

use super::parts::Parts;
use super::{ALIKE, has_letters, pick, step};
use crate::model::diff::{Replaced, replaced_tokens};

/// What may be joined though nothing unchanged lies between.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Touch {
    /// Edits on both sides of a boundary that stayed.
    Boundary,
    /// Nothing.
    Never,
}

/// Parts that versions changed, between parts that all left as they were.
pub(super) struct Cluster {
    pub(super) base: Range<usize>,
    pub(super) voices: Vec<Range<usize>>,
}

/// A change of one voice.
pub(super) struct Edit {
    pub(super) voice: usize,
    pub(super) change: Replaced,
    /// One part became another one that is much like it.
    pub(super) alike: bool,
}

impl Edit {
    pub(super) fn is_insertion(&self) -> bool {
        self.change.old.is_empty()
    }

    pub(super) fn is_one_to_one(&self) -> bool {
        self.change.old.len() == 1 && self.change.new.len() == 1
    }

    /// Returns true if the boundary between this edit and the next one is as it was.
    pub(super) fn leaves_boundary_to(&self, next: &Self, touch: Touch) -> bool {
        if self.voice == next.voice {
            return true;
        }
        touch == Touch::Boundary
            && match (self.is_one_to_one(), next.is_one_to_one()) {
                (true, true) => true,
                (true, false) => self.alike && next.is_insertion(),
                (false, true) => next.alike && self.is_insertion(),
                (false, false) => false,
            }
    }
}

/// Lays the changes of all voices over each other.
pub(super) fn clusters(base: &Parts<'_>, voices: &[Parts<'_>], touch: Touch) -> Vec<Cluster> {
    let base_keys = base.keys();
    let mut edits: Vec<Edit> = Vec::new();
    for (voice, parts) in voices.iter().enumerate() {
        let keys = parts.keys();
        for change in replaced_tokens(&base_keys, &keys) {
            edits.extend(single_edits(voice, change, &base_keys, &keys));
        }
    }
    let groups = grouped(edits, touch);
    let mut offsets = vec![0_isize; voices.len()];
    let place = |at: usize, offset: isize| at.saturating_add_signed(offset);
    let mut out = Vec::new();
    for (range, members) in groups {
        let starts: Vec<usize> = offsets.iter().map(|offset| place(range.start, *offset)).collect();
        for edit in members {
            let Replaced { old, new } = edit.change;
            offsets[edit.voice] += new.len() as isize - old.len() as isize;
        }
        let ends = offsets.iter().map(|offset| place(range.end, *offset));
        let voices = starts.into_iter().zip(ends).map(|(start, end)| start..end).collect();
        out.push(Cluster { base: range, voices });
    }
    out
}

/// Returns the first edit of a group.
pub(super) fn first(group: &mut [usize], mut edit: usize) -> usize {
    while group[edit] != edit {
        group[edit] = group[group[edit]];
        edit = group[edit];
    }
    edit
}

/// Puts together the changes that have to be decided together; the order of the voices is of no
/// account.
pub(super) fn grouped(mut edits: Vec<Edit>, touch: Touch) -> Vec<(Range<usize>, Vec<Edit>)> {
    edits.sort_by_key(|e| (e.change.old.start, e.change.old.end, e.voice));
    // For each edit an earlier one that it belongs with, itself if there is none.
    let mut group: Vec<usize> = (0..edits.len()).collect();
    // How far the edits up to each one reach.
    let mut reach: Vec<usize> = edits.iter().map(|edit| edit.change.old.end).collect();
    for i in 1..reach.len() {
        reach[i] = reach[i].max(reach[i - 1]);
    }
    for later in 0..edits.len() {
        let start = edits[later].change.old.start;
        for earlier in (0..later).rev().take_while(|earlier| reach[*earlier] >= start) {
            let (one, next) = (&edits[earlier], &edits[later]);
            let end = one.change.old.end;
            let within = start < end && !(next.is_insertion() && start == one.change.old.start);
            if within || end == start && !one.leaves_boundary_to(next, touch) {
                let (a, b) = (first(&mut group, earlier), first(&mut group, later));
                group[a.max(b)] = a.min(b);
            }
        }
    }
    let group: Vec<usize> = (0..edits.len()).map(|edit| first(&mut group, edit)).collect();
    let mut ranges: Vec<(Range<usize>, Vec<Edit>)> = Vec::new();
    let mut at: Vec<Option<usize>> = vec![None; edits.len()];
    for (edit, group) in edits.into_iter().zip(group) {
        if let Some(i) = at[group] {
            let range: &mut Range<usize> = &mut ranges[i].0;
            range.start = range.start.min(edit.change.old.start);
            range.end = range.end.max(edit.change.old.end);
            ranges[i].1.push(edit);
        } else {
            at[group] = Some(ranges.len());
            ranges.push((edit.change.old.clone(), vec![edit]));
        }
    }
    ranges.sort_by_key(|(range, _)| (range.start, range.end));
    let mut out: Vec<(Range<usize>, Vec<Edit>)> = Vec::new();
    for (range, members) in ranges {
        match out.last_mut() {
            // What lies within a group is of it, although it touches none of its edits.
            Some((last, known)) if range.start < last.end => {
                last.end = last.end.max(range.end);
                known.extend(members);
            }
            _ => out.push((range, members)),
        }
    }
    out
}

/// Takes a change of several parts apart if each became one that is like it.
pub(super) fn single_edits(
    voice: usize,
    change: Replaced,
    base: &[String],
    keys: &[String],
) -> Vec<Edit> {
    let Replaced { old, new } = change;
    let pairs: Vec<bool> =
        old.clone().zip(new.clone()).map(|(o, n)| likeness(&base[o], &keys[n]) >= ALIKE).collect();
    if old.len() != new.len() || old.len() > 1 && !pairs.iter().all(|alike| *alike) {
        return vec![Edit { voice, change: Replaced { old, new }, alike: false }];
    }
    let single = |(i, alike): (usize, bool)| Edit {
        voice,
        change: Replaced {
            old: old.start + i..old.start + i + 1,
            new: new.start + i..new.start + i + 1,
        },
        alike,
    };
    pairs.into_iter().enumerate().map(single).collect()
}

/// Returns how much two parts share, from 0 (nothing) to 1 (all words).
pub(super) fn likeness(one: &str, other: &str) -> f32 {
    let words = |text| -> Vec<&str> {
        let mut words: Vec<&str> =
            str::split_word_bounds(text).filter(|w| has_letters(w)).collect();
        words.sort_unstable();
        words
    };
    let (one, other) = (words(one), words(other));
    let (mut shared, mut a, mut b) = (0, 0, 0);
    while let (Some(x), Some(y)) = (one.get(a), other.get(b)) {
        shared += usize::from(x == y);
        a += usize::from(x <= y);
        b += usize::from(y <= x);
    }
    let all = one.len() + other.len();
    if all == 0 { 1.0 } else { 2.0 * shared as f32 / all as f32 }
}

/// Lists the voices with different changes, one of each.
pub(super) fn distinct_changes(base: &Parts<'_>, voices: &[Parts<'_>]) -> Vec<usize> {
    let before = base.keys();
    let mut seen: Vec<(usize, Vec<String>)> = Vec::new();
    for (i, voice) in voices.iter().enumerate() {
        let keys = voice.keys();
        if keys != before && !seen.iter().any(|(_, known)| *known == keys) {
            seen.push((i, keys));
        }
    }
    seen.into_iter().map(|(i, _)| i).collect()
}

/// Takes the parts of one voice; the white space behind them is merged.
pub(super) fn taken(base: &Parts<'_>, voices: &[Parts<'_>], voice: usize) -> String {
    let mut out = String::new();
    let parts = &voices[voice].parts;
    for (i, part) in parts.iter().enumerate() {
        out.push_str(part.core);
        out.push_str(match base.parts.last() {
            Some(before) if i + 1 == parts.len() => {
                let gaps = voices.iter().map(|v| v.parts.last().map_or(before.gap, |p| p.gap));
                pick(before.gap, gaps)
            }
            _ => part.gap,
        });
    }
    out
}

/// Joins the changes of all voices, if none is in the way of another; true if several added
/// something at one place.
pub(super) fn woven(
    base: &Parts<'_>,
    voices: &[Parts<'_>],
    touch: Touch,
) -> Option<(String, bool)> {
    let mut out = pick(base.lead, voices.iter().map(|v| v.lead)).to_owned();
    let mut appended = false;
    let mut at = 0;
    let mut from: Vec<usize> = vec![0; voices.len()];
    // Where the white space behind the last part begins in the output.
    let mut gap_at = out.len();
    let stable = |out: &mut String, gap_at: &mut usize, at: usize, from: &[usize]| {
        let before = &base.parts[at];
        let theirs = || voices.iter().zip(from).map(|(voice, i)| &voice.parts[*i]);
        out.push_str(pick(before.core, theirs().map(|part| part.core)));
        *gap_at = out.len();
        out.push_str(pick(before.gap, theirs().map(|part| part.gap)));
    };
    for cluster in clusters(base, voices, touch) {
        while at < cluster.base.start {
            stable(&mut out, &mut gap_at, at, &from);
            at += 1;
            step(&mut from);
        }
        let before = base.slice(&cluster.base);
        let theirs: Vec<Parts<'_>> =
            voices.iter().zip(&cluster.voices).map(|(v, range)| v.slice(range)).collect();
        match distinct_changes(&before, &theirs)[..] {
            [] => out.push_str(&before.text()),
            [only] => out.push_str(&taken(&before, &theirs, only)),
            ref several if before.parts.is_empty() && touch == Touch::Boundary => {
                appended = true;
                for (nth, voice) in several.iter().enumerate() {
                    if nth > 0 {
                        // The space that sets apart what this voice added.
                        let start = cluster.voices[*voice].start;
                        out.truncate(gap_at);
                        out.push_str(match start.checked_sub(1) {
                            Some(i) => voices[*voice].parts[i].gap,
                            None => " ",
                        });
                    }
                    for part in &theirs[*voice].parts {
                        out.push_str(part.core);
                        gap_at = out.len();
                        out.push_str(part.gap);
                    }
                }
            }
            _ => return None,
        }
        gap_at = out.trim_end().len();
        at = cluster.base.end;
        from = cluster.voices.iter().map(|range| range.end).collect();
    }
    while at < base.parts.len() {
        stable(&mut out, &mut gap_at, at, &from);
        at += 1;
        step(&mut from);
    }
    Some((out, appended))
}
