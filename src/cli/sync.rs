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
/// Both servers hold all revisions of both afterwards. What was interrupted goes on with the next
/// run. The other server's owner makes a token with everpage peer add.
#[derive(Debug, Args)]
pub(super) struct Sync {
    /// Address of the other wiki: https:// and its name
    url: String,
    /// File with the token for that server
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Token for that server; a file is safer
    #[arg(env = "EVERPAGE_PEER_TOKEN", long, hide = true, hide_env_values = true)]
    token: Option<String>,
    /// File with certificates (PEM) to trust for that server in place of the public ones: that of
    /// an authority of your own
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Only fetch what is missing here
    #[arg(long, conflicts_with = "push")]
    pull: bool,
    /// Only hand over what is missing there
    #[arg(long)]
    push: bool,
    /// Say what would be exchanged and change no page
    #[arg(long)]
    dry_run: bool,
    /// Become part of that wiki, where it is another one; the two are one from then on
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
                "a token is needed: the owner of {} makes one with everpage peer add NAME; put it into a \
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
        Progress::Pushing(done, total) => ("handing over", done, total),
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
        line(format!("{} would be handed over", count(summary.missing_there)));
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
        line(format!("{} handed over", count(summary.sent)));
    }
    for (n, words) in [
        (summary.healed, "healed: a whole one took the place of a damaged one"),
        (summary.too_large, "not handed over: larger than the other server takes"),
        (summary.not_sent, "named by the other server and not sent; its log may say why"),
        (summary.waiting_here, "in quarantine since earlier; everpage quarantine ls lists them"),
    ] {
        if n > 0 {
            line(format!("{} {words}", count(n)));
        }
    }
    for (outcomes, place) in [(&summary.quarantined, "here"), (&summary.refused, "there")] {
        for outcome in outcomes {
            if let crate::sync::Fate::Quarantined { reason } = &outcome.fate {
                line(format!("set aside {place}: {} {}: {reason}", outcome.path, outcome.id));
            }
        }
    }
    if !summary.complete {
        line("not all of the difference was looked at; run it again".to_owned());
    }
    text
}
