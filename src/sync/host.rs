//! Answering peers for a replica, whatever carries the questions.

use std::collections::HashSet;
use std::io::{self, Read};
use std::sync::Arc;

use super::error::{Refused, ReplicaError};
use super::frame::Frames;
use super::identity::{Hello, PROTOCOL};
use super::item::ItemHash;
use super::page::{Only, Question, Told};
use super::receive::{
    Interruption, MAX_ITEMS, Outcome, Reception, Terms, take_in_page, take_in_telling,
};
use super::remote::{Answer, Remote, RemoteError};
use super::replica::Replica;
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;

/// What a peer may do here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The name that it was given here.
    pub name: String,
    /// It may not hand anything over.
    pub read_only: bool,
}

/// Why a peer gets no answer.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The two may not exchange anything.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// What it sent is not what the protocol has.
    #[error("{0}")]
    Protocol(String),
    /// This side cannot do it.
    #[error(transparent)]
    Replica(#[from] ReplicaError),
    /// The stream that it sent ended early.
    #[error("the stream ended early")]
    Broken(#[source] io::Error),
}

/// Answers peers for a replica.
#[derive(Clone)]
pub struct Host {
    replica: Arc<dyn Replica>,
}

impl Host {
    /// Answers for this replica.
    pub fn new(replica: Arc<dyn Replica>) -> Self {
        Self { replica }
    }

    /// Returns the replica.
    pub fn replica(&self) -> &Arc<dyn Replica> {
        &self.replica
    }

    /// Returns what this side says of itself.
    ///
    /// # Errors
    /// If the id of the wiki cannot be read.
    pub fn hello(&self) -> Result<Hello, ReplicaError> {
        hello_of(&*self.replica)
    }

    /// Decides whether to speak with a peer at all, and returns what to say to it. The wiki gets its
    /// id here if it has none: the peer's where this side is empty.
    ///
    /// # Errors
    /// [`HostError::Refused`] if the two may not exchange anything.
    pub fn greet(&self, theirs: &Hello) -> Result<Hello, HostError> {
        let mut ours = self.hello()?;
        if theirs.protocol != PROTOCOL {
            return Err(Refused::Protocol { ours: PROTOCOL, theirs: theirs.protocol }.into());
        }
        if theirs.replica == ours.replica {
            return Err(Refused::Itself.into());
        }
        match (ours.wiki, theirs.wiki) {
            (Some(a), Some(b)) if a != b => {
                return Err(Refused::OtherWiki { ours: a, theirs: b }.into());
            }
            (None, Some(b)) if self.replica.set()?.is_empty() => {
                self.replica.set_wiki_id(b)?;
                ours.wiki = Some(b);
            }
            (None, theirs) => {
                let named = self.replica.name_wiki()?;
                ours.wiki = Some(named);
                if let Some(theirs) = theirs.filter(|theirs| *theirs != named) {
                    return Err(Refused::OtherWiki { ours: named, theirs }.into());
                }
            }
            _ => {}
        }
        Ok(ours)
    }

    /// Answers a message of the reconciliation.
    ///
    /// # Errors
    /// If it is not such a message, or the set is not known yet.
    pub fn reconcile(&self, message: &[u8]) -> Result<Vec<u8>, HostError> {
        let set = self.replica.set()?;
        set.answer(message).map_err(|e| HostError::Protocol(e.to_string()))
    }

    /// Gives revisions as a stream of frames; what is not here, or larger than `theirs` takes, is left
    /// out.
    ///
    /// # Errors
    /// If more is asked for than one answer may hold.
    pub fn fetch(&self, theirs: &Hello, wanted: &[ItemHash]) -> Result<Frames<'static>, HostError> {
        if wanted.len() > MAX_ITEMS {
            let reason = format!("at most {MAX_ITEMS} revisions can be requested at once");
            return Err(HostError::Protocol(reason));
        }
        let found: Vec<(DocPath, RevisionId)> =
            wanted.iter().filter_map(|item| self.replica.locate(item)).collect();
        Ok(Frames::shared(Arc::clone(&self.replica), found).up_to(theirs.largest))
    }

    /// Takes in a stream of frames and tells what became of each, once that is durable.
    ///
    /// # Errors
    /// If the grant does not allow it, or the stream ended early; what came before is kept.
    pub fn push(&self, grant: &Grant, frames: &mut dyn Read) -> Result<Vec<Outcome>, HostError> {
        self.push_telling(grant, frames, &|_| {})
    }

    /// Takes in a stream as [`Host::push`] does, and says of each revision that the peer has it,
    /// before anyone else hears of it.
    ///
    /// # Errors
    /// As [`Host::push`].
    pub fn push_telling(
        &self,
        grant: &Grant,
        frames: &mut dyn Read,
        arriving: &dyn Fn(ItemHash),
    ) -> Result<Vec<Outcome>, HostError> {
        if grant.read_only {
            return Err(Refused::ReadOnlyToken.into());
        }
        // Whoever does not know its own revisions would take everything for new.
        self.replica.set()?;
        let terms = Terms { from: &grant.name, wanted: None, wait_for_parents: false };
        let reception = take_in_telling(&*self.replica, frames, terms, &|_| {}, arriving);
        outcomes_of(reception)
    }

    /// Answers a question about one document, after taking in the revision that is handed over with
    /// it, unless the document has moved on.
    ///
    /// # Errors
    /// If the request is malformed or the stream ended early.
    pub fn page(
        &self,
        theirs: &Hello,
        grant: &Grant,
        question: &Question,
        frames: &mut dyn Read,
    ) -> Result<(Told, Frames<'static>), HostError> {
        let (path, known) = question.read().map_err(HostError::Protocol)?;
        let mut told = Told { read_only: grant.read_only, ..Told::default() };
        self.replica.show(&path);
        if question.hand_over && grant.read_only {
            let winner = self.replica.revisions(&path).into_iter().map(|(_, id)| id).max();
            told.moved_on = winner.is_some_and(|id| !known.has(id));
        } else if question.hand_over {
            let only = Only::new(&path, Some(&known));
            let reception = take_in_page(&*self.replica, frames, &grant.name, &only);
            told.outcomes = outcomes_of(reception)?;
            told.moved_on = only.moved_on();
        }
        let came = |id: RevisionId| {
            let id = id.to_string();
            told.outcomes.iter().any(|outcome| outcome.id == id)
        };
        let mut missing = self.replica.revisions(&path);
        told.lacks.clone_from(&question.held);
        told.lacks.retain(|id| !missing.iter().any(|(_, held)| held.to_string() == *id));
        missing.retain(|(_, id)| !known.has(*id) && !came(*id));
        let missing = Frames::shared(Arc::clone(&self.replica), missing).up_to(theirs.largest);
        Ok((told, missing))
    }
}

fn outcomes_of(reception: Reception) -> Result<Vec<Outcome>, HostError> {
    match reception.end {
        Ok(()) => Ok(reception.outcomes),
        Err(Interruption::Replica(error)) => Err(error.into()),
        Err(Interruption::Stream(error)) if error.kind() == io::ErrorKind::InvalidData => {
            Err(HostError::Protocol(error.to_string()))
        }
        Err(Interruption::Stream(error)) => Err(HostError::Broken(error)),
    }
}

/// Returns what a replica says of itself.
pub(super) fn hello_of(replica: &dyn Replica) -> Result<Hello, ReplicaError> {
    Ok(Hello {
        protocol: PROTOCOL,
        replica: replica.replica_id(),
        wiki: replica.wiki_id()?,
        largest: replica.largest(),
    })
}

/// A peer in the same process: for tests, and for trying what a network does to an exchange.
#[derive(Clone)]
pub struct InProcess {
    host: Host,
    grant: Grant,
}

impl InProcess {
    /// Speaks with a replica as a peer with this grant.
    pub fn new(host: Host, grant: Grant) -> Self {
        Self { host, grant }
    }

    /// Speaks with a replica as a peer that may do everything.
    pub fn trusted(replica: Arc<dyn Replica>) -> Self {
        Self::new(Host::new(replica), Grant { name: "peer".to_owned(), read_only: false })
    }

    fn failed(&self, error: HostError) -> RemoteError {
        let peer = self.name();
        match error {
            HostError::Refused(refused) => refused.mirrored().into(),
            HostError::Protocol(reason) => RemoteError::Protocol { peer, reason },
            HostError::Replica(error) => {
                RemoteError::Unavailable { peer, reason: error.to_string() }
            }
            HostError::Broken(source) => {
                RemoteError::Broken { action: "send revisions to", peer, source }
            }
        }
    }
}

impl Remote for InProcess {
    fn name(&self) -> String {
        self.grant.name.clone()
    }

    fn reconcile(&self, hello: &Hello, message: &[u8]) -> Result<(Hello, Vec<u8>), RemoteError> {
        let answer = || Ok((self.host.greet(hello)?, self.host.reconcile(message)?));
        answer().map_err(|e| self.failed(e))
    }

    fn fetch(&self, hello: &Hello, wanted: &[ItemHash]) -> Result<Box<dyn Read + '_>, RemoteError> {
        let distinct: HashSet<ItemHash> = wanted.iter().copied().collect();
        let wanted: Vec<ItemHash> = distinct.into_iter().collect();
        let frames = self.host.greet(hello).and_then(|_| self.host.fetch(hello, &wanted));
        Ok(Box::new(frames.map_err(|e| self.failed(e))?))
    }

    fn push(&self, hello: &Hello, frames: &mut dyn Read) -> Result<Vec<Outcome>, RemoteError> {
        let pushed = self.host.greet(hello).and_then(|_| self.host.push(&self.grant, frames));
        pushed.map_err(|e| self.failed(e))
    }

    fn page<'a>(
        &'a self,
        hello: &Hello,
        question: &Question,
        frames: &mut dyn Read,
    ) -> Result<Answer<'a>, RemoteError> {
        let mut answer = || {
            let ours = self.host.greet(hello)?;
            let (told, frames) = self.host.page(hello, &self.grant, question, frames)?;
            Ok(Answer { hello: ours, told, frames: Box::new(frames) })
        };
        answer().map_err(|e| self.failed(e))
    }
}
