//! Who wrote which line.
//!
//! The lines are followed back through the revisions that a text was made from, the latest first,
//! until enough were read. What lies further back is said to be so, not guessed.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};

use super::view::{Crumb, crumbs};
use super::words;
use crate::model::diff::{Version, annotate, content, lines};
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;
use crate::web::error::Failure;
use crate::web::extract::{Fields, Query, Target, Visitor};
use crate::web::filters;
use crate::web::shell::Shell;
use crate::web::site::Site;
use crate::wiki::{Document, Revision, WikiError};

/// How many revisions are read at most.
const MOST_REVISIONS: usize = 300;
/// How many bytes of text are read, roughly.
const MOST_BYTES: u64 = 8 << 20;
/// How many lines are shown.
const MOST_LINES: usize = 5_000;

#[derive(Template)]
#[template(path = "pages/blame.html")]
struct BlameView<'a> {
    shell: Shell,
    document: &'a Document,
    path: &'a DocPath,
    crumbs: Vec<Crumb>,
    revision: &'a Revision,
    is_winner: bool,
    groups: Vec<Group<'a>>,
    /// How many revisions were read.
    read: usize,
    /// Something older was not read.
    cut: bool,
    left_out: usize,
}

/// Lines next to each other that came with the same revision.
struct Group<'a> {
    revision: &'a Revision,
    parent: Option<RevisionId>,
    /// It may have been there before already, in what was not read.
    or_earlier: bool,
    lines: Vec<(usize, String)>,
}

/// Shows for each line of a revision, by default of the winner, who wrote it.
pub(in crate::web) async fn show(
    State(site): State<Site>,
    visitor: Visitor,
    Target(path): Target,
    Query(query): Query,
) -> Result<Response, Failure> {
    site.blocking(move |site| Failure::past_damage(|| look(site, &visitor, &path, &query))).await
}

fn look(
    site: &Site,
    visitor: &Visitor,
    path: &DocPath,
    query: &Fields,
) -> Result<Response, Failure> {
    let document = site.wiki().require(path)?;
    let id = query
        .id("rev")?
        .or(document.resolution().winner)
        .ok_or_else(|| Failure::not_found("None of its revisions can be read at the moment."))?;
    let none = || WikiError::NoRevision { path: document.path().clone(), id };
    let revision = document.revision(id).ok_or_else(none)?;
    let origins = Origins::of(site, &document, id)?;
    let shown = origins.lines.len().min(MOST_LINES);
    let view = BlameView {
        shell: Shell::new(site, visitor, &format!("Line authors of {}", document.title())),
        path: document.path(),
        crumbs: crumbs(site, document.path()),
        revision,
        is_winner: document.resolution().winner == Some(id),
        groups: groups(&document, &origins, shown),
        read: origins.read,
        cut: !origins.cut.is_empty(),
        left_out: origins.lines.len() - shown,
        document: &document,
    };
    Ok(Html(view.render().map_err(|_| Failure::internal())?).into_response())
}

/// The lines of a text and where they came from.
struct Origins {
    lines: Vec<(RevisionId, String)>,
    read: usize,
    /// The revisions read that were made from one that was not.
    cut: HashSet<RevisionId>,
}

impl Origins {
    fn of(site: &Site, document: &Document, tip: RevisionId) -> Result<Self, Failure> {
        let history = document.history();
        let mut texts = BTreeMap::from([(tip, site.wiki().text(document, tip)?)]);
        let mut cut = HashSet::new();
        let mut bytes = texts[&tip].len() as u64;
        // The highest of those waiting comes next, so parents always come after their children.
        let mut waiting: BTreeSet<RevisionId> = history.parents(tip).into_iter().collect();
        while let Some(id) = waiting.pop_last() {
            if texts.len() >= MOST_REVISIONS || bytes >= MOST_BYTES {
                break;
            }
            match site.wiki().text(document, id) {
                Ok(text) => {
                    bytes += text.len() as u64;
                    texts.insert(id, text);
                    waiting.extend(history.parents(id));
                }
                // What cannot be read hides where its lines came from.
                Err(WikiError::NotText(_) | WikiError::Damaged { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let versions: Vec<Version<'_, RevisionId>> = texts
            .iter()
            .map(|(id, text)| Version { id: *id, parents: history.parents(*id), text })
            .collect();
        for version in &versions {
            let named = document.revision(version.id).map_or(&[][..], |r| &r.parents);
            if version.parents.iter().chain(named).any(|p| !texts.contains_key(p)) {
                cut.insert(version.id);
            }
        }
        let origins = annotate(&versions);
        let text = lines(&texts[&tip]).into_iter().map(|line| content(line).to_owned());
        Ok(Self { lines: origins.into_iter().zip(text).collect(), read: texts.len(), cut })
    }
}

fn groups<'a>(document: &'a Document, origins: &Origins, shown: usize) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for (place, (id, text)) in origins.lines.iter().enumerate().take(shown) {
        let line = (place + 1, text.clone());
        match groups.last_mut() {
            Some(group) if group.revision.id == *id => group.lines.push(line),
            _ => {
                let Some(revision) = document.revision(*id) else { continue };
                groups.push(Group {
                    revision,
                    parent: document.parent(*id),
                    or_earlier: origins.cut.contains(id),
                    lines: vec![line],
                });
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests;
