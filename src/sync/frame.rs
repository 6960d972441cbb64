//! Revisions on their way: a stream of frames, each a revision file byte for byte.
//!
//! ```text
//! stream = frame* end
//! frame  = 1 · length of the name (u16) · name · length of the id (u8) · id · length (u64) · file
//! end    = 0
//! ```
//!
//! Numbers are big-endian. A stream without its end was interrupted: what came whole is good. The
//! reader trusts nothing: names and ids come as text, to be judged by whoever takes them in.

use std::io::{self, Read};
use std::sync::Arc;

use super::error::ReplicaError;
use super::replica::Replica;
use crate::model::file::parse;
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;

/// The most bytes of a name in a frame: more than any document's.
pub const MAX_NAME: usize = 4_096;
/// The most bytes of an id in a frame.
pub const MAX_ID: usize = 64;
/// Files up to this size are read into memory as a whole, on both sides.
pub const SMALL: u64 = 1 << 20;

/// Stands at the end of a stream.
pub(super) const NO_MORE: u8 = 0;
const REVISION: u8 = 1;

/// What a frame says of the file that follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameHead {
    /// The document's name, as it was sent.
    pub name: String,
    /// The revision's id, as it was sent.
    pub id: String,
    /// How many bytes the file has.
    pub length: u64,
}

impl FrameHead {
    /// Returns the bytes that stand before the file.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1 + 2 + self.name.len() + 1 + self.id.len() + 8);
        out.push(REVISION);
        out.extend_from_slice(&(self.name.len() as u16).to_be_bytes());
        out.extend_from_slice(self.name.as_bytes());
        out.push(self.id.len() as u8);
        out.extend_from_slice(self.id.as_bytes());
        out.extend_from_slice(&self.length.to_be_bytes());
        out
    }

    /// Reads the next head; `None` at the end of the stream.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] if it is malformed, [`io::ErrorKind::UnexpectedEof`] where the
    /// stream was interrupted, and what the reader returns.
    pub fn read(stream: &mut dyn Read) -> io::Result<Option<Self>> {
        let [kind] = bytes(stream)?;
        match kind {
            NO_MORE => return Ok(None),
            REVISION => {}
            _ => return Err(invalid("neither a revision nor the end follows")),
        }
        let name_length = u16::from_be_bytes(bytes(stream)?);
        let name = text(stream, usize::from(name_length), MAX_NAME)?;
        let [id_length] = bytes(stream)?;
        let id = text(stream, usize::from(id_length), MAX_ID)?;
        let length = u64::from_be_bytes(bytes(stream)?);
        Ok(Some(Self { name, id, length }))
    }
}

fn bytes<const N: usize>(stream: &mut dyn Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn text(stream: &mut dyn Read, length: usize, most: usize) -> io::Result<String> {
    if length > most {
        return Err(invalid("a name or an id is too long"));
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes)?;
    String::from_utf8(bytes).map_err(|_| invalid("a name or an id is not UTF-8"))
}

fn invalid(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

/// Opens a revision for sending, with its length; `None` where it has gone or is not whole any more.
#[expect(clippy::type_complexity, reason = "a length and a reader, or nothing")]
pub(super) fn open_whole(
    replica: &dyn Replica,
    path: &DocPath,
    id: RevisionId,
    largest: u64,
) -> Result<Option<(u64, Box<dyn Read + Send>)>, ReplicaError> {
    let Some(mut file) = replica.open(path, id)? else { return Ok(None) };
    if file.length > largest {
        tracing::info!(%path, %id, "a revision is larger than the peer takes and was not sent");
        return Ok(None);
    }
    if file.length > SMALL {
        return Ok(Some((file.length, file.reader)));
    }
    // What fits in memory is looked at first: damage that nobody has noticed yet stays here.
    let mut whole = Vec::with_capacity(file.length as usize);
    let read = file.reader.by_ref().take(SMALL + 1).read_to_end(&mut whole);
    if read.is_err() || parse(id, &whole).is_err() {
        tracing::warn!(%path, %id, "a revision is not whole any more and was not sent");
        return Ok(None);
    }
    Ok(Some((whole.len() as u64, Box::new(io::Cursor::new(whole)))))
}

/// Gives revisions of a replica as a stream of frames, one file open at a time.
///
/// A revision that has gone, or turns out not to be whole, is left out. A large one that is cut
/// short while it is sent breaks the stream off.
pub struct Frames<'a> {
    replica: Of<'a>,
    /// In reverse order.
    rest: Vec<(DocPath, RevisionId)>,
    head: io::Cursor<Vec<u8>>,
    file: Option<Outgoing>,
    ended: bool,
    sent: u64,
    largest: u64,
}

/// Whose revisions are sent.
enum Of<'a> {
    Borrowed(&'a dyn Replica),
    Shared(Arc<dyn Replica>),
}

struct Outgoing {
    path: DocPath,
    reader: Box<dyn Read + Send>,
    left: u64,
}

impl<'a> Frames<'a> {
    /// What ends a stream; by itself, a stream of nothing.
    pub const END: [u8; 1] = [NO_MORE];

    /// Sends these revisions, in order of document and number: parents come before their children.
    pub fn new(replica: &'a dyn Replica, revisions: Vec<(DocPath, RevisionId)>) -> Self {
        Self::of(Of::Borrowed(replica), revisions)
    }

    fn of(replica: Of<'a>, mut revisions: Vec<(DocPath, RevisionId)>) -> Self {
        revisions.sort_unstable_by(|a, b| b.cmp(a));
        revisions.dedup();
        Self {
            replica,
            rest: revisions,
            head: io::Cursor::default(),
            file: None,
            ended: false,
            sent: 0,
            largest: u64::MAX,
        }
    }

    /// Leaves out files with more bytes than this.
    #[must_use]
    pub fn up_to(self, largest: u64) -> Self {
        Self { largest, ..self }
    }

    fn replica(&self) -> &dyn Replica {
        match &self.replica {
            Of::Borrowed(replica) => *replica,
            Of::Shared(replica) => &**replica,
        }
    }

    /// Returns how many files were begun.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Begins the next frame, or the end.
    fn advance(&mut self) -> io::Result<()> {
        while let Some((path, id)) = self.rest.pop() {
            let Some((length, reader)) =
                open_whole(self.replica(), &path, id, self.largest).map_err(io::Error::other)?
            else {
                self.replica().show(&path);
                continue;
            };
            let head = FrameHead { name: path.as_str().to_owned(), id: id.to_string(), length };
            self.head = io::Cursor::new(head.encode());
            self.file = Some(Outgoing { path, reader, left: length });
            self.sent += 1;
            return Ok(());
        }
        self.head = io::Cursor::new(vec![NO_MORE]);
        self.ended = true;
        Ok(())
    }
}

impl Frames<'static> {
    /// As [`Frames::new`], for a stream that outlives the call that makes it.
    pub fn shared(replica: Arc<dyn Replica>, revisions: Vec<(DocPath, RevisionId)>) -> Self {
        Self::of(Of::Shared(replica), revisions)
    }
}

impl Read for Frames<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let read = self.head.read(buffer)?;
            if read > 0 {
                return Ok(read);
            }
            if let Some(file) = &mut self.file {
                if file.left == 0 {
                    self.file = None;
                    continue;
                }
                let most = buffer.len().min(usize::try_from(file.left).unwrap_or(usize::MAX));
                let read = file.reader.read(&mut buffer[..most])?;
                if read == 0 {
                    let path = file.path.clone();
                    self.replica().show(&path);
                    return Err(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        format!("a revision of “{path}” ended early while it was sent"),
                    ));
                }
                file.left -= read as u64;
                return Ok(read);
            }
            if self.ended {
                return Ok(0);
            }
            self.advance()?;
        }
    }
}
