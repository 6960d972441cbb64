//! Taking in whole files from elsewhere.

use super::*;

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

pub(super) fn what_is_received_is_there_byte_for_byte(store: &dyn Store) {
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

pub(super) fn receiving_again_is_the_same_and_other_bytes_are_refused(store: &dyn Store) {
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

pub(super) fn what_is_not_whole_is_not_received(store: &dyn Store) {
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

pub(super) fn many_are_received_at_a_time(store: &dyn Store) {
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
