//! A data directory, servers on it, and a browser that keeps what a form holds.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use everpage::store::fs::{FsStore, Op};
use everpage::web::{self, Site, SiteSettings};
use everpage::wiki::{Background, Limits, Parts, SystemClock, SystemNonces, Wiki};
use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take before a test gives up; a busy machine is slow, not wrong.
const PATIENCE: Duration = Duration::from_secs(60);

/// A data directory of its own.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(place.pages()).unwrap();
        place
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    pub(crate) fn pages(&self) -> PathBuf {
        self.path("data/pages")
    }

    /// Puts a file below `pages/`, as a person or another program would.
    pub(crate) fn by_hand(&self, relative: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.pages().join(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn serve(&self) -> Server {
        Server::start(&self.data(), &[])
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = everpage(&self.data());
        command.args(args);
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Returns what `check` finds as kind and path, after looking that its exit code agrees.
    pub(crate) fn check(&self) -> Vec<(String, String)> {
        let run = self.run(&["check", "--json"]);
        let lines = String::from_utf8(run.stdout).unwrap();
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let found: Vec<_> = lines
            .map(|line| {
                assert!(!line["detail"].as_str().unwrap().is_empty(), "{line}");
                let text = |name: &str| line[name].as_str().unwrap().to_owned();
                (text("kind"), text("path"))
            })
            .collect();
        assert_eq!(run.status.code(), Some(i32::from(!found.is_empty())), "{found:?}");
        found
    }

    /// As [`Place::check`] after a server was killed: a save that was safe on disk by then, but had no
    /// name yet, gets its name at the first look, and there is nothing to find at the second.
    pub(crate) fn check_after_kills(&self) -> Vec<(String, String)> {
        let found = self.check();
        if found.iter().all(|(kind, _)| kind == "restored") { self.check() } else { found }
    }

    /// Returns everything below `pages/` with its bytes; links are named, not followed.
    pub(crate) fn snapshot(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut stack = vec![self.pages()];
        while let Some(dir) = stack.pop() {
            for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
                let kind = entry.file_type().unwrap();
                if kind.is_dir() {
                    stack.push(entry.path());
                }
                let read = if kind.is_file() { fs::read(entry.path()) } else { Ok(Vec::new()) };
                // Another program's temporary file may go between being listed and being read.
                let bytes = match read {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    read => read.unwrap(),
                };
                found.insert(entry.path(), bytes);
            }
        }
        found
    }

    /// Panics unless everything that was there before is there now as it was.
    #[track_caller]
    pub(crate) fn assert_kept(&self, before: &BTreeMap<PathBuf, Vec<u8>>) {
        let now = self.snapshot();
        for (path, bytes) in before {
            assert!(now.get(path) == Some(bytes), "{} is not as it was", path.display());
        }
    }
}

fn everpage(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_everpage"));
    command.env_clear().arg("--data").arg(data).stdin(Stdio::null());
    command
}

/// The built server; killed with the test.
pub(crate) struct Server {
    child: Child,
    pub(crate) browser: Browser,
}

impl Server {
    pub(crate) fn start(data: &Path, args: &[&str]) -> Self {
        let mut command = everpage(data);
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(args);
        Self::run(command)
    }

    /// Runs a command that becomes the server.
    pub(crate) fn run(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let (mut line, mut all) = (String::new(), String::new());
        let address = loop {
            line.clear();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "the server ended: {all}");
            all.push_str(&line);
            if let Some((_, address)) = line.trim().rsplit_once("http://") {
                break address.parse().unwrap();
            }
        };
        std::thread::spawn(move || io::copy(&mut log, &mut io::sink()));
        Self { child, browser: Browser(address) }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Panics if the process has ended.
    pub(crate) fn assert_runs(&mut self) {
        assert_eq!(self.child.try_wait().unwrap(), None, "the server ended");
        assert_eq!(self.browser.get("/-/healthz").status, 200);
    }

    /// Returns the most memory that the process has held, in MiB.
    pub(crate) fn peak_mib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server in this process, whose disk fails when the test says so.
pub(crate) struct Faulty {
    pub(crate) browser: Browser,
    _background: Background,
    _runtime: tokio::runtime::Runtime,
}

impl Faulty {
    pub(crate) fn start(
        data: &Path,
        hook: impl Fn(Op, &Path) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let wiki = Arc::new(Wiki::new(Parts {
            store: Arc::new(FsStore::open_with_faults(data, Some(Arc::new(hook))).unwrap()),
            clock: Arc::new(SystemClock),
            nonces: Arc::new(SystemNonces),
            base_path: String::new(),
            limits: Limits::default(),
        }));
        let background = wiki.start().unwrap();
        let app = web::app(Site::new(wiki, SiteSettings::default()));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let browser = Browser(listener.local_addr().unwrap());
        runtime.spawn(web::server::serve(listener, app, std::future::pending()));
        Self { browser, _background: background, _runtime: runtime }
    }
}

/// Whoever asks a server, each time on a connection of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Browser(SocketAddr);

impl Browser {
    #[track_caller]
    pub(crate) fn get(self, path: &str) -> Page {
        self.ask("GET", path, b"").expect("the server answers")
    }

    /// Sends a form.
    #[track_caller]
    pub(crate) fn post(self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.try_post(path, fields).expect("the server answers")
    }

    /// Sends a form; `None` where the server did not answer.
    pub(crate) fn try_post(self, path: &str, fields: &[(&str, &str)]) -> Option<Page> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.ask("POST", path, body.as_bytes())
    }

    /// Sends a request with any bytes as its address; `None` where the server did not answer.
    pub(crate) fn ask(self, method: &str, path: impl AsRef<[u8]>, body: &[u8]) -> Option<Page> {
        let mut stream = TcpStream::connect_timeout(&self.0, PATIENCE).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        let mut request = [method.as_bytes(), b" ", path.as_ref()].concat();
        write!(
            request,
            " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .ok()?;
        request.extend(body);
        stream.write_all(&request).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        Page::parse(&answer)
    }

    pub(crate) fn address(self) -> SocketAddr {
        self.0
    }

    /// Opens the form of a page, as a person does before typing.
    #[track_caller]
    pub(crate) fn form(self, name: &str) -> Form {
        self.try_form(name).expect("the server answers")
    }

    /// Opens the form of a page; `None` where the server did not answer.
    #[track_caller]
    pub(crate) fn try_form(self, name: &str) -> Option<Form> {
        let page = self.ask("GET", format!("/-/edit/{}", encode(name)), b"")?;
        assert_eq!(page.status, 200, "{}", page.body);
        Some(Form::of(&page))
    }

    /// Opens the form of a page, types a text and saves.
    #[track_caller]
    pub(crate) fn save(self, name: &str, text: &str) -> Page {
        self.form(name).typed(text).send(self, name, "save")
    }

    /// Opens the form of a page, types a text and saves; it must succeed.
    #[track_caller]
    pub(crate) fn saved(self, name: &str, text: &str) {
        let page = self.save(name, text);
        assert_eq!(page.status, 303, "{}", page.body);
    }

    /// Returns the bytes that readers of a page get; empty where there is none.
    pub(crate) fn raw(self, name: &str) -> String {
        let page = self.get(&format!("/{}.md", encode(name)));
        if page.status == 200 { page.body } else { String::new() }
    }

    /// Returns the inbox: the path of each page with conflicts, its winner and the others.
    pub(crate) fn conflicts(self) -> Value {
        serde_json::from_str(&self.get("/-/api/v1/conflicts").body).unwrap()
    }
}

/// What a form holds that is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) base: String,
    pub(crate) nonce: String,
    pub(crate) content: String,
    pub(crate) summary: String,
    pub(crate) author: String,
}

impl Form {
    #[track_caller]
    pub(crate) fn of(page: &Page) -> Self {
        let field = |name: &str| page.field(name).unwrap_or_else(|| panic!("no {name}: {page:?}"));
        Self {
            base: field("base"),
            nonce: field("nonce"),
            content: field("content"),
            summary: field("summary"),
            author: field("author"),
        }
    }

    pub(crate) fn typed(self, text: &str) -> Self {
        Self { content: text.to_owned(), ..self }
    }

    #[track_caller]
    pub(crate) fn send(&self, browser: Browser, name: &str, action: &str) -> Page {
        self.try_send(browser, name, action).expect("the server answers")
    }

    pub(crate) fn try_send(&self, browser: Browser, name: &str, action: &str) -> Option<Page> {
        let fields = [
            ("base", &*self.base),
            ("nonce", &self.nonce),
            // As browsers send it.
            ("content", &self.content.replace('\n', "\r\n")),
            ("summary", &self.summary),
            ("author", &self.author),
            ("action", action),
        ];
        browser.try_post(&format!("/-/edit/{}", encode(name)), &fields)
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) location: String,
    pub(crate) body: String,
}

impl Page {
    fn parse(answer: &[u8]) -> Option<Self> {
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let header = |wanted: &str| {
            head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
            })
        };
        let body = &answer[end + 4..];
        // Half an answer is none.
        let length = header("content-length").and_then(|l| l.parse().ok());
        if length.is_some_and(|length: usize| length != body.len()) {
            return None;
        }
        Some(Self {
            status: head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?,
            location: header("location").unwrap_or_default(),
            body: String::from_utf8_lossy(body).into_owned(),
        })
    }

    /// Returns a field of the first form that has it, as a browser would send it.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        self.tagged(&format!("name=\"{name}\""))
    }

    /// Returns the text that a person can take with them: in the form, or on the page of a failure.
    pub(crate) fn text_given_back(&self) -> Option<String> {
        self.field("content").or_else(|| self.tagged("id=\"your-text\""))
    }

    fn tagged(&self, attribute: &str) -> Option<String> {
        let at = self.body.find(attribute)?;
        let tag_start = self.body[..at].rfind('<')?;
        let tag_end = at + self.body[at..].find('>')?;
        let tag = &self.body[tag_start..tag_end];
        let raw = if tag.starts_with("<textarea") {
            let rest = &self.body[tag_end + 1..];
            let text = &rest[..rest.find("</textarea>")?];
            // Browsers drop a line end at the beginning.
            text.strip_prefix('\n').unwrap_or(text)
        } else {
            let value = tag.find("value=\"")? + 7;
            &tag[value..value + tag[value..].find('"')?]
        };
        Some(unescape(raw))
    }

    /// Panics unless this is a page of the site that a person can read.
    #[track_caller]
    pub(crate) fn assert_page(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.body);
        assert!(self.body.trim_end().ends_with("</html>"), "{}", self.body);
        assert!(self.body.contains("<h1"), "{}", self.body);
    }
}

fn unescape(html: &str) -> String {
    let names = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    names.iter().fold(html.to_owned(), |text, (name, sign)| text.replace(name, sign))
}

/// Writes a name as an address holds it.
pub(crate) fn encode(name: &str) -> String {
    let plain = |piece: &str| form_urlencoded::byte_serialize(piece.as_bytes()).collect::<String>();
    name.split('/').map(|piece| plain(piece).replace('+', "%20")).collect::<Vec<_>>().join("/")
}

/// Makes an id with a nonce that ends in this number.
pub(crate) fn id(number: u64, nonce: u64) -> String {
    format!("{number}-00000000-0000-4000-8000-{nonce:012x}")
}

/// Waits until something is the case, and returns how long that took.
#[track_caller]
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) -> Duration {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
    begun.elapsed()
}
