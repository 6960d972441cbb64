//! Comparing two revisions of a document, and going from change to change.

use askama::Template;
use axum::extract;
use axum::response::{Html, IntoResponse, Response};

use super::rows::{OwnedPair, OwnedRow, Parts, parts};
use super::view::{Crumb, crumbs};
use super::{attachment, words};
use crate::model::diff::{Change, Diff, Folded, RowKind, folded, summary};
use crate::model::path::DocPath;
use crate::model::resolve::State;
use crate::model::revision::RevisionId;
use crate::web::error::Failure;
use crate::web::extract::{Fields, Query, Target, Visitor};
use crate::web::filters;
use crate::web::shell::Shell;
use crate::web::site::{Access, Site};
use crate::wiki::{Document, MAX_TEXT, Revision, WikiError};

/// How many unchanged lines stay visible around a change.
const CONTEXT: usize = 3;
/// How many parents of a revision that joined several are offered.
const MOST_PARENTS: usize = 8;

/// One column or two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Split,
    Unified,
}

impl Shape {
    fn parse(word: &str) -> Self {
        if word == "unified" { Self::Unified } else { Self::Split }
    }
}

#[derive(Template)]
#[template(path = "pages/diff.html")]
struct DiffView<'a> {
    shell: Shell,
    document: &'a Document,
    path: &'a DocPath,
    crumbs: Vec<Crumb>,
    lead: String,
    /// What has to be known besides the lines.
    notes: Vec<String>,
    old: Option<Version<'a>>,
    new: Version<'a>,
    body: Body<'a>,
    change: Option<Change>,
    shape: Shape,
    /// The other revisions that the new one joined, to compare it with.
    parents: Vec<(String, &'a Revision)>,
    previous: Option<String>,
    next: Option<String>,
    swapped: Option<String>,
    /// The addresses of this comparison in two columns and in one.
    split: String,
    unified: String,
    nonce: String,
}

/// Makes the addresses of comparisons.
struct Addresses {
    base: String,
    shape: Shape,
}

impl Addresses {
    /// Returns the address of a comparison in the shape that is shown.
    fn between(&self, from: Option<RevisionId>, to: RevisionId) -> String {
        self.shaped(from, to, self.shape)
    }

    fn shaped(&self, from: Option<RevisionId>, to: RevisionId, shape: Shape) -> String {
        let from = from.map(|id| format!("from={id}&")).unwrap_or_default();
        let shape = match shape {
            Shape::Split => "",
            Shape::Unified => "&shape=unified",
        };
        format!("{}?{from}to={to}{shape}", self.base)
    }
}

/// One side of the comparison.
struct Version<'a> {
    revision: &'a Revision,
    state: State,
    may_restore: bool,
}

/// What there is to see.
enum Body<'a> {
    Split(Parts<OwnedPair>),
    Unified(Parts),
    /// Both say the same.
    Same(&'static str),
    /// They cannot be compared as texts.
    Files {
        why: String,
        picture: bool,
        old: Option<&'a Revision>,
        new: Option<&'a Revision>,
    },
}

/// What a revision holds, as far as it can be compared.
enum Side {
    Text(String),
    Damaged,
    Binary,
    TooLarge,
}

/// Compares two revisions: by default what readers see with what it was made from.
pub(in crate::web) async fn show(
    extract::State(site): extract::State<Site>,
    visitor: Visitor,
    Target(path): Target,
    Query(query): Query,
) -> Result<Response, Failure> {
    site.blocking(move |site| compare(site, &visitor, &path, &query)).await
}

fn compare(
    site: &Site,
    visitor: &Visitor,
    path: &DocPath,
    query: &Fields,
) -> Result<Response, Failure> {
    let document = site.wiki().require(path)?;
    let (from, to) = (query.id("from")?, query.id("to")?);
    let to = to.or(document.resolution().winner).ok_or_else(|| {
        Failure::not_found(
            "None of its revisions can be read at the moment, so there is nothing to compare.",
        )
    })?;
    let from = from.or_else(|| document.parent(to));
    let new = revision(&document, to)?;
    let old = from.map(|id| revision(&document, id)).transpose()?;
    let shape = Shape::parse(query.get("shape"));
    let (body, change) = body(site, &document, old, new, shape)?;
    let shell = Shell::new(site, visitor, &format!("Changes to {}", document.title()));
    let at = Addresses { base: shell.about("diff", document.path()), shape };
    let parents = document.history().parents(to);
    let others = parents.iter().filter(|id| parents.len() > 1 && Some(**id) != from);
    let previous = from.filter(|id| *id != to);
    let view = DiffView {
        shell,
        path: document.path(),
        crumbs: crumbs(site, document.path()),
        lead: lead(&document, old, new),
        notes: notes(&document, old, new),
        old: old.map(|revision| version(site, &document, revision)),
        new: version(site, &document, new),
        body,
        change,
        shape,
        parents: others
            .take(MOST_PARENTS)
            .filter_map(|id| Some((at.between(Some(*id), to), document.revision(*id)?)))
            .collect(),
        previous: previous.map(|id| at.between(document.parent(id), id)),
        next: document.child(to).map(|id| at.between(Some(to), id)),
        swapped: previous.map(|id| at.between(Some(to), id)),
        split: at.shaped(from, to, Shape::Split),
        unified: at.shaped(from, to, Shape::Unified),
        nonce: site.wiki().nonces().draw().to_string(),
        document: &document,
    };
    Ok(Html(view.render().map_err(|_| Failure::internal())?).into_response())
}

fn revision(document: &Document, id: RevisionId) -> Result<&Revision, WikiError> {
    let none = || WikiError::NoRevision { path: document.path().clone(), id };
    document.revision(id).ok_or_else(none)
}

fn version<'a>(site: &Site, document: &Document, revision: &'a Revision) -> Version<'a> {
    let state = document.state(revision.id);
    let may_edit = site.settings().access == Access::Open;
    let restorable = !matches!(state, State::Winner | State::Damaged) && revision.length > 0;
    Version { revision, state, may_restore: may_edit && restorable }
}

/// Says in a sentence what is compared.
fn lead(document: &Document, old: Option<&Revision>, new: &Revision) -> String {
    let what = if document.path().is_page() { "page" } else { "file" };
    let (who, number) = (words::name(&new.author), new.id.number());
    let is_parent = old.is_some_and(|o| document.history().parents(new.id).contains(&o.id));
    match old {
        None if new.is_deletion() => {
            format!("{who} marked the {what} as deleted in revision {number}.")
        }
        None => format!("{who} created the {what} in revision {number}."),
        Some(old) if old.id == new.id => format!("Both sides are revision {number}."),
        Some(_) if is_parent && new.is_deletion() => {
            format!("{who} deleted the {what} in revision {number}. This is what it said before.")
        }
        Some(old) if is_parent && old.is_deletion() => {
            format!("{who} restored the deleted {what} in revision {number}.")
        }
        Some(old) if is_parent => {
            format!(
                "What {who} changed in revision {number}, based on revision {}.",
                old.id.number()
            )
        }
        Some(old) if are_parallel(document, old, new) => format!(
            "Revision {} by {} compared with revision {number} by {}. Neither is based on the other.",
            old.id.number(),
            words::by(&old.author),
            words::by(&new.author)
        ),
        Some(old) => format!(
            "Revision {} by {} on the old side, revision {number} by {who} on the new side.",
            old.id.number(),
            words::by(&old.author)
        ),
    }
}

/// Returns true if neither of two revisions was made from the other.
fn are_parallel(document: &Document, old: &Revision, new: &Revision) -> bool {
    let history = document.history();
    // Where one of them or what lies between is damaged, nobody knows.
    history.merge_base(old.id, new.id).is_some()
        && !history.descends_from(new.id, old.id)
        && !history.descends_from(old.id, new.id)
}

/// Says what cannot be seen in the lines.
fn notes(document: &Document, old: Option<&Revision>, new: &Revision) -> Vec<String> {
    let mut notes = Vec::new();
    let absent = new.parents.iter().find(|id| document.revision(**id).is_none());
    if let Some(absent) = absent
        && old.is_none()
    {
        notes.push(format!(
            "Revision {} is based on revision {}, which has not arrived here yet, so everything looks new.",
            new.id.number(),
            absent.number()
        ));
    }
    if let Some(old) = old
        && old.id > new.id
        && !are_parallel(document, old, new)
    {
        notes.push(
            "The newer revision is on the old side. Swap the two to compare them in order."
                .to_owned(),
        );
    }
    notes
}

/// Compares what two revisions hold.
fn body<'a>(
    site: &Site,
    document: &Document,
    old: Option<&'a Revision>,
    new: &'a Revision,
    shape: Shape,
) -> Result<(Body<'a>, Option<Change>), Failure> {
    let picture = attachment::is_picture(document.path());
    let files = |why: String| {
        let shown = |r: &&Revision| r.damage.is_none() && !r.is_deletion();
        Body::Files { why, picture, old: old.filter(shown), new: Some(new).filter(shown) }
    };
    if picture && new.damage.is_none() && old.is_none_or(|o| o.damage.is_none()) {
        let same = old.is_some_and(|o| o.digest == new.digest);
        let why = if same { "Both are the same image, byte for byte." } else { "" };
        return Ok((files(why.to_owned()), None));
    }
    let before = match old {
        Some(old) => side(site, document, old)?,
        None => Side::Text(String::new()),
    };
    let (before, after) = match (before, side(site, document, new)?) {
        (Side::Text(before), Side::Text(after)) => (before, after),
        (before, after) => {
            let same = old.is_some_and(|o| o.damage.is_none() && o.digest == new.digest);
            return Ok((files(why_not(&before, &after, same)), None));
        }
    };
    if before == after {
        let words = if old.is_some_and(|o| o.id == new.id) {
            "Both sides are the same revision. Choose another one in the history."
        } else {
            "The text is identical. Only the author, date or summary differ."
        };
        return Ok((Body::Same(words), None));
    }
    let change = summary(&before, &after);
    let diff = Diff::between(&before, &after);
    let body = match shape {
        Shape::Split => Body::Split(parts(folded(diff.side_by_side(), CONTEXT), OwnedPair::of)),
        Shape::Unified => Body::Unified(parts(folded(diff.unified(), CONTEXT), OwnedRow::of)),
    };
    Ok((body, Some(change)))
}

fn side(site: &Site, document: &Document, revision: &Revision) -> Result<Side, Failure> {
    if revision.damage.is_some() {
        return Ok(Side::Damaged);
    }
    if revision.length > MAX_TEXT {
        return Ok(Side::TooLarge);
    }
    match site.wiki().text(document, revision.id) {
        Ok(text) if text.contains('\0') => Ok(Side::Binary),
        Ok(text) => Ok(Side::Text(text)),
        Err(WikiError::NotText(_)) => Ok(Side::Binary),
        Err(WikiError::Damaged { .. }) => Ok(Side::Damaged),
        Err(error) => Err(error.into()),
    }
}

/// Says why two contents are not compared line by line.
fn why_not(before: &Side, after: &Side, same: bool) -> String {
    match (before, after) {
        (Side::Damaged, _) | (_, Side::Damaged) => {
            "A damaged revision cannot be compared: its file is incomplete or was altered. It is repaired automatically if another server has an intact copy."
        }
        _ if same => "Both are identical, byte for byte.",
        (Side::TooLarge, _) | (_, Side::TooLarge) => {
            "They are too large to compare line by line here. Download both and compare them on your own computer."
        }
        _ => "They differ, but they are not text, so there are no lines to compare.",
    }
    .to_owned()
}

#[cfg(test)]
mod tests;
