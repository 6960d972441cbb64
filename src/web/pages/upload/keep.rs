//! Finding a place for an uploaded file and keeping it there.
//!
//! Nothing that is there gives way to an upload: a name that is taken by another content gets a
//! number (`plan-2.png`), and a new version of a file that has changed since its form was opened
//! waits as a conflict. The same content again is no new revision. To know that without a copy,
//! the beginning of the upload is held in memory; a longer one is compared as it arrives, and where
//! it differs, what was equal so far is read back from the disk.

use std::collections::HashSet;
use std::io::{self, Cursor, Read};
use std::sync::Arc;

use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::receive::Incoming;
use crate::model::file::ContentDigest;
use crate::model::path::{DocKey, DocPath, PathError};
use crate::model::revision::RevisionId;
use crate::web::error::Failure;
use crate::web::shell::{Outcome, after_save};
use crate::web::site::Site;
use crate::wiki::{Document, Edit, Saved};

/// How much of an upload is held in memory.
const BEGINNING: u64 = 1 << 20;
/// How many names are tried.
const NAMES: usize = 1_000;

/// Names that uploads under way will take.
#[derive(Default)]
pub(in crate::web) struct Claims(Mutex<HashSet<DocKey>>);

impl Claims {
    /// Claims a name, unless another upload has.
    fn claim(&self, path: &DocPath) -> Option<Claim<'_>> {
        let key = path.key();
        self.0.lock().insert(key.clone()).then_some(Claim { claims: self, key })
    }
}

struct Claim<'a> {
    claims: &'a Claims,
    key: DocKey,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.claims.0.lock().remove(&self.key);
    }
}

/// What to do with an upload.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    /// The name it should have.
    pub(super) path: DocPath,
    /// It becomes the next version of the file of that name.
    pub(super) replaces: Option<Form>,
    pub(super) author: String,
}

/// What the form for a new version says of the upload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    /// The version that the new one was made from; without one it never replaces what is there.
    pub(super) base: Option<RevisionId>,
    /// So that a form that is sent again makes one revision.
    pub(super) nonce: Uuid,
}

/// An upload that was kept.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    /// The name it has.
    pub(super) path: DocPath,
    /// The upstream does not have it yet.
    pub(super) owed: bool,
    /// Where its author chooses, if another version is there that they have not seen.
    pub(super) merge: Option<String>,
}

impl Kept {
    /// It was there before.
    fn before(document: &Document) -> Self {
        Self { path: document.path().clone(), owed: false, merge: None }
    }
}

/// Reads an upload to its end and keeps it.
pub(super) fn keep(site: &Site, wish: &Wish, incoming: &mut Incoming) -> Result<Kept, Failure> {
    let mut beginning = Vec::new();
    let whole = match (&mut *incoming).take(BEGINNING).read_to_end(&mut beginning) {
        Ok(_) => (beginning.len() as u64) < BEGINNING,
        Err(_) => return Err(not_whole()),
    };
    if beginning.is_empty() {
        let message = "The file is empty. Everpage would treat it as deleted.";
        return Err(Failure::bad_request(message));
    }
    let mut upload = Upload { beginning, whole, read_back: None, rest: incoming };
    if let Some(form) = wish.replaces {
        site.wiki().catch_up(&wish.path);
        return match site.wiki().open(&wish.path)?.filter(|d| d.is_live()) {
            Some(there) if upload.is(site, &there)? => Ok(Kept::before(&there)),
            _ => save(site, wish, (&wish.path, form), upload),
        };
    }
    for number in 1..=NAMES {
        let path = numbered(&wish.path, number)?;
        let Some(_claim) = site.uploads().claim(&path) else { continue };
        site.wiki().catch_up(&path);
        match site.wiki().open(&path)?.filter(|d| d.is_live()) {
            Some(there) if upload.is(site, &there)? => return Ok(Kept::before(&there)),
            Some(_) => {}
            None => {
                let base = site.wiki().open(&path)?.and_then(|d| d.resolution().winner);
                let form = Form { base, nonce: site.wiki().nonces().draw() };
                return save(site, wish, (&path, form), upload);
            }
        }
    }
    Err(Failure::bad_request("There are too many files with this name. Choose another name."))
}

/// The reader failed; [`Incoming::problem`] says why.
fn not_whole() -> Failure {
    Failure::bad_request("The connection was lost before everything had arrived.")
}

fn save(
    site: &Site,
    wish: &Wish,
    (path, form): (&DocPath, Form),
    upload: Upload<'_>,
) -> Result<Kept, Failure> {
    let edit = Edit {
        path: path.clone(),
        base: form.base,
        also: Vec::new(),
        content: Vec::new(),
        author: wish.author.clone(),
        summary: String::new(),
        nonce: form.nonce,
    };
    let mut content = upload.into_reader(site)?;
    let saved = site.wiki().save_stream(&edit, &mut *content)?;
    let merge = match &saved {
        Saved::Yielded { .. } => Some(Outcome::led_to(site, &saved, "1")),
        // Where the other version waits.
        Saved::Done { displaced: Some(_), .. } => {
            Some(after_save(&site.url(&format!("-/merge/{}", path.address())), saved.owed()))
        }
        _ => None,
    };
    Ok(Kept { path: path.clone(), owed: saved.owed(), merge })
}

/// An upload of which a part was read.
struct Upload<'a> {
    beginning: Vec<u8>,
    /// The beginning is everything.
    whole: bool,
    /// What was found equal to a file that is there, and the bytes after it.
    read_back: Option<ReadBack>,
    rest: &'a mut Incoming,
}

/// An equal beginning that was not held in memory.
struct ReadBack {
    document: Arc<Document>,
    length: u64,
    digest: Sha256,
    /// What arrived after it.
    next: Vec<u8>,
}

impl<'a> Upload<'a> {
    /// Tells whether it is what the document holds already.
    fn is(&mut self, site: &Site, document: &Arc<Document>) -> Result<bool, Failure> {
        let Some(winner) = document.winner() else { return Ok(false) };
        if self.whole {
            let length = self.beginning.len() as u64;
            return Ok(
                winner.length == length && winner.digest == ContentDigest::of(&self.beginning)
            );
        }
        // Once read to a difference, it is not compared again: it only gets another name.
        if self.read_back.is_some() || winner.length < BEGINNING {
            return Ok(false);
        }
        let mut there = site.wiki().open_content(document, winner.id)?.reader.take(winner.length);
        let mut known = vec![0; self.beginning.len()];
        if there.read_exact(&mut known).is_err() || known != self.beginning {
            return Ok(false);
        }
        let mut digest = Sha256::new_with_prefix(&known);
        let mut length = known.len() as u64;
        let mut next = vec![0; 1 << 16];
        loop {
            let read = read_full(self.rest, &mut next).map_err(|_| not_whole())?;
            let mut known = vec![0; read];
            let same = there.read_exact(&mut known).is_ok() && known == next[..read];
            if !same || (read == 0 && length != winner.length) {
                next.truncate(read);
                let document = Arc::clone(document);
                self.read_back = Some(ReadBack { document, length, digest, next });
                return Ok(false);
            }
            if read == 0 {
                return Ok(true);
            }
            digest.update(&known);
            length += read as u64;
        }
    }

    /// Returns all of it from its first byte.
    fn into_reader(self, site: &Site) -> Result<Box<dyn Read + 'a>, Failure> {
        let Some(back) = self.read_back else {
            return Ok(Box::new(Cursor::new(self.beginning).chain(self.rest)));
        };
        let winner = back.document.winner().ok_or_else(Failure::internal)?;
        let content = site.wiki().open_content(&back.document, winner.id)?;
        let again = Again {
            reader: content.reader.take(back.length),
            digest: Sha256::new(),
            expected: back.digest,
        };
        Ok(Box::new(again.chain(Cursor::new(back.next)).chain(self.rest)))
    }
}

/// Reads bytes a second time, and fails where they are not those of the first.
struct Again<R> {
    reader: io::Take<R>,
    digest: Sha256,
    expected: Sha256,
}

impl<R: Read> Read for Again<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.digest.update(&buffer[..read]);
        let at_end = read == 0 && !buffer.is_empty();
        if at_end && self.digest.clone().finalize() != self.expected.clone().finalize() {
            return Err(io::Error::other("a file changed while it was compared"));
        }
        Ok(read)
    }
}

/// Reads until the buffer is full or the source at its end.
fn read_full(source: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

/// Returns the `number`th name to try: `plan.png`, `plan-2.png`, `plan-3.png`.
fn numbered(path: &DocPath, number: usize) -> Result<DocPath, PathError> {
    if number == 1 {
        return Ok(path.clone());
    }
    let name = path.file_name();
    match path.extension() {
        Some(extension) => {
            let stem = &name[..name.len() - extension.len() - 1];
            path.sibling(&format!("{stem}-{number}.{extension}"))
        }
        None => path.sibling(&format!("{name}-{number}")),
    }
}
