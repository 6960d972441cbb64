//! `everpage import`: brings a folder of Markdown and its pictures into the wiki.
//!
//! - `walk.rs` lists the files and names their documents.
//! - `plan.rs` decides what to do with each.
//! - `save.rs` does it, many at a time.
//!
//! Importing the same folder again creates nothing; what changed in the folder becomes the next
//! revision; what people have edited in the wiki is never replaced silently. An import that was
//! interrupted is finished by repeating it.

mod plan;
mod save;
mod walk;

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::context::Context;
use super::{Outcome, Signature, show};
use crate::model::path::DocPath;

/// Import a folder of Markdown, images and other files into the wiki
///
/// Every regular file that is not hidden becomes a document of the same name. Importing again
/// saves only what has changed in the folder. If a page was edited in the wiki since the last
/// import, the imported text becomes an unmerged version of it. Exit code 1 if a file was skipped
/// or became an unmerged version.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// The folder to import
    folder: PathBuf,
    /// Import into this folder of the wiki
    #[arg(long, value_name = "PREFIX", value_parser = prefix)]
    into: Option<String>,
    /// Restore documents that were deleted in the wiki
    #[arg(long)]
    restore: bool,
    /// Show what would be done, without saving anything
    #[arg(long)]
    dry_run: bool,
    /// Your name, for the history
    #[arg(
        long,
        env = "EVERPAGE_AUTHOR",
        hide_env_values = true,
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    author: String,
    /// Print one JSON object per line for every file except unchanged ones
    #[arg(long)]
    json: bool,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Result {
    New,
    Changed,
    Restored,
    Unchanged,
    Conflict,
    Skipped,
}

impl Result {
    fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Restored => "restored",
            Self::Unchanged => "unchanged",
            Self::Conflict => "conflict",
            Self::Skipped => "skipped",
        }
    }
}

/// What became of a file, and why.
#[derive(Debug, Serialize)]
struct Report {
    /// Its name below the folder.
    file: String,
    /// The document, if it can be one.
    path: Option<String>,
    result: Result,
    detail: String,
}

impl Report {
    fn new(file: &str, path: Option<&str>, result: Result, detail: &str) -> Self {
        Self {
            file: file.to_owned(),
            path: path.map(str::to_owned),
            result,
            detail: detail.to_owned(),
        }
    }
}

impl Import {
    pub(super) fn run(&self, context: &mut Context) -> anyhow::Result<Outcome> {
        let folder = fs::canonicalize(&self.folder)
            .with_context(|| format!("could not read the folder {}", self.folder.display()))?;
        if !folder.is_dir() {
            bail!("{} is not a folder", self.folder.display());
        }
        refuse_own(&folder, &context.data)?;
        let (sources, mut reports) = walk::walk(&folder, self.into.as_deref(), &context.data)?;
        let opened =
            if self.dry_run && !context.exists() { None } else { Some(context.open_or_create()?) };
        let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy();
        let job = save::Job {
            wiki: opened.as_ref(),
            limits: context.limits()?,
            signature: Signature {
                author: self.author.clone(),
                summary: format!("{}{name}", plan::MARK),
            },
            restore: self.restore,
            dry_run: self.dry_run,
        };
        let progress = progress(sources.len());
        let (saved, ended) = save::save_all(&job, &sources, &progress);
        progress.finish_and_clear();
        reports.extend(saved);
        self.print(context, &reports)?;
        if let Some(error) = ended {
            let left =
                sources.len() + reports.iter().filter(|r| r.path.is_none()).count() - reports.len();
            return Err(anyhow::Error::new(error).context(format!(
                "the import ended early with {left} files left; what was imported is safe, and \
                 repeating the import brings the rest"
            )));
        }
        let undone = |r: &Report| matches!(r.result, Result::Skipped | Result::Conflict);
        Ok(Outcome::found_if(reports.iter().any(undone)))
    }

    fn print(&self, context: &mut Context, reports: &[Report]) -> anyhow::Result<()> {
        for report in reports.iter().filter(|r| r.result != Result::Unchanged) {
            if self.json {
                context.json(report)?;
            } else if self.dry_run || !report.detail.is_empty() {
                let line = format!(
                    "{:<9} {}  {}",
                    report.result.word(),
                    show::printable(&report.file),
                    report.detail
                );
                writeln!(context.out, "{}", line.trim_end())?;
            }
        }
        if !self.json {
            writeln!(context.out, "{}", summary(reports, self.dry_run))?;
        }
        Ok(())
    }
}

/// Says in one line what became of all files.
fn summary(reports: &[Report], dry_run: bool) -> String {
    let count = |result| reports.iter().filter(|r| r.result == result).count();
    let mut parts = Vec::new();
    for (result, words) in [
        (Result::New, "new"),
        (Result::Changed, "changed"),
        (Result::Restored, "restored"),
        (Result::Unchanged, "unchanged"),
        (Result::Conflict, "unmerged"),
        (Result::Skipped, "skipped"),
    ] {
        match count(result) {
            0 => {}
            number => parts.push(format!("{number} {words}")),
        }
    }
    let files = if reports.len() == 1 { "file" } else { "files" };
    let what = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    let tense = if dry_run { " (nothing was saved)" } else { "" };
    format!("{} {files}{what}{tense}", reports.len())
}

/// Refuses to import the revisions of this very wiki as documents.
fn refuse_own(folder: &Path, data: &Path) -> anyhow::Result<()> {
    for own in ["pages", "local"] {
        if fs::canonicalize(data.join(own)).is_ok_and(|own| folder.starts_with(own)) {
            bail!("{} belongs to this wiki; choose another folder", folder.display());
        }
    }
    if fs::canonicalize(data).is_ok_and(|data| data == folder) {
        bail!("{} is this wiki; choose another folder", folder.display());
    }
    Ok(())
}

/// Reads a folder of the wiki.
fn prefix(text: &str) -> std::result::Result<String, String> {
    let folder = text.trim_matches('/');
    DocPath::from_user(folder).map(|path| path.as_str().to_owned()).map_err(|e| e.to_string())
}

fn progress(files: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(files as u64), ProgressDrawTarget::hidden());
    if io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} files, {eta} left") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
    }
    bar
}
