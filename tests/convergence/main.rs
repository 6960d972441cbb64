//! Convergence, proven by trying: seeded schedules of everything that can happen to replicas.
//!
//! Two to seven replicas, each the real wiki over a store on a simulated disk, are edited, merged,
//! partitioned, copied and crashed. After each step a replica must show exactly what an oracle
//! makes of the bytes on its disk, and nothing it had for good may be gone. In the end everything
//! works again, everyone exchanges until quiet, and then all replicas must be equal and hold every
//! acknowledged revision byte for byte.
//!
//! A schedule follows from its seed alone. One that fails prints the command that repeats it; that
//! command also prints the shortest schedule that still fails, act by act.
//!
//! - `rng.rs`, `disk.rs`, `store.rs`: choices, a disk that may lose power, a store on it.
//! - `oracle.rs`: the rules once more, from the words of the design.
//! - `world.rs`, `acts.rs`, `transport.rs`: replicas, what happens to them, what carries revisions.
//! - `healing.rs`, `runner.rs`: the end of a schedule, and running many.
//! - `belief.rs`: rules got wrong on purpose, to see that it is noticed.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test may fail, and says why")]

use everpage::model;

mod acts;
mod belief;
mod disk;
mod healing;
mod oracle;
mod rng;
mod runner;
mod store;
mod transport;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use belief::Belief;
use runner::{Schedule, run_many};
use store::Flaw;
use world::Setup;

/// How many schedules every run of the tests tries.
const FEW: u64 = 300;
/// How many the long run tries; `EVERPAGE_SIM_SCHEDULES` asks for another number.
const MANY: u64 = 100_000;
/// Within so many schedules each mistake must be caught.
const CAUGHT_WITHIN: u64 = 300;

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|value| value.parse().unwrap())
}

#[test]
fn replicas_converge_and_lose_nothing() {
    if let Err(failure) = run_many(0..FEW, Setup::SOUND, |_, _| {}) {
        panic!("{failure}");
    }
}

#[test]
#[ignore = "takes minutes: tests/run --long"]
fn replicas_converge_in_the_long_run() {
    let schedules = number_from("EVERPAGE_SIM_SCHEDULES").unwrap_or(MANY);
    let begun = Instant::now();
    let (done, revisions) = (AtomicU64::new(0), AtomicU64::new(0));
    let ran = run_many(0..schedules, Setup::SOUND, |_, schedule| {
        revisions.fetch_add(schedule.acknowledged as u64, Ordering::Relaxed);
        let so_far = done.fetch_add(1, Ordering::Relaxed) + 1;
        if so_far.is_multiple_of(schedules.div_ceil(20)) {
            println!("{so_far} schedules, {:.0} s", begun.elapsed().as_secs_f64());
        }
    });
    if let Err(failure) = ran {
        panic!("{failure}");
    }
    let revisions = revisions.into_inner();
    println!("{schedules} schedules, {revisions} acknowledged revisions, none lost");
}

/// Repeats the schedule of `EVERPAGE_SIM_SEED`, and tells what happens in it.
#[test]
fn one_seed() {
    let Some(seed) = number_from("EVERPAGE_SIM_SEED") else { return };
    let schedule = Schedule::of(seed);
    match schedule.run(Setup::SOUND, false) {
        Ok(done) => println!("{done:?}"),
        Err(_) => {
            let failure = schedule.shrunk(Setup::SOUND).run(Setup::SOUND, true).unwrap_err();
            println!("{}", failure.trace.join("\n"));
            panic!("{failure}");
        }
    }
}

#[test]
fn a_schedule_follows_from_its_seed() {
    for seed in 0..20 {
        let told = || {
            let broken = Setup { belief: Belief::LowerNonceWins, ..Setup::SOUND };
            Schedule::of(seed).run(broken, true).map_or_else(|f| (f.what, f.trace), |_| Default::default())
        };
        assert_eq!(told(), told());
    }
}

/// Makes something wrong and returns the number of schedules until that was noticed.
fn caught_after(setup: Setup) -> u64 {
    for seed in 0..CAUGHT_WITHIN {
        if let Err(failure) = Schedule::of(seed).run(setup, false) {
            println!("{setup:?}: caught by seed {seed}, the {}th: {}", seed + 1, failure.what);
            return seed + 1;
        }
    }
    panic!("{setup:?} was not caught by {CAUGHT_WITHIN} schedules");
}

#[test]
fn a_broken_tie_break_is_caught() {
    let broken = Setup { belief: Belief::LowerNonceWins, ..Setup::SOUND };
    caught_after(broken);
    // Without the oracle, by the replicas' disagreement alone.
    caught_after(Setup { oracle: false, ..broken });
}

#[test]
fn a_broken_parent_rule_is_caught() {
    let broken = Setup { belief: Belief::OneParentOnly, ..Setup::SOUND };
    caught_after(broken);
    caught_after(Setup { oracle: false, ..broken });
}

#[test]
fn acknowledging_too_early_is_caught() {
    let mistakes =
        [Flaw::BytesNotSynced, Flaw::NameNotSynced, Flaw::FolderNotSynced, Flaw::NotSettled];
    for mistake in mistakes {
        caught_after(Setup { flaw: Some(mistake), ..Setup::SOUND });
    }
}
