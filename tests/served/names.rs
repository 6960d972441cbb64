//! Names from strangers: each is a page inside the data directory or a page that says why not, and
//! what was typed under it comes back.

use std::fs;

use crate::support::{Place, encode, eventually, id};

/// Addresses as they go over the wire. None of these is the name of a page.
const REFUSED: &[&str] = &[
    "..",
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/etc/passwd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "%2E./x",
    ".%2e/x",
    "a/../../x",
    "a/%2e%2e/%2e%2e/x",
    "a/..%2f..%2fx",
    ".",
    "%2e",
    "a/./b",
    ".hidden",
    "%2ehidden",
    "a/.git/config",
    "a%00b",
    "%00",
    "a%00.md",
    "a%0ab",
    "a%0d%0aSet-Cookie:%20x=y",
    "a%1bb",
    "a%7fb",
    "a//b",
    "a%2f%2fb",
    "..%5c..%5cwindows",
    // The overlong spellings of `.` and `/`, and bytes that are no UTF-8.
    "%c0%ae%c0%ae/x",
    "%c0%af",
    "a%c0%afb",
    "%ff",
    "caf%e9",
    // Right-to-left marks and overrides, zero width, a byte order mark.
    "a%e2%80%aeb",
    "a%e2%80%8fb",
    "a%e2%81%a6b",
    "a%e2%80%8bb",
    "%ef%bb%bfa",
    // An emoji that is joined by a character of no width.
    "%f0%9f%91%a9%e2%80%8d%f0%9f%8c%be",
    "1-f47ac10b-58cc-4372-a567-0e02b2c3d479",
    "a/1-f47ac10b-58cc-4372-a567-0e02b2c3d479/b",
];

/// Names that people may choose, odd as they are, and that every disk must hold.
const TAKEN: &[&str] = &[
    "%2e%2e",
    "a%2fb",
    "%252e%252e%252f",
    "back\\slash",
    "C:\\x",
    "C:",
    "\u{2215}division slash\u{ff0f}fullwidth\u{2044}fraction",
    "😀 ❤\u{fe0f} 👨🏽",
    "עברית العربية",
    "CON",
    "nul",
    "COM1",
    "lpt9.txt",
    "aux.tar.gz",
    "CON/PRN/AUX",
    "dot.",
    "x<y>z:\"|?*",
    "-rf",
    "--help",
    "~",
    "$(reboot)`id`",
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "{{ 7*7 }}",
    "a=b&c=d#e?f",
    "100%",
    "+plus+",
    "index.html",
    "everpage.toml",
];

#[test]
fn no_address_leaves_the_data_directory_and_what_was_typed_comes_back() {
    let place = Place::new();
    place.by_hand(&format!("Garden.md/{}", id(1, 1)), "beans\n");
    fs::write(place.path("x"), "outside").unwrap();
    let before = place.snapshot();
    let mut server = place.serve();
    let browser = server.browser;
    let form = b"content=%0Amy+own+words&action=save";
    for name in REFUSED {
        for begin in ["", "-/edit/", "-/history/", "-/merge/", "-/rev/", "-/restore/"] {
            let address = format!("/{begin}{name}");
            let got = browser.ask("GET", &address, b"").expect("an answer");
            assert!((400..500).contains(&got.status), "GET {address}: {} {}", got.status, got.body);
            assert!(!got.body.contains("root:") && !got.body.contains("outside"), "{address}");
        }
        let got = browser.ask("POST", format!("/-/edit/{name}"), form).expect("an answer");
        assert!((400..500).contains(&got.status), "POST {name}: {}", got.status);
        // An address that the router itself cannot read is refused before the form is.
        assert_eq!(
            got.text_given_back().as_deref(),
            Some("\nmy own words"),
            "{name}: {}",
            got.body
        );
        let new = browser.post("/-/new", &[("name", &decode(name))]);
        assert!(new.status < 500, "{name}");
    }
    assert_eq!(place.snapshot(), before, "nothing was written");
    assert_eq!(fs::read(place.path("x")).unwrap(), b"outside");
    assert_eq!(fs::read_dir(place.path("")).unwrap().count(), 2);
    server.assert_runs();
}

fn decode(name: &str) -> String {
    form_urlencoded::parse(format!("n={name}").as_bytes()).next().unwrap().1.into_owned()
}

#[test]
fn raw_bytes_in_an_address_are_answered_or_refused_and_end_nothing() {
    let place = Place::new();
    place.by_hand(&format!("Garden.md/{}", id(1, 1)), "beans\n");
    let before = place.snapshot();
    let mut server = place.serve();
    for bytes in [
        &b"/\0"[..],
        b"/a\0b",
        b"/\xff\xfe",
        b"/a\tb",
        b"/caf\xc3\xa9",
        b"/\\..\\..",
        b"//",
        b"*",
        b"/%",
        b"/%zz",
        b"/%2",
    ] {
        for method in ["GET", "POST", "HEAD", "DELETE", "PUT", "BREW"] {
            if let Some(page) = server.browser.ask(method, bytes, b"content=x") {
                assert!(page.status < 500, "{method} {bytes:?}: {page:?}");
            }
        }
    }
    let long = format!("/{}", "a".repeat(60_000));
    if let Some(page) = server.browser.ask("GET", &long, b"") {
        assert!((400..500).contains(&page.status), "{}", page.status);
    }
    assert_eq!(place.snapshot(), before);
    server.assert_runs();
}

#[test]
fn odd_names_are_pages_like_any_other() {
    let place = Place::new();
    let mut server = place.serve();
    let browser = server.browser;
    for name in TAKEN {
        println!("{name}");
        let text = format!("the page {name}\n");
        browser.saved(name, &text);
        let page = browser.get(&format!("/{}", encode(name)));
        page.assert_page(200);
        assert!(!page.body.contains("<script>alert(1)"), "{name}");
        assert_eq!(browser.raw(name), text, "{name}");
        browser.get(&format!("/-/history/{}", encode(name))).assert_page(200);
        let cat = place.run(&["cat", "--", name]);
        assert_eq!(String::from_utf8_lossy(&cat.stdout), text, "{name}: {cat:?}");
    }
    // Each has a directory that every disk can hold, inside `pages/`.
    for path in place.snapshot().keys() {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(!name.contains(['<', '>', ':', '"', '\\', '|', '?', '*']), "{name}");
        assert!(!name.ends_with(['.', ' ']), "{name}");
        let stem = name.split('.').next().unwrap().to_ascii_uppercase();
        assert!(!["CON", "PRN", "AUX", "NUL", "COM1", "LPT9"].contains(&&*stem), "{name}");
    }
    assert_eq!(place.check(), []);
    server.assert_runs();
}

#[test]
fn a_name_is_as_long_as_every_disk_can_hold_and_no_longer() {
    let place = Place::new();
    let mut server = place.serve();
    let browser = server.browser;
    // 200 bytes with the ending `.md`.
    let longest = "n".repeat(197);
    browser.saved(&longest, "long\n");
    assert_eq!(browser.raw(&longest), "long\n");
    let before = place.snapshot();
    let deep = ["segment"; 140].join("/");
    for name in
        ["n".repeat(198), "n".repeat(252), "n".repeat(255), "n".repeat(256), "日".repeat(86), deep]
    {
        let address = encode(&name);
        browser.get(&format!("/{address}")).assert_page(400);
        let refused = browser.post(&format!("/-/edit/{address}"), &[("content", "my text\n")]);
        refused.assert_page(400);
        assert!(refused.body.contains("too long"), "{}", refused.body);
        assert_eq!(refused.text_given_back().as_deref(), Some("my text\n"));
        let run = place.run(&["cat", &name]);
        assert_eq!(run.status.code(), Some(2), "{run:?}");
    }
    assert_eq!(place.snapshot(), before);
    // Directories that another program made.
    for length in [201, 255] {
        place.by_hand(&format!("{}/{}", "d".repeat(length), id(1, 1)), "x");
    }
    let found = place.check();
    assert!(found.len() == 2 && found.iter().all(|(kind, _)| kind == "bad-name"), "{found:?}");
    server.assert_runs();
}

#[test]
fn a_name_in_two_cases_or_two_normal_forms_is_one_page() {
    let place = Place::new();
    place.by_hand(&format!("Garden.md/{}", id(1, 1)), "one\n");
    place.by_hand(&format!("garden.md/{}", id(1, 2)), "two\n");
    place.by_hand(&format!("cafe\u{301}.md/{}", id(1, 3)), "decomposed\n");
    place.by_hand(&format!("Straße.md/{}", id(1, 4)), "sz\n");
    place.by_hand(&format!("STRASSE.md/{}", id(2, 4)), "ss\n");
    let before = place.snapshot();
    let mut server = place.serve();
    let browser = server.browser;
    // Only a look at everything tells which directories are twins.
    eventually("everything has been looked at", || browser.get("/-/readyz").status == 200);
    for name in ["Garden", "garden", "GARDEN"] {
        let page = browser.get(&format!("/{name}"));
        // The one that holds the winner names it; every other spelling leads there.
        let expected = if name == "garden" { (200, "") } else { (303, "/garden") };
        assert_eq!((page.status, &*page.location), expected, "{name}");
    }
    let inbox = browser.conflicts().to_string();
    assert!(inbox.contains(&id(1, 1)) && inbox.contains(&id(1, 2)), "{inbox}");
    browser.saved("GARDEN", "three\n");
    assert_eq!(browser.raw("garden"), "three\n");
    assert_eq!(browser.raw("caf\u{e9}"), "decomposed\n");
    browser.saved("caf\u{e9}", "composed\n");
    assert_eq!(browser.raw("cafe\u{301}"), "composed\n");
    assert_eq!(browser.raw("strasse"), "ss\n");
    let ls = String::from_utf8(place.run(&["ls"]).stdout).unwrap();
    assert_eq!(ls.lines().count(), 3, "{ls}");
    place.assert_kept(&before);
    let dirs = fs::read_dir(place.pages()).unwrap().count();
    assert_eq!(dirs, 5, "no directory beside those that were there");
    server.assert_runs();
}
