use std::io::Read;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, header};
use uuid::Uuid;

use crate::model::path::DocPath;
use crate::sync::quarantine::Suspect;
use crate::sync::{
    Direction, Follow, Follower, Heard, Hello, InProcess, ItemHash, Live, Outcome, Place, Remote,
    RemoteError, Replica, ReplicaId, State,
};
use crate::web::test_support::{Page, TestSite};
use crate::web::{SiteSettings, WikiReplica};
use crate::wiki::Limits;

impl TestSite {
    /// Lets other servers ask; `n` tells its replica's id from that of others.
    fn with_peers(&self, n: u128) -> Arc<WikiReplica> {
        let place = Place::open(self.data(), Uuid::from_u128(n)).unwrap();
        let replica = Arc::new(WikiReplica::new(Arc::clone(self.site.wiki()), place));
        self.site.serve_peers(Arc::clone(&replica));
        replica
    }

    fn token(&self, name: &str, read_only: bool) -> String {
        let tokens = self.site.peers().unwrap().replica.place().tokens().add(
            name,
            read_only,
            [Uuid::from_u128(7), Uuid::from_u128(8)],
        );
        tokens.unwrap()
    }

    /// Asks as a peer does.
    async fn ask(&self, token: &str, replica: u128) -> Page {
        let request = Request::get("/-/sync/v1/feed")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header("everpage-protocol", "1")
            .header("everpage-replica", Uuid::from_u128(replica).to_string());
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Sets a revision aside as if a peer had sent it.
    fn set_aside(&self, id: &str, bytes: &str) -> String {
        let reason = "its number is too far ahead".to_owned();
        let suspect = Suspect::new("Far.md", id, bytes.len() as u64, reason, "laptop");
        let quarantine = self.site.peers().unwrap().replica.place().quarantine();
        let at = "2026-11-23T08:00:00Z".parse().unwrap();
        quarantine.add(&suspect, at, Some(&mut bytes.as_bytes())).unwrap();
        suspect.name
    }
}

/// Another replica in this process; its feed never brings anything.
struct Neighbour(InProcess);

impl Remote for Neighbour {
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
}

impl Follow for Neighbour {
    fn feed(&self, hello: &Hello, cursor: Option<&str>) -> Result<(Hello, Heard), RemoteError> {
        let replica = ReplicaId(Uuid::from_u128(2));
        while cursor.is_some() {
            // Nothing ever happens there.
            std::thread::park();
        }
        Ok((Hello { replica, ..*hello }, Heard::default()))
    }
}

/// Follows the other site, or an address where nobody is.
fn follow(site: &TestSite, other: Option<&Arc<WikiReplica>>) {
    let live = Arc::clone(&site.site.peers().unwrap().replica) as Arc<dyn Live>;
    let remote = other.map(|replica| {
        Arc::new(Neighbour(InProcess::trusted(Arc::clone(replica) as Arc<dyn Replica>)))
            as Arc<dyn Follow>
    });
    let connect = Box::new(move || {
        remote.clone().ok_or_else(|| "the token in local/x cannot be read: no such file".to_owned())
    });
    let follower = Follower::start(live, "https://b.example", Direction::Both, connect).unwrap();
    let wanted = if other.is_some() { State::Following } else { State::Waiting };
    follower.await_change(std::time::Duration::from_secs(60), |s| {
        s.state == wanted && (s.next_try.is_some() || other.is_some())
    });
    site.site.show_followers(Arc::new(vec![follower]));
}

#[tokio::test]
async fn without_peers_the_page_explains_how_to_connect_two_servers() {
    let site = TestSite::new();
    site.save("Home.md", "home");
    assert_eq!(site.get("/-/sync").await.status, 404, "a wiki that nobody can ask");
    site.with_peers(1);
    assert!(!site.get("/Home").await.body.contains("Other servers"), "nothing to look at");
    let page = site.get("/-/sync").await;
    assert_eq!(page.status, 200);
    for words in ["No other servers yet", "peer add laptop", "[[peer]]", "token_file"] {
        assert!(page.body.contains(words), "{words}");
    }
}

#[tokio::test]
async fn a_followed_peer_is_told_in_words_numbers_and_json() {
    let (site, other) = (TestSite::new(), TestSite::new());
    site.with_peers(1);
    let there = other.with_peers(2);
    other.save("Garden.md", "beans");
    follow(&site, Some(&there));
    assert!(site.document("Garden.md").is_some());
    let page = site.get("/-/sync").await.body;
    for words in ["https://b.example", "in sync", "both ways", "1 received, 0 sent", "Sync now"] {
        assert!(page.contains(words), "{words}");
    }
    assert!(site.get("/Garden").await.body.contains("Other servers"), "in the footer");
    let json = site.get("/-/api/v1/sync").await.json();
    let peer = &json["peers"][0];
    assert_eq!((&peer["state"], &peer["received"]), (&"following".into(), &1.into()));
    assert_eq!(peer["replica"], Uuid::from_u128(2).to_string());
    assert_eq!(json["replica"], Uuid::from_u128(1).to_string());
    let metrics = site.get("/-/metrics").await.body;
    for line in ["everpage_peers 1", "everpage_peers_following 1", "everpage_peer_errors 0"] {
        assert!(metrics.contains(line), "{line}");
    }
    // What is written by the other one without its feed saying so is found by a run.
    other.save("Garden.md", "beans and peas");
    let done = site.post("/-/sync", &[("peer", "https://b.example")]).await;
    assert_eq!(done.location(), Some("/-/sync?done=asked"));
    assert_eq!(site.content("Garden.md"), "beans and peas");
    assert_eq!(site.post("/-/sync", &[("peer", "https://c.example")]).await.status, 404);
}

#[tokio::test]
async fn a_peer_that_cannot_be_followed_is_said_so_with_the_reason() {
    let site = TestSite::new();
    site.with_peers(1);
    follow(&site, None);
    let page = site.get("/-/sync").await.body;
    for words in ["not reachable", "The token in local/x cannot be read", "within a minute"] {
        assert!(page.contains(words), "{words}");
    }
    let metrics = site.get("/-/metrics").await.body;
    assert!(metrics.contains("everpage_peer_errors 1"), "{metrics}");
}

#[tokio::test]
async fn who_asks_here_is_shown_by_the_name_of_the_token_and_never_the_token() {
    let site = TestSite::new();
    site.with_peers(1);
    let token = site.token("laptop", true);
    assert!(site.get("/-/sync").await.body.contains("not seen yet"));
    assert_eq!(site.ask(&token, 2).await.status, 200);
    let page = site.get("/-/sync").await.body;
    assert!(page.contains("laptop") && page.contains(">seen<") && !page.contains(&token));
    // Our own id comes back: the address leads to this server, or it is a copy of it.
    assert_eq!(site.ask(&token, 1).await.status, 409);
    let page = site.get("/-/sync").await.body;
    assert!(page.contains("Its last request was refused") && page.contains("this very replica"));
    assert_eq!(site.ask("everpage-wrong", 2).await.status, 401);
    assert!(site.get("/-/sync").await.body.contains("A server with an unknown token"));
    let json = site.get("/-/api/v1/sync").await;
    assert!(!json.body.contains(&token));
    assert_eq!(json.json()["tokens"][0]["name"], "laptop");
}

#[tokio::test]
async fn what_was_set_aside_is_looked_at_and_then_taken_in_or_deleted() {
    let site = TestSite::new();
    site.with_peers(1);
    let (first, second) =
        (format!("5000-{}", Uuid::from_u128(1 << 70)), format!("6000-{}", Uuid::from_u128(1)));
    let (accept, delete) =
        (site.set_aside(&first, "far <b>ahead</b>"), site.set_aside(&second, "x"));
    let page = site.get("/-/sync").await.body;
    assert!(page.contains("2 revisions from other servers") && page.contains("too far ahead"));
    let address = format!("/-/sync/quarantine/{accept}");
    let look = site.get(&address).await.body;
    assert!(look.contains("far &#60;b&#62;ahead") && look.contains("Its number is too far ahead."));
    assert!(site.document("Far.md").is_none(), "looking changes nothing");
    assert_eq!(site.post(&address, &[("action", "x")]).await.status, 400);
    let done = site.post(&address, &[("action", "accept")]).await;
    assert_eq!(done.location(), Some("/-/sync?done=accepted"));
    assert_eq!(site.content("Far.md"), "far <b>ahead</b>");
    let address = format!("/-/sync/quarantine/{delete}");
    let done = site.post(&address, &[("action", "delete")]).await;
    assert_eq!(done.location(), Some("/-/sync?done=deleted"));
    assert_eq!(site.get(&address).await.status, 404);
    assert!(!site.get("/-/sync").await.body.contains("Set aside"));
    assert_eq!(site.document("Far.md").unwrap().revision_count(), 1);
}

#[tokio::test]
async fn what_cannot_be_taken_in_stays_with_the_reason() {
    let site = TestSite::new();
    site.with_peers(1);
    let id = format!("5000-{}", Uuid::from_u128(1));
    let damaged = format!("Revision: {id}\nLength: 9\n\nx");
    let name = site.set_aside(&id, &damaged);
    let answer = site.post(&format!("/-/sync/quarantine/{name}"), &[("action", "accept")]).await;
    assert!(answer.body.contains("Not accepted."), "{}", answer.body);
    assert_eq!(site.get(&format!("/-/sync/quarantine/{name}")).await.status, 200);
    assert!(site.document("Far.md").is_none_or(|d| d.winner().is_none()));
}

#[tokio::test]
async fn where_nobody_may_write_nobody_decides() {
    let site = TestSite::with(
        Limits::default(),
        SiteSettings { access: crate::web::Access::ReadOnly, ..SiteSettings::default() },
    );
    let other = TestSite::new();
    let there = other.with_peers(2);
    site.with_peers(1);
    follow(&site, Some(&there));
    let name = site.set_aside(&format!("5000-{}", Uuid::from_u128(1)), "x");
    let page = site.get("/-/sync").await.body;
    assert!(page.contains("too far ahead") && !page.contains("Sync now"));
    let address = format!("/-/sync/quarantine/{name}");
    assert!(!site.get(&address).await.body.contains("value=\"delete\""));
    for action in ["accept", "delete"] {
        assert_eq!(site.post(&address, &[("action", action)]).await.status, 403);
    }
    assert_eq!(site.post("/-/sync", &[("peer", "https://b.example")]).await.status, 403);
    assert!(site.document("Far.md").is_none());
}

/// Views a page as somebody whose name the browser remembers.
async fn view_as(site: &TestSite, author: &str, address: &str) -> String {
    let request = Request::get(address).header(header::COOKIE, format!("author={author}"));
    site.send(request.body(Body::empty()).unwrap()).await.body
}

#[tokio::test]
async fn the_author_of_a_waiting_version_is_told_and_nobody_else() {
    let site = TestSite::new();
    let base = site.save_as("Garden.md", "Ada", "one\n");
    site.save_on("Garden.md", "Ben", Some(base), "by Ben\n");
    let winner = site.save_on("Garden.md", "Cid", Some(base), "by Cid\n");
    assert_eq!(site.document("Garden.md").unwrap().resolution().winner, Some(winner));
    let yours = "Your version of this page is unmerged";
    // In both orders: what one of them sees is not kept for the other.
    for author in ["Cid", "Ben", "", "ben", "Cid", "Ben"] {
        let told = view_as(&site, author, "/Garden").await.contains(yours);
        assert_eq!(told, author.eq_ignore_ascii_case("ben"), "{author}");
    }
    let page = view_as(&site, "Ben", "/Garden").await;
    assert!(page.contains("Cid changed the page too, and readers see that version."), "{page}");
    assert!(page.contains("/-/merge/Garden?mine=") && page.contains("/-/diff/Garden?from="));
    assert!(view_as(&site, "Cid", "/Garden").await.contains("1 other version of this page"));
    // Others still get the page that was put together before.
    let (_, before) = site.site.view_counts();
    view_as(&site, "Cid", "/Garden").await;
    assert_eq!(site.site.view_counts().1, before + 1);
    assert!(view_as(&site, "Ben", "/-/conflicts?show=mine").await.contains("Garden"));
    assert!(view_as(&site, "Eve", "/-/conflicts?show=mine").await.contains("No matches"));
}

#[tokio::test]
async fn what_is_said_of_a_waiting_version_names_who_wrote_the_other() {
    let site = TestSite::new();
    let base = site.save_as("Garden.md", "Ada", "one\n");
    site.save_on("Garden.md", "Ben", Some(base), "by Ben\n");
    site.save_on("Garden.md", "Ben", Some(base), "by Ben, in another window\n");
    let page = view_as(&site, "Ben", "/Garden").await;
    assert!(page.contains("You also changed the page in another window"), "{page}");
    let base = site.save_as("Roses.md", "Ada", "one\n");
    site.save_on("Roses.md", "Ben", Some(base), "by Ben\n");
    site.save_on("Roses.md", "Cid", Some(base), "");
    assert!(view_as(&site, "Ben", "/Roses").await.contains("You edited this page meanwhile."));
    assert!(view_as(&site, "Cid", "/Roses").await.contains("Ben edited this page meanwhile."));
}

#[tokio::test]
async fn what_has_not_arrived_is_said_until_it_arrives() {
    let (site, other) = (TestSite::new(), TestSite::new());
    let replica = site.with_peers(1);
    let there = other.with_peers(2);
    let first = other.save("Garden.md", "one\n");
    let second = other.save("Garden.md", "two\n");
    let path = DocPath::new("Garden.md").unwrap();
    let take = |id| {
        let mut file = there.open(&path, id).unwrap().unwrap();
        let mut bytes = Vec::new();
        file.reader.read_to_end(&mut bytes).unwrap();
        replica.receive(&path, id, crate::store::Body::Bytes(&bytes)).unwrap();
        replica.show(&path);
    };
    take(second);
    assert!(
        site.get("/Garden").await.body.contains("1 earlier revision of this page has not arrived")
    );
    assert!(site.get("/-/sync").await.body.contains("1 earlier revision has not arrived yet"));
    assert!(site.get("/-/metrics").await.body.contains("everpage_missing_parents 1"));
    take(first);
    assert!(!site.get("/Garden").await.body.contains("not arrived"));
    assert!(site.get("/-/metrics").await.body.contains("everpage_missing_parents 0"));
}
