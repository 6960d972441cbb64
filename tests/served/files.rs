//! Whatever lies in a page's directory: readers see what is whole, the rest is reported and stays.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::support::{Place, Server, eventually, id};

const GOOD: &str = "# Garden\n\nWater the beans.\n";
const PLANTED: &str = "planted by a stranger";

/// Puts a page there whose first revision is whole, beside what `plant` makes.
fn garden(plant: impl FnOnce(&Path)) -> Place {
    let place = Place::new();
    place.by_hand(&format!("Garden.md/{}", id(1, 1)), GOOD);
    plant(&place.pages().join("Garden.md"));
    place
}

/// Walks through everything that people do with the page: what is strange is in nobody's way.
#[track_caller]
fn assert_unharmed(place: &Place, server: &mut Server) {
    let before = place.snapshot();
    let browser = server.browser;
    let page = browser.get("/Garden");
    page.assert_page(200);
    assert!(page.body.contains("Water the beans"), "{}", page.body);
    for address in
        ["/Garden", "/-/edit/Garden", "/-/history/Garden", "/-/merge/Garden", "/-/conflicts"]
    {
        let page = browser.get(address);
        page.assert_page(200);
        assert!(!page.body.contains(PLANTED), "{address} shows it: {}", page.body);
    }
    assert_eq!(browser.raw("Garden"), GOOD);
    browser.saved("Garden", "# Garden\n\nHoe.\n");
    assert_eq!(browser.raw("Garden"), "# Garden\n\nHoe.\n");
    place.assert_kept(&before);
    server.assert_runs();
}

/// A thing in the page's directory: its name and kind in reports, and how it comes there.
type Strange<'a> = (String, &'a str, Box<dyn Fn(&Path) + 'a>);

fn file<'a>(bytes: impl Into<Vec<u8>>) -> Box<dyn Fn(&Path) + 'a> {
    let bytes = bytes.into();
    Box::new(move |path| fs::write(path, &bytes).unwrap())
}

fn strange() -> Vec<Strange<'static>> {
    let two = id(2, 2);
    let headed = |rest: &str| format!("Revision: {two}\n{rest}\n\n{PLANTED}");
    let digest = "0".repeat(64);
    let mut all: Vec<Strange<'static>> = vec![
        (two.clone(), "damaged", file("")),
        (two.clone(), "damaged", file(vec![0; 5000])),
        (two.clone(), "damaged", file(headed("Length: 4096"))),
        (two.clone(), "damaged", file(headed("Length: 3"))),
        (two.clone(), "damaged", file(headed("Length: -1"))),
        (two.clone(), "damaged", file(headed("Length: 99999999999999999999"))),
        (two.clone(), "damaged", file(headed(&format!("Digest: sha256:{digest}")))),
        (two.clone(), "damaged", file(headed("Digest: md5:00"))),
        (two.clone(), "damaged", file(headed("Parent: 1-F47AC10B-58CC-4372-A567-0E02B2C3D479"))),
        (two.clone(), "damaged", file(format!("Revision: {two}\nAuthor: A"))),
        (
            two.clone(),
            "damaged",
            file([headed("Author: A").as_bytes()[..55].to_vec(), vec![0xff; 9]].concat()),
        ),
        (two.clone(), "damaged", file(headed(&"X: y\n".repeat(5000)))),
    ];
    let nonce = "f47ac10b-58cc-4372-a567-0e02b2c3d479";
    for name in [
        format!("0-{nonce}"),
        format!("02-{nonce}"),
        format!("{}-{nonce}", 1_u64 << 53),
        format!("99999999999999999999999-{nonce}"),
        format!("2-{}", nonce.to_uppercase()),
        format!("2-{}", nonce.replace('-', "")),
        format!("2-{}", &nonce[..35]),
        format!("2-{nonce}0"),
        format!("2-{{{nonce}}}"),
        format!("-2-{nonce}"),
        format!("+2-{nonce}"),
        format!("2.0-{nonce}"),
        format!(" 2-{nonce}"),
    ] {
        all.push((name, "", file(PLANTED)));
    }
    all.push((two.clone(), "bad-id", Box::new(|path| fs::create_dir(path).unwrap())));
    let with_file = |path: &Path| {
        fs::create_dir(path).unwrap();
        fs::write(path.join(id(9, 9)), PLANTED).unwrap();
    };
    all.push((two.clone(), "bad-id", Box::new(with_file)));
    let outside = |path: &Path| {
        let secret = path.parent().unwrap().join("../../../secret");
        fs::write(&secret, PLANTED).unwrap();
        symlink(fs::canonicalize(secret).unwrap(), path).unwrap();
    };
    all.push((two.clone(), "symbolic-link", Box::new(outside)));
    all.push((two.clone(), "symbolic-link", Box::new(|path| symlink("nowhere", path).unwrap())));
    all.push((two.clone(), "symbolic-link", Box::new(|path| symlink(path, path).unwrap())));
    all.push((
        two,
        "",
        Box::new(|path| {
            // A pipe that nobody writes to: reading it would wait for ever.
            assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
        }),
    ));
    all
}

#[test]
fn whatever_is_no_whole_revision_is_reported_and_in_nobodys_way() {
    for (i, (name, kind, plant)) in strange().into_iter().enumerate() {
        println!("{i}: {kind} {name}");
        let place = garden(|dir| plant(&dir.join(&name)));
        let found = place.check();
        let path = format!("Garden.md/{name}");
        let reported = found.iter().any(|(k, p)| *p == path && (kind.is_empty() || k == kind));
        // What lies in a directory in a file's place is reported beside it.
        assert!(reported && found.iter().all(|(_, p)| p.starts_with(&path)), "{path}: {found:?}");
        let mut server = place.serve();
        assert_unharmed(&place, &mut server);
        assert_eq!(place.check(), found, "still reported, and nothing else");
    }
}

#[test]
fn it_makes_no_difference_that_the_server_was_running_when_it_came() {
    let place = garden(|_| {});
    let mut server = place.serve();
    assert_eq!(server.browser.raw("Garden"), GOOD);
    let dir = place.pages().join("Garden.md");
    let things: Vec<_> = strange().into_iter().step_by(3).collect();
    for (i, (name, _, plant)) in things.iter().enumerate() {
        // Several can have the same name.
        let name = name.replace("-00000000-", &format!("-{i:08x}-"));
        plant(&dir.join(name));
    }
    assert_unharmed(&place, &mut server);
    assert!(place.check().len() >= things.len());
}

#[test]
fn a_copy_that_stopped_at_any_byte_is_never_shown() {
    let place = garden(|_| {});
    let mut server = place.serve();
    server.browser.saved("Garden", PLANTED);
    let before = place.snapshot();
    let (path, bytes) = before.iter().find(|(_, b)| b.starts_with(b"Revision:")).unwrap();
    drop(server);
    let dir = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
    let own = path.file_name().unwrap().to_str().unwrap();
    for cut in (0..bytes.len()).step_by(bytes.len() / 9) {
        // As it arrives on another machine, which has not accepted it before.
        let place = garden(|_| {});
        place.by_hand(&format!("{dir}/{own}"), &bytes[..cut]);
        let mut other = place.serve();
        assert_unharmed(&place, &mut other);
        assert_eq!(place.check(), [("damaged".to_owned(), format!("{dir}/{own}"))], "cut at {cut}");
        // The rest arrives: it is whole, and a conflict of what was saved meanwhile.
        place.by_hand(&format!("{dir}/{own}"), bytes);
        eventually("the whole file is seen", || {
            other.browser.conflicts().to_string().contains(own)
                || other.browser.raw("Garden") == PLANTED
        });
        assert_eq!(place.check(), []);
    }
    server = place.serve();
    server.assert_runs();
}

#[test]
fn a_page_that_is_no_text_says_so_and_cannot_be_altered_by_a_form() {
    for bytes in
        [&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], b"caf\xe9 is Latin-1\n", b"\xff\xfeU\0T\0F\0"]
    {
        let place = Place::new();
        let path = place.by_hand(&format!("Garden.md/{}", id(1, 1)), bytes);
        let mut server = place.serve();
        let browser = server.browser;
        browser.get("/Garden").assert_page(200);
        browser.get("/-/history/Garden").assert_page(200);
        let editor = browser.get("/-/edit/Garden");
        editor.assert_page(422);
        assert!(editor.body.contains("Nothing was changed"), "{}", editor.body);
        let raw = place.run(&["cat", "Garden"]);
        assert_eq!(raw.stdout, bytes, "the bytes as they are");
        assert_eq!(place.check(), [], "it is whole");
        assert_eq!(fs::read(path).unwrap(), bytes);
        server.assert_runs();
    }
}

#[test]
fn two_hundred_megabytes_are_neither_shown_nor_held_in_memory() {
    const SIZE: u64 = 200 << 20;
    let place = garden(|_| {});
    let big = |relative: &str, first: &str| {
        let path = place.by_hand(relative, "");
        let mut file = File::create(path).unwrap();
        file.write_all(first.as_bytes()).unwrap();
        // Holes: the disk of whoever runs this is spared, the reader is not.
        file.set_len(SIZE).unwrap();
    };
    big(&format!("Garden.md/{}", id(2, 2)), &format!("Revision: {}\nLength: 9\n\nx", id(2, 2)));
    big(&format!("Whole.md/{}", id(1, 1)), "# Whole\n");
    big(&format!("film.bin/{}", id(1, 1)), "film");
    let mut server = place.serve();
    let browser = server.browser;
    assert_unharmed(&place, &mut server);
    let whole = browser.get("/Whole");
    whole.assert_page(200);
    assert!(whole.body.contains("too large"), "{}", whole.body);
    assert!(whole.body.len() < 100_000);
    browser.get("/-/edit/Whole").assert_page(422);
    browser.get("/-/history/Whole").assert_page(200);
    let film = browser.get("/film.bin");
    assert_eq!((film.status, film.body.len() as u64), (200, SIZE));
    let peak = server.peak_mib();
    assert!(peak < 150, "the server held {peak} MiB");
    assert_eq!(place.check(), [("damaged".to_owned(), format!("Garden.md/{}", id(2, 2)))]);
}

#[test]
fn a_header_copied_along_by_hand_is_skipped() {
    let place = garden(|_| {});
    let mut server = place.serve();
    server.browser.saved("Garden", "two\n");
    let snapshot = place.snapshot();
    let (path, bytes) = snapshot.iter().find(|(_, b)| b.starts_with(b"Revision:")).unwrap();
    // `cp 2-x 3-$(uuidgen)`, and an edit.
    let copy = path.with_file_name(id(3, 3));
    fs::copy(path, &copy).unwrap();
    fs::write(&copy, String::from_utf8(bytes.clone()).unwrap() + "and three\n").unwrap();
    eventually("the copy is shown", || server.browser.raw("Garden") == "two\nand three\n");
    assert_eq!(place.check(), []);
    server.assert_runs();
}

#[test]
fn the_highest_number_of_all_gives_the_text_back_instead_of_a_number_above_it() {
    let highest = id((1 << 53) - 1, 1);
    let place = garden(|dir| fs::write(dir.join(&highest), "the end of numbers\n").unwrap());
    let before = place.snapshot();
    let mut server = place.serve();
    assert_eq!(server.browser.raw("Garden"), "the end of numbers\n");
    let refused = server.browser.save("Garden", "one more\n");
    refused.assert_page(409);
    assert_eq!(refused.text_given_back().as_deref(), Some("one more\n"));
    let run = place.command(&["put", "Garden"]).output().unwrap();
    assert_eq!(run.status.code(), Some(1), "{run:?}");
    place.assert_kept(&before);
    server.assert_runs();
}

#[test]
fn linked_directories_are_not_pages_and_nothing_is_written_through_them() {
    let place = garden(|_| {});
    let outside = place.path("outside");
    fs::create_dir_all(outside.join("Page.md")).unwrap();
    fs::write(outside.join("Page.md").join(id(1, 1)), PLANTED).unwrap();
    symlink(&outside, place.pages().join("Linked")).unwrap();
    symlink(outside.join("Page.md"), place.pages().join("Page.md")).unwrap();
    symlink("..", place.pages().join("Loop")).unwrap();
    let mut server = place.serve();
    let browser = server.browser;
    for name in ["Page", "Linked/Page", "Loop/pages/Garden", "Loop/Loop/x"] {
        browser.get(&format!("/{name}")).assert_page(404);
        let refused = browser.save(name, "my text\n");
        assert!((400..600).contains(&refused.status), "{name}: {}", refused.status);
        assert_eq!(refused.text_given_back().as_deref(), Some("my text\n"), "{name}");
    }
    assert_eq!(fs::read_dir(outside.join("Page.md")).unwrap().count(), 1);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
    let found = place.check();
    assert!(found.iter().all(|(kind, _)| kind == "symbolic-link"), "{found:?}");
    assert_eq!(found.len(), 3, "{found:?}");
    assert_unharmed(&place, &mut server);
}
