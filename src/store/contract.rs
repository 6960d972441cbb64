//! The suite that every store passes: what [`Store`](super::Store) promises, tried.
//!
//! It speaks of a store through the trait alone. What only a file system can suffer (damaged files,
//! links, errors of the medium) is tested beside that store.

use std::io::{self, Read};
use std::sync::Barrier;
use std::thread;

use uuid::Uuid;

use super::{Before, Body, Created, DiskDir, Listing, Scanned, Store, StoreError};
use crate::model::file::{ContentDigest, Header};
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;

type Check = fn(&dyn Store);

/// Runs the whole suite; `make` gives an empty store and whatever keeps its place alive.
pub(crate) fn contract<G>(make: impl Fn() -> (Box<dyn Store>, G)) {
    let checks: [(&str, Check); 19] = [
        ("an empty store", an_empty_store_has_nothing),
        ("create and read", what_is_created_is_listed_loaded_and_opened),
        ("the same again", creating_again_is_already),
        ("a retry", a_retry_with_a_later_date_is_already),
        ("a taken name", other_bytes_are_refused_and_the_first_stay),
        ("a stream", streams_of_every_size_arrive),
        ("a broken stream", a_reader_that_fails_leaves_no_trace),
        ("a late name", a_name_may_be_decided_when_the_content_is_there),
        ("a long header", a_header_that_does_not_fit_leaves_no_trace),
        ("nesting", folders_and_documents_nest),
        ("a folder alone", a_folder_is_scanned_alone),
        ("stamps", the_stamp_changes_when_files_come),
        ("what is known", a_listing_since_names_the_same_files),
        ("one winner", of_racing_savers_of_one_name_one_wins),
        ("many savers", savers_of_different_names_all_win),
        ("receive", what_is_received_is_there_byte_for_byte),
        ("receive again", receiving_again_is_the_same_and_other_bytes_are_refused),
        ("receive what is not whole", what_is_not_whole_is_not_received),
        ("many at a time", many_are_received_at_a_time),
    ];
    for (name, check) in checks {
        let (store, _place) = make();
        // Shown by the harness where a check fails.
        println!("checking {name}");
        check(&*store);
    }
}

pub(crate) fn dir(path: &str) -> DiskDir {
    DiskDir::of(&DocPath::new(path).unwrap())
}

pub(crate) fn id(number: u64, nonce: u128) -> RevisionId {
    RevisionId::new(number, Uuid::from_u128(nonce)).unwrap()
}

pub(crate) fn header(summary: &str) -> Header {
    Header {
        author: "Alice".into(),
        date: Some("2026-11-23T08:29:00.123Z".parse().unwrap()),
        summary: summary.into(),
        ..Header::default()
    }
}

pub(crate) fn save(
    store: &dyn Store,
    path: &str,
    id: RevisionId,
    text: &str,
) -> Result<Created, StoreError> {
    store.create(&dir(path), id, &header("x"), Body::Bytes(text.as_bytes()))
}

pub(crate) fn ids(listing: &Listing) -> Vec<RevisionId> {
    listing.revisions.iter().map(|e| e.id).collect()
}

/// Returns every document with its revisions, and every finding.
pub(crate) fn scan(store: &dyn Store) -> (Vec<(String, Vec<RevisionId>)>, Vec<super::Finding>) {
    let (mut found, mut findings) = (Vec::new(), Vec::new());
    store
        .scan(&mut |scanned| match scanned {
            Scanned::Directory(dir, listing) => {
                found.push((dir.as_str().to_owned(), ids(&listing)));
                findings.extend(listing.findings);
            }
            Scanned::Finding(finding) => findings.push(finding),
        })
        .unwrap();
    found.sort();
    findings.sort();
    (found, findings)
}

/// Reads a content to its end.
pub(crate) fn read(store: &dyn Store, path: &str, id: RevisionId) -> Vec<u8> {
    let mut bytes = Vec::new();
    store.open(&dir(path), id).unwrap().reader.read_to_end(&mut bytes).unwrap();
    bytes
}

fn a_folder_is_scanned_alone(store: &dyn Store) {
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

fn a_listing_since_names_the_same_files(store: &dyn Store) {
    let first = save(store, "A.md", id(1, 1), "one").unwrap();
    save(store, "A.md", id(2, 1), "two").unwrap();
    let stale = super::FileStamp { size: 0, ..first.file };
    for known in [None, Some(first.file), Some(super::FileStamp::default())] {
        let since = store.list_since(&dir("A.md"), &|asked| known.filter(|_| asked == id(1, 1)));
        let (since, all) = (since.unwrap(), store.list(&dir("A.md")).unwrap());
        assert_eq!(since.revisions, all.revisions, "knowing {known:?}");
        assert_eq!(since.stamp, all.stamp);
    }
    // Only a file that is still the same one is taken as it was known.
    let since = store.list_since(&dir("A.md"), &|_| Some(stale)).unwrap();
    assert_ne!(since.revisions[1].file, stale);
}

fn assert_untouched(store: &dyn Store) {
    let (found, findings) = scan(store);
    assert_eq!(found, [], "nothing may be left of a failed write");
    assert_eq!(findings, []);
}

fn an_empty_store_has_nothing(store: &dyn Store) {
    assert_untouched(store);
    let listing = store.list(&dir("A.md")).unwrap();
    assert!(listing.stamp.is_none() && listing.revisions.is_empty());
    assert_eq!(store.stamp(&dir("A.md")).unwrap(), None);
    assert!(matches!(store.load(&dir("A.md"), id(1, 1)), Err(StoreError::NotFound(_))));
    assert!(matches!(store.open(&dir("A.md"), id(1, 1)), Err(StoreError::NotFound(_))));
    assert_eq!(store.heal(&dir("A.md")).unwrap(), []);
    assert_eq!(store.read_only(), None);
}

fn what_is_created_is_listed_loaded_and_opened(store: &dyn Store) {
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

fn creating_again_is_already(store: &dyn Store) {
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

fn a_retry_with_a_later_date_is_already(store: &dyn Store) {
    let first = save(store, "A.md", id(1, 1), "text").unwrap();
    let late = Header { date: Some("2030-01-01T00:00:00Z".parse().unwrap()), ..header("x") };
    let again = store.create(&dir("A.md"), id(1, 1), &late, Body::Bytes(b"text")).unwrap();
    assert!(again.already);
    assert_eq!(again.file, first.file);
    let (head, _) = store.load(&dir("A.md"), id(1, 1)).unwrap().revision.unwrap();
    assert_eq!(head.header.unwrap().date, header("x").date, "the first stays as it was");
}

fn other_bytes_are_refused_and_the_first_stay(store: &dyn Store) {
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

/// Gives its bytes in awkward pieces.
struct Dribble<'a>(&'a [u8], usize);

impl Read for Dribble<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 += 1;
        if self.1.is_multiple_of(3) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let most = buffer.len().min(1 + self.1 * 7919);
        self.0.read(&mut buffer[..most])
    }
}

fn streams_of_every_size_arrive(store: &dyn Store) {
    let bytes: Vec<u8> = (0..3_u32 << 20).map(|i| (i.wrapping_mul(31) >> 5) as u8).collect();
    for (n, size) in [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20].into_iter().enumerate()
    {
        let id = id(1, n as u128);
        let content = &bytes[..size];
        let created = store
            .create(&dir("p.bin"), id, &header("x"), Body::Stream(&mut Dribble(content, 0)))
            .unwrap();
        assert_eq!(created.measured.digest, ContentDigest::of(content));
        assert_eq!(store.open(&dir("p.bin"), id).unwrap().length, size as u64);
        assert!(read(store, "p.bin", id) == content, "{size} bytes come back");
        let loaded = store.load(&dir("p.bin"), id).unwrap();
        assert_eq!(loaded.revision.unwrap().1, created.measured);
        let brought = loaded.content.map(|c| c.len());
        assert_eq!(brought, (size as u64 <= super::LOADED_CONTENT).then_some(size));
    }
}

fn a_name_may_be_decided_when_the_content_is_there(store: &dyn Store) {
    let content = vec![7; 700_000];
    let created = |n: u64, decide: &mut super::Decide<'_>| {
        store.create_streamed(
            &dir("A.png"),
            id(1, n.into()),
            &header("x"),
            &mut &content[..],
            decide,
        )
    };
    let as_planned = created(1, &mut |_| Some((id(1, 1), header("x")))).unwrap().unwrap();
    assert!(!as_planned.already);
    let nothing = created(2, &mut |measured| {
        assert_eq!(measured.digest, ContentDigest::of(&content));
        None
    });
    assert!(nothing.unwrap().is_none());
    let form = Some(uuid::Uuid::from_u128(3));
    let mut other = Header { parents: vec![id(1, 1)], form, ..header("x") };
    let too_long = created(3, &mut |_| Some((id(2, 9), other.clone())));
    assert!(matches!(too_long, Err(StoreError::HeaderTooLong(_))), "there is no room for it");
    assert_eq!(store.list(&dir("A.png")).unwrap().revisions.len(), 1);
    other.parents.clear();
    for already in [false, true] {
        let renamed = created(3, &mut |_| Some((id(1, 9), other.clone()))).unwrap().unwrap();
        assert_eq!(renamed.already, already);
    }
    assert!(read(store, "A.png", id(1, 9)) == content);
    let (head, measured) =
        store.load(&dir("A.png"), id(1, 9)).unwrap().revision.expect("it is whole");
    assert_eq!((head.header.unwrap().form, measured), (form, as_planned.measured));
    let names = store.list(&dir("A.png")).unwrap().revisions;
    assert_eq!(names.iter().map(|e| e.id).collect::<Vec<_>>(), [id(1, 1), id(1, 9)]);
}

/// Fails after its bytes, as an upload does whose connection breaks.
struct Breaks<'a>(&'a [u8], io::ErrorKind);

impl Read for Breaks<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() { Err(self.1.into()) } else { self.0.read(buffer) }
    }
}

fn a_reader_that_fails_leaves_no_trace(store: &dyn Store) {
    let bytes = vec![7; 600_000];
    for kind in [io::ErrorKind::UnexpectedEof, io::ErrorKind::NotFound, io::ErrorKind::StorageFull]
    {
        for size in [0, 1, bytes.len()] {
            let mut reader = Breaks(&bytes[..size], kind);
            let failed =
                store.create(&dir("A.md"), id(1, 1), &header("x"), Body::Stream(&mut reader));
            assert!(matches!(&failed, Err(StoreError::Io { source, .. }) if source.kind() == kind));
            assert_untouched(store);
        }
    }
    assert_eq!(store.read_only(), None);
    save(store, "A.md", id(1, 1), "text").unwrap();
}

fn a_header_that_does_not_fit_leaves_no_trace(store: &dyn Store) {
    let parents = (1..2000).map(|n| id(n, 1)).collect();
    let long = Header { parents, ..header("x") };
    let refused = store.create(&dir("A.md"), id(2000, 1), &long, Body::Bytes(b"text"));
    assert!(matches!(refused, Err(StoreError::HeaderTooLong(_))));
    let refused = store.create(&dir("A.md"), id(2000, 1), &long, Body::Stream(&mut &b"text"[..]));
    assert!(matches!(refused, Err(StoreError::HeaderTooLong(_))));
    assert_untouched(store);
}

fn folders_and_documents_nest(store: &dyn Store) {
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

fn the_stamp_changes_when_files_come(store: &dyn Store) {
    save(store, "A.md", id(1, 1), "one").unwrap();
    save(store, "B.md", id(1, 1), "one").unwrap();
    let before = store.list(&dir("A.md")).unwrap().stamp.unwrap();
    save(store, "A.md", id(2, 1), "two").unwrap();
    let after = store.stamp(&dir("A.md")).unwrap().unwrap();
    assert!(before.may_differ(&after));
    assert_eq!(ids(&store.list(&dir("A.md")).unwrap()), [id(1, 1), id(2, 1)]);
}

fn of_racing_savers_of_one_name_one_wins(store: &dyn Store) {
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

fn savers_of_different_names_all_win(store: &dyn Store) {
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

/// A whole revision file with a line in its header that this version does not know.
fn file_of(id: RevisionId, text: &str) -> Vec<u8> {
    format!("Revision: {id}\nMood: sunny\nLength: {}\n\n{text}", text.len()).into_bytes()
}

/// Reads a whole file, header and all.
fn read_file(store: &dyn Store, path: &str, id: RevisionId) -> Vec<u8> {
    let mut content = store.open(&dir(path), id).unwrap();
    content.reader.seek(io::SeekFrom::Start(0)).unwrap();
    let mut bytes = Vec::new();
    content.reader.read_to_end(&mut bytes).unwrap();
    bytes
}

fn what_is_received_is_there_byte_for_byte(store: &dyn Store) {
    let large = "x".repeat(1 << 20);
    for (n, text) in ["", "text", large.as_str()].into_iter().enumerate() {
        let (headed, bare) = (id(1, n as u128), id(2, n as u128));
        let files =
            [(headed, file_of(headed, text)), (bare, format!("{text}by hand").into_bytes())];
        for (id, file) in files {
            let path = format!("F{n}/A.md");
            let received = store.receive(&dir(&path), id, Body::Bytes(&file)).unwrap();
            assert_eq!(received.before, Before::Nothing);
            assert_eq!(received.bare, id == bare);
            assert!(read_file(store, &path, id) == file);
            let listing = store.list(&dir(&path)).unwrap();
            let entry = listing.revisions.iter().find(|e| e.id == id).unwrap();
            assert_eq!(entry.file, received.file);
            assert_eq!(store.load(&dir(&path), id).unwrap().revision.unwrap().1, received.measured);
            let path = format!("S{n}.md");
            let mut reader = Dribble(&file, 0);
            let streamed = store.receive(&dir(&path), id, Body::Stream(&mut reader)).unwrap();
            assert_eq!(streamed.measured, received.measured);
            assert!(read_file(store, &path, id) == file);
        }
    }
}

fn receiving_again_is_the_same_and_other_bytes_are_refused(store: &dyn Store) {
    let id = id(1, 1);
    let file = file_of(id, "text");
    let first = store.receive(&dir("A.md"), id, Body::Bytes(&file)).unwrap();
    let again = store.receive(&dir("A.md"), id, Body::Stream(&mut &file[..])).unwrap();
    assert_eq!(again.before, Before::Same);
    assert_eq!(again.file, first.file);
    // Another header line is another file, also where the content is the same.
    let mut other = format!("Revision: {id}\nMood: cloudy\n\ntext").into_bytes();
    for _ in 0..2 {
        let refused = store.receive(&dir("A.md"), id, Body::Bytes(&other));
        assert!(matches!(refused, Err(StoreError::Taken(_))), "{refused:?}");
        assert_eq!(read_file(store, "A.md", id), file);
        other.push(b'!');
    }
}

fn what_is_not_whole_is_not_received(store: &dyn Store) {
    let id = id(1, 1);
    let mut torn = file_of(id, "text");
    torn.pop();
    for file in [&torn[..], b"", &[0; 300], &torn[..20]] {
        let mut reader = file;
        for body in [Body::Bytes(file), Body::Stream(&mut reader)] {
            let refused = store.receive(&dir("A.md"), id, body);
            assert!(matches!(refused, Err(StoreError::NotWhole { .. })), "{refused:?}");
            assert_untouched(store);
        }
    }
    let mut breaks = Breaks(&torn, io::ErrorKind::UnexpectedEof);
    assert!(store.receive(&dir("A.md"), id, Body::Stream(&mut breaks)).is_err());
    assert_untouched(store);
    assert_eq!(store.read_only(), None);
}

fn many_are_received_at_a_time(store: &dyn Store) {
    thread::scope(|scope| {
        for writer in 0..16 {
            scope.spawn(move || {
                for n in 1..=5 {
                    let id = id(n, writer);
                    let path = format!("F{n}/P{}.md", writer % 4);
                    store.receive(&dir(&path), id, Body::Bytes(&file_of(id, "text"))).unwrap();
                    assert!(ids(&store.list(&dir(&path)).unwrap()).contains(&id));
                }
            });
        }
    });
    let (found, findings) = scan(store);
    assert_eq!(found.iter().map(|(_, ids)| ids.len()).sum::<usize>(), 80);
    assert_eq!(findings, []);
}
