//! The threads that keep the catalog in step: scanning, and following the watcher's hints.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{Wiki, WikiError};
use crate::store::watch::{Hint, Watch};
use crate::store::{DiskDir, StoreError};

/// How long hints are gathered before they are followed.
const GATHER: Duration = Duration::from_millis(20);
/// How often everything is looked at while the watcher works.
const SCAN_INTERVAL: Duration = Duration::from_secs(30);
/// How often everything is looked at without a watcher.
const SCAN_INTERVAL_BLIND: Duration = Duration::from_secs(2);
/// A scan may take up at most this share of the time.
const SCAN_SHARE: u32 = 20;
/// A scan that a hint asks for waits this many times as long as the last one took.
const HINTED_SCAN_SHARE: u32 = 4;

/// The running background work; dropping it ends it.
#[derive(Debug)]
pub struct Background {
    wiki: Arc<Wiki>,
    wake: Sender<Hint>,
    threads: Vec<JoinHandle<()>>,
}

impl Drop for Background {
    fn drop(&mut self) {
        self.wiki.stopping.store(true, Ordering::Relaxed);
        // The thread is gone already if it panicked.
        let _ = self.wake.send(Hint::Everything);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Wiki {
    /// Starts looking at everything once, and then following changes until the result is dropped.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn start(self: &Arc<Self>) -> std::io::Result<Background> {
        let (wake, hints) = channel();
        let (ask, asked) = channel();
        let scanner =
            Scanner { wiki: Arc::clone(self), asked, hints: wake.clone(), watch: None, root: None };
        let follower = Follower { wiki: Arc::clone(self), hints, scanner: ask };
        // A thread each, so that no hint waits for a scan to end.
        let mut background = Background { wiki: Arc::clone(self), wake, threads: Vec::new() };
        let thread = |name: &str| std::thread::Builder::new().name(name.to_owned());
        background.threads.push(thread("follow").spawn(move || follower.run())?);
        background.threads.push(thread("scan").spawn(move || scanner.run())?);
        Ok(background)
    }

    /// Looks at one directory now, whatever its stamp says.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(super) fn refresh_dir(&self, dir: &DiskDir) -> Result<Followed, WikiError> {
        let key = dir.path().key();
        let lock = self.lock(&key);
        let _guard = lock.lock();
        let begun = Instant::now();
        let known = self.catalog.get(&key);
        let mut dirs: Vec<DiskDir> =
            known.iter().flat_map(|d| d.dirs.iter().map(|(d, _)| d.clone())).collect();
        if !dirs.contains(dir) {
            dirs.push(dir.clone());
        }
        let mut listings = Vec::with_capacity(dirs.len());
        for dir in dirs {
            let listing = self.store.list(&dir)?;
            listings.push((dir, listing));
        }
        let maybe_folder =
            listings.iter().any(|(d, l)| d == dir && l.stamp.is_some() && l.revisions.is_empty());
        if !known.as_deref().is_some_and(|d| super::refresh::as_listed(d, &listings)) {
            self.take_in(&key, known.as_deref(), listings)?;
        }
        self.mark_checked(&key, begun);
        Ok(if maybe_folder { Followed::MaybeFolder } else { Followed::Document })
    }
}

/// What a hinted directory turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Followed {
    Document,
    /// It is there and holds no revision: documents may lie below it.
    MaybeFolder,
}

/// Looks at everything: at the start, now and then, and when somebody asks.
struct Scanner {
    wiki: Arc<Wiki>,
    /// Ends when the follower does.
    asked: Receiver<()>,
    hints: Sender<Hint>,
    watch: Option<Watch>,
    /// Which directory is watched, to notice that it was put back as another one.
    root: Option<u64>,
}

impl Scanner {
    fn run(mut self) {
        let mut next_scan = Instant::now();
        let mut earliest_scan = next_scan;
        let mut failing = false;
        loop {
            if self.wiki.stopping.load(Ordering::Relaxed) {
                return;
            }
            if Instant::now() >= next_scan.max(earliest_scan) {
                self.watch_root();
                let begun = Instant::now();
                match self.wiki.scan() {
                    Ok(()) => failing = false,
                    Err(error) => {
                        if !failing {
                            tracing::warn!(%error, "the pages cannot be reached");
                        }
                        failing = true;
                    }
                }
                let took = begun.elapsed();
                tracing::debug!(?took, "looked at everything");
                let interval = if self.watch.is_some() && !failing {
                    SCAN_INTERVAL
                } else {
                    SCAN_INTERVAL_BLIND
                };
                next_scan = Instant::now() + interval.max(took * SCAN_SHARE);
                earliest_scan = Instant::now() + took * HINTED_SCAN_SHARE;
            }
            let wait = next_scan.max(earliest_scan).saturating_duration_since(Instant::now());
            match self.asked.recv_timeout(wait) {
                Ok(()) => next_scan = Instant::now(),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Watches the directory of all pages, anew where it is another one than before.
    fn watch_root(&mut self) {
        let root = self.wiki.store.identity();
        if root.is_none() || (self.root == root && self.watch.is_some()) {
            return;
        }
        self.watch = match self.wiki.store.watch(self.hints.clone()) {
            Ok(watch) => watch,
            Err(error) => {
                if self.root != root {
                    tracing::warn!(%error, "changes from outside are found by scanning only, which takes longer");
                }
                None
            }
        };
        self.root = root;
    }
}

/// Looks at the directories that the watcher names.
struct Follower {
    wiki: Arc<Wiki>,
    hints: Receiver<Hint>,
    scanner: Sender<()>,
}

impl Follower {
    fn run(self) {
        let stopping = || self.wiki.stopping.load(Ordering::Relaxed);
        // Asked after a hint was followed, too: the one that says so may have been gathered with it.
        while !stopping() {
            // The wiki's own sender lives as long as this thread is waited for.
            let Ok(hint) = self.hints.recv() else { return };
            if !stopping() && self.follow(hint) {
                // The scanner is gone only while everything ends.
                let _ = self.scanner.send(());
            }
        }
    }

    /// Follows a hint and those that come with it; tells whether a scan is due.
    fn follow(&self, first: Hint) -> bool {
        let mut dirs = BTreeSet::new();
        let mut everything = false;
        let end = Instant::now() + GATHER;
        let mut next = Some(first);
        while let Some(hint) = next {
            match hint {
                Hint::Everything => everything = true,
                Hint::Directory(dir) => drop(dirs.insert(dir)),
            }
            next = self.hints.recv_timeout(end.saturating_duration_since(Instant::now())).ok();
        }
        for spelled in dirs {
            let Ok(dir) = DiskDir::parse(&spelled) else { continue };
            let followed = match self.wiki.refresh_dir(&dir) {
                Ok(Followed::MaybeFolder) => self.wiki.scan_below(&dir),
                Ok(Followed::Document) => Ok(()),
                Err(error) => Err(error),
            };
            match followed {
                Ok(()) => {}
                Err(WikiError::Store(StoreError::Unavailable(_))) => everything = true,
                Err(error) => tracing::warn!(dir = spelled, %error, "could not follow a change"),
            }
        }
        everything
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::TestWiki;
    use super::*;

    #[test]
    fn the_end_is_noticed_although_its_hint_was_gathered_with_others() {
        let t = TestWiki::new();
        t.drop_in("Page.md", "1-9f0c2d4e-58cc-4372-a567-0e02b2c3d479", b"text\n");
        let (wake, hints) = channel();
        let (scanner, _asked) = channel();
        let wiki = Arc::downgrade(&t.wiki);
        t.wiki.on_change(move |_| {
            wiki.upgrade().unwrap().stopping.store(true, Ordering::Relaxed);
        });
        for hint in [Hint::Directory("Page.md".to_owned()), Hint::Everything] {
            wake.send(hint).unwrap();
        }
        // It returns although more hints could still come.
        Follower { wiki: Arc::clone(&t.wiki), hints, scanner }.run();
        assert!(wake.send(Hint::Everything).is_err());
    }
}
