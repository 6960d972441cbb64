//! The index follows its source, whatever happens to its files.

use proptest::prelude::*;

use super::*;

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
fn nothing_is_made_where_the_data_directory_was_taken_away() {
    let temp = tempfile::tempdir().unwrap();
    let gone = temp.path().join("local");
    assert!(crate::wiki::search::place::Place::on_disk(&gone.join("search"), false).is_err());
    assert!(!gone.exists());
    fs::create_dir(&gone).unwrap();
    assert!(crate::wiki::search::place::Place::on_disk(&gone.join("search"), false).is_ok());
}
