use std::fs;

use crate::web::test_support::TestSite;

#[tokio::test]
async fn a_revision_says_where_it_stands() {
    let site = TestSite::new();
    let first = site.save("Garden.md", "# Garden\n\nBeans\n");
    let ben = site.save_on("Garden.md", "Ben", Some(first), "Peas\n");
    let cleo = site.save_on("Garden.md", "Cleo", Some(first), "Roses\n");
    let (winner, waiting) = (ben.max(cleo), ben.min(cleo));
    let old = site.get(&format!("/-/rev/Garden/{first}")).await;
    assert_eq!(old.status, 200);
    assert!(old.body.contains("You are reading revision 1 by Ada."));
    assert!(old.body.contains("The current version is revision 2"));
    assert!(old.body.contains("Beans</p>") && old.body.contains("noindex"));
    assert!(old.body.contains(&format!("/-/diff/Garden?from={first}&amp;to={winner}")));
    let shown = site.get(&format!("/-/rev/Garden/{winner}")).await;
    assert!(shown.body.contains("This is the current version."));
    assert!(!shown.body.contains("/-/restore/"));
    let beside = site.get(&format!("/-/rev/Garden/{waiting}")).await;
    assert!(beside.body.contains("It is unmerged"));
    assert!(beside.body.contains(&format!("/-/merge/Garden?with={waiting}")));
}

#[tokio::test]
async fn the_raw_bytes_never_change_and_cannot_run() {
    let site = TestSite::new();
    let page = site.save("Garden.md", "<script>alert(1)</script>\n");
    let raw = site.get(&format!("/-/rev/Garden/{page}?raw")).await;
    assert_eq!(raw.body, "<script>alert(1)</script>\n");
    assert_eq!(raw.header("content-type"), Some("text/plain; charset=utf-8"));
    assert!(raw.header("cache-control").unwrap().contains("immutable"));
    let file = site.save("page.html", "<script>alert(1)</script>");
    let raw = site.get(&format!("/-/rev/page.html/{file}?raw")).await;
    assert!(raw.header("content-disposition").unwrap().starts_with("attachment"));
    let about = site.get(&format!("/-/rev/page.html/{file}")).await;
    assert!(about.body.contains("Download this version"));
    let picture = site.save("plan.png", b"\x89PNG one");
    let about = site.get(&format!("/-/rev/plan.png/{picture}")).await;
    assert!(about.body.contains(&format!("<img src=\"/-/rev/plan.png/{picture}?raw\"")));
}

#[tokio::test]
async fn a_damaged_revision_says_so_and_leads_on() {
    let site = TestSite::new();
    let first = site.save("Garden.md", "one\n");
    let torn = "2-00000000-0000-4000-8000-000000000003";
    fs::write(site.data().join("pages/Garden.md").join(torn), "").unwrap();
    site.document("Garden.md").unwrap();
    let page = site.get(&format!("/-/rev/Garden/{torn}")).await;
    assert_eq!(page.status, 410);
    assert!(
        page.body.contains("You are reading revision 2.") && page.body.contains("everpage check")
    );
    assert!(page.body.contains(&format!("/-/rev/Garden/{first}\" rel=\"prev\"")));
    assert_eq!(site.get(&format!("/-/rev/Garden/{torn}?raw")).await.status, 410);
    let unknown = site.get("/-/rev/Garden/9-00000000-0000-4000-8000-000000000003").await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn a_deletion_is_a_revision_too() {
    let site = TestSite::new();
    site.save("Garden.md", "one\n");
    let gone = site.save_as("Garden.md", "Ben", "");
    let page = site.get(&format!("/-/rev/Garden/{gone}")).await;
    assert!(page.body.contains("This is the current state: the page is deleted."));
}
