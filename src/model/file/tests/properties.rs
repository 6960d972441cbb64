//! What holds for every header, every content and any bytes.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

fn ids() -> impl Strategy<Value = RevisionId> {
    (1..=crate::model::revision::MAX_NUMBER, any::<u128>())
        .prop_map(|(number, nonce)| RevisionId::new(number, Uuid::from_u128(nonce)).unwrap())
}

fn headers() -> impl Strategy<Value = Header> {
    (
        prop::collection::vec(ids(), 0..5),
        "\\PC{0,60}",
        // Years 1 to 9999, in milliseconds: what headers hold.
        prop::option::of(-62_135_596_800_000..253_402_214_400_000_i64),
        any::<String>(),
        prop::option::of(any::<u128>().prop_map(Uuid::from_u128)),
        prop::collection::vec(("[A-Z][a-zA-Z-]{0,8}", "\\PC{0,20}"), 0..3),
    )
        .prop_map(|(parents, author, date, summary, form, extra)| Header {
            parents,
            author: tidy(&author, MAX_AUTHOR_BYTES),
            date: date.map(|ms| Timestamp::from_millisecond(ms).unwrap()),
            summary: tidy(&summary, MAX_SUMMARY_BYTES),
            form,
            extra: extra
                .into_iter()
                .filter(|(name, _)| {
                    !["Parent", "Author", "Date", "Summary", "Length", "Digest"]
                        .contains(&name.as_str())
                })
                .map(|(name, value)| (name, tidy(&value, 100)))
                .collect(),
            ..Header::default()
        })
}

fn contents() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..80),
        "[a-zA-Z:# \n]{0,80}".prop_map(String::into_bytes),
        // Contents that look like headers.
        prop::collection::vec(
            prop::sample::select(vec!["\n", "Note: x\n", "Length: 1\n", "# x\n", "\r\n"]),
            0..8
        )
        .prop_map(|lines| lines.concat().into_bytes()),
    ]
}

proptest! {
    #[test]
    fn prints_and_parses_to_the_same(id in ids(), header in headers(), text in contents()) {
        let bytes = whole(id, &header, &text);
        let (head, measured) = parse(id, &bytes).unwrap();
        let expected = Header {
            length: Some(text.len() as u64),
            digest: Some(ContentDigest::of(&text)),
            ..header
        };
        prop_assert_eq!(head.header, Some(expected));
        prop_assert_eq!(&bytes[head.content_start as usize..], &text[..]);
        prop_assert_eq!(measured.length, text.len() as u64);
    }

    #[test]
    fn no_field_can_write_another_line(
        author in any::<String>(), summary in any::<String>(), name in any::<String>(), value in any::<String>(),
    ) {
        let text = b"content";
        let header = Header { author, summary, extra: vec![(name, value)], ..Header::default() };
        let bytes = whole(own(), &header, text);
        let (head, _) = parse(own(), &bytes).unwrap();
        prop_assert_eq!(&bytes[head.content_start as usize..], text);
        let read = head.header.unwrap();
        prop_assert!(read.parents.is_empty());
        prop_assert_eq!(read.author, tidy(&header.author, MAX_AUTHOR_BYTES));
        prop_assert_eq!(read.summary, tidy(&header.summary, MAX_SUMMARY_BYTES));
        prop_assert!(read.extra.len() <= 1);
    }

    #[test]
    fn header_that_was_read_prints_to_the_same(
        lines in prop::collection::vec(
            (
                prop::sample::select(vec!["Author", "Date", "Summary", "Length", "Digest", "Mood", "Revision"]),
                prop::sample::select(vec!["", "x", "5", "05", "+5", "-1", "a: b", "2026-11-23T08:29:00Z", " y\t"]),
            ),
            0..8,
        ),
    ) {
        let mut bytes = format!("Revision: {}\n", own());
        for (name, value) in lines {
            line(&mut bytes, name, value);
        }
        bytes.push('\n');
        if let Ok(Head { header: Some(header), .. }) = parse_head(own(), bytes.as_bytes()) {
            let printed = header.print(own()).unwrap();
            let again = parse_head(own(), &printed).unwrap().header.unwrap();
            prop_assert_eq!(again.print(own()).unwrap(), printed);
            prop_assert_eq!((again.length, again.digest), (header.length, header.digest));
            prop_assert_eq!((again.author, again.date), (header.author, header.date));
        }
    }

    #[test]
    fn part_of_a_file_is_damaged(id in ids(), header in headers(), text in contents(), cut in any::<Index>()) {
        let bytes = whole(id, &header, &text);
        prop_assert!(content(id, &bytes[..cut.index(bytes.len())]).is_err());
    }

    #[test]
    fn file_with_more_behind_it_is_damaged(text in contents(), more in prop::collection::vec(any::<u8>(), 1..20)) {
        let bytes = [whole(own(), &Header::default(), &text), more].concat();
        prop_assert!(content(own(), &bytes).is_err());
    }

    #[test]
    fn wrong_byte_never_shows_another_content(
        id in ids(), header in headers(), text in contents(), at in any::<Index>(), flip in 1..=255_u8,
    ) {
        let mut bytes = whole(id, &header, &text);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(shown) = content(id, &bytes) {
            prop_assert_eq!(shown, text);
        }
    }

    #[test]
    fn wrong_tail_of_zeros_is_damaged(header in headers(), text in contents(), from in any::<Index>()) {
        // What a crash leaves of a file whose length was stored before its blocks.
        let mut bytes = whole(own(), &header, &text);
        let before = bytes.clone();
        bytes[from.index(before.len())..].fill(0);
        prop_assume!(bytes != before);
        prop_assert!(content(own(), &bytes).is_err());
    }

    #[test]
    fn arbitrary_bytes_are_read_without_panic(
        start in prop::sample::select(vec![
            "", "Revision: ", "Revision: 3-f47ac10b-58cc-4372-a567-0e02b2c3d479\n",
            "Revision: 2-e7d0c311-0f6e-4b2e-9d2a-3a1f7c5b8e90\n", "Revision: 2-e7d0c311-0f6e-4b2e-9d2a-3a1f7c5b8e90\nA: b\n",
        ]),
        rest in prop_oneof![prop::collection::vec(any::<u8>(), 0..200), contents()],
    ) {
        let bytes = [start.as_bytes(), &rest].concat();
        let shown = content(own(), &bytes);
        // Without a header of any revision, every byte is content.
        if !bytes.starts_with(b"Revision: ") && let Ok(shown) = shown {
            prop_assert_eq!(shown, bytes);
        }
    }

    #[test]
    fn reading_more_of_a_file_changes_nothing(length in 16_200..16_600_usize, other in any::<bool>()) {
        let id = if other { OTHER.to_owned() } else { own().to_string() };
        let first = format!("Revision: {id}\nLong: ");
        let mut bytes = first.into_bytes();
        bytes.resize(length, b'x');
        bytes.extend_from_slice(b"\n\ncontent\n\n");
        bytes.resize(40_000, b'y');
        prop_assert_eq!(parse_head(own(), &bytes), parse_head(own(), &bytes[..HEAD_BYTES]));
        let fits = length + 2 <= MAX_HEADER_BYTES;
        match parse_head(own(), &bytes) {
            Ok(head) if head.content_start == 0 => prop_assert!(other && !fits),
            Ok(head) => prop_assert!(fits && head.content_start as usize == length + 2),
            Err(damage) => {
                prop_assert!(!other && !fits);
                prop_assert_eq!(damage, Damage::TornHeader);
            }
        }
    }
}
