//! The pages around the form: the editor itself, and what to do where it cannot be shown.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use uuid::Uuid;

use crate::model::path::DocPath;
use crate::model::revision::RevisionId;
use crate::web::error::Failure;
use crate::web::extract::Visitor;
use crate::web::pages::view::{Crumb, crumbs};
use crate::web::shell::{Away, Shell};
use crate::web::site::Site;
use crate::wiki::render::{RenderOptions, SafeHtml};
use crate::wiki::{Document, Revision};

/// What the form holds.
#[derive(Debug, Clone)]
pub(super) struct Form {
    /// The text with LF line ends.
    pub(super) content: String,
    pub(super) summary: String,
    pub(super) author: String,
    /// The revision that the form was made from.
    pub(super) base: Option<RevisionId>,
    /// Other versions that the text merges.
    pub(super) also: Vec<RevisionId>,
    /// Made once for this form.
    pub(super) nonce: Uuid,
}

/// What is shown around the form.
pub(super) enum Note {
    None,
    /// That the page has moved on since the revision that the form was made from.
    Earlier,
    /// The rendered text below it.
    Preview,
    /// Why it was not saved, above it.
    Failed(Failure),
}

#[derive(Template)]
#[template(path = "pages/edit.html")]
struct Editor<'a> {
    shell: Shell,
    /// The language of the text.
    language: String,
    path: &'a DocPath,
    title: &'a str,
    crumbs: Vec<Crumb>,
    form: &'a Form,
    /// There is something that readers see.
    live: bool,
    /// The winner is a deletion.
    deletion: Option<&'a Revision>,
    versions_waiting: usize,
    preview: Option<SafeHtml>,
    /// The page has moved on since the base.
    earlier: bool,
    failure: Option<&'a Failure>,
    cannot_write: bool,
    /// The upstream that could not be asked what is new.
    away: Option<Away>,
}

/// Shows the form.
pub(super) fn show(
    site: &Site,
    visitor: &Visitor,
    path: &DocPath,
    document: Option<&Document>,
    form: &Form,
    note: Note,
) -> Result<Response, Failure> {
    let earlier = matches!(note, Note::Earlier);
    let (mut preview, mut failure) = (None, None);
    match note {
        Note::None | Note::Earlier => {}
        Note::Preview => {
            let rendered = site.wiki().render(path, &form.content, RenderOptions::default());
            preview = Some(rendered.html);
        }
        Note::Failed(why) => failure = Some(why),
    }
    let title = document.map_or(path.title(), Document::title);
    let shell = Shell::new(site, visitor, &format!("Editing {title}"));
    let view = Editor {
        language: document.map_or(shell.language.as_str(), |d| shell.language_of(d)).to_owned(),
        shell,
        path,
        title,
        crumbs: crumbs(site, path),
        form,
        live: document.is_some_and(Document::is_live),
        deletion: document.filter(|d| d.is_deleted()).and_then(Document::winner),
        versions_waiting: document.map_or(0, |d| d.resolution().conflicts.len()),
        preview,
        earlier,
        failure: failure.as_ref(),
        away: Away::of(site).filter(|away| away.reason.is_some()),
        cannot_write: failure.is_none() && site.wiki().read_only().is_some(),
    };
    let html = view.render().map_err(|_| Failure::internal())?;
    let status = failure.as_ref().map_or(StatusCode::OK, |f| f.status);
    Ok(page(status, html))
}

#[derive(Template)]
#[template(path = "pages/edit-delete.html")]
struct AskForDeletion<'a> {
    shell: Shell,
    document: &'a Document,
    crumbs: Vec<Crumb>,
    form: &'a Form,
}

/// Asks whether a page without text is meant to be deleted.
pub(super) fn ask_for_deletion(
    site: &Site,
    visitor: &Visitor,
    document: &Document,
    form: &Form,
) -> Result<Response, Failure> {
    let view = AskForDeletion {
        shell: Shell::new(site, visitor, &format!("Delete {}?", document.title())),
        document,
        crumbs: crumbs(site, document.path()),
        form,
    };
    Ok(page(StatusCode::OK, view.render().map_err(|_| Failure::internal())?))
}

#[derive(Template)]
#[template(path = "pages/uneditable.html")]
struct Uneditable<'a> {
    shell: Shell,
    document: &'a Document,
    crumbs: Vec<Crumb>,
    too_large: bool,
}

/// Says why a page cannot be edited here, and what can be done with it.
pub(super) fn show_uneditable(
    site: &Site,
    visitor: &Visitor,
    document: &Document,
) -> Result<Response, Failure> {
    let view = Uneditable {
        shell: Shell::new(site, visitor, document.title()),
        document,
        crumbs: crumbs(site, document.path()),
        too_large: document.winner().is_some_and(|w| w.length > site.wiki().limits().text),
    };
    let html = view.render().map_err(|_| Failure::internal())?;
    Ok(page(StatusCode::UNPROCESSABLE_ENTITY, html))
}

/// Makes the response. It may not be “no-store”: a browser that goes back to such a page has
/// forgotten what was typed into it.
fn page(status: StatusCode, html: String) -> Response {
    (status, [(header::CACHE_CONTROL, "private, no-cache")], Html(html)).into_response()
}
