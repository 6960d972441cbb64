//! What holds for every merge, tried on random edits of texts with many equal lines.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::model::diff::lines;

/// One edit: where, how many lines go, and what comes instead.
type Edit = (prop::sample::Index, usize, Vec<u8>);

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = (any::<prop::sample::Index>(), 0_usize..3, prop::collection::vec(0_u8..4, 0..3));
    prop::collection::vec(edit, 0..4)
}

/// Makes a base of few different lines, and two edited versions of it; with `own`, what a side
/// writes is marked as its own.
fn texts(own: bool) -> impl Strategy<Value = [String; 3]> {
    let line = prop_oneof![4 => 0_u8..5, 1 => 5_u8..30];
    let endings = any::<[bool; 3]>();
    (prop::collection::vec(line, 0..14), edits(), edits(), endings).prop_map(
        move |(base, left, right, ended)| {
            let base: Vec<String> = base.into_iter().map(word).collect();
            let left = edited(&base, &left, if own { "L" } else { "" });
            let right = edited(&base, &right, if own { "R" } else { "" });
            let mut all = [base, left, right].map(|lines| lines.concat());
            for (text, ended) in all.iter_mut().zip(ended) {
                if !ended && !own {
                    text.pop();
                }
            }
            all
        },
    )
}

fn word(n: u8) -> String {
    if n == 0 { "\n".into() } else { format!("{n}\n") }
}

fn edited(base: &[String], edits: &[Edit], mark: &str) -> Vec<String> {
    let mut lines = base.to_vec();
    for (serial, (at, gone, new)) in edits.iter().enumerate() {
        let at = at.index(lines.len() + 1);
        let end = (at + gone).min(lines.len());
        let new = new.iter().map(|n| match mark {
            "" => word(*n),
            mark => format!("{mark}{serial}{}", word(*n)),
        });
        lines.splice(at..end, new.collect::<Vec<_>>());
    }
    lines
}

fn count(text: &str) -> HashMap<&str, isize> {
    let mut counts = HashMap::new();
    for line in lines(text) {
        *counts.entry(line).or_default() += 1;
    }
    counts
}

/// A text with line endings of all kinds, to be merged with others that know nothing of it.
const ANY: &str = "([ab]{0,2}(\n|\r\n)){0,8}[ab]{0,2}";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn all_three_texts_can_be_read_back(
        [base, left, right] in prop_oneof![
            texts(false),
            [ANY, ANY, ANY].prop_map(|texts| texts),
            [Just(String::new()).boxed(), ANY.boxed(), ANY.boxed()].prop_map(|texts| texts),
        ],
    ) {
        let merge = Merge::new(&base, &left, &right);
        let read = |side: fn(&Chunk) -> &str| merge.chunks().iter().map(side).collect::<String>();
        prop_assert_eq!(read(Chunk::base), base.clone());
        prop_assert_eq!(read(Chunk::left), left.clone());
        prop_assert_eq!(read(Chunk::right), right.clone());
        prop_assert_eq!(merge.resolve(|_, _| Choice::Base), base);
        prop_assert_eq!(merge.resolve(|_, _| Choice::Left), left);
        prop_assert_eq!(merge.resolve(|_, _| Choice::Right), right);
        for (_, hunk) in merge.hunks() {
            prop_assert!(!hunk.is_conflict() || hunk.left != hunk.right);
            prop_assert!(hunk.base != hunk.left || hunk.base != hunk.right);
        }
    }

    #[test]
    fn an_unchanged_side_leaves_the_other_as_it_is(
        [base, left, _] in prop_oneof![texts(false), [ANY, ANY, ANY].prop_map(|texts| texts)],
    ) {
        prop_assert_eq!(Merge::new(&base, &left, &base).clean(), Some(left.clone()));
        prop_assert_eq!(Merge::new(&base, &base, &left).clean(), Some(left.clone()));
        prop_assert_eq!(Merge::new(&base, &left, &left).clean(), Some(left));
    }

    #[test]
    fn the_sides_can_be_swapped(
        [base, left, right] in prop_oneof![texts(false), [ANY, ANY, ANY].prop_map(|texts| texts)],
    ) {
        prop_assume!(!base.is_empty());
        let one = Merge::new(&base, &left, &right);
        let other = Merge::new(&base, &right, &left);
        prop_assert_eq!(one.clean(), other.clean());
        prop_assert_eq!(one.easy(), other.easy());
        let sides = one.hunks().map(|(_, hunk)| (&hunk.base, &hunk.left, &hunk.right));
        let swapped = other.hunks().map(|(_, hunk)| (&hunk.base, &hunk.right, &hunk.left));
        prop_assert!(sides.eq(swapped));
    }

    #[test]
    fn a_clean_merge_has_what_either_side_added_and_what_both_kept([base, left, right] in texts(true)) {
        let merge = Merge::new(&base, &left, &right);
        let Some(merged) = merge.clean() else { return Ok(()) };
        let [in_base, in_left, in_right, in_merged] = [&base, &left, &right, &merged].map(|t| count(t));
        let get = |counts: &HashMap<&str, isize>, line| counts.get(line).copied().unwrap_or(0);
        for line in lines(&[left.as_str(), right.as_str(), base.as_str()].concat()) {
            let (b, l, r) = (get(&in_base, line), get(&in_left, line), get(&in_right, line));
            let there = get(&in_merged, line);
            // What one side added comes in, what one side removed goes; only where both removed
            // the same line are there more than these say.
            prop_assert!(there >= l + r - b, "{line:?}: {b} in base, {l}, {r}, {there} merged");
            prop_assert!(there <= l.max(r).max(l + r - b), "{line:?} came from nowhere");
        }
    }

    #[test]
    fn no_choice_glues_lines_together_or_loses_them(
        [base, left, right] in prop_oneof![texts(false), [ANY, ANY, ANY].prop_map(|texts| texts)],
        picks in prop::collection::vec(0_usize..5, 1..6),
    ) {
        let choices = [Choice::Left, Choice::Right, Choice::Both, Choice::BothRightFirst, Choice::Base];
        let merge = Merge::new(&base, &left, &right);
        let mut expected: Vec<&str> = Vec::new();
        let mut hunk_index = 0;
        for chunk in merge.chunks() {
            let Chunk::Changed(hunk) = chunk else {
                expected.extend(lines(chunk.base()));
                continue;
            };
            expected.extend(match choices[picks[hunk_index % picks.len()]] {
                Choice::Left => lines(&hunk.left),
                Choice::Right => lines(&hunk.right),
                Choice::Both => [lines(&hunk.left), lines(&hunk.right)].concat(),
                Choice::BothRightFirst => [lines(&hunk.right), lines(&hunk.left)].concat(),
                _ => lines(&hunk.base),
            });
            hunk_index += 1;
        }
        let text = merge.resolve(|index, _| choices[picks[index % picks.len()]].clone());
        let content = |lines: Vec<&str>| -> Vec<String> {
            lines.into_iter().map(|line| crate::model::diff::content(line).to_owned()).collect()
        };
        prop_assert_eq!(content(lines(&text)), content(expected));
    }

    #[test]
    fn a_deletion_is_never_clean_against_an_edit([base, left, _] in texts(true)) {
        prop_assume!(!base.is_empty() && !left.is_empty() && left != base);
        let merge = Merge::new(&base, &left, "");
        prop_assert_eq!(merge.chunks().len(), 1);
        prop_assert_eq!(merge.conflicts().count(), 1);
    }
}
