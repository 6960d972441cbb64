//! For those who watch over the server.

use axum::extract::State;
use axum::http::StatusCode;

use crate::web::site::Site;

/// The process is alive.
pub(in crate::web) async fn alive() -> &'static str {
    "ok\n"
}

/// The wiki takes edits and has looked at everything once.
pub(in crate::web) async fn ready(State(site): State<Site>) -> (StatusCode, String) {
    if let Some(reason) = site.wiki().read_only() {
        return (StatusCode::SERVICE_UNAVAILABLE, format!("read-only: {reason}\n"));
    }
    if !site.wiki().scanned() {
        return (StatusCode::SERVICE_UNAVAILABLE, "still reading the pages\n".to_owned());
    }
    (StatusCode::OK, "ok\n".to_owned())
}
