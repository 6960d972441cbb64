//! What happens, told to open windows as it happens (server-sent events).
//!
//! The one idea: a stream begins with the state of everything it watches and goes on with what
//! changes. A window that was asleep or cut off only has to open a new stream to be right again; the
//! cursor, which browsers send back as `Last-Event-ID`, is needed for nothing but to tell lists how
//! much they have missed. A stream holds no thread, no lock and no page: a thousand idle ones cost
//! their connections.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, stream};
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;

use super::rebase::about;
use crate::model::path::DocPath;
use crate::web::error::Failure;
use crate::web::extract::{Fields, Query};
use crate::web::server::Stopping;
use crate::web::site::Site;
use crate::wiki::{Cursor, FeedReader, News, WikiError};

/// How often an idle stream says that it is alive: less than the minute after which proxies doubt it.
const BEAT: Duration = Duration::from_secs(20);
/// How many pages one stream may watch.
const MAX_PAGES: usize = 32;
/// How many changes are told one by one to a list.
const MAX_RECENT: usize = 20;

/// Streams what happens. `page` (repeated) names pages to watch, `recent` asks for all changes, and
/// `cursor` says what the window has heard already. The events, all JSON:
/// - `page`: `{"path", "revision": {…} or null, "conflicts", "missing"}`, at the start and when it changes;
/// - `presence`: `{"path", "editors": [{"window", "person", "name"}]}`, likewise;
/// - `conflicts`: `{"count"}`, likewise;
/// - `recent`: `{"changes": [{"path", "title", "revision"}], "count"}`, or `{"unknown": true}` where
///   the server cannot tell any more what was missed;
/// - `beat`: `{}`, so that both ends notice when the other one is gone.
pub(in crate::web) async fn follow(
    State(site): State<Site>,
    stopping: Option<Extension<Stopping>>,
    headers: HeaderMap,
    Query(fields): Query,
) -> Result<Response, Failure> {
    let Ok(place) = Arc::clone(site.streams()).try_acquire_owned() else {
        // Pages are worth more than news of them.
        let message = "Too many windows are open. This one will not learn of changes until others are closed.";
        let busy = Failure::new(StatusCode::SERVICE_UNAVAILABLE, "Too many windows", message);
        return Err(busy);
    };
    let pages = pages(&fields)?;
    let cursor = cursor(&headers, &fields);
    let (site, follower) = site
        .blocking(move |site| {
            let feed = site.wiki().feed();
            // The place comes before the look at the pages, so that nothing falls between them.
            let begin = feed.read_from(cursor.unwrap_or_else(|| feed.cursor()));
            for page in &pages {
                look(site, page)?;
            }
            Ok((site.clone(), Follower::new(site, begin, pages, &fields, place)))
        })
        .await?;
    drop(site);
    let stopping = stopping.map(|Extension(stopping)| stopping);
    let mut response = Sse::new(follower.stream(stopping)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Asks nginx and its like to pass each event on at once.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

fn pages(fields: &Fields) -> Result<Vec<DocPath>, Failure> {
    let mut pages = Vec::new();
    for name in fields.all("page").take(MAX_PAGES) {
        let path = DocPath::page_from_user(name)?;
        if !pages.contains(&path) {
            pages.push(path);
        }
    }
    Ok(pages)
}

/// Reads what a window has heard already. One that makes no sense is one that is too old.
fn cursor(headers: &HeaderMap, fields: &Fields) -> Option<Cursor> {
    let last = headers.get("last-event-id").and_then(|v| v.to_str().ok());
    last.or_else(|| fields.find("cursor")).and_then(|text| text.parse().ok())
}

/// Brings a page into memory. One that cannot be read now will be heard of when it can.
fn look(site: &Site, page: &DocPath) -> Result<(), Failure> {
    match site.wiki().refresh(page) {
        Err(WikiError::Store(error)) => {
            tracing::debug!(%page, %error, "a page that a window shows cannot be looked at");
            Ok(())
        }
        looked => Ok(looked.map(drop)?),
    }
}

/// One window's, or one browser's, view of what happens.
struct Follower {
    site: Site,
    reader: FeedReader,
    pages: Vec<DocPath>,
    recent: bool,
    presence: watch::Receiver<u64>,
    /// What was told last, so that nothing is told twice.
    told_conflicts: Option<usize>,
    told_editors: Vec<Option<Value>>,
    /// When somebody who edits one of the pages will have gone.
    next_gone: Option<Instant>,
    pending: VecDeque<Event>,
    _place: OwnedSemaphorePermit,
}

impl Follower {
    fn new(
        site: &Site,
        reader: FeedReader,
        pages: Vec<DocPath>,
        fields: &Fields,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let mut follower = Self {
            site: site.clone(),
            reader,
            told_editors: vec![None; pages.len()],
            pages,
            recent: fields.find("recent").is_some(),
            presence: site.presence().changes(),
            told_conflicts: None,
            next_gone: None,
            pending: VecDeque::new(),
            _place: place,
        };
        let missed = follower.reader.now();
        follower.tell_recent(&missed);
        for page in 0..follower.pages.len() {
            follower.tell_page(page);
        }
        follower.tell_presence();
        follower.tell_conflicts();
        // So that a window knows its place from the first moment, and proxies send the header on.
        follower.push("beat", &json!({}));
        follower
    }

    /// Gives the events one after another until the server stops.
    fn stream(self, stopping: Option<Stopping>) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold((self, stopping), |(mut follower, stopping)| async move {
            loop {
                if let Some(event) = follower.pending.pop_front() {
                    return Some((Ok(event), (follower, stopping)));
                }
                let stops = async {
                    match &stopping {
                        Some(stopping) => stopping.wait().await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    () = stops => return None,
                    () = follower.wait() => {}
                }
            }
        })
    }

    /// Waits until there is something to tell.
    async fn wait(&mut self) {
        let beat = Instant::now() + BEAT;
        let first = self.next_gone.map_or(beat, |gone| gone.min(beat));
        let news = tokio::select! {
            news = self.reader.next() => Some(news),
            _ = self.presence.changed() => None,
            () = tokio::time::sleep_until(first) => {
                if first == beat {
                    self.push("beat", &json!({}));
                }
                None
            }
        };
        match news {
            Some(news) => self.tell_news(&news),
            None => self.tell_presence(),
        }
    }

    fn tell_news(&mut self, news: &News) {
        self.tell_recent(news);
        for page in 0..self.pages.len() {
            let key = self.pages[page].key();
            let concerned = match news {
                News::TooOld => true,
                News::Changes(entries) => entries.iter().any(|e| e.path.key() == key),
            };
            if concerned {
                self.tell_page(page);
            }
        }
        self.tell_conflicts();
    }

    fn tell_page(&mut self, page: usize) {
        let path = &self.pages[page];
        let document = self.site.wiki().known(&path.key());
        let winner = document.as_ref().and_then(|d| d.winner());
        let data = json!({
            "path": path.without_suffix(),
            "revision": winner.map(about),
            "conflicts": document.as_ref().map_or(0, |d| d.resolution().conflicts.len()),
            "missing": document.as_ref().map_or(0, |d| d.not_arrived().count()),
        });
        self.push("page", &data);
    }

    fn tell_recent(&mut self, news: &News) {
        if !self.recent {
            return;
        }
        let entries = match news {
            News::TooOld => return self.push("recent", &json!({ "unknown": true })),
            News::Changes(entries) => entries,
        };
        let count = entries.iter().filter(|e| !e.found).count();
        let newest = entries.iter().rev().filter(|e| !e.found).take(MAX_RECENT);
        let changes: Vec<_> = newest
            .filter_map(|entry| {
                let document = self.site.wiki().known(&entry.path.key())?;
                let id = entry.added.last().copied().or(entry.winner)?;
                let revision = document.revision(id)?;
                let (path, title) = (entry.path.without_suffix(), document.title());
                Some(json!({ "path": path, "title": title, "revision": about(revision) }))
            })
            .collect();
        if count > 0 {
            self.push("recent", &json!({ "changes": changes, "count": count }));
        }
    }

    fn tell_conflicts(&mut self) {
        let count = self.site.wiki().conflict_count();
        if self.told_conflicts != Some(count) {
            self.told_conflicts = Some(count);
            self.push("conflicts", &json!({ "count": count }));
        }
    }

    fn tell_presence(&mut self) {
        self.presence.mark_unchanged();
        self.next_gone = None;
        for page in 0..self.pages.len() {
            let path = &self.pages[page];
            let (editors, first) = self.site.presence().on(&path.key());
            self.next_gone = [self.next_gone, first].into_iter().flatten().min();
            let data = json!({ "path": path.without_suffix(), "editors": editors });
            if self.told_editors[page].as_ref() != Some(&data) {
                self.push("presence", &data);
                self.told_editors[page] = Some(data);
            }
        }
    }

    fn push(&mut self, name: &str, data: &Value) {
        let event = Event::default().event(name).id(self.reader.cursor().to_string());
        self.pending.push_back(event.data(data.to_string()));
    }
}

#[cfg(test)]
mod tests;
