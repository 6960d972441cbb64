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

/// Look at revisions from peers that were set aside, and decide on them
#[derive(Debug, Args)]
pub(super) struct Quarantine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List what was set aside, and why
    Ls {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Write the bytes of one to standard output
    Show {
        /// Its name in the list
        name: String,
    },
    /// Put one into its page after all
    Accept {
        /// Its name in the list
        name: String,
    },
    /// Delete one; a peer that still has it may send it again
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
                    DocPath::new(&suspect.path).context("it has a name that no page can have")?;
                let id: RevisionId =
                    suspect.id.parse().context("it has an id that no revision can have")?;
                let opened = context.open()?;
                opened.find(&path)?;
                opened.wiki.receive(&path, id, Body::Stream(&mut file)).with_context(|| {
                    format!("“{path}” cannot take it in; {} stays in quarantine", suspect.name)
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
    found.with_context(|| {
        format!("nothing called “{name}” is in quarantine; everpage quarantine ls lists it")
    })
}

fn bytes(aside: &Aside, suspect: &Suspect) -> anyhow::Result<impl Read + use<>> {
    match aside.open(suspect)? {
        Some(file) => Ok(file),
        None => bail!("the bytes of “{}” were not kept: {}", suspect.name, suspect.reason),
    }
}
