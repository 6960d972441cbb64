//! Making a bundle.

use std::collections::HashSet;
use std::io::{self, Read, Write};

use jiff::Timestamp;
use serde::Serialize;

use super::{BundleError, END, End, FORMAT, MANIFEST, Manifest, STATE, State, short};
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;
use crate::sync::error::ReplicaError;
use crate::sync::frame::open_whole;
use crate::sync::identity::WikiId;
use crate::sync::item::ItemHash;
use crate::sync::replica::Replica;

/// A whole revision that a wiki holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held {
    /// The document.
    pub path: DocPath,
    /// The revision.
    pub id: RevisionId,
    /// When it was written; the file in the bundle has this date.
    pub date: Option<Timestamp>,
    /// It belongs into the bundle; else only into the state.
    pub chosen: bool,
}

/// What a bundle came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Written {
    /// The wiki it is of.
    pub wiki: String,
    /// How many revisions are in it.
    pub revisions: u64,
    /// Of how many documents.
    pub documents: u64,
    /// Bytes of their files.
    pub bytes: u64,
    /// Revisions that turned out not to be whole and are not in it.
    pub left_out: u64,
}

/// Writes a bundle of what is chosen among all that the wiki holds.
///
/// # Errors
/// If a revision cannot be read or the bundle cannot be written. What was written until then is
/// no bundle.
pub fn write(
    replica: &dyn Replica,
    mut held: Vec<Held>,
    manifest: (Timestamp, Option<String>),
    out: &mut dyn Write,
    progress: &dyn Fn(u64),
) -> Result<Written, BundleError> {
    held.sort_unstable();
    let wiki = named(replica)?;
    let (made, since) = manifest;
    let manifest = Manifest { bundle: FORMAT, wiki: wiki.to_string(), made, since };
    let mut tar = Tar { builder: tar::Builder::new(out), made };
    tar.json(MANIFEST, &manifest)?;
    tar.bytes("pages/.wiki-id", format!("{wiki}\n").as_bytes())?;
    let mut written =
        Written { wiki: manifest.wiki, revisions: 0, documents: 0, bytes: 0, left_out: 0 };
    let mut state = Vec::with_capacity(held.len());
    let mut documents = HashSet::new();
    for Held { path, id, date, chosen } in held {
        let key = path.key();
        let item = ItemHash::of(&key, id);
        if chosen {
            let Some((length, mut file)) = open_whole(replica, &path, id, u64::MAX)? else {
                replica.show(&path);
                written.left_out += 1;
                continue;
            };
            let name = format!("pages/{}/{id}", path.to_disk());
            tar.file(&name, length, date, &mut file)?;
            documents.insert(key);
            written.revisions += 1;
            written.bytes += length;
            progress(written.revisions);
        }
        state.push(short(&item));
    }
    written.documents = documents.len() as u64;
    tar.bytes(STATE, &State::print(wiki, &state))?;
    tar.json(END, &End { revisions: written.revisions })?;
    let out = tar.builder.into_inner().map_err(BundleError::Write)?;
    out.flush().map_err(BundleError::Write)?;
    Ok(written)
}

/// Returns the id of the wiki, which it gets with its first bundle at the latest.
fn named(replica: &dyn Replica) -> Result<WikiId, ReplicaError> {
    if let Some(wiki) = replica.wiki_id()? {
        return Ok(wiki);
    }
    let wiki = replica.draw_wiki_id();
    replica.set_wiki_id(wiki)?;
    Ok(wiki)
}

struct Tar<'a> {
    builder: tar::Builder<&'a mut dyn Write>,
    made: Timestamp,
}

impl Tar<'_> {
    fn json(&mut self, name: &str, value: &impl Serialize) -> Result<(), BundleError> {
        let mut text = serde_json::to_vec(value).map_err(|e| BundleError::Write(e.into()))?;
        text.push(b'\n');
        self.bytes(name, &text)
    }

    fn bytes(&mut self, name: &str, mut bytes: &[u8]) -> Result<(), BundleError> {
        self.file(name, bytes.len() as u64, Some(self.made), &mut bytes)
    }

    fn file(
        &mut self,
        name: &str,
        length: u64,
        date: Option<Timestamp>,
        file: &mut dyn Read,
    ) -> Result<(), BundleError> {
        let mut header = tar::Header::new_gnu();
        header.set_size(length);
        header.set_mode(0o644);
        header.set_mtime(date.and_then(|d| u64::try_from(d.as_second()).ok()).unwrap_or(0));
        let mut exact = Exact { file: file.take(length), name };
        self.builder.append_data(&mut header, name, &mut exact).map_err(BundleError::Write)
    }
}

/// A file that must have as many bytes as the tar was told.
struct Exact<'a, R> {
    file: io::Take<R>,
    name: &'a str,
}

impl<R: Read> Read for Exact<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        if read == 0 && !buffer.is_empty() && self.file.limit() > 0 {
            let words = format!("{} has become incomplete; everpage check shows why", self.name);
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, words));
        }
        Ok(read)
    }
}
