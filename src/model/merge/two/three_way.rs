//! Cuts a base and two sides into chunks.
//!
//! The one idea is diff3's: both sides are compared with the base, and changes that overlap or
//! touch are grouped; between the groups all three agree. What a group is follows from its texts
//! alone, not from who caused it. Every line of each text lands in exactly one chunk, in order,
//! whatever the comparison says: a poor comparison makes a poor hunk, never a lost line.

use std::iter::Peekable;
use std::ops::Range;
use std::vec::IntoIter;

use super::super::lines::{alike, alike_all as same, shared};
use super::{Chunk, Hunk, HunkKind};
use crate::model::diff::{Replaced, content, is_blank, lines, replaced};

/// Compares two sides with their base.
pub(super) fn chunks(base: &str, left: &str, right: &str) -> Vec<Chunk> {
    let (base, left, right) = (lines(base), lines(left), lines(right));
    let whole = Lines { base: &base, left: &left, right: &right };
    let mut out = Chunks::default();
    if base.is_empty() && !left.is_empty() && !right.is_empty() {
        out.unrelated(&left, &right);
    } else if left.is_empty() || right.is_empty() {
        // A deletion is one decision, however much of the text it touches.
        out.group(whole);
    } else {
        out.related(whole);
    }
    out.done
}

/// The lines of the base and of both sides in one place.
#[derive(Clone, Copy)]
struct Lines<'a> {
    base: &'a [&'a str],
    left: &'a [&'a str],
    right: &'a [&'a str],
}

/// One side on the way from the first line to the last.
struct Side<'a> {
    lines: &'a [&'a str],
    /// The first line that is not in a chunk yet.
    at: usize,
    /// What the side changed from there on.
    changes: Peekable<IntoIter<Replaced>>,
    /// How many lines of the base the current group replaces, and by how many.
    removed: usize,
    added: usize,
}

impl<'a> Side<'a> {
    fn new(base: &[&str], lines: &'a [&'a str]) -> Self {
        let changes = replaced(base, lines).into_iter().peekable();
        Self { lines, at: 0, changes, removed: 0, added: 0 }
    }

    /// Returns the line of the base at which the next change begins.
    fn next_start(&mut self) -> Option<usize> {
        self.changes.peek().map(|change| change.old.start)
    }

    /// Takes the next lines.
    fn advance(&mut self, count: usize) -> &'a [&'a str] {
        let taken = &self.lines[self.at..self.at + count];
        self.at += count;
        taken
    }

    /// Takes the next change into a group that ends at a line of the base, if it reaches or
    /// touches the group, and moves the end.
    fn absorb(&mut self, end: &mut usize) -> bool {
        match self.changes.next_if(|change| change.old.start <= *end) {
            Some(change) => {
                *end = change.old.end.max(*end);
                self.removed += change.old.len();
                self.added += change.new.len();
                true
            }
            None => false,
        }
    }

    /// Takes the lines of the group, which spans these lines of the base.
    fn finish(&mut self, group: &Range<usize>) -> &'a [&'a str] {
        let count = group.len() - self.removed + self.added;
        (self.removed, self.added) = (0, 0);
        self.advance(count)
    }
}

#[derive(Default)]
struct Chunks {
    done: Vec<Chunk>,
}

impl Chunks {
    /// Cuts three texts of which both sides were made from the base.
    fn related(&mut self, all: Lines<'_>) {
        let mut left = Side::new(all.base, all.left);
        let mut right = Side::new(all.base, all.right);
        let mut at = 0;
        loop {
            let next = [left.next_start(), right.next_start()].into_iter().flatten().min();
            let start = next.unwrap_or(all.base.len());
            self.stable(Lines {
                base: &all.base[at..start],
                left: left.advance(start - at),
                right: right.advance(start - at),
            });
            if next.is_none() {
                break;
            }
            // Every change that joins the group makes it longer, so that others may touch it.
            let mut end = start;
            while left.absorb(&mut end) || right.absorb(&mut end) {}
            self.group(Lines {
                base: &all.base[start..end],
                left: left.finish(&(start..end)),
                right: right.finish(&(start..end)),
            });
            at = end;
        }
    }

    /// Cuts two texts without a base: what they share is the same, all else is to be decided.
    fn unrelated(&mut self, left: &[&str], right: &[&str]) {
        let (mut from_left, mut from_right) = (0, 0);
        let end = (left.len()..left.len(), right.len()..right.len());
        for (in_left, in_right) in shared(left, right).into_iter().chain([end]) {
            self.conflict(Lines {
                base: &[],
                left: &left[from_left..in_left.start],
                right: &right[from_right..in_right.start],
            });
            self.push(HunkKind::Same, &[], &left[in_left.clone()], &right[in_right.clone()]);
            (from_left, from_right) = (in_left.end, in_right.end);
        }
    }

    /// Adds lines that neither side changed, but perhaps their endings.
    fn stable(&mut self, all: Lines<'_>) {
        let kind = |i: usize| {
            let (base, left, right) = (all.base[i], all.left[i], all.right[i]);
            if base == left && base == right {
                None
            } else if content(base) != content(left) || content(base) != content(right) {
                Some(HunkKind::Conflict)
            } else if left == base {
                Some(HunkKind::Right)
            } else if right == base {
                Some(HunkKind::Left)
            } else {
                Some(HunkKind::Same)
            }
        };
        let mut from = 0;
        while from < all.base.len() {
            let run = (from..all.base.len()).take_while(|i| kind(*i) == kind(from)).count();
            let range = from..from + run;
            match kind(from) {
                None => self.done.push(Chunk::Unchanged(all.base[range].concat())),
                Some(kind) => self.push(
                    kind,
                    &all.base[range.clone()],
                    &all.left[range.clone()],
                    &all.right[range],
                ),
            }
            from += run;
        }
    }

    /// Adds a place that at least one side changed.
    fn group(&mut self, all: Lines<'_>) {
        let Lines { base, left, right } = all;
        if same(left, right) {
            self.push(HunkKind::Same, base, left, right);
        } else if same(left, base) {
            self.push(HunkKind::Right, base, left, right);
        } else if same(right, base) {
            self.push(HunkKind::Left, base, left, right);
        } else {
            self.conflict(all);
        }
    }

    /// Adds a place that both sides changed in different ways, without the lines at its ends that
    /// are not in dispute.
    fn conflict(&mut self, all: Lines<'_>) {
        let Lines { base, left, right } = all;
        let shortest = base.len().min(left.len()).min(right.len());
        let head = (0..shortest)
            .take_while(|&i| alike(base[i], left[i]) && alike(base[i], right[i]))
            .count();
        let tail = (1..=shortest - head)
            .take_while(|&i| {
                let last = base[base.len() - i];
                alike(last, left[left.len() - i]) && alike(last, right[right.len() - i])
            })
            .count();
        self.stable(Lines { base: &base[..head], left: &left[..head], right: &right[..head] });
        self.dispute(Lines {
            base: &base[head..base.len() - tail],
            left: &left[head..left.len() - tail],
            right: &right[head..right.len() - tail],
        });
        self.stable(Lines {
            base: &base[base.len() - tail..],
            left: &left[left.len() - tail..],
            right: &right[right.len() - tail..],
        });
    }

    /// Adds a conflict, with the lines that both sides came to have at its ends apart from it.
    fn dispute(&mut self, all: Lines<'_>) {
        let Lines { base, left, right } = all;
        let shortest = left.len().min(right.len());
        let mut head = (0..shortest).take_while(|&i| left[i] == right[i]).count();
        let mut tail = (1..=shortest - head)
            .take_while(|&i| left[left.len() - i] == right[right.len() - i])
            .count();
        let one_side_is_used_up = head + tail == shortest;
        if !one_side_is_used_up {
            // A blank line stays with the text that it sets apart from the rest: whoever keeps
            // both sides gets two paragraphs, not one. One such line, behind or before, will do.
            let kept = &left[left.len() - tail..];
            let behind = kept.iter().take_while(|line| is_blank(line)).count();
            tail -= behind;
            if behind == 0 {
                head -= left[..head].iter().rev().take_while(|line| is_blank(line)).count();
            }
        }
        // What both sides started from belongs to the lines in dispute. Where one side has none of
        // those, it is what became of the shared lines; else the side would seem to delete it.
        let nothing: &[&str] = &[];
        let (at_head, at_tail) = match (head, tail) {
            (1.., _) if one_side_is_used_up => (base, nothing),
            (0, 1..) if one_side_is_used_up => (nothing, base),
            _ => (nothing, nothing),
        };
        let disputed = if at_head.is_empty() && at_tail.is_empty() { base } else { nothing };
        let (left_end, right_end) = (left.len() - tail, right.len() - tail);
        self.push(HunkKind::Same, at_head, &left[..head], &right[..head]);
        self.push(HunkKind::Conflict, disputed, &left[head..left_end], &right[head..right_end]);
        self.push(HunkKind::Same, at_tail, &left[left_end..], &right[right_end..]);
    }

    fn push(&mut self, kind: HunkKind, base: &[&str], left: &[&str], right: &[&str]) {
        if !(base.is_empty() && left.is_empty() && right.is_empty()) {
            self.done.push(Chunk::Changed(Hunk {
                base: base.concat(),
                left: left.concat(),
                right: right.concat(),
                kind,
            }));
        }
    }
}
