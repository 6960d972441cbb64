//! The size of a change, for lists that have no room for the change itself.

use super::align::replaced;
use super::lines::lines;

/// How much one text differs from another.
///
/// `added_bytes - removed_bytes` is exactly the difference of the two lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Change {
    /// Lines of the new text that the old one did not have.
    pub added_lines: usize,
    /// Lines of the old text that the new one no longer has.
    pub removed_lines: usize,
    /// Bytes in the added lines, and line endings that grew.
    pub added_bytes: usize,
    /// Bytes in the removed lines, and line endings that shrank.
    pub removed_bytes: usize,
}

impl Change {
    /// Returns by how many bytes the text grew; negative where it shrank.
    pub fn size_delta(self) -> i64 {
        self.added_bytes as i64 - self.removed_bytes as i64
    }

    /// Tells whether no line was added or removed; line endings may still differ.
    pub fn is_empty(self) -> bool {
        self.added_lines == 0 && self.removed_lines == 0
    }
}

/// Measures how a text changed, by lines.
pub fn summary(old: &str, new: &str) -> Change {
    let (old_lines, new_lines) = (lines(old), lines(new));
    let bytes = |lines: &[&str]| lines.iter().map(|line| line.len()).sum::<usize>();
    let mut change = Change::default();
    let (mut from_old, mut from_new) = (0, 0);
    let kept = |old: &[&str], new: &[&str], change: &mut Change| {
        for (old, new) in old.iter().zip(new) {
            change.added_bytes += new.len().saturating_sub(old.len());
            change.removed_bytes += old.len().saturating_sub(new.len());
        }
    };
    for at in replaced(&old_lines, &new_lines) {
        kept(
            &old_lines[from_old..at.old.start],
            &new_lines[from_new..at.new.start],
            &mut change,
        );
        change.removed_lines += at.old.len();
        change.added_lines += at.new.len();
        change.removed_bytes += bytes(&old_lines[at.old.clone()]);
        change.added_bytes += bytes(&new_lines[at.new.clone()]);
        (from_old, from_new) = (at.old.end, at.new.end);
    }
    kept(&old_lines[from_old..], &new_lines[from_new..], &mut change);
    change
}

/// Tells whether two texts have the same words in the same order: they differ in nothing but
/// spaces, tabs, line breaks and blank lines, if at all.
pub fn only_whitespace(old: &str, new: &str) -> bool {
    old.split_whitespace().eq(new.split_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_summary_counts_lines_and_bytes() {
        let change = summary("one\ntwo\nthree\n", "one\n2\nthree\nfour\n");
        assert_eq!((change.removed_lines, change.added_lines), (1, 2));
        assert_eq!((change.removed_bytes, change.added_bytes), (4, 7));
        assert_eq!(change.size_delta(), 3);
    }

    #[test]
    fn other_line_endings_are_no_changed_lines() {
        let change = summary("a\nb\n", "a\r\nb");
        assert!(change.is_empty());
        assert_eq!((change.added_bytes, change.removed_bytes), (1, 1));
    }

    #[test]
    fn white_space_between_words_is_white_space_and_within_a_word_is_not() {
        assert!(only_whitespace("a  b\n\nc", "a b\r\nc\n"));
        assert!(!only_whitespace("the rapist", "therapist"));
    }

    proptest! {
        #[test]
        fn the_bytes_add_up(old in "([abc]{0,2}\r?\n){0,9}[ab]?", new in "([abc]{0,2}\r?\n){0,9}[ab]?") {
            let change = summary(&old, &new);
            prop_assert_eq!(change.size_delta(), new.len() as i64 - old.len() as i64);
        }
    }
}
