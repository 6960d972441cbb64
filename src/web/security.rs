//! Who may ask at all, and what browsers are told to forbid.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::site::Site;

/// Nothing runs or loads but our own files. Attachments bring a stricter policy of their own.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; \
     connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'",
);

/// Sets the headers that every response carries.
pub(super) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(POLICY);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    let same_origin = HeaderValue::from_static("same-origin");
    headers.insert(HeaderName::from_static("cross-origin-opener-policy"), same_origin.clone());
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), same_origin);
    response
}

/// Refuses requests that another site makes through a visitor's browser.
pub(super) async fn guard(State(site): State<Site>, request: Request, next: Next) -> Response {
    let public = site.settings().public_url.as_deref().and_then(host_of_url);
    let host = request
        .uri()
        .host()
        .or_else(|| request.headers().get(header::HOST).and_then(|h| h.to_str().ok()));
    if let Some(host) = host
        && !is_known_host(host, public)
    {
        let message = format!(
            "This server does not answer to the name “{}”. If it should, start it with --public-url https://{0} \
             (or set public_url in everpage.toml).\n",
            host.chars().filter(|c| !c.is_control()).take(100).collect::<String>(),
        );
        return (StatusCode::MISDIRECTED_REQUEST, message).into_response();
    }
    if is_unsafe(request.method()) && is_cross_site(request.headers(), host, public) {
        let message = "This form was sent from another site, so nothing was done with it.\n";
        return (StatusCode::FORBIDDEN, message).into_response();
    }
    next.run(request).await
}

fn is_unsafe(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Without its port, and without the brackets of an IPv6 address.
fn name_of(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

/// Another site can point its own name at our address (DNS rebinding), but never an address itself.
fn is_known_host(host: &str, public: Option<&str>) -> bool {
    let name = name_of(host);
    name.eq_ignore_ascii_case("localhost")
        || name.to_ascii_lowercase().ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok()
        || public.is_some_and(|p| name_of(p).eq_ignore_ascii_case(name))
}

fn host_of_url(url: &str) -> Option<&str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split('/').next().unwrap_or(rest);
    (!host.is_empty()).then_some(host)
}

/// Returns true if a browser says that another site made it send this.
fn is_cross_site(headers: &HeaderMap, host: Option<&str>, public: Option<&str>) -> bool {
    if let Some(site) = headers.get("sec-fetch-site").and_then(|v| v.to_str().ok()) {
        return !matches!(site, "same-origin" | "none");
    }
    match headers.get(header::ORIGIN).and_then(|v| v.to_str().ok()) {
        // Programs other than browsers send neither.
        None => false,
        Some(origin) => {
            let from = host_of_url(origin);
            let matches = |known: Option<&str>| known.is_some() && from == known;
            !(matches(host) || matches(public))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_static(v)))
            .collect()
    }

    #[test]
    fn only_our_own_names_and_addresses_are_answered() {
        for host in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "10.0.0.7", "LOCALHOST"] {
            assert!(is_known_host(host, None), "{host}");
        }
        assert!(!is_known_host("evil.example:8080", None));
        assert!(!is_known_host("127.0.0.1.evil.example", None));
        assert!(is_known_host("wiki.example.org", Some("wiki.example.org")));
        assert!(!is_known_host("evil.example", Some("wiki.example.org")));
    }

    #[test]
    fn a_form_sent_from_another_site_is_refused() {
        let host = Some("localhost:8080");
        assert!(is_cross_site(&with(&[("sec-fetch-site", "cross-site")]), host, None));
        assert!(is_cross_site(&with(&[("sec-fetch-site", "same-site")]), host, None));
        assert!(!is_cross_site(&with(&[("sec-fetch-site", "same-origin")]), host, None));
        assert!(is_cross_site(&with(&[("origin", "https://evil.example")]), host, None));
        assert!(is_cross_site(&with(&[("origin", "null")]), host, None));
        assert!(!is_cross_site(&with(&[("origin", "http://localhost:8080")]), host, None));
        assert!(!is_cross_site(&with(&[("origin", "https://w.example")]), host, Some("w.example")));
        assert!(!is_cross_site(&with(&[]), host, None));
    }
}
