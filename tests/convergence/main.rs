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
//! - `saves.rs`, `undo.rs`: saves of every kind and merges taken back, and what each must come to.
//! - `peer.rs`, `exchange.rs`, `weather.rs`: the real exchange between peers, and its network.
//! - `hostile.rs`: a peer that lies.
//! - `healing.rs`, `runner.rs`: the end of a schedule, and running many.
//! - `exhaustive.rs`: every order of a few operations.
//! - `supreme.rs`: the same for values whose losers are dropped.
//! - `belief.rs`: rules got wrong on purpose, to see that it is noticed.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test may fail, and says why")]

// Under this name the stores' contract suite finds it.
use everpage::model;

mod acts;
mod belief;
mod disk;
mod exchange;
mod exhaustive;
mod healing;
mod hostile;
mod oracle;
mod peer;
mod rng;
mod runner;
mod saves;
mod store;
mod supreme;
mod transport;
mod undo;
mod weather;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use parking_lot::Mutex;

use belief::Belief;
use runner::{Schedule, on_all_cores, run_many};
use store::Flaw;
use world::{Setup, Tally};

/// How many schedules every run of the tests tries.
const FEW: u64 = 150;
/// How many the long run tries; `EVERPAGE_SIM_SCHEDULES` asks for another number.
const MANY: u64 = 100_000;
/// Within so many schedules each mistake must be caught.
const CAUGHT_WITHIN: u64 = 300;

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|value| value.parse().unwrap())
}

#[test]
fn replicas_converge_and_lose_nothing() {
    let tally = Mutex::new(Tally::default());
    if let Err(failure) = run_many(0..FEW, Setup::SOUND, |done| *tally.lock() += done.tally) {
        panic!("{failure}");
    }
    let tally = tally.into_inner();
    println!("{tally:?}");
    let Tally { yielded, displaced, merged_itself, many_merged, undone } = tally;
    let often = [yielded, merged_itself, many_merged, undone].iter().all(|often| *often >= 10);
    assert!(often && displaced > 0, "too seldom: {tally:?}");
}

#[test]
#[ignore = "takes minutes: tests/run --long"]
fn replicas_converge_in_the_long_run() {
    let schedules = number_from("EVERPAGE_SIM_SCHEDULES").unwrap_or(MANY);
    let begun = Instant::now();
    let (done, revisions, rounds) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let tally = Mutex::new(Tally::default());
    let ran = run_many(0..schedules, Setup::SOUND, |schedule| {
        *tally.lock() += schedule.tally;
        revisions.fetch_add(schedule.acknowledged as u64, Ordering::Relaxed);
        rounds.fetch_max(schedule.rounds as u64, Ordering::Relaxed);
        let so_far = done.fetch_add(1, Ordering::Relaxed) + 1;
        if so_far.is_multiple_of(schedules.div_ceil(20)) {
            println!("{so_far} schedules, {:.0} s", begun.elapsed().as_secs_f64());
        }
    });
    if let Err(failure) = ran {
        panic!("{failure}");
    }
    let (revisions, rounds) = (revisions.into_inner(), rounds.into_inner());
    println!("{schedules} schedules, {revisions} acknowledged revisions, none lost");
    let Tally { yielded, displaced, merged_itself, many_merged, undone } = tally.into_inner();
    println!("{yielded} saves yielded, {merged_itself} merged themselves, {displaced} could not");
    println!(
        "{many_merged} merges of several heads, {undone} merges undone; quiet after at most {rounds} rounds"
    );
}

/// Repeats the schedule of `EVERPAGE_SIM_SEED`, and tells what happens in it.
#[test]
fn one_seed() {
    let Some(seed) = number_from("EVERPAGE_SIM_SEED") else { return };
    let schedule = Schedule::of(seed);
    if let Ok(done) = schedule.run(Setup::SOUND, true) {
        println!("{}\nit goes well", done.trace.join("\n"));
        return;
    }
    let failure = schedule.shrunk(Setup::SOUND).run(Setup::SOUND, true).unwrap_err();
    println!("{}", failure.trace.join("\n"));
    panic!("{failure}");
}

#[test]
fn a_schedule_follows_from_its_seed() {
    for seed in 0..20 {
        let told = || Schedule::of(seed).run(Setup::SOUND, true).unwrap().trace;
        assert_eq!(told(), told());
    }
}

/// Tries every order of so many operations on each of two replicas.
fn assert_all_orders_converge(each: u32) {
    let setup = Setup { only_sync: true, calm: true, ..Setup::SOUND };
    let orders: Vec<_> = exhaustive::all(each).collect();
    let ran = on_all_cores(0..orders.len() as u64, |n| {
        let order = orders[n as usize];
        match order.run(setup) {
            // One brings everything to both, and the next finds nothing to do.
            Ok(rounds) if rounds <= 2 => Ok(()),
            ran => Err(format!("{order:?}: {ran:?}")),
        }
    });
    assert_eq!(ran, Ok(()));
    println!("{} orders of {each} operations on each replica", orders.len());
}

#[test]
fn every_order_of_two_operations_each_converges() {
    assert_all_orders_converge(2);
}

#[test]
#[ignore = "takes half a minute: tests/run --long"]
fn every_order_of_three_operations_each_converges() {
    assert_all_orders_converge(3);
}

/// Makes something wrong and looks that it is noticed.
fn assert_caught(setup: Setup) {
    let failed = |seed| Schedule::of(seed).run(setup, false).err();
    let caught = (0..CAUGHT_WITHIN).find_map(failed);
    assert!(caught.is_some(), "{setup:?} was not caught by {CAUGHT_WITHIN} schedules");
    let caught = caught.unwrap();
    println!("{setup:?}: caught by seed {}: {}", caught.seed, caught.what);
}

#[test]
fn a_broken_tie_break_is_caught() {
    let broken = Setup { belief: Belief::LowerNonceWins, ..Setup::SOUND };
    assert_caught(broken);
    // Without the oracle, by the replicas' disagreement alone.
    assert_caught(Setup { oracle: false, ..broken });
}

#[test]
fn a_broken_parent_rule_is_caught() {
    let broken = Setup { belief: Belief::OneParentOnly, ..Setup::SOUND };
    assert_caught(broken);
    assert_caught(Setup { oracle: false, ..broken });
}

#[test]
fn broken_rules_are_caught_among_peers() {
    for belief in [Belief::LowerNonceWins, Belief::OneParentOnly] {
        let broken = Setup { belief, only_sync: true, ..Setup::SOUND };
        assert_caught(broken);
        assert_caught(Setup { oracle: false, ..broken });
    }
}

#[test]
fn acknowledging_a_peer_too_early_is_caught() {
    let flaw = Some(Flaw::ReceivedNotSynced);
    assert_caught(Setup { flaw, ..Setup::SOUND });
    assert_caught(Setup { flaw, only_sync: true, ..Setup::SOUND });
    assert_caught(Setup { flaw, only_sync: true, oracle: false, ..Setup::SOUND });
}

#[test]
fn peers_alone_converge_and_lose_nothing() {
    let setup = Setup { only_sync: true, ..Setup::SOUND };
    if let Err(failure) = run_many(0..FEW, setup, |_| {}) {
        panic!("{failure}");
    }
}

#[test]
fn acknowledging_too_early_is_caught() {
    let mistakes =
        [Flaw::BytesNotSynced, Flaw::NameNotSynced, Flaw::FolderNotSynced, Flaw::NotSettled];
    for mistake in mistakes {
        assert_caught(Setup { flaw: Some(mistake), ..Setup::SOUND });
    }
}

#[test]
fn saves_and_merges_that_forget_somebody_are_caught() {
    let mistakes = [
        Flaw::YieldKeepsNonce,
        Flaw::MergeNamesTwo,
        Flaw::SaveMergesWithoutTyped,
        Flaw::SaveMergesOnlyWinner,
    ];
    for mistake in mistakes {
        assert_caught(Setup { flaw: Some(mistake), ..Setup::SOUND });
    }
}
