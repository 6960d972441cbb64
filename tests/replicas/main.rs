//! Wikis that are edited in several places at once, as they are outside of tests: real servers, real
//! `rsync`, real Syncthing, processes that stop and are killed, connections that break.
//!
//! - `three.rs`: three servers that exchange with `everpage sync`
//! - `rsync.rs`: two servers whose folders are copied while people edit, also in ways that harm
//! - `syncthing.rs`: two servers whose folders Syncthing keeps in step
//!
//! Each takes some seconds; `cargo test --test replicas -- --ignored` takes minutes over the same. The
//! choices come from a seed that is printed and can be given as `EVERPAGE_REPLICAS_SEED`; the
//! scheduler of the machine decides the rest.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests stop where they cannot go on, as tests do"
)]

mod editing;
mod proxy;
mod rsync;
#[path = "../served/support.rs"]
#[expect(dead_code, reason = "the tests of one server use more of it")]
mod support;
mod syncthing;
mod three;
