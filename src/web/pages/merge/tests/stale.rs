//! A save that comes too late.

use super::*;

const BEFORE: &str = "# Garden\n\nBeans.\n\nPeas.\n\nLeeks.\n";
const THEIRS: &str = "# Garden\n\nBroad beans.\n\nPeas.\n\nLeeks and onions.\n";
const MINE: &str = "# My garden\n\nRunner beans.\n\nPeas.\n\nLeeks.\n";

#[tokio::test]
async fn what_is_chosen_is_what_is_shown_and_what_is_saved() {
    for (label, beans) in [
        ("Bob", "Broad beans.\n"),
        ("You", "Runner beans.\n"),
        ("As it was before", "Beans.\n"),
        ("", "Beans of all kinds.\nEven these.\n"),
    ] {
        let site = TestSite::new();
        let page = too_late(&site, BEFORE, THEIRS, MINE).await;
        assert!(page.body.contains("You both changed one place."), "{}", page.body);
        assert!(page.body.contains("Your version is saved. Bob saved the page meanwhile."));
        let form = Form::of(&page);
        let chosen = form.0.iter().filter(|(name, _)| name.starts_with("pick-")).count();
        assert_eq!(chosen, 0, "nothing is chosen for people");
        let form = match label {
            "" => form.type_in(&page, "Beans of all kinds.\r\nEven these."),
            label => form.choose(&page, label),
        };
        let shown = form.press(&site, "/-/merge/Garden", "result").await;
        assert_eq!(shown.status, 200);
        assert!(!shown.body.contains("<html"), "only the result: {}", shown.body);
        for line in beans.lines() {
            assert!(shown.body.contains(line), "{label}: {}", shown.body);
        }
        let saved = form.press(&site, "/-/merge/Garden", "save").await;
        assert_eq!(saved.saved_at(), Some("/Garden?saved=merged"), "{label}");
        let expected = format!("# My garden\n\n{beans}\nPeas.\n\nLeeks and onions.\n");
        assert_eq!(site.content("Garden.md"), expected, "{label}");
        assert_eq!(inbox(&site).await, [] as [&str; 0]);
    }
}

#[tokio::test]
async fn an_open_choice_is_asked_for_and_nothing_is_saved() {
    let site = TestSite::new();
    let page = too_late(&site, "a\n", "b\n", "c\n").await;
    let again = Form::of(&page).press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(again.status, 422);
    assert!(again.body.contains("Not saved yet."));
    assert!(again.body.contains("href=\"#choice.1\""));
    assert_eq!(site.content("Garden.md"), "b\n");
    // Meanwhile the result is a page as readers see it, without a word about the choice.
    assert!(after(&page, "id=\"result\"").contains("<p dir=\"auto\">b</p>"), "{}", page.body);
}

#[tokio::test]
async fn a_change_that_only_one_made_can_be_left_out() {
    let site = TestSite::new();
    let page = too_late(&site, BEFORE, THEIRS, MINE).await;
    for words in ["Bob’s change, included", "Your change, included", "<ins> and onions</ins>"] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    let html = after(&page, "Bob’s change, included");
    let tag = &html[html.find("<input").unwrap()..];
    let without = Form::of(&page)
        .choose(&page, "You")
        .with(&attribute(tag, "name").unwrap(), &attribute(tag, "value").unwrap());
    let shown = without.press(&site, "/-/merge/Garden", "show").await;
    assert!(shown.body.contains("is-out"), "{}", shown.body);
    without.press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(site.content("Garden.md"), "# My garden\n\nRunner beans.\n\nPeas.\n\nLeeks.\n");
}

#[tokio::test]
async fn a_merge_of_a_page_that_moves_on_again_waits() {
    let site = TestSite::new();
    let page = too_late(&site, "a\n", "b\n", "c\n").await;
    let form = Form::of(&page).type_in(&page, "b and c");
    site.save_as("Garden.md", "Cleo", "b\nand more\n");
    let saved = form.press(&site, "/-/merge/Garden", "save").await;
    let screen = saved.location().unwrap();
    assert!(screen.starts_with("/-/merge/Garden?mine="), "{screen}");
    assert_eq!(site.content("Garden.md"), "b\nand more\n");
    let document = site.document("Garden.md").unwrap();
    // The merge is the version that waits; what it merged waits no more.
    let [waiting] = document.resolution().conflicts[..] else { panic!("{document:?}") };
    assert_eq!(document.revision(waiting).unwrap().parents.len(), 2);
    let text = site.site.wiki().text(&document, waiting).unwrap();
    assert_eq!(text, "b and c\n");
}

#[tokio::test]
async fn a_second_press_is_one_revision() {
    let site = TestSite::new();
    let page = too_late(&site, "a\n", "b\n", "c\n").await;
    let form = Form::of(&page).choose(&page, "You");
    for _ in 0..3 {
        let saved = form.press(&site, "/-/merge/Garden", "save").await;
        assert_eq!(saved.saved_at(), Some("/Garden?saved=merged"));
    }
    assert_eq!(site.document("Garden.md").unwrap().revision_count(), 4);
}

#[tokio::test]
async fn going_back_and_choosing_otherwise_does_not_lose_the_second_choice() {
    let site = TestSite::new();
    let page = too_late(&site, "a\n", "b\n", "c\n").await;
    let form = Form::of(&page);
    let first = form.choose(&page, "Bob").with("summary", "no");
    first.press(&site, "/-/merge/Garden", "save").await;
    // The browser's way back: the same form, with the same nonce, and another choice.
    let again = form.type_in(&page, "typed after going back");
    let answer = again.press(&site, "/-/merge/Garden", "save").await;
    let document = site.document("Garden.md").unwrap();
    assert!(answer.status == 303 || answer.body.contains("typed after going back"));
    let waits = document.resolution().conflicts.iter().any(|id| {
        site.site.wiki().text(&document, *id).unwrap().contains("typed after going back")
    });
    let saved = waits || site.content("Garden.md").contains("typed after going back");
    assert!(saved || answer.body.contains("typed after going back"), "{}", answer.body);
}

#[tokio::test]
async fn a_page_with_crlf_keeps_its_line_ends_and_rtl_text_its_signs() {
    let site = TestSite::new();
    let before = "שלום\r\nעולם\r\n";
    let page = too_late(&site, before, "שלום לכם\r\nעולם\r\n", "שלום עוד\r\nעולם\r\n").await;
    assert!(page.body.contains("dir=\"auto\""));
    let form = Form::of(&page).type_in(&page, "שלום\r\nלכם עוד");
    let saved = form.press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    assert_eq!(site.content("Garden.md"), "שלום\r\nלכם עוד\r\nעולם\r\n");
}

#[tokio::test]
async fn a_deleted_page_can_stay_deleted_or_have_my_text() {
    for (label, live) in
        [("Delete the page, as Bob did", false), ("Keep the page with your changes", true)]
    {
        let site = TestSite::new();
        let page = too_late(&site, "a\n", "", "mine\n").await;
        assert!(page.body.contains("Bob deleted this page and you edited it."), "{}", page.body);
        assert!(!page.body.contains("Both:"), "both makes no sense");
        let form = Form::of(&page).choose(&page, label);
        let saved = form.press(&site, "/-/merge/Garden", "save").await;
        assert_eq!(saved.status, 303);
        assert_eq!(site.document("Garden.md").unwrap().is_live(), live, "{label}");
        assert_eq!(inbox(&site).await, [] as [&str; 0]);
    }
}

#[tokio::test]
async fn my_version_is_discarded_with_one_press_and_comes_back_with_another() {
    let site = TestSite::new();
    let page = too_late(&site, "a\n", "b\n", "c\n").await;
    let mine = Form::of(&page).get("mine").unwrap().to_owned();
    let done = Form::of(&page).press(&site, "/-/merge/Garden", &format!("discard:{mine}")).await;
    assert_eq!(done.saved_at(), Some("/Garden?saved=discarded"));
    assert_eq!(inbox(&site).await, [] as [&str; 0]);
    let shown = site.get(done.location().unwrap()).await;
    assert!(shown.body.contains("Discarded."), "{}", shown.body);
    let undo = Form::read(after(&shown, "<form class=\"notice-actions\""));
    for _ in 0..2 {
        let back = undo.press(&site, "/-/merge/Garden", "undo").await;
        assert_eq!(back.location(), Some("/-/merge/Garden?saved=undone"));
    }
    assert_eq!(site.content("Garden.md"), "b\n");
    let document = site.document("Garden.md").unwrap();
    let [waiting] = document.resolution().conflicts[..] else { panic!("{document:?}") };
    assert_eq!(document.revision(waiting).unwrap().author, "Me");
    assert_eq!(site.site.wiki().text(&document, waiting).unwrap().trim_end(), "c");
}

#[tokio::test]
async fn the_result_can_be_edited_and_saving_it_is_the_merge() {
    let site = TestSite::new();
    let page = too_late(&site, "a\n\nx\n", "b\n\nx\n", "c\n\nx!\n").await;
    // The choice is open: the text begins with what readers see there.
    let editor = Form::of(&page).press(&site, "/-/merge/Garden", "edit").await;
    assert_eq!(editor.status, 200);
    assert_eq!(editor.field("content").as_deref(), Some("b\n\nx!\n"));
    assert!(editor.body.contains("This text merges two versions."), "{}", editor.body);
    assert!(!editor.body.contains("You’re editing the current one."), "{}", editor.body);
    let form = Form::read(after(&editor, "<form class=\"editor\""));
    let saved = form.with("content", "both of it\n").press(&site, "/-/edit/Garden", "save").await;
    assert_eq!(saved.saved_at(), Some("/Garden?saved=merged"));
    let document = site.document("Garden.md").unwrap();
    assert_eq!(document.winner().unwrap().parents.len(), 2);
    assert_eq!(inbox(&site).await, [] as [&str; 0]);
}

#[tokio::test]
async fn who_merged_otherwise_meanwhile_is_not_overruled_unasked() {
    let site = TestSite::new();
    two_versions(&site, "a\n\nb\n\nc\n", "a\n\nb of Bob\n\nc\n", "a\n\nb of Cleo\n\nc\n");
    let page = site.get("/-/merge/Garden").await;
    let form = Form::of(&page);
    let dora = form.choose(&page, "Cleo").with("author", "Dora");
    dora.press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(site.content("Garden.md"), "a\n\nb of Cleo\n\nc\n");
    let other = form.with("nonce", "2f1c1b4e-7f9e-4d0a-9a53-2c1b0f6f7a10");
    let eve = other.choose(&page, "Bob").with("author", "Eve");
    let late = eve.press(&site, "/-/merge/Garden", "save").await;
    assert!(late.location().unwrap().starts_with("/-/merge/Garden?mine="), "{:?}", late.location());
    assert_eq!(site.content("Garden.md"), "a\n\nb of Cleo\n\nc\n");
    let page = site.get(late.location().unwrap()).await;
    assert!(page.body.contains("both changed one place"), "{}", page.body);
    let form = Form::of(&page).choose(&page, "You");
    form.press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(site.content("Garden.md"), "a\n\nb of Bob\n\nc\n");
    assert_eq!(inbox(&site).await, [] as [&str; 0]);
}

#[tokio::test]
async fn my_other_window_is_not_said_to_be_somebody_else() {
    let site = TestSite::new();
    let first = site.save("Garden.md", "a\n").to_string();
    site.save_as("Garden.md", "Me", "b\n");
    let fields = [("base", &*first), ("content", "c\n"), ("author", "Me")];
    let saved = site.post("/-/edit/Garden", &fields).await;
    let page = site.get_with(saved.location().unwrap(), "cookie", "author=Me").await;
    assert!(page.body.contains("You saved the page in another window meanwhile."), "{}", page.body);
}

#[tokio::test]
async fn two_windows_of_one_person_are_not_two_people() {
    let site = TestSite::new();
    let first = site.save("Garden.md", "a\n\nb\n\nc\n\nd\n");
    site.save_on("Garden.md", "Me", Some(first), "x\n\nb\n\nc\n\nd\n");
    site.save_on("Garden.md", "Me", Some(first), "y\n\nb\n\nc\n\nd!\n");
    let page = site.get_with("/-/merge/Garden", "cookie", "author=Me").await;
    assert!(page.body.contains("Your two versions differ in one place."), "{}", page.body);
    assert!(page.body.contains("Your current change, included"), "{}", page.body);
    let page = site.get("/-/merge/Garden").await;
    assert!(page.body.contains("Me’s two versions differ in one place."), "{}", page.body);
}
