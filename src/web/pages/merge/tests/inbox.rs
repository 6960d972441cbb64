//! The inbox, and going through it.

use super::*;
use crate::model::path::DocPath;

/// A page in two versions made from one text, and the name of a page.
fn conflict(site: &TestSite, name: &str, base: &str, bob: &str, cleo: &str) {
    let first = Some(site.save(name, base));
    site.save_on(name, "Bob", first, bob);
    site.save_on(name, "Cleo", first, cleo);
}

const BASE: &str = "a\n\nx\n\nb\n\ny\n\nc\n";

/// One page of each kind.
fn all_kinds(site: &TestSite) {
    let three = |w: &str| format!("a {w}\n\nx\n\nb {w}\n\ny\n\nc {w}\n");
    conflict(site, "Three.md", BASE, &three("Bob"), &three("Cleo"));
    conflict(site, "One.md", "a\n", "b\n", "c\n");
    conflict(site, "Clean.md", "a\n\nx\n\nb\n", "a!\n\nx\n\nb\n", "a\n\nx\n\nb!\n");
    conflict(site, "Space.md", "a\n", "a \n", "a  \n");
    conflict(site, "Added.md", "a\n", "a\nb\n", "a\nc\n");
    conflict(site, "Deleted.md", "a\n", "b\n", "");
}

#[tokio::test]
async fn the_button_says_what_it_does_and_the_easiest_come_first() {
    let site = TestSite::new();
    all_kinds(&site);
    let names = ["Three.md", "One.md", "Deleted.md", "Clean.md", "Space.md", "Added.md"];
    let order = inbox(&site).await;
    let place = |name: &str| order.iter().position(|n| n == name).unwrap();
    assert!(names.iter().all(|name| order.contains(&(*name).to_owned())));
    assert_eq!(place("Three.md"), 5);
    assert!(place("Clean.md") < 2 && place("Space.md") < 2 && place("Added.md") == 2, "{order:?}");
    let page = site.get("/-/conflicts").await;
    for words in [
        "aria-label=\"Merge Clean\"",
        "aria-label=\"Merge Space\"",
        "aria-label=\"Review Added\"",
        "aria-label=\"Resolve Deleted\"",
        "aria-label=\"Resolve One\"",
        "3 choices",
        "1 choice: same words<",
        "white space only",
        "both added lines",
        "deleted by Cleo",
        "changes don’t overlap",
    ] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    let json = site.get("/-/api/v1/conflicts").await.json();
    assert_eq!(json[5]["choices"], 3);
    let clean = site.get("/-/api/v1/conflicts?show=clean").await.json();
    assert_eq!(clean.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn my_versions_are_marked_and_can_be_shown_alone() {
    let site = TestSite::new();
    conflict(&site, "One.md", "a\n", "b\n", "c\n");
    site.save_on("Two.md", "Ann", None, "a\n");
    site.save_on("Two.md", "Ben", None, "b\n");
    let page = site.get_with("/-/conflicts", "cookie", "author=bob").await;
    assert_eq!(page.body.matches(">yours<").count(), 1, "{}", page.body);
    let bobs = after(&page, "<bdi>Bob</bdi>");
    assert!(bobs.find(">yours<") < bobs.find("</li>"), "{bobs}");
    let mine = site.get_with("/-/conflicts?show=mine", "cookie", "author=bob").await;
    assert!(mine.body.contains("/-/merge/One") && !mine.body.contains("/-/merge/Two"));
    // Whoever has no name yet has no versions either.
    assert!(!site.get("/-/conflicts").await.body.contains(">yours<"));
}

#[tokio::test]
async fn what_needs_no_choice_is_one_click() {
    let site = TestSite::new();
    two_versions(&site, "a\n\nb\n", "a of Bob\n\nb\n", "a\n\nb of Cleo\n");
    let page = site.get("/-/conflicts").await;
    let form = Form::read(after(&page, "<form method=\"post\" action=\"/-/merge/Garden\""));
    for _ in 0..2 {
        let saved = form.press(&site, "/-/merge/Garden", "save").await;
        assert_eq!(saved.saved_at(), Some("/-/conflicts?saved=merged&page-name=Garden.md"));
    }
    assert_eq!(site.content("Garden.md"), "a of Bob\n\nb of Cleo\n");
    let to = form.press(&site, "/-/merge/Garden", "save").await;
    let after_it = site.get(to.location().unwrap()).await;
    assert!(after_it.body.contains("No conflicts"));
    assert!(after_it.body.contains("is resolved.") && after_it.body.contains("Undo"));
}

#[tokio::test]
async fn after_one_conflict_comes_the_next_with_a_way_to_undo() {
    let site = TestSite::new();
    conflict(&site, "One.md", "a\n", "b\n", "c\n");
    conflict(&site, "Two.md", "a\n\nx\n\nb\n", "a!\n\nx\n\nb!\n", "a?\n\nx\n\nb?\n");
    let page = site.get("/-/merge/One?back=inbox").await;
    let form = Form::of(&page).choose(&page, "Bob");
    let done = form.press(&site, "/-/merge/One", "save").await;
    assert_eq!(done.saved_at(), Some("/-/merge/Two?back=inbox&done=One.md"));
    let next = site.get(done.location().unwrap()).await;
    assert!(next.body.contains("<a href=\"/One\">One</a> is resolved."), "{}", next.body);
    let undo = Form::read(after(&next, "<form class=\"notice-actions\""));
    let back = undo.press(&site, "/-/merge/One", "undo").await;
    assert_eq!(back.location(), Some("/-/merge/One?saved=undone&back=inbox"));
    let again = site.get("/-/merge/One?saved=undone&back=inbox").await;
    let said = "Undone. The page is as it was before, and one version is unmerged again.";
    assert!(again.body.contains(said), "{}", again.body);
    assert_eq!(site.content("One.md"), "c\n");
    // The last one leads to the list.
    let page = site.get("/-/merge/One?back=inbox").await;
    let form = Form::of(&page).choose(&page, "Bob");
    form.press(&site, "/-/merge/One", "save").await;
    let keep = Form::of(&site.get("/-/merge/Two?back=inbox").await);
    let done = keep.press(&site, "/-/merge/Two", "keep").await;
    assert_eq!(done.saved_at(), Some("/-/conflicts?saved=settled&page-name=Two.md"));
}

#[tokio::test]
async fn several_merges_are_looked_at_and_done_together() {
    let site = TestSite::new();
    all_kinds(&site);
    let list = site.get("/-/conflicts").await;
    assert!(list.body.contains("Merge 2 pages…"), "{}", list.body);
    let preview = site.get("/-/conflicts?merge=1").await;
    assert!(preview.body.contains("Merge selected pages"), "{}", preview.body);
    let form = after(&preview, "<form method=\"post\"");
    let mut fields = vec![("nonce".to_owned(), preview.field("nonce").unwrap())];
    for tag in form.split("<input type=\"checkbox\"").skip(1) {
        fields.push(("page".to_owned(), attribute(tag, "value").unwrap()));
    }
    assert_eq!(fields.len(), 3);
    let none = site.post("/-/conflicts", &[("nonce", &*fields[0].1)]).await;
    assert!(none.body.contains("Nothing merged") && none.body.contains("No page was selected."));
    // One of them changes before the button is pressed.
    site.save_as("Space.md", "Dora", "other\n");
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    for _ in 0..2 {
        let done = site.post("/-/conflicts", &fields).await;
        assert_eq!(done.status, 200, "{}", done.body);
        assert!(done.body.contains("One page merged"), "{}", done.body);
        assert!(done.body.contains("Not merged: It has changed since."), "{}", done.body);
        assert!(done.body.contains("aria-label=\"Undo Clean\""), "{}", done.body);
    }
    assert_eq!(site.content("Clean.md"), "a!\n\nx\n\nb!\n");
    assert_eq!(site.content("Space.md"), "other\n");
    // What has to be looked at is not merged unseen, whatever a form says.
    let json = site.get("/-/api/v1/conflicts").await.json();
    let added = json.as_array().unwrap().iter().find(|e| e["path"] == "Added.md").unwrap();
    let ids = format!(
        "{} {}",
        added["winner"].as_str().unwrap(),
        added["conflicts"][0].as_str().unwrap()
    );
    let value = format!("{ids} Added.md");
    let nonce = site.site.wiki().nonces().draw().to_string();
    let done = site.post("/-/conflicts", &[("nonce", &nonce), ("page", &value)]).await;
    assert!(done.body.contains("It has to be looked at."), "{}", done.body);
    assert_eq!(site.content("Added.md"), "a\nc\n");
}

#[tokio::test]
async fn the_feed_has_an_entry_for_each_conflict() {
    let site = TestSite::new();
    all_kinds(&site);
    let feed = site.get("/-/conflicts.atom").await;
    assert_eq!(feed.header("content-type"), Some("application/atom+xml; charset=utf-8"));
    assert_eq!(feed.body.matches("<entry>").count(), 6);
    assert!(feed.body.contains("Three (3 choices)") && feed.body.contains("/-/merge/Three"));
    let tag = feed.header("etag").unwrap().to_owned();
    assert_eq!(site.get_with("/-/conflicts.atom", "if-none-match", &tag).await.status, 304);
    assert!(site.get("/-/conflicts").await.body.contains("href=\"/-/conflicts.atom\""));
}

#[tokio::test]
async fn the_inbox_names_what_was_done_whatever_its_name() {
    let site = TestSite::new();
    for name in ["C++ & more.md", "a+b.png"] {
        conflict(&site, name, "a\n", "b\n", "c\n");
        let address = format!("/-/merge/{}", DocPath::new(name).unwrap().address());
        let page = site.get(&format!("{address}?back=inbox")).await;
        let done = Form::of(&page).press(&site, &address, "keep").await;
        let inbox = site.get(done.location().unwrap()).await;
        let link = format!("<a href=\"/{}\"", DocPath::new(name).unwrap().address());
        let link = link.replace('&', "&#38;");
        assert!(inbox.body.contains(&link), "{name}: {}", inbox.body);
    }
}
