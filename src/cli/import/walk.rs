//! Which files of a folder are to be imported, and under which names.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use unicode_normalization::UnicodeNormalization;

use super::Report;
use super::Result as Fate;
use crate::model::path::{DocKey, DocPath};

/// A file that is to be imported.
#[derive(Debug)]
pub(super) struct Source {
    /// Where it is.
    pub(super) file: PathBuf,
    /// How it is called below the folder.
    pub(super) shown: String,
    /// The document it becomes.
    pub(super) path: DocPath,
}

/// Lists the regular files below `folder` that are not hidden, in order of name, and reports what
/// cannot be imported. `leave` is the data directory, should it lie below the folder.
pub(super) fn walk(
    folder: &Path,
    into: Option<&str>,
    leave: &Path,
) -> anyhow::Result<(Vec<Source>, Vec<Report>)> {
    let leave = fs::canonicalize(leave).ok();
    let mut walk = Walk { into, sources: Vec::new(), reports: Vec::new() };
    // The folder itself was named by a person: that it cannot be read ends everything.
    let first = fs::read_dir(folder)
        .with_context(|| format!("could not read the folder {}", folder.display()))?;
    let mut stack = vec![(String::new(), first)];
    while let Some((above, entries)) = stack.pop() {
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(e) => {
                    walk.skip(&above, &e.to_string());
                    continue;
                }
            };
            let raw = entry.file_name();
            let name = raw.to_string_lossy();
            if name.starts_with('.') {
                continue;
            }
            let shown = if above.is_empty() { name.to_string() } else { format!("{above}/{name}") };
            let kind = match entry.file_type() {
                Ok(kind) => kind,
                Err(e) => {
                    walk.skip(&shown, &e.to_string());
                    continue;
                }
            };
            if kind.is_symlink() {
                walk.skip(&shown, "symbolic links are not followed");
            } else if kind.is_dir() {
                let path = entry.path();
                if leave.is_some() && fs::canonicalize(&path).ok() == leave {
                    continue;
                }
                match fs::read_dir(&path) {
                    Ok(entries) => stack.push((shown, entries)),
                    Err(e) => walk.skip(&shown, &e.to_string()),
                }
            } else if !kind.is_file() {
                walk.skip(&shown, "not a regular file");
            } else if raw.to_str().is_none() {
                walk.skip(&shown, "the name is not UTF-8");
            } else {
                walk.take(entry.path(), shown);
            }
        }
    }
    Ok(walk.finish())
}

struct Walk<'a> {
    into: Option<&'a str>,
    sources: Vec<Source>,
    reports: Vec<Report>,
}

impl Walk<'_> {
    fn skip(&mut self, shown: &str, why: &str) {
        self.reports.push(Report::new(shown, None, Fate::Skipped, why));
    }

    fn take(&mut self, file: PathBuf, shown: String) {
        match name(&shown, self.into) {
            Ok(path) => self.sources.push(Source { file, shown, path }),
            Err(why) => self.skip(&shown, &why),
        }
    }

    /// Puts the files in order and leaves out those that would be one document.
    fn finish(mut self) -> (Vec<Source>, Vec<Report>) {
        self.sources.sort_by(|a, b| a.shown.cmp(&b.shown));
        let mut taken: HashMap<DocKey, String> = HashMap::new();
        let mut kept = Vec::with_capacity(self.sources.len());
        for source in std::mem::take(&mut self.sources) {
            if let Some(other) = taken.get(&source.path.key()) {
                let why = format!("it would be the same document as {other}");
                self.skip(&source.shown, &why);
            } else {
                taken.insert(source.path.key(), source.shown.clone());
                kept.push(source);
            }
        }
        (kept, self.reports)
    }
}

/// Makes the name of a document from that of a file: normalised, and every spelling of the ending
/// of a Markdown file becomes a page's.
fn name(shown: &str, into: Option<&str>) -> Result<DocPath, String> {
    let mut name: String = shown.nfc().collect();
    if let Some((stem, extension)) = name.rsplit_once('.')
        && ["md", "markdown"].iter().any(|e| extension.eq_ignore_ascii_case(e))
    {
        name = format!("{stem}.md");
    }
    if let Some(folder) = into {
        name = format!("{folder}/{name}");
    }
    DocPath::new(&name).map_err(|e| e.to_string())
}

/// Opens a file that was seen to be a regular one, and is still.
pub(super) fn open(file: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt;

    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let opened =
        fs::OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(file)?;
    if opened.metadata()?.is_file() {
        Ok(opened)
    } else {
        Err(io::Error::other("it is not a regular file any more"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised_and_markdown_becomes_a_page() {
        let spelled =
            |shown: &str, into: Option<&str>| name(shown, into).map(|p| p.as_str().to_owned());
        assert_eq!(spelled("A/b.markdown", None).unwrap(), "A/b.md");
        assert_eq!(spelled("README.MD", Some("docs")).unwrap(), "docs/README.md");
        assert_eq!(spelled("Cafe\u{301}.md", None).unwrap(), "Caf\u{e9}.md");
        assert_eq!(spelled("LICENSE", None).unwrap(), "LICENSE");
        assert_eq!(spelled("a:b?.png", None).unwrap(), "a:b?.png");
        assert!(spelled("1-0b5f7a2c-5d3e-4f6a-8b9c-0d1e2f3a4b5c", None).is_err());
        assert!(spelled("a\u{202e}b.md", None).is_err());
        assert!(spelled(&format!("{}.md", "x".repeat(201)), None).is_err());
        assert!(spelled(".markdown", None).is_err());
    }
}
