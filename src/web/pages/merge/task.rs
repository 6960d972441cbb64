//! What is done with a form: saving the merge, closing versions, undoing, or showing it again.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::draft::Draft;
use super::form::Form;
use super::screen::{self, Notes};
use crate::model::merge::Place;
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;
use crate::web::error::Failure;
use crate::web::extract::{Visitor, remember};
use crate::web::pages::{conflicts, edit, words};
use crate::web::shell::{Outcome, after_save};
use crate::web::site::Site;
use crate::wiki::{Document, Edit, Saved, WikiError};

/// One form about one document.
pub(super) struct Task<'a> {
    pub(super) site: &'a Site,
    pub(super) visitor: &'a Visitor,
    pub(super) document: &'a Document,
    pub(super) form: &'a Form,
}

impl Task<'_> {
    /// Goes on with a merge: saves it, or shows it again.
    pub(super) fn merge(&self) -> Result<Response, Failure> {
        let Some(draft) = Draft::of_form(self.form, self.document) else {
            return self.moved(
                "Nothing was saved.",
                "The form names a version that is no longer there. Your choices are kept; please check them.",
            );
        };
        if !draft.is_text(self.site, self.document)? {
            return self.choose_file(&draft);
        }
        if self.form.action == "result" {
            return screen::result(self.site, self.document, &draft);
        }
        if !matches!(self.form.action.as_str(), "save" | "edit") {
            return self.again(draft, Notes::default(), StatusCode::OK);
        }
        let merge = self.site.wiki().merge_view(self.document, draft.winner, &draft.heads)?.merge;
        let text = draft.picks.result(&merge);
        if self.form.action == "edit" && self.document.path().is_page() {
            let edit = self.edit(&draft, text.into_bytes());
            return edit::go_on(self.site, self.visitor, self.document, &edit);
        }
        let open = |place: &Place| place.is_open() && draft.picks.choice(place).is_none();
        if merge.places().any(|(_, place)| open(place)) {
            let notes = Notes { after_sending: true, ..Notes::default() };
            return self.again(draft, notes, StatusCode::UNPROCESSABLE_ENTITY);
        }
        self.save(&draft, text)
    }

    /// Saves the merged text on the page as it was seen, naming every version that was seen.
    fn save(&self, draft: &Draft, text: String) -> Result<Response, Failure> {
        let edit = self.edit(draft, text.into_bytes());
        let next = self.next();
        match self.site.wiki().save(&edit, self.site.merge_on_save(self.visitor)) {
            Ok(Saved::Done { document, id, owed, displaced: None }) => {
                Ok(self.done(&document, Outcome::saved("merged", id, owed), next))
            }
            Ok(Saved::Unchanged { document }) => {
                Ok(self.done(&document, Outcome::other("same", false), next))
            }
            // The page has moved on: the merge is a version of its own now, or was merged itself.
            Ok(saved) => {
                let to = Outcome::led_to(self.site, &saved, "merged");
                Ok(self.lead(&to))
            }
            Err(error) => self.refused(draft, error.into()),
        }
    }

    /// Makes one whole version of something that cannot be merged the current one.
    fn choose_file(&self, draft: &Draft) -> Result<Response, Failure> {
        match self.form.about {
            Some(id) if self.form.action == "save" => {
                let summary = if id == draft.winner {
                    "Keep the current version"
                } else {
                    "Use another version"
                };
                self.settle(Some(id), &draft.heads, summary, "settled")
            }
            _ => {
                let sent = self.form.action == "save";
                let notes = Notes { after_sending: sent, ..Notes::default() };
                let status = if sent { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
                self.again(draft.clone(), notes, status)
            }
        }
    }

    /// Closes heads with the content of one version, byte for byte.
    pub(super) fn settle(
        &self,
        like: Option<RevisionId>,
        heads: &[RevisionId],
        summary: &str,
        how: &'static str,
    ) -> Result<Response, Failure> {
        const CHANGED: &str =
            "The page has changed since you opened this screen. Please look again.";
        let known = |id: &RevisionId| self.document.revision(*id).is_some();
        let Some(like) = like.filter(|id| known(id) && !heads.is_empty()) else {
            return self.moved("Nothing was saved.", CHANGED);
        };
        let edit = Edit {
            path: self.document.path().clone(),
            base: self.form.winner,
            also: heads.to_vec(),
            content: Vec::new(),
            author: self.form.author.clone(),
            summary: summary.to_owned(),
            nonce: self.form.nonce,
        };
        let next = self.next();
        match self.site.wiki().settle(&edit, like) {
            Ok(saved) => {
                let outcome = match saved.typed() {
                    Some(id) => Outcome::saved(how, id, saved.owed()),
                    None => Outcome::other(how, saved.owed()),
                };
                Ok(self.done(saved.document(), outcome, next))
            }
            Err(WikiError::Changed(_)) => self.moved("Nothing was saved.", CHANGED),
            Err(error) => match Draft::of_form(self.form, self.document) {
                Some(draft) => self.refused(&draft, error.into()),
                None => Err(error.into()),
            },
        }
    }

    /// Takes a merge back: the page says what it said before, and what was merged waits again.
    pub(super) fn undo(&self) -> Result<Response, Failure> {
        let Some(of) = self.form.about else {
            return Err(Failure::bad_request("The form names no revision."));
        };
        let form = self.form;
        let undone =
            self.site.wiki().undo_merge(self.document.path(), of, &form.author, form.nonce);
        let address = self.document.path().address();
        let to = match undone {
            Ok(document) if !document.resolution().conflicts.is_empty() => {
                let back = if form.back_to_inbox { "&back=inbox" } else { "" };
                self.site.url(&format!("-/merge/{address}?saved=undone{back}"))
            }
            Ok(document) => Outcome::other("reverted", false).at(&self.place_of(&document)),
            Err(WikiError::Changed(_)) => {
                return self.moved(
                    "Not undone.",
                    "The page has changed since. Its history can bring back any version.",
                );
            }
            Err(error) => return Err(error.into()),
        };
        Ok(self.lead(&to))
    }

    fn edit(&self, draft: &Draft, content: Vec<u8>) -> Edit {
        Edit {
            path: self.document.path().clone(),
            base: Some(draft.winner),
            also: draft.heads.clone(),
            content,
            author: draft.author.clone(),
            summary: draft.summary.clone(),
            nonce: draft.nonce,
        }
    }

    /// Shows the merge screen again, with what has arrived meanwhile.
    fn again(&self, draft: Draft, notes: Notes, status: StatusCode) -> Result<Response, Failure> {
        let seen: Vec<RevisionId> =
            std::iter::once(draft.winner).chain(draft.heads.iter().copied()).collect();
        let draft = draft.caught_up(self.site, self.visitor, self.document);
        let new = draft.versions(self.document).into_iter().filter(|r| !seen.contains(&r.id));
        let mut names: Vec<&str> = new.map(|r| words::name(&r.author)).collect();
        names.dedup();
        let news = (!names.is_empty()).then(|| {
            let thing = if self.document.path().is_page() { "page" } else { "file" };
            format!(
                "{} saved this {thing} while you were choosing. Your choices are kept.",
                words::list(&names)
            )
        });
        let merge = self.site.wiki().merge_view(self.document, draft.winner, &draft.heads).ok();
        let strays = draft.picks.strays(merge.as_ref().map(|view| &view.merge));
        let notes = Notes { news, strays, ..notes };
        let about = self.form.about;
        screen::show(self.site, self.visitor, self.document, Some(&draft), about, &notes, status)
    }

    /// Shows the merge screen again, saying what the wiki refused.
    fn refused(&self, draft: &Draft, failure: Failure) -> Result<Response, Failure> {
        let status = failure.status;
        let notes = Notes { problem: Some((failure.title, failure.message)), ..Notes::default() };
        // The nonce may be what was refused; with a new one the next try can succeed.
        let draft = Draft { nonce: self.site.wiki().nonces().draw(), ..draft.clone() };
        self.again(draft, notes, status)
    }

    /// Shows the document as it is now, saying why nothing was done; the choices stay.
    fn moved(&self, title: &str, why: &str) -> Result<Response, Failure> {
        let problem = Some((title.to_owned(), why.to_owned()));
        let document = self.site.wiki().require(self.document.path())?;
        let inbox = self.form.back_to_inbox;
        let draft = Draft::now(self.site, self.visitor, &document, self.form.mine, inbox);
        let draft = draft.map(|draft| Draft {
            picks: self.form.picks.clone(),
            author: self.form.author.clone(),
            ..draft
        });
        let view =
            draft.as_ref().map(|d| self.site.wiki().merge_view(&document, d.winner, &d.heads));
        let merge = view.and_then(Result::ok).map(|view| view.merge);
        let strays = self.form.picks.strays(merge.as_ref());
        let notes = Notes { problem, strays, ..Notes::default() };
        let status = StatusCode::CONFLICT;
        screen::show(self.site, self.visitor, &document, draft.as_ref(), None, &notes, status)
    }

    /// Returns the next conflict, for somebody who works through the inbox.
    fn next(&self) -> Option<DocPath> {
        let onward = self.form.back_to_inbox && !self.form.back_to_list;
        onward.then(|| conflicts::after(self.site, self.document.path())).flatten()
    }

    /// Returns the address that shows a document and can say what was done to it.
    fn place_of(&self, document: &Document) -> String {
        let address = document.path().address();
        let shown = document.is_live() && document.path().is_page();
        self.site.url(&if shown { address } else { format!("-/history/{address}") })
    }

    /// Leads to where the visitor goes on: the page, or the next conflict of the inbox.
    fn done(&self, document: &Document, outcome: Outcome, next: Option<DocPath>) -> Response {
        let address = document.path().address();
        let waiting = !document.resolution().conflicts.is_empty();
        let name = document.path().as_str().as_bytes();
        let name: String = form_urlencoded::byte_serialize(name).collect();
        let id = outcome.id().map(|id| format!("&id={id}")).unwrap_or_default();
        let to = match next {
            // A version that arrived meanwhile is dealt with at once.
            _ if waiting && outcome.how() != "discarded" => {
                let back = if self.form.back_to_inbox { "&back=inbox" } else { "" };
                let here = self.site.url(&format!("-/merge/{address}"));
                format!("{}{back}", outcome.at(&here))
            }
            Some(next) => {
                let next = next.address();
                let to = format!("-/merge/{next}?back=inbox&done={name}{id}");
                after_save(&self.site.url(&to), outcome.owed())
            }
            None if self.form.back_to_inbox => {
                let how = outcome.how();
                let to = format!("-/conflicts?saved={how}&page-name={name}{id}");
                after_save(&self.site.url(&to), outcome.owed())
            }
            None => outcome.at(&self.place_of(document)),
        };
        self.lead(&to)
    }

    fn lead(&self, to: &str) -> Response {
        if self.form.author.is_empty() {
            return Redirect::to(to).into_response();
        }
        let cookie = remember(self.site, "author", &self.form.author);
        ([(header::SET_COOKIE, cookie)], Redirect::to(to)).into_response()
    }
}
