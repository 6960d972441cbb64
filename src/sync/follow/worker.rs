//! The thread that exchanges with one peer, and the ear that waits for the peer's news.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::status::{State, Status, Trouble, advice, words};
use super::{Connect, Live, Shared};
use crate::sync::error::{Refused, ReplicaError, SyncError};
use crate::sync::host::hello_of;
use crate::sync::identity::Hello;
use crate::sync::item::ItemHash;
use crate::sync::receive::{Fate, Outcome};
use crate::sync::remote::{Follow, Heard, Remote, RemoteError};
use crate::sync::run::{Direction, Options, Progress, Summary, fetch_news, push_news, sync};

/// How long a follower waits after its first failure; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest that it waits.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How often everything is compared although nothing was missed: one round trip.
const SAFETY_NET: Duration = Duration::from_secs(300);
/// How many runs follow each other until one finds nothing to fetch.
const MOST_RUNS: usize = 3;
/// Why the thread gives up on its peer for a while.
enum GivenUp {
    /// The settings cannot be used.
    Settings(String),
    Sync(SyncError),
}

impl<E: Into<SyncError>> From<E> for GivenUp {
    fn from(error: E) -> Self {
        Self::Sync(error.into())
    }
}

/// What made the thread look up.
#[derive(Default)]
struct Woken {
    stop: bool,
    asked: bool,
    rung: bool,
    heard: Option<Result<(Hello, Heard), RemoteError>>,
}

pub(super) struct Worker {
    shared: Arc<Shared>,
    live: Arc<dyn Live>,
    direction: Direction,
    connect: Connect,
    /// How many alarms had been given when everything was compared last.
    alarms: u64,
    /// When everything is compared at the latest.
    next_net: Instant,
}

impl Worker {
    pub(super) fn new(
        shared: Arc<Shared>,
        live: Arc<dyn Live>,
        direction: Direction,
        connect: Connect,
    ) -> Self {
        Self { shared, live, direction, connect, alarms: 0, next_net: Instant::now() }
    }

    pub(super) fn run(mut self) {
        while let Err(given_up) = self.session() {
            let pause = self.fail(&given_up);
            if !self.sleep(pause) {
                break;
            }
        }
        self.tell(|status, _| status.state = State::Stopped);
        let mut desk = self.shared.desk.lock();
        desk.stop = true;
        desk.ended = true;
        self.shared.rung.notify_all();
    }

    /// Meets the peer and follows it until it is lost; returns where it shall stop.
    fn session(&mut self) -> Result<(), GivenUp> {
        if !self.wait_until_read()? {
            return Ok(());
        }
        let remote = (self.connect)().map_err(GivenUp::Settings)?;
        let remote: &Arc<dyn Follow> = &remote;
        // The first run gives the wiki its id, where it has none; the places are taken after it, and
        // what came meanwhile is found by the second one.
        self.compare(&**remote)?;
        let hello = hello_of(&*self.live)?;
        let (theirs, heard) = remote.feed(&hello, None)?;
        self.meet(&theirs, &heard);
        self.compare_until_equal(&**remote)?;
        self.tell(|status, _| {
            (status.state, status.trouble, status.next_try) = (State::Following, None, None);
            status.failures = 0;
        });
        tracing::info!(peer = remote.name(), "in sync with a peer");
        let session = {
            let mut desk = self.shared.desk.lock();
            desk.session += 1;
            desk.heard = None;
            desk.session
        };
        let ear = Ear {
            shared: Arc::clone(&self.shared),
            remote: Arc::clone(remote),
            hello,
            cursor: heard.cursor,
            session,
        };
        thread::Builder::new()
            .name("peer-ear".to_owned())
            .spawn(move || ear.listen())
            .map_err(|e| GivenUp::Settings(format!("could not start a thread: {e}")))?;
        let followed = self.follow(remote, theirs);
        // The ear ends as soon as it notices.
        self.shared.desk.lock().session += 1;
        self.shared.rung.notify_all();
        followed
    }

    /// Waits until the pages have been read; tells whether to go on.
    fn wait_until_read(&self) -> Result<bool, GivenUp> {
        loop {
            match self.live.set() {
                Ok(_) => return Ok(true),
                Err(ReplicaError::NotReady) => {}
                Err(error) => return Err(error.into()),
            }
            if self.wait(Instant::now() + Duration::from_secs(1)).stop {
                return Ok(false);
            }
        }
    }

    /// Takes what comes from either side, one after the other.
    fn follow(&mut self, remote: &Arc<dyn Follow>, mut theirs: Hello) -> Result<(), GivenUp> {
        // What was rung before the places were taken was found by comparing.
        loop {
            let woken = self.wait(self.next_net);
            if woken.stop {
                return Ok(());
            }
            let mut everything = woken.asked || Instant::now() >= self.next_net;
            if let Some(heard) = woken.heard {
                let (hello, heard) = heard?;
                theirs = hello;
                self.meet(&theirs, &heard);
                everything |= heard.lost || self.take_news(&**remote, &theirs, &heard.items)?;
            }
            everything |= self.live.alarms() != self.alarms;
            if woken.rung && !everything {
                everything = !self.hand_over(&**remote, &theirs)?;
            }
            if everything {
                self.compare_until_equal(&**remote)?;
                self.tell(|status, _| status.state = State::Following);
            }
        }
    }

    /// Fetches what is new there; tells whether everything has to be compared.
    fn take_news(
        &self,
        remote: &dyn Remote,
        theirs: &Hello,
        items: &[ItemHash],
    ) -> Result<bool, GivenUp> {
        for item in items {
            self.live.elsewhere().note(theirs.replica, *item);
        }
        if self.direction == Direction::Push || items.is_empty() {
            return Ok(false);
        }
        let (summary, waits) = fetch_news(&*self.live, remote, items)?;
        self.tell(|status, now| {
            count(status, &summary);
            status.last_success = Some(now);
        });
        Ok(waits)
    }

    /// Hands over what is new here and not known to be there; tells whether that is all there is to
    /// do, rather than comparing everything.
    fn hand_over(&self, remote: &dyn Remote, theirs: &Hello) -> Result<bool, GivenUp> {
        if !self.may_push() {
            return Ok(true);
        }
        let place = self.shared.handed_over.lock().clone().unwrap_or_default();
        let Some((mut news, next)) = self.live.since(&place) else { return Ok(false) };
        let items: Vec<ItemHash> = news.iter().map(|(p, id)| ItemHash::of(&p.key(), *id)).collect();
        let mut known = items.iter().map(|item| self.live.elsewhere().has(theirs.replica, item));
        news.retain(|_| !known.next().unwrap_or_default());
        if !news.is_empty() {
            match push_news(&*self.live, remote, news, theirs.largest) {
                Ok(summary) => {
                    self.tell(|status, now| {
                        count(status, &summary);
                        (status.last_contact, status.last_success) = (Some(now), Some(now));
                    });
                }
                Err(error) if is_read_only(&error) => {
                    self.tell(|status, _| status.read_only = true);
                    return Ok(true);
                }
                Err(error) => return Err(error.into()),
            }
        }
        *self.shared.handed_over.lock() = Some(next);
        Ok(true)
    }

    fn may_push(&self) -> bool {
        self.direction != Direction::Pull && !self.shared.status.lock().read_only
    }

    /// Compares everything until nothing more comes, so that what came is not taken for news.
    fn compare_until_equal(&mut self, remote: &dyn Follow) -> Result<(), GivenUp> {
        for _ in 0..MOST_RUNS {
            if self.compare(remote)? == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Compares everything and exchanges what either side lacks; returns how much came.
    fn compare(&mut self, remote: &dyn Follow) -> Result<u64, GivenUp> {
        self.tell(|status, _| status.state = State::Comparing);
        let (place, alarms) = (self.live.place(), self.live.alarms());
        let run = |direction| {
            let options = Options { direction, ..Options::default() };
            sync(&*self.live, remote, options, &|progress| self.follow_progress(progress))
        };
        let direction = match self.direction {
            Direction::Both if !self.may_push() => Direction::Pull,
            direction => direction,
        };
        let summary = match run(direction) {
            Err(error) if is_read_only(&error) && self.direction == Direction::Both => {
                self.tell(|status, _| status.read_only = true);
                run(Direction::Pull)?
            }
            other => other?,
        };
        let pushed = self.may_push();
        // In one step, so that nobody sees what was sent counted and still owed.
        self.tell(|status, now| {
            count(status, &summary);
            (status.last_contact, status.last_success) = (Some(now), Some(now));
            status.tries += 1;
            let came = summary.received + summary.healed;
            status.owed_here = if self.direction == Direction::Push {
                summary.missing_here
            } else {
                summary.not_sent
            };
            status.owed_there = if pushed {
                summary.too_large + summary.refused.len() as u64
            } else {
                // What was here under another date is among it; that it is close is enough here.
                summary.missing_there
            };
            if came > 0 || summary.sent > 0 {
                let (received, sent) = (came, summary.sent);
                tracing::info!(peer = status.name, received, sent, "exchanged revisions");
            }
        });
        *self.shared.handed_over.lock() = Some(place);
        self.alarms = alarms;
        self.next_net = Instant::now() + SAFETY_NET;
        Ok(summary.received + summary.healed)
    }

    /// While a run goes on, what is left of it is what is owed.
    fn follow_progress(&self, progress: Progress) {
        self.tell(|status, _| match progress {
            Progress::Comparing(_) => {}
            Progress::Fetching(done, total) => status.owed_here = total.saturating_sub(done),
            Progress::Pushing(done, total) => status.owed_there = total.saturating_sub(done),
        });
    }

    fn meet(&self, theirs: &Hello, heard: &Heard) {
        self.tell(|status, now| {
            status.met(theirs.replica, now);
            status.read_only = heard.read_only;
        });
    }

    /// Says once what keeps the two apart; returns how long to wait before the next try.
    fn fail(&self, given_up: &GivenUp) -> Duration {
        let (message, advice) = match given_up {
            GivenUp::Settings(message) => (message.clone(), ""),
            GivenUp::Sync(error) => (words(error), advice(error)),
        };
        let mut pause = Duration::ZERO;
        self.tell(|status, now| {
            status.state = State::Waiting;
            status.failures += 1;
            pause = self.pause(status.failures);
            status.next_try =
                SignedDuration::try_from(pause).ok().and_then(|p| now.checked_add(p).ok());
            status.tries += 1;
            if status.fail(message, advice, now)
                && let Some(Trouble { message, .. }) = &status.trouble
            {
                tracing::warn!(peer = status.name, "a peer cannot be followed now: {message}");
            }
        });
        pause
    }

    /// Returns how long to wait: twice as long each time, and never as long as the others do.
    fn pause(&self, failures: u32) -> Duration {
        let doubled = FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(16));
        let longest = doubled.min(LONGEST_PAUSE);
        longest / 2 + longest.mul_f64((self.live.draw() >> 32) as f64 / 2_f64.powi(33))
    }

    /// Waits before the next try; tells whether to go on. A person can make it shorter.
    fn sleep(&self, pause: Duration) -> bool {
        let end = Instant::now() + pause;
        let mut desk = self.shared.desk.lock();
        while !desk.stop && !desk.asked {
            if self.shared.rung.wait_until(&mut desk, end).timed_out() {
                break;
            }
        }
        desk.asked = false;
        !desk.stop
    }

    /// Waits until there is something to do, or until then.
    fn wait(&self, end: Instant) -> Woken {
        let mut desk = self.shared.desk.lock();
        while !desk.stop && !desk.asked && !desk.rung && desk.heard.is_none() {
            if self.shared.rung.wait_until(&mut desk, end).timed_out() {
                break;
            }
        }
        let woken = Woken {
            stop: desk.stop,
            asked: std::mem::take(&mut desk.asked),
            rung: std::mem::take(&mut desk.rung),
            heard: desk.heard.take(),
        };
        // The ear may lay down what comes next.
        self.shared.rung.notify_all();
        woken
    }

    fn tell(&self, change: impl FnOnce(&mut Status, Timestamp)) {
        change(&mut self.shared.status.lock(), self.live.now());
        self.shared.told.notify_all();
    }
}

/// Adds what one exchange did to what is said of the peer.
fn count(status: &mut Status, summary: &Summary) {
    status.received += summary.received;
    status.sent += summary.sent;
    status.healed += summary.healed;
    let Some(Outcome { path, id, fate }) = summary.refused.last() else { return };
    let reason = match fate {
        Fate::Quarantined { reason } => reason,
        _ => "its parents are missing there",
    };
    let words = format!("{path} {id}: {reason}");
    if status.refused.as_ref() != Some(&words) {
        tracing::warn!(peer = status.name, path, id, reason, "a peer set a revision aside");
        status.refused = Some(words);
    }
}

fn is_read_only(error: &SyncError) -> bool {
    let SyncError::Remote(RemoteError::Refused(refused)) = error else { return false };
    *refused == Refused::ReadOnlyToken
}

/// Waits for the news of a peer and lays them on the desk, one after the other.
struct Ear {
    shared: Arc<Shared>,
    remote: Arc<dyn Follow>,
    hello: Hello,
    cursor: String,
    session: u64,
}

impl Ear {
    fn listen(mut self) {
        loop {
            let answer = self.remote.feed(&self.hello, Some(&self.cursor));
            let failed = answer.is_err();
            if let Ok((_, heard)) = &answer {
                self.cursor.clone_from(&heard.cursor);
            }
            let mut desk = self.shared.desk.lock();
            while desk.heard.is_some() && !desk.stop && desk.session == self.session {
                self.shared.rung.wait(&mut desk);
            }
            if desk.stop || desk.session != self.session {
                return;
            }
            desk.heard = Some(answer);
            self.shared.rung.notify_all();
            if failed {
                return;
            }
        }
    }
}
