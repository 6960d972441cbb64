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

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;

pub use self::error::Failure;
pub use self::replica::WikiReplica;
pub use self::site::{Access, Site, SiteSettings};

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
    routes
        .with_state(site.clone())
        .layer(from_fn_with_state(site.clone(), error::show_failures))
        .layer(CatchPanicLayer::custom(error::on_panic))
        .layer(from_fn_with_state(site, security::guard))
        .layer(from_fn(security::headers))
}
