//! What was acknowledged is on disk, byte for byte, whatever happens to the server meanwhile.
//!
//! Browsers save through the form, half of them on revisions that readers no longer see, while the
//! server is killed at random moments. The oracle is the directory, read without the server.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

const BROWSERS: usize = 200;
const PAGES: usize = 20;
const SAVES_EACH: usize = 4;
const KILLS: usize = 50;

/// The built server on a data directory.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(data: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_everpage"))
            .args(["--data", data.to_str().unwrap(), "serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::null())
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

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends one request on a connection of its own; `None` where the server did not answer.
fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    body: &str,
) -> Option<(u16, String, String)> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body.as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let location = head.lines().find_map(|l| {
        let (name, value) = l.split_once(':')?;
        name.eq_ignore_ascii_case("location").then(|| value.trim().to_owned())
    });
    Some((status, location.unwrap_or_default(), body.to_owned()))
}

fn hidden(html: &str, name: &str) -> Option<String> {
    let (_, rest) = html.split_once(&format!("name=\"{name}\" value=\""))?;
    Some(rest.split('"').next()?.to_owned())
}

fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// What one browser does: opens the form, types, saves; every second time on an old revision, and
/// then as a second version when told that the page has moved on.
fn browse(
    browser: usize,
    server: &Mutex<SocketAddr>,
    stale: bool,
    acknowledged: &Mutex<HashMap<String, String>>,
    n: usize,
) -> Option<bool> {
    let address = *server.lock().unwrap();
    let page = format!("Page{}", browser % PAGES);
    let form_address = format!("/-/edit/{page}");
    let (status, _, html) = request(address, "GET", &form_address, "")?;
    assert_eq!(status, 200, "{html}");
    let nonce = hidden(&html, "nonce")?;
    let base = if stale { String::new() } else { hidden(&html, "base").unwrap_or_default() };
    let text = format!("browser {browser} save {n}\nnonce {nonce}\nRevision: not a header\n€\n");
    let fields =
        format!("base={base}&nonce={nonce}&author=B{browser}&summary=&content={}", encode(&text));
    let (mut status, mut location, mut answer) =
        request(address, "POST", &form_address, &format!("{fields}&action=save"))?;
    if status == 409 {
        assert!(answer.contains(&format!("nonce {nonce}")), "the text is not on the merge screen");
        (status, location, answer) =
            request(address, "POST", &form_address, &format!("{fields}&action=second"))?;
    }
    assert_eq!(status, 303, "{answer}");
    assert!(!location.contains("same"), "a text of its own is a revision of its own");
    acknowledged.lock().unwrap().insert(nonce, text);
    Some(true)
}

/// Reads all revision files: nonce to content.
fn on_disk(data: &Path) -> HashMap<String, Vec<u8>> {
    let mut found = HashMap::new();
    for page in fs::read_dir(data.join("pages")).unwrap() {
        for file in fs::read_dir(page.unwrap().path()).unwrap() {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            let bytes = fs::read(file.path()).unwrap();
            let end = bytes.windows(2).position(|w| w == b"\n\n").unwrap();
            found.insert(name.split_once('-').unwrap().1.to_owned(), bytes[end + 2..].to_vec());
        }
    }
    found
}

fn all_there(data: &Path, acknowledged: &HashMap<String, String>) {
    let files = on_disk(data);
    for (nonce, text) in acknowledged {
        let content = files.get(nonce).unwrap_or_else(|| unreachable!("lost: {nonce}"));
        assert_eq!(content, text.as_bytes(), "altered: {nonce}");
    }
}

#[test]
fn two_hundred_browsers_save_at_once_and_nothing_is_lost() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let address = Mutex::new(server.address);
    let acknowledged = Mutex::default();
    std::thread::scope(|scope| {
        for browser in 0..BROWSERS {
            let (address, acknowledged) = (&address, &acknowledged);
            scope.spawn(move || {
                for n in 0..SAVES_EACH {
                    let done = browse(browser, address, (browser + n) % 2 == 0, acknowledged, n);
                    assert_eq!(done, Some(true), "the server did not answer");
                }
            });
        }
    });
    let acknowledged = acknowledged.into_inner().unwrap();
    assert_eq!(acknowledged.len(), BROWSERS * SAVES_EACH);
    all_there(temp.path(), &acknowledged);
    // The server says the same of itself.
    let check = Command::new(env!("CARGO_BIN_EXE_everpage"))
        .args(["--data", temp.path().to_str().unwrap(), "check"])
        .output()
        .unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
}

#[test]
fn killing_the_server_at_any_moment_loses_nothing_that_was_acknowledged() {
    let temp = tempfile::tempdir().unwrap();
    let first = Server::start(temp.path());
    let address = Mutex::new(first.address);
    let acknowledged: Mutex<HashMap<String, String>> = Mutex::default();
    let (over, saved, seed) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicU32::new(1));
    std::thread::scope(|scope| {
        for browser in 0..40 {
            let (address, acknowledged, over, saved) = (&address, &acknowledged, &over, &saved);
            scope.spawn(move || {
                let mut n = 0;
                while !over.load(Ordering::Relaxed) {
                    n += 1;
                    if browse(browser, address, n % 2 == 0, acknowledged, n).is_some() {
                        saved.fetch_add(1, Ordering::Relaxed);
                    } else {
                        std::thread::sleep(Duration::from_millis(5));
                    }
                }
            });
        }
        let mut server = first;
        for _ in 0..KILLS {
            // Until some saves went through, and then at a moment that differs each time.
            let before = saved.load(Ordering::Relaxed);
            while saved.load(Ordering::Relaxed) < before + 10 {
                std::thread::sleep(Duration::from_millis(2));
            }
            let random =
                seed.load(Ordering::Relaxed).wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed.store(random, Ordering::Relaxed);
            std::thread::sleep(Duration::from_micros(u64::from(random >> 16) % 20_000));
            server.kill();
            // What the kill left must be whole or invisible before anything repairs it.
            all_there(temp.path(), &acknowledged.lock().unwrap().clone());
            server = Server::start(temp.path());
            *address.lock().unwrap() = server.address;
        }
        over.store(true, Ordering::Relaxed);
    });
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.len() >= KILLS * 10);
    all_there(temp.path(), &acknowledged);
}
