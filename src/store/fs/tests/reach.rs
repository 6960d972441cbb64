//! Directories that are gone, closed or too long, while the store is open.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::store::contract::{dir, id, ids, read, save, scan};

#[test]
fn pages_that_are_gone_are_unavailable_and_never_made_again_by_a_save() {
    let place = Place::new();
    let store = place.open();
    save(&store, "A.md", id(1, 1), "one").unwrap();
    let (pages, away) = (place.data().join("pages"), place.data().join("away"));
    fs::rename(&pages, &away).unwrap();
    let gone = |result: Result<(), StoreError>| {
        assert!(
            matches!(&result, Err(StoreError::Unavailable(path)) if *path == pages),
            "{result:?}"
        );
        assert!(result.is_err_and(|e| e.is_temporary()));
        assert!(!pages.exists(), "nobody makes it");
    };
    gone(save(&store, "A.md", id(2, 1), "two").map(drop));
    gone(save(&store, "New/B.md", id(1, 1), "two").map(drop));
    gone(store.list(&dir("A.md")).map(drop));
    gone(store.stamp(&dir("A.md")).map(drop));
    gone(store.load(&dir("A.md"), id(1, 1)).map(drop));
    gone(store.open(&dir("A.md"), id(1, 1)).map(drop));
    gone(store.heal(&dir("A.md")).map(drop));
    gone(store.scan(&mut |_| {}));
    assert!(place.temps().is_empty());

    fs::rename(&away, &pages).unwrap();
    assert_eq!(read(&store, "A.md", id(1, 1)), b"one");
    save(&store, "A.md", id(2, 1), "two").unwrap();
    assert_eq!(ids(&store.list(&dir("A.md")).unwrap()), [id(1, 1), id(2, 1)]);
    assert_eq!(store.read_only(), None);
}

#[test]
fn pages_that_go_away_during_a_save_are_not_made_again() {
    for at in [Op::CreateTemp, Op::Write, Op::SyncFile, Op::MakeDir, Op::Publish] {
        let place = Place::new();
        let (pages, away) = (place.data().join("pages"), place.data().join("away"));
        let (from, to) = (pages.clone(), away.clone());
        let store = place.open_with(move |op, _| {
            if op == at && from.exists() {
                fs::rename(&from, &to)?;
            }
            Ok(())
        });
        let result = save(&store, "A.md", id(1, 1), "one");
        assert!(!pages.exists());
        let there = away.join("A.md").join(id(1, 1).to_string()).exists();
        // Once its directory is open, a save follows it and can be durable there or be refused.
        assert!(result.is_err() || there, "{at:?}: {result:?}");
        assert!(place.temps().is_empty());
    }
}

#[test]
fn local_may_be_deleted_at_any_time() {
    let place = Place::new();
    let store = place.open();
    save(&store, "A.md", id(1, 1), "one").unwrap();
    fs::remove_dir_all(place.data().join("local")).unwrap();
    save(&store, "A.md", id(2, 1), "two").unwrap();
    assert_eq!(ids(&store.list(&dir("A.md")).unwrap()), [id(1, 1), id(2, 1)]);
    assert!(place.temps().is_empty());
    // Even between the writing and the publishing: then nothing is acknowledged.
    let local = place.data().join("local");
    let gone = local.clone();
    let store = place.open_with(move |op, _| {
        if op == Op::Publish && gone.exists() { fs::remove_dir_all(&gone) } else { Ok(()) }
    });
    let error = save(&store, "A.md", id(3, 1), "three").unwrap_err();
    assert!(error.is_temporary(), "{error:?}");
    save(&store, "A.md", id(3, 1), "three").unwrap_err();
    assert_eq!(ids(&store.list(&dir("A.md")).unwrap()), [id(1, 1), id(2, 1)]);
}

#[test]
fn a_data_directory_that_is_gone_is_not_made_again() {
    let place = Place::new();
    let data = place.data().join("data");
    let store = FsStore::open(&data).unwrap();
    fs::remove_dir_all(&data).unwrap();
    assert!(matches!(save(&store, "A.md", id(1, 1), "one"), Err(StoreError::Unavailable(_))));
    assert!(!data.exists());
}

#[test]
fn a_path_too_long_for_the_disk_is_refused_as_that() {
    let place = Place::new();
    let mut data = place.data().to_owned();
    while data.as_os_str().len() < 3_300 {
        data.push("d".repeat(200));
        fs::create_dir(&data).unwrap();
    }
    let store = FsStore::open(&data).unwrap();
    let long = ["n".repeat(195), "n".repeat(195), "n".repeat(195), "n".repeat(195)].join("/");
    let error = save(&store, &long, id(1, 1), "one").unwrap_err();
    assert!(
        matches!(&error, StoreError::NameTooLong(path) if path.starts_with(&data)),
        "{error:?}"
    );
    assert!(!error.is_temporary());
    save(&store, "Short.md", id(1, 1), "one").unwrap();
    assert_eq!(scan(&store).0.len(), 1);
    // Above that, a segment of 200 bytes is within what every disk can hold.
    save(&store, &format!("{}.md", "n".repeat(197)), id(1, 1), "one").unwrap();
}

#[test]
fn what_the_system_forbids_is_refused_as_that() {
    if rustix::process::geteuid().is_root() {
        return;
    }
    let place = Place::new();
    let store = place.open();
    save(&store, "A.md", id(1, 1), "one").unwrap();
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(&place.page("A.md"), 0o555);
    let refused = save(&store, "A.md", id(2, 1), "two");
    assert!(matches!(refused, Err(StoreError::Permission(_))), "{refused:?}");
    mode(&place.page("A.md"), 0o000);
    assert!(matches!(store.load(&dir("A.md"), id(1, 1)), Err(StoreError::Permission(_))));
    assert!(scan(&store).1.iter().any(|f| f.kind == crate::store::FindingKind::Unreadable));
    mode(&place.page("A.md"), 0o755);
    mode(&place.data().join("local/tmp"), 0o555);
    let refused = save(&store, "A.md", id(2, 1), "two");
    assert!(matches!(refused, Err(StoreError::Permission(_))), "{refused:?}");
    mode(&place.data().join("local/tmp"), 0o755);
    save(&store, "A.md", id(2, 1), "two").unwrap();
    // A data directory that takes no writes at all can still be read.
    mode(place.data(), 0o555);
    fs::rename(place.data().join("local"), place.page("")).unwrap_err();
    assert_eq!(read(&place.open(), "A.md", id(1, 1)), b"one");
    mode(place.data(), 0o755);
}

#[test]
fn temporary_files_of_the_dead_are_swept_and_those_of_the_living_stay() {
    let place = Place::new();
    let temp = place.data().join("local/tmp");
    fs::create_dir_all(&temp).unwrap();
    fs::write(temp.join(format!("{}.1.0", id(1, 1))), "left by a killed process").unwrap();
    let living = File::create(temp.join(format!("{}.1.1", id(1, 1)))).unwrap();
    living.try_lock().unwrap();
    let store = place.open();
    assert_eq!(place.temps().len(), 1);
    // Another server starts while a save is being written.
    let data = place.data().to_owned();
    drop(living);
    drop(store);
    let store = place.open_with(move |op, _| {
        if op == Op::SyncFile {
            FsStore::open(&data).unwrap();
        }
        Ok(())
    });
    save(&store, "A.md", id(1, 1), "one").unwrap();
    assert!(place.temps().is_empty());
}

#[test]
fn an_earlier_process_may_have_left_names_that_this_one_would_give() {
    let place = Place::new();
    let temp = place.data().join("local/tmp");
    fs::create_dir_all(&temp).unwrap();
    let store = place.open();
    let held: Vec<_> = (0..5)
        .map(|n| File::create(temp.join(format!("{}.{}.{n}", id(1, 1), std::process::id()))))
        .collect();
    save(&store, "A.md", id(1, 1), "one").unwrap();
    assert_eq!(place.temps().len(), held.len());
}
