//! The end of a schedule: everything works again, everyone exchanges until quiet, and then all
//! replicas must be equal and nothing may be missing.

use std::collections::BTreeSet;

use everpage::store::Store;

use crate::belief::Belief;
use crate::oracle::{self, Id, Set};
use crate::rng::Rng;
use crate::transport::{CARRIERS, EXCHANGES};
use crate::world::{Checked, DOCS, Doc, World, dir, ensure, must, path, short, words};

/// Lets everyone exchange until nothing moves; returns how many rounds it took.
pub fn heal(world: &mut World, rng: &mut Rng) -> Checked<usize> {
    world.note(|| "everything works again".to_owned());
    world.network.clear();
    world.astray.clear();
    let count = world.replicas.len();
    for r in 0..count {
        world.wake(r)?;
    }
    // Often enough by the exchange alone.
    let by_sync = world.setup.only_sync || rng.chance(40);
    let carriers = &CARRIERS[..if by_sync { EXCHANGES } else { CARRIERS.len() }];
    // Everything reaches everyone in as many rounds as a chain of replicas has links.
    for round in 1..=count + 1 {
        let before = held(world);
        let mut pairs: Vec<(usize, usize)> =
            (0..count).flat_map(|from| (0..count).map(move |to| (from, to))).collect();
        pairs.retain(|(from, to)| from != to);
        rng.shuffle(&mut pairs);
        for (from, to) in pairs {
            carriers[rng.below(carriers.len())](world, from, to)?;
        }
        if held(world) == before {
            return Ok(round);
        }
    }
    Err(format!("not quiet after {} rounds", count + 1))
}

fn held(world: &World) -> Vec<Vec<BTreeSet<Id>>> {
    let of = |r| (0..DOCS.len()).map(|doc| world.truth(r, doc).into_keys().collect()).collect();
    (0..world.replicas.len()).map(of).collect()
}

/// Checks that all replicas are equal and complete; then once more from what is on their disks.
pub fn check(world: &mut World) -> Checked {
    for doc in 0..DOCS.len() {
        check_document(world, doc)?;
    }
    check_inboxes(world)?;
    for r in 0..world.replicas.len() {
        world.kill(r);
        world.wake(r)?;
    }
    for doc in 0..DOCS.len() {
        check_document(world, doc)?;
    }
    Ok(())
}

fn check_document(world: &mut World, doc: Doc) -> Checked {
    let mut first: Option<(Set, oracle::Verdict)> = None;
    for r in 0..world.replicas.len() {
        let document = world.look(r, doc)?;
        let (truth, verdict) = (world.truth(r, doc), world.verdict(r, document.as_deref()));
        for ((_, id), typed) in world.acknowledged.iter().filter(|((d, _), _)| *d == doc) {
            ensure(truth.get(id) == Some(typed), || {
                let what = if truth.contains_key(id) { "has changed at" } else { "never reached" };
                format!("{}: {} was acknowledged and {what} replica {r}", DOCS[doc], short(*id))
            })?;
        }
        match &first {
            None => first = Some((truth, verdict)),
            Some((set, agreed)) => {
                ensure(*set == truth, || {
                    format!("{}: replicas 0 and {r} hold different revisions", DOCS[doc])
                })?;
                ensure(*agreed == verdict, || {
                    format!(
                        "{}: replica 0 says {}, replica {r} says {}",
                        DOCS[doc],
                        words(agreed),
                        words(&verdict)
                    )
                })?;
            }
        }
    }
    check_headers(world, doc, first.map(|(set, _)| set).unwrap_or_default())
}

/// Authors and dates are the same everywhere, too.
fn check_headers(world: &World, doc: Doc, set: Set) -> Checked {
    for id in set.into_keys() {
        let load = |r: usize| {
            let loaded = world.running(r).store.load(&dir(doc), Belief::Sound.sees(id));
            Ok::<_, String>(must("load", loaded)?.revision)
        };
        let first = load(0)?;
        for r in 1..world.replicas.len() {
            ensure(load(r)? == first, || {
                format!("{}: the header of {} differs at replica {r}", DOCS[doc], short(id))
            })?;
        }
    }
    Ok(())
}

/// A whole scan finds the same as the looks at single documents did, and so does the inbox.
fn check_inboxes(world: &mut World) -> Checked {
    for r in 0..world.replicas.len() {
        must("scan", world.wiki(r).scan())?;
        let inbox: BTreeSet<String> =
            world.wiki(r).conflicted().iter().map(|d| d.path().to_string()).collect();
        let mut expected = BTreeSet::new();
        for doc in 0..DOCS.len() {
            let document = world.look(r, doc)?;
            if !world.verdict(r, document.as_deref()).conflicts.is_empty() {
                expected.insert(path(doc).to_string());
            }
        }
        ensure(inbox == expected, || format!("replica {r}: the inbox is {inbox:?}"))?;
    }
    Ok(())
}
