//! The versions of one document: how they came about, and what can be done with each.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::screen::{Notes, respond};
use crate::model::diff::{Change, Diff, Folded, RowKind, folded, summary};
use crate::model::path::DocPath;
use crate::model::resolve::State;
use crate::model::revision::RevisionId;
use crate::web::error::Failure;
use crate::web::extract::Visitor;
use crate::web::filters;
use crate::web::pages::graph::Graph;
use crate::web::pages::rows::{OwnedRow, Parts, parts};
use crate::web::pages::view::{Crumb, crumbs};
use crate::web::pages::{attachment, words};
use crate::web::shell::Shell;
use crate::web::site::Site;
use crate::wiki::render::{RenderOptions, SafeHtml};
use crate::wiki::{Document, MAX_MERGED, Revision, WikiError};

/// How many unchanged lines stay visible around a change.
const CONTEXT: usize = 2;
/// How many versions are shown with their changes; the others follow as these are dealt with.
const MOST_CARDS: usize = 60;

/// One version that waits.
struct Card<'a> {
    revision: &'a Revision,
    name: &'a str,
    /// The number of the version that both were made from.
    base: Option<u64>,
    body: Body<'a>,
    change: Change,
    /// It fits into the page by itself.
    clean: bool,
    /// Made once for a decision about this version.
    nonce: String,
}

/// What a version is, compared with what it was made from.
enum Body<'a> {
    Diff(Parts),
    /// It deletes the document.
    Deletion,
    /// It is not a text: shown or offered as it is.
    File(FileView<'a>),
}

/// A version that is not a text.
struct FileView<'a> {
    revision: &'a Revision,
    picture: bool,
}

/// The page now.
enum Now<'a> {
    Text { lines: usize, html: Option<SafeHtml>, text: String },
    Deletion,
    File(FileView<'a>),
}

#[derive(Template)]
#[template(path = "pages/heads.html")]
struct HeadsScreen<'a> {
    shell: Shell,
    path: &'a DocPath,
    crumbs: Vec<Crumb>,
    headline: String,
    lead: String,
    notes: &'a Notes,
    graph: Graph<'a>,
    winner: Option<&'a Revision>,
    winner_name: &'a str,
    why: String,
    now: Option<Now<'a>>,
    cards: Vec<Card<'a>>,
    /// Versions that have no card for lack of room.
    more: usize,
    /// The heads that a decision about all of them is about.
    all: Vec<RevisionId>,
    all_clean: bool,
    redundant: usize,
    author: &'a str,
    nonce: String,
    back_to_inbox: bool,
}

/// Shows the versions of a document.
pub(super) fn show(
    site: &Site,
    visitor: &Visitor,
    document: &Document,
    notes: &Notes,
    back_to_inbox: bool,
    status: StatusCode,
) -> Result<Response, Failure> {
    let conflicts: Vec<&Revision> = document.conflicts().collect();
    let winner = document.winner();
    let cards: Result<Vec<Card<'_>>, Failure> =
        conflicts.iter().take(MOST_CARDS).map(|r| card(site, document, r)).collect();
    let cards = cards?;
    let title = document.title();
    let headline = match conflicts.len() {
        0 => format!("{title}: one version"),
        n => format!("{} versions of {title}", n + 1),
    };
    let winner_name = winner.map_or("", |w| words::name(&w.author));
    let screen = HeadsScreen {
        shell: Shell::new(site, visitor, &headline),
        path: document.path(),
        crumbs: crumbs(site, document.path()),
        headline,
        lead: lead(&cards, conflicts.len(), winner, winner_name),
        notes,
        graph: Graph::of(document),
        winner,
        winner_name,
        why: winner.map(|w| words::why(w, &conflicts)).unwrap_or_default(),
        now: if conflicts.is_empty() { None } else { now(site, document)? },
        more: conflicts.len() - cards.len(),
        all: conflicts.iter().take(MAX_MERGED).map(|r| r.id).collect(),
        all_clean: conflicts.len() > 1 && all_clean(site, document),
        redundant: document.resolution().redundant.len(),
        cards,
        author: &visitor.author,
        nonce: site.wiki().nonces().draw().to_string(),
        back_to_inbox,
    };
    respond(status, screen.render())
}

fn lead(
    cards: &[Card<'_>],
    waiting: usize,
    winner: Option<&Revision>,
    winner_name: &str,
) -> String {
    let Some(winner) = winner else {
        return "None of its revisions can be read just now.".to_owned();
    };
    let deleted_there = cards.iter().find(|c| matches!(c.body, Body::Deletion));
    match (waiting, winner.is_deletion(), deleted_there) {
        (0, ..) => {
            "No other version is waiting, so there is nothing to merge. This is how it came about."
                .to_owned()
        }
        (1, true, _) => format!(
            "Deleted here by {winner_name}, edited there by {}. Readers see no page just now.",
            cards.first().map_or("somebody", |c| c.name)
        ),
        (_, true, _) => {
            format!(
                "{winner_name} deleted it, while others edited it. Readers see no page just now."
            )
        }
        (_, false, Some(card)) => format!(
            "Edited here by {winner_name}, deleted there by {}. Readers see {winner_name}’s version.",
            card.name
        ),
        (1, ..) => format!(
            "It was changed in two places at once. Readers see {winner_name}’s version; the other one waits here."
        ),
        (n, ..) => format!(
            "It was changed in {} at once. Readers see {winner_name}’s version. Put the others into it one after another.",
            words::count(n + 1, "place", "places")
        ),
    }
}

fn card<'a>(
    site: &Site,
    document: &'a Document,
    revision: &'a Revision,
) -> Result<Card<'a>, Failure> {
    let wiki = site.wiki();
    let winner = document.resolution().winner;
    let base = winner.and_then(|w| document.history().merge_base(w, revision.id));
    let mut card = Card {
        revision,
        name: words::name(&revision.author),
        base: base.map(RevisionId::number),
        body: Body::Deletion,
        change: Change::default(),
        clean: false,
        nonce: wiki.nonces().draw().to_string(),
    };
    if !is_text(site, document)? {
        if !revision.is_deletion() {
            card.body = Body::File(file(document, revision));
        }
        return Ok(card);
    }
    let text = wiki.text(document, revision.id)?;
    let before = match base {
        // What it cannot be compared with is as good as nothing.
        Some(base) => wiki.text(document, base).unwrap_or_default(),
        None => String::new(),
    };
    card.change = summary(&before, &text);
    if !revision.is_deletion() {
        let diff = Diff::between(&before, &text);
        card.body = Body::Diff(parts(folded(diff.unified(), CONTEXT), OwnedRow::of));
    }
    if let Some(winner) = winner {
        card.clean = wiki.two_heads(document, winner, revision.id)?.merge.is_clean();
    }
    Ok(card)
}

fn now<'a>(site: &Site, document: &'a Document) -> Result<Option<Now<'a>>, Failure> {
    let Some(winner) = document.winner() else { return Ok(None) };
    if winner.is_deletion() {
        return Ok(Some(Now::Deletion));
    }
    if !is_text(site, document)? {
        return Ok(Some(Now::File(file(document, winner))));
    }
    let text = site.wiki().text(document, winner.id)?;
    let html = document
        .path()
        .is_page()
        .then(|| site.wiki().render(document.path(), &text, RenderOptions::default()).html);
    Ok(Some(Now::Text { lines: crate::model::diff::lines(&text).len(), html, text }))
}

/// Tells whether the winner and all conflicts are texts.
pub(super) fn is_text(site: &Site, document: &Document) -> Result<bool, Failure> {
    let versions = document.winner().into_iter().chain(document.conflicts());
    for revision in versions {
        match site.wiki().text(document, revision.id) {
            Ok(_) => {}
            Err(WikiError::NotText(_)) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(true)
}

fn file<'a>(document: &Document, revision: &'a Revision) -> FileView<'a> {
    FileView { revision, picture: attachment::is_picture(document.path()) }
}

fn all_clean(site: &Site, document: &Document) -> bool {
    let merged = site.wiki().merge_all(document).ok().flatten();
    merged.is_some_and(|m| m.standing == crate::model::merge::Standing::Clean)
}
