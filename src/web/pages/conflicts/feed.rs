//! The inbox as an Atom feed: one entry for each document and set of versions.

use atom_syndication::{Entry, Person, Text};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use sha2::{Digest, Sha256};

use super::{Sort, about};
use crate::web::error::Failure;
use crate::web::pages::recent::feed::{answer, around, link, root, xml_text};
use crate::web::pages::words;
use crate::web::site::Site;
use crate::wiki::InboxEntry;

/// How many conflicts the feed has.
const ENTRIES: usize = 50;

/// Serves the feed, the newest first.
pub(in crate::web) async fn serve(
    State(site): State<Site>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    site.blocking(move |site| {
        site.wiki().wait_for_scan();
        let mut entries = site.wiki().inbox();
        Sort::Newest.apply(&mut entries);
        let root = root(site, &headers);
        let entries = entries.iter().take(ENTRIES).map(|e| entry(e, &root)).collect();
        let title = format!("{}: conflicts", site.settings().title);
        let own = format!("{root}/-/conflicts.atom");
        answer(&around(site, &title, &own, &format!("{root}/-/conflicts"), entries), &headers)
    })
    .await
}

fn entry(conflict: &InboxEntry, root: &str) -> Entry {
    let (_, about) = about(conflict);
    let mut names: Vec<&str> = conflict.versions().map(|v| words::name(&v.author)).collect();
    names.dedup();
    let summary = format!("Versions by {}: {about}", words::list(&names));
    let mut entry = Entry {
        title: Text::plain(xml_text(&format!("{} ({about})", conflict.title))),
        id: stable_id(conflict),
        authors: names
            .iter()
            .map(|name| Person { name: xml_text(name), ..Person::default() })
            .collect(),
        links: vec![link("alternate", &format!("{root}/-/merge/{}", conflict.path.address()))],
        summary: Some(Text::plain(xml_text(&summary))),
        ..Entry::default()
    };
    if let Some(date) = conflict.latest().and_then(|date| date.to_string().parse().ok()) {
        entry.updated = date;
        entry.published = Some(date);
    }
    entry
}

/// Returns the same id for the same versions of the same document on every replica.
fn stable_id(conflict: &InboxEntry) -> String {
    let ids: Vec<String> = conflict.versions().map(|v| v.id.to_string()).collect();
    let key = conflict.path.key();
    let digest = Sha256::digest(format!("conflict\n{}\n{}", key.as_str(), ids.join("\n")));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    format!("urn:uuid:{}", uuid::Builder::from_custom_bytes(bytes).into_uuid())
}
