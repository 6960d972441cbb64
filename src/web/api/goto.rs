//! Names of documents for the box that goes to a page.

use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::model::path::DocPath;
use crate::web::error::Failure;
use crate::web::extract::Query;
use crate::web::site::Site;
use crate::wiki::goto::GotoHit;
use crate::wiki::search::Piece;

/// How many names are given.
const LIMIT: usize = 20;
/// How far back the latest changes are looked through for pages that differ.
const LOOK_BACK: usize = 2_000;

/// A document that may be meant.
#[derive(Serialize)]
struct Found {
    path: String,
    title: String,
    folder: String,
    href: String,
    /// The title in pieces, to show what matched.
    marks: Vec<Piece>,
}

impl Found {
    fn new(site: &Site, path: &DocPath, marks: Vec<Piece>) -> Self {
        Self {
            path: path.to_string(),
            title: path.title().to_owned(),
            folder: path.folder().to_owned(),
            href: site.url(&path.address()),
            marks,
        }
    }
}

/// Finds the documents that `q` most likely means, best first; without `q`, the pages that were
/// changed last: `{"pages": [{"path", "title", "folder", "href", "marks": [{"text", "marked"}]}]}`.
pub(in crate::web) async fn find(
    State(site): State<Site>,
    Query(fields): Query,
) -> Result<Response, Failure> {
    site.blocking(move |site| {
        let query = fields.get("q").trim();
        let pages: Vec<Found> = if query.is_empty() {
            let unmarked =
                |path: &DocPath| vec![Piece { text: path.title().to_owned(), marked: false }];
            latest(site).iter().map(|path| Found::new(site, path, unmarked(path))).collect()
        } else {
            let hits = site.names().goto(site.wiki(), query, LIMIT).into_iter();
            hits.map(|GotoHit { path, title, .. }| Found::new(site, &path, title)).collect()
        };
        let answer = serde_json::json!({ "pages": pages });
        Ok(([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response())
    })
    .await
}

/// Returns the pages that were changed last, each once.
fn latest(site: &Site) -> Vec<DocPath> {
    let mut seen = HashSet::new();
    let changes = site.wiki().recent(0, LOOK_BACK).into_iter().map(|(document, _)| document);
    changes
        .filter(|document| document.is_live() && document.path().is_page())
        .filter(|document| seen.insert(document.key().clone()))
        .take(LIMIT)
        .map(|document| document.path().clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::web::test_support::TestSite;

    fn titles(answer: &Value) -> Vec<&str> {
        let pages = answer["pages"].as_array().unwrap();
        pages.iter().map(|page| page["title"].as_str().unwrap()).collect()
    }

    #[tokio::test]
    async fn a_few_letters_lead_to_a_page_and_say_what_matched() {
        let site = TestSite::new();
        site.save("Projects/Garden plan.md", "text");
        site.save("House.md", "text");
        let answer = site.get("/-/api/v1/goto?q=gar+proj").await.json();
        assert_eq!(
            answer,
            json!({ "pages": [{
                "path": "Projects/Garden plan.md",
                "title": "Garden plan",
                "folder": "Projects",
                "href": "/Projects/Garden%20plan",
                "marks": [{ "text": "Gar", "marked": true }, { "text": "den plan", "marked": false }],
            }] })
        );
    }

    #[tokio::test]
    async fn without_letters_the_latest_pages_come_each_once() {
        let site = TestSite::new();
        for name in ["Old.md", "Gone.md", "New.md", "plan.png"] {
            site.save(name, "text");
        }
        site.save("New.md", "again");
        site.save("Gone.md", "");
        let answer = site.get("/-/api/v1/goto?q=").await.json();
        assert_eq!(titles(&answer), ["New", "Old"]);
        assert_eq!(titles(&site.get("/-/api/v1/goto").await.json()), ["New", "Old"]);
    }

    #[tokio::test]
    async fn anything_may_be_typed_and_no_more_than_twenty_come() {
        let site = TestSite::new();
        for n in 0..30 {
            site.save(&format!("Note {n}.md"), "text");
        }
        assert_eq!(titles(&site.get("/-/api/v1/goto?q=note").await.json()).len(), 20);
        let long = "x".repeat(10_000);
        for query in ["%00", "%22%27", "*%3F[", "%E6%9D%B1%E4%BA%AC", "%FF", &long] {
            let answer = site.get(&format!("/-/api/v1/goto?q={query}")).await;
            assert_eq!((answer.status, titles(&answer.json()).len()), (200, 0), "{query}");
        }
    }
}
