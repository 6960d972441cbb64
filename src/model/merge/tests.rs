use super::*;

/// Writes the chunks, one a line: unchanged text, or the shape of a place and its wordings with
/// their versions, what it said before last.
pub(super) fn shape(merge: &Merge) -> Vec<String> {
    let piece = |text: &str| text.replace("\r\n", "¤").replace('\n', "/");
    let wording = |w: &Wording| {
        let versions: String = w.versions.iter().map(ToString::to_string).collect();
        format!("{versions}:{}", piece(&w.text))
    };
    (merge.chunks().iter())
        .map(|chunk| match chunk {
            Chunk::Unchanged(text) => format!("= {}", piece(text)),
            Chunk::Changed(place) => {
                let mut out = format!("{:?}", place.shape);
                for w in &place.wordings {
                    out.push_str(if w.changed { " +" } else { " " });
                    out.push_str(&wording(w));
                }
                if let Some(base) = &place.base {
                    out.extend([" <", &piece(base), ">"]);
                }
                if let Some(joined) = &place.joined {
                    out.extend([" -> ", &piece(joined)]);
                }
                out
            }
        })
        .collect()
}

fn chosen(merge: &Merge, choice: &Choice) -> String {
    merge.resolve(|_, place| place.preselected().unwrap_or_else(|| choice.clone()))
}

fn three<'a>(base: &'a str, winner: &str, others: &[&'a str]) -> Merge {
    let others: Vec<_> = others.iter().map(|text| Version { base: Some(base), text }).collect();
    Merge::of(winner, &others)
}

#[test]
fn changes_in_different_places_are_clean() {
    let merge = Merge::new("a\nb\nc\nd\ne\n", "A\nb\nc\nd\ne\nnew\n", "a\nb\nC\nd\ne\n");
    assert_eq!(
        shape(&merge),
        [
            "OneSide +0:A/ 1:a/ <a/>",
            "= b/",
            "OneSide 0:c/ +1:C/ <c/>",
            "= d/e/",
            "OneSide +0:new/ 1: <>"
        ]
    );
    assert_eq!(merge.clean().as_deref(), Some("A\nb\nC\nd\ne\nnew\n"));
}

#[test]
fn any_number_of_versions_are_one_round() {
    let base = "a\nb\nc\nd\ne\n";
    let merge = three(base, "A\nb\nc\nd\ne\n", &["a\nb\nC\nd\ne\n", "x\nb\nC\nd\nE\n"]);
    assert_eq!(
        shape(&merge),
        [
            "SameWords +0:A/ 1:a/ +2:x/ <a/>",
            "= b/",
            "SameChange 0:c/ +12:C/ <c/>",
            "= d/",
            "OneSide 01:e/ +2:E/ <e/>"
        ]
    );
    assert_eq!(merge.standing(), Standing::Open(1));
    assert_eq!(chosen(&merge, &Choice::Wording(2)), "x\nb\nC\nd\nE\n");
}

#[test]
fn a_version_made_from_an_earlier_text_counts_only_for_what_it_changed() {
    let others = [
        Version { base: Some("a\nb\nc\nd\ne\n"), text: "a\nb\nc\nd\nE\n" },
        Version { base: Some("a1\nb\nc\nd\ne\n"), text: "a1\nb\nC\nd\ne\n" },
    ];
    // Between the two bases, and up to the winner, the first line was changed twice.
    let merge = Merge::of("a2\nb\nc\nd\ne\n", &others);
    assert_eq!(merge.clean().as_deref(), Some("a2\nb\nC\nd\nE\n"));
}

#[test]
fn every_choice_takes_what_it_says() {
    let merge = Merge::new("a\nb\nb\nc", "a\nleft\nleft\nc", "a\nright\nright\nc");
    let text = |choice| chosen(&merge, &choice);
    assert_eq!(text(Choice::Wording(0)), "a\nleft\nleft\nc");
    assert_eq!(text(Choice::Wording(1)), "a\nright\nright\nc");
    assert_eq!(text(Choice::Base), "a\nb\nb\nc");
    assert_eq!(text(Choice::All), "a\nleft\nleft\nright\nright\nc");
    assert_eq!(text(Choice::AllReversed), "a\nright\nright\nleft\nleft\nc");
    assert_eq!(text(Choice::Text("own".into())), "a\nown\nc");
    assert_eq!(text(Choice::Text(String::new())), "a\nc");
}

#[test]
fn line_ends_and_the_final_newline_are_those_of_the_winner() {
    let merge = Merge::new("a\nb\nc\nd\n", "a\r\nb\r\nc\r\nD", "A\nb\nc\nd\n");
    assert_eq!(merge.clean().as_deref(), Some("A\r\nb\r\nc\r\nD"));
    // A version that differs in nothing else changes nothing.
    let merge = Merge::new("a\nb\nc\nd\ne\n", "a\nb\nC\nd\ne\n", "a\r\nb\r\nc\r\nd\r\ne");
    assert_eq!(merge.clean().as_deref(), Some("a\nb\nC\nd\ne\n"));
    let merge = Merge::new("a", "a\nleft", "a\nright\n");
    assert_eq!(merge.suggested().as_deref(), Some("a\nleft\nright"));
}

#[test]
fn lines_that_nobody_edited_keep_their_bytes() {
    let winner = "a\r\nlone\rcr\ntwice\r\r\nb\nc\n";
    let merge = Merge::new(winner, winner, "a\nlone\rcr\ntwice\nB\nc\n");
    assert_eq!(merge.clean().as_deref(), Some("a\r\nlone\rcr\ntwice\r\r\nB\nc\n"));
    let merge = Merge::new(winner, &winner.replace("b\n", "x\n"), &winner.replace("c\n", "C\n"));
    assert!(merge.resolve(|_, _| Choice::Wording(1)).starts_with("a\r\nlone\rcr\ntwice\r\r\n"));
}

#[test]
fn a_deletion_against_an_edit_is_one_choice() {
    for (winner, other) in [("", "a\nB\nc\nd\n"), ("a\nB\nc\nd\n", "")] {
        let merge = Merge::new("a\nb\nc\n", winner, other);
        let places: Vec<_> = merge.places().map(|(_, place)| place).collect();
        assert_eq!(places.len(), 1);
        assert_eq!(places[0].shape, Shape::DeletedEdited);
        let choices = [Choice::Wording(0), Choice::Wording(1), Choice::Base];
        assert_eq!(places[0].choices(), choices, "never both");
        assert_eq!(merge.resolve(|_, _| Choice::Wording(0)), winner);
        assert_eq!(merge.resolve(|_, _| Choice::Wording(1)), other);
    }
    assert_eq!(Merge::new("a\n", "", "a\n").clean().as_deref(), Some(""));
    assert_eq!(Merge::new("a\n", "", "").clean().as_deref(), Some(""));
}

#[test]
fn a_page_that_one_deleted_and_others_edited_can_be_kept_with_all_edits() {
    let base = "a\nb\nc\nd\ne\n";
    let (one, two) = ("A\nb\nc\nd\ne\n", "a\nb\nc\nd\nE\n");
    for (winner, others) in [("", [one, two]), (one, ["", two]), (two, [one, ""])] {
        let merge = three(base, winner, &others);
        assert_eq!(merge.standing(), Standing::Open(1));
        assert_eq!(merge.resolve(|_, _| Choice::Joined), "A\nb\nc\nd\nE\n", "{winner:?}");
    }
    assert_eq!(Merge::new(base, "", one).places().next().unwrap().1.joined, None);
}

#[test]
fn what_several_append_is_kept_in_the_order_of_the_versions() {
    let merge = three("top\n", "top\n\nleft\n", &["top\n\nright\n", "top\n\nthird\n"]);
    assert_eq!(merge.suggested().as_deref(), Some("top\n\nleft\n\nright\n\nthird\n"));
    assert_eq!(merge.standing(), Standing::Offered);
    let merge = three("top\n\nend\n", "top\n\nleft\n\nend\n", &["top\n\nright\n\nend\n"]);
    assert_eq!(merge.suggested().as_deref(), Some("top\n\nleft\n\nright\n\nend\n"));
    let (_, place) = merge.places().next().unwrap();
    assert_eq!((place.shape, place.preselected()), (Shape::Appended, Some(Choice::All)));
}

#[test]
fn white_space_never_asks() {
    let merge = Merge::new("a\nb c\nd\n", "a\nb new\nd\n", "a\nb   new \nd\n");
    assert_eq!(shape(&merge)[1], "WhiteSpace +0:b new/ +1:b   new / <b c/>");
    assert_eq!(merge.suggested().as_deref(), Some("a\nb new\nd\n"));
}

#[test]
fn without_an_ancestor_shared_lines_are_not_doubled() {
    let merge = Merge::new("", "# T\nleft\nend\n", "# T\nright\nend");
    assert_eq!(shape(&merge), ["= # T/", "NoAncestor +0:left/ +1:right/", "= end/"]);
    assert_eq!(chosen(&merge, &Choice::All), "# T\nleft\nright\nend\n");
    let merge = Merge::new("", "# T\n\none\n\ntwo\n\nend\n", "# T\n\n1\n\n2\n\nend\n");
    assert_eq!(chosen(&merge, &Choice::All), "# T\n\none\n\ntwo\n\n1\n\n2\n\nend\n");
}

#[test]
fn a_choice_is_found_again_while_its_texts_are_the_same() {
    let base = "a\nb\nc\nd\ne\n";
    let key = |merge: &Merge, at: usize| merge.places().nth(at).unwrap().1.key();
    let one = three(base, "A\nb\nc\nd\ne\n", &["x\nb\nc\nd\ne\n"]);
    let two = three(base, "A\nb\nc\nd\nE\n", &["a\nb\nC\nd\ne\n", "x\nb\nc\nd\ne\n"]);
    let crlf = three(base, "A\r\nb\r\nc\r\nd\r\ne\r\n", &["x\nb\nc\nd\ne\n"]);
    assert_eq!(key(&one, 0), key(&crlf, 0));
    assert_ne!(key(&two, 1), key(&two, 2));
    let twice = Merge::new("a\nb\na\n", "x\nb\nx\n", "y\nb\ny\n");
    assert_ne!(key(&twice, 0), key(&twice, 1));
}

/// The page after two changes of its one line, and what is known of them.
fn one_line(base: &str, winner: &str, other: &str) -> (Shape, Option<String>) {
    let line = |text: &str| format!("Top.\n\n{text}\n\nEnd.\n");
    let merge = Merge::new(&line(base), &line(winner), &line(other));
    let places: Vec<&Place> = merge.places().map(|(_, place)| place).collect();
    assert_eq!(places.len(), 1, "{:?}", shape(&merge));
    (places[0].shape, places[0].joined.as_deref().map(|text| text.trim_end().to_owned()))
}

#[test]
fn sentences_of_one_line_are_merged_apart() {
    let joined = |shape, text: &str| (shape, Some(text.to_owned()));
    assert_eq!(
        one_line(
            "The mill was built in 1921. It stands. It burns. It looks south.",
            "The mill was built in 1912. It stands. It burns. It looks south.",
            "The mill was built in 1921. It stands. It burns. It looks north.",
        ),
        joined(
            Shape::Sentences,
            "The mill was built in 1912. It stands. It burns. It looks north."
        )
    );
    assert_eq!(
        one_line("Add salt", "Add sea salt", "Add salt and pepper"),
        joined(Shape::SameSentence, "Add sea salt and pepper")
    );
    assert_eq!(
        one_line("A red house.", "A blue house.", "A green house."),
        (Shape::SameWords, None)
    );
    assert_eq!(
        one_line("One is here.", "One is here. Left.", "One is here. Right."),
        joined(Shape::Appended, "One is here. Left. Right.")
    );
    assert_eq!(
        one_line("One is there now.", "One is here now.", "One is there now. Right."),
        joined(Shape::Sentences, "One is here now. Right.")
    );
    assert_eq!(
        one_line("| a | b | c |", "| A | b | c |", "| a | b | C |"),
        joined(Shape::Sentences, "| A | b | C |")
    );
    assert_eq!(
        one_line("- [ ] call Ann", "- [x] call Ann", "- [ ] call Ann and Bob"),
        joined(Shape::Sentences, "- [x] call Ann and Bob")
    );
    assert_eq!(
        one_line("tags: [a, b]", "tags: [a, b, c]", "tags: [b, d]"),
        joined(Shape::Sentences, "tags: [b, c, d]")
    );
    assert_eq!(
        one_line("one word ", "one word  ", "two words "),
        joined(Shape::Sentences, "two words")
    );
}

#[test]
fn items_next_to_each_other_are_merged_apart() {
    let merge = Merge::new(
        "- eat the beans\n- pick the peas\n- wash the corn\n",
        "- eat all the beans\n- pick most peas\n- wash the corn\n",
        "- eat the beans\n- pick few peas\n- wash the sweet corn\n",
    );
    assert_eq!(
        shape(&merge),
        [
            "Sentences +0:- eat all the beans/ 1:- eat the beans/ <- eat the beans/> -> - eat all the beans/",
            "SameWords +0:- pick most peas/ +1:- pick few peas/ <- pick the peas/>",
            "Sentences 0:- wash the corn/ +1:- wash the sweet corn/ <- wash the corn/> -> - wash the sweet corn/",
        ]
    );
}

const SECTIONS: &str = "# Garden\n\n## Beans\n\nBeans need water.\nPick them in July.\n\n## Peas\n\nPeas need a net.\n\n## Tools\n\nThe spade.\n";

#[test]
fn an_edit_follows_the_section_that_was_moved() {
    let section = "## Beans\n\nBeans need water.\nPick them in July.\n\n";
    let moved = format!("{}\n{}\n", SECTIONS.replace(section, ""), section.trim_end());
    let edited = SECTIONS.replace("need water", "need much water");
    for (winner, other, by) in [(&moved, &edited, 0), (&edited, &moved, 1)] {
        let merge = Merge::new(SECTIONS, winner, other);
        assert_eq!(merge.standing(), Standing::Offered, "{:?}", shape(&merge));
        let (_, place) = merge.places().find(|(_, place)| place.shape == Shape::Moved).unwrap();
        let expected = Moved { versions: vec![by], title: "Beans".to_owned() };
        assert_eq!(place.moved, Some(expected));
        let expected = moved.replace("need water", "need much water");
        assert_eq!(merge.suggested(), Some(expected));
    }
}

#[test]
fn what_was_moved_to_two_places_is_one_choice() {
    let base = "top\n\nthe paragraph that moves\n\nmiddle\n\nmore\n\nend\n";
    let rest = "top\n\nmiddle\n\nmore\n\nend\n";
    let one = rest.replace("more", "the paragraph that moves\n\nmore");
    let two = rest.replace("end", "the paragraph that moves\n\nend");
    let merge = Merge::new(base, &one, &two);
    assert_eq!(merge.standing(), Standing::Open(1), "{:?}", shape(&merge));
    for (choice, expected) in [(0, &one), (1, &two)] {
        let text = merge.resolve(|_, place| place.preselected().unwrap_or(Choice::Wording(choice)));
        assert_eq!(text, *expected);
    }
}

fn repeated(times: usize, piece: impl Fn(usize) -> String) -> String {
    (0..times).map(piece).collect::<Vec<_>>().concat()
}

#[test]
fn hundreds_of_versions_of_a_large_page_are_merged_at_once() {
    let base: String =
        repeated(1_000, |i| format!("line {i} of a page that is long enough for it\n"));
    let edited = |n: usize| base.replace(&format!("line {n} "), &format!("LINE {n} "));
    let texts: Vec<String> = (0..300).map(|n| edited(n * 3)).collect();
    let others: Vec<Version<'_>> =
        texts.iter().map(|text| Version { base: Some(&base), text }).collect();
    let merge = Merge::of(&edited(999), &others);
    let text = merge.clean().unwrap();
    assert_eq!(text.matches("LINE").count(), 301);
    // What is kept of the versions are their changes, not their texts.
    let kept: usize = merge.places().flat_map(|(_, p)| &p.wordings).map(|w| w.text.len()).sum();
    assert!(kept < 2 * base.len(), "{kept} bytes");
}

#[test]
fn two_thousand_clashes_are_two_hundred_choices() {
    let page = |word: &str| -> String {
        repeated(2_000, |i| format!("place {i} is {word}\nand here is {i}\n\n"))
    };
    let (base, one, two) = (page("red"), page("blue"), page("green"));
    let two = two.replace("and here is 1999", "and now 1999");
    let merge = Merge::new(&base, &one, &two);
    assert_eq!(merge.standing(), Standing::Open(Merge::MAX_PLACES));
    let (_, last) = merge.places().last().unwrap();
    assert!(last.rest);
    assert_eq!(last.choices(), [Choice::Wording(0), Choice::Wording(1), Choice::Base]);
    assert_eq!(merge.resolve(|_, _| Choice::Wording(1)), two);
    // What only one version changed is in it either way.
    let winners = merge.resolve(|_, place| place.preselected().unwrap_or(Choice::Wording(0)));
    assert!(winners.contains("place 1998 is blue"), "{winners}");
}

#[test]
fn one_line_of_megabytes_is_one_choice() {
    let line = |word: &str| format!("{}\n", word.repeat(1 << 20));
    let merge = Merge::new(&line("abc "), &line("abd "), &line("abe "));
    assert_eq!(merge.places().map(|(_, p)| p.shape).collect::<Vec<_>>(), [Shape::SameWords]);
}

/// Sections, and for each version its own order of them with one moved; now and then one is edited.
fn moved_sections(heads: usize, next: &mut impl FnMut(usize) -> usize) -> (String, Vec<String>) {
    let page = |sections: &[String]| format!("{}\n", sections.concat().trim_end());
    let mut section = |i: usize| -> String {
        let blank = if next(2) == 0 { "\n" } else { "" };
        let line = |n| format!("the line {n} of the section {i} of the page\n");
        format!("## The section number {i}\n{blank}{}\n", repeated(next(4), line))
    };
    let sections: Vec<String> = (0..6).map(&mut section).collect();
    let sections = &sections[..3 + next(4)];
    let texts = (0..heads).map(|_| {
        let mut mine = sections.to_vec();
        if next(10) < 3 {
            let edited = next(mine.len());
            mine[edited] = mine[edited].replace("line 1 of", "line one of");
        }
        let moved = mine.remove(next(mine.len()));
        mine.insert(next(mine.len() + 1), moved);
        page(&mine)
    });
    let texts = texts.collect();
    (page(sections), texts)
}

/// Returns all texts that choices can make of a merge, up to a number of them.
fn all_results(merge: &Merge, most: usize) -> Vec<String> {
    let open = merge.places().filter(|(_, place)| place.is_open());
    let all: usize = open.map(|(_, place)| place.choices().len()).product();
    let result = |mut number: usize| {
        let mut choose = |place: &Place| {
            let choices = place.choices();
            let choice = choices[number % choices.len()].clone();
            number /= choices.len();
            choice
        };
        merge.resolve(|_, place| place.preselected().unwrap_or_else(|| choose(place)))
    };
    (0..all.min(most)).map(result).collect()
}

#[test]
fn a_section_that_versions_moved_is_once_in_every_result() {
    // Always the same texts. Where versions move neighbours over each other and edit these, what moved
    // is not always to be seen; then it is a choice between the versions of all of it.
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % below
    };
    for (heads, most) in [(2, 1), (3, 11)] {
        let (mut failed, mut twice) = (0, 0);
        for _ in 0..1_000 {
            let (base, texts) = moved_sections(heads, &mut next);
            let others: Vec<&str> = texts[1..].iter().map(String::as_str).collect();
            let merge = three(&base, &texts[0], &others);
            twice += usize::from(merge.places().any(|(_, p)| p.shape == Shape::MovedTwice));
            let whole = |text: &String| {
                let titles = base.lines().filter(|line| line.starts_with("## "));
                titles
                    .into_iter()
                    .all(|title| text.lines().filter(|line| *line == title).count() == 1)
            };
            failed += usize::from(!all_results(&merge, 64).iter().all(whole));
        }
        assert!(failed <= most, "{failed} of 1,000 with {heads} versions");
        assert!(twice >= 100, "{twice} of 1,000 with {heads} versions");
    }
}

#[test]
fn what_one_deleted_beside_a_change_that_all_made_stays_deleted() {
    let (base, one, two) = ("old\n\naway\n\nend\n", "new\n\nend\n", "new\n\naway\n\nend\n");
    for (winner, other) in [(one, two), (two, one)] {
        let merge = Merge::new(base, winner, other);
        assert_eq!(merge.suggested().as_deref(), Some(one), "{:?}", shape(&merge));
        assert_eq!(merge.standing(), Standing::Offered);
    }
}

#[test]
fn a_section_that_three_versions_moved_goes_where_one_of_them_put_it() {
    let section = |name: &str| format!("## The {name} section\n\nAll about {name}.\n\n");
    let page = |order: &str| -> String { order.chars().map(|c| section(&c.to_string())).collect() };
    let texts = [page("BACDE"), page("ACBDE"), page("ACDBE")];
    let merge = three(&page("ABCDE"), &texts[0], &[&texts[1], &texts[2]]);
    assert_eq!(merge.standing(), Standing::Open(1), "{:?}", shape(&merge));
    let with = |choice: Choice| merge.resolve(|_, _| choice.clone());
    assert_eq!(with(Choice::Wording(0)), texts[0]);
    assert_eq!(with(Choice::Wording(1)), texts[1]);
    // Typed at its first place, it is at no other.
    assert_eq!(with(Choice::Text("typed\n".into())), format!("typed\n{}", page("ACDE")));
}
