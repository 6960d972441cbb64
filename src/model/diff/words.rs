//! Which words changed within a changed line.
//!
//! The one idea: marked words help only where most of the line stayed. Lines are paired when they
//! share at least half of their words, and a pair whose words moved about too much is left
//! unmarked. Everything here gives up early on large inputs: a diff without marked words is still
//! a right one.

use std::collections::HashMap;

use imara_diff::{Algorithm, Diff, Hunk, InternedInput};
use similar::DiffableStr;

use super::Segment;

/// How much of two lines must be shared, from 0 to 1, before words are marked in them.
const ALIKE: f32 = 0.5;
/// Above this many combinations, lines are paired in the order they come.
const MAX_COMBINATIONS: usize = 2_500;
/// Longer lines are shown as changed as a whole.
const MAX_LINE_BYTES: usize = 16 * 1024;

/// The bytes of changed lines in which words are still looked for, for one whole diff.
pub(super) struct Budget(usize);

impl Budget {
    pub(super) fn new() -> Self {
        Self(2 * 1024 * 1024)
    }

    fn take(&mut self, lines: &[&str]) -> bool {
        let bytes: usize = lines.iter().map(|line| line.len()).sum();
        let rest = self.0.checked_sub(bytes);
        self.0 = rest.unwrap_or(0);
        rest.is_some()
    }
}

/// Pairs removed with added lines that are versions of each other, in order and without crossing.
pub(super) fn pair(removed: &[&str], added: &[&str], budget: &mut Budget) -> Vec<(usize, usize)> {
    if removed.is_empty() || added.is_empty() || !budget.take(removed) || !budget.take(added) {
        return Vec::new();
    }
    let mut ids = HashMap::new();
    let removed = bags(removed, &mut ids);
    let added = bags(added, &mut ids);
    if removed.len() * added.len() > MAX_COMBINATIONS {
        return (0..removed.len().min(added.len()))
            .filter(|&i| removed[i].likeness(&added[i]) >= ALIKE)
            .map(|i| (i, i))
            .collect();
    }

    // best[i][j]: the highest sum of likenesses that removed[i..] and added[j..] can be paired to.
    let width = added.len() + 1;
    let likeness: Vec<f32> = (removed.iter())
        .flat_map(|old| added.iter().map(move |new| old.likeness(new)))
        .collect();
    let mut best = vec![0.0_f32; (removed.len() + 1) * width];
    for i in (0..removed.len()).rev() {
        for j in (0..added.len()).rev() {
            let skip = best[(i + 1) * width + j].max(best[i * width + j + 1]);
            let alike = likeness[i * added.len() + j];
            let paired = if alike >= ALIKE {
                alike + best[(i + 1) * width + j + 1]
            } else {
                0.0
            };
            best[i * width + j] = skip.max(paired);
        }
    }
    let mut pairs = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < removed.len() && j < added.len() {
        let here = best[i * width + j];
        if here <= best[(i + 1) * width + j] {
            i += 1;
        } else if here <= best[i * width + j + 1] {
            j += 1;
        } else {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        }
    }
    pairs
}

fn bags<'a>(lines: &[&'a str], ids: &mut HashMap<&'a str, usize>) -> Vec<Bag> {
    lines.iter().map(|line| Bag::new(line, ids)).collect()
}

/// The words of a line without their order.
struct Bag {
    /// Ids of the words, sorted, each with its length in bytes.
    words: Vec<(usize, usize)>,
    bytes: usize,
}

impl Bag {
    fn new<'a>(line: &'a str, ids: &mut HashMap<&'a str, usize>) -> Self {
        if line.len() > MAX_LINE_BYTES {
            return Self {
                words: Vec::new(),
                bytes: line.len(),
            };
        }
        let mut words: Vec<_> = (line.tokenize_unicode_words().into_iter())
            .filter(|word| !word.trim().is_empty())
            .map(|word| {
                let next = ids.len();
                (*ids.entry(word).or_insert(next), word.len())
            })
            .collect();
        words.sort_unstable();
        let bytes = words.iter().map(|(_, len)| len).sum();
        Self { words, bytes }
    }

    /// Returns how much two lines share, from 0 (nothing) to 1 (all words).
    fn likeness(&self, other: &Self) -> f32 {
        let (mut shared, mut a, mut b) = (0, 0, 0);
        while let (Some(old), Some(new)) = (self.words.get(a), other.words.get(b)) {
            if old == new {
                shared += old.1;
            }
            a += usize::from(old <= new);
            b += usize::from(new <= old);
        }
        proportion(shared, self.bytes, other.bytes)
    }
}

/// Marks the words that differ between two versions of a line, or gives up where marks would not help.
pub(super) fn highlight(old: &str, new: &str) -> Option<(Vec<Segment>, Vec<Segment>)> {
    if old.len().max(new.len()) > MAX_LINE_BYTES {
        return None;
    }
    let (old, new) = (old.tokenize_unicode_words(), new.tokenize_unicode_words());
    let mut input = InternedInput::default();
    input.update_before(old.iter().copied());
    input.update_after(new.iter().copied());
    let mut diff = Diff::compute(Algorithm::Myers, &input);
    diff.postprocess_no_heuristic(&input);
    let hunks = joined(diff.hunks(), &old);

    let letters = |words: &[&str]| -> usize {
        let visible = words.iter().filter(|word| !word.trim().is_empty());
        visible.map(|word| word.len()).sum()
    };
    let changed: usize = (hunks.iter())
        .map(|hunk| letters(&old[range(&hunk.before)]))
        .sum();
    let (all_old, all_new) = (letters(&old), letters(&new));
    if proportion(all_old - changed, all_old, all_new) < ALIKE {
        return None;
    }
    let before = segments(&old, hunks.iter().map(|hunk| range(&hunk.before)));
    let after = segments(&new, hunks.iter().map(|hunk| range(&hunk.after)));
    Some((before, after))
}

/// Joins changes that only white space keeps apart: "two words" replaced is one change.
fn joined(hunks: impl Iterator<Item = Hunk>, old: &[&str]) -> Vec<Hunk> {
    let mut out: Vec<Hunk> = Vec::new();
    for hunk in hunks {
        match out.last_mut() {
            Some(last)
                if old[last.before.end as usize..hunk.before.start as usize]
                    .iter()
                    .all(|word| word.trim().is_empty()) =>
            {
                last.before.end = hunk.before.end;
                last.after.end = hunk.after.end;
            }
            _ => out.push(hunk),
        }
    }
    out
}

fn segments(words: &[&str], changed: impl Iterator<Item = std::ops::Range<usize>>) -> Vec<Segment> {
    let mut out = Vec::new();
    let mut push = |words: &[&str], changed: bool| {
        if !words.is_empty() {
            out.push(Segment {
                text: words.concat(),
                changed,
            });
        }
    };
    let mut from = 0;
    for range in changed {
        push(&words[from..range.start], false);
        from = range.end;
        push(&words[range], true);
    }
    push(&words[from..], false);
    out
}

fn range(range: &std::ops::Range<u32>) -> std::ops::Range<usize> {
    range.start as usize..range.end as usize
}

/// Returns twice `shared` as a part of both wholes; two empty wholes share everything.
fn proportion(shared: usize, one: usize, other: usize) -> f32 {
    if one + other == 0 {
        1.0
    } else {
        2.0 * shared as f32 / (one + other) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows marked words in brackets.
    fn marked(segments: &[Segment]) -> String {
        (segments.iter())
            .map(|s| {
                if s.changed {
                    format!("[{}]", s.text)
                } else {
                    s.text.clone()
                }
            })
            .collect()
    }

    fn highlighted(old: &str, new: &str) -> Option<(String, String)> {
        highlight(old, new).map(|(old, new)| (marked(&old), marked(&new)))
    }

    #[test]
    fn changed_words_are_marked() {
        let (old, new) =
            highlighted("water the beans daily", "water all the beans weekly").unwrap();
        assert_eq!(old, "water the beans [daily]");
        assert_eq!(new, "water [all ]the beans [weekly]");
    }

    #[test]
    fn neighbouring_words_are_one_mark() {
        let (old, new) = highlighted(
            "the quick brown fox jumps over it",
            "the slow grey fox jumps over it",
        )
        .unwrap();
        assert_eq!(old, "the [quick brown] fox jumps over it");
        assert_eq!(new, "the [slow grey] fox jumps over it");
    }

    #[test]
    fn lines_that_are_mostly_different_are_not_marked() {
        assert_eq!(
            highlighted("one two three", "four five six seven three"),
            None
        );
        assert_eq!(highlighted("", "something"), None);
    }

    #[test]
    fn letters_that_belong_together_are_never_parted() {
        let (old, new) =
            highlighted("heute ein schöner Tag", "heute ein schöne\u{308}r Tag").unwrap();
        assert_eq!(
            (old.as_str(), new.as_str()),
            ("heute ein [schöner] Tag", "heute ein [schöne\u{308}r] Tag")
        );
    }

    #[test]
    fn lines_are_paired_with_their_own_new_version() {
        let removed = ["water the beans daily", "pick the ripe tomatoes"];
        let added = [
            "a line of its own",
            "water the beans weekly",
            "pick all ripe tomatoes",
        ];
        let pairs = pair(&removed, &added, &mut Budget::new());
        assert_eq!(pairs, [(0, 1), (1, 2)]);
    }

    #[test]
    fn very_long_lines_are_left_whole() {
        let long = "word ".repeat(4_000);
        assert_eq!(highlight(&long, &format!("{long}x")), None);
        assert!(pair(&[&long], &[&long], &mut Budget::new()).is_empty());
    }

    #[test]
    fn many_lines_are_paired_in_order() {
        let old: Vec<String> = (0..100)
            .map(|i| format!("the line of number {i}"))
            .collect();
        let new: Vec<String> = (0..100)
            .map(|i| format!("the line of Number {i}"))
            .collect();
        let (old, new): (Vec<&str>, Vec<&str>) = (
            old.iter().map(String::as_str).collect(),
            new.iter().map(String::as_str).collect(),
        );
        let pairs = pair(&old, &new, &mut Budget::new());
        assert!(pairs.into_iter().eq((0..100).map(|i| (i, i))));
    }
}
