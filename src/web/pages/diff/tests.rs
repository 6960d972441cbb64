use crate::web::test_support::TestSite;

#[tokio::test]
async fn by_default_the_latest_change_is_shown_in_two_columns() {
    let site = TestSite::new();
    let first = site.save("Garden.md", "Water the beans.\nend\n");
    let second = site.save_as("Garden.md", "Ben", "Water the peas.\nend\n");
    let page = site.get("/-/diff/Garden").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("What Ben changed in revision 2, based on revision 1."));
    assert!(page.body.contains("<del>beans</del>") && page.body.contains("<ins>peas</ins>"));
    assert!(page.body.contains("diff-split") && page.body.contains("noindex"));
    let unified = site.get(&format!("/-/diff/Garden?from={first}&to={second}&shape=unified")).await;
    assert!(unified.body.contains("diff-unified") && unified.body.contains("<del>beans</del>"));
    let swap = format!("/-/diff/Garden?from={second}&#38;to={first}&#38;shape=unified");
    assert!(unified.body.contains(&swap), "the shape stays: {}", unified.body);
    let swapped = site.get(&format!("/-/diff/Garden?from={second}&to={first}")).await;
    assert!(swapped.body.contains("The newer revision is on the old side"));
    assert!(swapped.body.contains("<del>peas</del>"));
}

#[tokio::test]
async fn of_two_versions_made_apart_none_is_the_newer_one() {
    let site = TestSite::new();
    let first = site.save("Garden.md", "one\n");
    let ben = site.save_on("Garden.md", "Ben", Some(first), "two\n");
    let cleo = site.save_on("Garden.md", "Cleo", Some(first), "three\n");
    for (from, to) in [(ben, cleo), (cleo, ben)] {
        let page = site.get(&format!("/-/diff/Garden?from={from}&to={to}")).await;
        assert!(page.body.contains("Neither is based on the other."), "{}", page.body);
        assert!(!page.body.contains("newer revision"), "{}", page.body);
    }
}

#[tokio::test]
async fn creating_deleting_and_bringing_back_read_as_such() {
    let site = TestSite::new();
    let first = site.save("Garden.md", "one\n");
    let gone = site.save_as("Garden.md", "Ben", "");
    site.save_as("Garden.md", "Cleo", "two\n");
    let created = site.get(&format!("/-/diff/Garden?to={first}")).await;
    assert!(created.body.contains("Ada created the page in revision 1."));
    assert!(created.body.contains("The page did not exist."));
    let deleted = site.get(&format!("/-/diff/Garden?to={gone}")).await;
    assert!(deleted.body.contains("Ben deleted the page in revision 2."));
    let back = site.get("/-/diff/Garden").await;
    assert!(back.body.contains("Cleo restored the deleted page in revision 3"));
}

#[tokio::test]
async fn what_is_not_here_is_a_clear_404() {
    let site = TestSite::new();
    let id = site.save("Garden.md", "one\n");
    let unknown = "7-00000000-0000-4000-8000-000000000001";
    for query in
        [format!("from={unknown}"), format!("to={unknown}"), format!("from={unknown}&to={id}")]
    {
        let page = site.get(&format!("/-/diff/Garden?{query}")).await;
        assert_eq!(page.status, 404, "{query}");
        assert!(page.body.contains("has no revision 7-0000"));
    }
    assert_eq!(site.get("/-/diff/Garden?to=nonsense").await.status, 400);
    assert_eq!(site.get("/-/diff/Nowhere").await.status, 404);
}

#[tokio::test]
async fn what_cannot_be_compared_is_said_in_words() {
    let site = TestSite::new();
    site.save("notes.bin", b"\xff\x00one");
    site.save("notes.bin", b"\xff\x00two");
    assert!(
        site.get("/-/diff/notes.bin").await.body.contains("They differ, but they are not text")
    );
    site.save("plan.png", b"\x89PNG one");
    let second = site.save("plan.png", b"\x89PNG two");
    let pictures = site.get("/-/diff/plan.png").await;
    assert_eq!(pictures.body.matches("<img ").count(), 2);
    assert!(pictures.body.contains(&format!("/-/rev/plan.png/{second}?raw")));
    let id = site.save("Garden.md", "one\n");
    let itself = site.get(&format!("/-/diff/Garden?from={id}&to={id}")).await;
    assert!(itself.body.contains("Both sides are the same revision."));
    site.save("Garden.md", "two\n");
    let again = site.save("Garden.md", "one\n");
    let same = site.get(&format!("/-/diff/Garden?from={id}&to={again}")).await;
    assert!(same.body.contains("The text is identical."));
}

#[tokio::test]
async fn one_goes_from_change_to_change() {
    let site = TestSite::new();
    let ids: Vec<String> =
        (0..4).map(|n| site.save("Garden.md", format!("{n}\n")).to_string()).collect();
    let page = site.get(&format!("/-/diff/Garden?from={}&to={}", ids[1], ids[2])).await;
    let previous = format!("?from={}&#38;to={}\" rel=\"prev\"", ids[0], ids[1]);
    let next = format!("?from={}&#38;to={}\" rel=\"next\"", ids[2], ids[3]);
    assert!(page.body.contains(&previous), "{}", page.body);
    assert!(page.body.contains(&next));
}
