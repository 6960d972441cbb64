//! The suite that every store passes: what [`Store`](super::Store) promises, tried.
//!
//! It speaks of a store through the trait alone. What only a file system can suffer (damaged files,
//! links, errors of the medium) is tested beside that store.

mod creating;
mod listing;
mod receiving;
mod streams;

use std::io::{self, Read};
use std::sync::Barrier;
use std::thread;

use uuid::Uuid;

use super::{
    Before, Body, Created, Decide, DiskDir, FileStamp, LOADED_CONTENT, Listing, Scanned, Store,
    StoreError,
};
use crate::model::file::{ContentDigest, Header};
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;

type Check = fn(&dyn Store);

/// Runs the whole suite; `make` gives an empty store and whatever keeps its place alive.
pub(crate) fn contract<G>(make: impl Fn() -> (Box<dyn Store>, G)) {
    let checks: [(&str, Check); 19] = [
        ("an empty store", listing::an_empty_store_has_nothing),
        ("create and read", creating::what_is_created_is_listed_loaded_and_opened),
        ("the same again", creating::creating_again_is_already),
        ("a retry", creating::a_retry_with_a_later_date_is_already),
        ("a taken name", creating::other_bytes_are_refused_and_the_first_stay),
        ("a stream", streams::streams_of_every_size_arrive),
        ("a broken stream", streams::a_reader_that_fails_leaves_no_trace),
        ("a late name", streams::a_name_may_be_decided_when_the_content_is_there),
        ("a long header", creating::a_header_that_does_not_fit_leaves_no_trace),
        ("nesting", listing::folders_and_documents_nest),
        ("a folder alone", listing::a_folder_is_scanned_alone),
        ("stamps", listing::the_stamp_changes_when_files_come),
        ("what is known", listing::a_listing_since_names_the_same_files),
        ("one winner", creating::of_racing_savers_of_one_name_one_wins),
        ("many savers", creating::savers_of_different_names_all_win),
        ("receive", receiving::what_is_received_is_there_byte_for_byte),
        ("receive again", receiving::receiving_again_is_the_same_and_other_bytes_are_refused),
        ("receive what is not whole", receiving::what_is_not_whole_is_not_received),
        ("many at a time", receiving::many_are_received_at_a_time),
    ];
    for (name, check) in checks {
        let (store, _place) = make();
        // Shown by the harness where a check fails.
        println!("checking {name}");
        check(&*store);
    }
}

pub(crate) fn dir(path: &str) -> DiskDir {
    DiskDir::of(&DocPath::new(path).unwrap())
}

pub(crate) fn id(number: u64, nonce: u128) -> RevisionId {
    RevisionId::new(number, Uuid::from_u128(nonce)).unwrap()
}

pub(crate) fn header(summary: &str) -> Header {
    Header {
        author: "Alice".into(),
        date: Some("2026-11-23T08:29:00.123Z".parse().unwrap()),
        summary: summary.into(),
        ..Header::default()
    }
}

pub(crate) fn save(
    store: &dyn Store,
    path: &str,
    id: RevisionId,
    text: &str,
) -> Result<Created, StoreError> {
    store.create(&dir(path), id, &header("x"), Body::Bytes(text.as_bytes()))
}

pub(crate) fn ids(listing: &Listing) -> Vec<RevisionId> {
    listing.revisions.iter().map(|e| e.id).collect()
}

/// Returns every document with its revisions, and every finding.
pub(crate) fn scan(store: &dyn Store) -> (Vec<(String, Vec<RevisionId>)>, Vec<super::Finding>) {
    let (mut found, mut findings) = (Vec::new(), Vec::new());
    store
        .scan(&mut |scanned| match scanned {
            Scanned::Directory(dir, listing) => {
                found.push((dir.as_str().to_owned(), ids(&listing)));
                findings.extend(listing.findings);
            }
            Scanned::Finding(finding) => findings.push(finding),
        })
        .unwrap();
    found.sort();
    findings.sort();
    (found, findings)
}

/// Reads a content to its end.
pub(crate) fn read(store: &dyn Store, path: &str, id: RevisionId) -> Vec<u8> {
    let mut bytes = Vec::new();
    store.open(&dir(path), id).unwrap().reader.read_to_end(&mut bytes).unwrap();
    bytes
}

fn assert_untouched(store: &dyn Store) {
    let (found, findings) = scan(store);
    assert_eq!(found, [], "nothing may be left of a failed write");
    assert_eq!(findings, []);
}

/// Gives its bytes in awkward pieces.
struct Dribble<'a>(&'a [u8], usize);

impl Read for Dribble<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 += 1;
        if self.1.is_multiple_of(3) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let most = buffer.len().min(1 + self.1 * 7919);
        self.0.read(&mut buffer[..most])
    }
}

/// Fails after its bytes, as an upload does whose connection breaks.
struct Breaks<'a>(&'a [u8], io::ErrorKind);

impl Read for Breaks<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() { Err(self.1.into()) } else { self.0.read(buffer) }
    }
}
