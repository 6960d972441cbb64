//! A merge as the screen shows it: what stays, what is in without a question, and what to choose,
//! in order of the page.

mod labels;
mod lead;
mod question;

use self::labels::one_change;
pub(super) use self::lead::lead;
use super::form::{Picks, word_of};
use super::marks::Marked;
use super::people::People;
use crate::model::diff::{lines, only_whitespace};
use crate::model::merge::{Choice, Chunk, Merge, Place, Shape};
use crate::web::pages::words::{capital, count};

/// How many unchanged lines stay visible beside a change.
const CONTEXT: usize = 2;
/// How many changes that need no choice are shown one by one.
const MOST_INCLUDED: usize = 300;
/// How large an unchanged stretch may be to be sent along, folded.
const FOLDED: usize = 64 << 10;

/// A stretch of the page.
pub(super) enum Block {
    /// Nobody changed it.
    Same(String),
    /// Nobody changed it, and it is folded.
    Fold { title: String, text: Option<String> },
    /// It is in unless it is left out.
    Included(Included),
    /// Something was joined; it may be reviewed.
    Joined(Box<Question>),
    /// Somebody has to choose.
    Open(Box<Question>),
    /// A choice made elsewhere decides this too.
    Follows { text: String },
}

/// A change that needs no choice.
pub(super) struct Included {
    /// The name of its choice in the form.
    pub(super) key: String,
    /// Says whose change it is.
    pub(super) title: String,
    pub(super) text: Marked,
    /// The word for leaving it out; none if it cannot be left out by itself.
    pub(super) without: Option<String>,
    /// It is left out.
    pub(super) left_out: bool,
}

/// A place with a choice.
pub(super) struct Question {
    pub(super) key: String,
    /// Its number among the choices to make, from 1; 0 if there is nothing to choose.
    pub(super) number: usize,
    /// Where it is: `in “Watering”`; may be empty.
    pub(super) place: String,
    /// Says what is known of the changes; may be empty.
    pub(super) note: String,
    /// What is in now, if nothing has to be chosen.
    pub(super) text: Marked,
    /// The wordings, a suggested one first.
    pub(super) options: Vec<Wording>,
    /// Further choices, without a text of their own.
    pub(super) more: Vec<More>,
    /// The wording typed by hand, or what to begin it with.
    pub(super) typed: String,
    /// A wording can be typed.
    pub(super) may_type: bool,
    /// A wording by hand is chosen.
    pub(super) by_hand: bool,
    /// A choice is made, or none is needed.
    pub(super) decided: bool,
    /// It was open when the form was sent.
    pub(super) missed: bool,
    /// Something else than what was joined is chosen.
    pub(super) changed: bool,
}

/// One wording to choose.
pub(super) struct Wording {
    pub(super) word: String,
    /// Who wrote it: `Ann and Ben`, or what choosing it does.
    pub(super) who: String,
    /// The key that chooses it.
    pub(super) hotkey: String,
    pub(super) text: Marked,
    /// The text as it is, for a wording by hand to begin with.
    pub(super) plain: String,
    pub(super) suggested: bool,
    /// It is the page's now.
    pub(super) current: bool,
    /// It is what everybody had before.
    pub(super) before: bool,
    pub(super) chosen: bool,
    /// What it says where there is no text.
    pub(super) nothing: &'static str,
}

/// A choice that needs no text.
pub(super) struct More {
    pub(super) word: &'static str,
    pub(super) label: String,
    pub(super) hotkey: String,
    pub(super) plain: String,
    pub(super) chosen: bool,
}

/// All that the screen shows of a merge.
#[derive(Default)]
pub(super) struct Blocks {
    pub(super) list: Vec<Block>,
    /// How many choices there are, and how many are made.
    pub(super) total: usize,
    pub(super) made: usize,
    /// The open choices, by number.
    pub(super) open: Vec<usize>,
    /// How many places differ in white space alone.
    pub(super) spaces: usize,
    /// How many more changes are in that are not shown.
    pub(super) more: usize,
}

/// Cuts a merge into what the screen shows.
pub(super) fn blocks(merge: &Merge, picks: &Picks, people: &People, after_sending: bool) -> Blocks {
    let mut maker = Maker::new(picks, people, after_sending);
    for chunk in merge.chunks() {
        match chunk {
            Chunk::Unchanged(text) => maker.same(text),
            Chunk::Changed(place) if is_space(place) => {
                maker.done.spaces += 1;
                maker.same(&place.text(&place.preselected().unwrap_or(Choice::Wording(0))));
            }
            Chunk::Changed(place) => maker.place(place),
        }
    }
    maker.end_of_same(true);
    maker.done
}

/// Returns true if the wordings of a place differ in white space alone, and nobody has to choose.
pub(super) fn is_space(place: &Place) -> bool {
    let [first, rest @ ..] = &place.wordings[..] else { return false };
    let blank = |text: &str| text.trim().is_empty();
    match place.shape {
        Shape::WhiteSpace => rest.iter().all(|w| only_whitespace(&first.text, &w.text)),
        Shape::OneSide | Shape::SameChange => {
            blank(base_of(place)) && place.wordings.iter().all(|w| blank(&w.text))
        }
        _ => false,
    }
}

struct Maker<'a> {
    picks: &'a Picks,
    people: &'a People,
    after_sending: bool,
    done: Blocks,
    /// Unchanged lines that have no block yet.
    run: String,
    heading: String,
    included: usize,
}

impl<'a> Maker<'a> {
    fn new(picks: &'a Picks, people: &'a People, after_sending: bool) -> Self {
        Self {
            picks,
            people,
            after_sending,
            done: Blocks::default(),
            run: String::new(),
            heading: String::new(),
            included: 0,
        }
    }

    fn same(&mut self, text: &str) {
        self.run.push_str(text);
        self.follow_heading(text);
    }

    fn follow_heading(&mut self, text: &str) {
        if let Some(last) = headings(text).last() {
            (*last).clone_into(&mut self.heading);
        }
    }

    /// Makes blocks of the unchanged lines so far: those beside a change stay visible.
    fn end_of_same(&mut self, last: bool) {
        let run = std::mem::take(&mut self.run);
        if run.is_empty() {
            return;
        }
        let first = self.done.list.is_empty();
        let lines = lines(&run);
        let before = if first { 0 } else { CONTEXT.min(lines.len()) };
        let after = if last { 0 } else { CONTEXT };
        // A fold that hides next to nothing is no help.
        if lines.len() <= before + after + 2 {
            self.push_same(&lines);
            return;
        }
        let after = lines.len() - after;
        if before > 0 {
            self.push_same(&lines[..before]);
        }
        let hidden = lines[before..after].concat();
        self.done.list.push(Block::Fold {
            title: fold_title(&hidden),
            text: (hidden.len() <= FOLDED).then_some(hidden),
        });
        if after < lines.len() {
            self.push_same(&lines[after..]);
        }
    }

    /// Shows unchanged lines, without the blank ones at either end.
    fn push_same(&mut self, lines: &[&str]) {
        let text = lines.concat();
        let text = text.trim_end().trim_start_matches(['\r', '\n']);
        if !text.is_empty() {
            self.done.list.push(Block::Same(text.to_owned()));
        }
    }

    fn place(&mut self, place: &Place) {
        let simple = matches!(place.shape, Shape::OneSide | Shape::SameChange);
        if simple && self.included == MOST_INCLUDED {
            self.done.more += 1;
            let choice = self.picks.choice(place).unwrap_or(Choice::Wording(0));
            self.same(&place.text(&choice));
            return;
        }
        self.end_of_same(false);
        let block = if place.follows.is_some() {
            Block::Follows { text: self.follows(place) }
        } else if simple {
            self.included += 1;
            Block::Included(self.include(place))
        } else {
            let question = Box::new(self.question(place));
            if place.is_open() { Block::Open(question) } else { Block::Joined(question) }
        };
        self.done.list.push(block);
        let text = place.wordings.iter().find(|w| !w.text.is_empty());
        self.follow_heading(text.map_or("", |w| &w.text));
    }

    fn include(&self, place: &Place) -> Included {
        let base = base_of(place);
        let changed = place.wordings.iter().find(|w| w.changed).or(place.wordings.first());
        let versions = changed.map(|w| w.versions.as_slice()).unwrap_or_default();
        let text = changed.map_or("", |w| &w.text);
        let people = self.people;
        let title = match &place.moved {
            Some(moved) if text.is_empty() => {
                format!("{} moved “{}” from here", people.list(&moved.versions), moved.title)
            }
            Some(moved) => {
                format!("{} moved “{}” here", people.list(&moved.versions), moved.title)
            }
            None => one_change(people, versions),
        };
        // Half of a move would leave the lines out, or have them twice.
        let leave = place.choices().into_iter().find(|choice| match choice {
            Choice::Wording(i) => place.wordings.get(*i).is_some_and(|w| !w.changed),
            choice => *choice == Choice::Base,
        });
        let without = leave.filter(|_| place.moved.is_none()).map(|c| word_of(place, &c));
        Included {
            key: place.key(),
            title,
            text: Marked::all_changes(base, text),
            left_out: without.is_some() && self.picks.word(place) == without.as_deref(),
            without,
        }
    }
}

fn base_of(place: &Place) -> &str {
    place.base.as_deref().unwrap_or_default()
}

/// Says what an unchanged stretch holds.
fn fold_title(text: &str) -> String {
    let mut title = capital(&count(lines(text).len(), "unchanged line", "unchanged lines"));
    let headings = headings(text);
    match (headings.first(), headings.last()) {
        (Some(first), Some(last)) if first != last => {
            title = format!("{title} · “{first}” to “{last}”");
        }
        (Some(first), _) => title = format!("{title} · “{first}”"),
        _ => {}
    }
    title
}

/// Returns the headings of a text, roughly: lines that begin with number signs.
fn headings(text: &str) -> Vec<&str> {
    let mut fenced = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~") {
            fenced = !fenced;
        }
        let rest = line.trim_start_matches('#');
        let level = line.len() - rest.len();
        if !fenced && (1..=6).contains(&level) && rest.starts_with(' ') {
            found.push(rest.trim().trim_end_matches('#').trim_end());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_found_and_code_is_not() {
        assert_eq!(headings("# A\n```\n# no\n```\n## B ##\n#tag\n"), ["A", "B"]);
        assert_eq!(fold_title("# A\ntext\n## B\n"), "Three unchanged lines · “A” to “B”");
        assert_eq!(fold_title("text\n"), "One unchanged line");
    }
}
