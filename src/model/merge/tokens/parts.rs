//! Texts in parts: blocks of lines, and what is the same in them but for white space.

use std::ops::Range;

use super::forms::{cells, marked, tags};
use crate::model::diff::{is_blank, lines};

/// A text in parts.
pub(super) struct Parts<'t> {
    /// White space before the first.
    pub(super) lead: &'t str,
    pub(super) parts: Vec<Part<'t>>,
}

/// A part, and the white space behind it.
#[derive(Clone, Copy)]
pub(super) struct Part<'t> {
    pub(super) core: &'t str,
    pub(super) gap: &'t str,
    /// Its white space means something.
    pub(super) code: bool,
}

impl<'t> Parts<'t> {
    /// Makes parts of neighbouring pieces of a text; a piece of white space goes with the one
    /// before it.
    pub(super) fn new(
        text: &'t str,
        whole_lines: bool,
        pieces: impl Iterator<Item = (&'t str, bool)>,
    ) -> Self {
        let mut ends: Vec<(usize, bool)> = Vec::new();
        let mut at = 0;
        for (piece, code) in pieces {
            at += piece.len();
            match ends.last_mut() {
                Some(last) if piece.trim().is_empty() => last.0 = at,
                // White space before the first piece is the lead.
                None if piece.trim().is_empty() => {}
                _ => ends.push((at, code)),
            }
        }
        let mut from = text.len() - text.trim_start().len();
        if whole_lines {
            from = text[..from].rfind('\n').map_or(0, |at| at + 1);
        }
        let lead = &text[..from];
        let mut parts = Vec::new();
        for (end, code) in ends {
            let whole = &text[from..end];
            let core = whole.trim_end();
            parts.push(Part { core, gap: &whole[core.len()..], code });
            from = end;
        }
        Self { lead: if parts.is_empty() { text } else { lead }, parts }
    }

    pub(super) fn slice(&self, range: &Range<usize>) -> Self {
        Self { lead: "", parts: self.parts[range.clone()].to_vec() }
    }

    pub(super) fn text(&self) -> String {
        let parts = self.parts.iter().flat_map(|part| [part.core, part.gap]);
        std::iter::once(self.lead).chain(parts).collect()
    }

    pub(super) fn keys(&self) -> Vec<String> {
        self.parts.iter().map(Part::key).collect()
    }
}

impl Part<'_> {
    pub(super) fn key(&self) -> String {
        if self.code { self.core.to_owned() } else { key(self.core) }
    }
}

/// Returns a text with white space of one kind.
pub(super) fn key(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Cuts lines into blocks: paragraphs, and single lines of everything else.
pub(super) fn blocks(text: &str, mut in_code: bool) -> Parts<'_> {
    let all = lines(text);
    let mut sizes: Vec<(usize, bool)> = Vec::new();
    let mut prose = false;
    for line in &all {
        let fence = is_fence(line);
        let code = in_code || fence;
        let plain = !code && !is_blank(line) && is_prose(line);
        match sizes.last_mut() {
            Some(last) if plain && prose => last.0 += line.len(),
            _ => sizes.push((line.len(), code)),
        }
        prose = plain;
        in_code ^= fence;
    }
    let mut at = 0;
    let pieces = sizes.into_iter().map(|(size, code)| {
        let piece = &text[at..at + size];
        at += size;
        (piece, code)
    });
    Parts::new(text, true, pieces)
}

/// Returns true if a line begins or ends a block of code.
pub(in crate::model::merge) fn is_fence(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("```") || line.starts_with("~~~")
}

/// Returns true if a line may go on with the sentence of the line before.
pub(super) fn is_prose(line: &str) -> bool {
    let own = cells(line).is_some() || tags(line.trim_end()).is_some();
    !own && marked(line).0.is_empty() && !is_pair(line) && line.trim() != "---"
}

/// Returns true for a line like `key: value`, which stands for itself.
pub(super) fn is_pair(line: &str) -> bool {
    line.split_once(':').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c == '_')
    })
}
