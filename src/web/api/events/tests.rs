//! Streams, read as a browser reads them.

use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use futures_util::StreamExt;
use serde_json::Value;
use tower::ServiceExt;

use crate::web::app;
use crate::web::server::Stopping;
use crate::web::test_support::TestSite;

/// An open stream and what has arrived of it.
struct Window {
    stream: BodyDataStream,
    text: String,
}

#[derive(Debug)]
struct Heard {
    name: String,
    id: String,
    data: Value,
}

impl Window {
    async fn open(site: &TestSite, address: &str) -> Self {
        Self::send(site, Request::get(address)).await
    }

    async fn send(site: &TestSite, request: axum::http::request::Builder) -> Self {
        let request = request.header("host", "localhost").body(Body::empty()).unwrap();
        let response = app(site.site.clone()).oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        assert!(!response.headers().contains_key("content-encoding"));
        Self { stream: response.into_body().into_data_stream(), text: String::new() }
    }

    /// Waits for the next event; `None` where the stream has ended.
    async fn next(&mut self) -> Option<Heard> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let line = event.lines().find_map(|l| l.strip_prefix(name));
                    line.unwrap_or_default().trim().to_owned()
                };
                let data = serde_json::from_str(&field("data:")).unwrap();
                let heard = Heard { name: field("event:"), id: field("id:"), data };
                self.text = rest.to_owned();
                return Some(heard);
            }
            let piece = self.stream.next().await?.unwrap();
            self.text.push_str(std::str::from_utf8(&piece).unwrap());
        }
    }

    /// Waits for the next event of a kind.
    async fn hear(&mut self, name: &str) -> Heard {
        loop {
            let heard = self.next().await.expect("the stream goes on");
            if heard.name == name {
                return heard;
            }
        }
    }
}

#[tokio::test]
async fn a_window_is_told_the_state_and_then_what_changes() {
    let site = TestSite::new();
    let first = site.save("Garden.md", "one");
    let mut window = Window::open(&site, "/-/events?page=Garden").await;
    let page = window.hear("page").await.data;
    assert_eq!(page["path"], "Garden");
    assert_eq!(page["revision"]["id"], first.to_string());
    assert_eq!(window.hear("conflicts").await.data["count"], 0);
    window.hear("beat").await;
    site.save("Elsewhere.md", "not watched");
    let second = site.save_as("Garden.md", "Bob", "two");
    let page = window.next().await.unwrap();
    assert_eq!(page.name, "page");
    assert_eq!(page.data["revision"]["id"], second.to_string());
    assert_eq!(page.data["revision"]["number"], 2);
    assert_eq!(page.data["revision"]["author"], "Bob");
    assert_eq!(page.data["revision"]["deleted"], false);
}

#[tokio::test]
async fn a_page_that_is_written_or_deleted_is_told_of_as_well() {
    let site = TestSite::new();
    let mut window = Window::open(&site, "/-/events?page=New").await;
    assert_eq!(window.hear("page").await.data["revision"], Value::Null);
    site.save("New.md", "text");
    assert_eq!(window.hear("page").await.data["revision"]["number"], 1);
    site.save("New.md", "");
    assert_eq!(window.hear("page").await.data["revision"]["deleted"], true);
}

#[tokio::test]
async fn conflicts_are_counted_and_a_losing_head_changes_no_winner() {
    let site = TestSite::new();
    let base = site.save("Garden.md", "base");
    site.save("Garden.md", "one");
    let mut window = Window::open(&site, "/-/events?page=Garden").await;
    window.hear("beat").await;
    site.save_on("Garden.md", "Bob", Some(base), "another");
    let page = window.next().await.unwrap();
    assert_eq!((page.name.as_str(), &page.data["conflicts"]), ("page", &1.into()));
    let conflicts = window.next().await.unwrap();
    assert_eq!((conflicts.name.as_str(), &conflicts.data["count"]), ("conflicts", &1.into()));
}

#[tokio::test]
async fn a_list_that_was_cut_off_is_told_what_it_missed() {
    let site = TestSite::new();
    let base = site.save("A.md", "one");
    let mut window = Window::open(&site, "/-/events?recent=1").await;
    let last = window.hear("beat").await.id;
    drop(window);
    site.save_as("A.md", "Bob", "two");
    site.save_on("A.md", "Cleo", Some(base), "three");
    let request = Request::get("/-/events?recent=1").header("last-event-id", &last);
    let mut again = Window::send(&site, request).await;
    let recent = again.next().await.unwrap();
    assert_eq!((recent.name.as_str(), &recent.data["count"]), ("recent", &2.into()));
    assert_eq!(recent.data["changes"][0]["revision"]["author"], "Cleo");
    let last = again.hear("beat").await.id;
    let mut third = Window::open(&site, &format!("/-/events?recent=1&cursor={last}")).await;
    assert_eq!(third.next().await.unwrap().name, "conflicts");
    let lost = "/-/events?recent=1&cursor=00000000-0000-4000-8000-000000000000:7";
    let mut fourth = Window::open(&site, lost).await;
    assert_eq!(fourth.next().await.unwrap().data["unknown"], true);
}

#[tokio::test]
async fn who_edits_is_told_when_it_changes() {
    let site = TestSite::new();
    let mut window = Window::open(&site, "/-/events?page=Garden").await;
    let editors = |heard: Heard| heard.data["editors"].as_array().unwrap().clone();
    assert!(editors(window.hear("presence").await).is_empty());
    let mut fields =
        vec![("page", "Garden"), ("window", "window-1"), ("person", "person-1"), ("name", "Bob")];
    site.post("/-/api/v1/presence", &fields).await;
    let there = editors(window.hear("presence").await);
    assert_eq!((there.len(), &there[0]["name"]), (1, &"Bob".into()));
    fields.push(("leave", "1"));
    site.post("/-/api/v1/presence", &fields).await;
    assert!(editors(window.hear("presence").await).is_empty());
}

#[tokio::test]
async fn a_server_that_stops_ends_its_streams() {
    let site = TestSite::new();
    let (stop, stopping) = Stopping::new();
    let mut request = Request::get("/-/events").header("host", "localhost");
    request.extensions_mut().unwrap().insert(stopping);
    let mut window = Window::send(&site, request).await;
    window.hear("beat").await;
    drop(stop);
    assert!(window.next().await.is_none());
}

#[tokio::test]
async fn there_are_only_so_many_streams_and_each_gives_its_place_back() {
    let site = TestSite::new();
    let all = site.site.streams().available_permits();
    let window = Window::open(&site, "/-/events").await;
    assert_eq!(site.site.streams().available_permits(), all - 1);
    drop(window);
    assert_eq!(site.site.streams().available_permits(), all);
    let _taken = site.site.streams().try_acquire_many(all as u32).unwrap();
    assert_eq!(site.get("/-/events").await.status, 503);
    assert_eq!(site.get("/-/events?page=../x").await.status, 503);
}

#[tokio::test]
async fn a_page_that_cannot_be_is_refused() {
    let site = TestSite::new();
    assert_eq!(site.get("/-/events?page=../x").await.status, 400);
}
