//! Bringing the files in: many at a time, because each waits for the disk.

use std::fs::File;
use std::io::{self, Read};
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use indicatif::ProgressBar;

use super::plan::{Plan, plan};
use super::walk::{self, Source};
use super::{Report, Result as Fate};
use crate::cli::Signature;
use crate::cli::context::{Opened, edit_of, limit};
use crate::model::file::{ContentDigest, Digester};
use crate::store::StoreError;
use crate::wiki::{Document, Limits, MergeOnSave, Saved, WikiError};

/// How many files are on their way at a time: enough for savers to share the disk's work.
const SAVERS: NonZero<usize> = NonZero::new(16).expect("sixteen is not zero");
/// Files up to this size are taken into memory.
const IN_MEMORY: u64 = 16 << 20;

/// What an import is to do.
pub(super) struct Job<'a> {
    /// The wiki; `None` where there is none and none is to be made.
    pub(super) wiki: Option<&'a Opened>,
    pub(super) limits: Limits,
    pub(super) signature: Signature,
    pub(super) restore: bool,
    pub(super) dry_run: bool,
}

/// Imports all files and returns what became of each, in their order; an error ends the import,
/// and what was saved before it stays.
pub(super) fn save_all(
    job: &Job<'_>,
    sources: &[Source],
    progress: &ProgressBar,
) -> (Vec<Report>, Option<StoreError>) {
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let (sender, results) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..SAVERS.get().min(sources.len()) {
            let sender = sender.clone();
            scope.spawn(|| {
                let sender = sender;
                while !stop.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(source) = sources.get(index) else { return };
                    let result = job.save(source);
                    if matches!(result, Err(Trouble::Ends(_))) {
                        stop.store(true, Ordering::Relaxed);
                    }
                    progress.inc(1);
                    // The receiver lives as long as this scope.
                    let _ = sender.send((index, result));
                }
            });
        }
        drop(sender);
        let mut reports = Vec::with_capacity(sources.len());
        let mut ended = None;
        for (index, result) in results {
            let source = &sources[index];
            let report = |fate, detail: &str| {
                Report::new(&source.shown, Some(source.path.as_str()), fate, detail)
            };
            match result {
                Ok((fate, detail)) => reports.push((index, report(fate, &detail))),
                Err(Trouble::This(why)) => reports.push((index, report(Fate::Skipped, &why))),
                Err(Trouble::Ends(error)) => drop(ended.get_or_insert(error)),
            }
        }
        reports.sort_by_key(|(index, _)| *index);
        (reports.into_iter().map(|(_, report)| report).collect(), ended)
    })
}

/// Why a file was not imported.
enum Trouble {
    /// Something about this file.
    This(String),
    /// Something that the next file would meet, too.
    Ends(StoreError),
}

impl From<WikiError> for Trouble {
    fn from(error: WikiError) -> Self {
        match error {
            WikiError::Store(
                error @ (StoreError::NameTooLong(_)
                | StoreError::Taken(_)
                | StoreError::NotFound(_)
                | StoreError::HeaderTooLong(_)
                | StoreError::Permission(_)
                | StoreError::Io { action: "receive" | "make the directory", .. }),
            ) => Self::This(describe(&error)),
            WikiError::Store(error) => Self::Ends(error),
            other => Self::This(other.to_string()),
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::This(format!("it cannot be read: {error}"))
    }
}

fn describe(error: &StoreError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// A file's content: in memory, or too large for that and to be read once more.
enum Content {
    Whole(Vec<u8>),
    Large,
}

impl Job<'_> {
    fn save(&self, source: &Source) -> Result<(Fate, String), Trouble> {
        let (content, digest) = self.read(source)?;
        let Some(opened) = self.wiki else { return Ok((Fate::New, String::new())) };
        let document = opened.find(&source.path)?;
        let plan = plan(document.as_deref(), digest, self.restore);
        let expected = outcome(plan, source);
        let changes = !matches!(expected.0, Fate::Unchanged | Fate::Skipped) && !self.dry_run;
        if changes && self.carry_out(opened, source, &content, document.as_deref(), plan)? {
            return Ok(outcome(Plan::Beside(None), source));
        }
        Ok(expected)
    }

    /// Reads a file, or at least its digest.
    fn read(&self, source: &Source) -> Result<(Content, ContentDigest), Trouble> {
        let mut file = walk::open(&source.file)?;
        let limit = limit(self.limits, &source.path);
        let size = file.metadata()?.len();
        let too_large = || {
            let key = if source.path.is_page() { "max_text" } else { "max_attachment" };
            Trouble::This(format!("it is larger than the {limit} bytes that {key} allows"))
        };
        if size > limit {
            return Err(too_large());
        }
        if size <= IN_MEMORY {
            let mut bytes = Vec::with_capacity(size as usize);
            file.by_ref().take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
            if bytes.is_empty() {
                return Err(Trouble::This(
                    "it is empty, which in Everpage means deleted".to_owned(),
                ));
            }
            if bytes.len() as u64 > limit {
                return Err(too_large());
            }
            let digest = ContentDigest::of(&bytes);
            return Ok((Content::Whole(bytes), digest));
        }
        Ok((Content::Large, digest_of(&mut file)?))
    }

    /// Does what was planned; returns true if that made a conflict.
    fn carry_out(
        &self,
        opened: &Opened,
        source: &Source,
        content: &Content,
        document: Option<&Document>,
        plan: Plan,
    ) -> Result<bool, Trouble> {
        let bytes = match (content, plan) {
            (Content::Whole(bytes), _) => bytes.clone(),
            // Only a stream may be larger than memory, and a stream goes on the winner.
            (Content::Large, Plan::Beside(_)) => {
                let mut bytes = Vec::new();
                walk::open(&source.file)?.read_to_end(&mut bytes)?;
                bytes
            }
            (Content::Large, _) => {
                let edit = edit_of(&source.path, document, &self.signature, Vec::new());
                opened.wiki.save_stream(&edit, &mut walk::open(&source.file)?)?;
                return Ok(false);
            }
        };
        let mut edit = edit_of(&source.path, document, &self.signature, bytes);
        let saved = match plan {
            Plan::Leave | Plan::LeaveDeleted => return Ok(false),
            Plan::Create | Plan::Beside(None) => {
                edit.base = None;
                opened.wiki.save(&edit, MergeOnSave::Ask)?
            }
            Plan::Update(base) | Plan::Restore(base) | Plan::Beside(Some(base)) => {
                edit.base = Some(base);
                opened.wiki.save(&edit, MergeOnSave::Ask)?
            }
        };
        Ok(matches!(saved, Saved::Yielded { .. }))
    }
}

fn outcome(plan: Plan, source: &Source) -> (Fate, String) {
    let quiet = |fate| (fate, String::new());
    match plan {
        Plan::Leave => quiet(Fate::Unchanged),
        Plan::Create => quiet(Fate::New),
        Plan::Update(_) => quiet(Fate::Changed),
        Plan::Restore(_) => quiet(Fate::Restored),
        Plan::LeaveDeleted => {
            (Fate::Skipped, "deleted in the wiki; --restore brings it back".to_owned())
        }
        Plan::Beside(_) => (
            Fate::Conflict,
            format!(
                "edited in the wiki since; both versions are kept, see everpage merge \
                 '{}'",
                source.path
            ),
        ),
    }
}

fn digest_of(file: &mut File) -> io::Result<ContentDigest> {
    let mut digester = Digester::default();
    let mut piece = vec![0; 1 << 17];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(digester.finish().digest),
            Ok(read) => digester.update(&piece[..read]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}
