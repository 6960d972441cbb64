//! The set of whole revisions, kept warm, and finding the difference of two of them.
//!
//! The difference is found by range-based set reconciliation (the `negentropy` crate): both sides
//! compare fingerprints of ranges and look closer only where they differ. Equal sets take one round
//! trip however large they are.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use negentropy::{Bound, Id, Negentropy, NegentropyStorageBase};
use parking_lot::Mutex;

use super::item::{Item, ItemHash};
use crate::model::revision::RevisionId;
use crate::store::DiskDir;

/// The most bytes of one message.
pub const MAX_MESSAGE: usize = 1 << 20;
/// How much of [`MAX_MESSAGE`] is left for what the crate adds after it has reached its limit.
const MESSAGE_ROOM: u64 = 64 << 10;
/// The most round trips that one reconciliation may take; an honest one has a handful, and goes on in
/// the next run where millions of items differ.
const MAX_ROUNDS: usize = 200;
/// The most revisions that one run deals with; the next goes on from there.
const MAX_DIFFERENCE: usize = 2_000_000;
/// Up to this many changes are inserted one by one; more are merged in one pass.
const FEW: usize = 16;

/// Hands a message to the other side and returns its answer.
type Exchange<'a, E> = dyn FnMut(&[u8]) -> Result<Vec<u8>, E> + 'a;

/// A set of items at one moment.
#[derive(Debug, Clone, Default)]
pub struct Set {
    /// In ascending order.
    items: Vec<negentropy::Item>,
}

impl Set {
    /// Makes a set of these items.
    pub fn new(items: impl IntoIterator<Item = Item>) -> Self {
        let mut items: Vec<_> = items.into_iter().map(raw).collect();
        items.sort_unstable();
        items.dedup();
        Self { items }
    }

    /// Returns how many items there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Returns true if there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Returns true if it has an item.
    pub fn contains(&self, item: &Item) -> bool {
        self.items.binary_search(&raw(*item)).is_ok()
    }

    /// Returns all items in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Item> + '_ {
        self.items
            .iter()
            .map(|i| Item { timestamp: i.timestamp, hash: ItemHash::from_bytes(i.id.to_bytes()) })
    }

    /// Answers a message of a peer who reconciles with this set.
    ///
    /// # Errors
    /// [`Malformed`] if it is no such message.
    pub fn answer(&self, message: &[u8]) -> Result<Vec<u8>, Malformed> {
        let mut reconciler = self.reconciler()?;
        Ok(reconciler.reconcile(message)?)
    }

    /// Finds the difference with the set of a peer, who answers messages through `exchange`.
    ///
    /// # Errors
    /// What `exchange` returns; a [`Malformed`] answer is turned into such an error, too.
    pub fn difference<E: From<Malformed>>(
        &self,
        exchange: &mut Exchange<'_, E>,
    ) -> Result<Difference, E> {
        let mut reconciler = self.reconciler()?;
        let mut message = reconciler.initiate().map_err(Malformed::from)?;
        let mut found = Difference::default();
        let (mut have, mut need) = (Vec::new(), Vec::new());
        while found.rounds < MAX_ROUNDS && have.len() + need.len() < MAX_DIFFERENCE {
            let answer = exchange(&message)?;
            found.rounds += 1;
            let next = reconciler.reconcile_with_ids(&answer, &mut have, &mut need);
            let Some(next) = next.map_err(Malformed::from)? else {
                found.complete = true;
                break;
            };
            message = next;
        }
        found.have = distinct(have);
        found.need = distinct(need);
        Ok(found)
    }

    fn reconciler(&self) -> Result<Negentropy<'_, Self>, Malformed> {
        Ok(Negentropy::borrowed(self, MAX_MESSAGE as u64 - MESSAGE_ROOM)?)
    }

    fn change(&mut self, changes: &HashMap<Item, bool>) {
        if changes.len() <= FEW {
            for (item, present) in changes {
                match (self.items.binary_search(&raw(*item)), present) {
                    (Err(at), true) => self.items.insert(at, raw(*item)),
                    (Ok(at), false) => drop(self.items.remove(at)),
                    _ => {}
                }
            }
            return;
        }
        let mut changes: Vec<_> =
            changes.iter().map(|(item, present)| (raw(*item), *present)).collect();
        changes.sort_unstable();
        let mut changes = changes.into_iter().peekable();
        let mut merged = Vec::with_capacity(self.items.len() + changes.len());
        for item in std::mem::take(&mut self.items) {
            while let Some((new, present)) = changes.next_if(|(new, _)| *new < item) {
                merged.extend(present.then_some(new));
            }
            match changes.next_if(|(new, _)| *new == item) {
                Some((_, false)) => {}
                _ => merged.push(item),
            }
        }
        merged.extend(changes.filter_map(|(new, present)| present.then_some(new)));
        self.items = merged;
    }
}

fn raw(item: Item) -> negentropy::Item {
    let id = Id::from_byte_array(*item.hash.as_bytes());
    negentropy::Item::with_timestamp_and_id(item.timestamp, id)
}

fn distinct(ids: Vec<Id>) -> Vec<ItemHash> {
    let mut seen = HashSet::with_capacity(ids.len());
    ids.into_iter()
        .map(|id| ItemHash::from_bytes(id.to_bytes()))
        .filter(|hash| seen.insert(*hash))
        .collect()
}

impl NegentropyStorageBase for Set {
    fn size(&self) -> Result<usize, negentropy::Error> {
        Ok(self.items.len())
    }

    fn get_item(&self, at: usize) -> Result<Option<negentropy::Item>, negentropy::Error> {
        Ok(self.items.get(at).copied())
    }

    fn iterate(
        &self,
        begin: usize,
        end: usize,
        visit: &mut dyn FnMut(negentropy::Item, usize) -> Result<bool, negentropy::Error>,
    ) -> Result<(), negentropy::Error> {
        let items = self.items.get(begin..end).ok_or(negentropy::Error::BadRange)?;
        for (offset, item) in items.iter().enumerate() {
            if !visit(*item, begin + offset)? {
                break;
            }
        }
        Ok(())
    }

    fn find_lower_bound(&self, first: usize, last: usize, bound: &Bound) -> usize {
        let Some(items) = self.items.get(first..last) else { return last };
        first + items.partition_point(|item| *item < bound.item)
    }
}

/// What two sets do not share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// What is only here.
    pub have: Vec<ItemHash>,
    /// What is only there.
    pub need: Vec<ItemHash>,
    /// How many round trips it took.
    pub rounds: usize,
    /// All of the difference was found; else the next run finds the rest.
    pub complete: bool,
}

/// A message that is no message of the reconciliation.
#[derive(Debug, Clone, thiserror::Error)]
#[error("not a message of the reconciliation: {0}")]
pub struct Malformed(String);

impl From<negentropy::Error> for Malformed {
    fn from(error: negentropy::Error) -> Self {
        Self(error.to_string())
    }
}

/// The set of a replica that changes: changes cost nothing until somebody asks for the set.
#[derive(Debug, Default)]
pub struct WarmSet {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    sorted: Arc<Set>,
    /// Items that came or went since `sorted` was made.
    pending: HashMap<Item, bool>,
    held: HashMap<ItemHash, Held>,
}

/// Where the revision of an item is.
#[derive(Debug, Clone)]
struct Held {
    timestamp: u64,
    dir: DiskDir,
    id: RevisionId,
}

impl WarmSet {
    /// Takes in a whole revision.
    pub fn insert(&self, dir: &DiskDir, id: RevisionId, item: Item) {
        let mut inner = self.inner.lock();
        let held = Held { timestamp: item.timestamp, dir: dir.clone(), id };
        let before = inner.held.insert(item.hash, held);
        if let Some(before) = before.filter(|b| b.timestamp != item.timestamp) {
            inner.pending.insert(Item { timestamp: before.timestamp, hash: item.hash }, false);
        }
        inner.pending.insert(item, true);
    }

    /// Drops a revision that is not there any more, or not whole.
    pub fn remove(&self, item: Item) {
        let mut inner = self.inner.lock();
        if inner.held.get(&item.hash).is_some_and(|held| held.timestamp == item.timestamp) {
            inner.held.remove(&item.hash);
            inner.pending.insert(item, false);
        }
    }

    /// Returns the set as it is now.
    pub fn snapshot(&self) -> Arc<Set> {
        let mut inner = self.inner.lock();
        if !inner.pending.is_empty() {
            let pending = std::mem::take(&mut inner.pending);
            // Whoever still reconciles with the former state keeps it.
            Arc::make_mut(&mut inner.sorted).change(&pending);
        }
        Arc::clone(&inner.sorted)
    }

    /// Finds the revision that an item stands for.
    pub fn locate(&self, item: &ItemHash) -> Option<(DiskDir, RevisionId)> {
        let inner = self.inner.lock();
        inner.held.get(item).map(|held| (held.dir.clone(), held.id))
    }
}

#[cfg(test)]
mod tests;
