//! Taking a bundle in.
//!
//! The tar is read entry by entry and nothing is unpacked: a name is only ever looked at to find out
//! which revision it stands for. Extended headers are read here, with a bound, since the library
//! would read them whole into memory.

use std::collections::HashSet;
use std::io::{self, Cursor, Read, Seek};

use serde::Serialize;
use tar::EntryType;

use super::dry::Dry;
use super::{
    BundleError, END, End, FORMAT, MANIFEST, MOST_SMALL, Manifest, SHORT, STATE, State, short,
};
use crate::model::file::tidy;
use crate::model::path::DocPath;
use crate::sync::frame::{FrameHead, NO_MORE};
use crate::sync::identity::WikiId;
use crate::sync::item::ItemHash;
use crate::sync::receive::{Fate, Interruption, MAX_ITEMS, Outcome, Terms, take_in};
use crate::sync::replica::Replica;

/// How many refused or set aside entries are named; more are only counted.
const MOST_NAMED: usize = 1_000;
/// The most bytes of an entry's name that are shown.
const MOST_TEXT: usize = 300;

/// How a bundle is taken in.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// Only find out what would come of it.
    pub dry_run: bool,
    /// Become part of the bundle's wiki, where it is another one.
    pub join: bool,
    /// What to call the bundle where something of it is set aside.
    pub from: &'a str,
}

/// An entry that cannot be a revision of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedEntry {
    /// Its name in the tar.
    pub entry: String,
    /// Why not.
    pub reason: String,
}

/// What taking in a bundle came to.
#[derive(Debug, Default, Serialize)]
pub struct Taken {
    /// The wiki it is of.
    pub wiki: String,
    /// Revisions that came and are durable now.
    pub stored: u64,
    /// Revisions that were here before.
    pub already: u64,
    /// Damaged revisions that were replaced by whole ones.
    pub healed: u64,
    /// Revisions that can only be taken in after an earlier bundle.
    pub waiting: u64,
    /// What was set aside, and why.
    pub quarantined: Vec<Outcome>,
    /// Entries that are no revisions, and why.
    pub refused: Vec<RefusedEntry>,
    /// How many more were set aside or refused.
    pub more: u64,
    /// Bytes of the files that came.
    pub bytes: u64,
    /// Why it was not read to its end, if it was not.
    pub cut_short: Option<String>,
}

impl Taken {
    /// Returns true if everything in the bundle is here now.
    pub fn is_clean(&self) -> bool {
        self.waiting == 0
            && self.quarantined.is_empty()
            && self.refused.is_empty()
            && self.cut_short.is_none()
    }

    fn note(&mut self, outcome: Outcome) {
        match outcome.fate {
            Fate::Stored => self.stored += 1,
            Fate::Already => self.already += 1,
            Fate::Healed => self.healed += 1,
            Fate::Waiting => self.waiting += 1,
            Fate::Quarantined { .. } if self.quarantined.len() < MOST_NAMED => {
                self.quarantined.push(outcome);
            }
            Fate::Quarantined { .. } => self.more += 1,
        }
    }
}

/// Takes in a bundle. On return, every revision that is counted as stored is durable and shown.
///
/// # Errors
/// If it is not a bundle, belongs to another wiki, or cannot be stored. An incomplete one is not an error:
/// what came whole was taken in.
pub fn take(
    replica: &dyn Replica,
    bundle: &mut dyn Read,
    options: Options<'_>,
) -> Result<Taken, BundleError> {
    let mut archive = tar::Archive::new(bundle);
    let mut entries = archive.entries().map_err(BundleError::Read)?.raw(true);
    let manifest = read_manifest(entries.next())?;
    let theirs = manifest.wiki.parse().map_err(|_| BundleError::NotABundle)?;
    meet(replica, theirs, options)?;
    let dry = Dry(replica);
    let replica: &dyn Replica = if options.dry_run { &dry } else { replica };
    let mut frames = Unpacking::new(entries, replica.largest());
    let mut taken = Taken { wiki: manifest.wiki, ..Taken::default() };
    while !frames.over {
        frames.in_stream = 0;
        let terms = Terms { from: options.from, wanted: None, wait_for_parents: true };
        let reception = take_in(replica, &mut frames, terms, &|_| {});
        taken.bytes += reception.bytes;
        reception.outcomes.into_iter().for_each(|outcome| taken.note(outcome));
        match reception.end {
            Ok(()) => {}
            Err(Interruption::Replica(error)) => return Err(error.into()),
            Err(Interruption::Stream(error)) => {
                taken.cut_short = Some(why(&error));
                break;
            }
        }
    }
    if taken.cut_short.is_none() {
        taken.cut_short = match frames.end {
            None => Some("it ends before its last file".to_owned()),
            Some(said) if said != frames.seen => {
                Some(format!("it should have {said} revisions, but has {}", frames.seen))
            }
            Some(_) => None,
        };
    }
    taken.more += frames.refused_more;
    taken.refused = frames.refused;
    Ok(taken)
}

fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "it ends in the middle of a file".to_owned(),
        _ => error.to_string(),
    }
}

/// Reads the state from a bundle, or from a state that was taken out of one.
///
/// # Errors
/// If it is neither, or cannot be read.
pub fn read_state(file: &mut (impl Read + Seek)) -> Result<State, BundleError> {
    let mut begin = [0; 15];
    let sniffed = file.read_exact(&mut begin);
    file.rewind().map_err(BundleError::Read)?;
    if sniffed.is_ok() && begin == *b"everpage-state " {
        return State::read(&mut io::BufReader::new(file));
    }
    let mut archive = tar::Archive::new(file);
    // Seeks over the revisions instead of reading them.
    let mut entries = archive.entries_with_seek().map_err(BundleError::Read)?.raw(true);
    read_manifest(entries.next())?;
    for entry in entries {
        let entry = entry.map_err(BundleError::Read)?;
        if *entry.path_bytes() == *STATE.as_bytes() && entry.header().entry_type().is_file() {
            let size = entry.size();
            let mut exact = io::BufReader::new(entry);
            let state = State::read(&mut exact)?;
            let read = size.saturating_sub(state.items.len() as u64 * SHORT as u64);
            // The first line is left of the size, where all of it was there.
            return if read <= 100 { Ok(state) } else { Err(cut_short()) };
        }
    }
    Err(cut_short())
}

fn cut_short() -> BundleError {
    let words = "it is incomplete, so it does not tell what it holds; name the one before it";
    BundleError::Read(io::Error::new(io::ErrorKind::UnexpectedEof, words))
}

fn read_manifest<R: Read>(
    first: Option<io::Result<tar::Entry<'_, R>>>,
) -> Result<Manifest, BundleError> {
    let Some(Ok(entry)) = first else { return Err(BundleError::NotABundle) };
    if *entry.path_bytes() != *MANIFEST.as_bytes() || !entry.header().entry_type().is_file() {
        return Err(BundleError::NotABundle);
    }
    let mut text = Vec::new();
    entry.take(MOST_SMALL).read_to_end(&mut text).map_err(BundleError::Read)?;
    let value: serde_json::Value =
        serde_json::from_slice(&text).map_err(|_| BundleError::NotABundle)?;
    let version = value.get("bundle").and_then(serde_json::Value::as_u64);
    match version.and_then(|v| u32::try_from(v).ok()) {
        Some(FORMAT) => serde_json::from_value(value).map_err(|_| BundleError::NotABundle),
        Some(other) => Err(BundleError::Version(other)),
        None => Err(BundleError::NotABundle),
    }
}

/// Makes sure that both are one wiki; an empty one becomes part of the bundle's.
fn meet(replica: &dyn Replica, theirs: WikiId, options: Options<'_>) -> Result<(), BundleError> {
    match replica.wiki_id()? {
        Some(ours) if ours == theirs => return Ok(()),
        Some(ours) if !options.join => return Err(BundleError::OtherWiki { ours, theirs }),
        None if !options.join && !replica.set()?.is_empty() => {
            // A wiki with something in it has an id of its own from its first exchange on.
            let ours = replica.draw_wiki_id();
            if !options.dry_run {
                replica.set_wiki_id(ours)?;
            }
            return Err(BundleError::OtherWiki { ours, theirs });
        }
        _ => {}
    }
    if options.dry_run { Ok(()) } else { Ok(replica.set_wiki_id(theirs)?) }
}

/// What an entry is.
enum Judged {
    /// A revision, as it is named.
    Revision(FrameHead),
    /// Something to be read at once.
    Note,
    /// Nothing to take in.
    Skip,
}

/// Gives the revisions of a tar as a stream of frames.
struct Unpacking<'a, R: Read> {
    entries: tar::Entries<'a, R>,
    largest: u64,
    /// The name that an extended header gave to the entry that follows.
    long_name: Option<Vec<u8>>,
    head: Cursor<Vec<u8>>,
    file: Option<(tar::Entry<'a, R>, u64)>,
    in_stream: usize,
    /// How many entries stood for revisions, good or bad.
    seen: u64,
    /// Which revisions came.
    came: HashSet<[u8; SHORT]>,
    refused: Vec<RefusedEntry>,
    refused_more: u64,
    /// What the last file says.
    end: Option<u64>,
    over: bool,
}

impl<'a, R: Read> Unpacking<'a, R> {
    fn new(entries: tar::Entries<'a, R>, largest: u64) -> Self {
        Self {
            entries,
            largest,
            long_name: None,
            head: Cursor::default(),
            file: None,
            in_stream: 0,
            seen: 0,
            came: HashSet::new(),
            refused: Vec::new(),
            refused_more: 0,
            end: None,
            over: false,
        }
    }

    /// Begins the next frame, or ends the stream.
    fn advance(&mut self) -> io::Result<()> {
        while self.in_stream < MAX_ITEMS && !self.over {
            let Some(entry) = self.entries.next().transpose()? else {
                self.over = true;
                break;
            };
            match self.judge(&entry)? {
                Judged::Skip => {}
                Judged::Note => self.note(entry)?,
                Judged::Revision(head) => {
                    self.in_stream += 1;
                    self.file = Some((entry, head.length));
                    self.head = Cursor::new(head.encode());
                    return Ok(());
                }
            }
        }
        self.head = Cursor::new(vec![NO_MORE]);
        Ok(())
    }

    /// Reads an entry that says something of others.
    fn note(&mut self, entry: tar::Entry<'a, R>) -> io::Result<()> {
        let kind = entry.header().entry_type();
        let mut text = Vec::new();
        entry.take(MOST_SMALL).read_to_end(&mut text)?;
        match kind {
            EntryType::GNULongName => {
                text.truncate(text.iter().position(|b| *b == 0).unwrap_or(text.len()));
                self.long_name = Some(text);
            }
            EntryType::XHeader => {
                for extension in tar::PaxExtensions::new(&text) {
                    let extension = extension?;
                    match extension.key_bytes() {
                        b"path" => self.long_name = Some(extension.value_bytes().to_vec()),
                        b"size" => return Err(invalid("it gives sizes in extended headers")),
                        _ => {}
                    }
                }
            }
            _ => {
                let end: End = serde_json::from_slice(&text)
                    .map_err(|_| invalid("its last file cannot be read"))?;
                self.end = Some(end.revisions);
                self.over = true;
            }
        }
        Ok(())
    }

    /// Judges an entry by its header.
    fn judge(&mut self, entry: &tar::Entry<'a, R>) -> io::Result<Judged> {
        let kind = entry.header().entry_type();
        let length = entry.size();
        match kind {
            EntryType::GNULongName | EntryType::XHeader if length > MOST_SMALL => {
                return Err(invalid("it has a name that is too long for a document"));
            }
            EntryType::GNULongName | EntryType::XHeader => return Ok(Judged::Note),
            EntryType::GNULongLink | EntryType::XGlobalHeader => return Ok(Judged::Skip),
            _ => {}
        }
        let raw = self.long_name.take().unwrap_or_else(|| entry.path_bytes().into_owned());
        let name = String::from_utf8_lossy(&raw).into_owned();
        if kind.is_file() {
            match name.as_str() {
                END => return Ok(Judged::Note),
                STATE | "pages/.wiki-id" => return Ok(Judged::Skip),
                _ => {}
            }
        } else if kind.is_dir() && length == 0 {
            return Ok(Judged::Skip);
        }
        self.seen += 1;
        let judged = revision(&raw, &name, kind, length, self.largest).and_then(|(item, head)| {
            // Several are written at a time: which of two were first would be left to chance.
            if self.came.insert(short(&item)) {
                Ok(head)
            } else {
                Err("the bundle has this revision twice".to_owned())
            }
        });
        match judged {
            Ok(head) => Ok(Judged::Revision(head)),
            Err(reason) => {
                if self.refused.len() < MOST_NAMED {
                    let entry = tidy(&name, MOST_TEXT);
                    self.refused.push(RefusedEntry { entry, reason });
                } else {
                    self.refused_more += 1;
                }
                Ok(Judged::Skip)
            }
        }
    }
}

/// Finds out which revision an entry stands for.
fn revision(
    raw: &[u8],
    name: &str,
    kind: EntryType,
    length: u64,
    largest: u64,
) -> Result<(ItemHash, FrameHead), String> {
    if !kind.is_file() {
        let what = match kind {
            EntryType::Symlink => "a symbolic link",
            EntryType::Link => "a hard link",
            EntryType::Directory => "a folder with content",
            EntryType::Char | EntryType::Block => "a device",
            EntryType::Fifo => "a pipe",
            EntryType::GNUSparse => "a file with holes",
            _ => "a file of an unknown kind",
        };
        return Err(format!("{what}; only ordinary files are taken in"));
    }
    if std::str::from_utf8(raw).is_err() {
        return Err("its name is not UTF-8".to_owned());
    }
    if name.starts_with('/') || name.split('/').any(|part| part == "..") {
        return Err("its name leads out of the wiki".to_owned());
    }
    let split = name.strip_prefix("pages/").and_then(|rest| rest.rsplit_once('/'));
    let Some((dir, id)) = split else {
        return Err("it is not in the folder of a document below pages/".to_owned());
    };
    let path = DocPath::from_disk(dir)
        .map_err(|e| format!("that is not a valid name for a document: {e}"))?;
    let revision =
        id.parse().map_err(|reason| format!("that is not a valid revision id: {reason}"))?;
    if length > largest {
        return Err(format!("it has {length} bytes, but this wiki accepts at most {largest}"));
    }
    let head = FrameHead { name: path.as_str().to_owned(), id: id.to_owned(), length };
    Ok((ItemHash::of(&path.key(), revision), head))
}

impl<R: Read> Read for Unpacking<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let read = self.head.read(buffer)?;
            if read > 0 {
                return Ok(read);
            }
            match &mut self.file {
                Some((_, 0)) => self.file = None,
                Some((entry, left)) => {
                    let most = buffer.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    let read = entry.read(&mut buffer[..most])?;
                    if read == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    *left -= read as u64;
                    return Ok(read);
                }
                None => self.advance()?,
            }
        }
    }
}

fn invalid(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
