use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use uuid::Uuid;

use super::super::identity::{Hello, PROTOCOL, ReplicaId, WikiId};
use super::super::item::ItemHash;
use super::super::quarantine::Suspect;
use super::super::receive::Outcome;
use super::super::remote::Answer;
use super::super::replica::RevisionFile;
use super::super::set::Set;
use super::*;
use crate::store::{Body, Received};

/// A replica that holds nothing.
struct Empty;

impl Replica for Empty {
    fn replica_id(&self) -> ReplicaId {
        ReplicaId(Uuid::from_u128(1))
    }

    fn wiki_id(&self) -> Result<Option<WikiId>, ReplicaError> {
        Ok(Some(WikiId(Uuid::from_u128(7))))
    }

    fn set_wiki_id(&self, _: WikiId) -> Result<(), ReplicaError> {
        Ok(())
    }

    fn draw_wiki_id(&self) -> WikiId {
        WikiId(Uuid::from_u128(7))
    }

    fn set(&self) -> Result<Arc<Set>, ReplicaError> {
        Err(ReplicaError::NotReady)
    }

    fn locate(&self, _: &ItemHash) -> Option<(DocPath, RevisionId)> {
        None
    }

    fn open(&self, _: &DocPath, _: RevisionId) -> Result<Option<RevisionFile>, ReplicaError> {
        Ok(None)
    }

    fn holds(&self, _: &DocPath, _: RevisionId) -> bool {
        false
    }

    fn highest(&self, _: &DocPath) -> u64 {
        0
    }

    fn receive(&self, _: &DocPath, _: RevisionId, _: Body<'_>) -> Result<Received, ReplicaError> {
        Err(ReplicaError::NotReady)
    }

    fn show(&self, _: &DocPath) {}

    fn set_aside(&self, _: &Suspect, _: Option<&mut dyn Read>) {}

    fn is_set_aside(&self, _: &ItemHash) -> bool {
        false
    }

    fn largest(&self) -> u64 {
        1 << 20
    }
}

/// A server that can be taken down, and counts who asks.
#[derive(Default)]
struct Server {
    down: AtomicBool,
    asked: AtomicUsize,
}

struct To(Arc<Server>);

impl Remote for To {
    fn name(&self) -> String {
        "https://wiki.example.org".to_owned()
    }

    fn reconcile(&self, _: &Hello, _: &[u8]) -> Result<(Hello, Vec<u8>), RemoteError> {
        unreachable!("nothing is compared")
    }

    fn fetch(&self, _: &Hello, _: &[ItemHash]) -> Result<Box<dyn Read + '_>, RemoteError> {
        unreachable!("nothing is fetched by itself")
    }

    fn push(&self, _: &Hello, _: &mut dyn Read) -> Result<Vec<Outcome>, RemoteError> {
        unreachable!("nothing is pushed")
    }

    fn page<'a>(
        &'a self,
        hello: &Hello,
        _: &Question,
        _: &mut dyn Read,
    ) -> Result<Answer<'a>, RemoteError> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        if self.0.down.load(Ordering::SeqCst) {
            let source = io::ErrorKind::ConnectionRefused.into();
            return Err(RemoteError::Broken { action: "reach", peer: self.name(), source });
        }
        let hello = Hello { replica: ReplicaId(Uuid::from_u128(2)), protocol: PROTOCOL, ..*hello };
        let frames: Box<dyn Read> = Box::new(&Frames::END[..]);
        Ok(Answer { hello, told: Told::default(), frames })
    }
}

fn upstream() -> (Arc<Server>, Arc<Upstream>) {
    let server = Arc::new(Server::default());
    let to = || Box::new(To(Arc::clone(&server)));
    let upstream = Arc::new(Upstream::new(Arc::new(Empty), to(), to()));
    (server, upstream)
}

#[test]
fn while_it_is_away_only_one_probe_at_a_time_asks_and_finds_it_back() {
    let (server, upstream) = upstream();
    let path = DocPath::new("Garden.md").unwrap();
    server.down.store(true, Ordering::SeqCst);
    upstream.fetch(&path);
    assert_eq!(server.asked.load(Ordering::SeqCst), 1);
    assert_eq!(upstream.trouble().as_deref(), Some("it does not answer"));
    let id = RevisionId::new(1, Uuid::from_u128(3)).unwrap();
    assert_eq!(upstream.hand_over(&path, id, b"text", &[]), HandedOver::Not);
    upstream.wait_for_probe();
    assert_eq!(server.asked.load(Ordering::SeqCst), 2, "by the probe, not by who waits");
    server.down.store(false, Ordering::SeqCst);
    upstream.fetch(&path);
    upstream.wait_for_probe();
    assert_eq!(upstream.trouble(), None, "the probe found it back");
    upstream.fetch(&path);
    assert_eq!(server.asked.load(Ordering::SeqCst), 4);
}

#[test]
fn it_is_left_alone_longer_each_time() {
    let mut state = State::default();
    let pause = |state: &State| state.closed.as_ref().unwrap().pause;
    state.close();
    assert_eq!(pause(&state), PAUSE);
    state.close();
    assert_eq!(pause(&state), PAUSE, "others who waited at the same time");
    for _ in 0..10 {
        state.closed.as_mut().unwrap().until = Instant::now();
        state.close();
    }
    assert_eq!(pause(&state), LONGEST_PAUSE);
}
