//! What may never happen: a typed word lost, a page written over, a text that runs.

use super::*;

#[tokio::test]
async fn a_merge_of_versions_that_moved_on_writes_nothing_over() {
    let site = TestSite::new();
    let [_, waits, _] = two_versions(&site, "a\n", "waits\n", "shown\n");
    let page = site.get("/-/merge/Garden").await;
    site.save_as("Garden.md", "Dora", "shown\nand Dora\n");
    let merged = Form::of(&page).type_in(&page, "all of it");
    let waiting = merged.press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(site.content("Garden.md"), "shown\nand Dora\n");
    // The merge waits; saving it then closes the version that it merged, too.
    let screen = site.get(waiting.location().unwrap()).await;
    let next = Form::of(&screen).type_in(&screen, "all of it");
    let saved = next.press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    assert!(site.content("Garden.md").starts_with("all of it\n"));
    let document = site.document("Garden.md").unwrap();
    let winner = document.winner().unwrap().id;
    assert!(document.history().descends_from(winner, waits));
    assert_eq!(inbox(&site).await, [] as [&str; 0]);
}

#[tokio::test]
async fn decisions_about_what_has_changed_are_refused() {
    for action in ["keep", "take", "discard"] {
        let site = TestSite::new();
        let [_, waits, _] = two_versions(&site, "a\n\nb\n", "a!\n\nb\n", "a\n\nb!\n");
        let form = Form::of(&site.get("/-/merge/Garden").await);
        site.save_as("Garden.md", "Dora", "Dora\n");
        let action = if action == "keep" { action.to_owned() } else { format!("{action}:{waits}") };
        let answer = form.press(&site, "/-/merge/Garden", &action).await;
        assert_eq!(answer.status, 409, "{action}");
        assert!(
            answer.body.contains("The page has changed since you opened this screen"),
            "{action}"
        );
        assert_eq!(site.content("Garden.md"), "Dora\n", "{action}");
        assert_eq!(site.document("Garden.md").unwrap().revision_count(), 4, "{action}");
    }
}

#[tokio::test]
async fn two_people_who_merge_at_once_lose_neither_merge() {
    let site = TestSite::new();
    two_versions(&site, "a\n", "waits\n", "shown\n");
    let page = site.get("/-/merge/Garden").await;
    let second = Form::of(&site.get("/-/merge/Garden").await);
    let first = Form::of(&page).choose(&page, "Bob");
    let saved = first.press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(saved.status, 303);
    let typed = second.type_in(&page, "my own words");
    let waiting = typed.press(&site, "/-/merge/Garden", "save").await;
    let screen = site.get(waiting.location().unwrap()).await;
    assert!(screen.body.contains("my own words"));
    assert_eq!(site.content("Garden.md"), "waits\n");
}

#[tokio::test]
async fn choices_stay_when_another_version_arrives() {
    let site = TestSite::new();
    two_versions(&site, "a\n\nx\n\nb\n", "a of Bob\n\nx\n\nb\n", "a of Cleo\n\nx\n\nb\n");
    let page = site.get("/-/merge/Garden").await;
    let form = Form::of(&page).choose(&page, "Bob");
    let base = site.document("Garden.md").unwrap().history().nodes()[0].id;
    site.save_on("Garden.md", "Dora", Some(base), "a\n\nx\n\nb of Dora\n");
    let again = form.press(&site, "/-/merge/Garden", "show").await;
    assert!(again.body.contains("Dora saved this page while you were choosing."), "{}", again.body);
    assert!(again.body.contains("Dora’s change, included"), "{}", again.body);
    let next = Form::of(&again);
    assert_eq!(next.0.iter().filter(|(name, _)| name == "with").count(), 2);
    assert!(again.body.contains("1 of 1 chosen"), "{}", again.body);
    next.press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(site.content("Garden.md"), "a of Bob\n\nx\n\nb of Dora\n");
    assert_eq!(inbox(&site).await, [] as [&str; 0]);
}

#[tokio::test]
async fn what_was_typed_comes_back_from_every_answer_that_is_no_save() {
    let gone = "9-00000000-0000-4000-8000-000000000000";
    let site = TestSite::new();
    site.save("Garden.md", "theirs\n");
    let typed = [("pick-abc", "text"), ("text-abc", "a wording")];
    for (address, extra) in [
        // The page it was merged with is not there.
        ("/-/merge/Garden", ("winner", gone)),
        // Neither is the page.
        ("/-/merge/Nowhere", ("winner", gone)),
        ("/-/merge/..%2fGarden", ("winner", gone)),
        ("/-/merge/Garden", ("action", "keep")),
        ("/-/merge/Garden", ("action", "take")),
        ("/-/merge/Garden", ("action", "discard")),
        ("/-/merge/Garden", ("with", "no id")),
        ("/-/merge/Garden", ("with", gone)),
    ] {
        let mut fields = typed.to_vec();
        if extra.0 != "action" {
            fields.push(("action", "save"));
        }
        fields.push(extra);
        let page = site.post(address, &fields).await;
        assert!(page.status >= 400, "{address} {extra:?}: {}", page.status);
        assert!(page.body.contains("a wording"), "{address} {extra:?}: {}", page.body);
    }
    assert_eq!(site.content("Garden.md"), "theirs\n");

    let site = TestSite::read_only();
    let page = site.post("/-/merge/Garden", &typed).await;
    assert_eq!(page.status, 403);
    assert!(page.body.contains("a wording"));
}

#[tokio::test]
async fn a_wording_that_is_not_chosen_stays_in_its_field() {
    let site = TestSite::new();
    let page = too_late(&site, "a\n", "b\n", "c\n").await;
    let form = Form::of(&page).type_in(&page, "<b>a wording</b>").choose(&page, "Bob");
    let shown = form.press(&site, "/-/merge/Garden", "show").await;
    let (name, value) = choice(&page, "Bob");
    let text = name.replace("pick-", "text-");
    assert_eq!(Form::of(&shown).get(&text), Some("<b>a wording</b>"));
    assert_eq!(Form::of(&shown).get(&name), Some(value.as_str()));
}

#[tokio::test]
async fn text_that_looks_like_markup_is_only_text() {
    let site = TestSite::new();
    let evil = "\"'><script>alert(1)</script></textarea><img src=x onerror=alert(1)>\n";
    let page = too_late(&site, "a\n", &format!("theirs {evil}"), &format!("mine {evil}")).await;
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
    assert!(!page.body.contains("onerror=alert(1)>"), "{}", page.body);
    let form = Form::of(&page).choose(&page, "You");
    let result = form.press(&site, "/-/merge/Garden", "result").await;
    assert!(!result.body.contains("<script") && !result.body.contains("<img src=x onerror"));
}

#[tokio::test]
async fn a_head_of_another_page_cannot_be_merged() {
    let site = TestSite::new();
    two_versions(&site, "a\n", "waits\n", "shown\n");
    let page = site.get("/-/merge/Garden").await;
    site.save("Other.md", "other\n");
    let form = Form::of(&page).choose(&page, "Bob");
    let answer = form.press(&site, "/-/merge/Other", "save").await;
    assert_eq!(answer.status, 409);
    assert_eq!(site.content("Other.md"), "other\n");
}

#[tokio::test]
async fn a_version_with_a_damaged_parent_is_merged_without_an_ancestor() {
    let site = TestSite::new();
    let [first, ..] = two_versions(&site, "a\n", "waits\n", "shown\n");
    let file = site.data().join("pages/Garden.md").join(first.to_string());
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("\n\na\n", "\n\nX\n")).unwrap();
    site.document("Garden.md");
    let page = site.get("/-/merge/Garden").await;
    assert_eq!(page.status, 200);
    let form = Form::of(&page).choose(&page, "Bob");
    assert_eq!(form.press(&site, "/-/merge/Garden", "save").await.status, 303);
    assert_eq!(site.content("Garden.md"), "waits\n");
}
