//! Other programs remove, replace and write over revisions.

use super::*;
use crate::model::file::Damage;
use crate::store::FindingKind;
use crate::store::contract::{dir, id, ids, read, save};

fn kinds(findings: &[Finding]) -> Vec<FindingKind> {
    findings.iter().map(|f| f.kind).collect()
}

fn displaced(place: &Place) -> Vec<Vec<u8>> {
    let Ok(entries) = fs::read_dir(place.data().join("local/displaced")) else { return Vec::new() };
    let mut found: Vec<_> =
        entries.map(|e| fs::read(e.unwrap().path()).unwrap_or_default()).collect();
    found.sort();
    found
}

/// Puts a bare revision there and lets the store accept it, as the wiki does on seeing it.
fn accept_bare(place: &Place, store: &FsStore, path: &str, id: RevisionId, text: &str) {
    place.drop_file(&format!("{path}/{id}"), text.as_bytes());
    let (head, measured) = store.load(&dir(path), id).unwrap().revision.unwrap();
    assert!(head.header.is_none());
    store.keep(&dir(path), id, &measured, true);
}

#[test]
fn what_vanished_is_put_back_byte_for_byte() {
    let place = Place::new();
    let store = place.open();
    let created = save(&store, "F/A.md", id(1, 1), "one").unwrap();
    save(&store, "F/A.md", id(2, 1), "two").unwrap();
    let bytes = fs::read(place.file("F/A.md", id(1, 1))).unwrap();
    assert_eq!(store.heal(&dir("F/A.md")).unwrap(), [], "nothing is missing");

    fs::remove_file(place.file("F/A.md", id(1, 1))).unwrap();
    let findings = store.heal(&dir("F/A.md")).unwrap();
    assert_eq!(kinds(&findings), [FindingKind::Restored]);
    assert_eq!(findings[0].path, format!("F/A.md/{}", id(1, 1)));
    assert_eq!(fs::read(place.file("F/A.md", id(1, 1))).unwrap(), bytes);
    assert_eq!(store.list(&dir("F/A.md")).unwrap().revisions[0].file, created.file);

    // The whole folder, and after a restart.
    fs::remove_dir_all(place.page("F")).unwrap();
    let store = place.open();
    assert_eq!(store.heal(&dir("F/A.md")).unwrap().len(), 2);
    assert_eq!(ids(&store.list(&dir("F/A.md")).unwrap()), [id(1, 1), id(2, 1)]);
    assert_eq!(read(&store, "F/A.md", id(2, 1)), b"two");
    assert_eq!(store.heal(&dir("F/A.md")).unwrap(), []);
    assert!(displaced(&place).is_empty() && place.temps().is_empty());
}

#[test]
fn what_was_replaced_is_put_back_and_the_foreign_bytes_are_set_aside() {
    let place = Place::new();
    let store = place.open();
    save(&store, "A.md", id(1, 1), "ours").unwrap();
    let target = place.file("A.md", id(1, 1));
    let ours = fs::read(&target).unwrap();
    // Torn, and whole but another; as rsync does it, by renaming over.
    let other = String::from_utf8(ours.clone()).unwrap();
    let torn = other[..other.len() - 2].to_owned();
    let digest = |text: &str| crate::model::file::ContentDigest::of(text.as_bytes()).to_string();
    let other = other.replace("\n\nours", "\n\nevil").replace(&digest("ours"), &digest("evil"));
    for (n, foreign) in [torn, other].into_iter().enumerate() {
        let temp = place.data().join("rsync");
        fs::write(&temp, &foreign).unwrap();
        fs::rename(&temp, &target).unwrap();
        let findings = store.heal(&dir("A.md")).unwrap();
        assert_eq!(kinds(&findings), [FindingKind::Restored]);
        assert!(findings[0].detail.contains("local/displaced"));
        assert_eq!(fs::read(&target).unwrap(), ours);
        assert_eq!(displaced(&place).len(), n + 1);
        assert!(displaced(&place).contains(&foreign.into_bytes()));
    }
    // The same bytes as another file are no damage.
    fs::remove_file(&target).unwrap();
    fs::write(&target, &ours).unwrap();
    assert_eq!(store.heal(&dir("A.md")).unwrap(), []);
}

#[test]
fn a_link_or_a_directory_in_a_revisions_place_is_set_aside_unfollowed() {
    let place = Place::new();
    let store = place.open();
    let target = place.file("A.md", id(1, 1));
    save(&store, "A.md", id(1, 1), "ours").unwrap();
    let secret = place.data().join("secret");
    fs::write(&secret, "secret").unwrap();
    fs::remove_file(&target).unwrap();
    std::os::unix::fs::symlink(&secret, &target).unwrap();
    assert_eq!(kinds(&store.heal(&dir("A.md")).unwrap()), [FindingKind::Restored]);
    assert_eq!(read(&store, "A.md", id(1, 1)), b"ours");
    fs::remove_file(&target).unwrap();
    fs::create_dir(&target).unwrap();
    assert_eq!(kinds(&store.heal(&dir("A.md")).unwrap()), [FindingKind::Restored]);
    assert_eq!(read(&store, "A.md", id(1, 1)), b"ours");
    assert_eq!(fs::read(secret).unwrap(), b"secret");
    assert_eq!(displaced(&place).len(), 2);
}

#[test]
fn a_restart_never_overwrites_what_was_set_aside_before() {
    let place = Place::new();
    for n in 0..3 {
        // Counters begin anew; in a container the process id is the same too.
        let store = place.open();
        save(&store, "A.md", id(1, 1), "ours").unwrap();
        let target = place.file("A.md", id(1, 1));
        fs::remove_file(&target).unwrap();
        fs::write(&target, format!("Revision: {}\nfrom {n}", id(1, 1))).unwrap();
        assert_eq!(store.heal(&dir("A.md")).unwrap().len(), 1);
    }
    assert_eq!(displaced(&place).len(), 3);
}

#[test]
fn damage_in_place_is_not_restored_from_the_link_that_shares_it() {
    let place = Place::new();
    let store = place.open();
    save(&store, "A.md", id(1, 1), "ours").unwrap();
    let target = place.file("A.md", id(1, 1));
    let text = fs::read_to_string(&target).unwrap().replace("ours", "oops");
    fs::write(&target, &text).unwrap();
    assert_eq!(store.heal(&dir("A.md")).unwrap(), []);
    assert_eq!(store.load(&dir("A.md"), id(1, 1)).unwrap().revision.unwrap_err(), Damage::Digest);
    // Nor does it come back once it is removed.
    fs::remove_file(&target).unwrap();
    assert_eq!(store.heal(&dir("A.md")).unwrap(), []);
    assert!(!target.exists());
    assert!(displaced(&place).is_empty());
}

/// What is kept of the only revision of a page.
fn kept(place: &Place, path: &str) -> PathBuf {
    let folder = fs::read_dir(place.data().join("local/kept").join(path)).unwrap();
    let names: Vec<_> = folder.map(|e| e.unwrap().path()).collect();
    assert_eq!(names.len(), 1, "{names:?}");
    names[0].clone()
}

#[test]
fn a_kept_file_that_a_power_loss_tore_gives_way_to_a_whole_one() {
    for torn in [&b""[..], b"torn", &[0; 200]] {
        for received in [false, true] {
            let place = Place::new();
            let store = place.open();
            save(&store, "A.md", id(1, 1), "ours").unwrap();
            let (target, kept_file) = (place.file("A.md", id(1, 1)), kept(&place, "A.md"));
            let whole = fs::read(&target).unwrap();
            // The name of the page is gone, that of the kept link is not, its bytes are.
            fs::remove_file(&target).unwrap();
            fs::write(&kept_file, torn).unwrap();
            if received {
                store.receive(&dir("A.md"), id(1, 1), Body::Bytes(&whole)).unwrap();
            } else {
                place.drop_file(&format!("A.md/{}", id(1, 1)), &whole);
                let (_, measured) = store.load(&dir("A.md"), id(1, 1)).unwrap().revision.unwrap();
                store.keep(&dir("A.md"), id(1, 1), &measured, false);
            }
            assert_eq!(fs::read(kept(&place, "A.md")).unwrap(), whole);
            fs::remove_file(&target).unwrap();
            assert_eq!(kinds(&store.heal(&dir("A.md")).unwrap()), [FindingKind::Restored]);
            assert_eq!(fs::read(&target).unwrap(), whole);
        }
    }
}

#[test]
fn a_kept_file_that_is_whole_stays_although_the_page_is_another_file_by_now() {
    let place = Place::new();
    let store = place.open();
    save(&store, "A.md", id(1, 1), "ours").unwrap();
    let target = place.file("A.md", id(1, 1));
    let before = fs::metadata(kept(&place, "A.md")).unwrap().ino();
    let whole = fs::read(&target).unwrap();
    fs::remove_file(&target).unwrap();
    fs::write(&target, &whole).unwrap();
    let (_, measured) = store.load(&dir("A.md"), id(1, 1)).unwrap().revision.unwrap();
    store.keep(&dir("A.md"), id(1, 1), &measured, false);
    assert_eq!(fs::metadata(kept(&place, "A.md")).unwrap().ino(), before);
    assert_ne!(fs::metadata(&target).unwrap().ino(), before);
}

#[test]
fn a_bare_revision_edited_in_place_keeps_the_edit_and_comes_back_in_its_last_accepted_state() {
    let place = Place::new();
    let store = place.open();
    let target = place.file("A.md", id(1, 1));
    accept_bare(&place, &store, "A.md", id(1, 1), "first");
    fs::write(&target, "second").unwrap();
    assert_eq!(store.heal(&dir("A.md")).unwrap(), []);
    assert_eq!(fs::read(&target).unwrap(), b"second");
    let later =
        fs::metadata(&target).unwrap().modified().unwrap() + std::time::Duration::from_secs(5);
    fs::write(&target, "third").unwrap();
    File::options().write(true).open(&target).unwrap().set_modified(later).unwrap();
    let measured = store.load(&dir("A.md"), id(1, 1)).unwrap().revision.unwrap().1;
    store.keep(&dir("A.md"), id(1, 1), &measured, true);

    fs::remove_file(&target).unwrap();
    assert_eq!(kinds(&store.heal(&dir("A.md")).unwrap()), [FindingKind::Restored]);
    assert_eq!(fs::read(&target).unwrap(), b"third");
    assert_eq!(fs::metadata(&target).unwrap().modified().unwrap(), later, "its date is the file's");
    // An edit of what came back leaves alone what is kept.
    fs::write(&target, "fourth").unwrap();
    fs::remove_file(&target).unwrap();
    assert_eq!(store.heal(&dir("A.md")).unwrap().len(), 1);
    assert_eq!(fs::read(&target).unwrap(), b"third");
    // Zeros are no edit.
    fs::write(&target, [0; 5]).unwrap();
    assert_eq!(store.heal(&dir("A.md")).unwrap().len(), 1);
    assert_eq!(fs::read(&target).unwrap(), b"third");
    assert!(place.temps().is_empty());
}

#[test]
fn without_anything_kept_nothing_breaks() {
    let place = Place::new();
    let store = place.open();
    save(&store, "A.md", id(1, 1), "one").unwrap();
    fs::remove_dir_all(place.data().join("local")).unwrap();
    assert_eq!(store.heal(&dir("A.md")).unwrap(), []);
    fs::remove_file(place.file("A.md", id(1, 1))).unwrap();
    assert_eq!(store.heal(&dir("A.md")).unwrap(), []);
    save(&store, "A.md", id(2, 1), "two").unwrap();
    fs::remove_file(place.file("A.md", id(2, 1))).unwrap();
    assert_eq!(store.heal(&dir("A.md")).unwrap().len(), 1, "keeping begins again by itself");
    // A half copy is never taken for what was accepted.
    let kept = place.data().join("local/kept/A.md");
    for entry in fs::read_dir(kept).unwrap() {
        fs::write(entry.unwrap().path(), "torn").unwrap();
    }
    fs::remove_file(place.file("A.md", id(2, 1))).unwrap();
    assert_eq!(store.heal(&dir("A.md")).unwrap(), []);
}

#[test]
fn a_store_that_takes_no_writes_puts_nothing_back() {
    let place = Place::new();
    let failing = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let fails = Arc::clone(&failing);
    let store = place.open_with(move |op, _| {
        let fail = op == Op::SyncFile && fails.load(std::sync::atomic::Ordering::SeqCst);
        if fail { Err(io::Error::from_raw_os_error(5)) } else { Ok(()) }
    });
    save(&store, "A.md", id(1, 1), "one").unwrap();
    failing.store(true, std::sync::atomic::Ordering::SeqCst);
    assert!(save(&store, "A.md", id(2, 1), "two").is_err());
    fs::remove_file(place.file("A.md", id(1, 1))).unwrap();
    assert_eq!(store.heal(&dir("A.md")).unwrap(), []);
    assert_eq!(place.open().heal(&dir("A.md")).unwrap().len(), 1);
}
