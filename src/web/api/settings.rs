//! A reader's settings on all of their devices.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::web::error::Failure;
use crate::web::extract::read_limited;
use crate::web::site::Site;
use crate::wiki::{ReaderKey, Settings};

/// How many bytes of settings are taken at once.
const MAX_BODY: u64 = 512 << 10;

/// Gives the settings of the reader whose key is in `Authorization: Bearer …`:
/// `{name: {"number", "nonce", "value"}}`.
pub(in crate::web) async fn show(
    State(site): State<Site>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    exchange(&site, &headers, Settings::new()).await
}

/// Takes in settings in the same shape, and answers with what holds now.
pub(in crate::web) async fn take(
    State(site): State<Site>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let body = read_limited(body, MAX_BODY).await?;
    let theirs = serde_json::from_slice(&body)
        .map_err(|error| Failure::bad_request(format!("The settings are malformed: {error}.")))?;
    exchange(&site, &headers, theirs).await
}

async fn exchange(site: &Site, headers: &HeaderMap, theirs: Settings) -> Result<Response, Failure> {
    let reader = reader(headers)?;
    site.blocking(move |site| {
        let held = site.readers().exchange(&reader, theirs).map_err(|error| {
            tracing::error!(%error, "the settings of a reader could not be kept");
            let message =
                "The server could not write to its disk. The settings still apply on this device.";
            Failure::new(StatusCode::SERVICE_UNAVAILABLE, "Your settings were not saved", message)
        })?;
        Ok(([(header::CACHE_CONTROL, "no-store")], Json(held)).into_response())
    })
    .await
}

fn reader(headers: &HeaderMap) -> Result<ReaderKey, Failure> {
    let text = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    let key = text.and_then(|t| t.strip_prefix("Bearer ")).unwrap_or_default();
    key.trim().parse().map_err(|error| {
        let message = format!("Send the key as “Authorization: Bearer …”: {error}.");
        Failure::new(StatusCode::UNAUTHORIZED, "The reader's key is missing or invalid", message)
    })
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;

    use crate::web::test_support::{Page, TestSite};

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    async fn ask(site: &TestSite, method: &str, key: &str, body: &str) -> Page {
        let request = Request::builder()
            .method(method)
            .uri("/-/api/v1/settings")
            .header("authorization", format!("Bearer {key}"))
            .body(Body::from(body.to_owned()));
        site.send(request.unwrap()).await
    }

    #[tokio::test]
    async fn devices_hand_in_and_get_back_what_won() {
        let site = TestSite::new();
        let high = r#"{"theme":{"number":2,"nonce":"f0000000-0000-4000-8000-000000000001","value":"dark"}}"#;
        let low = r#"{"theme":{"number":2,"nonce":"10000000-0000-4000-8000-000000000001","value":"light"}}"#;
        assert_eq!(ask(&site, "GET", KEY, "").await.body, "{}");
        assert_eq!(ask(&site, "PUT", KEY, high).await.body, high);
        let answer = ask(&site, "PUT", KEY, low).await;
        assert_eq!(
            (answer.body.as_str(), answer.header("cache-control")),
            (high, Some("no-store"))
        );
    }

    #[tokio::test]
    async fn nonsense_is_refused() {
        let site = TestSite::new();
        assert_eq!(ask(&site, "GET", "short", "").await.status, 401);
        assert_eq!(site.get("/-/api/v1/settings").await.status, 401);
        assert_eq!(ask(&site, "PUT", KEY, "[]").await.status, 400);
        let long = " ".repeat(600 << 10);
        assert_eq!(ask(&site, "PUT", KEY, &long).await.status, 413);
    }
}
