//! Who wrote this line.
//!
//! The one idea: a line that a version has in common with a parent keeps the origin it has there;
//! every other line is the version's own. Where several parents have the line (a merge), the
//! earliest origin is the right one: the others took the line over.

use std::collections::HashMap;
use std::hash::Hash;

use super::align::kept;
use super::lines::lines;

/// A version of a text and the versions it was made from.
#[derive(Debug, Clone)]
pub struct Version<'a, Id> {
    /// What the version is called.
    pub id: Id,
    /// The versions it was made from; those that are not in the history are passed over.
    pub parents: Vec<Id>,
    /// Its whole text.
    pub text: &'a str,
}

/// Names for every line of the last version the version that introduced it.
///
/// The history is ordered so that parents come before their children, and ends with the version
/// to annotate; versions that are not its ancestors do not matter. The answer has one id for each
/// of the [`lines`] of the last version.
pub fn annotate<Id: Clone + Eq + Hash>(history: &[Version<'_, Id>]) -> Vec<Id> {
    let places: HashMap<&Id, usize> = (history.iter().enumerate())
        .map(|(place, version)| (&version.id, place))
        .collect();
    let parents: Vec<Vec<usize>> = (history.iter().enumerate())
        .map(|(place, version)| {
            let known = version.parents.iter().filter_map(|id| places.get(id));
            known.copied().filter(|parent| *parent < place).collect()
        })
        .collect();
    let wanted = ancestors(&parents);

    // For each version, the place in the history where each of its lines was written.
    let mut origins: Vec<Vec<usize>> = vec![Vec::new(); history.len()];
    for (place, version) in history.iter().enumerate() {
        if !wanted[place] {
            continue;
        }
        let new = lines(version.text);
        let mut own = vec![place; new.len()];
        for &parent in &parents[place] {
            for (in_parent, here) in kept(&lines(history[parent].text), &new) {
                own[here] = own[here].min(origins[parent][in_parent]);
            }
        }
        origins[place] = own;
    }
    let tip = origins.pop().unwrap_or_default();
    tip.into_iter()
        .map(|place| history[place].id.clone())
        .collect()
}

/// Names for every line of the last version the version that introduced it, where each version
/// was made from the one before it.
pub fn blame<Id: Clone>(versions: &[(Id, &str)]) -> Vec<Id> {
    let history: Vec<Version<'_, usize>> = (versions.iter().enumerate())
        .map(|(place, (_, text))| Version {
            id: place,
            parents: place.checked_sub(1).into_iter().collect(),
            text,
        })
        .collect();
    annotate(&history)
        .into_iter()
        .map(|place| versions[place].0.clone())
        .collect()
}

/// Marks the last version and everything it was made from.
fn ancestors(parents: &[Vec<usize>]) -> Vec<bool> {
    let mut marked = vec![false; parents.len()];
    if let Some(tip) = marked.last_mut() {
        *tip = true;
    }
    // Parents come first, so going backwards meets every child before its parents.
    for place in (0..parents.len()).rev() {
        if marked[place] {
            for &parent in &parents[place] {
                marked[parent] = true;
            }
        }
    }
    marked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version<'a>(
        id: &'static str,
        parents: &[&'static str],
        text: &'a str,
    ) -> Version<'a, &'static str> {
        Version {
            id,
            parents: parents.to_vec(),
            text,
        }
    }

    #[test]
    fn each_line_names_the_version_that_wrote_it() {
        let versions = [
            ("1", "a\nb\nc"),
            ("2", "a\nB\nc\n"),
            ("3", "new\na\nB\nc\nend\n"),
        ];
        assert_eq!(blame(&versions), ["3", "1", "2", "1", "3"]);
        assert!(blame::<u8>(&[]).is_empty());
        assert!(blame(&[(1, "gone"), (2, "")]).is_empty());
    }

    #[test]
    fn a_line_that_was_removed_and_written_again_is_new() {
        assert_eq!(blame(&[(1, "a\nb\n"), (2, "a\n"), (3, "a\nb\n")]), [1, 3]);
    }

    #[test]
    fn a_merge_keeps_the_authors_of_both_sides() {
        let history = [
            version("base", &[], "top\nmiddle\nend\n"),
            version("left", &["base"], "TOP\nmiddle\nend\n"),
            version("right", &["base"], "top\nmiddle\nEND\n"),
            version("aside", &["base"], "merged by hand\n"),
            version(
                "merge",
                &["left", "right"],
                "TOP\nmiddle\nEND\nmerged by hand\n",
            ),
        ];
        assert_eq!(annotate(&history), ["left", "base", "right", "merge"]);
    }

    #[test]
    fn the_earliest_of_two_parents_wrote_the_line() {
        let history = [
            version("1", &[], "a\n"),
            version("2", &["1"], "a\nsame\n"),
            version("3", &["1"], "a\nsame\n"),
            version("4", &["3", "2"], "a\nsame\n"),
        ];
        assert_eq!(annotate(&history), ["1", "2"]);
    }

    #[test]
    fn parents_that_are_missing_are_passed_over() {
        let history = [version("5", &["4", "3"], "a\nb\n")];
        assert_eq!(annotate(&history), ["5", "5"]);
    }
}
