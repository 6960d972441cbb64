//! What a reader may choose for themselves.

use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};

use crate::web::error::Failure;
use crate::web::extract::Visitor;
use crate::web::shell::Shell;
use crate::web::site::Site;

#[derive(Template)]
#[template(path = "pages/preferences.html")]
struct Preferences {
    shell: Shell,
}

/// Shows the choices. The server itself can do no more than colours; the rest needs script.
pub(in crate::web) async fn show(
    State(site): State<Site>,
    visitor: Visitor,
) -> Result<Response, Failure> {
    let view = Preferences { shell: Shell::new(&site, &visitor, "Preferences") };
    let html = view.render().map_err(|_| Failure::internal())?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Html(html)).into_response())
}

#[cfg(test)]
mod tests {
    use crate::web::test_support::TestSite;

    #[tokio::test]
    async fn without_script_there_are_the_colours() {
        let page = TestSite::new().get("/-/preferences").await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains("action=\"/-/theme\""));
    }
}
