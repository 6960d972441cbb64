//! What the screen says and offers for each shape of conflict.

use super::*;

/// Shows the merge screen for two versions: Bob's waits, Cleo's is shown.
async fn screen(base: &str, waits: &str, shown: &str) -> (TestSite, Page) {
    let site = TestSite::new();
    if base.is_empty() {
        for (author, text) in [("Bob", waits), ("Cleo", shown)] {
            site.save_on("Garden.md", author, None, text);
        }
    } else {
        two_versions(&site, base, waits, shown);
    }
    let page = site.get("/-/merge/Garden").await;
    (site, page)
}

/// Saves without a choice.
async fn saved(site: &TestSite, page: &Page) -> String {
    let done = Form::of(page).press(site, "/-/merge/Garden", "save").await;
    assert_eq!(done.status, 303, "{}", done.body);
    site.content("Garden.md")
}

fn says(page: &Page, words: &[&str]) {
    for words in words {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
}

fn open_places(page: &Page) -> usize {
    page.body.matches("class=\"place place-open").count()
}

#[tokio::test]
async fn sentences_of_one_line_are_both_in_and_shown() {
    let (base, bob, cleo) = (
        "The well was dug in 1920. It is deep. The pond is cold. Look south.\n",
        "The well was dug in 1920. It is deep. The pond is cold. Look north.\n",
        "The well was dug in 1921. It is deep. The pond is cold. Look south.\n",
    );
    let (site, page) = screen(base, bob, cleo).await;
    assert_eq!(open_places(&page), 0);
    says(
        &page,
        &[
            "close together but don’t overlap",
            "changed different parts",
            "<ins>1921</ins>",
            "<ins>north</ins>",
            "Review",
        ],
    );
    assert_eq!(
        saved(&site, &page).await,
        "The well was dug in 1921. It is deep. The pond is cold. Look north.\n"
    );
}

#[tokio::test]
async fn what_nobody_wrote_comes_after_what_somebody_wrote() {
    let site = TestSite::new();
    let first = Some(site.save("Garden.md", "a\n\nb\n"));
    site.save_on("Garden.md", "Ann", first, "a\n\nb of Ann\n");
    site.save_on("Garden.md", "Bob", first, "a of Bob\n\nb\n");
    site.save_on("Garden.md", "Cleo", first, "a of Cleo\n\nb\n");
    let page = site.get("/-/merge/Garden").await;
    let options = after(&page, "<div class=\"options\">");
    let at = |who: &str| {
        options.find(&format!("option-who\">{who}<")).unwrap_or_else(|| panic!("{who}"))
    };
    assert!(at("Cleo") < at("Bob") && at("Bob") < at("As it was before"));
}

#[tokio::test]
async fn what_was_joined_can_be_chosen_otherwise() {
    let (base, bob, cleo) = ("One is. Two is.\n", "One is. Two was.\n", "One was. Two is.\n");
    let (site, page) = screen(base, bob, cleo).await;
    let form = Form::of(&page).choose(&page, "Bob");
    form.press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(site.content("Garden.md"), bob);
}

#[tokio::test]
async fn a_suggestion_comes_first_and_is_not_chosen_unasked() {
    let (base, bob, cleo) = (
        "Add salt to the soup.\n",
        "Add salt and pepper to the soup.\n",
        "Add sea salt to the soup.\n",
    );
    let (site, page) = screen(base, bob, cleo).await;
    assert_eq!(open_places(&page), 1);
    says(&page, &["changed one sentence, but not the same words", "option-suggested"]);
    let options = after(&page, "<div class=\"options\">");
    assert!(options.find("Suggested: both changes") < options.find("option-who\">Cleo"));
    let form = Form::of(&page).choose(&page, "Suggested: both changes");
    form.press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(site.content("Garden.md"), "Add sea salt and pepper to the soup.\n");
}

#[tokio::test]
async fn what_both_added_is_kept() {
    let (site, page) = screen("a\n", "a\nof Bob\n", "a\nof Cleo\n").await;
    assert_eq!(open_places(&page), 0);
    says(&page, &["Cleo and Bob both added something at the same place", "all of it is in"]);
    assert_eq!(saved(&site, &page).await, "a\nof Cleo\nof Bob\n");
}

#[tokio::test]
async fn white_space_never_asks() {
    let (site, page) = screen("a\n\nb\n", "a \n\nb\n", "a  \n\nb\n").await;
    assert_eq!((open_places(&page), page.body.matches("class=\"place ").count()), (0, 0));
    says(&page, &["differ only in white space"]);
    saved(&site, &page).await;
    assert_eq!(inbox(&site).await, [] as [&str; 0]);
    // Beside another change there is one note for all of it.
    let (_, page) = screen("a\n\nb\n\nc\n", "a \n\nb\n\nc!\n", "a  \n\nb\n\nc\n").await;
    says(&page, &["White space also differs"]);
    assert_eq!(open_places(&page), 0);
}

#[tokio::test]
async fn an_edit_follows_a_section_that_was_moved() {
    let base = "# G\n\n## Beans\n\nSow them late in spring.\nWater them.\n\n## Peas\n\nSow them early.\nProp them up.\n\n## End\n\nDone.\n";
    let bob = base.replace("late in spring", "late in May");
    let cleo = "# G\n\n## Peas\n\nSow them early.\nProp them up.\n\n## End\n\nDone.\n\n## Beans\n\nSow them late in spring.\nWater them.\n";
    let (site, page) = screen(base, &bob, cleo).await;
    // The blank line that moved along is no change to look at.
    assert!(!page.body.contains('¶'), "{}", page.body);
    says(&page, &["White space also differs in two places"]);
    let text = saved(&site, &page).await;
    assert_eq!(text.matches("## Beans").count(), 1, "{text}");
    assert!(text.contains("late in May") && !text.contains("late in spring"), "{text}");
}

#[tokio::test]
async fn a_line_that_one_version_changed_is_said_to_be_that_one_s() {
    let text = |tags, status| {
        format!("---\ntitle: Plan\ntags: [{tags}]\nstatus: {status}\n---\n\n# Plan\n\nText.\n")
    };
    let (bob, cleo) = (text("a, b, c", "done"), text("a, b, d", "draft"));
    let (_, page) = screen(&text("a, b", "draft"), &bob, &cleo).await;
    says(&page, &["Cleo and Bob changed different parts of this", "Bob’s change, included"]);
    assert!(!page.body.contains(">Bob changed different parts"), "{}", page.body);
}

#[tokio::test]
async fn a_paragraph_that_was_deleted_and_edited_says_by_whom() {
    let (site, page) = screen("a\n\nb\n\nc\n", "a\n\nb!\n\nc\n", "a\n\nc\n").await;
    says(&page, &["One version deletes what another changed", "Deleted by Cleo. Edited by Bob."]);
    assert!(!page.body.contains("Both:"), "both makes no sense");
    let form = Form::of(&page).choose(&page, "Keep this with Bob’s changes");
    form.press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(site.content("Garden.md"), "a\n\nb!\n\nc\n");
}

#[tokio::test]
async fn versions_without_an_ancestor_say_so() {
    let (site, page) = screen("", "of Bob\n", "of Cleo\n").await;
    says(&page, &["written separately, with no earlier version in common"]);
    let form = Form::of(&page).choose(&page, "Both: Cleo’s, then Bob’s");
    form.press(&site, "/-/merge/Garden", "save").await;
    assert_eq!(site.content("Garden.md"), "of Cleo\nof Bob\n");
}

#[tokio::test]
async fn a_table_stays_a_table_while_one_chooses() {
    let table = |cell: &str| format!("|Bed|Crop|\n|-|-|\n|1|{cell}|\n|2|Peas|\n");
    let (site, page) = screen(&table("Beans"), &table("Leeks"), &table("Kale")).await;
    assert_eq!(open_places(&page), 1);
    let result = after(&page, "id=\"result\"");
    let result = &result[..result.find("</article>").unwrap()];
    assert_eq!(result.matches("<tr").count(), 3, "{result}");
    assert!(!result.contains('|') && result.contains("Kale"), "{result}");
    let shown =
        Form::of(&page).choose(&page, "Bob").press(&site, "/-/merge/Garden", "result").await;
    assert_eq!(shown.body.matches("data-new").count(), 1, "{}", shown.body);
}

#[tokio::test]
async fn what_is_new_in_the_result_is_marked() {
    let (_, page) = screen("a\n\nb\n", "a\n\nb!\n", "a!\n\nb\n").await;
    let result = after(&page, "id=\"result\"");
    assert!(result.contains("<p dir=\"auto\" data-new=\"\">b!</p>"), "{result}");
    assert!(result.contains("<p dir=\"auto\">a!</p>"), "the page has this already: {result}");
}
