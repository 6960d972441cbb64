//! What searching promises, with a source that is a map and with a real wiki.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use proptest::prelude::*;
use tempfile::TempDir;

use super::{Piece, Results, SearchDoc, SearchIndex, Source, schema};
use crate::model::path::{DocKey, DocPath};

/// Documents in a map.
#[derive(Default)]
struct Shelf(Mutex<BTreeMap<DocKey, SearchDoc>>);

impl Shelf {
    fn put(&self, doc: SearchDoc) -> DocKey {
        let key = doc.path.key();
        self.0.lock().insert(key.clone(), doc);
        key
    }

    fn take(&self, path: &str) -> DocKey {
        let key = DocPath::new(path).unwrap().key();
        self.0.lock().remove(&key);
        key
    }
}

impl Source for Shelf {
    fn stamps(&self) -> Vec<(DocKey, String)> {
        self.0.lock().iter().map(|(key, doc)| (key.clone(), doc.stamp.clone())).collect()
    }

    fn stamp(&self, key: &DocKey) -> Option<String> {
        self.0.lock().get(key).map(|doc| doc.stamp.clone())
    }

    fn load(&self, key: &DocKey) -> Option<SearchDoc> {
        let doc = self.0.lock().get(key).cloned();
        assert!(doc.as_ref().is_none_or(|d| d.text != "panic"), "asked for");
        doc
    }
}

fn doc(path: &str, text: &str) -> SearchDoc {
    let path = DocPath::new(path).unwrap();
    let title = path.title().to_owned();
    // A real stamp holds the content's digest.
    let stamp = format!("{path} {text}");
    SearchDoc { path, title, headings: Vec::new(), tags: Vec::new(), text: text.into(), stamp }
}

struct Bench {
    shelf: Arc<Shelf>,
    index: SearchIndex,
    dir: PathBuf,
    _temp: TempDir,
}

impl Bench {
    fn with(docs: impl IntoIterator<Item = SearchDoc>) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("search");
        let shelf = Arc::new(Shelf::default());
        for doc in docs {
            shelf.put(doc);
        }
        let index = open(&dir, &shelf);
        Self { shelf, index, dir, _temp: temp }
    }

    fn put(&self, doc: SearchDoc) {
        self.index.touch(self.shelf.put(doc));
    }

    fn take(&self, path: &str) {
        self.index.touch(self.shelf.take(path));
    }

    fn finds(&self, typed: &str) -> Vec<String> {
        self.index.flush();
        paths(&self.index.search(typed, 0, 100))
    }

    /// Ends the index, does something to its directory, and opens it again.
    fn reopened(mut self, change: impl FnOnce(&Path)) -> Self {
        self.index.stop();
        change(&self.dir);
        self.index = open(&self.dir, &self.shelf);
        self
    }
}

fn open(dir: &Path, shelf: &Arc<Shelf>) -> SearchIndex {
    let index = SearchIndex::open(dir, Arc::<Shelf>::clone(shelf));
    index.reconcile();
    index.flush();
    index
}

fn paths(results: &Results) -> Vec<String> {
    results.hits.iter().map(|hit| hit.path.to_string()).collect()
}

fn show(pieces: &[Piece]) -> String {
    let one = |p: &Piece| if p.marked { format!("[{}]", p.text) } else { p.text.clone() };
    pieces.iter().map(one).collect()
}

fn index_dir(dir: &Path) -> PathBuf {
    dir.join(format!("v{}", schema::VERSION))
}

#[test]
fn titles_come_before_folders_headings_and_texts() {
    let heading =
        |path, heading: &str| SearchDoc { headings: vec![heading.into()], ..doc(path, "") };
    let bench = Bench::with([
        doc("Text.md", &"garden ".repeat(50)),
        heading("Heading.md", "The garden"),
        SearchDoc { text: "garden garden".into(), ..heading("Both.md", "garden") },
        doc("Garden/Shed.md", ""),
        doc("A Long Name with Garden Inside.md", ""),
        doc("My Garden.md", ""),
        doc("Garden.md", ""),
        SearchDoc { title: "Garden!".into(), ..doc("renamed.md", "") },
    ]);
    let mut found = bench.finds("garden");
    found[..2].sort();
    assert_eq!(
        found,
        [
            "Garden.md",
            "renamed.md",
            "My Garden.md",
            "A Long Name with Garden Inside.md",
            "Garden/Shed.md",
            "Both.md",
            "Heading.md",
            "Text.md"
        ]
    );
}

#[test]
fn a_file_name_is_found_beside_another_title() {
    let bench = Bench::with([SearchDoc { title: "Welcome".into(), ..doc("Start.md", "") }]);
    assert_eq!(bench.finds("start"), ["Start.md"]);
    assert_eq!(bench.finds("welc"), ["Start.md"]);
}

#[test]
fn the_last_word_is_a_beginning_and_whole_words_come_first() {
    let bench = Bench::with([doc("A.md", "the beanstalk grows"), doc("B.md", "the bean grows")]);
    assert_eq!(bench.finds("the bean"), ["B.md", "A.md"]);
    assert_eq!(bench.finds("beans"), ["A.md"]);
    let results = bench.index.search("be grows", 0, 10);
    assert!(results.partial, "a word before the last is whole: {results:?}");
}

#[test]
fn all_words_are_needed_unless_nothing_has_them_all() {
    let bench = Bench::with([
        doc("One.md", "water the beans"),
        doc("Two.md", "water the roses"),
        doc("Water.md", "a river with beans"),
    ]);
    assert_eq!(bench.finds("water beans"), ["Water.md", "One.md"]);
    let results = bench.index.search("beans roses zebra", 0, 10);
    assert!(results.partial);
    assert_eq!(results.total, 3);
    assert!(!bench.index.search("water roses", 0, 10).partial);
}

#[test]
fn quoted_words_stand_together() {
    let bench = Bench::with([doc("A.md", "beans and water"), doc("B.md", "water and beans")]);
    assert_eq!(bench.finds("\"and water\""), ["A.md"]);
    assert_eq!(bench.finds("“water and” beans"), ["B.md"]);
    assert_eq!(bench.finds("\"water beans\""), Vec::<String>::new());
    assert_eq!(bench.finds("\"water and be"), ["B.md", "A.md"]);
}

#[test]
fn spelling_does_not_count() {
    let bench = Bench::with([doc("Café.md", "Straße nach Łódź"), doc("Йога.md", "ΑΛΦΑ")]);
    for typed in ["cafe", "CAFÉ", "cafe\u{301}", "strasse", "lodz", "ŁÓDŹ"] {
        assert_eq!(bench.finds(typed), ["Café.md"], "{typed}");
    }
    assert_eq!(bench.finds("йога"), ["Йога.md"]);
    assert_eq!(bench.finds("άλφα"), ["Йога.md"]);
}

#[test]
fn texts_without_spaces_are_found_by_any_part() {
    let bench = Bench::with([doc("a.md", "私は東京都に住んでいます"), doc("b.md", "京都へ行く")]);
    assert_eq!(bench.finds("東京都"), ["a.md"]);
    assert_eq!(bench.finds("住んで"), ["a.md"]);
    assert_eq!(bench.finds("都").len(), 2);
    assert_eq!(bench.finds("す"), ["a.md"]);
    assert_eq!(bench.finds("東都"), Vec::<String>::new());
    let results = bench.index.search("東京都", 0, 1);
    assert_eq!(show(&results.hits[0].snippet), "私は[東京都]に住んでいます");
}

#[test]
fn parts_of_words_are_found_where_no_word_begins_so() {
    let bench = Bench::with([doc("A.md", "three teapots"), doc("B.md", "potatoes")]);
    assert_eq!(bench.finds("pot"), ["B.md"]);
    assert_eq!(bench.finds("apot"), ["A.md"]);
    assert_eq!(bench.finds("zz"), Vec::<String>::new());
}

#[test]
fn tags_are_found_and_shown() {
    let tagged = SearchDoc { tags: vec!["Home Office".into()], ..doc("Desk.md", "wood") };
    let bench = Bench::with([tagged]);
    assert_eq!(bench.finds("office"), ["Desk.md"]);
    assert_eq!(bench.index.search("office", 0, 1).hits[0].tags, ["home office"]);
}

#[test]
fn titles_and_snippets_are_marked_and_not_escaped() {
    let bench = Bench::with([doc("Beans & Peas.md", "<b>Water</b> the beans\n\nat dawn")]);
    assert_eq!(bench.finds("beans"), ["Beans & Peas.md"]);
    let hit = &bench.index.search("bean", 0, 1).hits[0];
    assert_eq!(show(&hit.title), "[Beans] & Peas");
    assert_eq!(show(&hit.snippet), "<b>Water</b> the [beans] at dawn");
}

#[test]
fn results_come_in_pages() {
    let bench = Bench::with((0..25).map(|i| doc(&format!("Note {i:02}.md"), "note")));
    let mut all = Vec::new();
    for skip in [0, 10, 20, 30] {
        let results = bench.index.search("note", skip, 10);
        assert_eq!(results.total, 25);
        all.extend(paths(&results));
    }
    assert_eq!(all.len(), 25);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 25);
    assert_eq!(bench.index.search("note", usize::MAX, usize::MAX).hits, []);
    assert_eq!(bench.index.search("note", 0, 0).hits, []);
}

#[test]
fn every_change_is_followed() {
    let bench = Bench::with([]);
    bench.put(doc("Garden.md", "beans"));
    assert_eq!(bench.finds("beans"), ["Garden.md"]);
    bench.put(doc("Garden.md", "roses"));
    assert_eq!(bench.finds("beans"), Vec::<String>::new());
    assert_eq!(bench.finds("roses"), ["Garden.md"]);
    // A new name, and one that differs only in case.
    bench.take("Garden.md");
    bench.put(doc("Flowers/Bed.md", "roses"));
    assert_eq!(bench.finds("roses"), ["Flowers/Bed.md"]);
    bench.put(doc("Flowers/bed.md", "roses"));
    assert_eq!(bench.finds("roses"), ["Flowers/bed.md"]);
    bench.take("Flowers/bed.md");
    assert_eq!(bench.finds("roses"), Vec::<String>::new());
}

#[test]
fn the_index_outlives_the_process_and_catches_up_with_what_it_missed() {
    let bench =
        Bench::with([doc("Kept.md", "one"), doc("Edited.md", "one"), doc("Gone.md", "one")]);
    assert!(bench.index.is_on_disk());
    assert!(bench.index.search("one", 0, 1).complete);
    bench.index.stop();
    bench.shelf.put(doc("Edited.md", "two"));
    bench.shelf.put(doc("New.md", "two"));
    bench.shelf.take("Gone.md");

    let later = SearchIndex::open(&bench.dir, Arc::<Shelf>::clone(&bench.shelf));
    later.flush();
    let before = later.search("one", 0, 10);
    assert_eq!(before.total, 3, "it is there before anything was compared");
    assert!(!before.complete);
    later.reconcile();
    later.flush();
    assert_eq!(paths(&later.search("one", 0, 10)), ["Kept.md"]);
    let after = later.search("two", 0, 10);
    assert_eq!(after.total, 2);
    assert!(after.complete);
}

#[test]
fn an_index_that_cannot_be_used_is_made_anew() {
    let garbage = |dir: &Path| fs::write(index_dir(dir).join("meta.json"), "{").unwrap();
    let foreign_schema = |dir: &Path| {
        fs::remove_dir_all(index_dir(dir)).unwrap();
        fs::create_dir(index_dir(dir)).unwrap();
        let schema = tantivy::schema::Schema::builder().build();
        tantivy::Index::create_in_dir(index_dir(dir), schema).unwrap();
    };
    let older = |dir: &Path| fs::rename(index_dir(dir), dir.join("v0")).unwrap();
    let a_file = |dir: &Path| {
        fs::remove_dir_all(index_dir(dir)).unwrap();
        fs::write(index_dir(dir), "?").unwrap();
    };
    let gone = |dir: &Path| fs::remove_dir_all(dir).unwrap();
    let changes: [&dyn Fn(&Path); 5] = [&garbage, &foreign_schema, &older, &a_file, &gone];
    let mut bench = Bench::with([doc("Garden.md", "beans")]);
    for (i, change) in changes.into_iter().enumerate() {
        bench = bench.reopened(change);
        assert_eq!(bench.finds("beans"), ["Garden.md"], "{i}");
        assert!(bench.index.is_on_disk(), "{i}");
        assert!(!bench.dir.join("v0").exists());
    }
}

#[test]
fn every_file_of_the_index_may_be_damaged() {
    let mut bench = Bench::with([doc("Garden.md", "beans"), doc("Shed.md", "tools")]);
    let files = |dir: &Path| -> Vec<PathBuf> {
        let mut files: Vec<_> =
            fs::read_dir(index_dir(dir)).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        files
    };
    let count = files(&bench.dir).len();
    assert!(count > 4);
    for number in 0..count {
        for damage in 0..3 {
            bench = bench.reopened(|dir| {
                let files = files(dir);
                let file = &files[number % files.len()];
                let mut bytes = fs::read(file).unwrap();
                match damage {
                    0 => return fs::remove_file(file).unwrap(),
                    1 => bytes.truncate(bytes.len() / 2),
                    _ => {
                        let middle = bytes.len() / 2;
                        bytes.iter_mut().skip(middle).take(1).for_each(|b| *b ^= 0xff);
                    }
                }
                fs::write(file, bytes).unwrap();
            });
            assert_eq!(bench.finds("beans"), ["Garden.md"], "{number} {damage}");
            assert_eq!(bench.finds("tools"), ["Shed.md"], "{number} {damage}");
        }
    }
}

#[test]
fn deleting_the_index_while_it_is_used_loses_nothing() {
    let bench = Bench::with([doc("Garden.md", "beans")]);
    let all = |dir: &Path| fs::remove_dir_all(dir).unwrap();
    let files = |dir: &Path| {
        for entry in fs::read_dir(index_dir(dir)).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
    };
    let lock = |dir: &Path| fs::remove_file(dir.join("lock")).unwrap();
    let changes: [&dyn Fn(&Path); 3] = [&all, &files, &lock];
    for (i, change) in changes.into_iter().enumerate() {
        change(&bench.dir);
        assert_eq!(bench.finds("beans").len(), 1 + i, "what is open can be searched on");
        bench.put(doc(&format!("New {i}.md"), "beans"));
        assert_eq!(bench.finds("beans").len(), 2 + i);
        assert!(bench.index.is_on_disk(), "it is on disk again");
        assert!(bench.index.search("beans", 0, 1).complete);
    }
    let bench = bench.reopened(|dir| assert!(index_dir(dir).join("meta.json").exists()));
    assert_eq!(bench.finds("beans").len(), 4);
}

#[test]
fn a_second_server_on_the_same_directory_searches_in_memory() {
    let bench = Bench::with([doc("Garden.md", "beans")]);
    let second = open(&bench.dir, &bench.shelf);
    assert!(bench.index.is_on_disk());
    assert!(!second.is_on_disk());
    let key = bench.shelf.put(doc("New.md", "beans"));
    second.touch(key.clone());
    second.flush();
    assert_eq!(second.search("beans", 0, 10).total, 2);
    bench.index.touch(key);
    assert_eq!(bench.finds("beans").len(), 2);
    drop(second);
    // When the first has ended, the next has the directory.
    let bench = bench.reopened(|_| ());
    assert!(bench.index.is_on_disk());
}

#[test]
fn a_server_whose_directory_went_to_another_leaves_it_alone() {
    let bench = Bench::with([doc("Garden.md", "beans")]);
    fs::remove_dir_all(&bench.dir).unwrap();
    let second = open(&bench.dir, &bench.shelf);
    assert!(second.is_on_disk());
    bench.put(doc("New.md", "beans"));
    assert_eq!(bench.finds("beans").len(), 2);
    assert!(!bench.index.is_on_disk());
    second.reconcile();
    second.flush();
    assert_eq!(second.search("beans", 0, 10).total, 2);
    assert!(second.is_on_disk());
}

#[test]
fn a_directory_that_cannot_be_made_costs_only_the_disk() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("file").join("search");
    fs::write(temp.path().join("file"), "in the way").unwrap();
    let shelf = Arc::new(Shelf::default());
    shelf.put(doc("Garden.md", "beans"));
    let index = open(&dir, &shelf);
    assert!(!index.is_on_disk());
    assert_eq!(index.search("beans", 0, 10).total, 1);
}

#[test]
fn a_lock_file_left_over_keeps_nobody_out() {
    let bench = Bench::with([doc("Garden.md", "beans")]).reopened(|dir| {
        assert!(dir.join("lock").exists());
        fs::write(index_dir(dir).join(".tantivy-writer.lock"), "").unwrap();
    });
    assert!(bench.index.is_on_disk());
    assert_eq!(bench.finds("beans"), ["Garden.md"]);
}

#[test]
fn a_document_that_cannot_be_prepared_costs_only_itself() {
    let bench = Bench::with([]);
    bench.put(doc("Bad.md", "panic"));
    bench.put(doc("Good.md", "beans"));
    assert_eq!(bench.finds("beans"), ["Good.md"]);
}

#[test]
fn after_the_end_nothing_waits_for_it() {
    let bench = Bench::with([doc("Garden.md", "beans")]);
    bench.index.stop();
    bench.index.stop();
    bench.put(doc("New.md", "beans"));
    assert_eq!(bench.finds("beans"), ["Garden.md"]);
}

#[test]
fn very_long_words_and_texts_are_no_trouble() {
    let long = "x".repeat(100_000);
    let bench = Bench::with([doc("Long.md", &format!("{long} {}", "word ".repeat(200_000)))]);
    assert_eq!(bench.finds(&long), ["Long.md"]);
    assert_eq!(bench.finds("word"), ["Long.md"]);
}

#[derive(Debug, Clone)]
enum Step {
    Put(u8, u8),
    Take(u8),
    Flush,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..6u8, 0..4u8).prop_map(|(page, word)| Step::Put(page, word)),
        3 => (0..6u8).prop_map(Step::Take),
        1 => Just(Step::Flush),
        1 => Just(Step::Reopen),
    ]
}

const WORDS: [&str; 4] = ["beans", "roses", "東京都", "Café"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn whatever_happens_the_index_equals_the_source(steps in prop::collection::vec(step(), 1..25)) {
        let mut bench = Bench::with([]);
        for step in steps {
            match step {
                Step::Put(page, word) => {
                    bench.put(doc(&format!("Page {page}.md"), WORDS[usize::from(word)]));
                }
                Step::Take(page) => bench.take(&format!("Page {page}.md")),
                Step::Flush => bench.index.flush(),
                Step::Reopen => bench = bench.reopened(|_| ()),
            }
        }
        for word in WORDS {
            let mut found = bench.finds(word);
            found.sort();
            let shelf = bench.shelf.0.lock();
            let mut there: Vec<_> =
                shelf.values().filter(|d| d.text == word).map(|d| d.path.to_string()).collect();
            there.sort();
            prop_assert_eq!(found, there);
        }
        let shelf = bench.shelf.0.lock().len();
        prop_assert_eq!(bench.index.search("page", 0, 100).total, shelf);
    }
}

#[test]
fn nothing_that_is_typed_fails() {
    let bench =
        Bench::with([doc("Garden.md", "beans (and) [roses] 東京都 a-b_c"), doc("B.md", "x")]);
    let typed = prop_oneof![
        any::<String>(),
        "[a-c東京\"“(){}+*.?^$|~:/ -]{0,30}",
        "(\"|beans|AND|OR|NOT|title:|\\*|\\[|TO|roses| |-|~2|\\^9){0,12}",
    ];
    proptest!(ProptestConfig::with_cases(200), |(typed in typed)| {
        let results = bench.index.search(&typed, 0, 10);
        prop_assert!(bench.index.is_on_disk(), "the index was given up for {:?}", typed);
        prop_assert_eq!(results.hits.len(), results.total);
    });
    assert_eq!(bench.index.search(&"garden ".repeat(10_000), 0, 1).total, 1);
    assert_eq!(bench.finds("beans"), ["Garden.md"]);
}

mod with_a_wiki {
    use super::*;
    use crate::store::fs::FsStore;
    use crate::wiki::search::attach;
    use crate::wiki::{
        Edit, Limits, MergeOnSave, Nonces, Parts, Saved, SystemClock, SystemNonces, Wiki,
    };

    fn wiki(data: &Path) -> Arc<Wiki> {
        Arc::new(Wiki::new(Parts {
            store: Arc::new(FsStore::open(data).unwrap()),
            clock: Arc::new(SystemClock),
            nonces: Arc::new(SystemNonces),
            base_path: String::new(),
            limits: Limits::default(),
        }))
    }

    fn save(wiki: &Wiki, path: &str, text: &str) {
        let path = DocPath::new(path).unwrap();
        let base = wiki.refresh(&path).unwrap().and_then(|d| d.winner().map(|w| w.id));
        let edit = Edit {
            path,
            base,
            also: Vec::new(),
            content: text.into(),
            author: "Alice".into(),
            summary: String::new(),
            nonce: SystemNonces.draw(),
        };
        let saved = wiki.save(&edit, MergeOnSave::Ask).unwrap();
        assert!(matches!(saved, Saved::Done { .. }), "{saved:?}");
    }

    fn finds(index: &SearchIndex, typed: &str) -> Vec<String> {
        index.flush();
        paths(&index.search(typed, 0, 10))
    }

    #[test]
    fn saves_deletions_and_files_from_outside_are_followed() {
        let data = tempfile::tempdir().unwrap();
        let wiki = wiki(data.path());
        save(&wiki, "Garden.md", "beans");
        let index = attach(&wiki, &data.path().join("local/search"));
        wiki.scan().unwrap();
        index.reconcile();
        assert_eq!(finds(&index, "beans"), ["Garden.md"]);
        save(&wiki, "Garden.md", "roses");
        assert_eq!(finds(&index, "roses"), ["Garden.md"]);
        assert_eq!(finds(&index, "beans"), Vec::<String>::new());
        save(&wiki, "Garden.md", "");
        assert_eq!(finds(&index, "garden"), Vec::<String>::new());

        let dir = data.path().join("pages/Projects/Shed.md");
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("1-f47ac10b-58cc-4372-a567-0e02b2c3d479"), "tools").unwrap();
        save(&wiki, "Projects/plan of beds.png", "not a picture");
        wiki.scan().unwrap();
        assert_eq!(finds(&index, "tools"), ["Projects/Shed.md"]);
        assert_eq!(finds(&index, "beds"), ["Projects/plan of beds.png"]);
        assert_eq!(finds(&index, "picture"), Vec::<String>::new());
        fs::write(dir.join("2-f47ac10b-58cc-4372-a567-0e02b2c3d479"), "spades").unwrap();
        wiki.refresh(&DocPath::new("Projects/Shed.md").unwrap()).unwrap();
        assert_eq!(finds(&index, "spades"), ["Projects/Shed.md"]);
    }

    #[test]
    fn neither_keeps_the_other_alive_and_a_wiki_that_is_gone_empties_no_index() {
        let data = tempfile::tempdir().unwrap();
        let dir = data.path().join("local/search");
        let wiki = wiki(data.path());
        save(&wiki, "Garden.md", "beans");
        let index = attach(&wiki, &dir);
        wiki.scan().unwrap();
        index.reconcile();
        index.flush();
        let watch = Arc::downgrade(&wiki);
        drop(wiki);
        assert!(watch.upgrade().is_none());
        index.touch(DocPath::new("Garden.md").unwrap().key());
        index.reconcile();
        assert_eq!(finds(&index, "beans"), ["Garden.md"]);

        let wiki = super::with_a_wiki::wiki(data.path());
        drop(index);
        drop(attach(&wiki, &dir));
        save(&wiki, "Garden.md", "roses");
    }

    #[test]
    fn the_go_to_box_knows_every_change() {
        let data = tempfile::tempdir().unwrap();
        let wiki = wiki(data.path());
        let names = crate::wiki::goto::GotoBox::default();
        assert!(names.goto(&wiki, "gar", 5).is_empty());
        save(&wiki, "Garden.md", "beans");
        assert_eq!(names.goto(&wiki, "gar", 5)[0].path.as_str(), "Garden.md");
        save(&wiki, "Garden.md", "");
        assert!(names.goto(&wiki, "gar", 5).is_empty());
    }
}

#[test]
fn nothing_is_made_where_the_data_directory_was_taken_away() {
    let temp = tempfile::tempdir().unwrap();
    let gone = temp.path().join("local");
    assert!(super::place::Place::on_disk(&gone.join("search"), false).is_err());
    assert!(!gone.exists());
    fs::create_dir(&gone).unwrap();
    assert!(super::place::Place::on_disk(&gone.join("search"), false).is_ok());
}
