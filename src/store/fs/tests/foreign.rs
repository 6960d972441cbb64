//! What other programs, crashes and people leave below `pages/`: reported, never shown, never
//! followed, never waited for.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use rustix::fs::{CWD, FileType, Mode};

use super::*;
use crate::model::file::Damage;
use crate::store::contract::{dir, id, ids, read, save, scan};
use crate::store::{FindingKind, LOADED_CONTENT};

const NONCE: &str = "9f0c2d4e-58cc-4372-a567-0e02b2c3d479";

fn fifo(path: &Path) {
    rustix::fs::mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

/// Returns what a scan reports, as path and kind.
fn reported(store: &FsStore) -> Vec<(String, FindingKind)> {
    let (_, findings) = scan(store);
    assert!(findings.iter().all(|f| !f.detail.is_empty()));
    findings.into_iter().map(|f| (f.path, f.kind)).collect()
}

#[test]
fn foreign_things_beside_revisions_are_reported_with_their_kind() {
    let place = Place::new();
    let store = place.open();
    save(&store, "A.md", id(1, 1), "text").unwrap();
    let real = id(1, 1).to_string();
    let outside = place.data().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("3-secret"), "secret").unwrap();

    let mut expected = Vec::new();
    let mut plant = |name: &str, kind, make: &dyn Fn(&Path)| {
        make(&place.page("A.md").join(name));
        expected.push((format!("A.md/{name}"), kind));
    };
    let file = |path: &Path| fs::write(path, "junk").unwrap();
    let folder = |path: &Path| fs::create_dir(path).unwrap();
    for name in [
        ".DS_Store",
        ".stfolder",
        "x.tmp",
        "x.part",
        "#x#",
        "x~",
        "desktop.ini",
        "notes.txt",
        "x (conflicted copy).md",
        &format!("{real}.sync-conflict-20261123-082900-ABCDEFG"),
        &format!(".{real}.aB3dE5"),
        &format!("{real}.bak"),
        &format!("{real} (copy)"),
    ] {
        plant(name, FindingKind::Foreign, &file);
    }
    for name in [
        format!("0-{NONCE}"),
        format!("9007199254740992-{NONCE}"),
        format!("99999999999999999999999999-{NONCE}"),
        format!("01-{NONCE}"),
        format!("1-{}", NONCE.to_uppercase()),
        format!("1-{}", NONCE.replace('-', "")),
        format!("1-{}", NONCE.replacen("9f", "9", 1)),
    ] {
        plant(&name, FindingKind::BadId, &file);
    }
    plant(&format!("2-{NONCE}"), FindingKind::BadId, &folder);
    plant(&format!("3-{NONCE}"), FindingKind::SymbolicLink, &|p| {
        symlink("../../outside", p).unwrap();
    });
    plant(&format!("4-{NONCE}"), FindingKind::SymbolicLink, &|p| symlink("nowhere", p).unwrap());
    plant(&format!("5-{NONCE}"), FindingKind::SymbolicLink, &|p| symlink(&real, p).unwrap());
    plant(&format!("6-{NONCE}"), FindingKind::Foreign, &fifo);
    plant(".git", FindingKind::Foreign, &folder);
    expected.sort();

    assert_eq!(reported(&store), expected);
    assert_eq!(scan(&store).0, [("A.md".to_owned(), vec![id(1, 1)])]);
    let listing = store.list(&dir("A.md")).unwrap();
    assert_eq!(ids(&listing), [id(1, 1)]);
    let mut listed: Vec<_> = listing.findings.into_iter().map(|f| (f.path, f.kind)).collect();
    listed.sort();
    assert_eq!(listed, expected, "a listing reports what a scan does");

    // What stands in a revision's place is neither read nor waited for nor replaced.
    for number in 2..=6 {
        let id = format!("{number}-{NONCE}").parse().unwrap();
        assert!(store.load(&dir("A.md"), id).is_err());
        assert!(store.open(&dir("A.md"), id).is_err());
        let refused = save(&store, "A.md", id, "text");
        assert!(matches!(refused, Err(StoreError::Taken(_))), "{number}: {refused:?}");
    }
    assert_eq!(reported(&store), expected, "everything still stands");
    assert_eq!(fs::read(outside.join("3-secret")).unwrap(), b"secret");
}

/// What the usual programs leave behind: each is ignored, and `check` says whose it is.
#[test]
fn files_of_sync_tools_and_editors_are_told_apart() {
    let real = id(1, 1).to_string();
    let cases = [
        (format!(".syncthing.{real}.tmp"), "temporary file of Syncthing"),
        (format!("~syncthing~{real}.tmp"), "temporary file of Syncthing"),
        (
            format!("{real}.sync-conflict-20261123-082900-ABCDEFG"),
            "conflict copy made by Syncthing",
        ),
        (".stignore".into(), "a file of Syncthing itself"),
        (format!(".{real}.aB3dE5"), "an unfinished file of rsync"),
        (".rsync-partial".into(), "an unfinished file of rsync"),
        (".~tmp~".into(), "an unfinished file of rsync"),
        (format!(".unison.{real}.0123456789abcdef.unison.tmp"), "temporary file of Unison"),
        (".unison".into(), "temporary file of Unison"),
        (format!(".bak.0.{real}"), "conflict copy made by Unison"),
        (".sync_0123456789ab.db".into(), "journal of Nextcloud"),
        ("._sync_0123456789ab.db-wal".into(), "journal of Nextcloud"),
        (".owncloudsync.log".into(), "journal of Nextcloud"),
        (
            format!("{real} (conflicted copy 2026-11-23 082900)"),
            "conflict copy made by Dropbox or Nextcloud",
        ),
        (
            format!("{real} (Ada's conflicted copy 2026-11-23)"),
            "conflict copy made by Dropbox or Nextcloud",
        ),
        (".dropbox.attr".into(), "a file of Dropbox itself"),
        (".nfs000000000000a1b2".into(), "still has open"),
        (".fuse_hidden0000000100000001".into(), "still has open"),
        (".DS_Store".into(), "macOS"),
        (format!("._{real}"), "macOS"),
        ("Icon\r".into(), "macOS"),
        ("desktop.ini".into(), "Windows"),
        ("Thumbs.db".into(), "Windows"),
        (".goutputstream-A1B2C3".into(), "the desktop"),
        (format!(".{real}.swp"), "editor's backup or lock"),
        (format!("{real}~"), "editor's backup or lock"),
        (format!("{real}.bak"), "editor's backup or lock"),
        (format!(".#{real}"), "editor's backup or lock"),
        (format!("#{real}#"), "editor's backup or lock"),
        ("4913".into(), "editor's backup or lock"),
        (format!("{real}.tmp"), "an unfinished file"),
        (format!("{real}.part"), "an unfinished file"),
        (format!("{real}.crdownload"), "an unfinished file"),
        (".hidden".into(), "another program"),
    ];
    let place = Place::new();
    let store = place.open();
    save(&store, "A.md", id(1, 1), "text").unwrap();
    for (name, _) in &cases {
        fs::write(place.page("A.md").join(name), "what is in it does not count").unwrap();
    }
    let (found, findings) = scan(&store);
    assert_eq!(found, [("A.md".to_owned(), vec![id(1, 1)])]);
    assert_eq!(findings.len(), cases.len());
    for (name, words) in &cases {
        let path = format!("A.md/{name}");
        let finding = findings.iter().find(|f| f.path == path).unwrap();
        assert_eq!(finding.kind, FindingKind::Foreign, "{name}");
        assert!(finding.detail.contains(words), "{name}: {}", finding.detail);
        assert!(finding.detail.contains("ignored"), "{name}: {}", finding.detail);
        if words.starts_with("conflict copy") {
            let command = format!("everpage put 'A.md' < 'pages/{}'", path.replace('\'', r"'\''"));
            assert!(finding.detail.contains(&command), "{name}: {}", finding.detail);
        }
    }
}

/// Syncthing keeps old versions in a folder whose files look like revisions.
#[test]
fn folders_of_sync_tools_are_not_looked_into() {
    let place = Place::new();
    let store = place.open();
    for folder in [".stversions", ".stfolder", ".rsync-partial", ".Trash-1000", ".unison", ".git"] {
        for below in ["", "A.md/"] {
            let inside = format!("{below}{folder}/A.md/{}", id(1, 1));
            place.drop_file(&inside, b"an old version");
        }
    }
    let (found, findings) = scan(&store);
    assert_eq!(found, []);
    assert_eq!(findings.len(), 12);
    assert!(findings.iter().all(|f| f.kind == FindingKind::Foreign));
}

#[test]
fn names_that_no_document_can_have_are_reported_with_what_lies_in_them() {
    let place = Place::new();
    let store = place.open();
    let long = "n".repeat(255);
    let cases = [
        "a%2eb.md",
        "a%b.md",
        "a%FF.md",
        "a:b.md",
        "CON.md",
        "end.",
        "end ",
        "\u{202E}gpj.md",
        "zero\u{200B}width.md",
        "back\\slash.md",
        "%2e%2e",
        long.as_str(),
    ];
    let mut expected = Vec::new();
    for name in cases {
        place.drop_file(&format!("{name}/1-{NONCE}"), b"text");
        place.drop_file(&format!("{name}/x.tmp"), b"junk");
        expected.push((name.to_owned(), FindingKind::BadName));
        expected.push((format!("{name}/x.tmp"), FindingKind::Foreign));
    }
    let not_utf8 = place.page("").join(OsStr::from_bytes(b"caf\xe9.md"));
    fs::create_dir(&not_utf8).unwrap();
    fs::write(not_utf8.join(format!("1-{NONCE}")), "text").unwrap();
    expected.push(("caf\u{FFFD}.md".to_owned(), FindingKind::BadName));
    expected.sort();
    assert_eq!(reported(&store), expected);
    assert_eq!(scan(&store).0, []);
}

#[test]
fn directories_as_other_systems_spell_them_are_the_same_documents() {
    let place = Place::new();
    let store = place.open();
    // "Ä" and "é" decomposed, as macOS writes them.
    let nfd = "A\u{308}pfel cafe\u{301}.md";
    place.drop_file(&format!("{nfd}/1-{NONCE}"), b"text");
    place.drop_file(&format!("GARDEN.md/1-{NONCE}"), b"text");
    let (found, findings) = scan(&store);
    assert_eq!(findings, []);
    assert_eq!(found.len(), 2);
    let disk = DiskDir::parse(nfd).unwrap();
    assert_eq!(disk.path().as_str(), "Äpfel café.md");
    assert_eq!(store.list(&disk).unwrap().revisions.len(), 1);
    assert_eq!(DiskDir::parse("GARDEN.md").unwrap().path().key(), dir("Garden.md").path().key());
}

#[test]
fn plain_files_are_offered_for_adoption_and_revisions_at_the_root_belong_to_nothing() {
    let place = Place::new();
    let store = place.open();
    place.drop_file("Garden.md", b"dropped");
    place.drop_file("Projects/plan.png", b"dropped");
    place.drop_file(&format!("1-{NONCE}"), b"dropped");
    symlink("Garden.md", place.page("Link.md")).unwrap();
    fifo(&place.page("Pipe.md"));
    let expected = [
        (format!("1-{NONCE}"), FindingKind::Foreign),
        ("Garden.md".into(), FindingKind::PlainFile),
        ("Link.md".into(), FindingKind::SymbolicLink),
        ("Pipe.md".into(), FindingKind::Foreign),
        ("Projects/plan.png".into(), FindingKind::PlainFile),
    ];
    assert_eq!(reported(&store), expected);
    let (_, findings) = scan(&store);
    assert!(findings[1].detail.contains("everpage put 'Garden.md' < 'pages/Garden.md'"));
    // A page's own directory can then not be made: refused, and the file stays.
    let refused = save(&store, "Garden.md", id(1, 1), "text").unwrap_err();
    assert!(matches!(&refused, StoreError::Io { path, .. } if *path == place.page("Garden.md")));
    assert!(save(&store, "Garden.md/Beds.md", id(1, 1), "text").is_err());
    assert!(store.list(&dir("Garden.md")).unwrap().stamp.is_none());
    assert_eq!(store.stamp(&dir("Garden.md/Beds.md")).unwrap(), None);
    assert!(store.load(&dir("Garden.md"), id(1, 1)).is_err());
    assert_eq!(fs::read(place.page("Garden.md")).unwrap(), b"dropped");
    assert_eq!(store.read_only(), None);
}

#[test]
fn linked_directories_are_never_followed_by_reading_or_writing() {
    let place = Place::new();
    let store = place.open();
    let outside = place.data().join("outside");
    fs::create_dir_all(outside.join("Page.md")).unwrap();
    fs::write(outside.join("Page.md").join(id(1, 1).to_string()), "secret").unwrap();
    symlink(&outside, place.page("Folder")).unwrap();
    symlink(outside.join("Page.md"), place.page("Page.md")).unwrap();
    symlink(place.page(""), place.page("Loop")).unwrap();
    for path in ["Folder/Page.md", "Page.md", "Page.md/Sub.md", "Loop/Loop/Page.md"] {
        let listing = store.list(&dir(path)).unwrap();
        assert!(listing.stamp.is_none() && listing.revisions.is_empty(), "{path}");
        assert_eq!(store.stamp(&dir(path)).unwrap(), None);
        assert!(matches!(store.load(&dir(path), id(1, 1)), Err(StoreError::NotFound(_))), "{path}");
        assert!(matches!(store.open(&dir(path), id(1, 1)), Err(StoreError::NotFound(_))));
        assert!(save(&store, path, id(2, 1), "text").is_err(), "{path}");
        assert!(store.heal(&dir(path)).unwrap().is_empty());
    }
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
    assert_eq!(fs::read_dir(outside.join("Page.md")).unwrap().count(), 1);
    let kinds: Vec<_> = reported(&store).into_iter().map(|(_, kind)| kind).collect();
    assert_eq!(kinds, [FindingKind::SymbolicLink; 3]);
    assert_eq!(scan(&store).0, []);
}

#[test]
fn damaged_files_say_why_and_are_never_opened_as_if_whole() {
    let place = Place::new();
    let store = place.open();
    let whole = |n, text: &str| {
        save(&store, "Model.md", id(n, 1), text).unwrap();
        String::from_utf8(fs::read(place.file("Model.md", id(n, 1))).unwrap()).unwrap()
    };
    let plant = |n, bytes: &[u8]| {
        place.drop_file(&format!("A.md/{}", id(n, 1)), bytes);
        let loaded = store.load(&dir("A.md"), id(n, 1)).unwrap();
        assert!(loaded.content.is_some() == loaded.revision.is_ok());
        loaded.revision.map(|_| ())
    };
    assert_eq!(plant(1, b""), Err(Damage::Empty));
    assert_eq!(plant(2, &[0; 5000]), Err(Damage::Zeros));
    let text = whole(3, "seven\n\nlines");
    assert_eq!(plant(3, &text.as_bytes()[..20]), Err(Damage::TornHeader));
    let text = whole(4, "text");
    let header_end = text.find("\n\n").unwrap();
    assert_eq!(plant(4, &text.as_bytes()[..header_end]), Err(Damage::TornHeader));
    let text = whole(5, "0123456789");
    let cut = &text.as_bytes()[..text.len() - 3];
    assert_eq!(plant(5, cut), Err(Damage::Length { expected: 10, found: 7 }));
    let text = whole(6, "0123456789");
    assert_eq!(
        plant(6, format!("{text}more").as_bytes()),
        Err(Damage::Length { expected: 10, found: 14 })
    );
    let text = whole(7, "0123456789").replace("456", "4x6");
    assert_eq!(plant(7, text.as_bytes()), Err(Damage::Digest));
    let text = whole(8, "text").replace("Length: 4", "Length: four");
    assert!(matches!(plant(8, text.as_bytes()), Err(Damage::BadHeader(_))));
    let mut zeroed = whole(9, &"x".repeat(9000)).into_bytes();
    zeroed[4096..].fill(0);
    assert_eq!(plant(9, &zeroed), Err(Damage::Digest));
    let mut text = whole(10, "text").into_bytes();
    text[60] = 0xFF;
    assert!(matches!(plant(10, &text), Err(Damage::BadHeader(_))));
    // No header, so these are bare: strange perhaps, but whole.
    assert_eq!(plant(11, b"\xff\xfe\x00binary\x80"), Ok(()));
    assert_eq!(plant(12, whole(13, "copied by hand").as_bytes()), Ok(()));

    for n in [1, 3, 4, 5, 6, 8, 10] {
        assert!(store.open(&dir("A.md"), id(n, 1)).is_err(), "{n} is provably not whole");
    }
    assert_eq!(read(&store, "A.md", id(12, 1)), b"copied by hand");
    assert_eq!(store.list(&dir("A.md")).unwrap().revisions.len(), 12, "listed, to be reported");
    // A damaged file is not a free name either.
    assert!(matches!(save(&store, "A.md", id(5, 1), "0123456789"), Err(StoreError::Taken(_))));
}

#[test]
fn a_huge_sparse_file_is_read_in_pieces_and_found_to_be_zeros() {
    let place = Place::in_memory();
    let store = place.open();
    place.drop_file(&format!("A.md/{}", id(1, 1)), b"");
    let file = File::options().write(true).open(place.file("A.md", id(1, 1))).unwrap();
    file.set_len(200 << 20).unwrap();
    let loaded = store.load(&dir("A.md"), id(1, 1)).unwrap();
    assert_eq!((loaded.file.size, loaded.revision.map(|_| ())), (200 << 20, Err(Damage::Zeros)));
    drop(file);
    place.drop_file(&format!("B.md/{}", id(1, 1)), &vec![b'x'; 3 << 20]);
    let loaded = store.load(&dir("B.md"), id(1, 1)).unwrap();
    assert_eq!(loaded.revision.unwrap().1.length, 3 << 20);
    assert!(loaded.content.is_none(), "more than {LOADED_CONTENT} bytes are not brought along");
}

#[test]
fn a_tree_deeper_than_any_document_ends() {
    let place = Place::new();
    let store = place.open();
    save(&store, "A.md", id(1, 1), "text").unwrap();
    let mut path = place.page("");
    for _ in 0..600 {
        path.push("d");
    }
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join(format!("1-{NONCE}")), "text").unwrap();
    assert_eq!(scan(&store).0, [("A.md".to_owned(), vec![id(1, 1)])]);
    let kinds: Vec<_> = reported(&store).into_iter().map(|(_, kind)| kind).collect();
    assert_eq!(kinds, [FindingKind::BadName]);
}
