//! Looking back: the revisions of a document, their graph, and any two of them to compare.

use askama::Template;
use axum::extract;
use axum::response::{Html, IntoResponse, Response};

use super::graph::{Cell, Lanes, Size};
use super::restore::Undo;
use super::view::{Crumb, crumbs};
use super::words;
use crate::model::resolve::State;
use crate::model::revision::RevisionId;
use crate::web::error::Failure;
use crate::web::extract::{Fields, Query, Target, Visitor};
use crate::web::filters::{self, print_growth};
use crate::web::shell::Shell;
use crate::web::site::Site;
use crate::wiki::{Document, Revision};

/// How many revisions are on one page.
const ROWS: usize = 50;
/// How many parents are named that are not here.
const MOST_NAMED: usize = 3;

#[derive(Template)]
#[template(path = "pages/history.html")]
struct HistoryView<'a> {
    shell: Shell,
    document: &'a Document,
    crumbs: Vec<Crumb>,
    rows: Vec<Row<'a>>,
    size: Size,
    /// Where the page's rows are among all, from 1.
    place: (usize, usize),
    newer: Option<String>,
    older: Option<String>,
    waiting: usize,
    damaged: usize,
    message: Option<&'static str>,
    undo: Option<Undo>,
    nonce: String,
}

struct Row<'a> {
    revision: &'a Revision,
    state: State,
    cell: Cell,
    growth: Growth,
    parent: Option<RevisionId>,
    /// How many revisions it joined.
    joined: usize,
    /// The parents in words, where the lines do not tell.
    made_from: String,
    /// What is wrong with its parents.
    missing: Vec<String>,
    is_old: bool,
    is_new: bool,
    may_restore: bool,
}

/// By how much a revision made the document larger.
struct Growth {
    class: &'static str,
    words: String,
}

impl Growth {
    fn of(document: &Document, revision: &Revision, parent: Option<RevisionId>) -> Self {
        let before = parent.and_then(|id| document.revision(id)).map_or(0, |r| r.length);
        let class = match revision.length.cmp(&before) {
            std::cmp::Ordering::Greater => "delta-plus",
            std::cmp::Ordering::Less => "delta-minus",
            std::cmp::Ordering::Equal => "",
        };
        Self { class, words: print_growth(before, revision.length) }
    }
}

/// Lists the revisions, newest first.
pub(in crate::web) async fn show(
    extract::State(site): extract::State<Site>,
    visitor: Visitor,
    Target(path): Target,
    Query(query): Query,
) -> Result<Response, Failure> {
    site.blocking(move |site| {
        let document = site.wiki().require(&path)?;
        let message = match query.get("saved") {
            "" => None,
            "same" => Some("No changes to save."),
            "reverted" => Some("Undone."),
            _ => Some("Saved. The earlier version stays in this list."),
        };
        list(site, &visitor, &document, &query, message)
    })
    .await
}

fn list(
    site: &Site,
    visitor: &Visitor,
    document: &Document,
    query: &Fields,
    message: Option<&'static str>,
) -> Result<Response, Failure> {
    let before = query.id("before")?;
    let all: Vec<&Revision> = document.revisions().collect();
    let start = before.map_or(0, |id| all.partition_point(|r| r.id >= id));
    let end = (start + ROWS).min(all.len());
    let address = site.url(&format!("-/history/{}", document.path().address()));
    let from = |place: usize| match place {
        0 => address.clone(),
        _ => format!("{address}?before={}", all[place - 1].id),
    };
    let (rows, size) = rows(document, &all[start..end]);
    let view = HistoryView {
        shell: Shell::new(site, visitor, &format!("History of {}", document.title())),
        crumbs: crumbs(site, document.path()),
        rows,
        size,
        place: (start + 1, end),
        newer: (start > 0).then(|| from(start.saturating_sub(ROWS))),
        older: (end < all.len()).then(|| from(end)),
        waiting: document.resolution().conflicts.len(),
        damaged: all.iter().filter(|r| r.damage.is_some()).count(),
        message,
        undo: Undo::offer(site, query, document),
        nonce: site.wiki().nonces().draw().to_string(),
        document,
    };
    Ok(Html(view.render().map_err(|_| Failure::internal())?).into_response())
}

fn rows<'a>(document: &Document, shown: &[&'a Revision]) -> (Vec<Row<'a>>, Size) {
    let Some(first) = shown.first() else { return (Vec::new(), Lanes::default().size()) };
    let mut lanes = Lanes::from_above(document, first.id);
    let mut rows: Vec<Row<'a>> =
        shown.iter().map(|revision| row(document, revision, &mut lanes)).collect();
    choose(document, &mut rows);
    (rows, lanes.size())
}

fn row<'a>(document: &Document, revision: &'a Revision, lanes: &mut Lanes) -> Row<'a> {
    let state = document.state(revision.id);
    let parents = document.history().parents(revision.id);
    let parent = parents.first().copied();
    let whole = !matches!(state, State::Winner | State::Damaged);
    let made_from: Vec<String> =
        parents.iter().take(MOST_NAMED).map(|p| p.number().to_string()).collect();
    Row {
        revision,
        state,
        cell: lanes.draw(revision.id, &parents),
        growth: Growth::of(document, revision, parent),
        parent,
        joined: revision.parents.len(),
        made_from: made_from.join(", "),
        missing: missing(document, revision),
        is_old: false,
        is_new: false,
        may_restore: whole && revision.length > 0,
    }
}

/// Says which parents are not here, or not whole.
fn missing(document: &Document, revision: &Revision) -> Vec<String> {
    let strange = revision.parents.iter().filter_map(|id| match document.revision(*id) {
        None => Some(format!("Based on revision {}, which has not arrived here yet.", id.number())),
        Some(parent) if parent.damage.is_some() => {
            Some(format!("Based on revision {}, which is damaged.", id.number()))
        }
        Some(_) => None,
    });
    strange.take(MOST_NAMED).collect()
}

/// Chooses what is compared if nobody chooses: what readers see with what it was made from, and
/// where these are not on the page its first two revisions.
fn choose(document: &Document, rows: &mut [Row<'_>]) {
    let whole: Vec<usize> = (0..rows.len()).filter(|i| rows[*i].state != State::Damaged).collect();
    let place = |id: RevisionId| rows.iter().position(|r| r.revision.id == id);
    let new = document.resolution().winner.and_then(place).or(whole.first().copied());
    let Some(new) = new else { return };
    let parent = rows[new].parent.and_then(place);
    let old = parent.or_else(|| whole.iter().copied().find(|i| *i > new)).unwrap_or(new);
    rows[new].is_new = true;
    rows[old].is_old = true;
}

#[cfg(test)]
mod tests;
