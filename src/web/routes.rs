//! The table of addresses, and nothing else.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use super::site::Site;
use super::{api, assets, pages};

/// Returns the routes below the site's root.
pub(super) fn routes(_site: &Site) -> Router<Site> {
    Router::new()
        .route("/", get(pages::view::home))
        .route("/{*path}", get(pages::view::show))
        .route("/-/new", get(pages::new::ask).post(pages::new::choose))
        .route("/-/edit/{*path}", get(pages::edit::open).post(pages::edit::submit))
        .route(
            "/-/upload",
            // Files are streamed and have a limit of their own.
            get(pages::upload::ask).post(pages::upload::take).layer(DefaultBodyLimit::disable()),
        )
        .route("/-/api/v1/preview", post(api::preview::render))
        .route("/-/api/v1/names", get(api::names::complete))
        .route("/-/api/v1/saved", get(api::saved::which))
        .route("/-/theme", post(pages::theme::choose))
        .route("/-/history/{*path}", get(pages::history::show))
        .route("/-/restore/{*path}", post(pages::history::restore))
        .route("/-/rev/{*path}", get(pages::revision::show))
        .route("/-/conflicts", get(pages::conflicts::show))
        .route("/-/merge/{*path}", get(pages::merge::open).post(pages::merge::submit))
        .route("/-/api/v1/conflicts", get(pages::conflicts::json))
        .route("/-/static/{*name}", get(assets::serve))
        .route("/-/healthz", get(pages::health::alive))
        .route("/-/readyz", get(pages::health::ready))
        .fallback(pages::view::nothing)
}
