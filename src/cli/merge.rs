//! `everpage merge`: brings the versions of one document together.
//!
//! Nothing is merged without being asked for: without an action it only shows what waits.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;

use super::context::{Context, Opened, check_revision, edit_of, limit, saved};
use super::{Outcome, Signature, show};
use crate::model::merge::two::Merge as ThreeWay;
use crate::model::path::DocPath;
use crate::model::resolve::State;
use crate::model::revision::RevisionId;
use crate::wiki::{Document, MergeOnSave, Revision, WikiError};

/// Show the versions of a document that wait, or bring them together
///
/// An action saves one revision that names the winner and every version that waits as its
/// parents; all of them stay in the history. Without an action it says what waits, with exit code
/// 1 if anything does.
#[derive(Debug, Args)]
pub(super) struct Merge {
    /// The document; without an extension it is a page
    #[arg(value_parser = super::document)]
    path: DocPath,
    #[command(flatten)]
    action: Action,
    #[command(flatten)]
    signature: Signature,
}

#[derive(Debug, Args)]
#[group(multiple = false)]
struct Action {
    /// Save the merge of all versions, if nothing in it has to be decided
    #[arg(long)]
    clean: bool,
    /// Keep what readers see now
    #[arg(long)]
    keep: bool,
    /// Make this version the page
    #[arg(long, value_name = "ID")]
    take: Option<RevisionId>,
    /// Save this text as the merge; - is standard input
    #[arg(long, value_name = "FILE")]
    content: Option<PathBuf>,
}

/// What a merge of all versions comes to.
enum Together {
    /// Nothing has to be decided.
    Clean(String),
    /// The merge with this version needs a decision.
    Decide(RevisionId),
    /// A version is not text.
    NotText,
}

impl Merge {
    pub(super) fn run(&self, context: &mut Context) -> anyhow::Result<Outcome> {
        let opened = context.open()?;
        let document = opened.require(&self.path)?;
        let conflicts = document.resolution().conflicts.clone();
        let Some(winner) = document.winner() else {
            bail!("“{}” has no revision that is whole", document.path())
        };
        if conflicts.is_empty() {
            if let Some(id) = self.action.take.filter(|id| *id != winner.id) {
                check_revision(&document, id)?;
                bail!(
                    "nothing waits to be merged with “{}”; to go back to an older revision, pass \
                     it from everpage cat --rev to everpage put",
                    document.path()
                );
            }
            context.note(format!("“{}” has no conflicts", document.path()))?;
            return Ok(Outcome::Done);
        }
        let (content, what) = match &self.action {
            Action { clean: true, .. } => match together(&opened, &document, winner)? {
                Together::Clean(text) => (text.into_bytes(), "Merge all versions".to_owned()),
                Together::Decide(id) => bail!(
                    "the merge with {id} needs a decision; save one with --keep, --take ID or \
                     --content FILE, or in the browser"
                ),
                Together::NotText => return Err(WikiError::NotText(document.path().clone()).into()),
            },
            Action { keep: true, .. } => {
                (opened.wiki.content(&document, winner.id)?, "Keep this version".to_owned())
            }
            Action { take: Some(id), .. } => {
                check_revision(&document, *id)?;
                if !matches!(
                    document.state(*id),
                    State::Winner | State::Conflict | State::Redundant
                ) {
                    bail!("{id} is no version that waits; a later revision is based on it");
                }
                (opened.wiki.content(&document, *id)?, format!("Take revision {}", id.number()))
            }
            Action { content: Some(file), .. } => {
                let limit = limit(context.limits()?, document.path());
                (read(file, limit)?, "Merge all versions".to_owned())
            }
            Action { .. } => {
                self.show(context, &opened, &document, winner)?;
                return Ok(Outcome::Found);
            }
        };
        self.save(context, &opened, &document, content, what)
    }

    fn show(
        &self,
        context: &mut Context,
        opened: &Opened,
        document: &Arc<Document>,
        winner: &Revision,
    ) -> anyhow::Result<()> {
        writeln!(context.out, "{}", document.path())?;
        writeln!(context.out, "  winner    {}", show::line(winner))?;
        for revision in document.conflicts() {
            writeln!(context.out, "  conflict  {}", show::line(revision))?;
            if let Some(base) = document.history().merge_base(winner.id, revision.id) {
                writeln!(context.out, "            both are based on {base}")?;
            }
        }
        let path = &self.path;
        match together(opened, document, winner)? {
            Together::Clean(_) => writeln!(
                context.out,
                "Everything merges cleanly: everpage merge '{path}' --clean saves the merge."
            )?,
            Together::Decide(id) => writeln!(
                context.out,
                "The merge with {id} needs a decision: --keep, --take ID or --content FILE."
            )?,
            Together::NotText => writeln!(
                context.out,
                "These versions cannot be merged as text: --keep, --take ID or --content FILE."
            )?,
        }
        Ok(())
    }

    fn save(
        &self,
        context: &mut Context,
        opened: &Opened,
        document: &Arc<Document>,
        content: Vec<u8>,
        what: String,
    ) -> anyhow::Result<Outcome> {
        let mut edit = edit_of(document.path(), Some(&**document), &self.signature, content);
        edit.also.clone_from(&document.resolution().conflicts);
        if edit.summary.is_empty() {
            edit.summary = what;
        }
        let (id, _) = saved(opened.wiki.save(&edit, MergeOnSave::Ask)?)?;
        writeln!(context.out, "{id}")?;
        Ok(Outcome::Done)
    }
}

/// Merges all versions one after another, the highest first.
fn together(
    opened: &Opened,
    document: &Arc<Document>,
    winner: &Revision,
) -> anyhow::Result<Together> {
    let text = |id| match opened.wiki.text(document, id) {
        Ok(text) => Ok(Some(text)),
        Err(WikiError::NotText(_)) => Ok(None),
        Err(error) => Err(anyhow!(error)),
    };
    let Some(mut merged) = text(winner.id)? else { return Ok(Together::NotText) };
    let mut parents = vec![winner.id];
    for id in &document.resolution().conflicts {
        let base = document.history().merge_base_of_many(&parents, *id);
        let base = base.map_or(Ok(Some(String::new())), text)?;
        let (Some(base), Some(other)) = (base, text(*id)?) else { return Ok(Together::NotText) };
        match ThreeWay::new(&base, &merged, &other).clean() {
            // Nobody asked for a deletion here.
            Some(clean) if !clean.is_empty() => merged = clean,
            _ => return Ok(Together::Decide(*id)),
        }
        parents.push(*id);
    }
    Ok(Together::Clean(merged))
}

/// Reads the text that somebody merged.
fn read(file: &PathBuf, limit: u64) -> anyhow::Result<Vec<u8>> {
    let failed = || format!("could not read {}", file.display());
    let input: Box<dyn Read> = if file.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(file).with_context(failed)?)
    };
    let mut content = Vec::new();
    input.take(limit.saturating_add(1)).read_to_end(&mut content).with_context(failed)?;
    if content.is_empty() {
        bail!(
            "the text is empty, which would delete the document; everpage put --delete does that"
        );
    }
    if content.len() as u64 > limit {
        bail!("the text is larger than the {limit} bytes that are allowed; nothing was saved");
    }
    Ok(content)
}
