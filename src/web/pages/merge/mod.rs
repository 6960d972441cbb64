//! Putting versions together, whoever made them and wherever: one screen for all of them.
//!
//! A save that came too late, heads from two servers, a folder and an old form are one case: all
//! versions are revisions, and the screen shows every head of the document in one round. A form
//! names what was seen and what was chosen; the merge is worked out anew from the revisions, so what
//! is saved is what was shown. Choices are named by content, so they stay while others arrive.
//! Nothing is ever guessed, and every answer to a form that was not saved shows what was typed.

mod draft;
mod form;
mod marks;
mod people;
mod places;
mod screen;
mod task;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;

use self::draft::Draft;
use self::form::Form;
use self::screen::Notes;
use self::task::Task;
use super::restore::Undo;
use crate::model::merge::{Place, Shape};
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;
use crate::web::error::Failure;
use crate::web::extract::{Fields, Query, Submitted, Target, Visitor};
use crate::web::pages::words;
use crate::web::site::{Access, Site};
use crate::wiki::{Document, Edit, MergeOnSave, Saved};

/// Shows all versions of a document.
pub(in crate::web) async fn open(
    State(site): State<Site>,
    visitor: Visitor,
    Target(path): Target,
    Query(query): Query,
) -> Result<Response, Failure> {
    site.blocking(move |site| {
        site.wiki().catch_up(&path);
        Failure::past_damage(|| look(site, &visitor, &path, &query))
    })
    .await
}

fn look(
    site: &Site,
    visitor: &Visitor,
    path: &DocPath,
    query: &Fields,
) -> Result<Response, Failure> {
    let document = site.wiki().require(path)?;
    let inbox = query.get("back") == "inbox";
    let mine = query.get("mine").parse().ok();
    let notes = Notes {
        success: success(query, &document, mine, &visitor.author),
        done: done_before(site, query),
        ..Notes::default()
    };
    let draft = Draft::now(site, visitor, &document, mine, inbox);
    screen::show(site, visitor, &document, draft.as_ref(), None, &notes, StatusCode::OK)
}

/// Says what taking a merge back has brought.
fn undone(document: &Document) -> String {
    let thing = if document.path().is_page() { "page" } else { "file" };
    match document.resolution().conflicts.len() {
        0 => format!("Undone. The {thing} is as it was before."),
        1 => format!("Undone. The {thing} is as it was before, and one version is unmerged again."),
        n => format!(
            "Undone. The {thing} is as it was before, and {} are unmerged again.",
            words::count(n, "version", "versions")
        ),
    }
}

/// Says what was just done to this document.
fn success(
    query: &Fields,
    document: &Document,
    mine: Option<RevisionId>,
    me: &str,
) -> Option<String> {
    let thing = if document.path().is_page() { "page" } else { "file" };
    let said = match query.get("saved") {
        "" => None,
        "undone" => Some(undone(document)),
        _ => Some("Saved.".to_owned()),
    };
    let mine = mine.filter(|id| document.resolution().conflicts.contains(id));
    said.or_else(|| {
        let mine = document.revision(mine?)?;
        let winner = document.winner()?;
        let savers = words::savers_since(document, &mine.parents, winner.id);
        let did = if winner.is_deletion() { "deleted" } else { "saved" };
        if !me.is_empty() && savers.iter().all(|saver| *saver == me) {
            return Some(format!(
                "Your version is saved. You {did} the {thing} in another window meanwhile."
            ));
        }
        let names: Vec<&str> = savers.into_iter().map(words::name).collect();
        let names = words::list(&names);
        Some(format!("Your version is saved. {names} {did} the {thing} meanwhile."))
    })
}

/// Says which page of the inbox was resolved before this one, and offers to take that back.
fn done_before(site: &Site, query: &Fields) -> Option<(DocPath, String, Option<Undo>)> {
    let path = DocPath::new(query.find("done")?).ok()?;
    let document = site.wiki().open(&path).ok()??;
    let undo = Undo::of_merge(site, query.get("id").parse().ok()?, &document);
    Some((path, document.title().to_owned(), undo))
}

/// Takes a merge form.
pub(in crate::web) async fn submit(
    State(site): State<Site>,
    visitor: Visitor,
    target: Result<Target, Failure>,
    Submitted(fields): Submitted,
) -> Result<Response, Failure> {
    let typed = Form::typed(&fields);
    let give_back = |failure: Failure| match failure.text {
        None if !typed.is_empty() => failure.with_text(typed.clone()),
        _ => failure,
    };
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
    let form = Form::read(site, visitor, fields);
    let document = site.wiki().require(path)?;
    let task = Task { site, visitor, document: &document, form: &form };
    match form.action.as_str() {
        "undo" => task.undo(),
        "keep" => task.settle(form.winner, &form.with, "Keep the current version", "settled"),
        "take" => task.settle(form.about, &form.with, "Use another version", "settled"),
        "discard" => {
            let mine: Vec<RevisionId> = form.about.into_iter().collect();
            task.settle(form.winner, &mine, "Discard a version", "discarded")
        }
        _ => task.merge(),
    }
}

/// Merges the versions of a document if there is nothing to choose and nothing to look at.
pub(super) fn merge_unasked(
    site: &Site,
    visitor: &Visitor,
    path: &DocPath,
    winner: RevisionId,
    heads: &[RevisionId],
    nonce: Uuid,
) -> Result<(Arc<Document>, RevisionId), Failure> {
    let changed = || Failure::new(StatusCode::CONFLICT, "Not merged", "It has changed since.");
    let document = site.wiki().require(path)?;
    // Each document has a nonce of its own, so that the form can be sent twice.
    let nonce = Uuid::from_u128(nonce.as_u128() ^ (winner.nonce().as_u128() >> 70));
    let sent = document.revisions().find(|r| r.was_sent_as(nonce)).map(|r| r.id);
    if let Some(id) = sent {
        return Ok((document, id));
    }
    let now = Draft::now(site, visitor, &document, None, true).ok_or_else(changed)?;
    if now.winner != winner || now.heads != heads || heads.is_empty() {
        return Err(changed());
    }
    let merge = site.wiki().merge_view(&document, winner, heads)?.merge;
    let unasked = |place: &Place| {
        matches!(place.shape, Shape::OneSide | Shape::SameChange) || places::is_space(place)
    };
    if !merge.places().all(|(_, place)| unasked(place)) {
        return Err(Failure::new(StatusCode::CONFLICT, "Not merged", "It has to be looked at."));
    }
    let edit = Edit {
        path: path.clone(),
        base: Some(winner),
        also: heads.to_vec(),
        content: now.picks.result(&merge).into_bytes(),
        author: now.author,
        summary: now.summary,
        nonce,
    };
    match site.wiki().save(&edit, MergeOnSave::Ask)? {
        Saved::Done { document, id, .. } => Ok((document, id)),
        _ => Err(changed()),
    }
}
