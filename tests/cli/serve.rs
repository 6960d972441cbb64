//! `serve`: settings, refusals, and an end in good order.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Place, Run};

/// A server on a port that the system chose; ended with the test.
pub(crate) struct Server {
    child: Child,
    log: BufReader<std::process::ChildStderr>,
    pub(crate) address: String,
}

impl Server {
    pub(crate) fn start(place: &Place, args: &[&str]) -> Self {
        let all = [&["--listen", "127.0.0.1:0"], args].concat();
        let mut child = place.command(&all).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("http://") {
            line.clear();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "it ended without serving");
        }
        let at = line.find("http://").unwrap() + "http://".len();
        let end = |c: char| !(c.is_ascii_digit() || c == '.' || c == ':');
        let address = line[at..].split(end).next().unwrap().to_owned();
        Self { child, log, address }
    }

    fn get(&self, address: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let request =
            format!("GET {address} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Asks until just so many documents have the word: the index follows in the background.
    fn finds(&self, word: &str, total: usize) {
        let wanted = format!("\"total\":{total}}}");
        let begun = Instant::now();
        loop {
            let answer = self.get(&format!("/-/api/v1/search?q={word}"));
            let whole = answer.contains("\"complete\":true") && answer.contains("\"pending\":0");
            if whole && answer.contains(&wanted) {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{word}: {answer}");
            sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let mut log = String::new();
        self.log.read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap().code(), log)
    }
}

#[test]
fn it_says_where_it_serves_makes_the_directory_and_ends_on_a_signal() {
    for signal in [Signal::TERM, Signal::INT] {
        let place = Place::new();
        let server = Server::start(&place, &["--title", "Our wiki"]);
        assert!(place.path("data/pages").is_dir());
        let answer = server.get("/-/healthz");
        assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
        server.signal(signal);
        let (code, log) = server.end();
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains("stopped"), "{log}");
    }
}

#[test]
fn the_log_can_be_json() {
    let place = Place::new();
    let server = Server::start(&place, &["--log-format", "json"]);
    server.signal(Signal::TERM);
    let (_, log) = server.end();
    for line in log.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    assert!(!log.is_empty());
}

#[test]
fn a_port_that_is_taken_is_told_with_a_way_out() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    place
        .run(&["serve", "--listen", &address])
        .refused(1, &[&address, "already listens on", "--listen"]);
    place
        .run(&["serve", "--listen", "192.0.2.1:80", "--access", "read-only"])
        .refused(1, &["192.0.2.1"]);
}

#[test]
fn strangers_may_not_write_unless_that_was_said() {
    let place = Place::new();
    for listen in ["0.0.0.0:0", "[::]:0"] {
        let run = place.run(&["--listen", listen]);
        run.refused(1, &["without an account", "--allow-anonymous-edits", "read-only"]);
    }
    assert!(!place.path("data").exists(), "refused before anything is made");
    let print = |args: &[&str]| place.run(&[&["serve", "--print-config"], args].concat()).ok();
    assert!(
        print(&["--listen", "0.0.0.0:1", "--allow-anonymous-edits"])
            .contains("allow_anonymous_edits = true")
    );
}

#[test]
fn an_upstream_that_cannot_be_used_is_refused_in_words() {
    let place = Place::new();
    let run = place.run(&["serve", "--upstream", "https://wiki.example.org"]);
    run.refused(1, &["no token for https://wiki.example.org", "everpage peer add"]);
    let run = place.run(&["--listen", "127.0.0.1:7001", "--upstream", "http://localhost:7001"]);
    run.refused(1, &["this server itself"]);
    place.run(&["serve", "--upstream", "wiki.example.org"]).refused(2, &["https://"]);
    assert!(!place.path("data").exists(), "refused before anything is made");
}

#[test]
fn print_config_shows_what_is_in_force() {
    let place = Place::new();
    place.write("data/everpage.toml", "title = 'From the file'\nhome = 'Start'\n");
    let run = place
        .command(&["serve", "--print-config", "--max-text", "64KiB"])
        .env("EVERPAGE_HOME", "From/Variable")
        .spawn()
        .unwrap();
    assert_eq!(
        Run::of(run).ok(),
        "# data directory: ./data\n\
         listen = \"127.0.0.1:8080\"\n\
         base_path = \"\"\n\
         access = \"open\"\n\
         allow_anonymous_edits = false\n\
         title = \"From the file\"\n\
         home = \"From/Variable.md\"\n\
         language = \"en\"\n\
         merge_on_save = \"clean\"\n\
         max_text = 65536\n\
         max_attachment = 1073741824\n"
    );
}

#[test]
fn bad_settings_are_told_by_every_command() {
    let place = Place::new();
    place.put("Home", "h");
    place.write("data/everpage.toml", "lisen = '127.0.0.1:1'\n");
    for command in ["serve", "ls", "check"] {
        place.run(&[command]).refused(1, &["everpage.toml", "lisen", "listen"]);
    }
    place.run(&["serve", "--access", "closed"]).refused(2, &["open or read-only"]);
    place.run(&["--log", "a=b=c", "ls"]).refused(1, &["log filter"]);
}

#[test]
fn commands_work_beside_a_running_server() {
    let place = Place::new();
    let server = Server::start(&place, &[]);
    let saved = place.put("Home", "beside");
    assert_eq!(place.cat("Home"), "beside");
    server.signal(Signal::TERM);
    assert_eq!(server.end().0, Some(0));
    assert_eq!(place.revisions("Home.md"), [saved]);
}

#[test]
fn searching_follows_every_change_and_two_servers_leave_each_other_alone() {
    let place = Place::new();
    place.put("Garden", "beans");
    let servers = [Server::start(&place, &[]), Server::start(&place, &[])];
    for server in &servers {
        server.finds("beans", 1);
    }
    place.put("Shed", "spades");
    place.by_hand("Garden.md", "7-f47ac10b-58cc-4372-a567-0e02b2c3d479", "roses");
    for server in &servers {
        server.finds("spades", 1);
        server.finds("roses", 1);
        server.finds("beans", 0);
    }
    for server in servers {
        server.signal(Signal::TERM);
        let (code, log) = server.end();
        assert_eq!(code, Some(0), "{log}");
    }
    // What is derived may be deleted.
    assert!(place.path("data/local/search").is_dir());
    std::fs::remove_dir_all(place.path("data/local/search")).unwrap();
    let server = Server::start(&place, &[]);
    server.finds("roses", 1);
    server.signal(Signal::TERM);
    assert_eq!(server.end().0, Some(0));
}
