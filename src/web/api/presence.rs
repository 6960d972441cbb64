//! An editor's word that somebody is writing.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::model::path::DocPath;
use crate::web::error::Failure;
use crate::web::extract::{Fields, read_limited};
use crate::web::presence::{Editor, public};
use crate::web::site::{Access, Site};

/// How long such a word may be, in bytes.
const MAX_BODY: u64 = 4 << 10;
/// How long the random ids may be, in bytes.
const MAX_ID: usize = 64;

/// Takes in that the window `window` of the browser `person` edits `page` under `name`, or with
/// `leave` that it does not any more: `{"window", "person"}`, by which others see them.
pub(in crate::web) async fn tell(
    State(site): State<Site>,
    body: Body,
) -> Result<Response, Failure> {
    if site.settings().access == Access::ReadOnly {
        return Err(Failure::read_only());
    }
    let fields = Fields::parse(&read_limited(body, MAX_BODY).await?);
    let page = DocPath::page_from_user(fields.get("page"))?.key();
    let id = |name: &str| match fields.get(name) {
        id if (8..=MAX_ID).contains(&id.len()) => Ok(public(id)),
        _ => Err(Failure::bad_request(format!("“{name}” must be a random id of 8 to 64 bytes."))),
    };
    let editor = Editor {
        window: id("window")?,
        person: id("person")?,
        name: fields.get("name").to_owned(),
    };
    let answer = serde_json::json!({ "window": editor.window, "person": editor.person });
    if fields.find("leave").is_some() {
        site.presence().leaves(&page, &editor.window);
    } else if !site.presence().edits(&page, editor) {
        let message = "Too many people are editing to show them all. Saving works as usual.";
        return Err(Failure::new(StatusCode::TOO_MANY_REQUESTS, "Too many editors", message));
    }
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

#[cfg(test)]
mod tests {
    use crate::model::path::DocPath;
    use crate::web::test_support::TestSite;

    #[tokio::test]
    async fn an_editor_comes_and_goes() {
        let site = TestSite::new();
        let mut fields = vec![
            ("page", "Garden"),
            ("window", "window-1"),
            ("person", "person-1"),
            ("name", "Ada"),
        ];
        let answer = site.post("/-/api/v1/presence", &fields).await.json();
        let page = DocPath::new("Garden.md").unwrap().key();
        let there = site.site.presence().on(&page).0;
        assert_eq!(there.len(), 1);
        assert_eq!(there[0].name, "Ada");
        assert_eq!(answer["window"], there[0].window);
        assert_ne!(answer["window"], "window-1");
        fields.push(("leave", "1"));
        assert_eq!(site.post("/-/api/v1/presence", &fields).await.status, 200);
        assert!(site.site.presence().on(&page).0.is_empty());
    }

    #[tokio::test]
    async fn nonsense_is_refused() {
        let site = TestSite::new();
        for fields in [
            vec![("page", "../x"), ("window", "window-1"), ("person", "person-1")],
            vec![("page", "Garden"), ("window", ""), ("person", "person-1")],
        ] {
            assert_eq!(site.post("/-/api/v1/presence", &fields).await.status, 400);
        }
        let long = "x".repeat(5000);
        let fields = [("page", "Garden"), ("name", long.as_str())];
        assert_eq!(site.post("/-/api/v1/presence", &fields).await.status, 413);
        let answer = TestSite::read_only().post("/-/api/v1/presence", &[("page", "Garden")]).await;
        assert_eq!(answer.status, 403);
    }
}
