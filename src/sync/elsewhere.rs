//! What other replicas are known to hold, so that nobody is told or sent what it sent itself.
//!
//! It only saves work: what is forgotten is offered again and found to be there already.

use std::collections::{HashSet, VecDeque};

use parking_lot::Mutex;

use super::identity::ReplicaId;
use super::item::ItemHash;

/// How many facts are remembered.
const MOST: usize = 16_384;

/// The latest facts of the form “that replica holds this revision”.
#[derive(Debug, Default)]
pub struct Elsewhere(Mutex<Facts>);

#[derive(Debug, Default)]
struct Facts {
    order: VecDeque<(ReplicaId, ItemHash)>,
    all: HashSet<(ReplicaId, ItemHash)>,
}

impl Elsewhere {
    /// Remembers that a replica holds a revision.
    pub fn note(&self, replica: ReplicaId, item: ItemHash) {
        let mut facts = self.0.lock();
        if !facts.all.insert((replica, item)) {
            return;
        }
        facts.order.push_back((replica, item));
        if facts.order.len() > MOST
            && let Some(oldest) = facts.order.pop_front()
        {
            facts.all.remove(&oldest);
        }
    }

    /// Returns true if a replica is known to hold a revision.
    pub fn has(&self, replica: ReplicaId, item: &ItemHash) -> bool {
        self.0.lock().all.contains(&(replica, *item))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_latest_facts_are_remembered_and_no_more() {
        let known = Elsewhere::default();
        let (a, b) = (ReplicaId(Uuid::from_u128(1)), ReplicaId(Uuid::from_u128(2)));
        let item = |n: usize| {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&n.to_be_bytes());
            ItemHash::from_bytes(bytes)
        };
        for n in 0..=MOST {
            known.note(a, item(n));
            known.note(a, item(n));
        }
        assert!(!known.has(a, &item(0)) && known.has(a, &item(1)) && known.has(a, &item(MOST)));
        assert!(!known.has(b, &item(1)));
    }
}
