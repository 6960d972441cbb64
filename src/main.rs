//! The `everpage` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    everpage::cli::main()
}
