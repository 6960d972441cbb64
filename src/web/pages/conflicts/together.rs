//! Several merges that need no choice, carried out together: first a list of what will happen, then
//! one button, then what became of each.

use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use uuid::Uuid;

use super::{Sort, Step, Wanted, about};
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;
use crate::web::error::Failure;
use crate::web::extract::{Fields, Submitted, Visitor};
use crate::web::pages::restore::Undo;
use crate::web::pages::{merge, words};
use crate::web::shell::Shell;
use crate::web::site::{Access, Site};
use crate::wiki::{InboxEntry, MAX_MERGED};

/// How many documents are merged together at most.
pub(super) const MOST: usize = 100;

/// One document of the list.
struct Line {
    entry: InboxEntry,
    who: String,
    about: String,
    /// Names the document and its versions in the form.
    value: String,
}

#[derive(Template)]
#[template(path = "pages/conflicts-together.html")]
struct Preview {
    shell: Shell,
    lines: Vec<Line>,
    nonce: Uuid,
    author: String,
}

/// Shows what merging all that need no choice would do.
pub(super) fn preview(
    site: &Site,
    visitor: &Visitor,
    wanted: &Wanted<'_>,
) -> Result<Response, Failure> {
    let mut entries = wanted.found(site);
    entries.retain(|e| wanted.show.takes(e, &visitor.author) && Step::of(e) == Step::Merge);
    Sort::Easy.apply(&mut entries);
    let lines = entries.into_iter().take(MOST).map(|entry| {
        let mut names: Vec<&str> = entry.versions().map(|v| words::name(&v.author)).collect();
        names.dedup();
        Line { who: words::list(&names), about: about(&entry).1, value: value_of(&entry), entry }
    });
    let view = Preview {
        shell: Shell::new(site, visitor, "Merge together"),
        lines: lines.collect(),
        nonce: site.wiki().nonces().draw(),
        author: visitor.author.clone(),
    };
    page(view.render())
}

/// Names a document and the versions it has: ids, then the name.
fn value_of(entry: &InboxEntry) -> String {
    let heads = entry.others.iter().take(MAX_MERGED).map(|v| v.id);
    let ids: Vec<String> =
        std::iter::once(entry.winner.id).chain(heads).map(|id| id.to_string()).collect();
    format!("{} {}", ids.join(" "), entry.path)
}

/// Reads what [`value_of`] wrote.
fn read_value(value: &str) -> Option<(DocPath, RevisionId, Vec<RevisionId>)> {
    let mut ids: Vec<RevisionId> = Vec::new();
    let mut rest = value;
    while let Some((id, behind)) = rest.split_once(' ')
        && let Ok(id) = id.parse()
    {
        ids.push(id);
        rest = behind;
    }
    let (winner, heads) = ids.split_first()?;
    Some((DocPath::new(rest).ok()?, *winner, heads.to_vec()))
}

/// What became of one document.
struct Became {
    path: DocPath,
    title: String,
    /// It was merged, and can be taken back.
    undo: Option<Undo>,
    /// Why it was not merged.
    why_not: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/conflicts-done.html")]
struct Done {
    shell: Shell,
    merged: usize,
    all: Vec<Became>,
}

/// Merges the documents that were chosen from the list.
pub(in crate::web) async fn submit(
    State(site): State<Site>,
    visitor: Visitor,
    Submitted(fields): Submitted,
) -> Result<Response, Failure> {
    if site.settings().access == Access::ReadOnly {
        return Err(Failure::read_only());
    }
    site.blocking(move |site| carry_out(site, &visitor, &fields)).await
}

fn carry_out(site: &Site, visitor: &Visitor, fields: &Fields) -> Result<Response, Failure> {
    let nonce = Uuid::try_parse(fields.get("nonce"))
        .map_err(|_| Failure::bad_request("The form is incomplete."))?;
    let chosen = fields.all("page").take(MOST).filter_map(read_value);
    let all: Vec<Became> = chosen
        .map(|(path, winner, heads)| {
            let merged = merge::merge_unasked(site, visitor, &path, winner, &heads, nonce);
            match merged {
                Ok((document, id)) => Became {
                    title: document.title().to_owned(),
                    undo: Undo::of_merge(site, id, &document),
                    why_not: None,
                    path,
                },
                Err(failure) => Became {
                    title: path.title().to_owned(),
                    undo: None,
                    why_not: Some(failure.message),
                    path,
                },
            }
        })
        .collect();
    let merged = all.iter().filter(|one| one.why_not.is_none()).count();
    page(Done { shell: Shell::new(site, visitor, "Conflicts"), merged, all }.render())
}

fn page(html: askama::Result<String>) -> Result<Response, Failure> {
    let html = html.map_err(|_| Failure::internal())?;
    Ok(([(header::CACHE_CONTROL, "private, no-cache")], Html(html)).into_response())
}
