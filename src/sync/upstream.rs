//! The server that is asked first: before a document is edited, and before a save is acknowledged.
//!
//! It is asked while somebody waits, so nothing here may take long. What it does not answer in time
//! is done without it, and after a failure it is left alone for a while: only a probe on a thread of
//! its own, one at a time, finds out that it is back. Nothing is lost by that, as every revision that
//! was saved here meanwhile is one that an exchange brings over later.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::error::{Refused, ReplicaError, SyncError};
use super::frame::{FrameHead, Frames};
use super::http::Patience;
use super::page::{Only, Question, Told};
use super::receive::{Fate, Interruption, Reception, take_in_page};
use super::remote::{Remote, RemoteError};
use super::replica::Replica;
use super::run::{introduce, meet};
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;

/// How long a person waits for it at most, for one page.
pub const LIMIT: Duration = Duration::from_secs(2);
/// How it is waited for where a page is concerned; [`LIMIT`] is for all of it together.
pub const QUICK: Patience =
    Patience { connect: LIMIT, answer: LIMIT, pause: LIMIT, floor: 1 << 10, window: LIMIT };
/// How it is waited for where an attachment is concerned: it must go on, and may take its time.
pub const PATIENT: Patience = Patience {
    connect: LIMIT,
    answer: Duration::from_secs(30),
    pause: Duration::from_secs(5),
    floor: 64 << 10,
    window: Duration::from_secs(10),
};
/// How long it is left alone after a failure; each further one doubles that.
const PAUSE: Duration = Duration::from_secs(5);
/// What is said where its owner gave this server a token that may not hand anything over.
const READ_ONLY: &str = "the token of this server is read-only there";
/// How long it is left alone at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What became of a revision that was to be handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandedOver {
    /// It is there, on stable storage.
    Taken,
    /// The document has moved on there, so it was not taken; what came there meanwhile is here now.
    MovedOn,
    /// It could not be handed over, or nobody knows whether it was.
    Not,
}

/// The upstream of a replica.
pub struct Upstream {
    replica: Arc<dyn Replica>,
    /// For pages: everything within [`LIMIT`].
    quick: Box<dyn Remote + Send + Sync>,
    /// For attachments, which take the time that they take.
    patient: Box<dyn Remote + Send + Sync>,
    state: Mutex<State>,
    probe: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct State {
    /// Why it was not asked, or did not take something, the last time.
    trouble: Option<String>,
    /// It is left alone until then.
    closed: Option<Closed>,
}

struct Closed {
    until: Instant,
    pause: Duration,
}

impl Upstream {
    /// Makes the other side of `quick` the upstream of a replica; `patient` speaks with the same
    /// server and takes longer.
    pub fn new(
        replica: Arc<dyn Replica>,
        quick: Box<dyn Remote + Send + Sync>,
        patient: Box<dyn Remote + Send + Sync>,
    ) -> Self {
        Self { replica, quick, patient, state: Mutex::default(), probe: Mutex::default() }
    }

    /// Says which server it is.
    pub fn name(&self) -> String {
        self.quick.name()
    }

    /// Says in words why edits do not reach it, if they do not.
    pub fn trouble(&self) -> Option<String> {
        self.state.lock().trouble.clone()
    }

    /// Brings the newest revisions of a document here, if it answers in time.
    pub fn fetch(self: &Arc<Self>, path: &DocPath) {
        if self.may_ask(path) {
            let held = self.held(path);
            let asked = self.ask(path, &held, None);
            self.note(&asked);
        }
    }

    /// Hands over the next revision of a document, `file` from its first byte, unless the document
    /// has a winner there that is not among those `held`: what its author could have known.
    pub fn hand_over(
        self: &Arc<Self>,
        path: &DocPath,
        id: RevisionId,
        file: &[u8],
        held: &[RevisionId],
    ) -> HandedOver {
        if !self.may_ask(path) {
            return HandedOver::Not;
        }
        let asked = self.ask(path, held, Some((id, file)));
        self.note(&asked);
        match asked {
            Ok(asked) if asked.told.took() => {
                self.push_earlier(path, &asked.told);
                HandedOver::Taken
            }
            Ok(asked) if asked.told.moved_on && asked.brought => HandedOver::MovedOn,
            _ => HandedOver::Not,
        }
    }

    /// Hands over a revision that is saved here, whatever is there; tells whether it is there now.
    pub fn push(self: &Arc<Self>, path: &DocPath, id: RevisionId) -> bool {
        if !self.may_ask(path) {
            return false;
        }
        let pushed = self.try_push(path, vec![id]);
        self.settle(pushed.as_ref().map(Clone::clone));
        matches!(pushed, Ok(None))
    }

    /// Hands over what it missed while it could not be reached: without its parents, what it just
    /// took would stand there beside an earlier revision as if the two had parted.
    fn push_earlier(&self, path: &DocPath, told: &Told) {
        let lacks: Vec<RevisionId> = told.lacks.iter().filter_map(|id| id.parse().ok()).collect();
        if lacks.is_empty() {
            return;
        }
        match self.try_push(path, lacks) {
            Ok(None) => {}
            Ok(Some(reason)) => {
                tracing::warn!(%path, reason, "the upstream lacks earlier revisions");
            }
            Err(error) => tracing::warn!(%path, %error, "the upstream lacks earlier revisions"),
        }
    }

    /// Waits until nobody is finding out whether it is back.
    pub fn wait_for_probe(&self) {
        let probe = self.probe.lock().take();
        if let Some(probe) = probe {
            // A probe that panicked has been reported.
            let _ = probe.join();
        }
    }

    /// Asks what it says of a document, on a thread of its own: so that trouble is in the log before
    /// somebody waits for a save.
    pub fn probe(self: &Arc<Self>, path: &DocPath) {
        let mut probe = self.probe.lock();
        if probe.as_ref().is_some_and(|running| !running.is_finished()) {
            return;
        }
        let (upstream, path) = (Arc::clone(self), path.clone());
        let asking = move || {
            let held = upstream.held(&path);
            let asked = upstream.ask(&path, &held, None);
            upstream.note(&asked);
        };
        match thread::Builder::new().name("upstream".to_owned()).spawn(asking) {
            Ok(running) => *probe = Some(running),
            Err(error) => tracing::warn!(%error, "could not look whether the upstream is back"),
        }
    }

    /// Tells whether it may be asked while somebody waits.
    fn may_ask(self: &Arc<Self>, path: &DocPath) -> bool {
        let closed = match &self.state.lock().closed {
            Some(closed) => Instant::now() < closed.until,
            None => false,
        };
        if closed {
            self.probe(path);
        }
        !closed
    }

    fn held(&self, path: &DocPath) -> Vec<RevisionId> {
        self.replica.show(path);
        self.replica.revisions(path).into_iter().map(|(_, id)| id).collect()
    }

    fn remote(&self, path: &DocPath) -> &dyn Remote {
        if path.is_page() { &*self.quick } else { &*self.patient }
    }

    fn ask(
        &self,
        path: &DocPath,
        held: &[RevisionId],
        hand_over: Option<(RevisionId, &[u8])>,
    ) -> Result<Asked, SyncError> {
        let mut hello = introduce(&*self.replica)?;
        let question = Question::new(path, held, hand_over.is_some());
        let mut body = Vec::new();
        if let Some((id, file)) = hand_over {
            let (name, length) = (path.as_str().to_owned(), file.len() as u64);
            body = FrameHead { name, id: id.to_string(), length }.encode();
            body.extend_from_slice(file);
        }
        body.extend(Frames::END);
        let remote = self.remote(path);
        let mut answer = remote.page(&hello, &question, &mut &body[..])?;
        meet(&*self.replica, &mut hello, &answer.hello)?;
        let came = take_in_page(
            &*self.replica,
            &mut answer.frames,
            &remote.name(),
            &Only::new(path, None),
        );
        let told = answer.told;
        let brought = came.outcomes.iter().any(|o| !matches!(o.fate, Fate::Quarantined { .. }));
        match broken(remote, came) {
            // Whatever else was to come: what it took, it has.
            Err(error) if told.took() => {
                tracing::warn!(%error, %path, "not everything came from the upstream");
                Ok(Asked { told, brought })
            }
            Err(error) => Err(error),
            Ok(()) => Ok(Asked { told, brought }),
        }
    }

    /// Hands over revisions; `Some` says why one of them is not there.
    fn try_push(&self, path: &DocPath, ids: Vec<RevisionId>) -> Result<Option<String>, SyncError> {
        let hello = introduce(&*self.replica)?;
        let count = ids.len();
        let revisions = ids.into_iter().map(|id| (path.clone(), id)).collect();
        let mut frames = Frames::new(&*self.replica, revisions);
        let outcomes = self.remote(path).push(&hello, &mut frames)?;
        if outcomes.len() < count {
            return Ok(Some("a revision could not be read here".to_owned()));
        }
        Ok(outcomes.into_iter().find_map(|outcome| match outcome.fate {
            Fate::Stored | Fate::Already | Fate::Healed => None,
            Fate::Waiting => Some("a revision waits for earlier ones".to_owned()),
            Fate::Quarantined { reason } => Some(reason),
        }))
    }

    fn note(&self, asked: &Result<Asked, SyncError>) {
        self.settle(asked.as_ref().map(|asked| {
            if asked.told.read_only {
                return Some(READ_ONLY.to_owned());
            }
            if asked.told.moved_on && !asked.brought {
                return Some("what is new there could not be stored here".to_owned());
            }
            asked.told.outcomes.iter().find_map(|o| match &o.fate {
                Fate::Quarantined { reason } => Some(reason.clone()),
                _ => None,
            })
        }));
    }

    /// Notes what came of asking, and says so in the log where it differs from the last time.
    fn settle(&self, result: Result<Option<String>, &SyncError>) {
        let advice = result.as_ref().err().map(ToString::to_string);
        let mut state = self.state.lock();
        let trouble = match result {
            Ok(trouble) => {
                state.closed = None;
                trouble
            }
            Err(error) => {
                // What this side cannot do yet is no reason to leave the other alone.
                if !matches!(error, SyncError::Replica(_)) {
                    state.close();
                }
                Some(in_words(error))
            }
        };
        if trouble != state.trouble {
            let upstream = self.quick.name();
            if let Some(reason) = &trouble {
                tracing::warn!(upstream, reason, advice, "edits do not reach the upstream");
            } else {
                tracing::info!(upstream, "the upstream takes edits again");
            }
            state.trouble = trouble;
        }
    }
}

impl State {
    fn close(&mut self) {
        let now = Instant::now();
        let pause = match &self.closed {
            // Others who waited for the same answer, and probes, find out the same.
            Some(closed) if now < closed.until => closed.pause,
            Some(closed) => (closed.pause * 2).min(LONGEST_PAUSE),
            None => PAUSE,
        };
        self.closed = Some(Closed { until: now + pause, pause });
    }
}

/// What came of asking.
struct Asked {
    told: Told,
    /// Something came that could be taken in.
    brought: bool,
}

/// Says how a stream ended that is not at its end.
fn broken(remote: &dyn Remote, came: Reception) -> Result<(), SyncError> {
    match came.end {
        Ok(()) => Ok(()),
        Err(Interruption::Replica(error)) => Err(error.into()),
        Err(Interruption::Stream(source)) => {
            Err(RemoteError::Broken { action: "fetch from", peer: remote.name(), source }.into())
        }
    }
}

/// Puts an error into words for who saved just now; the log has the rest.
fn in_words(error: &SyncError) -> String {
    let refused = match error {
        SyncError::Refused(refused) | SyncError::Remote(RemoteError::Refused(refused)) => refused,
        SyncError::Remote(RemoteError::Broken { .. }) => return "it does not answer".to_owned(),
        SyncError::Remote(RemoteError::Untrusted { .. }) => {
            return "its certificate is not trusted".to_owned();
        }
        SyncError::Remote(RemoteError::Unavailable { reason, .. }) => {
            return format!("it cannot take it now ({reason})");
        }
        SyncError::Remote(RemoteError::Protocol { .. }) => {
            return "it does not answer as a wiki that exchanges revisions".to_owned();
        }
        SyncError::Replica(ReplicaError::NotReady) => {
            return "this server is still reading its pages".to_owned();
        }
        SyncError::Replica(_) => return "this server could not do its part".to_owned(),
    };
    let words = match refused {
        Refused::Token => "it does not know the token of this server",
        Refused::ReadOnlyToken => READ_ONLY,
        Refused::Protocol { .. } => "it speaks another version of the protocol",
        Refused::Itself => "its address leads back to this server",
        Refused::OtherWiki { .. } => "it holds another wiki",
    };
    words.to_owned()
}

#[cfg(test)]
mod tests;
