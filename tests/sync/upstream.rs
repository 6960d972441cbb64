//! A server that checks with another one before and at each save.

use std::io::Read;
use std::net::TcpListener;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use everpage::model::revision::RevisionId;
use everpage::sync::http::Patience;
use everpage::sync::page::Question;
use everpage::sync::{
    Answer, Hello, HttpRemote, InProcess, ItemHash, Outcome, Remote, RemoteError, Upstream,
};
use everpage::wiki::{Document, Edit, MergeOnSave, Nonces, SystemNonces};

use crate::support::{Node, Server, path, token};

/// A wiki that people reach with a browser.
struct Visited {
    node: Node,
    server: Server,
    upstream: std::sync::Arc<Upstream>,
}

impl Visited {
    fn below(upstream: &Node, server: &Server, name: &str) -> Self {
        Self::at(&server.url, &token(upstream, name, false))
    }

    fn at(url: &str, token: &str) -> Self {
        let node = Node::new();
        let upstream = node.check_with(url, token);
        let server = Server::start(&node);
        Self { node, server, upstream }
    }

    /// Opens the form of a page, as a browser does.
    fn open(&self, page: &str) -> Form {
        let opened = ask(&self.url(&format!("-/edit/{page}")), None);
        assert_eq!(opened.status, 200, "{}", opened.body);
        Form {
            to: self.url(&format!("-/edit/{page}")),
            base: field(&opened.body, "base"),
            nonce: field(&opened.body, "nonce"),
            shown: opened.body,
        }
    }

    fn url(&self, rest: &str) -> String {
        format!("{}/{rest}", self.server.url)
    }

    fn get(&self, location: &str) -> Seen {
        ask(&self.url(location.trim_start_matches('/')), None)
    }
}

struct Form {
    to: String,
    base: String,
    nonce: String,
    shown: String,
}

impl Form {
    fn save(&self, text: &str) -> Seen {
        let fields = [
            ("content", text),
            ("base", &self.base),
            ("nonce", &self.nonce),
            ("author", "Ben"),
            ("action", "save"),
            ("confirm", "delete"),
        ];
        ask(&self.to, Some(&fields))
    }
}

#[derive(Debug)]
struct Seen {
    status: u16,
    location: String,
    body: String,
}

impl Seen {
    fn assert_saved(&self) {
        assert_eq!((self.status, self.location.contains("owed")), (303, false), "{self:?}");
    }

    fn assert_saved_here_alone(&self) {
        assert_eq!((self.status, self.location.contains("owed=1")), (303, true), "{self:?}");
    }

    /// The text is a version that waits, at the upstream too. Returns its id.
    fn assert_waits(&self) -> RevisionId {
        self.assert_saved();
        let mine = self.location.split_once("?mine=").expect("the merge screen").1;
        assert!(self.location.contains("/-/merge/"), "{self:?}");
        mine.parse().unwrap()
    }
}

fn ask(url: &str, form: Option<&[(&str, &str)]>) -> Seen {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
    let response = match form {
        None => agent.get(url).call(),
        Some(fields) => {
            let body =
                form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            agent.post(url).content_type("application/x-www-form-urlencoded").send(body)
        }
    };
    let mut response = response.unwrap();
    let location = response.headers().get("location");
    let location = location.map_or("", |l| l.to_str().unwrap()).to_owned();
    Seen {
        status: response.status().as_u16(),
        location,
        body: response.body_mut().read_to_string().unwrap(),
    }
}

/// Returns the value of a hidden field; empty where there is none.
fn field(html: &str, name: &str) -> String {
    let Some(at) = html.find(&format!("name=\"{name}\" value=\"")) else { return String::new() };
    html[at..].split('"').nth(3).unwrap().to_owned()
}

fn document(node: &Node, name: &str) -> std::sync::Arc<Document> {
    node.wiki.refresh(&path(name)).unwrap().expect("a document")
}

fn ids(node: &Node, name: &str) -> Vec<RevisionId> {
    document(node, name).revisions().map(|r| r.id).collect()
}

fn conflicts(node: &Node, name: &str) -> usize {
    document(node, name).resolution().conflicts.len()
}

/// An upstream with a page.
fn garden() -> (Node, Server) {
    let node = Node::new();
    node.save("Garden.md", "beans\n");
    let server = Server::start(&node);
    (node, server)
}

#[test]
fn the_form_has_the_newest_text_and_a_save_is_there_before_the_answer() {
    let (central, server) = garden();
    let here = Visited::below(&central, &server, "b");
    let form = here.open("Garden");
    assert!(form.shown.contains("beans"), "fetched with the form");
    central.save("Garden.md", "beans and peas\n");
    let form = here.open("Garden");
    assert!(form.shown.contains("beans and peas"), "{}", form.shown);
    let saved = form.save("beans, peas and kale\n");
    // Nothing else runs: what is there came with the save.
    assert_eq!(central.text("Garden.md"), "beans, peas and kale\n");
    saved.assert_saved();
    assert_eq!(central.files(), here.node.files(), "the same bytes on both sides");
    assert_eq!(
        central.replica.place().wiki_id().unwrap(),
        here.node.replica.place().wiki_id().unwrap()
    );
    here.open("New/Page").save("new\n").assert_saved();
    assert_eq!(central.text("New/Page.md"), "new\n");
}

#[test]
fn where_the_upstream_has_moved_on_the_text_waits_on_both_and_is_merged() {
    let (central, server) = garden();
    let here = Visited::below(&central, &server, "b");
    let form = here.open("Garden");
    let theirs = central.save("Garden.md", "broad beans\n");
    let mine = form.save("beans and kale\n").assert_waits();
    assert_eq!(central.text("Garden.md"), "broad beans\n");
    assert_eq!(document(&central, "Garden.md").resolution().conflicts, [mine]);
    assert_eq!(central.files(), here.node.files(), "the same revisions on both sides");
    // The same form again, and after a merge.
    assert_eq!(form.save("beans and kale\n").assert_waits(), mine);
    let merge = Edit {
        path: path("Garden.md"),
        base: Some(theirs),
        also: vec![mine],
        content: b"broad beans\nbeans and kale\n".to_vec(),
        author: "Ben".to_owned(),
        summary: String::new(),
        nonce: SystemNonces.draw(),
    };
    here.node.wiki.save(&merge, MergeOnSave::Clean).unwrap();
    assert_eq!(central.text("Garden.md"), "broad beans\nbeans and kale\n");
    assert_eq!(central.files(), here.node.files());
    assert_eq!((conflicts(&central, "Garden.md"), ids(&central, "Garden.md").len()), (0, 4));
}

#[test]
fn what_fits_together_is_merged_and_both_sides_have_text_and_merge() {
    let central = Node::new();
    central.save("Garden.md", "beans\n\npeas\n");
    let server = Server::start(&central);
    let here = Visited::below(&central, &server, "b");
    let form = here.open("Garden");
    central.save("Garden.md", "broad beans\n\npeas\n");
    for _ in 0..2 {
        form.save("beans\n\npeas and kale\n").assert_saved();
        assert_eq!(central.text("Garden.md"), "broad beans\n\npeas and kale\n");
        assert_eq!(central.files(), here.node.files());
        assert_eq!((conflicts(&central, "Garden.md"), ids(&central, "Garden.md").len()), (0, 4));
    }
}

#[test]
fn a_text_that_waits_while_the_upstream_is_away_is_handed_over_later() {
    let (central, server) = garden();
    let token = token(&central, "b", false);
    let here = Visited::at(&server.url, &token);
    let form = here.open("Garden");
    central.save("Garden.md", "broad beans\n");
    // Somebody else looks, so that it is known here.
    here.open("Garden");
    drop(server);
    let waits = form.save("kale\n");
    waits.assert_saved_here_alone();
    assert!(waits.location.contains("/-/merge/Garden?mine="), "{waits:?}");
    assert_eq!(here.node.text("Garden.md"), "broad beans\n");
    let server = Server::start(&central);
    let remote = HttpRemote::new(&server.url, &token, Patience::default()).unwrap();
    here.node.sync_with(&remote).unwrap();
    assert_eq!((conflicts(&central, "Garden.md"), central.files()), (1, here.node.files()));
    assert_eq!(central.text("Garden.md"), "broad beans\n");
}

#[test]
fn of_two_servers_that_save_at_once_exactly_one_becomes_the_page() {
    let (central, server) = garden();
    let servers: Vec<Visited> =
        ["b", "c"].iter().map(|name| Visited::below(&central, &server, name)).collect();
    for round in 0..10 {
        let page = format!("Page {round}");
        central.save(&format!("{page}.md"), "begun\n");
        let start = Barrier::new(2);
        let seen: Vec<Seen> = thread::scope(|scope| {
            let savers: Vec<_> = servers
                .iter()
                .enumerate()
                .map(|(n, here)| {
                    let (start, page) = (&start, page.replace(' ', "%20"));
                    scope.spawn(move || {
                        let form = here.open(&page);
                        start.wait();
                        form.save(&format!("by server {n}\n"))
                    })
                })
                .collect();
            savers.into_iter().map(|saver| saver.join().unwrap()).collect()
        });
        let waits: Vec<usize> = (0..2).filter(|n| seen[*n].location.contains("?mine=")).collect();
        let [waits] = waits[..] else {
            let trouble: Vec<_> = servers.iter().map(|here| here.upstream.trouble()).collect();
            panic!("not exactly one: {seen:?}, {trouble:?}")
        };
        seen[1 - waits].assert_saved();
        seen[waits].assert_waits();
        let name = format!("{page}.md");
        assert_eq!(central.text(&name), format!("by server {}\n", 1 - waits));
        assert_eq!((conflicts(&central, &name), ids(&central, &name).len()), (1, 3));
    }
}

#[test]
fn an_upstream_that_is_down_costs_a_notice_and_gets_the_edit_later() {
    let (central, server) = garden();
    let token = token(&central, "b", false);
    let here = Visited::at(&server.url, &token);
    let form = here.open("Garden");
    drop(server);
    let saved = form.save("saved alone\n");
    saved.assert_saved_here_alone();
    assert_eq!(here.node.text("Garden.md"), "saved alone\n");
    let page = here.get(&saved.location);
    let name = here.upstream.name();
    let name = name.trim_start_matches("http://");
    assert!(page.body.contains(&format!("Not yet at {name}")), "{}", page.body);
    let form = here.open("Garden");
    assert!(form.shown.contains("Not in touch with"), "{}", form.shown);
    form.save("again alone\n").assert_saved_here_alone();
    assert_eq!(central.text("Garden.md"), "beans\n");
    let server = Server::start(&central);
    let remote = HttpRemote::new(&server.url, &token, Patience::default()).unwrap();
    assert_eq!(here.node.sync_with(&remote).unwrap().sent, 2);
    assert_eq!(central.text("Garden.md"), "again alone\n");
    assert_eq!((conflicts(&central, "Garden.md"), central.files()), (0, here.node.files()));
}

#[test]
fn an_edit_takes_along_what_was_saved_while_the_upstream_was_away() {
    let (central, server) = garden();
    let here = Node::new();
    let token = token(&central, "b", false);
    let remote = HttpRemote::new(&server.url, &token, Patience::default()).unwrap();
    here.sync_with(&remote).unwrap();
    // Before the upstream is asked at all.
    here.save("Garden.md", "alone\n");
    here.check_with(&server.url, &token);
    here.save("Garden.md", "together\n");
    assert_eq!(central.text("Garden.md"), "together\n");
    assert_eq!(ids(&central, "Garden.md").len(), 3);
    assert_eq!(conflicts(&central, "Garden.md"), 0, "its parent came along");
}

#[test]
fn an_upstream_that_never_answers_is_waited_for_once_and_not_long() {
    let (central, server) = garden();
    let token = token(&central, "b", false);
    let here = Node::new();
    let remote = HttpRemote::new(&server.url, &token, Patience::default()).unwrap();
    here.sync_with(&remote).unwrap();
    drop(server);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let upstream = here.check_within(&url, &token, Duration::from_millis(200));
    // Connections wait in its queue and nobody takes them.
    for n in 0..20 {
        here.save("Garden.md", format!("text {n}"));
    }
    assert_eq!(here.text("Garden.md"), "text 19");
    assert_eq!(upstream.trouble().unwrap(), "it does not answer");
    upstream.wait_for_probe();
}

#[test]
fn an_upstream_that_trickles_is_waited_for_no_longer() {
    let trickle = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", trickle.local_addr().unwrap());
    thread::spawn(move || {
        for stream in trickle.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let mut head = [0; 4096];
                let _ = stream.read(&mut head);
                let answer = b"HTTP/1.1 200 OK\r\neverpage-protocol: 1\r\n\r\n".iter().cycle();
                for byte in answer {
                    if std::io::Write::write_all(&mut stream, &[*byte]).is_err() {
                        return;
                    }
                    thread::sleep(Duration::from_millis(20));
                }
            });
        }
    });
    let here = Node::new();
    let upstream = here.check_within(&url, "t", Duration::from_millis(300));
    here.save("Garden.md", "text");
    assert_eq!(here.text("Garden.md"), "text");
    assert!(upstream.trouble().is_some());
}

#[test]
fn a_token_that_is_unknown_or_too_weak_is_said_in_words() {
    let (central, server) = garden();
    let here = Visited::at(&server.url, "everpage-unknown");
    let saved = here.open("Garden").save("mine\n");
    saved.assert_saved_here_alone();
    assert!(here.get(&saved.location).body.contains("does not know the token of this server"));
    assert_eq!(here.node.text("Garden.md"), "mine\n");
    let reader = Visited::at(&server.url, &token(&central, "reader", true));
    let form = reader.open("Garden");
    assert!(form.shown.contains("beans"), "reading is allowed");
    let saved = form.save("beans of a reader\n");
    saved.assert_saved_here_alone();
    assert!(reader.get(&saved.location).body.contains("read-only"));
    assert_eq!(central.text("Garden.md"), "beans\n");
    // What is new there is what readers go on to see all the same.
    let form = reader.open("Garden");
    central.save("Other.md", "x");
    let other = reader.open("Other");
    central.save("Other.md", "y");
    other.save("z").assert_saved_here_alone();
    assert_eq!(reader.node.text("Other.md"), "y");
    form.save("once more\n").assert_saved_here_alone();
}

#[test]
fn the_same_form_twice_is_one_revision() {
    let (central, server) = garden();
    let here = Visited::below(&central, &server, "b");
    let form = here.open("Garden");
    form.save("once\n").assert_saved();
    form.save("once\n").assert_saved();
    assert_eq!(ids(&central, "Garden.md").len(), 2);
    assert_eq!(central.files(), here.node.files());
}

/// A server that takes everything and whose answers are lost.
struct Mute(InProcess);

impl Remote for Mute {
    fn name(&self) -> String {
        self.0.name()
    }

    fn reconcile(&self, hello: &Hello, message: &[u8]) -> Result<(Hello, Vec<u8>), RemoteError> {
        self.0.reconcile(hello, message)
    }

    fn fetch(&self, hello: &Hello, wanted: &[ItemHash]) -> Result<Box<dyn Read + '_>, RemoteError> {
        self.0.fetch(hello, wanted)
    }

    fn push(&self, hello: &Hello, frames: &mut dyn Read) -> Result<Vec<Outcome>, RemoteError> {
        self.0.push(hello, frames)
    }

    fn page<'a>(
        &'a self,
        hello: &Hello,
        question: &Question,
        frames: &mut dyn Read,
    ) -> Result<Answer<'a>, RemoteError> {
        self.0.page(hello, question, frames)?;
        let source = std::io::ErrorKind::TimedOut.into();
        Err(RemoteError::Broken { action: "read the answer of", peer: self.name(), source })
    }
}

#[test]
fn a_save_whose_answer_is_lost_is_one_revision_on_both_sides() {
    let (central, _server) = garden();
    let here = Node::new();
    here.sync_with(&central.peer()).unwrap();
    here.check_with_remote(|| Box::new(Mute(central.peer())));
    let id = here.save("Garden.md", "beans and peas\n");
    assert_eq!(central.text("Garden.md"), "beans and peas\n", "it was taken");
    assert_eq!(central.files(), here.files(), "the very same bytes");
    let summary = here.sync_with(&central.peer()).unwrap();
    assert!(summary.is_clean() && summary.missing_there == 0, "{summary:?}");
    assert_eq!(ids(&central, "Garden.md")[0], id);
}

#[test]
fn what_the_upstream_took_before_a_crash_here_is_one_revision_with_the_retry() {
    let (central, server) = garden();
    let (here, crashed) =
        (Visited::below(&central, &server, "b"), Visited::below(&central, &server, "c"));
    let form = here.open("Garden");
    crashed.open("Garden");
    form.save("taken\n").assert_saved();
    // The other server stands for this one as it would be, had it ended before it wrote the file.
    assert_eq!(ids(&crashed.node, "Garden.md").len(), 1);
    let again = Form { to: crashed.url("-/edit/Garden"), ..form };
    again.save("taken\n").assert_saved();
    assert_eq!(ids(&central, "Garden.md").len(), 2);
    assert_eq!((central.files(), here.node.files()), (crashed.node.files(), central.files()));
}

#[test]
fn deleting_and_editing_meet_on_the_merge_screen() {
    let (central, server) = garden();
    let here = Visited::below(&central, &server, "b");
    let form = here.open("Garden");
    central.save("Garden.md", "");
    let mine = form.save("still growing\n").assert_waits();
    assert_eq!(document(&central, "Garden.md").resolution().conflicts, [mine]);
    assert!(document(&central, "Garden.md").is_deleted());
    // The other way round: what is deleted here has changed there.
    central.save("Shed.md", "tools\n");
    let shed = here.get("-/delete/Shed");
    central.save("Shed.md", "tools and pots\n");
    let fields = [
        ("base", field(&shed.body, "base")),
        ("nonce", field(&shed.body, "nonce")),
        ("author", "Ben".to_owned()),
    ];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let deletion = ask(&here.url("-/delete/Shed"), Some(&fields)).assert_waits();
    assert_eq!(central.text("Shed.md"), "tools and pots\n");
    assert_eq!(document(&central, "Shed.md").resolution().conflicts, [deletion]);
}

#[test]
fn a_restored_version_is_handed_over() {
    let (central, server) = garden();
    let here = Visited::below(&central, &server, "b");
    let form = here.open("Garden");
    central.save("Garden.md", "broad beans\n");
    form.save("my own beans\n").assert_waits();
    let first = ids(&central, "Garden.md").pop().unwrap().to_string();
    let winner = document(&central, "Garden.md").resolution().winner.unwrap().to_string();
    let nonce = SystemNonces.draw().to_string();
    let fields = [("id", first.as_str()), ("base", &winner), ("nonce", &nonce), ("author", "Ben")];
    ask(&here.url("-/restore/Garden"), Some(&fields)).assert_saved();
    assert_eq!(central.text("Garden.md"), "beans\n");
}

#[test]
fn a_file_is_handed_over_on_top_of_what_is_there() {
    let (central, server) = garden();
    central.save("plan.bin", vec![1; 2 << 20]);
    let here = Visited::below(&central, &server, "b");
    let upload = |bytes: &[u8]| {
        // What the form is made from is asked of the upstream first.
        let form = ask(&here.url("-/upload?replaces=plan.bin"), None).body;
        let mut body = Vec::new();
        for name in ["replaces", "base", "nonce"] {
            let part = format!(
                "--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{}\r\n",
                field(&form, name)
            );
            body.extend_from_slice(part.as_bytes());
        }
        body.extend_from_slice(
            b"--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"plan.bin\"\r\n\r\n",
        );
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n--x--\r\n");
        let request =
            ureq::post(here.url("-/upload")).content_type("multipart/form-data; boundary=x");
        request
            .header("accept", "application/json")
            .send(&body)
            .unwrap()
            .into_body()
            .read_to_string()
            .unwrap()
    };
    let answer = upload(&vec![2; 3 << 20]);
    assert!(answer.contains("\"owed\":false"), "{answer}");
    let document = document(&central, "plan.bin");
    assert_eq!(document.winner().map(|w| w.length), Some(3 << 20));
    assert_eq!((conflicts(&central, "plan.bin"), ids(&central, "plan.bin").len()), (0, 2));
    drop(server);
    let answer = upload(&[3; 100]);
    assert!(answer.contains("\"owed\":true"), "{answer}");
}
