//! The latest changes as an Atom feed, of the whole wiki or of one document.

use atom_syndication::{Entry, Feed, Generator, Link, Person, Text};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::change::Change;
use crate::web::cache::is_unchanged;
use crate::web::error::Failure;
use crate::web::extract::{Fields, Query, Target};
use crate::web::site::Site;

/// How many changes a feed has.
const ENTRIES: usize = 50;

/// Serves the feed; `?path=` names one document.
pub(in crate::web) async fn serve(
    State(site): State<Site>,
    headers: HeaderMap,
    Query(fields): Query,
) -> Result<Response, Failure> {
    site.blocking(move |site| answer(&feed(site, &root(site, &headers), &fields)?, &headers)).await
}

/// Sends a feed, or says that it is as it was.
pub(in crate::web::pages) fn answer(feed: &Feed, headers: &HeaderMap) -> Result<Response, Failure> {
    let xml = feed.to_string();
    let tag = format!("\"{}\"", hex::encode(&Sha256::digest(&xml)[..12]));
    let tag = HeaderValue::from_str(&tag).map_err(|_| Failure::internal())?;
    let fixed = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/atom+xml; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::ETAG, tag.clone()),
    ];
    if is_unchanged(headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, fixed).into_response());
    }
    Ok((fixed, xml).into_response())
}

/// Returns the address of the site's root without a slash at its end, as the visitor knows it.
pub(in crate::web::pages) fn root(site: &Site, headers: &HeaderMap) -> String {
    let prefix = site.settings().base_path.as_str();
    match &site.settings().public_url {
        Some(url) if url.ends_with(prefix) => url.clone(),
        Some(url) => format!("{url}{prefix}"),
        None => {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
            format!("http://{}{prefix}", host.unwrap_or("localhost"))
        }
    }
}

fn feed(site: &Site, root: &str, fields: &Fields) -> Result<Feed, Failure> {
    let wiki = site.wiki();
    let name = &site.settings().title;
    let (title, own, page, changes) = match fields.get("path") {
        "" => {
            let changes = wiki.recent(0, ENTRIES);
            (
                format!("{name}: recent changes"),
                "-/feed.atom".to_owned(),
                "-/recent".to_owned(),
                changes,
            )
        }
        path => {
            let document = wiki.require(&Target::named(site, path)?)?;
            let address = document.path().address();
            let query = form_urlencoded::byte_serialize(document.path().as_str().as_bytes());
            let own = format!("-/feed.atom?path={}", query.collect::<String>());
            let latest = document.revisions().filter(|r| r.damage.is_none()).take(ENTRIES);
            let changes = latest.map(|r| (document.clone(), r.id)).collect();
            (format!("{name}: {}", document.title()), own, format!("-/history/{address}"), changes)
        }
    };
    let changes = changes.into_iter().filter_map(|(document, id)| Change::new(document, id));
    let entries: Vec<Entry> = changes.map(|change| entry(&change, root)).collect();
    Ok(around(site, &title, &format!("{root}/{own}"), &format!("{root}/{page}"), entries))
}

/// Makes a feed of this site around its entries; `own` is its address, `page` what it speaks of.
pub(in crate::web::pages) fn around(
    site: &Site,
    title: &str,
    own: &str,
    page: &str,
    entries: Vec<Entry>,
) -> Feed {
    let newest = entries.iter().map(|entry| entry.updated).max();
    let name = xml_text(&site.settings().title);
    Feed {
        title: Text::plain(xml_text(title)),
        id: own.to_owned(),
        updated: newest.unwrap_or_default(),
        authors: vec![Person { name, ..Person::default() }],
        generator: Some(Generator { value: "Everpage".to_owned(), ..Generator::default() }),
        links: vec![link("self", own), link("alternate", page)],
        entries,
        ..Feed::default()
    }
}

fn entry(change: &Change, root: &str) -> Entry {
    let mut title = change.document.title().to_owned();
    let words: Vec<&str> = change.chips().into_iter().map(|(_, word)| word).collect();
    if !words.is_empty() {
        title = format!("{title} ({})", words.join(", "));
    }
    let summary = match change.summary.as_str() {
        "" => change.delta(),
        said => format!("{said} ({})", change.delta()),
    };
    let author = if change.author.is_empty() { "an unnamed editor" } else { &change.author };
    let mut entry = Entry {
        title: Text::plain(xml_text(&title)),
        id: stable_id(change),
        authors: vec![Person { name: xml_text(author), ..Person::default() }],
        links: vec![link("alternate", &format!("{root}/{}", change.address()))],
        summary: Some(Text::plain(xml_text(&summary))),
        ..Entry::default()
    };
    if let Ok(date) = change.date.to_string().parse() {
        entry.updated = date;
        entry.published = Some(date);
    }
    entry
}

/// Returns the same id for the same revision of the same document on every replica.
fn stable_id(change: &Change) -> String {
    let digest = Sha256::digest(format!("{}\n{}", change.document.key().as_str(), change.id));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    format!("urn:uuid:{}", uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

pub(in crate::web::pages) fn link(rel: &str, href: &str) -> Link {
    Link { rel: rel.to_owned(), href: href.to_owned(), ..Link::default() }
}

/// Leaves out what XML cannot hold, however it is escaped.
pub(in crate::web::pages) fn xml_text(text: &str) -> String {
    let holds = |c: &char| match c {
        '\t' | '\n' | '\r' => true,
        '\u{FFFE}' | '\u{FFFF}' => false,
        c => !c.is_control(),
    };
    text.chars().filter(holds).collect()
}
