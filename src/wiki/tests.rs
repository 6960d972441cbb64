//! What people do with documents, tried on a real directory.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use proptest::prelude::*;
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
fn a_save_on_an_older_revision_waits_and_readers_see_what_they_saw() {
    for n in 0..40 {
        let t = TestWiki::new();
        let first = t.save("Garden", None, "one\n", 1);
        let two = t.save("Garden", Some(first), "two\n", 100 * n + 2);
        let edit = TestWiki::edit("Garden", Some(first), "mine\n", 4000 - n);
        let Saved::Yielded { id, document, .. } = t.wiki.save(&edit, MergeOnSave::Clean).unwrap()
        else {
            panic!("did not yield")
        };
        assert!(id < two && id.number() == two.number(), "{id} {two}");
        assert_eq!(document.resolution().conflicts, [id]);
        let mine = document.revision(id).unwrap();
        assert_eq!((&mine.parents[..], mine.form), (&[first][..], Some(edit.nonce)));
        assert_eq!(t.text("Garden"), "two\n");
        assert_eq!(t.wiki.text(&document, id).unwrap(), "mine\n");
    }
}

#[test]
fn a_save_without_a_base_waits_without_a_common_ancestor() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let unknown = RevisionId::new(9, nonce(7)).unwrap();
    for (n, base) in [(3, None), (4, Some(unknown))] {
        let edit = TestWiki::edit("Garden", base, &format!("mine {n}\n"), n);
        let saved = t.wiki.save(&edit, MergeOnSave::Clean).unwrap();
        assert!(matches!(saved, Saved::Yielded { id, .. } if id < first), "{saved:?}");
    }
    assert_eq!(t.text("Garden"), "one\n");
    assert_eq!(t.conflicts("Garden").len(), 2);
}

#[test]
fn a_save_that_cannot_yield_says_what_it_displaced() {
    // No nonce is lower.
    let t = TestWiki::new();
    t.drop_in("Garden.md", "1-00000000-0000-4000-8000-000000000000", b"lowest\n");
    let document = t.wiki.refresh(&page("Garden")).unwrap().unwrap();
    let lowest = document.resolution().winner.unwrap();
    let edit = TestWiki::edit("Garden", None, "mine\n", 3);
    for _ in 0..2 {
        let saved = t.wiki.save(&edit, MergeOnSave::Clean).unwrap();
        let Saved::Done { id, displaced, .. } = saved else { panic!("{saved:?}") };
        assert_eq!((id.nonce(), displaced.unwrap_or(lowest)), (edit.nonce, lowest));
    }
    assert_eq!((t.text("Garden").as_str(), t.conflicts("Garden")), ("mine\n", vec![lowest]));
    // The number alone is higher.
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let seen = t.second("Garden", Some(first), "seen\n", 2);
    let winner = t.second("Garden", Some(first), "unseen\n", 3);
    let edit = TestWiki::edit("Garden", Some(seen), "seen and mine\n", 4);
    let saved = t.wiki.save(&edit, MergeOnSave::Clean).unwrap();
    assert!(matches!(saved, Saved::Done { displaced: Some(id), .. } if id == winner), "{saved:?}");
    assert_eq!(t.conflicts("Garden"), [winner]);
}

#[test]
fn changes_in_different_lines_are_merged_by_the_save_itself() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n\ntwo\n\nthree\n", 1);
    let theirs = t.save("Garden", Some(first), "one!\n\ntwo\n\nthree\n", 2);
    let edit = TestWiki::edit("Garden", Some(first), "one\n\ntwo\n\nthree!\n", 3);
    let asked = t.wiki.save(&edit, MergeOnSave::Ask).unwrap();
    assert!(matches!(asked, Saved::Yielded { .. }));
    assert_eq!(t.text("Garden"), "one!\n\ntwo\n\nthree\n");
    // The same form again finishes what it began, and is still two revisions.
    for _ in 0..3 {
        let saved = t.wiki.save(&edit, MergeOnSave::Clean).unwrap();
        let Saved::Merged { typed, id, document, .. } = saved else { panic!("{saved:?}") };
        assert_eq!(Some(typed), asked.typed());
        let merge = document.revision(id).unwrap();
        assert_eq!((&merge.parents[..], merge.form), (&[theirs, typed][..], Some(edit.nonce)));
        assert_eq!(document.revision_count(), 4);
        assert!(document.resolution().conflicts.is_empty());
    }
    assert_eq!(t.text("Garden"), "one!\n\ntwo\n\nthree!\n");
    // After a restart, too.
    let again = TestWiki::at(t.data.clone());
    again.wiki.scan().unwrap();
    let saved = again.wiki.save(&edit, MergeOnSave::Clean).unwrap();
    assert!(matches!(saved, Saved::Merged { .. }));
    assert_eq!(saved.document().revision_count(), 4);
}

#[test]
fn a_version_that_wins_by_its_number_is_merged_with_what_it_displaced() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n\ntwo\n", 1);
    let seen = t.second("Garden", Some(first), "one\n\ntwo!\n", 2);
    let winner = t.second("Garden", Some(first), "one!\n\ntwo\n", 3);
    let edit = TestWiki::edit("Garden", Some(seen), "one\n\ntwo!\n\nthree\n", 4);
    let saved = t.wiki.save(&edit, MergeOnSave::Clean).unwrap();
    let Saved::Merged { typed, id, document, .. } = saved else { panic!("{saved:?}") };
    assert_eq!(document.revision(id).unwrap().parents, [typed, winner]);
    assert_eq!(t.text("Garden"), "one!\n\ntwo!\n\nthree\n");
}

#[test]
fn a_deletion_is_never_merged_by_itself() {
    for (theirs, mine) in [("", "one\n\ntwo\n"), ("one!\n", "")] {
        let t = TestWiki::new();
        let first = t.save("Garden", None, "one\n", 1);
        t.save("Garden", Some(first), theirs, 2);
        let edit = TestWiki::edit("Garden", Some(first), mine, 3);
        let saved = t.wiki.save(&edit, MergeOnSave::Clean).unwrap();
        assert!(matches!(saved, Saved::Yielded { .. }), "{saved:?}");
    }
}

#[test]
fn one_form_that_is_sent_many_times_at_once_is_one_revision_and_one_merge() {
    for (mine, revisions) in [("mine\n", 3), ("one\n\ntwo!\n", 4)] {
        let t = TestWiki::new();
        let first = t.save("Garden", None, "one\n\ntwo\n", 1);
        t.save("Garden", Some(first), "one!\n\ntwo\n", 2);
        let edit = TestWiki::edit("Garden", Some(first), mine, 3);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| t.wiki.save(&edit, MergeOnSave::Clean).unwrap());
            }
        });
        let document = t.wiki.refresh(&page("Garden")).unwrap().unwrap();
        assert_eq!(document.revision_count(), revisions, "{mine}");
    }
}

#[test]
fn a_form_that_is_sent_again_with_another_text_is_another_version() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let edit = TestWiki::edit("Garden", Some(first), "two\n", 2);
    t.wiki.save(&edit, MergeOnSave::Clean).unwrap();
    for text in ["three\n", "four\n"] {
        let edit = Edit { content: text.into(), ..edit.clone() };
        let saved = t.wiki.save(&edit, MergeOnSave::Clean).unwrap();
        assert!(matches!(saved, Saved::Yielded { .. }), "{saved:?}");
    }
    assert_eq!((t.text("Garden").as_str(), t.conflicts("Garden").len()), ("two\n", 2));
}

#[test]
fn what_its_author_did_not_change_is_no_version() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    t.save("Garden", Some(first), "two\n", 2);
    let edit = TestWiki::edit("Garden", Some(first), "one\n", 3);
    let saved = t.wiki.save(&edit, MergeOnSave::Clean).unwrap();
    assert!(matches!(saved, Saved::Unchanged { .. }), "{saved:?}");
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
    let Saved::Done { id, document, .. } = t.wiki.save(&merge, MergeOnSave::Ask).unwrap() else {
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
    assert!(matches!(t.wiki.save(&keep, MergeOnSave::Ask).unwrap(), Saved::Done { .. }));
    assert!(t.conflicts("Garden").is_empty());
}

#[test]
fn sending_a_form_twice_is_one_revision() {
    let t = TestWiki::new();
    let edit = TestWiki::edit("Garden", None, "one\n", 1);
    let Saved::Done { id, .. } = t.wiki.save(&edit, MergeOnSave::Ask).unwrap() else {
        panic!("not saved")
    };
    let Saved::Done { id: again, .. } = t.wiki.save(&edit, MergeOnSave::Ask).unwrap() else {
        panic!("not repeated")
    };
    assert_eq!(id, again);
    // Also after somebody else went on from there.
    t.save("Garden", Some(id), "two\n", 2);
    let Saved::Done { id: again, .. } = t.wiki.save(&edit, MergeOnSave::Ask).unwrap() else {
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
    assert!(matches!(t.wiki.save(&edit, MergeOnSave::Ask).unwrap(), Saved::Unchanged { .. }));
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
    assert!(matches!(t.wiki.save(&back, MergeOnSave::Ask).unwrap(), Saved::Done { .. }));
    assert_eq!(t.text("Garden"), "one\n");
}

#[test]
fn a_text_over_the_limit_is_refused_and_nothing_is_written() {
    let t = TestWiki::new();
    let long = "x".repeat(Limits::default().text as usize + 1);
    let refused = t.wiki.save(&TestWiki::edit("Garden", None, &long, 1), MergeOnSave::Ask);
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
fn a_form_whose_revision_is_damaged_now_can_be_sent_again() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let second = t.save("Garden", Some(first), "two\n", 2);
    let t = t.with_torn("Garden.md", second);
    assert_eq!(t.text("Garden"), "one\n");
    let mut again = TestWiki::edit("Garden", Some(first), "two\n", 2);
    for _ in 0..2 {
        let saved = t.wiki.save(&again, MergeOnSave::Ask).unwrap();
        assert!(matches!(saved, Saved::Done { displaced: None, .. }), "{saved:?}");
        assert_eq!((t.text("Garden").as_str(), t.conflicts("Garden").len()), ("two\n", 0));
        assert_eq!(saved.document().revisions().filter(|r| r.damage.is_none()).count(), 2);
        again.author = "Ada, again".to_owned();
    }
}

#[test]
fn a_merge_on_a_base_that_is_damaged_now_displaces_nothing_it_names() {
    let t = TestWiki::new();
    let first = t.save("Garden", None, "one\n", 1);
    let second = t.save("Garden", Some(first), "two\n", 2);
    let other = nonce(60);
    t.drop_in("Garden.md", &format!("1-{other}"), b"other\n");
    let t = t.with_torn("Garden.md", second);
    let document = t.wiki.require(&page("Garden")).unwrap();
    let winner = document.resolution().winner.unwrap();
    assert!(winner.number() == 1, "{document:?}");
    let mut edit = TestWiki::edit("Garden", Some(second), "both\n", 3);
    edit.also = vec![winner];
    let saved = t.wiki.save(&edit, MergeOnSave::Ask).unwrap();
    assert!(matches!(saved, Saved::Done { displaced: None, .. }), "{saved:?}");
    assert_eq!(t.text("Garden"), "both\n");
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
    assert!(matches!(one.wiki.save(&stale, MergeOnSave::Ask).unwrap(), Saved::Yielded { .. }));
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
    let lost = t.wiki.save(&TestWiki::edit("Garden", Some(first), "two\n", 2), MergeOnSave::Ask);
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
            let mode = if kind == 1 { MergeOnSave::Ask } else { MergeOnSave::Clean };
            if let Some(id) = t.wiki.save(&edit, mode).unwrap().typed() {
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
