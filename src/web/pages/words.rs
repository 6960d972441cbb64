//! What happened, in sentences for people who know nothing of revisions.

use std::collections::BTreeSet;

use crate::model::path::fold;
use crate::model::revision::RevisionId;
use crate::wiki::{Document, Revision};

/// How far back the savers since an edit began are looked for.
const FAR_ENOUGH: usize = 200;

/// Returns a name to show at the start of a sentence or on its own.
pub(in crate::web) fn name(author: &str) -> &str {
    if author.is_empty() { "An unnamed editor" } else { author }
}

/// Returns a name to show within a sentence, as after “by”.
pub(in crate::web) fn by(author: &str) -> &str {
    if author.is_empty() { "an unnamed editor" } else { author }
}

/// Prints a small number as a word.
pub(in crate::web) fn count(n: usize, one: &str, many: &str) -> String {
    const WORDS: [&str; 13] = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve",
    ];
    let number = WORDS.get(n).map_or_else(|| n.to_string(), ToString::to_string);
    format!("{number} {}", if n == 1 { one } else { many })
}

/// Makes the first letter a capital.
pub(in crate::web) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    first + chars.as_str()
}

/// Lists names at the start of a sentence: `Ada`, `Ada and Ben`, `Ada, Ben and 2 others`.
pub(in crate::web) fn list(names: &[&str]) -> String {
    match names {
        [] => name("").to_owned(),
        [one] => (*one).to_owned(),
        [one, two] => format!("{one} and {two}"),
        [one, two, three] => format!("{one}, {two} and {three}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} others", rest.len()),
    }
}

/// Lists the authors of versions for a visitor at the start of a sentence: `Ada and you`.
pub(in crate::web) fn authors<'a>(
    versions: impl Iterator<Item = &'a Revision>,
    me: &str,
) -> String {
    let me = fold(me);
    let (mut names, mut you): (Vec<&str>, bool) = (Vec::new(), false);
    for version in versions {
        let name = name(&version.author);
        if !me.is_empty() && fold(&version.author) == me {
            you = true;
        } else if !names.contains(&name) {
            names.push(name);
        }
    }
    if you {
        names.push(if names.is_empty() { "You" } else { "you" });
    }
    list(&names)
}

/// Returns who saved what is in `theirs` and not in what somebody began with, the latest first.
pub(in crate::web) fn savers_since<'a>(
    document: &'a Document,
    made_from: &[RevisionId],
    theirs: RevisionId,
) -> Vec<&'a str> {
    let history = document.history();
    let mut queue = BTreeSet::from([theirs]);
    let mut names: Vec<&str> = Vec::new();
    let mut looked_at = 0;
    while let Some(id) = queue.pop_last() {
        looked_at += 1;
        let old = made_from.iter().any(|base| history.descends_from(*base, id));
        if old || looked_at > FAR_ENOUGH {
            continue;
        }
        if let Some(revision) = document.revision(id)
            && !names.contains(&revision.author.as_str())
        {
            names.push(&revision.author);
        }
        queue.extend(history.parents(id));
    }
    names
}

/// Says why the winner is the one that readers see.
pub(in crate::web) fn why(winner: &Revision, others: &[&Revision]) -> String {
    let Some(next) = others.iter().max_by_key(|r| r.id) else { return String::new() };
    let (ours, theirs) = (winner.id.number(), next.id.number());
    if ours > theirs {
        let rest = if others.len() == 1 {
            format!("it is revision {ours}, the other is revision {theirs}")
        } else {
            format!("it is revision {ours}, and none of the others is higher than {theirs}")
        };
        return format!("More edits led to it: {rest}.");
    }
    let (won, lost) =
        (winner.id.nonce().simple().to_string(), next.id.nonce().simple().to_string());
    // As many digits as it takes to see the difference.
    let same = won.bytes().zip(lost.bytes()).take_while(|(a, b)| a == b).count();
    let digits = (same + 1).clamp(4, won.len());
    let all = if others.len() == 1 { "Both are" } else { "The highest are all" };
    format!(
        "{all} revision {ours}. In a tie the higher of their random numbers decides ({}… is higher than {}…), so every copy of the wiki picks the same one.",
        &won[..digits],
        &lost[..digits],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_read_well() {
        assert_eq!(list(&["Ada"]), "Ada");
        assert_eq!(list(&["Ada", "Ben"]), "Ada and Ben");
        assert_eq!(list(&["Ada", "Ben", "Cleo"]), "Ada, Ben and Cleo");
        assert_eq!(list(&["Ada", "Ben", "Cleo", "Dan"]), "Ada, Ben and 2 others");
        assert_eq!(count(1, "place", "places"), "one place");
        assert_eq!(count(13, "place", "places"), "13 places");
        assert_eq!(capital("at one"), "At one");
        assert_eq!((name(""), by("")), ("An unnamed editor", "an unnamed editor"));
    }
}
