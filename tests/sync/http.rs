//! Over real connections on loopback.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::thread;
use std::time::Duration;

use everpage::sync::http::Patience;
use everpage::sync::{HttpRemote, Refused, Remote, RemoteError, SyncError, WikiId};
use uuid::Uuid;

use crate::support::{Node, Server, id, token};

fn remote(url: &str, token: &str) -> HttpRemote {
    HttpRemote::new(url, token, Patience::default()).unwrap()
}

fn refused(result: Result<impl std::fmt::Debug, SyncError>) -> Refused {
    match result {
        Err(SyncError::Remote(RemoteError::Refused(refused))) => refused,
        other => panic!("{other:?}"),
    }
}

#[test]
fn two_servers_hold_the_same_afterwards() {
    let (a, b) = (Node::new(), Node::new());
    a.save("Garden.md", "# Garden\n");
    let server = Server::start(&a);
    let remote = remote(&format!("{}/", server.url), &token(&a, "b", false));
    b.sync_with(&remote).unwrap();
    a.save("plan.bin", (0..3_u32 << 20).map(|n| (n >> 3) as u8).collect::<Vec<_>>());
    b.drop_file("video.bin", &id(1, 3).to_string(), vec![3; 5 << 20]);
    for n in 0..300 {
        b.save(&format!("P{n}.md"), format!("page {n}"));
    }
    let summary = b.sync_with(&remote).unwrap();
    assert_eq!((summary.received, summary.sent), (1, 301), "{summary:?}");
    assert_eq!(a.files(), b.files());
    assert_eq!(b.sync_with(&remote).unwrap().round_trips, 1);
    assert_eq!(a.text("P7.md"), "page 7");
}

#[test]
fn without_the_right_token_nothing_is_said() {
    let (a, b) = (Node::new(), Node::new());
    a.save("A.md", "a");
    let server = Server::start(&a);
    let removed = token(&a, "gone", false);
    a.replica.place().tokens().remove("gone").unwrap();
    for wrong in ["everpage-0000", "x", &removed] {
        assert_eq!(refused(b.sync_with(&remote(&server.url, wrong))), Refused::Token);
    }
    assert!(b.replica.place().wiki_id().unwrap().is_none(), "not even which wiki it is");
    let file = std::fs::read_to_string(a.dir.path().join("local/peers.toml"));
    let kept = token(&a, "b", true);
    let file =
        file.unwrap() + &std::fs::read_to_string(a.dir.path().join("local/peers.toml")).unwrap();
    assert!(!file.contains(&kept) && !file.contains(&removed), "only digests are kept");
}

#[test]
fn a_token_for_reading_cannot_push() {
    let (a, b) = (Node::new(), Node::new());
    a.save("A.md", "a");
    let server = Server::start(&a);
    let remote = remote(&server.url, &token(&a, "reader", true));
    assert_eq!(b.sync_with(&remote).unwrap().received, 1);
    b.save("B.md", "b");
    // Large enough that it could not be answered while it is sent.
    b.drop_file("big.bin", &id(1, 5).to_string(), vec![5; 7 << 20]);
    let before = a.files();
    assert_eq!(refused(b.sync_with(&remote)), Refused::ReadOnlyToken);
    assert_eq!(a.files(), before);
}

#[test]
fn other_wikis_itself_and_the_future_are_refused_in_words() {
    let (a, b) = (Node::new(), Node::new());
    a.save("A.md", "a");
    b.save("B.md", "b");
    let server = Server::start(&a);
    let remote = remote(&server.url, &token(&a, "b", false));
    assert!(matches!(refused(b.sync_with(&remote)), Refused::OtherWiki { .. }));
    assert_eq!(refused(a.sync_with(&remote)), Refused::Itself);
    let host = everpage::sync::Host::new(std::sync::Arc::clone(&b.replica) as _);
    let mut hello = host.hello().unwrap();
    hello.protocol = 2;
    let result = remote.reconcile(&hello, b"").map_err(SyncError::from);
    assert_eq!(refused(result), Refused::Protocol { ours: 2, theirs: 1 });
    hello.protocol = 1;
    hello.wiki = Some(WikiId(Uuid::from_u128(5)));
    let result = remote.fetch(&hello, &[]).map(|_| ()).map_err(SyncError::from);
    assert!(matches!(refused(result), Refused::OtherWiki { .. }));
}

/// A server that answers one request with these bytes, in pieces, and then does as it is told.
fn fake(head: &'static str, piece: &'static [u8], pieces: usize, pause: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            thread::spawn(move || {
                let mut buffer = [0; 4096];
                let _ = stream.read(&mut buffer);
                let _ = stream.write_all(head.as_bytes());
                for _ in 0..pieces {
                    if stream.write_all(piece).is_err() {
                        return;
                    }
                    thread::sleep(pause);
                }
                let _ = stream.shutdown(Shutdown::Write);
                let _ = std::io::copy(&mut stream, &mut std::io::sink());
            });
        }
    });
    url
}

const HELLO: &str = "HTTP/1.1 200 OK\r\neverpage-protocol: 1\r\n\
    everpage-replica: 00000000-0000-4000-8000-000000000009\r\nconnection: close\r\n\r\n";

#[test]
fn a_server_that_trickles_or_never_ends_is_given_up() {
    let b = Node::new();
    let patience = Patience {
        window: Duration::from_millis(60),
        pause: Duration::from_secs(20),
        floor: 4096,
        ..Patience::default()
    };
    let url = fake(HELLO, b"x", usize::MAX, Duration::from_millis(5));
    let slow = HttpRemote::new(&url, "t", patience).unwrap();
    let error = b.sync_with(&slow).unwrap_err();
    assert!(matches!(error, SyncError::Remote(RemoteError::Broken { .. })), "{error:?}");
    let url = fake(HELLO, &[b'x'; 16_000], usize::MAX, Duration::ZERO);
    let error = b.sync_with(&remote(&url, "t")).unwrap_err();
    assert!(error.to_string().contains("does not end"), "{error}");
}

#[test]
fn what_is_no_everpage_is_said_to_be_none() {
    let b = Node::new();
    for head in [
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
    ] {
        let error = b.sync_with(&remote(&fake(head, b"", 0, Duration::ZERO), "t")).unwrap_err();
        assert!(error.to_string().contains("is the address correct"), "{head}: {error}");
    }
    assert!(HttpRemote::new("wiki.example.org", "t", Patience::default()).is_err());
    assert!(HttpRemote::new("https://wiki.example.org", " \n", Patience::default()).is_err());
}

#[test]
fn a_bomb_is_read_no_further_than_it_says_it_is_long() {
    let (a, b) = (Node::new(), Node::new());
    a.save("A.md", "a");
    let server = Server::start(&a);
    let remote = remote(&server.url, &token(&a, "b", false));
    b.sync_with(&remote).unwrap();
    let host = everpage::sync::Host::new(std::sync::Arc::clone(&b.replica) as _);
    let head = everpage::sync::frame::FrameHead {
        name: "bomb.bin".to_owned(),
        id: id(1, 1).to_string(),
        length: 1 << 40,
    };
    // A few kilobytes on the wire.
    let bomb = head.encode();
    let mut stream = (&bomb[..]).chain(std::io::repeat(0).take(64 << 20));
    let result = remote.push(&host.hello().unwrap(), &mut stream);
    assert!(
        matches!(result, Err(RemoteError::Protocol { .. } | RemoteError::Broken { .. })),
        "{result:?}"
    );
    assert_eq!(a.suspects().len(), 1);
    assert!(!a.suspects()[0].bytes, "none of it is kept");
    assert_eq!(a.files().len(), 1);
}
