//! Merges any number of versions of a text as a value: what fits together, and what a person decides.
//!
//! A [`Merge`] is a function of the texts alone, so every replica sees the same one. It cuts the
//! page into [`Chunk`]s: lines that nobody changed, and [`Place`]s with every wording that some
//! version has there. Each place says what is known of it ([`Shape`]) and what is taken if nobody
//! objects ([`Place::preselected`]); only places without that are open.
//!
//! Three passes, each only inside what the one before left in conflict: lines, then sentences,
//! cells and list items, then white space. Text is never lost silently: every line that a version
//! wrote is in the result or in a place that shows it. No choice glues two lines together. Line
//! ends and the final newline are the winner's, and lines that nobody changed keep their bytes.

mod lines;
mod moves;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
mod tokens;

use sha2::{Digest as _, Sha256};

pub use super::diff::{LineEnding, normalise_endings};

/// A head other than the winner, with the text of its merge base with the winner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version<'a> {
    /// What it and the winner were made from; none without a common ancestor.
    pub base: Option<&'a str>,
    /// Its text; empty if it deletes the page.
    pub text: &'a str,
}

/// Several versions of a text, cut into what needs no decision and what does.
///
/// Version 0 is the winner; the others follow in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    chunks: Vec<Chunk>,
    ending: LineEnding,
    /// Whether the last line ends with a newline.
    ended: bool,
}

/// How much of a merge is left for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// All changes lie in different lines.
    Clean,
    /// There is nothing to choose, but something was joined beyond lines and should be seen.
    Offered,
    /// This many choices have to be made.
    Open(usize),
}

/// A stretch of whole lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chunk {
    /// No version changed these lines.
    Unchanged(String),
    /// At least one version did.
    Changed(Place),
}

/// A stretch that at least one version changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What it said before; none without a common ancestor.
    pub base: Option<String>,
    /// The distinct wordings, line ends aside; the first is the winner's.
    pub wordings: Vec<Wording>,
    /// What is known of the changes.
    pub shape: Shape,
    /// What the passes beyond lines made of it; a mere suggestion if the place is open.
    pub joined: Option<String>,
    /// The index of an earlier place whose choice decides this one too.
    pub follows: Option<usize>,
    /// The move that the place is part of.
    pub moved: Option<Moved>,
    /// Whether this is all that lies behind the last place that is offered by itself.
    pub rest: bool,
    key: String,
}

/// What some versions say at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    /// The lines; empty if they were deleted there.
    pub text: String,
    /// The versions that say this, in ascending order.
    pub versions: Vec<usize>,
    /// Whether this differs from what it said before.
    pub changed: bool,
}

/// A block of lines that changed its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The versions that moved it.
    pub versions: Vec<usize>,
    /// Its first line, without the signs of a heading.
    pub title: String,
}

/// What is known of the changes at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shape {
    /// Only one version changed these lines.
    OneSide,
    /// All versions that changed them changed them alike.
    SameChange,
    /// Different sentences, cells or list items changed; they were joined.
    Sentences,
    /// The wordings differ in nothing but white space.
    WhiteSpace,
    /// Every version only added something at this place.
    Appended,
    /// One version moved the lines, another edited them; the edit follows the move.
    Moved,
    /// The same sentence changed, but not the same words.
    SameSentence,
    /// The same words changed.
    SameWords,
    /// One version deleted what another edited.
    DeletedEdited,
    /// Versions moved the same lines to different places.
    MovedTwice,
    /// The versions have no common ancestor.
    NoAncestor,
}

/// What to put at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// One of the wordings, by its index.
    Wording(usize),
    /// Every changed wording, in the order of the versions.
    All,
    /// Every changed wording, in the opposite order.
    AllReversed,
    /// What the passes joined or suggest.
    Joined,
    /// What it said before.
    Base,
    /// Something else.
    Text(String),
}

impl Shape {
    /// Returns true if a person has to choose.
    pub fn is_open(self) -> bool {
        match self {
            Self::OneSide
            | Self::SameChange
            | Self::Sentences
            | Self::WhiteSpace
            | Self::Appended
            | Self::Moved => false,
            Self::SameSentence
            | Self::SameWords
            | Self::DeletedEdited
            | Self::MovedTwice
            | Self::NoAncestor => true,
        }
    }
}

impl Chunk {
    /// Returns true if a person has to choose here.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Changed(place) if place.is_open())
    }
}

impl Wording {
    /// Returns a short hash of its text, the same for every kind of line end.
    pub fn key(&self) -> String {
        short_hash([self.text.as_str()])
    }
}

impl Place {
    fn new(base: Option<String>, wordings: Vec<Wording>, shape: Shape) -> Self {
        let (joined, follows, moved) = (None, None, None);
        Self { base, wordings, shape, joined, follows, moved, rest: false, key: String::new() }
    }

    /// Returns true if a person has to choose here.
    pub fn is_open(&self) -> bool {
        self.follows.is_none() && self.shape.is_open()
    }

    /// Returns what is taken if nobody chooses; none if the place is open or follows another.
    pub fn preselected(&self) -> Option<Choice> {
        if self.shape.is_open() {
            return None;
        }
        if self.joined.is_some() {
            return Some(Choice::Joined);
        }
        Some(match self.shape {
            Shape::Appended if self.wordings.iter().filter(|w| w.changed).count() > 1 => {
                Choice::All
            }
            _ => Choice::Wording(self.wordings.iter().position(|w| w.changed).unwrap_or(0)),
        })
    }

    /// Lists the choices that make sense, apart from typing something else.
    pub fn choices(&self) -> Vec<Choice> {
        let mut choices: Vec<Choice> = (0..self.wordings.len()).map(Choice::Wording).collect();
        if self.joined.is_some() {
            choices.push(Choice::Joined);
        }
        let changed = || self.wordings.iter().filter(|w| w.changed);
        let whole = || changed().all(|w| !w.text.is_empty());
        let beside = match self.shape {
            Shape::Appended => self.joined.is_none(),
            // Whole lines can stand beside each other; a sentence twice makes no sense.
            Shape::NoAncestor => whole(),
            Shape::SameWords if self.rest => false,
            Shape::SameWords => whole() && changed().all(|w| super::diff::lines(&w.text).len() > 1),
            _ => false,
        };
        if beside && changed().count() > 1 {
            choices.extend([Choice::All, Choice::AllReversed]);
        }
        if let Some(base) = &self.base
            && !self.wordings.iter().any(|w| same(&w.text, base))
        {
            choices.push(Choice::Base);
        }
        choices
    }

    /// Returns a short hash of what it said before and what it was changed to, so that a choice can
    /// be found again in another merge in which the same was changed here. Versions that say what it
    /// said before do not count.
    pub fn key(&self) -> String {
        self.key.clone()
    }

    /// Returns what a version says here; none if it was made from something else and did not
    /// change this.
    pub fn text_of(&self, version: usize) -> Option<&str> {
        let wording = self.wordings.iter().find(|w| w.versions.contains(&version));
        wording.map(|w| w.text.as_str())
    }

    /// Returns the text of a choice; a choice that the place does not have is the winner's wording.
    pub fn text(&self, choice: &Choice) -> String {
        let winner = || self.wordings.first().map_or("", |w| w.text.as_str());
        let changed = self.wordings.iter().filter(|w| w.changed).map(|w| w.text.as_str());
        match choice {
            Choice::Wording(i) => self.wordings.get(*i).map_or_else(winner, |w| &w.text).to_owned(),
            Choice::All => beside(changed),
            Choice::AllReversed => beside(changed.rev()),
            Choice::Joined => self.joined.as_deref().unwrap_or_else(winner).to_owned(),
            Choice::Base => self.base.clone().unwrap_or_default(),
            Choice::Text(text) => text.clone(),
        }
    }

    /// Returns what the choice at the place that this one follows means here: the lines are at one
    /// of the places, where the first of the versions that agree with the choice moved them.
    fn followed(&self, leader: &Self, choice: &Choice) -> Choice {
        let chosen = match choice {
            Choice::Wording(chosen) => leader.wordings.get(*chosen),
            _ => None,
        };
        let elsewhere = chosen.filter(|chosen| chosen.text.is_empty());
        let moved = self.moved.iter().flat_map(|moved| &moved.versions);
        let by = moved.filter(|by| elsewhere.is_some_and(|w| w.versions.contains(by))).min();
        let found = self.wordings.iter().position(|w| match by {
            Some(by) => w.versions.contains(by),
            None => w.text.is_empty(),
        });
        found.map_or(Choice::Text(String::new()), Choice::Wording)
    }

    fn set_key(&mut self, occurrence: usize) {
        self.key = self.content_key();
        if occurrence > 0 {
            self.key = format!("{}-{occurrence}", self.key);
        }
    }

    fn content_key(&self) -> String {
        let changed = self.wordings.iter().filter(|w| w.changed);
        let mut texts: Vec<&str> = changed.map(|w| w.text.as_str()).collect();
        texts.sort_unstable();
        short_hash(self.base.iter().map(String::as_str).chain(texts))
    }
}

impl Merge {
    /// How many open places are offered one by one; what follows is taken from one version.
    pub const MAX_PLACES: usize = 200;

    /// Merges the other heads into the winner.
    pub fn of(winner: &str, others: &[Version<'_>]) -> Self {
        Self::made(winner, others, true)
    }

    /// Merges the versions of a block; what moved within the block is a deletion and an insertion.
    fn of_block(winner: &str, others: &[Version<'_>]) -> Self {
        Self::made(winner, others, false)
    }

    fn made(winner: &str, others: &[Version<'_>], moves: bool) -> Self {
        let model = if winner.is_empty() {
            others.iter().map(|v| v.text).filter(|t| !t.is_empty()).min().unwrap_or("")
        } else {
            winner
        };
        let ending = LineEnding::of(model);
        let mut merge = Self {
            chunks: lines::chunks(winner, others, ending, moves),
            ending,
            ended: model.ends_with('\n'),
        };
        merge.gather_rest(others.len() + 1);
        merge.name_places();
        merge
    }

    /// Makes one place of all that lies behind the last place that is offered by itself: what
    /// needs no choice is in it, and of what does, each version has its own.
    fn gather_rest(&mut self, versions: usize) {
        let open = self.chunks.iter().enumerate().filter(|(_, chunk)| chunk.is_open());
        let open: Vec<usize> = open.map(|(at, _)| at).collect();
        if open.len() <= Self::MAX_PLACES {
            return;
        }
        let rest = self.chunks.split_off(open[Self::MAX_PLACES - 1]);
        let text = |say: &dyn Fn(&Place) -> String| -> String {
            let mut out = Glue::new(self.ending);
            for chunk in &rest {
                match chunk {
                    Chunk::Unchanged(text) => out.push(text),
                    Chunk::Changed(place) => out.push(&match place.preselected() {
                        Some(choice) => place.text(&choice),
                        None => say(place),
                    }),
                }
            }
            out.text
        };
        let base = text(&|place| place.base.clone().unwrap_or_default());
        let mut wordings: Vec<Wording> = Vec::new();
        for version in 0..versions {
            let text = text(&|place| place.text_of(version).unwrap_or_default().to_owned());
            match wordings.iter_mut().find(|wording| same(&wording.text, &text)) {
                Some(wording) => wording.versions.push(version),
                None => wordings.push(Wording {
                    changed: !same(&text, &base),
                    versions: vec![version],
                    text,
                }),
            }
        }
        let mut place = Place::new(Some(base), wordings, Shape::SameWords);
        place.rest = true;
        self.chunks.push(Chunk::Changed(place));
    }

    /// Merges two versions; an empty base means that they have no common ancestor.
    pub fn new(base: &str, winner: &str, other: &str) -> Self {
        let base = Some(base).filter(|base| !base.is_empty());
        Self::of(winner, &[Version { base, text: other }])
    }

    /// Gives each place a key of its own.
    fn name_places(&mut self) {
        let mut seen = std::collections::HashMap::new();
        for chunk in &mut self.chunks {
            if let Chunk::Changed(place) = chunk {
                let times: &mut usize = seen.entry(place.content_key()).or_default();
                place.set_key(*times);
                *times += 1;
            }
        }
    }

    /// Returns the whole page in order.
    pub fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    /// Lists the changed places with their indices, which [`resolve`](Self::resolve) uses too.
    pub fn places(&self) -> impl Iterator<Item = (usize, &Place)> {
        let changed = self.chunks.iter().filter_map(|chunk| match chunk {
            Chunk::Changed(place) => Some(place),
            Chunk::Unchanged(_) => None,
        });
        changed.enumerate()
    }

    /// Returns how much is left for people.
    pub fn standing(&self) -> Standing {
        let open = self.places().filter(|(_, place)| place.is_open()).count();
        if open > 0 {
            return Standing::Open(open);
        }
        let by_lines = |place: &Place| matches!(place.shape, Shape::OneSide | Shape::SameChange);
        if self.places().all(|(_, place)| by_lines(place)) {
            Standing::Clean
        } else {
            Standing::Offered
        }
    }

    /// Puts the page together, asking what to take at each place, except at places that follow
    /// another.
    ///
    /// Lines are never glued together, new lines end as the winner's do, and lines that the winner
    /// has keep their bytes.
    pub fn resolve(&self, mut choose: impl FnMut(usize, &Place) -> Choice) -> String {
        let mut out = Glue::new(self.ending);
        let mut made: Vec<(&Place, Choice)> = Vec::new();
        for chunk in &self.chunks {
            match chunk {
                Chunk::Unchanged(text) => out.push(text),
                Chunk::Changed(place) => {
                    let leader = place.follows.and_then(|leader| made.get(leader));
                    let choice = match leader {
                        Some((leader, choice)) => place.followed(leader, choice),
                        None => choose(made.len(), place),
                    };
                    match &choice {
                        Choice::Text(text) => out.push(&self.ending.apply(text)),
                        choice => out.push(&place.text(choice)),
                    }
                    made.push((place, choice));
                }
            }
        }
        out.finish(self.ended)
    }

    /// Returns the merged text if all changes lie in different lines.
    pub fn clean(&self) -> Option<String> {
        (self.standing() == Standing::Clean).then(|| self.settled())
    }

    /// Returns the merged text if there is nothing to choose.
    pub fn suggested(&self) -> Option<String> {
        (!matches!(self.standing(), Standing::Open(_))).then(|| self.settled())
    }

    fn settled(&self) -> String {
        self.resolve(|_, place| place.preselected().unwrap_or(Choice::Wording(0)))
    }
}

/// Text that is put together from whole lines.
struct Glue {
    text: String,
    ending: LineEnding,
}

impl Glue {
    fn new(ending: LineEnding) -> Self {
        Self { text: String::new(), ending }
    }

    fn push(&mut self, piece: &str) {
        if !(piece.is_empty() || self.text.is_empty() || self.text.ends_with('\n')) {
            self.text.push_str(self.ending.as_str());
        }
        self.text.push_str(piece);
    }

    fn finish(mut self, ended: bool) -> String {
        if self.text.is_empty() {
        } else if !ended {
            while self.text.ends_with('\n') {
                let lines = super::diff::lines(&self.text);
                let last =
                    lines.last().map_or(0, |line| line.len() - super::diff::content(line).len());
                self.text.truncate(self.text.len() - last);
            }
        } else if !self.text.ends_with('\n') {
            self.text.push_str(self.ending.as_str());
        }
        self.text
    }
}

/// Puts texts one after another; paragraphs stay paragraphs.
fn beside<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
    let blank = |line: Option<&&str>| line.is_some_and(|line| super::diff::is_blank(line));
    let edges: Vec<(bool, bool)> = (texts.iter())
        .map(|text| {
            let lines = super::diff::lines(text);
            (blank(lines.first()), blank(lines.last()))
        })
        .collect();
    let apart = edges.iter().any(|(first, last)| *first || *last);
    let ending = LineEnding::of_all(texts.iter().copied());
    let mut out = Glue::new(ending);
    for (i, text) in texts.iter().enumerate() {
        out.push(text);
        let together = edges.get(i + 1).is_some_and(|next| !edges[i].1 && !next.0);
        if apart && together {
            out.push(ending.as_str());
        }
    }
    out.text
}

/// Returns true if two texts have the same lines, their ends aside.
fn same(one: &str, other: &str) -> bool {
    let content = |text| super::diff::lines(text).into_iter().map(super::diff::content);
    one == other || content(one).eq(content(other))
}

fn short_hash<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    for text in texts {
        for line in super::diff::lines(text) {
            hasher.update(super::diff::content(line));
            hasher.update(b"\n");
        }
        // No text holds this byte.
        hasher.update([0xff]);
    }
    hex::encode(&hasher.finalize()[..8])
}
