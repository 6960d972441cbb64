//! How revisions get from one replica to another: single files by a bad network, and whole folders
//! by people with copy programs.
//!
//! Whatever else carries revisions plugs in as one more act ([`crate::acts::act`]) for the bad
//! times and as one more [`Carrier`] for the good ones.

use std::sync::Arc;

use everpage::store::{Body, Received, Store, StoreError};

use crate::acts::after_failure;
use crate::belief::Belief;
use crate::disk::Disk;
use crate::exchange::{pull_all, push_all};
use crate::oracle::{self, Id};
use crate::rng::Rng;
use crate::world::{Checked, DOCS, Doc, Message, World, dir, ensure, folder, name, short};

/// Brings one replica everything that another one has.
pub type Carrier = fn(&mut World, usize, usize) -> Checked;

/// Those that work while nothing is broken.
pub const CARRIERS: [Carrier; 4] = [pull_all, push_all, send_all, rsync_all];
/// How many of them, from the first on, are exchanges between peers.
pub const EXCHANGES: usize = 2;

/// Sends a whole revision to somebody, once or several times.
pub fn send(world: &mut World, rng: &mut Rng, from: usize, doc: Doc) -> Checked {
    world.wake(from)?;
    let ids: Vec<Id> = world.truth(from, doc).keys().copied().collect();
    for _ in 0..=rng.below(4) {
        let to = rng.below(world.replicas.len());
        if let Some(id) = rng.pick(&ids).copied().filter(|_| to != from) {
            let message = Message { to, doc, id, bytes: bytes(world, from, doc, id) };
            let reachable = world.groups[from] == world.groups[to];
            for _ in 0..if reachable { 1 + rng.below(2) } else { 0 } {
                world.network.push(message.clone());
            }
        }
    }
    Ok(())
}

pub fn bytes(world: &World, r: usize, doc: Doc, id: Id) -> Arc<Vec<u8>> {
    let file = format!("{}/{}", folder(doc), name(id));
    world.replicas[r].disk.lock().read(&file).unwrap_or_default()
}

/// Lets some of the messages arrive, in any order, or get lost.
pub fn deliver(world: &mut World, rng: &mut Rng) -> Checked {
    for _ in 0..=rng.below(6) {
        if world.network.is_empty() {
            break;
        }
        let at = rng.below(world.network.len());
        let message = world.network.swap_remove(at);
        if rng.chance(15) || world.replicas[message.to].running.is_none() {
            continue;
        }
        let fuse = world.fuse(rng);
        if let Some((steps, blow)) = fuse {
            world.running(message.to).store.light_fuse(steps, blow);
        }
        let received = receive(world, &message);
        let blown = world.running(message.to).store.put_out_fuse() && fuse.is_some();
        if let Err(error) = received {
            ensure(blown, || format!("replica {} refused a revision: {error}", message.to))?;
            after_failure(world, rng, message.to)?;
        } else {
            arrived(world, &message)?;
        }
    }
    Ok(())
}

fn receive(world: &World, message: &Message) -> Result<Received, StoreError> {
    let id = Belief::Sound.sees(message.id);
    let store = &world.running(message.to).store;
    store.receive(&dir(message.doc), id, Body::Bytes(&message.bytes))
}

/// The receiver has acknowledged it.
fn arrived(world: &mut World, message: &Message) -> Checked {
    let Message { to, doc, id, .. } = *message;
    world.note(|| format!("replica {to}, {}: {} arrives", DOCS[doc], short(id)));
    world.replicas[to].durable.insert((doc, id));
    world.look(to, doc).map(|_| ())
}

/// A copy program, and what it does with a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    /// `cp -n`: writes under the final name, leaves what is there.
    Copy,
    /// `rsync`: writes under another name and renames over what differs.
    Rsync,
}

fn by_hand(bytes: &[u8]) -> bool {
    bytes.starts_with(b"by hand")
}

/// All revision files of a replica, whole or not.
fn files(world: &World, r: usize) -> Vec<(Doc, String, Arc<Vec<u8>>)> {
    let disk = world.replicas[r].disk.lock();
    let mut found = Vec::new();
    for doc in 0..DOCS.len() {
        for file in disk.files(&folder(doc)) {
            let bytes = disk.read(&format!("{}/{file}", folder(doc)));
            if let Some(bytes) = bytes.filter(|_| oracle::parse_id(&file).is_some()) {
                found.push((doc, file, bytes));
            }
        }
    }
    found
}

/// Copies one replica's folder into another's: all of it, a part, or until the copy is cut off in
/// the middle of a file. Neither side needs to run, and nobody makes the copy durable.
pub fn copy_folder(world: &mut World, rng: &mut Rng, from: usize) -> Checked {
    let to = rng.below(world.replicas.len());
    if to == from || (world.groups[from] != world.groups[to] && rng.chance(70)) {
        return Ok(());
    }
    let mut files = files(world, from);
    rng.shuffle(&mut files);
    let tool = if rng.chance(60) { Tool::Copy } else { Tool::Rsync };
    let cut = rng.chance(40).then(|| rng.below(files.len() + 1));
    if cut.is_none() && rng.chance(50) {
        files.truncate(rng.below(files.len() + 1));
    }
    world.note(|| format!("{tool:?} from {from} to {to}: {} files, cut at {cut:?}", files.len()));
    for (n, (doc, file, bytes)) in files.into_iter().enumerate() {
        // A file without a header has no digest: nobody could tell that a piece of it is torn.
        let torn = (cut == Some(n) && !by_hand(&bytes)).then(|| rng.below(bytes.len() + 1));
        copy_file(world, to, doc, &file, &bytes, (tool, torn))?;
        if rng.chance(5) {
            leave_behind(&mut world.replicas[to].disk.lock(), rng, doc);
        }
        if cut == Some(n) {
            break;
        }
    }
    if world.replicas[to].running.is_some() && rng.chance(70) {
        for doc in 0..DOCS.len() {
            world.look(to, doc)?;
        }
    }
    Ok(())
}

fn copy_file(
    world: &mut World,
    to: usize,
    doc: Doc,
    file: &str,
    bytes: &[u8],
    (tool, torn): (Tool, Option<usize>),
) -> Checked {
    let by_hand = by_hand(bytes);
    let bytes = &bytes[..torn.unwrap_or(bytes.len())];
    let target = format!("{}/{file}", folder(doc));
    let there = world.replicas[to].disk.lock().read(&target);
    let running = world.replicas[to].running.is_some();
    let differs = there.as_ref().is_some_and(|there| ***there != *bytes);
    if by_hand {
        // And so it is made durable at once.
        if there.is_none() {
            let mut disk = world.replicas[to].disk.lock();
            let _ = disk.drop_file(&target, bytes);
            disk.sync_all();
        }
        return Ok(());
    }
    match tool {
        Tool::Copy => {
            let _ = world.replicas[to].disk.lock().drop_file(&target, bytes);
        }
        Tool::Rsync => {
            // The watcher of a running replica puts back at once what was replaced; of one that
            // does not run the owner must not replace anything.
            if there.is_some() && !(differs && running) {
                return Ok(());
            }
            let hidden = format!("{}/.{file}.Xq3Zb1", folder(doc));
            {
                let mut disk = world.replicas[to].disk.lock();
                disk.remove(&hidden);
                let _ = disk.drop_file(&hidden, bytes);
                if torn.is_none() {
                    disk.rename_over(&hidden, &target);
                }
            }
            if differs && torn.is_none() {
                world.look(to, doc)?;
            }
        }
    }
    Ok(())
}

/// What other programs leave in a folder.
fn leave_behind(disk: &mut Disk, rng: &mut Rng, doc: Doc) {
    let names = [
        ".DS_Store",
        "upload.tmp",
        "1-00000000-0000-4000-8000-000000000000.sync-conflict-20261125-220000-ABCDEFG",
        "notes~",
        "0-00000000-0000-4000-8000-000000000000",
        "2-NOT-AN-ID",
    ];
    if let Some(name) = rng.pick(&names) {
        let _ = disk.drop_file(&format!("{}/{name}", folder(doc)), b"not a revision");
    }
}

/// Hands over every whole revision that the other one has not got whole.
fn send_all(world: &mut World, from: usize, to: usize) -> Checked {
    for doc in 0..DOCS.len() {
        let held = world.truth(to, doc);
        for id in world.truth(from, doc).into_keys().filter(|id| !held.contains_key(id)) {
            let message = Message { to, doc, id, bytes: bytes(world, from, doc, id) };
            receive(world, &message).map_err(|e| format!("replica {to} refused: {e}"))?;
            arrived(world, &message)?;
        }
    }
    Ok(())
}

/// A complete `rsync`, which carries torn files along like all others.
fn rsync_all(world: &mut World, from: usize, to: usize) -> Checked {
    for (doc, file, bytes) in files(world, from) {
        copy_file(world, to, doc, &file, &bytes, (Tool::Rsync, None))?;
    }
    for doc in 0..DOCS.len() {
        world.look(to, doc)?;
    }
    Ok(())
}
