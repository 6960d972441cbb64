//! Running schedules: one by its seed, many at once, and the shortest that still fails.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use parking_lot::Mutex;

use crate::acts;
use crate::healing;
use crate::rng::Rng;
use crate::world::{Setup, Tally, World};

/// A schedule: everything in it follows from the seed.
#[derive(Clone)]
pub struct Schedule {
    seed: u64,
    replicas: usize,
    /// One seed for each act, so that some can be left out and the rest stay what they are.
    acts: Vec<u64>,
}

/// How a schedule failed.
#[derive(Debug, Clone)]
pub struct Failure {
    pub seed: u64,
    pub what: String,
    pub trace: Vec<String>,
}

/// What a schedule that went well came to.
#[derive(Debug, Clone)]
pub struct Done {
    pub acknowledged: usize,
    pub tally: Tally,
    pub rounds: usize,
    pub trace: Vec<String>,
}

impl Schedule {
    pub fn of(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let replicas = 2 + rng.below(6);
        let length = 10 + rng.below(60);
        Self { seed, replicas, acts: (0..length).map(|_| rng.next()).collect() }
    }

    /// Runs the schedule on a new world.
    pub fn run(&self, setup: Setup, traced: bool) -> Result<Done, Failure> {
        let mut rng = Rng::new(!self.seed);
        let mut world = World::new(setup, self.replicas, &mut rng, traced);
        let ran = catch_unwind(AssertUnwindSafe(|| {
            for seed in &self.acts {
                acts::act(&mut world, *seed)?;
            }
            let rounds = healing::heal(&mut world, &mut rng)?;
            healing::check(&mut world)?;
            Ok(rounds)
        }));
        let trace = world.trace.take().unwrap_or_default();
        let what = match ran {
            Ok(Ok(rounds)) => {
                let (acknowledged, tally) = (world.acknowledged.len(), world.tally);
                return Ok(Done { acknowledged, tally, rounds, trace });
            }
            Ok(Err(what)) => what,
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
                format!("a panic: {}", text.unwrap_or_default())
            }
        };
        Err(Failure { seed: self.seed, what, trace })
    }

    /// Leaves out whatever can be left out without the schedule going well.
    pub fn shrunk(&self, setup: Setup) -> Self {
        let mut least = self.clone();
        let mut piece = least.acts.len().div_ceil(2);
        while piece > 0 {
            let mut at = 0;
            while at < least.acts.len() {
                let mut shorter = least.clone();
                shorter.acts.drain(at..(at + piece).min(least.acts.len()));
                if shorter.run(setup, false).is_err() {
                    least = shorter;
                } else {
                    at += piece;
                }
            }
            piece = if piece == 1 { 0 } else { piece.div_ceil(2) };
        }
        least
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "EVERPAGE_SIM_SEED={} cargo test --test convergence one_seed -- --nocapture  # {}",
            self.seed, self.what
        )
    }
}

/// Runs schedules on all cores until one fails or all are done; `progress` hears of each.
pub fn run_many(
    seeds: Range<u64>,
    setup: Setup,
    progress: impl Fn(Done) + Sync,
) -> Result<(), Failure> {
    on_all_cores(seeds, |seed| Schedule::of(seed).run(setup, false).map(&progress))
}

/// Tries numbers on all cores until one fails or all are done.
pub fn on_all_cores<E: Send>(
    numbers: Range<u64>,
    run: impl Fn(u64) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let next = AtomicU64::new(numbers.start);
    let failed: Mutex<Option<E>> = Mutex::new(None);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while failed.lock().is_none() {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= numbers.end {
                        break;
                    }
                    if let Err(failure) = run(number) {
                        failed.lock().get_or_insert(failure);
                    }
                }
            });
        }
    });
    failed.into_inner().map_or(Ok(()), Err)
}
