//! Taking the blocks out of the base and of all versions.

use std::ops::Range;

use super::Apart;
use crate::model::diff::is_blank;

/// The base and all versions without the blocks.
pub(in crate::model::merge) struct Rest<'a> {
    pub(in crate::model::merge) base: Vec<&'a str>,
    pub(in crate::model::merge) texts: Vec<Vec<&'a str>>,
    /// By version and block.
    pub(super) gaps: Vec<Vec<Option<Gap>>>,
}

/// Where a block was taken out.
#[derive(Debug, Clone)]
pub(super) struct Gap {
    /// All lines that were taken out, the blank ones that set the block apart among them.
    pub(super) lines: Range<usize>,
    /// The line that is left before which they were.
    pub(super) at: usize,
}

impl<'a> Apart<'_, 'a> {
    /// Returns the base and all versions without the blocks.
    pub(in crate::model::merge) fn rest(&self) -> Rest<'a> {
        let blocks: Vec<_> = self.blocks.iter().map(|block| Some(block.base.clone())).collect();
        let (base, _) = without(&self.moves.base, &blocks);
        let texts = self.moves.texts.iter().enumerate().map(|(version, text)| {
            let blocks = self.blocks.iter().map(|block| block.there[version].clone());
            without(text, &blocks.collect::<Vec<_>>())
        });
        let (texts, gaps) = texts.unzip();
        Rest { base, texts, gaps }
    }
}

/// Returns a block with the blank lines that set it apart on both sides: those behind it or, at the
/// end of the text, those before it.
pub(super) fn span(lines: &[&str], block: &Range<usize>) -> Range<usize> {
    let behind = lines[block.end..].iter().take_while(|line| is_blank(line)).count();
    let before = lines[..block.start].iter().rev().take_while(|line| is_blank(line)).count();
    let is_last = block.end + behind == lines.len();
    if block.start == 0 || before > 0 && !is_last {
        block.start..block.end + behind
    } else if is_last {
        block.start - before..lines.len()
    } else {
        block.clone()
    }
}

/// Takes out blocks, with the blank lines that set them apart.
pub(super) fn without<'a>(
    lines: &[&'a str],
    blocks: &[Option<Range<usize>>],
) -> (Vec<&'a str>, Vec<Option<Gap>>) {
    let mut order: Vec<(usize, &Range<usize>)> =
        blocks.iter().enumerate().filter_map(|(i, block)| Some((i, block.as_ref()?))).collect();
    order.sort_by_key(|(_, block)| block.start);
    let mut out = Vec::with_capacity(lines.len());
    let mut gaps = vec![None; blocks.len()];
    let mut from = 0;
    for (i, block) in order {
        let span = span(lines, block);
        // The blank lines before it may have gone with the block before it.
        let span = span.start.max(from)..span.end.max(from);
        out.extend(&lines[from..span.start]);
        from = span.end;
        gaps[i] = Some(Gap { lines: span, at: out.len() });
    }
    out.extend(&lines[from..]);
    (out, gaps)
}
