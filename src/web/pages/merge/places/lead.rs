//! What the screen says of the whole merge.

use super::{Blocks, is_space};
use crate::model::merge::{Merge, Place, Shape};
use crate::web::pages::merge::people::People;
use crate::web::pages::words::{self, capital, count};

/// Says in a sentence or two what there is to do.
pub(in crate::web::pages::merge) fn lead(merge: &Merge, shown: &Blocks, people: &People) -> String {
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
            None => format!("{deleters} deleted this {thing} and {editors} edited it."),
        };
        format!("{what} {now}Choose whether it stays.")
    })
}
