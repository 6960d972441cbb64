//! `everpage serve`: start-up and shutdown of the server.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Once};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Outcome;
use super::context::{Context, open_store, remote, replica};
use crate::config::{Access, ConfigError, Layer, PeerSettings, Settings, UpstreamSettings};
use crate::model::path::DocPath;
use crate::store::Store;
use crate::sync::http::Patience;
use crate::sync::{Follow, Follower, Live, Replica, Upstream, upstream};
use crate::web::{self, Site, SiteSettings, WikiReplica, WikiUpstream};
use crate::wiki::search::{self, SearchIndex};
use crate::wiki::{Parts, SystemClock, SystemNonces, Wiki};

/// How long work on other threads may take after the last connection has ended.
const LAST_WORK: Duration = Duration::from_secs(30);

/// Serve the wiki over HTTP; this is what everpage does without a subcommand
#[derive(Debug, Default, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    flags: Layer,
    /// Print the settings in force as the text of an everpage.toml, and end
    #[arg(long)]
    print_config: bool,
}

impl Serve {
    pub(super) fn run(&self, context: &mut Context) -> anyhow::Result<Outcome> {
        let settings = context.settings(self.flags.clone())?;
        if self.print_config {
            writeln!(context.out, "# data directory: {}", context.data.display())?;
            write!(context.out, "{}", settings.to_toml())?;
            return Ok(Outcome::Done);
        }
        settings.server.check_exposure()?;
        let upstream = settings.upstream(&context.data)?;
        let store = open_store(&context.data)?;
        let wiki = Arc::new(Wiki::new(Parts {
            store: store as Arc<dyn Store>,
            clock: Arc::new(SystemClock),
            nonces: Arc::new(SystemNonces),
            base_path: settings.server.base_path.clone(),
            limits: settings.wiki.limits,
        }));
        raise_file_limit();
        let replica = replica(&context.data, &wiki)?;
        if let Some(upstream) = upstream {
            check_with(&wiki, &replica, &upstream, &settings.wiki.home)?;
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("could not start the threads of the server")?;
        let served = runtime.block_on(serve(&wiki, replica, &settings, &context.data));
        // What still runs is a save whose browser has gone: it gets its time, too.
        runtime.shutdown_timeout(LAST_WORK);
        served.map(|()| Outcome::Done)
    }
}

/// Lets the wiki check with its upstream before and at each save.
fn check_with(
    wiki: &Arc<Wiki>,
    replica: &Arc<WikiReplica>,
    settings: &UpstreamSettings,
    home: &DocPath,
) -> anyhow::Result<()> {
    let client = |patience| {
        remote(&settings.url, &settings.token, settings.ca_file.as_deref(), patience)
            .map_err(|reason| ConfigError::Upstream { reason })
    };
    let quick = client(upstream::QUICK)?.within(upstream::LIMIT);
    let patient = client(upstream::PATIENT)?;
    let ours = Arc::clone(replica) as Arc<dyn Replica>;
    let upstream = Arc::new(Upstream::new(ours, Box::new(quick), Box::new(patient)));
    wiki.set_upstream(Arc::new(WikiUpstream::new(Arc::clone(&upstream))));
    // So that a token that is unknown or too weak is in the log before somebody saves.
    let (first, home) = (Once::new(), home.clone());
    wiki.on_scan(move || first.call_once(|| upstream.probe(&home)));
    Ok(())
}

/// Lets the process have as many files open as the system permits: every window that is open
/// somewhere is one, and the usual first limit is 1,024.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "could not raise the limit of open files");
    }
}

async fn serve(
    wiki: &Arc<Wiki>,
    replica: Arc<WikiReplica>,
    settings: &Settings,
    data: &Path,
) -> anyhow::Result<()> {
    let asked = settings.server.listen;
    let listener = TcpListener::bind(asked).await.map_err(|e| match e.kind() {
        io::ErrorKind::AddrInUse => anyhow!(
            "another program, perhaps another everpage, already listens on {asked}; choose \
             another with --listen {}:{}",
            asked.ip(),
            asked.port().wrapping_add(1).max(1024)
        ),
        io::ErrorKind::AddrNotAvailable => {
            anyhow!("{asked} is not an address of this computer; choose another with --listen")
        }
        io::ErrorKind::PermissionDenied => {
            anyhow!("this user may not listen on {asked}; choose a port above 1023 with --listen")
        }
        _ => anyhow!(e).context(format!("could not listen on {asked}")),
    })?;
    let address = listener.local_addr().context("could not determine the address of the server")?;
    let signals = Signals::new().context("could not wait for signals")?;
    // Before the first scan, so that the index is compared as soon as that has ended.
    let index = search::attach(wiki, &data.join("local/search"));
    let background = wiki.start().context("could not start reading the pages")?;
    let followers = Arc::new(follow(&replica, &settings.peers, data)?);
    let router = router(wiki, replica, settings, data, Arc::clone(&index), Arc::clone(&followers));
    let (title, prefix) = (&settings.wiki.title, &settings.server.base_path);
    tracing::info!("Everpage serves “{title}” on http://{address}{prefix}");
    let served = web::server::serve(listener, router, signals.first()).await;
    tracing::info!("stopped");
    // Ending them waits for a scan to notice, and for the index to be written.
    let ended = tokio::task::spawn_blocking(move || {
        followers.iter().for_each(Follower::stop);
        drop(background);
        index.stop();
    });
    ended.await.context("the exchange with other servers failed")?;
    served.context("could not go on accepting connections")
}

/// Starts to keep in step with every peer of the settings.
fn follow(
    replica: &Arc<WikiReplica>,
    peers: &[PeerSettings],
    data: &Path,
) -> anyhow::Result<Vec<Follower>> {
    let start = |peer: &PeerSettings| {
        let (settings, data) = (peer.clone(), data.to_owned());
        let connect = Box::new(move || connect(&settings, &data));
        let live = Arc::clone(replica) as Arc<dyn Live>;
        Follower::start(live, &peer.url.0, peer.direction, connect)
    };
    let started: io::Result<Vec<Follower>> = peers.iter().map(start).collect();
    started.context("could not start following the peers")
}

/// Makes a client of a peer, with the token and the certificates as they are now.
fn connect(peer: &PeerSettings, data: &Path) -> Result<Arc<dyn Follow>, String> {
    let token = match (&peer.token, &peer.token_file) {
        (Some(token), _) => token.clone(),
        (None, Some(file)) => {
            let path = data.join(file);
            std::fs::read_to_string(&path)
                .map_err(|e| format!("the token in {} cannot be read: {e}", path.display()))?
        }
        (None, None) => {
            return Err(
                "its [[peer]] in everpage.toml has neither token_file nor token; the owner of \
                        that server can create one with “everpage peer add NAME”"
                    .to_owned(),
            );
        }
    };
    let ca_file = peer.ca_file.as_ref().map(|file| data.join(file));
    Ok(Arc::new(remote(&peer.url.0, &token, ca_file.as_deref(), Patience::default())?))
}

/// Builds what is served.
fn router(
    wiki: &Arc<Wiki>,
    replica: Arc<WikiReplica>,
    settings: &Settings,
    data: &Path,
    index: Arc<SearchIndex>,
    followers: Arc<Vec<Follower>>,
) -> axum::Router {
    let site = Site::new(
        Arc::clone(wiki),
        SiteSettings {
            title: settings.wiki.title.clone(),
            home: settings.wiki.home.without_suffix().to_owned(),
            language: settings.wiki.language.clone(),
            merge_on_save: settings.wiki.merge_on_save,
            base_path: settings.server.base_path.clone(),
            public_url: settings.server.public_url.clone(),
            access: match settings.server.access {
                Access::Open => web::Access::Open,
                Access::ReadOnly => web::Access::ReadOnly,
            },
            reader_settings: Some(data.join("local").join("settings")),
        },
    );
    site.serve_peers(replica);
    site.show_followers(followers);
    web::app(site.with_search(index))
}

/// The ways to ask a server to stop.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Waits for the first signal; the second then ends the process at once.
    async fn first(mut self) {
        self.next().await;
        tracing::info!("stopping; saves in flight finish first, a second signal ends at once");
        tokio::spawn(async move {
            self.next().await;
            tracing::warn!("ended at once");
            std::process::exit(1);
        });
    }
}
