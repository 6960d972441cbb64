//! The merge screen: every version of one document, and for every place in dispute a choice.

use std::collections::BTreeSet;

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::draft::Draft;
use super::marks::Mark;
use super::people::{People, Person};
use super::places::{Block, Blocks, blocks, lead};
use crate::model::diff::Diff;
use crate::model::merge::LineEnding;
use crate::model::path::DocPath;
use crate::model::resolve::State;
use crate::model::revision::RevisionId;
use crate::web::error::Failure;
use crate::web::extract::Visitor;
use crate::web::filters;
use crate::web::pages::graph::Graph;
use crate::web::pages::restore::Undo;
use crate::web::pages::view::{Crumb, crumbs};
use crate::web::pages::{attachment, conflicts, words};
use crate::web::shell::Shell;
use crate::web::site::Site;
use crate::wiki::render::{RenderOptions, SafeHtml};
use crate::wiki::{Document, MergeView, Revision};

/// How many authors are named above the merge.
const MOST_PEOPLE: usize = 12;
/// Results larger than this are not rendered on the screen.
const SHOWN_RESULT: usize = 1 << 20;

/// What the screen says besides the merge.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Why nothing was saved.
    pub(super) problem: Option<(String, String)>,
    /// Good news.
    pub(super) success: Option<String>,
    /// The page that was resolved before this one, and how to take that back.
    pub(super) done: Option<(DocPath, String, Option<Undo>)>,
    /// Who saved what since the screen was shown first.
    pub(super) news: Option<String>,
    /// The form was sent although choices are open.
    pub(super) after_sending: bool,
    /// Wordings that have no place any more.
    pub(super) strays: Vec<String>,
}

/// What there is to choose from.
enum Body {
    /// Places of a text.
    Texts(Blocks),
    /// Whole versions of something that is no text, or too large a one.
    Files { files: Vec<File>, missed: bool },
    /// There is one version.
    Nothing,
}

/// A version that can be chosen as a whole.
struct File {
    person: Person,
    length: u64,
    picture: bool,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "pages/merge.html")]
struct MergeScreen<'a> {
    shell: Shell,
    path: &'a DocPath,
    crumbs: Vec<Crumb>,
    headline: String,
    lead: String,
    draft: Option<&'a Draft>,
    people: People,
    body: Body,
    result: Option<ResultView>,
    notes: &'a Notes,
    graph: Graph<'a>,
    why: String,
    /// Versions that do not fit into one merge.
    left_over: usize,
    /// The visitor's own version, if it can be discarded by itself.
    mine: Option<RevisionId>,
    /// The next conflict, for somebody who works through the inbox.
    next: Option<DocPath>,
    /// The result can be edited by hand.
    may_be_edited: bool,
}

/// The merged page as it would be saved now.
enum ResultView {
    /// A page, and its language.
    Rendered(SafeHtml, String),
    Plain(String),
    Deleted,
    TooLarge,
}

/// Shows the merge screen of a document: all of its versions, as the draft names them.
pub(super) fn show(
    site: &Site,
    visitor: &Visitor,
    document: &Document,
    draft: Option<&Draft>,
    chosen: Option<RevisionId>,
    notes: &Notes,
    status: StatusCode,
) -> Result<Response, Failure> {
    let versions = draft.map(|d| d.versions(document)).unwrap_or_default();
    let people = People::of(document, &versions, draft.and_then(|d| d.mine), &visitor.author);
    let title = document.title();
    let (mut result, mut may_be_edited) = (None, false);
    let (body, lead) = match draft.filter(|d| !d.heads.is_empty()) {
        None => (Body::Nothing, nothing(document)),
        Some(draft) if draft.is_text(site, document)? => {
            let view = site.wiki().merge_view(document, draft.winner, &draft.heads)?;
            let shown = blocks(&view.merge, &draft.picks, &people, notes.after_sending);
            let lead = lead(&view.merge, &shown, &people);
            result = Some(result_view(site, document, draft, &view));
            may_be_edited = document.path().is_page();
            (Body::Texts(shown), lead)
        }
        Some(_) => {
            let lead = files_lead(&versions, people.thing);
            let missed = notes.after_sending;
            (Body::Files { files: files(document, &people, &versions, chosen), missed }, lead)
        }
    };
    let others: Vec<&Revision> = document.conflicts().collect();
    let left_over = draft.map_or(0, |d| others.len().saturating_sub(d.heads.len()));
    let headline = match people.all.len() {
        0 | 1 => title.to_owned(),
        n => format!("{title}: {}", words::count(n + left_over, "version", "versions")),
    };
    let inbox = draft.is_some_and(|d| d.back_to_inbox);
    let yours = people.all.iter().skip(1).rfind(|p| p.you).map(|p| p.id);
    let screen = MergeScreen {
        shell: Shell::new(site, visitor, &headline),
        path: document.path(),
        crumbs: crumbs(site, document.path()),
        headline,
        lead,
        result,
        notes,
        graph: Graph::of(document),
        why: document.winner().map(|w| words::why(w, &others)).unwrap_or_default(),
        left_over,
        mine: draft.and_then(|d| d.mine).or(yours),
        next: if inbox { conflicts::after(site, document.path()) } else { None },
        may_be_edited,
        draft,
        people,
        body,
    };
    respond(status, screen.render())
}

fn nothing(document: &Document) -> String {
    if document.winner().is_none() {
        "None of its revisions can be read just now.".to_owned()
    } else {
        "There is nothing to merge.".to_owned()
    }
}

fn files_lead(versions: &[&Revision], thing: &str) -> String {
    if versions.iter().any(|r| r.is_deletion()) {
        format!(
            "One version deletes this {thing}. Choose which version stays; the others are kept in the history."
        )
    } else {
        format!(
            "This {thing} can’t be merged piece by piece. Choose which version stays; the others are kept in the history."
        )
    }
}

fn files(
    document: &Document,
    people: &People,
    versions: &[&Revision],
    chosen: Option<RevisionId>,
) -> Vec<File> {
    let picture = attachment::is_picture(document.path());
    let file = |(person, revision): (&Person, &&Revision)| File {
        person: person.clone(),
        length: revision.length,
        picture,
        chosen: chosen == Some(revision.id),
    };
    people.all.iter().zip(versions).map(file).collect()
}

/// The result alone, for a screen that is open already.
#[derive(Template)]
#[template(path = "partials/merge-result.html")]
struct ResultAlone {
    result: ResultView,
}

/// Shows nothing but the page as these choices would save it.
pub(super) fn result(site: &Site, document: &Document, draft: &Draft) -> Result<Response, Failure> {
    let view = site.wiki().merge_view(document, draft.winner, &draft.heads)?;
    let result = result_view(site, document, draft, &view);
    respond(StatusCode::OK, ResultAlone { result }.render())
}

/// Makes the response. It may not be “no-store”: a browser that goes back to such a page has
/// forgotten what was typed into it.
pub(super) fn respond(
    status: StatusCode,
    html: askama::Result<String>,
) -> Result<Response, Failure> {
    let html = html.map_err(|_| Failure::internal())?;
    let cache = HeaderValue::from_static("private, no-cache");
    Ok((status, [(header::CACHE_CONTROL, cache)], Html(html)).into_response())
}

/// Renders the page as it would be saved now, with what is new marked.
fn result_view(site: &Site, document: &Document, draft: &Draft, view: &MergeView) -> ResultView {
    let text = LineEnding::Lf.apply(&draft.picks.result(&view.merge));
    if text.is_empty() {
        ResultView::Deleted
    } else if text.len() > SHOWN_RESULT {
        ResultView::TooLarge
    } else if document.path().is_page() {
        let options = RenderOptions { source_lines: true };
        let rendered = site.wiki().render(document.path(), &text, options);
        let now = view.versions.first().map_or("", |side| side.text.as_str());
        let new = new_lines(now, &text);
        let language = site.settings().language.clone();
        ResultView::Rendered(rendered.html.with_new_lines(&new), language)
    } else {
        ResultView::Plain(text)
    }
}

/// Returns the numbers of the lines that a text has and another one does not have.
fn new_lines(old: &str, new: &str) -> BTreeSet<usize> {
    let diff = Diff::between(old, new);
    let rows = diff.unified();
    let added = rows.iter().filter(|row| row.is_added() && !row.text().trim().is_empty());
    added.filter_map(|row| row.new).collect()
}
