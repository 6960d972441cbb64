//! Wikis in directories of their own, and ways to look at their files.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use everpage::model::path::DocPath;
use everpage::model::revision::RevisionId;
use everpage::store::fs::FsStore;
use everpage::sync::quarantine::Suspect;
use everpage::sync::{
    Hello, HttpRemote, InProcess, ItemHash, Options, Outcome, Place, Remote, RemoteError, Replica,
    Summary, SyncError, Upstream, sync, upstream,
};
use everpage::web::{Site, SiteSettings, WikiReplica, WikiUpstream, app, server};
use everpage::wiki::{
    Edit, IfMovedOn, Limits, Nonces, Parts, Saved, SystemClock, SystemNonces, Wiki,
};
use tempfile::TempDir;
use uuid::Uuid;

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
        let wiki = Arc::new(Wiki::new(Parts {
            store: Arc::new(FsStore::open(dir.path()).unwrap()),
            clock: Arc::new(SystemClock),
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
        self.save_if(name, text, IfMovedOn::SecondVersion)
    }

    /// Saves as a visitor does, who is stopped where the page has moved on.
    pub(crate) fn save_checked(&self, name: &str, text: impl AsRef<[u8]>) -> RevisionId {
        self.save_if(name, text, IfMovedOn::Stop)
    }

    fn save_if(&self, name: &str, text: impl AsRef<[u8]>, if_moved_on: IfMovedOn) -> RevisionId {
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
        match self.wiki.save(&edit, if_moved_on).unwrap() {
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

/// A server on loopback; dropping it ends it.
pub(crate) struct Server {
    pub(crate) url: String,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(node: &Node) -> Self {
        let site = Site::new(Arc::clone(&node.wiki), SiteSettings::default());
        site.serve_peers(Arc::clone(&node.replica));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
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

pub(crate) fn token(node: &Node, name: &str, read_only: bool) -> String {
    let drawn = [SystemNonces.draw(), SystemNonces.draw()];
    node.replica.place().tokens().add(name, read_only, drawn).unwrap()
}
