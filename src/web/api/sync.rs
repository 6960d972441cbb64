//! Peers: `/-/sync/v1/`, translated for the [`Host`] and streamed both ways.
//!
//! Every request needs the token of a peer, also where the wiki is open to everyone. It says who
//! speaks in its headers, and so does every response. Bodies go through short channels between the
//! network and the one blocking hop that does the work, and neither waits for ever.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::read::{GzDecoder, GzEncoder};
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::sync::host::{Host, HostError};
use crate::sync::http::{Patience, Refusal, hello_headers, read_hello};
use crate::sync::page::{Question, read_note, write_note};
use crate::sync::receive::MAX_ITEMS;
use crate::sync::set::MAX_MESSAGE;
use crate::sync::{Grant, Heard, Hello, ItemHash, Live, PROTOCOL, Refused, Replica, ReplicaError};
use crate::web::Site;
use crate::web::extract::Fields;
use crate::web::peers::Peers;
use crate::web::replica::brought;
use crate::web::server::Stopping;
use crate::wiki::{Cursor, News};

/// How many pieces of a stream wait in memory.
const PIECES: usize = 8;
/// How many bytes a piece of an answer has.
const PIECE: usize = 64 << 10;
/// How much of a stream is read and thrown away that has been refused.
const DRAIN: u64 = 64 << 20;
/// How long the body of a request that is refused is waited for.
const LAST_BYTES: Duration = Duration::from_secs(5);
/// How long a peer may take to read the next piece of an answer.
const STALL: Duration = Duration::from_secs(60);
/// How long a peer that waits for news hears nothing: less than the minute after which proxies doubt.
const BEAT: Duration = Duration::from_secs(20);

/// Answers a message of the reconciliation.
pub(in crate::web) async fn reconcile(State(site): State<Site>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    answer(&site, parts.headers, body, Refusing::AfterBody, async |call, body| {
        let message = call.read_whole(body, MAX_MESSAGE as u64).await?;
        let said = call.hop(move |host| host.reconcile(&message)).await?;
        Ok(Bytes::from(said).into_response())
    })
    .await
}

/// Gives the revisions that the body names, as a compressed stream.
pub(in crate::web) async fn fetch(State(site): State<Site>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    answer(&site, parts.headers, body, Refusing::AfterBody, async |call, body| {
        let most = MAX_ITEMS * ItemHash::LENGTH;
        let named = call.read_whole(body, most as u64).await?;
        let (wanted, rest) = named.as_chunks::<{ ItemHash::LENGTH }>();
        if !rest.is_empty() {
            return Err(HostError::Protocol("the list of revisions is incomplete".to_owned()));
        }
        let wanted: Vec<ItemHash> = wanted.iter().map(|b| ItemHash::from_bytes(*b)).collect();
        let theirs = call.theirs;
        let frames = call.hop(move |host| host.fetch(&theirs, &wanted)).await?;
        Ok(stream(frames))
    })
    .await
}

/// Takes in the stream of revisions in the body.
pub(in crate::web) async fn push(State(site): State<Site>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    answer(&site, parts.headers, body, Refusing::AtOnce, async |call, body| {
        if call.grant.read_only {
            return Err(Refused::ReadOnlyToken.into());
        }
        let (sender, receiver) = mpsc::channel(PIECES);
        let pump = pump(body, sender, Patience::default());
        let (grant, replica, peers) = (call.grant.clone(), call.theirs.replica, call.peers.clone());
        let work = call.hop(move |host| {
            let mut frames = GzDecoder::new(Incoming { receiver, current: Bytes::new() });
            let known = peers.replica.elsewhere();
            let arriving = |item| known.note(replica, item);
            let outcomes = host.push_telling(&grant, &mut frames, &arriving)?;
            // The end of the compressed stream proves that none of it was altered on the way.
            io::copy(&mut frames.take(1), &mut io::sink()).map_err(HostError::Broken)?;
            Ok(outcomes)
        });
        let (outcomes, ()) = tokio::join!(work, pump);
        Ok(axum::Json(outcomes?).into_response())
    })
    .await
}

/// Tells what came after the place `cursor`, as soon as something has; an empty answer after a while
/// says that all is well. Without a place it answers at once.
pub(in crate::web) async fn feed(State(site): State<Site>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let stopping = parts.extensions.get::<Stopping>().cloned();
    let fields = Fields::parse(parts.uri.query().unwrap_or_default().as_bytes());
    answer(&site, parts.headers, body, Refusing::AtOnce, async |call, _| {
        // News of what was there before would never end.
        call.peers.replica.set()?;
        let feed = site.wiki().feed();
        let heard = |cursor: Cursor| Heard {
            cursor: cursor.to_string(),
            read_only: call.grant.read_only,
            ..Heard::default()
        };
        let asked = match fields.find("cursor") {
            None => return Ok(axum::Json(heard(feed.cursor())).into_response()),
            Some(text) => text.parse::<Cursor>().ok(),
        };
        let Some(asked) = asked else {
            let lost = Heard { lost: true, ..heard(feed.cursor()) };
            return Ok(axum::Json(lost).into_response());
        };
        let _listening = call.peers.incoming.listen(&call.grant.name);
        let _place = Arc::clone(site.streams()).try_acquire_owned().map_err(|_| {
            HostError::Protocol("too many peers and windows are connected".to_owned())
        })?;
        let mut reader = feed.read_from(asked);
        let news = async {
            loop {
                let entries = match reader.next().await {
                    News::TooOld => return Heard { lost: true, ..heard(reader.cursor()) },
                    News::Changes(entries) => entries,
                };
                // What the peer sent itself is no news to it.
                let known = call.peers.replica.elsewhere();
                let items = brought(&entries).into_iter();
                let items: Vec<ItemHash> = items
                    .map(|(path, id)| ItemHash::of(&path.key(), id))
                    .filter(|item| !known.has(call.theirs.replica, item))
                    .collect();
                if !items.is_empty() {
                    return Heard { items, ..heard(reader.cursor()) };
                }
            }
        };
        let stops = async {
            match &stopping {
                Some(stopping) => stopping.wait().await,
                None => std::future::pending().await,
            }
        };
        let told = tokio::select! {
            told = news => Some(told),
            () = tokio::time::sleep(BEAT) => None,
            () = stops => None,
        };
        // What came meanwhile was from the peer itself.
        let told = told.unwrap_or_else(|| heard(reader.cursor()));
        Ok(axum::Json(told).into_response())
    })
    .await
}

/// Answers a question about one document, and takes in the revision that is handed over with it
/// unless the document has moved on.
pub(in crate::web) async fn page(State(site): State<Site>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    answer(&site, parts.headers, body, Refusing::AfterBody, async |call, body| {
        let (sender, receiver) = mpsc::channel(PIECES);
        let pump = pump(body, sender, Patience::default());
        let (grant, theirs) = (call.grant.clone(), call.theirs);
        let work = call.hop(move |host| {
            let mut body = GzDecoder::new(Incoming { receiver, current: Bytes::new() });
            let question: Question = read_note(&mut body).map_err(unreadable)?;
            host.page(&theirs, &grant, &question, &mut body)
        });
        let (told, ()) = tokio::join!(work, pump);
        let (told, frames) = told?;
        let note = io::Cursor::new(write_note(&told));
        Ok(stream(note.chain(frames)))
    })
    .await
}

fn unreadable(error: io::Error) -> HostError {
    if error.kind() == io::ErrorKind::InvalidData {
        return HostError::Protocol(error.to_string());
    }
    HostError::Broken(error)
}

/// Compresses what a reader gives and sends it as it comes.
fn stream(reader: impl Read + Send + 'static) -> Response {
    let (sender, receiver) = mpsc::channel(PIECES);
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        send_all(GzEncoder::new(reader, Compression::fast()), &sender, &runtime);
    });
    Body::from_stream(ReceiverStream::new(receiver)).into_response()
}

/// A request of a known peer.
struct Call {
    peers: Peers,
    grant: Grant,
    theirs: Hello,
}

impl Call {
    /// Does something that blocks, away from the async threads.
    async fn hop<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Host) -> Result<T, HostError> + Send + 'static,
    ) -> Result<T, HostError> {
        let host = self.peers.host.clone();
        tokio::task::spawn_blocking(move || work(&host))
            .await
            .unwrap_or_else(|_| Err(HostError::Protocol("an internal error".to_owned())))
    }

    /// Reads a body that is not a stream of revisions.
    async fn read_whole(&self, body: Body, most: u64) -> Result<Vec<u8>, HostError> {
        let (sender, mut receiver) = mpsc::channel(PIECES);
        let gather = async {
            let mut whole = Vec::new();
            while let Some(piece) = receiver.recv().await {
                match piece {
                    Piece::Bytes(bytes) => whole.extend_from_slice(&bytes),
                    Piece::End => return Ok(whole),
                }
                if whole.len() as u64 > most {
                    return Err(HostError::Protocol("the request is too long".to_owned()));
                }
            }
            Err(HostError::Broken(io::ErrorKind::UnexpectedEof.into()))
        };
        let pump = pump(body, sender, Patience::default());
        tokio::pin!(pump);
        tokio::pin!(gather);
        tokio::select! {
            whole = &mut gather => whole,
            () = &mut pump => gather.await,
        }
    }
}

/// When a refusal is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusing {
    /// The peer asks before it sends its body.
    AtOnce,
    /// The peer sends its body in any case, and would take an early answer for a lost connection.
    AfterBody,
}

/// Lets a known peer in and answers it; says who speaks with everything that is said.
async fn answer(
    site: &Site,
    headers: HeaderMap,
    body: Body,
    refusing: Refusing,
    work: impl AsyncFnOnce(&Call, Body) -> Result<Response, HostError>,
) -> Response {
    let Some(peers) = site.peers() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let (token, theirs) = (bearer(&headers), read_hello(|name| text(&headers, name)));
    let entering = tokio::task::spawn_blocking({
        let peers = peers.clone();
        move || enter(&peers, token.as_deref(), theirs.as_ref())
    });
    let Ok(Entered { name, ours, may }) = entering.await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let name = name.unwrap_or_default();
    peers.incoming.met(&name, theirs.map(|theirs| theirs.replica), site.wiki().clock().now());
    let result = match may {
        Ok((grant, theirs)) => work(&Call { peers: peers.clone(), grant, theirs }, body).await,
        Err(error) => {
            if refusing == Refusing::AfterBody {
                let (nobody, _) = mpsc::channel(1);
                let _ =
                    tokio::time::timeout(LAST_BYTES, pump(body, nobody, Patience::default())).await;
            }
            Err(error)
        }
    };
    match &result {
        Ok(_) => peers.incoming.answered(&name, site.wiki().clock().now()),
        Err(error) => report(site, peers, &name, error),
    }
    let mut response = result.unwrap_or_else(|error| refuse(&error));
    for (name, value) in ours.iter().flat_map(hello_headers) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Who asks, what is said of this side, and whether the two may speak.
struct Entered {
    /// The name of the token, if it is known.
    name: Option<String>,
    ours: Option<Hello>,
    may: Result<(Grant, Hello), HostError>,
}

/// Looks at the token first: a stranger learns nothing, not even which wiki this is.
fn enter(peers: &Peers, token: Option<&str>, theirs: Option<&Hello>) -> Entered {
    let granted = token.map_or(Ok(None), |token| peers.replica.place().tokens().grant(token));
    let refused = |error| Entered { name: None, ours: None, may: Err(error) };
    let grant = match granted {
        Ok(Some(grant)) => grant,
        Ok(None) => return refused(Refused::Token.into()),
        Err(error) => return refused(error.into()),
    };
    let name = Some(grant.name.clone());
    let malformed = || HostError::Protocol("the headers do not name the sender".to_owned());
    let greeted = theirs
        .ok_or_else(malformed)
        .and_then(|theirs| peers.host.greet(theirs).map(|ours| (ours, *theirs)));
    match greeted {
        Ok((ours, theirs)) => Entered { name, ours: Some(ours), may: Ok((grant, theirs)) },
        Err(error) => Entered { name, ours: peers.host.hello().ok(), may: Err(error) },
    }
}

/// Notes a refusal where people see it: on the page of the peers, and once in the log.
fn report(site: &Site, peers: &Peers, name: &str, error: &HostError) {
    let words = match error {
        // The two of them are the other way round in what the peer is told.
        HostError::Refused(Refused::Token) => "its token is unknown here".to_owned(),
        HostError::Refused(Refused::ReadOnlyToken) => {
            "its token is read-only, but it tried to send something".to_owned()
        }
        HostError::Refused(Refused::Protocol { theirs, .. }) => format!(
            "it speaks version {theirs} of the protocol, and this server version {PROTOCOL}; the older \
             of the two has to be updated"
        ),
        HostError::Broken(cause) => format!("what it sent ended early: {cause}"),
        HostError::Refused(_) | HostError::Protocol(_) | HostError::Replica(_) => error.to_string(),
    };
    // It asks again by itself as soon as everything has been read.
    let expected = matches!(error, HostError::Replica(ReplicaError::NotReady));
    if peers.incoming.refused(name, &words, site.wiki().clock().now()) && !expected {
        let who = if name.is_empty() { "an unknown server" } else { name };
        tracing::warn!(peer = who, "a peer was refused: {words}");
    }
}

fn refuse(error: &HostError) -> Response {
    let (status, kind) = match error {
        HostError::Refused(Refused::Token) => (StatusCode::UNAUTHORIZED, "token"),
        HostError::Refused(Refused::ReadOnlyToken) => (StatusCode::FORBIDDEN, "read-only-token"),
        HostError::Refused(Refused::Protocol { .. }) => (StatusCode::BAD_REQUEST, "protocol"),
        HostError::Refused(Refused::Itself) => (StatusCode::CONFLICT, "itself"),
        HostError::Refused(Refused::OtherWiki { .. }) => (StatusCode::CONFLICT, "other-wiki"),
        HostError::Protocol(_) | HostError::Broken(_) => (StatusCode::BAD_REQUEST, "malformed"),
        HostError::Replica(ReplicaError::NotReady) => {
            (StatusCode::SERVICE_UNAVAILABLE, "not-ready")
        }
        HostError::Replica(_) => (StatusCode::SERVICE_UNAVAILABLE, "failed"),
    };
    let message = match error {
        // Where its files are is not for a peer to know.
        HostError::Replica(ReplicaError::Store(_) | ReplicaError::Local { .. }) => {
            "it could not use its disk; its log has the details".to_owned()
        }
        other => other.to_string(),
    };
    (status, axum::Json(Refusal { error: kind.to_owned(), message })).into_response()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|v| v.to_str().ok())
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    text(headers, "authorization")?.strip_prefix("Bearer ").map(|t| t.trim().to_owned())
}

/// A message of the side that reads from the network.
enum Piece {
    Bytes(Bytes),
    End,
}

/// Sends a body into the channel. Gives up on one that stalls or trickles: without an end it is
/// known to be cut short.
async fn pump(body: Body, sender: mpsc::Sender<Piece>, patience: Patience) {
    let mut stream = body.into_data_stream();
    let (mut waited, mut brought, mut drained) = (Duration::ZERO, 0, 0);
    loop {
        let begun = Instant::now();
        let piece = match tokio::time::timeout(patience.pause, stream.next()).await {
            Ok(Some(Ok(bytes))) => bytes,
            Ok(None) => {
                let _ = sender.send(Piece::End).await;
                return;
            }
            Ok(Some(Err(_))) | Err(_) => return,
        };
        waited += begun.elapsed();
        let length = piece.len() as u64;
        brought += length;
        if waited >= patience.window {
            if brought < patience.floor {
                return;
            }
            (waited, brought) = (Duration::ZERO, 0);
        }
        if sender.send(Piece::Bytes(piece)).await.is_err() {
            // Answering before everything was sent would look like a lost connection.
            drained += length;
            if drained > DRAIN {
                return;
            }
        }
    }
}

/// The bytes of a body as they arrive.
struct Incoming {
    receiver: mpsc::Receiver<Piece>,
    current: Bytes,
}

impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.receiver.blocking_recv() {
                Some(Piece::Bytes(bytes)) => self.current = bytes,
                Some(Piece::End) => {
                    self.receiver.close();
                    return Ok(0);
                }
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let length = buffer.len().min(self.current.len());
        buffer[..length].copy_from_slice(&self.current.split_to(length));
        Ok(length)
    }
}

/// Sends what a reader gives, piece by piece, to a peer that has a limited time for each.
fn send_all(
    mut reader: impl Read,
    sender: &mpsc::Sender<io::Result<Bytes>>,
    runtime: &tokio::runtime::Handle,
) {
    loop {
        let mut piece = vec![0; PIECE];
        let mut filled = 0;
        let result = loop {
            match reader.read(&mut piece[filled..]) {
                Ok(0) => break Ok(()),
                Ok(read) => filled += read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => break Err(e),
            }
            if filled == piece.len() {
                break Ok(());
            }
        };
        piece.truncate(filled);
        let (message, last) = match result {
            Ok(()) if filled == 0 => return,
            Ok(()) => (Ok(Bytes::from(piece)), filled < PIECE),
            Err(e) => {
                tracing::warn!(error = %e, "a stream to a peer was broken off");
                (Err(e), true)
            }
        };
        let sent = runtime.block_on(async {
            tokio::time::timeout(STALL, sender.send(message)).await.is_ok_and(|s| s.is_ok())
        });
        if !sent || last {
            return;
        }
    }
}
