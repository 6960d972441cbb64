//! Deleting a page or a file: a revision without content, after a question.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Redirect, Response};
use uuid::Uuid;

use super::view::{Crumb, crumbs};
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;
use crate::web::error::Failure;
use crate::web::extract::{Fields, Submitted, Target, Visitor, remember};
use crate::web::shell::{Outcome, Shell, after_save};
use crate::web::site::{Access, Site};
use crate::wiki::{Document, Edit, MergeOnSave, Saved};

/// How many of the pages that link to it are named.
const MOST_LINKS: usize = 20;

/// What the form holds.
struct Form {
    summary: String,
    author: String,
    base: Option<RevisionId>,
    nonce: Uuid,
}

#[derive(Template)]
#[template(path = "pages/delete.html")]
struct AskView<'a> {
    shell: Shell,
    document: &'a Document,
    path: &'a DocPath,
    crumbs: Vec<Crumb>,
    form: &'a Form,
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
    let view = AskView {
        shell: Shell::new(site, visitor, &format!("Delete {}?", document.title())),
        path: document.path(),
        crumbs: crumbs(site, document.path()),
        form,
        waiting: document.resolution().conflicts.len(),
        links,
        more_links,
        document,
    };
    let html = view.render().map_err(|_| Failure::internal())?;
    Ok(([(header::CACHE_CONTROL, "private, no-cache")], Html(html)).into_response())
}

/// Deletes the document. If it has changed since it was looked at, the deletion is a version that
/// waits, and its author is led to the merge screen.
pub(in crate::web) async fn submit(
    State(site): State<Site>,
    Target(path): Target,
    Submitted(fields): Submitted,
) -> Result<Response, Failure> {
    if site.settings().access == Access::ReadOnly {
        return Err(Failure::read_only());
    }
    site.blocking(move |site| take(site, path, &fields)).await
}

fn take(site: &Site, path: DocPath, fields: &Fields) -> Result<Response, Failure> {
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
    let saved = site.wiki().save(&edit, MergeOnSave::Ask)?;
    let to = match &saved {
        Saved::Yielded { .. } => Outcome::led_to(site, &saved, "1"),
        // The page itself says that it is deleted.
        _ => after_save(&site.url(&saved.document().path().address()), saved.owed()),
    };
    let cookie = [(header::SET_COOKIE, remember(site, "author", &edit.author))];
    Ok((cookie, Redirect::to(&to)).into_response())
}

#[cfg(test)]
mod tests;
