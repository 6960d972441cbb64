//! The wiki over HTTP: translates, decides nothing.

pub mod server;
