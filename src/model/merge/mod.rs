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

mod glue;
mod lines;
mod moves;
mod place;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
mod tokens;

use self::glue::{Glue, same};
pub use self::place::{Choice, Moved, Place, Shape, Wording};
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

impl Chunk {
    /// Returns true if a person has to choose here.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Changed(place) if place.is_open())
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
