//! The keys, and how pages are written.

use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};

use crate::web::error::Failure;
use crate::web::extract::Visitor;
use crate::web::shell::Shell;
use crate::web::site::Site;

#[derive(Template)]
#[template(path = "pages/help.html")]
struct Help {
    shell: Shell,
}

/// Shows the help.
pub(in crate::web) async fn show(
    State(site): State<Site>,
    visitor: Visitor,
) -> Result<Response, Failure> {
    let view = Help { shell: Shell::new(&site, &visitor, "Keyboard shortcuts and help") };
    let html = view.render().map_err(|_| Failure::internal())?;
    Ok(([(header::CACHE_CONTROL, "private, no-cache")], Html(html)).into_response())
}
