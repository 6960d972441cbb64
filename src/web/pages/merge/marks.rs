//! What changed in a text, word by word, as the screen marks it.

use crate::model::diff::{Diff, Row, Segment};
use crate::web::pages::words::count;

/// Longer texts are cut off on the screen; what is saved is whole.
const SHOWN: usize = 24 << 10;
/// How much of the rest of a page is shown, if that is one choice.
const BEGINNING: usize = 1 << 10;
/// How many unchanged lines of a long stretch are shown beside a change.
const BESIDE: usize = 3;

/// Some characters, and what became of them.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Unchanged lines that are not shown; the text says how many.
    Skipped,
}

/// A text with its changes marked.
#[derive(Debug, Clone, Default)]
pub(super) struct Marked {
    pub(super) pieces: Vec<Piece>,
    /// How many lines are not shown.
    pub(super) cut: usize,
}

impl Marked {
    /// Marks what a text has that another one does not have, and what was taken away in a line that
    /// has nothing new; where words were replaced only the new ones are shown.
    pub(super) fn new_words(base: &str, text: &str) -> Self {
        Self::of(base, text, false)
    }

    /// Marks what was added and what was taken away, both in place.
    pub(super) fn all_changes(base: &str, text: &str) -> Self {
        Self::of(base, text, true)
    }

    /// Marks the beginning of what a long text has that another one does not have.
    pub(super) fn beginning(base: &str, text: &str) -> Self {
        let ((base, _), (text, cut)) = (cut_at(base, BEGINNING), cut_at(text, BEGINNING));
        let marked = Self::new_words(base, text);
        Self { cut: marked.cut + cut, ..marked }
    }

    fn of(base: &str, text: &str, removed_too: bool) -> Self {
        let ((base, _), (text, cut)) = (shown(base), shown(text));
        let mut line = Line::default();
        let diff = Diff::between(base, text);
        let marked = |row: &Row| row.segments.iter().any(|s| s.changed);
        for (i, pair) in diff.side_by_side().into_iter().enumerate() {
            let (mut parts, end) = match (pair.old, pair.new) {
                (_, Some(new)) if !new.is_added() => (all(new, Mark::Same), Mark::Same),
                (Some(old), Some(new)) if removed_too && marked(old) | marked(new) => {
                    (woven(&old.segments, &new.segments), Mark::Same)
                }
                (Some(old), Some(new)) if removed_too => {
                    let mut parts = all(old, Mark::Removed);
                    parts.push(Piece { mark: Mark::Removed, text: "\n".to_owned() });
                    parts.extend(all(new, Mark::Added));
                    (parts, Mark::Same)
                }
                (Some(old), Some(new)) if !marked(new) && marked(old) => {
                    (part(old, Mark::Removed), Mark::Same)
                }
                (_, Some(new)) if marked(new) => (part(new, Mark::Added), Mark::Same),
                (_, Some(new)) => (all(new, Mark::Added), Mark::Added),
                (Some(old), None) => (all(old, Mark::Removed), Mark::Removed),
                (None, None) => continue,
            };
            if i > 0 {
                line.push(Mark::Same, "\n");
            }
            // A line that is empty would not be seen to have come or gone.
            if parts.iter().all(|p| p.text.is_empty()) && end != Mark::Same {
                parts = vec![Piece { mark: end, text: "\u{b6}".to_owned() }];
            }
            for piece in parts {
                line.push(piece.mark, &piece.text);
            }
        }
        line.trim();
        let pieces = line.pieces.into_iter().flat_map(without_middle).collect();
        Self { pieces, cut }
    }
}

/// Leaves out the middle of a long unchanged stretch.
fn without_middle(piece: Piece) -> Vec<Piece> {
    let lines: Vec<&str> = piece.text.split_inclusive('\n').collect();
    if piece.mark != Mark::Same || lines.len() <= 2 * BESIDE + 3 {
        return vec![piece];
    }
    let (first, last) = (BESIDE, lines.len() - BESIDE);
    let same = |lines: &[&str]| Piece { mark: Mark::Same, text: lines.concat() };
    let skipped = count(last - first, "unchanged line", "unchanged lines");
    vec![
        same(&lines[..first]),
        Piece { mark: Mark::Skipped, text: format!("… {skipped} …") },
        Piece { mark: Mark::Same, text: format!("\n{}", lines[last..].concat()) },
    ]
}

/// Cuts a text that is too long to be shown; returns also how many lines that leaves out.
pub(super) fn shown(text: &str) -> (&str, usize) {
    cut_at(text, SHOWN)
}

fn cut_at(text: &str, most: usize) -> (&str, usize) {
    if text.len() <= most {
        return (text, 0);
    }
    let mut end = most;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let end = text[..end].rfind('\n').map_or(end, |at| at + 1);
    (&text[..end], crate::model::diff::lines(&text[end..]).len().max(1))
}

#[derive(Default)]
struct Line {
    pieces: Vec<Piece>,
}

impl Line {
    /// Drops unchanged blank lines at either end, and the signs for changed ones at the end if
    /// there is something else to see.
    fn trim(&mut self) {
        while let [before @ .., last] = &mut self.pieces[..]
            && last.text == "\u{b6}"
            && before.iter().any(|piece| !piece.text.trim().is_empty())
            && before.iter().any(|piece| piece.mark != Mark::Same)
        {
            self.pieces.pop();
            if let Some(end) = self.pieces.last_mut() {
                end.text.truncate(end.text.trim_end_matches('\n').len());
            }
            self.pieces.retain(|piece| !piece.text.is_empty());
        }
        if let Some(first) = self.pieces.first_mut().filter(|piece| piece.mark == Mark::Same) {
            first.text.drain(..first.text.len() - first.text.trim_start_matches('\n').len());
        }
        if let Some(last) = self.pieces.last_mut().filter(|piece| piece.mark == Mark::Same) {
            last.text.truncate(last.text.trim_end_matches('\n').len());
        }
        self.pieces.retain(|piece| !piece.text.is_empty());
    }

    fn push(&mut self, mark: Mark, text: &str) {
        match self.pieces.last_mut() {
            _ if text.is_empty() => {}
            Some(last) if last.mark == mark => last.text.push_str(text),
            _ => self.pieces.push(Piece { mark, text: text.to_owned() }),
        }
    }
}

fn all(row: &Row, mark: Mark) -> Vec<Piece> {
    vec![Piece { mark, text: row.text() }]
}

fn part(row: &Row, mark: Mark) -> Vec<Piece> {
    let piece = |s: &Segment| Piece {
        mark: if s.changed { mark } else { Mark::Same },
        text: s.text.clone(),
    };
    row.segments.iter().map(piece).collect()
}

/// Puts a line and the one that replaced it into one: what they share once, what changed in place.
fn woven(old: &[Segment], new: &[Segment]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut push = |mark, text: &str| pieces.push(Piece { mark, text: text.to_owned() });
    let (mut old, mut new) = (old.iter(), new.iter());
    // What is left of the stretch that both share.
    let (mut left_old, mut left_new) = ("", "");
    loop {
        if left_old.is_empty()
            && let Some(segment) = old.next()
        {
            if segment.changed {
                push(Mark::Removed, &segment.text);
            } else {
                left_old = &segment.text;
            }
            continue;
        }
        if left_new.is_empty()
            && let Some(segment) = new.next()
        {
            if segment.changed {
                push(Mark::Added, &segment.text);
            } else {
                left_new = &segment.text;
            }
            continue;
        }
        if left_new.is_empty() && left_old.is_empty() {
            return pieces;
        }
        // What is the same is the same in both, in the same order, but may be cut differently.
        let both = match (left_old.len(), left_new.len()) {
            (0, new) => new,
            (old, 0) => old,
            (old, new) => old.min(new),
        };
        let whole = if left_new.is_empty() { left_old } else { left_new };
        let text = whole.get(..both).unwrap_or(whole);
        push(Mark::Same, text);
        left_old = left_old.get(text.len()..).unwrap_or_default();
        left_new = left_new.get(text.len()..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(marked: &Marked) -> String {
        let one = |piece: &Piece| match piece.mark {
            Mark::Same => piece.text.clone(),
            Mark::Added => format!("+[{}]", piece.text),
            Mark::Removed => format!("-[{}]", piece.text),
            Mark::Skipped => format!("<{}>", piece.text),
        };
        marked.pieces.iter().map(one).collect()
    }

    #[test]
    fn the_new_words_of_a_wording_are_marked() {
        let new = |base, text| print(&Marked::new_words(base, text));
        assert_eq!(new("a\n", "a\nnew\n"), "a\n+[new]");
        assert_eq!(new("a\ngone\n", "a\n"), "a\n-[gone]");
        assert_eq!(
            new("Water the beans once a day.\n", "Water the beans twice a day.\n"),
            "Water the beans +[twice] a day."
        );
        assert_eq!(
            new("Water all the beans a day.\n", "Water the beans a day.\n"),
            "Water -[all ]the beans a day."
        );
        assert_eq!(new("same\n", "same\n"), "same");
    }

    #[test]
    fn words_that_went_and_words_that_came_stand_in_place() {
        let all = |base, text| print(&Marked::all_changes(base, text));
        assert_eq!(
            all("Water the beans once a day.\n", "Water the beans twice a day.\n"),
            "Water the beans -[once]+[twice] a day."
        );
        assert_eq!(
            all("Beans.\n", "Entirely other words here.\n"),
            "-[Beans.\n]+[Entirely other words here.]"
        );
        assert_eq!(all("", "new\n"), "+[new]");
        assert_eq!(all("a\n\nb\n", "a\nb\n"), "a\n-[\u{b6}]\nb");
        // A blank line that goes along with a paragraph needs no sign.
        assert_eq!(all("", "new\n\n"), "+[new]");
        assert_eq!(all("gone\n\n", ""), "-[gone]");
        assert_eq!(all("a\n", "a\n\n"), "a\n+[\u{b6}]");
    }

    #[test]
    fn the_middle_of_what_did_not_change_is_left_out() {
        let base = (0..20).map(|i| i.to_string()).collect::<Vec<_>>().join("\n") + "\n";
        let text = base.replace("19\n", "new\n");
        assert_eq!(
            print(&Marked::new_words(&base, &text)),
            "0\n1\n2\n<… 13 unchanged lines …>\n16\n17\n18\n+[new]"
        );
    }

    #[test]
    fn a_text_that_is_very_long_is_cut_between_lines() {
        let text = "line\n".repeat(10_000);
        let beginning = Marked::beginning("", &text);
        assert_eq!(print(&beginning).matches("line").count() + beginning.cut, 10_000);
        assert!(beginning.cut > 9_000);
        let marked = Marked::new_words("", &text);
        let lines = marked.pieces.iter().filter(|p| p.mark == Mark::Added).count();
        assert_eq!(lines + marked.cut, 10_000);
    }
}
