//! Versions that wait: two, three, very many, deletions, and files that are no texts.

use super::*;

#[tokio::test]
async fn two_versions_are_merged_and_the_conflict_is_gone_everywhere() {
    let site = TestSite::new();
    let [_, waits, shown] = two_versions(&site, "a\n\nb\n", "a\n\nb of Bob\n", "a\n\nb of Cleo\n");
    assert_eq!(inbox(&site).await, ["Garden.md"]);
    let page = site.get("/-/merge/Garden").await;
    assert!(page.body.contains("Garden: two versions"));
    assert!(page.body.contains("Cleo and Bob both changed one place."), "{}", page.body);
    assert!(page.body.contains("Why is Cleo’s version current?"));
    let form = Form::of(&page).choose(&page, "Bob");
    let saved = form.press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(saved.saved_at(), Some("/Garden?saved=merged"));
    assert_eq!(site.content("Garden.md"), "a\n\nb of Bob\n");
    assert_eq!(inbox(&site).await, [] as [&str; 0]);
    let document = site.document("Garden.md").unwrap();
    let mut parents = document.winner().unwrap().parents.clone();
    parents.sort();
    assert_eq!(parents, [waits, shown]);
    // What was merged is taken back with one press: the page, and the version that waited.
    let after_it = site.get(saved.location().unwrap()).await;
    let undo = Form::read(after(&after_it, "<form class=\"notice-actions\""));
    undo.press(&site, "/-/merge/Garden", "undo").await;
    assert_eq!(site.content("Garden.md"), "a\n\nb of Cleo\n");
    assert_eq!(inbox(&site).await, ["Garden.md"]);
    let again = site.get("/-/merge/Garden").await;
    assert!(again.body.contains("b of Bob"), "{}", again.body);
    // Whoever took it back wrote neither.
    assert!(again.body.contains("Cleo and Bob both changed one place."), "{}", again.body);
}

#[tokio::test]
async fn the_page_is_kept_or_the_other_taken_and_either_is_undone() {
    for (action, text) in [("keep", "shown\n"), ("take", "waits\n")] {
        let site = TestSite::new();
        let [_, waits, _] = two_versions(&site, "a\n", "waits\n", "shown\n");
        let form = Form::of(&site.get("/-/merge/Garden").await);
        let button = if action == "keep" { action.to_owned() } else { format!("take:{waits}") };
        let mut done = form.press(&site, "/-/merge/Garden", &button).await;
        assert_eq!(done.saved_at(), Some("/Garden?saved=settled"), "{action}");
        done = form.press(&site, "/-/merge/Garden", &button).await;
        assert_eq!(done.saved_at(), Some("/Garden?saved=settled"), "{action}");
        assert_eq!(site.content("Garden.md"), text, "{action}");
        assert_eq!(inbox(&site).await, [] as [&str; 0], "{action}");
        assert_eq!(site.document("Garden.md").unwrap().revision_count(), 4, "{action}");
        let page = site.get(done.location().unwrap()).await;
        let undo = Form::read(after(&page, "<form class=\"notice-actions\""));
        undo.press(&site, "/-/merge/Garden", "undo").await;
        assert_eq!(site.content("Garden.md"), "shown\n", "{action}");
        assert_eq!(inbox(&site).await, ["Garden.md"], "{action}");
    }
}

/// A page in several versions made from one text; the last author's is shown.
fn versions(site: &TestSite, base: &str, texts: &[&str]) {
    let base = Some(site.save("Garden.md", base));
    let authors = ["Ada", "Bob", "Cleo", "Dora", "Eve"];
    for (author, text) in authors.iter().zip(texts) {
        site.save_on("Garden.md", author, base, text);
    }
}

const FOUR: &str = "one\n\ntwo\n\nthree\n\nfour\n";

#[tokio::test]
async fn five_heads_with_three_places_are_one_visit() {
    let site = TestSite::new();
    versions(
        &site,
        FOUR,
        &[
            "one of Ada\n\ntwo\n\nthree\n\nfour\n",
            "one of Bob\n\ntwo of Bob\n\nthree\n\nfour\n",
            "one\n\ntwo of Cleo\n\nthree of Cleo\n\nfour\n",
            "one\n\ntwo\n\nthree of Dora\n\nfour\n",
            "one\n\ntwo\n\nthree\n\nfour of Eve\n",
        ],
    );
    let page = site.get("/-/merge/Garden").await;
    assert!(page.body.contains("Garden: five versions"), "{}", page.body);
    assert!(page.body.contains("Five versions differ in three places."), "{}", page.body);
    let form = Form::of(&page).choose(&page, "Ada").choose(&page, "Cleo").choose(&page, "Dora");
    let saved = form.press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(saved.saved_at(), Some("/Garden?saved=merged"));
    let text = site.content("Garden.md");
    assert!(text.contains("one of Ada\n") && text.ends_with("four of Eve\n"), "{text}");
    assert_eq!(inbox(&site).await, [] as [&str; 0]);
    assert_eq!(site.document("Garden.md").unwrap().winner().unwrap().parents.len(), 5);
    let page = site.get(saved.location().unwrap()).await;
    assert!(page.body.contains("Saved. Five versions are merged."), "{}", page.body);
    assert!(page.body.contains("Merge five versions"), "{}", page.body);
}

#[tokio::test]
async fn who_wrote_the_same_is_named_together() {
    let site = TestSite::new();
    versions(&site, "a\n", &["x\n", "x\n", "y\n"]);
    let page = site.get("/-/merge/Garden").await;
    let form = Form::of(&page).choose(&page, "Bob and Ada");
    form.press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(site.content("Garden.md"), "x\n");
}

#[tokio::test]
async fn versions_that_fit_together_need_no_choice() {
    let site = TestSite::new();
    versions(
        &site,
        FOUR,
        &["one of Ada\n\ntwo\n\nthree\n\nfour\n", "one\n\ntwo\n\nthree\n\nfour!\n"],
    );
    let page = site.get("/-/merge/Garden").await;
    assert!(page.body.contains("The changes don’t overlap."), "{}", page.body);
    let form = Form::of(&page);
    for _ in 0..2 {
        let saved = form.press(&site, "/-/merge/Garden", "save").await;
        assert_eq!(saved.saved_at(), Some("/Garden?saved=merged"));
    }
    assert_eq!(site.content("Garden.md"), "one of Ada\n\ntwo\n\nthree\n\nfour!\n");
    assert_eq!(site.document("Garden.md").unwrap().revision_count(), 4);
}

#[tokio::test]
async fn a_deletion_against_an_edit_is_said_to_be_one() {
    let site = TestSite::new();
    two_versions(&site, "a\n", "edited\n", "");
    let page = site.get("/-/merge/Garden").await;
    assert!(page.body.contains("Cleo deleted this page and Bob edited it."), "{}", page.body);
    let form = Form::of(&page).choose(&page, "Keep the page with Bob’s changes");
    assert_eq!(form.press(&site, "/-/merge/Garden", "save").await.status, 303);
    assert_eq!(site.content("Garden.md"), "edited\n");

    let site = TestSite::new();
    two_versions(&site, "a\n", "", "edited\n");
    let page = site.get("/-/merge/Garden").await;
    assert!(page.body.contains("Bob deleted this page and Cleo edited it."), "{}", page.body);
    let form = Form::of(&page).choose(&page, "Delete the page, as Bob did");
    let done = form.press(&site, "/-/merge/Garden", "save").await;
    // There is no page to go to; its history says what happened.
    assert_eq!(done.saved_at(), Some("/-/history/Garden?saved=merged"));
    assert!(site.document("Garden.md").unwrap().is_deleted());
}

#[tokio::test]
async fn files_in_conflict_are_chosen_byte_for_byte() {
    let site = TestSite::new();
    let first = site.save("plan.png", b"\x89PNG\xff\x00base");
    let bob = site.save_on("plan.png", "Bob", Some(first), b"\x89PNG\xff\x00bob");
    site.save_on("plan.png", "Cleo", Some(first), b"\x89PNG\xff\x00cleo");
    assert_eq!(inbox(&site).await, ["plan.png"]);
    let page = site.get("/-/merge/plan.png").await;
    assert!(page.body.contains(&format!("{bob}?raw")), "{}", page.body);
    assert!(page.body.contains("can’t be merged piece by piece"), "{}", page.body);
    let as_bob = site.get_with("/-/merge/plan.png", "cookie", "author=Bob").await;
    assert!(as_bob.body.contains("Open your version"), "{}", as_bob.body);
    assert!(as_bob.body.contains("Use my version"), "{}", as_bob.body);
    let form = Form::of(&page);
    let none = form.press(&site, "/-/merge/plan.png", "save").await;
    assert_eq!(none.status, 422);
    assert!(none.body.contains("Choose a version first."));
    let done = form.choose(&page, "Bob").press(&site, "/-/merge/plan.png", "save").await;
    assert_eq!(done.saved_at(), Some("/-/history/plan.png?saved=settled"));
    let document = site.document("plan.png").unwrap();
    let winner = document.winner().unwrap().id;
    assert_eq!(site.site.wiki().content(&document, winner).unwrap(), b"\x89PNG\xff\x00bob");
    assert_eq!(inbox(&site).await, [] as [&str; 0]);
}

#[tokio::test]
async fn a_file_is_not_called_a_page() {
    let site = TestSite::new();
    let first = site.save("plan.txt", "a\n");
    site.save_on("plan.txt", "Bob", Some(first), "edited\n");
    site.save_on("plan.txt", "Cleo", Some(first), "");
    let page = site.get("/-/merge/plan.txt").await;
    assert!(page.body.contains("Cleo deleted this file and Bob edited it."), "{}", page.body);
    for label in ["Delete the file, as Cleo did", "Keep the file with Bob’s changes"] {
        choice(&page, label);
    }
    assert!(!page.body.contains("this page") && !page.body.contains("the page"), "{}", page.body);
}

#[tokio::test]
async fn versions_of_something_damaged_were_not_written_apart() {
    let site = TestSite::new();
    let dir = site.data().join("pages/Garden.md");
    std::fs::create_dir_all(&dir).unwrap();
    let id = |number, last| format!("{number}-7c0f8c5e-52a5-4f60-9d0c-5d2cf0f3b8a{last}");
    let write = |id: String, more: &str, text: &str| {
        std::fs::write(dir.join(&id), format!("Revision: {id}\n{more}\n\n{text}")).unwrap();
    };
    write(id(1, 0), "Length: 999", "a\n\n?\n");
    for (last, author) in [(1, "Bob"), (2, "Cleo")] {
        let header = format!("Parent: {}\nAuthor: {author}", id(1, 0));
        write(id(2, last), &header, &format!("a\n\nb of {author}\n"));
    }
    let page = site.get("/-/merge/Garden").await;
    assert!(page.body.contains("can’t be read, so it is not known"), "{}", page.body);
    assert!(!page.body.contains("written separately"), "{}", page.body);
    let form = Form::of(&page).choose(&page, "Bob");
    form.press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(site.content("Garden.md"), "a\n\nb of Bob\n");
}

#[tokio::test]
async fn a_page_with_one_version_says_so() {
    let site = TestSite::new();
    site.save("Garden.md", "a\n");
    let page = site.get("/-/merge/Garden").await;
    assert!(page.body.contains("There is nothing to merge."), "{}", page.body);
    assert!(!page.body.contains("<form class=\"merge\""));
}

#[tokio::test]
async fn very_many_versions_are_merged_as_many_as_one_revision_can_name() {
    let site = TestSite::new();
    let base = Some(site.save("Garden.md", "a\n\nb\n"));
    for i in 0..260 {
        site.save_on("Garden.md", "Ada", base, format!("a\n\nb\n\nline {i}\n"));
    }
    let page = site.get("/-/merge/Garden").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("don’t fit into one merge"), "{}", &page.body[..3000]);
    // All are counted, and the names of a few stand before the choices.
    assert!(page.body.contains("Garden: 260 versions"), "{}", &page.body[..3000]);
    let people = after(&page, "<ul class=\"merge-people\"");
    let people = &people[..people.find("</ul>").unwrap()];
    assert_eq!(people.matches("<li>").count(), 13, "{people}");
    assert!(people.contains("and 188 more"), "{people}");
    let saved = Form::of(&page).press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(saved.saved_at(), Some("/-/merge/Garden?saved=merged"), "the rest follows at once");
    let rest = site.get(saved.location().unwrap()).await;
    Form::of(&rest).press(&site, "/-/merge/Garden", "save").await;
    let text = site.content("Garden.md");
    for i in 0..260 {
        assert!(text.contains(&format!("line {i}\n")), "{text}");
    }
    assert_eq!(inbox(&site).await, [] as [&str; 0]);
}

#[tokio::test]
async fn of_very_many_places_the_rest_is_taken_from_one_version() {
    let text = |word: &str| {
        let pair = |i| format!("{word} {i}\n\nsame {i}\n\n");
        (0..2_000).map(pair).collect::<Vec<_>>().concat()
    };
    let site = TestSite::new();
    two_versions(&site, &text("beans"), &text("peas"), &text("leeks"));
    let page = site.get("/-/merge/Garden").await;
    assert_eq!(page.body.matches("class=\"place place-open").count(), 200);
    assert!(page.body.contains("The rest of the page"));
    assert!(page.body.contains("both changed at least 200 places."));
    let shown = after(&page, "id=\"choice.200\"").matches("<ins>").count();
    assert!(shown < 200, "{shown} places are shown for the last choice");
    assert!(page.body.len() < 2_000_000, "{}", page.body.len());
    let mut form = Form::of(&page);
    let mut from = 0;
    while let Some(at) = page.body[from..].find("data-key-name=\"2\"") {
        let tag = &page.body[page.body[..from + at].rfind("<input").unwrap()..];
        form = form.with(&attribute(tag, "name").unwrap(), &attribute(tag, "value").unwrap());
        from += at + 1;
    }
    form.press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(site.content("Garden.md"), text("peas"));
}
