//! Peers that lie, as clients that push and as servers that are fetched from.

use std::io::{self, Read};

use everpage::model::revision::MAX_NUMBER;
use everpage::sync::frame::FrameHead;
use everpage::sync::{
    Direction, Fate, Grant, Hello, Host, Item, ItemHash, Options, Outcome, Remote, RemoteError,
    ReplicaId, Set,
};
use uuid::Uuid;

use crate::support::{Node, id, path};

/// One frame with what its head says and what follows.
fn frame(name: &str, id: &str, length: u64, file: &[u8]) -> Vec<u8> {
    let head = FrameHead { name: name.to_owned(), id: id.to_owned(), length };
    [head.encode(), file.to_vec()].concat()
}

fn whole(name: &str, id: &str, file: impl AsRef<[u8]>) -> Vec<u8> {
    frame(name, id, file.as_ref().len() as u64, file.as_ref())
}

fn headed(number: u64, parents: &[u64], text: &str) -> (String, String) {
    let own = id(number, 77);
    let parents: Vec<String> =
        parents.iter().map(|n| format!("Parent: {}\n", id(*n, 77))).collect();
    let parents = parents.concat();
    (own.to_string(), format!("Revision: {own}\n{parents}\n{text}"))
}

/// A wiki with one page of three revisions.
fn victim() -> Node {
    let node = Node::new();
    for number in 1..=3 {
        let parents: Vec<u64> = (number > 1).then_some(number - 1).into_iter().collect();
        let (own, file) = headed(number, &parents, "honest\n");
        node.drop_file("A.md", &own, file);
    }
    node
}

fn push(node: &Node, stream: &[u8]) -> Result<Vec<Outcome>, everpage::sync::host::HostError> {
    let host = Host::new(std::sync::Arc::clone(&node.replica) as _);
    let grant = Grant { name: "mallory".to_owned(), read_only: false };
    host.push(&grant, &mut &*stream)
}

/// What may not enter, with a word of the reason.
fn suspicious() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let (six, skips) = headed(6, &[3], "skips");
    let (last, freezes) = headed(MAX_NUMBER, &[MAX_NUMBER - 1], "freezes");
    let (five, rootless) = headed(5, &[], "rootless");
    let digest = "0".repeat(64);
    let four = id(4, 77).to_string();
    let parent = id(3, 77);
    let altered = format!("Revision: {four}\nParent: {parent}\nDigest: sha256:{digest}\n\naltered");
    let short = format!("Revision: {four}\nParent: {parent}\nLength: 900\n\nshort");
    let other = format!("Revision: {}\n\nother", id(4, 12345));
    let torn = format!("Revision: {four}\nParent: ");
    let (_, good) = headed(4, &[3], "good");
    let long = "x".repeat(201);
    vec![
        ("a number that skips", whole("A.md", &six, skips), "its number is 6"),
        ("the last number", whole("A.md", &last, &freezes), "highest number here is 3"),
        ("a number without parents", whole("A.md", &five, rootless), "its number is 5"),
        ("a bare last number", whole("A.md", &last, "bare"), "highest number here is 3"),
        ("a wrong digest", whole("A.md", &four, altered), "digest"),
        ("a wrong length", whole("A.md", &four, short), "900"),
        ("another id", whole("A.md", &four, other), "names another revision"),
        ("a torn header", whole("A.md", &four, torn), "incomplete"),
        ("nothing", whole("A.md", &four, ""), "empty"),
        ("zeros", whole("A.md", &four, [0; 500]), "zero"),
        ("a path that escapes", whole("../A.md", &four, &good), "name"),
        ("an absolute path", whole("/etc/passwd", &four, &good), "name"),
        ("a backslash path", whole("..\\..\\A.md\0", &four, &good), "name"),
        ("a hidden path", whole(".ssh/id", &four, &good), "name"),
        ("a control character", whole("A\u{202E}.md", &four, &good), "name"),
        ("a name that no disk holds", whole(&long, &four, &good), "name"),
        ("an id that escapes", whole("A.md", "../../x", &good), "id"),
        ("an id with a big number", whole("A.md", &format!("9{four}9"), &good), "id"),
        (
            "other bytes",
            whole("A.md", &parent.to_string(), headed(3, &[2], "lie").1),
            "other content",
        ),
    ]
}

#[test]
fn what_may_not_enter_goes_to_quarantine_and_costs_the_page_nothing() {
    let node = victim();
    let before = node.files();
    for (n, (what, frame, word)) in suspicious().into_iter().enumerate() {
        let outcomes = push(&node, &[&frame[..], &[0]].concat()).expect(what);
        let [Outcome { fate: Fate::Quarantined { reason }, .. }] = &outcomes[..] else {
            panic!("{what}: {outcomes:?}");
        };
        assert!(reason.contains(word), "{what}: {reason}");
        assert_eq!(node.files(), before, "{what}");
        assert!(node.suspects().len() <= n + 1);
        assert!(node.suspects().iter().any(|s| s.from == "mallory" && s.bytes), "{what}");
    }
    // Nothing outside the quarantine was touched, and the page takes what is honest.
    assert_eq!(node.text("A.md"), "honest\n");
    let (four, good) = headed(4, &[3], "good");
    let outcomes = push(&node, &[whole("A.md", &four, good), vec![0]].concat()).unwrap();
    assert_eq!(outcomes[0].fate, Fate::Stored);
    assert_eq!(node.text("A.md"), "good");
}

#[test]
fn one_that_may_not_enter_does_not_keep_out_the_others() {
    let node = victim();
    let (four, good) = headed(4, &[3], "good");
    let (five, better) = headed(5, &[4], "better");
    let stream = [
        suspicious().swap_remove(1).1,
        whole("A.md", &four, good),
        suspicious().swap_remove(0).1,
        whole("A.md", &five, better),
        vec![0],
    ];
    let fates: Vec<Fate> =
        push(&node, &stream.concat()).unwrap().into_iter().map(|o| o.fate).collect();
    assert!(
        matches!(fates[0], Fate::Quarantined { .. })
            && matches!(fates[2], Fate::Quarantined { .. })
    );
    assert_eq!((&fates[1], &fates[3]), (&Fate::Stored, &Fate::Stored));
    assert_eq!(node.text("A.md"), "better");
}

#[test]
fn nothing_leans_on_a_parent_that_turns_out_damaged() {
    let node = victim();
    let (far, _) = headed(5_000, &[4_999], "");
    let damaged = format!("Revision: {far}\nParent: {}\nLength: 9\n\nx", id(4_999, 77));
    let (next, child) = headed(5_001, &[5_000], "child");
    let stream = [whole("A.md", &far, damaged), whole("A.md", &next, child), vec![0]].concat();
    let outcomes = push(&node, &stream).unwrap();
    assert!(outcomes.iter().all(|o| matches!(o.fate, Fate::Quarantined { .. })), "{outcomes:?}");
}

#[test]
fn streams_that_are_none_are_refused_and_leave_nothing() {
    let node = victim();
    let before = node.files();
    let (four, good) = headed(4, &[3], "good");
    let endless = frame("B.md", &id(1, 1).to_string(), u64::MAX, b"aaaa");
    let mut name_too_long = vec![1, 0xff, 0xff];
    name_too_long.extend(vec![b'a'; 70_000]);
    for (what, stream) in [
        ("nothing at all", Vec::new()),
        ("neither frame nor end", vec![9, 9, 9]),
        ("an endless file", endless),
        ("a name without end", name_too_long),
        ("cut in a file", whole("A.md", &four, &good)[..40].to_vec()),
        ("cut in a head", whole("A.md", &four, &good)[..5].to_vec()),
    ] {
        assert!(push(&node, &stream).is_err(), "{what}");
        assert_eq!(node.files(), before, "{what}");
    }
    // Without the end it was interrupted, but what came whole is kept.
    assert!(push(&node, &whole("A.md", &four, good)).is_err());
    assert_eq!(node.text("A.md"), "good");
}

#[test]
fn the_quarantine_is_bounded() {
    let node = victim();
    let mut stream = Vec::new();
    for n in 0..1_100_u64 {
        stream.extend(whole("A.md", &format!("x{n}"), "x"));
    }
    stream.push(0);
    assert_eq!(push(&node, &stream).unwrap().len(), 1_100);
    assert_eq!(node.suspects().len(), everpage::sync::quarantine::MOST);
}

#[test]
fn a_clock_wrong_by_years_changes_nothing() {
    let node = victim();
    for (number, date) in
        [(4, "2036-01-01T00:00:00Z"), (5, "1966-01-01T00:00:00Z"), (6, "yesterday")]
    {
        let own = id(number, 77);
        let file =
            format!("Revision: {own}\nParent: {}\nDate: {date}\n\n{date}", id(number - 1, 77));
        push(&node, &[whole("A.md", &own.to_string(), file), vec![0]].concat()).unwrap();
        assert_eq!(node.text("A.md"), date);
    }
    let other = Node::new();
    assert_eq!(other.sync_with(&node.peer()).unwrap().received, 6);
}

/// A server that claims to have one revision and sends what it likes for it.
struct Liar {
    set: Set,
    stream: Vec<u8>,
}

impl Liar {
    fn new(number: u64, stream: Vec<u8>) -> Self {
        let item = Item::of(&path("A.md").key(), id(number, 77), None);
        Self { set: Set::new([item]), stream }
    }
}

impl Remote for Liar {
    fn name(&self) -> String {
        "https://mallory.example".to_owned()
    }

    fn reconcile(&self, hello: &Hello, message: &[u8]) -> Result<(Hello, Vec<u8>), RemoteError> {
        let theirs = Hello { replica: ReplicaId(Uuid::from_u128(9)), ..*hello };
        Ok((theirs, self.set.answer(message).unwrap()))
    }

    fn fetch(&self, _: &Hello, _: &[ItemHash]) -> Result<Box<dyn Read + '_>, RemoteError> {
        Ok(Box::new(&self.stream[..]))
    }

    fn push(&self, _: &Hello, frames: &mut dyn Read) -> Result<Vec<Outcome>, RemoteError> {
        io::copy(frames, &mut io::sink()).unwrap();
        Ok(Vec::new())
    }
}

#[test]
fn a_server_that_lies_is_treated_the_same() {
    let (four, good) = headed(4, &[3], "good");
    let (nine, unasked) = headed(9, &[8], "unasked");
    let ended = |frames: Vec<u8>| [frames, vec![0]].concat();
    let node = victim();
    let before = node.files();
    for (what, stream) in [
        ("not what was asked for", ended(whole("A.md", &nine, unasked))),
        ("the same without end", whole("A.md", &four, &good).repeat(3)[..60].to_vec()),
        ("an endless file", frame("A.md", &four, u64::MAX, b"aaaa")),
    ] {
        let result = node.sync_with(&Liar::new(4, stream));
        assert!(matches!(result, Err(everpage::sync::SyncError::Remote(_))), "{what}: {result:?}");
        assert_eq!(node.files(), before, "{what}");
    }
    let node = victim();
    let summary = node.sync_with(&Liar::new(4, vec![0])).unwrap();
    assert_eq!(summary.not_sent, 1, "it claims and does not send");
    let (last, freezes) = headed(MAX_NUMBER, &[MAX_NUMBER - 1], "freezes");
    let liar = Liar::new(MAX_NUMBER, ended(whole("A.md", &last, freezes)));
    let summary = node.sync_with(&liar).unwrap();
    assert_eq!(summary.quarantined.len(), 1, "{summary:?}");
    assert_eq!(node.files(), before);
    assert_eq!(node.sync_with(&liar).unwrap().waiting_here, 1, "it is not fetched again");
    let honest = Liar::new(4, ended(whole("A.md", &four, good)));
    assert_eq!(node.sync_with(&honest).unwrap().received, 1);
}

#[test]
fn a_lie_about_an_honest_revision_does_not_keep_it_out() {
    let (honest, node) = (victim(), Node::new());
    let (_, file) = headed(1, &[], "honest\n");
    let one = id(1, 77).to_string();
    // Spoiled on the way, or made so that it may never enter.
    let skips = headed(6, &[3], "skips").1.replacen(&id(6, 77).to_string(), &one, 1);
    for lie in [format!("Revision: {one}\nLength: 900\n\nshort"), skips] {
        let outcomes = push(&node, &[whole("A.md", &one, lie), vec![0]].concat()).unwrap();
        assert!(matches!(outcomes[0].fate, Fate::Quarantined { .. }), "{outcomes:?}");
    }
    let pull = Options { direction: Direction::Pull, ..Options::default() };
    let summary = node.sync_as(&honest.peer(), pull).unwrap();
    assert_eq!((summary.received, summary.waiting_here), (3, 0), "{summary:?}");
    assert_eq!(node.files(), honest.files());
    assert_eq!(node.files()[&format!("A.md/{one}")], file.into_bytes());
}

#[test]
fn messages_that_are_none_are_refused() {
    let node = victim();
    let host = Host::new(std::sync::Arc::clone(&node.replica) as _);
    for message in [&b""[..], b"x", &[0x61, 1, 2, 3, 4, 5], &[0xff; 5_000]] {
        assert!(host.reconcile(message).is_err(), "{message:?}");
    }
    // A later version of the reconciliation is answered with the one spoken here.
    assert_eq!(host.reconcile(&[0x6f]).unwrap(), [0x61]);
}
