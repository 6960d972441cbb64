//! The command line: one file per subcommand.
//!
//! A command opens the store by itself and works beside a running server: the files are the only
//! thing they share. It must decide nothing that the wiki decides; it reads arguments, calls, and
//! prints. Results go to standard output, everything about how it went to standard error.

mod bundle;
mod cat;
mod check;
mod conflicts;
mod context;
mod diff;
mod import;
mod log;
mod ls;
mod merge;
mod peer;
mod put;
mod quarantine;
mod serve;
mod show;
mod sync;
mod unbundle;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueEnum};
use tracing_subscriber::EnvFilter;

use self::context::Context;
use crate::model::path::DocPath;

/// A wiki on immutable files that never loses an edit.
///
/// Without a subcommand it serves the wiki in ./data on http://127.0.0.1:8080.
///
/// Exit codes: 0 done, 1 found something or was refused, 2 wrong usage.
#[derive(Debug, Parser)]
#[command(name = "everpage", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What every command takes.
#[derive(Debug, Args)]
struct Global {
    /// The data directory of the wiki
    #[arg(
        long,
        global = true,
        env = "EVERPAGE_DATA",
        hide_env_values = true,
        value_name = "DIR",
        default_value = "./data",
        help_heading = "Global options"
    )]
    data: PathBuf,
    /// What to log, such as debug or everpage::store=trace [default: info for serve, else warn]
    #[arg(
        long,
        global = true,
        env = "RUST_LOG",
        value_name = "FILTER",
        help_heading = "Global options"
    )]
    log: Option<String>,
    /// The format of the log
    #[arg(
        long,
        global = true,
        env = "EVERPAGE_LOG_FORMAT",
        hide_env_values = true,
        value_name = "FORMAT",
        default_value = "text",
        help_heading = "Global options"
    )]
    log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Import(import::Import),
    Ls(ls::Ls),
    Cat(cat::Cat),
    Put(put::Put),
    Log(log::Log),
    Diff(diff::Diff),
    Conflicts(conflicts::Conflicts),
    Merge(merge::Merge),
    Check(check::Check),
    Sync(sync::Sync),
    Peer(peer::Peer),
    Quarantine(quarantine::Quarantine),
    Bundle(bundle::Bundle),
    Unbundle(unbundle::Unbundle),
}

/// How a command that did not fail ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Done, and there is nothing to report.
    Done,
    /// It found what it looks for, or left something undone and said so.
    Found,
}

impl Outcome {
    fn found_if(found: bool) -> Self {
        if found { Self::Found } else { Self::Done }
    }
}

/// The author of a change, and their summary of it.
#[derive(Debug, Args)]
struct Signature {
    /// Your name, for the history
    #[arg(
        long,
        env = "EVERPAGE_AUTHOR",
        hide_env_values = true,
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    author: String,
    /// A summary of the change, for the history
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    summary: String,
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let cli = match Cli::read(std::env::args_os().collect()) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output; a closed pipe is nobody's mistake.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match cli.start_logging().and_then(|()| cli.run()) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Found) => ExitCode::FAILURE,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

impl Cli {
    /// Reads the arguments; without a subcommand they are those of `serve`.
    fn read(args: Vec<OsString>) -> Result<Self, clap::Error> {
        let first = Self::try_parse_from(&args);
        match &first {
            Ok(cli) if cli.command.is_some() => return first,
            Err(error) if error.kind() != ErrorKind::UnknownArgument => return first,
            _ => {}
        }
        let mut serve = args;
        serve.insert(serve.len().min(1), "serve".into());
        Self::try_parse_from(serve).or(first)
    }

    fn start_logging(&self) -> anyhow::Result<()> {
        let serving = matches!(self.command, Some(Command::Serve(_)));
        let said = self.global.log.as_deref().filter(|f| !f.is_empty());
        let filter = said.unwrap_or(if serving { "info" } else { "warn" });
        let filter = EnvFilter::try_new(filter)
            .map_err(|e| anyhow::anyhow!("the log filter “{filter}” is invalid: {e}"))?;
        let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
        // A second start in one process, as in a test, keeps the first.
        let _ = match self.global.log_format {
            LogFormat::Json => log.json().try_init(),
            LogFormat::Text => {
                let colour = colourful(&io::stderr());
                log.with_ansi(colour).with_target(false).try_init()
            }
        };
        Ok(())
    }

    fn run(self) -> anyhow::Result<Outcome> {
        let mut context = Context::new(self.global.data);
        let outcome = match self.command {
            None => serve::Serve::default().run(&mut context),
            Some(Command::Serve(command)) => command.run(&mut context),
            Some(Command::Import(command)) => command.run(&mut context),
            Some(Command::Ls(command)) => command.run(&mut context),
            Some(Command::Cat(command)) => command.run(&mut context),
            Some(Command::Put(command)) => command.run(&mut context),
            Some(Command::Log(command)) => command.run(&mut context),
            Some(Command::Diff(command)) => command.run(&mut context),
            Some(Command::Conflicts(command)) => command.run(&mut context),
            Some(Command::Merge(command)) => command.run(&mut context),
            Some(Command::Check(command)) => command.run(&mut context),
            Some(Command::Sync(command)) => command.run(&mut context),
            Some(Command::Peer(command)) => command.run(&mut context),
            Some(Command::Quarantine(command)) => command.run(&mut context),
            Some(Command::Bundle(command)) => command.run(&mut context),
            Some(Command::Unbundle(command)) => command.run(&mut context),
        }?;
        context.out.flush()?;
        Ok(outcome)
    }
}

/// Returns true if a stream is a terminal that shows colours.
fn colourful(stream: &impl io::IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// Reads the name of a document from the command line: without an extension it is a page.
fn document(name: &str) -> Result<DocPath, String> {
    DocPath::from_argument(name).map_err(|e| e.to_string())
}

/// Returns true if the error means that the reader of our output has closed it.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

/// Prints an error with its causes.
fn report(error: &anyhow::Error) {
    let causes = error.chain().skip(1);
    let lines = std::iter::once(format!("error: {error}"))
        .chain(causes.map(|cause| format!("  because: {}", cause.to_string().trim_end())));
    for line in lines {
        // Nobody is left to tell if standard error is closed.
        let _ = writeln!(io::stderr(), "{line}");
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn read(args: &[&str]) -> Result<Cli, clap::Error> {
        Cli::read(std::iter::once("everpage").chain(args.iter().copied()).map(Into::into).collect())
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_a_subcommand_it_serves() {
        for args in [
            &[][..],
            &["--data", "d"],
            &["--listen", "127.0.0.1:1"],
            &["--data=d", "--print-config"],
        ] {
            let cli = read(args).unwrap();
            assert!(matches!(cli.command, Some(Command::Serve(_))), "{args:?}");
        }
        let cli = read(&["--data", "d", "ls"]).unwrap();
        assert!(matches!(cli.command, Some(Command::Ls(_))));
        assert_eq!(cli.global.data, PathBuf::from("d"));
    }

    #[test]
    fn wrong_use_is_told_in_terms_of_what_was_typed() {
        assert_eq!(read(&["lss"]).unwrap_err().kind(), ErrorKind::InvalidSubcommand);
        assert_eq!(read(&["ls", "--bogus"]).unwrap_err().kind(), ErrorKind::UnknownArgument);
        assert_eq!(read(&["cat", "../x"]).unwrap_err().kind(), ErrorKind::ValueValidation);
        assert_eq!(read(&["--help"]).unwrap_err().kind(), ErrorKind::DisplayHelp);
    }
}
