//! A value that all replicas come to agree on, where nobody cares what lost.
//!
//! The one idea is that of revisions, without the history: every assignment gets a number, one
//! higher than any its replica has seen, and a nonce; the highest (number, nonce) is supreme and
//! the losers are dropped. Messages may be lost, doubled and reordered: as long as the highest one
//! arrives everywhere, everywhere has its value. Whoever cares about the losers wants a document.
//!
//! Nothing is sent from here. A replica that assigned hands [`Synchronized::revision`] and the
//! value to the others, in any way, and they hand them to [`Synchronized::remote`].

use std::fmt;

use uuid::Uuid;

use super::revision::{IdError, RevisionId};

type Listener<T> = Box<dyn FnMut(&T) + Send>;

/// A value with the revision that decides which replica's is taken.
pub struct Synchronized<T> {
    value: T,
    revision: Option<RevisionId>,
    listeners: Vec<Listener<T>>,
}

impl<T: PartialEq> Synchronized<T> {
    /// Makes a value that nobody has assigned yet: it loses to every one that was.
    pub fn new(value: T) -> Self {
        Self { value, revision: None, listeners: Vec::new() }
    }

    /// Makes a value from what was stored of it.
    pub fn restored(value: T, revision: RevisionId) -> Self {
        Self { value, revision: Some(revision), listeners: Vec::new() }
    }

    /// Returns the value.
    pub fn get(&self) -> &T {
        &self.value
    }

    /// Returns the revision of the value; none as long as nobody has assigned one.
    pub fn revision(&self) -> Option<RevisionId> {
        self.revision
    }

    /// Assigns a value here, with 128 fresh random bits, and returns its revision for the others.
    ///
    /// The listeners hear of it if it is another value than before.
    ///
    /// # Errors
    /// [`IdError::Number`] if the numbers are used up; the value stays as it was.
    pub fn assign(&mut self, value: T, nonce: Uuid) -> Result<RevisionId, IdError> {
        let revision = RevisionId::child_of(&self.revision, nonce)?;
        self.take(revision, value);
        Ok(revision)
    }

    /// Takes a value that another replica assigned, if its (number, nonce) is higher, and tells
    /// whether it was taken.
    ///
    /// A duplicate does nothing, and a number that no revision can have is refused. A value that
    /// is equal and higher is taken without the listeners hearing of it: nothing changed for them.
    pub fn remote(&mut self, number: u64, nonce: Uuid, value: T) -> bool {
        let supreme = RevisionId::new(number, nonce).ok().filter(|id| Some(*id) > self.revision);
        match supreme {
            Some(revision) => {
                self.take(revision, value);
                true
            }
            None => false,
        }
    }

    /// Adds a listener, which hears every new value from now on and nothing else.
    pub fn subscribe(&mut self, listener: impl FnMut(&T) + Send + 'static) {
        self.listeners.push(Box::new(listener));
    }

    fn take(&mut self, revision: RevisionId, value: T) {
        self.revision = Some(revision);
        if self.value != value {
            self.value = value;
            for listener in &mut self.listeners {
                listener(&self.value);
            }
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Synchronized<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Synchronized")
            .field("value", &self.value)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;
    use crate::model::revision::MAX_NUMBER;

    /// Makes a value together with what its listener has heard.
    fn heard<T: PartialEq + Clone + Send + 'static>(
        value: T,
    ) -> (Synchronized<T>, Arc<Mutex<Vec<T>>>) {
        let mut synchronized = Synchronized::new(value);
        let log = Arc::new(Mutex::new(Vec::new()));
        let theirs = Arc::clone(&log);
        synchronized.subscribe(move |value: &T| theirs.lock().unwrap().push(value.clone()));
        (synchronized, log)
    }

    #[derive(Deserialize)]
    struct Vectors {
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        name: String,
        start: String,
        steps: Vec<Step>,
        expect: Expect,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase", deny_unknown_fields)]
    enum Step {
        Assign { value: String, nonce: Uuid, accepted: bool },
        Remote { number: u64, nonce: Uuid, value: String, accepted: bool },
    }

    #[derive(Deserialize)]
    struct Expect {
        value: String,
        number: u64,
        nonce: Option<Uuid>,
        heard: Vec<String>,
    }

    #[test]
    fn the_vectors_that_every_implementation_must_pass() {
        let vectors: Vectors =
            serde_json::from_str(include_str!("../../tests/vectors/synchronized.json")).unwrap();
        assert!(!vectors.cases.is_empty());
        for Case { name, start, steps, expect } in vectors.cases {
            let (mut synchronized, log) = heard(start);
            for (place, step) in steps.into_iter().enumerate() {
                let (taken, accepted) = match step {
                    Step::Assign { value, nonce, accepted } => {
                        (synchronized.assign(value, nonce).is_ok(), accepted)
                    }
                    Step::Remote { number, nonce, value, accepted } => {
                        (synchronized.remote(number, nonce, value), accepted)
                    }
                };
                assert_eq!(taken, accepted, "{name}: step {place}");
            }
            assert_eq!(*synchronized.get(), expect.value, "{name}");
            let revision = synchronized.revision();
            assert_eq!(revision.map_or(0, RevisionId::number), expect.number, "{name}");
            assert_eq!(revision.map(RevisionId::nonce), expect.nonce, "{name}");
            assert_eq!(*log.lock().unwrap(), expect.heard, "{name}");
        }
    }

    #[test]
    fn a_restored_value_goes_on_where_it_was() {
        let id = RevisionId::new(7, Uuid::from_u128(1)).unwrap();
        let mut value = Synchronized::restored("dark", id);
        assert!(!value.remote(6, Uuid::from_u128(9), "light"));
        assert_eq!(value.assign("light", Uuid::from_u128(2)).unwrap().number(), 8);
    }

    /// Messages with few numbers and nonces, so that many collide; the same id has the same value.
    fn messages() -> impl Strategy<Value = Vec<(u64, Uuid, String)>> {
        let number = prop_oneof![8 => 0_u64..5, 1 => (MAX_NUMBER - 1)..(MAX_NUMBER + 3)];
        let message = (number, 0_u128..4).prop_map(|(number, nonce)| {
            let value = format!("{}", (u128::from(number) + nonce) % 3);
            (number, Uuid::from_u128(nonce << 64), value)
        });
        prop::collection::vec(message, 1..12)
    }

    proptest! {
        #[test]
        fn neither_order_nor_duplicates_matter(
            (sent, shuffled) in messages().prop_flat_map(|sent| {
                let doubled = [sent.clone(), sent.clone()].concat();
                (Just(sent), Just(doubled).prop_shuffle())
            }),
        ) {
            let receive = |messages: Vec<(u64, Uuid, String)>| {
                let (mut value, log) = heard(String::from("start"));
                for (number, nonce, text) in messages {
                    let before = value.revision();
                    let taken = value.remote(number, nonce, text);
                    prop_assert_eq!(taken, value.revision() > before);
                    prop_assert_eq!(taken, value.revision() != before);
                }
                let mut log = log.lock().unwrap().clone();
                prop_assert!(log.last().is_none_or(|last| last == value.get()));
                let heard = log.len();
                log.dedup();
                prop_assert_eq!(log.len(), heard, "heard the same value twice in a row");
                Ok((value.revision(), value.get().clone()))
            };
            let highest = sent.iter().filter(|m| (1..=MAX_NUMBER).contains(&m.0)).max().cloned();
            let (revision, value) = receive(sent)?;
            prop_assert_eq!(revision.map(|id| (id.number(), id.nonce())), highest.as_ref().map(|m| (m.0, m.1)));
            prop_assert_eq!(&value, highest.as_ref().map_or("start", |m| &m.2));
            prop_assert_eq!(receive(shuffled)?, (revision, value));
        }

        /// Replicas assign, send and receive in any order; what is under way may be lost, doubled
        /// or late. In the end each hands its state to each, in any order.
        #[test]
        fn replicas_that_exchange_in_any_order_agree(
            acts in prop::collection::vec((0_usize..4, 0_usize..4, any::<bool>(), any::<u128>()), 0..40),
            last in Just((0..4).flat_map(|a| (0..4).map(move |b| (a, b))).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let mut replicas: Vec<_> = (0..4).map(|_| heard(0_u128)).collect();
            let mut highest = None;
            for (from, to, assigns, nonce) in acts {
                if assigns {
                    let id = replicas[from].0.assign(nonce % 3, Uuid::from_u128(nonce)).unwrap();
                    highest = highest.max(Some((id, nonce % 3)));
                } else if let Some(id) = replicas[from].0.revision() {
                    let value = *replicas[from].0.get();
                    replicas[to].0.remote(id.number(), id.nonce(), value);
                }
            }
            // What each replica has at this moment, delivered in any order.
            let states: Vec<_> = replicas.iter().map(|(r, _)| (r.revision(), *r.get())).collect();
            for (from, to) in last {
                if let (Some(id), value) = states[from] {
                    replicas[to].0.remote(id.number(), id.nonce(), value);
                }
            }
            for (replica, log) in &replicas {
                prop_assert_eq!(replica.revision(), highest.map(|(id, _)| id));
                prop_assert_eq!(*replica.get(), highest.map_or(0, |(_, value)| value));
                let log = log.lock().unwrap();
                prop_assert_eq!(log.last().unwrap_or(&0), replica.get());
            }
        }
    }
}
