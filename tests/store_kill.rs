//! A process that saves is killed at random moments: what it acknowledged is there, byte for byte.
//!
//! The child is this test binary itself, told by a variable to save until it dies. It prints a
//! revision only after the store acknowledged it; the pipe keeps what it printed.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use everpage::model::file::Header;
use everpage::model::path::DocPath;
use everpage::model::revision::RevisionId;
use everpage::store::fs::FsStore;
use everpage::store::{Body, DiskDir, Scanned, Store};
use uuid::Uuid;

const DATA: &str = "EVERPAGE_TEST_KILLED_DATA";
const ROUND: &str = "EVERPAGE_TEST_KILLED_ROUND";
const ROUNDS: u64 = 20;
const SAVERS: u64 = 4;

fn page(n: u64) -> DiskDir {
    // New directories come up all the time, too.
    DiskDir::of(&DocPath::new(&format!("Folder{}/Page{}.md", n % 7, n % 40)).unwrap())
}

fn id(round: u64, saver: u64, n: u64) -> RevisionId {
    let nonce = u128::from(round) << 64 | u128::from(saver) << 32 | u128::from(n);
    RevisionId::new(n, Uuid::from_u128(nonce)).unwrap()
}

/// A content that follows from the id, from empty to 70 kB.
fn content(id: RevisionId) -> Vec<u8> {
    let seed = id.nonce().as_u128() as u64;
    let size = match seed % 5 {
        0 => 0,
        1 => 70_000,
        _ => seed % 5_000,
    };
    (0..size).map(|i| (i.wrapping_mul(seed | 1) >> 3) as u8).collect()
}

#[test]
fn child_saves_until_it_is_killed() {
    let (Ok(data), Ok(round)) = (std::env::var(DATA), std::env::var(ROUND)) else { return };
    let round: u64 = round.parse().unwrap();
    let store = FsStore::open(Path::new(&data)).unwrap();
    thread::scope(|scope| {
        for saver in 0..SAVERS {
            let store = &store;
            scope.spawn(move || {
                for n in 1.. {
                    let id = id(round, saver, n);
                    let bytes = content(id);
                    let body = &mut &bytes[..];
                    let body = if n % 2 == 0 { Body::Stream(body) } else { Body::Bytes(&bytes) };
                    store.create(&page(n), id, &Header::default(), body).unwrap();
                    // One write, so that a line is whole or not there.
                    let line = format!("saved {id} {n}\n");
                    std::io::stdout().write_all(line.as_bytes()).unwrap();
                }
            });
        }
    });
}

fn killed_after(data: &Path, round: u64, lines: u64) -> Vec<(DiskDir, RevisionId)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_saves_until_it_is_killed", "--nocapture"])
        .env(DATA, data)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    let mut seen = 0;
    while seen < lines && output.read_line(&mut text).unwrap() > 0 {
        seen += 1;
    }
    // A moment that differs each time, within about one save.
    for _ in 0..(round * 7919) % 23 * 1000 {
        std::hint::spin_loop();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // What it had acknowledged by then counts as well.
    output.read_to_string(&mut text).unwrap();
    text.lines()
        .filter_map(|line| {
            let (id, n) = line.split_once("saved ")?.1.split_once(' ')?;
            Some((page(n.parse().unwrap()), id.parse().unwrap()))
        })
        .collect()
}

fn assert_all_there(store: &FsStore, acknowledged: &[(DiskDir, RevisionId)]) {
    for (dir, id) in acknowledged {
        let loaded = store.load(dir, *id).unwrap();
        assert!(loaded.content.unwrap() == content(*id), "{dir:?} {id} is as it was saved");
    }
}

#[test]
fn every_acknowledged_save_survives_kill_9() {
    let place = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        let lines = 8 + round * 13 % 40;
        let new = killed_after(place.path(), round, lines);
        assert!(new.len() as u64 + 6 >= lines, "the child saves");
        let store = FsStore::open(place.path()).unwrap();
        assert_eq!(store.read_only(), None);
        assert_all_there(&store, &new);
        acknowledged.extend(new);
        let left = std::fs::read_dir(place.path().join("local/tmp")).unwrap().count();
        assert_eq!(left, 0, "what was half written is swept up");
    }
    // What was not acknowledged may be there or not, but it is whole.
    let store = FsStore::open(place.path()).unwrap();
    assert_all_there(&store, &acknowledged);
    let mut found = 0;
    store
        .scan(&mut |scanned| match scanned {
            Scanned::Directory(dir, listing) => {
                assert!(listing.findings.is_empty());
                for entry in listing.revisions {
                    let loaded = store.load(&dir, entry.id).unwrap();
                    assert!(
                        loaded.revision.is_ok() && loaded.content.unwrap() == content(entry.id)
                    );
                    found += 1;
                }
            }
            Scanned::Finding(finding) => panic!("{finding:?}"),
        })
        .unwrap();
    let most = acknowledged.len() + (ROUNDS * SAVERS) as usize;
    assert!((acknowledged.len()..=most).contains(&found));
}
