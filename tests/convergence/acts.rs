//! What people and accidents do to replicas. Each act follows from its own seed and the world.

use everpage::wiki::{Edit, MergeOnSave};
use uuid::Uuid;

use crate::exchange;
use crate::hostile;
use crate::oracle::{self, Id, Set};
use crate::rng::Rng;
use crate::saves::{Attempt, How, attempt};
use crate::transport;
use crate::undo;
use crate::world::{
    ATTACHMENT, Checked, DOCS, Doc, World, ensure, folder, must, name, path, short,
};

/// Texts short enough to be typed twice, so that heads come up that add nothing.
const COMMON: [&str; 4] = ["# Beans\n", "# Beans\n\nwatered\n", "gone\n", "# Peas\n"];

/// Does one thing that may happen to a wiki.
pub fn act(world: &mut World, seed: u64) -> Checked {
    let rng = &mut Rng::new(seed);
    let (r, doc) = (rng.below(world.replicas.len()), rng.below(DOCS.len()));
    match rng.below(148) {
        0..16 => edit(world, rng, r, doc),
        16..26 => edit_something_older(world, rng, r, doc),
        26..33 => merge(world, rng, r, doc),
        33..37 => settle(world, rng, r, doc),
        37..41 => delete(world, rng, r, doc),
        41..45 => restore(world, rng, r, doc),
        45..49 => upload(world, rng, r),
        49..52 => rename(world, rng, r, doc),
        52..87 if world.setup.only_sync => exchange::exchange(world, rng, r),
        52..66 => transport::send(world, rng, r, doc),
        66..80 => transport::deliver(world, rng),
        80..87 => transport::copy_folder(world, rng, r),
        87..89 => make_by_hand(world, rng, r, doc),
        89..91 => vanish(world, rng, r, doc),
        91..93 => crash_at_rest(world, rng, r),
        93..96 => {
            partition(world, rng);
            Ok(())
        }
        96..112 => exchange::exchange(world, rng, r),
        112..114 => exchange::arrive_late(world, rng),
        114..117 => hostile::lie(world, rng, r, doc),
        117..120 => rot(world, rng, r, doc),
        120..124 => discard(world, rng, r, doc),
        124..134 => edit_side_by_side(world, rng, r, doc),
        134..142 => undo::undo_any(world, rng, r),
        _ => {
            world.wake(r)?;
            world.look(r, doc).map(|_| ())
        }
    }
}

/// After a step of a replica failed: takes the consequences. False if it stays down.
pub fn after_failure(world: &mut World, rng: &mut Rng, r: usize) -> Checked<bool> {
    let store = &world.running(r).store;
    if store.is_dead() {
        world.kill(r);
        if rng.chance(50) {
            world.lose_power(r, rng);
        }
        if rng.chance(30) {
            return Ok(false);
        }
        world.wake(r)?;
    } else if everpage::store::Store::read_only(&**store).is_some() {
        // What a failed fsync dropped is only known after the machine has started anew.
        world.lose_power(r, rng);
        world.wake(r)?;
    }
    Ok(true)
}

/// Wakes a replica and returns what it shows of a document.
pub fn open(world: &mut World, r: usize, doc: Doc) -> Checked<(Set, oracle::Verdict)> {
    world.wake(r)?;
    let document = world.look(r, doc)?;
    Ok((world.truth(r, doc), world.verdict(r, document.as_deref())))
}

fn compose(rng: &mut Rng, set: &Set, base: Option<Id>) -> Vec<u8> {
    if rng.chance(25) {
        return rng.pick(&COMMON).map_or_else(Vec::new, |text| text.as_bytes().to_vec());
    }
    let mut text = base.and_then(|id| set.get(&id)).map(|r| r.content.clone()).unwrap_or_default();
    if text.len() > 400 || rng.chance(20) {
        text.clear();
    }
    let new = format!("line {:x}\n", rng.next());
    if rng.chance(50) {
        return change_a_line(rng, &text, &new);
    }
    text.extend_from_slice(new.as_bytes());
    text
}

/// Puts a line in the place of another, or before it.
fn change_a_line(rng: &mut Rng, text: &[u8], new: &str) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let at = rng.below(lines.len() + 1);
    if at < lines.len() && rng.chance(60) {
        lines.remove(at);
    }
    lines.insert(at, new.as_bytes());
    lines.concat()
}

fn edit(world: &mut World, rng: &mut Rng, r: usize, doc: Doc) -> Checked {
    let (set, verdict) = open(world, r, doc)?;
    let base = verdict.winner;
    let how = How::Save(compose(rng, &set, base), MergeOnSave::Clean);
    attempt(world, rng, &Attempt { r, doc, base, also: Vec::new(), how })
}

fn edit_something_older(world: &mut World, rng: &mut Rng, r: usize, doc: Doc) -> Checked {
    let (set, _) = open(world, r, doc)?;
    let ids: Vec<Option<Id>> = set.keys().copied().map(Some).chain([None]).collect();
    let base = rng.pick(&ids).copied().flatten();
    let on_save = if rng.chance(50) { MergeOnSave::Clean } else { MergeOnSave::Ask };
    let how = How::Save(compose(rng, &set, base), on_save);
    attempt(world, rng, &Attempt { r, doc, base, also: Vec::new(), how })
}

/// Several people open one page, and nobody has seen what those before them saved.
fn edit_side_by_side(world: &mut World, rng: &mut Rng, r: usize, doc: Doc) -> Checked {
    let base = match open(world, r, doc)?.1.winner {
        Some(base) if rng.chance(50) => base,
        base => {
            // Long enough to be changed at several places.
            let lines: Vec<_> = (0..5).map(|n| format!("line {n} {:x}\n", rng.next())).collect();
            let how = How::Save(lines.concat().into_bytes(), MergeOnSave::Clean);
            attempt(world, rng, &Attempt { r, doc, base, also: Vec::new(), how })?;
            let Some(base) = open(world, r, doc)?.1.winner else { return Ok(()) };
            base
        }
    };
    let text = world.truth(r, doc)[&base].content.clone();
    for _ in 0..2 + rng.below(3) {
        let new = format!("line {:x}\n", rng.next());
        let on_save = if rng.chance(70) { MergeOnSave::Clean } else { MergeOnSave::Ask };
        let how = How::Save(change_a_line(rng, &text, &new), on_save);
        attempt(world, rng, &Attempt { r, doc, base: Some(base), also: Vec::new(), how })?;
        // It may have gone down in between, and its disk may have forgotten what was only copied.
        if world.replicas[r].running.is_none() || !world.truth(r, doc).contains_key(&base) {
            break;
        }
    }
    Ok(())
}

/// Merges some of the conflicts or all of them, as the page on that names them would.
fn merge(world: &mut World, rng: &mut Rng, r: usize, doc: Doc) -> Checked {
    let (set, verdict) = open(world, r, doc)?;
    let mut also = verdict.conflicts;
    rng.shuffle(&mut also);
    if rng.chance(60) {
        also.truncate(1 + rng.below(3));
    }
    if also.is_empty() {
        return edit(world, rng, r, doc);
    }
    let how = How::Save(compose(rng, &set, verdict.winner), MergeOnSave::Clean);
    attempt(world, rng, &Attempt { r, doc, base: verdict.winner, also, how })
}

/// Keeps the winner, or makes a losing head the page.
fn settle(world: &mut World, rng: &mut Rng, r: usize, doc: Doc) -> Checked {
    let (_, verdict) = open(world, r, doc)?;
    let also = verdict.conflicts;
    let like = if rng.chance(50) { verdict.winner } else { rng.pick(&also).copied() };
    match like {
        Some(like) if !also.is_empty() => {
            let how = How::Settle(like);
            attempt(world, rng, &Attempt { r, doc, base: verdict.winner, also, how })
        }
        _ => Ok(()),
    }
}

/// Somebody looks at the page beside a version that waits, and lets go of the version.
fn discard(world: &mut World, rng: &mut Rng, r: usize, doc: Doc) -> Checked {
    let (_, verdict) = open(world, r, doc)?;
    let Some(winner) = verdict.winner else { return Ok(()) };
    let Some(version) = rng.pick(&verdict.conflicts).copied() else { return Ok(()) };
    let (base, also, how) = (Some(winner), vec![version], How::Settle(winner));
    attempt(world, rng, &Attempt { r, doc, base, also, how })
}

fn delete(world: &mut World, rng: &mut Rng, r: usize, doc: Doc) -> Checked {
    let (_, verdict) = open(world, r, doc)?;
    if verdict.winner.is_none() {
        return Ok(());
    }
    let how = How::Save(Vec::new(), MergeOnSave::Clean);
    attempt(world, rng, &Attempt { r, doc, base: verdict.winner, also: Vec::new(), how })
}

fn restore(world: &mut World, rng: &mut Rng, r: usize, doc: Doc) -> Checked {
    let (set, verdict) = open(world, r, doc)?;
    let ids: Vec<Id> = set.keys().copied().collect();
    let Some(id) = rng.pick(&ids).copied() else { return Ok(()) };
    let belief = world.replicas[r].belief;
    let empty = Edit {
        path: path(doc),
        base: verdict.winner.map(|id| belief.sees(id)),
        also: Vec::new(),
        content: Vec::new(),
        author: String::new(),
        summary: String::new(),
        nonce: Uuid::nil(),
    };
    let restoring = world.wiki(r).restoring(empty, belief.sees(id));
    let content = must("restoring", restoring)?.content;
    ensure(content == set[&id].content, || format!("restoring {} gives other bytes", short(id)))?;
    let how = How::Save(content, MergeOnSave::Clean);
    attempt(world, rng, &Attempt { r, doc, base: verdict.winner, also: Vec::new(), how })
}

fn upload(world: &mut World, rng: &mut Rng, r: usize) -> Checked {
    let (_, verdict) = open(world, r, ATTACHMENT)?;
    let size = [0, 1, 700, 5000][rng.below(4)];
    let content = (0..size).map(|_| rng.next() as u8).collect();
    let how = How::Upload(content);
    attempt(
        world,
        rng,
        &Attempt { r, doc: ATTACHMENT, base: verdict.winner, also: Vec::new(), how },
    )
}

/// Creates the document under another name, and then deletes it under the old one.
fn rename(world: &mut World, rng: &mut Rng, r: usize, from: Doc) -> Checked {
    let (set, verdict) = open(world, r, from)?;
    let to = rng.below(DOCS.len());
    let Some(winner) = verdict.winner.filter(|_| to != from && !verdict.deleted) else {
        return Ok(());
    };
    let (_, there) = open(world, r, to)?;
    let how = How::Save(set[&winner].content.clone(), MergeOnSave::Clean);
    attempt(world, rng, &Attempt { r, doc: to, base: there.winner, also: Vec::new(), how })?;
    delete(world, rng, r, from)
}

/// A person saves with an editor and `uuidgen`, and then runs `sync`.
fn make_by_hand(world: &mut World, rng: &mut Rng, r: usize, doc: Doc) -> Checked {
    let (set, _) = open(world, r, doc)?;
    let number = set.keys().map(|id| id.0).max().unwrap_or(0) + 1;
    let id = (number, rng.nonce());
    let content = format!("by hand {:x}\n", rng.next()).into_bytes();
    let file = format!("{}/{}", folder(doc), name(id));
    {
        let mut disk = world.replicas[r].disk.lock();
        must("by hand", disk.drop_file(&file, &content).map_err(|e| format!("{e:?}")))?;
        disk.sync_all();
    }
    world.note(|| format!("replica {r}, {}: {} is made by hand", DOCS[doc], short(id)));
    world.typed.insert(id.1, content.clone());
    let rev = oracle::Rev { parents: [].into(), bare: true, form: None, content };
    world.acknowledged.insert((doc, id), rev);
    world.replicas[r].durable.insert((doc, id));
    world.look(r, doc).map(|_| ())
}

/// Another program deletes a revision; the replica puts it back when it looks.
fn vanish(world: &mut World, rng: &mut Rng, r: usize, doc: Doc) -> Checked {
    let (set, _) = open(world, r, doc)?;
    let ids: Vec<Id> = set.keys().copied().collect();
    if let Some(id) = rng.pick(&ids).copied() {
        world.note(|| format!("replica {r}, {}: {} is deleted", DOCS[doc], short(id)));
        world.replicas[r].disk.lock().remove(&format!("{}/{}", folder(doc), name(id)));
        world.look(r, doc)?;
    }
    Ok(())
}

/// A revision goes bad on the medium, where another replica has it whole and for good.
fn rot(world: &mut World, rng: &mut Rng, r: usize, doc: Doc) -> Checked {
    let elsewhere = |id: &Id| {
        let has = |q: usize| {
            q != r
                && world.replicas[q].durable.contains(&(doc, *id))
                && world.truth(q, doc).contains_key(id)
        };
        (0..world.replicas.len()).any(has)
    };
    let ids: Vec<(Id, usize)> = world
        .truth(r, doc)
        .into_iter()
        .filter(|(id, rev)| !rev.bare && !world.rotten.contains(&(doc, *id)) && elsewhere(id))
        .map(|(id, rev)| (id, rev.content.len()))
        .collect();
    let Some((id, length)) = rng.pick(&ids).copied() else { return Ok(()) };
    world.kill(r);
    world.note(|| format!("replica {r}, {}: {} goes bad", DOCS[doc], short(id)));
    let file = format!("{}/{}", folder(doc), name(id));
    {
        let mut disk = world.replicas[r].disk.lock();
        let bytes = disk.read(&file).unwrap_or_default();
        // In its content; an empty one grows.
        let at = bytes.len() - length + rng.below(length.max(1));
        let other = bytes.get(at).map_or(b'!', |byte| !byte);
        let _ = disk.write(&file, at, &[other]);
        disk.sync_file(&file);
    }
    world.rotten.insert((doc, id));
    let replica = &mut world.replicas[r];
    replica.durable.remove(&(doc, id));
    replica.shown.remove(&(doc, id));
    if rng.chance(70) { world.wake(r) } else { Ok(()) }
}

fn crash_at_rest(world: &mut World, rng: &mut Rng, r: usize) -> Checked {
    world.kill(r);
    if rng.chance(60) {
        world.lose_power(r, rng);
    }
    if rng.chance(60) { world.wake(r) } else { Ok(()) }
}

fn partition(world: &mut World, rng: &mut Rng) {
    let parts = 1 + rng.below(3);
    world.groups.iter_mut().for_each(|group| *group = rng.below(parts));
    let groups = world.groups.clone();
    world.note(|| format!("the network falls into {groups:?}"));
}
