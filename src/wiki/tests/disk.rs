//! What other programs, crashes and other servers do to the files.

use super::*;

#[test]
fn files_made_by_hand_are_seen_at_the_next_look() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let copy = fs::read(t.file("Garden.md", &first.to_string())).unwrap();
    // `cp 1-x 2-$(uuidgen)` and an edit: the copied header is skipped.
    let text = String::from_utf8(copy).unwrap().replace("one\n", "by hand\n");
    t.drop_in("Garden.md", &format!("2-{}", nonce(50)), text.as_bytes());
    t.wiki.refresh(&page("Garden")).unwrap();
    assert_eq!(t.text("Garden"), "by hand\n");
    assert!(t.conflicts("Garden").is_empty());
    t.drop_in("Shed.md", &format!("1-{}", nonce(51)), b"no header\n");
    assert_eq!(t.text("Shed"), "no header\n");
}

#[test]
fn what_is_not_whole_never_wins_and_is_reported() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let whole = fs::read(t.file("Garden.md", &first.to_string())).unwrap();
    let id = format!("7-{}", nonce(50));
    let torn = String::from_utf8(whole).unwrap().replace(&first.to_string(), &id);
    t.drop_in("Garden.md", &id, &torn.as_bytes()[..torn.len() - 2]);
    t.drop_in("Garden.md", &format!("8-{}", nonce(51)), b"");
    t.drop_in("Garden.md", &format!("0-{}", nonce(52)), b"x");
    t.drop_in("Garden.md", &format!("9007199254740992-{}", nonce(53)), b"x");
    t.drop_in("Garden.md", &format!("9-{}", nonce(54).to_string().to_uppercase()), b"x");
    t.wiki.refresh(&page("Garden")).unwrap();
    assert_eq!(t.text("Garden"), "one\n");
    let document = t.wiki.require(&page("Garden")).unwrap();
    let kinds: Vec<FindingKind> = document.findings().iter().map(|f| f.kind).collect();
    assert_eq!(kinds.iter().filter(|k| **k == FindingKind::Damaged).count(), 2);
    assert_eq!(kinds.iter().filter(|k| **k == FindingKind::BadId).count(), 3);
    // Editing goes on from what is whole.
    t.save("Garden", Some(first), "two\n", 2);
    assert_eq!(t.text("Garden"), "two\n");
}

#[test]
fn a_form_whose_revision_is_damaged_now_can_be_sent_again() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let second = t.save("Garden", Some(first), "two\n", 2);
    let t = t.with_torn("Garden.md", second);
    assert_eq!(t.text("Garden"), "one\n");
    let mut again = TestWiki::edit("Garden", Some(first), "two\n", 2);
    for _ in 0..2 {
        let saved = t.wiki.save(&again, MergeOnSave::Ask).unwrap();
        assert!(matches!(saved, Saved::Done { displaced: None, .. }), "{saved:?}");
        assert_eq!((t.text("Garden").as_str(), t.conflicts("Garden").len()), ("two\n", 0));
        assert_eq!(saved.document().revisions().filter(|r| r.damage.is_none()).count(), 2);
        again.author = "Ada, again".to_owned();
    }
}

#[test]
fn a_merge_on_a_base_that_is_damaged_now_displaces_nothing_it_names() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let second = t.save("Garden", Some(first), "two\n", 2);
    let other = nonce(60);
    t.drop_in("Garden.md", &format!("1-{other}"), b"other\n");
    let t = t.with_torn("Garden.md", second);
    let document = t.wiki.require(&page("Garden")).unwrap();
    let winner = document.resolution().winner.unwrap();
    assert!(winner.number() == 1, "{document:?}");
    let mut edit = TestWiki::edit("Garden", Some(second), "both\n", 3);
    edit.also = vec![winner];
    let saved = t.wiki.save(&edit, MergeOnSave::Ask).unwrap();
    assert!(matches!(saved, Saved::Done { displaced: None, .. }), "{saved:?}");
    assert_eq!(t.text("Garden"), "both\n");
}

#[test]
fn a_revision_that_vanishes_is_put_back() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let second = t.save("Garden", Some(first), "two\n", 2);
    fs::remove_file(t.file("Garden.md", &second.to_string())).unwrap();
    t.wiki.refresh(&page("Garden")).unwrap();
    assert_eq!(t.text("Garden"), "two\n");
    fs::remove_dir_all(t.data.join("pages/Garden.md")).unwrap();
    t.wiki.scan().unwrap();
    assert_eq!(t.text("Garden"), "two\n");
    let document = t.wiki.require(&page("Garden")).unwrap();
    assert!(document.findings().iter().any(|f| f.kind == FindingKind::Restored));
}

#[test]
fn a_page_removed_while_no_server_ran_is_put_back_by_the_next() {
    let t = TestWiki::new();
    t.save("Projects/Garden", None, "one\n", 1);
    fs::remove_dir_all(t.data.join("pages/Projects")).unwrap();
    let next = TestWiki::at(t.data.clone());
    next.wiki.scan().unwrap();
    assert_eq!(next.wiki.document_count(), 1);
    assert_eq!(next.text("Projects/Garden"), "one\n");
    assert!(next.wiki.findings().iter().any(|f| f.kind == FindingKind::Restored));
}

#[test]
fn a_bare_revision_may_be_edited_in_place() {
    let t = TestWiki::new();
    let name = format!("1-{}", nonce(50));
    t.drop_in("Garden.md", &name, b"first\n");
    assert_eq!(t.text("Garden"), "first\n");
    fs::write(t.file("Garden.md", &name), b"second, longer\n").unwrap();
    t.wiki.scan().unwrap();
    assert_eq!(t.text("Garden"), "second, longer\n");
}

#[test]
fn names_that_differ_only_in_case_are_one_document() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    t.drop_in("garden.md", &format!("2-{}", nonce(50)), b"from another disk\n");
    t.wiki.scan().unwrap();
    assert_eq!(t.text("GARDEN"), "from another disk\n");
    let document = t.wiki.require(&page("Garden")).unwrap();
    assert_eq!(document.revision_count(), 2);
    assert_eq!(document.state(first), State::Ancestor);
    assert_eq!(t.wiki.document_count(), 1);
}

#[test]
fn a_second_server_on_the_same_directory_sees_what_the_first_saved() {
    let one = TestWiki::new();
    let two = TestWiki::at(one.data.clone());
    let first = one.save("Garden", None, "one\n", 1);
    two.wiki.refresh(&page("Garden")).unwrap();
    assert_eq!(two.text("Garden"), "one\n");
    two.save("Garden", Some(first), "two\n", 2);
    let stale = TestWiki::edit("Garden", Some(first), "three\n", 3);
    assert!(matches!(one.wiki.save(&stale, MergeOnSave::Ask).unwrap(), Saved::Yielded { .. }));
}

#[test]
fn the_pages_removed_and_put_back_while_running_lose_nothing() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let (pages, aside) = (t.data.join("pages"), t.data.join("aside"));
    fs::rename(&pages, &aside).unwrap();
    let lost = t.wiki.save(&TestWiki::edit("Garden", Some(first), "two\n", 2), MergeOnSave::Ask);
    assert!(matches!(lost, Err(WikiError::Store(StoreError::Unavailable(_)))), "{lost:?}");
    assert!(!pages.exists(), "a save never makes the directory of all pages");
    assert!(t.wiki.require(&page("Garden")).unwrap().is_live(), "what is known stays known");
    fs::rename(&aside, &pages).unwrap();
    t.save("Garden", Some(first), "two\n", 2);
    assert_eq!(t.text("Garden"), "two\n");
}

#[test]
fn what_other_programs_put_there_is_noticed_without_a_scan() {
    let t = TestWiki::new();
    t.save("Old", None, "one\n", 1);
    let (heard, changes) = std::sync::mpsc::channel();
    t.wiki.on_change(move |_| heard.send(()).unwrap_or_default());
    let scans = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&scans);
    t.wiki.on_scan(move || {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let background = t.wiki.start().unwrap();
    t.wiki.wait_for_scan();
    // Memory is asked, as a view would look for itself.
    let shows = |name: &str, text: &str| loop {
        let known = t.wiki.known(&page(name).key());
        let length = known.as_ref().and_then(|d| d.winner()).map(|w| w.length);
        if length == Some(text.len() as u64) {
            break;
        }
        changes.recv().unwrap();
    };
    t.drop_in("Old.md", "2-9f0c2d4e-58cc-4372-a567-0e02b2c3d479", b"two more\n");
    shows("Old", "two more\n");
    t.drop_in("New.md", "1-9f0c2d4e-58cc-4372-a567-0e02b2c3d479", b"new\n");
    shows("New", "new\n");
    let aside = t.data.join("aside");
    fs::create_dir_all(aside.join("Folder/Deep.md")).unwrap();
    fs::write(aside.join("Folder/Deep.md/1-9f0c2d4e-58cc-4372-a567-0e02b2c3d479"), "d\n").unwrap();
    fs::rename(aside, t.data.join("pages/Came")).unwrap();
    shows("Came/Folder/Deep", "d\n");
    drop(background);
    assert!(scans.load(Ordering::Relaxed) <= 1, "only the first scan was needed");
}

#[test]
fn what_was_listed_before_a_save_does_not_take_the_page_back() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let dir = DiskDir::of(&page("Garden"));
    let stale = t.wiki.store.list(&dir).unwrap();
    t.save("Garden", Some(first), "two\n", 2);
    t.wiki.take_in_listed(&page("Garden").key(), vec![(dir, stale)]).unwrap();
    let known = t.wiki.known(&page("Garden").key()).unwrap();
    assert_eq!(known.resolution().winner.unwrap().number(), 2);
}

#[test]
fn a_file_that_is_damaged_unnoticed_is_not_saved_anew() {
    let t = TestWiki::new();
    let path = DocPath::new("film.bin").unwrap();
    let edit = |base: Option<RevisionId>, content: &str, n: u64| Edit {
        path: path.clone(),
        ..TestWiki::edit("Garden", base, content, n)
    };
    let mut ids = Vec::new();
    for (n, content) in [(1, "one\n"), (2, "two\n")] {
        let saved = t.wiki.save(&edit(None, content, n), MergeOnSave::Ask).unwrap();
        ids.push(saved.typed().unwrap());
    }
    let document = t.wiki.require(&path).unwrap();
    assert_eq!(document.resolution().conflicts, [ids[1]]);
    assert!(t.wiki.open_whole(&document, ids[1]).is_ok());
    // A bit flips, and the file looks as it did.
    let file = t.file("film.bin", &ids[1].to_string());
    let mut bytes = fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    let changed = fs::metadata(&file).unwrap().modified().unwrap();
    fs::write(&file, bytes).unwrap();
    fs::File::options().write(true).open(&file).unwrap().set_modified(changed).unwrap();
    let settle = Edit { also: vec![ids[1]], ..edit(Some(ids[0]), "", 3) };
    let refused = t.wiki.settle(&settle, ids[1]);
    assert!(matches!(refused, Err(WikiError::Damaged { id, .. }) if id == ids[1]), "{refused:?}");
    let refused = t.wiki.open_whole(&document, ids[1]);
    assert!(matches!(refused, Err(WikiError::Damaged { .. })), "{refused:?}");
    let now = t.wiki.require(&path).unwrap();
    assert_eq!((now.state(ids[1]), now.revision_count()), (State::Damaged, 2));
}
