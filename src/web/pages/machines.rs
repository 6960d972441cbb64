//! What crawlers, browsers and watching programs ask for by fixed names.
//!
//! Nothing but `/-/` is reserved: where the wiki has a document `robots.txt` or `favicon.ico`, that
//! is what its address serves.

use std::fmt::Write as _;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::attachment;
use crate::model::path::DocPath;
use crate::web::assets;
use crate::web::error::Failure;
use crate::web::extract::Fields;
use crate::web::site::Site;
use crate::wiki::search::SearchIndex;

const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// Tells crawlers to read the pages and leave everything else alone.
pub(in crate::web) async fn robots(
    State(site): State<Site>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let own = document(&site, &headers, "robots.txt").await?;
    if let Some(mut response) = own {
        // Else they would not read it.
        response.headers_mut().insert(header::CONTENT_TYPE, PLAIN);
        return Ok(response);
    }
    let base = &site.settings().base_path;
    // History, differences, raw texts and forms would only show the same text again.
    let text = format!(
        "User-agent: *\n\
         Disallow: {base}/-/\n\
         Disallow: {base}/*.md$\n\
         Allow: {base}/-/static/\n\
         Allow: {base}/-/pages\n\
         Allow: {base}/-/feed.atom$\n"
    );
    Ok(([(header::CONTENT_TYPE, PLAIN)], text).into_response())
}

/// Leads browsers that ask for this name to the icon.
pub(in crate::web) async fn favicon(
    State(site): State<Site>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    if let Some(response) = document(&site, &headers, "favicon.ico").await? {
        return Ok(response);
    }
    let icon = format!("-/static/{}", assets::hashed_name("icons/favicon.svg"));
    Ok(Redirect::temporary(&site.url(&icon)).into_response())
}

/// Serves a document of the wiki if it has one of this name.
async fn document(
    site: &Site,
    headers: &HeaderMap,
    name: &'static str,
) -> Result<Option<Response>, Failure> {
    let headers = headers.clone();
    site.blocking(move |site| match site.wiki().open(&DocPath::new(name)?)? {
        Some(document) if document.is_live() => {
            attachment::serve(site, &headers, &Fields::default(), &document).map(Some)
        }
        _ => Ok(None),
    })
    .await
}

/// Tells browsers how to install the wiki as an app.
pub(in crate::web) async fn manifest(State(site): State<Site>) -> Response {
    let name = &site.settings().title;
    let icon = site.url(&format!("-/static/{}", assets::hashed_name("icons/favicon.svg")));
    let manifest = serde_json::json!({
        "name": name,
        "short_name": name,
        "id": site.url(""),
        "start_url": site.url(""),
        "scope": site.url(""),
        "display": "minimal-ui",
        "icons": [{ "src": icon, "sizes": "any", "type": "image/svg+xml" }],
    });
    let headers =
        [(header::CONTENT_TYPE, "application/manifest+json"), (header::CACHE_CONTROL, "no-cache")];
    (headers, manifest.to_string()).into_response()
}

/// Prints numbers about the wiki in the text format of Prometheus.
pub(in crate::web) async fn metrics(State(site): State<Site>) -> Result<Response, Failure> {
    site.blocking(|site| {
        let headers = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
        Ok((headers, numbers(site)).into_response())
    })
    .await
}

fn numbers(site: &Site) -> String {
    let wiki = site.wiki();
    let live = wiki.paths();
    let pages = live.iter().filter(|path| path.is_page()).count();
    let (views, cached) = site.view_counts();
    let pending = site.search_index().map_or(0, SearchIndex::pending);
    let yes = |fact: bool| u64::from(fact);
    let count = |number: usize| number as u64;
    let mut text = String::new();
    let own = [
        ("documents", "gauge", "Live documents, pages and attachments.", count(live.len())),
        ("pages", "gauge", "Live pages.", count(pages)),
        ("conflicts", "gauge", "Documents with unmerged versions.", count(wiki.conflict_count())),
        (
            "findings",
            "gauge",
            "Foreign files and damage, as reported by everpage check.",
            count(wiki.findings().len()),
        ),
        (
            "read_only",
            "gauge",
            "1 if the disk failed and the wiki accepts no edits until it is restarted.",
            yes(wiki.read_only().is_some()),
        ),
        (
            "scanned",
            "gauge",
            "1 after the first scan of all pages has finished.",
            yes(wiki.scanned()),
        ),
        ("saves_total", "counter", "Revisions saved through this server.", wiki.save_count()),
        (
            "changes_total",
            "counter",
            "Changes to documents noticed, from any source.",
            wiki.change_counter(),
        ),
        ("views_total", "counter", "Views of pages and attachments.", views),
        ("views_cached_total", "counter", "Views that were served from the cache.", cached),
        (
            "search_pending",
            "gauge",
            "Documents still to be added to the search index.",
            count(pending),
        ),
    ];
    for (name, kind, help, value) in own.into_iter().chain(super::peers::numbers(site)) {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "# HELP everpage_{name} {help}\n# TYPE everpage_{name} {kind}\neverpage_{name} {value}\n"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::web::SiteSettings;
    use crate::web::test_support::TestSite;
    use crate::wiki::Limits;

    #[tokio::test]
    async fn crawlers_are_sent_to_pages_only() {
        let settings = SiteSettings { base_path: "/w".to_owned(), ..SiteSettings::default() };
        let site = TestSite::with(Limits::default(), settings);
        for address in ["/robots.txt", "/w/robots.txt"] {
            let page = site.get(address).await;
            assert_eq!(page.header("content-type"), Some("text/plain; charset=utf-8"));
            assert!(page.body.contains("Disallow: /w/-/\n"), "{}", page.body);
        }
    }

    #[tokio::test]
    async fn a_document_of_that_name_wins() {
        let site = TestSite::new();
        let page = site.get("/favicon.ico").await;
        assert_eq!(page.status, 307);
        assert!(page.header("location").unwrap().starts_with("/-/static/icons/favicon."));
        site.save("robots.txt", "User-agent: *\nAllow: /\n");
        site.save("favicon.ico", [0, 0, 1, 0, 7]);
        let page = site.get("/robots.txt").await;
        assert_eq!(page.body, "User-agent: *\nAllow: /\n");
        assert_eq!(page.header("content-type"), Some("text/plain; charset=utf-8"));
        let page = site.get("/favicon.ico").await;
        assert_eq!((page.status, page.header("content-type")), (200, Some("image/x-icon")));
    }

    #[tokio::test]
    async fn numbers_follow_what_happens() {
        let site = TestSite::new();
        site.save("Home.md", "h");
        site.save("plan.png", "p");
        for _ in 0..3 {
            site.get("/Home").await;
        }
        let page = site.get("/-/metrics").await;
        for line in [
            "everpage_documents 2",
            "everpage_pages 1",
            "everpage_conflicts 0",
            "everpage_read_only 0",
            "everpage_saves_total 2",
            "everpage_views_total 3",
            "everpage_views_cached_total 2",
        ] {
            assert!(page.body.contains(&format!("{line}\n")), "{line}: {}", page.body);
        }
        // Every number is described before it.
        for line in page.body.lines().filter(|line| !line.starts_with('#')) {
            let name = line.split(' ').next().unwrap();
            assert!(page.body.contains(&format!("# TYPE {name} ")), "{name}");
        }
    }

    #[tokio::test]
    async fn the_manifest_knows_the_prefix() {
        let settings = SiteSettings { base_path: "/w".to_owned(), ..SiteSettings::default() };
        let site = TestSite::with(Limits::default(), settings);
        let manifest = site.get("/w/-/manifest.webmanifest").await.json();
        assert_eq!(manifest["start_url"], "/w/");
        let icon = manifest["icons"][0]["src"].as_str().unwrap();
        assert_eq!(site.get(icon).await.status, 200);
    }
}
