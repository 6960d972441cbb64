//! Listing one directory, a folder, or everything.

use super::*;

pub(super) fn an_empty_store_has_nothing(store: &dyn Store) {
    assert_untouched(store);
    let listing = store.list(&dir("A.md")).unwrap();
    assert!(listing.stamp.is_none() && listing.revisions.is_empty());
    assert_eq!(store.stamp(&dir("A.md")).unwrap(), None);
    assert!(matches!(store.load(&dir("A.md"), id(1, 1)), Err(StoreError::NotFound(_))));
    assert!(matches!(store.open(&dir("A.md"), id(1, 1)), Err(StoreError::NotFound(_))));
    assert_eq!(store.heal(&dir("A.md")).unwrap(), []);
    assert_eq!(store.read_only(), None);
}

pub(super) fn folders_and_documents_nest(store: &dyn Store) {
    let deep = ["d"; 200].join("/");
    // A document may lie inside the directory of another, and beside one of nearly its name.
    let paths =
        ["A.md", "A.md/B.md", "B/C.md", "B/D/E.png", "Ünï côde/日本.md", "CON.md", "a%b.md"];
    for path in paths.into_iter().chain([deep.as_str()]) {
        save(store, path, id(1, 1), path).unwrap();
    }
    for path in paths {
        assert_eq!(read(store, path, id(1, 1)), path.as_bytes());
        assert_eq!(ids(&store.list(&dir(path)).unwrap()), [id(1, 1)]);
    }
    let (found, findings) = scan(store);
    assert_eq!(findings, []);
    let mut expected: Vec<_> = paths.into_iter().chain([deep.as_str()]).map(dir).collect();
    expected.sort();
    let found: Vec<_> = found.iter().map(|(d, _)| DiskDir::parse(d).unwrap()).collect();
    assert_eq!(found, expected);
    let folder = store.list(&dir("B")).unwrap();
    assert!(folder.revisions.is_empty() && folder.findings.is_empty());
}

pub(super) fn a_folder_is_scanned_alone(store: &dyn Store) {
    for path in ["A.md", "F.md", "F/B.md", "F/G/C.md", "Fa/D.md"] {
        save(store, path, id(1, 1), "x").unwrap();
    }
    let below = |folder: &str| {
        let mut found = Vec::new();
        let visit = &mut |scanned| match scanned {
            Scanned::Directory(dir, listing) => {
                found.push((dir.as_str().to_owned(), ids(&listing)));
            }
            Scanned::Finding(finding) => panic!("{finding:?}"),
        };
        store.scan_below(&DiskDir::parse(folder).unwrap(), visit).unwrap();
        found.sort();
        found
    };
    let whole = |dir: &str| (dir.to_owned(), vec![id(1, 1)]);
    assert_eq!(below("F"), [whole("F/B.md"), whole("F/G/C.md")]);
    assert_eq!(below("F/G/C.md"), [whole("F/G/C.md")]);
    assert_eq!(below("Nothing"), []);
}

pub(super) fn the_stamp_changes_when_files_come(store: &dyn Store) {
    save(store, "A.md", id(1, 1), "one").unwrap();
    save(store, "B.md", id(1, 1), "one").unwrap();
    let before = store.list(&dir("A.md")).unwrap().stamp.unwrap();
    save(store, "A.md", id(2, 1), "two").unwrap();
    let after = store.stamp(&dir("A.md")).unwrap().unwrap();
    assert!(before.may_differ(&after));
    assert_eq!(ids(&store.list(&dir("A.md")).unwrap()), [id(1, 1), id(2, 1)]);
}

pub(super) fn a_listing_since_names_the_same_files(store: &dyn Store) {
    let first = save(store, "A.md", id(1, 1), "one").unwrap();
    save(store, "A.md", id(2, 1), "two").unwrap();
    let stale = FileStamp { size: 0, ..first.file };
    for known in [None, Some(first.file), Some(FileStamp::default())] {
        let since = store.list_since(&dir("A.md"), &|asked| known.filter(|_| asked == id(1, 1)));
        let (since, all) = (since.unwrap(), store.list(&dir("A.md")).unwrap());
        assert_eq!(since.revisions, all.revisions, "knowing {known:?}");
        assert_eq!(since.stamp, all.stamp);
    }
    // Only a file that is still the same one is taken as it was known.
    let since = store.list_since(&dir("A.md"), &|_| Some(stale)).unwrap();
    assert_ne!(since.revisions[1].file, stale);
}
