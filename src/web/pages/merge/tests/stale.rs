//! A save that comes too late.

use super::*;

const BEFORE: &str = "# Garden\n\nBeans.\n\nPeas.\n\nLeeks.\n";
const THEIRS: &str = "# Garden\n\nBroad beans.\n\nPeas.\n\nLeeks and onions.\n";
const MINE: &str = "# My garden\n\nRunner beans.\n\nPeas.\n\nLeeks.\n";

#[tokio::test]
async fn both_texts_are_shown_and_what_fits_is_chosen() {
    let site = TestSite::new();
    let page = too_late(&site, BEFORE, THEIRS, MINE).await;
    assert!(page.body.contains("Bob saved this page while you were editing"));
    assert!(page.body.contains("Your text is safe."));
    assert!(page.body.contains("Choice 1 of 1"), "{}", page.body);
    for text in ["Broad", "Runner", "# My garden", "Leeks and onions."] {
        assert!(page.body.contains(text), "{text}");
    }
    // My whole text is there, to copy and to send again.
    assert_eq!(Form::of(&page).get("content"), Some(MINE.replace('\n', "\r\n").as_str()));
    assert_eq!(site.content("Garden.md"), THEIRS);
    assert_eq!(site.document("Garden.md").unwrap().revision_count(), 2);
}

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
    assert_eq!(Form::of(&again).get("content"), Some("c\r\n"));
    assert_eq!(site.content("Garden.md"), "b\n");
}

#[tokio::test]
async fn a_page_that_moves_on_again_is_not_written_over() {
    let site = TestSite::new();
    let page = too_late(&site, "a\n", "b\n", "c\n").await;
    let form = Form::of(&page).with("hunk-0", "edit").with("hunk-0-text", "b and c");
    site.save_as("Garden.md", "Cleo", "b\nand more\n");
    let stopped = form.press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(stopped.status, 409);
    assert!(stopped.body.contains("Cleo saved this page while you were editing"));
    assert_eq!(site.content("Garden.md"), "b\nand more\n");
    // What was merged so far is the text of the next screen.
    let next = Form::of(&stopped);
    assert_eq!(next.get("content"), Some("b and c\r\n"));
    let next = next.with("hunk-0", "both");
    let saved = next.press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    let text = site.content("Garden.md");
    assert!(text.contains("and more") && text.contains("b and c"), "{text}");
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
    assert_eq!(site.document("Garden.md").unwrap().revision_count(), 3);
    for _ in 0..2 {
        let second = form.press(&site, "/-/merge/Garden", "second").await;
        assert_eq!(second.location(), Some("/Garden?saved=second"));
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
    let saved =
        answer.status == 303 && site.content("Garden.md").contains("typed after going back");
    assert!(saved || answer.body.contains("typed after going back"), "{}", answer.body);
    assert!(document.revision_count() >= 2);
}

#[tokio::test]
async fn the_merged_text_can_be_taken_to_the_editor_and_saved_from_there() {
    let site = TestSite::new();
    let page = too_late(&site, "a\n", "b\n", "c\n").await;
    let form = Form::of(&page);
    let open = form.press(&site, "/-/merge/Garden", "edit").await;
    assert_eq!(open.status, 422, "a choice is still open");
    let editor = form.with("hunk-0", "both").press(&site, "/-/merge/Garden", "edit").await;
    assert_eq!(editor.status, 200);
    assert_eq!(editor.field("content").as_deref(), Some("b\nc\n"));
    let form = Form::read(after(&editor, "<form class=\"editor\""));
    let saved = form.with("content", "b, c and d").press(&site, "/-/edit/Garden", "save").await;
    assert_eq!(saved.saved_at(), Some("/Garden?saved=1"), "{}", saved.body);
    assert_eq!(site.content("Garden.md"), "b, c and d");
}

#[tokio::test]
async fn my_own_text_can_be_taken_back_to_the_editor() {
    let site = TestSite::new();
    let page = too_late(&site, "a\n", "b\n", "c\n").await;
    let editor = Form::of(&page).press(&site, "/-/edit/Garden", "preview").await;
    assert_eq!(editor.field("content").as_deref(), Some("c\n"));
    // It is still begun on what it was begun on, so saving it stops again.
    let form = Form::read(after(&editor, "<form class=\"editor\""));
    assert_eq!(form.press(&site, "/-/edit/Garden", "save").await.status, 409);
}

#[tokio::test]
async fn my_text_as_a_second_version_waits_in_the_inbox() {
    let site = TestSite::new();
    let page = too_late(&site, "a\n", "b\n", "mine\n").await;
    let saved = Form::of(&page).press(&site, "/-/merge/Garden", "second").await;
    assert_eq!(saved.location(), Some("/Garden?saved=second"));
    assert_eq!(inbox(&site).await, ["Garden.md"]);
    let document = site.document("Garden.md").unwrap();
    let texts: Vec<String> = document
        .resolution()
        .heads
        .iter()
        .map(|id| site.site.wiki().text(&document, *id).unwrap())
        .collect();
    assert!(texts.contains(&"mine\n".to_owned()) && texts.contains(&"b\n".to_owned()), "{texts:?}");
}

#[tokio::test]
async fn two_windows_of_one_person_are_told_so() {
    let site = TestSite::new();
    site.save("Garden.md", "a\n");
    let base = site.get("/-/edit/Garden").await.field("base").unwrap();
    site.save_as("Garden.md", "Me", "b\n");
    let fields = [("base", base.as_str()), ("content", "c\n"), ("author", "Me")];
    let page = site.post("/-/edit/Garden", &fields).await;
    assert_eq!(page.status, 409);
    assert!(page.body.contains("You saved this page in another window"));
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
        assert!(page.body.contains("Bob deleted this page while you were editing"));
        assert!(page.body.contains("Choose whether it stays deleted or keeps this text"));
        let form = Form::of(&page).with("hunk-0", pick);
        let saved = form.press(&site, "/-/merge/Garden", "save").await;
        assert_eq!(saved.status, 303);
        assert_eq!(site.document("Garden.md").unwrap().is_live(), live, "{pick}");
    }
}

#[tokio::test]
async fn thousands_of_places_are_merged_as_chosen() {
    const PLACES: usize = 2_000;
    let of = |word: &dyn Fn(usize) -> &'static str| {
        let places = (0..PLACES).map(|i| format!("{} {i}\n\nsame {i}\n\n", word(i)));
        places.collect::<Vec<_>>().concat()
    };
    let site = TestSite::new();
    let page = too_late(&site, &of(&|_| "before"), &of(&|_| "theirs"), &of(&|_| "mine")).await;
    assert!(page.body.contains(&format!("Choice {PLACES} of {PLACES}")));
    let mut form = Form::of(&page);
    form.0.retain(|(name, _)| !name.ends_with("-text"));
    form.0
        .extend((0..PLACES).map(|i| {
            (format!("hunk-{i}"), if i % 2 == 0 { "theirs" } else { "yours" }.to_owned())
        }));
    let saved = form.press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(saved.status, 303);
    let expected = of(&|i| if i % 2 == 0 { "theirs" } else { "mine" });
    assert_eq!(site.content("Garden.md"), expected);
}
