//! A text rendered while it is being written.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::model::path::DocPath;
use crate::web::error::Failure;
use crate::web::extract::Submitted;
use crate::web::site::Site;
use crate::wiki::WikiError;
use crate::wiki::render::RenderOptions;

/// Renders the field `content` as the page `path`: `{"html", "title", "problem"}`, where block
/// elements carry the line they come from and `problem` says why front matter cannot be read.
pub(in crate::web) async fn render(
    State(site): State<Site>,
    Submitted(fields): Submitted,
) -> Result<Response, Failure> {
    let path = DocPath::page_from_user(fields.get("path"))?;
    site.blocking(move |site| {
        let text = fields.text("content");
        let (size, limit) = (text.len() as u64, site.wiki().limits().text);
        if size > limit {
            return Err(WikiError::TooLarge { size, limit }.into());
        }
        let rendered = site.wiki().render(&path, &text, RenderOptions { source_lines: true });
        let answer = serde_json::json!({
            "html": rendered.html.as_str(),
            "title": rendered.title.as_deref().unwrap_or(path.title()),
            "problem": rendered.front_matter_error,
        });
        Ok(([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response())
    })
    .await
}

#[cfg(test)]
mod tests {
    use crate::web::test_support::TestSite;

    #[tokio::test]
    async fn a_preview_knows_the_lines_that_its_blocks_come_from() {
        let site = TestSite::new();
        let text = "---\r\ntitle: Beds\r\n---\r\n\r\n# Bed\r\n\r\nBeans";
        let fields = [("path", "Garden"), ("content", text)];
        let answer = site.post("/-/api/v1/preview", &fields).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let answer = answer.json();
        assert_eq!(answer["title"], "Beds");
        let html = answer["html"].as_str().unwrap();
        assert!(html.contains(r#"data-line="5""#) && html.contains(r#"data-line="7""#), "{html}");
    }

    #[tokio::test]
    async fn what_is_too_large_or_has_no_name_is_refused_in_json() {
        let site = TestSite::with_limits(100, 100);
        let long = "x".repeat(101);
        let answer = site.post("/-/api/v1/preview", &[("path", "A"), ("content", &long)]).await;
        assert_eq!(answer.status, 413);
        assert!(answer.json()["message"].as_str().unwrap().contains("101 bytes"));
        let answer = site.post("/-/api/v1/preview", &[("path", "../A"), ("content", "")]).await;
        assert_eq!(answer.status, 400);
    }

    #[tokio::test]
    async fn nothing_in_a_preview_can_run() {
        let site = TestSite::new();
        let text = "<script>alert(1)</script><img src=x onerror=alert(1)> [x](javascript:alert(1))";
        let answer = site.post("/-/api/v1/preview", &[("path", "A"), ("content", text)]).await;
        let html = answer.json()["html"].as_str().unwrap().to_owned();
        for bad in ["<script", "onerror", "href=\"javascript"] {
            assert!(!html.contains(bad), "{html}");
        }
    }
}
