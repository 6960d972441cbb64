//! `everpage check`: reads everything and reports what is strange.

use std::io::Write;

use clap::Args;

use super::context::Context;
use super::{Outcome, show};

/// Read every revision and report anything damaged, foreign or missing (exit code 1)
///
/// Conflicts are not reported; `everpage conflicts` lists them. Revisions that another program
/// removed or replaced are restored from private copies if there are any, and reported.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn run(&self, context: &mut Context) -> anyhow::Result<Outcome> {
        let opened = context.open()?;
        opened.scan()?;
        let findings = opened.wiki.findings();
        for finding in &findings {
            if self.json {
                context.json(finding)?;
            } else {
                let kind = serde_json::to_value(finding.kind)?;
                writeln!(
                    context.out,
                    "{}  {}: {}",
                    kind.as_str().unwrap_or_default(),
                    show::printable(&finding.path),
                    show::printable(&finding.detail)
                )?;
            }
        }
        if findings.is_empty() && !self.json {
            let keys = opened.wiki.keys();
            let revisions: usize = keys
                .iter()
                .filter_map(|key| opened.wiki.known(key))
                .map(|document| document.revision_count())
                .sum();
            context.note(format!(
                "{} documents, {revisions} revisions: no problems found",
                keys.len()
            ))?;
        }
        Ok(Outcome::found_if(!findings.is_empty()))
    }
}
