//! Giving a document back an earlier content, as a new revision; undoing is the same with the
//! revision before.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};

use super::after;
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;
use crate::web::error::Failure;
use crate::web::extract::{Fields, Submitted, Target, Visitor, remember};
use crate::web::shell::{Outcome, after_save};
use crate::web::site::{Access, Site};
use crate::wiki::{Document, Edit, Saved, WikiError};

/// What a form needs to take the latest change back.
#[derive(Debug)]
pub(in crate::web) struct Undo {
    /// The revision to restore.
    pub(in crate::web) id: RevisionId,
    /// The revision to take back.
    pub(in crate::web) of: RevisionId,
    pub(in crate::web) nonce: String,
    /// It is a merge: what was merged comes back, too.
    pub(in crate::web) merge: bool,
}

impl Undo {
    /// Offers to take back what `query` says was just saved, if readers see it and there is
    /// something to go back to.
    pub(in crate::web) fn offer(site: &Site, query: &Fields, document: &Document) -> Option<Self> {
        let winner = document.winner()?;
        if matches!(query.get("saved"), "merged" | "settled" | "discarded" | "both") {
            return Self::of_merge(site, query.get("id").parse().ok()?, document);
        }
        let before = match query.get("saved") {
            "over" => after::displaced(document, winner.id)?,
            _ => document.revision(document.parent(winner.id)?)?,
        };
        let own = query.get("id").parse() == Ok(winner.id);
        let open = site.settings().access == Access::Open;
        (own && open && before.digest != winner.digest).then(|| Self {
            id: before.id,
            of: winner.id,
            nonce: site.wiki().nonces().draw().to_string(),
            merge: false,
        })
    }

    /// Offers to take a merge back, if readers see it.
    pub(in crate::web) fn of_merge(
        site: &Site,
        of: RevisionId,
        document: &Document,
    ) -> Option<Self> {
        let merge =
            document.winner().filter(|winner| winner.id == of && winner.parents.len() > 1)?;
        let open = site.settings().access == Access::Open;
        open.then(|| Self {
            id: merge.parents.iter().copied().max().unwrap_or(of),
            of,
            nonce: site.wiki().nonces().draw().to_string(),
            merge: true,
        })
    }
}

/// Gives the document back the content of an earlier revision, as a new one.
pub(in crate::web) async fn restore(
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
    let id = fields.id("id")?.ok_or_else(|| Failure::bad_request("The form names no revision."))?;
    let nonce = fields.get("nonce").parse();
    let author = match fields.get("author") {
        "" => visitor.author.clone(),
        typed => typed.to_owned(),
    };
    let edit = Edit {
        path,
        base: fields.id("base")?,
        also: Vec::new(),
        content: Vec::new(),
        author,
        summary: fields.get("summary").to_owned(),
        nonce: nonce.map_err(|_| Failure::bad_request("The form is incomplete."))?,
    };
    let is_page = edit.path.is_page();
    let how = if fields.find("undo").is_some() { "reverted" } else { "1" };
    let saved = save(site, visitor, edit.clone(), id)?;
    let address = saved.document().path().address();
    let to = match &saved {
        Saved::Yielded { .. } => Outcome::led_to(site, &saved, how),
        _ if is_page => Outcome::led_to(site, &saved, how),
        // An attachment has no page that could say what happened.
        _ => {
            let how = if saved.typed().is_some() { how } else { "same" };
            after_save(&site.url(&format!("-/history/{address}?saved={how}")), saved.owed())
        }
    };
    let cookie = [(header::SET_COOKIE, remember(site, "author", &edit.author))];
    Ok((cookie, Redirect::to(&to)).into_response())
}

fn save(site: &Site, visitor: &Visitor, edit: Edit, id: RevisionId) -> Result<Saved, Failure> {
    let wiki = site.wiki();
    let document = wiki.require(&edit.path)?;
    let path = || document.path().clone();
    let revision =
        document.revision(id).ok_or_else(|| WikiError::NoRevision { path: path(), id })?;
    if edit.path.is_page() || revision.length <= wiki.limits().text {
        return Ok(wiki.save(&wiki.restoring(edit, id)?, site.merge_on_save(visitor))?);
    }
    // Too large to be held while the upstream is asked: what is new there comes before.
    wiki.catch_up(&edit.path);
    let document = wiki.require(&edit.path)?;
    let mut edit = edit;
    if edit.summary.is_empty() {
        edit.summary = format!("Restore revision {}", id.number());
    }
    let mut content = wiki.open_whole(&document, id)?;
    Ok(wiki.save_stream(&edit, &mut content.reader)?)
}
