//! `everpage unbundle`: takes in what `everpage bundle` wrote elsewhere.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::context::{Context, replica};
use super::{Outcome, show};
use crate::sync::Fate;
use crate::sync::bundle::{Options, Taken, take};

/// Read a bundle that was made on another server
///
/// Every revision is checked like one received from another server; what does not pass goes to
/// quarantine. Reading a bundle again does no harm, and an incomplete one yields what it holds.
/// Exit code 1 if something in it could not be accepted.
#[derive(Debug, Args)]
pub(super) struct Unbundle {
    /// The bundle, or - for standard input
    file: PathBuf,
    /// If the bundle belongs to another wiki, merge the two into one for good
    #[arg(long)]
    join: bool,
    /// Show what would be added, without changing anything
    #[arg(long)]
    dry_run: bool,
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
}

impl Unbundle {
    pub(super) fn run(&self, context: &mut Context) -> anyhow::Result<Outcome> {
        let name = self.file.display();
        let (mut bundle, length): (Box<dyn Read>, Option<u64>) = if self.file == Path::new("-") {
            (Box::new(io::stdin().lock()), None)
        } else {
            let file = File::open(&self.file).with_context(|| format!("could not open {name}"))?;
            let length = file.metadata()?.len();
            (Box::new(io::BufReader::with_capacity(1 << 20, file)), Some(length))
        };
        let opened = if self.dry_run { context.open()? } else { context.open_or_create()? };
        opened.scan()?;
        let replica = replica(&context.data, &opened.wiki)?;
        let from = self.file.file_name().map_or("a bundle".into(), |n| n.to_string_lossy());
        let options = Options { dry_run: self.dry_run, join: self.join, from: &from };
        let bar = bar(length);
        let taken = take(&*replica, &mut bar.wrap_read(&mut bundle), options);
        bar.finish_and_clear();
        let taken = taken.with_context(|| format!("could not read {name}"))?;
        if self.json {
            context.json(&taken)?;
        } else {
            self.tell(context, &taken)?;
        }
        Ok(Outcome::found_if(!taken.is_clean()))
    }

    fn tell(&self, context: &mut Context, taken: &Taken) -> io::Result<()> {
        let count =
            |n: u64| if n == 1 { "1 revision".to_owned() } else { format!("{n} revisions") };
        let (came, healed) = if self.dry_run {
            ("would be added", "damaged here would be repaired")
        } else {
            ("added", "repaired: an intact copy replaced the damaged one")
        };
        writeln!(context.out, "{} {came}, {} already here", count(taken.stored), taken.already)?;
        if taken.healed > 0 {
            writeln!(context.out, "{} {healed}", count(taken.healed))?;
        }
        if taken.waiting > 0 {
            writeln!(
                context.out,
                "{} left out: the revisions they are based on are not here. Read the earlier bundles first, \
                 then this one again",
                count(taken.waiting)
            )?;
        }
        for outcome in &taken.quarantined {
            let Fate::Quarantined { reason } = &outcome.fate else { continue };
            let (path, id) = (show::printable(&outcome.path), show::printable(&outcome.id));
            writeln!(context.out, "in quarantine: {path} {id}: {}", show::printable(reason))?;
        }
        for refused in &taken.refused {
            let (entry, reason) =
                (show::printable(&refused.entry), show::printable(&refused.reason));
            writeln!(context.out, "refused: {entry}: {reason}")?;
        }
        if taken.more > 0 {
            writeln!(context.out, "and {} more like these", taken.more)?;
        }
        if let Some(reason) = &taken.cut_short {
            writeln!(
                context.out,
                "the bundle is incomplete: {reason}. What it holds was added; copy the file again to get the \
                 rest"
            )?;
        }
        Ok(())
    }
}

fn bar(length: Option<u64>) -> ProgressBar {
    let (bar, template) = match length {
        Some(length) => (ProgressBar::new(length), "reading {bar:30} {bytes}/{total_bytes}"),
        None => (ProgressBar::new_spinner(), "reading {spinner} {bytes}"),
    };
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_style(style)
}
