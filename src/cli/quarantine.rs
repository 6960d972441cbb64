//! `everpage quarantine`: looks at what peers sent and may not enter, and decides on it.

use std::io::{self, Read, Write};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};

use super::Outcome;
use super::context::Context;
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;
use crate::store::Body;
use crate::sync::quarantine::{Quarantine as Aside, Suspect};

/// Review revisions from other servers that were not accepted automatically
#[derive(Debug, Args)]
pub(super) struct Quarantine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the revisions in quarantine, with the reasons
    Ls {
        /// Print one JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Print the bytes of a revision in quarantine
    Show {
        /// Its name in the list
        name: String,
    },
    /// Accept a revision into its page
    Accept {
        /// Its name in the list
        name: String,
    },
    /// Delete a revision; a server that still has it may send it again
    Rm {
        /// Its name in the list
        name: String,
    },
}

impl Quarantine {
    pub(super) fn run(&self, context: &mut Context) -> anyhow::Result<Outcome> {
        let aside = Aside::new(&context.data);
        match &self.command {
            Command::Ls { json } => {
                let all = aside.list()?;
                for suspect in &all {
                    if *json {
                        context.json(suspect)?;
                        continue;
                    }
                    let Suspect { name, path, id, reason, from, .. } = suspect;
                    writeln!(context.out, "{name}  {path}  {id}\n    from {from}: {reason}")?;
                }
                return Ok(Outcome::found_if(!all.is_empty()));
            }
            Command::Show { name } => {
                let mut file = bytes(&aside, &find(&aside, name)?)?;
                io::copy(&mut file, &mut context.out)?;
            }
            Command::Accept { name } => {
                let suspect = find(&aside, name)?;
                let mut file = bytes(&aside, &suspect)?;
                let path =
                    DocPath::new(&suspect.path).context("its name is not a valid page name")?;
                let id: RevisionId =
                    suspect.id.parse().context("its id is not a valid revision id")?;
                let opened = context.open()?;
                opened.find(&path)?;
                opened.wiki.receive(&path, id, Body::Stream(&mut file)).with_context(|| {
                    format!(
                        "could not accept it into “{path}”; {} stays in quarantine",
                        suspect.name
                    )
                })?;
                aside.remove(&suspect)?;
            }
            Command::Rm { name } => aside.remove(&find(&aside, name)?)?,
        }
        Ok(Outcome::Done)
    }
}

fn find(aside: &Aside, name: &str) -> anyhow::Result<Suspect> {
    let found = aside.list()?.into_iter().find(|s| s.name == name);
    found.with_context(|| format!("there is no “{name}” in quarantine; see everpage quarantine ls"))
}

fn bytes(aside: &Aside, suspect: &Suspect) -> anyhow::Result<impl Read + use<>> {
    match aside.open(suspect)? {
        Some(file) => Ok(file),
        None => bail!("the content of “{}” was not kept: {}", suspect.name, suspect.reason),
    }
}
