//! What people do with documents; knows no HTTP.

pub mod render;
