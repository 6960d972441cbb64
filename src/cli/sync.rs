//! `everpage sync`: exchanges revisions with another server once.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::Outcome;
use super::context::{Context, remote, replica};
use crate::sync::http::Patience;
use crate::sync::{Direction, HttpRemote, Options, Progress, Summary};

/// Exchange revisions with another server, both ways, once
///
/// Afterwards both servers hold the same revisions. An interrupted run can be repeated and
/// continues where it stopped. To get a token, ask the owner of the other server to run
/// everpage peer add.
#[derive(Debug, Args)]
pub(super) struct Sync {
    /// The address of the other wiki, beginning with https://
    url: String,
    /// File with the token for that server
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Token for that server; a file is safer
    #[arg(env = "EVERPAGE_PEER_TOKEN", long, hide = true, hide_env_values = true)]
    token: Option<String>,
    /// File with certificates (PEM) to trust for that server instead of the public ones, such as
    /// that of your own authority
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Only fetch what is missing here
    #[arg(long, conflicts_with = "push")]
    pull: bool,
    /// Only send what is missing there
    #[arg(long)]
    push: bool,
    /// Show what would be exchanged, without changing anything
    #[arg(long)]
    dry_run: bool,
    /// If the other server holds another wiki, merge the two into one for good
    #[arg(long)]
    join: bool,
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
}

impl Sync {
    pub(super) fn run(&self, context: &mut Context) -> anyhow::Result<Outcome> {
        let remote = self.remote()?;
        let opened = context.open_or_create()?;
        opened.scan()?;
        let replica = replica(&context.data, &opened.wiki)?;
        let direction = match (self.pull, self.push) {
            (true, _) => Direction::Pull,
            (_, true) => Direction::Push,
            _ => Direction::Both,
        };
        let options = Options { direction, dry_run: self.dry_run, join: self.join };
        let bar = bar();
        let summary =
            crate::sync::sync(&*replica, &remote, options, &|progress| show(&bar, progress));
        bar.finish_and_clear();
        let summary = summary.with_context(|| format!("could not sync with {}", self.url))?;
        if self.json {
            context.json(&summary)?;
        } else {
            write!(context.out, "{}", words(&summary, options))?;
        }
        let differs = summary.missing_here > 0 || summary.missing_there > 0;
        Ok(Outcome::found_if(if self.dry_run { differs } else { !summary.is_clean() }))
    }

    fn remote(&self) -> anyhow::Result<HttpRemote> {
        let ca_file = self.ca_file.as_deref();
        remote(&self.url, &self.token()?, ca_file, Patience::default()).map_err(anyhow::Error::msg)
    }

    fn token(&self) -> anyhow::Result<String> {
        if let Some(path) = &self.token_file {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("could not read the token in {}", path.display()))?;
            return Ok(text.trim().to_owned());
        }
        match &self.token {
            Some(token) => Ok(token.clone()),
            None => bail!(
                "a token is needed: the owner of {} can create one with everpage peer add NAME; put it into a \
                 file and say --token-file FILE, or into EVERPAGE_PEER_TOKEN",
                self.url
            ),
        }
    }
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style)
}

fn show(bar: &ProgressBar, progress: Progress) {
    let (words, done, total) = match progress {
        Progress::Comparing(rounds) => ("comparing", rounds as u64, rounds as u64),
        Progress::Fetching(done, total) => ("fetching", done, total),
        Progress::Pushing(done, total) => ("sending", done, total),
    };
    bar.set_message(words);
    bar.set_length(total);
    bar.set_position(done);
}

/// Puts a result into words.
fn words(summary: &Summary, options: Options) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let mut line = |words: String| {
        let _ = writeln!(text, "{words}");
    };
    let count = |n: u64| if n == 1 { "1 revision".to_owned() } else { format!("{n} revisions") };
    if options.dry_run {
        line(format!("{} would be fetched", count(summary.missing_here)));
        line(format!("{} would be sent", count(summary.missing_there)));
        return text;
    }
    if summary.missing_here == 0 && summary.missing_there == 0 && summary.complete {
        line("both hold the same revisions".to_owned());
        return text;
    }
    if options.direction != Direction::Push {
        line(format!("{} fetched", count(summary.received)));
    }
    if options.direction != Direction::Pull {
        line(format!("{} sent", count(summary.sent)));
    }
    for (n, words) in [
        (summary.healed, "repaired: an intact copy replaced the damaged one"),
        (summary.too_large, "not sent: larger than the other server accepts"),
        (summary.not_sent, "offered by the other server but not received; its log may say why"),
        (summary.waiting_here, "in quarantine from earlier runs; see everpage quarantine ls"),
    ] {
        if n > 0 {
            line(format!("{} {words}", count(n)));
        }
    }
    for (outcomes, place) in [(&summary.quarantined, "here"), (&summary.refused, "there")] {
        for outcome in outcomes {
            if let crate::sync::Fate::Quarantined { reason } = &outcome.fate {
                line(format!("in quarantine {place}: {} {}: {reason}", outcome.path, outcome.id));
            }
        }
    }
    if !summary.complete {
        line("not everything was compared; please run it again".to_owned());
    }
    text
}
