//! The `everpage` command.

fn main() {}
