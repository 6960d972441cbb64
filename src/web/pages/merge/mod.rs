//! The page moved on while somebody was editing it.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use crate::web::error::Failure;
use crate::web::extract::Visitor;
use crate::web::shell::Shell;
use crate::web::site::Site;
use crate::wiki::{Document, Edit};

#[derive(Template)]
#[template(path = "pages/moved-on.html")]
struct MovedOnView<'a> {
    shell: Shell,
    document: &'a Document,
    who: &'a str,
    edit: &'a Edit,
    text: String,
    theirs: Option<String>,
}

/// Shows both versions to somebody whose edit began on an older one; nothing was saved.
pub(in crate::web) fn moved_on(
    site: &Site,
    visitor: &Visitor,
    edit: &Edit,
    document: &Document,
) -> Result<Response, Failure> {
    let winner = document.winner();
    let view = MovedOnView {
        shell: Shell::new(site, visitor, document.title()),
        document,
        who: winner.map(|w| w.author.as_str()).filter(|a| !a.is_empty()).unwrap_or("Somebody"),
        edit,
        text: String::from_utf8_lossy(&edit.content).replace("\r\n", "\n"),
        theirs: winner.and_then(|w| site.wiki().text(document, w.id).ok()),
    };
    let html = view.render().map_err(|_| Failure::internal())?;
    Ok((StatusCode::CONFLICT, [(header::CACHE_CONTROL, "private, no-cache")], Html(html))
        .into_response())
}
