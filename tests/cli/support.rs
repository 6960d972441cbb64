//! A data directory of its own, and the program to run on it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A place with a data directory `data`, which nobody has made yet.
pub(crate) struct Place {
    dir: TempDir,
}

/// What a run of the program came to.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.dir.path().join(relative)
    }

    pub(crate) fn write(&self, relative: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Puts a revision without a header where it belongs, as a person with `cp` would.
    pub(crate) fn by_hand(&self, document: &str, id: &str, content: impl AsRef<[u8]>) {
        self.write(&format!("data/pages/{document}/{id}"), content);
    }

    /// Puts a revision with a header where it belongs, as a sync of folders would.
    pub(crate) fn revision(
        &self,
        document: &str,
        id: &str,
        parents: &[&str],
        author: &str,
        content: &str,
    ) {
        let parents: Vec<String> = parents.iter().map(|p| format!("Parent: {p}\n")).collect();
        let parents = parents.concat();
        let date = "Date: 2026-11-23T08:29:00.123Z";
        let text = format!("Revision: {id}\n{parents}Author: {author}\n{date}\n\n{content}");
        self.by_hand(document, id, text);
    }

    /// Returns the names of the revision files of a document.
    pub(crate) fn revisions(&self, document: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path("data/pages").join(document));
        let names = entries.into_iter().flatten().map(|e| e.unwrap().file_name());
        let mut names: Vec<String> = names.map(|n| n.into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_everpage"));
        command.env_clear().current_dir(self.dir.path()).args(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        Run::of(self.command(args).spawn().unwrap())
    }

    pub(crate) fn run_with(&self, args: &[&str], input: impl AsRef<[u8]>) -> Run {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        // A program that refuses before reading closes the pipe.
        let _ = child.stdin.take().unwrap().write_all(input.as_ref());
        Run::of(child)
    }

    /// Saves a text and returns its id.
    pub(crate) fn put(&self, path: &str, content: impl AsRef<[u8]>) -> String {
        self.run_with(&["put", path], content).ok().trim().to_owned()
    }

    pub(crate) fn cat(&self, path: &str) -> String {
        self.run(&["cat", path]).ok()
    }

    /// Runs a command with `--json` and reads its lines.
    pub(crate) fn json(&self, args: &[&str]) -> Vec<Value> {
        let run = self.run(&[args, &["--json"]].concat());
        run.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Run {
    pub(crate) fn of(child: Child) -> Self {
        let output = child.wait_with_output().unwrap();
        Self {
            code: output.status.code().expect("ended by itself"),
            out: output.stdout,
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.out.clone()).unwrap()
    }

    /// Returns the output of a run that must have ended well.
    #[track_caller]
    pub(crate) fn ok(&self) -> String {
        assert_eq!(self.code, 0, "{}\n{}", self.text(), self.err);
        self.text()
    }

    /// Checks that the run ended with this exit code and said these words.
    #[track_caller]
    pub(crate) fn refused(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{}\n{}", self.text(), self.err);
        for word in words {
            assert!(self.err.contains(word), "no “{word}” in: {}", self.err);
        }
    }
}

/// Makes an id with a nonce that ends in this number.
pub(crate) fn id(number: u64, nonce: u64) -> String {
    format!("{number}-00000000-0000-4000-8000-{nonce:012x}")
}

/// Returns every regular file below a directory with its bytes.
pub(crate) fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut stack = vec![dir.to_owned()];
    while let Some(dir) = stack.pop() {
        for entry in fs::read_dir(dir).into_iter().flatten() {
            let entry = entry.unwrap();
            match entry.file_type().unwrap() {
                kind if kind.is_dir() => stack.push(entry.path()),
                _ => found.push((entry.path(), fs::read(entry.path()).unwrap())),
            }
        }
    }
    found.sort();
    found
}
