use crate::web::test_support::{Page, TestSite};

async fn send(site: &TestSite, address: &str, form: &Page, summary: &str) -> Page {
    let (base, nonce) = (form.field("base").unwrap(), form.field("nonce").unwrap());
    let fields = [("base", &*base), ("nonce", &nonce), ("summary", summary), ("author", "Ben")];
    site.post(address, &fields).await
}

#[tokio::test]
async fn a_page_is_deleted_once_and_stays_in_its_history() {
    let site = TestSite::new();
    site.save("Garden.md", "one\n");
    site.save("Home.md", "[[Garden]]\n");
    let form = site.get("/-/delete/Garden").await;
    assert_eq!(form.status, 200);
    assert!(form.body.contains("One page links here") && form.body.contains("href=\"/Home\""));
    for _ in 0..2 {
        let deleted = send(&site, "/-/delete/Garden", &form, "not needed").await;
        assert_eq!(deleted.location(), Some("/Garden"));
    }
    let document = site.document("Garden.md").unwrap();
    let winner = document.winner().unwrap();
    assert!(document.is_deleted());
    assert_eq!((winner.author.as_str(), winner.summary.as_str()), ("Ben", "not needed"));
    assert_eq!(document.revision_count(), 2);
    let absent = site.get("/Garden").await;
    assert_eq!(absent.status, 404);
    assert!(absent.body.contains("Restore the last version"));
    assert_eq!(site.get("/-/delete/Garden").await.location(), Some("/Garden"));
}

#[tokio::test]
async fn what_changed_meanwhile_stays_and_the_deletion_waits() {
    for name in ["Garden.md", "plan.png"] {
        let site = TestSite::new();
        let page = name.trim_end_matches(".md");
        let address = format!("/-/delete/{page}");
        let first = site.save(name, "one\n");
        let form = site.get(&address).await;
        site.save_as(name, "Cleo", "two\n");
        for _ in 0..2 {
            let deleted = send(&site, &address, &form, "old").await;
            let document = site.document(name).unwrap();
            let [mine] = document.resolution().conflicts[..] else { panic!("{document:?}") };
            assert_eq!(deleted.location(), Some(&*format!("/-/merge/{page}?mine={mine}")));
            let deletion = document.revision(mine).unwrap();
            assert!(deletion.is_deletion());
            assert_eq!((&deletion.parents[..], deletion.summary.as_str()), (&[first][..], "old"));
            assert_eq!(site.get(deleted.location().unwrap()).await.status, 200);
        }
        assert_eq!(site.content(name), "two\n");
    }
}

#[tokio::test]
async fn nothing_is_deleted_where_nothing_is_or_nobody_may() {
    let site = TestSite::new();
    assert_eq!(site.get("/-/delete/Nowhere").await.status, 404);
    let fields = [("base", ""), ("nonce", "5f4dcc3b-5aa7-4d61-9d83-27deb882cf99")];
    assert_eq!(site.post("/-/delete/Nowhere", &fields).await.status, 404);
    assert!(site.document("Nowhere.md").is_none());
    let site = TestSite::read_only();
    site.save("Garden.md", "one\n");
    assert_eq!(site.get("/-/delete/Garden").await.status, 403);
    assert_eq!(site.post("/-/delete/Garden", &fields).await.status, 403);
}
