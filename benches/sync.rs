//! What meeting another server costs, over real HTTP on loopback between warm wikis.
//!
//! - *equal*: two wikis with the same 50,000 revisions. Aim: 1 round trip, 1 KiB, 20 ms of CPU.
//! - *ten*: ten revisions differ. Aim: at most 4 round trips and 32 KiB besides the revisions.
//! - *first*: an empty wiki fetches all of them. Aim: at most 2 times what plain durable writes of the
//!   same files take, which run in the same directory in turns with it.
//! - *live*: a save at one of two servers is shown by the other, which follows it. Aim: median under
//!   50 ms. Half of them go against the direction of the connection.
//!
//! `cargo bench --bench sync`; `SYNC_BENCH_DIR` names another disk than that of `target/`, and
//! `SYNC_BENCH_REVISIONS` another number than 50,000.

#![expect(clippy::print_stdout, reason = "the result is printed")]

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use everpage::model::file::Header;
use everpage::model::path::DocPath;
use everpage::model::revision::RevisionId;
use everpage::store::fs::FsStore;
use everpage::store::{Body, DiskDir, Store};
use everpage::sync::http::Patience;
use everpage::sync::{
    Direction, Follow, Follower, Hello, HttpRemote, ItemHash, Options, Outcome, Place, Remote,
    RemoteError, State, Summary, sync,
};
use everpage::web::{Site, SiteSettings, WikiReplica, app, server};
use everpage::wiki::{
    Edit, Limits, MergeOnSave, News, Nonces, Parts, SystemClock, SystemNonces, Wiki,
};
use uuid::Uuid;

type Failed = Box<dyn std::error::Error + Send + Sync>;

const PER_DOCUMENT: usize = 10;

struct Node {
    dir: PathBuf,
    wiki: Arc<Wiki>,
    replica: Arc<WikiReplica>,
}

fn open(dir: &Path) -> Result<Node, Failed> {
    let wiki = Arc::new(Wiki::new(Parts {
        store: Arc::new(FsStore::open(dir)?),
        clock: Arc::new(SystemClock),
        nonces: Arc::new(SystemNonces),
        base_path: String::new(),
        limits: Limits::default(),
    }));
    wiki.scan()?;
    let place = Place::open(dir, SystemNonces.draw())?;
    let replica = Arc::new(WikiReplica::new(Arc::clone(&wiki), place));
    Ok(Node { dir: dir.to_owned(), wiki, replica })
}

/// Writes the revisions as files without making them durable, which is not what is measured.
fn fill(dir: &Path, revisions: usize) -> Result<(), Failed> {
    for n in 0..revisions {
        let (document, number) = (n / PER_DOCUMENT, n % PER_DOCUMENT + 1);
        let id = id_of(document, number)?;
        let parent = if number > 1 {
            format!("Parent: {}\n", id_of(document, number - 1)?)
        } else {
            String::new()
        };
        let second = n % 60;
        let minute = n / 60 % 60;
        let date = format!("2026-{:02}-{:02}T08:{minute:02}:{second:02}Z", n % 12 + 1, n % 28 + 1);
        let page = dir.join("pages").join(format!("Page{document}.md"));
        fs::create_dir_all(&page)?;
        let text = "beans, water, sun.\n".repeat(20);
        let file = format!("Revision: {id}\n{parent}Author: Ada\nDate: {date}\n\n{number}\n{text}");
        fs::write(page.join(id.to_string()), file)?;
    }
    Ok(())
}

fn id_of(document: usize, number: usize) -> Result<RevisionId, Failed> {
    let mut nonce = [0; 16];
    nonce[..8]
        .copy_from_slice(&(document as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
    nonce[8..].copy_from_slice(&(number as u64).to_be_bytes());
    Ok(RevisionId::new(number as u64, Uuid::from_bytes(nonce))?)
}

/// Counts what goes over the wire besides HTTP's own headers.
struct Counting<'a> {
    remote: &'a HttpRemote,
    reconciling: AtomicU64,
}

impl Remote for Counting<'_> {
    fn name(&self) -> String {
        self.remote.name()
    }

    fn reconcile(&self, hello: &Hello, message: &[u8]) -> Result<(Hello, Vec<u8>), RemoteError> {
        let (theirs, answer) = self.remote.reconcile(hello, message)?;
        self.reconciling.fetch_add((message.len() + answer.len()) as u64, Ordering::Relaxed);
        Ok((theirs, answer))
    }

    fn fetch(&self, hello: &Hello, wanted: &[ItemHash]) -> Result<Box<dyn Read + '_>, RemoteError> {
        let asked = (wanted.len() * ItemHash::LENGTH) as u64;
        self.reconciling.fetch_add(asked, Ordering::Relaxed);
        self.remote.fetch(hello, wanted)
    }

    fn push(&self, hello: &Hello, frames: &mut dyn Read) -> Result<Vec<Outcome>, RemoteError> {
        self.remote.push(hello, frames)
    }
}

fn run(node: &Node, remote: &HttpRemote) -> Result<(Summary, u64), Failed> {
    let counting = Counting { remote, reconciling: AtomicU64::new(0) };
    let summary = sync(&*node.replica, &counting, Options::default(), &|_| {})?;
    Ok((summary, counting.reconciling.into_inner()))
}

/// Writes every file of a wiki one after the other, each as durably as a save is.
fn plain(from: &Path, to: &Path) -> Result<Duration, Failed> {
    let begun = Instant::now();
    for page in fs::read_dir(from.join("pages"))? {
        let page = page?;
        if !page.file_type()?.is_dir() {
            continue;
        }
        let target = to.join(page.file_name());
        fs::create_dir_all(&target)?;
        File::open(to)?.sync_all()?;
        for revision in fs::read_dir(page.path())? {
            let revision = revision?;
            let temp = to.join("temp");
            let mut file = File::create(&temp)?;
            file.write_all(&fs::read(revision.path())?)?;
            file.sync_all()?;
            fs::rename(&temp, target.join(revision.file_name()))?;
            File::open(&target)?.sync_all()?;
        }
    }
    Ok(begun.elapsed())
}

fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

/// Saves a page at one and returns how long it takes until the other shows it.
fn propagate(
    from: &Node,
    to: &Node,
    runtime: &tokio::runtime::Runtime,
    round: usize,
) -> Result<Duration, Failed> {
    let path = DocPath::new("Live.md")?;
    let edit = Edit {
        base: from.wiki.refresh(&path)?.and_then(|d| d.resolution().winner),
        path: path.clone(),
        also: Vec::new(),
        content: format!("round {round}\n").into_bytes(),
        author: "Ada".to_owned(),
        summary: String::new(),
        nonce: SystemNonces.draw(),
    };
    let mut reader = to.wiki.feed().read_from(to.wiki.feed().cursor());
    let begun = Instant::now();
    from.wiki.save(&edit, MergeOnSave::Ask)?;
    runtime.block_on(async {
        loop {
            if let News::Changes(entries) = reader.next().await
                && entries.iter().any(|e| e.winner.is_some_and(|w| w.nonce() == edit.nonce))
            {
                return;
            }
        }
    });
    Ok(begun.elapsed())
}

/// Measures how fast a save at one of two servers is at the other.
fn live(
    a: &Node,
    b: &Node,
    remote: HttpRemote,
    runtime: &tokio::runtime::Runtime,
) -> Result<(), Failed> {
    let remote: Arc<dyn Follow> = Arc::new(remote);
    let connect = Box::new(move || Ok(Arc::clone(&remote)));
    let follower = Follower::start(Arc::clone(&b.replica) as _, "a", Direction::Both, connect)?;
    let status = follower.await_change(Duration::from_secs(60), |s| s.state == State::Following);
    if status.state != State::Following {
        return Err(format!("it does not follow: {status:?}").into());
    }
    let mut took = Vec::new();
    for round in 0..200 {
        let (from, to) = if round % 2 == 0 { (a, b) } else { (b, a) };
        took.push(propagate(from, to, runtime, round)?);
    }
    took.sort_unstable();
    println!(
        "live:   median {:.1?}, 95 of 100 within {:.1?} (aim: median under 50 ms)",
        took[took.len() / 2],
        took[took.len() * 95 / 100]
    );
    Ok(())
}

fn main() -> Result<(), Failed> {
    let base = std::env::var_os("SYNC_BENCH_DIR")
        .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).to_owned(), PathBuf::from);
    let revisions: usize = match std::env::var("SYNC_BENCH_REVISIONS") {
        Ok(number) => number.parse()?,
        Err(_) => 50_000,
    };
    let place = tempfile::tempdir_in(base)?;
    fill(&place.path().join("a"), revisions)?;
    let a = open(&place.path().join("a"))?;
    let drawn = [SystemNonces.draw(), SystemNonces.draw()];
    let token = a.replica.place().tokens().add("bench", false, drawn)?;
    let site = Site::new(Arc::clone(&a.wiki), SiteSettings::default());
    site.serve_peers(Arc::clone(&a.replica));
    let runtime = tokio::runtime::Runtime::new()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let url = format!("http://{}", listener.local_addr()?);
    runtime.spawn(server::serve(listener, app(site), std::future::pending()));
    let remote = HttpRemote::new(&url, &token, Patience::default())?;

    let plain_dir = place.path().join("plain");
    fs::create_dir_all(&plain_dir)?;
    let bare = plain(&a.dir, &plain_dir)?;
    let b = open(&place.path().join("b"))?;
    let begun = Instant::now();
    let (summary, _) = run(&b, &remote)?;
    let first = begun.elapsed();
    if summary.received != revisions as u64 {
        return Err(format!("not everything came: {summary:?}").into());
    }
    println!(
        "first:  {revisions} revisions, plain durable writes {bare:.2?}, first sync {first:.2?}: {:.2} \
         times (aim: at most 2)",
        first.as_secs_f64() / bare.as_secs_f64()
    );
    run(&b, &remote)?;
    let before = cpu();
    let (summary, bytes) = run(&b, &remote)?;
    println!(
        "equal:  {} round trip, {bytes} bytes, {:.2?} of CPU on both sides (aim: 1, 1024, 20 ms)",
        summary.round_trips,
        cpu().saturating_sub(before)
    );
    let store = FsStore::open(&b.dir)?;
    for n in 0..10 {
        let path = DocPath::new(&format!("New{n}.md"))?;
        let date = Some("2026-12-01T08:00:00Z".parse()?);
        let header = Header { author: "Ada".to_owned(), date, ..Header::default() };
        store.create(&DiskDir::of(&path), id_of(n, 1)?, &header, Body::Bytes(b"new"))?;
        b.wiki.refresh(&path)?;
    }
    let before = cpu();
    let (summary, bytes) = run(&b, &remote)?;
    println!(
        "ten:    {} round trips, {bytes} bytes besides the revisions, {:.2?} of CPU (aim: 4, 32768)",
        summary.round_trips,
        cpu().saturating_sub(before)
    );
    live(&a, &b, remote, &runtime)
}
