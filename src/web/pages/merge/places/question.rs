//! A place with a choice: its wordings, and the further choices.

use super::{Maker, More, Question, Wording, base_of};
use crate::model::merge::{Choice, Place, Shape};
use crate::web::pages::merge::form::{TYPED, word_of};
use crate::web::pages::merge::marks::{Mark, Marked, Piece, shown};

impl Maker<'_> {
    pub(super) fn question(&mut self, place: &Place) -> Question {
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
}

/// Marks what a wording has that the other one does not have, if there is nothing before both.
fn against_other(place: &Place, at: usize) -> Marked {
    let other = place.wordings.get(usize::from(at == 0)).map_or("", |w| &w.text);
    let mut marked = Marked::new_words(other, &place.wordings[at].text);
    marked.pieces.retain(|piece: &Piece| piece.mark != Mark::Removed);
    marked
}

/// Returns a text as a field shows it: without its last line end.
fn field(text: &str) -> String {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text).replace("\r\n", "\n")
}
