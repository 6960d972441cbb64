//! `sync`, `peer` and `quarantine`: one program exchanges with another that serves.

use rustix::process::Signal;

use crate::serve::Server;
use crate::support::{Place, id};

#[test]
fn two_wikis_are_one_after_a_sync() {
    let (a, b) = (Place::new(), Place::new());
    a.put("Garden", "# Garden\n");
    let token = a.run(&["peer", "add", "laptop"]).ok();
    let file = b.write("token", &token);
    let server = Server::start(&a, &[]);
    let url = format!("http://{}", server.address);
    let sync = |more: &[&str]| {
        b.run(&[&["sync", url.as_str(), "--token-file", file.to_str().unwrap()], more].concat())
    };
    let first = sync(&[]).ok();
    assert!(first.contains("1 revision fetched"), "{first}");
    b.put("Shed", "# Shed\n");
    sync(&["--dry-run"]).refused(1, &[]);
    let second = sync(&[]).ok();
    assert!(second.contains("1 revision sent"), "{second}");
    assert!(sync(&[]).ok().contains("both hold the same"));
    assert_eq!(a.cat("Shed"), "# Shed\n");
    let json: serde_json::Value = serde_json::from_str(&sync(&["--json"]).ok()).unwrap();
    assert_eq!((&json["round_trips"], &json["complete"]), (&1.into(), &true.into()));
    b.run(&["sync", &url]).refused(1, &["--token-file", "peer add"]);
    assert!(a.run(&["peer", "ls"]).ok().contains("laptop"));
    a.run(&["peer", "add", "laptop"]).refused(1, &["laptop"]);
    a.run(&["peer", "rm", "laptop"]).ok();
    sync(&[]).refused(1, &["token"]);
    server.signal(Signal::TERM);
    let (code, log) = server.end();
    assert_eq!(code, Some(0));
    assert!(log.contains("token") && !log.contains(token.trim()), "{log}");
    sync(&[]).refused(1, &["could not"]);
}

#[test]
fn certificates_to_trust_are_read_before_anyone_is_asked() {
    let b = Place::new();
    let (token, text) = (b.write("token", "t"), b.write("text", "no certificate\n"));
    let sync = |url: &str, ca_file: &str| {
        let token = token.to_str().unwrap();
        b.run(&["sync", url, "--token-file", token, "--ca-file", ca_file])
    };
    sync("https://127.0.0.1:1", "nowhere.pem").refused(1, &["nowhere.pem", "cannot be read"]);
    let text = text.to_str().unwrap();
    sync("https://127.0.0.1:1", text).refused(1, &["no certificate", "BEGIN CERTIFICATE"]);
    b.write(
        "data/everpage.toml",
        "upstream = 'https://w.example'\nupstream_ca_file = 'nowhere.pem'\nupstream_token_file = '../token'\n",
    );
    let serve = b.run(&["serve", "--listen", "127.0.0.1:0"]);
    serve.refused(1, &["the upstream cannot be used", "nowhere.pem"]);
}

#[test]
fn what_was_set_aside_is_listed_shown_accepted_and_removed() {
    let (a, b) = (Place::new(), Place::new());
    // A history that begins far ahead is refused until a person decides.
    let far = id(5_000, 1);
    a.by_hand("Far.md", &far, "far ahead\n");
    a.by_hand("Farther.md", &id(9_000, 1), "farther\n");
    let token = b.write("token", a.run(&["peer", "add", "b"]).ok());
    let server = Server::start(&a, &[]);
    let url = format!("http://{}", server.address);
    let sync = b.run(&["sync", &url, "--token-file", token.to_str().unwrap()]);
    assert_eq!(sync.code, 1, "{}", sync.err);
    assert!(sync.text().contains("in quarantine here: Far.md"), "{}", sync.text());
    let listed = b.json(&["quarantine", "ls"]);
    assert_eq!(listed.len(), 2);
    let name = |path: &str| {
        let found = listed.iter().find(|s| s["path"] == path).unwrap();
        found["name"].as_str().unwrap().to_owned()
    };
    assert_eq!(b.run(&["quarantine", "show", &name("Far.md")]).ok(), "far ahead\n");
    b.run(&["quarantine", "accept", &name("Far.md")]).ok();
    assert_eq!(b.cat("Far"), "far ahead\n");
    b.run(&["quarantine", "rm", &name("Farther.md")]).ok();
    b.run(&["quarantine", "ls"]).ok();
    b.run(&["quarantine", "rm", "nothing"]).refused(1, &["nothing", "quarantine ls"]);
    server.signal(Signal::TERM);
    server.end();
}
