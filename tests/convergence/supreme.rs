//! `Synchronized<T>` in the same weather: the losers are dropped, and all replicas have to agree.

use everpage::model::revision::RevisionId;
use everpage::model::synchronized::Synchronized;
use uuid::Uuid;

use crate::rng::Rng;

const ACTS: usize = 40;

struct Message {
    to: usize,
    id: RevisionId,
    value: u64,
}

/// One schedule; returns the values in the end and the one that the rule says.
fn run(seed: u64) -> (Vec<u64>, u64) {
    let mut rng = Rng::new(seed);
    let count = 2 + rng.below(6);
    let mut replicas: Vec<Synchronized<u64>> = (0..count).map(|_| Synchronized::new(0)).collect();
    let mut network: Vec<Message> = Vec::new();
    let mut supreme: (u64, u128, u64) = (0, 0, 0);
    for _ in 0..ACTS {
        let r = rng.below(count);
        match rng.below(10) {
            0..3 => {
                // Some are equal but for the last bits.
                let (value, nonce) = (rng.next(), rng.nonce() >> rng.below(128));
                let id = replicas[r].assign(value, Uuid::from_u128(nonce)).unwrap();
                assert_eq!(*replicas[r].get(), value, "what was assigned is there at once");
                supreme = supreme.max((id.number(), nonce, value));
                for to in 0..count {
                    if rng.chance(70) {
                        network.push(Message { to, id, value });
                    }
                }
            }
            3 => {
                // A restart: what is stored is the value and its revision.
                if let Some(id) = replicas[r].revision() {
                    replicas[r] = Synchronized::restored(*replicas[r].get(), id);
                }
            }
            _ if network.is_empty() => {}
            choice => {
                let at = rng.below(network.len());
                let Message { to, id, value } = network[at];
                let before = replicas[to].revision();
                let taken = replicas[to].remote(id.number(), id.nonce(), value);
                assert_eq!(taken, before.is_none_or(|held| held < id), "only what is higher");
                // Some arrive again.
                if choice > 5 {
                    network.swap_remove(at);
                }
            }
        }
    }
    // Whoever meets hands over what it has; a chain there and back reaches everyone.
    let chain =
        (1..count).map(|to| (to - 1, to)).chain((1..count).rev().map(|from| (from, from - 1)));
    for (from, to) in chain {
        if let Some(id) = replicas[from].revision() {
            let value = *replicas[from].get();
            replicas[to].remote(id.number(), id.nonce(), value);
        }
    }
    (replicas.iter().map(|replica| *replica.get()).collect(), supreme.2)
}

#[test]
fn all_replicas_have_the_supreme_value_in_the_end() {
    for seed in 0..20_000 {
        let (values, supreme) = run(seed);
        assert!(values.iter().all(|value| *value == supreme), "seed {seed}: {values:?}, {supreme}");
    }
}
