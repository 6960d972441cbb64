//! Creating a revision: once, durably, and never over another one.

use super::*;

pub(super) fn what_is_created_is_listed_loaded_and_opened(store: &dyn Store) {
    let mut given = header("water the beans");
    given.parents = vec![id(1, 7), id(2, 9)];
    given.extra = vec![("Mood".into(), "sunny".into())];
    let text = b"# Garden\r\n\nbeans\0\xff";
    let created = store.create(&dir("A.md"), id(3, 1), &given, Body::Bytes(text)).unwrap();
    assert!(!created.already);
    assert_eq!(created.measured.length, text.len() as u64);
    assert_eq!(created.measured.digest, ContentDigest::of(text));

    let listing = store.list(&dir("A.md")).unwrap();
    assert_eq!(ids(&listing), [id(3, 1)]);
    assert_eq!(listing.revisions[0].file, created.file, "create tells the state that list shows");
    let loaded = store.load(&dir("A.md"), id(3, 1)).unwrap();
    assert_eq!(loaded.file, created.file);
    assert_eq!(loaded.content.as_deref(), Some(&text[..]));
    let (head, measured) = loaded.revision.unwrap();
    assert_eq!(measured, created.measured);
    let found = head.header.unwrap();
    assert_eq!((found.length, found.digest), (Some(measured.length), Some(measured.digest)));
    assert_eq!(Header { length: None, digest: None, ..found }, given);
    let content = store.open(&dir("A.md"), id(3, 1)).unwrap();
    assert_eq!((content.start, content.length), (head.content_start, text.len() as u64));
    assert_eq!(read(store, "A.md", id(3, 1)), text);
    assert!(matches!(store.load(&dir("A.md"), id(3, 2)), Err(StoreError::NotFound(_))));
}

pub(super) fn creating_again_is_already(store: &dyn Store) {
    let first = save(store, "A.md", id(1, 1), "text").unwrap();
    let again = save(store, "A.md", id(1, 1), "text").unwrap();
    assert!(!first.already && again.already);
    assert_eq!((first.measured, first.file), (again.measured, again.file));
    let streamed = store
        .create(&dir("A.md"), id(1, 1), &header("x"), Body::Stream(&mut &b"text"[..]))
        .unwrap();
    assert!(streamed.already, "it does not matter how the bytes come");
    assert_eq!(ids(&store.list(&dir("A.md")).unwrap()), [id(1, 1)]);
}

pub(super) fn a_retry_with_a_later_date_is_already(store: &dyn Store) {
    let first = save(store, "A.md", id(1, 1), "text").unwrap();
    let late = Header { date: Some("2030-01-01T00:00:00Z".parse().unwrap()), ..header("x") };
    let again = store.create(&dir("A.md"), id(1, 1), &late, Body::Bytes(b"text")).unwrap();
    assert!(again.already);
    assert_eq!(again.file, first.file);
    let (head, _) = store.load(&dir("A.md"), id(1, 1)).unwrap().revision.unwrap();
    assert_eq!(head.header.unwrap().date, header("x").date, "the first stays as it was");
}

pub(super) fn other_bytes_are_refused_and_the_first_stay(store: &dyn Store) {
    let first = save(store, "A.md", id(2, 1), "text").unwrap();
    let base = header("x");
    let attempts: [(Header, &[u8]); 6] = [
        (base.clone(), b"other"),
        (base.clone(), b""),
        (Header { author: "Bob".into(), ..base.clone() }, b"text"),
        (Header { summary: "y".into(), ..base.clone() }, b"text"),
        (Header { parents: vec![id(1, 1)], ..base.clone() }, b"text"),
        (Header { extra: vec![("Mood".into(), "sunny".into())], ..base }, b"text"),
    ];
    for (header, text) in attempts {
        let refused = store.create(&dir("A.md"), id(2, 1), &header, Body::Bytes(text));
        assert!(matches!(refused, Err(StoreError::Taken(_))), "{header:?}: {refused:?}");
        let listing = store.list(&dir("A.md")).unwrap();
        assert_eq!(listing.revisions.len(), 1);
        assert_eq!(listing.revisions[0].file, first.file);
        assert_eq!(read(store, "A.md", id(2, 1)), b"text");
    }
    assert_eq!(store.read_only(), None);
}

pub(super) fn a_header_that_does_not_fit_leaves_no_trace(store: &dyn Store) {
    let parents = (1..2000).map(|n| id(n, 1)).collect();
    let long = Header { parents, ..header("x") };
    let refused = store.create(&dir("A.md"), id(2000, 1), &long, Body::Bytes(b"text"));
    assert!(matches!(refused, Err(StoreError::HeaderTooLong(_))));
    let refused = store.create(&dir("A.md"), id(2000, 1), &long, Body::Stream(&mut &b"text"[..]));
    assert!(matches!(refused, Err(StoreError::HeaderTooLong(_))));
    assert_untouched(store);
}

pub(super) fn of_racing_savers_of_one_name_one_wins(store: &dyn Store) {
    for round in 1..=10 {
        let gate = Barrier::new(8);
        let results: Vec<_> = thread::scope(|scope| {
            let savers: Vec<_> = (0..8)
                .map(|n| {
                    let gate = &gate;
                    // Two texts, four savers of each.
                    let text = if n % 2 == 0 { "even" } else { "odd" };
                    scope.spawn(move || {
                        gate.wait();
                        (text, save(store, "A.md", id(round, 1), text))
                    })
                })
                .collect();
            savers.into_iter().map(|s| s.join().unwrap()).collect()
        });
        let stored = String::from_utf8(read(store, "A.md", id(round, 1))).unwrap();
        for (text, result) in &results {
            match result {
                Ok(_) => assert_eq!(*text, stored),
                Err(StoreError::Taken(_)) => assert_ne!(*text, stored),
                Err(other) => panic!("{other:?}"),
            }
        }
        let created = |r: &Result<Created, _>| r.as_ref().is_ok_and(|c| !c.already);
        assert_eq!(results.iter().filter(|(_, r)| created(r)).count(), 1);
        assert_eq!(results.iter().filter(|(_, r)| r.is_ok()).count(), 4);
    }
}

pub(super) fn savers_of_different_names_all_win(store: &dyn Store) {
    thread::scope(|scope| {
        for saver in 0..16 {
            scope.spawn(move || {
                for n in 1..=5 {
                    // Directories that several savers make at once, too.
                    let path = format!("F{n}/P{}.md", saver % 4);
                    save(store, &path, id(n, saver), "text").unwrap();
                    let listed = ids(&store.list(&dir(&path)).unwrap());
                    assert!(listed.contains(&id(n, saver)), "what is acknowledged is listed");
                }
            });
        }
    });
    let (found, findings) = scan(store);
    assert_eq!(found.iter().map(|(_, ids)| ids.len()).sum::<usize>(), 80);
    assert_eq!(findings, []);
}
