//! `everpage bundle` and `everpage unbundle`.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tar::{EntryType, Header};

use crate::support::{Place, files, id};

/// The revision files of a wiki and nothing else.
fn pages(place: &Place) -> Vec<(String, Vec<u8>)> {
    let root = place.path("data/pages");
    let mut found: Vec<_> = files(&root)
        .into_iter()
        .map(|(path, bytes)| (path.strip_prefix(&root).unwrap().display().to_string(), bytes))
        .filter(|(name, _)| !name.starts_with('.'))
        .collect();
    found.sort();
    found
}

/// Takes a file of one place to another, as a USB stick would.
fn carry(from: &Place, name: &str, to: &Place) {
    fs::copy(from.path(name), to.path(name)).unwrap();
}

fn entries(path: &Path) -> Vec<String> {
    let mut archive = tar::Archive::new(fs::File::open(path).unwrap());
    let entries = archive.entries().unwrap();
    entries.map(|e| e.unwrap().path().unwrap().display().to_string()).collect()
}

fn bundle(place: &Place, args: &[&str]) -> Value {
    place.json(&[&["bundle"], args].concat()).remove(0)
}

fn unbundle(place: &Place, args: &[&str]) -> Value {
    place.json(&[&["unbundle"], args].concat()).remove(0)
}

#[test]
fn a_bundle_carries_a_wiki_byte_for_byte_and_can_be_taken_in_again() {
    let (here, there) = (Place::new(), Place::new());
    let first = here.put("Garden", "beans\n");
    here.put("Garden", "beans and peas\n");
    here.put("Täglich/Über: uns?", "umlauts\n");
    here.put("big.bin", vec![7; 3 << 20]);
    let long = format!("{}/{}", "folder".repeat(25), "page".repeat(40));
    here.put(&long, "a long name\n");
    here.by_hand("Bare.md", &id(1, 5), "by hand\n");
    here.by_hand("Broken.md", &id(1, 6), "");
    assert_eq!(
        here.run(&["bundle", "-o", "all.tar"]).ok(),
        "6 revisions of 5 documents in all.tar\n"
    );
    let names = entries(&here.path("all.tar"));
    assert_eq!(names.first().unwrap(), "everpage-bundle.json");
    assert_eq!(names.last().unwrap(), "everpage-end.json");
    assert!(names.contains(&format!("pages/Garden.md/{first}")), "{names:?}");

    carry(&here, "all.tar", &there);
    let taken = there.run(&["unbundle", "all.tar"]);
    assert_eq!(taken.ok(), "6 revisions added, 0 already here\n");
    let mut expected = pages(&here);
    expected.retain(|(name, _)| !name.starts_with("Broken.md"));
    assert_eq!(pages(&there), expected);
    let wiki = |place: &Place| fs::read(place.path("data/pages/.wiki-id")).unwrap();
    assert_eq!(wiki(&here), wiki(&there), "they are one wiki now");

    assert_eq!(there.run(&["unbundle", "all.tar"]).ok(), "0 revisions added, 6 already here\n");
    assert_eq!(pages(&there), expected);
    assert_eq!(there.cat("Garden"), "beans and peas\n");
}

#[test]
fn since_a_bundle_there_is_exactly_what_that_one_did_not_hold() {
    let (here, there) = (Place::new(), Place::new());
    here.put("A", "one\n");
    here.put("B", "one\n");
    bundle(&here, &["-o", "1.tar"]);
    let new = here.put("A", "two\n");
    // Older than everything by its date, and new nevertheless.
    here.revision("Old.md", &id(1, 9), &[], "Ada", "late\n");
    let second = bundle(&here, &["--since", "1.tar", "-o", "2.tar"]);
    assert_eq!((second["revisions"].as_u64(), second["documents"].as_u64()), (Some(2), Some(2)));
    let names = entries(&here.path("2.tar"));
    assert!(names.contains(&format!("pages/A.md/{new}")), "{names:?}");

    // A bundle in a chain stands for everything before it; one from there says what is new for them.
    here.put("C", "three\n");
    let third = bundle(&here, &["--since", "2.tar", "-o", "3.tar"]);
    assert_eq!(third["revisions"], 1);
    carry(&here, "1.tar", &there);
    unbundle(&there, &["1.tar"]);
    there.put("There", "only there\n");
    bundle(&there, &["-o", "theirs.tar"]);
    carry(&there, "theirs.tar", &here);
    unbundle(&here, &["theirs.tar"]);
    let answer = bundle(&here, &["--since", "theirs.tar", "-o", "answer.tar"]);
    assert_eq!(answer["revisions"], 3);
    carry(&here, "answer.tar", &there);
    unbundle(&there, &["answer.tar"]);
    assert_eq!(pages(&here), pages(&there));

    let nothing = bundle(&here, &["--since", "answer.tar", "-o", "nothing.tar"]);
    assert_eq!(nothing["revisions"], 0);
    // The state alone is enough to go on from.
    let mut archive = tar::Archive::new(fs::File::open(here.path("3.tar")).unwrap());
    let mut state = archive.entries().unwrap().map(Result::unwrap);
    let mut state = state.find(|e| &*e.path_bytes() == b"everpage-state").unwrap();
    std::io::copy(&mut state, &mut fs::File::create(here.path("3.state")).unwrap()).unwrap();
    let since_state = bundle(&here, &["--since", "3.state", "-o", "4.tar"]);
    assert_eq!(since_state["revisions"], 1);
}

#[test]
fn since_a_date_goes_by_what_the_revisions_say() {
    let place = Place::new();
    place.revision("Old.md", &id(1, 1), &[], "Ada", "2026\n");
    place.put("New", "now\n");
    let json = bundle(&place, &["--since", "2026-11-23", "-o", "a.tar"]);
    assert_eq!(json["revisions"], 2);
    let json = bundle(&place, &["--since", "2026-11-23T08:30:00Z", "-o", "b.tar"]);
    assert_eq!(json["revisions"], 1);
    assert_eq!(json["file"], "b.tar");
}

#[test]
fn standard_output_and_input_are_a_pipe_between_two_wikis() {
    let (here, there) = (Place::new(), Place::new());
    here.put("A", "text\n");
    let piped = here.run(&["bundle", "-o", "-"]);
    assert_eq!(piped.code, 0);
    assert!(piped.err.contains("1 revision of 1 document in the bundle"), "{}", piped.err);
    let taken = there.run_with(&["unbundle", "-"], &piped.out);
    assert_eq!(taken.ok(), "1 revision added, 0 already here\n");
    assert_eq!(pages(&here), pages(&there));
}

#[test]
fn a_dry_run_says_the_same_and_changes_nothing() {
    let (here, there) = (Place::new(), Place::new());
    here.put("A", "text\n");
    here.put("big.bin", vec![1; 2 << 20]);
    bundle(&here, &["-o", "a.tar"]);
    carry(&here, "a.tar", &there);
    fs::create_dir_all(there.path("data/pages")).unwrap();
    let dry = there.run(&["unbundle", "a.tar", "--dry-run"]);
    assert_eq!(dry.ok(), "2 revisions would be added, 0 already here\n");
    assert_eq!(files(&there.path("data/pages")), []);
}

#[test]
fn another_wiki_is_refused_unless_both_shall_become_one() {
    let (here, there) = (Place::new(), Place::new());
    here.put("A", "here\n");
    there.put("A", "there\n");
    bundle(&here, &["-o", "a.tar"]);
    bundle(&there, &["-o", "b.tar"]);
    carry(&here, "a.tar", &there);
    let before = pages(&there);
    there.run(&["unbundle", "a.tar"]).refused(1, &["another wiki", "--join"]);
    assert_eq!(pages(&there), before);
    there.run(&["bundle", "--since", "a.tar", "-o", "c.tar"]).refused(1, &["to another wiki"]);
    there.run(&["unbundle", "a.tar", "--join"]).ok();
    assert_eq!(pages(&there).len(), 2);
    assert_eq!(there.json(&["conflicts"]).len(), 1);
    there.run(&["unbundle", "a.tar"]).ok();
}

#[test]
fn wrong_use_is_told_before_anything_is_written() {
    let place = Place::new();
    place.run(&["bundle"]).refused(1, &["there is no wiki"]);
    place.put("A", "text\n");
    place.run(&["bundle", "--since", "yesterday"]).refused(2, &["neither a bundle", "2026-11-25"]);
    place.write("there.tar", "mine");
    place.run(&["bundle", "-o", "there.tar"]).refused(1, &["not overwritten", "-o FILE"]);
    assert_eq!(fs::read(place.path("there.tar")).unwrap(), b"mine");
    place.run(&["bundle", "-o", "no/such/folder.tar"]).refused(1, &["no/such/folder.tar"]);
    place.run(&["unbundle", "missing.tar"]).refused(1, &["could not open missing.tar"]);
    place.run(&["unbundle", "there.tar"]).refused(1, &["not a bundle made by everpage bundle"]);
    place.write("empty.tar", "");
    place.run(&["unbundle", "empty.tar"]).refused(1, &["not a bundle made by everpage bundle"]);
    place
        .run(&["bundle", "--since", "there.tar"])
        .refused(1, &["not a bundle made by everpage bundle"]);
}

/// A tar made entry by entry, honest or not.
struct Made(Vec<u8>);

impl Made {
    /// Begins as a bundle of the wiki of a place does.
    fn of(place: &Place) -> Self {
        let wiki = fs::read_to_string(place.path("data/pages/.wiki-id")).unwrap();
        let mut made = Self(Vec::new());
        let made_at = "2026-11-25T08:00:00Z";
        let manifest =
            format!(r#"{{"bundle":1,"wiki":"{}","made":"{made_at}","since":null}}"#, wiki.trim());
        made.entry("everpage-bundle.json", EntryType::Regular, manifest.as_bytes(), None);
        made
    }

    /// Appends an entry; `claimed` is the size that its header says.
    fn entry(&mut self, name: &str, kind: EntryType, bytes: &[u8], claimed: Option<u64>) {
        let mut header = Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_size(claimed.unwrap_or(bytes.len() as u64));
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_cksum();
        self.0.extend(header.as_bytes());
        self.0.extend(bytes);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
    }

    fn file(&mut self, name: &str, text: &str) {
        self.entry(name, EntryType::Regular, text.as_bytes(), None);
    }

    fn end(mut self, revisions: usize) -> Vec<u8> {
        self.file("everpage-end.json", &format!(r#"{{"revisions":{revisions}}}"#));
        self.0.resize(self.0.len() + 1024, 0);
        self.0
    }
}

/// A wiki with an id, and one page.
fn victim() -> Place {
    let place = Place::new();
    place.put("A", "honest\n");
    bundle(&place, &["-o", "own.tar"]);
    place
}

#[test]
fn a_hostile_tar_costs_its_bad_entries_and_gives_its_good_ones() {
    let place = victim();
    let outside = place.write("outside", "untouched");
    let mut made = Made::of(&place);
    let one = id(1, 70);
    let cases = [
        (format!("pages/../../{one}"), EntryType::Regular, "leads out of the wiki"),
        (format!("pages/B.md/../{one}"), EntryType::Regular, "leads out of the wiki"),
        (format!("/pages/B.md/{one}"), EntryType::Regular, "leads out of the wiki"),
        ("../outside".to_owned(), EntryType::Regular, "leads out of the wiki"),
        ("local/replica-id".to_owned(), EntryType::Regular, "not in the folder of a document"),
        ("everpage.toml".to_owned(), EntryType::Regular, "not in the folder of a document"),
        (format!("pages/{one}"), EntryType::Regular, "not in the folder of a document"),
        (format!("pages/.git/{one}"), EntryType::Regular, "not a valid name for a document"),
        (format!("pages/B:.md/{one}"), EntryType::Regular, "not a valid name for a document"),
        (format!("pages/B.md/./{one}"), EntryType::Regular, "not a valid name for a document"),
        ("pages/B.md/README".to_owned(), EntryType::Regular, "not a valid revision id"),
        (format!("pages/B.md/0{one}"), EntryType::Regular, "not a valid revision id"),
        (format!("pages/B.md/{one}"), EntryType::Symlink, "a symbolic link"),
        (format!("pages/B.md/{one}"), EntryType::Link, "a hard link"),
        (format!("pages/B.md/{one}"), EntryType::Char, "a device"),
        (format!("pages/B.md/{one}"), EntryType::Block, "a device"),
        (format!("pages/B.md/{one}"), EntryType::Fifo, "a pipe"),
        (format!("pages/B.md/{one}"), EntryType::GNUSparse, "a file with holes"),
        (format!("pages/B.md/{one}"), EntryType::new(b'Z'), "an unknown kind"),
    ];
    for (name, kind, _) in &cases {
        made.entry(name, *kind, b"", None);
    }
    made.entry("pages/", EntryType::Directory, b"", None);
    made.file(&format!("pages/Good.md/{}", id(1, 71)), "good\n");
    // The same again, and the same name with other bytes.
    made.file(&format!("pages/Good.md/{}", id(1, 71)), "good\n");
    made.file(&format!("pages/Good.md/{}", id(1, 71)), "other\n");
    // What a peer may not send either.
    made.file(&format!("pages/A.md/{}", id(9_007_199_254_740_991, 72)), "freezes\n");
    let torn = format!("Revision: {}\nLength: 900\n\nshort", id(1, 73));
    made.file(&format!("pages/Torn.md/{}", id(1, 73)), &torn);
    place.write("bad.tar", made.end(cases.len() + 5));
    let before = pages(&place);

    let run = place.run(&["unbundle", "bad.tar"]);
    assert_eq!(run.code, 1, "{}", run.err);
    let text = run.text();
    let refused: Vec<&str> = text.lines().filter(|l| l.starts_with("refused: ")).collect();
    assert_eq!(refused.len(), cases.len() + 2, "{text}");
    assert!(refused[cases.len()..].iter().all(|l| l.contains("has this revision twice")));
    for ((name, _, reason), line) in cases.iter().zip(&refused) {
        assert!(line.contains(name.as_str()) && line.contains(reason), "{name}: {line}");
    }
    assert!(text.starts_with("1 revision added, 0 already here\n"), "{text}");
    assert!(text.contains("left out: the revisions they are based on are not here"), "{text}");
    assert!(text.contains("in quarantine: Torn.md") && text.contains("900"), "{text}");
    assert!(!text.contains("incomplete:"), "{text}");
    let mut expected = before;
    expected.push((format!("Good.md/{}", id(1, 71)), b"good\n".to_vec()));
    expected.sort();
    assert_eq!(pages(&place), expected);
    assert_eq!(fs::read(outside).unwrap(), b"untouched");
    assert_eq!(place.json(&["quarantine", "ls"]).len(), 1);
}

/// Appends what is not as it says.
type Lie<'a> = &'a dyn Fn(&mut Made);

#[test]
fn a_tar_that_lies_about_sizes_ends_there_and_keeps_what_came_before() {
    let huge = format!("pages/Huge.md/{}", id(1, 80));
    let lies: [(&str, Lie<'_>, &str); 5] = [
        (
            "a size of exabytes",
            &|made| {
                made.entry(&huge, EntryType::Regular, b"x", Some(1 << 60));
            },
            "Huge.md",
        ),
        (
            "a size past the end",
            &|made| {
                made.entry(&huge, EntryType::Regular, b"x", Some(900_000));
            },
            "incomplete",
        ),
        (
            "a name of gigabytes",
            &|made| {
                made.entry("././@LongLink", EntryType::GNULongName, b"x", Some(4 << 30));
            },
            "too long for a document",
        ),
        (
            "a size in an extended header",
            &|made| {
                made.entry("x", EntryType::XHeader, b"17 size=99999999\n", None);
            },
            "extended headers",
        ),
        ("a torn header", &|made| made.0.extend([b'x'; 512]), "incomplete"),
    ];
    for (what, lie, words) in lies {
        let place = victim();
        let mut made = Made::of(&place);
        made.file(&format!("pages/Good.md/{}", id(1, 71)), "good\n");
        lie(&mut made);
        place.write("bad.tar", made.0);
        let run = place.run(&["unbundle", "bad.tar"]);
        assert_eq!(run.code, 1, "{what}: {}", run.err);
        let text = run.text();
        assert!(text.starts_with("1 revision added"), "{what}: {text}");
        assert!(
            text.contains("the bundle is incomplete") && text.contains(words),
            "{what}: {text}"
        );
        assert_eq!(place.cat("Good"), "good\n", "{what}");
        assert_eq!(pages(&place).len(), 2, "{what}");
    }
}

#[test]
fn a_bundle_cut_anywhere_gives_what_it_has_and_a_whole_one_the_rest() {
    let (here, there) = (Place::new(), Place::new());
    for n in 0..6 {
        here.put(&format!("Page {n}"), format!("text {n}\n").repeat(100));
    }
    bundle(&here, &["-o", "a.tar"]);
    let whole = fs::read(here.path("a.tar")).unwrap();
    let mut last = 0;
    // At the border of an entry, within a header, within a file, and before the end.
    for cut in [1024, 2048, 2500, 4096, 5000, 7168, whole.len() - 1600] {
        there.write("cut.tar", &whole[..cut]);
        let run = there.run(&["unbundle", "cut.tar"]);
        assert_eq!(run.code, 1, "{cut}: {}", run.err);
        let text = run.text();
        assert!(text.contains("incomplete"), "{cut}: {text}");
        let now = pages(&there).len();
        assert!(now >= last, "{cut}");
        last = now;
        for (name, bytes) in pages(&there) {
            assert!(pages(&here).contains(&(name, bytes)), "{cut}");
        }
    }
    assert!(last > 2);
    there.write("a.tar", &whole);
    there.run(&["unbundle", "a.tar"]).ok();
    assert_eq!(pages(&here), pages(&there));
}

#[test]
fn versions_from_the_future_are_refused() {
    let place = victim();
    let mut made = Made(Vec::new());
    made.file("everpage-bundle.json", r#"{"bundle":2,"news":true}"#);
    place.write("new.tar", made.end(0));
    place.run(&["unbundle", "new.tar"]).refused(1, &["version 2", "update"]);
}

#[test]
fn a_plain_tar_makes_a_copy_of_the_wiki_of_a_bundle_too() {
    let (here, there) = (Place::new(), Place::new());
    here.put("Folder/A", "text\n");
    bundle(&here, &["-o", "a.tar"]);
    tar::Archive::new(fs::File::open(here.path("a.tar")).unwrap())
        .unpack(there.path("data"))
        .unwrap();
    assert_eq!(there.cat("Folder/A"), "text\n");
    assert_eq!(pages(&here), pages(&there));
}
