//! Reading a page.

use std::fmt::Write as _;
use std::sync::Arc;

use askama::Template;
use axum::extract::{FromRequestParts, OriginalUri, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::after::Message;
use super::attachment;
use super::restore::Undo;
use super::words;
use crate::model::path::{DocPath, PAGE_SUFFIX, fold};
use crate::web::cache::{CachedPage, Validity};
use crate::web::error::Failure;
use crate::web::extract::{Fields, Rest, Theme, Visitor};
use crate::web::filters;
use crate::web::shell::Shell;
use crate::web::site::Site;
use crate::wiki::render::{RenderOptions, Rendered, TocEntry};
use crate::wiki::{Document, MAX_TEXT, Revision};

/// How much of a folder is shown in place of its page.
const MOST_CHILDREN: usize = 200;

/// Leads to the home page.
pub(in crate::web) async fn home(State(site): State<Site>) -> Result<Redirect, Failure> {
    let home = DocPath::page_from_user(&site.settings().home)?;
    Ok(Redirect::to(&site.url(&home.address())))
}

/// There is nothing at this address.
pub(in crate::web) async fn nothing() -> Failure {
    Failure::not_found("There is no page at this address.")
}

/// Shows a page, its raw text, or an attachment.
pub(in crate::web) async fn show(
    State(site): State<Site>,
    OriginalUri(uri): OriginalUri,
    request: Request,
) -> Result<Response, Failure> {
    let cached = match uri.query() {
        None => site.views().get(uri.path(), Theme::of(request.headers())),
        Some(_) => None,
    };
    // The hot path: nothing is rendered and nothing is read.
    if let Some(page) = &cached
        && !page.is_about(request.headers())
        && site.wiki().fresh(&page.key).is_some()
        && page.validity == validity(&site, page)
    {
        site.count_view(true);
        return Ok(page.respond(request.headers()));
    }
    site.count_view(false);
    let (mut parts, _) = request.into_parts();
    let Rest(name) = Rest::from_request_parts(&mut parts, &site).await?;
    let visitor = Visitor::from_parts(&parts);
    let headers = parts.headers;
    let query = Fields::parse(uri.query().unwrap_or_default().as_bytes());
    let asked = headers.clone();
    let found = site
        .blocking(move |site| {
            let found = || find(site, &visitor, &asked, uri.path(), &query, &name);
            Failure::past_damage(found)
        })
        .await;
    match (found, cached) {
        // While the disk is away, what was read before is better than nothing.
        (Err(failure), Some(page)) if failure.status == StatusCode::SERVICE_UNAVAILABLE => {
            Ok(page.respond(&headers))
        }
        (found, _) => found,
    }
}

fn validity(site: &Site, page: &CachedPage) -> Validity {
    Validity {
        version: site.wiki().page_version(&page.key),
        conflicts: site.wiki().conflict_count(),
    }
}

/// Finds what a name in an address means: a page, an attachment, or a page's raw text.
fn find(
    site: &Site,
    visitor: &Visitor,
    headers: &HeaderMap,
    address: &str,
    query: &Fields,
    name: &str,
) -> Result<Response, Failure> {
    let name = name.trim_end_matches('/');
    let page = DocPath::page_from_user(name)?;
    let raw = name.ends_with(PAGE_SUFFIX);
    if let Some(document) = site.wiki().open(&page)?
        && document.is_live()
    {
        if raw {
            return attachment::raw_text(site, headers, &document);
        }
        // One page, one address.
        if document.path().without_suffix() != name {
            return Ok(Redirect::to(&site.url(&document.path().address())).into_response());
        }
        return show_page(site, visitor, headers, address, query, &document);
    }
    let attachment = DocPath::from_user(name)?;
    if !attachment.is_page()
        && let Some(document) = site.wiki().open(&attachment)?
        && document.winner().is_some()
    {
        if document.is_live() {
            return attachment::serve(site, headers, query, &document);
        }
        return show_absent(site, visitor, Some(&document), &attachment);
    }
    let document = site.wiki().open(&page)?;
    // No page is to be begun among the addresses of the system.
    if document.is_none() && name.starts_with("-/") {
        return Err(Failure::not_found("There is no page at this address."));
    }
    show_absent(site, visitor, document.as_deref(), &page)
}

#[derive(Template)]
#[template(path = "pages/page.html")]
struct PageView<'a> {
    shell: Shell,
    document: &'a Document,
    winner: &'a Revision,
    content: Content,
    backlinks: Vec<Arc<Document>>,
    versions_waiting: usize,
    /// A version that waits is this visitor's own: the highest such.
    mine: Option<&'a Revision>,
    /// Who wrote what readers see, for a visitor whose own version waits.
    writer: String,
    missing_parents: usize,
    saved: Option<Message>,
    /// How to take back what was just saved.
    undo: Option<Undo>,
    crumbs: Vec<Crumb>,
}

/// What stands where the page's text belongs.
enum Content {
    Rendered(Box<Rendered>),
    /// Not UTF-8: shown with replacement characters.
    Binary,
    /// Too large to be shown.
    TooLarge,
}

impl Content {
    /// Returns the headings to choose from; a single one is no choice.
    fn toc(&self, title: &str) -> &[TocEntry] {
        let Content::Rendered(rendered) = self else { return &[] };
        let toc = &rendered.toc[usize::from(self.repeats(title))..];
        if toc.len() > 1 { toc } else { &[] }
    }

    /// Tells whether the text begins with its own title, as it does where it came from elsewhere.
    fn repeats(&self, title: &str) -> bool {
        let Content::Rendered(rendered) = self else { return false };
        let plain = |text: &str| fold(&text.replace(['-', '_'], " "));
        let first = rendered.toc.first().filter(|first| first.level == 1);
        rendered.html.as_str().starts_with("<h1")
            && first.is_some_and(|first| plain(&first.text) == plain(title))
    }

    fn tags(&self) -> &[String] {
        match self {
            Content::Rendered(rendered) => &rendered.tags,
            _ => &[],
        }
    }
}

/// A folder on the way to a page.
pub(in crate::web) struct Crumb {
    /// Its name.
    pub(in crate::web) name: String,
    /// Its address.
    pub(in crate::web) href: String,
}

/// Returns the folders on the way to a document.
pub(in crate::web) fn crumbs(site: &Site, path: &DocPath) -> Vec<Crumb> {
    let mut crumbs = Vec::new();
    let mut so_far = String::new();
    for folder in path.folder().split('/').filter(|f| !f.is_empty()) {
        if !so_far.is_empty() {
            so_far.push('/');
        }
        let _ = write!(so_far, "{folder}");
        crumbs.push(Crumb {
            name: folder.to_owned(),
            href: site.url(&crate::model::path::escape(&so_far)),
        });
    }
    crumbs
}

fn show_page(
    site: &Site,
    visitor: &Visitor,
    headers: &HeaderMap,
    address: &str,
    query: &Fields,
    document: &Arc<Document>,
) -> Result<Response, Failure> {
    let wiki = site.wiki();
    let Some(winner) = document.winner() else { return Err(Failure::internal()) };
    // Taken before anything is read: what changes meanwhile makes the entry invalid, not wrong.
    let validity =
        Validity { version: wiki.page_version(document.key()), conflicts: wiki.conflict_count() };
    let content = if winner.length > MAX_TEXT {
        Content::TooLarge
    } else {
        match String::from_utf8(wiki.content(document, winner.id)?) {
            Ok(text) => Content::Rendered(Box::new(wiki.render(
                document.path(),
                &text,
                RenderOptions::default(),
            ))),
            Err(_) => Content::Binary,
        }
    };
    let shell = Shell::new(site, visitor, document.title());
    let owed = shell.owed.is_some();
    let saved = Message::of(site, query, document, &visitor.author, owed);
    let waiting: Vec<String> = document.conflicts().map(|r| fold(&r.author)).collect();
    let me = fold(&visitor.author);
    let mine = document.conflicts().find(|r| !me.is_empty() && fold(&r.author) == me);
    let view = PageView {
        shell,
        document,
        winner,
        content,
        backlinks: wiki.backlinks(document.path()),
        versions_waiting: document.resolution().conflicts.len(),
        mine,
        writer: words::authors(std::iter::once(document.repeated(winner)), &visitor.author),
        missing_parents: document.not_arrived().count(),
        saved,
        undo: Undo::offer(site, query, document),
        crumbs: crumbs(site, document.path()),
    };
    let html = view.render().map_err(|_| Failure::internal())?;
    let page = Arc::new(CachedPage::new(document.key().clone(), validity, waiting, html));
    let response = page.respond(headers);
    // What is about one visitor is shown to nobody else.
    let about_one = view.mine.is_some() || view.saved.is_some() || view.undo.is_some();
    if !about_one && query.find("saved").is_none() {
        site.views().put(address, visitor.theme, page);
    }
    Ok(response)
}

#[derive(Template)]
#[template(path = "pages/absent.html")]
struct Absent<'a> {
    shell: Shell,
    path: &'a DocPath,
    crumbs: Vec<Crumb>,
    /// Deleted rather than never written.
    deleted: Option<&'a Document>,
    /// The revision to restore: the last that was not a deletion.
    last: Option<&'a Revision>,
    /// Who wrote what waits.
    editors: String,
    nonce: String,
    /// What lies below it, if it is a folder.
    children: Vec<DocPath>,
    /// How many more there are.
    left_out: usize,
    /// The home page of a wiki that has nothing yet.
    welcome: bool,
}

/// Says that a page does not exist, or was deleted, and what can be done; shows what is in a folder.
fn show_absent(
    site: &Site,
    visitor: &Visitor,
    document: Option<&Document>,
    path: &DocPath,
) -> Result<Response, Failure> {
    let deleted = document.filter(|d| d.is_deleted());
    let last = deleted.and_then(|d| d.revisions().find(|r| r.damage.is_none() && !r.is_deletion()));
    let (children, count) = site.wiki().paths_below(path.without_suffix(), MOST_CHILDREN);
    let left_out = count - children.len();
    let welcome = site.wiki().scanned()
        && site.wiki().document_count() == 0
        && path.without_suffix() == site.settings().home;
    // A folder is something to show, if not a page.
    let status = if deleted.is_none() && !children.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::NOT_FOUND
    };
    let view = Absent {
        shell: Shell::new(site, visitor, path.title()),
        path,
        crumbs: crumbs(site, path),
        deleted,
        last,
        editors: document
            .map(|d| words::authors(d.conflicts(), &visitor.author))
            .unwrap_or_default(),
        nonce: site.wiki().nonces().draw().to_string(),
        children,
        left_out,
        welcome,
    };
    let html = view.render().map_err(|_| Failure::internal())?;
    Ok((status, [(header::CACHE_CONTROL, "no-store")], Html(html)).into_response())
}

#[cfg(test)]
mod tests;
