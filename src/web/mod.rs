//! The web: routes, forms and templates. It translates between people and the wiki and decides
//! nothing itself.
//!
//! A request passes, in this order: [`security`] (who may ask at all), [`error`] (turns failures
//! into pages), then the handler that [`routes`] names. Handlers make one blocking hop around what
//! they ask of the wiki ([`Site::blocking`]).

mod api;
mod assets;
mod cache;
#[cfg(test)]
mod crawl;
mod error;
mod extract;
mod filters;
mod pages;
mod presence;
mod replica;
mod routes;
mod security;
pub mod server;
mod shell;
mod site;
#[cfg(test)]
mod test_support;
mod upstream;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;

pub use self::error::Failure;
pub use self::replica::WikiReplica;
pub use self::site::{Access, Site, SiteSettings};
pub use self::upstream::WikiUpstream;

/// Builds the whole web server for a site.
pub fn app(site: Site) -> Router {
    let routes = routes::routes(&site);
    let prefix = site.settings().base_path.clone();
    // Some proxies take the prefix off, others do not.
    let routes = if prefix.is_empty() {
        routes
    } else {
        Router::new().nest(&prefix, routes.clone()).merge(routes)
    };
    // As one layer, the first outermost: each of its own would be one more box for every request.
    routes.with_state(site.clone()).layer((
        from_fn(security::headers),
        from_fn_with_state(site.clone(), security::guard),
        CatchPanicLayer::custom(error::on_panic),
        from_fn_with_state(site, error::show_failures),
    ))
}
