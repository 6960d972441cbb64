//! The permanent address of a revision: its bytes, which never change.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::attachment;
use crate::web::error::Failure;
use crate::web::extract::TargetRevision;
use crate::web::site::Site;

/// Serves the content of one revision as it was written.
pub(in crate::web) async fn show(
    State(site): State<Site>,
    headers: HeaderMap,
    TargetRevision(path, id): TargetRevision,
) -> Result<Response, Failure> {
    site.blocking(move |site| {
        let document = site.wiki().require(&path)?;
        attachment::revision_bytes(site, &headers, &document, id)
    })
    .await
}
