//! The table of addresses, and nothing else.

use axum::Router;
use axum::routing::get;

use super::site::Site;
use super::{assets, pages};

/// Returns the routes below the site's root.
pub(super) fn routes(_site: &Site) -> Router<Site> {
    Router::new()
        .route("/", get(pages::view::home))
        .route("/{*path}", get(pages::view::show))
        .route("/-/conflicts", get(pages::conflicts::show))
        .route("/-/merge/{*path}", get(pages::merge::open).post(pages::merge::submit))
        .route("/-/api/v1/conflicts", get(pages::conflicts::json))
        .route("/-/theme", axum::routing::post(pages::theme::choose))
        .route("/-/static/{*name}", get(assets::serve))
        .route("/-/healthz", get(pages::health::alive))
        .route("/-/readyz", get(pages::health::ready))
        .fallback(pages::view::nothing)
}
