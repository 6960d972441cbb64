//! Connections: accepting them, not waiting for ever on any, and ending them in good order.
//!
//! The one idea: nothing that a client does or leaves undone may hold the server. A client gets a
//! limited time to send its header, there are only so many connections, and when the server is
//! asked to stop, requests in flight get a limited time to finish. It must not know what is served.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt;

/// What the server puts up with.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// How long a client may take to send a request's header, and how long an idle connection stays.
    pub header: Duration,
    /// How long requests in flight may take after the server was asked to stop.
    pub farewell: Duration,
    /// How many connections there may be; who comes later waits in the kernel's queue.
    pub connections: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(30),
            farewell: Duration::from_secs(30),
            connections: 10_000,
        }
    }
}

/// Tells an answer that goes on for ever, such as a stream of events, that the server wants to stop.
///
/// Every request carries one as an extension. Answers of limited length need not care.
#[derive(Debug, Clone)]
pub struct Stopping(watch::Receiver<()>);

impl Stopping {
    /// Makes one; the server stops when the sender is dropped.
    pub fn new() -> (watch::Sender<()>, Self) {
        let (sender, receiver) = watch::channel(());
        (sender, Self(receiver))
    }

    /// Waits until the server wants to stop.
    pub async fn wait(&self) {
        let mut receiver = self.0.clone();
        while receiver.changed().await.is_ok() {}
    }
}

/// Serves `app` until `shutdown` resolves, then lets requests in flight finish for 30 seconds.
///
/// Every request carries a [`ConnectInfo`] with the client's address, and a [`Stopping`].
///
/// # Errors
/// If the listener cannot be used at all; trouble with one connection ends only that one.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    serve_with(listener, app, shutdown, Patience::default()).await
}

/// Serves as [`serve`] does, with another [`Patience`].
///
/// # Errors
/// As [`serve`].
pub async fn serve_with(
    listener: TcpListener,
    app: Router,
    shutdown: impl Future<Output = ()>,
    patience: Patience,
) -> io::Result<()> {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience.header).keep_alive(true);
    let places = Arc::new(Semaphore::new(patience.connections));
    let graceful = GracefulShutdown::new();
    let (stop, stopping) = Stopping::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, accept(&listener).await)
        };
        let (place, (stream, peer)) = tokio::select! {
            () = &mut shutdown => break,
            (place, connection) = accepted => (place, connection?),
        };
        let (app, stopping) = (app.clone(), stopping.clone());
        let service =
            service_fn(move |request| answer(app.clone(), request, peer, stopping.clone()));
        let connection = http.serve_connection(TokioIo::new(stream), service);
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = watched.await {
                // Clients go away and take too long all the time; it is theirs to notice.
                tracing::debug!(%peer, %error, "a connection ended early");
            }
            drop(place);
        });
    }
    // Nobody new gets in while the others finish.
    drop(listener);
    drop(stop);
    if tokio::time::timeout(patience.farewell, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time and were given up");
    }
    Ok(())
}

/// Waits for the next connection, however often that fails for reasons that pass.
async fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Answers are written whole; waiting to fill a packet only delays them.
                let _ = stream.set_nodelay(true);
                return Ok((stream, peer));
            }
            Err(e) => match e.kind() {
                io::ErrorKind::ConnectionAborted
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionRefused
                | io::ErrorKind::Interrupted => {}
                io::ErrorKind::InvalidInput => return Err(e),
                // Most likely no file descriptors are left; some will be, soon.
                _ => {
                    tracing::warn!(error = %e, "could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            },
        }
    }
}

async fn answer(
    app: Router,
    request: Request<Incoming>,
    peer: SocketAddr,
    stopping: Stopping,
) -> Result<axum::response::Response, Infallible> {
    let mut request = request.map(axum::body::Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    request.extensions_mut().insert(stopping);
    app.oneshot(request).await
}

#[cfg(test)]
mod tests {
    use axum::Extension;
    use axum::routing::get;
    use futures_util::StreamExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::{Notify, oneshot};
    use tokio::task::JoinHandle;

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    struct Running {
        address: SocketAddr,
        stop: oneshot::Sender<()>,
        task: JoinHandle<io::Result<()>>,
    }

    async fn start(app: Router, patience: Patience) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            serve_with(listener, app, async { drop(stopped.await) }, patience).await
        });
        Running { address, stop, task }
    }

    async fn everything(stream: &mut TcpStream) -> String {
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    async fn read_until(stream: &mut TcpStream, end: &str) -> String {
        let mut seen = Vec::new();
        while !seen.ends_with(end.as_bytes()) {
            seen.push(stream.read_u8().await.unwrap());
        }
        String::from_utf8(seen).unwrap()
    }

    #[tokio::test]
    async fn a_connection_carries_several_requests_and_knows_the_client() {
        let app = Router::new().route(
            "/",
            get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { format!("{peer}!") }),
        );
        let server = start(app, Patience::default()).await;
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let own = stream.local_addr().unwrap();
        for _ in 0..2 {
            stream.write_all(REQUEST).await.unwrap();
            let answer = read_until(&mut stream, "!").await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            assert!(answer.ends_with(&format!("{own}!")), "{answer}");
        }
    }

    #[tokio::test]
    async fn a_header_that_never_ends_is_not_waited_for() {
        let patience = Patience { header: Duration::from_millis(50), ..Patience::default() };
        let server = start(Router::new(), patience).await;
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.unwrap();
        // Returns only because the server closes the connection.
        let answer = everything(&mut stream).await;
        assert!(!answer.contains(" 200 "), "{answer}");
    }

    #[tokio::test]
    async fn a_request_in_flight_finishes_and_nobody_new_gets_in() {
        let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let gate = (Arc::clone(&entered), Arc::clone(&release));
        let app = Router::new().route(
            "/",
            get(|| async move {
                gate.0.notify_one();
                gate.1.notified().await;
                "saved"
            }),
        );
        let server = start(app, Patience::default()).await;
        let mut idle = TcpStream::connect(server.address).await.unwrap();
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(REQUEST).await.unwrap();
        entered.notified().await;
        server.stop.send(()).unwrap();
        // An idle connection ends at once, which also shows that stopping has begun.
        assert_eq!(everything(&mut idle).await, "");
        assert!(TcpStream::connect(server.address).await.is_err());
        release.notify_one();
        assert!(everything(&mut stream).await.ends_with("saved"));
        server.task.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_request_that_does_not_finish_holds_the_server_only_so_long() {
        let entered = Arc::new(Notify::new());
        let gate = Arc::clone(&entered);
        let app = Router::new().route(
            "/",
            get(|| async move {
                gate.notify_one();
                std::future::pending::<()>().await;
            }),
        );
        let patience = Patience { farewell: Duration::from_millis(50), ..Patience::default() };
        let server = start(app, patience).await;
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(REQUEST).await.unwrap();
        entered.notified().await;
        server.stop.send(()).unwrap();
        server.task.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn an_answer_without_end_does_not_delay_stopping() {
        let app = Router::new().route(
            "/",
            get(|Extension(stopping): Extension<Stopping>| async move {
                let first = futures_util::stream::once(async { Ok::<_, Infallible>("begun!") });
                let rest = futures_util::stream::once(async move {
                    stopping.wait().await;
                    Ok("ended")
                });
                axum::body::Body::from_stream(first.chain(rest))
            }),
        );
        let server = start(app, Patience::default()).await;
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(REQUEST).await.unwrap();
        read_until(&mut stream, "begun!\r\n").await;
        server.stop.send(()).unwrap();
        assert!(everything(&mut stream).await.contains("ended"));
        server.task.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn who_comes_when_all_places_are_taken_is_served_later() {
        let app = Router::new().route("/", get(|| async { "!" }));
        let server = start(app, Patience { connections: 1, ..Patience::default() }).await;
        let mut first = TcpStream::connect(server.address).await.unwrap();
        first.write_all(REQUEST).await.unwrap();
        read_until(&mut first, "!").await;
        let mut second = TcpStream::connect(server.address).await.unwrap();
        second.write_all(REQUEST).await.unwrap();
        drop(first);
        assert!(read_until(&mut second, "!").await.starts_with("HTTP/1.1 200"));
    }
}
