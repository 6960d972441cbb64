//! `everpage merge`: brings the versions of one document together.
//!
//! Nothing is merged without being asked for: without an action it only shows what waits.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;

use super::context::{Context, Opened, check_revision, edit_of, limit, saved};
use super::{Outcome, Signature, show};
use crate::model::merge::{Merge as Merged, Shape, Standing};
use crate::model::path::DocPath;
use crate::model::resolve::State;
use crate::model::revision::RevisionId;
use crate::wiki::{Document, MAX_MERGED, MergeOnSave, Revision, WikiError};

/// Show the unmerged versions of a document, or merge them
///
/// An action saves one revision whose parents are the winner and every unmerged version; all of
/// them stay in the history. Without an action, it shows what is unmerged, with exit code 1 if
/// anything is.
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
    /// Save the merge of all versions, if there is nothing to decide
    #[arg(long)]
    clean: bool,
    /// Keep the current version
    #[arg(long)]
    keep: bool,
    /// Use this version
    #[arg(long, value_name = "ID")]
    take: Option<RevisionId>,
    /// Save this text as the merge; - is standard input
    #[arg(long, value_name = "FILE")]
    content: Option<PathBuf>,
}

/// What a merge of all versions comes to.
enum Together {
    /// Nothing has to be decided.
    Clean(Merged, String),
    /// Somebody has to decide.
    Decide(Merged),
    /// The page is deleted in one version.
    Deleted,
    /// A version is not text.
    NotText,
}

impl Merge {
    pub(super) fn run(&self, context: &mut Context) -> anyhow::Result<Outcome> {
        let opened = context.open()?;
        let document = opened.require(&self.path)?;
        let conflicts = document.resolution().conflicts.clone();
        let Some(winner) = document.winner() else {
            bail!("“{}” has no intact revision", document.path())
        };
        if conflicts.is_empty() {
            if let Some(id) = self.action.take.filter(|id| *id != winner.id) {
                check_revision(&document, id)?;
                bail!(
                    "there is nothing to merge into “{}”; to restore an older revision, pass it \
                     from everpage cat --rev to everpage put",
                    document.path()
                );
            }
            context.note(format!("“{}” has no conflicts", document.path()))?;
            return Ok(Outcome::Done);
        }
        let (content, what) = match &self.action {
            Action { clean: true, .. } => match together(&opened, &document, winner)? {
                Together::Clean(_, text) => (text.into_bytes(), "Merge all versions".to_owned()),
                Together::Decide(merge) => {
                    let choices = choices(&merge);
                    bail!("this needs a decision: {choices}; {OTHERWISE}, or merge in the browser")
                }
                Together::Deleted => bail!(
                    "this needs a decision: one version deletes the page; {OTHERWISE}, or \
                     merge in the browser"
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
                    bail!("{id} is not an unmerged version; a later revision is based on it");
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
            Together::Clean(merge, _) => {
                let what = match merge.standing() {
                    Standing::Clean => "Everything merges cleanly",
                    _ => "Everything fits together",
                };
                writeln!(context.out, "{what}{}.", joined(&merge))?;
                writeln!(context.out, "everpage merge '{path}' --clean saves the merge.")?;
            }
            Together::Decide(merge) => writeln!(
                context.out,
                "This needs a decision: {}{}. To make one, {OTHERWISE}.",
                choices(&merge),
                joined(&merge)
            )?,
            Together::Deleted => writeln!(
                context.out,
                "This needs a decision: one version deletes the page. To make one, {OTHERWISE}."
            )?,
            Together::NotText => writeln!(
                context.out,
                "These versions cannot be merged as text: pass --keep, --take ID or --content FILE."
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
        edit.also = document.resolution().conflicts.iter().take(MAX_MERGED).copied().collect();
        if edit.summary.is_empty() {
            edit.summary = what;
        }
        let (id, _) = saved(opened.wiki.save(&edit, MergeOnSave::Ask)?)?;
        writeln!(context.out, "{id}")?;
        Ok(Outcome::Done)
    }
}

/// What to do if the program cannot decide.
const OTHERWISE: &str = "pass --keep, --take ID or --content FILE";

/// Merges all versions.
fn together(
    opened: &Opened,
    document: &Arc<Document>,
    winner: &Revision,
) -> anyhow::Result<Together> {
    let conflicts = &document.resolution().conflicts;
    let heads = &conflicts[..conflicts.len().min(MAX_MERGED)];
    let merge = match opened.wiki.merge_view(document, winner.id, heads) {
        Ok(view) => view.merge,
        Err(WikiError::NotText(_)) => return Ok(Together::NotText),
        Err(error) => return Err(error.into()),
    };
    let deleted = document.conflicts().chain([winner]).any(Revision::is_deletion);
    Ok(match merge.suggested() {
        // Nobody asked for a deletion here, nor to bring a page back.
        _ if deleted => Together::Deleted,
        Some(text) if !text.is_empty() => Together::Clean(merge, text),
        _ => Together::Decide(merge),
    })
}

/// Says what has to be decided.
fn choices(merge: &Merged) -> String {
    let open: Vec<Shape> =
        merge.places().filter(|(_, place)| place.is_open()).map(|(_, place)| place.shape).collect();
    told(&open)
}

/// Says what was joined that other programs leave alone.
fn joined(merge: &Merged) -> String {
    let shapes = merge.places().filter(|(_, place)| !place.is_open() && place.follows.is_none());
    let shapes = shapes.map(|(_, place)| place.shape);
    let joined: Vec<Shape> =
        shapes.filter(|s| !matches!(s, Shape::OneSide | Shape::SameChange)).collect();
    if joined.is_empty() { String::new() } else { format!(" ({})", told(&joined)) }
}

/// Counts the places of each kind.
fn told(shapes: &[Shape]) -> String {
    let mut kinds = shapes.to_vec();
    kinds.sort_unstable();
    kinds.dedup();
    let count = |kind: &Shape| match shapes.iter().filter(|shape| *shape == kind).count() {
        1 => format!("at one place {}", words(*kind)),
        n => format!("at {n} places {}", words(*kind)),
    };
    kinds.iter().map(count).collect::<Vec<_>>().join(", ")
}

/// Says what a kind of place is.
fn words(shape: Shape) -> &'static str {
    match shape {
        Shape::OneSide => "only one version changed something",
        Shape::SameChange => "all made the same change",
        Shape::Sentences => "different sentences, cells or items changed",
        Shape::WhiteSpace => "only white space differs",
        Shape::Appended => "several added something",
        Shape::Moved => "one moved what another edited",
        Shape::SameSentence => "different words of the same sentence changed",
        Shape::SameWords => "the same words changed",
        Shape::DeletedEdited => "one deleted what another edited",
        Shape::MovedTwice => "the same lines were moved to different places",
        Shape::NoAncestor => "the versions have no common ancestor",
    }
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
            "the text is empty, which would delete the document; to do that, use everpage put --delete"
        );
    }
    if content.len() as u64 > limit {
        bail!("the text is larger than the limit of {limit} bytes; nothing was saved");
    }
    Ok(content)
}
