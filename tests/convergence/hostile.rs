//! A peer that lies: nothing of what it sends may get into a page, or keep out what is honest.

use std::io::{self, Read};

use everpage::model::revision::{MAX_NUMBER, RevisionId};
use everpage::sync::frame::FrameHead;
use everpage::sync::{
    Fate, Hello, Item, ItemHash, Options, Outcome, PROTOCOL, Remote, RemoteError, ReplicaId, Set,
    sync,
};
use uuid::Uuid;

use crate::belief::Belief;
use crate::exchange::{in_process, look_everywhere};
use crate::oracle::{self, Id};
use crate::rng::Rng;
use crate::transport::bytes;
use crate::weather::END;
use crate::world::{Checked, DOCS, Doc, World, ensure, must, name, path};

/// A lie: which revision it says it is, and its file.
struct Lie {
    id: RevisionId,
    file: Vec<u8>,
}

/// Somebody who holds nothing but lies about one document.
struct Mallory {
    doc: Doc,
    lies: Vec<Lie>,
}

/// A stranger pushes lies to a replica, or is asked for them.
pub fn lie(world: &mut World, rng: &mut Rng, r: usize, doc: Doc) -> Checked {
    world.wake(r)?;
    let peer = world.peer(r)?;
    must("look", peer.look())?;
    let mut lies = lies(world, rng, r, doc);
    rng.shuffle(&mut lies);
    lies.truncate(1 + rng.below(3));
    world.note(|| format!("replica {r}, {}: a stranger sends {} lies", DOCS[doc], lies.len()));
    let mallory = Mallory { doc, lies };
    if rng.chance(50) {
        let ran = sync(&*peer, &mallory, Options::default(), &|_| {});
        let summary = must("syncing with a stranger", ran)?;
        ensure(summary.received == 0 && summary.healed == 0, || {
            format!("replica {r} believes a stranger: {summary:?}")
        })?;
    } else {
        let all: Vec<&Lie> = mallory.lies.iter().collect();
        let stream = mallory.frames(&all);
        let pushed = in_process(&peer, "mallory").push(&hello(), &mut &stream[..]);
        let outcomes = must("a stranger's push", pushed)?;
        let refused = |outcome: &Outcome| matches!(outcome.fate, Fate::Quarantined { .. });
        ensure(outcomes.iter().all(refused) && outcomes.len() == mallory.lies.len(), || {
            format!("replica {r} believes a stranger: {outcomes:?}")
        })?;
    }
    look_everywhere(world, r)
}

fn lies(world: &World, rng: &mut Rng, r: usize, doc: Doc) -> Vec<Lie> {
    let held = world.truth(r, doc);
    let highest = held.keys().max().copied();
    let next = highest.map_or(1, |id| id.0 + 1);
    let parent = highest.map_or_else(String::new, |id| format!("Parent: {}\n", name(id)));
    let mut lies = Vec::new();
    let mut tell = |number: u64, rest: &dyn Fn(&str) -> String| {
        let nonce = Uuid::from_u128(rng.nonce());
        let id = RevisionId::new(number, nonce).expect("a number that may be");
        lies.push(Lie { id, file: rest(&id.to_string()).into_bytes() });
    };
    tell(next + 5, &|own| format!("Revision: {own}\n{parent}\nskips"));
    tell(next + 1, &|own| format!("Revision: {own}\n\nhas no parents"));
    let before = MAX_NUMBER - 1;
    let last = format!("Parent: {before}-00000000-0000-4000-8000-000000000000\n");
    tell(MAX_NUMBER, &|own| format!("Revision: {own}\n{last}\nends the page for ever"));
    tell(MAX_NUMBER, &|_| "by hand, and ends the page for ever".to_owned());
    let digest = "0".repeat(64);
    tell(next, &|own| format!("Revision: {own}\n{parent}Digest: sha256:{digest}\n\naltered"));
    tell(next, &|own| format!("Revision: {own}\n{parent}Length: 900\n\nshort"));
    let other = "7-00000000-0000-4000-8000-000000000007";
    tell(next, &|_| format!("Revision: {other}\n\nis another one"));
    // About revisions that are honest: those that are here, and those that are still to come.
    for q in 0..world.replicas.len() {
        for (id, rev) in world.truth(q, doc) {
            let mut file = bytes(world, q, doc, id).to_vec();
            if held.contains_key(&id) {
                file.extend_from_slice(b"and more");
                if rev.bare || oracle::parse(&name(id), &file).is_some() {
                    lies.push(Lie { id: Belief::Sound.sees(id), file });
                }
            } else if !rev.bare {
                lies.push(Lie { id: Belief::Sound.sees(id), file: spoiled(rng, id, file) });
            }
        }
    }
    lies
}

/// Makes of an honest file one that may not enter.
fn spoiled(rng: &mut Rng, id: Id, mut file: Vec<u8>) -> Vec<u8> {
    if rng.chance(50) {
        file.push(b'!');
        return file;
    }
    let nonce = Uuid::from_u128(rng.nonce());
    format!("Revision: {}\nParent: {}-{nonce}\n\nskips", name(id), id.0 + 3).into_bytes()
}

/// A stranger who knows which wiki it is.
fn hello() -> Hello {
    let wiki = crate::peer::place(0).ok().and_then(|place| place.wiki_id().ok()?);
    Hello { protocol: PROTOCOL, replica: ReplicaId(Uuid::max()), wiki, largest: u64::MAX }
}

impl Mallory {
    fn hash(&self, lie: &Lie) -> ItemHash {
        ItemHash::of(&path(self.doc).key(), lie.id)
    }

    fn frames(&self, lies: &[&Lie]) -> Vec<u8> {
        let mut stream = Vec::new();
        for Lie { id, file } in lies {
            let name = DOCS[self.doc].to_owned();
            let head = FrameHead { name, id: id.to_string(), length: file.len() as u64 };
            stream.extend(head.encode());
            stream.extend_from_slice(file);
        }
        stream.push(END);
        stream
    }
}

impl Remote for Mallory {
    fn name(&self) -> String {
        "mallory".to_owned()
    }

    fn reconcile(&self, _: &Hello, message: &[u8]) -> Result<(Hello, Vec<u8>), RemoteError> {
        let items = self.lies.iter().map(|lie| Item { timestamp: 1, hash: self.hash(lie) });
        let answer = Set::new(items).answer(message);
        let reason = |e: everpage::sync::set::Malformed| e.to_string();
        let answer = answer.map_err(reason);
        let peer = self.name();
        answer
            .map(|answer| (hello(), answer))
            .map_err(|reason| RemoteError::Protocol { peer, reason })
    }

    fn fetch(&self, _: &Hello, wanted: &[ItemHash]) -> Result<Box<dyn Read + '_>, RemoteError> {
        let mut lies: Vec<&Lie> = Vec::new();
        for lie in &self.lies {
            let known = lies.iter().any(|other| other.id == lie.id);
            if wanted.contains(&self.hash(lie)) && !known {
                lies.push(lie);
            }
        }
        Ok(Box::new(io::Cursor::new(self.frames(&lies))))
    }

    fn push(&self, _: &Hello, frames: &mut dyn Read) -> Result<Vec<Outcome>, RemoteError> {
        let _ = io::copy(frames, &mut io::sink());
        Ok(Vec::new())
    }
}
