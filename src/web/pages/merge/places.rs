//! A merge as the screen shows it: what stays, what is in without a question, and what to choose,
//! in order of the page.

use super::form::{Picks, TYPED, word_of};
use super::marks::{Mark, Marked, Piece, shown};
use super::people::People;
use crate::model::diff::{lines, only_whitespace};
use crate::model::merge::{Choice, Chunk, Merge, Place, Shape};
use crate::web::pages::words::{self, capital, count};

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

    fn follows(&self, place: &Place) -> String {
        match &place.moved {
            Some(moved) => format!(
                "The other place of “{}”, which {} moved; the choice above counts here too.",
                moved.title,
                self.people.within(&moved.versions)
            ),
            None => "The choice above counts here too.".to_owned(),
        }
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

    fn question(&mut self, place: &Place) -> Question {
        let picked = self.picks.word(place).map(ToOwned::to_owned);
        let open = place.is_open();
        let decided = picked.is_some() || !open;
        if open {
            self.done.total += 1;
            self.done.made += usize::from(decided);
            if !decided {
                self.done.open.push(self.done.total);
            }
        }
        let preselected = place.preselected();
        let chosen = picked.or_else(|| preselected.as_ref().map(|c| word_of(place, c)));
        let is = |word: &str| chosen.as_deref() == Some(word);
        let base = base_of(place);
        let mut options = Vec::new();
        let mut more = Vec::new();
        let mut choices = place.choices();
        // What somebody wrote comes before what nobody did.
        choices.sort_by_key(|choice| match choice {
            Choice::Wording(i) => place
                .wordings
                .get(*i)
                .is_some_and(|w| place.base.is_some() && !w.changed && !w.versions.contains(&0)),
            _ => false,
        });
        choices.sort_by_key(|choice| !matches!(choice, Choice::Joined | Choice::Wording(_)));
        for choice in &choices {
            let word = word_of(place, choice);
            let hotkey =
                (options.iter().filter(|o: &&Wording| !o.suggested).count() + more.len() + 1)
                    .to_string();
            let plain = place.text(choice);
            match choice {
                Choice::Joined => options.insert(
                    0,
                    Wording {
                        who: self.joined_label(place),
                        hotkey: "s".to_owned(),
                        text: Marked::new_words(base, &plain),
                        plain: field(&plain),
                        suggested: true,
                        current: false,
                        before: false,
                        chosen: is(&word),
                        nothing: "Nothing",
                        word,
                    },
                ),
                Choice::Wording(i) => {
                    let Some(wording) = place.wordings.get(*i) else { continue };
                    options.push(Wording {
                        who: self.label(place, *i),
                        hotkey,
                        text: match &place.base {
                            // What it deletes is the page as everybody knows it.
                            _ if wording.text.is_empty() && self.is_page_deletion(place) => {
                                Marked::default()
                            }
                            Some(base) if place.rest => Marked::beginning(base, &wording.text),
                            None => against_other(place, *i),
                            Some(base) => Marked::new_words(base, &wording.text),
                        },
                        plain: field(&plain),
                        suggested: false,
                        current: wording.versions.contains(&0),
                        before: !wording.changed && place.base.is_some(),
                        chosen: is(&word),
                        nothing: if place.shape == Shape::MovedTwice {
                            "Not here"
                        } else {
                            "Deleted"
                        },
                        word,
                    });
                }
                Choice::All | Choice::AllReversed | Choice::Base => {
                    let (word, label) = self.more_label(place, choice);
                    more.push(More { chosen: is(word), word, label, hotkey, plain: field(&plain) });
                }
                Choice::Text(_) => {}
            }
        }
        let typed = self.picks.typed(place).map(ToOwned::to_owned);
        let begin =
            options.iter().find(|o| o.chosen).or(options.iter().rfind(|o| !o.plain.is_empty()));
        let now = place.text(&self.picks.choice(place).unwrap_or(Choice::Wording(0)));
        Question {
            key: place.key(),
            number: if open { self.done.total } else { 0 },
            place: if self.heading.is_empty() {
                String::new()
            } else {
                format!("in “{}”", self.heading)
            },
            note: self.note(place),
            text: Marked::new_words(base, &now),
            typed: typed.unwrap_or_else(|| begin.map_or_else(String::new, |o| o.plain.clone())),
            // A text that is cut off on the screen cannot be the beginning of another.
            may_type: !place.rest && place.wordings.iter().all(|w| shown(&w.text).1 == 0),
            by_hand: is(TYPED),
            decided,
            missed: !decided && self.after_sending,
            changed: !open && chosen != preselected.map(|c| word_of(place, &c)),
            options,
            more,
        }
    }

    fn joined_label(&self, place: &Place) -> String {
        match place.shape {
            Shape::DeletedEdited if self.is_page_deletion(place) => {
                format!("Keep the {} with all changes", self.people.thing)
            }
            Shape::SameSentence => "Suggested: both changes".to_owned(),
            _ if place.wordings.iter().filter(|w| w.changed).count() > 2 => {
                "All changes".to_owned()
            }
            _ => "Both changes".to_owned(),
        }
    }

    fn is_page_deletion(&self, place: &Place) -> bool {
        let deletes = |v: &usize| self.people.all.get(*v).is_some_and(|p| p.deletes);
        place.wordings.iter().any(|w| w.text.is_empty() && w.versions.iter().any(deletes))
    }

    /// Says what choosing a wording means, and whose it is.
    fn label(&self, place: &Place, at: usize) -> String {
        let Some(wording) = place.wordings.get(at) else { return String::new() };
        let people = self.people;
        if place.shape == Shape::DeletedEdited {
            return match (self.is_page_deletion(place), wording.text.is_empty()) {
                (true, true) => {
                    format!("Delete the {}, as {}", people.thing, did(people, &wording.versions))
                }
                (true, false) => {
                    format!(
                        "Keep the {} with {} changes",
                        people.thing,
                        people.whose_within(&wording.versions)
                    )
                }
                (false, true) => format!("Delete this, as {}", did(people, &wording.versions)),
                (false, false) if wording.changed => {
                    format!("Keep this with {} changes", people.whose_within(&wording.versions))
                }
                (false, false) => "Keep this as it was".to_owned(),
            };
        }
        if place.shape == Shape::MovedTwice {
            return if wording.text.is_empty() {
                format!("Elsewhere, as {}", did(people, &wording.versions))
            } else {
                format!("Here, as {}", did(people, &wording.versions))
            };
        }
        if !wording.changed && place.base.is_some() {
            return "As it was before".to_owned();
        }
        people.list(&wording.versions)
    }

    fn more_label(&self, place: &Place, choice: &Choice) -> (&'static str, String) {
        let changed: Vec<&[usize]> =
            place.wordings.iter().filter(|w| w.changed).map(|w| &w.versions[..]).collect();
        let order = |first: &[usize], second: &[usize]| {
            let you = |versions: &[usize]| {
                versions.len() == 1 && self.people.all.get(versions[0]).is_some_and(|p| p.you)
            };
            match (you(first), you(second)) {
                (false, true) => "Both: theirs, then mine".to_owned(),
                (true, false) => "Both: mine, then theirs".to_owned(),
                _ => format!(
                    "Both: {}, then {}",
                    self.people.whose_within(first),
                    self.people.whose_within(second)
                ),
            }
        };
        match (choice, &changed[..]) {
            (Choice::All, [first, second]) => ("all", order(first, second)),
            (Choice::AllReversed, [first, second]) => ("all-reversed", order(second, first)),
            (Choice::All, _) => ("all", "All, in this order".to_owned()),
            (Choice::AllReversed, _) => ("all-reversed", "All, in the opposite order".to_owned()),
            _ if place.base.as_ref().is_none_or(String::is_empty) => {
                ("base", "None of them".to_owned())
            }
            _ if self.is_page_deletion(place) => {
                ("base", format!("Keep the {} as it was before", self.people.thing))
            }
            _ => ("base", "As it was before".to_owned()),
        }
    }

    /// Says what is known of the changes at a place; nothing where the choices say it all.
    fn note(&self, place: &Place) -> String {
        let people = self.people;
        let changed: Vec<usize> = place
            .wordings
            .iter()
            .filter(|w| w.changed)
            .flat_map(|w| w.versions.iter().copied())
            .collect();
        let who = people.list(&changed);
        if place.rest {
            return format!(
                "The rest of the {}, with all further places in one. Choose one version’s.",
                people.thing
            );
        }
        match place.shape {
            Shape::OneSide | Shape::SameChange | Shape::SameWords | Shape::SameSentence => {
                String::new()
            }
            Shape::Sentences if place.wordings.iter().filter(|w| w.changed).count() == 1 => {
                one_change(people, &changed)
            }
            Shape::Sentences if table_row(place) => {
                format!("{who} changed different cells of this row; all are in.")
            }
            Shape::Sentences => format!("{who} changed different parts of this; all are in."),
            Shape::WhiteSpace => format!("{who} changed white space here."),
            Shape::Appended => format!("{who} each added something here; all of it is in."),
            Shape::Moved => match &place.moved {
                Some(moved) if changed.is_empty() => {
                    format!("{} moved “{}” here.", people.list(&moved.versions), moved.title)
                }
                Some(moved) => {
                    let editors: Vec<usize> =
                        changed.iter().copied().filter(|v| !moved.versions.contains(v)).collect();
                    format!(
                        "{} moved “{}” here; {} changes moved with it.",
                        people.list(&moved.versions),
                        moved.title,
                        if editors.is_empty() {
                            "the".to_owned()
                        } else {
                            people.whose_within(&editors)
                        }
                    )
                }
                None => "This was moved; the changes moved with it.".to_owned(),
            },
            // The first sentence of the screen says it.
            Shape::DeletedEdited if self.is_page_deletion(place) => String::new(),
            Shape::DeletedEdited => self.deleted_note(place),
            Shape::MovedTwice => match &place.moved {
                Some(moved) => format!("“{}” was moved to different places.", moved.title),
                None => "This was moved to different places.".to_owned(),
            },
            // The first sentence of the screen says it.
            Shape::NoAncestor if people.base_is_lost => String::new(),
            Shape::NoAncestor => "These were written separately.".to_owned(),
        }
    }

    fn deleted_note(&self, place: &Place) -> String {
        let versions = |empty: bool| -> Vec<usize> {
            let kind = place.wordings.iter().filter(|w| w.changed && w.text.is_empty() == empty);
            kind.flat_map(|w| w.versions.iter().copied()).collect()
        };
        let (deleters, editors) = (versions(true), versions(false));
        let deleted = format!("Deleted by {}.", self.people.within(&deleters));
        if editors.is_empty() {
            return deleted;
        }
        format!("{deleted} Edited by {}.", self.people.within(&editors))
    }
}

/// Marks what a wording has that the other one does not have, if there is nothing before both.
fn against_other(place: &Place, at: usize) -> Marked {
    let other = place.wordings.get(usize::from(at == 0)).map_or("", |w| &w.text);
    let mut marked = Marked::new_words(other, &place.wordings[at].text);
    marked.pieces.retain(|piece: &Piece| piece.mark != Mark::Removed);
    marked
}

/// Says whose a change is that needs no choice.
fn one_change(people: &People, versions: &[usize]) -> String {
    if versions.len() > 1 {
        format!("{} made the same change, included", people.list(versions))
    } else {
        format!("{} change, included", people.whose(versions))
    }
}

/// Says that somebody did something: `Ann did`, `you did`.
fn did(people: &People, versions: &[usize]) -> String {
    format!("{} did", people.within(versions))
}

fn table_row(place: &Place) -> bool {
    place.wordings.iter().all(|w| lines(&w.text).iter().all(|l| l.trim_start().starts_with('|')))
}

fn base_of(place: &Place) -> &str {
    place.base.as_deref().unwrap_or_default()
}

/// Returns a text as a field shows it: without its last line end.
fn field(text: &str) -> String {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text).replace("\r\n", "\n")
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

/// Says in a sentence or two what there is to do.
pub(super) fn lead(merge: &Merge, shown: &Blocks, people: &People) -> String {
    let two = people.all.len() == 2;
    let all: Vec<usize> = (0..people.all.len()).collect();
    let by_one = people.all_by_one();
    let both = match (&by_one, two, people.has_you()) {
        (Some(versions), ..) => versions.clone(),
        (None, true, true) => "You both".to_owned(),
        (None, true, false) => format!("{} both", people.list(&all)),
        _ => capital(&count(people.all.len(), "version", "versions")),
    };
    let open: Vec<&Place> = merge.places().map(|(_, p)| p).filter(|p| p.is_open()).collect();
    if let Some(deleted) = page_deletion(people) {
        return deleted;
    }
    let thing = people.thing;
    let what = match open.len() {
        1 => format!("Choose what the {thing} should say."),
        _ => format!("Choose what the {thing} should say in each."),
    };
    let all_are = |shape| open.iter().all(|place| place.shape == shape);
    match open.len() {
        0 => fits(merge, shown, people, &both),
        1 if all_are(Shape::NoAncestor) && people.base_is_lost => {
            format!(
                "What these versions were made from can’t be read, so it is not known what each changed. {what}"
            )
        }
        1 if all_are(Shape::NoAncestor) => {
            format!(
                "These versions were written separately, with no earlier version in common. {what}"
            )
        }
        1 if all_are(Shape::SameSentence) && open[0].joined.is_some() => {
            format!(
                "{both} changed one sentence, but not the same words. Take the suggestion, or choose."
            )
        }
        1 if all_are(Shape::DeletedEdited) => {
            format!(
                "One version deletes what another changed. Choose whether the {thing} keeps it."
            )
        }
        1 if all_are(Shape::MovedTwice) => {
            "The same lines were moved to different places. Choose where they belong.".to_owned()
        }
        n => {
            // All that lies behind the last one is one choice, of more places than one.
            let more = if open.iter().any(|place| place.rest) { "at least " } else { "" };
            let places = words::count(n, "place", "places");
            let verb = if two && by_one.is_none() { "changed" } else { "differ in" };
            format!("{both} {verb} {more}{places}. {what}")
        }
    }
}

/// Says what is true if there is nothing to choose.
fn fits(merge: &Merge, shown: &Blocks, people: &People, both: &str) -> String {
    let places: Vec<&Place> =
        merge.places().map(|(_, p)| p).filter(|place| !is_space(place)).collect();
    let joined: Vec<Shape> = places
        .iter()
        .map(|p| p.shape)
        .filter(|s| !matches!(s, Shape::OneSide | Shape::SameChange))
        .collect();
    let only = |shape| !joined.is_empty() && joined.iter().all(|s| *s == shape);
    let check = "Check the result and save.";
    if places.is_empty() && shown.spaces > 0 {
        return "The versions differ only in white space. Save to close this conflict.".to_owned();
    }
    if places.is_empty() {
        return "The versions say the same, apart from line ends. Save to close this conflict."
            .to_owned();
    }
    if joined.is_empty() {
        return format!("The changes don’t overlap. {check}");
    }
    if only(Shape::Appended) {
        let verb =
            if people.all.len() == 2 && people.all_by_one().is_none() { "added" } else { "add" };
        return format!(
            "{both} {verb} something at the same place, and all of it is kept. {check}"
        );
    }
    if only(Shape::Moved) {
        return format!("Something was moved, and the changes made to it moved along. {check}");
    }
    if only(Shape::Sentences) {
        return format!("The changes are close together but don’t overlap, so all are in. {check}");
    }
    format!("All changes fit together. {check}")
}

/// Says who deleted the page and who edited it, if somebody deleted it.
fn page_deletion(people: &People) -> Option<String> {
    let which = |deletes| -> Vec<usize> {
        (0..people.all.len()).filter(|v| people.all[*v].deletes == deletes).collect()
    };
    let (deleted, edited) = (which(true), which(false));
    (!deleted.is_empty() && !edited.is_empty()).then(|| {
        let thing = people.thing;
        let (deleters, editors) = (people.list(&deleted), people.within(&edited));
        let now = if people.all[0].deletes {
            format!("Readers see no {thing} now. ")
        } else {
            String::new()
        };
        let what = match people.all_by_one() {
            Some(versions) => format!("{versions} disagree: one deletes this {thing}."),
            None => format!("{deleters} deleted this {thing}, {editors} edited it."),
        };
        format!("{what} {now}Choose whether it stays.")
    })
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
