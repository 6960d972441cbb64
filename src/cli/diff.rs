//! `everpage diff`: what an edit changed.

use std::io::{self, Write};
use std::time::Duration;

use clap::Args;
use similar::{ChangeTag, TextDiff};

use super::context::{Context, Opened, check_revision};
use super::{Outcome, colourful, show};
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;
use crate::wiki::{Document, WikiError};

/// After this long a smaller difference is not searched for any more.
const SEARCH: Duration = Duration::from_secs(2);
const UNCHANGED_AROUND: usize = 3;

/// Show the difference between two revisions of a document
#[derive(Debug, Args)]
pub(super) struct Diff {
    /// The document; without an extension it is a page
    #[arg(value_parser = super::document)]
    path: DocPath,
    /// The older revision [default: the parent of the other]
    #[arg(long, value_name = "ID")]
    from: Option<RevisionId>,
    /// The newer revision [default: the current one]
    #[arg(long, value_name = "ID")]
    to: Option<RevisionId>,
}

impl Diff {
    pub(super) fn run(&self, context: &mut Context) -> anyhow::Result<Outcome> {
        let opened = context.open()?;
        let document = opened.require(&self.path)?;
        for id in self.from.iter().chain(&self.to) {
            check_revision(&document, *id)?;
        }
        let to = self.to.or(document.resolution().winner);
        let from = self.from.or_else(|| to.and_then(|id| document.parent(id)));
        if from == to {
            return Ok(Outcome::Done);
        }
        let (old, new) = (read(&opened, &document, from)?, read(&opened, &document, to)?);
        let (Ok(old_text), Ok(new_text)) = (std::str::from_utf8(&old), std::str::from_utf8(&new))
        else {
            let (before, after) = (old.len(), new.len());
            let what = if old == new { "are equal" } else { "differ" };
            writeln!(context.out, "binary contents {what} ({before} and {after} bytes)")?;
            return Ok(Outcome::Done);
        };
        let diff = TextDiff::configure().timeout(SEARCH).diff_lines(old_text, new_text);
        let names = [name(&document, from), name(&document, to)];
        let paint = Paint(colourful(&io::stdout()));
        print(&mut context.out, &diff, &names, paint)?;
        Ok(Outcome::Done)
    }
}

fn read(
    opened: &Opened,
    document: &Document,
    id: Option<RevisionId>,
) -> Result<Vec<u8>, WikiError> {
    id.map_or(Ok(Vec::new()), |id| opened.wiki.content(document, id))
}

fn name(document: &Document, id: Option<RevisionId>) -> String {
    match id.and_then(|id| document.revision(id)) {
        Some(revision) => format!("{}  {}", document.path(), show::line(revision)),
        None => "/dev/null".to_owned(),
    }
}

/// Colours, or nothing.
#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn code(self, code: &'static str) -> &'static str {
        if self.0 { code } else { "" }
    }
}

fn print<'a>(
    out: &mut impl Write,
    diff: &TextDiff<'a, 'a, str>,
    [old, new]: &[String; 2],
    paint: Paint,
) -> io::Result<()> {
    let (bold, red, green, cyan, plain) = (
        paint.code("\x1b[1m"),
        paint.code("\x1b[31m"),
        paint.code("\x1b[32m"),
        paint.code("\x1b[36m"),
        paint.code("\x1b[0m"),
    );
    let mut unified = diff.unified_diff();
    let mut first = true;
    for hunk in unified.context_radius(UNCHANGED_AROUND).iter_hunks() {
        if std::mem::take(&mut first) {
            writeln!(out, "{bold}--- {old}{plain}")?;
            writeln!(out, "{bold}+++ {new}{plain}")?;
        }
        writeln!(out, "{cyan}{}{plain}", hunk.header())?;
        for change in hunk.iter_changes() {
            let (colour, sign) = match change.tag() {
                ChangeTag::Equal => ("", ' '),
                ChangeTag::Delete => (red, '-'),
                ChangeTag::Insert => (green, '+'),
            };
            let end = if colour.is_empty() { "" } else { plain };
            let line = change.value();
            let text = line.strip_suffix('\n').unwrap_or(line);
            writeln!(out, "{colour}{sign}{text}{end}")?;
            if change.missing_newline() {
                writeln!(out, "\\ No newline at end of file")?;
            }
        }
    }
    Ok(())
}
