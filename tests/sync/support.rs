//! Wikis in directories of their own, and ways to look at their files.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use everpage::model::path::DocPath;
use everpage::model::revision::RevisionId;
use everpage::store::fs::FsStore;
use everpage::sync::http::Patience;
use everpage::sync::quarantine::Suspect;
use everpage::sync::{
    Direction, Follow, Follower, Heard, Hello, HttpRemote, InProcess, ItemHash, Options, Outcome,
    Place, Remote, RemoteError, Replica, Status, Summary, SyncError, Upstream, sync, upstream,
};
use everpage::web::{Site, SiteSettings, WikiReplica, WikiUpstream, app, server};
use everpage::wiki::{
    Clock, Edit, Limits, MergeOnSave, Nonces, Parts, Saved, SystemClock, SystemNonces, Wiki,
};
use jiff::Timestamp;
use tempfile::TempDir;
use uuid::Uuid;

struct Standing(Timestamp);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        self.0
    }
}

pub(crate) struct Node {
    pub(crate) dir: TempDir,
    pub(crate) wiki: Arc<Wiki>,
    pub(crate) replica: Arc<WikiReplica>,
}

impl Node {
    pub(crate) fn new() -> Self {
        Self::at(tempfile::tempdir().unwrap())
    }

    /// Opens the wiki that lies in a directory.
    pub(crate) fn at(dir: TempDir) -> Self {
        Self::with(dir, Arc::new(SystemClock))
    }

    /// Makes a wiki on a machine whose clock stands still at that time.
    pub(crate) fn with_clock(time: &str) -> Self {
        Self::with(tempfile::tempdir().unwrap(), Arc::new(Standing(time.parse().unwrap())))
    }

    fn with(dir: TempDir, clock: Arc<dyn Clock>) -> Self {
        let wiki = Arc::new(Wiki::new(Parts {
            store: Arc::new(FsStore::open(dir.path()).unwrap()),
            clock,
            nonces: Arc::new(SystemNonces),
            base_path: String::new(),
            limits: Limits { attachment: 8 << 20, ..Limits::default() },
        }));
        wiki.scan().unwrap();
        let place = Place::open(dir.path(), SystemNonces.draw()).unwrap();
        let replica = Arc::new(WikiReplica::new(Arc::clone(&wiki), place));
        Self { dir, wiki, replica }
    }

    /// Saves a text on top of what readers see.
    pub(crate) fn save(&self, name: &str, text: impl AsRef<[u8]>) -> RevisionId {
        let path = path(name);
        let base = self.wiki.refresh(&path).unwrap().and_then(|d| d.resolution().winner);
        let edit = Edit {
            path,
            base,
            also: Vec::new(),
            content: text.as_ref().to_vec(),
            author: "Ada".to_owned(),
            summary: String::new(),
            nonce: SystemNonces.draw(),
        };
        match self.wiki.save(&edit, MergeOnSave::Ask).unwrap() {
            Saved::Done { id, .. } => id,
            other => panic!("{other:?}"),
        }
    }

    /// Puts a file where it belongs as another program would, and lets it be seen.
    pub(crate) fn drop_file(&self, name: &str, id: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let file = self.dir.path().join("pages").join(name).join(id);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, bytes).unwrap();
        self.wiki.scan().unwrap();
        file
    }

    /// Every revision file with its bytes.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        files(&self.dir.path().join("pages"))
    }

    pub(crate) fn text(&self, name: &str) -> String {
        let document = self.wiki.refresh(&path(name)).unwrap().expect("a document");
        let winner = document.winner().expect("a winner").id;
        String::from_utf8(self.wiki.content(&document, winner).unwrap()).unwrap()
    }

    pub(crate) fn suspects(&self) -> Vec<Suspect> {
        self.replica.place().quarantine().list().unwrap()
    }

    /// Makes the wiki at `url` the one that this one checks with.
    pub(crate) fn check_with(&self, url: &str, token: &str) -> Arc<Upstream> {
        self.check_within(url, token, upstream::LIMIT)
    }

    pub(crate) fn check_within(&self, url: &str, token: &str, limit: Duration) -> Arc<Upstream> {
        self.check_with_remote(|| {
            let remote = HttpRemote::new(url, token, upstream::QUICK).unwrap();
            Box::new(remote.within(limit))
        })
    }

    pub(crate) fn check_with_remote(
        &self,
        remote: impl Fn() -> Box<dyn Remote + Send + Sync>,
    ) -> Arc<Upstream> {
        let ours = Arc::clone(&self.replica) as Arc<dyn Replica>;
        let upstream = Arc::new(Upstream::new(ours, remote(), remote()));
        self.wiki.set_upstream(Arc::new(WikiUpstream::new(Arc::clone(&upstream))));
        upstream
    }

    pub(crate) fn peer(&self) -> InProcess {
        InProcess::trusted(Arc::clone(&self.replica) as _)
    }

    pub(crate) fn sync_with(&self, remote: &dyn Remote) -> Result<Summary, SyncError> {
        self.sync_as(remote, Options::default())
    }

    pub(crate) fn sync_as(
        &self,
        remote: &dyn Remote,
        options: Options,
    ) -> Result<Summary, SyncError> {
        sync(&*self.replica, remote, options, &|_| {})
    }
}

pub(crate) fn path(name: &str) -> DocPath {
    DocPath::new(name).unwrap()
}

pub(crate) fn id(number: u64, nonce: u128) -> RevisionId {
    RevisionId::new(number, Uuid::from_u128(nonce)).unwrap()
}

/// Every file below a directory but dot-files, by its relative name.
pub(crate) fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut stack = vec![root.to_owned()];
    while let Some(dir) = stack.pop() {
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                stack.push(path);
            } else if !name.starts_with('.') {
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// A peer whose streams break after so many bytes.
pub(crate) struct Cut<'a> {
    pub(crate) peer: &'a dyn Remote,
    pub(crate) after: u64,
}

struct Broken<R>(R, u64);

impl<R: Read> Read for Broken<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.1 as usize);
        if most == 0 {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let read = self.0.read(&mut buffer[..most])?;
        self.1 -= read as u64;
        Ok(read)
    }
}

impl Remote for Cut<'_> {
    fn name(&self) -> String {
        self.peer.name()
    }

    fn reconcile(&self, hello: &Hello, message: &[u8]) -> Result<(Hello, Vec<u8>), RemoteError> {
        self.peer.reconcile(hello, message)
    }

    fn fetch(&self, hello: &Hello, wanted: &[ItemHash]) -> Result<Box<dyn Read + '_>, RemoteError> {
        Ok(Box::new(Broken(self.peer.fetch(hello, wanted)?, self.after)))
    }

    fn push(&self, hello: &Hello, frames: &mut dyn Read) -> Result<Vec<Outcome>, RemoteError> {
        self.peer.push(hello, &mut Broken(frames, self.after))
    }
}

/// A peer over HTTP whose feed can forget a place, and whose streams can break.
pub(crate) struct Cursors {
    remote: HttpRemote,
    forget: AtomicBool,
    lost: AtomicUsize,
    cuts: AtomicUsize,
}

impl Cursors {
    pub(crate) fn of(url: &str, token: &str) -> Arc<Self> {
        let remote = HttpRemote::new(url, token, Patience::default()).unwrap();
        let (lost, cuts) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Self { remote, forget: AtomicBool::new(false), lost, cuts })
    }

    /// The next question comes from a place that is not known any more.
    pub(crate) fn forget(&self) {
        self.forget.store(true, Ordering::SeqCst);
    }

    pub(crate) fn lost(&self) -> usize {
        self.lost.load(Ordering::SeqCst)
    }

    /// The next so many streams break.
    pub(crate) fn cut_fetches(&self, count: usize) {
        self.cuts.store(count, Ordering::SeqCst);
    }
}

impl Follow for Cursors {
    fn feed(&self, hello: &Hello, cursor: Option<&str>) -> Result<(Hello, Heard), RemoteError> {
        let (mut theirs, mut heard) = self.remote.feed(hello, cursor)?;
        // What came is kept from the follower, so that only comparing can find it.
        if cursor.is_some() && self.forget.swap(false, Ordering::SeqCst) {
            let old = "67e55044-10b1-426f-9247-bb680e5fe0c8:42";
            (theirs, heard) = self.remote.feed(hello, Some(old))?;
            self.lost.fetch_add(usize::from(heard.lost), Ordering::SeqCst);
        }
        Ok((theirs, heard))
    }
}

impl Remote for Cursors {
    fn name(&self) -> String {
        self.remote.name()
    }

    fn reconcile(&self, hello: &Hello, message: &[u8]) -> Result<(Hello, Vec<u8>), RemoteError> {
        self.remote.reconcile(hello, message)
    }

    fn fetch(&self, hello: &Hello, wanted: &[ItemHash]) -> Result<Box<dyn Read + '_>, RemoteError> {
        let stream = self.remote.fetch(hello, wanted)?;
        let cut = |left: usize| left.checked_sub(1);
        if self.cuts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, cut).is_ok() {
            return Ok(Box::new(Broken(stream, 150_000)));
        }
        Ok(stream)
    }

    fn push(&self, hello: &Hello, frames: &mut dyn Read) -> Result<Vec<Outcome>, RemoteError> {
        self.remote.push(hello, frames)
    }
}

/// A server on loopback; dropping it ends it.
pub(crate) struct Server {
    pub(crate) url: String,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(node: &Node) -> Self {
        Self::start_at(node, 0)
    }

    pub(crate) fn port(&self) -> u16 {
        self.url.rsplit_once(':').unwrap().1.parse().unwrap()
    }

    pub(crate) fn start_at(node: &Node, port: u16) -> Self {
        let site = Site::new(Arc::clone(&node.wiki), SiteSettings::default());
        site.serve_peers(Arc::clone(&node.replica));
        let listener = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let patience = server::Patience {
                    farewell: std::time::Duration::from_millis(1),
                    ..server::Patience::default()
                };
                let stopped = async {
                    let _ = stopped.await;
                };
                server::serve_with(listener, app(site), stopped, patience).await.unwrap();
            });
        });
        Self { url, stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.thread.take().unwrap().join();
    }
}

impl Node {
    /// Keeps in step with a server from now on.
    pub(crate) fn follow(&self, url: &str, token: &str, direction: Direction) -> Follower {
        let (address, token) = (url.to_owned(), token.to_owned());
        let connect = Box::new(move || {
            let remote = HttpRemote::new(&address, &token, Patience::default())?;
            Ok(Arc::new(remote) as Arc<dyn Follow>)
        });
        Follower::start(Arc::clone(&self.replica) as _, url, direction, connect).unwrap()
    }

    /// Keeps in step with a peer of the test's own making.
    pub(crate) fn follow_remote(&self, remote: Arc<dyn Follow>, name: &str) -> Follower {
        let connect = Box::new(move || Ok(Arc::clone(&remote)));
        Follower::start(Arc::clone(&self.replica) as _, name, Direction::Both, connect).unwrap()
    }

    /// Waits until something is so that changes with the pages; gives up after a minute.
    pub(crate) fn await_that(&self, what: &str, so: impl Fn(&Self) -> bool) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let mut reader = self.wiki.feed().read_from(self.wiki.feed().cursor());
        runtime.block_on(async {
            let waiting = async {
                while !so(self) {
                    reader.next().await;
                }
            };
            let waited = tokio::time::timeout(std::time::Duration::from_secs(60), waiting).await;
            assert!(waited.is_ok(), "{what}");
        });
    }

    /// Waits until the page has this text.
    pub(crate) fn await_text(&self, name: &str, text: &str) {
        self.await_that(&format!("“{text}” never came"), |node| {
            let document = node.wiki.refresh(&path(name)).unwrap();
            document.and_then(|d| d.winner().map(|w| w.id)).is_some() && node.text(name) == text
        });
    }
}

/// Waits until a follower is as it should be; gives up after a minute.
pub(crate) fn await_status(follower: &Follower, so: impl Fn(&Status) -> bool) -> Status {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let status = follower.await_change(std::time::Duration::from_secs(1), &so);
        if so(&status) {
            return status;
        }
        assert!(std::time::Instant::now() < end, "it stays {status:#?}");
    }
}

pub(crate) fn token(node: &Node, name: &str, read_only: bool) -> String {
    let drawn = [SystemNonces.draw(), SystemNonces.draw()];
    node.replica.place().tokens().add(name, read_only, drawn).unwrap()
}
