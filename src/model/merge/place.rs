//! A place that versions changed: what each says there, and what can be chosen.

use sha2::{Digest as _, Sha256};

use super::glue::{beside, same};
use crate::model::diff::{content, lines};

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
    pub(super) key: String,
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

impl Wording {
    /// Returns a short hash of its text, the same for every kind of line end.
    pub fn key(&self) -> String {
        short_hash([self.text.as_str()])
    }
}

impl Place {
    pub(super) fn new(base: Option<String>, wordings: Vec<Wording>, shape: Shape) -> Self {
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
            Shape::SameWords => whole() && changed().all(|w| lines(&w.text).len() > 1),
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
    pub(super) fn followed(&self, leader: &Self, choice: &Choice) -> Choice {
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

    pub(super) fn set_key(&mut self, occurrence: usize) {
        self.key = self.content_key();
        if occurrence > 0 {
            self.key = format!("{}-{occurrence}", self.key);
        }
    }

    pub(super) fn content_key(&self) -> String {
        let changed = self.wordings.iter().filter(|w| w.changed);
        let mut texts: Vec<&str> = changed.map(|w| w.text.as_str()).collect();
        texts.sort_unstable();
        short_hash(self.base.iter().map(String::as_str).chain(texts))
    }
}

fn short_hash<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    for text in texts {
        for line in lines(text) {
            hasher.update(content(line));
            hasher.update(b"\n");
        }
        // No text holds this byte.
        hasher.update([0xff]);
    }
    hex::encode(&hasher.finalize()[..8])
}
