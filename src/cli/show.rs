//! How revisions are written on a terminal: one line each, the id first so that it can be copied.

use jiff::Timestamp;

use crate::wiki::Revision;

/// Prints a time as people read it, in UTC so that it is the same everywhere.
pub(super) fn time(date: Option<Timestamp>) -> String {
    match date {
        Some(date) => date.strftime("%Y-%m-%d %H:%M").to_string(),
        None => "—".to_owned(),
    }
}

/// Names the author of a revision.
pub(super) fn author(revision: &Revision) -> String {
    if revision.author.is_empty() {
        "an unnamed editor".to_owned()
    } else {
        printable(&revision.author)
    }
}

/// Prints what the author said, or what the revision is.
pub(super) fn summary(revision: &Revision) -> String {
    match () {
        () if !revision.summary.is_empty() => printable(&revision.summary),
        () if revision.is_deletion() => "(deleted)".to_owned(),
        () if revision.bare => "(created by hand)".to_owned(),
        () => String::new(),
    }
}

/// Prints who made a revision, when and why.
pub(super) fn line(revision: &Revision) -> String {
    let text = format!(
        "{}  {}  {}  {}",
        revision.id,
        time(revision.date),
        author(revision),
        summary(revision)
    );
    text.trim_end().to_owned()
}

/// Keeps control characters, which could write over the screen, out of a terminal.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
}
