//! A merge as the screen shows it: folds, clean changes and choices, in order of the page.

use super::form::{Pick, Picks};
use crate::model::diff::{Diff, Row, lines, summary};
use crate::model::merge::two::{Chunk, Hunk, HunkKind};
use crate::web::pages::words::{capital, count};
use crate::wiki::TwoView;

/// A stretch of the page.
pub(super) enum Block {
    /// Nobody changed it.
    Fold { title: String, text: String },
    /// It needs no choosing, but may be chosen.
    Clean(HunkView),
    /// Somebody has to choose.
    Conflict(HunkView),
}

/// A changed place.
pub(super) struct HunkView {
    /// Its index among all changed places, as the form counts them.
    pub(super) index: usize,
    /// Its number among the choices, from 1.
    pub(super) number: usize,
    /// Where it is: `in “Watering”`; may be empty.
    pub(super) place: String,
    /// For a clean change: who did what.
    pub(super) title: String,
    /// For a clean change: why it is chosen.
    pub(super) reason: String,
    pub(super) theirs: SideView,
    pub(super) yours: SideView,
    /// What it said before; none where nothing stood there.
    pub(super) base: String,
    pub(super) pick: Option<Pick>,
    /// The wording typed by hand, or what to begin it with.
    pub(super) typed: String,
    /// It is the first one that is still open.
    pub(super) current: bool,
    /// It was open when the form was sent.
    pub(super) missed: bool,
}

impl HunkView {
    /// Tells whether this is what was chosen.
    pub(super) fn is(&self, word: &str) -> bool {
        self.pick.is_some_and(|pick| pick.word() == word)
    }

    /// Tells whether there was something before both edits.
    pub(super) fn has_base(&self) -> bool {
        !self.base.is_empty()
    }
}

/// What one side has at a changed place.
pub(super) struct SideView {
    /// Its text.
    pub(super) text: String,
    /// The text with what changed marked.
    pub(super) pieces: Vec<Piece>,
    /// Nothing at all is there: the whole text was deleted.
    pub(super) deleted: bool,
}

/// Some characters, and what became of them.
pub(super) struct Piece {
    pub(super) mark: Mark,
    pub(super) text: String,
}

/// What became of some characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Same,
    Added,
    Removed,
}

/// Who is who on the screen.
pub(super) struct Who<'a> {
    pub(super) left: &'a str,
    pub(super) right: &'a str,
}

/// Cuts a merge into what the screen shows.
pub(super) fn blocks(
    view: &TwoView,
    picks: &Picks,
    who: &Who<'_>,
    after_sending: bool,
) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut heading = String::new();
    let (mut index, mut number) = (0, 0);
    let mut current_found = false;
    for chunk in view.merge.chunks() {
        match chunk {
            Chunk::Unchanged(text) => {
                blocks.push(Block::Fold { title: fold_title(text), text: text.clone() });
            }
            Chunk::Changed(hunk) => {
                let mut shown = hunk_view(view, picks, index, hunk);
                shown.place = place(&heading);
                if hunk.is_conflict() {
                    number += 1;
                    shown.number = number;
                    shown.current = shown.pick.is_none() && !current_found;
                    shown.missed = shown.pick.is_none() && after_sending;
                    current_found |= shown.current;
                    blocks.push(Block::Conflict(shown));
                } else {
                    (shown.title, shown.reason) = clean_title(hunk, &shown.place, who);
                    blocks.push(Block::Clean(shown));
                }
                index += 1;
            }
        }
        if let Some(last) = headings(chunk.left()).last() {
            (*last).clone_into(&mut heading);
        }
    }
    blocks
}

fn hunk_view(view: &TwoView, picks: &Picks, index: usize, hunk: &Hunk) -> HunkView {
    HunkView {
        index,
        number: 0,
        place: String::new(),
        title: String::new(),
        reason: String::new(),
        theirs: side(&hunk.base, &hunk.left, view.left.text.is_empty()),
        yours: side(&hunk.base, &hunk.right, view.right.text.is_empty()),
        base: hunk.base.clone(),
        pick: picks.of(index, hunk),
        typed: picks.typed(index).map_or_else(|| beginning(hunk).to_owned(), ToOwned::to_owned),
        current: false,
        missed: false,
    }
}

/// What a wording by hand begins with: what the author knows best.
fn beginning(hunk: &Hunk) -> &str {
    let text = if hunk.right.is_empty() { &hunk.left } else { &hunk.right };
    text.strip_suffix('\n').unwrap_or(text)
}

fn side(base: &str, text: &str, deleted: bool) -> SideView {
    SideView { text: text.to_owned(), pieces: pieces(base, text), deleted }
}

/// Marks in a side's text what it added, and what it took away where nothing took its place.
fn pieces(base: &str, text: &str) -> Vec<Piece> {
    let diff = Diff::between(base, text);
    let mut pieces: Vec<Piece> = Vec::new();
    let mut push = |mark: Mark, text: &str| match pieces.last_mut() {
        Some(last) if last.mark == mark => last.text.push_str(text),
        _ => pieces.push(Piece { mark, text: text.to_owned() }),
    };
    let marked = |row: &Row| row.segments.iter().any(|s| s.changed);
    let mut first = true;
    for pair in diff.side_by_side() {
        // Where a line was replaced by a very different one, only the new one is this side's text.
        let (row, whole, part) = match (pair.old, pair.new) {
            (Some(old), Some(new)) if new.is_added() && !marked(new) && marked(old) => {
                (old, Mark::Same, Mark::Removed)
            }
            (_, Some(new)) if !new.is_added() => (new, Mark::Same, Mark::Same),
            (_, Some(new)) if marked(new) => (new, Mark::Same, Mark::Added),
            (_, Some(new)) => (new, Mark::Added, Mark::Added),
            (Some(old), None) => (old, Mark::Removed, Mark::Removed),
            (None, None) => continue,
        };
        if !std::mem::take(&mut first) {
            push(Mark::Same, "\n");
        }
        for segment in &row.segments {
            push(if segment.changed { part } else { whole }, &segment.text);
        }
    }
    pieces.retain(|piece| !piece.text.is_empty());
    pieces
}

/// Says who did what where, and why nobody needs to choose.
fn clean_title(hunk: &Hunk, place: &str, who: &Who<'_>) -> (String, String) {
    let (name, side) = match hunk.kind {
        HunkKind::Right => (who.right, &hunk.right),
        _ => (who.left, &hunk.left),
    };
    let change = summary(&hunk.base, side);
    let lines = |n| count(n, "line", "lines");
    let did = match (change.added_lines, change.removed_lines) {
        (0, 0) => "changed line ends".to_owned(),
        (added, 0) => format!("added {}", lines(added)),
        (0, removed) => format!("removed {}", lines(removed)),
        (added, _) => format!("changed {}", lines(added)),
    };
    let place = if place.is_empty() { String::new() } else { format!(" {place}") };
    if hunk.kind == HunkKind::Same {
        return (
            format!("Both sides {did}{place}"),
            "already chosen: both made the same change".to_owned(),
        );
    }
    let only = if name == "You" { "you".to_owned() } else { name.to_owned() };
    (format!("{name} {did}{place}"), format!("already chosen: only {only} changed this"))
}

fn place(heading: &str) -> String {
    if heading.is_empty() { String::new() } else { format!("in “{heading}”") }
}

/// Says what an unchanged stretch holds.
fn fold_title(text: &str) -> String {
    let mut title = format!("{} unchanged", lines(text).len());
    title.push_str(if lines(text).len() == 1 { " line" } else { " lines" });
    let headings = headings(text);
    match (headings.first(), headings.last()) {
        (Some(first), Some(last)) if first != last => {
            title = format!("{title} · “{first}” to “{last}”");
        }
        (Some(first), _) => title = format!("{title} · “{first}”"),
        _ => {}
    }
    capital(&title)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(base: &str, text: &str) -> String {
        let mark = |piece: &Piece| match piece.mark {
            Mark::Same => piece.text.clone(),
            Mark::Added => format!("+[{}]", piece.text),
            Mark::Removed => format!("-[{}]", piece.text),
        };
        pieces(base, text).iter().map(mark).collect()
    }

    #[test]
    fn what_a_side_changed_is_marked() {
        assert_eq!(shown("a\n", "a\nnew\n"), "a\n+[new]");
        assert_eq!(shown("a\ngone\n", "a\n"), "a\n-[gone]");
        assert_eq!(
            shown("Water the beans once a day.\n", "Water the beans twice a day.\n"),
            "Water the beans +[twice] a day."
        );
        assert_eq!(
            shown("Water all the beans a day.\n", "Water the beans a day.\n"),
            "Water -[all ]the beans a day."
        );
        assert_eq!(shown("same\n", "same\n"), "same");
    }

    #[test]
    fn headings_are_found_and_code_is_not() {
        assert_eq!(headings("# A\n```\n# no\n```\n## B ##\n#tag\n"), ["A", "B"]);
        assert_eq!(fold_title("# A\ntext\n## B\n"), "3 unchanged lines · “A” to “B”");
        assert_eq!(fold_title("text\n"), "1 unchanged line");
    }
}
