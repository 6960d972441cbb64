//! Editing a page.
//!
//! The form carries the revision it was made from and a nonce made once, so that sending it twice is
//! one revision and a page that moved on meanwhile is noticed; the text is a revision then too, and
//! its author is led to the merge screen. Whatever happens, the typed text is saved or comes back:
//! every failure after the form has arrived shows it again.
//!
//! A browser that goes back to a form fills in what was typed, but takes the hidden fields from the
//! page as it is served then: an old text would go with a new base, and silently undo what others
//! saved. So a browser is led to an address that names the base (`?from=`): there the form is the same
//! at every visit. The script of the editor, which fills in the form itself, shortens the address.

mod form;
mod line_ends;
#[cfg(test)]
mod tests;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use uuid::Uuid;

use self::form::{Form, Note, ask_for_deletion, show, show_uneditable};
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;
use crate::store::StoreError;
use crate::web::error::Failure;
use crate::web::extract::{Fields, Query, Submitted, Target, Visitor, remember};
use crate::web::shell::Outcome;
use crate::web::site::{Access, Site};
use crate::wiki::{Document, Edit, MAX_MERGED, Revision, WikiError};

/// What `from` says in the address of a form that was made before the page was.
const NEW: &str = "new";

/// Shows the form for a page, filled with what readers see now, or with the revision `from`.
pub(in crate::web) async fn open(
    State(site): State<Site>,
    visitor: Visitor,
    Target(path): Target,
    Query(fields): Query,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    if site.settings().access == Access::ReadOnly {
        return Err(Failure::read_only());
    }
    let accepted = headers.get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
    // Programs, which keep what they were sent, are not sent on.
    let lead = accepted.is_some_and(|accepted| accepted.contains("text/html"));
    site.blocking(move |site| {
        Failure::past_damage(|| begin(site, &visitor, &path, fields.get("from"), lead))
    })
    .await
}

fn begin(
    site: &Site,
    visitor: &Visitor,
    path: &DocPath,
    from: &str,
    lead: bool,
) -> Result<Response, Failure> {
    let wiki = site.wiki();
    if !path.is_page() {
        let folder = site.url("-/upload?replaces=");
        let name = form_urlencoded::byte_serialize(path.as_str().as_bytes()).collect::<String>();
        return Ok(Redirect::to(&format!("{folder}{name}")).into_response());
    }
    wiki.catch_up(path);
    let document = wiki.open(path)?;
    let winner = document.as_ref().and_then(|d| d.resolution().winner);
    let named = named_text(site, document.as_deref(), from);
    let lead = lead && named.is_none();
    let (base, content) = match (named, &document) {
        (Some(named), _) => named,
        (None, Some(document)) => match current_text(site, document)? {
            Some(text) => (winner, text),
            None => return show_uneditable(site, visitor, document),
        },
        (None, None) => (None, String::new()),
    };
    let path = document.as_ref().map_or(path, |d| d.path());
    if lead {
        let from = base.map_or_else(|| NEW.to_owned(), |id| id.to_string());
        let to = site.url(&format!("-/edit/{}?from={from}", path.address()));
        return Ok(([(header::CACHE_CONTROL, "no-store")], Redirect::to(&to)).into_response());
    }
    let form = Form {
        content: line_ends::shown(&content),
        summary: String::new(),
        author: visitor.author.clone(),
        base,
        also: Vec::new(),
        nonce: wiki.nonces().draw(),
    };
    let note = if base == winner { Note::None } else { Note::Earlier };
    show(site, visitor, path, document.as_deref(), &form, note)
}

/// Returns the revision that an address names and its text, if a form can be made from it.
fn named_text(
    site: &Site,
    document: Option<&Document>,
    from: &str,
) -> Option<(Option<RevisionId>, String)> {
    if from == NEW {
        return Some((None, String::new()));
    }
    let (id, document) = (from.parse().ok()?, document?);
    let text = text_for_form(site, document, document.revision(id)?).ok()??;
    Some((Some(id), text))
}

/// Returns the text that readers see, empty where there is none; `None` where a form cannot hold it.
fn current_text(site: &Site, document: &Document) -> Result<Option<String>, WikiError> {
    match document.winner() {
        Some(winner) => text_for_form(site, document, winner),
        None => Ok(Some(String::new())),
    }
}

/// Returns the text of a revision; `None` where it is not a text that a form could hold without
/// altering it.
fn text_for_form(
    site: &Site,
    document: &Document,
    revision: &Revision,
) -> Result<Option<String>, WikiError> {
    if revision.length > site.wiki().limits().text {
        return Ok(None);
    }
    match site.wiki().text(document, revision.id) {
        // Browsers drop NUL from a form.
        Ok(text) => Ok((!text.contains('\0')).then_some(text)),
        Err(WikiError::NotText(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Shows the form with a text that is saved nowhere yet; saving it merges the versions it names.
pub(in crate::web::pages) fn go_on(
    site: &Site,
    visitor: &Visitor,
    document: &Document,
    edit: &Edit,
) -> Result<Response, Failure> {
    let form = Form {
        content: line_ends::shown(&String::from_utf8_lossy(&edit.content)),
        summary: edit.summary.clone(),
        author: edit.author.clone(),
        base: edit.base,
        also: edit.also.clone(),
        nonce: site.wiki().nonces().draw(),
    };
    show(site, visitor, document.path(), Some(document), &form, Note::Preview)
}

/// Takes the form: saves it, shows a preview, or says why it cannot be saved.
pub(in crate::web) async fn submit(
    State(site): State<Site>,
    visitor: Visitor,
    target: Result<Target, Failure>,
    Submitted(fields): Submitted,
) -> Result<Response, Failure> {
    let text = fields.text("content");
    let give_back = |failure: Failure| failure.with_text(text.clone());
    if site.settings().access == Access::ReadOnly {
        return Err(give_back(Failure::read_only()));
    }
    let Target(path) = target.map_err(give_back)?;
    site.blocking(move |site| take(site, &visitor, &path, &fields)).await.map_err(give_back)
}

fn take(
    site: &Site,
    visitor: &Visitor,
    path: &DocPath,
    fields: &Fields,
) -> Result<Response, Failure> {
    if !path.is_page() {
        let message = "This is the address of a file; a text cannot be written there.";
        return Err(Failure::bad_request(message));
    }
    let mut form = Form {
        content: fields.text("content"),
        summary: fields.get("summary").trim().to_owned(),
        author: fields.get("author").trim().to_owned(),
        base: fields.id("base")?,
        also: fields.all("also").filter_map(|id| id.parse().ok()).take(MAX_MERGED).collect(),
        nonce: nonce(site, fields),
    };
    let document = match site.wiki().open(path) {
        Ok(document) => document,
        Err(error) => {
            let failure = Failure::from(error);
            return show(site, visitor, path, None, &form, Note::Failed(failure));
        }
    };
    let document = document.as_deref();
    if fields.get("action") == "preview" {
        return show(site, visitor, path, document, &form, Note::Preview);
    }
    let deletes = form.content.trim().is_empty();
    if deletes {
        let Some(live) = document.filter(|d| d.is_live()) else {
            return show(site, visitor, path, document, &form, Note::Failed(nothing_to_save()));
        };
        if fields.get("confirm") != "delete" {
            return ask_for_deletion(site, visitor, live, &form);
        }
    }
    let base = form.base;
    let edit = Edit {
        path: path.clone(),
        base,
        also: form.also.clone(),
        content: if deletes { Vec::new() } else { bytes_to_save(site, document, base, &form) },
        author: form.author.clone(),
        summary: form.summary.clone(),
        nonce: form.nonce,
    };
    match site.wiki().save(&edit, site.merge_on_save(visitor)) {
        Ok(saved) => {
            let cookie = [(header::SET_COOKIE, remember(site, "author", &form.author))];
            let merges = |id| saved.document().revision(id).is_some_and(|r| r.parents.len() > 1);
            let merged = !form.also.is_empty() && saved.typed().is_some_and(merges);
            let how = if merged { "merged" } else { "1" };
            Ok((cookie, Redirect::to(&Outcome::led_to(site, &saved, how))).into_response())
        }
        Err(error) => {
            // The nonce belongs to another text already; with a new one the next try can succeed.
            if matches!(error, WikiError::Store(StoreError::Taken(_))) {
                form.nonce = site.wiki().nonces().draw();
            }
            show(site, visitor, path, document, &form, Note::Failed(error.into()))
        }
    }
}

fn nothing_to_save() -> Failure {
    Failure::new(
        axum::http::StatusCode::UNPROCESSABLE_ENTITY,
        "There is no text yet",
        "An empty page cannot be saved. Write something first.",
    )
}

/// Reads the nonce that was made with the form; a form without one gets its own.
fn nonce(site: &Site, fields: &Fields) -> Uuid {
    Uuid::try_parse(fields.get("nonce"))
        .ok()
        .filter(|nonce| nonce.get_version_num() == 4)
        .unwrap_or_else(|| site.wiki().nonces().draw())
}

/// Gives the text the line ends of the revision it was made from.
fn bytes_to_save(
    site: &Site,
    document: Option<&Document>,
    base: Option<RevisionId>,
    form: &Form,
) -> Vec<u8> {
    let base_text = document.zip(base).and_then(|(d, id)| site.wiki().text(d, id).ok());
    match base_text {
        Some(base_text) => line_ends::as_in(&base_text, &form.content).into_bytes(),
        None => form.content.clone().into_bytes(),
    }
}
