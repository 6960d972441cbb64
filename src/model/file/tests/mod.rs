//! Revision files as they are printed and read.

mod properties;

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
