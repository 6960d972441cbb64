//! Several replicas, a network between them, and everything that may be known of them.
//!
//! Each replica is the real [`Wiki`] over a store on a simulated disk. Beside them the world keeps
//! its own books: what every editor typed, what was acknowledged, what each replica had for good.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};

use everpage::model::path::DocPath;
use everpage::store::{DiskDir, Store};
use everpage::wiki::{Clock, Document, Limits, Nonces, Parts, Wiki};
use jiff::Timestamp;
use parking_lot::Mutex;
use uuid::Uuid;

use crate::belief::{Belief, Believed};
use crate::disk::Disk;
use crate::oracle::{self, Id, Rev, Set, Verdict};
use crate::peer::{self, Peer};
use crate::rng::Rng;
use crate::store::{Blow, Flaw, PAGES, SimStore};

/// The documents of every schedule: pages, one of them in a folder, and an attachment.
pub const DOCS: [&str; 5] =
    ["Home.md", "Garden.md", "Projects/Plan.md", "Projects/plan.png", "Projects/Old/Home.md"];
/// The one that is an attachment.
pub const ATTACHMENT: usize = 3;

/// More steps than any save takes.
const STEPS: usize = 13;
const ENOSPC: i32 = 28;
const EIO: i32 = 5;

/// Index into [`DOCS`].
pub type Doc = usize;

/// What went wrong, in words.
pub type Checked<T = ()> = Result<T, String>;

/// What is made wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setup {
    /// Every store makes this mistake.
    pub flaw: Option<Flaw>,
    /// The first replica believes this.
    pub belief: Belief,
    /// Compare with the oracle after every step; else replicas are only compared in the end.
    pub oracle: bool,
    /// Nothing carries revisions but the exchange between peers.
    pub only_sync: bool,
    /// Nothing fails.
    pub calm: bool,
}

impl Setup {
    pub const SOUND: Setup =
        Setup { flaw: None, belief: Belief::Sound, oracle: true, only_sync: false, calm: false };
}

/// A clock that is wrong by years: time is for display and decides nothing.
struct Skewed {
    skew: i64,
    /// How many nonces were drawn in the schedule.
    drawn: Arc<AtomicU64>,
}

impl Clock for Skewed {
    fn now(&self) -> Timestamp {
        Timestamp::new(1_795_000_000 + self.skew, 0).expect("within the range of times")
    }
}

impl Nonces for Skewed {
    fn draw(&self) -> Uuid {
        let n = u128::from(self.drawn.fetch_add(1, Ordering::Relaxed)) + 1;
        let spread = n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        uuid::Builder::from_random_bytes(spread.to_be_bytes()).into_uuid()
    }
}

/// The process of a replica, while it runs.
pub struct Running {
    pub store: Arc<SimStore>,
    pub wiki: Arc<Wiki>,
    /// Made when it first speaks with a peer.
    pub peer: OnceLock<Arc<Peer>>,
}

/// One replica: its disk, and its process if it runs.
pub struct Replica {
    pub disk: Arc<Mutex<Disk>>,
    pub running: Option<Running>,
    pub belief: Belief,
    skew: i64,
    /// What it has on stable storage by its own word: nothing may take it away again.
    pub durable: BTreeSet<(Doc, Id)>,
    /// What it has shown since the power was last lost.
    pub shown: BTreeSet<(Doc, Id)>,
}

/// A revision file on its way.
#[derive(Clone)]
pub struct Message {
    pub to: usize,
    pub doc: Doc,
    pub id: Id,
    pub bytes: Arc<Vec<u8>>,
}

/// How often what is rare has happened.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    /// Saves on something older that wait as conflicts.
    pub yielded: usize,
    /// Saves that became the page although their authors had not seen what was there.
    pub displaced: usize,
    /// Saves on something older that made the merge themselves.
    pub merged_itself: usize,
    /// Merges of more than two heads.
    pub many_merged: usize,
    /// Merges that were taken back.
    pub undone: usize,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.yielded += other.yielded;
        self.displaced += other.displaced;
        self.merged_itself += other.merged_itself;
        self.undone += other.undone;
        self.many_merged += other.many_merged;
    }
}

/// All of it.
pub struct World {
    pub setup: Setup,
    pub replicas: Vec<Replica>,
    pub network: Vec<Message>,
    /// Streams that were pushed once and come again: from whom, to whom.
    pub astray: Vec<(usize, usize, Arc<Vec<u8>>)>,
    /// Replicas with the same number can reach each other.
    pub groups: Vec<usize>,
    /// What every editor typed, by nonce.
    pub typed: BTreeMap<u128, Vec<u8>>,
    /// What was acknowledged to its editor.
    pub acknowledged: BTreeMap<(Doc, Id), Rev>,
    /// What went bad on the medium of one replica, while another has it for good.
    pub rotten: BTreeSet<(Doc, Id)>,
    pub tally: Tally,
    /// What happened, for people; kept only when somebody will read it.
    pub trace: Option<Vec<String>>,
    drawn: Arc<AtomicU64>,
}

/// Names are worked out once: a schedule asks for them all the time.
static DIRS: LazyLock<[DiskDir; DOCS.len()]> = LazyLock::new(|| {
    DOCS.map(|doc| DiskDir::of(&DocPath::new(doc).expect("the documents have good names")))
});

pub fn path(doc: Doc) -> DocPath {
    DIRS[doc].path().clone()
}

pub fn dir(doc: Doc) -> DiskDir {
    DIRS[doc].clone()
}

pub fn folder(doc: Doc) -> String {
    format!("{PAGES}/{}", DOCS[doc])
}

/// The name of a revision's file.
pub fn name(id: Id) -> String {
    Belief::Sound.sees(id).to_string()
}

/// Enough of an id to tell it from others.
pub fn short(id: Id) -> String {
    name(id).chars().take(10).collect()
}

fn shorts<'a>(ids: impl IntoIterator<Item = &'a Id>) -> String {
    ids.into_iter().map(|id| short(*id)).collect::<Vec<_>>().join(" ")
}

/// Turns an error of a step that must not fail into a failure of the schedule.
pub fn must<T, E: Display>(what: &str, result: Result<T, E>) -> Checked<T> {
    result.map_err(|e| format!("{what}: {e}"))
}

pub fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(otherwise()) }
}

impl World {
    pub fn new(setup: Setup, count: usize, rng: &mut Rng, traced: bool) -> Self {
        let ten_years = 315_000_000;
        let replicas = (0..count)
            .map(|i| Replica {
                disk: Arc::default(),
                running: None,
                belief: if i == 0 { setup.belief } else { Belief::Sound },
                skew: rng.below(2 * ten_years) as i64 - ten_years as i64,
                durable: BTreeSet::new(),
                shown: BTreeSet::new(),
            })
            .collect();
        let mut world = Self {
            setup,
            replicas,
            network: Vec::new(),
            astray: Vec::new(),
            rotten: BTreeSet::new(),
            groups: vec![0; count],
            typed: BTreeMap::new(),
            acknowledged: BTreeMap::new(),
            tally: Tally::default(),
            trace: traced.then(Vec::new),
            drawn: Arc::default(),
        };
        for r in 0..count {
            world.start(r);
            if let Ok(place) = peer::place(r) {
                peer::clear(&place);
            }
        }
        world
    }

    pub fn note(&mut self, line: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(line());
        }
    }

    pub fn wiki(&self, r: usize) -> &Wiki {
        &self.running(r).wiki
    }

    pub fn running(&self, r: usize) -> &Running {
        self.replicas[r].running.as_ref().expect("it was started")
    }

    /// Starts the process of a replica, which then shows nothing yet.
    fn start(&mut self, r: usize) {
        let flaw = self.setup.flaw;
        let replica = &mut self.replicas[r];
        let store = Arc::new(SimStore::open(Arc::clone(&replica.disk), flaw));
        let believed = Believed { store: Arc::clone(&store), belief: replica.belief };
        let wiki = wiki_over(Arc::new(believed), replica.skew, &self.drawn);
        replica.running = Some(Running { store, wiki, peer: OnceLock::new() });
    }

    /// Returns a replica as its peers see it. Wrong beliefs are about what revisions come to; they
    /// are passed on as they are.
    pub fn peer(&self, r: usize) -> Checked<Arc<Peer>> {
        let running = self.running(r);
        if let Some(peer) = running.peer.get() {
            return Ok(Arc::clone(peer));
        }
        let Replica { belief, skew, .. } = self.replicas[r];
        let wiki = match belief {
            Belief::Sound => Arc::clone(&running.wiki),
            _ => wiki_over(Arc::clone(&running.store) as Arc<dyn Store>, skew, &self.drawn),
        };
        must("scan", wiki.scan())?;
        let peer = Arc::new(must("the replica's files", Peer::new(r, wiki))?);
        Ok(Arc::clone(running.peer.get_or_init(|| peer)))
    }

    /// Chooses a fuse for a store's next steps, or none.
    pub fn fuse(&self, rng: &mut Rng) -> Option<(usize, Blow)> {
        if self.setup.calm || !rng.chance(20) {
            return None;
        }
        let blow = match rng.below(4) {
            0 => Blow::Fail(ENOSPC),
            1 => Blow::Fail(EIO),
            _ => Blow::Kill,
        };
        Some((rng.below(STEPS), blow))
    }

    /// Starts a replica that is down and looks at everything it has.
    pub fn wake(&mut self, r: usize) -> Checked {
        if self.replicas[r].running.is_some() {
            return Ok(());
        }
        self.note(|| format!("replica {r} starts"));
        self.start(r);
        for doc in 0..DOCS.len() {
            self.look(r, doc)?;
        }
        // Starting makes durable whatever was there.
        let replica = &mut self.replicas[r];
        replica.durable.extend(replica.shown.iter().copied());
        Ok(())
    }

    /// Ends the process of a replica without warning.
    pub fn kill(&mut self, r: usize) {
        if let Some(running) = self.replicas[r].running.take() {
            running.store.kill();
            self.note(|| format!("replica {r} is killed"));
        }
    }

    /// Takes the power from a replica's machine.
    pub fn lose_power(&mut self, r: usize, rng: &mut Rng) {
        self.kill(r);
        self.note(|| format!("replica {r} loses power"));
        let replica = &mut self.replicas[r];
        replica.disk.lock().lose_power(rng);
        replica.shown = replica.durable.clone();
    }

    /// The whole revisions that lie on a replica's disk, told by what their editors typed.
    pub fn truth(&self, r: usize, doc: Doc) -> Set {
        let mut set = self.whole(r, doc);
        set.retain(|id, rev| self.was_typed(*id, rev));
        set
    }

    /// The revisions that lie on a replica's disk and look whole.
    pub fn whole(&self, r: usize, doc: Doc) -> Set {
        let disk = self.replicas[r].disk.lock();
        let mut set = Set::new();
        for file in disk.files(&folder(doc)) {
            let Some(id) = oracle::parse_id(&file).filter(|id| name(*id) == file) else { continue };
            let bytes = disk.read(&format!("{}/{file}", folder(doc)));
            let rev = bytes.and_then(|bytes| oracle::parse(&file, &bytes));
            set.extend(rev.map(|rev| (id, rev)));
        }
        set
    }

    /// Tells whether a revision has what its editor typed, or is the merge that a save made of it:
    /// then every line was typed by somebody.
    fn was_typed(&self, id: Id, rev: &Rev) -> bool {
        let text = |nonce: u128| self.typed.get(&nonce) == Some(&rev.content);
        let is_typed = |line: &[u8]| {
            let mut typed = self.typed.values().flat_map(|text| text.split(|byte| *byte == b'\n'));
            typed.any(|typed| typed == line)
        };
        let merges = |form: u128| {
            rev.parents.len() > 1
                && self.typed.contains_key(&form)
                && rev.content.split(|byte| *byte == b'\n').all(is_typed)
        };
        text(id.1) || rev.form.is_some_and(|form| text(form) || merges(form))
    }

    /// What a replica believes of a document.
    pub fn verdict(&self, r: usize, document: Option<&Document>) -> Verdict {
        let Some(document) = document else { return Verdict::default() };
        let belief = self.replicas[r].belief;
        let resolution = document.resolution();
        let tell = |ids: &[_]| ids.iter().map(|id| belief.tells(*id)).collect();
        Verdict {
            winner: resolution.winner.map(|id| belief.tells(id)),
            heads: tell(&resolution.heads),
            conflicts: tell(&resolution.conflicts),
            missing: tell(&resolution.missing),
            deleted: resolution.deleted,
        }
    }

    /// Lets a replica look at a document, and checks all that it shows.
    pub fn look(&mut self, r: usize, doc: Doc) -> Checked<Option<Arc<Document>>> {
        let at = || format!("replica {r}, {}", DOCS[doc]);
        let document = must(&at(), self.wiki(r).refresh(&path(doc)))?;
        let belief = self.replicas[r].belief;
        let mut shown = BTreeSet::new();
        for revision in document.iter().flat_map(|d| d.revisions()) {
            if revision.damage.is_some() {
                continue;
            }
            let id = belief.tells(revision.id);
            shown.insert(id);
            let content = document.as_ref().map(|d| self.wiki(r).content(d, revision.id));
            let rev = content.and_then(Result::ok).map(|content| Rev {
                parents: revision.parents.iter().map(|id| belief.tells(*id)).collect(),
                bare: revision.bare,
                form: revision.form.map(|form| belief.tells(revision.id.with_nonce(form)).1),
                content,
            });
            ensure(rev.as_ref().is_some_and(|rev| self.was_typed(id, rev)), || {
                let content = rev.map(|rev| rev.content).unwrap_or_default();
                let shown = String::from_utf8_lossy(&content);
                format!("{}: {} is shown as {shown:?}, which nobody typed", at(), short(id))
            })?;
        }
        if let Some(gone) = self.replicas[r]
            .shown
            .iter()
            .chain(&self.replicas[r].durable)
            .find(|(d, id)| *d == doc && !shown.contains(id))
        {
            return Err(format!("{}: {} was there and is gone", at(), short(gone.1)));
        }
        if self.setup.oracle {
            self.compare_with_oracle(r, doc, document.as_deref(), &shown)?;
        }
        self.replicas[r].shown.extend(shown.into_iter().map(|id| (doc, id)));
        Ok(document)
    }

    fn compare_with_oracle(
        &self,
        r: usize,
        doc: Doc,
        document: Option<&Document>,
        shown: &BTreeSet<Id>,
    ) -> Checked {
        let at = || format!("replica {r}, {}", DOCS[doc]);
        let truth = self.truth(r, doc);
        let whole: BTreeSet<Id> = truth.keys().copied().collect();
        ensure(*shown == whole, || {
            format!("{}: shows [{}], holds [{}]", at(), shorts(shown), shorts(&whole))
        })?;
        let (says, is) = (self.verdict(r, document), oracle::resolve(&truth));
        ensure(says == is, || format!("{}: says {}, is {}", at(), words(&says), words(&is)))
    }
}

fn wiki_over(store: Arc<dyn Store>, skew: i64, drawn: &Arc<AtomicU64>) -> Arc<Wiki> {
    let clock = Arc::new(Skewed { skew, drawn: Arc::clone(drawn) });
    Arc::new(Wiki::new(Parts {
        store,
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        nonces: clock,
        base_path: String::new(),
        limits: Limits::default(),
    }))
}

/// A verdict on one line.
pub fn words(verdict: &Verdict) -> String {
    format!(
        "winner {}{}, heads [{}], conflicts [{}], missing [{}]",
        shorts(&verdict.winner),
        if verdict.deleted { " (deleted)" } else { "" },
        shorts(&verdict.heads),
        shorts(&verdict.conflicts),
        shorts(&verdict.missing),
    )
}
