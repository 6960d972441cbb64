use axum::body::Body;
use axum::http::{Request, header};

use crate::web::SiteSettings;
use crate::web::test_support::TestSite;
use crate::wiki::Limits;

#[tokio::test]
async fn changes_say_who_what_and_how_much() {
    let site = TestSite::new();
    let first = site.save("Projects/Garden.md", "beds");
    let second = site.save_as("Projects/Garden.md", "Ben <b>", "beds and paths");
    site.save_on("Projects/Garden.md", "Cleo", Some(first), "only");
    site.save("Old.md", "old");
    site.save("Old.md", "");
    let page = site.get("/-/recent").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains(">Today</h2>"), "{}", page.body);
    for wanted in [
        "Ben &#60;b&#62;",
        "+10 bytes",
        "−3 bytes",
        &format!("/-/diff/Projects/Garden?from={first}&#38;to={second}"),
        &format!("/-/rev/Projects/Garden/{first}"),
        "/-/history/Projects/Garden",
        r#"<span class="chip chip-deleted">deleted</span>"#,
        r#"<span class="chip chip-conflict">unmerged</span>"#,
    ] {
        assert!(page.body.contains(wanted), "{wanted}: {}", page.body);
    }
    assert_eq!(page.body.matches("chip-new").count(), 2);
    assert!(!page.body.contains("<b>"));
}

#[tokio::test]
async fn changes_can_be_narrowed_to_an_author_or_a_folder() {
    let site = TestSite::new();
    site.save_as("Projects/Garden.md", "Ada", "a");
    site.save_as("Projects of mine.md", "Ben", "b");
    site.save_as("Projects/Deep/Shed.md", "Ben", "c");
    let items = |body: &str| body.matches("activity-item").count();
    assert_eq!(items(&site.get("/-/recent").await.body), 3);
    assert_eq!(items(&site.get("/-/recent?author=ben").await.body), 2);
    assert_eq!(items(&site.get("/-/recent?folder=Projects").await.body), 2);
    assert_eq!(items(&site.get("/-/recent?folder=Projects&author=Ben").await.body), 1);
    let none = site.get("/-/recent?author=Nobody").await;
    assert!(none.body.contains("No changes match"), "{}", none.body);
}

#[tokio::test]
async fn long_histories_have_pages() {
    let site = TestSite::new();
    for n in 0..105 {
        site.save("Garden.md", format!("{n}"));
    }
    let items = |body: &str| body.matches("activity-item").count();
    let first = site.get("/-/recent?author=Ada").await;
    assert_eq!(items(&first.body), 100);
    assert!(first.body.contains("?author=Ada&#38;page=2"), "{}", first.body);
    assert_eq!(items(&site.get("/-/recent?author=Ada&page=2").await.body), 5);
    assert_eq!(items(&site.get("/-/recent?page=999").await.body), 5);
}

/// Reads a feed back with the library's strict reader.
fn read(xml: &str) -> atom_syndication::Feed {
    atom_syndication::Feed::read_from(xml.as_bytes()).unwrap()
}

#[tokio::test]
async fn the_feed_is_valid_whatever_people_write() {
    let site = TestSite::new();
    site.save_as("A & B <c>.md", "Ada \"&\" <b>]]>", "text\u{1}");
    site.save("Second.md", "text");
    let page = site.get("/-/feed.atom").await;
    assert_eq!(page.header("content-type"), Some("application/atom+xml; charset=utf-8"));
    let feed = read(&page.body);
    assert_eq!(feed.entries.len(), 2);
    let odd = feed.entries.iter().find(|e| e.title.as_str().starts_with("A & B")).unwrap();
    assert_eq!(odd.title.as_str(), "A & B <c> (new)");
    assert_eq!(odd.authors[0].name, "Ada \"&\" <b>]]>");
    assert!(odd.links[0].href.starts_with("http://localhost/-/rev/A%20&%20B%20%3Cc%3E/1-"));
    assert_ne!(feed.entries[0].id, feed.entries[1].id);
    assert!(odd.id.starts_with("urn:uuid:"));
    assert_eq!(feed.updated.to_rfc3339(), "2026-11-23T08:29:00.123+00:00");
}

#[tokio::test]
async fn ids_stay_the_same_and_addresses_are_the_public_ones() {
    let settings = SiteSettings {
        base_path: "/w".to_owned(),
        public_url: Some("https://wiki.example.org".to_owned()),
        ..SiteSettings::default()
    };
    let public = TestSite::with(Limits::default(), settings);
    public.save("Garden.md", "text");
    let plain = TestSite::new();
    plain.save("Garden.md", "text");
    let (public, plain) =
        (public.get("/w/-/feed.atom").await.body, plain.get("/-/feed.atom").await.body);
    let (public, plain) = (read(&public), read(&plain));
    // The test's nonces are the same on both sites, so it is the same revision.
    assert_eq!(public.entries[0].id, plain.entries[0].id);
    assert_eq!(public.id, "https://wiki.example.org/w/-/feed.atom");
    assert!(
        public.entries[0].links[0].href.starts_with("https://wiki.example.org/w/-/rev/Garden/")
    );
}

#[tokio::test]
async fn a_reader_that_has_the_feed_gets_nothing_again() {
    let site = TestSite::new();
    site.save("Garden.md", "text");
    let first = site.get("/-/feed.atom").await;
    let ask = |tag: &str| {
        Request::get("/-/feed.atom").header(header::IF_NONE_MATCH, tag).body(Body::empty()).unwrap()
    };
    let tag = first.header("etag").unwrap();
    let again = site.send(ask(tag)).await;
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    site.save("Garden.md", "more");
    assert_eq!(site.send(ask(tag)).await.status, 200);
}

#[tokio::test]
async fn a_page_has_a_feed_of_its_own() {
    let site = TestSite::new();
    site.save("Garden.md", "a");
    site.save("Garden.md", "ab");
    site.save("Other.md", "text");
    let feed = read(&site.get("/-/feed.atom?path=garden").await.body);
    assert_eq!(feed.entries.len(), 2);
    assert!(feed.entries[0].links[0].href.contains("/-/diff/Garden?from=1-"));
    assert_eq!(feed.links[1].href, "http://localhost/-/history/Garden");
    assert_eq!(site.get("/-/feed.atom?path=Nothing").await.status, 404);
}

#[tokio::test]
async fn an_empty_wiki_has_an_empty_list_and_feed() {
    let site = TestSite::new();
    assert!(site.get("/-/recent").await.body.contains("No changes"));
    assert!(read(&site.get("/-/feed.atom").await.body).entries.is_empty());
}

#[tokio::test]
async fn times_say_that_they_are_utc_until_script_shows_the_readers_own() {
    let site = TestSite::new();
    site.save("Garden.md", "a");
    let page = site.get("/-/recent").await.body;
    assert!(
        page.contains(r#"<p class="fine no-js-only">Days and times are in UTC.</p>"#),
        "{page}"
    );
    assert!(page.contains("data-clock>08:29</time>"), "{page}");
    assert!(site.get("/Garden").await.body.contains("23 November 2026, 08:29 UTC</time>"));
}
