use super::MOST_REVISIONS;
use crate::web::test_support::TestSite;

#[tokio::test]
async fn each_line_leads_to_the_change_that_brought_it() {
    let site = TestSite::new();
    let first = site.save("Garden.md", "beans\nend\n");
    let second = site.save_as("Garden.md", "Ben", "beans\n<peas>\nend\n");
    let page = site.get("/-/blame/Garden").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.body.matches("blame-group").count(), 3);
    assert!(page.body.contains(&format!("/-/diff/Garden?from={first}&amp;to={second}")));
    assert!(page.body.contains(&format!("/-/rev/Garden/{second}")));
    assert!(page.body.contains("&#60;peas&#62;") && page.body.contains("noindex"));
    assert!(!page.body.contains("or earlier"));
    let old = site.get(&format!("/-/blame/Garden?rev={first}")).await;
    assert_eq!(old.body.matches("blame-group").count(), 1);
    let unknown = site.get("/-/blame/Garden?rev=7-00000000-0000-4000-8000-000000000001").await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn what_was_not_looked_at_is_said() {
    let site = TestSite::new();
    site.save("Garden.md", "old\n");
    for n in 0..=MOST_REVISIONS {
        site.save("Garden.md", format!("old\n{n}\n"));
    }
    let page = site.get("/-/blame/Garden").await;
    assert!(page.body.contains(&format!("Only the latest {MOST_REVISIONS} revisions")));
    assert_eq!(page.body.matches("<span class=\"fine\">or earlier</span>").count(), 1);
}

#[tokio::test]
async fn a_deleted_page_and_a_binary_have_no_lines() {
    let site = TestSite::new();
    site.save("Garden.md", "one\n");
    site.save_as("Garden.md", "Ben", "");
    assert!(site.get("/-/blame/Garden").await.body.contains("Ben deleted the page"));
    site.save("plan.png", b"\x89PNG\xff");
    assert_eq!(site.get("/-/blame/plan.png").await.status, 422);
}
