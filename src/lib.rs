//! Everpage: a wiki on immutable files that never loses an edit.
//!
//! The modules, in order of dependency; each may use only those above it:
//!
//! - [`model`]: ids, names, file format, resolving, diff and merge. Pure.
//! - [`store`]: the only code that touches bytes at rest.
//! - [`wiki`]: what people do with documents; knows no HTTP.
//! - [`sync`]: reconciling and exchanging revisions with peers; beside `wiki`, not on it.
//! - [`config`]: small typed settings, by flag, variable and file.
//! - [`web`]: routes, forms and templates; translates, decides nothing.
//! - [`cli`]: one file per subcommand; settings, start-up and shutdown.

pub mod model;
pub mod store;
pub mod sync;
pub mod wiki;

pub mod config;
pub mod web;

pub mod cli;
