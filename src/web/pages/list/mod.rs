//! Everything that the wiki holds: pages by letter, the tree of folders, files, and loose ends.
//!
//! No list shows more than [`MOST`] entries at once, so that a page of a large wiki stays light.

mod letters;
#[cfg(test)]
mod tests;
mod tree;

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};

use self::letters::{Group, Letter};
use self::tree::Row;
use super::paging::Paging;
use crate::model::path::{DocPath, fold};
use crate::web::error::Failure;
use crate::web::extract::{Fields, Query, Visitor};
use crate::web::filters;
use crate::web::shell::Shell;
use crate::web::site::Site;
use crate::wiki::{Document, Wanted};

/// How many entries are shown at once.
const MOST: usize = 500;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    Letters,
    Tree,
    Files,
    Missing,
    Orphans,
}

impl View {
    const EACH: [Self; 5] = [Self::Letters, Self::Tree, Self::Files, Self::Missing, Self::Orphans];

    fn parse(word: &str) -> Self {
        Self::EACH.into_iter().find(|view| view.word() == word).unwrap_or(Self::Letters)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Letters => "letters",
            Self::Tree => "tree",
            Self::Files => "files",
            Self::Missing => "missing",
            Self::Orphans => "orphans",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Letters => "A to Z",
            Self::Tree => "Folders",
            Self::Files => "Files",
            Self::Missing => "Missing pages",
            Self::Orphans => "Orphan pages",
        }
    }
}

/// A way to look at the wiki.
struct Tab {
    label: &'static str,
    href: String,
    count: Option<usize>,
    current: bool,
}

/// An attachment and the pages that show it or link to it.
struct File {
    document: Arc<Document>,
    length: u64,
    by: Vec<Arc<Document>>,
}

impl File {
    fn new(site: &Site, document: Arc<Document>) -> Self {
        let by = site.wiki().backlinks(document.path());
        Self { length: document.winner().map_or(0, |winner| winner.length), by, document }
    }
}

/// What is listed.
enum Body {
    Letters { letters: Vec<Letter>, groups: Vec<Group> },
    Tree { crumbs: Vec<(String, String)>, rows: Vec<Row>, open: bool },
    Files(Vec<File>),
    Missing(Vec<Wanted>),
    Orphans(Vec<Arc<Document>>),
}

#[derive(Template)]
#[template(path = "pages/list.html")]
struct List {
    shell: Shell,
    tabs: Vec<Tab>,
    body: Body,
    /// How many entries the list has on all its pages.
    total: usize,
    paging: Paging,
    scanning: bool,
}

/// Shows one of the lists.
pub(in crate::web) async fn show(
    State(site): State<Site>,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Response, Failure> {
    site.blocking(move |site| {
        let view = View::parse(fields.get("view"));
        let live = site.wiki().live();
        let pages = live.iter().filter(|d| d.path().is_page()).count();
        let files = live.len() - pages;
        let tabs = View::EACH.into_iter().map(|each| Tab {
            label: each.label(),
            href: Address(vec![("view", each.word())]).to_string(),
            count: match each {
                View::Letters => Some(pages),
                View::Files => Some(files),
                _ => None,
            },
            current: each == view,
        });
        let (body, total, paging) = body(site, view, live, &fields);
        let list = List {
            shell: Shell::new(site, &visitor, "Pages"),
            tabs: tabs.collect(),
            body,
            total,
            paging,
            scanning: !site.wiki().scanned(),
        };
        let html = list.render().map_err(|_| Failure::internal())?;
        Ok(([(header::CACHE_CONTROL, "private, no-cache")], Html(html)).into_response())
    })
    .await
}

fn body(
    site: &Site,
    view: View,
    live: Vec<Arc<Document>>,
    fields: &Fields,
) -> (Body, usize, Paging) {
    let page = Paging::wanted(fields);
    let paging = |total| {
        Paging::new(page, total, MOST, |page| {
            Address(vec![("view", view.word()), ("page", &page.to_string())]).to_string()
        })
    };
    match view {
        View::Letters => letters::list(live, fields.get("letter"), page),
        View::Tree => tree::list(site, &live, fields.get("folder").trim_matches('/'), page),
        View::Files => {
            let files: Vec<_> = live.into_iter().filter(|d| !d.path().is_page()).collect();
            let (total, paging) = (files.len(), paging(files.len()));
            let files = paging.cut(files, MOST).into_iter().map(|file| File::new(site, file));
            (Body::Files(files.collect()), total, paging)
        }
        View::Missing => {
            let wanted = site.wiki().loose_ends().wanted;
            let (total, paging) = (wanted.len(), paging(wanted.len()));
            (Body::Missing(paging.cut(wanted, MOST)), total, paging)
        }
        View::Orphans => {
            // Everybody arrives at the home page.
            let home = DocPath::page_from_user(&site.settings().home).ok().map(|path| path.key());
            let mut unlinked = site.wiki().loose_ends().unlinked;
            unlinked.retain(|d| Some(d.key()) != home.as_ref());
            let (total, paging) = (unlinked.len(), paging(unlinked.len()));
            (Body::Orphans(paging.cut(unlinked, MOST)), total, paging)
        }
    }
}

/// The query of an address of a list; empty values and the first page are left out.
struct Address<'a>(Vec<(&'static str, &'a str)>);

impl std::fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut query = form_urlencoded::Serializer::for_suffix(String::from("?"), 1);
        for (name, value) in &self.0 {
            if !value.is_empty() && (*name, *value) != ("page", "1") {
                query.append_pair(name, value);
            }
        }
        f.write_str(&query.finish())
    }
}

/// Sorts documents as people look for them: by title without case, then by name.
fn sort_by_title(documents: &mut [Arc<Document>]) {
    documents.sort_by_cached_key(|d| (fold(d.title()), d.path().clone()));
}
