//! The command line as people and scripts use it: the built program, its output and exit codes.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests stop where they cannot go on, as tests do"
)]

mod bundle;
mod check;
mod import;
mod merge;
mod put;
mod reading;
mod serve;
mod support;
mod sync;
