//! Which lines of two texts belong together.
//!
//! The histogram algorithm anchors on rare lines, which is what people expect in prose: a blank
//! line or a list bullet does not tie two unrelated paragraphs together. The result depends on
//! nothing but the two texts, so all replicas agree on it.

use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};

use super::histogram::Numbered;
use super::lines::content;

/// With more lines in both texts together, speed goes before looks: where every other line
/// changed, the histogram takes quadratic time (0.2 s for 10,000 lines) and Myers does not (2 ms).
const MANY_LINES: usize = 6_000;

/// A stretch of lines that was replaced; either range may be empty, never both.
///
/// Between two changes, and before the first and after the last, the same number of lines of
/// both texts have the same content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replaced {
    pub(crate) old: Range<usize>,
    pub(crate) new: Range<usize>,
}

/// Finds what turns one list of lines into another, terminators aside, in order. A change that could
/// lie at several places is put where it reads best.
///
/// At least one line that stays lies between any two of the changes.
pub(crate) fn replaced(old: &[&str], new: &[&str]) -> Vec<Replaced> {
    let (mut diff, input) = compared(contents(old), contents(new));
    diff.postprocess_lines(&input);
    changes(&diff)
}

/// Like `replaced`, but exactly as git does when it merges with the histogram.
pub(crate) fn replaced_to_merge(old: &[&str], new: &[&str]) -> Vec<Replaced> {
    let texts = Numbered::new(contents(old), contents(new));
    let many = old.len() + new.len() > MANY_LINES;
    let marks = if many { texts.by_myers() } else { texts.by_histogram() };
    let (mut in_old, mut in_new) = (0, 0);
    let mut out = Vec::new();
    loop {
        let gone = marks.old[in_old..].iter().take_while(|changed| **changed).count();
        let came = marks.new[in_new..].iter().take_while(|changed| **changed).count();
        if gone + came > 0 {
            out.push(Replaced { old: in_old..in_old + gone, new: in_new..in_new + came });
        }
        if in_old + gone == marks.old.len() {
            return out;
        }
        (in_old, in_new) = (in_old + gone + 1, in_new + came + 1);
    }
}

/// Finds what turns one list of tokens into another, in order.
pub(crate) fn replaced_tokens(old: &[String], new: &[String]) -> Vec<Replaced> {
    let (mut diff, input) = compared(
        old.iter().map(String::as_str).collect(),
        new.iter().map(String::as_str).collect(),
    );
    diff.postprocess_no_heuristic(&input);
    changes(&diff)
}

fn contents<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    lines.iter().map(|line| content(line)).collect()
}

fn compared<'a>(old: Vec<&'a str>, new: Vec<&'a str>) -> (Diff, InternedInput<&'a str>) {
    let algorithm =
        if old.len() + new.len() > MANY_LINES { Algorithm::Myers } else { Algorithm::Histogram };
    let mut input = InternedInput::default();
    input.update_before(old.into_iter());
    input.update_after(new.into_iter());
    (Diff::compute(algorithm, &input), input)
}

fn changes(diff: &Diff) -> Vec<Replaced> {
    diff.hunks()
        .map(|hunk| Replaced {
            old: hunk.before.start as usize..hunk.before.end as usize,
            new: hunk.after.start as usize..hunk.after.end as usize,
        })
        .collect()
}

/// Lists the lines that stay, as pairs of positions, in order.
pub(crate) fn kept(old: &[&str], new: &[&str]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::with_capacity(old.len().min(new.len()));
    let (mut from_old, mut from_new) = (0, 0);
    let end = Replaced { old: old.len()..old.len(), new: new.len()..new.len() };
    for change in replaced(old, new).into_iter().chain([end]) {
        pairs.extend((from_old..change.old.start).zip(from_new..change.new.start));
        (from_old, from_new) = (change.old.end, change.new.end);
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::super::lines::lines;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_lies_between_the_changes_is_the_same(
            old in "([abc ]\r?\n){0,12}[ab]?",
            new in "([abc ]\r?\n){0,12}[ab]?",
        ) {
            let (old, new) = (lines(&old), lines(&new));
            for changes in [replaced(&old, &new), replaced_to_merge(&old, &new)] {
                let (mut from_old, mut from_new) = (0, 0);
                for change in changes {
                    prop_assert!(!change.old.is_empty() || !change.new.is_empty());
                    prop_assert!(from_old == 0 && from_new == 0 || change.old.start > from_old);
                    prop_assert_eq!(change.old.start - from_old, change.new.start - from_new);
                    for (o, n) in (from_old..change.old.start).zip(from_new..) {
                        prop_assert_eq!(content(old[o]), content(new[n]));
                    }
                    (from_old, from_new) = (change.old.end, change.new.end);
                }
                prop_assert_eq!(old.len() - from_old, new.len() - from_new);
            }
            for (o, n) in kept(&old, &new) {
                prop_assert_eq!(content(old[o]), content(new[n]));
            }
        }
    }
}
