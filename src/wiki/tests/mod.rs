//! What people do with documents, tried on a real directory.

mod catalog;
mod disk;
mod saving;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use uuid::Uuid;

use super::*;
use crate::model::file::Header;
use crate::model::resolve::State;
use crate::store::fs::FsStore;
use crate::store::{Body, DiskDir, FindingKind};

/// A clock that advances by one minute a look, and nonces that count.
struct Fixed(AtomicU64);

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        let minutes = self.0.fetch_add(1, Ordering::Relaxed) as i64;
        Timestamp::new(1_795_000_000 + 60 * minutes, 0).unwrap()
    }
}

impl Nonces for Fixed {
    fn draw(&self) -> Uuid {
        nonce(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

fn nonce(n: u64) -> Uuid {
    uuid::Builder::from_random_bytes((u128::from(n) << 64 | 0xabcd).to_be_bytes()).into_uuid()
}

pub(super) struct TestWiki {
    pub(super) wiki: Arc<Wiki>,
    pub(super) data: PathBuf,
    _temp: Option<tempfile::TempDir>,
}

impl TestWiki {
    pub(super) fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let data = temp.path().to_owned();
        Self { _temp: Some(temp), ..Self::at(data) }
    }

    pub(super) fn at(data: PathBuf) -> Self {
        let fixed = Arc::new(Fixed(AtomicU64::new(1)));
        let wiki = Wiki::new(Parts {
            store: Arc::new(FsStore::open(&data).unwrap()),
            clock: Arc::clone(&fixed) as Arc<dyn Clock>,
            nonces: fixed,
            base_path: String::new(),
            limits: Limits::default(),
        });
        Self { wiki: Arc::new(wiki), data, _temp: None }
    }

    pub(super) fn edit(name: &str, base: Option<RevisionId>, content: &str, n: u64) -> Edit {
        Edit {
            path: page(name),
            base,
            also: Vec::new(),
            content: content.as_bytes().to_vec(),
            author: "Ada".to_owned(),
            summary: String::new(),
            nonce: nonce(n),
        }
    }

    pub(super) fn save(
        &self,
        name: &str,
        base: Option<RevisionId>,
        content: &str,
        n: u64,
    ) -> RevisionId {
        match self.wiki.save(&Self::edit(name, base, content, n), MergeOnSave::Ask).unwrap() {
            Saved::Done { id, .. } => id,
            other => panic!("not saved: {other:?}"),
        }
    }

    /// Lets a revision come from another replica, whatever readers see here.
    pub(super) fn second(
        &self,
        name: &str,
        base: Option<RevisionId>,
        content: &str,
        n: u64,
    ) -> RevisionId {
        let edit = Self::edit(name, base, content, n);
        let parents: Vec<RevisionId> = base.into_iter().collect();
        let id = RevisionId::child_of(&parents, edit.nonce).unwrap();
        let header = Header { parents, author: edit.author, ..Header::default() };
        let dir = DiskDir::of(&edit.path);
        self.wiki.store.create(&dir, id, &header, Body::Bytes(content.as_bytes())).unwrap();
        self.wiki.refresh(&edit.path).unwrap();
        id
    }

    pub(super) fn text(&self, name: &str) -> String {
        let document = self.wiki.require(&page(name)).unwrap();
        self.wiki.text(&document, document.winner().unwrap().id).unwrap()
    }

    pub(super) fn conflicts(&self, name: &str) -> Vec<RevisionId> {
        self.wiki.require(&page(name)).unwrap().resolution().conflicts.clone()
    }

    fn file(&self, dir: &str, name: &str) -> PathBuf {
        self.data.join("pages").join(dir).join(name)
    }

    /// Puts a file there as another program would.
    pub(super) fn drop_in(&self, dir: &str, name: &str, bytes: &[u8]) {
        fs::create_dir_all(self.data.join("pages").join(dir)).unwrap();
        fs::write(self.file(dir, name), bytes).unwrap();
    }

    /// Cuts a revision short, with nothing left to heal it from; returns a wiki that starts with that.
    fn with_torn(&self, dir: &str, id: RevisionId) -> Self {
        fs::remove_dir_all(self.data.join("local")).unwrap();
        let file = self.file(dir, &id.to_string());
        let whole = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        fs::write(&file, &whole[..whole.len() - 2]).unwrap();
        Self::at(self.data.clone())
    }
}

pub(super) fn page(name: &str) -> DocPath {
    DocPath::page_from_user(name).unwrap()
}
