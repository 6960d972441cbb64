//! The directory goes away and comes back, and two servers share one: nobody loses anything.

use std::fs;
use std::process::Command;

use crate::support::{Browser, Form, Place, eventually, id};

#[test]
fn a_data_directory_that_is_taken_away_and_put_back_costs_nothing() {
    for whole in [true, false] {
        let place = Place::new();
        place.by_hand(&format!("Other.md/{}", id(1, 1)), "other\n");
        let mut server = place.serve();
        let browser = server.browser;
        browser.saved("Garden", "old\n");
        browser.get("/Garden").assert_page(200);
        let before = place.snapshot();
        let form = browser.form("Garden").typed("\nnew\n");
        let taken = if whole { place.data() } else { place.pages() };
        let away = place.path("away");
        fs::rename(&taken, &away).unwrap();

        let refused = form.send(browser, "Garden", "save");
        refused.assert_page(503);
        assert!(refused.body.contains("cannot reach its data directory"), "{}", refused.body);
        assert_eq!(Form::of(&refused), form);
        let new = browser.post("/-/edit/New", &[("content", "\nwords\n"), ("action", "save")]);
        new.assert_page(503);
        assert_eq!(new.text_given_back().as_deref(), Some("\nwords\n"));
        // What was read before is still shown, and what was not is no 404: it may well exist.
        browser.get("/Garden").assert_page(200);
        let unknown = browser.get("/Unknown");
        unknown.assert_page(503);
        assert!(!unknown.body.contains("could not be saved"), "{}", unknown.body);
        assert!(!taken.exists(), "the server makes no new one");
        server.assert_runs();

        fs::rename(&away, &taken).unwrap();
        assert_eq!(Form::of(&refused).send(browser, "Garden", "save").status, 303);
        assert_eq!(browser.raw("Garden"), "\nnew\n");
        assert_eq!(browser.raw("Other"), "other\n");
        browser.get("/Unknown").assert_page(404);
        place.assert_kept(&before);
        // It is still followed.
        place.by_hand(&format!("Other.md/{}", id(2, 1)), "by hand\n");
        eventually("a change after the return is seen", || browser.raw("Other") == "by hand\n");
        assert_eq!(place.check(), []);
        server.assert_runs();
    }
}

#[test]
fn a_copy_of_the_pages_in_their_place_is_taken_for_what_it_holds() {
    let place = Place::new();
    let mut server = place.serve();
    let browser = server.browser;
    browser.saved("Garden", "old\n");
    let copy = place.path("copy");
    assert!(Command::new("cp").arg("-r").arg(place.pages()).arg(&copy).status().unwrap().success());
    fs::create_dir(copy.join("Came.md")).unwrap();
    fs::write(copy.join("Came.md").join(id(1, 1)), "came along\n").unwrap();
    fs::rename(place.pages(), place.path("before")).unwrap();
    fs::rename(copy, place.pages()).unwrap();
    eventually("the copy is shown", || browser.raw("Came") == "came along\n");
    assert_eq!(browser.raw("Garden"), "old\n");
    browser.saved("Garden", "new\n");
    place.by_hand(&format!("Came.md/{}", id(2, 1)), "by hand\n");
    eventually("the copy is followed", || browser.raw("Came") == "by hand\n");
    server.assert_runs();
}

#[test]
fn two_servers_on_one_directory_see_each_others_saves() {
    let place = Place::new();
    let (mut one, mut two) = (place.serve(), place.serve());
    let (a, b) = (one.browser, two.browser);
    a.saved("Garden", "one\n");
    assert_eq!(b.raw("Garden"), "one\n", "what the other acknowledged is there at once");
    let stale = a.form("Garden").typed("\nmine\n");
    b.saved("Garden", "two\n");
    let waits = stale.send(a, "Garden", "save");
    assert!(waits.location.contains("/-/merge/Garden?mine=2-"), "{waits:?}");
    assert_eq!(a.raw("Garden"), "two\n");
    assert_ne!(a.conflicts(), serde_json::json!([]));
    eventually("the other has the conflict, too", || b.conflicts() == a.conflicts());
    one.assert_runs();
    two.assert_runs();
    assert_eq!(place.check(), []);
}

#[test]
fn savers_at_two_servers_on_one_directory_lose_nothing_and_agree() {
    const SAVERS: usize = 6;
    const EACH: usize = 8;
    let place = Place::new();
    let (mut one, mut two) = (place.serve(), place.serve());
    let save = |browser: Browser, saver: usize, n: usize| {
        let text = format!("saver {saver} edit {n}\n");
        let form = browser.form("Garden").typed(&text);
        let page = form.send(browser, "Garden", "save");
        assert_eq!(page.status, 303, "{}", page.body);
        (form.nonce, text)
    };
    let acknowledged: Vec<(String, String)> = std::thread::scope(|scope| {
        let savers: Vec<_> = (0..SAVERS)
            .map(|saver| {
                let browser = if saver % 2 == 0 { one.browser } else { two.browser };
                scope.spawn(move || (0..EACH).map(|n| save(browser, saver, n)).collect::<Vec<_>>())
            })
            .collect();
        savers.into_iter().flat_map(|s| s.join().unwrap()).collect()
    });
    let files = place.snapshot();
    for (nonce, text) in &acknowledged {
        let form = format!("\nForm: {nonce}\n");
        let sent_as = |path: &std::path::Path, bytes: &[u8]| {
            path.to_string_lossy().ends_with(nonce.as_str())
                || String::from_utf8_lossy(bytes).contains(&form)
        };
        let file = files.iter().find(|(path, bytes)| sent_as(path, bytes));
        let (_, bytes) = file.unwrap_or_else(|| panic!("lost: {text}"));
        assert!(bytes.ends_with(format!("\n\n{text}").as_bytes()), "altered: {text}");
    }
    assert_eq!(files.values().filter(|b| !b.is_empty()).count(), SAVERS * EACH);
    eventually("both show the same", || {
        one.browser.raw("Garden") == two.browser.raw("Garden")
            && one.browser.conflicts() == two.browser.conflicts()
    });
    one.assert_runs();
    two.assert_runs();
    assert_eq!(place.check(), []);
}
