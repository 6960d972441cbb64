//! Pages that were put together before: a view of one is a look-up and a write of bytes.
//!
//! An entry is valid as long as nothing that the page shows has changed, which the wiki tells by a
//! number ([`crate::wiki::Wiki::page_version`]), so nothing has to be found and thrown away.

use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use brotli::enc::BrotliEncoderParams;
use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Weighter};
use sha2::{Digest, Sha256};

use super::extract::{Theme, Visitor};
use crate::model::path::{DocKey, fold};

/// How many bytes of pages are kept.
const CAPACITY: u64 = 128 << 20;
/// How many pages that may be, roughly.
const PAGES: usize = 20_000;
/// A strong but quick setting: each page is compressed once.
const BROTLI_QUALITY: i32 = 5;

/// What a cached page was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Validity {
    /// The version of the page and what it links to.
    pub(super) version: u64,
    /// The badge in its header.
    pub(super) conflicts: usize,
}

/// A page as bytes, compressed when first asked for so.
pub(super) struct CachedPage {
    pub(super) key: DocKey,
    pub(super) validity: Validity,
    /// Who wrote the versions that wait, in small letters: they are told, and the others are not.
    waiting: Vec<String>,
    etag: HeaderValue,
    html: Bytes,
    brotli: OnceLock<Bytes>,
    gzip: OnceLock<Bytes>,
}

impl CachedPage {
    pub(super) fn new(key: DocKey, validity: Validity, waiting: Vec<String>, html: String) -> Self {
        let digest = hex::encode(&Sha256::digest(&html)[..12]);
        let etag = HeaderValue::from_str(&format!("W/\"{digest}\""))
            .unwrap_or_else(|_| HeaderValue::from_static("W/\"\""));
        Self {
            key,
            validity,
            waiting,
            etag,
            html: html.into(),
            brotli: OnceLock::new(),
            gzip: OnceLock::new(),
        }
    }

    /// Returns true if whoever asks has to be told of a version of theirs. Where none waits, not even
    /// the cookies are read.
    pub(super) fn is_about(&self, headers: &HeaderMap) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        let author = Visitor::of(headers, "").author;
        !author.is_empty() && self.waiting.contains(&fold(&author))
    }

    /// Answers a request with the page, or with 304 where the browser has it.
    pub(super) fn respond(&self, headers: &HeaderMap) -> Response {
        let mut response = if is_unchanged(headers, &self.etag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let (body, encoding) = self.body(headers);
            let mut response = Response::new(body.into());
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
            if let Some(encoding) = encoding {
                response
                    .headers_mut()
                    .insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
            }
            response
        };
        let headers = response.headers_mut();
        headers.insert(header::ETAG, self.etag.clone());
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding, cookie"));
        response
    }

    fn body(&self, headers: &HeaderMap) -> (Bytes, Option<&'static str>) {
        let accepted =
            headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
        if accepts(accepted, "br") {
            (self.brotli.get_or_init(|| brotli(&self.html)).clone(), Some("br"))
        } else if accepts(accepted, "gzip") {
            (self.gzip.get_or_init(|| gzip(&self.html)).clone(), Some("gzip"))
        } else {
            (self.html.clone(), None)
        }
    }
}

/// Returns true if `If-None-Match` names this tag.
pub(super) fn is_unchanged(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let ours = etag.to_str().map(weak).unwrap_or_default();
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .any(|tag| tag.trim() == "*" || weak(tag) == ours)
}

/// Returns a tag for the weak comparison.
fn weak(tag: &str) -> &str {
    tag.trim().trim_start_matches("W/")
}

fn accepts(header: &str, name: &str) -> bool {
    header.split(',').any(|part| {
        let mut pieces = part.split(';').map(str::trim);
        pieces.next().is_some_and(|n| n.eq_ignore_ascii_case(name))
            && !pieces
                .any(|p| matches!(p.strip_prefix("q="), Some(q) if q.trim().parse() == Ok(0.0_f32)))
    })
}

fn brotli(html: &[u8]) -> Bytes {
    let params = BrotliEncoderParams { quality: BROTLI_QUALITY, ..BrotliEncoderParams::default() };
    let mut out = Vec::with_capacity(html.len() / 3);
    // Reading and writing memory cannot fail.
    let _ = ::brotli::BrotliCompress(&mut &*html, &mut out, &params);
    out.into()
}

fn gzip(html: &[u8]) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(
        Vec::with_capacity(html.len() / 3),
        flate2::Compression::default(),
    );
    // Writing to memory cannot fail.
    let _ = std::io::Write::write_all(&mut encoder, html);
    encoder.finish().unwrap_or_default().into()
}

#[derive(Clone)]
struct Weight;

impl Weighter<(String, Theme), Arc<CachedPage>> for Weight {
    fn weight(&self, key: &(String, Theme), page: &Arc<CachedPage>) -> u64 {
        // The compressed forms are about half as much again.
        (key.0.len() + page.html.len() * 3 / 2 + 256) as u64
    }
}

/// A key that owns nothing; it hashes as the pair that it stands for.
#[derive(Hash)]
struct Asked<'a> {
    address: &'a str,
    theme: Theme,
}

impl Equivalent<(String, Theme)> for Asked<'_> {
    fn equivalent(&self, (address, theme): &(String, Theme)) -> bool {
        self.address == address && self.theme == *theme
    }
}

/// The pages that were put together, by the address as it was asked for.
pub(super) struct ViewCache(Cache<(String, Theme), Arc<CachedPage>, Weight>);

impl ViewCache {
    pub(super) fn new() -> Self {
        Self(Cache::with_weighter(PAGES, CAPACITY, Weight))
    }

    pub(super) fn get(&self, address: &str, theme: Theme) -> Option<Arc<CachedPage>> {
        self.0.get(&Asked { address, theme })
    }

    pub(super) fn put(&self, address: &str, theme: Theme, page: Arc<CachedPage>) {
        self.0.insert((address.to_owned(), theme), page);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_chosen_by_what_the_browser_takes() {
        assert!(accepts("gzip, deflate, br", "br"));
        assert!(accepts("gzip;q=0.5", "gzip"));
        assert!(!accepts("br;q=0, gzip", "br"));
        assert!(!accepts("", "gzip"));
    }

    #[test]
    fn a_page_that_the_browser_has_is_not_sent_again() {
        let page = CachedPage::new(
            crate::model::path::DocPath::new("A.md").unwrap().key(),
            Validity { version: 1, conflicts: 0 },
            Vec::new(),
            "<p>hello</p>".repeat(100),
        );
        let first = page.respond(&HeaderMap::new());
        assert_eq!(first.status(), StatusCode::OK);
        let mut again = HeaderMap::new();
        again.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
        assert_eq!(page.respond(&again).status(), StatusCode::NOT_MODIFIED);
        again.insert(header::IF_NONE_MATCH, HeaderValue::from_static("\"other\""));
        assert_eq!(page.respond(&again).status(), StatusCode::OK);
    }
}
