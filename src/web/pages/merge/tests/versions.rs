//! Versions that wait: two, three, deletions, and files that are no texts.

use super::*;
use crate::model::path::DocPath;

#[tokio::test]
async fn two_versions_are_merged_and_the_conflict_is_gone_everywhere() {
    let site = TestSite::new();
    let [_, waits, shown] = two_versions(&site, "a\n\nb\n", "a\n\nb of Bob\n", "a\n\nb of Cleo\n");
    assert_eq!(inbox(&site).await, ["Garden.md"]);
    let page = site.get("/-/merge/Garden").await;
    assert!(page.body.contains("Two versions of Garden"));
    assert!(page.body.contains("Why is Cleo’s version shown?"));
    let form = Form::of(&page).with("hunk-0", "both");
    let saved = form.press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(saved.saved_at(), Some("/Garden?saved=merged"));
    assert_eq!(site.content("Garden.md"), "a\n\nb of Cleo\nb of Bob\n");
    assert_eq!(inbox(&site).await, [] as [&str; 0]);
    let document = site.document("Garden.md").unwrap();
    let mut parents = document.winner().unwrap().parents.clone();
    parents.sort();
    assert_eq!(parents, [waits, shown]);
}

#[tokio::test]
async fn the_page_is_kept_or_the_other_taken_and_either_is_undone_from_history() {
    for (action, text) in [("keep", "shown\n"), ("take", "waits\n")] {
        let site = TestSite::new();
        let [_, waits, shown] = two_versions(&site, "a\n", "waits\n", "shown\n");
        let form = Form::of(&site.get("/-/merge/Garden").await);
        for _ in 0..2 {
            let done = form.press(&site, "/-/merge/Garden", action).await;
            assert_eq!(done.location(), Some("/Garden?saved=settled"), "{action}");
        }
        assert_eq!(site.content("Garden.md"), text, "{action}");
        assert_eq!(inbox(&site).await, [] as [&str; 0], "{action}");
        let document = site.document("Garden.md").unwrap();
        assert_eq!(document.revision_count(), 4, "a second press is no revision");
        let lost = if action == "keep" { waits } else { shown };
        let base = document.resolution().winner.unwrap().to_string();
        let (id, nonce) = (lost.to_string(), site.site.wiki().nonces().draw().to_string());
        let fields = [("id", id.as_str()), ("base", &base), ("nonce", &nonce)];
        assert_eq!(site.post("/-/restore/Garden", &fields).await.status, 303);
        let other = if action == "keep" { "waits\n" } else { "shown\n" };
        assert_eq!(site.content("Garden.md"), other, "{action}");
    }
}

/// A page in four versions: Dora's is shown; those of Ada, Bob and Cleo wait.
fn four_versions(site: &TestSite, texts: [&str; 4]) -> Vec<RevisionId> {
    let base = Some(site.save("Garden.md", "one\n\ntwo\n\nthree\n\nfour\n"));
    let authors = ["Ada", "Bob", "Cleo", "Dora"];
    let mut heads: Vec<RevisionId> = authors
        .iter()
        .zip(texts)
        .map(|(author, text)| site.save_on("Garden.md", author, base, text))
        .collect();
    heads.pop();
    heads
}

const APART: [&str; 4] = [
    "one of Ada\n\ntwo\n\nthree\n\nfour\n",
    "one\n\ntwo of Bob\n\nthree\n\nfour\n",
    "one\n\ntwo\n\nthree of Cleo\n\nfour\n",
    "one\n\ntwo\n\nthree\n\nfour of Dora\n",
];

#[tokio::test]
async fn versions_that_fit_together_are_merged_at_once() {
    let site = TestSite::new();
    four_versions(&site, APART);
    let page = site.get("/-/merge/Garden").await;
    assert!(page.body.contains("4 versions of Garden"));
    for name in ["Ada", "Bob", "Cleo", "Dora"] {
        assert!(page.body.contains(name), "{name}");
    }
    let form = Form::about_all(&page);
    for _ in 0..2 {
        let saved = form.press(&site, "/-/merge/Garden", "all").await;
        assert_eq!(saved.saved_at(), Some("/Garden?saved=merged"));
    }
    let all = "one of Ada\n\ntwo of Bob\n\nthree of Cleo\n\nfour of Dora\n";
    assert_eq!(site.content("Garden.md"), all);
    assert_eq!(site.document("Garden.md").unwrap().revision_count(), 6);
    assert_eq!(inbox(&site).await, [] as [&str; 0]);
}

#[tokio::test]
async fn versions_are_merged_one_after_another() {
    let site = TestSite::new();
    let clash = ["Ada\n", "Bob\n", "Cleo\n", "Dora\n"];
    let heads = four_versions(&site, clash);
    let page = site.get("/-/merge/Garden").await;
    assert!(!page.body.contains("Merge all at once"));
    for (i, head) in heads.iter().enumerate() {
        let page = site.get(&format!("/-/merge/Garden?with={head}")).await;
        let form = Form::of(&page).with("hunk-0", "both");
        let saved = form.press(&site, "/-/merge/Garden", "save").await;
        let last = i + 1 == heads.len();
        let to = if last { "/Garden?saved=merged" } else { "/-/merge/Garden?saved=merged" };
        assert_eq!(saved.saved_at(), Some(to));
        assert_eq!(site.document("Garden.md").unwrap().resolution().conflicts.len(), 2 - i);
    }
    let mut lines: Vec<String> = site.content("Garden.md").lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines, ["Ada", "Bob", "Cleo", "Dora"]);
    assert_eq!(inbox(&site).await, [] as [&str; 0]);
}

#[tokio::test]
async fn one_of_several_versions_is_closed_alone() {
    let site = TestSite::new();
    let heads = four_versions(&site, APART);
    let page = site.get("/-/merge/Garden").await;
    let saved = Form::about(&page, heads[1]).press(&site, "/-/merge/Garden", "keep").await;
    assert_eq!(saved.location(), Some("/-/merge/Garden?saved=settled"));
    let document = site.document("Garden.md").unwrap();
    let mut waiting = document.resolution().conflicts.clone();
    waiting.sort();
    let mut expected = vec![heads[0], heads[2]];
    expected.sort();
    assert_eq!(waiting, expected);
    assert_eq!(site.content("Garden.md"), APART[3]);
}

#[tokio::test]
async fn a_deletion_against_an_edit_is_said_to_be_one() {
    let site = TestSite::new();
    two_versions(&site, "a\n", "edited\n", "");
    let page = site.get("/-/merge/Garden").await;
    assert!(page.body.contains("Deleted here by Cleo, edited there by Bob"), "{}", page.body);
    let form = Form::of(&page).with("hunk-0", "yours");
    assert_eq!(form.press(&site, "/-/merge/Garden", "save").await.status, 303);
    assert_eq!(site.content("Garden.md"), "edited\n");

    let site = TestSite::new();
    two_versions(&site, "a\n", "", "edited\n");
    let page = site.get("/-/merge/Garden").await;
    assert!(page.body.contains("Edited here by Cleo, deleted there by Bob"), "{}", page.body);
    let done = Form::of(&page).press(&site, "/-/merge/Garden", "take").await;
    // There is no page to go to; the versions of it say what happened.
    assert_eq!(done.location(), Some("/-/merge/Garden?saved=settled"));
    assert!(site.document("Garden.md").unwrap().is_deleted());
    assert_eq!(site.get("/-/merge/Garden?saved=settled").await.status, 200);
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
    assert!(!page.body.contains("<form class=\"merge\""), "bytes are not merged");
    let done = Form::about(&page, bob).press(&site, "/-/merge/plan.png", "take").await;
    assert_eq!(done.location(), Some("/plan.png?saved=settled"));
    let document = site.document("plan.png").unwrap();
    let winner = document.winner().unwrap().id;
    assert_eq!(site.site.wiki().content(&document, winner).unwrap(), b"\x89PNG\xff\x00bob");
    assert_eq!(inbox(&site).await, [] as [&str; 0]);
}

#[tokio::test]
async fn an_easy_case_is_one_click_in_the_inbox() {
    let site = TestSite::new();
    two_versions(&site, "a\n\nb\n", "a of Bob\n\nb\n", "a\n\nb of Cleo\n");
    let page = site.get("/-/conflicts").await;
    assert!(page.body.contains("merges cleanly"));
    let form = Form::read(after(&page, "<form method=\"post\" action=\"/-/merge/Garden\""));
    for _ in 0..2 {
        let saved = form.press(&site, "/-/merge/Garden", "easy").await;
        assert_eq!(saved.location(), Some("/-/conflicts?saved=merged&page-name=Garden.md"));
    }
    assert_eq!(site.content("Garden.md"), "a of Bob\n\nb of Cleo\n");
    let after = site.get("/-/conflicts?saved=merged&page-name=Garden.md").await;
    assert!(after.body.contains("Everything fits together"));
    assert!(after.body.contains("It can be undone from its"));
}

#[tokio::test]
async fn the_inbox_names_what_was_done_whatever_its_name() {
    let site = TestSite::new();
    for name in ["C++ & more.md", "a+b.png"] {
        let first = Some(site.save(name, "a\n"));
        site.save_on(name, "Bob", first, "b\n");
        site.save_on(name, "Cleo", first, "c\n");
        let address = format!("/-/merge/{}", DocPath::new(name).unwrap().address());
        let page = site.get(&format!("{address}?back=inbox")).await;
        let form = Form::of(&page);
        let done = form.press(&site, &address, "keep").await;
        let inbox = site.get(done.location().unwrap()).await;
        let link = format!("<a href=\"/{}\"", DocPath::new(name).unwrap().address());
        let link = link.replace('&', "&#38;");
        assert!(inbox.body.contains(&link), "{name}: {}", inbox.body);
    }
}

#[tokio::test]
async fn the_inbox_is_filtered_and_sorted() {
    let site = TestSite::new();
    for (name, easy) in [("Beans.md", true), ("Peas.md", false)] {
        let first = Some(site.save(name, "a\n\nb\n"));
        site.save_on(name, "Bob", first, if easy { "a!\n\nb\n" } else { "a?\n\nb\n" });
        site.save_on(name, "Cleo", first, if easy { "a\n\nb!\n" } else { "a!\n\nb\n" });
    }
    let paths = async |query: &str| {
        let json = site.get(&format!("/-/api/v1/conflicts{query}")).await.json();
        let entries = json.as_array().unwrap().clone();
        entries.iter().map(|e| e["path"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(paths("").await, ["Beans.md", "Peas.md"]);
    assert_eq!(paths("?show=clean").await, ["Beans.md"]);
    assert_eq!(paths("?q=pea").await, ["Peas.md"]);
    assert_eq!(paths("?q=nothing").await, [] as [&str; 0]);
    let page = site.get("/-/conflicts?q=nothing").await;
    assert!(page.body.contains("?q=nothing") && !page.body.contains("?&"));
    assert!(page.body.contains("No waiting version matches"));
}
