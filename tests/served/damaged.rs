//! A page whose newest revision is damaged on disk: readers see the one before, no screen says
//! anything untrue, and nothing that somebody typed is lost.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::support::{Browser, Form, Place, Server};

const ONE: &str = "# Garden\n\nBeans.\n";
const TWO: &str = "# Garden\n\nBeans.\n\nPeas.\n";

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Harm {
    /// Its end is gone.
    Cut,
    /// Another program changed a bit.
    Flipped,
    /// The disk changed a bit: nothing else about the file tells.
    Rotten,
}

impl Harm {
    fn on(self, path: &Path) {
        let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
        let state = file.metadata().unwrap();
        let at = state.len() - 3;
        if self == Self::Cut {
            return file.set_len(at).unwrap();
        }
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ 1], at).unwrap();
        if self == Self::Rotten {
            file.set_modified(state.modified().unwrap()).unwrap();
        }
    }
}

/// A page with two revisions, a form that was opened on each, and a server after the harm.
struct Garden {
    place: Place,
    server: Server,
    /// Opened on the first revision.
    early: Form,
    /// Opened on the second, which is damaged now.
    late: Form,
}

impl Garden {
    fn new(harm: Harm, restarted: bool) -> Self {
        let place = Place::new();
        let server = place.serve();
        let browser = server.browser;
        browser.saved("Garden", ONE);
        let form = |author: &str, text: &str| Form {
            author: author.to_owned(),
            ..browser.form("Garden").typed(text)
        };
        let early = form("Eve", "# Garden\n\nBeans and kale.\n");
        assert_eq!(form("Ann", TWO).send(browser, "Garden", "save").status, 303);
        let late = form("Lea", "# Garden\n\nBeans.\n\nPeas and leeks.\n");
        let file = place.pages().join("Garden.md").join(&late.base);
        let server = if restarted {
            drop(server);
            harm.on(&file);
            place.serve()
        } else {
            harm.on(&file);
            server
        };
        Self { place, server, early, late }
    }

    fn browser(&self) -> Browser {
        self.server.browser
    }

    /// Panics unless the file is reported, and nothing besides.
    fn assert_reported(&self) {
        let damaged = format!("Garden.md/{}", self.late.base);
        assert_eq!(self.place.check(), [("damaged".to_owned(), damaged)]);
    }
}

fn each(test: impl Fn(&mut Garden)) {
    for harm in [Harm::Cut, Harm::Flipped, Harm::Rotten] {
        for restarted in [false, true] {
            println!("{harm:?}, restarted: {restarted}");
            test(&mut Garden::new(harm, restarted));
        }
    }
}

#[test]
fn readers_and_editors_get_the_last_whole_revision_at_once() {
    for first in ["/Garden", "/Garden.md", "/-/edit/Garden", "/-/merge/Garden", "/-/blame/Garden"] {
        each(|garden| {
            let browser = garden.browser();
            // Whoever comes first finds the damage, if nobody has yet.
            let page = browser.get(first);
            assert_eq!(page.status, 200, "{first}: {}", page.body);
            assert!(!page.body.contains("Peas"), "{first}: {}", page.body);
            assert_eq!(browser.raw("Garden"), ONE);
            assert_eq!(browser.form("Garden").content, ONE);
            let page = browser.get("/Garden");
            page.assert_page(200);
            assert!(!page.body.contains("unmerged"), "{}", page.body);
            let history = browser.get("/-/history/Garden");
            history.assert_page(200);
            assert!(history.body.contains("One revision is damaged."), "{}", history.body);
            let merge = browser.get("/-/merge/Garden");
            merge.assert_page(200);
            assert!(merge.body.contains("There is nothing to merge."), "{}", merge.body);
            let revision = browser.get(&format!("/-/rev/Garden/{}", garden.late.base));
            revision.assert_page(410);
            assert!(!revision.body.contains("Peas"), "{}", revision.body);
            garden.server.assert_runs();
            garden.assert_reported();
        });
    }
}

#[test]
fn a_form_that_was_opened_before_the_damage_is_saved_and_says_what_is_not_known() {
    each(|garden| {
        let browser = garden.browser();
        browser.get("/Garden").assert_page(200);
        let before = garden.place.snapshot();
        let late = &garden.late;
        let saved = late.send(browser, "Garden", "save");
        assert_eq!(saved.status, 303, "{}", saved.body);
        assert_eq!(browser.raw("Garden"), late.content);
        let page = browser.get(&saved.location);
        page.assert_page(200);
        assert!(page.body.contains("The version you started from can no longer be read"));
        for untrue in ["edited more often", "changed the page too", "has not arrived yet"] {
            assert!(!page.body.contains(untrue), "{untrue}: {}", page.body);
        }
        // What it was made from is not known, so the older one is not closed unasked.
        let merge = browser.get("/-/merge/Garden");
        merge.assert_page(200);
        assert!(merge.body.contains("so it is not known what each changed"), "{}", merge.body);
        assert!(!merge.body.contains("written separately"), "{}", merge.body);
        assert_eq!(late.send(browser, "Garden", "save").status, 303, "sent twice");
        garden.place.assert_kept(&before);
        assert_eq!(garden.place.snapshot().len(), before.len() + 1);
        garden.server.assert_runs();
        garden.assert_reported();
    });
}

#[test]
fn a_form_that_was_opened_before_the_damaged_revision_follows_the_last_whole_one() {
    each(|garden| {
        let browser = garden.browser();
        browser.get("/Garden").assert_page(200);
        let before = garden.place.snapshot();
        let saved = garden.early.send(browser, "Garden", "save");
        assert_eq!(saved.status, 303, "{}", saved.body);
        assert_eq!(browser.raw("Garden"), garden.early.content);
        let page = browser.get(&saved.location);
        page.assert_page(200);
        assert!(page.body.contains("Saved.") && !page.body.contains("unmerged"), "{}", page.body);
        garden.place.assert_kept(&before);
        garden.server.assert_runs();
        garden.assert_reported();
    });
}

#[test]
fn a_save_on_a_page_that_nobody_knew_to_be_damaged_is_what_readers_see() {
    each(|garden| {
        let browser = garden.browser();
        let saved = garden.early.send(browser, "Garden", "save");
        assert_eq!(saved.status, 303, "{}", saved.body);
        for address in [&*saved.location, "/-/merge/Garden", "/-/conflicts", "/Garden"] {
            let page = browser.get(address);
            page.assert_page(200);
            assert!(!page.body.contains("Peas"), "{address}: {}", page.body);
        }
        assert_eq!(browser.raw("Garden"), garden.early.content);
        garden.server.assert_runs();
        garden.assert_reported();
    });
}
