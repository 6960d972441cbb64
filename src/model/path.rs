//! Names of documents: one validated name, three spellings.
//!
//! A [`DocPath`] is the name people see (`Projects/Garden.md`). From it follow the directory on
//! disk ([`DocPath::to_disk`], percent-encoding what some disk cannot hold), the address in a
//! browser ([`DocPath::address`]) and the key under which names that differ only in case or
//! normalisation are the same document ([`DocPath::key`]). A `DocPath` is rejected or accepted,
//! never repaired: whoever takes names from people normalises first ([`DocPath::from_user`]).

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use unicode_normalization::char::canonical_combining_class;
use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::revision::RevisionId;

/// The most bytes that one segment may take on disk.
pub const MAX_SEGMENT_BYTES: usize = 200;
/// The most bytes that a whole path may take on disk.
pub const MAX_PATH_BYTES: usize = 1_000;
/// The ending of a page's name.
pub const PAGE_SUFFIX: &str = ".md";

/// What a URL path segment must escape so that browsers and proxies leave it alone.
const ADDRESS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Names that Windows reserves for devices, with or without an extension.
const DEVICES: [&str; 26] = [
    "con", "prn", "aux", "nul", "conin$", "conout$", "com0", "com1", "com2", "com3", "com4",
    "com5", "com6", "com7", "com8", "com9", "lpt0", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6",
    "lpt7", "lpt8", "lpt9",
];

/// Says why a name cannot be the name of a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The name, or a segment of it, is empty.
    #[error("a name must not be empty, begin or end with “/”, or contain “//”")]
    Empty,
    /// A segment begins with a dot.
    #[error("“{0}” begins with a dot")]
    Dot(String),
    /// A character that cannot be seen or that turns the direction of the text.
    #[error("the name contains an invisible or control character (U+{:04X})", *.0 as u32)]
    Character(char),
    /// A segment looks like a revision id.
    #[error("“{0}” looks like a revision id")]
    RevisionShaped(String),
    /// A segment takes too many bytes on disk.
    #[error(
        "“{0}…” is too long: each part of a name can take at most {MAX_SEGMENT_BYTES} bytes on disk"
    )]
    SegmentTooLong(String),
    /// The path takes too many bytes on disk.
    #[error("the name is too long: it can take at most {MAX_PATH_BYTES} bytes on disk")]
    TooLong,
    /// The name is not in Unicode normalisation form C.
    #[error("the name is not in Unicode normalisation form C")]
    NotNormalised,
    /// A percent-encoding or a byte sequence is not UTF-8, or encodes what needs no encoding.
    #[error("the name is not spelled as Everpage spells it on disk")]
    Spelling,
}

/// The validated name of a document, `/`-separated, NFC.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocPath(String);

/// Names that are equal under this key are one document: NFC of the full case folding.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocKey(String);

impl DocKey {
    /// Returns the folded text, for maps and prefix look-ups.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for DocKey {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DocKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DocKey({:?})", self.0)
    }
}

/// Folds a text so that names differing only in case or normalisation become equal.
pub fn fold(text: &str) -> String {
    caseless::default_case_fold_str(&text.nfd().collect::<String>())
        .nfd()
        .collect::<String>()
        .nfc()
        .collect()
}

impl DocPath {
    /// Accepts an already normalised name such as `Projects/Garden.md`.
    ///
    /// # Errors
    /// A [`PathError`] that says which rule the name breaks.
    pub fn new(name: &str) -> Result<Self, PathError> {
        if !is_nfc(name) {
            return Err(PathError::NotNormalised);
        }
        let mut disk_bytes = 0;
        for segment in name.split('/') {
            check_segment(segment)?;
            let stored = encoded_len(segment);
            if stored > MAX_SEGMENT_BYTES {
                return Err(PathError::SegmentTooLong(segment.chars().take(24).collect()));
            }
            disk_bytes += stored + 1;
        }
        if disk_bytes - 1 > MAX_PATH_BYTES {
            return Err(PathError::TooLong);
        }
        Ok(Self(name.to_owned()))
    }

    /// Accepts a name as people type it: normalised to NFC, spaces around segments dropped.
    ///
    /// # Errors
    /// As [`DocPath::new`].
    pub fn from_user(name: &str) -> Result<Self, PathError> {
        let name = name.trim().trim_start_matches('/');
        let tidy: Vec<String> = name.split('/').map(|s| s.trim().nfc().collect()).collect();
        Self::new(&tidy.join("/"))
    }

    /// Accepts the name of a page as people type it: `Garden` is `Garden.md`.
    ///
    /// # Errors
    /// As [`DocPath::new`].
    pub fn page_from_user(name: &str) -> Result<Self, PathError> {
        let path = Self::from_user(name)?;
        if path.is_page() {
            return Ok(path);
        }
        Self::new(&format!("{}{PAGE_SUFFIX}", path.0))
    }

    /// Accepts a name from a command line: without an extension it is a page, else as it stands.
    ///
    /// # Errors
    /// As [`DocPath::new`].
    pub fn from_argument(name: &str) -> Result<Self, PathError> {
        let path = Self::from_user(name)?;
        match path.extension() {
            Some(_) => Ok(path),
            None => Self::page_from_user(name),
        }
    }

    /// Reads back what [`DocPath::to_disk`] wrote; normalisation and case are taken as they come.
    ///
    /// # Errors
    /// A [`PathError`] where the directory cannot be a document's.
    pub fn from_disk(relative: &str) -> Result<Self, PathError> {
        let mut name = String::with_capacity(relative.len());
        for segment in relative.split('/') {
            let decoded =
                percent_decode_str(segment).decode_utf8().map_err(|_| PathError::Spelling)?;
            if decoded.contains('/') {
                return Err(PathError::Spelling);
            }
            if !name.is_empty() {
                name.push('/');
            }
            name.extend(decoded.nfc());
        }
        let path = Self::new(&name)?;
        // Only one spelling per name is ours, else two directories could claim one name unseen.
        let ours = path.to_disk();
        if ours.nfc().eq(relative.nfc()) { Ok(path) } else { Err(PathError::Spelling) }
    }

    /// Returns the directory below `pages/`, `/`-separated, with every segment safe on every disk.
    pub fn to_disk(&self) -> String {
        let mut out = String::with_capacity(self.0.len());
        for (i, segment) in self.0.split('/').enumerate() {
            if i > 0 {
                out.push('/');
            }
            encode_segment(segment, &mut out);
        }
        out
    }

    /// Returns the path of the address below the site's root, percent-encoded, without a leading
    /// slash; a page's ending is left out.
    pub fn address(&self) -> String {
        escape(self.without_suffix())
    }

    /// Returns the percent-encoded full name without a leading slash: the address of the raw bytes.
    pub fn raw_address(&self) -> String {
        escape(&self.0)
    }

    /// Returns the key under which equal documents meet.
    pub fn key(&self) -> DocKey {
        DocKey(fold(&self.0))
    }

    /// Returns the whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns true if the document is a page (a Markdown text) rather than an attachment.
    pub fn is_page(&self) -> bool {
        // In any case, because `GARDEN.MD` and `Garden.md` are the same document. No segment begins
        // with a dot, so something stands before the ending.
        let suffix = self.0.len().checked_sub(PAGE_SUFFIX.len());
        suffix
            .is_some_and(|at| self.0.as_bytes()[at..].eq_ignore_ascii_case(PAGE_SUFFIX.as_bytes()))
    }

    /// Returns the last segment.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// Returns the last segment without a page's ending: the name to show.
    pub fn title(&self) -> &str {
        let name = self.file_name();
        if self.is_page() { &name[..name.len() - PAGE_SUFFIX.len()] } else { name }
    }

    /// Returns the whole name without a page's ending.
    pub fn without_suffix(&self) -> &str {
        if self.is_page() { &self.0[..self.0.len() - PAGE_SUFFIX.len()] } else { &self.0 }
    }

    /// Returns the folder that holds the document; empty at the root.
    pub fn folder(&self) -> &str {
        self.0.rfind('/').map_or("", |i| &self.0[..i])
    }

    /// Returns the extension of the file name without its dot, if it has one.
    pub fn extension(&self) -> Option<&str> {
        let name = self.file_name();
        match name.rfind('.') {
            Some(i) if i > 0 && i + 1 < name.len() => Some(&name[i + 1..]),
            _ => None,
        }
    }

    /// Returns the path of `name` beside this document.
    ///
    /// # Errors
    /// As [`DocPath::new`].
    pub fn sibling(&self, name: &str) -> Result<Self, PathError> {
        match self.folder() {
            "" => Self::new(name),
            folder => Self::new(&format!("{folder}/{name}")),
        }
    }
}

/// Percent-encodes a `/`-separated name for an address.
pub fn escape(name: &str) -> String {
    // A first segment `-` would be taken for the system's own addresses.
    let escaped = utf8_percent_encode(name, ADDRESS).to_string();
    match escaped.strip_prefix('-') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("%2D{rest}"),
        _ => escaped,
    }
}

fn check_segment(segment: &str) -> Result<(), PathError> {
    if segment.is_empty() {
        return Err(PathError::Empty);
    }
    // First, so that the other errors can quote the name.
    if let Some(bad) = segment.chars().find(|c| is_forbidden(*c)) {
        return Err(PathError::Character(bad));
    }
    if segment.starts_with('.') {
        return Err(PathError::Dot(segment.chars().take(24).collect()));
    }
    if segment.trim().is_empty() {
        return Err(PathError::Empty);
    }
    if RevisionId::is_shaped_like(segment) {
        return Err(PathError::RevisionShaped(segment.to_owned()));
    }
    Ok(())
}

/// Returns true if a character is a control, turns the text's direction, or cannot be seen.
fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180E}' | '\u{2028}' | '\u{2029}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

fn must_encode(c: char) -> bool {
    matches!(c, '<' | '>' | ':' | '"' | '\\' | '|' | '?' | '*' | '%')
}

fn is_device(segment: &str) -> bool {
    let stem = segment.split('.').next().unwrap_or(segment).trim_end().to_ascii_lowercase();
    let stem = stem.replace('¹', "1").replace('²', "2").replace('³', "3");
    DEVICES.contains(&stem.as_str())
}

fn encode_segment(segment: &str, out: &mut String) {
    let device = is_device(segment);
    let mut encoded = false;
    let last = segment.chars().count() - 1;
    for (i, c) in segment.chars().enumerate() {
        let edge = i == last && matches!(c, '.' | ' ');
        // An accent behind `%3A` would be drawn into its last letter by a disk that normalises.
        let accent = encoded && canonical_combining_class(c) != 0;
        encoded = must_encode(c) || edge || accent || (device && i == 0);
        if encoded {
            let mut buffer = [0; 4];
            for byte in c.encode_utf8(&mut buffer).bytes() {
                out.push('%');
                out.push(char::from(b"0123456789ABCDEF"[usize::from(byte >> 4)]));
                out.push(char::from(b"0123456789ABCDEF"[usize::from(byte & 15)]));
            }
        } else {
            out.push(c);
        }
    }
}

fn encoded_len(segment: &str) -> usize {
    let mut out = String::with_capacity(segment.len() + 8);
    encode_segment(segment, &mut out);
    out.len()
}

impl FromStr for DocPath {
    type Err = PathError;

    fn from_str(name: &str) -> Result<Self, PathError> {
        Self::new(name)
    }
}

impl fmt::Display for DocPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DocPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DocPath({:?})", self.0)
    }
}

impl AsRef<str> for DocPath {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests;
