//! Exchanging revisions with other servers: in one process, over HTTP, and with peers that lie.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stop where they cannot go on, as tests do"
)]

mod exchange;
mod following;
mod hostile;
mod http;
mod support;
mod tls;
mod upstream;
