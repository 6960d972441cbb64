//! `everpage peer`: the tokens that let other servers exchange with this one.

use std::io::Write;

use clap::{Args, Subcommand};

use super::Outcome;
use super::context::Context;
use crate::sync::tokens::Tokens;
use crate::wiki::{Nonces, SystemNonces};

/// Let other servers exchange revisions with this one
#[derive(Debug, Args)]
pub(super) struct Peer {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Create a token for another server and print it, once
    Add {
        /// A name for the other server
        name: String,
        /// Let the other server fetch revisions but not send any
        #[arg(long)]
        read_only: bool,
    },
    /// List the servers that have a token
    Ls {
        /// Print one JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Revoke a server's token
    Rm {
        /// The server
        name: String,
    },
}

impl Peer {
    pub(super) fn run(&self, context: &mut Context) -> anyhow::Result<Outcome> {
        let tokens = Tokens::new(&context.data);
        match &self.command {
            Command::Add { name, read_only } => {
                let drawn = [SystemNonces.draw(), SystemNonces.draw()];
                let token = tokens.add(name, *read_only, drawn)?;
                writeln!(context.out, "{token}")?;
                context.note(
                    "this is the token; it will not be shown again. On the other server, put it into a file and \
                     run: everpage sync URL --token-file FILE",
                )?;
            }
            Command::Ls { json } => {
                for (name, peer) in tokens.list()? {
                    if *json {
                        let read_only = peer.read_only;
                        context
                            .json(&serde_json::json!({ "name": name, "read_only": read_only }))?;
                    } else {
                        let may = if peer.read_only { "reads" } else { "reads and writes" };
                        writeln!(context.out, "{name}  {may}")?;
                    }
                }
            }
            Command::Rm { name } => tokens.remove(name)?,
        }
        Ok(Outcome::Done)
    }
}
