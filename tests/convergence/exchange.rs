//! Runs of the real exchange between two replicas, in any weather.

use std::collections::BTreeSet;
use std::sync::Arc;

use everpage::model::path::DocPath;
use everpage::model::revision::RevisionId;
use everpage::sync::{
    Direction, Fate, Grant, Host, InProcess, ItemHash, Options, Replica, Summary, SyncError, sync,
};

use crate::acts::after_failure;
use crate::belief::Belief;
use crate::oracle::Id;
use crate::peer::Peer;
use crate::rng::Rng;
use crate::weather::Distant;
use crate::world::{Checked, DOCS, Doc, World, ensure, must, path, short};

const DIRECTIONS: [Direction; 3] = [Direction::Both, Direction::Pull, Direction::Push];

/// Speaks with a replica as the peer of that name.
pub fn in_process(peer: &Arc<Peer>, from: &str) -> InProcess {
    let grant = Grant { name: from.to_owned(), read_only: false };
    InProcess::new(Host::new(Arc::clone(peer) as Arc<dyn Replica>), grant)
}

/// One run, which may meet anything.
pub fn exchange(world: &mut World, rng: &mut Rng, here: usize) -> Checked {
    let there = rng.below(world.replicas.len());
    world.wake(here)?;
    if there == here {
        return Ok(());
    }
    if world.groups[here] != world.groups[there] || world.replicas[there].running.is_none() {
        world.note(|| format!("replica {here} cannot reach {there}"));
        return Ok(());
    }
    let direction = DIRECTIONS[rng.below(DIRECTIONS.len())];
    let foul = [0, 20, 60][rng.below(3)];
    let mut knows_all = true;
    for r in [here, there] {
        // Word of what other programs did may come late.
        let looks = rng.chance(70);
        knows_all &= looks;
        if looks {
            must("look", world.peer(r)?.look())?;
        }
    }
    let (ours, theirs) = (world.peer(here)?, world.peer(there)?);
    let victim = if rng.chance(50) { here } else { there };
    let fuse = world.fuse(rng);
    if let Some((steps, blow)) = fuse {
        world.running(victim).store.light_fuse(steps, blow);
    }
    let remote = Distant::new(in_process(&theirs, &called(there)), foul, rng.next());
    let ran = run(&ours, &remote, direction);
    let blown = world.running(victim).store.put_out_fuse() && fuse.is_some();
    let (excuse, says) = (blown || remote.failed(), told(&ran));
    world.note(|| {
        let weather = if foul == 0 { "fair" } else { "foul" };
        format!("replica {here} syncs with {there}, {direction:?}, in {weather} weather: {says}")
    });
    enter(world, here, there, remote)?;
    ensure(ran.is_ok() || excuse, || format!("replica {here} cannot sync with {there}: {says}"))?;
    if let Ok(summary) = &ran {
        ensure(summary.quarantined.is_empty() && summary.complete, || {
            format!("replica {here} refused an honest revision of {there}: {summary:?}")
        })?;
    }
    if blown {
        after_failure(world, rng, victim)?;
    }
    for r in [here, there] {
        look_everywhere(world, r)?;
    }
    if ran.is_ok() && knows_all && !blown {
        compare(world, here, there, direction)?;
    }
    Ok(())
}

fn called(r: usize) -> String {
    format!("replica {r}")
}

fn run(peer: &Peer, remote: &Distant, direction: Direction) -> Result<Summary, SyncError> {
    sync(peer, remote, Options { direction, ..Options::default() }, &|_| {})
}

fn told(ran: &Result<Summary, SyncError>) -> String {
    match ran {
        Ok(summary) => format!("{} came, {} went", summary.received, summary.sent),
        Err(error) => {
            let source = std::error::Error::source(error);
            source.map_or(error.to_string(), |source| format!("{error}: {source}"))
        }
    }
}

/// Writes down what either side said it has for good.
fn enter(world: &mut World, here: usize, there: usize, remote: Distant) -> Checked {
    for r in [here, there] {
        let peer = world.peer(r);
        for (path, id) in peer.map(|peer| peer.promised()).unwrap_or_default() {
            note_durable(world, r, &path, id);
        }
    }
    let (acknowledged, astray) = remote.into_books();
    for outcome in acknowledged {
        let held = matches!(outcome.fate, Fate::Stored | Fate::Already | Fate::Healed);
        if let (true, Ok(path), Ok(id)) = (held, DocPath::new(&outcome.path), outcome.id.parse()) {
            note_durable(world, there, &path, id);
        } else {
            return Err(format!("replica {there} refused an honest revision: {outcome:?}"));
        }
    }
    let astray = astray.into_iter().map(|stream| (here, there, Arc::new(stream)));
    world.astray.extend(astray);
    Ok(())
}

fn note_durable(world: &mut World, r: usize, path: &DocPath, id: RevisionId) {
    let doc = DOCS.iter().position(|doc| *doc == path.as_str()).expect("one of the documents");
    let id = Belief::Sound.tells(id);
    if world.replicas[r].durable.insert((doc, id)) {
        world.note(|| format!("replica {r}, {}: {} is received", DOCS[doc], short(id)));
    }
}

/// Lets a stream arrive that was pushed long ago.
pub fn arrive_late(world: &mut World, rng: &mut Rng) -> Checked {
    if world.astray.is_empty() {
        return Ok(());
    }
    let (from, to, stream) = world.astray.swap_remove(rng.below(world.astray.len()));
    if world.replicas[to].running.is_none() || world.replicas[from].running.is_none() {
        return Ok(());
    }
    world.note(|| format!("what {from} pushed to {to} long ago arrives again"));
    let remote = Distant::new(in_process(&world.peer(to)?, &called(from)), 0, 0);
    let hello = everpage::sync::Hello {
        protocol: everpage::sync::PROTOCOL,
        replica: world.peer(from)?.replica_id(),
        wiki: must("the id of the wiki", world.peer(from)?.wiki_id())?,
        largest: u64::MAX,
    };
    let pushed = everpage::sync::Remote::push(&remote, &hello, &mut &stream[..]);
    enter(world, from, to, remote)?;
    must("a late push", pushed)?;
    look_everywhere(world, to)
}

/// Looks at all that a replica shows, and that it would tell its peers the same.
pub fn look_everywhere(world: &mut World, r: usize) -> Checked {
    if world.replicas[r].running.is_none() {
        return Ok(());
    }
    for doc in 0..DOCS.len() {
        world.look(r, doc)?;
    }
    let peer = world.peer(r)?;
    must("look", peer.look())?;
    let set = must("the set", peer.set())?;
    let mut count = 0;
    for (doc, called) in DOCS.iter().enumerate() {
        for id in world.truth(r, doc).into_keys() {
            let item = ItemHash::of(&path(doc).key(), Belief::Sound.sees(id));
            let found = peer.locate(&item).map(|(_, found)| Belief::Sound.tells(found));
            count += 1;
            ensure(found == Some(id), || {
                format!("replica {r}, {called}: peers do not hear of {}", short(id))
            })?;
        }
    }
    ensure(set.len() == count, || {
        format!("replica {r} tells peers of {} revisions and holds {count}", set.len())
    })
}

/// After a run that was told to bring everything, everything is there.
fn compare(world: &World, here: usize, there: usize, direction: Direction) -> Checked {
    let held = |r| -> BTreeSet<(Doc, Id)> {
        let of = |doc| world.truth(r, doc).into_keys().map(move |id| (doc, id));
        (0..DOCS.len()).flat_map(of).collect()
    };
    let (ours, theirs) = (held(here), held(there));
    let brought = match direction {
        Direction::Both => ours == theirs,
        Direction::Pull => theirs.is_subset(&ours),
        Direction::Push => ours.is_subset(&theirs),
    };
    ensure(brought, || {
        let lack = |a: &BTreeSet<(Doc, Id)>, b| -> Vec<String> {
            a.difference(b).map(|(_, id)| short(*id)).collect()
        };
        let (here_lacks, there_lacks) = (lack(&theirs, &ours), lack(&ours, &theirs));
        format!(
            "replica {here} synced with {there}, {direction:?}: it lacks {here_lacks:?}, and the other \
             {there_lacks:?}"
        )
    })
}

/// Brings one replica all that another has: it pulls.
pub fn pull_all(world: &mut World, from: usize, to: usize) -> Checked {
    carry(world, to, from, Direction::Pull)
}

/// Brings one replica all that another has: the other one pushes.
pub fn push_all(world: &mut World, from: usize, to: usize) -> Checked {
    carry(world, from, to, Direction::Push)
}

/// A run in fair weather.
pub fn carry(world: &mut World, here: usize, there: usize, direction: Direction) -> Checked {
    for r in [here, there] {
        must("look", world.peer(r)?.look())?;
    }
    let remote = Distant::new(in_process(&world.peer(there)?, &called(there)), 0, 0);
    let ran = run(&*world.peer(here)?, &remote, direction);
    enter(world, here, there, remote)?;
    let summary = must(&format!("replica {here} cannot sync with {there}"), ran)?;
    ensure(summary.complete && summary.not_sent == 0, || {
        format!("replica {here} is not done with {there}: {summary:?}")
    })?;
    if direction != Direction::Push {
        look_everywhere(world, here)?;
    }
    if direction != Direction::Pull {
        look_everywhere(world, there)?;
    }
    compare(world, here, there, direction)
}
