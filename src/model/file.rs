//! The format of a revision file: a short header, an empty line, the content byte for byte.
//!
//! Reading never fails on a strange file: without a header of its own it is *bare* and all of its
//! bytes are content. Only a file that is provably incomplete or altered is *damaged*: its header
//! is torn, or its content does not match the `Length` and `Digest` that the header gives.
//!
//! The digest covers the content, not the header: an altered `Parent` line that still reads as an
//! id cannot be told here, only by whoever remembers the digest of the file.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::revision::RevisionId;

/// The most bytes that a header may take, its empty line included.
pub const MAX_HEADER_BYTES: usize = 16 * 1024;
/// How many bytes from the start of a file [`parse_head`] needs to see.
pub const HEAD_BYTES: usize = MAX_HEADER_BYTES + 1;
/// The most bytes of an author's name that are kept.
pub const MAX_AUTHOR_BYTES: usize = 200;
/// The most bytes of a summary that are kept.
pub const MAX_SUMMARY_BYTES: usize = 500;
/// The most parents that one revision may name and still fit its header.
pub const MAX_PARENTS: usize = 200;

/// The SHA-256 of a content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentDigest([u8; 32]);

impl ContentDigest {
    /// Digests a content that is in memory.
    pub fn of(content: &[u8]) -> Self {
        Self(Sha256::digest(content).into())
    }

    /// Returns the 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads the 64 lower- or upper-case hexadecimal digits of [`ContentDigest::to_hex`].
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// Returns 64 lower-case hexadecimal digits.
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }
}

impl fmt::Display for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.to_hex())
    }
}

impl fmt::Debug for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}…", hex::encode(&self.0[..4]))
    }
}

impl FromStr for ContentDigest {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        text.strip_prefix("sha256:").and_then(Self::from_hex).ok_or(())
    }
}

/// Digests a content that arrives in pieces.
#[derive(Default, Clone)]
pub struct Digester {
    hasher: Sha256,
    length: u64,
    any: bool,
}

impl Digester {
    /// Takes in the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.hasher.update(piece);
        self.length += piece.len() as u64;
        self.any = self.any || piece.iter().any(|b| *b != 0);
    }

    /// Returns what the whole content came to.
    pub fn finish(self) -> Measured {
        Measured {
            length: self.length,
            digest: ContentDigest(self.hasher.finalize().into()),
            zeros: self.length > 0 && !self.any,
        }
    }
}

/// What a content really is, as opposed to what its header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// The number of bytes.
    pub length: u64,
    /// Their digest.
    pub digest: ContentDigest,
    /// There are bytes, and all of them are zero: what a crash leaves of a file.
    pub zeros: bool,
}

/// The header of a revision, without its first line (the id) which the file's name gives.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// The revisions that the edit was based on.
    pub parents: Vec<RevisionId>,
    /// Who wrote it; empty if unknown.
    pub author: String,
    /// When; for display only, it never decides anything.
    pub date: Option<Timestamp>,
    /// What the author said of the edit; may be empty.
    pub summary: String,
    /// How many bytes of content follow.
    pub length: Option<u64>,
    /// The digest of those bytes.
    pub digest: Option<ContentDigest>,
    /// The nonce of the form that the revision was sent with, if it is not its own nonce: by it a
    /// form that is sent again is recognized.
    pub form: Option<Uuid>,
    /// Lines with names this version does not know, kept in order.
    pub extra: Vec<(String, String)>,
}

/// What the beginning of a revision file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The header; `None` for a bare revision.
    pub header: Option<Header>,
    /// Where the content begins, in bytes from the start of the file.
    pub content_start: u64,
}

/// Why a file cannot be the whole revision it claims to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// Nothing is in the file. (A deletion has a header.)
    #[error("the file is empty")]
    Empty,
    /// Every byte is zero, as after a crash.
    #[error("the file contains only zero bytes")]
    Zeros,
    /// The header begins but does not end.
    #[error("the header is incomplete")]
    TornHeader,
    /// A line of the header cannot be read.
    #[error("the header has an unreadable line: {0}")]
    BadHeader(String),
    /// The content is shorter or longer than the header says.
    #[error("the content has {found} bytes, but the header says {expected}")]
    Length {
        /// What the header says.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// The content is not the one that the header was written for.
    #[error("the content does not match the digest in the header")]
    Digest,
}

/// How many digits the length of a content has at most.
const LENGTH_DIGITS: usize = 20;

impl Header {
    /// Writes the whole header of revision `id`, with the empty line that ends it.
    ///
    /// Control characters in author, summary and unknown lines become spaces; over-long values are
    /// cut. Unknown lines come last, so that none of them can be taken for a field that is given; one
    /// whose name would read as something else is left out.
    ///
    /// # Errors
    /// [`HeaderTooLong`] if it would not fit in [`MAX_HEADER_BYTES`].
    pub fn print(&self, id: RevisionId) -> Result<Vec<u8>, HeaderTooLong> {
        self.print_with_width(id, 0)
    }

    /// Writes the header as [`Header::print`] does, with `Length` padded by leading zeros so that the
    /// whole takes exactly `room` bytes, as [`Header::room`] says it before the content is known.
    ///
    /// # Errors
    /// [`HeaderTooLong`] if it does not fit.
    pub fn print_padded(&self, id: RevisionId, room: usize) -> Result<Vec<u8>, HeaderTooLong> {
        let least = self.print_with_width(id, LENGTH_DIGITS)?;
        let more = room.checked_sub(least.len()).ok_or(HeaderTooLong)?;
        self.print_with_width(id, LENGTH_DIGITS + more)
    }

    /// Returns how many bytes the header takes at most, whatever the content and the nonces come to,
    /// and whether or not it names a form.
    ///
    /// # Errors
    /// As [`Header::print`].
    pub fn room(&self, id: RevisionId) -> Result<usize, HeaderTooLong> {
        let full = Self {
            length: Some(0),
            digest: Some(ContentDigest([0; 32])),
            form: Some(Uuid::nil()),
            ..self.clone()
        };
        full.print_with_width(id, LENGTH_DIGITS).map(|printed| printed.len())
    }

    fn print_with_width(&self, id: RevisionId, width: usize) -> Result<Vec<u8>, HeaderTooLong> {
        let mut out = format!("Revision: {id}\n");
        for parent in &self.parents {
            line(&mut out, "Parent", &parent.to_string());
        }
        let author = tidy(&self.author, MAX_AUTHOR_BYTES);
        if !author.is_empty() {
            line(&mut out, "Author", &author);
        }
        if let Some(date) = self.date {
            line(&mut out, "Date", &print_date(date));
        }
        let summary = tidy(&self.summary, MAX_SUMMARY_BYTES);
        if !summary.is_empty() {
            line(&mut out, "Summary", &summary);
        }
        if let Some(length) = self.length {
            line(&mut out, "Length", &format!("{length:0width$}"));
        }
        if let Some(digest) = self.digest {
            line(&mut out, "Digest", &digest.to_string());
        }
        if let Some(form) = self.form {
            line(&mut out, "Form", &form.to_string());
        }
        let readable = |name: &str| {
            is_name(name) && !name.contains(':') && !matches!(name, "Parent" | "Length" | "Digest")
        };
        for (name, value) in self.extra.iter().filter(|(name, _)| readable(name)) {
            line(&mut out, name, &tidy(value, MAX_HEADER_BYTES));
        }
        out.push('\n');
        if out.len() > MAX_HEADER_BYTES { Err(HeaderTooLong) } else { Ok(out.into_bytes()) }
    }
}

/// A header has more parents or longer lines than fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the header of the revision would be longer than {MAX_HEADER_BYTES} bytes")]
pub struct HeaderTooLong;

/// Prints a date as headers hold it: UTC with milliseconds.
pub fn print_date(date: Timestamp) -> String {
    format!("{date:.3}")
}

/// Makes a text fit for one header line: control characters and those that turn the direction of
/// the text become spaces, cut at a character.
pub fn tidy(text: &str, max_bytes: usize) -> String {
    let mut out: String = text
        .chars()
        .map(|c| match c {
            '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => ' ',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect();
    if out.len() > max_bytes {
        let mut end = max_bytes;
        while !out.is_char_boundary(end) {
            end -= 1;
        }
        out.truncate(end);
    }
    out.trim().to_owned()
}

fn line(out: &mut String, name: &str, value: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{name}: {value}");
}

/// Returns true if a header line can have this name.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// Reads the beginning of the file of revision `id`: at least its first [`HEAD_BYTES`], or all of it.
///
/// # Errors
/// The [`Damage`] that can be told without looking at the content.
pub fn parse_head(id: RevisionId, head: &[u8]) -> Result<Head, Damage> {
    const BARE: Head = Head { header: None, content_start: 0 };
    if head.is_empty() {
        return Err(Damage::Empty);
    }
    // However much was read, the answer is the same.
    let head = &head[..head.len().min(HEAD_BYTES)];
    let own = format!("Revision: {id}");
    // A crash may leave zeros where the rest of the line was. (Nothing but zeros is told later.)
    let zeros = head.iter().rev().take_while(|b| **b == 0).count();
    let written = &head[..head.len() - zeros];
    if !written.is_empty() && own.as_bytes().starts_with(written) {
        return Err(Damage::TornHeader);
    }
    if let Some(rest) = head.strip_prefix(own.as_bytes()) {
        if rest.first() != Some(&b'\n') {
            return Err(Damage::BadHeader("the first line does not end after the id".to_owned()));
        }
        let (header, end) = parse_lines(head, own.len() + 1)?;
        // A wrong byte can end a header early, and its own check with it.
        let unchecked = header.length.is_none() && header.digest.is_none();
        if unchecked && parse_lines(head, end).is_ok_and(|(rest, _)| rest.digest.is_some()) {
            return Err(Damage::BadHeader("an empty line stands before its digest".to_owned()));
        }
        return Ok(Head { header: Some(header), content_start: end as u64 });
    }
    let other = named_id(head);
    // One wrong byte is a fault of the medium: no two nonces are that close. (With the same nonce it
    // may be `cp 3-x 4-x`.)
    let wrong = own.bytes().zip(head).filter(|(a, b)| a != *b).count();
    if head.len() > own.len() && wrong == 1 && other.is_none_or(|o| o.nonce() != id.nonce()) {
        return Err(Damage::BadHeader(
            "the first line is the file's own id but for one byte".into(),
        ));
    }
    // A header that names another revision was copied along by hand: skip it.
    let Some(other) = other else {
        return Ok(BARE);
    };
    match parse_lines(head, format!("Revision: {other}\n").len()) {
        Ok((_, end)) => Ok(Head { header: None, content_start: end as u64 }),
        // A copy that was cut short.
        Err(Damage::TornHeader) if head.len() < HEAD_BYTES => Err(Damage::TornHeader),
        Err(_) => Ok(BARE),
    }
}

/// Returns the id that a first line `Revision: <id>` names, the file's own or another.
pub fn named_id(head: &[u8]) -> Option<RevisionId> {
    let rest = head.strip_prefix(b"Revision: ")?;
    let end = rest.iter().position(|b| *b == b'\n')?;
    std::str::from_utf8(&rest[..end]).ok()?.parse().ok()
}

/// Compares what the head says with what the content is.
///
/// # Errors
/// The [`Damage`] where they do not match.
pub fn check_content(head: &Head, content: &Measured) -> Result<(), Damage> {
    let Some(header) = &head.header else {
        return match (content.zeros, content.length, head.content_start) {
            (true, ..) => Err(Damage::Zeros),
            (false, 0, 0) => Err(Damage::Empty),
            _ => Ok(()),
        };
    };
    match header.length {
        Some(expected) if expected != content.length => {
            return Err(Damage::Length { expected, found: content.length });
        }
        _ => {}
    }
    match header.digest {
        Some(expected) if expected != content.digest => Err(Damage::Digest),
        _ => Ok(()),
    }
}

/// Reads a whole revision file that is in memory.
///
/// # Errors
/// The [`Damage`] where the file is not whole.
pub fn parse(id: RevisionId, bytes: &[u8]) -> Result<(Head, Measured), Damage> {
    let head = parse_head(id, &bytes[..bytes.len().min(HEAD_BYTES)])?;
    let mut digester = Digester::default();
    digester.update(&bytes[head.content_start as usize..]);
    let measured = digester.finish();
    check_content(&head, &measured)?;
    Ok((head, measured))
}

/// Reads header lines from `at` up to the empty line; returns them and where the content begins.
fn parse_lines(head: &[u8], mut at: usize) -> Result<(Header, usize), Damage> {
    let mut header = Header::default();
    loop {
        let Some(end) = head[at..].iter().position(|b| *b == b'\n') else {
            return Err(Damage::TornHeader);
        };
        let raw = &head[at..at + end];
        at += end + 1;
        if at > MAX_HEADER_BYTES {
            return Err(Damage::TornHeader);
        }
        if raw.is_empty() {
            return Ok((header, at));
        }
        let bad = || {
            let shown = String::from_utf8_lossy(&raw[..raw.len().min(60)]);
            Damage::BadHeader(tidy(&shown, usize::MAX))
        };
        let text = std::str::from_utf8(raw).map_err(|_| bad())?;
        let (name, value) = text.split_once(':').ok_or_else(bad)?;
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "Parent" => header.parents.push(value.parse().map_err(|_| bad())?),
            "Author" if header.author.is_empty() => header.author = tidy(value, MAX_AUTHOR_BYTES),
            "Summary" if header.summary.is_empty() => {
                header.summary = tidy(value, MAX_SUMMARY_BYTES);
            }
            "Date" if header.date.is_none() => header.date = value.parse().ok(),
            // Given twice, nobody knows which one was meant.
            "Length" if header.length.is_none() && value.bytes().all(|b| b.is_ascii_digit()) => {
                header.length = Some(value.parse().map_err(|_| bad())?);
            }
            "Digest" if header.digest.is_none() => {
                header.digest = Some(value.parse().map_err(|()| bad())?);
            }
            "Length" | "Digest" => return Err(bad()),
            "Form" if header.form.is_none() && Uuid::try_parse(value).is_ok() => {
                header.form = Uuid::try_parse(value).ok();
            }
            _ if !is_name(name) => return Err(bad()),
            _ => header.extra.push((name.to_owned(), value.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests;
