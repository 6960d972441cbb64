//! `everpage put`: saves what comes on standard input.

use std::io::{self, IsTerminal, Read, Write};

use anyhow::{Context as _, bail};
use clap::Args;

use super::context::{Context, Opened, check_revision, edit_of, limit, saved};
use super::{Outcome, Signature, show};
use crate::model::file::ContentDigest;
use crate::model::path::DocPath;
use crate::model::resolve::State;
use crate::model::revision::RevisionId;
use crate::wiki::{MergeOnSave, Saved};

/// Contents up to this size are taken into memory; larger ones go to disk as they come.
const IN_MEMORY: u64 = 32 << 20;

/// Save standard input as the next revision of a document and print the new id
///
/// The id is printed once the revision is on stable storage. What the document says already is
/// not saved again; its id is printed then.
#[derive(Debug, Args)]
pub(super) struct Put {
    /// The document; without an extension it is a page
    #[arg(value_parser = super::document)]
    path: DocPath,
    /// Revision that the text was based on; may be given several times [default: the winner]
    #[arg(long = "parent", value_name = "ID")]
    parents: Vec<RevisionId>,
    /// Delete the document: save an empty revision
    #[arg(long)]
    delete: bool,
    #[command(flatten)]
    signature: Signature,
}

impl Put {
    pub(super) fn run(&self, context: &mut Context) -> anyhow::Result<Outcome> {
        // Everything that can be refused is, before the text is taken.
        let (known, path) = if self.delete || !self.parents.is_empty() {
            let opened = context.open()?;
            let document = opened.require(&self.path)?;
            self.parents.iter().try_for_each(|id| check_revision(&document, *id))?;
            (Some(opened), document.path().clone())
        } else {
            (None, self.path.clone())
        };
        let limit = limit(context.limits()?, &path);
        if !self.delete && io::stdin().is_terminal() {
            context.note("type the text; Ctrl-D on an empty line ends it, Ctrl-C gives it up")?;
        }
        let mut input: Box<dyn Read> = if self.delete && io::stdin().is_terminal() {
            Box::new(io::empty())
        } else {
            Box::new(io::stdin().lock())
        };
        let held = if self.parents.is_empty() { IN_MEMORY.min(limit) } else { limit };
        let mut content = Vec::new();
        input
            .by_ref()
            .take(held.saturating_add(1))
            .read_to_end(&mut content)
            .context("could not read standard input")?;
        let size = content.len() as u64;
        if size > limit {
            return Err(too_large(&path, limit));
        }
        match (content.is_empty(), self.delete) {
            (true, false) => bail!(
                "standard input is empty, and saving it would delete “{path}”; if that is meant, say \
                 --delete"
            ),
            (false, true) => bail!("--delete takes no text, but there is some on standard input"),
            _ => {}
        }
        let opened = match known {
            Some(opened) => opened,
            None => context.open_or_create()?,
        };
        let digest = ContentDigest::of(&content);
        let result = if size > held {
            let rest = Limited { input, left: limit - size, path: &path, limit };
            self.stream(&opened, &path, &content, rest)?
        } else {
            self.save(&opened, &path, content)?
        };
        let unchanged = matches!(result, Saved::Unchanged { .. });
        let displaced = match &result {
            Saved::Done { displaced, .. } => *displaced,
            _ => None,
        };
        let (id, document) = saved(result)?;
        writeln!(context.out, "{id}")?;
        if unchanged {
            context.note(match &document.winner() {
                Some(winner) if winner.digest == digest => {
                    "nothing to save: the document says this already"
                }
                _ => "nothing to save: this is the text of the parent, unchanged",
            })?;
        } else if document.state(id) == State::Conflict {
            context.note(format!(
                "this made a conflict: readers still see {}; to merge the two, run everpage merge '{}'",
                document.winner().map(show::line).unwrap_or_default(),
                document.path()
            ))?;
            return Ok(Outcome::Found);
        } else if let Some(before) = displaced.filter(|id| document.state(*id) == State::Conflict) {
            context.note(format!(
                "this made a conflict: readers see this version now, as its number is higher, and {} \
                 is unmerged; to merge the two, run everpage merge '{}'",
                document.revision(before).map(show::line).unwrap_or_default(),
                document.path()
            ))?;
            return Ok(Outcome::Found);
        }
        Ok(Outcome::Done)
    }

    fn save(&self, opened: &Opened, path: &DocPath, content: Vec<u8>) -> anyhow::Result<Saved> {
        let document = opened.find(path)?;
        // The name as it lies on disk.
        let path = document.as_deref().map_or(path, |d| d.path());
        let mut edit = edit_of(path, None, &self.signature, content);
        if let Some((base, also)) = self.parents.split_first() {
            edit.base = Some(*base);
            edit.also = also.to_vec();
            return Ok(opened.wiki.save(&edit, MergeOnSave::Ask)?);
        }
        if self.delete && document.as_ref().is_none_or(|d| !d.is_live()) {
            bail!("“{path}” is deleted already");
        }
        Ok(opened.wiki.save_on_winner(&edit)?)
    }

    fn stream(
        &self,
        opened: &Opened,
        path: &DocPath,
        begun: &[u8],
        rest: Limited<'_>,
    ) -> anyhow::Result<Saved> {
        let document = opened.find(path)?;
        let edit = edit_of(path, document.as_deref(), &self.signature, Vec::new());
        Ok(opened.wiki.save_stream(&edit, &mut begun.chain(rest))?)
    }
}

fn too_large(path: &DocPath, limit: u64) -> anyhow::Error {
    let key = if path.is_page() { "max_text" } else { "max_attachment" };
    anyhow::anyhow!(
        "“{path}” is larger than the {limit} bytes that {key} allows; nothing was saved"
    )
}

/// A reader that fails, and so abandons the save, where more comes than is allowed.
struct Limited<'a> {
    input: Box<dyn Read>,
    left: u64,
    path: &'a DocPath,
    limit: u64,
}

impl Read for Limited<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        match self.left.checked_sub(read as u64) {
            Some(left) => {
                self.left = left;
                Ok(read)
            }
            None => Err(io::Error::other(too_large(self.path, self.limit).to_string())),
        }
    }
}
