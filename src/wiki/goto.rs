//! Going to a page by a few letters of its name.
//!
//! Names are matched as people type them: letters in order with gaps, several words in any order,
//! folders too (`pro gar` finds `Projects/Garden`); case and accents do not count. What the name of
//! the page itself says comes before what its folders say: the whole name, then its beginning, then
//! a part of it, then scattered letters; and short names before long ones. The names are prepared
//! once and looked through in memory.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use parking_lot::Mutex;
use unicode_normalization::UnicodeNormalization;

use super::Wiki;
use super::search::{Piece, pieces};
use crate::model::path::DocPath;

const MAX_QUERY_CHARS: usize = 200;
const MAX_WORDS: usize = 8;
const MAX_HITS: usize = 1_000;

/// A document that may be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GotoHit {
    /// Its name.
    pub path: DocPath,
    /// The folder it lies in, with what matched marked; empty at the root.
    pub folder: Vec<Piece>,
    /// The last part of its name, with what matched marked.
    pub title: Vec<Piece>,
}

/// Names that are ready to be looked through.
#[derive(Debug, Default)]
pub struct Names(Vec<Name>);

/// How much of a name is what was typed; the less, the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Closeness {
    Scattered,
    /// Every word begins a word of the whole name or stands in it.
    Words,
    InTitle,
    TitleBegins,
    Title,
}

/// What a match is worth; the greater the better.
type Rank = (Closeness, u32, Reverse<usize>, Reverse<usize>);

#[derive(Debug)]
struct Name {
    path: DocPath,
    plain: Plain,
    /// How many of its characters come before the title.
    folder: usize,
}

/// A name without case and accents, character for character.
#[derive(Debug)]
enum Plain {
    Ascii(Box<str>),
    Other(Box<[char]>),
}

impl Plain {
    fn of(text: &str) -> Self {
        if text.is_ascii() {
            Self::Ascii(text.to_ascii_lowercase().into_boxed_str())
        } else {
            Self::Other(text.chars().map(plain).collect())
        }
    }

    fn as_haystack(&self) -> Utf32Str<'_> {
        match self {
            Self::Ascii(text) => Utf32Str::Ascii(text.as_bytes()),
            Self::Other(chars) => Utf32Str::Unicode(chars),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Ascii(text) => text.len(),
            Self::Other(chars) => chars.len(),
        }
    }
}

/// What was typed, in the form of [`Plain`].
struct Typed {
    words: Vec<Atom>,
    whole: Needle,
    each: Vec<Needle>,
}

/// A text to compare with either form of [`Plain`].
struct Needle {
    text: String,
    chars: Vec<char>,
}

impl Names {
    /// Prepares names for looking through.
    pub fn new(paths: impl IntoIterator<Item = DocPath>) -> Self {
        let name = |path: DocPath| {
            let shown = path.without_suffix();
            let folder = shown[..shown.len() - path.title().len()].chars().count();
            Name { plain: Plain::of(shown), folder, path }
        };
        Self(paths.into_iter().map(name).collect())
    }

    /// Finds the documents that are most likely meant, best first; nothing for an empty query.
    pub fn goto(&self, query: &str, limit: usize) -> Vec<GotoHit> {
        let Some(typed) = Typed::read(query) else { return Vec::new() };
        let limit = limit.min(MAX_HITS);
        let mut matcher = Matcher::new(Config::DEFAULT.match_paths());
        let mut best: BinaryHeap<Reverse<(Rank, usize)>> = BinaryHeap::with_capacity(limit + 1);
        for (at, name) in self.0.iter().enumerate() {
            let Some(rank) = typed.rank(name, at, &mut matcher) else { continue };
            if best.len() < limit {
                best.push(Reverse((rank, at)));
            } else if best.peek().is_some_and(|Reverse((worst, _))| rank > *worst) {
                best.pop();
                best.push(Reverse((rank, at)));
            }
        }
        let best = best.into_sorted_vec();
        best.into_iter().map(|Reverse((_, at))| typed.hit(&self.0[at], &mut matcher)).collect()
    }
}

impl Typed {
    fn read(query: &str) -> Option<Self> {
        let query: String = query.chars().take(MAX_QUERY_CHARS).nfc().map(plain).collect();
        let each: Vec<&str> = query.split_whitespace().take(MAX_WORDS).collect();
        let atom = |word: &&str| {
            // Both sides are plain already.
            let (case, accents) = (CaseMatching::Respect, Normalization::Never);
            Atom::new(word, case, accents, AtomKind::Fuzzy, false)
        };
        let words: Vec<Atom> = each.iter().map(atom).collect();
        let whole = Needle::new(&each.join(" "));
        (!words.is_empty()).then(|| Self {
            words,
            whole,
            each: each.into_iter().map(Needle::new).collect(),
        })
    }

    fn rank(&self, name: &Name, at: usize, matcher: &mut Matcher) -> Option<Rank> {
        let haystack = name.plain.as_haystack();
        let mut score = 0;
        for word in &self.words {
            score += u32::from(word.score(haystack, matcher)?);
        }
        let closeness = self.closeness(name);
        let length = name.plain.len();
        // In a title, how much of it was typed says more than where the letters stand.
        let score = if closeness >= Closeness::InTitle { 0 } else { score };
        let title_first =
            if closeness >= Closeness::InTitle { length - name.folder } else { length };
        Some((closeness, score, Reverse(title_first * 2_000 + length), Reverse(at)))
    }

    fn closeness(&self, name: &Name) -> Closeness {
        match self.whole.find(&name.plain, name.folder) {
            Some(0) if self.whole.chars.len() == name.plain.len() - name.folder => {
                return Closeness::Title;
            }
            Some(0) => return Closeness::TitleBegins,
            Some(_) => return Closeness::InTitle,
            None => {}
        }
        let all = |from| self.each.iter().all(|word| word.find(&name.plain, from).is_some());
        if self.each.len() > 1 && all(name.folder) {
            Closeness::InTitle
        } else if all(0) {
            Closeness::Words
        } else {
            Closeness::Scattered
        }
    }

    fn hit(&self, name: &Name, matcher: &mut Matcher) -> GotoHit {
        let mut marks = Vec::new();
        for (word, needle) in self.words.iter().zip(&self.each) {
            // Letters that stand together in the title are what was meant.
            if let Some(at) = needle.find(&name.plain, name.folder) {
                let from = (name.folder + at) as u32;
                marks.extend(from..from + needle.chars.len() as u32);
            } else {
                let _ = word.indices(name.plain.as_haystack(), matcher, &mut marks);
            }
        }
        marks.sort_unstable();
        marks.dedup();
        let shown = name.path.without_suffix();
        let title = name.path.title();
        let in_title = marks.partition_point(|at| (*at as usize) < name.folder);
        let folder = marked(name.path.folder(), &marks[..in_title], 0);
        let title = marked(&shown[shown.len() - title.len()..], &marks[in_title..], name.folder);
        GotoHit { path: name.path.clone(), folder, title }
    }
}

impl Needle {
    fn new(text: &str) -> Self {
        Self { text: text.to_owned(), chars: text.chars().collect() }
    }

    /// Returns where it stands in the name from a character on, counted from there.
    fn find(&self, name: &Plain, from: usize) -> Option<usize> {
        match name {
            Plain::Ascii(text) => text[from..].find(&self.text),
            Plain::Other(chars) => {
                chars[from..].windows(self.chars.len()).position(|part| part == self.chars)
            }
        }
    }
}

/// Marks the characters with these numbers, counted from `first`.
fn marked(text: &str, marks: &[u32], first: usize) -> Vec<Piece> {
    let mut marks = marks.iter().map(|at| *at as usize - first).peekable();
    let mut ranges = Vec::new();
    for (number, (at, c)) in text.char_indices().enumerate() {
        if marks.next_if_eq(&number).is_some() {
            ranges.push(at..at + c.len_utf8());
        }
    }
    pieces(text, ranges)
}

/// Returns a character without case and accent.
fn plain(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let lower = c.to_lowercase().next().unwrap_or(c);
    let mut parts = std::iter::once(lower).nfd();
    match (parts.next(), parts.next()) {
        (Some(base), Some('\u{0300}'..='\u{036F}')) => base,
        _ => lower,
    }
}

/// The names of a wiki, prepared again only after one came or went.
#[derive(Debug, Default)]
pub struct GotoBox(Mutex<Option<(u64, Arc<Names>)>>);

impl GotoBox {
    /// Finds the documents of a wiki that are most likely meant, best first.
    pub fn goto(&self, wiki: &Wiki, query: &str, limit: usize) -> Vec<GotoHit> {
        self.names(wiki).goto(query, limit)
    }

    fn names(&self, wiki: &Wiki) -> Arc<Names> {
        let mut held = self.0.lock();
        // Asked for first: a change that comes in between is seen by the next look.
        let now = wiki.names_counter();
        match &*held {
            Some((then, names)) if *then == now => Arc::clone(names),
            _ => {
                let names = Arc::new(Names::new(wiki.paths()));
                *held = Some((now, Arc::clone(&names)));
                names
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(paths: &[&str]) -> Names {
        Names::new(paths.iter().map(|p| DocPath::new(p).unwrap()))
    }

    fn found(paths: &[&str], query: &str) -> Vec<String> {
        names(paths).goto(query, 10).iter().map(|hit| hit.path.to_string()).collect()
    }

    fn show(pieces: &[Piece]) -> String {
        let one = |p: &Piece| if p.marked { format!("[{}]", p.text) } else { p.text.clone() };
        pieces.iter().map(one).collect()
    }

    #[test]
    fn the_title_itself_comes_first_then_its_beginning_then_its_parts() {
        let paths = [
            "Great Aunt Rose Declares Everything Now.md",
            "Garden/Tools.md",
            "The Garden.md",
            "Garden Plan.md",
            "Old/Garden.md",
            "Gardening through the Year.md",
        ];
        assert_eq!(
            found(&paths, "garden"),
            [
                "Old/Garden.md",
                "Garden Plan.md",
                "Gardening through the Year.md",
                "The Garden.md",
                "Garden/Tools.md",
                "Great Aunt Rose Declares Everything Now.md",
            ]
        );
    }

    #[test]
    fn words_may_come_in_any_order_and_name_folders() {
        let paths = ["Projects/Garden.md", "Garden.md", "Projects/House.md"];
        assert_eq!(found(&paths, "gar proj"), ["Projects/Garden.md"]);
        assert_eq!(found(&paths, "proj/gar"), ["Projects/Garden.md"]);
        assert_eq!(found(&paths, "prjgrdn"), ["Projects/Garden.md"]);
    }

    #[test]
    fn case_and_accents_do_not_count_on_either_side() {
        let paths = ["Élan/Café.md", "Cafe.md", "Йога.md", "東京都.md"];
        assert_eq!(found(&paths, "CAFE"), ["Cafe.md", "Élan/Café.md"]);
        assert_eq!(found(&paths, "cafe\u{301}"), ["Cafe.md", "Élan/Café.md"]);
        assert_eq!(found(&paths, "йога"), ["Йога.md"]);
        assert_eq!(found(&paths, "京都"), ["東京都.md"]);
    }

    #[test]
    fn what_matched_is_marked_in_folder_and_title() {
        let hits = names(&["Über uns/Gärten.md"]).goto("garten uber", 5);
        assert_eq!(show(&hits[0].folder), "[Über] uns");
        assert_eq!(show(&hits[0].title), "[Gärten]");
    }

    #[test]
    fn nothing_typed_finds_nothing_and_no_character_is_special() {
        assert_eq!(found(&["Garden.md"], ""), Vec::<String>::new());
        assert_eq!(found(&["Garden.md"], " \t"), Vec::<String>::new());
        assert_eq!(found(&["Garden.md"], "!garden"), Vec::<String>::new());
        assert_eq!(found(&["C++ (new).md"], "c++ (n"), ["C++ (new).md"]);
    }

    #[test]
    fn no_more_than_the_limit_are_found_and_they_are_the_best() {
        let paths: Vec<String> = (0..50).map(|i| format!("Note {i}.md")).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let hits = names(&paths).goto("note 4", 3);
        let hits: Vec<_> = hits.iter().map(|hit| hit.path.as_str()).collect();
        assert_eq!(hits, ["Note 4.md", "Note 40.md", "Note 41.md"]);
        assert!(names(&paths).goto("note", 0).is_empty());
    }

    proptest! {
        #[test]
        fn marking_loses_no_character(query in any::<String>(), name in "[\\PC]{1,12}(/[\\PC]{1,12})?") {
            let Ok(path) = DocPath::from_user(&format!("{name}.md")) else { return Ok(()) };
            for query in [query.as_str(), name.as_str()] {
                for hit in Names::new([path.clone()]).goto(query, 5) {
                    let text = |p: &[Piece]| p.iter().map(|p| p.text.as_str()).collect::<String>();
                    prop_assert_eq!(text(&hit.folder), path.folder());
                    prop_assert_eq!(text(&hit.title), path.title());
                }
            }
        }

        #[test]
        fn a_name_is_found_by_itself(name in "[\\PC]{1,12}") {
            let Ok(path) = DocPath::from_user(&format!("{name}.md")) else { return Ok(()) };
            let hits = Names::new([path.clone()]).goto(path.title(), 5);
            prop_assert_eq!(hits.len(), 1);
        }
    }
}
