//! What people do with documents, tried on a real directory.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::model::resolve::State;
use crate::store::fs::FsStore;
use crate::store::{DiskDir, FindingKind};

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
        match self.wiki.save(&Self::edit(name, base, content, n), IfMovedOn::Stop).unwrap() {
            Saved::Done { id, .. } => id,
            other => panic!("not saved: {other:?}"),
        }
    }

    pub(super) fn second(
        &self,
        name: &str,
        base: Option<RevisionId>,
        content: &str,
        n: u64,
    ) -> RevisionId {
        match self.wiki.save(&Self::edit(name, base, content, n), IfMovedOn::SecondVersion).unwrap()
        {
            Saved::Done { id, .. } => id,
            other => panic!("not saved: {other:?}"),
        }
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
}

pub(super) fn page(name: &str) -> DocPath {
    DocPath::page_from_user(name).unwrap()
}

#[test]
fn a_saved_page_is_read_back_and_is_a_file_on_disk() {
    let t = TestWiki::new();
    let id = t.save("Garden", None, "# Beans\n", 1);
    assert_eq!(t.text("Garden"), "# Beans\n");
    assert!(t.file("Garden.md", &id.to_string()).is_file());
    let next = t.save("Garden", Some(id), "# Peas\n", 2);
    assert_eq!(next.number(), 2);
    let document = t.wiki.require(&page("Garden")).unwrap();
    assert_eq!(document.revision(next).unwrap().parents, [id]);
    assert_eq!(document.state(id), State::Ancestor);
}

#[test]
fn a_save_on_an_older_revision_stops_and_saves_nothing() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    t.save("Garden", Some(first), "two\n", 2);
    for base in [Some(first), None] {
        let edit = TestWiki::edit("Garden", base, "mine\n", 3);
        assert!(matches!(t.wiki.save(&edit, IfMovedOn::Stop).unwrap(), Saved::MovedOn { .. }));
    }
    assert_eq!(t.text("Garden"), "two\n");
    assert_eq!(t.wiki.require(&page("Garden")).unwrap().revision_count(), 2);
}

#[test]
fn a_second_version_is_a_conflict_until_a_merge_names_both() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let two = t.save("Garden", Some(first), "two\n", 2);
    let mine = t.second("Garden", Some(first), "mine\n", 3);
    // Same number: the higher nonce wins.
    assert_eq!((two.number(), mine.number()), (2, 2));
    assert_eq!(t.text("Garden"), "mine\n");
    assert_eq!(t.conflicts("Garden"), [two]);
    let mut merge = TestWiki::edit("Garden", Some(mine), "two and mine\n", 4);
    merge.also = vec![two];
    let Saved::Done { id, document, .. } = t.wiki.save(&merge, IfMovedOn::Stop).unwrap() else {
        panic!("not saved")
    };
    assert_eq!(id.number(), 3);
    assert!(document.resolution().conflicts.is_empty());
    assert!(t.wiki.conflicted().is_empty());
}

#[test]
fn keeping_the_winner_writes_a_merge_although_the_text_is_the_same() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let other = t.second("Garden", None, "other\n", 9);
    assert_eq!(t.text("Garden"), "other\n");
    let mut keep = TestWiki::edit("Garden", Some(other), "other\n", 4);
    keep.also = vec![first];
    assert!(matches!(t.wiki.save(&keep, IfMovedOn::Stop).unwrap(), Saved::Done { .. }));
    assert!(t.conflicts("Garden").is_empty());
}

#[test]
fn sending_a_form_twice_is_one_revision() {
    let t = TestWiki::new();
    let edit = TestWiki::edit("Garden", None, "one\n", 1);
    let Saved::Done { id, .. } = t.wiki.save(&edit, IfMovedOn::Stop).unwrap() else {
        panic!("not saved")
    };
    let Saved::Done { id: again, .. } = t.wiki.save(&edit, IfMovedOn::Stop).unwrap() else {
        panic!("not repeated")
    };
    assert_eq!(id, again);
    // Also after somebody else went on from there.
    t.save("Garden", Some(id), "two\n", 2);
    let Saved::Done { id: again, .. } = t.wiki.save(&edit, IfMovedOn::Stop).unwrap() else {
        panic!("not repeated")
    };
    assert_eq!((id, t.wiki.require(&page("Garden")).unwrap().revision_count()), (again, 2));
    let second = t.second("Garden", Some(id), "beside\n", 7);
    assert_eq!(t.second("Garden", Some(id), "beside\n", 7), second);
}

#[test]
fn saving_what_is_there_already_writes_nothing() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let edit = TestWiki::edit("Garden", Some(first), "one\n", 2);
    assert!(matches!(t.wiki.save(&edit, IfMovedOn::Stop).unwrap(), Saved::Unchanged { .. }));
    assert_eq!(t.wiki.require(&page("Garden")).unwrap().revision_count(), 1);
}

#[test]
fn deleting_and_restoring_keep_everything() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let gone = t.save("Garden", Some(first), "", 2);
    let document = t.wiki.require(&page("Garden")).unwrap();
    assert!(document.is_deleted() && !document.is_live());
    assert!(t.wiki.find(&page("Garden")).is_none());
    let back = t.wiki.restoring(TestWiki::edit("Garden", Some(gone), "", 3), first).unwrap();
    assert!(matches!(t.wiki.save(&back, IfMovedOn::Stop).unwrap(), Saved::Done { .. }));
    assert_eq!(t.text("Garden"), "one\n");
}

#[test]
fn a_text_over_the_limit_is_refused_and_nothing_is_written() {
    let t = TestWiki::new();
    let long = "x".repeat(Limits::default().text as usize + 1);
    let refused = t.wiki.save(&TestWiki::edit("Garden", None, &long, 1), IfMovedOn::Stop);
    assert!(matches!(refused, Err(WikiError::TooLarge { .. })));
    assert!(!t.data.join("pages/Garden.md").exists());
}

#[test]
fn files_made_by_hand_are_seen_at_the_next_look() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let copy = fs::read(t.file("Garden.md", &first.to_string())).unwrap();
    // `cp 1-x 2-$(uuidgen)` and an edit: the copied header is skipped.
    let text = String::from_utf8(copy).unwrap().replace("one\n", "by hand\n");
    t.drop_in("Garden.md", &format!("2-{}", nonce(50)), text.as_bytes());
    t.wiki.refresh(&page("Garden")).unwrap();
    assert_eq!(t.text("Garden"), "by hand\n");
    assert!(t.conflicts("Garden").is_empty());
    t.drop_in("Shed.md", &format!("1-{}", nonce(51)), b"no header\n");
    assert_eq!(t.text("Shed"), "no header\n");
}

#[test]
fn what_is_not_whole_never_wins_and_is_reported() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let whole = fs::read(t.file("Garden.md", &first.to_string())).unwrap();
    let id = format!("7-{}", nonce(50));
    let torn = String::from_utf8(whole).unwrap().replace(&first.to_string(), &id);
    t.drop_in("Garden.md", &id, &torn.as_bytes()[..torn.len() - 2]);
    t.drop_in("Garden.md", &format!("8-{}", nonce(51)), b"");
    t.drop_in("Garden.md", &format!("0-{}", nonce(52)), b"x");
    t.drop_in("Garden.md", &format!("9007199254740992-{}", nonce(53)), b"x");
    t.drop_in("Garden.md", &format!("9-{}", nonce(54).to_string().to_uppercase()), b"x");
    t.wiki.refresh(&page("Garden")).unwrap();
    assert_eq!(t.text("Garden"), "one\n");
    let document = t.wiki.require(&page("Garden")).unwrap();
    let kinds: Vec<FindingKind> = document.findings().iter().map(|f| f.kind).collect();
    assert_eq!(kinds.iter().filter(|k| **k == FindingKind::Damaged).count(), 2);
    assert_eq!(kinds.iter().filter(|k| **k == FindingKind::BadId).count(), 3);
    // Editing goes on from what is whole.
    t.save("Garden", Some(first), "two\n", 2);
    assert_eq!(t.text("Garden"), "two\n");
}

#[test]
fn a_revision_that_vanishes_is_put_back() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let second = t.save("Garden", Some(first), "two\n", 2);
    fs::remove_file(t.file("Garden.md", &second.to_string())).unwrap();
    t.wiki.refresh(&page("Garden")).unwrap();
    assert_eq!(t.text("Garden"), "two\n");
    fs::remove_dir_all(t.data.join("pages/Garden.md")).unwrap();
    t.wiki.scan().unwrap();
    assert_eq!(t.text("Garden"), "two\n");
    let document = t.wiki.require(&page("Garden")).unwrap();
    assert!(document.findings().iter().any(|f| f.kind == FindingKind::Restored));
}

#[test]
fn a_page_removed_while_no_server_ran_is_put_back_by_the_next() {
    let t = TestWiki::new();
    t.save("Projects/Garden", None, "one\n", 1);
    fs::remove_dir_all(t.data.join("pages/Projects")).unwrap();
    let next = TestWiki::at(t.data.clone());
    next.wiki.scan().unwrap();
    assert_eq!(next.wiki.document_count(), 1);
    assert_eq!(next.text("Projects/Garden"), "one\n");
    assert!(next.wiki.findings().iter().any(|f| f.kind == FindingKind::Restored));
}

#[test]
fn a_bare_revision_may_be_edited_in_place() {
    let t = TestWiki::new();
    let name = format!("1-{}", nonce(50));
    t.drop_in("Garden.md", &name, b"first\n");
    assert_eq!(t.text("Garden"), "first\n");
    fs::write(t.file("Garden.md", &name), b"second, longer\n").unwrap();
    t.wiki.scan().unwrap();
    assert_eq!(t.text("Garden"), "second, longer\n");
}

#[test]
fn names_that_differ_only_in_case_are_one_document() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    t.drop_in("garden.md", &format!("2-{}", nonce(50)), b"from another disk\n");
    t.wiki.scan().unwrap();
    assert_eq!(t.text("GARDEN"), "from another disk\n");
    let document = t.wiki.require(&page("Garden")).unwrap();
    assert_eq!(document.revision_count(), 2);
    assert_eq!(document.state(first), State::Ancestor);
    assert_eq!(t.wiki.document_count(), 1);
}

#[test]
fn a_second_server_on_the_same_directory_sees_what_the_first_saved() {
    let one = TestWiki::new();
    let two = TestWiki::at(one.data.clone());
    let first = one.save("Garden", None, "one\n", 1);
    two.wiki.refresh(&page("Garden")).unwrap();
    assert_eq!(two.text("Garden"), "one\n");
    two.save("Garden", Some(first), "two\n", 2);
    let stale = TestWiki::edit("Garden", Some(first), "three\n", 3);
    assert!(matches!(one.wiki.save(&stale, IfMovedOn::Stop).unwrap(), Saved::MovedOn { .. }));
}

#[test]
fn a_page_looks_different_when_what_it_links_to_comes_or_goes() {
    let t = TestWiki::new();
    t.save("Garden", None, "see [[Shed]]\n", 1);
    t.save("Other", None, "nothing\n", 2);
    let version = |name: &str| t.wiki.page_version(&page(name).key());
    let (garden, other) = (version("Garden"), version("Other"));
    let shed = t.save("Shed", None, "tools\n", 3);
    assert_ne!(version("Garden"), garden);
    assert_eq!(version("Other"), other);
    let links: Vec<_> =
        t.wiki.backlinks(&page("Shed")).iter().map(|d| d.path().to_string()).collect();
    assert_eq!(links, ["Garden.md"]);
    let garden = version("Garden");
    t.save("Shed", Some(shed), "tools and pots\n", 4);
    assert_eq!(version("Garden"), garden, "the text of a linked page does not show");
    t.save(
        "Other",
        Some(t.wiki.require(&page("Other")).unwrap().winner().unwrap().id),
        "[[Shed]]\n",
        5,
    );
    assert_eq!(t.wiki.backlinks(&page("Shed")).len(), 2);
}

#[test]
fn the_pages_removed_and_put_back_while_running_lose_nothing() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let (pages, aside) = (t.data.join("pages"), t.data.join("aside"));
    fs::rename(&pages, &aside).unwrap();
    let lost = t.wiki.save(&TestWiki::edit("Garden", Some(first), "two\n", 2), IfMovedOn::Stop);
    assert!(matches!(lost, Err(WikiError::Store(StoreError::Unavailable(_)))), "{lost:?}");
    assert!(!pages.exists(), "a save never makes the directory of all pages");
    assert!(t.wiki.require(&page("Garden")).unwrap().is_live(), "what is known stays known");
    fs::rename(&aside, &pages).unwrap();
    t.save("Garden", Some(first), "two\n", 2);
    assert_eq!(t.text("Garden"), "two\n");
}

#[test]
fn what_other_programs_put_there_is_noticed_without_a_scan() {
    let t = TestWiki::new();
    t.save("Old", None, "one\n", 1);
    let (heard, changes) = std::sync::mpsc::channel();
    t.wiki.on_change(move |_| heard.send(()).unwrap_or_default());
    let scans = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&scans);
    t.wiki.on_scan(move || {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let background = t.wiki.start().unwrap();
    t.wiki.wait_for_scan();
    // Memory is asked, as a view would look for itself.
    let shows = |name: &str, text: &str| loop {
        let known = t.wiki.known(&page(name).key());
        let length = known.as_ref().and_then(|d| d.winner()).map(|w| w.length);
        if length == Some(text.len() as u64) {
            break;
        }
        changes.recv().unwrap();
    };
    t.drop_in("Old.md", "2-9f0c2d4e-58cc-4372-a567-0e02b2c3d479", b"two more\n");
    shows("Old", "two more\n");
    t.drop_in("New.md", "1-9f0c2d4e-58cc-4372-a567-0e02b2c3d479", b"new\n");
    shows("New", "new\n");
    let aside = t.data.join("aside");
    fs::create_dir_all(aside.join("Folder/Deep.md")).unwrap();
    fs::write(aside.join("Folder/Deep.md/1-9f0c2d4e-58cc-4372-a567-0e02b2c3d479"), "d\n").unwrap();
    fs::rename(aside, t.data.join("pages/Came")).unwrap();
    shows("Came/Folder/Deep", "d\n");
    drop(background);
    assert!(scans.load(Ordering::Relaxed) <= 1, "only the first scan was needed");
}

#[test]
fn what_was_listed_before_a_save_does_not_take_the_page_back() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let dir = DiskDir::of(&page("Garden"));
    let stale = t.wiki.store.list(&dir).unwrap();
    t.save("Garden", Some(first), "two\n", 2);
    t.wiki.take_in_listed(&page("Garden").key(), vec![(dir, stale)]).unwrap();
    let known = t.wiki.known(&page("Garden").key()).unwrap();
    assert_eq!(known.resolution().winner.unwrap().number(), 2);
}

#[test]
fn recent_changes_come_newest_first() {
    let t = TestWiki::new();
    let first = t.save("A", None, "one\n", 1);
    t.save("B", None, "one\n", 2);
    t.save("A", Some(first), "two\n", 3);
    let names: Vec<_> = t
        .wiki
        .recent(0, 10)
        .iter()
        .map(|(d, id)| format!("{} {}", d.path(), id.number()))
        .collect();
    assert_eq!(names, ["A.md 2", "B.md 1", "A.md 1"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever people do, in any order and on any base: every text that was acknowledged is in a
    /// file, and memory says of the page what a fresh look at the files says.
    #[test]
    fn memory_and_disk_agree(steps in prop::collection::vec((0..4_u64, any::<prop::sample::Index>(), "[a-c]{0,3}\n"), 1..14)) {
        let t = TestWiki::new();
        let mut ids: Vec<RevisionId> = Vec::new();
        let mut saved = Vec::new();
        for (n, (kind, base, text)) in steps.into_iter().enumerate() {
            let base = if ids.is_empty() || kind == 0 { None } else { Some(*base.get(&ids)) };
            let edit = TestWiki::edit("Garden", base, &text, 100 + n as u64);
            let mode = if kind == 1 { IfMovedOn::Stop } else { IfMovedOn::SecondVersion };
            if let Saved::Done { id, .. } = t.wiki.save(&edit, mode).unwrap() {
                ids.push(id);
                saved.push((id, text));
            }
        }
        let fresh = TestWiki::at(t.data.clone());
        fresh.wiki.scan().unwrap();
        let (ours, theirs) = (t.wiki.require(&page("Garden")).unwrap(), fresh.wiki.require(&page("Garden")).unwrap());
        prop_assert_eq!(ours.resolution(), theirs.resolution());
        prop_assert_eq!(t.wiki.conflict_count(), fresh.wiki.conflict_count());
        for (id, text) in saved {
            prop_assert_eq!(fresh.wiki.text(&theirs, id).unwrap(), text);
        }
    }
}
