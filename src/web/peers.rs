//! The wiki as other servers see it: who is answered, who is followed, and how that goes.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde::Serialize;

use super::replica::WikiReplica;
use crate::sync::{Follower, Host, ReplicaId};

/// The same refusal is logged again only after this time.
const LOG_AGAIN: SignedDuration = SignedDuration::from_mins(10);

/// The wiki as other servers see it.
#[derive(Clone)]
pub(super) struct Peers {
    pub(super) replica: Arc<WikiReplica>,
    pub(super) host: Host,
    pub(super) incoming: Arc<Incoming>,
    pub(super) followed: Arc<OnceLock<Arc<Vec<Follower>>>>,
}

impl Peers {
    /// Returns the peers that are followed.
    pub(super) fn followers(&self) -> &[Follower] {
        self.followed.get().map_or(&[], |followers| followers)
    }
}

/// What a peer that asks here was told last. Only in memory: it begins anew with the server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Contact {
    /// Which replica it said it is.
    pub(super) replica: Option<String>,
    /// When it asked last.
    #[expect(clippy::struct_field_names, reason = "it stands beside last_success in the JSON")]
    pub(super) last_contact: Option<Timestamp>,
    /// When it got an answer last.
    pub(super) last_success: Option<Timestamp>,
    /// How many of its requests wait for news just now.
    pub(super) listening: usize,
    /// What it was refused last, until it is answered again.
    pub(super) error: Option<String>,
    #[serde(skip)]
    logged: Option<Timestamp>,
}

/// Who asked here, by the name of the token; those without one under an empty name.
#[derive(Debug, Default)]
pub(super) struct Incoming(Mutex<BTreeMap<String, Contact>>);

impl Incoming {
    pub(super) fn met(&self, name: &str, replica: Option<ReplicaId>, at: Timestamp) {
        let mut all = self.0.lock();
        let contact = all.entry(name.to_owned()).or_default();
        contact.last_contact = Some(at);
        if let Some(replica) = replica {
            contact.replica = Some(replica.to_string());
        }
    }

    pub(super) fn answered(&self, name: &str, at: Timestamp) {
        let mut all = self.0.lock();
        let contact = all.entry(name.to_owned()).or_default();
        (contact.last_success, contact.error, contact.logged) = (Some(at), None, None);
    }

    /// Notes a refusal; tells whether it is news that belongs into the log.
    pub(super) fn refused(&self, name: &str, error: &str, at: Timestamp) -> bool {
        let mut all = self.0.lock();
        let contact = all.entry(name.to_owned()).or_default();
        let recent = contact.logged.is_some_and(|l| at.duration_since(l).abs() < LOG_AGAIN);
        let same = contact.error.as_deref() == Some(error);
        contact.error = Some(error.to_owned());
        if same && recent {
            return false;
        }
        contact.logged = Some(at);
        true
    }

    /// Counts a request that waits for news, until the result is dropped.
    pub(super) fn listen(self: &Arc<Self>, name: &str) -> Listening {
        self.0.lock().entry(name.to_owned()).or_default().listening += 1;
        Listening { incoming: Arc::clone(self), name: name.to_owned() }
    }

    pub(super) fn contact(&self, name: &str) -> Contact {
        self.0.lock().get(name).cloned().unwrap_or_default()
    }
}

/// A request that waits for news.
pub(super) struct Listening {
    incoming: Arc<Incoming>,
    name: String,
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some(contact) = self.incoming.0.lock().get_mut(&self.name) {
            contact.listening = contact.listening.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_logged_once_and_again_when_it_is_another() {
        let incoming = Incoming::default();
        let at = |minute: i64| Timestamp::from_second(minute * 60).unwrap();
        assert!(incoming.refused("b", "no", at(0)));
        assert!(!incoming.refused("b", "no", at(1)));
        assert!(incoming.refused("c", "no", at(1)));
        assert!(incoming.refused("b", "never", at(2)));
        assert!(incoming.refused("b", "never", at(13)), "after a while it is worth a line again");
        incoming.answered("b", at(14));
        assert!(incoming.refused("b", "never", at(15)));
        assert_eq!(incoming.contact("b").error.as_deref(), Some("never"));
    }
}
