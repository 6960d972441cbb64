//! A server that has a say in every save, and the order in which a save becomes durable.
//!
//! A save with an upstream is planned under the document's lock, handed over without any lock, and
//! then written here. The plan fixes everything that the file holds, so what the upstream took and
//! what is written here are the same bytes under the same id, whichever of the two came first and
//! whatever broke between them: one revision, never two. The upstream comes first, because a save
//! that it stops must not be here already.

use std::sync::Arc;

use super::document::Document;
use super::edit::{Draft, Plan, Saved};
use super::{IfMovedOn, Wiki, WikiError};
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;
use crate::store::Body;

/// How often a save is planned anew because something came from the upstream.
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

    /// Makes a plan under the document's lock and carries it out, with the upstream if there is one.
    pub(super) fn carry_out<'a>(
        &self,
        path: &DocPath,
        if_moved_on: IfMovedOn,
        plan: &dyn Fn(Option<&Arc<Document>>) -> Result<Plan<'a>, WikiError>,
    ) -> Result<Saved, WikiError> {
        match (self.upstream(), if_moved_on) {
            (None, _) => self.carry_out_here(path, plan),
            (Some(upstream), IfMovedOn::Stop) => self.carry_out_with(upstream, path, plan),
            // A version of its own is stopped by nothing, so it is safe here first.
            (Some(_), IfMovedOn::SecondVersion) => {
                Ok(self.push_saved(path, self.carry_out_here(path, plan)?))
            }
        }
    }

    fn carry_out_here<'a>(
        &self,
        path: &DocPath,
        plan: &dyn Fn(Option<&Arc<Document>>) -> Result<Plan<'a>, WikiError>,
    ) -> Result<Saved, WikiError> {
        let key = path.key();
        let lock = self.lock(&key);
        // Held over check and write, so that two savers in this process cannot both pass the check.
        let guard = lock.lock();
        let document = self.refresh_locked(&key, path)?;
        let draft = match plan(document.as_ref())? {
            Plan::Over(saved) => return Ok(saved),
            Plan::Write(draft) => draft,
        };
        if draft.on_winner {
            return self.put(&draft, Body::Bytes(&draft.edit.content), true);
        }
        drop(guard);
        self.put(&draft, Body::Bytes(&draft.edit.content), false)
    }

    fn carry_out_with<'a>(
        &self,
        upstream: &dyn Upstream,
        path: &DocPath,
        plan: &dyn Fn(Option<&Arc<Document>>) -> Result<Plan<'a>, WikiError>,
    ) -> Result<Saved, WikiError> {
        let key = path.key();
        let lock = self.lock(&key);
        for _ in 0..ATTEMPTS {
            let document = {
                let _guard = lock.lock();
                self.refresh_locked(&key, path)?
            };
            let draft = match plan(document.as_ref())? {
                Plan::Over(saved) => return Ok(saved),
                Plan::Write(draft) => draft,
            };
            let file = draft.file()?;
            let proposal =
                Proposal { path: &draft.edit.path, id: draft.id, file: &file, held: draft.held() };
            match upstream.hand_over(&proposal) {
                // It is a revision of the wiki now, whatever has come here meanwhile.
                Answer::Taken => {
                    return self.put(&draft, Body::Bytes(&draft.edit.content), false);
                }
                Answer::MovedOn => {}
                Answer::Away => {
                    let _guard = lock.lock();
                    let now = self.refresh_locked(&key, path)?;
                    if winner(now.as_ref()) != winner(document.as_ref())
                        && let Plan::Over(saved) = plan(now.as_ref())?
                    {
                        return Ok(saved);
                    }
                    return Ok(self.put(&draft, Body::Bytes(&draft.edit.content), true)?.owed());
                }
            }
        }
        // Something new comes each time: its author shall see it.
        let document = self.require(path)?;
        Ok(Saved::MovedOn { document })
    }

    /// Hands over what was saved here just now.
    pub(super) fn push_saved(&self, path: &DocPath, saved: Saved) -> Saved {
        match (self.upstream(), &saved) {
            (Some(upstream), Saved::Done { id, .. }) if !upstream.push(path, *id) => saved.owed(),
            _ => saved,
        }
    }
}

fn winner(document: Option<&Arc<Document>>) -> Option<RevisionId> {
    document.and_then(|d| d.resolution().winner)
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
    fn owed(self) -> Self {
        match self {
            Self::Done { id, document, .. } => Self::Done { id, document, owed: true },
            other => other,
        }
    }
}
