//! Searching the pages of a real wiki.

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
