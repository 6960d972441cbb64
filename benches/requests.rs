//! Whole requests over loopback, each as a ratio to what the machine can do, within one run:
//!
//! - a view of a cached page against a static response of the same bytes from the same server;
//! - a save through the form against the bare sequence of system calls that makes a file durable;
//! - start-up to the first page served, of a wiki of 7,000 pages.
//!
//! `cargo bench --bench requests`. The rounds of a pair alternate, and medians are compared, so that
//! a machine whose speed drifts does not favour either.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]
#![expect(clippy::print_stdout, reason = "the figures are the result")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::header;
use axum::routing::get;
use everpage::store::fs::FsStore;
use everpage::web::{self, Site, SiteSettings};
use everpage::wiki::{Limits, Parts, SystemClock, SystemNonces, Wiki};

const ROUNDS: usize = 9;
const ROUND: Duration = Duration::from_millis(700);
const SAVES: usize = 60;
const PAGES: u64 = 7_000;

fn main() {
    // `cargo test --benches` only wants to know that it builds.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    views();
    saves();
    start_up();
}

/// A connection that asks for one address again and again.
struct Connection {
    stream: BufReader<TcpStream>,
    request: Vec<u8>,
    body: Vec<u8>,
}

impl Connection {
    fn open(address: SocketAddr, path: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes();
        Self { stream: BufReader::with_capacity(1 << 16, stream), request, body: Vec::new() }
    }

    fn ask(&mut self) -> (u16, usize) {
        self.stream.get_mut().write_all(&self.request).unwrap();
        read_response(&mut self.stream, &mut self.body)
    }
}

/// Reads a response; returns its status and the length of its body.
fn read_response(stream: &mut BufReader<TcpStream>, body: &mut Vec<u8>) -> (u16, usize) {
    let (mut status, mut length, mut line) = (0, 0, String::new());
    loop {
        line.clear();
        stream.read_line(&mut line).unwrap();
        if line == "\r\n" {
            break;
        }
        if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
            status = rest[..3].parse().unwrap();
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
    }
    body.resize(length, 0);
    stream.read_exact(body).unwrap();
    (status, length)
}

/// Counts how often a path is answered in one round by so many connections.
fn round(address: SocketAddr, path: &str, connections: usize) -> f64 {
    let answered = AtomicU64::new(0);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                let mut connection = Connection::open(address, path);
                while begun.elapsed() < ROUND {
                    assert_eq!(connection.ask().0, 200);
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    answered.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64()
}

fn views() {
    let temp = tempfile::tempdir().unwrap();
    write_page(temp.path(), "Garden", &sample_text());
    let wiki = Arc::new(Wiki::new(Parts {
        store: Arc::new(FsStore::open(temp.path()).unwrap()),
        clock: Arc::new(SystemClock),
        nonces: Arc::new(SystemNonces),
        base_path: String::new(),
        limits: Limits::default(),
    }));
    let background = wiki.start().unwrap();
    let site = SITE(&wiki, temp.path());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let bytes = Arc::new(std::sync::OnceLock::<Bytes>::new());
    let fixed = Arc::clone(&bytes);
    // Outside the layers of the application: nothing but the server itself.
    let app = web::app(site).route(
        "/-/bench/static",
        get(move || async move {
            ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], fixed.get().unwrap().clone())
        }),
    );
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = runtime.spawn(web::server::serve(listener, app, async {
        let _ = stopped.await;
    }));
    let mut first = Connection::open(address, "/Garden");
    assert_eq!(first.ask().0, 200);
    bytes.set(first.body.clone().into()).unwrap();
    println!(
        "a cached page of {} bytes against a static response of the same bytes",
        first.body.len()
    );
    for connections in [1, 32] {
        let mut pairs: Vec<(f64, f64)> = (0..ROUNDS)
            .map(|_| {
                (
                    round(address, "/Garden", connections),
                    round(address, "/-/bench/static", connections),
                )
            })
            .collect();
        pairs.remove(0);
        let (page, fixed) = (median(pairs.iter().map(|p| p.0)), median(pairs.iter().map(|p| p.1)));
        let ratio = median(pairs.iter().map(|p| p.0 / p.1));
        println!(
            "  {connections:>2} connections: {page:>7.0}/s against {fixed:>7.0}/s, ratio {ratio:.2} (aim: at least 0.8)"
        );
    }
    drop(first);
    drop(stop);
    runtime.block_on(server).unwrap().unwrap();
    drop(background);
}

/// Makes the site that is served.
const SITE: fn(&Arc<Wiki>, &Path) -> Site =
    |wiki, _data| Site::new(Arc::clone(wiki), SiteSettings::default());

fn saves() {
    let temp = tempfile::tempdir_in(concat!(env!("CARGO_MANIFEST_DIR"), "/target")).unwrap();
    write_page(temp.path(), "Garden", &sample_text());
    let server = Server::start(temp.path());
    let text = sample_text();
    let bare = temp.path().join("bare");
    fs::create_dir(&bare).unwrap();
    let mut pairs = Vec::new();
    for n in 0..SAVES {
        let form = get_form(server.address, "/-/edit/Garden");
        let body = format!(
            "base={}&nonce={}&author=Ada&action=save&content={}",
            form.0,
            form.1,
            encode(&format!("{text}\nedit {n}\n"))
        );
        let begun = Instant::now();
        assert_eq!(post(server.address, "/-/edit/Garden", &body), 303);
        let ours = begun.elapsed().as_secs_f64();
        let begun = Instant::now();
        bare_sequence(&bare, n, text.as_bytes());
        pairs.push((ours, begun.elapsed().as_secs_f64()));
    }
    let (ours, theirs) = (median(pairs.iter().map(|p| p.0)), median(pairs.iter().map(|p| p.1)));
    println!("a save through the form against create, write, fsync, link, fsync of the directory");
    println!(
        "  {:.2} ms against {:.2} ms, ratio {:.2}",
        ours * 1e3,
        theirs * 1e3,
        median(pairs.iter().map(|p| p.0 / p.1))
    );
}

fn start_up() {
    let temp = tempfile::tempdir().unwrap();
    let text = sample_text();
    for n in 0..PAGES {
        write_page(
            temp.path(),
            &format!("Page {n}"),
            &format!("{text}\n[[Page {}]]\n", n * 7 % PAGES),
        );
    }
    let times: Vec<f64> = (0..5)
        .map(|_| {
            let _ = fs::remove_dir_all(temp.path().join("local"));
            let begun = Instant::now();
            let server = Server::start(temp.path());
            let mut connection = Connection::open(server.address, "/Page%2042");
            assert_eq!(connection.ask().0, 200);
            begun.elapsed().as_secs_f64()
        })
        .collect();
    println!("start-up to the first page served, {PAGES} pages, no derived data");
    println!("  {:.0} ms (aim: at most 300)", median(times.iter().copied()) * 1e3);
}

/// The built server on a data directory, stopped by its process id when dropped.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(data: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_everpage"))
            .args(["--data", data.to_str().unwrap(), "serve", "--listen", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        let address = loop {
            line.clear();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "the server ended");
            if let Some((_, address)) = line.trim().rsplit_once("http://") {
                break address.parse().unwrap();
            }
        };
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { child, address }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns base and nonce of an edit form.
fn get_form(address: SocketAddr, path: &str) -> (String, String) {
    let mut connection = Connection::open(address, path);
    assert_eq!(connection.ask().0, 200);
    let html = String::from_utf8(connection.body).unwrap();
    (hidden(&html, "base"), hidden(&html, "nonce"))
}

fn hidden(html: &str, name: &str) -> String {
    let (_, rest) = html.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

fn post(address: SocketAddr, path: &str, body: &str) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    read_response(&mut BufReader::new(stream), &mut Vec::new()).0
}

fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn bare_sequence(dir: &Path, n: usize, content: &[u8]) {
    let (temp, target) = (dir.join(format!("{n}.tmp")), dir.join(n.to_string()));
    let mut file = File::create_new(&temp).unwrap();
    file.write_all(content).unwrap();
    file.sync_all().unwrap();
    fs::hard_link(&temp, &target).unwrap();
    fs::remove_file(&temp).unwrap();
    File::open(dir).unwrap().sync_all().unwrap();
}

/// Writes a page as a person would by hand: a bare revision.
fn write_page(data: &Path, name: &str, text: &str) {
    let dir = data.join("pages").join(format!("{name}.md"));
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("1-9f0c2d4e-58cc-4372-a567-0e02b2c3d479"), text).unwrap();
}

fn sample_text() -> String {
    let paragraph = "Water the **beans** in the morning, see [[Shed]] and the `pump`. It takes a while, and nobody minds.\n\n";
    format!(
        "# Garden\n\n{}## Tools\n\n- a can\n- a [hose](Hose.md)\n\n{}",
        paragraph.repeat(12),
        paragraph.repeat(12)
    )
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
