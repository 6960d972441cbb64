//! What is known of a peer that is followed, in words and numbers for people.

use std::error::Error;

use jiff::Timestamp;
use serde::Serialize;

use crate::sync::error::{Refused, SyncError};
use crate::sync::identity::ReplicaId;
use crate::sync::remote::RemoteError;
use crate::sync::run::Direction;

/// What a follower is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It has not met the peer yet.
    Starting,
    /// It compares everything and exchanges what either side lacks.
    Comparing,
    /// Both sides hold the same, and each hears at once what is new at the other.
    Following,
    /// The peer could not be met; it tries again by itself.
    Waiting,
    /// The server is being stopped.
    Stopped,
}

/// What went wrong last, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// What happened.
    pub message: String,
    /// What a person can do; empty where the message says it.
    pub advice: String,
    /// Since when it has been so.
    pub since: Timestamp,
}

/// A peer that is followed, as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Its address.
    pub name: String,
    /// Which way revisions go.
    pub direction: Direction,
    /// What the follower is doing.
    pub state: State,
    /// Which replica it is, once it has said so.
    pub replica: Option<String>,
    /// When it answered last.
    pub last_contact: Option<Timestamp>,
    /// When both sides were seen to be in step last.
    pub last_success: Option<Timestamp>,
    /// What keeps the two apart now, if anything does.
    pub trouble: Option<Trouble>,
    /// When it is tried again.
    pub next_try: Option<Timestamp>,
    /// How often it was tried in vain since it answered last.
    pub failures: u32,
    /// How often everything was compared or the peer was tried in vain.
    pub tries: u64,
    /// The token is for reading only: nothing can be handed over.
    pub read_only: bool,
    /// How many revisions are known to be there and not here.
    pub owed_here: u64,
    /// How many revisions are known to be here and not there.
    pub owed_there: u64,
    /// How many revisions came from there since this server was started.
    pub received: u64,
    /// How many were handed over since then.
    pub sent: u64,
    /// How many damaged revisions were replaced by whole ones from there since then.
    pub healed: u64,
    /// What the peer set aside when it was offered, and why: the latest.
    pub refused: Option<String>,
}

impl Status {
    pub(super) fn new(name: &str, direction: Direction) -> Self {
        Self {
            name: name.to_owned(),
            direction,
            state: State::Starting,
            replica: None,
            last_contact: None,
            last_success: None,
            trouble: None,
            next_try: None,
            failures: 0,
            tries: 0,
            read_only: false,
            owed_here: 0,
            owed_there: 0,
            received: 0,
            sent: 0,
            healed: 0,
            refused: None,
        }
    }

    pub(super) fn met(&mut self, replica: ReplicaId, at: Timestamp) {
        self.replica = Some(replica.to_string());
        self.last_contact = Some(at);
    }

    /// Notes what keeps the two apart; tells whether that is news.
    pub(super) fn fail(&mut self, message: String, advice: &str, at: Timestamp) -> bool {
        let same = self.trouble.as_ref().is_some_and(|t| t.message == message);
        if !same {
            self.trouble = Some(Trouble { message, advice: advice.to_owned(), since: at });
        }
        !same
    }
}

/// Puts an error and its causes into one line.
pub(super) fn words(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        // Some errors repeat what their cause says.
        if !text.ends_with(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    // The number of an error helps nobody who reads its words.
    match text.find(" (os error ") {
        Some(at) if text.ends_with(')') => text[..at].to_owned(),
        _ => text,
    }
}

/// Says what a person can do about an error that does not say so itself.
pub(super) fn advice(error: &SyncError) -> &'static str {
    match error {
        SyncError::Remote(RemoteError::Broken { .. }) => {
            "Is that server running, and is its address correct? The next attempt follows automatically."
        }
        SyncError::Remote(RemoteError::Untrusted { .. }) => {
            "The next attempt follows automatically."
        }
        SyncError::Remote(RemoteError::Unavailable { .. }) => {
            "Its log may say why. The next attempt follows automatically."
        }
        SyncError::Remote(RemoteError::Protocol { .. }) => {
            "Is there an Everpage server at that address, and is there a proxy in between?"
        }
        SyncError::Refused(refused) | SyncError::Remote(RemoteError::Refused(refused)) => {
            match refused {
                Refused::OtherWiki { .. } => {
                    "To merge the two wikis into one for good, run “everpage sync” with --join once."
                }
                Refused::Token => "Put the new token into the settings of this server.",
                Refused::Itself => "Remove this peer from everpage.toml if the address is its own.",
                Refused::ReadOnlyToken | Refused::Protocol { .. } => "",
            }
        }
        SyncError::Replica(_) => "This server could not use its disk. Its log has the details.",
    }
}
