//! Looking back: the revisions of a document, and giving it back an earlier content.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::view::{Crumb, crumbs};
use crate::model::resolve::State as Standing;
use crate::web::error::Failure;
use crate::web::extract::{Submitted, Target, Visitor, remember};
use crate::web::filters;
use crate::web::shell::Shell;
use crate::web::site::{Access, Site};
use crate::wiki::{Document, Edit, IfMovedOn, Revision, Saved};

/// How many revisions are listed.
const MOST: usize = 500;

#[derive(Template)]
#[template(path = "pages/history.html")]
struct HistoryView<'a> {
    shell: Shell,
    document: &'a Document,
    crumbs: Vec<Crumb>,
    rows: Vec<Row<'a>>,
    left_out: usize,
    nonce: String,
}

struct Row<'a> {
    revision: &'a Revision,
    chip: Option<(&'static str, &'static str)>,
    may_restore: bool,
}

fn row<'a>(document: &Document, revision: &'a Revision) -> Row<'a> {
    let standing = document.state(revision.id);
    let chip = match standing {
        Standing::Winner => Some(("chip-winner", "shown now")),
        Standing::Conflict => Some(("chip-conflict", "waiting")),
        Standing::Redundant => Some(("chip-merged", "adds nothing")),
        Standing::Damaged => Some(("chip-damaged", "damaged")),
        Standing::Ancestor => None,
    };
    let whole = !matches!(standing, Standing::Winner | Standing::Damaged);
    Row { revision, chip, may_restore: whole && revision.length > 0 }
}

/// Lists the revisions, newest first.
pub(in crate::web) async fn show(
    State(site): State<Site>,
    visitor: Visitor,
    Target(path): Target,
) -> Result<Response, Failure> {
    site.blocking(move |site| {
        let document = site.wiki().require(&path)?;
        let rows = document.revisions().take(MOST).map(|r| row(&document, r)).collect();
        let view = HistoryView {
            shell: Shell::new(site, &visitor, document.title()),
            crumbs: crumbs(site, document.path()),
            rows,
            left_out: document.revision_count().saturating_sub(MOST),
            nonce: site.wiki().nonces().draw().to_string(),
            document: &document,
        };
        Ok(Html(view.render().map_err(|_| Failure::internal())?).into_response())
    })
    .await
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
    site.blocking(move |site| {
        let id =
            fields.id("id")?.ok_or_else(|| Failure::bad_request("The form names no revision."))?;
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
        let edit = site.wiki().restoring(edit, id)?;
        let (document, saved) = match site.wiki().save(&edit, IfMovedOn::Stop)? {
            Saved::Done { document, .. } => (document, "1"),
            Saved::Unchanged { document } => (document, "same"),
            Saved::MovedOn { document } => {
                return super::merge::moved_on(site, &visitor, &edit, &document);
            }
        };
        let to = format!("{}?saved={saved}", site.url(&document.path().address()));
        let cookie = [(axum::http::header::SET_COOKIE, remember(site, "author", &edit.author))];
        Ok((cookie, Redirect::to(&to)).into_response())
    })
    .await
}
