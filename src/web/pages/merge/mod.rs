//! Putting versions together: when a save came too late, and when heads have parted.
//!
//! Both are the same screen: the page now on the left, the other text on the right, and a choice
//! for every place in dispute. A form names what was seen and what was chosen; the merge is worked
//! out anew from the revisions, so what is saved is what was shown. Where the page has moved on
//! again, the merged text becomes the typed text of the next screen. Nothing is ever guessed, and
//! every answer to a form that was not saved shows all that was typed.

mod form;
mod heads;
mod hunks;
mod screen;
#[cfg(test)]
mod tests;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

use self::form::{Form, Picks};
use self::screen::{Draft, Notes, Right};
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;
use crate::web::error::Failure;
use crate::web::extract::{Fields, Query, Submitted, Target, Visitor, remember};
use crate::web::pages::edit;
use crate::web::shell::{Outcome, after_save};
use crate::web::site::{Access, Site};
use crate::wiki::{Document, Edit, MAX_MERGED, MergeOnSave, Saved, WikiError};

/// Shows the versions of a document: a merge screen for two, an overview for more.
pub(in crate::web) async fn open(
    State(site): State<Site>,
    visitor: Visitor,
    Target(path): Target,
    Query(query): Query,
) -> Result<Response, Failure> {
    site.blocking(move |site| {
        site.wiki().catch_up(&path);
        let document = site.wiki().require(&path)?;
        let success = match query.get("saved") {
            "" => None,
            _ => Some("Saved. Every action here can be undone from the history of the page."),
        };
        let notes = Notes { success, ..Notes::default() };
        let inbox = query.get("back") == "inbox";
        // `mine` is the visitor's own version, which waits because the page had moved on.
        let with = query.find("with").or(query.find("mine")).and_then(|id| id.parse().ok());
        state(site, &visitor, &document, with, &notes, inbox, StatusCode::OK)
    })
    .await
}

/// Shows a document as it is now: the merge with one head, or all of its versions.
fn state(
    site: &Site,
    visitor: &Visitor,
    document: &Document,
    with: Option<RevisionId>,
    notes: &Notes,
    back_to_inbox: bool,
    status: StatusCode,
) -> Result<Response, Failure> {
    let resolution = document.resolution();
    let with = with.filter(|head| resolution.conflicts.contains(head));
    let only = match &resolution.conflicts[..] {
        [only] => Some(*only),
        _ => None,
    };
    match with.or(only) {
        Some(head) if heads::is_text(site, document)? => {
            let draft = head_draft(site, visitor, document, head, back_to_inbox);
            screen::show(site, visitor, document, &draft, notes, status)
        }
        _ => heads::show(site, visitor, document, notes, back_to_inbox, status),
    }
}

/// Begins to merge a head into the page now.
fn head_draft(
    site: &Site,
    visitor: &Visitor,
    document: &Document,
    head: RevisionId,
    back_to_inbox: bool,
) -> Draft {
    let author = document.revision(head).map_or("", |r| r.author.as_str());
    Draft {
        theirs: document.resolution().winner,
        right: Right::Head(head),
        picks: Picks::default(),
        author: visitor.author.clone(),
        summary: match author {
            "" => "Merge another version".to_owned(),
            author => format!("Merge the version of {author}"),
        },
        nonce: site.wiki().nonces().draw(),
        second: site.wiki().nonces().draw(),
        back_to_inbox,
    }
}

/// Shows the merge screen; where the two cannot be compared, the typed text goes back as it is.
fn screen(
    site: &Site,
    visitor: &Visitor,
    document: &Document,
    draft: &Draft,
    notes: &Notes,
    status: StatusCode,
) -> Result<Response, Failure> {
    screen::show(site, visitor, document, draft, notes, status).map_err(|failure| {
        let typed = match &draft.right {
            Right::Unsaved { text, .. } => text.clone(),
            Right::Head(_) => String::new(),
        };
        let all: Vec<String> = std::iter::once(typed)
            .chain(draft.picks.wordings())
            .filter(|t| !t.is_empty())
            .collect();
        if all.is_empty() { failure } else { failure.with_text(all.join("\n\n")) }
    })
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
        "keep" => task.settle(form.theirs, "Keep the page as it is"),
        "take" => task.settle(form.with.first().copied(), "Make another version the page"),
        "all" | "easy" => task.merge_all(),
        _ => task.merge(),
    }
}

/// One form about one document.
struct Task<'a> {
    site: &'a Site,
    visitor: &'a Visitor,
    document: &'a Document,
    form: &'a Form,
}

impl Task<'_> {
    /// Goes on with a merge screen: saves it, or shows it again.
    fn merge(&self) -> Result<Response, Failure> {
        let Some(mut draft) = Draft::of_form(self.form) else {
            return self.moved("The form did not say which versions to merge.");
        };
        let history = self.document.history();
        let known = |id: RevisionId| history.get(id).is_some();
        let lost_theirs = draft.theirs.is_none_or(|id| !known(id));
        let lost_head = matches!(draft.right, Right::Head(head) if !known(head));
        if lost_head {
            return self.moved("The version that was to be merged is not there any more.");
        }
        if lost_theirs && self.document.winner().is_some() {
            // The choices belong to another merge; the texts are all still here.
            let notes = Notes {
                problem: Some((
                    "The page has changed again.".to_owned(),
                    "Nothing was saved. Please choose once more.".to_owned(),
                )),
                strays: draft.picks.wordings(),
                ..Notes::default()
            };
            draft.theirs = self.document.resolution().winner;
            draft.picks = Picks::default();
            return self.again(&draft, &notes, StatusCode::CONFLICT);
        }
        if self.form.action == "second" {
            return self.save_second(&draft);
        }
        let view = draft.view(self.site, self.document)?;
        if self.form.action == "result" {
            return screen::result(self.site, self.document, &draft, &view);
        }
        if !matches!(self.form.action.as_str(), "save" | "edit") {
            let notes = Notes::default();
            return self.again(&draft, &notes, StatusCode::OK);
        }
        let text = match draft.result(&view) {
            Ok(text) => text,
            Err(missing) => {
                let notes = Notes { missing, ..Notes::default() };
                return self.again(&draft, &notes, StatusCode::UNPROCESSABLE_ENTITY);
            }
        };
        if self.form.action == "edit" && draft.may_be_edited(self.document) {
            let edit = self.edit(draft.theirs, Vec::new(), text.into_bytes());
            return edit::go_on(self.site, self.visitor, self.document, &edit);
        }
        self.save_merged(&draft, text)
    }

    /// Saves the merged text on the page as it was seen.
    fn save_merged(&self, draft: &Draft, text: String) -> Result<Response, Failure> {
        let mut also = draft.not_in_page(self.document);
        also.truncate(MAX_MERGED);
        let edit = self.edit(draft.theirs, also, text.into_bytes());
        match self.site.wiki().save(&edit, self.site.merge_on_save(self.visitor)) {
            Ok(saved) => Ok(self.led_on(&saved)),
            Err(error) => self.refused(draft, error.into()),
        }
    }

    /// Leads on after a merge was saved; to the merge screen if it has to be merged itself.
    fn led_on(&self, saved: &Saved) -> Response {
        let (how, id) = match saved {
            Saved::Done { id, .. } | Saved::Merged { id, .. } => ("merged", *id),
            Saved::Unchanged { document } => {
                return self.done(document, Outcome::other("same", false));
            }
            Saved::Yielded { .. } => {
                return Redirect::to(&Outcome::led_to(self.site, saved, "merged")).into_response();
            }
        };
        self.done(saved.document(), Outcome::saved(how, id, saved.owed()))
    }

    /// Saves the typed text beside the page.
    fn save_second(&self, draft: &Draft) -> Result<Response, Failure> {
        let Right::Unsaved { text, base, also } = &draft.right else {
            return self.again(draft, &Notes::default(), StatusCode::OK);
        };
        let known = |id: &RevisionId| self.document.history().get(*id).is_some();
        let base = base.filter(known);
        let like = base.and_then(|id| self.site.wiki().text(self.document, id).ok());
        let ending = crate::model::merge::LineEnding::of(&like.unwrap_or_default());
        let also = also.iter().filter(|id| known(id)).copied().collect();
        let edit = Edit {
            nonce: self.form.second,
            ..self.edit(base, also, ending.apply(text).into_bytes())
        };
        match self.site.wiki().save(&edit, MergeOnSave::Ask) {
            Ok(saved) => Ok(self.done(saved.document(), Outcome::other("second", saved.owed()))),
            Err(error) => self.refused(draft, error.into()),
        }
    }

    /// Closes heads with the content of one version, byte for byte.
    fn settle(&self, like: Option<RevisionId>, summary: &str) -> Result<Response, Failure> {
        let Some(like) = like.filter(|_| !self.form.with.is_empty()) else {
            return self.moved("The form did not say which version is meant.");
        };
        let also = self.form.with.iter().take(MAX_MERGED).copied().collect();
        let mut edit = self.edit(self.form.theirs, also, Vec::new());
        // The summary of the merge screen speaks of a merge.
        summary.clone_into(&mut edit.summary);
        if self.document.history().get(like).is_none() {
            return self.moved("That version is not there any more.");
        }
        match self.site.wiki().settle(&edit, like) {
            Ok(saved) => Ok(self.done(saved.document(), Outcome::other("settled", saved.owed()))),
            Err(WikiError::Changed(_)) => {
                let document = self.site.wiki().require(&edit.path)?;
                self.moved_to(
                    &document,
                    "Somebody has changed the page or dealt with this version meanwhile.",
                )
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Merges all heads that were seen into the page that was seen, where nobody has to choose.
    fn merge_all(&self) -> Result<Response, Failure> {
        let resolution = self.document.resolution();
        let seen: Vec<RevisionId> = resolution.conflicts.iter().take(MAX_MERGED).copied().collect();
        let theirs = self.form.theirs;
        let sent = |r: &crate::wiki::Revision| {
            r.was_sent_as(self.form.nonce) && theirs.is_some_and(|id| r.parents.contains(&id))
        };
        if self.document.revisions().any(sent) {
            return Ok(self.done(self.document, Outcome::other("merged", false)));
        }
        if resolution.winner != self.form.theirs || seen != self.form.with {
            return self
                .moved("Somebody has changed the page or dealt with its versions meanwhile.");
        }
        let Some(merged) = self.site.wiki().merge_all(self.document)? else {
            return self.moved("These versions do not fit together by themselves.");
        };
        let mut edit = self.edit(self.form.theirs, merged.heads, merged.text.into_bytes());
        if edit.summary.is_empty() {
            edit.summary = match seen.len() {
                1 => "Merge another version".to_owned(),
                n => format!("Merge {n} other versions"),
            };
        }
        let saved = self.site.wiki().save(&edit, self.site.merge_on_save(self.visitor))?;
        Ok(match saved {
            Saved::Unchanged { document } => self.done(&document, Outcome::other("merged", false)),
            saved => self.led_on(&saved),
        })
    }

    fn edit(&self, base: Option<RevisionId>, also: Vec<RevisionId>, content: Vec<u8>) -> Edit {
        Edit {
            path: self.document.path().clone(),
            base,
            also,
            content,
            author: self.form.author.clone(),
            summary: self.form.summary.clone(),
            nonce: self.form.nonce,
        }
    }

    /// Shows the merge screen again.
    fn again(&self, draft: &Draft, notes: &Notes, status: StatusCode) -> Result<Response, Failure> {
        screen(self.site, self.visitor, self.document, draft, notes, status)
    }

    /// Shows the merge screen again, saying what the wiki refused.
    fn refused(&self, draft: &Draft, failure: Failure) -> Result<Response, Failure> {
        let status = failure.status;
        let notes = Notes { problem: Some((failure.title, failure.message)), ..Notes::default() };
        // The nonce may be what was refused; with new ones the next try can succeed.
        let nonces = self.site.wiki().nonces();
        let draft = Draft { nonce: nonces.draw(), second: nonces.draw(), ..draft.clone() };
        self.again(&draft, &notes, status)
    }

    /// Shows the document as it is now, saying why nothing was done.
    fn moved(&self, why: &str) -> Result<Response, Failure> {
        self.moved_to(self.document, why)
    }

    fn moved_to(&self, document: &Document, why: &str) -> Result<Response, Failure> {
        let problem =
            Some((why.to_owned(), "Nothing was saved. This is how it is now.".to_owned()));
        let strays = self.form.content.clone().into_iter().chain(self.form.picks.wordings());
        let notes = Notes { problem, strays: strays.collect(), ..Notes::default() };
        let inbox = self.form.back_to_inbox;
        state(self.site, self.visitor, document, None, &notes, inbox, StatusCode::CONFLICT)
    }

    /// Leads to where the visitor goes on.
    fn done(&self, document: &Document, outcome: Outcome) -> Response {
        let site = self.site;
        let address = document.path().address();
        let waiting = !document.resolution().conflicts.is_empty();
        let how = outcome.how();
        let to = if self.form.back_to_inbox {
            let name = document.path().as_str().as_bytes();
            let name: String = form_urlencoded::byte_serialize(name).collect();
            let inbox = site.url(&format!("-/conflicts?saved={how}&page-name={name}"));
            after_save(&inbox, outcome.owed())
        } else if document.is_live() && (!waiting || how == "second" || self.form.content.is_some())
        {
            outcome.at(&site.url(&address))
        } else {
            outcome.at(&site.url(&format!("-/merge/{address}")))
        };
        let cookie = remember(site, "author", &self.form.author);
        if self.form.author.is_empty() {
            return Redirect::to(&to).into_response();
        }
        ([(header::SET_COOKIE, cookie)], Redirect::to(&to)).into_response()
    }
}
