use proptest::prelude::*;
use proptest::sample::Index;
use uuid::Uuid;

use super::*;

const OTHER: &str = "2-e7d0c311-0f6e-4b2e-9d2a-3a1f7c5b8e90";

fn own() -> RevisionId {
    "3-f47ac10b-58cc-4372-a567-0e02b2c3d479".parse().unwrap()
}

fn whole(id: RevisionId, header: &Header, content: &[u8]) -> Vec<u8> {
    let header = Header {
        length: Some(content.len() as u64),
        digest: Some(ContentDigest::of(content)),
        ..header.clone()
    };
    [&header.print(id).unwrap(), content].concat()
}

fn sample() -> Vec<u8> {
    let header = Header {
        parents: vec![OTHER.parse().unwrap()],
        author: "Alice".into(),
        date: Some("2026-11-23T08:29:00.123Z".parse().unwrap()),
        summary: "water the beans".into(),
        form: "5f4dcc3b-5aa7-4d61-9d83-27deb882cf99".parse().ok(),
        extra: vec![("Mood".into(), "sunny: mostly".into())],
        ..Header::default()
    };
    whole(own(), &header, b"# Garden\n\nNote: beans\n\nEnd.\n")
}

/// What a reader is shown of a file: its content, or the reason why not.
fn content(id: RevisionId, bytes: &[u8]) -> Result<Vec<u8>, Damage> {
    let (head, measured) = parse(id, bytes)?;
    let content = &bytes[head.content_start as usize..];
    assert_eq!(measured.length, content.len() as u64);
    assert_eq!(measured.digest, ContentDigest::of(content));
    Ok(content.to_vec())
}

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

#[test]
fn printed_file_reads_as_the_design_shows_it() {
    insta::assert_snapshot!(String::from_utf8(sample()).unwrap(), @r"
    Revision: 3-f47ac10b-58cc-4372-a567-0e02b2c3d479
    Parent: 2-e7d0c311-0f6e-4b2e-9d2a-3a1f7c5b8e90
    Author: Alice
    Date: 2026-11-23T08:29:00.123Z
    Summary: water the beans
    Length: 28
    Digest: sha256:f78e0aa443a820056557d489ab14dbcc72cf601852f7271e42d660d39f30f9e6
    Form: 5f4dcc3b-5aa7-4d61-9d83-27deb882cf99
    Mood: sunny: mostly

    # Garden

    Note: beans

    End.
    ");
}

#[test]
fn every_part_of_a_file_is_damaged() {
    let bytes = sample();
    assert_eq!(content(own(), &bytes[..0]), Err(Damage::Empty));
    for end in 1..bytes.len() {
        assert!(content(own(), &bytes[..end]).is_err(), "{end}");
    }
    assert!(content(own(), &bytes).is_ok());
}

#[test]
fn every_wrong_byte_is_damage_or_leaves_the_content() {
    let bytes = sample();
    let text = content(own(), &bytes).unwrap();
    for at in 0..bytes.len() {
        for byte in 0..=255 {
            let mut wrong = bytes.clone();
            wrong[at] = byte;
            if let Ok(shown) = content(own(), &wrong) {
                assert_eq!(shown, text, "{byte} as byte {at}");
            }
        }
    }
    // In the id, it would hide every lower revision if it made the file a bare one.
    for at in "Revision: 3-".len()..format!("Revision: {}", own()).len() {
        let mut wrong = bytes.clone();
        wrong[at] = if wrong[at] == b'1' { b'2' } else { b'1' };
        let unchanged = wrong == bytes;
        assert!(unchanged || matches!(content(own(), &wrong), Err(Damage::BadHeader(_))), "{at}");
    }
}

#[test]
fn file_without_header_is_content_byte_for_byte() {
    for text in [
        &b"# Garden\n"[..],
        b"no line end",
        b"\n",
        b"\r\n\r\n",
        b"---\ntitle: x\n---\n",
        b"Parent: nobody\n\ntext",
        b"Author: Alice\n\ntext",
        b"\xff\xfe\x00garbage",
        b"\0\0\0x",
        b"revision: 2-e7d0c311-0f6e-4b2e-9d2a-3a1f7c5b8e90\n\nx",
        b"Revision: second draft\n\nof the plan",
        b"Revision: 2-E7D0C311-0F6E-4B2E-9D2A-3A1F7C5B8E90\n\nx",
        b"Revision: 02-e7d0c311-0f6e-4b2e-9d2a-3a1f7c5b8e90\n\nx",
        b"Revision: 2-e7d0c311-0f6e-4b2e-9d2a-3a1f7c5b8e90\r\n\r\nx",
        b"Revision: 2-e7d0c311-0f6e-4b2e-9d2a-3a1f7c5b8e90\nnot a header line\n\nx",
        b"Revision: 2-e7d0c311-0f6e-4b2e-9d2a-3a1f7c5b8e90\nParent: none\n\nx",
        "\u{feff}# With a byte order mark\n".as_bytes(),
    ] {
        let (head, _) = parse(own(), text).unwrap();
        assert_eq!(
            head,
            Head { header: None, content_start: 0 },
            "{:?}",
            text.escape_ascii().to_string()
        );
        assert_eq!(content(own(), text).unwrap(), text);
    }
    let huge = vec![b'x'; 300_000];
    assert_eq!(content(own(), &huge).unwrap(), huge);
}

#[test]
fn header_of_another_revision_is_skipped() {
    // `cp 2-… 3-…` and an edit: neither length nor digest fit any more.
    let other: RevisionId = OTHER.parse().unwrap();
    let header = Header { author: "Alice".into(), parents: vec![own()], ..Header::default() };
    let mut bytes = whole(other, &header, b"first");
    bytes.extend_from_slice(b" and more\n\nRevision: x\n");
    let (head, _) = parse(own(), &bytes).unwrap();
    assert_eq!(head.header, None);
    assert_eq!(content(own(), &bytes).unwrap(), b"first and more\n\nRevision: x\n");
    // Emptied by hand: that deletes the document.
    let emptied = whole(other, &header, b"");
    assert_eq!(content(own(), &emptied).unwrap(), b"");
    // The same nonce under another number is a copy as well.
    let renumbered: RevisionId = "4-f47ac10b-58cc-4372-a567-0e02b2c3d479".parse().unwrap();
    assert_eq!(content(renumbered, &whole(own(), &header, b"text")).unwrap(), b"text");
}

#[test]
fn copy_that_was_cut_short_in_its_header_is_damaged() {
    let bytes = whole(OTHER.parse().unwrap(), &Header::default(), b"text");
    let start = bytes.len() - b"text".len();
    let first = format!("Revision: {OTHER}\n").len();
    for end in first..start {
        let cut = content(own(), &bytes[..end]);
        // Within a line, the rest of a word may be no header line at all.
        assert!(cut.is_err(), "{end}");
    }
}

#[test]
fn own_first_line_with_anything_unreadable_is_damaged() {
    let first = format!("Revision: {}", own());
    for rest in [
        "",
        "\n",
        " \n\nx",
        "\r\n\r\nx",
        "0\n\nx",
        "\nx",
        "\nAuthor: Alice",
        "\nAuthor: Alice\n",
        "\nno colon\n\nx",
        "\n: no name\n\nx",
        "\nTwo words: x\n\nx",
        "\nAuthor: Alice\r\n\r\nx",
        "\nParent: 1-x\n\nx",
        "\nLength: x\n\nx",
        "\nLength: -1\n\nx",
        "\nLength: +1\n\nx",
        "\nLength:\n\nx",
        "\nLength: 99999999999999999999\n\nx",
        "\nLength: 1\nLength: 2\n\nx",
        "\nLength: 1\nLength: 1\n\nx",
        "\nDigest: md5:00\n\nx",
        "\nDigest: sha256:00\n\nx",
        "\n\0\0\0\0",
        "\nNUL\0: x\n\nx",
    ] {
        let bytes = format!("{first}{rest}");
        let damage = content(own(), bytes.as_bytes()).unwrap_err();
        assert!(matches!(damage, Damage::TornHeader | Damage::BadHeader(_)), "{rest:?}: {damage}");
        assert!(!damage.to_string().chars().any(char::is_control), "{damage:?}");
    }
    let almost = format!("revision: {}\n\nx", own());
    assert!(matches!(content(own(), almost.as_bytes()), Err(Damage::BadHeader(_))));
    let not_utf8 = [first.as_bytes(), b"\nAuthor: \xff\n\nx"].concat();
    assert!(matches!(content(own(), &not_utf8), Err(Damage::BadHeader(_))));
    let endless = format!("{first}\nLong: {}\n\nx", "x".repeat(200_000));
    assert_eq!(content(own(), endless.as_bytes()), Err(Damage::TornHeader));
    let many = format!("{first}\n{}\nx", "A: b\n".repeat(40_000));
    assert_eq!(content(own(), many.as_bytes()), Err(Damage::TornHeader));
}

#[test]
fn length_and_digest_are_checked_where_they_are_given() {
    let first = format!("Revision: {}", own());
    let digest = ContentDigest::of(b"x");
    for (header, expected) in [
        (String::new(), Ok(())),
        ("Length: 1\n".into(), Ok(())),
        ("Length: 0000000000000000000000001\n".into(), Ok(())),
        (format!("Digest: {digest}\n"), Ok(())),
        (format!("Digest: sha256:{}\n", digest.to_hex().to_uppercase()), Ok(())),
        ("Length: 0\n".into(), Err(Damage::Length { expected: 0, found: 1 })),
        ("Length: 2\n".into(), Err(Damage::Length { expected: 2, found: 1 })),
        (format!("Digest: {}\n", ContentDigest::of(b"y")), Err(Damage::Digest)),
    ] {
        let bytes = format!("{first}\n{header}\nx");
        assert_eq!(content(own(), bytes.as_bytes()).map(|_| ()), expected, "{header}");
    }
}

#[test]
fn empty_and_zeroed_files_are_damaged_and_a_deletion_is_not() {
    assert_eq!(content(own(), b""), Err(Damage::Empty));
    assert_eq!(content(own(), b"\0"), Err(Damage::Zeros));
    assert_eq!(content(own(), &vec![0; 100_000]), Err(Damage::Zeros));
    let copied = whole(OTHER.parse().unwrap(), &Header::default(), b"text");
    let zeroed = [&copied[..copied.len() - 4], &[0; 4]].concat();
    assert_eq!(content(own(), &zeroed), Err(Damage::Zeros));
    let deletion = whole(own(), &Header::default(), b"");
    assert_eq!(content(own(), &deletion).unwrap(), b"");
    let really_zeros = whole(own(), &Header::default(), b"\0\0");
    assert_eq!(content(own(), &really_zeros).unwrap(), b"\0\0");
}

#[test]
fn digest_in_pieces_is_the_digest_of_the_whole() {
    let mut digester = Digester::default();
    for piece in [&b"\0\0"[..], b"", b"ab", b"c"] {
        digester.update(piece);
    }
    let measured = digester.finish();
    assert_eq!((measured.length, measured.zeros), (5, false));
    assert_eq!(measured.digest, ContentDigest::of(b"\0\0abc"));
    assert_eq!(
        ContentDigest::of(b"").to_string(),
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
}

#[test]
fn padded_header_has_one_length_for_every_content() {
    let print = |content: &[u8]| {
        let header = Header {
            length: Some(content.len() as u64),
            digest: Some(ContentDigest::of(content)),
            ..Header::default()
        };
        let room = Header::default().room(own()).unwrap();
        let with_form = Header { form: Some(Uuid::max()), ..header.clone() };
        let printed = header.print_padded(own(), room).unwrap();
        assert_eq!((printed.len(), header.room(own())), (room, Ok(room)));
        assert_eq!(with_form.print_padded(own(), room).unwrap().len(), room);
        let longer = Header { author: "x".into(), ..with_form };
        assert_eq!(longer.print_padded(own(), room), Err(HeaderTooLong));
        printed
    };
    let text = vec![b'x'; 12_345];
    assert_eq!(print(b"").len(), print(&text).len());
    let bytes = [&print(&text)[..], &text].concat();
    assert_eq!(content(own(), &bytes).unwrap(), text);
}

#[test]
fn header_that_does_not_fit_is_refused_before_it_is_written() {
    let parents = |n: usize| {
        let parents = vec![RevisionId::new((1 << 53) - 1, Uuid::max()).unwrap(); n];
        Header {
            parents,
            author: "é".repeat(MAX_AUTHOR_BYTES),
            summary: "é".repeat(MAX_SUMMARY_BYTES),
            date: Some(Timestamp::MIN),
            length: Some(u64::MAX),
            digest: Some(ContentDigest::of(b"")),
            form: None,
            extra: Vec::new(),
        }
    };
    let room = parents(MAX_PARENTS).room(own()).unwrap();
    let most = parents(MAX_PARENTS).print_padded(own(), room).unwrap();
    assert_eq!(parse_head(own(), &most).unwrap().header.unwrap().parents.len(), MAX_PARENTS);
    assert_eq!(parents(400).print(own()), Err(HeaderTooLong));
}

#[test]
fn texts_are_cut_between_characters_and_cannot_steer_a_terminal() {
    assert_eq!(tidy(" a\r\nb\tc\u{1b}[31m ", 100), "a  b c [31m");
    assert_eq!(tidy("a\u{202e}b\u{2028}c\u{2066}d", 100), "a b c d");
    assert_eq!(tidy("ééé", 3), "é");
    assert_eq!(tidy("é", 1), "");
    let hostile = format!("Revision: {}\nAuthor: \u{1b}[2J\u{202e}eve\n\nx", own());
    let (head, _) = parse(own(), hostile.as_bytes()).unwrap();
    assert_eq!(head.header.unwrap().author, "[2J eve");
}

#[test]
fn unreadable_date_is_no_damage() {
    let bytes = format!("Revision: {}\nDate: yesterday\n\nx", own());
    let (head, _) = parse(own(), bytes.as_bytes()).unwrap();
    assert_eq!(head.header.unwrap().date, None);
}
