//! What may never happen: a typed word lost, a page written over, a text that runs.

use super::*;

#[tokio::test]
async fn a_merge_of_versions_that_moved_on_writes_nothing_over() {
    let site = TestSite::new();
    let [_, waits, _] = two_versions(&site, "a\n", "waits\n", "shown\n");
    let form = Form::of(&site.get("/-/merge/Garden").await);
    site.save_as("Garden.md", "Dora", "shown\nand Dora\n");
    let merged = form.with("hunk-0", "edit").with("hunk-0-text", "all of it");
    let waiting = merged.press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(site.content("Garden.md"), "shown\nand Dora\n");
    // The merge waits; saving it then closes the version that it merged, too.
    let next = Form::of(&site.get(waiting.location().unwrap()).await);
    let saved = next.with("hunk-0", "yours").press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    assert_eq!(site.content("Garden.md"), "all of it\n");
    let document = site.document("Garden.md").unwrap();
    let winner = document.winner().unwrap().id;
    assert!(document.history().descends_from(winner, waits));
    assert_eq!(inbox(&site).await, [] as [&str; 0]);
}

#[tokio::test]
async fn decisions_about_what_has_changed_are_refused() {
    for action in ["keep", "take", "all"] {
        let site = TestSite::new();
        two_versions(&site, "a\n\nb\n", "a!\n\nb\n", "a\n\nb!\n");
        let form = Form::of(&site.get("/-/merge/Garden").await);
        site.save_as("Garden.md", "Dora", "Dora\n");
        let answer = form.press(&site, "/-/merge/Garden", action).await;
        assert_eq!(answer.status, 409, "{action}");
        assert!(answer.body.contains("Nothing was saved. This is how it is now."), "{action}");
        assert_eq!(site.content("Garden.md"), "Dora\n", "{action}");
        assert_eq!(site.document("Garden.md").unwrap().revision_count(), 4, "{action}");
    }
}

#[tokio::test]
async fn two_people_who_merge_at_once_lose_neither_merge() {
    let site = TestSite::new();
    two_versions(&site, "a\n", "waits\n", "shown\n");
    let first = Form::of(&site.get("/-/merge/Garden").await);
    let second = Form::of(&site.get("/-/merge/Garden").await);
    let saved = first.with("hunk-0", "both").press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(saved.status, 303);
    let typed = second.with("hunk-0", "edit").with("hunk-0-text", "my own words");
    let waiting = typed.press(&site, "/-/merge/Garden", "save").await;
    let screen = site.get(waiting.location().unwrap()).await;
    assert!(screen.body.contains("my own words"));
    assert_eq!(site.content("Garden.md"), "shown\nwaits\n");
}

#[tokio::test]
async fn what_was_typed_comes_back_from_every_answer_that_is_no_save() {
    let gone = "9-00000000-0000-4000-8000-000000000000";
    let site = TestSite::new();
    site.save("Garden.md", "theirs\n");
    let typed = [("content", "typed text"), ("hunk-0", "edit"), ("hunk-0-text", "a wording")];
    for (address, extra) in [
        // The page it was merged with is not there.
        ("/-/merge/Garden", ("theirs", gone)),
        // Neither is the page.
        ("/-/merge/Nowhere", ("theirs", gone)),
        ("/-/merge/..%2fGarden", ("theirs", gone)),
        ("/-/merge/Garden", ("action", "keep")),
        ("/-/merge/Garden", ("action", "all")),
        ("/-/merge/Garden", ("with", "no id")),
    ] {
        let mut fields = typed.to_vec();
        if extra.0 != "action" {
            fields.push(("action", "save"));
        }
        fields.push(extra);
        let page = site.post(address, &fields).await;
        assert!(page.status >= 400, "{address} {extra:?}: {}", page.status);
        assert!(page.body.contains("typed text"), "{address} {extra:?}: {}", page.body);
        assert!(page.body.contains("a wording"), "{address} {extra:?}: {}", page.body);
    }
    // A version to merge that is gone: only wordings were typed then.
    let fields = [("with", gone), ("action", "save"), ("hunk-3", "edit"), ("hunk-3-text", "words")];
    let page = site.post("/-/merge/Garden", &fields).await;
    assert_eq!(page.status, 409);
    assert!(page.body.contains("words"));
    assert_eq!(site.content("Garden.md"), "theirs\n");

    let site = TestSite::read_only();
    let page = site.post("/-/merge/Garden", &typed).await;
    assert_eq!(page.status, 403);
    assert!(page.body.contains("typed text") && page.body.contains("a wording"));
}

#[tokio::test]
async fn a_wording_that_is_not_chosen_stays_in_its_field() {
    let site = TestSite::new();
    let page = too_late(&site, "a\n", "b\n", "c\n").await;
    let form = Form::of(&page).with("hunk-0", "theirs").with("hunk-0-text", "<b>a wording</b>");
    let shown = form.press(&site, "/-/merge/Garden", "show").await;
    assert_eq!(Form::of(&shown).get("hunk-0-text"), Some("<b>a wording</b>"));
    assert_eq!(Form::of(&shown).get("hunk-0"), Some("theirs"));
}

#[tokio::test]
async fn text_that_looks_like_markup_is_only_text() {
    let site = TestSite::new();
    let evil = "\"'><script>alert(1)</script></textarea><img src=x onerror=alert(1)>\n";
    let page = too_late(&site, "a\n", &format!("theirs {evil}"), &format!("mine {evil}")).await;
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
    assert!(!page.body.contains("onerror=alert(1)>"), "{}", page.body);
    let form = Form::of(&page);
    let result = form.with("hunk-0", "both").press(&site, "/-/merge/Garden", "result").await;
    assert!(!result.body.contains("<script") && !result.body.contains("<img src=x onerror"));
}

#[tokio::test]
async fn a_head_of_another_page_cannot_be_merged() {
    let site = TestSite::new();
    two_versions(&site, "a\n", "waits\n", "shown\n");
    let form = Form::of(&site.get("/-/merge/Garden").await);
    site.save("Other.md", "other\n");
    let answer = form.with("hunk-0", "yours").press(&site, "/-/merge/Other", "save").await;
    assert_eq!(answer.status, 409);
    assert_eq!(site.content("Other.md"), "other\n");
}
