//! `everpage cat`: the bytes of a document.

use std::io::{self, Write};

use anyhow::{Context as _, bail};
use clap::Args;

use super::Outcome;
use super::context::{Context, check_revision};
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;

/// Up to this size a content is verified before its first byte is printed.
const VERIFIED: u64 = 64 << 20;

/// Print a document byte for byte
#[derive(Debug, Args)]
pub(super) struct Cat {
    /// The document; without an extension it is a page
    #[arg(value_parser = super::document)]
    path: DocPath,
    /// A revision other than the current one
    #[arg(long, value_name = "ID")]
    rev: Option<RevisionId>,
}

impl Cat {
    pub(super) fn run(&self, context: &mut Context) -> anyhow::Result<Outcome> {
        let opened = context.open()?;
        let document = opened.require(&self.path)?;
        let id = match (self.rev, document.resolution().winner) {
            (None, Some(_)) if document.is_deleted() => bail!(
                "“{0}” is deleted. To see an earlier revision, find its id with everpage log '{0}' and name it with --rev",
                document.path()
            ),
            (Some(id), _) | (None, Some(id)) => id,
            (None, None) => bail!("“{}” has no intact revision", document.path()),
        };
        check_revision(&document, id)?;
        let length = document.revision(id).map_or(0, |r| r.length);
        if length <= VERIFIED {
            let content = opened.wiki.content(&document, id)?;
            context.out.write_all(&content)?;
        } else {
            let mut content = opened.wiki.open_content(&document, id)?;
            copy(&mut content.reader, &mut context.out)?;
        }
        Ok(Outcome::Done)
    }
}

/// Copies in pieces; an error of writing stays what it is, so that a closed pipe ends quietly.
fn copy(from: &mut dyn io::Read, to: &mut dyn Write) -> anyhow::Result<()> {
    let mut piece = vec![0; 1 << 17];
    loop {
        match from.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(read) => to.write_all(&piece[..read])?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e).context("could not read the whole revision"),
        }
    }
}
