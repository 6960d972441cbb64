//! The servers that this one exchanges with: how it goes, what is owed, what was set aside.

use std::time::Duration;

use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{Html, IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Serialize;

use crate::model::path::DocPath;

use crate::sync::quarantine::Suspect;
use crate::sync::{Direction, Follower, Replica, State as Following, Status};
use crate::web::error::{Failure, sentence};
use crate::web::extract::{Query, Submitted, Visitor};
use crate::web::filters;
use crate::web::peers::{Contact, Peers};
use crate::web::replica::NotAccepted;
use crate::web::shell::Shell;
use crate::web::site::{Access, Site};

/// How many of what was set aside are listed.
const MOST_SUSPECTS: usize = 200;
/// How much of a text that was set aside is shown.
const EXCERPT: usize = 4_000;
/// How long “Sync now” waits, so that the page it leads to shows what came of it.
const PATIENCE: Duration = Duration::from_secs(3);

/// Everything that is known of the exchange with other servers.
#[derive(Serialize)]
struct Overview {
    /// This server's own id.
    replica: String,
    /// The id of the wiki, once it has met another server.
    wiki: Option<String>,
    /// The peers that this server follows.
    peers: Vec<Status>,
    /// The peers that were given a token.
    tokens: Vec<Token>,
    /// Those who came without a token that is known here.
    strangers: Contact,
    /// What was set aside, the newest first.
    quarantine: Vec<Suspect>,
    /// How many revisions are named as parents and are not here.
    missing_parents: usize,
}

/// A peer that was given a token; the token itself is not known here.
#[derive(Serialize)]
struct Token {
    name: String,
    read_only: bool,
    #[serde(flatten)]
    contact: Contact,
}

impl Overview {
    fn of(site: &Site, peers: &Peers) -> Result<Self, Failure> {
        let place = peers.replica.place();
        let mut quarantine = place.quarantine().list().map_err(|e| unreadable(&e))?;
        quarantine.reverse();
        let tokens = place.tokens().list().map_err(|e| unreadable(&e))?;
        let tokens = tokens.into_iter().map(|(name, token)| Token {
            read_only: token.read_only,
            contact: peers.incoming.contact(&name),
            name,
        });
        Ok(Self {
            replica: peers.replica.replica_id().to_string(),
            wiki: place.wiki_id().map_err(|e| unreadable(&e))?.map(|id| id.to_string()),
            peers: peers.followers().iter().map(Follower::status).collect(),
            tokens: tokens.collect(),
            strangers: peers.incoming.contact(""),
            quarantine,
            missing_parents: site.wiki().missing_parents(),
        })
    }
}

fn unreadable(error: &crate::sync::ReplicaError) -> Failure {
    tracing::warn!(%error, "the page of the peers cannot be shown");
    Failure::internal()
}

fn peers(site: &Site) -> Result<&Peers, Failure> {
    site.peers()
        .ok_or_else(|| Failure::not_found("This server is not connected to any other server."))
}

#[derive(Template)]
#[template(path = "pages/peers.html")]
struct PeersView<'a> {
    shell: Shell,
    overview: &'a Overview,
    /// What a form just did.
    done: Option<&'static str>,
    suspects: &'a [Suspect],
    /// Where people reach this wiki, or an example.
    address: String,
}

impl PeersView<'_> {
    /// Says in a few words how it goes with a peer.
    #[expect(clippy::unused_self, reason = "templates reach it through the view")]
    fn state(&self, peer: &Status) -> &'static str {
        match peer.state {
            Following::Starting => "starting",
            Following::Comparing => "comparing",
            Following::Following if peer.owed_here + peer.owed_there == 0 => "in sync",
            Following::Following => "connected",
            Following::Waiting => "not reachable",
            Following::Stopped => "stopped",
        }
    }

    #[expect(clippy::unused_self, reason = "templates reach it through the view")]
    fn chip(&self, peer: &Status) -> &'static str {
        match peer.state {
            Following::Following => "chip-easy",
            Following::Waiting => "chip-conflict",
            _ => "",
        }
    }

    #[expect(clippy::unused_self, reason = "templates reach it through the view")]
    fn sentence(&self, words: &str) -> String {
        sentence(words)
    }

    /// Says which way revisions go.
    #[expect(clippy::unused_self, reason = "templates reach it through the view")]
    fn way(&self, peer: &Status) -> &'static str {
        match (peer.direction, peer.read_only) {
            (Direction::Both, false) => "both ways",
            (Direction::Both, true) => "from there to here only, because the token is read-only",
            (Direction::Pull, _) => "from there to here only, as set in everpage.toml",
            (Direction::Push, false) => "from here to there only, as set in everpage.toml",
            (Direction::Push, true) => {
                "none: the settings say to send only, but the token is read-only"
            }
        }
    }
}

/// Shows all peers.
pub(in crate::web) async fn show(
    State(site): State<Site>,
    visitor: Visitor,
    Query(query): Query,
) -> Result<Response, Failure> {
    site.blocking(move |site| {
        let overview = Overview::of(site, peers(site)?)?;
        let view = PeersView {
            shell: Shell::new(site, &visitor, "Other servers"),
            done: match query.get("done") {
                "asked" => Some("Sync requested. See the result below."),
                "accepted" => Some("Accepted. The revision is now part of its page."),
                "deleted" => Some("Deleted. A peer that still has it may send it again."),
                _ => None,
            },
            address: site.settings().public_url.clone().unwrap_or_else(|| {
                // Templates name no address of the world outside.
                "https://wiki.example.org".to_owned()
            }),
            suspects: &overview.quarantine[..overview.quarantine.len().min(MOST_SUSPECTS)],
            overview: &overview,
        };
        page(view.render())
    })
    .await
}

fn page(rendered: askama::Result<String>) -> Result<Response, Failure> {
    let html = rendered.map_err(|_| Failure::internal())?;
    Ok(([(header::CACHE_CONTROL, "private, no-store")], Html(html)).into_response())
}

/// Tells programs the same.
pub(in crate::web) async fn json(State(site): State<Site>) -> Result<Response, Failure> {
    site.blocking(|site| {
        let overview = Overview::of(site, peers(site)?)?;
        Ok(([(header::CACHE_CONTROL, "no-store")], Json(overview)).into_response())
    })
    .await
}

/// Compares everything with one peer, or with all of them, now.
pub(in crate::web) async fn sync_now(
    State(site): State<Site>,
    Submitted(fields): Submitted,
) -> Result<Response, Failure> {
    may_decide(&site)?;
    site.blocking(move |site| {
        let name = fields.get("peer");
        let followers = peers(site)?.followers().iter();
        let asked: Vec<_> = followers.filter(|f| f.status().name == name).collect();
        if asked.is_empty() {
            return Err(Failure::not_found("This server follows no peer with that name."));
        }
        for follower in asked {
            follower.sync_and_wait(PATIENCE);
        }
        Ok(Redirect::to(&site.url("-/sync?done=asked")).into_response())
    })
    .await
}

/// Until accounts come, who may write may also decide on what was set aside.
fn may_decide(site: &Site) -> Result<(), Failure> {
    if site.settings().access == Access::ReadOnly { Err(Failure::read_only()) } else { Ok(()) }
}

#[derive(Template)]
#[template(path = "pages/suspect.html")]
struct SuspectView<'a> {
    shell: Shell,
    suspect: &'a Suspect,
    /// The page it claims to belong to, if it can be one.
    path: Option<DocPath>,
    reason: String,
    /// The beginning of its bytes, where they are text.
    text: Option<String>,
    more: bool,
    /// Why it could not be accepted.
    refused: Option<String>,
}

fn find(peers: &Peers, name: &str) -> Result<Suspect, Failure> {
    let all = peers.replica.place().quarantine().list().map_err(|e| unreadable(&e))?;
    all.into_iter().find(|s| s.name == name).ok_or_else(|| {
        Failure::not_found(
            "There is no such revision in quarantine. Someone may already have accepted or deleted it.",
        )
    })
}

fn show_suspect(
    site: &Site,
    visitor: &Visitor,
    suspect: &Suspect,
    refused: Option<String>,
) -> Result<Response, Failure> {
    use std::io::Read;

    let mut bytes = Vec::new();
    let file = peers(site)?.replica.place().quarantine().open(suspect).ok().flatten();
    let read = file.map(|file| file.take(EXCERPT as u64 + 1).read_to_end(&mut bytes));
    let more = bytes.len() > EXCERPT;
    bytes.truncate(EXCERPT);
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => Some(text.to_owned()),
        // Cut within a letter.
        Err(error) if more && error.valid_up_to() + 4 > bytes.len() => {
            String::from_utf8(bytes[..error.valid_up_to()].to_vec()).ok()
        }
        Err(_) => None,
    };
    let view = SuspectView {
        shell: Shell::new(site, visitor, "Review a revision"),
        suspect,
        path: DocPath::new(&suspect.path).ok(),
        reason: sentence(&suspect.reason),
        text: text.filter(|text| matches!(read, Some(Ok(_))) && !text.contains('\0')),
        more,
        refused,
    };
    page(view.render())
}

/// Shows one revision that was set aside, and asks what shall become of it.
pub(in crate::web) async fn look(
    State(site): State<Site>,
    visitor: Visitor,
    Path(name): Path<String>,
) -> Result<Response, Failure> {
    site.blocking(move |site| {
        let suspect = find(peers(site)?, &name)?;
        show_suspect(site, &visitor, &suspect, None)
    })
    .await
}

/// Takes a revision in after all, or deletes it.
pub(in crate::web) async fn decide(
    State(site): State<Site>,
    visitor: Visitor,
    Path(name): Path<String>,
    Submitted(fields): Submitted,
) -> Result<Response, Failure> {
    may_decide(&site)?;
    site.blocking(move |site| {
        let peers = peers(site)?;
        let suspect = find(peers, &name)?;
        let done = match fields.get("action") {
            "accept" => match peers.replica.accept(&suspect) {
                Ok(()) => "accepted",
                Err(NotAccepted::For(reason)) => {
                    return show_suspect(site, &visitor, &suspect, Some(reason));
                }
                Err(NotAccepted::Failed(error)) => return Err(error.into()),
            },
            "delete" => {
                let removed = peers.replica.place().quarantine().remove(&suspect);
                removed.map_err(|e| unreadable(&e))?;
                "deleted"
            }
            _ => return Err(Failure::bad_request("The form is incomplete. Open it again.")),
        };
        Ok(Redirect::to(&site.url(&format!("-/sync?done={done}"))).into_response())
    })
    .await
}

/// Returns numbers about the exchange for those who watch over the server.
pub(super) fn numbers(site: &Site) -> Vec<(&'static str, &'static str, &'static str, u64)> {
    let Some(peers) = site.peers() else { return Vec::new() };
    let all: Vec<Status> = peers.followers().iter().map(Follower::status).collect();
    let now = site.wiki().clock().now();
    let age =
        |at: Option<Timestamp>| at.map_or(0, |at| now.duration_since(at).as_secs().max(0) as u64);
    let sum = |value: fn(&Status) -> u64| all.iter().map(value).sum();
    let quarantine = peers.replica.place().quarantine().list().map_or(0, |all| all.len() as u64);
    vec![
        ("peers", "gauge", "Peers that this server follows.", all.len() as u64),
        (
            "peers_following",
            "gauge",
            "Peers that this server is connected to.",
            all.iter().filter(|s| s.state == Following::Following).count() as u64,
        ),
        (
            "peer_errors",
            "gauge",
            "Peers that this server cannot reach.",
            all.iter().filter(|s| s.trouble.is_some()).count() as u64,
        ),
        (
            "peer_owed_here",
            "gauge",
            "Revisions known to exist at a peer and missing here.",
            sum(|s| s.owed_here),
        ),
        (
            "peer_owed_there",
            "gauge",
            "Revisions held here and not known to exist at a peer.",
            sum(|s| s.owed_there),
        ),
        (
            "peer_last_success_age_seconds",
            "gauge",
            "Seconds since the most outdated peer was in sync; 0 if it never was.",
            all.iter().map(|s| age(s.last_success)).max().unwrap_or(0),
        ),
        (
            "peer_received_total",
            "counter",
            "Revisions received from followed peers.",
            sum(|s| s.received),
        ),
        ("peer_sent_total", "counter", "Revisions sent to followed peers.", sum(|s| s.sent)),
        ("quarantine", "gauge", "Revisions from peers held in quarantine.", quarantine),
        (
            "missing_parents",
            "gauge",
            "Revisions that are named as parents but have not arrived.",
            site.wiki().missing_parents() as u64,
        ),
    ]
}

#[cfg(test)]
mod tests;
