//! The rules of Everpage as pure values.
//!
//! Nothing here does I/O, waits, reads a clock or draws a random number: what is needed is handed
//! in, so every rule can be tested by trying.

pub mod admission;
pub mod diff;
pub mod file;
pub mod merge;
pub mod path;
pub mod resolve;
pub mod revision;
pub mod synchronized;
