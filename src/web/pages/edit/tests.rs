use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::web::test_support::{Page, TestSite};

/// The fields of a form as a browser sends them back, with some of them typed anew.
fn fill<'a>(form: &'a [(String, String)], typed: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = form.iter().map(|(n, v)| (n.as_str(), v.as_str()));
    kept.filter(|(n, _)| typed.iter().all(|(t, _)| t != n)).chain(typed.iter().copied()).collect()
}

fn form_of(page: &Page) -> Vec<(String, String)> {
    let names = ["base", "nonce", "content", "summary", "author"];
    names
        .iter()
        .map(|n| {
            let value = page.field(n).unwrap_or_else(|| panic!("no field {n} in {}", page.body));
            ((*n).to_owned(), value)
        })
        .collect()
}

#[tokio::test]
async fn a_page_is_edited_and_saved() {
    let site = TestSite::new();
    let first = site.save("Projects/Garden.md", "# Garden\n");
    let page = site.get("/-/edit/Projects/Garden").await;
    assert_eq!(page.status, 200);
    let form = form_of(&page);
    assert_eq!(page.field("base"), Some(first.to_string()));
    assert_eq!(page.field("content").as_deref(), Some("# Garden\n"));
    let typed = [("content", "# Garden\r\n\r\nBeans\r\n"), ("author", "Ben"), ("summary", "beans")];
    let saved = site.post("/-/edit/Projects/Garden", &fill(&form, &typed)).await;
    assert_eq!(saved.saved_at(), Some("/Projects/Garden?saved=1"));
    assert!(saved.header("set-cookie").unwrap().starts_with("author=Ben;"));
    assert_eq!(site.content("Projects/Garden.md"), "# Garden\n\nBeans\n");
    let document = site.document("Projects/Garden.md").unwrap();
    let winner = document.winner().unwrap();
    assert_eq!(winner.parents, [first]);
    assert_eq!((winner.author.as_str(), winner.summary.as_str()), ("Ben", "beans"));
    assert_eq!(winner.id.nonce().to_string(), page.field("nonce").unwrap());
}

#[tokio::test]
async fn a_browser_is_led_to_the_form_of_one_base_which_stays_the_same() {
    let site = TestSite::new();
    let (accept, pages) = ("accept", "text/html,*/*;q=0.8");
    let new = site.get_with("/-/edit/Garden", accept, pages).await;
    assert_eq!((new.status, new.location()), (303, Some("/-/edit/Garden?from=new")));
    let first = site.save("Garden.md", "one");
    let at_first = format!("/-/edit/Garden?from={first}");
    for asked in [
        "/-/edit/Garden",
        "/-/edit/Garden?from=x",
        "/-/edit/Garden?from=7-00000000-0000-4000-8000-000000000000",
    ] {
        assert_eq!(
            site.get_with(asked, accept, pages).await.location(),
            Some(at_first.as_str()),
            "{asked}"
        );
    }
    let page = site.get_with(&at_first, accept, pages).await;
    assert!(page.status == 200 && !page.body.contains("has changed since"));
    let second = site.save("Garden.md", "two");
    // The page moves on; what is at the address does not, and says so.
    for (from, text) in
        [(first.to_string(), "one"), (second.to_string(), "two"), ("new".to_owned(), "")]
    {
        let page = site.get_with(&format!("/-/edit/Garden?from={from}"), accept, pages).await;
        assert_eq!(page.field("content").as_deref(), Some(text));
        let base = if from == "new" { "" } else { &from };
        assert_eq!(page.field("base").as_deref(), Some(base));
        assert_eq!(
            page.body.contains("The page has changed since this version."),
            from == first.to_string()
        );
        assert_eq!(page.body.contains("There’s now a page with this name."), from == "new");
    }
    // What is said there is so.
    let nonce = "6f1c1b4e-7f9e-4d0a-9a53-2c1b0f6f7a10";
    let late = [("content", "of mine"), ("base", ""), ("nonce", nonce)];
    let saved = site.post("/-/edit/Garden", &late).await;
    assert!(saved.location().unwrap().contains("/-/merge/Garden?mine="), "{:?}", saved.location());
    assert_eq!(site.content("Garden.md"), "two");
}

#[tokio::test]
async fn a_form_that_is_sent_twice_is_one_revision() {
    let site = TestSite::new();
    site.save("Garden.md", "one");
    let form = form_of(&site.get("/-/edit/Garden").await);
    for _ in 0..2 {
        let saved = site.post("/-/edit/Garden", &fill(&form, &[("content", "two")])).await;
        assert_eq!(saved.status, 303);
    }
    let again = site.post("/-/edit/Garden", &fill(&form, &[("content", "two")])).await;
    assert_eq!(again.status, 303);
    assert_eq!(site.document("Garden.md").unwrap().revision_count(), 2);
}

#[tokio::test]
async fn a_new_page_begins_empty_and_the_same_text_again_is_no_revision() {
    let site = TestSite::new();
    let page = site.get("/-/edit/Garden").await;
    assert_eq!(
        (page.field("base").as_deref(), page.field("content").as_deref()),
        (Some(""), Some(""))
    );
    let form = form_of(&page);
    let saved = site.post("/-/edit/Garden", &fill(&form, &[("content", "text")])).await;
    assert_eq!(saved.saved_at(), Some("/Garden?saved=1"));
    let form = form_of(&site.get("/-/edit/Garden").await);
    let same = site.post("/-/edit/Garden", &fill(&form, &[])).await;
    assert_eq!(same.location(), Some("/Garden?saved=same"));
    assert_eq!(site.document("Garden.md").unwrap().revision_count(), 1);
}

#[tokio::test]
async fn what_is_in_the_form_is_the_text_whatever_it_contains() {
    let site = TestSite::new();
    for (i, text) in
        ["\n\nbegins with empty lines\n", "</textarea><b>&amp; <", "\u{feff}ü\u{202e}x", "a\u{c}b"]
            .iter()
            .enumerate()
    {
        site.save(&format!("P{i}.md"), text);
        let page = site.get(&format!("/-/edit/P{i}")).await;
        assert_eq!(page.field("content").as_deref(), Some(*text));
        assert!(!page.body.contains("</textarea><b>"));
    }
}

#[tokio::test]
async fn a_text_for_a_page_that_moved_on_is_saved_and_waits_on_the_merge_screen() {
    let site = TestSite::new();
    let first = site.save("Garden.md", "one");
    let form = form_of(&site.get("/-/edit/Garden").await);
    let theirs = site.save_as("Garden.md", "Bob", "theirs");
    for _ in 0..3 {
        let saved = site.post("/-/edit/Garden", &fill(&form, &[("content", "mine")])).await;
        let document = site.document("Garden.md").unwrap();
        let [mine] = document.resolution().conflicts[..] else { panic!("{document:?}") };
        assert_eq!(saved.location(), Some(&*format!("/-/merge/Garden?mine={mine}")));
        assert_eq!((document.revision_count(), document.resolution().winner), (3, Some(theirs)));
        assert_eq!(document.revision(mine).unwrap().parents, [first]);
        assert_eq!(site.site.wiki().text(&document, mine).unwrap(), "mine");
        assert_eq!(site.get(saved.location().unwrap()).await.status, 200);
    }
    assert_eq!(site.content("Garden.md"), "theirs");
}

#[tokio::test]
async fn changes_in_other_lines_are_merged_by_the_save() {
    let site = TestSite::new();
    site.save("Garden.md", "one\n\ntwo\n");
    let form = form_of(&site.get("/-/edit/Garden").await);
    site.save_as("Garden.md", "Bob", "one!\n\ntwo\n");
    for _ in 0..3 {
        let typed = [("content", "one\n\ntwo!\n")];
        let saved = site.post("/-/edit/Garden", &fill(&form, &typed)).await;
        assert_eq!(saved.saved_at(), Some("/Garden?saved=both"));
        assert_eq!(site.content("Garden.md"), "one!\n\ntwo!\n");
        assert_eq!(site.document("Garden.md").unwrap().revision_count(), 4);
    }
}

#[tokio::test]
async fn a_form_without_base_never_replaces_what_readers_see() {
    let site = TestSite::new();
    site.save("Garden.md", "theirs");
    let saved = site.post("/-/edit/Garden", &[("content", "mine")]).await;
    assert!(saved.location().unwrap().starts_with("/-/merge/Garden?mine=1-"));
    assert_eq!(site.content("Garden.md"), "theirs");
    let new = site.post("/-/edit/Other", &[("content", "mine")]).await;
    assert_eq!(new.saved_at(), Some("/Other?saved=1"));
}

#[tokio::test]
async fn a_made_up_base_cannot_outrank_the_page() {
    let site = TestSite::new();
    site.save("Garden.md", "theirs");
    for (name, text) in [("Garden", "mine"), ("New", "new")] {
        let fields =
            [("content", text), ("base", "9007199254740990-f47ac10b-58cc-4372-a567-0e02b2c3d479")];
        let saved = site.post(&format!("/-/edit/{name}"), &fields).await;
        assert_eq!(saved.status, 303);
        let document = site.document(&format!("{name}.md")).unwrap();
        assert!(document.revisions().all(|r| r.id.number() == 1));
    }
}

#[tokio::test]
async fn a_base_or_name_that_makes_no_sense_gives_the_text_back() {
    let site = TestSite::new();
    let broken = site.post("/-/edit/Garden", &[("content", "my words"), ("base", "x")]).await;
    assert_eq!(broken.status, 400);
    assert!(broken.body.contains("my words"));
    for name in ["%FF", ".hidden", "a/%2e%2e/b"] {
        let broken = site.post(&format!("/-/edit/{name}"), &[("content", "my words")]).await;
        assert_eq!(broken.status, 400, "{name}");
        assert!(broken.body.contains("my words"), "{name}: {}", broken.body);
    }
}

#[tokio::test]
async fn a_deleted_page_is_written_anew_on_its_deletion() {
    let site = TestSite::new();
    site.save("Garden.md", "one");
    let tombstone = site.save("Garden.md", "");
    let page = site.get("/-/edit/Garden").await;
    assert!(page.body.contains("This page was deleted by Ada"));
    assert_eq!(page.field("base"), Some(tombstone.to_string()));
    let form = form_of(&page);
    let saved = site.post("/-/edit/Garden", &fill(&form, &[("content", "again")])).await;
    assert_eq!(saved.saved_at(), Some("/Garden?saved=1"));
    assert_eq!(site.document("Garden.md").unwrap().winner().unwrap().parents, [tombstone]);
}

#[tokio::test]
async fn an_empty_text_deletes_only_when_confirmed() {
    let site = TestSite::new();
    site.save("Garden.md", "one");
    let form = form_of(&site.get("/-/edit/Garden").await);
    let typed = [("content", " \r\n"), ("summary", "gone")];
    let asked = site.post("/-/edit/Garden", &fill(&form, &typed)).await;
    assert_eq!(asked.status, 200);
    assert!(asked.body.contains("Saving an empty page deletes it"));
    assert_eq!(site.content("Garden.md"), "one");
    let mut confirmed: Vec<_> = ["base", "nonce", "summary", "author", "confirm"]
        .map(|n| (n, asked.field(n).unwrap()))
        .into();
    confirmed.push(("content", String::new()));
    let fields: Vec<_> = confirmed.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let deleted = site.post("/-/edit/Garden", &fields).await;
    assert_eq!(deleted.saved_at(), Some("/Garden?saved=1"));
    let document = site.document("Garden.md").unwrap();
    assert!(document.is_deleted());
    assert_eq!(document.winner().unwrap().summary, "gone");
}

#[tokio::test]
async fn an_empty_text_makes_no_page() {
    let site = TestSite::new();
    let form = form_of(&site.get("/-/edit/Garden").await);
    let refused = site.post("/-/edit/Garden", &fill(&form, &[("summary", "why")])).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.field("summary").as_deref(), Some("why"));
    assert!(site.document("Garden.md").is_none());
}

#[tokio::test]
async fn a_preview_saves_nothing_and_keeps_the_form() {
    let site = TestSite::new();
    let form = form_of(&site.get("/-/edit/Garden").await);
    let typed = [("content", "**bold**"), ("summary", "s"), ("action", "preview")];
    let sent = fill(&form, &typed);
    let page = site.post("/-/edit/Garden", &sent).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("<strong>bold</strong>"));
    for (name, value) in sent.iter().filter(|(n, _)| *n != "action") {
        assert_eq!(page.field(name).as_deref(), Some(*value), "{name}");
    }
    assert!(site.document("Garden.md").is_none());
}

#[tokio::test]
async fn line_ends_stay_as_the_file_has_them() {
    let site = TestSite::new();
    site.save("Garden.md", "one\r\ntwo\r\n");
    let page = site.get("/-/edit/Garden").await;
    assert_eq!(page.field("content").as_deref(), Some("one\ntwo\n"));
    let form = form_of(&page);
    let same = site.post("/-/edit/Garden", &fill(&form, &[("content", "one\r\ntwo\r\n")])).await;
    assert_eq!(same.location(), Some("/Garden?saved=same"));
    site.post("/-/edit/Garden", &fill(&form, &[("content", "one\r\ntwo\r\nthree\r\n")])).await;
    assert_eq!(site.content("Garden.md"), "one\r\ntwo\r\nthree\r\n");
}

#[tokio::test]
async fn a_page_that_is_no_text_is_not_put_into_a_form() {
    let site = TestSite::with_limits(1000, 1000);
    site.save("Bytes.md", b"\xff\xfe\x00");
    site.save("Nul.md", b"a\0b");
    for name in ["Bytes", "Nul"] {
        let page = site.get(&format!("/-/edit/{name}")).await;
        assert_eq!(page.status, 422);
        assert!(!page.body.contains("<textarea"));
        assert!(page.body.contains(&format!("/{name}.md\"")), "a download");
    }
}

#[tokio::test]
async fn every_refusal_brings_the_whole_form_back() {
    let site = TestSite::with_limits(20, 20);
    site.save("Garden.md", "one");
    let form = form_of(&site.get("/-/edit/Garden").await);
    let typed = [("content", "a text of more than 20 bytes"), ("summary", "s"), ("author", "Ben")];
    let sent = fill(&form, &typed);
    let refused = site.post("/-/edit/Garden", &sent).await;
    assert_eq!(refused.status, 413);
    assert!(refused.body.contains(r#"role="alert""#) && refused.body.contains("the limit is 20"));
    for (name, value) in &sent {
        assert_eq!(refused.field(name).as_deref(), Some(*value), "{name}");
    }
}

#[tokio::test]
async fn a_disk_that_refuses_brings_the_text_back_and_takes_it_later() {
    let site = TestSite::new();
    site.save("Garden.md", "one");
    let form = form_of(&site.get("/-/edit/Garden").await);
    let sent = fill(&form, &[("content", "two")]);
    // The directory of all pages is gone: as with a disk that is not mounted.
    let (pages, away) = (site.data().join("pages"), site.data().join("away"));
    fs::rename(&pages, &away).unwrap();
    let refused = site.post("/-/edit/Garden", &sent).await;
    assert_eq!(refused.status, 503, "{}", refused.body);
    for (name, value) in &sent {
        assert_eq!(refused.field(name).as_deref(), Some(*value), "{name}");
    }
    fs::rename(&away, &pages).unwrap();
    let form = form_of(&refused);
    let saved = site.post("/-/edit/Garden", &fill(&form, &[])).await;
    assert_eq!(saved.saved_at(), Some("/Garden?saved=1"));
    assert_eq!(site.content("Garden.md"), "two");
    assert!(fs::metadata(&pages).unwrap().permissions().mode() & 0o700 != 0);
}

#[tokio::test]
async fn a_form_that_was_sent_with_another_text_before_is_another_version() {
    let site = TestSite::new();
    let one = site.save("Garden.md", "one");
    let form = form_of(&site.get("/-/edit/Garden").await);
    site.post("/-/edit/Garden", &fill(&form, &[("content", "two")])).await;
    for text in ["three", "four"] {
        let saved = site.post("/-/edit/Garden", &fill(&form, &[("content", text)])).await;
        assert!(saved.location().unwrap().contains("?mine="), "{saved:?}");
    }
    let document = site.document("Garden.md").unwrap();
    assert_eq!(document.revisions().filter(|r| r.parents == [one]).count(), 3);
    assert_eq!(site.content("Garden.md"), "two");
}

#[tokio::test]
async fn a_read_only_site_takes_nothing_and_gives_the_text_back() {
    let site = TestSite::read_only();
    site.save("Garden.md", "one");
    assert_eq!(site.get("/-/edit/Garden").await.status, 403);
    let refused = site.post("/-/edit/Garden", &[("content", "my words")]).await;
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("my words"));
    assert_eq!(site.content("Garden.md"), "one");
}

#[tokio::test]
async fn an_attachment_is_edited_by_uploading_it_again() {
    let site = TestSite::new();
    site.save("Projects/plan.png", b"\x89PNG");
    let answer = site.get("/-/edit/Projects/plan.png").await;
    assert_eq!(answer.location(), Some("/-/upload?replaces=Projects%2Fplan.png"));
}
