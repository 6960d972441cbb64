//! The other side of a run.

use std::io::{self, Read};

use serde::{Deserialize, Serialize};

use super::error::Refused;
use super::identity::Hello;
use super::item::ItemHash;
use super::page::{Question, Told};
use super::receive::Outcome;

/// Another replica, wherever it is.
///
/// Every call is one round trip, and stands alone: the other side keeps nothing between calls.
/// `hello` is what this side says of itself; what the other side says comes back with the answer.
pub trait Remote {
    /// Says which peer it is, for people.
    fn name(&self) -> String;

    /// Answers one message of the reconciliation.
    ///
    /// # Errors
    /// A [`RemoteError`]; [`RemoteError::Refused`] where the two may not exchange anything.
    fn reconcile(&self, hello: &Hello, message: &[u8]) -> Result<(Hello, Vec<u8>), RemoteError>;

    /// Asks for revisions; the answer is a stream of frames, parents before their children as far as
    /// they are in one answer. What the other side has no more is left out.
    ///
    /// # Errors
    /// As [`Remote::reconcile`]; an interruption is an error of the reader.
    fn fetch(&self, hello: &Hello, wanted: &[ItemHash]) -> Result<Box<dyn Read + '_>, RemoteError>;

    /// Hands over a stream of frames, and returns what became of each once that is durable.
    ///
    /// # Errors
    /// As [`Remote::reconcile`]. What arrived before an interruption may be there.
    fn push(&self, hello: &Hello, frames: &mut dyn Read) -> Result<Vec<Outcome>, RemoteError>;

    /// Asks about one document, and hands over the frames of its next revision if the question says
    /// so; the answer's stream are frames of what is missing here.
    ///
    /// # Errors
    /// As [`Remote::fetch`].
    fn page<'a>(
        &'a self,
        hello: &Hello,
        question: &Question,
        frames: &mut dyn Read,
    ) -> Result<Answer<'a>, RemoteError> {
        let _ = (hello, question, frames);
        let reason = "it cannot be asked about a single page".to_owned();
        Err(RemoteError::Protocol { peer: self.name(), reason })
    }
}

/// An answer about one document.
pub struct Answer<'a> {
    /// Who speaks.
    pub hello: Hello,
    /// What it says.
    pub told: Told,
    /// Frames of what is missing here.
    pub frames: Box<dyn Read + 'a>,
}

/// Another replica that also tells what is new there.
pub trait Follow: Remote + Send + Sync {
    /// Waits until something came there after `cursor`, or for some seconds, and says what. Without a
    /// cursor it returns at once, with the place after everything that is there.
    ///
    /// # Errors
    /// As [`Remote::reconcile`].
    fn feed(&self, hello: &Hello, cursor: Option<&str>) -> Result<(Hello, Heard), RemoteError>;
}

/// What is new at another replica.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// The place to ask from next time.
    pub cursor: String,
    /// The revisions that came, parents before their children; none where nothing happened.
    #[serde(default)]
    pub items: Vec<ItemHash>,
    /// The place that was asked from is not known any more: everything has to be compared.
    #[serde(default)]
    pub lost: bool,
    /// The token is for reading only.
    #[serde(default)]
    pub read_only: bool,
}

/// Why the other side gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// It will not speak with this side.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It cannot be reached, or the connection broke.
    #[error("could not {action} {peer}")]
    Broken {
        /// What was attempted.
        action: &'static str,
        /// With whom.
        peer: String,
        /// What happened.
        source: io::Error,
    },
    /// Its certificate does not show that it is the one that is meant; it was told nothing.
    #[error("{peer} is not trusted: {reason}")]
    Untrusted {
        /// Who.
        peer: String,
        /// What is wrong with its certificate and what to do.
        reason: String,
    },
    /// It is there and cannot do it now.
    #[error("{peer} is not available at the moment: {reason}")]
    Unavailable {
        /// Who.
        peer: String,
        /// In its own words.
        reason: String,
    },
    /// What it sent is not what the protocol has.
    #[error("{peer} sent an unexpected answer: {reason}")]
    Protocol {
        /// Who.
        peer: String,
        /// What was wrong.
        reason: String,
    },
}
