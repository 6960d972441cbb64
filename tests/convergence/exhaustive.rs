//! Every order of a few operations on each of two replicas: saving, merging, exchanging.
//!
//! An editor opens the page when the replica last did something, and saves on that, as people do
//! whose page changes under their hands. A save is a new text, or one line of the old, which merges
//! with what has come in meanwhile. Of replicas that differ in nothing but their numbers one
//! is tried. Nonces rise or fall from step to step, so that either side wins each tie.

use crate::acts;
use crate::exchange::carry;
use crate::healing;
use crate::oracle::Id;
use crate::rng::Rng;
use crate::saves::{self, Attempt, How};
use crate::world::{Checked, Doc, Setup, World};

use everpage::sync::Direction;
use everpage::wiki::MergeOnSave;

const DOC: Doc = 0;
const OPERATIONS: u32 = 4;

/// One of all orders.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    steps: u32,
    /// For each step a bit: which replica does something.
    who: u32,
    /// For each step a digit: what it does.
    what: u32,
    rising: bool,
}

/// Returns all of them, with so many operations on each replica.
pub fn all(each: u32) -> impl Iterator<Item = Order> {
    let steps = 2 * each;
    // The first step is replica 0's.
    let who = (0..1 << steps).filter(move |who: &u32| who.count_ones() == each && who & 1 == 0);
    let what = 0..OPERATIONS.pow(steps);
    who.flat_map(move |who| what.clone().map(move |what| (who, what)))
        .flat_map(move |(who, what)| [true, false].map(|rising| Order { steps, who, what, rising }))
}

impl Order {
    /// Does it all, and returns how many rounds it took until everything was quiet.
    pub fn run(self, setup: Setup) -> Checked<usize> {
        let mut rng = Rng::new(0);
        let world = &mut World::new(setup, 2, &mut rng, false);
        let mut opened: [Option<Id>; 2] = [None, None];
        let mut what = self.what;
        for step in 0..self.steps {
            let r = (self.who >> step & 1) as usize;
            let nonce = nonce(if self.rising { 1 + step } else { self.steps - step });
            match what % OPERATIONS {
                0 => save(world, r, opened[r], nonce)?,
                1 => merge(world, r, nonce)?,
                2 => save_a_line(world, r, opened[r], nonce)?,
                _ => carry(world, r, 1 - r, Direction::Both)?,
            }
            what /= OPERATIONS;
            opened[r] = acts::open(world, r, DOC)?.1.winner;
        }
        let rounds = healing::heal(world, &mut rng)?;
        healing::check(world)?;
        Ok(rounds)
    }
}

/// Far enough apart for others between them.
fn nonce(nth: u32) -> u128 {
    uuid::Builder::from_random_bytes((u128::from(nth) << 120).to_be_bytes()).into_uuid().as_u128()
}

/// Changes the line of this replica in what was opened.
fn save_a_line(world: &mut World, r: usize, base: Option<Id>, nonce: u128) -> Checked {
    let text = base.map(|id| world.truth(r, DOC)[&id].content.clone()).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let mut lines: Vec<&str> = text.lines().collect();
    lines.resize(lines.len().max(3), "a line");
    let new = format!("line {nonce:x}");
    lines[2 * r] = &new;
    let how = How::Save(format!("{}\n", lines.join("\n")).into_bytes(), MergeOnSave::Clean);
    let attempt = Attempt { r, doc: DOC, base, also: Vec::new(), how };
    saves::attempt_as(world, &mut Rng::new(0), &attempt, nonce)
}

fn save(world: &mut World, r: usize, base: Option<Id>, nonce: u128) -> Checked {
    let content = format!("step {nonce:x}\n").into_bytes();
    let how = How::Save(content, MergeOnSave::Ask);
    let attempt = Attempt { r, doc: DOC, base, also: Vec::new(), how };
    saves::attempt_as(world, &mut Rng::new(0), &attempt, nonce)
}

/// Merges everything that waits, if anything does.
fn merge(world: &mut World, r: usize, nonce: u128) -> Checked {
    let (_, verdict) = acts::open(world, r, DOC)?;
    if verdict.conflicts.is_empty() {
        return Ok(());
    }
    let content = format!("merged {nonce:x}\n").into_bytes();
    let how = How::Save(content, MergeOnSave::Ask);
    let attempt = Attempt { r, doc: DOC, base: verdict.winner, also: verdict.conflicts, how };
    saves::attempt_as(world, &mut Rng::new(0), &attempt, nonce)
}
