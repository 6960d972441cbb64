use percent_encoding::percent_decode_str;
use proptest::prelude::*;

use super::*;

fn path(name: &str) -> DocPath {
    DocPath::new(name).unwrap_or_else(|e| panic!("{name:?}: {e}"))
}

/// Texts made of what names go wrong on.
fn tricky() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        3 => "[a-zA-Z0-9]{1,4}",
        3 => prop::sample::select(vec![
            "/", ".", "..", "%", "%2e", "%2F", "%00", "%5c", ":", "\\", "<", ">", "|", "?", "*", "\"",
            " ", "-", "~", "con", "NUL", "COM¹", "lpt9", "CONIN$", ".md", "\0", "\n", "\u{7f}", "\u{85}",
            "\u{202e}", "\u{200b}", "\u{feff}", "\u{301}", "\u{327}", "\u{338}", "\u{345}", "e\u{301}",
            "é", "ß", "İ", "ı", "ſ", "Σ", "ς", "😀", "가", "\u{1100}", "\u{1161}", "\u{2126}", "\u{1f80}",
            "9f0c2d4e-1111-4222-8333-abcdefabcdef",
        ]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
}

/// Valid names: whatever `from_user` makes of tricky texts.
fn names() -> impl Strategy<Value = DocPath> {
    prop_oneof![tricky(), "\\PC{1,40}", "[a-cA-C%. :]{1,6}(/[a-c%. ]{1,6}){0,3}"]
        .prop_filter_map("not a name", |text| {
            DocPath::new(&text).or_else(|_| DocPath::from_user(&text)).ok()
        })
}

/// What must hold of the directory of every document, so that it is below `pages/` everywhere.
fn assert_safe(disk: &str) {
    assert!(disk.len() <= 1_000, "{disk:?}");
    assert!(is_nfc(disk), "{disk:?} changes where names are normalised");
    for segment in disk.split('/') {
        assert!(!segment.is_empty() && segment.len() <= 200, "{disk:?}");
        assert!(!segment.starts_with('.'), "{disk:?}");
        assert!(!segment.ends_with('.') && !segment.ends_with(' '), "{disk:?}");
        assert!(!segment.chars().any(|c| c.is_control() || "<>:\"\\|?*".contains(c)), "{disk:?}");
        assert!(segment.parse::<RevisionId>().is_err(), "{disk:?}");
        let stem = segment.split('.').next().unwrap().trim_end().to_uppercase();
        let device = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&&*stem)
            || ["COM", "LPT"].iter().any(|d| {
                stem.strip_prefix(d)
                    .is_some_and(|n| "0123456789¹²³".contains(n) && n.chars().count() == 1)
            });
        assert!(!device, "{disk:?}");
    }
    let below = std::path::Path::new(disk);
    assert!(below.components().all(|c| matches!(c, std::path::Component::Normal(_))), "{disk:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_name_escapes(text in prop_oneof![tricky(), any::<String>(), "[./\\\\%2eEfF]{1,12}"]) {
        let ways = [
            DocPath::new(&text),
            DocPath::from_user(&text),
            DocPath::page_from_user(&text),
            DocPath::from_argument(&text),
            DocPath::from_disk(&text),
            DocPath::new("Home.md").unwrap().sibling(&text),
            DocPath::new("a/b").unwrap().sibling(&text),
        ];
        for path in ways.into_iter().flatten() {
            assert_safe(&path.to_disk());
            prop_assert!(is_nfc(path.as_str()));
        }
    }

    #[test]
    fn disk_spelling_reads_back(path in names()) {
        let disk = path.to_disk();
        prop_assert_eq!(DocPath::from_disk(&disk), Ok(path.clone()));
        // A disk that decomposes (macOS) or composes (Syncthing) names changes nothing.
        let decomposed: String = disk.nfd().collect();
        prop_assert_eq!(DocPath::from_disk(&decomposed), Ok(path.clone()));
        let composed: String = disk.nfc().collect();
        prop_assert_eq!(DocPath::from_disk(&composed), Ok(path));
    }

    #[test]
    fn no_two_names_share_a_directory(a in "[aA%. :25eE]{1,4}", b in "[aA%. :25eE]{1,4}") {
        if let (Ok(a), Ok(b)) = (DocPath::new(&a), DocPath::new(&b)) {
            prop_assert_eq!(a == b, a.to_disk() == b.to_disk());
        }
    }

    #[test]
    fn what_disk_spells_is_what_we_would_have_spelled(disk in prop_oneof![tricky(), "[a%. 0-9A-Fa-f]{1,8}"]) {
        if let Ok(path) = DocPath::from_disk(&disk) {
            prop_assert_eq!(path.to_disk(), disk.nfc().collect::<String>());
        }
    }

    #[test]
    fn address_decodes_to_the_name(path in names()) {
        for (address, name) in
            [(path.address(), path.without_suffix()), (path.raw_address(), path.as_str())]
        {
            let plain = |b: u8| b.is_ascii_graphic() && !b"\"#<>?\\^`{|}".contains(&b);
            prop_assert!(address.bytes().all(plain), "{}", address);
            prop_assert!(!address.starts_with('/') && address != "-" && !address.starts_with("-/"));
            let decoded = percent_decode_str(&address).decode_utf8().unwrap();
            prop_assert_eq!(decoded, name);
        }
    }

    #[test]
    fn pages_and_their_names(path in names()) {
        prop_assert_eq!(path.is_page(), path.as_str().to_lowercase().ends_with(".md"));
        prop_assert!(path.without_suffix().ends_with(path.title()));
        prop_assert!(path.file_name().starts_with(path.title()) && !path.title().is_empty());
        if path.folder().is_empty() {
            prop_assert_eq!(path.file_name(), path.as_str());
        } else {
            prop_assert_eq!(format!("{}/{}", path.folder(), path.file_name()), path.as_str());
        }
        prop_assert_eq!(path.sibling(path.file_name()), Ok(path));
    }

    #[test]
    fn folding_is_stable_and_blind_to_case_and_normalisation(text in prop_oneof![tricky(), any::<String>()]) {
        let folded = fold(&text);
        prop_assert_eq!(fold(&folded), folded.clone());
        prop_assert_eq!(fold(&text.nfd().collect::<String>()), folded.clone());
        prop_assert_eq!(fold(&text.nfc().collect::<String>()), folded.clone());
        prop_assert_eq!(fold(&text.to_ascii_uppercase()), folded.clone());
        prop_assert_eq!(fold(&text.to_ascii_lowercase()), folded);
    }

    #[test]
    fn twins_are_both_pages_or_neither(path in names()) {
        for twin in [path.as_str().to_uppercase(), path.as_str().to_lowercase()] {
            if let Ok(twin) = DocPath::from_user(&twin) && twin.key() == path.key() {
                prop_assert_eq!(twin.is_page(), path.is_page());
            }
        }
    }

    #[test]
    fn from_user_settles(text in tricky()) {
        if let Ok(path) = DocPath::from_user(&text) {
            prop_assert_eq!(DocPath::from_user(path.as_str()), Ok(path.clone()));
            prop_assert_eq!(DocPath::new(path.as_str()), Ok(path));
        }
    }
}

#[test]
fn refuses_what_is_no_name() {
    use PathError::{Character, Dot, Empty, NotNormalised, RevisionShaped};
    let shaped = "3-9F0C2D4E-1111-4222-8333-ABCDEFABCDEF";
    for (name, error) in [
        ("", Empty),
        ("/", Empty),
        ("/a", Empty),
        ("a/", Empty),
        ("a//b", Empty),
        (" ", Empty),
        ("a/\u{3000}/b", Empty),
        (".", Dot(".".into())),
        ("..", Dot("..".into())),
        ("../etc/passwd", Dot("..".into())),
        ("a/../../b", Dot("..".into())),
        (".hidden", Dot(".hidden".into())),
        ("a/.git/config", Dot(".git".into())),
        ("a\0b", Character('\0')),
        ("a\nb", Character('\n')),
        ("a\u{7f}", Character('\u{7f}')),
        ("a\u{9b}b", Character('\u{9b}')),
        ("a\u{202e}dm.exe", Character('\u{202e}')),
        ("a\u{2066}b", Character('\u{2066}')),
        ("a\u{200f}", Character('\u{200f}')),
        ("a\u{200b}b", Character('\u{200b}')),
        ("a\u{200d}b", Character('\u{200d}')),
        ("\u{feff}a", Character('\u{feff}')),
        ("soft\u{ad}hyphen", Character('\u{ad}')),
        ("\u{3164}", Character('\u{3164}')),
        ("a\u{e0041}", Character('\u{e0041}')),
        (".\u{1b}[31m", Character('\u{1b}')),
        ("e\u{301}", NotNormalised),
        ("\u{212a}", NotNormalised),
        (shaped, RevisionShaped(shaped.into())),
        (&format!("a/{shaped}/b"), RevisionShaped(shaped.into())),
    ] {
        assert_eq!(DocPath::new(name), Err(error), "{name:?}");
    }
}

#[test]
fn accepts_what_people_call_pages() {
    for name in [
        "Garden.md",
        "Projects/Garden.md",
        "日本語/ページ.md",
        "😀.md",
        "❤\u{fe0f}.md",
        "שלום.md",
        "C++ & C#.md",
        "100%.md",
        "What?.md",
        "a..b",
        "3-9f0c2d4e-1111-4222-8333-abcdefabcdef.md",
        "-",
        "-/x",
        "~",
    ] {
        assert_eq!(DocPath::from_disk(&path(name).to_disk()), Ok(path(name)));
    }
}

#[test]
fn disk_spelling_is_what_every_disk_holds() {
    for (name, disk) in [
        ("Projects/Garden.md", "Projects/Garden.md"),
        ("What?.md", "What%3F.md"),
        ("a:b\\c|d", "a%3Ab%5Cc%7Cd"),
        ("<\"*\">", "%3C%22%2A%22%3E"),
        ("100%", "100%25"),
        ("%2e%2e", "%252e%252e"),
        ("dot.", "dot%2E"),
        ("dots..", "dots.%2E"),
        ("space ", "space%20"),
        ("inner . x", "inner . x"),
        ("CON", "%43ON"),
        ("con.txt", "%63on.txt"),
        ("Nul .tar.gz", "%4Eul .tar.gz"),
        ("COM¹", "%43OM¹"),
        ("lpt³.md", "%6Cpt³.md"),
        ("CONOUT$", "%43ONOUT$"),
        ("console.md", "console.md"),
        ("COM10", "COM10"),
        ("aux/a", "%61ux/a"),
        ("CON.", "%43ON%2E"),
        // Composed, the accent would make an Á of the A, and the name unreadable.
        (":\u{301}", "%3A%CC%81"),
        (":\u{327}\u{301}x\u{327}", "%3A%CC%A7%CC%81x\u{327}"),
    ] {
        assert_eq!(path(name).to_disk(), disk, "{name:?}");
        assert_eq!(DocPath::from_disk(disk), Ok(path(name)), "{disk:?}");
    }
}

#[test]
fn other_spellings_on_disk_are_refused() {
    for disk in [
        "What%3f.md",
        "%61",
        "a%2Fb",
        "a%2fb",
        "%2E%2E",
        "%2e%2e/x",
        "..",
        "%00",
        "100%",
        "100%zz",
        "%",
        "%C3",
        "%C3%A9",
        "%FF",
        "CON",
        "con.md",
        "a:b",
        "dot.",
        "space ",
        "/a",
        "a/",
        "a//b",
        "",
        "%252",
        "e%CC%81",
    ] {
        if disk == "%252" {
            assert_eq!(DocPath::from_disk(disk), Ok(path("%2")));
            continue;
        }
        assert!(DocPath::from_disk(disk).is_err(), "{disk:?}");
    }
}

#[test]
fn slashes_divide_in_no_other_spelling() {
    // Each is a character of the name, never a separator.
    for slash in
        ["%2F", "%2f", "%252F", "%c0%af", "\\", "\u{2215}", "\u{2044}", "\u{29f8}", "\u{ff0f}"]
    {
        let name = path(&format!("a{slash}b"));
        assert_eq!(name.folder(), "", "{slash}");
        assert_eq!(name.to_disk().split('/').count(), 1, "{slash}");
        assert!(!name.address().contains('/'), "{slash}");
    }
}

#[test]
fn lengths_count_as_stored() {
    for (name, fits) in [
        ("a".repeat(200), true),
        ("a".repeat(201), false),
        ("a".repeat(255), false),
        ("a".repeat(256), false),
        ("é".repeat(100), true),
        (format!("{}a", "é".repeat(100)), false),
        (format!("{}aa", "?".repeat(66)), true),
        ("?".repeat(67), false),
        (format!("{}.", "a".repeat(197)), true),
        (format!("{}.", "a".repeat(198)), false),
        // 5 × 200 and 4 slashes are 1,004; 999 and 1,000 bytes fit.
        ([&*"a".repeat(200); 5].join("/"), false),
        (format!("{}/{}", [&*"a".repeat(200); 4].join("/"), "a".repeat(196)), true),
        (format!("{}/{}", [&*"a".repeat(200); 4].join("/"), "a".repeat(197)), false),
        (["a"; 500].join("/"), true),
        (["a"; 501].join("/"), false),
    ] {
        assert_eq!(DocPath::new(&name).is_ok(), fits, "{} bytes: {name:.20}", name.len());
    }
    assert!(matches!(DocPath::new(&"a".repeat(201)), Err(PathError::SegmentTooLong(_))));
    assert_eq!(DocPath::new(&["a"; 501].join("/")), Err(PathError::TooLong));
}

#[test]
fn names_from_people_are_tidied() {
    for (typed, name) in [
        (" Garden ", "Garden"),
        ("/Projects / Garden", "Projects/Garden"),
        ("Cafe\u{301}", "Café"),
        ("\u{212b}ngstro\u{308}m", "Ångström"),
        ("\u{a0}a\u{3000}", "a"),
    ] {
        assert_eq!(DocPath::from_user(typed), Ok(path(name)), "{typed:?}");
    }
    for typed in ["", " ", "/", "a//b", "a/", "a/ /b", "../a", "/..", " ..", "/ .. /a", "//.ssh"] {
        assert!(DocPath::from_user(typed).is_err(), "{typed:?}");
    }
    assert_eq!(DocPath::page_from_user("Garden"), Ok(path("Garden.md")));
    assert_eq!(DocPath::page_from_user("Garden.md"), Ok(path("Garden.md")));
    assert_eq!(DocPath::page_from_user("v1.2"), Ok(path("v1.2.md")));
    assert_eq!(DocPath::page_from_user("GARDEN.MD"), Ok(path("GARDEN.MD")));
    assert!(DocPath::page_from_user(&"a".repeat(198)).is_err());
    assert_eq!(DocPath::from_argument("Garden"), Ok(path("Garden.md")));
    assert_eq!(DocPath::from_argument("plan.png"), Ok(path("plan.png")));
}

#[test]
fn twins_share_a_key() {
    for (a, b) in [
        ("Garden.md", "GARDEN.MD"),
        ("Straße.md", "STRASSE.md"),
        ("STRAẞE", "strasse"),
        ("Café", "CAFÉ"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("ﬁsh", "FISH"),
        ("Ǆ", "ǆ"),
        ("\u{1f80}", "\u{1f88}"),
    ] {
        assert_eq!(path(a).key(), path(b).key(), "{a} {b}");
        assert_ne!(path(a), path(b));
    }
    // Locale plays no part: a Turkish dotted or dotless i is a letter of its own everywhere.
    assert_eq!(path("TITLE").key(), path("title").key());
    for (a, b) in [("ı", "i"), ("İ", "i"), ("ı", "I"), ("a", "á"), ("a", "а")] {
        assert_ne!(path(a).key(), path(b).key(), "{a} {b}");
    }
    let nfd = DocPath::from_disk("Cafe\u{301}.md").unwrap();
    assert_eq!(nfd, path("Café.md"));
}

#[test]
fn addresses_leave_the_system_its_own() {
    for (name, address) in [
        ("Projects/Garden.md", "Projects/Garden"),
        ("Projects/plan.png", "Projects/plan.png"),
        ("-/x.md", "%2D/x"),
        ("-.md", "%2D"),
        ("-a.md", "-a"),
        ("a/-/b.md", "a/-/b"),
        ("100%.md", "100%25"),
        ("%2e%2e/x.md", "%252e%252e/x"),
        ("What?#x.md", "What%3F%23x"),
        ("a\\b", "a%5Cb"),
        ("é.md", "%C3%A9"),
        ("GARDEN.MD", "GARDEN"),
    ] {
        assert_eq!(path(name).address(), address, "{name}");
    }
    assert_eq!(path("a/Garden.md").raw_address(), "a/Garden.md");
    assert_eq!(path("-/x.md").raw_address(), "%2D/x.md");
}

#[test]
fn parts_of_a_name() {
    let page = path("Projects/Old/Garden.v2.md");
    assert_eq!((page.folder(), page.file_name()), ("Projects/Old", "Garden.v2.md"));
    assert_eq!((page.title(), page.extension()), ("Garden.v2", Some("md")));
    assert_eq!(page.sibling("plan.png"), Ok(path("Projects/Old/plan.png")));
    assert!(page.sibling("../up").is_err());
    assert_eq!(path("Garden").extension(), None);
    assert_eq!(path("end.").extension(), None);
    assert!(!path("md").is_page() && !path("amd").is_page() && !path("日本").is_page());
}
