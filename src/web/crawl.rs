//! Follows every address that the pages of the sample wiki name: none may lead nowhere.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::test_support::{Page, TestSite};

/// The attributes that name an address.
const ATTRIBUTES: [&str; 3] = ["href", "src", "action"];

/// An address and whether the page says itself that nothing is there.
#[derive(Debug, PartialEq, Eq)]
struct Link {
    to: String,
    missing: bool,
}

/// Returns every address that a page names.
fn links(html: &str) -> Vec<Link> {
    let mut found = Vec::new();
    for tag in html.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or(tag);
        let missing = tag.contains("class=\"missing\"");
        for attribute in ATTRIBUTES {
            let Some((_, rest)) = tag.split_once(&format!(" {attribute}=\"")) else { continue };
            let value = rest.split('"').next().unwrap_or_default();
            let to = value.replace("&#38;", "&").replace("&amp;", "&").replace("&#39;", "'");
            found.push(Link { to, missing });
        }
    }
    found
}

/// Returns where an address on a page leads within the site; `None` for the world outside.
fn resolve(page: &str, to: &str) -> Option<String> {
    let to = to.split('#').next().unwrap_or_default();
    let path = page.split('?').next().unwrap_or(page);
    match to {
        "" => None,
        _ if to.starts_with("//") || to.split('/').next().is_some_and(|s| s.contains(':')) => None,
        _ if to.starts_with('/') => Some(to.to_owned()),
        _ if to.starts_with('?') => Some(format!("{path}{to}")),
        _ => panic!("a relative address on {page}: {to}"),
    }
}

fn is_page(page: &Page) -> bool {
    page.header("content-type").is_some_and(|kind| kind.starts_with("text/html"))
}

#[test]
fn addresses_are_found_in_tags() {
    let html = r#"<a class="missing" href="/A%20b?x=1&#38;y=2">x</a><use href="/i.svg#mark"/><form action="?q=1">"#;
    let found: Vec<_> = links(html).into_iter().map(|l| (l.to, l.missing)).collect();
    let wanted = [("/A%20b?x=1&y=2", true), ("/i.svg#mark", false), ("?q=1", false)]
        .map(|(to, m)| (to.to_owned(), m));
    assert_eq!(found, wanted);
    assert_eq!(resolve("/-/search?q=1", "?q=2").unwrap(), "/-/search?q=2");
    assert_eq!(resolve("/Home", "https://example.org/x"), None);
    assert_eq!(resolve("/Home", "#top"), None);
}

#[tokio::test]
async fn every_address_on_every_page_leads_somewhere() {
    let site = TestSite::sample();
    site.attach_search();
    let mut queue: VecDeque<String> =
        ["/", "/robots.txt", "/favicon.ico"].map(str::to_owned).into();
    let mut seen: BTreeSet<String> = queue.iter().cloned().collect();
    let mut named_by: BTreeMap<String, String> = BTreeMap::new();
    let mut wrong = Vec::new();
    while let Some(address) = queue.pop_front() {
        let page = site.get(&address).await;
        let from = named_by.get(&address).map_or("the start", String::as_str);
        // A deleted page says so, and how it comes back.
        let deleted = page.status == 404 && page.body.contains("was deleted");
        if !deleted && (page.status == 404 || page.status == 410 || page.status >= 500) {
            wrong.push(format!("{} at {address}, named by {from}", page.status));
            continue;
        }
        let location = page.header("location").map(|to| Link { to: to.to_owned(), missing: false });
        let named = if is_page(&page) { links(&page.body) } else { Vec::new() };
        for link in named.into_iter().chain(location) {
            let Some(to) = resolve(&address, &link.to) else { continue };
            if !link.missing && seen.insert(to.clone()) {
                named_by.insert(to.clone(), address.clone());
                queue.push_back(to);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for must in
        ["/Home", "/-/pages", "/-/recent", "/-/help", "/-/conflicts", "/-/feed.atom", "/-/search"]
    {
        assert!(seen.contains(must), "{must} is named nowhere");
    }
    assert!(seen.len() > 150, "only {} addresses were found", seen.len());
}
