use std::collections::BTreeSet;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::model::path::DocPath;

fn dir() -> DiskDir {
    DiskDir::of(&DocPath::new("A.md").unwrap())
}

fn id(n: u64) -> RevisionId {
    RevisionId::new(n + 1, Uuid::from_u128(u128::from(n))).unwrap()
}

fn item(n: u64, timestamp: u64) -> Item {
    Item { timestamp, hash: ItemHash::of(&dir().path().key(), id(n)) }
}

/// Reconciles two sets; returns what only the first has, what only the second has, and the rounds.
fn reconcile(a: &Set, b: &Set) -> Difference {
    let mut found = a.difference::<Malformed>(&mut |message| b.answer(message)).unwrap();
    found.have.sort_unstable();
    found.need.sort_unstable();
    found
}

fn hashes(items: impl IntoIterator<Item = Item>) -> Vec<ItemHash> {
    let mut hashes: Vec<_> = items.into_iter().map(|i| i.hash).collect();
    hashes.sort_unstable();
    hashes
}

#[test]
fn equal_sets_take_one_round_trip() {
    for size in [0, 1, 31, 32, 5_000] {
        let set = Set::new((0..size).map(|n| item(n, n / 7)));
        let found = reconcile(&set, &set.clone());
        assert_eq!((found.rounds, found.have.len(), found.need.len()), (1, 0, 0), "{size}");
        assert!(found.complete);
    }
}

#[test]
fn an_empty_set_learns_of_everything_in_bounded_messages() {
    let full = Set::new((0..60_000).map(|n| item(n, n)));
    let mut largest = 0;
    let found = Set::default()
        .difference::<Malformed>(&mut |message| {
            let answer = full.answer(message)?;
            largest = largest.max(answer.len());
            Ok(answer)
        })
        .unwrap();
    assert_eq!(found.need.len(), 60_000);
    assert!(largest <= MAX_MESSAGE, "{largest}");
}

#[test]
fn a_snapshot_does_not_change() {
    let warm = WarmSet::default();
    warm.insert(&dir(), id(1), item(1, 5));
    let before = warm.snapshot();
    warm.insert(&dir(), id(2), item(2, 5));
    assert_eq!((before.len(), warm.snapshot().len()), (1, 2));
    assert_eq!(warm.locate(&item(2, 5).hash).unwrap().1, id(2));
    assert!(warm.locate(&item(3, 5).hash).is_none());
}

proptest! {
    #[test]
    fn whatever_two_sets_do_not_share_is_found(
        shared in 0_u64..3_000, only_a in 0_u64..200, only_b in 0_u64..200, spread in 1_u64..50,
    ) {
        let make = |range: std::ops::Range<u64>| range.map(move |n| item(n, n * 7919 % spread));
        let a = Set::new(make(0..shared + only_a));
        let b = Set::new(make(0..shared).chain(make(10_000..10_000 + only_b)));
        let found = reconcile(&a, &b);
        prop_assert_eq!(found.have, hashes(make(shared..shared + only_a)));
        prop_assert_eq!(found.need, hashes(make(10_000..10_000 + only_b)));
        prop_assert!(found.complete);
    }

    #[test]
    fn a_warm_set_is_what_a_new_one_would_be(
        changes in prop::collection::vec((0_u64..40, 0_u64..3, any::<bool>(), any::<bool>()), 0..120),
    ) {
        let warm = WarmSet::default();
        let mut held: BTreeSet<Item> = BTreeSet::new();
        for (n, timestamp, present, look) in changes {
            let item = item(n, timestamp);
            if present {
                warm.insert(&dir(), id(n), item);
                held.retain(|i| i.hash != item.hash);
                held.insert(item);
            } else {
                warm.remove(item);
                held.remove(&item);
            }
            if look {
                prop_assert_eq!(warm.snapshot().iter().collect::<BTreeSet<_>>(), held.clone());
            }
        }
        prop_assert_eq!(warm.snapshot().iter().collect::<Vec<_>>(), held.into_iter().collect::<Vec<_>>());
    }
}
