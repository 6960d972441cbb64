use super::*;

/// Writes the chunks, one a line: unchanged text, or `kind base|left|right`.
fn shape(merge: &Merge) -> Vec<String> {
    let piece = |text: &str| text.replace("\r\n", "¤").replace('\n', "/");
    (merge.chunks().iter())
        .map(|chunk| match chunk {
            Chunk::Unchanged(text) => format!("= {}", piece(text)),
            Chunk::Changed(hunk) => {
                let sides = [&hunk.base, &hunk.left, &hunk.right].map(|text| piece(text));
                format!("{:?} {}", hunk.kind, sides.join("|"))
            }
        })
        .collect()
}

fn conflicts_as(merge: &Merge, choice: &Choice) -> String {
    merge.resolve(|_, hunk| hunk.suggested().unwrap_or_else(|| choice.clone()))
}

#[test]
fn changes_in_different_places_merge_cleanly() {
    let merge = Merge::new("a\nb\nc\nd\ne\n", "A\nb\nc\nd\ne\nnew\n", "a\nb\nC\nd\ne\n");
    assert_eq!(shape(&merge), ["Left a/|A/|a/", "= b/", "Right c/|c/|C/", "= d/e/", "Left |new/|"]);
    assert_eq!(merge.clean().as_deref(), Some("A\nb\nC\nd\ne\nnew\n"));
    assert_eq!(merge.easy(), Some(Easy::Clean));
}

#[test]
fn changes_that_touch_are_a_conflict() {
    let merge = Merge::new("a\nb\nc\n", "a\nB\nc\n", "a\nb\nC\n");
    assert_eq!(shape(&merge), ["= a/", "Conflict b/c/|B/c/|b/C/"]);
    let inserted = Merge::new("a\nb\nc\n", "a\nnew\nb\nc\n", "a\nB\nc\n");
    assert_eq!(shape(&inserted), ["= a/", "Conflict b/|new/b/|B/", "= c/"]);
    assert_eq!(inserted.easy(), None);
    assert_eq!(inserted.clean(), None);
}

#[test]
fn every_choice_takes_what_it_says() {
    let merge = Merge::new("a\nb\nc", "a\nleft\nc", "a\nright\nc");
    let text = |choice| conflicts_as(&merge, &choice);
    assert_eq!(text(Choice::Left), "a\nleft\nc");
    assert_eq!(text(Choice::Right), "a\nright\nc");
    assert_eq!(text(Choice::Base), "a\nb\nc");
    assert_eq!(text(Choice::Both), "a\nleft\nright\nc");
    assert_eq!(text(Choice::BothRightFirst), "a\nright\nleft\nc");
    assert_eq!(text(Choice::Text("own".into())), "a\nown\nc");
    assert_eq!(text(Choice::Text(String::new())), "a\nc");
}

#[test]
fn indices_count_all_hunks() {
    let merge = Merge::new("a\nb\nc\nd\n", "A\nb\nleft\nd\n", "a\nb\nright\nd\n");
    assert_eq!(merge.hunks().count(), 2);
    assert_eq!(merge.conflicts().map(|(index, _)| index).collect::<Vec<_>>(), [1]);
    let text = merge.resolve(|index, hunk| match index {
        1 => Choice::Both,
        _ => hunk.suggested().unwrap(),
    });
    assert_eq!(text, "A\nb\nleft\nright\nd\n");
}

#[test]
fn a_missing_last_newline_glues_nothing_together() {
    // As textareas send it: no newline at the end.
    let merge = Merge::new("a", "a\nleft", "a\nright");
    assert_eq!(shape(&merge), ["Same a|a/|a/", "Conflict |left|right"]);
    assert_eq!(merge.easy(), Some(Easy::BothAppended));
    assert_eq!(merge.easy_text().as_deref(), Some("a\nleft\nright"));
    assert_eq!(conflicts_as(&merge, &Choice::BothRightFirst), "a\nright\nleft");

    let merge = Merge::new("a\nb\n", "a\nb", "a\nb\nc\n");
    assert_eq!(merge.clean().as_deref(), Some("a\nb\nc\n"));
    let merge = Merge::new("a\r\nb\r\n", "a\r\nb", "a\r\nb\r\nc\r\n");
    assert_eq!(merge.clean().as_deref(), Some("a\r\nb\r\nc\r\n"));
}

#[test]
fn other_line_endings_do_not_conflict() {
    let merge = Merge::new("a\nb\nc\nd\n", "a\r\nb\r\nc\r\nD\r\n", "A\nb\nc\nd\n");
    let merged = merge.clean().unwrap();
    assert_eq!(LineEnding::Lf.apply(&merged), "A\nb\nc\nD\n");
    // All three differ in nothing but the ending of their only line.
    assert!(Merge::new("a", "a\n", "a\r\n").is_clean());
    // Both made the same change, one of them on Windows.
    assert_eq!(Merge::new("a\n", "b", "b\n").clean().as_deref(), Some("b\n"));
}

#[test]
fn a_deletion_against_an_edit_is_one_conflict() {
    for (left, right) in [("", "a\nB\nc\nd\n"), ("a\nB\nc\nd\n", "")] {
        let merge = Merge::new("a\nb\nc\n", left, right);
        let hunks: Vec<_> = merge.hunks().collect();
        assert!(matches!(hunks[..], [(0, hunk)] if hunk.is_conflict()
            && hunk.left == left && hunk.right == right));
        assert_eq!(merge.easy(), None);
    }
    assert_eq!(Merge::new("a\n", "", "a\n").clean().as_deref(), Some(""));
    assert_eq!(Merge::new("a\n", "", "").clean().as_deref(), Some(""));
}

#[test]
fn lines_that_both_sides_came_to_have_are_not_in_dispute() {
    let merge = Merge::new("x\n", "new\nleft\nend\n", "new\nright\nend\n");
    assert_eq!(shape(&merge), ["Same |new/|new/", "Conflict x/|left/|right/", "Same |end/|end/"]);
    let merge = Merge::new("x\n", "new\n", "new\nmore\n");
    assert_eq!(shape(&merge), ["Same x/|new/|new/", "Conflict ||more/"]);
}

#[test]
fn paragraphs_that_both_sides_appended_stay_paragraphs() {
    let merge = Merge::new("top\n", "top\n\nleft\n", "top\n\nright\n");
    assert_eq!(merge.easy(), Some(Easy::BothAppended));
    assert_eq!(merge.easy_text().as_deref(), Some("top\n\nleft\n\nright\n"));
    let merge = Merge::new("top\n\nend\n", "top\n\nleft\n\nend\n", "top\n\nright\n\nend\n");
    assert_eq!(merge.easy_text().as_deref(), Some("top\n\nleft\n\nright\n\nend\n"));
}

#[test]
fn sides_that_differ_in_white_space_are_easy() {
    let merge = Merge::new("a\nb c\nd\n", "a\nb new\nd\n", "a\nb   new \nd\n");
    assert_eq!(merge.easy(), Some(Easy::WhiteSpace));
    assert_eq!(merge.easy_text().as_deref(), Some("a\nb new\nd\n"));
}

#[test]
fn without_a_base_shared_lines_are_not_doubled() {
    let merge = Merge::new("", "# T\nleft\nend\n", "# T\nright\nend");
    assert_eq!(shape(&merge), ["Same |# T/|# T/", "Conflict |left/|right/", "Same |end/|end"]);
    assert_eq!(merge.easy(), None);
    assert_eq!(conflicts_as(&merge, &Choice::Both), "# T\nleft\nright\nend\n");
    let merge = Merge::new("", "# T\n\none\n\ntwo\n\nend\n", "# T\n\n1\n\n2\n\nend\n");
    assert_eq!(conflicts_as(&merge, &Choice::Both), "# T\n\none\n\ntwo\n\n1\n\n2\n\nend\n");
    assert_eq!(Merge::new("", "", "new\n").clean().as_deref(), Some("new\n"));
    assert_eq!(Merge::new("", "same\n", "same\n").clean().as_deref(), Some("same\n"));
}

#[test]
fn heads_are_merged_one_after_another_until_someone_has_to_decide() {
    let base = "a\nb\nc\nd\ne\n";
    let heads = [(base, "a\nb\nC\nd\ne\n"), (base, "a\nb\nc\nd\nE\n")];
    assert_eq!(combine("A\nb\nc\nd\ne\n", heads), Combined::Clean("A\nb\nC\nd\nE\n".into()));
    let heads = [(base, "a\nb\nC\nd\ne\n"), (base, "x\nb\nc\nd\ne\n")];
    let Combined::Stopped { at, merge } = combine("A\nb\nc\nd\ne\n", heads) else {
        panic!("the second head conflicts");
    };
    assert_eq!(at, 1);
    assert_eq!(shape(&merge), ["Conflict a/|A/|x/", "= b/", "Left c/|C/|c/", "= d/e/"]);
}
