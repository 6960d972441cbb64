//! A server that is asked at every save, and the order in which a save becomes durable.
//!
//! A revision that is to be the next of its document is offered to the upstream first, so that two
//! servers do not both become the page unseen. It is planned under the document's lock, handed over
//! without any lock, and then written here. The plan fixes everything that the file holds, so what
//! the upstream took and what is written here are the same bytes under the same id, whichever of the
//! two came first and whatever broke between them: one revision, never two. If the upstream has moved
//! on, what is new there is here now, and the edit is planned again: it yields. A revision that
//! yields displaces nothing anywhere, so it is written here first and handed over as it is.

use std::sync::Arc;

use super::document::Document;
use super::edit::{Draft, Plan, Planner, Saved, Stands};
use super::{Wiki, WikiError};
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;
use crate::store::Body;

/// How often a save is offered to the upstream, which may have moved on each time.
const ATTEMPTS: usize = 4;

/// The server that a wiki checks with before and at each save. Every call may take a while and has a
/// limit of its own; no lock is held meanwhile.
pub trait Upstream: Send + Sync {
    /// Says which server it is, for people: `wiki.example.org`.
    fn name(&self) -> String;

    /// Says in words why edits do not reach it, if they do not.
    fn trouble(&self) -> Option<String>;

    /// Brings the newest revisions of a document into this wiki, if it answers in time.
    fn fetch(&self, path: &DocPath);

    /// Hands over a revision before it is written here.
    fn hand_over(&self, proposal: &Proposal<'_>) -> Answer;

    /// Hands over a revision that is written here, whatever there is; tells whether it arrived.
    fn push(&self, path: &DocPath, id: RevisionId) -> bool;
}

/// A revision that is to be the next of its document.
#[derive(Debug)]
pub struct Proposal<'a> {
    /// The document.
    pub path: &'a DocPath,
    /// The revision.
    pub id: RevisionId,
    /// Its file from the first byte.
    pub file: &'a [u8],
    /// The whole revisions that were here when it was checked that the document has not moved on.
    pub held: Vec<RevisionId>,
}

/// What an upstream says to a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It is durable there.
    Taken,
    /// The document has moved on there; what came is here now, and the proposal is not there.
    MovedOn,
    /// There was no answer, or it does not take it.
    Away,
}

impl Wiki {
    /// Gives the wiki a server to check with from now on; the first one stays.
    pub fn set_upstream(&self, upstream: Arc<dyn Upstream>) {
        let _ = self.upstream.set(upstream);
    }

    /// Returns the server that is checked with, if there is one.
    pub fn upstream(&self) -> Option<&dyn Upstream> {
        self.upstream.get().map(|upstream| &**upstream)
    }

    /// Brings the newest revisions of a document here before somebody works on it.
    pub fn catch_up(&self, path: &DocPath) {
        if let Some(upstream) = self.upstream() {
            upstream.fetch(path);
        }
    }

    /// Plans an edit under the document's lock and carries it out, one revision after another until
    /// the plan is fulfilled.
    pub(super) fn carry_out(
        &self,
        path: &DocPath,
        plan: &Planner<'_, '_>,
    ) -> Result<Saved, WikiError> {
        let key = path.key();
        let lock = self.lock(&key);
        let upstream = self.upstream();
        let mut offers = 0;
        let mut so_far: Option<Saved> = None;
        loop {
            // Held over check and write, so that two savers in this process cannot both pass the
            // check.
            let guard = lock.lock();
            let planned = self
                .refresh_locked(&key, path)
                .and_then(|document| plan(document.as_ref(), so_far.as_ref()));
            let owed = so_far.as_ref().is_some_and(Saved::owed);
            let draft = match (planned, so_far.take()) {
                (Ok(Plan::Over(saved)), _) => return Ok(if owed { saved.owing() } else { saved }),
                (Ok(Plan::Write(draft)), earlier) => {
                    so_far = earlier;
                    draft
                }
                // What was typed is saved; the merge can be made by anyone.
                (Err(error), Some(saved)) => {
                    tracing::warn!(%path, %error, "a save could not be merged");
                    return Ok(saved);
                }
                (Err(error), None) => return Err(error),
            };
            let body = Body::Bytes(&draft.edit.content);
            let is_next = matches!(draft.stands, Stands::Next | Stands::Merging(_));
            let written = match upstream {
                Some(upstream) if is_next && offers < ATTEMPTS => {
                    drop(guard);
                    offers += 1;
                    match offer(upstream, &draft) {
                        Err(error) => Err(error),
                        // It is a revision of the wiki now, whatever has come here meanwhile.
                        Ok(Answer::Taken) => self.put(&draft, body, false),
                        Ok(Answer::MovedOn) => continue,
                        Ok(Answer::Away) => {
                            offers = ATTEMPTS;
                            let _guard = lock.lock();
                            let seen = winner(draft.document.as_ref());
                            match self.refresh_locked(&key, path) {
                                Ok(now) if winner(now.as_ref()) != seen => continue,
                                // Nobody knows whether it was taken: it is written as it was offered.
                                Ok(_) => self.put(&draft, body, true).map(Saved::owing),
                                Err(error) => Err(error),
                            }
                        }
                    }
                }
                _ => {
                    let written = self.put(&draft, body, true);
                    drop(guard);
                    written.map(|saved| self.push_saved(path, saved))
                }
            };
            match (written, so_far.take()) {
                (Ok(saved), _) => {
                    let saved = if owed { saved.owing() } else { saved };
                    if is_next {
                        return Ok(saved);
                    }
                    so_far = Some(saved);
                }
                (Err(error), Some(saved)) => {
                    tracing::warn!(%path, %error, "a save could not be merged");
                    return Ok(saved);
                }
                (Err(error), None) => return Err(error),
            }
        }
    }

    /// Hands over what was written here just now.
    pub(super) fn push_saved(&self, path: &DocPath, saved: Saved) -> Saved {
        let written = match &saved {
            Saved::Done { id, .. } | Saved::Merged { id, .. } | Saved::Yielded { id, .. } => *id,
            Saved::Unchanged { .. } => return saved,
        };
        match self.upstream() {
            Some(upstream) if !upstream.push(path, written) => saved.owing(),
            _ => saved,
        }
    }
}

fn winner(document: Option<&Arc<Document>>) -> Option<RevisionId> {
    document.and_then(|d| d.resolution().winner)
}

fn offer(upstream: &dyn Upstream, draft: &Draft<'_>) -> Result<Answer, WikiError> {
    let (path, file) = (&draft.edit.path, draft.file()?);
    Ok(upstream.hand_over(&Proposal { path, id: draft.id, file: &file, held: draft.held() }))
}

impl Draft<'_> {
    /// Returns the whole revisions that were here when it was planned.
    fn held(&self) -> Vec<RevisionId> {
        let document = self.document.iter();
        let whole = document.flat_map(|d| d.revisions()).filter(|r| r.damage.is_none());
        whole.map(|r| r.id).collect()
    }
}

impl Saved {
    /// Says that the upstream does not have it yet.
    fn owing(mut self) -> Self {
        match &mut self {
            Self::Done { owed, .. } | Self::Merged { owed, .. } | Self::Yielded { owed, .. } => {
                *owed = true;
            }
            Self::Unchanged { .. } => {}
        }
        self
    }
}
