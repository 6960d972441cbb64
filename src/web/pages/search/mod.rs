//! Searching the text of all pages.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use serde::Serialize;

use super::paging::Paging;
use crate::model::path::{DocPath, fold};
use crate::web::error::Failure;
use crate::web::extract::{Fields, Query, Visitor};
use crate::web::shell::Shell;
use crate::web::site::{Access, Site};
use crate::wiki::goto::GotoHit;
use crate::wiki::search::{Hit, Piece, Results};

/// How many results a page has.
const PAGE: usize = 20;
/// How many results a program gets at once at most.
const MAX_LIMIT: usize = 100;
/// How many names are offered where nothing was found.
const NEAR: usize = 6;

#[derive(Template)]
#[template(path = "pages/search.html")]
struct SearchView<'a> {
    shell: Shell,
    q: &'a str,
    results: Results,
    /// The page of just this name.
    exact: Option<DocPath>,
    /// Names like what was typed, where nothing was found.
    near: Vec<GotoHit>,
    /// The name of the page that could be written.
    may_create: Option<DocPath>,
    paging: Paging,
}

impl SearchView<'_> {
    /// The number of the first result on this page.
    fn first(&self) -> usize {
        (self.paging.page - 1) * PAGE + 1
    }
}

/// Shows what was found, and the box to search in.
pub(in crate::web) async fn show(
    State(site): State<Site>,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Response, Failure> {
    site.blocking(move |site| {
        let q = fields.get("q").trim();
        let wanted = Paging::wanted(&fields);
        let results = search(site, q, (wanted - 1).saturating_mul(PAGE), PAGE);
        let paging = Paging::new(wanted, results.total, PAGE, |page| address(q, page));
        let near =
            if results.total == 0 { site.names().goto(site.wiki(), q, NEAR) } else { Vec::new() };
        let exact = exact(site, q);
        let may_edit = site.settings().access == Access::Open;
        let may_create = DocPath::page_from_user(q).ok();
        let may_create = may_create.filter(|path| may_edit && site.wiki().find(path).is_none());
        let mut shell = Shell::new(site, &visitor, if q.is_empty() { "Search" } else { q });
        q.clone_into(&mut shell.query);
        let view = SearchView { shell, q, results, exact, near, may_create, paging };
        let html = view.render().map_err(|_| Failure::internal())?;
        Ok(([(header::CACHE_CONTROL, "private, no-cache")], Html(html)).into_response())
    })
    .await
}

fn address(q: &str, page: usize) -> String {
    let mut query = form_urlencoded::Serializer::for_suffix(String::from("?"), 1);
    query.append_pair("q", q);
    if page > 1 {
        query.append_pair("page", &page.to_string());
    }
    query.finish()
}

/// Returns the page whose name is just what was typed.
fn exact(site: &Site, q: &str) -> Option<DocPath> {
    let best = site.names().goto(site.wiki(), q, 1).pop()?.path;
    let typed = fold(q);
    [best.title(), best.without_suffix()].iter().any(|name| fold(name) == typed).then_some(best)
}

/// Asks the index; what it still has of a page that was deleted a moment ago is left out.
fn search(site: &Site, q: &str, skip: usize, limit: usize) -> Results {
    let Some(index) = site.search_index() else { return Results::default() };
    let mut results = index.search(q, skip, limit);
    let wiki = site.wiki();
    let scanned = wiki.scanned();
    let found = results.hits.len();
    results.hits.retain(|hit| match wiki.known(&hit.path.key()) {
        Some(document) => document.is_live(),
        None => !scanned,
    });
    results.total -= found - results.hits.len();
    results
}

/// A result for programs.
#[derive(Serialize)]
struct JsonHit {
    path: String,
    href: String,
    title: Vec<Piece>,
    snippet: Vec<Piece>,
    tags: Vec<String>,
}

/// Searches for programs: `q`, `page` from 1 on, `limit` of at most 100 results a page.
///
/// Answers `{"total", "page", "partial", "complete", "pending", "hits": [{"path", "href", "title",
/// "snippet", "tags"}]}`. Titles and snippets are lists of pieces `{"text", "marked"}`; `partial`
/// tells that no page has all the words; while `complete` is false, more may be found soon:
/// `pending` documents are still to be taken in.
pub(in crate::web) async fn json(
    State(site): State<Site>,
    Query(fields): Query,
) -> Result<Response, Failure> {
    site.blocking(move |site| Ok(answer(site, &fields))).await
}

fn answer(site: &Site, fields: &Fields) -> Response {
    let page = Paging::wanted(fields);
    let limit = fields.get("limit").parse().unwrap_or(PAGE).clamp(1, MAX_LIMIT);
    let results = search(site, fields.get("q").trim(), (page - 1).saturating_mul(limit), limit);
    let hit = |hit: Hit| JsonHit {
        href: site.url(&hit.path.address()),
        path: hit.path.to_string(),
        title: hit.title,
        snippet: hit.snippet,
        tags: hit.tags,
    };
    let answer = serde_json::json!({
        "total": results.total,
        "page": page,
        "partial": results.partial,
        "complete": results.complete,
        "pending": results.pending,
        "hits": results.hits.into_iter().map(hit).collect::<Vec<_>>(),
    });
    ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}

#[cfg(test)]
mod tests;
