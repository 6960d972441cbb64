//! The command line as people and scripts use it: the built program, its output and exit codes.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod check;
mod import;
mod merge;
mod put;
mod reading;
mod serve;
mod support;
