//! Keeping in step for ever: what one server saves is on all of them at once.

use std::sync::Arc;

use everpage::sync::follow::State;
use everpage::sync::http::Patience;
use everpage::sync::{Direction, Follower, HttpRemote, Replica};

use crate::support::{Cursors, Node, Server, await_status, id, path, token};

/// A server that is followed by the node, both ways.
fn followed(a: &Node, b: &Node) -> (Server, Follower) {
    let server = Server::start(a);
    let follower = b.follow(&server.url, &token(a, "b", false), Direction::Both);
    await_status(&follower, |s| s.state == State::Following);
    (server, follower)
}

#[test]
fn a_save_at_one_appears_on_the_other_in_both_directions() {
    let (a, b) = (Node::new(), Node::new());
    a.save("Garden.md", "old\n");
    let (_server, follower) = followed(&a, &b);
    assert_eq!(b.text("Garden.md"), "old\n");
    a.save("Garden.md", "from a\n");
    b.await_text("Garden.md", "from a\n");
    b.save("Garden.md", "from b\n");
    a.await_text("Garden.md", "from b\n");
    let status = await_status(&follower, |s| s.sent == 1);
    assert_eq!((status.received, status.owed_there, &status.trouble), (2, 0, &None));
    assert_eq!(status.replica, Some(a.replica.replica_id().to_string()));
    assert_eq!(a.files(), b.files());
}

#[test]
fn changes_travel_on_through_the_server_in_the_middle_and_die_out_in_a_circle() {
    let (a, b, c) = (Node::new(), Node::new(), Node::new());
    a.save("Garden.md", "old\n");
    let (first, _ab) = followed(&a, &b);
    let (_second, _bc) = followed(&b, &c);
    c.save("Garden.md", "from c\n");
    a.await_text("Garden.md", "from c\n");
    a.save("Garden.md", "from a\n");
    c.await_text("Garden.md", "from a\n");
    // Now a circle.
    let ca = c.follow(&first.url, &token(&a, "c", false), Direction::Both);
    await_status(&ca, |s| s.state == State::Following);
    for round in 0..10 {
        let text = format!("round {round}\n");
        a.save("Garden.md", &text);
        b.await_text("Garden.md", &text);
        c.await_text("Garden.md", &text);
    }
    assert_eq!(a.files(), b.files());
    assert_eq!(a.files(), c.files());
    assert_eq!(a.files().len(), 13, "nobody made a revision of its own");
}

#[test]
fn a_server_that_goes_away_and_comes_back_is_followed_again() {
    let (a, b) = (Node::new(), Node::new());
    a.save("Garden.md", "old\n");
    let (server, follower) = followed(&a, &b);
    let port = server.port();
    drop(server);
    let status = await_status(&follower, |s| s.state == State::Waiting && s.next_try.is_some());
    let trouble = status.trouble.unwrap();
    assert!(trouble.message.contains("could not"), "{trouble:?}");
    assert!(trouble.advice.contains("running"), "{trouble:?}");
    b.save("Shed.md", "written alone\n");
    a.save("Garden.md", "written alone, too\n");
    assert_eq!(follower.status().owed_there, 1);
    let _server = Server::start_at(&a, port);
    follower.sync_now();
    a.await_text("Shed.md", "written alone\n");
    b.await_text("Garden.md", "written alone, too\n");
    let status = await_status(&follower, |s| s.state == State::Following);
    assert_eq!((status.trouble, status.owed_there, status.failures), (None, 0, 0));
    // And live again.
    a.save("Garden.md", "live\n");
    b.await_text("Garden.md", "live\n");
}

#[test]
fn a_cursor_that_is_too_old_means_to_compare_everything_and_nothing_is_missed() {
    let (a, b) = (Node::new(), Node::new());
    a.save("Garden.md", "old\n");
    let server = Server::start(&a);
    let cursors = Cursors::of(&server.url, &token(&a, "b", false));
    let follower = b.follow_remote(Arc::clone(&cursors) as _, "a");
    await_status(&follower, |s| s.state == State::Following);
    cursors.forget();
    a.save("Garden.md", "in between\n");
    b.await_text("Garden.md", "in between\n");
    assert!(cursors.lost() > 0, "the peer was told that its place is gone");
    a.save("Garden.md", "after\n");
    b.await_text("Garden.md", "after\n");
}

#[test]
fn a_token_for_reading_fetches_and_says_that_it_hands_nothing_over() {
    let (a, b) = (Node::new(), Node::new());
    a.save("Garden.md", "old\n");
    let server = Server::start(&a);
    let reader = b.follow(&server.url, &token(&a, "reader", true), Direction::Both);
    await_status(&reader, |s| s.state == State::Following && s.read_only);
    b.save("Shed.md", "mine\n");
    let status = await_status(&reader, |s| s.owed_there == 1);
    assert_eq!(status.trouble, None, "it is no failure");
    a.save("Garden.md", "new\n");
    b.await_text("Garden.md", "new\n");
    assert!(a.wiki.refresh(&path("Shed.md")).unwrap().is_none());
}

#[test]
fn the_direction_of_the_settings_is_kept_to() {
    let (a, b) = (Node::new(), Node::new());
    a.save("Garden.md", "old\n");
    let server = Server::start(&a);
    let token = token(&a, "b", false);
    b.sync_with(&HttpRemote::new(&server.url, &token, Patience::default()).unwrap()).unwrap();
    let follower = b.follow(&server.url, &token, Direction::Push);
    await_status(&follower, |s| s.state == State::Following);
    a.save("Garden.md", "stays at a\n");
    b.save("Shed.md", "goes to a\n");
    a.await_text("Shed.md", "goes to a\n");
    assert_eq!(b.text("Garden.md"), "old\n");
}

#[test]
fn clocks_that_are_ten_years_apart_change_nothing() {
    let (a, b) = (Node::new(), Node::with_clock("2036-11-25T08:00:00Z"));
    a.save("Garden.md", "old\n");
    let (_server, _follower) = followed(&a, &b);
    b.save("Garden.md", "from the future\n");
    a.await_text("Garden.md", "from the future\n");
    a.save("Garden.md", "from now\n");
    b.await_text("Garden.md", "from now\n");
    assert_eq!(a.files(), b.files());
}

#[test]
fn a_server_that_follows_itself_is_told_so() {
    let a = Node::new();
    a.save("Garden.md", "old\n");
    let server = Server::start(&a);
    let follower = a.follow(&server.url, &token(&a, "me", false), Direction::Both);
    let status = await_status(&follower, |s| s.trouble.is_some());
    let trouble = status.trouble.unwrap();
    assert!(trouble.message.contains("this very replica"), "{trouble:?}");
    assert!(trouble.advice.contains("everpage.toml"));
}

#[test]
fn a_damaged_revision_is_healed_as_soon_as_it_is_noticed() {
    let (a, b) = (Node::new(), Node::new());
    let first = a.save("Garden.md", "whole\n");
    let (_server, follower) = followed(&a, &b);
    let file = b.dir.path().join("pages/Garden.md").join(first.to_string());
    // Without the private copy only the peer has it.
    std::fs::remove_dir_all(b.dir.path().join("local/kept")).unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - 2;
    bytes[last] ^= 1;
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, bytes).unwrap();
    b.wiki.scan().unwrap();
    await_status(&follower, |s| s.healed == 1);
    assert_eq!(b.text("Garden.md"), "whole\n");
    assert_eq!(a.files(), b.files());
}

#[test]
fn stopping_does_not_wait_for_a_peer_that_says_nothing() {
    let (a, b) = (Node::new(), Node::new());
    a.save("Garden.md", "old\n");
    let (_server, follower) = followed(&a, &b);
    // The ear waits for news at this moment; both ends stop without it.
    follower.stop();
    assert_eq!(follower.status().state, State::Stopped);
}

#[test]
fn a_peer_that_dies_in_the_middle_of_a_stream_is_met_again_and_nothing_is_missing() {
    let (a, b) = (Node::new(), Node::new());
    for n in 0..40 {
        a.drop_file(&format!("P{n}.md"), &id(1, n + 1).to_string(), vec![b'x'; 20_000]);
    }
    let server = Server::start(&a);
    let cursors = Cursors::of(&server.url, &token(&a, "b", false));
    cursors.cut_fetches(2);
    let follower = b.follow_remote(Arc::clone(&cursors) as _, "a");
    await_status(&follower, |s| s.failures > 0);
    follower.sync_now();
    await_status(&follower, |s| s.state == State::Following);
    assert_eq!(a.files(), b.files());
}
