use proptest::prelude::*;

use super::*;
use crate::model::merge::Choice;
use crate::wiki::tests::{TestWiki, page};
use crate::wiki::{Edit, MergeOnSave, Saved};

const BASE: &str = "one\n\ntwo\n\nthree\n";

/// A page and its versions, all made from `base`: the winner's id, then the others', as they wait.
fn versions(t: &TestWiki, base: &str, texts: &[&str]) -> Vec<RevisionId> {
    let first = t.save("Garden", None, base, 1);
    for (i, text) in texts.iter().enumerate() {
        t.second("Garden", Some(first), text, 2 + i as u64);
    }
    let document = t.wiki.require(&page("Garden")).unwrap();
    let resolution = document.resolution();
    resolution.winner.into_iter().chain(resolution.conflicts.iter().copied()).collect()
}

fn merged_all(t: &TestWiki) -> Option<MergedAll> {
    t.wiki.merge_all(&t.wiki.require(&page("Garden")).unwrap()).unwrap()
}

fn case(t: &TestWiki) -> Option<Case> {
    t.wiki.inbox().first().map(|entry| entry.case)
}

fn decision(winner: RevisionId, heads: &[RevisionId], n: u64) -> Edit {
    Edit { also: heads.to_vec(), ..TestWiki::edit("Garden", Some(winner), "", n) }
}

#[test]
fn two_versions_are_cut_into_what_fits_and_what_has_to_be_chosen() {
    let t = TestWiki::new();
    let ids = versions(&t, BASE, &["one!\n\nmine\n\nthree\n", "one\n\ntheirs\n\nthree\n"]);
    let document = t.wiki.require(&page("Garden")).unwrap();
    let view = t.wiki.merge_view(&document, ids[0], &ids[1..]).unwrap();
    assert_eq!(view.base.as_ref().unwrap().text, BASE);
    let ids_of = |versions: &[Side]| versions.iter().map(|side| side.id).collect::<Vec<_>>();
    assert_eq!(ids_of(&view.versions), [ids[0], ids[1]]);
    assert_eq!(view.merge.places().count(), 2);
    assert_eq!(view.merge.standing(), Standing::Open(1));
    let choose = |choice: Choice| {
        view.merge.resolve(|_, place| place.preselected().unwrap_or_else(|| choice.clone()))
    };
    assert_eq!(choose(Choice::Wording(0)), "one!\n\ntheirs\n\nthree\n");
    assert_eq!(choose(Choice::Wording(1)), "one!\n\nmine\n\nthree\n");
    assert_eq!(choose(Choice::Base), "one!\n\ntwo\n\nthree\n");
}

#[test]
fn a_text_that_was_begun_on_nothing_has_no_base() {
    let t = TestWiki::new();
    let ids = versions(&t, BASE, &["theirs\n"]);
    let document = t.wiki.require(&page("Garden")).unwrap();
    let taken = t.wiki.merge_unsaved(&document, &[], ids[0], "mine\n").unwrap();
    assert_eq!(taken, TakenIn { text: "mine\n".to_owned(), left: 1 });
}

#[test]
fn what_nobody_has_to_decide_is_taken_into_a_text_that_is_not_saved() {
    let t = TestWiki::new();
    let base = "One is here. Two is here.\n\nthree\n\nfour\n";
    let ids = versions(&t, base, &["One was here. Two is here.\n\nTHREE\n\nfour\nand five\n"]);
    let document = t.wiki.require(&page("Garden")).unwrap();
    let first = document.history().nodes()[0].id;
    let take = |text: &str| t.wiki.merge_unsaved(&document, &[first], ids[0], text).unwrap();
    // The other sentence of one line is taken in, the other wording of one word is not.
    let taken = take("One is here. Two was here.\n\ndrei\n\nfour\n");
    let text = "One was here. Two was here.\n\ndrei\n\nfour\nand five\n".to_owned();
    assert_eq!(taken, TakenIn { text, left: 1 });
    // Taken in once more, it changes nothing and is still to be decided.
    assert_eq!(take(&taken.text), taken);
    assert_eq!(take(base).left, 0);
}

#[test]
fn the_line_ends_are_those_of_the_page() {
    let t = TestWiki::new();
    let ids = versions(&t, "one\r\n", &["mine\n", "theirs\r\n"]);
    let document = t.wiki.require(&page("Garden")).unwrap();
    let view = t.wiki.merge_view(&document, ids[0], &ids[1..]).unwrap();
    assert_eq!(view.merge.resolve(|_, _| Choice::Wording(1)), "mine\r\n");
    assert_eq!(view.merge.resolve(|_, _| Choice::All), "theirs\r\nmine\r\n");
}

#[test]
fn all_versions_are_merged_where_nobody_has_to_choose() {
    let t = TestWiki::new();
    let heads = ["one!\n\ntwo\n\nthree\n", "one\n\ntwo!\n\nthree\n", "one\n\ntwo\n\nthree!\n"];
    let ids = versions(&t, BASE, &heads);
    let merged = merged_all(&t).unwrap();
    assert_eq!(
        (merged.text.as_str(), merged.standing),
        ("one!\n\ntwo!\n\nthree!\n", Standing::Clean)
    );
    assert_eq!(merged.heads, ids[1..]);
    assert_eq!(t.wiki.merge_clean(&page("Garden")).unwrap(), Some(merged.text));

    let t = TestWiki::new();
    versions(&t, BASE, &["one!\n\ntwo\n\nthree\n", "one?\n\ntwo\n\nthree\n", BASE]);
    assert_eq!(merged_all(&t), None);
    assert_eq!(t.wiki.merge_clean(&page("Garden")).unwrap(), None);
}

#[test]
fn the_inbox_says_how_hard_a_decision_is() {
    for (texts, expected) in [
        (["one!\n\ntwo\n\nthree\n", "one\n\ntwo\n\nthree!\n"], Case::Clean),
        (["one \n\ntwo\n\nthree\n", "one  \n\ntwo\n\nthree\n"], Case::WhiteSpace),
        (["one\n\ntwo\n\nthree\nmine\n", "one\n\ntwo\n\nthree\ntheirs\n"], Case::BothAppended),
        (["one!\n\ntwo\n\nthree\n", "one?\n\ntwo\n\nthree\n"], Case::SameWords),
        (["one!\n\ntwo\n\nthree\n", ""], Case::DeletedHere),
        (["", "one?\n\ntwo\n\nthree\n"], Case::DeletedThere),
    ] {
        let t = TestWiki::new();
        versions(&t, BASE, &texts);
        assert_eq!(case(&t), Some(expected), "{texts:?}");
        if expected.is_easy() {
            assert!(merged_all(&t).is_some(), "one click must settle {texts:?}");
        }
    }
}

#[test]
fn a_page_that_is_no_text_is_said_to_be_none() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, BASE, 1);
    t.second("Garden", Some(first), "text\n", 2);
    let bytes = Edit { content: vec![0xff, 0xfe], ..TestWiki::edit("Garden", Some(first), "", 3) };
    t.wiki.save(&bytes, MergeOnSave::Ask).unwrap();
    assert_eq!(case(&t), Some(Case::NotText));
}

#[test]
fn a_decision_closes_the_versions_it_names_with_the_content_it_names() {
    for like in 0..3 {
        let t = TestWiki::new();
        let ids = versions(&t, BASE, &["a\n", "b\n", "c\n"]);
        let document = t.wiki.require(&page("Garden")).unwrap();
        let expected = t.wiki.text(&document, ids[like]).unwrap();
        let edit = decision(ids[0], &ids[1..], 9);
        for _ in 0..2 {
            let saved = t.wiki.settle(&edit, ids[like]).unwrap();
            assert!(matches!(saved, Saved::Done { id, .. } if id.nonce() == edit.nonce));
        }
        assert_eq!(t.text("Garden"), expected);
        assert_eq!(t.conflicts("Garden"), []);
        let document = t.wiki.require(&page("Garden")).unwrap();
        assert_eq!(document.revision_count(), 5, "sent twice is one revision");
        // What lost can still be read.
        for id in &ids {
            t.wiki.text(&document, *id).unwrap();
        }
        assert!(t.wiki.inbox().is_empty());
    }
}

#[test]
fn a_decision_about_what_has_changed_writes_nothing() {
    let t = TestWiki::new();
    let ids = versions(&t, BASE, &["a\n", "b\n"]);
    let next = t.save("Garden", Some(ids[0]), "c\n", 5);
    let stale = decision(ids[0], &ids[1..], 9);
    assert!(matches!(t.wiki.settle(&stale, ids[0]), Err(WikiError::Changed(_))));
    // Neither does one that names what does not wait.
    let ancestor = decision(next, &[ids[0]], 10);
    assert!(matches!(t.wiki.settle(&ancestor, next), Err(WikiError::Changed(_))));
    assert_eq!(t.text("Garden"), "c\n");
    assert_eq!(t.conflicts("Garden"), [ids[1]]);
    let unknown = RevisionId::new(7, ids[0].nonce()).unwrap();
    let lost = t.wiki.settle(&decision(next, &ids[1..], 11), unknown);
    assert!(matches!(lost, Err(WikiError::NoRevision { .. })));
}

#[test]
fn a_judgement_follows_the_versions() {
    let t = TestWiki::new();
    let ids = versions(&t, BASE, &["one!\n\ntwo\n\nthree\n", "one?\n\ntwo\n\nthree\n"]);
    assert_eq!(case(&t), Some(Case::SameWords));
    t.save("Garden", Some(ids[0]), "one\n\ntwo\n\nthree!\n", 7);
    assert_eq!(case(&t), Some(Case::Clean), "the first line is as it was again");
}

/// Texts of few different lines, so that they meet.
fn text() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec!["a\n", "b\n", "c\n", "d\n", "\n", "# h\n"]);
    prop::collection::vec(line, 0..8).prop_map(|lines| lines.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn no_line_that_anybody_added_is_lost_by_one_click(
        base in text(), one in text(), two in text(), three in text()
    ) {
        let t = TestWiki::new();
        let texts = [format!("{one}1\n"), format!("2\n{two}"), format!("{three}3\n")];
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        versions(&t, &format!("{base}0\n"), &texts);
        if let Some(merged) = merged_all(&t) {
            for line in ["1", "2", "3"] {
                prop_assert!(merged.text.lines().any(|l| l == line), "{}", merged.text);
            }
        }
    }
}
