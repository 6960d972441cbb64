//! The wiki's upstream, as an exchange with a peer.

use std::sync::Arc;

use crate::model::path::DocPath;
use crate::model::revision::RevisionId;
use crate::sync;
use crate::sync::upstream::HandedOver;
use crate::wiki::{Answer, Proposal, Upstream};

/// A peer that the wiki checks with before and at each save.
pub struct WikiUpstream(Arc<sync::Upstream>);

impl WikiUpstream {
    /// Lets a wiki check with this peer.
    pub fn new(peer: Arc<sync::Upstream>) -> Self {
        Self(peer)
    }
}

impl Upstream for WikiUpstream {
    fn name(&self) -> String {
        let address = self.0.name();
        let name = address.split_once("://").map_or(address.as_str(), |(_, name)| name);
        name.to_owned()
    }

    fn trouble(&self) -> Option<String> {
        self.0.trouble()
    }

    fn fetch(&self, path: &DocPath) {
        self.0.fetch(path);
    }

    fn hand_over(&self, proposal: &Proposal<'_>) -> Answer {
        let Proposal { path, id, file, held } = proposal;
        match self.0.hand_over(path, *id, file, held) {
            HandedOver::Taken => Answer::Taken,
            HandedOver::MovedOn => Answer::MovedOn,
            HandedOver::Not => Answer::Away,
        }
    }

    fn push(&self, path: &DocPath, id: RevisionId) -> bool {
        self.0.push(path, id)
    }
}
