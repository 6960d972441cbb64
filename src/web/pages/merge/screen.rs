//! The merge screen: two versions, and for every place in dispute a choice.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use uuid::Uuid;

use super::form::{Form, Picks};
use super::hunks::{Block, Mark, Who, blocks};
use crate::model::merge::two::Choice;
use crate::model::path::DocPath;
use crate::model::resolve::State;
use crate::model::revision::RevisionId;
use crate::web::error::Failure;
use crate::web::extract::Visitor;
use crate::web::filters;
use crate::web::pages::graph::Graph;
use crate::web::pages::view::{Crumb, crumbs};
use crate::web::pages::words;
use crate::web::shell::Shell;
use crate::web::site::Site;
use crate::wiki::render::{RenderOptions, SafeHtml};
use crate::wiki::{Document, Revision, Side, TwoView};

/// Results larger than this are not rendered on the screen.
const SHOWN_RESULT: usize = 1 << 20;

/// What is merged into the page.
#[derive(Debug, Clone)]
pub(super) enum Right {
    /// A text that is not saved yet.
    Unsaved {
        /// The text, with LF line ends.
        text: String,
        /// The revision it was begun on.
        base: Option<RevisionId>,
        /// Further revisions it was made from.
        also: Vec<RevisionId>,
    },
    /// Another head.
    Head(RevisionId),
}

/// A merge on its way: the two sides, and what was decided so far.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    /// The revision that the other side is merged into, as it was seen.
    pub(super) theirs: Option<RevisionId>,
    pub(super) right: Right,
    pub(super) picks: Picks,
    pub(super) author: String,
    pub(super) summary: String,
    pub(super) nonce: Uuid,
    pub(super) second: Uuid,
    pub(super) back_to_inbox: bool,
}

impl Draft {
    /// Takes up what a form brought.
    pub(super) fn of_form(form: &Form) -> Option<Self> {
        let right = match (&form.content, form.with.first()) {
            (Some(text), _) => {
                Right::Unsaved { text: text.clone(), base: form.base, also: form.also.clone() }
            }
            (None, Some(head)) => Right::Head(*head),
            (None, None) => return None,
        };
        Some(Self {
            theirs: form.theirs,
            right,
            picks: form.picks.clone(),
            author: form.author.clone(),
            summary: form.summary.clone(),
            nonce: form.nonce,
            second: form.second,
            back_to_inbox: form.back_to_inbox,
        })
    }

    /// Returns the revisions that the other side was made from, of those that are here.
    pub(super) fn made_from(&self, document: &Document) -> Vec<RevisionId> {
        let named: Vec<RevisionId> = match &self.right {
            Right::Unsaved { base, also, .. } => base.iter().chain(also).copied().collect(),
            Right::Head(head) => vec![*head],
        };
        named.into_iter().filter(|id| document.history().get(*id).is_some()).collect()
    }

    /// Returns what the other side was made from and the page does not have yet: the parents that
    /// a merge has besides the page.
    pub(super) fn not_in_page(&self, document: &Document) -> Vec<RevisionId> {
        let mut ids = self.made_from(document);
        let history = document.history();
        ids.retain(|id| !self.theirs.is_some_and(|theirs| history.descends_from(theirs, *id)));
        ids
    }

    /// Tells whether the merged text can go on as an ordinary edit of the page, which has one parent.
    pub(super) fn may_be_edited(&self, document: &Document) -> bool {
        document.path().is_page()
            && matches!(self.right, Right::Unsaved { .. })
            && self.not_in_page(document).is_empty()
    }

    /// Puts the two sides together.
    pub(super) fn view(&self, site: &Site, document: &Document) -> Result<TwoView, Failure> {
        let wiki = site.wiki();
        Ok(match (&self.right, self.theirs) {
            (Right::Unsaved { text, .. }, theirs) => {
                wiki.two_unsaved(document, &self.made_from(document), theirs, text)?
            }
            (Right::Head(head), Some(theirs)) => wiki.two_heads(document, theirs, *head)?,
            (Right::Head(_), None) => return Err(Failure::not_found("There is nothing to merge.")),
        })
    }

    /// Returns the merged text, or the numbers of the choices that are still open.
    pub(super) fn result(&self, view: &TwoView) -> Result<String, Vec<usize>> {
        let conflicts = view.merge.conflicts().enumerate();
        let open: Vec<usize> = conflicts
            .filter(|(_, (index, hunk))| self.picks.choice(*index, hunk).is_none())
            .map(|(n, _)| n + 1)
            .collect();
        if open.is_empty() {
            Ok(view.result(|i, hunk| self.picks.choice(i, hunk).unwrap_or(Choice::Both)))
        } else {
            Err(open)
        }
    }
}

/// What the screen says besides the merge.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes {
    /// Why nothing was saved.
    pub(super) problem: Option<(String, String)>,
    /// Good news.
    pub(super) success: Option<&'static str>,
    /// Choices that are open although the form was sent.
    pub(super) missing: Vec<usize>,
    /// Wordings that have no place any more.
    pub(super) strays: Vec<String>,
}

#[derive(Template)]
#[template(path = "pages/merge.html")]
struct MergeScreen<'a> {
    shell: Shell,
    path: &'a DocPath,
    crumbs: Vec<Crumb>,
    headline: String,
    lead: String,
    draft: &'a Draft,
    /// The text that is not saved yet.
    unsaved: Option<&'a str>,
    base: Option<RevisionId>,
    also: Vec<RevisionId>,
    head: Option<RevisionId>,
    left: &'a Side,
    right: &'a Side,
    left_name: String,
    right_name: String,
    began: Option<u64>,
    blocks: Vec<Block>,
    total: usize,
    made: usize,
    result: ResultView,
    notes: &'a Notes,
    graph: Option<Graph<'a>>,
    why: String,
    waiting: usize,
    may_continue: bool,
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

/// Shows the merge screen.
pub(super) fn show(
    site: &Site,
    visitor: &Visitor,
    document: &Document,
    draft: &Draft,
    notes: &Notes,
    status: StatusCode,
) -> Result<Response, Failure> {
    let view = draft.view(site, document)?;
    let theirs = draft.theirs.and_then(|id| document.revision(id));
    let made_from = draft.made_from(document);
    let (unsaved, base, also, head) = match &draft.right {
        Right::Unsaved { text, base, also } => (Some(text.as_str()), *base, also.clone(), None),
        Right::Head(head) => (None, None, Vec::new(), Some(*head)),
    };
    let left_name = words::name(&view.left.author).to_owned();
    let right_name = match unsaved {
        Some(_) => "You".to_owned(),
        None => words::name(&view.right.author).to_owned(),
    };
    let who = Who { left: &left_name, right: &right_name };
    let blocks = blocks(&view, &draft.picks, &who, !notes.missing.is_empty());
    let total = view.merge.conflicts().count();
    let open = |(i, hunk)| draft.picks.choice(i, hunk).is_none();
    let made = total - view.merge.conflicts().filter(|(i, h)| open((*i, h))).count();
    let title = document.title();
    let headline = match unsaved {
        Some(_) => words::moved_on(document, &made_from, theirs, &draft.author),
        None => match (view.left.text.is_empty(), view.right.text.is_empty()) {
            (true, _) => format!("Deleted here by {left_name}, edited there by {right_name}"),
            (_, true) => format!("Edited here by {left_name}, deleted there by {right_name}"),
            _ => format!("Two versions of {title}"),
        },
    };
    let others: Vec<&Revision> = document.conflicts().collect();
    let winner = document.winner();
    let screen = MergeScreen {
        shell: Shell::new(site, visitor, &headline),
        path: document.path(),
        crumbs: crumbs(site, document.path()),
        lead: lead(&view, total, unsaved.is_some()),
        headline,
        draft,
        unsaved,
        base,
        also,
        head,
        left: &view.left,
        right: &view.right,
        left_name,
        right_name,
        began: base.map(RevisionId::number),
        blocks,
        total,
        made,
        result: result_view(site, document, draft, &view),
        notes,
        graph: head.map(|_| Graph::of(document)),
        why: match (head, winner) {
            (Some(_), Some(winner)) => words::why(winner, &others),
            _ => String::new(),
        },
        waiting: others.len(),
        may_continue: document.path().is_page(),
        may_be_edited: draft.may_be_edited(document),
    };
    respond(status, screen.render())
}

/// The result alone, for a screen that is open already.
#[derive(Template)]
#[template(path = "partials/merge-result.html")]
struct ResultAlone {
    result: ResultView,
}

/// Shows nothing but the page as these choices would save it.
pub(super) fn result(
    site: &Site,
    document: &Document,
    draft: &Draft,
    view: &TwoView,
) -> Result<Response, Failure> {
    let result = result_view(site, document, draft, view);
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

/// Says in a sentence or two what is to be done.
fn lead(view: &TwoView, total: usize, unsaved: bool) -> String {
    let both = if unsaved { "you both" } else { "both" };
    let gone = if view.left.text.is_empty() {
        Some("The page is deleted now.")
    } else if view.right.text.is_empty() && !unsaved {
        Some("The other version is a deletion.")
    } else {
        None
    };
    if let Some(gone) = gone {
        return format!("{gone} Choose whether it stays deleted or keeps this text, then save.");
    }
    match total {
        0 if view.merge.hunks().next().is_none() => {
            "Both say the same, line ends aside.".to_owned()
        }
        0 => "Everything fits together by itself. Look at the result, then save.".to_owned(),
        _ => format!(
            "{} At {} {both} changed the same words: choose {} what the page should say, then save.",
            if view.base.is_some() {
                "Most of it fits together by itself."
            } else {
                "Both were written without knowing of each other."
            },
            words::count(total, "place", "places"),
            if total == 1 { "there" } else { "for each" },
        ),
    }
}

/// Renders the page as it would be saved now; what is open is said to be.
fn result_view(site: &Site, document: &Document, draft: &Draft, view: &TwoView) -> ResultView {
    let numbers: Vec<usize> = view.merge.conflicts().map(|(index, _)| index).collect();
    let text = view.result(|index, hunk| {
        draft.picks.choice(index, hunk).unwrap_or_else(|| {
            let number = numbers.iter().position(|i| *i == index).unwrap_or_default() + 1;
            Choice::Text(format!("\n*Choice {number} is still to be made.*\n\n"))
        })
    });
    if text.is_empty() {
        ResultView::Deleted
    } else if text.len() > SHOWN_RESULT {
        ResultView::TooLarge
    } else if document.path().is_page() {
        let rendered = site.wiki().render(document.path(), &text, RenderOptions::default());
        ResultView::Rendered(rendered.html, site.settings().language.clone())
    } else {
        ResultView::Plain(text)
    }
}
