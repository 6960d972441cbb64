//! Which of a browser's drafts have become revisions.

use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::model::path::DocPath;
use crate::web::error::Failure;
use crate::web::extract::Query;
use crate::web::site::Site;

/// How many nonces are looked at.
const MAX_NONCES: usize = 100;

/// Returns those of the given `nonce`s that a revision of the page `path` has: `{"saved": […]}`.
///
/// A browser keeps what was typed until this says that it is safe here: the answer to a save may be
/// lost on its way, the revision not.
pub(in crate::web) async fn which(
    State(site): State<Site>,
    Query(fields): Query,
) -> Result<Response, Failure> {
    let path = DocPath::page_from_user(fields.get("path"))?;
    site.blocking(move |site| {
        let document = site.wiki().open(&path)?;
        let held: HashSet<String> = document
            .iter()
            .flat_map(|d| d.revisions().filter(|r| r.damage.is_none()))
            .flat_map(|r| [Some(r.id.nonce()), r.form])
            .flatten()
            .map(|nonce| nonce.to_string())
            .collect();
        let saved: Vec<&str> =
            fields.all("nonce").take(MAX_NONCES).filter(|nonce| held.contains(*nonce)).collect();
        let answer = serde_json::json!({ "saved": saved });
        Ok(([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response())
    })
    .await
}

#[cfg(test)]
mod tests {
    use crate::web::test_support::TestSite;

    #[tokio::test]
    async fn only_what_is_a_revision_of_the_page_counts_as_saved() {
        let site = TestSite::new();
        let garden = site.save("Garden.md", "beans").nonce();
        let other = site.save("Other.md", "beans").nonce();
        let ask = format!("/-/api/v1/saved?path=garden&nonce={garden}&nonce={other}&nonce=x");
        assert_eq!(site.get(&ask).await.json()["saved"], serde_json::json!([garden.to_string()]));
        let none = site.get(&format!("/-/api/v1/saved?path=None&nonce={garden}")).await;
        assert_eq!(none.json()["saved"], serde_json::json!([]));
        assert_eq!(site.get("/-/api/v1/saved?path=../x").await.status, 400);
    }

    #[tokio::test]
    async fn a_text_that_had_to_wait_counts_by_the_nonce_of_its_form() {
        let site = TestSite::new();
        site.save("Garden.md", "beans");
        let nonce = "5f4dcc3b-5aa7-4d61-9d83-27deb882cf99";
        site.post("/-/edit/Garden", &[("content", "peas"), ("nonce", nonce)]).await;
        let saved = site.get(&format!("/-/api/v1/saved?path=Garden&nonce={nonce}")).await;
        assert_eq!(saved.json()["saved"], serde_json::json!([nonce]));
    }
}
