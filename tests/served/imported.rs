//! A folder of pages comes into an empty wiki, is read and edited; again, it is nothing new.

use std::fs;
use std::path::Path;

use crate::support::Place;

const FOLDERS: usize = 4;
const EACH: usize = 60;

/// Writes short pages in the manner of a collection of notes on commands.
fn collection(dir: &Path) {
    for folder in 0..FOLDERS {
        let dir = dir.join(format!("group{folder}"));
        fs::create_dir_all(&dir).unwrap();
        for n in 0..EACH {
            let next = (n + 1) % EACH;
            let text = format!(
                "# tool{n}\n\n> Does the thing number {n}.\n\n- Do it, with zebra{folder}x{n}:\n\n\
                 `tool{n} --now {{{{path}}}}`\n\nSee [the next](tool{next}.md).\n"
            );
            fs::write(dir.join(format!("tool{n}.md")), text).unwrap();
        }
    }
    fs::write(dir.join("picture.png"), b"\x89PNG\r\n\x1a\nnot much of a picture").unwrap();
}

#[test]
fn a_folder_is_imported_read_edited_and_not_imported_again() {
    let place = Place::new();
    let folder = place.path("notes");
    collection(&folder);
    let import = || {
        let run = place.run(&["import", folder.to_str().unwrap()]);
        assert!(run.status.success(), "{run:?}");
    };
    import();
    let before = place.snapshot();
    assert_eq!(before.values().filter(|b| !b.is_empty()).count(), FOLDERS * EACH + 1);
    import();
    assert_eq!(place.snapshot(), before, "again creates nothing");

    let mut server = place.serve();
    let browser = server.browser;
    for folder in 0..FOLDERS {
        for n in [0, EACH / 2, EACH - 1] {
            let page = browser.get(&format!("/group{folder}/tool{n}"));
            page.assert_page(200);
            assert!(page.body.contains(&format!("zebra{folder}x{n}")));
        }
    }
    let page = browser.get("/group1/tool7");
    assert!(page.body.contains("/group1/tool8\""), "links lead to pages: {}", page.body);
    assert_eq!(browser.get("/picture.png").status, 200);
    browser.saved("group2/tool17", "# tool17\n\nnow about a giraffe\n");
    assert_eq!(browser.raw("group2/tool17"), "# tool17\n\nnow about a giraffe\n");
    // What people edited is not replaced by the old text.
    let edited = place.snapshot();
    let _ = place.run(&["import", folder.to_str().unwrap()]);
    assert_eq!(browser.raw("group2/tool17"), "# tool17\n\nnow about a giraffe\n");
    place.assert_kept(&edited);
    assert_eq!(place.check(), []);
    server.assert_runs();
}
