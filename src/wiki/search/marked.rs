//! Text with parts of it marked; how marks look, and escaping, is the template's business.

use std::ops::Range;

use super::query::Asking;
use super::words::{Kind, Word, Words};

/// How long a snippet is.
const SNIPPET_CHARS: usize = 220;
/// What of it comes before the first marked word.
const LEAD_CHARS: usize = 50;
/// How far a text is read on after its first match, in bytes, for a better place.
const LOOK_ON: usize = 64 << 10;

/// A piece of text, marked or not.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Piece {
    /// The text, not escaped.
    pub text: String,
    /// Whether it is what was looked for.
    pub marked: bool,
}

/// Cuts a text at its marked ranges, which are in order; ranges that touch become one.
pub(in crate::wiki) fn pieces(
    text: &str,
    ranges: impl IntoIterator<Item = Range<usize>>,
) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    let mut push = |part: &str, marked| match out.last_mut() {
        _ if part.is_empty() => {}
        Some(last) if last.marked == marked => last.text.push_str(part),
        _ => out.push(Piece { text: part.to_owned(), marked }),
    };
    let mut at = 0;
    for range in ranges {
        let from = range.start.max(at);
        if range.end <= from {
            continue;
        }
        push(&text[at..from], false);
        push(&text[from..range.end], true);
        at = range.end;
    }
    push(&text[at..], false);
    out
}

/// Marks what was asked for in a whole text, such as a title.
pub(super) fn mark(text: &str, asking: &Asking) -> Vec<Piece> {
    pieces(text, matches(text, asking).into_iter().map(|(range, _)| range))
}

/// Cuts out the part of a text that has the most of what was asked for.
pub(super) fn snippet(text: &str, asking: &Asking) -> Vec<Piece> {
    let found = matches(text, asking);
    let start = best_start(&found);
    let from = start.map_or(0, |at| back(text, at, LEAD_CHARS));
    let to = ahead(text, from, SNIPPET_CHARS);
    let tidy = tidy(&text[from..to]);
    let mut shown = Vec::new();
    if from > 0 {
        shown.push(Piece { text: "… ".to_owned(), marked: false });
    }
    let inner = mark(&tidy, asking);
    shown.extend(inner);
    if to < text.trim_end().len() {
        shown.push(Piece { text: " …".to_owned(), marked: false });
    }
    // Neighbours that are not marked become one.
    shown.into_iter().fold(Vec::new(), |mut out: Vec<Piece>, piece| {
        match out.last_mut() {
            Some(last) if last.marked == piece.marked => last.text.push_str(&piece.text),
            _ => out.push(piece),
        }
        out
    })
}

/// Finds the words that were asked for, or else those that hold one, with what each is.
fn matches(text: &str, asking: &Asking) -> Vec<(Range<usize>, String)> {
    let direct = collect(text, |word| asking.asks_for(word));
    if direct.is_empty() { collect(text, |word| asking.asks_inside(word)) } else { direct }
}

fn collect(text: &str, wanted: impl Fn(&Word) -> bool) -> Vec<(Range<usize>, String)> {
    let mut found: Vec<(Range<usize>, String)> = Vec::new();
    for word in Words::of(text) {
        if found.first().is_some_and(|(first, _)| word.from > first.start + LOOK_ON) {
            break;
        }
        if wanted(&word) {
            // Of a pair that only begins with what was asked for, the beginning.
            let one =
                word.kind == Kind::Pair && !wanted(&Word { text: rest(&word), ..word.clone() });
            let alone = one && asked_alone(&word, &wanted);
            found.push((word.from..if alone { word.head } else { word.to }, word.text));
        }
    }
    found
}

fn rest(word: &Word) -> String {
    word.text.chars().skip(1).collect()
}

/// Returns true if the first character of a pair is wanted by itself.
fn asked_alone(word: &Word, wanted: impl Fn(&Word) -> bool) -> bool {
    let first: String = word.text.chars().take(1).collect();
    wanted(&Word { text: first, ..word.clone() })
}

/// Returns the match at which a snippet of the most different words begins.
fn best_start(found: &[(Range<usize>, String)]) -> Option<usize> {
    let mut best: Option<(usize, usize)> = None;
    for (i, (range, _)) in found.iter().enumerate().take(200) {
        let reach = range.start + SNIPPET_CHARS - LEAD_CHARS;
        let mut words: Vec<&str> = found[i..]
            .iter()
            .take(40)
            .take_while(|(r, _)| r.end <= reach)
            .map(|(_, word)| word.as_str())
            .collect();
        words.sort_unstable();
        words.dedup();
        if best.is_none_or(|(count, _)| words.len() > count) {
            best = Some((words.len(), range.start));
        }
    }
    best.map(|(_, start)| start)
}

/// Returns a place some characters before `at`, at the beginning of a word if there is one.
fn back(text: &str, at: usize, chars: usize) -> usize {
    let before = text[..at].char_indices().rev().take(chars).last().map_or(at, |(i, _)| i);
    if before == 0 {
        return 0;
    }
    text[before..at].find(char::is_whitespace).map_or(before, |i| skip_space(text, before + i))
}

/// Returns a place at most some characters after `from`, at the end of a word if there is one.
fn ahead(text: &str, from: usize, chars: usize) -> usize {
    let Some((end, _)) = text[from..].char_indices().nth(chars) else { return text.len() };
    let end = from + end;
    // Scripts without spaces have no such end near.
    let near = text[from..end].char_indices().rev().take(30).find(|(_, c)| c.is_whitespace());
    near.map_or(end, |(i, _)| from + i)
}

fn skip_space(text: &str, at: usize) -> usize {
    text[at..].find(|c: char| !c.is_whitespace()).map_or(text.len(), |i| at + i)
}

/// Makes one line of a text.
fn tidy(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn show(pieces: &[Piece]) -> String {
        let one = |p: &Piece| if p.marked { format!("[{}]", p.text) } else { p.text.clone() };
        pieces.iter().map(one).collect()
    }

    fn marked(text: &str, typed: &str) -> String {
        show(&mark(text, &Asking::read(typed).unwrap()))
    }

    #[test]
    fn whole_words_are_marked_whatever_their_spelling() {
        assert_eq!(marked("A Café in Paris", "cafe"), "A [Café] in Paris");
        assert_eq!(marked("Beans & beanstalks", "bean"), "[Beans] & [beanstalks]");
        assert_eq!(marked("The beans", "beans the"), "[The] [beans]");
    }

    #[test]
    fn parts_are_marked_only_where_no_word_is_meant() {
        assert_eq!(marked("Teapots", "pot"), "[Teapots]");
        assert_eq!(marked("Teapots and pots", "pot"), "Teapots and [pots]");
    }

    #[test]
    fn runs_without_spaces_are_marked_by_the_character() {
        assert_eq!(marked("私は東京都に住む", "東京都"), "私は[東京都]に住む");
        assert_eq!(marked("私は東京都に住む", "東京"), "私は[東京]都に住む");
        assert_eq!(marked("私は東京都に住む", "都"), "私は東京[都]に住む");
    }

    #[test]
    fn a_snippet_shows_where_the_most_words_are() {
        let far = "filler text ".repeat(60);
        let text = format!("Beans are here. {far} Water the beans at dawn. {far}");
        let shown = show(&snippet(&text, &Asking::read("water beans dawn").unwrap()));
        assert!(shown.starts_with("… "), "{shown}");
        assert!(shown.ends_with(" …"), "{shown}");
        assert!(shown.contains("[Water] the [beans] at [dawn]."), "{shown}");
        assert!(shown.chars().count() < SNIPPET_CHARS + 20);
    }

    #[test]
    fn without_a_match_a_snippet_is_the_beginning() {
        let shown = show(&snippet("One\n\ntwo   three", &Asking::read("zebra").unwrap()));
        assert_eq!(shown, "One two three");
    }

    proptest! {
        #[test]
        fn marking_loses_no_character(text in any::<String>(), typed in any::<String>()) {
            if let Some(asking) = Asking::read(&typed) {
                let whole: String = mark(&text, &asking).into_iter().map(|p| p.text).collect();
                prop_assert_eq!(whole, text.clone());
                snippet(&text, &asking);
            }
        }
    }
}
