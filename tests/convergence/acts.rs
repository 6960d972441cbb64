//! What people and accidents do to replicas. Each act follows from its own seed and the world.

use everpage::wiki::{Edit, MergeOnSave, Saved, WikiError};
use uuid::Uuid;

use crate::exchange;
use crate::hostile;
use crate::oracle::{self, Id, Set};
use crate::rng::Rng;
use crate::transport;
use crate::world::{
    ATTACHMENT, Checked, DOCS, Doc, World, ensure, folder, must, name, path, short,
};

/// Texts short enough to be typed twice, so that heads come up that add nothing.
const COMMON: [&str; 4] = ["# Beans\n", "# Beans\n\nwatered\n", "gone\n", "# Peas\n"];

/// Does one thing that may happen to a wiki.
pub fn act(world: &mut World, seed: u64) -> Checked {
    let rng = &mut Rng::new(seed);
    let (r, doc) = (rng.below(world.replicas.len()), rng.below(DOCS.len()));
    match rng.below(124) {
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
        _ => {
            world.wake(r)?;
            world.look(r, doc).map(|_| ())
        }
    }
}

/// How an edit reaches the wiki.
pub enum How {
    Save(Vec<u8>, MergeOnSave),
    Settle(Id),
    Upload(Vec<u8>),
}

pub struct Attempt {
    pub r: usize,
    pub doc: Doc,
    pub base: Option<Id>,
    pub also: Vec<Id>,
    pub how: How,
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

fn attempt(world: &mut World, rng: &mut Rng, attempt: Attempt) -> Checked {
    let nonce = uuid::Builder::from_random_bytes(rng.nonce().to_be_bytes()).into_uuid().as_u128();
    attempt_as(world, rng, attempt, nonce)
}

/// Edits with a nonce that was drawn already.
pub fn attempt_as(world: &mut World, rng: &mut Rng, attempt: Attempt, nonce: u128) -> Checked {
    let Attempt { r, doc, base, also, how } = attempt;
    let typed = match &how {
        How::Save(content, _) | How::Upload(content) => content.clone(),
        How::Settle(like) => world.truth(r, doc)[like].content.clone(),
    };
    world.typed.insert(nonce, typed);
    // Who gets no answer tries again.
    for _ in 0..3 {
        world.look(r, doc)?;
        let before = world.truth(r, doc);
        // It had only been copied, and went with the power.
        if matches!(&how, How::Settle(like) if !before.contains_key(like)) {
            return Ok(());
        }
        let fuse = world.fuse(rng);
        if let Some((steps, blow)) = fuse {
            world.running(r).store.light_fuse(steps, blow);
        }
        let saved = call(world, r, doc, base, &also, &how, nonce);
        let blown = world.running(r).store.put_out_fuse() && fuse.is_some();
        match saved {
            Ok(Saved::Done { id, .. } | Saved::Yielded { id, .. }) => {
                let id = world.replicas[r].belief.tells(id);
                return acknowledge(world, r, doc, id, nonce, &before, (base, &also));
            }
            Ok(Saved::Merged { typed, id, .. }) => {
                let belief = world.replicas[r].belief;
                let (typed, id) = (belief.tells(typed), belief.tells(id));
                acknowledge(world, r, doc, typed, nonce, &before, (base, &also))?;
                return acknowledge_merge(world, r, doc, id, typed);
            }
            // What was to be decided has changed.
            Ok(Saved::Unchanged { .. }) | Err(WikiError::Changed(_)) => return Ok(()),
            Err(error) => {
                ensure(blown, || format!("replica {r}, {}: save failed: {error}", DOCS[doc]))?;
                world
                    .note(|| format!("replica {r}: no answer to a save of {}: {error}", DOCS[doc]));
                if !after_failure(world, rng, r)? || rng.chance(40) {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

fn call(
    world: &World,
    r: usize,
    doc: Doc,
    base: Option<Id>,
    also: &[Id],
    how: &How,
    nonce: u128,
) -> Result<Saved, WikiError> {
    let belief = world.replicas[r].belief;
    let wiki = world.wiki(r);
    let mut edit = Edit {
        path: path(doc),
        base: base.map(|id| belief.sees(id)),
        also: also.iter().map(|id| belief.sees(*id)).collect(),
        content: Vec::new(),
        author: format!("Editor {r}"),
        summary: String::new(),
        nonce: belief.sees((1, nonce)).nonce(),
    };
    match how {
        How::Save(content, on_save) => {
            edit.content.clone_from(content);
            wiki.save(&edit, *on_save)
        }
        How::Settle(like) => wiki.settle(&edit, belief.sees(*like)),
        How::Upload(content) => wiki.save_stream(&edit, &mut &content[..]),
    }
}

/// Enters a save into the books, after a look that it is what its editor meant.
fn acknowledge(
    world: &mut World,
    r: usize,
    doc: Doc,
    id: Id,
    nonce: u128,
    before: &Set,
    (base, also): (Option<Id>, &[Id]),
) -> Checked {
    let at = format!("replica {r}, {}: {} was acknowledged", DOCS[doc], short(id));
    let rev = world.truth(r, doc).remove(&id);
    let rev = rev.ok_or_else(|| format!("{at} and is not on disk whole"))?;
    ensure(id.1 == nonce || rev.form == Some(nonce), || format!("{at} and has another nonce"))?;
    let winner = before.keys().max().copied();
    let mut parents = match (before.get(&id), base) {
        (Some(earlier), _) => earlier.parents.clone(),
        _ if winner.is_some() && winner == base => oracle::parents_of_next(before),
        (_, base) => base.into_iter().filter(|id| rev.parents.contains(id)).collect(),
    };
    if !before.contains_key(&id) {
        parents.extend(also);
    }
    if world.setup.oracle {
        let number = parents.iter().map(|p| p.0).max().unwrap_or(0) + 1;
        ensure(rev.parents == parents && id.0 == number, || {
            format!("{at} with parents {:?} instead of {parents:?}", rev.parents)
        })?;
    }
    world.note(|| {
        let parents: Vec<String> = rev.parents.iter().map(|p| short(*p)).collect();
        format!("{at}, on [{}], {} bytes", parents.join(" "), rev.content.len())
    });
    world.acknowledged.insert((doc, id), rev);
    world.replicas[r].durable.insert((doc, id));
    let document = world.look(r, doc)?;
    let verdict = world.verdict(r, document.as_deref());
    ensure(!also.iter().any(|merged| verdict.heads.contains(merged)), || {
        format!("{at} as a merge and left what it merged open")
    })
}

/// Enters the merge that a save made of what was typed.
fn acknowledge_merge(world: &mut World, r: usize, doc: Doc, id: Id, typed: Id) -> Checked {
    let at = format!("replica {r}, {}: {} was made by a save", DOCS[doc], short(id));
    let rev = world.truth(r, doc).remove(&id);
    let rev = rev.ok_or_else(|| format!("{at} and is not on disk whole"))?;
    ensure(rev.parents.len() > 1 && rev.parents.contains(&typed), || {
        format!("{at} and does not merge {}", short(typed))
    })?;
    world.note(|| format!("{at} as a merge of {}", short(typed)));
    world.acknowledged.insert((doc, id), rev);
    world.replicas[r].durable.insert((doc, id));
    Ok(())
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
    text.extend_from_slice(format!("line {:x}\n", rng.next()).as_bytes());
    text
}

fn edit(world: &mut World, rng: &mut Rng, r: usize, doc: Doc) -> Checked {
    let (set, verdict) = open(world, r, doc)?;
    let base = verdict.winner;
    let how = How::Save(compose(rng, &set, base), MergeOnSave::Clean);
    attempt(world, rng, Attempt { r, doc, base, also: Vec::new(), how })
}

fn edit_something_older(world: &mut World, rng: &mut Rng, r: usize, doc: Doc) -> Checked {
    let (set, _) = open(world, r, doc)?;
    let ids: Vec<Option<Id>> = set.keys().copied().map(Some).chain([None]).collect();
    let base = rng.pick(&ids).copied().flatten();
    let on_save = if rng.chance(50) { MergeOnSave::Clean } else { MergeOnSave::Ask };
    let how = How::Save(compose(rng, &set, base), on_save);
    attempt(world, rng, Attempt { r, doc, base, also: Vec::new(), how })
}

fn merge(world: &mut World, rng: &mut Rng, r: usize, doc: Doc) -> Checked {
    let (set, verdict) = open(world, r, doc)?;
    let mut also = verdict.conflicts;
    rng.shuffle(&mut also);
    also.truncate(1 + rng.below(3));
    if also.is_empty() {
        return edit(world, rng, r, doc);
    }
    let how = How::Save(compose(rng, &set, verdict.winner), MergeOnSave::Clean);
    attempt(world, rng, Attempt { r, doc, base: verdict.winner, also, how })
}

/// Keeps the winner, or makes a losing head the page.
fn settle(world: &mut World, rng: &mut Rng, r: usize, doc: Doc) -> Checked {
    let (_, verdict) = open(world, r, doc)?;
    let also = verdict.conflicts;
    let like = if rng.chance(50) { verdict.winner } else { rng.pick(&also).copied() };
    match like {
        Some(like) if !also.is_empty() => {
            let how = How::Settle(like);
            attempt(world, rng, Attempt { r, doc, base: verdict.winner, also, how })
        }
        _ => Ok(()),
    }
}

fn delete(world: &mut World, rng: &mut Rng, r: usize, doc: Doc) -> Checked {
    let (_, verdict) = open(world, r, doc)?;
    if verdict.winner.is_none() {
        return Ok(());
    }
    let how = How::Save(Vec::new(), MergeOnSave::Clean);
    attempt(world, rng, Attempt { r, doc, base: verdict.winner, also: Vec::new(), how })
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
    attempt(world, rng, Attempt { r, doc, base: verdict.winner, also: Vec::new(), how })
}

fn upload(world: &mut World, rng: &mut Rng, r: usize) -> Checked {
    let (_, verdict) = open(world, r, ATTACHMENT)?;
    let size = [0, 1, 700, 5000][rng.below(4)];
    let content = (0..size).map(|_| rng.next() as u8).collect();
    let how = How::Upload(content);
    attempt(world, rng, Attempt { r, doc: ATTACHMENT, base: verdict.winner, also: Vec::new(), how })
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
    attempt(world, rng, Attempt { r, doc: to, base: there.winner, also: Vec::new(), how })?;
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
