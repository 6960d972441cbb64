//! What people type, and what the index is asked for it.
//!
//! There is no syntax that could be wrong: words, and "words in quotes" that must stand together.
//! Every word asks all fields, and what it says of a title outweighs whatever it says of a text:
//! fields other than the text give fixed points that lie further apart than the text's own score.

use tantivy::Term;
use tantivy::query::{
    BooleanQuery, BoostQuery, ConstScoreQuery, Occur, PhrasePrefixQuery, PhraseQuery, Query,
    RegexQuery, TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};

use super::schema::Fields;
use super::words::{Kind, Word, Words, in_word, joined};

const MAX_QUERY_CHARS: usize = 1_000;
const MAX_ASKED: usize = 24;
/// Two letters are inside too many words to be worth looking for.
const MIN_INSIDE_CHARS: usize = 3;

/// Points for the whole name.
const NAME: f32 = 200.0;
const NAME_BEGINS: f32 = 10.0;
const TITLE: f32 = 80.0;
const FOLDER: f32 = 60.0;
const HEADING: f32 = 40.0;
/// A whole word is worth more than the beginning of one, and that more than a part.
const WHOLE_BONUS: f32 = 0.25;
const INSIDE: f32 = 0.5;

/// How much of what was asked a page must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strictness {
    /// All the words.
    All,
    /// All the words, be it inside others.
    AllInside,
    /// Any of them, be it inside others.
    Any,
}

/// One thing to look for: a word, or several in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// The words with their places in the row; never empty.
    pub(super) words: Vec<(usize, String)>,
    /// The last word may go on.
    pub(super) open: bool,
}

/// What someone looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asking {
    pub(super) asked: Vec<Asked>,
    /// All of it as one name.
    name: String,
}

impl Asking {
    /// Reads what was typed; `None` where there is nothing to look for.
    pub(super) fn read(typed: &str) -> Option<Self> {
        let typed: String = typed
            .chars()
            .take(MAX_QUERY_CHARS)
            .map(|c| if matches!(c, '“' | '”' | '„' | '«' | '»') { '"' } else { c })
            .collect();
        let mut asked = Vec::new();
        let parts: Vec<&str> = typed.split('"').collect();
        for (i, part) in parts.iter().enumerate() {
            // A quote that is still open is being typed.
            let quoted = i % 2 == 1 && i + 1 < parts.len();
            if quoted {
                asked.extend(Asked::read(part, false));
            } else {
                asked.extend(part.split(parts_words).filter_map(|chunk| Asked::read(chunk, false)));
            }
        }
        asked.truncate(MAX_ASKED);
        let last_quoted = parts.len() > 2 && parts.last().is_some_and(|p| p.trim().is_empty());
        if let Some(last) = asked.last_mut() {
            last.open |= !last_quoted;
        }
        (!asked.is_empty()).then(|| Self { asked, name: joined(&typed) })
    }

    /// Returns true if there is anything that could be loosened.
    pub(super) fn steps(&self) -> &'static [Strictness] {
        use Strictness::{All, AllInside, Any};
        if self.asked.len() > 1 { &[All, AllInside, Any] } else { &[All, AllInside] }
    }

    /// Makes the query for the index.
    pub(super) fn query(&self, fields: Fields, strictness: Strictness) -> Box<dyn Query> {
        let occur = if strictness == Strictness::Any { Occur::Should } else { Occur::Must };
        let inside = strictness != Strictness::All;
        let mut words: Vec<(Occur, Box<dyn Query>)> =
            self.asked.iter().map(|a| (occur, a.query(fields, inside))).collect();
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        if words.len() == 1 {
            clauses.extend(words.pop().map(|(_, query)| (Occur::Must, query)));
        } else {
            clauses.push((Occur::Must, Box::new(BooleanQuery::new(words))));
        }
        clauses.push((Occur::Should, fixed(one(fields.name, &self.name), NAME)));
        if let Some(begins) = matching(fields.name, &format!("{}.*", self.name)) {
            clauses.push((Occur::Should, fixed(begins, NAME_BEGINS)));
        }
        Box::new(BooleanQuery::new(clauses))
    }

    /// Returns true if a word of a text is one that was asked for.
    pub(super) fn asks_for(&self, word: &Word) -> bool {
        self.asked.iter().any(|asked| asked.has(word))
    }

    /// Returns true if a word of a text holds one that was asked for.
    pub(super) fn asks_inside(&self, word: &Word) -> bool {
        self.asked.iter().filter_map(Asked::inside).any(|part| word.text.contains(part))
    }
}

impl Asked {
    fn read(chunk: &str, open: bool) -> Option<Self> {
        let cut: Vec<Word> = Words::of(chunk).collect();
        let mut words: Vec<(usize, Word)> = cut.into_iter().enumerate().collect();
        let mut open = open;
        if let Some((_, last)) = words.last().cloned()
            && last.kind == Kind::Last
        {
            let before = words.len().checked_sub(2).and_then(|i| words.get(i));
            if before.is_some_and(|(_, w)| w.kind == Kind::Pair && w.head == last.from) {
                // The pair before it says all; a text may go on after it.
                words.pop();
            } else {
                open = true;
            }
        }
        let words: Vec<_> = words.into_iter().map(|(place, w)| (place, w.text)).collect();
        (!words.is_empty()).then_some(Self { words, open })
    }

    fn query(&self, fields: Fields, inside: bool) -> Box<dyn Query> {
        let mut clauses: Vec<Box<dyn Query>> = Vec::new();
        for (field, points) in
            [(fields.title, TITLE), (fields.folder, FOLDER), (fields.headings, HEADING)]
        {
            let bonus = points * WHOLE_BONUS;
            clauses.push(fixed(self.whole(field), bonus));
            let loose = if self.open { self.beginning(field) } else { None };
            clauses.push(fixed(loose.unwrap_or_else(|| self.whole(field)), points - bonus));
            if let Some(part) = self.inside().filter(|_| inside).and_then(|w| contains(field, w)) {
                clauses.push(fixed(part, points * INSIDE));
            }
        }
        // Each word of a row adds to its score: a row weighs as much as one word.
        let share = 1.0 / self.words.len() as f32;
        clauses.push(Box::new(BoostQuery::new(self.whole(fields.text), share)));
        if let Some(begins) = self.beginning(fields.text).filter(|_| self.open) {
            clauses.push(fixed(begins, 1.0));
        }
        if let Some(part) = self.inside().filter(|_| inside).and_then(|w| contains(fields.text, w))
        {
            clauses.push(fixed(part, INSIDE));
        }
        Box::new(BooleanQuery::union(clauses))
    }

    fn terms(&self, field: Field) -> Vec<(usize, Term)> {
        self.words.iter().map(|(at, w)| (*at, Term::from_field_text(field, w))).collect()
    }

    fn whole(&self, field: Field) -> Box<dyn Query> {
        match &self.words[..] {
            [(_, word)] => one(field, word),
            _ => Box::new(PhraseQuery::new_with_offset(self.terms(field))),
        }
    }

    fn beginning(&self, field: Field) -> Option<Box<dyn Query>> {
        match &self.words[..] {
            [(_, word)] => matching(field, &format!("{word}.*")),
            _ => Some(Box::new(PhrasePrefixQuery::new_with_offset(self.terms(field)))),
        }
    }

    /// Returns the word if it is worth looking for inside others.
    fn inside(&self) -> Option<&str> {
        match &self.words[..] {
            [(_, word)] if word.chars().count() >= MIN_INSIDE_CHARS => Some(word),
            _ => None,
        }
    }

    fn has(&self, word: &Word) -> bool {
        let last = self.words.len() - 1;
        self.words.iter().enumerate().any(|(i, (_, asked))| {
            word.text == *asked || (i == last && self.open && word.text.starts_with(asked.as_str()))
        })
    }
}

/// Returns true if a character ends a word that was typed; names such as `e-mail` or `a/b` are one.
fn parts_words(c: char) -> bool {
    !in_word(c) && !matches!(c, '-' | '_' | '.' | '\'' | '’' | '/' | ':' | '@' | '+' | '&')
}

fn one(field: Field, word: &str) -> Box<dyn Query> {
    let term = Term::from_field_text(field, word);
    Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs))
}

fn fixed(query: Box<dyn Query>, points: f32) -> Box<dyn Query> {
    Box::new(ConstScoreQuery::new(query, points))
}

fn contains(field: Field, word: &str) -> Option<Box<dyn Query>> {
    matching(field, &format!(".*{word}.*"))
}

/// Asks for every term of a pattern; words hold letters, digits and marks, which mean themselves.
fn matching(field: Field, pattern: &str) -> Option<Box<dyn Query>> {
    let query = RegexQuery::from_pattern(pattern, field).ok()?;
    Some(Box::new(query))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(typed: &str) -> Vec<(String, bool)> {
        let asking = Asking::read(typed).map(|a| a.asked).unwrap_or_default();
        let row = |a: &Asked| a.words.iter().map(|(_, w)| w.as_str()).collect::<Vec<_>>().join(" ");
        asking.iter().map(|a| (row(a), a.open)).collect()
    }

    #[test]
    fn the_last_word_may_go_on() {
        assert_eq!(
            asked("Water the bea"),
            [("water".into(), false), ("the".into(), false), ("bea".into(), true)]
        );
    }

    #[test]
    fn quotes_hold_words_together_and_end_them() {
        assert_eq!(
            asked("“water the” \"beans\""),
            [("water the".into(), false), ("beans".into(), false)]
        );
        assert_eq!(asked("\"water the"), [("water".into(), false), ("the".into(), true)]);
        assert_eq!(asked("\"water\" the"), [("water".into(), false), ("the".into(), true)]);
    }

    #[test]
    fn names_with_hyphens_stay_together_and_lists_do_not() {
        assert_eq!(asked("e-mail"), [("e mail".into(), true)]);
        assert_eq!(asked("beans,peas"), [("beans".into(), false), ("peas".into(), true)]);
    }

    #[test]
    fn a_run_without_spaces_asks_for_its_pairs() {
        assert_eq!(asked("東京都"), [("東京 京都".into(), true)]);
        assert_eq!(asked("東"), [("東".into(), true)]);
        assert_eq!(asked("\"東\""), [("東".into(), true)]);
    }

    #[test]
    fn nothing_to_look_for_is_no_query() {
        for typed in ["", "  ", "\"\"", "+-*/", "\u{301}"] {
            assert_eq!(Asking::read(typed), None, "{typed:?}");
        }
    }
}
