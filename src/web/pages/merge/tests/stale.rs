//! A save that comes too late.

use super::*;

const BEFORE: &str = "# Garden\n\nBeans.\n\nPeas.\n\nLeeks.\n";
const THEIRS: &str = "# Garden\n\nBroad beans.\n\nPeas.\n\nLeeks and onions.\n";
const MINE: &str = "# My garden\n\nRunner beans.\n\nPeas.\n\nLeeks.\n";

#[tokio::test]
async fn what_is_chosen_is_what_is_shown_and_what_is_saved() {
    let edited = "Beans of all kinds.\r\nEven these.";
    for (pick, beans) in [
        ("theirs", "Broad beans.\n"),
        ("yours", "Runner beans.\n"),
        ("both", "Broad beans.\nRunner beans.\n"),
        ("both-reversed", "Runner beans.\nBroad beans.\n"),
        ("base", "Beans.\n"),
        ("edit", "Beans of all kinds.\nEven these.\n"),
    ] {
        let site = TestSite::new();
        let page = too_late(&site, BEFORE, THEIRS, MINE).await;
        let form = Form::of(&page);
        let names: Vec<&str> = form.0.iter().map(|(n, _)| n.as_str()).collect();
        let text = names.iter().find(|n| n.ends_with("-text")).unwrap();
        let hunk = text.strip_suffix("-text").unwrap();
        assert!(form.get(hunk).is_none(), "nothing is chosen for people");
        let form = form.with(hunk, pick).with(text, edited);
        let shown = form.press(&site, "/-/merge/Garden", "result").await;
        assert_eq!(shown.status, 200);
        assert!(!shown.body.contains("<html"), "only the result: {}", shown.body);
        for line in beans.lines() {
            assert!(shown.body.contains(line), "{pick}: {}", shown.body);
        }
        let saved = form.press(&site, "/-/merge/Garden", "save").await;
        assert_eq!(saved.saved_at(), Some("/Garden?saved=merged"), "{pick}");
        let title =
            if site.content("Garden.md").starts_with("# My") { "My garden" } else { "Garden" };
        let expected = format!("# {title}\n\n{beans}\nPeas.\n\nLeeks and onions.\n");
        assert_eq!(site.content("Garden.md"), expected, "{pick}");
        assert_eq!(inbox(&site).await, [] as [&str; 0]);
    }
}

#[tokio::test]
async fn an_open_choice_is_asked_for_and_nothing_is_saved() {
    let site = TestSite::new();
    let page = too_late(&site, "a\n", "b\n", "c\n").await;
    let again = Form::of(&page).press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(again.status, 422);
    assert!(again.body.contains("Nothing was saved yet: one choice is still to be made."));
    assert!(again.body.contains("href=\"#choice.1\""));
    assert_eq!(site.content("Garden.md"), "b\n");
}

#[tokio::test]
async fn a_merge_of_a_page_that_moves_on_again_waits() {
    let site = TestSite::new();
    let page = too_late(&site, "a\n", "b\n", "c\n").await;
    let form = Form::of(&page).with("hunk-0", "edit").with("hunk-0-text", "b and c");
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
    let form = Form::of(&page).with("hunk-0", "both");
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
    let first = form.with("hunk-0", "theirs").with("summary", "no");
    first.press(&site, "/-/merge/Garden", "save").await;
    // The browser's way back: the same form, with the same nonce, and another choice.
    let again = form.with("hunk-0", "edit").with("hunk-0-text", "typed after going back");
    let answer = again.press(&site, "/-/merge/Garden", "save").await;
    let document = site.document("Garden.md").unwrap();
    assert_eq!(answer.status, 303, "{}", answer.body);
    let waits = document.resolution().conflicts.iter().any(|id| {
        site.site.wiki().text(&document, *id).unwrap().contains("typed after going back")
    });
    assert!(waits || site.content("Garden.md").contains("typed after going back"));
}

#[tokio::test]
async fn a_page_with_crlf_keeps_its_line_ends_and_rtl_text_its_signs() {
    let site = TestSite::new();
    let before = "שלום\r\nעולם\r\n";
    let page = too_late(&site, before, "שלום לכם\r\nעולם\r\n", "שלום\r\nעולם גדול\r\n").await;
    let form = Form::of(&page);
    assert!(page.body.contains("dir=\"auto\""));
    let saved = form.with("hunk-0", "both").press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    let text = site.content("Garden.md");
    assert!(!text.replace("\r\n", "").contains('\n'), "{text:?}");
    assert!(text.contains("שלום לכם\r\n") && text.contains("עולם גדול\r\n"), "{text:?}");
}

#[tokio::test]
async fn a_deleted_page_can_stay_deleted_or_have_my_text() {
    for (pick, live) in [("theirs", false), ("yours", true)] {
        let site = TestSite::new();
        let page = too_late(&site, "a\n", "", "mine\n").await;
        assert!(page.body.contains("Deleted here by Bob, edited there by Me"), "{}", page.body);
        let form = Form::of(&page).with("hunk-0", pick);
        let saved = form.press(&site, "/-/merge/Garden", "save").await;
        assert_eq!(saved.status, 303);
        assert_eq!(site.document("Garden.md").unwrap().is_live(), live, "{pick}");
    }
}
