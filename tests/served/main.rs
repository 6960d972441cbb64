//! What people get from a running server: whatever lies in its directory, whatever is typed,
//! whatever the disk does, and whatever happens to the server meanwhile.
//!
//! Everything goes through HTTP or the command line, and the oracle is the directory, read without
//! the server. `support` holds the server and a browser of sorts.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]
#![expect(clippy::print_stdout, reason = "what was measured or skipped is said")]

mod apart;
mod damaged;
mod disk;
mod durability;
mod files;
mod forms;
mod imported;
mod names;
mod support;
mod together;
