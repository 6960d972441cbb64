//! `everpage bundle`: writes revisions as one tar, for copies that no network reaches.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;

use super::Outcome;
use super::context::{Context, Opened, replica};
use crate::sync::ItemHash;
use crate::sync::bundle::{Held, State, Written, read_state, write};
use crate::wiki::{Clock, SystemClock};

/// Write revisions into one file, to carry them to a server without a network
///
/// On the other server, everpage unbundle reads the file; reading it again does no harm. With
/// --since the file holds only what is new. An earlier bundle, from here or from the other server,
/// tells exactly what is new; a date relies on the clocks of the authors.
#[derive(Debug, Args)]
pub(super) struct Bundle {
    /// Leave out what an earlier BUNDLE's wiki held, or revisions from before DATE (UTC)
    #[arg(long, value_name = "BUNDLE|DATE", value_parser = since)]
    since: Option<Since>,
    /// The file to write, or - for standard output [default: everpage-TIME.tar]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print the result as one JSON object (with -o -, to standard error)
    #[arg(long)]
    json: bool,
}

/// What a bundle goes on from.
#[derive(Debug, Clone)]
enum Since {
    Date(Timestamp),
    File(PathBuf),
}

fn since(text: &str) -> Result<Since, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(Since::Date(time));
    }
    if let Ok(midnight) = format!("{text}T00:00:00Z").parse() {
        return Ok(Since::Date(midnight));
    }
    let path = PathBuf::from(text);
    if path.is_file() {
        return Ok(Since::File(path));
    }
    Err("neither a bundle that is there nor a date such as 2026-11-25 or 2026-11-25T08:00:00Z"
        .to_owned())
}

impl Bundle {
    pub(super) fn run(&self, context: &mut Context) -> anyhow::Result<Outcome> {
        let opened = context.open()?;
        opened.scan()?;
        let replica = replica(&context.data, &opened.wiki)?;
        let (held, words) = self.choose(&opened, &replica)?;
        if held.is_empty() {
            bail!("there is nothing to bundle: the wiki in {} is empty", context.data.display());
        }
        let now = SystemClock.now();
        let chosen = held.iter().filter(|h| h.chosen).count() as u64;
        let bar = bar(chosen);
        let bundle = |out: &mut dyn Write| {
            write(&*replica, held, (now, words), out, &|done| bar.set_position(done))
        };
        let to_stdout = self.output.as_deref() == Some(Path::new("-"));
        let (name, written) = if to_stdout {
            ("-".to_owned(), bundle(&mut context.out)?)
        } else {
            let file = self.output.clone().unwrap_or_else(|| default_name(now));
            (file.display().to_string(), whole_or_not_at_all(&file, bundle)?)
        };
        bar.finish_and_clear();
        self.tell(context, &name, &written, to_stdout)?;
        Ok(Outcome::found_if(written.left_out > 0))
    }

    /// Returns everything that the wiki holds, and what the bundle goes on from in words.
    fn choose(
        &self,
        opened: &Opened,
        replica: &Arc<crate::web::WikiReplica>,
    ) -> anyhow::Result<(Vec<Held>, Option<String>)> {
        use crate::sync::Replica as _;

        let (state, words) = match &self.since {
            None => (None, None),
            Some(Since::Date(date)) => (None, Some(date.to_string())),
            Some(Since::File(path)) => {
                let read = || -> anyhow::Result<State> { Ok(read_state(&mut File::open(path)?)?) };
                let state = read().with_context(|| format!("could not use {}", path.display()))?;
                if replica.wiki_id()?.is_some_and(|ours| ours != state.wiki) {
                    bail!(
                        "{} belongs to another wiki ({}), so it cannot tell what is new here",
                        path.display(),
                        state.wiki
                    );
                }
                (Some(state), path.file_name().map(|n| n.to_string_lossy().into_owned()))
            }
        };
        let new = |item: &ItemHash, date: Option<Timestamp>| match (&self.since, &state) {
            (_, Some(state)) => !state.holds(item),
            // What has no date may be new.
            (Some(Since::Date(since)), _) => date.is_none_or(|date| date >= *since),
            _ => true,
        };
        let mut held = Vec::new();
        for key in opened.wiki.keys() {
            let Some(document) = opened.wiki.known(&key) else { continue };
            for revision in document.revisions().filter(|r| r.damage.is_none()) {
                let (path, id, date) = (revision.dir.path().clone(), revision.id, revision.date);
                let chosen = new(&ItemHash::of(&key, id), date);
                held.push(Held { path, id, date, chosen });
            }
        }
        Ok((held, words))
    }

    fn tell(
        &self,
        context: &mut Context,
        name: &str,
        written: &Written,
        to_stdout: bool,
    ) -> anyhow::Result<()> {
        if self.json {
            let mut value = serde_json::to_value(written)?;
            if let Some(object) = value.as_object_mut() {
                object.insert("file".to_owned(), name.into());
            }
            if to_stdout {
                return Ok(context.note(value.to_string())?);
            }
            return context.json(&value);
        }
        let count = |n: u64, one: &str| {
            if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
        };
        let mut text = format!(
            "{} of {} in {}",
            count(written.revisions, "revision"),
            count(written.documents, "document"),
            if to_stdout { "the bundle" } else { name }
        );
        if written.left_out > 0 {
            let left = count(written.left_out, "damaged revision");
            text = format!("{text}\n{left} left out; everpage check shows why");
        }
        if to_stdout {
            context.note(text)?;
        } else {
            writeln!(context.out, "{text}")?;
        }
        Ok(())
    }
}

fn bar(total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("bundling {bar:30} {pos}/{len}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total).with_style(style)
}

fn default_name(now: Timestamp) -> PathBuf {
    PathBuf::from(format!("everpage-{}.tar", now.strftime("%Y-%m-%dT%H%M%SZ")))
}

/// Writes a file that has its name only once it is whole and on stable storage.
fn whole_or_not_at_all<T>(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<T, crate::sync::bundle::BundleError>,
) -> anyhow::Result<T> {
    let said = path.display();
    if path.try_exists().unwrap_or(true) {
        bail!("{said} already exists and was not overwritten; choose another name with -o FILE");
    }
    let Some(name) = path.file_name() else { bail!("{said} is not a valid file name") };
    let part = path.with_file_name(format!("{}.part", name.to_string_lossy()));
    let finish = || -> anyhow::Result<T> {
        let file = File::options().write(true).create_new(true).open(&part)?;
        let mut out = BufWriter::new(file);
        let filled = fill(&mut out)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&part, path)?;
        let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(filled)
    };
    finish()
        .inspect_err(|error| {
            let taken = error.downcast_ref::<io::Error>().map(io::Error::kind);
            if taken != Some(io::ErrorKind::AlreadyExists) {
                // What was begun is of no use to anyone.
                let _ = fs::remove_file(&part);
            }
        })
        .with_context(|| format!("could not write {said}"))
}
