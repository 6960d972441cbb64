//! Saving, yielding, merging and deleting.

use proptest::prelude::*;

use super::*;

#[test]
fn a_saved_page_is_read_back_and_is_a_file_on_disk() {
    let t = TestWiki::new();
    let id = t.save("Garden", None, "# Beans\n", 1);
    assert_eq!(t.text("Garden"), "# Beans\n");
    assert!(t.file("Garden.md", &id.to_string()).is_file());
    let next = t.save("Garden", Some(id), "# Peas\n", 2);
    assert_eq!(next.number(), 2);
    let document = t.wiki.require(&page("Garden")).unwrap();
    assert_eq!(document.revision(next).unwrap().parents, [id]);
    assert_eq!(document.state(id), State::Ancestor);
}

#[test]
fn a_save_on_an_older_revision_waits_and_readers_see_what_they_saw() {
    for n in 0..40 {
        let t = TestWiki::new();
        let first = t.save("Garden", None, "one\n", 1);
        let two = t.save("Garden", Some(first), "two\n", 100 * n + 2);
        let edit = TestWiki::edit("Garden", Some(first), "mine\n", 4000 - n);
        let Saved::Yielded { id, document, .. } = t.wiki.save(&edit, MergeOnSave::Clean).unwrap()
        else {
            panic!("did not yield")
        };
        assert!(id < two && id.number() == two.number(), "{id} {two}");
        assert_eq!(document.resolution().conflicts, [id]);
        let mine = document.revision(id).unwrap();
        assert_eq!((&mine.parents[..], mine.form), (&[first][..], Some(edit.nonce)));
        assert_eq!(t.text("Garden"), "two\n");
        assert_eq!(t.wiki.text(&document, id).unwrap(), "mine\n");
    }
}

#[test]
fn a_save_without_a_base_waits_without_a_common_ancestor() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let unknown = RevisionId::new(9, nonce(7)).unwrap();
    for (n, base) in [(3, None), (4, Some(unknown))] {
        let edit = TestWiki::edit("Garden", base, &format!("mine {n}\n"), n);
        let saved = t.wiki.save(&edit, MergeOnSave::Clean).unwrap();
        assert!(matches!(saved, Saved::Yielded { id, .. } if id < first), "{saved:?}");
    }
    assert_eq!(t.text("Garden"), "one\n");
    assert_eq!(t.conflicts("Garden").len(), 2);
}

#[test]
fn a_save_that_cannot_yield_says_what_it_displaced() {
    // No nonce is lower.
    let t = TestWiki::new();
    t.drop_in("Garden.md", "1-00000000-0000-4000-8000-000000000000", b"lowest\n");
    let document = t.wiki.refresh(&page("Garden")).unwrap().unwrap();
    let lowest = document.resolution().winner.unwrap();
    let edit = TestWiki::edit("Garden", None, "mine\n", 3);
    for _ in 0..2 {
        let saved = t.wiki.save(&edit, MergeOnSave::Clean).unwrap();
        let Saved::Done { id, displaced, .. } = saved else { panic!("{saved:?}") };
        assert_eq!((id.nonce(), displaced.unwrap_or(lowest)), (edit.nonce, lowest));
    }
    assert_eq!((t.text("Garden").as_str(), t.conflicts("Garden")), ("mine\n", vec![lowest]));
    // The number alone is higher.
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let seen = t.second("Garden", Some(first), "seen\n", 2);
    let winner = t.second("Garden", Some(first), "unseen\n", 3);
    let edit = TestWiki::edit("Garden", Some(seen), "seen and mine\n", 4);
    let saved = t.wiki.save(&edit, MergeOnSave::Clean).unwrap();
    assert!(matches!(saved, Saved::Done { displaced: Some(id), .. } if id == winner), "{saved:?}");
    assert_eq!(t.conflicts("Garden"), [winner]);
}

#[test]
fn changes_in_different_lines_are_merged_by_the_save_itself() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n\ntwo\n\nthree\n", 1);
    let theirs = t.save("Garden", Some(first), "one!\n\ntwo\n\nthree\n", 2);
    let edit = TestWiki::edit("Garden", Some(first), "one\n\ntwo\n\nthree!\n", 3);
    let asked = t.wiki.save(&edit, MergeOnSave::Ask).unwrap();
    assert!(matches!(asked, Saved::Yielded { .. }));
    assert_eq!(t.text("Garden"), "one!\n\ntwo\n\nthree\n");
    // The same form again finishes what it began, and is still two revisions.
    for _ in 0..3 {
        let saved = t.wiki.save(&edit, MergeOnSave::Clean).unwrap();
        let Saved::Merged { typed, id, document, .. } = saved else { panic!("{saved:?}") };
        assert_eq!(Some(typed), asked.typed());
        let merge = document.revision(id).unwrap();
        assert_eq!((&merge.parents[..], merge.form), (&[theirs, typed][..], Some(edit.nonce)));
        assert_eq!(document.revision_count(), 4);
        assert!(document.resolution().conflicts.is_empty());
    }
    assert_eq!(t.text("Garden"), "one!\n\ntwo\n\nthree!\n");
    // After a restart, too.
    let again = TestWiki::at(t.data.clone());
    again.wiki.scan().unwrap();
    let saved = again.wiki.save(&edit, MergeOnSave::Clean).unwrap();
    assert!(matches!(saved, Saved::Merged { .. }));
    assert_eq!(saved.document().revision_count(), 4);
}

#[test]
fn a_version_that_wins_by_its_number_is_merged_with_what_it_displaced() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n\ntwo\n", 1);
    let seen = t.second("Garden", Some(first), "one\n\ntwo!\n", 2);
    let winner = t.second("Garden", Some(first), "one!\n\ntwo\n", 3);
    let edit = TestWiki::edit("Garden", Some(seen), "one\n\ntwo!\n\nthree\n", 4);
    let saved = t.wiki.save(&edit, MergeOnSave::Clean).unwrap();
    let Saved::Merged { typed, id, document, .. } = saved else { panic!("{saved:?}") };
    assert_eq!(document.revision(id).unwrap().parents, [typed, winner]);
    assert_eq!(t.text("Garden"), "one!\n\ntwo!\n\nthree\n");
}

#[test]
fn a_deletion_is_never_merged_by_itself() {
    for (theirs, mine) in [("", "one\n\ntwo\n"), ("one!\n", "")] {
        let t = TestWiki::new();
        let first = t.save("Garden", None, "one\n", 1);
        t.save("Garden", Some(first), theirs, 2);
        let edit = TestWiki::edit("Garden", Some(first), mine, 3);
        let saved = t.wiki.save(&edit, MergeOnSave::Clean).unwrap();
        assert!(matches!(saved, Saved::Yielded { .. }), "{saved:?}");
    }
}

#[test]
fn one_form_that_is_sent_many_times_at_once_is_one_revision_and_one_merge() {
    for (mine, revisions) in [("mine\n", 3), ("one\n\ntwo!\n", 4)] {
        let t = TestWiki::new();
        let first = t.save("Garden", None, "one\n\ntwo\n", 1);
        t.save("Garden", Some(first), "one!\n\ntwo\n", 2);
        let edit = TestWiki::edit("Garden", Some(first), mine, 3);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| t.wiki.save(&edit, MergeOnSave::Clean).unwrap());
            }
        });
        let document = t.wiki.refresh(&page("Garden")).unwrap().unwrap();
        assert_eq!(document.revision_count(), revisions, "{mine}");
    }
}

#[test]
fn a_form_that_is_sent_again_with_another_text_is_another_version() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let edit = TestWiki::edit("Garden", Some(first), "two\n", 2);
    t.wiki.save(&edit, MergeOnSave::Clean).unwrap();
    for text in ["three\n", "four\n"] {
        let edit = Edit { content: text.into(), ..edit.clone() };
        let saved = t.wiki.save(&edit, MergeOnSave::Clean).unwrap();
        assert!(matches!(saved, Saved::Yielded { .. }), "{saved:?}");
    }
    assert_eq!((t.text("Garden").as_str(), t.conflicts("Garden").len()), ("two\n", 2));
}

#[test]
fn what_its_author_did_not_change_is_no_version() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    t.save("Garden", Some(first), "two\n", 2);
    let edit = TestWiki::edit("Garden", Some(first), "one\n", 3);
    let saved = t.wiki.save(&edit, MergeOnSave::Clean).unwrap();
    assert!(matches!(saved, Saved::Unchanged { .. }), "{saved:?}");
}

#[test]
fn a_second_version_is_a_conflict_until_a_merge_names_both() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let two = t.save("Garden", Some(first), "two\n", 2);
    let mine = t.second("Garden", Some(first), "mine\n", 3);
    // Same number: the higher nonce wins.
    assert_eq!((two.number(), mine.number()), (2, 2));
    assert_eq!(t.text("Garden"), "mine\n");
    assert_eq!(t.conflicts("Garden"), [two]);
    let mut merge = TestWiki::edit("Garden", Some(mine), "two and mine\n", 4);
    merge.also = vec![two];
    let Saved::Done { id, document, .. } = t.wiki.save(&merge, MergeOnSave::Ask).unwrap() else {
        panic!("not saved")
    };
    assert_eq!(id.number(), 3);
    assert!(document.resolution().conflicts.is_empty());
    assert!(t.wiki.conflicted().is_empty());
}

#[test]
fn keeping_the_winner_writes_a_merge_although_the_text_is_the_same() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let other = t.second("Garden", None, "other\n", 9);
    assert_eq!(t.text("Garden"), "other\n");
    let mut keep = TestWiki::edit("Garden", Some(other), "other\n", 4);
    keep.also = vec![first];
    assert!(matches!(t.wiki.save(&keep, MergeOnSave::Ask).unwrap(), Saved::Done { .. }));
    assert!(t.conflicts("Garden").is_empty());
}

#[test]
fn sending_a_form_twice_is_one_revision() {
    let t = TestWiki::new();
    let edit = TestWiki::edit("Garden", None, "one\n", 1);
    let Saved::Done { id, .. } = t.wiki.save(&edit, MergeOnSave::Ask).unwrap() else {
        panic!("not saved")
    };
    let Saved::Done { id: again, .. } = t.wiki.save(&edit, MergeOnSave::Ask).unwrap() else {
        panic!("not repeated")
    };
    assert_eq!(id, again);
    // Also after somebody else went on from there.
    t.save("Garden", Some(id), "two\n", 2);
    let Saved::Done { id: again, .. } = t.wiki.save(&edit, MergeOnSave::Ask).unwrap() else {
        panic!("not repeated")
    };
    assert_eq!((id, t.wiki.require(&page("Garden")).unwrap().revision_count()), (again, 2));
    let second = t.second("Garden", Some(id), "beside\n", 7);
    assert_eq!(t.second("Garden", Some(id), "beside\n", 7), second);
}

#[test]
fn saving_what_is_there_already_writes_nothing() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let edit = TestWiki::edit("Garden", Some(first), "one\n", 2);
    assert!(matches!(t.wiki.save(&edit, MergeOnSave::Ask).unwrap(), Saved::Unchanged { .. }));
    assert_eq!(t.wiki.require(&page("Garden")).unwrap().revision_count(), 1);
}

#[test]
fn deleting_and_restoring_keep_everything() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let gone = t.save("Garden", Some(first), "", 2);
    let document = t.wiki.require(&page("Garden")).unwrap();
    assert!(document.is_deleted() && !document.is_live());
    assert!(t.wiki.find(&page("Garden")).is_none());
    let back = t.wiki.restoring(TestWiki::edit("Garden", Some(gone), "", 3), first).unwrap();
    assert!(matches!(t.wiki.save(&back, MergeOnSave::Ask).unwrap(), Saved::Done { .. }));
    assert_eq!(t.text("Garden"), "one\n");
}

#[test]
fn a_text_over_the_limit_is_refused_and_nothing_is_written() {
    let t = TestWiki::new();
    let long = "x".repeat(Limits::default().text as usize + 1);
    let refused = t.wiki.save(&TestWiki::edit("Garden", None, &long, 1), MergeOnSave::Ask);
    assert!(matches!(refused, Err(WikiError::TooLarge { .. })));
    assert!(!t.data.join("pages/Garden.md").exists());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever people do, in any order and on any base: every text that was acknowledged is in a
    /// file, and memory says of the page what a fresh look at the files says.
    #[test]
    fn memory_and_disk_agree(steps in prop::collection::vec((0..4_u64, any::<prop::sample::Index>(), "[a-c]{0,3}\n"), 1..14)) {
        let t = TestWiki::new();
        let mut ids: Vec<RevisionId> = Vec::new();
        let mut saved = Vec::new();
        for (n, (kind, base, text)) in steps.into_iter().enumerate() {
            let base = if ids.is_empty() || kind == 0 { None } else { Some(*base.get(&ids)) };
            let edit = TestWiki::edit("Garden", base, &text, 100 + n as u64);
            let mode = if kind == 1 { MergeOnSave::Ask } else { MergeOnSave::Clean };
            if let Some(id) = t.wiki.save(&edit, mode).unwrap().typed() {
                ids.push(id);
                saved.push((id, text));
            }
        }
        let fresh = TestWiki::at(t.data.clone());
        fresh.wiki.scan().unwrap();
        let (ours, theirs) = (t.wiki.require(&page("Garden")).unwrap(), fresh.wiki.require(&page("Garden")).unwrap());
        prop_assert_eq!(ours.resolution(), theirs.resolution());
        prop_assert_eq!(t.wiki.conflict_count(), fresh.wiki.conflict_count());
        for (id, text) in saved {
            prop_assert_eq!(fresh.wiki.text(&theirs, id).unwrap(), text);
        }
    }
}
