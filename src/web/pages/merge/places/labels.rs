//! What the screen says of a place and of its choices.

use super::Maker;
use crate::model::diff::lines;
use crate::model::merge::{Choice, Place, Shape};
use crate::web::pages::merge::people::People;

impl Maker<'_> {
    pub(super) fn follows(&self, place: &Place) -> String {
        match &place.moved {
            Some(moved) => format!(
                "The other place of “{}”, which {} moved; the choice above counts here too.",
                moved.title,
                self.people.within(&moved.versions)
            ),
            None => "The choice above counts here too.".to_owned(),
        }
    }

    pub(super) fn joined_label(&self, place: &Place) -> String {
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

    pub(super) fn is_page_deletion(&self, place: &Place) -> bool {
        let deletes = |v: &usize| self.people.all.get(*v).is_some_and(|p| p.deletes);
        place.wordings.iter().any(|w| w.text.is_empty() && w.versions.iter().any(deletes))
    }

    /// Says what choosing a wording means, and whose it is.
    pub(super) fn label(&self, place: &Place, at: usize) -> String {
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

    pub(super) fn more_label(&self, place: &Place, choice: &Choice) -> (&'static str, String) {
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
    pub(super) fn note(&self, place: &Place) -> String {
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

/// Says whose a change is that needs no choice.
pub(super) fn one_change(people: &People, versions: &[usize]) -> String {
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
