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
        .route("/robots.txt", get(pages::machines::robots))
        .route("/favicon.ico", get(pages::machines::favicon))
        .route("/-/search", get(pages::search::show))
        .route("/-/recent", get(pages::recent::show))
        .route("/-/feed.atom", get(pages::recent::feed::serve))
        .route("/-/pages", get(pages::list::show))
        .route("/-/help", get(pages::help::show))
        .route("/-/new", get(pages::new::ask).post(pages::new::choose))
        .route("/-/edit/{*path}", get(pages::edit::open).post(pages::edit::submit))
        .route(
            "/-/upload",
            // Files are streamed and have a limit of their own.
            get(pages::upload::ask).post(pages::upload::take).layer(DefaultBodyLimit::disable()),
        )
        .route("/-/api/v1/preview", post(api::preview::render))
        .route("/-/api/v1/names", get(api::names::complete))
        .route("/-/events", get(api::events::follow))
        .route("/-/api/v1/presence", post(api::presence::tell))
        .route("/-/api/v1/changes", get(api::rebase::changes))
        .route("/-/api/v1/rebase", post(api::rebase::rebase))
        .route("/-/api/v1/settings", get(api::settings::show).put(api::settings::take))
        .route("/-/preferences", get(pages::preferences::show).post(pages::preferences::choose))
        .route("/-/api/v1/goto", get(api::goto::find))
        .route("/-/api/v1/search", get(pages::search::json))
        .route("/-/api/v1/saved", get(api::saved::which))
        .route("/-/theme", post(pages::theme::choose))
        .route("/-/history/{*path}", get(pages::history::show))
        .route("/-/restore/{*path}", post(pages::restore::restore))
        .route("/-/diff/{*path}", get(pages::diff::show))
        .route("/-/blame/{*path}", get(pages::blame::show))
        .route("/-/delete/{*path}", get(pages::delete::ask).post(pages::delete::submit))
        .route("/-/rev/{*path}", get(pages::revision::show))
        .route("/-/conflicts", get(pages::conflicts::show).post(pages::conflicts::merge_together))
        .route("/-/conflicts.atom", get(pages::conflicts::feed))
        .route("/-/merge/{*path}", get(pages::merge::open).post(pages::merge::submit))
        .route("/-/api/v1/conflicts", get(pages::conflicts::json))
        .route("/-/sync", get(pages::peers::show).post(pages::peers::sync_now))
        .route("/-/sync/quarantine/{name}", get(pages::peers::look).post(pages::peers::decide))
        .route("/-/api/v1/sync", get(pages::peers::json))
        .route("/-/sync/v1/reconcile", post(api::sync::reconcile))
        .route("/-/sync/v1/fetch", post(api::sync::fetch))
        .route("/-/sync/v1/push", post(api::sync::push))
        .route("/-/sync/v1/feed", get(api::sync::feed))
        .route("/-/sync/v1/page", post(api::sync::page))
        .route("/-/static/{*name}", get(assets::serve))
        .route("/-/manifest.webmanifest", get(pages::machines::manifest))
        .route("/-/metrics", get(pages::machines::metrics))
        .route("/-/healthz", get(pages::health::alive))
        .route("/-/readyz", get(pages::health::ready))
        .fallback(pages::view::nothing)
}
