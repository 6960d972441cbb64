//! Keeping a replica in step with a peer for ever.
//!
//! One thread for each peer does everything that exchanges, so there are never two runs at once
//! against it. It compares everything when it meets the peer, and whenever it cannot be sure to have
//! heard of everything; from then on it fetches what the peer says is new there ([`Heard`]) and hands
//! over what is new here ([`Live`]). A second thread, the ear, does nothing but wait for the peer's
//! news; it holds no revision, so nobody needs to wait for it when the server stops.
//!
//! What either side knows the other to hold ([`Elsewhere`]) is not sent again, so changes that travel in a
//! circle of servers die out. Nothing is remembered across restarts, and no queue grows: both
//! directions are a place in a feed, and a place that is gone means to compare once more.

mod status;
mod worker;

use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use parking_lot::{Condvar, Mutex};

pub use self::status::{State, Status, Trouble};
use self::worker::Worker;
use super::elsewhere::Elsewhere;
use super::identity::Hello;
use super::item::ItemHash;
use super::remote::{Follow, Heard, RemoteError};
use super::replica::Replica;
use super::run::Direction;
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;

/// How long a run may go on after the server was asked to stop. Whatever it breaks off, the next
/// start finishes.
const FAREWELL: Duration = Duration::from_secs(5);

/// A replica that tells what is new in it, for as long as it is served.
pub trait Live: Replica {
    /// Returns the place in its news after everything that has happened.
    fn place(&self) -> String;

    /// Returns the revisions that came after a place, and the place to ask from next time; `None`
    /// where the place is not known any more.
    fn since(&self, place: &str) -> Option<(Vec<(DocPath, RevisionId)>, String)>;

    /// Returns how many times a revision was found to be damaged or gone.
    fn alarms(&self) -> u64;

    /// Calls `bell` after everything that may concern a follower; it must return at once.
    fn on_news(&self, bell: Box<dyn Fn() + Send + Sync>);

    /// Returns what other replicas are known to hold.
    fn elsewhere(&self) -> &Elsewhere;

    /// Tells the time, for people to read.
    fn now(&self) -> Timestamp;

    /// Draws a random number.
    fn draw(&self) -> u64;
}

/// Gives the peer to speak with, or says in words what is wrong with its settings. It is asked again
/// after each failure, so that a token can be replaced without a restart.
pub type Connect = Box<dyn Fn() -> Result<Arc<dyn Follow>, String> + Send + Sync>;

/// Keeps a replica in step with one peer until it is stopped or dropped.
pub struct Follower {
    shared: Arc<Shared>,
    live: Weak<dyn Live>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    desk: Mutex<Desk>,
    rung: Condvar,
    status: Mutex<Status>,
    told: Condvar,
    /// The place up to which everything here was handed over or was there.
    handed_over: Mutex<Option<String>>,
}

/// What waits for the thread to look at it: always a bounded amount.
#[derive(Default)]
struct Desk {
    stop: bool,
    ended: bool,
    /// A person wants a run now.
    asked: bool,
    /// Something may be new here.
    rung: bool,
    /// Which of its ears the thread listens to.
    session: u64,
    heard: Option<Result<(Hello, Heard), RemoteError>>,
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follower")
            .field("status", &*self.shared.status.lock())
            .finish_non_exhaustive()
    }
}

impl Follower {
    /// Starts to follow the peer that people call `name`.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn start(
        live: Arc<dyn Live>,
        name: &str,
        direction: Direction,
        connect: Connect,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            desk: Mutex::default(),
            rung: Condvar::new(),
            status: Mutex::new(Status::new(name, direction)),
            told: Condvar::new(),
            handed_over: Mutex::default(),
        });
        let bell = Arc::downgrade(&shared);
        live.on_news(Box::new(move || {
            if let Some(shared) = bell.upgrade() {
                shared.desk.lock().rung = true;
                shared.rung.notify_all();
            }
        }));
        let weak = Arc::downgrade(&live);
        let worker = Worker::new(Arc::clone(&shared), live, direction, connect);
        let thread = thread::Builder::new().name("peer".to_owned()).spawn(move || worker.run())?;
        Ok(Self { shared, live: weak, thread: Mutex::new(Some(thread)) })
    }

    /// Tells how it is going.
    pub fn status(&self) -> Status {
        let mut status = self.shared.status.lock().clone();
        // What was saved since the peer was heard of last is owed, too.
        let place = self.shared.handed_over.lock().clone();
        if let (Some(place), Some(live)) = (place, self.live.upgrade())
            && let Some((news, _)) = live.since(&place)
        {
            let replica = status.replica.as_deref().and_then(|id| id.parse().ok());
            let there = |item| replica.is_some_and(|id| live.elsewhere().has(id, &item));
            let owed = news.iter().filter(|(p, id)| !there(ItemHash::of(&p.key(), *id))).count();
            status.owed_there += owed as u64;
        }
        status
    }

    /// Waits until the follower is as wanted, but no longer than that, and tells how it is going.
    pub fn await_change(&self, longest: Duration, wanted: impl Fn(&Status) -> bool) -> Status {
        let end = Instant::now() + longest;
        let mut status = self.shared.status.lock();
        while !wanted(&status) {
            if self.shared.told.wait_until(&mut status, end).timed_out() {
                break;
            }
        }
        drop(status);
        self.status()
    }

    /// Compares everything now, also while it would wait.
    pub fn sync_now(&self) {
        self.shared.desk.lock().asked = true;
        self.shared.rung.notify_all();
    }

    /// Compares everything now, and waits until that has been tried, but no longer than that.
    pub fn sync_and_wait(&self, longest: Duration) {
        let before = self.shared.status.lock().tries;
        self.sync_now();
        self.await_change(longest, |status| status.tries > before);
    }

    /// Ends following. A run that goes on gets a limited time.
    pub fn stop(&self) {
        let mut desk = self.shared.desk.lock();
        desk.stop = true;
        self.shared.rung.notify_all();
        let Some(thread) = self.thread.lock().take() else { return };
        let end = Instant::now() + FAREWELL;
        while !desk.ended {
            if self.shared.rung.wait_until(&mut desk, end).timed_out() {
                return;
            }
        }
        drop(desk);
        let _ = thread.join();
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.stop();
    }
}
