use super::*;
use proptest::prelude::*;

/// Writes a row as `old new sign text`, marked words in brackets.
fn shown(row: &Row) -> String {
    let number = |n: Option<usize>| n.map_or(String::from("."), |n| n.to_string());
    let sign = match row.kind {
        RowKind::Unchanged => ' ',
        RowKind::Removed => '-',
        RowKind::Added => '+',
    };
    let text: String = (row.segments.iter())
        .map(|s| {
            if s.changed {
                format!("[{}]", s.text)
            } else {
                s.text.clone()
            }
        })
        .collect();
    format!("{} {} {sign}{text}", number(row.old), number(row.new))
}

fn unified(old: &str, new: &str) -> Vec<String> {
    Diff::between(old, new)
        .unified()
        .into_iter()
        .map(shown)
        .collect()
}

#[test]
fn rows_have_the_numbers_of_both_sides_and_marked_words() {
    let rows = unified(
        "# Garden\nwater the beans daily\nend\n",
        "# Garden\nnew here\nwater the beans weekly\nend\n",
    );
    assert_eq!(
        rows,
        [
            "1 1  # Garden",
            "2 . -water the beans [daily]",
            ". 2 +new here",
            ". 3 +water the beans [weekly]",
            "3 4  end",
        ]
    );
}

#[test]
fn versions_of_a_line_stand_side_by_side() {
    let diff = Diff::between(
        "a\nwater the beans daily\nlast\n",
        "a\nnew here\nwater the beans weekly\n",
    );
    let rows: Vec<_> = (diff.side_by_side().into_iter())
        .map(|pair| (pair.old.and_then(|r| r.old), pair.new.and_then(|r| r.new)))
        .collect();
    assert_eq!(
        rows,
        [
            (Some(1), Some(1)),
            (None, Some(2)),
            (Some(2), Some(3)),
            (Some(3), None)
        ]
    );
}

#[test]
fn a_changed_ending_is_no_changed_line_but_is_not_hidden() {
    let diff = Diff::between("a\nb", "a\nb\n");
    assert!(!diff.is_empty());
    let rows = diff.unified();
    assert!(rows.iter().all(|row| row.kind == RowKind::Unchanged));
    assert!(!rows[0].ending_changed && rows[1].ending_changed);
    assert!(!rows[1].is_unchanged());
    assert!(Diff::between("a\nb", "a\nb").is_empty());
}

#[test]
fn long_unchanged_stretches_are_folded_and_kept() {
    let old = (1..=20).map(|i| i.to_string()).collect::<Vec<_>>().join(
        "
",
    ) + "
";
    let new = old.replace("10\n", "ten\n");
    let diff = Diff::between(&old, &new);
    let shape: Vec<String> = (folded(diff.unified(), 2).iter())
        .map(|row| match row {
            Folded::Row(row) => shown(row),
            Folded::Fold { count, rows } => {
                assert_eq!(*count, rows.len());
                format!("{count} hidden from {}", shown(rows[0]))
            }
        })
        .collect();
    assert_eq!(
        shape,
        [
            "7 hidden from 1 1  1",
            "8 8  8",
            "9 9  9",
            "10 . -10",
            ". 10 +ten",
            "11 11  11",
            "12 12  12",
            "8 hidden from 13 13  13",
        ]
    );
}

#[test]
fn a_single_row_is_not_folded_and_equal_texts_are_one_fold() {
    let diff = Diff::between("a\nb\nc\nX\n", "a\nb\nc\nY\n");
    assert!(
        folded(diff.unified(), 2)
            .iter()
            .all(|row| matches!(row, Folded::Row(_)))
    );
    let diff = Diff::between("a\nb\n", "a\nb\n");
    assert!(matches!(
        folded(diff.unified(), 3)[..],
        [Folded::Fold { count: 2, .. }]
    ));
}

proptest! {
    #[test]
    fn both_texts_can_be_read_from_either_shape(
        old in "([abc]( [abc]){0,3}\r?\n){0,9}[ab]?",
        new in "([abc]( [abc]){0,3}\r?\n){0,9}[ab]?",
        context in 0_usize..4,
    ) {
        let diff = Diff::between(&old, &new);
        let old: Vec<String> = lines(&old).into_iter().map(|l| content(l).to_owned()).collect();
        let new: Vec<String> = lines(&new).into_iter().map(|l| content(l).to_owned()).collect();
        let rows = diff.unified();
        let column = |place: fn(&Row) -> Option<usize>| -> (Vec<usize>, Vec<String>) {
            rows.iter().filter_map(|row| Some((place(row)?, row.text()))).unzip()
        };
        let (numbers, texts) = column(|row| row.old);
        prop_assert!(numbers.into_iter().eq(1..=old.len()));
        prop_assert_eq!(&texts, &old);
        let (numbers, texts) = column(|row| row.new);
        prop_assert!(numbers.into_iter().eq(1..=new.len()));
        prop_assert_eq!(&texts, &new);

        let pairs = diff.side_by_side();
        prop_assert!(pairs.iter().filter_map(|p| p.old).map(Row::text).eq(old.iter().cloned()));
        prop_assert!(pairs.iter().filter_map(|p| p.new).map(Row::text).eq(new.iter().cloned()));
        prop_assert!(pairs.iter().all(|p| p.old.is_some() || p.new.is_some()));

        let unfolded: Vec<&Row> = (folded(rows.clone(), context).into_iter())
            .flat_map(|row| match row {
                Folded::Row(row) => vec![row],
                Folded::Fold { rows, .. } => rows,
            })
            .collect();
        prop_assert_eq!(unfolded, rows);
    }
}
