//! Names of pages, and the headings of one, for completing `[[…`.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::model::path::{DocKey, DocPath, PAGE_SUFFIX, fold};
use crate::web::error::Failure;
use crate::web::extract::Query;
use crate::web::site::Site;
use crate::wiki::Wiki;
use crate::wiki::render::{RenderOptions, TocEntry};

/// How many names are given unless asked otherwise.
const LIMIT: usize = 8;
/// How many names are given at most.
const MAX_LIMIT: usize = 50;

/// Finds names like `q`, best first, for a link on the page `page`:
/// `{"names": [{"name", "folder", "link"}], "exact": …}`, where `link` is what to write between the
/// brackets and `exact` tells whether `[[q]]` would lead to an existing document. With `q` as
/// `Page#part`, the names are those of the page's headings that hold the part.
pub(in crate::web) async fn complete(
    State(site): State<Site>,
    Query(fields): Query,
) -> Result<Response, Failure> {
    let limit = fields.get("limit").parse().unwrap_or(LIMIT).clamp(1, MAX_LIMIT);
    site.blocking(move |site| {
        let wiki = site.wiki();
        let query = fields.get("q").trim();
        // Links are resolved from the page that holds them; a nameless one counts as at the root.
        let page = DocPath::page_from_user(fields.get("page"))
            .or_else(|_| DocPath::page_from_user("Page"))?;
        if let Some((link, part)) = query.split_once('#') {
            let answer = serde_json::json!({
                "names": headings(wiki, &page, link, part, limit),
                "exact": leads_to(wiki, &page, query).is_some(),
            });
            return Ok(([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response());
        }
        let known = wiki.names();
        let names = find(&known, query, limit).into_iter().map(|path| {
            serde_json::json!({
                "name": path.title(),
                "folder": path.folder(),
                "link": shortest_link(wiki, &page, path),
            })
        });
        let answer = serde_json::json!({
            "names": names.collect::<Vec<_>>(),
            "exact": leads_to(wiki, &page, query).is_some(),
        });
        Ok(([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response())
    })
    .await
}

/// Returns the names that fit, best first; shorter names before longer ones that fit as well.
fn find<'a>(known: &'a [(DocKey, DocPath)], query: &str, limit: usize) -> Vec<&'a DocPath> {
    let query = fold(query);
    let ranked = |(key, path): &'a (DocKey, DocPath)| Some((rank(key, path, &query)?, path));
    let mut found: Vec<_> = known.iter().filter_map(ranked).collect();
    let order = |(rank, path): &(u8, &DocPath)| (*rank, !path.is_page(), path.as_str().len());
    found.sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.1.cmp(b.1)));
    found.into_iter().take(limit).map(|(_, path)| path).collect()
}

/// Says how well a name fits a folded query: the lower the better, `None` for not at all.
fn rank(key: &DocKey, path: &DocPath, query: &str) -> Option<u8> {
    // The key is folded already, which costs more than all of the rest.
    let suffix = if path.is_page() { PAGE_SUFFIX } else { "" };
    let whole = key.as_str().strip_suffix(suffix).unwrap_or(key.as_str());
    let title = whole.rsplit('/').next().unwrap_or(whole);
    if title == query {
        Some(0)
    } else if title.starts_with(query) {
        Some(1)
    } else if title.split(|c: char| !c.is_alphanumeric()).any(|word| word.starts_with(query)) {
        Some(2)
    } else if title.contains(query) {
        Some(3)
    } else if whole.contains(query) {
        Some(4)
    } else {
        has_in_order(whole, query).then_some(5)
    }
}

/// Returns true if all letters of the query occur in the name in their order.
fn has_in_order(name: &str, query: &str) -> bool {
    let mut letters = name.chars();
    query.chars().filter(|c| !c.is_whitespace()).all(|wanted| letters.any(|c| c == wanted))
}

/// Returns the shortest spelling that leads from `page` to `path`.
fn shortest_link(wiki: &Wiki, page: &DocPath, path: &DocPath) -> String {
    let whole = path.without_suffix();
    let spellings = [path.title().to_owned(), whole.to_owned(), format!("/{whole}")];
    let leads_there = |spelling: &&String| leads_to(wiki, page, spelling).as_ref() == Some(path);
    spellings.iter().find(leads_there).unwrap_or(&spellings[2]).clone()
}

/// Returns the headings of the page behind `[[link]]` that hold `part`, as names to offer; of the
/// page being written, which may have others by now, none are known here.
fn headings(
    wiki: &Wiki,
    page: &DocPath,
    link: &str,
    part: &str,
    limit: usize,
) -> Vec<serde_json::Value> {
    let document = leads_to(wiki, page, link).and_then(|path| wiki.open(&path).ok().flatten());
    let Some((document, winner)) = document.as_ref().and_then(|d| Some((d, d.winner()?))) else {
        return Vec::new();
    };
    if !document.path().is_page() || winner.length > wiki.limits().text {
        return Vec::new();
    }
    let Ok(text) = wiki.text(document, winner.id) else { return Vec::new() };
    let rendered = wiki.render(document.path(), &text, RenderOptions::default());
    let part = fold(part);
    let fits = |entry: &&TocEntry| {
        fold(&entry.text).contains(&part) && !entry.text.contains(['[', ']', '|'])
    };
    let named = |entry: &TocEntry| {
        serde_json::json!({
            "name": entry.text,
            "folder": document.title(),
            "link": format!("{link}#{}", entry.text),
        })
    };
    rendered.toc.iter().filter(fits).take(limit).map(named).collect()
}

/// Returns the document that `[[link]]` on `page` leads to, if it exists.
fn leads_to(wiki: &Wiki, page: &DocPath, link: &str) -> Option<DocPath> {
    let rendered = wiki.render(page, &format!("[[{link}]]"), RenderOptions::default());
    rendered.links.into_iter().find(|found| found.exists).map(|found| found.target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::test_support::TestSite;

    fn known(names: &[&str]) -> Vec<(DocKey, DocPath)> {
        names.iter().map(|n| DocPath::new(n).unwrap()).map(|p| (p.key(), p)).collect()
    }

    #[test]
    fn the_best_names_come_first() {
        let known = known(&[
            "Far garden.md",
            "Garden.md",
            "Garden/Beds.md",
            "Gardening.md",
            "Vergarden.md",
            "garden.png",
        ]);
        let found: Vec<_> = find(&known, "garden", 10).iter().map(|p| p.as_str()).collect();
        assert_eq!(
            found,
            [
                "Garden.md",
                "Gardening.md",
                "garden.png",
                "Far garden.md",
                "Vergarden.md",
                "Garden/Beds.md"
            ]
        );
        assert_eq!(find(&known, "grdbds", 10).len(), 1);
        assert!(find(&known, "zzz", 10).is_empty());
        assert_eq!(find(&known, "", 2).len(), 2);
    }

    #[tokio::test]
    async fn what_is_offered_leads_where_it_says() {
        let site = TestSite::new();
        for name in ["Garden.md", "Projects/Garden.md", "Projects/Beds.md", "House/Beds.md"] {
            site.save(name, "text");
        }
        let answer = site.get("/-/api/v1/names?q=garden&page=Projects/Plan").await.json();
        let links: Vec<_> =
            answer["names"].as_array().unwrap().iter().map(|n| &n["link"]).collect();
        assert_eq!(links, ["/Garden", "Garden"]);
        assert_eq!(answer["exact"], true);
        let answer = site.get("/-/api/v1/names?q=bed&page=Home&limit=1").await.json();
        assert_eq!(answer["names"].as_array().unwrap().len(), 1);
        assert_eq!(answer["names"][0]["link"], "House/Beds");
        assert_eq!(answer["exact"], false);
    }
    #[tokio::test]
    async fn after_a_page_its_headings_are_offered() {
        let site = TestSite::new();
        site.save("Garden.md", "# Garden\n\n## Bean rows\n\n## Peas\n");
        let answer = site.get("/-/api/v1/names?q=Garden%23bean&page=Home").await.json();
        let expected = [("Bean rows", "Garden#Bean rows")];
        let names = answer["names"].as_array().unwrap();
        assert_eq!(names.len(), expected.len(), "{answer}");
        for (name, (text, link)) in names.iter().zip(expected) {
            assert_eq!((&name["name"], &name["link"]), (&text.into(), &link.into()));
        }
        let none = site.get("/-/api/v1/names?q=Nowhere%23&page=Home").await.json();
        assert_eq!(none["names"], serde_json::json!([]));
    }
}
