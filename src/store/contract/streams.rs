//! Contents that arrive in pieces.

use super::*;

pub(super) fn streams_of_every_size_arrive(store: &dyn Store) {
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
        assert_eq!(brought, (size as u64 <= LOADED_CONTENT).then_some(size));
    }
}

pub(super) fn a_name_may_be_decided_when_the_content_is_there(store: &dyn Store) {
    let content = vec![7; 700_000];
    let created = |n: u64, decide: &mut Decide<'_>| {
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

pub(super) fn a_reader_that_fails_leaves_no_trace(store: &dyn Store) {
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
