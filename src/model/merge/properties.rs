//! What holds for every merge, tried on random edits of texts with many equal lines.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::model::diff::{content, lines};

/// One edit: where, how many lines go, and what comes instead.
type Edit = (prop::sample::Index, usize, Vec<u8>);

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = (any::<prop::sample::Index>(), 0_usize..3, prop::collection::vec(0_u8..4, 0..3));
    prop::collection::vec(edit, 0..4)
}

/// Makes a base of few different lines, and edited versions of it. With `own`, what a version
/// writes is marked as its own.
fn texts(own: bool) -> impl Strategy<Value = (String, Vec<String>)> {
    let line = prop_oneof![4 => 0_u8..5, 1 => 5_u8..30];
    let versions = prop::collection::vec(edits(), 2..5);
    (prop::collection::vec(line, 0..14), versions).prop_map(move |(base, versions)| {
        let base: Vec<String> = base.into_iter().map(word).collect();
        let versions = versions.iter().enumerate().map(|(i, edits)| {
            let mark = if own { format!("V{i}-") } else { String::new() };
            edited(&base, edits, &mark).concat()
        });
        (base.concat(), versions.collect())
    })
}

fn word(n: u8) -> String {
    match n {
        0 => "\n".into(),
        1 => "- an item of a list. It has two sentences.\n".into(),
        2 => "| a | row |\n".into(),
        n => format!("{n}\n"),
    }
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

/// Paragraphs of a few sentences in one line, with a version in which sentences were changed.
fn prose() -> impl Strategy<Value = (Vec<String>, Vec<Vec<Option<u8>>>)> {
    let sentence = (0_u8..6, 0_u8..6).prop_map(|(a, b)| format!("Sentence {a} is about {b}."));
    let change = prop::option::weighted(0.3, 0_u8..9);
    (2_usize..7).prop_flat_map(move |count| {
        let versions = prop::collection::vec(prop::collection::vec(change.clone(), count), 2..4);
        (prop::collection::vec(sentence.clone(), count), versions)
    })
}

/// A text with line ends of all kinds, to be merged with others that know nothing of it.
const ANY: &str = "([ab]{0,2}(\n|\r\n)){0,8}[ab]{0,2}";

fn any_texts() -> impl Strategy<Value = (String, Vec<String>)> {
    (ANY, prop::collection::vec(ANY, 2..5))
}

fn merge(base: &str, texts: &[String]) -> Merge {
    let others: Vec<Version<'_>> =
        texts[1..].iter().map(|text| Version { base: Some(base), text }).collect();
    Merge::of(&texts[0], &others)
}

fn counts(text: &str) -> HashMap<&str, isize> {
    let mut counts = HashMap::new();
    for line in lines(text) {
        *counts.entry(content(line)).or_default() += 1;
    }
    counts
}

fn lf(text: &str) -> String {
    let mut text = LineEnding::Lf.apply(text);
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// All that a merge says of its places, with the versions under other names.
fn told(merge: &Merge, names: &[usize]) -> Vec<String> {
    let named = |w: &Wording| {
        let mut versions: Vec<usize> = w.versions.iter().map(|v| names[*v]).collect();
        versions.sort_unstable();
        format!("{versions:?}{}{}", w.changed, lf(&w.text))
    };
    merge
        .places()
        .map(|(_, place)| {
            let mut wordings: Vec<String> = place.wordings.iter().map(named).collect();
            wordings.sort();
            format!("{:?} {:?} {wordings:?}", place.shape, place.base)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn the_order_of_the_heads_never_matters(
        (base, texts) in prop_oneof![texts(false), texts(true), any_texts()],
        swap in any::<prop::sample::Index>(),
    ) {
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order[1..].rotate_left(swap.index(texts.len() - 1));
        let turned: Vec<String> = order.iter().map(|i| texts[*i].clone()).collect();
        let (one, other) = (merge(&base, &texts), merge(&base, &turned));
        prop_assert_eq!(one.standing(), other.standing());
        prop_assert_eq!(one.clean(), other.clean());
        let same: Vec<usize> = (0..texts.len()).collect();
        prop_assert_eq!(told(&one, &same), told(&other, &order));
    }

    #[test]
    fn versions_of_different_age_lose_nothing_in_any_order(
        (older, texts) in texts(true),
        swap in any::<prop::sample::Index>(),
    ) {
        // The first text was the page before the winner; half of the others were made from it.
        let winner = format!("{}W-end\n", texts[0]);
        let others: Vec<Version<'_>> = (texts[1..].iter().enumerate())
            .map(|(i, text)| match i % 2 {
                0 => Version { base: Some(&older), text },
                _ => Version { base: Some(&texts[0]), text },
            })
            .collect();
        let mut turned = others.clone();
        let by = swap.index(others.len());
        turned.rotate_left(by);
        let mut names: Vec<usize> = (1..=others.len()).collect();
        names.rotate_left(by);
        names.insert(0, 0);
        let (one, other) = (Merge::of(&winner, &others), Merge::of(&winner, &turned));
        let same: Vec<usize> = (0..names.len()).collect();
        prop_assert_eq!(told(&one, &same), told(&other, &names));
        let result = one.resolve(|_, place| {
            place.preselected().unwrap_or_else(|| {
                Choice::Text(place.wordings.iter().map(|w| lf(&w.text)).collect())
            })
        });
        prop_assert!(others.iter().any(|v| v.text.is_empty()) || result.contains("W-end"));
        for Version { base, text } in others {
            let in_base = counts(base.unwrap_or(""));
            for line in lines(text).into_iter().map(content) {
                let own = !line.is_empty() && !in_base.contains_key(line);
                prop_assert!(!own || result.contains(line), "{line:?} is not in {result:?}");
            }
        }
    }

    #[test]
    fn a_clean_text_is_the_same_whoever_is_the_winner(
        (base, texts) in prop_oneof![texts(false), texts(true), any_texts()],
    ) {
        // Without a base it is only the two against each other, and a comparison has a direction.
        prop_assume!(!base.is_empty());
        let one = Merge::new(&base, &texts[0], &texts[1]);
        let other = Merge::new(&base, &texts[1], &texts[0]);
        prop_assert_eq!(one.standing(), other.standing());
        let text = |merge: &Merge| merge.clean().map(|text| lf(&text).trim_end().to_owned());
        prop_assert_eq!(text(&one), text(&other));
    }

    #[test]
    fn choosing_the_winner_everywhere_gives_its_bytes(
        (base, texts) in prop_oneof![texts(false), texts(true), any_texts()],
    ) {
        let merge = merge(&base, &texts);
        let moved = merge.places().any(|(_, place)| place.moved.is_some());
        prop_assert!(moved || merge.resolve(|_, _| Choice::Wording(0)) == texts[0]);
        let mut keys: Vec<String> = merge.places().map(|(_, place)| place.key()).collect();
        keys.sort();
        let all = keys.len();
        keys.dedup();
        prop_assert_eq!(keys.len(), all);
        for (_, place) in merge.places() {
            prop_assert_eq!(place.is_open(), place.preselected().is_none() && place.follows.is_none());
            if let Some(choice) = place.preselected() {
                prop_assert!(choice == Choice::Joined || place.choices().contains(&choice));
            }
        }
    }

    #[test]
    fn every_line_that_a_version_wrote_is_in_the_result_or_in_an_open_place(
        (base, texts) in texts(true),
    ) {
        let merge = merge(&base, &texts);
        let result = merge.resolve(|_, place| {
            place.preselected().unwrap_or_else(|| {
                Choice::Text(place.wordings.iter().map(|w| lf(&w.text)).collect())
            })
        });
        let (in_base, in_result) = (counts(&base), counts(&result));
        for text in &texts {
            for line in lines(text) {
                let own = !in_base.contains_key(content(line));
                let deleted = result.is_empty();
                prop_assert!(
                    !own || deleted || in_result.contains_key(content(line)) || result.contains(content(line).trim()),
                    "{line:?} is not in {result:?}"
                );
            }
        }
    }

    #[test]
    fn no_line_that_was_once_on_every_side_is_there_twice((base, texts) in texts(true)) {
        let merge = merge(&base, &texts);
        if let Some(result) = merge.suggested() {
            let in_result = counts(&result);
            for (line, count) in counts(&base) {
                if line.is_empty() {
                    continue;
                }
                let most = texts.iter().map(|t| counts(t).get(line).copied().unwrap_or(0)).max();
                let most = most.unwrap_or(0).max(count);
                prop_assert!(in_result.get(line).copied().unwrap_or(0) <= most, "{line:?}");
            }
        }
    }

    #[test]
    fn sentences_are_joined_exactly_where_no_two_versions_changed_one(
        (base, versions) in prose(),
    ) {
        let text = |changes: &[Option<u8>]| -> String {
            let sentences = base.iter().zip(changes).map(|(sentence, change)| match change {
                Some(n) => sentence.replace("is about", &format!("is now {n} times about")),
                None => sentence.clone(),
            });
            sentences.collect::<Vec<_>>().join(" ") + "\n"
        };
        let before = text(&vec![None; base.len()]);
        let texts: Vec<String> = versions.iter().map(|changes| text(changes)).collect();
        let agreed: Option<Vec<Option<u8>>> = (0..base.len())
            .map(|i| {
                let mut made = versions.iter().filter_map(|changes| changes[i]);
                let first = made.next();
                made.all(|other| Some(other) == first).then_some(first)
            })
            .collect();
        let merged = merge(&before, &texts);
        // Equal sentences may be taken for each other, but never are two edits of one joined.
        match (agreed, merged.suggested()) {
            (Some(agreed), Some(result)) => prop_assert_eq!(result, text(&agreed)),
            (None, result) => prop_assert_eq!(result, None),
            (Some(_), None) => {}
        }
    }

    #[test]
    fn line_ends_and_the_final_newline_are_the_winners(
        (base, texts) in prop_oneof![texts(true), any_texts()],
        crlf in any::<bool>(),
    ) {
        let mut texts = texts;
        let ending = if crlf { LineEnding::CrLf } else { LineEnding::Lf };
        texts[0] = ending.apply(&texts[0]);
        prop_assume!(!texts[0].is_empty() && LineEnding::of(&texts[0]) == ending);
        let merge = merge(&base, &texts);
        let ended = texts[0].ends_with('\n');
        for choice in [Choice::Wording(0), Choice::Wording(1), Choice::All, Choice::Joined] {
            let result = merge.resolve(|_, place| place.preselected().unwrap_or(choice.clone()));
            prop_assert_eq!(ending.apply(&result), result.clone());
            prop_assert!(result.is_empty() || result.ends_with('\n') == ended, "{result:?}");
        }
    }

    #[test]
    fn a_version_that_changed_nothing_adds_nothing(
        (base, texts) in prop_oneof![texts(false), any_texts()],
    ) {
        let merge = Merge::new(&base, &texts[0], &base);
        prop_assert!(base.is_empty() || merge.clean() == Some(texts[0].clone()));
        let merge = Merge::new(&base, &texts[0], &texts[0]);
        prop_assert_eq!(merge.clean(), Some(texts[0].clone()));
    }
}
