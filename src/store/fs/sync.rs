//! Group commit of directories: savers who wait at the same time share one fsync.
//!
//! A directory's fsync makes durable every name that was published before it *started*. So a saver
//! who comes while one is running waits for the next, and all who wait share that next one.
//!
//! A failed fsync may have dropped names of those who wait for the next as well, and the kernel
//! reports it once only. So a failure reaches everyone who was in the queue with it.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};
use rustix::io::Errno;

use super::dirs::Identity;

/// The fsyncs under way, by directory.
#[derive(Default)]
pub(super) struct DirectorySync {
    queues: Mutex<HashMap<Identity, Arc<Queue>>>,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    /// How many runs have begun and ended; a run is under way where they differ.
    begun: u64,
    ended: u64,
    /// How a run failed, if one did since the queue came to be.
    failed: Option<i32>,
    /// How many savers use this queue now.
    users: usize,
}

impl DirectorySync {
    /// Makes every name durable that is in the directory now, by `fsync` or by another's.
    ///
    /// # Errors
    /// What `fsync` returned, to everyone who relied on that run.
    pub(super) fn sync(
        &self,
        dir: Identity,
        fsync: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<()> {
        let (queue, mine) = {
            let mut queues = self.queues.lock();
            let queue = Arc::clone(queues.entry(dir).or_default());
            let mut state = queue.state.lock();
            state.users += 1;
            // The first run that begins from now on covers us.
            let mine = state.begun + 1;
            drop(state);
            (queue, mine)
        };
        let result = queue.wait_or_lead(mine, fsync);
        let mut queues = self.queues.lock();
        let mut state = queue.state.lock();
        state.users -= 1;
        if state.users == 0 {
            queues.remove(&dir);
        }
        result
    }

    /// Counts the savers who sync or wait.
    #[cfg(test)]
    pub(super) fn users(&self) -> usize {
        self.queues.lock().values().map(|q| q.state.lock().users).sum()
    }
}

impl Queue {
    fn wait_or_lead(&self, mine: u64, fsync: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let mut state = self.state.lock();
        while state.begun != state.ended && state.ended < mine {
            self.ended.wait(&mut state);
        }
        if let Some(errno) = state.failed {
            return Err(io::Error::from_raw_os_error(errno));
        }
        if state.ended >= mine {
            return Ok(());
        }
        state.begun = mine;
        drop(state);
        let result = fsync();
        let mut state = self.state.lock();
        state.ended = mine;
        if let Err(error) = &result {
            state.failed = Some(error.raw_os_error().unwrap_or(Errno::IO.raw_os_error()));
        }
        drop(state);
        self.ended.notify_all();
        result
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    const DIR: Identity = Identity::of_test(1);

    /// Lets eight savers come while a run is under way, which then ends with `first`.
    fn eight_behind_one(first: fn() -> io::Result<()>) -> (usize, Vec<io::Result<()>>) {
        let sync = DirectorySync::default();
        let runs = AtomicUsize::new(0);
        let gate = Barrier::new(2);
        let results = thread::scope(|scope| {
            let leader = scope.spawn(|| {
                sync.sync(DIR, || {
                    runs.fetch_add(1, Ordering::SeqCst);
                    gate.wait();
                    gate.wait();
                    first()
                })
            });
            gate.wait();
            let count = || {
                sync.sync(DIR, || {
                    runs.fetch_add(1, Ordering::SeqCst);
                    Ok(())
                })
            };
            let others: Vec<_> = (0..8).map(|_| scope.spawn(count)).collect();
            while sync.users() < 9 {
                thread::yield_now();
            }
            gate.wait();
            let mut results = vec![leader.join().unwrap()];
            results.extend(others.into_iter().map(|o| o.join().unwrap()));
            results
        });
        assert!(sync.queues.lock().is_empty());
        (runs.into_inner(), results)
    }

    #[test]
    fn savers_who_wait_together_share_the_next_run() {
        let (runs, results) = eight_behind_one(|| Ok(()));
        assert!(results.iter().all(Result::is_ok));
        assert_eq!(runs, 2, "the run under way covers nobody who came later; the next covers all");
    }

    #[test]
    fn a_failure_reaches_those_who_wait_for_the_next_run_too() {
        let (runs, results) = eight_behind_one(|| Err(io::Error::from_raw_os_error(5)));
        assert_eq!(runs, 1, "no fsync is tried again after one failed");
        assert!(results.iter().all(|r| r.as_ref().is_err_and(|e| e.raw_os_error() == Some(5))));
    }
}
