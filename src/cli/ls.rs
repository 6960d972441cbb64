//! `everpage ls`: what there is.

use std::io::Write;

use clap::Args;
use serde::Serialize;

use super::Outcome;
use super::context::Context;
use crate::model::file::print_date;
use crate::model::revision::RevisionId;

/// List the documents, one per line
#[derive(Debug, Args)]
pub(super) struct Ls {
    /// Include deleted documents
    #[arg(long)]
    all: bool,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    path: &'a str,
    winner: Option<RevisionId>,
    deleted: bool,
    length: u64,
    author: &'a str,
    date: Option<String>,
    revisions: usize,
    conflicts: usize,
}

impl Ls {
    pub(super) fn run(&self, context: &mut Context) -> anyhow::Result<Outcome> {
        let opened = context.open()?;
        opened.scan()?;
        let mut documents: Vec<_> =
            opened.wiki.keys().iter().filter_map(|key| opened.wiki.known(key)).collect();
        documents.sort_by(|a, b| a.path().cmp(b.path()));
        for document in documents.iter().filter(|d| d.is_live() || self.all) {
            if self.json {
                let winner = document.winner();
                let line = Line {
                    path: document.path().as_str(),
                    winner: winner.map(|w| w.id),
                    deleted: document.is_deleted(),
                    length: winner.map_or(0, |w| w.length),
                    author: winner.map_or("", |w| &w.author),
                    date: winner.and_then(|w| w.date).map(print_date),
                    revisions: document.revision_count(),
                    conflicts: document.resolution().conflicts.len(),
                };
                context.json(&line)?;
            } else if document.is_live() {
                writeln!(context.out, "{}", document.path())?;
            } else {
                let why = if document.is_deleted() { "deleted" } else { "damaged" };
                writeln!(context.out, "{}  ({why})", document.path())?;
            }
        }
        Ok(Outcome::Done)
    }
}
