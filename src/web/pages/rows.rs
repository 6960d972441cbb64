//! The rows of a difference as templates show them: the look that the merge screen and the
//! comparison of two revisions share.
//!
//! A page of it stays readable and quick: what is beyond the bounds is counted, not shown.

use crate::model::diff::{Folded, Pair, Row, RowKind};

/// How many rows are shown at once.
const MOST_SHOWN: usize = 4_000;
/// How many unchanged rows lie hidden in folds.
const MOST_FOLDED: usize = 4_000;

/// A row of a difference.
pub(in crate::web) struct OwnedRow {
    pub(in crate::web) kind: RowKind,
    pub(in crate::web) old: String,
    pub(in crate::web) new: String,
    pub(in crate::web) pieces: Vec<(bool, String)>,
    pub(in crate::web) ending_changed: bool,
}

impl OwnedRow {
    pub(in crate::web) fn of(row: &Row) -> Self {
        let number = |n: Option<usize>| n.map(|n| n.to_string()).unwrap_or_default();
        Self {
            kind: row.kind,
            old: number(row.old),
            new: number(row.new),
            pieces: row.segments.iter().map(|s| (s.changed, s.text.clone())).collect(),
            ending_changed: row.ending_changed,
        }
    }
}

/// A row of two columns.
pub(in crate::web) struct OwnedPair {
    pub(in crate::web) old: Option<OwnedRow>,
    pub(in crate::web) new: Option<OwnedRow>,
    /// Both columns say the same.
    pub(in crate::web) same: bool,
}

impl OwnedPair {
    pub(in crate::web) fn of(pair: Pair<'_>) -> Self {
        Self {
            same: pair.new.is_some_and(|row| row.kind == RowKind::Unchanged),
            old: pair.old.map(OwnedRow::of),
            new: pair.new.map(OwnedRow::of),
        }
    }
}

/// The rows and folds of a difference.
pub(in crate::web) struct Parts<R = OwnedRow> {
    pub(in crate::web) parts: Vec<Folded<R>>,
    /// Rows at the end for which there is no room.
    pub(in crate::web) left_out: usize,
}

/// Makes the parts for a template; a fold that there is no room for keeps only its count.
pub(in crate::web) fn parts<R, O>(folded: Vec<Folded<R>>, own: impl Fn(R) -> O) -> Parts<O> {
    let mut parts = Vec::new();
    let (mut shown, mut hidden, mut left_out) = (0, 0, 0);
    for part in folded {
        match part {
            Folded::Row(_) if shown == MOST_SHOWN => left_out += 1,
            Folded::Fold { count, .. } if shown == MOST_SHOWN => left_out += count,
            Folded::Row(row) => {
                shown += 1;
                parts.push(Folded::Row(own(row)));
            }
            Folded::Fold { count, rows } => {
                let room = hidden + count <= MOST_FOLDED;
                let rows = if room { rows.into_iter().map(&own).collect() } else { Vec::new() };
                hidden += rows.len();
                parts.push(Folded::Fold { count, rows });
            }
        }
    }
    Parts { parts, left_out }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::diff::{Diff, folded};

    #[test]
    fn what_is_beyond_the_bounds_is_counted() {
        let numbers = |from: usize| {
            let lines: Vec<String> = (from..=from + 9_000).map(|n| n.to_string()).collect();
            lines.join("\n") + "\n"
        };
        let changed = Diff::between(&numbers(0), &numbers(10_000));
        let all = parts(folded(changed.unified(), 3), OwnedRow::of);
        assert_eq!((all.parts.len(), all.left_out), (MOST_SHOWN, 14_002));

        let longer = format!("{}new\n", numbers(0));
        let unchanged = Diff::between(&numbers(0), &longer);
        let all = parts(folded(unchanged.side_by_side(), 3), OwnedPair::of);
        assert!(matches!(&all.parts[0], Folded::Fold { count: 8_998, rows } if rows.is_empty()));
        assert_eq!((all.parts.len(), all.left_out), (5, 0));
    }
}
