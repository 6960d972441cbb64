//! Group commit of directories: savers who wait at the same time share one fsync.
//!
//! A directory's fsync makes durable every name that was published before it *started*. So a saver
//! who comes while one is running waits for the next, and all who wait share that next one.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

/// The fsyncs under way, by directory.
#[derive(Default)]
pub(super) struct DirectorySync {
    queues: Mutex<HashMap<PathBuf, Arc<Queue>>>,
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
    /// The latest run that failed, and how.
    failed: Option<(u64, i32)>,
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
        dir: &Path,
        fsync: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<()> {
        let queue = {
            let mut queues = self.queues.lock();
            let queue = Arc::clone(queues.entry(dir.to_owned()).or_default());
            queue.state.lock().users += 1;
            queue
        };
        let result = queue.wait_or_lead(fsync);
        let mut queues = self.queues.lock();
        let mut state = queue.state.lock();
        state.users -= 1;
        if state.users == 0 {
            queues.remove(dir);
        }
        result
    }
}

impl Queue {
    fn wait_or_lead(&self, fsync: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let mut state = self.state.lock();
        // The first run that begins from now on covers us.
        let mine = state.begun + 1;
        while state.begun != state.ended && state.ended < mine {
            self.ended.wait(&mut state);
        }
        if state.ended < mine {
            state.begun += 1;
            let run = state.begun;
            drop(state);
            let result = fsync();
            let mut state = self.state.lock();
            state.ended = run;
            if let Err(error) = &result {
                state.failed = Some((run, error.raw_os_error().unwrap_or(5)));
            }
            drop(state);
            self.ended.notify_all();
            return result;
        }
        match state.failed {
            // A later run's success says nothing: after a failure the kernel forgets what was lost.
            Some((run, errno)) if run >= mine => Err(io::Error::from_raw_os_error(errno)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn waiting_savers_share_a_run_that_began_after_they_came() {
        let sync = DirectorySync::default();
        let runs = AtomicUsize::new(0);
        let gate = Barrier::new(2);
        thread::scope(|scope| {
            let first = scope.spawn(|| {
                sync.sync(Path::new("d"), || {
                    runs.fetch_add(1, Ordering::SeqCst);
                    gate.wait();
                    gate.wait();
                    Ok(())
                })
            });
            gate.wait();
            let others: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        sync.sync(Path::new("d"), || {
                            runs.fetch_add(1, Ordering::SeqCst);
                            Ok(())
                        })
                    })
                })
                .collect();
            // All eight hold the queue before the first run ends.
            while sync.queues.lock().get(Path::new("d")).is_none_or(|q| q.state.lock().users < 9) {
                thread::yield_now();
            }
            gate.wait();
            assert!(first.join().unwrap().is_ok());
            for other in others {
                assert!(other.join().unwrap().is_ok());
            }
        });
        assert!(runs.load(Ordering::SeqCst) <= 9);
        assert!(runs.load(Ordering::SeqCst) >= 2, "the run under way covers nobody who came later");
        assert!(sync.queues.lock().is_empty());
    }

    #[test]
    fn a_failure_reaches_everyone_who_relied_on_the_run() {
        let sync = DirectorySync::default();
        let failed = sync.sync(Path::new("d"), || Err(io::Error::from_raw_os_error(5)));
        assert_eq!(failed.unwrap_err().raw_os_error(), Some(5));
        assert!(sync.sync(Path::new("d"), || Ok(())).is_ok());
    }
}
