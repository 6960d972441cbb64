//! What is found for the words that somebody types, and in what order.

use proptest::prelude::*;

use super::*;

#[test]
fn titles_come_before_folders_headings_and_texts() {
    let heading =
        |path, heading: &str| SearchDoc { headings: vec![heading.into()], ..doc(path, "") };
    let bench = Bench::with([
        doc("Text.md", &"garden ".repeat(50)),
        heading("Heading.md", "The garden"),
        SearchDoc { text: "garden garden".into(), ..heading("Both.md", "garden") },
        doc("Garden/Shed.md", ""),
        doc("A Long Name with Garden Inside.md", ""),
        doc("My Garden.md", ""),
        doc("Garden.md", ""),
        SearchDoc { title: "Garden!".into(), ..doc("renamed.md", "") },
    ]);
    let mut found = bench.finds("garden");
    found[..2].sort();
    assert_eq!(
        found,
        [
            "Garden.md",
            "renamed.md",
            "My Garden.md",
            "A Long Name with Garden Inside.md",
            "Garden/Shed.md",
            "Both.md",
            "Heading.md",
            "Text.md"
        ]
    );
}

#[test]
fn a_file_name_is_found_beside_another_title() {
    let bench = Bench::with([SearchDoc { title: "Welcome".into(), ..doc("Start.md", "") }]);
    assert_eq!(bench.finds("start"), ["Start.md"]);
    assert_eq!(bench.finds("welc"), ["Start.md"]);
}

#[test]
fn the_last_word_is_a_beginning_and_whole_words_come_first() {
    let bench = Bench::with([doc("A.md", "the beanstalk grows"), doc("B.md", "the bean grows")]);
    assert_eq!(bench.finds("the bean"), ["B.md", "A.md"]);
    assert_eq!(bench.finds("beans"), ["A.md"]);
    let results = bench.index.search("be grows", 0, 10);
    assert!(results.partial, "a word before the last is whole: {results:?}");
}

#[test]
fn all_words_are_needed_unless_nothing_has_them_all() {
    let bench = Bench::with([
        doc("One.md", "water the beans"),
        doc("Two.md", "water the roses"),
        doc("Water.md", "a river with beans"),
    ]);
    assert_eq!(bench.finds("water beans"), ["Water.md", "One.md"]);
    let results = bench.index.search("beans roses zebra", 0, 10);
    assert!(results.partial);
    assert_eq!(results.total, 3);
    assert!(!bench.index.search("water roses", 0, 10).partial);
}

#[test]
fn quoted_words_stand_together() {
    let bench = Bench::with([doc("A.md", "beans and water"), doc("B.md", "water and beans")]);
    assert_eq!(bench.finds("\"and water\""), ["A.md"]);
    assert_eq!(bench.finds("“water and” beans"), ["B.md"]);
    assert_eq!(bench.finds("\"water beans\""), Vec::<String>::new());
    assert_eq!(bench.finds("\"water and be"), ["B.md", "A.md"]);
}

#[test]
fn spelling_does_not_count() {
    let bench = Bench::with([doc("Café.md", "Straße nach Łódź"), doc("Йога.md", "ΑΛΦΑ")]);
    for typed in ["cafe", "CAFÉ", "cafe\u{301}", "strasse", "lodz", "ŁÓDŹ"] {
        assert_eq!(bench.finds(typed), ["Café.md"], "{typed}");
    }
    assert_eq!(bench.finds("йога"), ["Йога.md"]);
    assert_eq!(bench.finds("άλφα"), ["Йога.md"]);
}

#[test]
fn texts_without_spaces_are_found_by_any_part() {
    let bench = Bench::with([doc("a.md", "私は東京都に住んでいます"), doc("b.md", "京都へ行く")]);
    assert_eq!(bench.finds("東京都"), ["a.md"]);
    assert_eq!(bench.finds("住んで"), ["a.md"]);
    assert_eq!(bench.finds("都").len(), 2);
    assert_eq!(bench.finds("す"), ["a.md"]);
    assert_eq!(bench.finds("東都"), Vec::<String>::new());
    let results = bench.index.search("東京都", 0, 1);
    assert_eq!(show(&results.hits[0].snippet), "私は[東京都]に住んでいます");
}

#[test]
fn parts_of_words_are_found_where_no_word_begins_so() {
    let bench = Bench::with([doc("A.md", "three teapots"), doc("B.md", "potatoes")]);
    assert_eq!(bench.finds("pot"), ["B.md"]);
    assert_eq!(bench.finds("apot"), ["A.md"]);
    assert_eq!(bench.finds("zz"), Vec::<String>::new());
}

#[test]
fn tags_are_found_and_shown() {
    let tagged = SearchDoc { tags: vec!["Home Office".into()], ..doc("Desk.md", "wood") };
    let bench = Bench::with([tagged]);
    assert_eq!(bench.finds("office"), ["Desk.md"]);
    assert_eq!(bench.index.search("office", 0, 1).hits[0].tags, ["home office"]);
}

#[test]
fn titles_and_snippets_are_marked_and_not_escaped() {
    let bench = Bench::with([doc("Beans & Peas.md", "<b>Water</b> the beans\n\nat dawn")]);
    assert_eq!(bench.finds("beans"), ["Beans & Peas.md"]);
    let hit = &bench.index.search("bean", 0, 1).hits[0];
    assert_eq!(show(&hit.title), "[Beans] & Peas");
    assert_eq!(show(&hit.snippet), "<b>Water</b> the [beans] at dawn");
}

#[test]
fn results_come_in_pages() {
    let bench = Bench::with((0..25).map(|i| doc(&format!("Note {i:02}.md"), "note")));
    let mut all = Vec::new();
    for skip in [0, 10, 20, 30] {
        let results = bench.index.search("note", skip, 10);
        assert_eq!(results.total, 25);
        all.extend(paths(&results));
    }
    assert_eq!(all.len(), 25);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 25);
    assert_eq!(bench.index.search("note", usize::MAX, usize::MAX).hits, []);
    assert_eq!(bench.index.search("note", 0, 0).hits, []);
}

#[test]
fn very_long_words_and_texts_are_no_trouble() {
    let long = "x".repeat(100_000);
    let bench = Bench::with([doc("Long.md", &format!("{long} {}", "word ".repeat(200_000)))]);
    assert_eq!(bench.finds(&long), ["Long.md"]);
    assert_eq!(bench.finds("word"), ["Long.md"]);
}

#[test]
fn nothing_that_is_typed_fails() {
    let bench =
        Bench::with([doc("Garden.md", "beans (and) [roses] 東京都 a-b_c"), doc("B.md", "x")]);
    let typed = prop_oneof![
        any::<String>(),
        "[a-c東京\"“(){}+*.?^$|~:/ -]{0,30}",
        "(\"|beans|AND|OR|NOT|title:|\\*|\\[|TO|roses| |-|~2|\\^9){0,12}",
    ];
    proptest!(ProptestConfig::with_cases(200), |(typed in typed)| {
        let results = bench.index.search(&typed, 0, 10);
        prop_assert!(bench.index.is_on_disk(), "the index was given up for {:?}", typed);
        prop_assert_eq!(results.hits.len(), results.total);
    });
    assert_eq!(bench.index.search(&"garden ".repeat(10_000), 0, 1).total, 1);
    assert_eq!(bench.finds("beans"), ["Garden.md"]);
}
