//! What changed lately, in order, for whoever wants to hear of it: open browser windows, and peers.
//!
//! The one idea: a reader holds a [`Cursor`], the place up to which it has heard everything, and asks
//! what came after it. The feed remembers a bounded number of changes and only in memory; where the
//! place is gone, because it is too far back or the server was restarted, the answer is
//! [`News::TooOld`] and the reader looks at everything once. So nothing is missed, a reader costs the
//! feed nothing, and a change costs the same however many have happened.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use parking_lot::RwLock;
use tokio::sync::watch;
use uuid::Uuid;

use super::catalog::Change;
use super::document::Document;
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;

/// How many changes are remembered.
const MAX_ENTRIES: usize = 4_096;
/// How many revision ids the remembered changes may name together.
const MAX_IDS: usize = 65_536;

/// A place in the feed of one run of one server, written `epoch:sequence`.
///
/// ```
/// let text = "67e55044-10b1-426f-9247-bb680e5fe0c8:42";
/// let cursor: everpage::wiki::Cursor = text.parse().unwrap();
/// assert_eq!(cursor.to_string(), text);
/// assert!("42".parse::<everpage::wiki::Cursor>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cursor {
    epoch: Uuid,
    sequence: u64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.sequence)
    }
}

/// A text that is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a place in a feed: it is written epoch:sequence")]
pub struct BadCursor;

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let (epoch, sequence) = text.split_once(':').ok_or(BadCursor)?;
        Ok(Self {
            epoch: epoch.parse().map_err(|_| BadCursor)?,
            sequence: sequence.parse().map_err(|_| BadCursor)?,
        })
    }
}

/// One document changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place: one more than that of the entry before it.
    pub sequence: u64,
    /// The document.
    pub path: DocPath,
    /// The whole revisions that it did not have before, the lowest first.
    pub added: Vec<RevisionId>,
    /// The revision that readers see now.
    pub winner: Option<RevisionId>,
    /// Readers see something else than before.
    pub new_winner: bool,
    /// It was there before this server looked at everything for the first time: news to the server,
    /// not to people.
    pub found: bool,
}

/// What came after a cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// These changes, in order; none where nothing happened.
    Changes(Vec<Arc<Entry>>),
    /// The feed does not know any more; the reader must look at everything.
    TooOld,
}

struct Ring {
    entries: VecDeque<Arc<Entry>>,
    /// The sequence of the last entry ever made.
    last: u64,
    /// How many revision ids the entries name.
    ids: usize,
}

impl Ring {
    /// Puts an entry in and the oldest ones out, as far as there are too many.
    fn push(&mut self, entry: Entry) {
        self.ids += entry.added.len();
        self.entries.push_back(Arc::new(entry));
        while self.entries.len() > MAX_ENTRIES || self.ids > MAX_IDS {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.ids -= oldest.added.len();
        }
    }
}

/// The changes of one wiki since this process began to serve it.
pub struct Feed {
    epoch: Uuid,
    ring: RwLock<Ring>,
    latest: watch::Sender<u64>,
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("cursor", &self.cursor()).finish_non_exhaustive()
    }
}

impl Feed {
    /// Makes an empty feed; `epoch` tells it from those of other runs.
    pub(super) fn new(epoch: Uuid) -> Self {
        let ring = Ring { entries: VecDeque::new(), last: 0, ids: 0 };
        Self { epoch, ring: RwLock::new(ring), latest: watch::Sender::new(0) }
    }

    /// Returns the place after everything that has happened.
    pub fn cursor(&self) -> Cursor {
        self.at(self.ring.read().last)
    }

    /// Returns what came after a place, and the place to ask from next time.
    pub fn since(&self, cursor: Cursor) -> (News, Cursor) {
        let ring = self.ring.read();
        let next = self.at(ring.last);
        let oldest = ring.last - ring.entries.len() as u64;
        if cursor.epoch != self.epoch || !(oldest..=ring.last).contains(&cursor.sequence) {
            return (News::TooOld, next);
        }
        let skip = (cursor.sequence - oldest) as usize;
        (News::Changes(ring.entries.range(skip..).cloned().collect()), next)
    }

    /// Starts reading after a place.
    pub fn read_from(self: &Arc<Self>, cursor: Cursor) -> FeedReader {
        FeedReader { latest: self.latest.subscribe(), feed: Arc::clone(self), cursor }
    }

    /// Adds a change; `found` as in [`Entry::found`].
    pub(super) fn add(&self, change: &Change, found: bool) {
        let (before, after) = (change.before.as_deref(), change.after.as_deref());
        let added = after.map(|d| added(before, d)).unwrap_or_default();
        let shown = |d: Option<&Document>| d.and_then(Document::winner).map(|w| (w.id, w.digest));
        let mut ring = self.ring.write();
        ring.last += 1;
        let entry = Entry {
            sequence: ring.last,
            path: change.path.clone(),
            added,
            winner: shown(after).map(|(id, _)| id),
            new_winner: shown(before) != shown(after),
            found,
        };
        ring.push(entry);
        // Still under the lock, so that the number never goes back.
        self.latest.send_replace(ring.last);
    }

    fn at(&self, sequence: u64) -> Cursor {
        Cursor { epoch: self.epoch, sequence }
    }
}

/// Returns the whole revisions that `after` has and `before` has not, the lowest first.
fn added(before: Option<&Document>, after: &Document) -> Vec<RevisionId> {
    let held = |id| before.and_then(|d| d.revision(id)).is_some_and(|r| r.damage.is_none());
    let new = |id: &RevisionId| !held(*id);
    after.revisions().rev().filter(|r| r.damage.is_none()).map(|r| r.id).filter(new).collect()
}

/// A reader that waits for what comes next. Waiting holds no thread and no lock.
#[derive(Debug)]
pub struct FeedReader {
    feed: Arc<Feed>,
    cursor: Cursor,
    latest: watch::Receiver<u64>,
}

impl FeedReader {
    /// Returns the place up to which everything was read.
    pub fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// Returns what came since the last time, without waiting.
    pub fn now(&mut self) -> News {
        self.latest.mark_unchanged();
        let (news, next) = self.feed.since(self.cursor);
        self.cursor = next;
        news
    }

    /// Waits until something comes after what was read, and returns it. May be given up at any
    /// time without losing anything.
    pub async fn next(&mut self) -> News {
        loop {
            match self.now() {
                News::Changes(entries) if entries.is_empty() => {}
                news => return news,
            }
            // The feed is held by this reader, so its sender lives.
            let _ = self.latest.changed().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wiki::tests::{TestWiki, page};

    fn entries(news: News) -> Vec<Arc<Entry>> {
        match news {
            News::Changes(entries) => entries,
            News::TooOld => panic!("too old"),
        }
    }

    #[test]
    fn a_reader_hears_of_each_change_once_and_in_order() {
        let test = TestWiki::new();
        let feed = test.wiki.feed();
        let start = feed.cursor();
        let a = test.save("A", None, "a", 1);
        let b = test.save("B", None, "b", 2);
        let a2 = test.save("A", Some(a), "a2", 3);
        let (news, next) = feed.since(start);
        let heard: Vec<_> =
            entries(news).iter().map(|e| (e.path.clone(), e.added.clone(), e.winner)).collect();
        assert_eq!(
            heard,
            [
                (page("A"), vec![a], Some(a)),
                (page("B"), vec![b], Some(b)),
                (page("A"), vec![a2], Some(a2)),
            ]
        );
        assert_eq!(feed.since(next), (News::Changes(Vec::new()), next));
        assert_eq!(next, feed.cursor());
    }

    #[test]
    fn a_losing_head_is_news_but_no_new_winner() {
        let test = TestWiki::new();
        let base = test.save("A", None, "base", 1);
        let high = test.save("A", Some(base), "high", 9);
        let start = test.wiki.feed().cursor();
        let low = test.second("A", Some(base), "low", 2);
        let heard = entries(test.wiki.feed().since(start).0);
        assert_eq!(heard.len(), 1);
        assert_eq!((&heard[0].added, heard[0].winner), (&vec![low], Some(high)));
        assert!(!heard[0].new_winner);
    }

    #[test]
    fn what_was_there_before_the_first_scan_is_marked_as_found() {
        let test = TestWiki::new();
        test.save("Old", None, "text", 1);
        let again = TestWiki::at(test.data.clone());
        let start = again.wiki.feed().cursor();
        again.wiki.scan().unwrap();
        again.wiki.mark_scanned();
        again.save("New", None, "text", 2);
        let heard = entries(again.wiki.feed().since(start).0);
        let found: Vec<_> = heard.iter().map(|e| (e.path.as_str(), e.found)).collect();
        assert_eq!(found, [("Old.md", true), ("New.md", false)]);
    }

    #[test]
    fn a_place_of_another_run_or_of_the_future_is_too_old() {
        let test = TestWiki::new();
        let feed = test.wiki.feed();
        let other = Cursor { epoch: Uuid::nil(), ..feed.cursor() };
        let future = Cursor { sequence: 7, ..feed.cursor() };
        assert_eq!(feed.since(other), (News::TooOld, feed.cursor()));
        assert_eq!(feed.since(future), (News::TooOld, feed.cursor()));
    }

    /// Adds a change that names so many revisions, without a wiki around it.
    fn add_bare(feed: &Feed, ids: usize) {
        let mut ring = feed.ring.write();
        ring.last += 1;
        let id = RevisionId::new(1, Uuid::from_u128(1)).unwrap();
        let entry = Entry {
            sequence: ring.last,
            path: page("A"),
            added: vec![id; ids],
            winner: None,
            new_winner: false,
            found: false,
        };
        ring.push(entry);
    }

    #[test]
    fn it_remembers_only_so_much_and_says_so() {
        let feed = Feed::new(Uuid::from_u128(1));
        let start = feed.cursor();
        for _ in 0..MAX_ENTRIES {
            add_bare(&feed, 1);
        }
        assert_eq!(entries(feed.since(start).0).len(), MAX_ENTRIES);
        add_bare(&feed, 1);
        assert_eq!(feed.since(start).0, News::TooOld);
        assert_eq!(entries(feed.since(feed.at(1)).0).len(), MAX_ENTRIES);
        // One change with more revisions than are remembered at all is not remembered itself.
        let before = feed.cursor();
        add_bare(&feed, MAX_IDS + 1);
        assert_eq!(feed.since(before).0, News::TooOld);
        let after = feed.cursor();
        add_bare(&feed, 1);
        assert_eq!(entries(feed.since(after).0).len(), 1);
        assert_eq!(feed.ring.read().ids, 1);
    }

    #[tokio::test]
    async fn a_waiting_reader_is_woken_by_a_change() {
        let test = TestWiki::new();
        let mut reader = test.wiki.feed().read_from(test.wiki.feed().cursor());
        let waiting = tokio::spawn(async move { (reader.next().await, reader.cursor()) });
        tokio::task::yield_now().await;
        test.save("A", None, "a", 1);
        let (news, cursor) = waiting.await.unwrap();
        assert_eq!(entries(news).len(), 1);
        assert_eq!(cursor, test.wiki.feed().cursor());
    }
}
