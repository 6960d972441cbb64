//! `everpage conflicts`: what waits for a person.

use std::io::Write;

use clap::Args;
use serde::Serialize;

use super::context::Context;
use super::{Outcome, show};
use crate::model::revision::RevisionId;

/// List the documents that have unmerged versions; exit code 1 if there are any
#[derive(Debug, Args)]
pub(super) struct Conflicts {
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    path: &'a str,
    winner: Option<RevisionId>,
    conflicts: &'a [RevisionId],
}

impl Conflicts {
    pub(super) fn run(&self, context: &mut Context) -> anyhow::Result<Outcome> {
        let opened = context.open()?;
        opened.scan()?;
        let documents = opened.wiki.conflicted();
        for document in &documents {
            let resolution = document.resolution();
            if self.json {
                let line = Line {
                    path: document.path().as_str(),
                    winner: resolution.winner,
                    conflicts: &resolution.conflicts,
                };
                context.json(&line)?;
                continue;
            }
            writeln!(context.out, "{}", document.path())?;
            if let Some(revision) = document.winner() {
                writeln!(context.out, "  winner    {}", show::line(revision))?;
            }
            for revision in document.conflicts() {
                writeln!(context.out, "  conflict  {}", show::line(revision))?;
            }
        }
        Ok(Outcome::found_if(!documents.is_empty()))
    }
}
