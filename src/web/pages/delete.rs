//! Deleting a page or a file: a revision without content, after a question.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use uuid::Uuid;

use super::view::{Crumb, crumbs};
use super::words;
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;
use crate::web::error::Failure;
use crate::web::extract::{Fields, Submitted, Target, Visitor, remember};
use crate::web::filters;
use crate::web::shell::{Shell, after_save};
use crate::web::site::{Access, Site};
use crate::wiki::{Document, Edit, IfMovedOn, Revision, Saved};

/// How many of the pages that link to it are named.
const MOST_LINKS: usize = 20;

/// What the form holds.
struct Form {
    summary: String,
    author: String,
    base: Option<RevisionId>,
    nonce: Uuid,
    /// What the person had looked at, where it has changed meanwhile.
    seen: Seen,
}

enum Seen {
    Current,
    Old(Option<RevisionId>),
}

#[derive(Template)]
#[template(path = "pages/delete.html")]
struct AskView<'a> {
    shell: Shell,
    document: &'a Document,
    path: &'a DocPath,
    crumbs: Vec<Crumb>,
    form: &'a Form,
    /// The revision that came in between, and what it was made on.
    moved_on: Option<(&'a Revision, Option<RevisionId>)>,
    waiting: usize,
    links: Vec<Arc<Document>>,
    more_links: usize,
}

/// Asks whether the document is meant to be deleted.
pub(in crate::web) async fn ask(
    State(site): State<Site>,
    visitor: Visitor,
    Target(path): Target,
) -> Result<Response, Failure> {
    if site.settings().access == Access::ReadOnly {
        return Err(Failure::read_only());
    }
    site.blocking(move |site| {
        site.wiki().catch_up(&path);
        let document = site.wiki().require(&path)?;
        if !document.is_live() {
            return Ok(Redirect::to(&site.url(&document.path().address())).into_response());
        }
        let form = Form {
            summary: String::new(),
            author: visitor.author.clone(),
            base: document.resolution().winner,
            nonce: site.wiki().nonces().draw(),
            seen: Seen::Current,
        };
        show(site, &visitor, &document, &form)
    })
    .await
}

fn show(
    site: &Site,
    visitor: &Visitor,
    document: &Document,
    form: &Form,
) -> Result<Response, Failure> {
    let mut links = site.wiki().backlinks(document.path());
    links.retain(|page| page.key() != document.key());
    let more_links = links.len().saturating_sub(MOST_LINKS);
    links.truncate(MOST_LINKS);
    let known = |id: &RevisionId| document.history().get(*id).is_some();
    let moved_on = match form.seen {
        Seen::Current => None,
        Seen::Old(seen) => document.winner().map(|now| (now, seen.filter(known))),
    };
    let status = if moved_on.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    let view = AskView {
        shell: Shell::new(site, visitor, &format!("Delete {}?", document.title())),
        path: document.path(),
        crumbs: crumbs(site, document.path()),
        form,
        moved_on,
        waiting: document.resolution().conflicts.len(),
        links,
        more_links,
        document,
    };
    let html = view.render().map_err(|_| Failure::internal())?;
    Ok((status, [(header::CACHE_CONTROL, "private, no-cache")], Html(html)).into_response())
}

/// Deletes the document, unless it is another one by now than the one that was looked at.
pub(in crate::web) async fn submit(
    State(site): State<Site>,
    visitor: Visitor,
    Target(path): Target,
    Submitted(fields): Submitted,
) -> Result<Response, Failure> {
    if site.settings().access == Access::ReadOnly {
        return Err(Failure::read_only());
    }
    site.blocking(move |site| take(site, &visitor, path, &fields)).await
}

fn take(
    site: &Site,
    visitor: &Visitor,
    path: DocPath,
    fields: &Fields,
) -> Result<Response, Failure> {
    let nonce = Uuid::try_parse(fields.get("nonce"))
        .map_err(|_| Failure::bad_request("The form is incomplete. Open it again."))?;
    let base = fields.id("base")?;
    // There must be something to delete, or an empty page would come to be.
    site.wiki().require(&path)?;
    let edit = Edit {
        path,
        base,
        also: Vec::new(),
        content: Vec::new(),
        author: fields.get("author").trim().to_owned(),
        summary: fields.get("summary").trim().to_owned(),
        nonce,
    };
    match site.wiki().save(&edit, IfMovedOn::Stop)? {
        Saved::Done { document, owed, .. } => Ok(deleted(site, &document, &edit.author, owed)),
        Saved::Unchanged { document } => Ok(deleted(site, &document, &edit.author, false)),
        Saved::MovedOn { document } => {
            let form = Form {
                summary: edit.summary,
                author: edit.author,
                base: document.resolution().winner,
                nonce,
                seen: Seen::Old(base),
            };
            show(site, visitor, &document, &form)
        }
    }
}

fn deleted(site: &Site, document: &Document, author: &str, owed: bool) -> Response {
    let cookie = [(header::SET_COOKIE, remember(site, "author", author))];
    let to = after_save(&site.url(&document.path().address()), owed);
    (cookie, Redirect::to(&to)).into_response()
}

#[cfg(test)]
mod tests;
