//! `everpage log`: the revisions of a document.

use std::io::Write;

use clap::Args;
use serde::Serialize;

use super::context::Context;
use super::{Outcome, show};
use crate::model::file::print_date;
use crate::model::path::DocPath;
use crate::model::resolve::State;
use crate::model::revision::RevisionId;
use crate::wiki::{Document, Revision};

/// List the revisions of a document, newest first
#[derive(Debug, Args)]
pub(super) struct Log {
    /// The document; without an extension it is a page
    #[arg(value_parser = super::document)]
    path: DocPath,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    id: RevisionId,
    parents: &'a [RevisionId],
    author: &'a str,
    date: Option<String>,
    summary: &'a str,
    length: u64,
    state: State,
}

impl<'a> Line<'a> {
    fn new(document: &Document, revision: &'a Revision) -> Self {
        Self {
            id: revision.id,
            parents: &revision.parents,
            author: &revision.author,
            date: revision.date.map(print_date),
            summary: &revision.summary,
            length: revision.length,
            state: document.state(revision.id),
        }
    }
}

impl Log {
    pub(super) fn run(&self, context: &mut Context) -> anyhow::Result<Outcome> {
        let document = context.open()?.require(&self.path)?;
        for revision in document.revisions() {
            if self.json {
                context.json(&Line::new(&document, revision))?;
            } else {
                let mark = match document.state(revision.id) {
                    State::Ancestor => "",
                    state => state.word(),
                };
                writeln!(context.out, "{mark:<10}{}", show::line(revision))?;
            }
        }
        Ok(Outcome::Done)
    }
}
