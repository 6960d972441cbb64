//! The permanent address of a revision: what it said, as it was, and where it stands today.
//!
//! With `?raw` it serves the bytes, which never change.

use askama::Template;
use axum::extract;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::view::{Crumb, crumbs};
use super::{attachment, words};
use crate::model::path::DocPath;
use crate::model::resolve::State;
use crate::model::revision::RevisionId;
use crate::web::error::Failure;
use crate::web::extract::{Query, TargetRevision, Visitor};
use crate::web::filters;
use crate::web::shell::Shell;
use crate::web::site::Site;
use crate::wiki::render::{RenderOptions, SafeHtml};
use crate::wiki::{Document, MAX_TEXT, Revision, WikiError};

#[derive(Template)]
#[template(path = "pages/revision.html")]
struct RevisionView<'a> {
    shell: Shell,
    document: &'a Document,
    path: &'a DocPath,
    crumbs: Vec<Crumb>,
    revision: &'a Revision,
    state: State,
    standing: String,
    content: Content,
    previous: Option<RevisionId>,
    next: Option<RevisionId>,
    may_restore: bool,
    nonce: String,
}

/// What stands where the text of the revision belongs.
enum Content {
    Page(SafeHtml),
    Picture,
    /// Offered as a download.
    File,
    Deletion,
    Damaged,
    /// A page that is no text.
    Binary,
    TooLarge,
}

/// Shows one revision as it was written.
pub(in crate::web) async fn show(
    extract::State(site): extract::State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    TargetRevision(path, id): TargetRevision,
    Query(query): Query,
) -> Result<Response, Failure> {
    site.blocking(move |site| {
        let document = site.wiki().require(&path)?;
        if query.find("raw").is_some() {
            return attachment::revision_bytes(site, &headers, &document, id);
        }
        page(site, &visitor, &document, id)
    })
    .await
}

fn page(
    site: &Site,
    visitor: &Visitor,
    document: &Document,
    id: RevisionId,
) -> Result<Response, Failure> {
    let none = || WikiError::NoRevision { path: document.path().clone(), id };
    let revision = document.revision(id).ok_or_else(none)?;
    let content = content(site, document, revision)?;
    let mut state = document.state(id);
    if matches!(content, Content::Damaged) {
        state = State::Damaged;
    }
    let status = if state == State::Damaged { StatusCode::GONE } else { StatusCode::OK };
    let title = format!("Revision {} of {}", id.number(), document.title());
    let shell = Shell::new(site, visitor, &title);
    let view = RevisionView {
        path: document.path(),
        crumbs: crumbs(site, document.path()),
        revision,
        state,
        standing: standing(document, revision, state),
        content,
        previous: before(document, id),
        next: document.child(id),
        may_restore: shell.may_edit
            && !matches!(state, State::Winner | State::Damaged)
            && !revision.is_deletion(),
        nonce: site.wiki().nonces().draw().to_string(),
        document,
        shell,
    };
    let html = view.render().map_err(|_| Failure::internal())?;
    Ok((status, [(header::CACHE_CONTROL, "private, no-cache")], Html(html)).into_response())
}

/// Returns the revision before: the one it was made from, and where that is not known the one
/// below it.
fn before(document: &Document, id: RevisionId) -> Option<RevisionId> {
    let below = || {
        let nodes = document.history().nodes();
        nodes[..nodes.partition_point(|n| n.id < id)].last().map(|n| n.id)
    };
    let unknown =
        document.revision(id).is_some_and(|r| r.damage.is_some() || !r.parents.is_empty());
    document.parent(id).or_else(|| if unknown { below() } else { None })
}

/// Says what became of the revision.
fn standing(document: &Document, revision: &Revision, state: State) -> String {
    let what = if document.path().is_page() { "page" } else { "file" };
    match (state, document.winner()) {
        (State::Damaged, _) => {
            "Its file is incomplete or was altered, so it is not shown.".to_owned()
        }
        (State::Winner, _) if revision.is_deletion() => {
            format!("This is the current state: the {what} is deleted.")
        }
        (State::Winner, _) => "This is the current version.".to_owned(),
        (State::Conflict, _) => {
            format!("It is unmerged: its changes are not in the {what} yet.")
        }
        (State::Redundant, _) => {
            format!(
                "It contains nothing that the {what} does not have, so there is nothing to merge."
            )
        }
        (State::Ancestor, Some(winner)) if winner.is_deletion() => {
            format!("The {what} has since been deleted by {}.", words::by(&winner.author))
        }
        (State::Ancestor, Some(winner)) => format!(
            "The {what} has changed since. The current version is revision {} by {}.",
            winner.id.number(),
            words::by(&winner.author)
        ),
        (State::Ancestor, None) => String::new(),
    }
}

fn content(site: &Site, document: &Document, revision: &Revision) -> Result<Content, Failure> {
    let path = document.path();
    if revision.damage.is_some() {
        return Ok(Content::Damaged);
    }
    if revision.is_deletion() {
        return Ok(Content::Deletion);
    }
    if !path.is_page() {
        let picture = attachment::is_picture(path);
        return Ok(if picture { Content::Picture } else { Content::File });
    }
    if revision.length > MAX_TEXT {
        return Ok(Content::TooLarge);
    }
    match site.wiki().text(document, revision.id) {
        Ok(text) => {
            Ok(Content::Page(site.wiki().render(path, &text, RenderOptions::default()).html))
        }
        Err(WikiError::NotText(_)) => Ok(Content::Binary),
        Err(WikiError::Damaged { .. }) => Ok(Content::Damaged),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests;
