use serde_json::json;

use crate::web::test_support::TestSite;
use crate::web::{Access, SiteSettings};
use crate::wiki::Limits;

/// A site with an index that has everything that was saved so far.
fn indexed(pages: &[(&str, &str)]) -> TestSite {
    let site = TestSite::new();
    for (name, text) in pages {
        site.save(name, text);
    }
    site.attach_search();
    site
}

#[tokio::test]
async fn titles_come_before_texts_and_the_words_are_marked() {
    let site = indexed(&[
        ("Tools.md", "Hoes and rakes for the garden"),
        ("Garden.md", "Beds & paths"),
        ("Cellar.md", "Potatoes"),
    ]);
    let page = site.get("/-/search?q=gard").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("2 results"), "{}", page.body);
    let title = page.body.find(r#"<a href="/Garden"><mark>Garden</mark></a>"#).unwrap();
    let text = page.body.find("rakes for the <mark>garden</mark>").unwrap();
    assert!(title < text);
    assert_eq!(page.field("q").unwrap(), "gard");
}

#[tokio::test]
async fn nothing_that_is_typed_fails_or_runs() {
    let site = indexed(&[("Garden.md", "text")]);
    let long = "x".repeat(10_000);
    for q in [
        "\"",
        "\"garden",
        "AND OR NOT",
        "title:garden^2~",
        "*",
        "+-!(){}[]",
        "<script>alert(1)</script>",
        "東京",
        "\u{0}\u{1F600}",
        "a/../b",
        &long,
    ] {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("q", q).finish();
        let page = site.get(&format!("/-/search?{query}")).await;
        assert_eq!(page.status, 200, "{q}");
        assert!(!page.body.contains("<script>alert"), "{q}");
        let answer = site.get(&format!("/-/api/v1/search?{query}")).await;
        assert_eq!((answer.status, answer.json()["page"].as_u64()), (200, Some(1)), "{q}");
    }
    for odd in ["page=0", "page=-1", "page=99999999999999999999", "page=18446744073709551615"] {
        assert_eq!(site.get(&format!("/-/search?q=text&{odd}")).await.status, 200, "{odd}");
    }
}

#[tokio::test]
async fn where_nothing_is_found_the_page_can_be_written_and_near_names_are_offered() {
    let site = indexed(&[("Watering plan.md", "text")]);
    let page = site.get("/-/search?q=wtrng").await;
    assert!(page.body.contains("No results for"), "{}", page.body);
    assert!(page.body.contains(r#"href="/Watering%20plan""#), "{}", page.body);
    assert!(page.body.contains(r#"href="/-/edit/wtrng""#), "{}", page.body);
    let odd = site.get("/-/search?q=..").await;
    assert!(!odd.body.contains("/-/edit/"), "not a name: {}", odd.body);
}

#[tokio::test]
async fn a_reader_is_not_offered_to_write() {
    let site = TestSite::read_only();
    site.attach_search();
    let page = site.get("/-/search?q=zebra").await;
    assert!(page.body.contains("No results for") && !page.body.contains("/-/edit/"));
}

#[tokio::test]
async fn the_page_of_just_that_name_is_offered_first() {
    let site = indexed(&[("Projects/Garden.md", "text"), ("Garden plan.md", "garden")]);
    let page = site.get("/-/search?q=garden").await;
    assert!(page.body.contains(r#"href="/Projects/Garden">"#) && page.body.contains("Go to"));
    assert!(!site.get("/-/search?q=gard").await.body.contains("Go to “"));
}

#[tokio::test]
async fn long_lists_have_pages_that_keep_the_query() {
    let site = TestSite::new();
    for n in 0..45 {
        site.save(&format!("Note {n}.md"), "beans & peas");
    }
    site.attach_search();
    let first = site.get("/-/search?q=beans+%26").await;
    assert_eq!(first.body.matches("class=\"result\"").count(), 20);
    assert!(first.body.contains("45 results"));
    assert!(first.body.contains("q=beans+%26&#38;page=2"), "{}", first.body);
    let last = site.get("/-/search?q=beans&page=3").await;
    assert_eq!(last.body.matches("class=\"result\"").count(), 5);
    assert!(!last.body.contains("page=4"));
}

#[tokio::test]
async fn what_is_deleted_is_not_found_and_what_is_new_is() {
    let site = indexed(&[("Garden.md", "zebra crossing")]);
    site.save("Garden.md", "");
    let at_once = site.get("/-/search?q=zebra").await;
    assert!(at_once.body.contains("No results for"), "{}", at_once.body);
    site.save("Zoo.md", "a zebra");
    site.flush_search();
    let answer = site.get("/-/api/v1/search?q=zebra").await.json();
    assert_eq!(
        answer,
        json!({
            "total": 1, "page": 1, "partial": false, "complete": true, "pending": 0,
            "hits": [{
                "path": "Zoo.md",
                "href": "/Zoo",
                "title": [{ "text": "Zoo", "marked": false }],
                "snippet": [{ "text": "a ", "marked": false }, { "text": "zebra", "marked": true }],
                "tags": [],
            }],
        })
    );
}

#[tokio::test]
async fn without_a_query_and_while_indexing_it_says_so() {
    let site = TestSite::with(
        Limits::default(),
        SiteSettings {
            access: Access::Open,
            base_path: "/w".to_owned(),
            ..SiteSettings::default()
        },
    );
    let page = site.get("/w/-/search").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains(r#"action="/w/-/search""#));
    assert!(!page.body.contains("No results for"));
    // No index is attached: nothing can be complete.
    let page = site.get("/w/-/search?q=zebra").await;
    assert!(page.body.contains("still being read"), "{}", page.body);
}

#[tokio::test]
async fn the_search_page_has_one_box() {
    let site = indexed(&[("Garden.md", "text")]);
    for address in ["/-/search", "/-/search?q=text", "/Garden"] {
        let page = site.get(address).await.body;
        assert_eq!(page.matches(r#"type="search""#).count(), 1, "{address}: {page}");
    }
}
