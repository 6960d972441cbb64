//! Cuts text into the words that are indexed and looked for, folded so that spelling matters little.
//!
//! One cutter serves pages, queries and the marking of snippets, so the three cannot disagree. Letters
//! lose case and accents (`Élan` is `elan`). Scripts that are written without spaces are cut into
//! overlapping pairs, one beginning at every character; the last character of a run stands alone.
//! So every run of characters in such a text can be found, wherever it begins.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Longer words are cut to this many characters, in pages and queries alike.
const MAX_WORD_CHARS: usize = 64;

/// What a word is cut from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Kind {
    /// Letters and digits between what is neither.
    #[default]
    Whole,
    /// Two neighbouring characters of a script without spaces.
    Pair,
    /// The last or only character of a run in such a script.
    Last,
}

/// One word of a text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Word {
    /// The folded word.
    pub(super) text: String,
    /// Where it begins in the text, in bytes.
    pub(super) from: usize,
    /// Where its first character ends; for a whole word, where it ends.
    pub(super) head: usize,
    /// Where it ends.
    pub(super) to: usize,
    pub(super) kind: Kind,
}

/// The words of a text in order.
#[derive(Debug, Clone)]
pub(super) struct Words<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Words<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Reads the next word into `word`, reusing its memory; false at the end.
    fn read(&mut self, word: &mut Word) -> bool {
        while let Some((from, class)) = self.start() {
            word.text.clear();
            word.from = from;
            if class == Class::Letters {
                self.at = end_of(self.text, from, |c| class_of(c) == Class::Letters);
                word.head = self.at;
                word.to = self.at;
                word.kind = Kind::Whole;
            } else {
                word.head = end_of_cluster(self.text, from);
                self.at = word.head;
                let next = self.text[word.head..].chars().next();
                if next.is_some_and(|c| class_of(c) == Class::Dense) {
                    word.to = end_of_cluster(self.text, word.head);
                    word.kind = Kind::Pair;
                } else {
                    word.to = word.head;
                    word.kind = Kind::Last;
                }
            }
            fold_into(&self.text[word.from..word.to], &mut word.text);
            if !word.text.is_empty() {
                return true;
            }
        }
        false
    }

    /// Returns where the next word begins.
    fn start(&self) -> Option<(usize, Class)> {
        self.text[self.at..]
            .char_indices()
            .map(|(i, c)| (self.at + i, class_of(c)))
            .find(|(_, class)| *class != Class::Between)
    }
}

impl Iterator for Words<'_> {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
        let mut word = Word::default();
        self.read(&mut word).then_some(word)
    }
}

/// Returns the folded words of a text with single spaces between, for comparing whole names.
pub(super) fn joined(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for word in Words::of(text) {
        if !out.is_empty() && word.from > end {
            out.push(' ');
        }
        let own = if word.kind == Kind::Whole { word.to } else { word.head };
        fold_into(&text[word.from..own], &mut out);
        end = own;
    }
    out
}

/// Returns true if a character is part of a word.
pub(super) fn in_word(c: char) -> bool {
    class_of(c) != Class::Between
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Between,
    Letters,
    /// Of a script that is written without spaces.
    Dense,
}

fn class_of(c: char) -> Class {
    if c.is_ascii() {
        return if c.is_ascii_alphanumeric() { Class::Letters } else { Class::Between };
    }
    if !c.is_alphanumeric() && !is_combining_mark(c) {
        return Class::Between;
    }
    match c {
        '\u{0E00}'..='\u{0EFF}' // Thai, Lao
        | '\u{1000}'..='\u{109F}' // Myanmar
        | '\u{1100}'..='\u{11FF}' // Hangul letters
        | '\u{1780}'..='\u{17FF}' // Khmer
        | '\u{3005}'..='\u{3007}'
        | '\u{3040}'..='\u{318F}' // kana, bopomofo, Hangul letters
        | '\u{31F0}'..='\u{31FF}'
        | '\u{3400}'..='\u{4DBF}' // Han
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{AC00}'..='\u{D7AF}' // Hangul
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FF66}'..='\u{FFDC}' // half-width kana and Hangul
        | '\u{20000}'..='\u{3FFFF}' => Class::Dense,
        _ => Class::Letters,
    }
}

fn end_of(text: &str, from: usize, belongs: impl Fn(char) -> bool) -> usize {
    text[from..].find(|c| !belongs(c)).map_or(text.len(), |i| from + i)
}

/// Returns where the character at `from` ends, with the marks that follow it.
fn end_of_cluster(text: &str, from: usize) -> usize {
    let first = text[from..].chars().next().map_or(0, char::len_utf8);
    let mark = |c: char| is_combining_mark(c) || matches!(c, '\u{FF9E}' | '\u{FF9F}');
    end_of(text, from + first, mark)
}

/// Appends the folded text, which holds letters, digits and marks alone.
fn fold_into(text: &str, out: &mut String) {
    if text.is_ascii() {
        out.extend(text.bytes().take(MAX_WORD_CHARS).map(|b| char::from(b.to_ascii_lowercase())));
        return;
    }
    let apart: String = text.nfkd().take(4 * MAX_WORD_CHARS).collect();
    let folded = caseless::default_case_fold_str(&apart);
    // Only now: some case folds bring accents of their own.
    let letters = folded.chars().filter(|c| !is_accent(*c) && in_word(*c));
    let plain: String = letters.flat_map(plain_letters).collect();
    out.extend(plain.nfc().take(MAX_WORD_CHARS));
}

/// Returns true if a mark is one that people leave out when they type. Marks of other scripts are vowels.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036F}' | '\u{0591}'..='\u{05C7}' | '\u{064B}'..='\u{065F}' | '\u{0670}')
}

/// Replaces letters that Unicode does not take apart but people type as others.
fn plain_letters(c: char) -> impl Iterator<Item = char> {
    let plain = match c {
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ł' => "l",
        'þ' => "th",
        'ı' => "i",
        _ => "",
    };
    plain.chars().chain(plain.is_empty().then_some(c))
}

/// The cutter as the index calls it.
#[derive(Debug, Clone, Default)]
pub(super) struct WordTokenizer;

/// Words on their way into the index.
#[derive(Debug)]
pub(super) struct WordStream<'a> {
    words: Words<'a>,
    word: Word,
    token: Token,
}

impl Tokenizer for WordTokenizer {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        WordStream { words: Words::of(text), word: Word::default(), token: Token::default() }
    }
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        if !self.words.read(&mut self.word) {
            return false;
        }
        self.token.position = self.token.position.wrapping_add(1);
        self.token.offset_from = self.word.from;
        self.token.offset_to = self.word.to;
        std::mem::swap(&mut self.token.text, &mut self.word.text);
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(text: &str) -> Vec<String> {
        Words::of(text).map(|w| w.text).collect()
    }

    #[test]
    fn case_and_accents_do_not_count() {
        assert_eq!(texts("Élan, naïve CAFÉ cafe\u{301}"), ["elan", "naive", "cafe", "cafe"]);
        assert_eq!(texts("Straße Łódź Ærø İstanbul"), ["strasse", "lodz", "aero", "istanbul"]);
        assert_eq!(texts("Ёлка Йога ΆΛΦΑ"), ["елка", "иога", "αλφα"]);
    }

    #[test]
    fn names_and_code_are_cut_at_what_is_no_letter() {
        assert_eq!(texts("git-commit_msg.rs (v2.10)"), ["git", "commit", "msg", "rs", "v2", "10"]);
        assert_eq!(texts("don't — l’eau"), ["don", "t", "l", "eau"]);
    }

    #[test]
    fn scripts_without_spaces_give_a_pair_at_every_character() {
        assert_eq!(texts("東京都"), ["東京", "京都", "都"]);
        assert_eq!(texts("ｶﾞｰﾄﾞ"), ["ガー", "ード", "ド"]);
        assert_eq!(texts("Rust入門 한글"), ["rust", "入門", "門", "한글", "글"]);
    }

    #[test]
    fn marks_that_are_vowels_stay() {
        assert_eq!(texts("हिन्दी"), ["हिन्दी"]);
    }

    #[test]
    fn what_folds_into_punctuation_leaves_none_behind() {
        assert_eq!(texts("⑴ ½"), ["1", "12"]);
    }

    #[test]
    fn a_whole_name_is_compared_word_by_word() {
        assert_eq!(joined("  My-Garden  (2026)"), "my garden 2026");
        assert_eq!(joined("東京都 Guide"), "東京都 guide");
    }

    proptest! {
        #[test]
        fn words_lie_in_order_inside_the_text(text in any::<String>()) {
            let mut last = 0;
            for word in Words::of(&text) {
                prop_assert!(word.from >= last && word.from < word.head && word.head <= word.to);
                prop_assert!(text.get(word.from..word.to).is_some());
                prop_assert!(text.get(word.from..word.head).is_some());
                prop_assert!(word.text.chars().count() <= MAX_WORD_CHARS);
                prop_assert!(word.text.chars().all(in_word));
                last = word.head;
            }
        }

        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,20}") {
            let once = joined(&text);
            prop_assert_eq!(joined(&once), once);
        }
    }
}
