//! Pass 2 and 3: sentences, cells and items inside lines that pass 1 left in conflict; then white
//! space.
//!
//! Lines in conflict are compared as blocks (a list item, a row, a paragraph), and blocks that
//! several versions changed as their parts (sentences, cells, the mark of an item and its text).
//! Two edits are joined only if a boundary of that kind lies between them that neither touched:
//! each replaced one part by one part, or something else was left alone between them. All
//! comparisons ignore white space; the space behind a part is merged by itself, so a change of
//! white space alone never stands in the way of words.

mod forms;
mod parts;
mod sentences;
#[cfg(test)]
mod tests;
mod weave;

pub(super) use parts::is_fence;

use super::Shape;
use crate::model::diff::lines;
use forms::{all, cells, joined_tags, marked, one, placed, tags};
use parts::{Part, Parts, blocks, is_prose};
use sentences::{sentences, words};
use weave::{Cluster, Touch, clusters, distinct_changes, taken, woven};

/// Larger conflicts are left as they are.
const MOST_BYTES: usize = 512 * 1024;
/// With more wordings than these, somebody has to read them anyway.
const MOST_VOICES: usize = 32;
/// Longer lines are not cut into parts.
const LONGEST_LINE: usize = 16 * 1024;
/// How much of a part must stay, from 0 to 1, to be the same part changed.
const ALIKE: f32 = 0.5;

/// A stretch of whole lines of a conflict.
pub(super) struct Stretch {
    /// What it said before.
    pub(super) base: String,
    /// What each voice says.
    pub(super) voices: Vec<String>,
    /// What is known of it; none if all say the same.
    pub(super) shape: Option<Shape>,
    /// What was joined, or is suggested.
    pub(super) joined: Option<String>,
}

/// Cuts a conflict into stretches that are joined and stretches that are to be decided, each text
/// with LF line ends; none if it is too large.
pub(super) fn refine(base: &str, voices: &[String], in_code: bool) -> Option<Vec<Stretch>> {
    let bytes = base.len() + voices.iter().map(String::len).sum::<usize>();
    let longest = |text: &str| lines(text).iter().map(|line| line.len()).max().unwrap_or(0);
    if bytes > MOST_BYTES
        || voices.len() > MOST_VOICES
        || voices.iter().any(|text| longest(text) > LONGEST_LINE)
    {
        return None;
    }
    let base = blocks(base, in_code);
    let voices: Vec<Parts<'_>> = voices.iter().map(|text| blocks(text, in_code)).collect();
    let mut out: Vec<Stretch> = Vec::new();
    let lead = (base.lead, voices.iter().map(|v| v.lead).collect::<Vec<_>>());
    if !lead.0.is_empty() || lead.1.iter().any(|text| !text.is_empty()) {
        out.push(spaces(lead.0, &lead.1));
    }
    let mut at = 0;
    let mut offsets = vec![0; voices.len()];
    let stable = |out: &mut Vec<Stretch>, at: usize, offsets: &[usize]| {
        let whole = |part: &Part<'_>| format!("{}{}", part.core, part.gap);
        let theirs: Vec<String> =
            voices.iter().zip(offsets).map(|(v, offset)| whole(&v.parts[*offset])).collect();
        let theirs: Vec<&str> = theirs.iter().map(String::as_str).collect();
        out.push(spaces(&whole(&base.parts[at]), &theirs));
    };
    for cluster in clusters(&base, &voices, Touch::Boundary) {
        while at < cluster.base.start {
            stable(&mut out, at, &offsets);
            at += 1;
            step(&mut offsets);
        }
        out.push(decide(&base, &voices, &cluster));
        at = cluster.base.end;
        offsets = cluster.voices.iter().map(|range| range.end).collect();
    }
    while at < base.parts.len() {
        stable(&mut out, at, &offsets);
        at += 1;
        step(&mut offsets);
    }
    Some(fused(out))
}

/// Moves on by one part in every voice.
fn step(offsets: &mut [usize]) {
    for offset in offsets {
        *offset += 1;
    }
}

/// Puts white space beside a change with the change.
fn fused(stretches: Vec<Stretch>) -> Vec<Stretch> {
    let mut out: Vec<Stretch> = Vec::new();
    for next in stretches {
        let space = |s: &Stretch| s.shape == Some(Shape::WhiteSpace);
        match out.last_mut() {
            Some(last)
                if last.shape == next.shape
                    && matches!(next.shape, None | Some(Shape::WhiteSpace))
                    || last.shape.is_some() && space(&next)
                    || space(last) && next.shape.is_some() =>
            {
                let joined = |s: &Stretch| match s.shape {
                    None => Some(s.base.clone()),
                    _ => s.joined.clone(),
                };
                let both = joined(last).zip(joined(&next)).map(|(a, b)| a + &b);
                last.joined = both.filter(|_| next.shape.is_some());
                last.base.push_str(&next.base);
                for (voice, more) in last.voices.iter_mut().zip(&next.voices) {
                    voice.push_str(more);
                }
                if space(last) {
                    last.shape = next.shape;
                }
            }
            _ => out.push(next),
        }
    }
    out
}

/// Makes a stretch of a part that differs in white space at most.
fn spaces(base: &str, voices: &[&str]) -> Stretch {
    let same = voices.iter().all(|voice| *voice == base);
    Stretch {
        base: base.to_owned(),
        voices: voices.iter().map(|voice| (*voice).to_owned()).collect(),
        shape: (!same).then_some(Shape::WhiteSpace),
        joined: (!same).then(|| pick(base, voices.iter().copied()).to_owned()),
    }
}

/// Chooses between texts that differ in white space: a change before none, the winner's first.
fn pick<'t>(base: &'t str, mut voices: impl Iterator<Item = &'t str>) -> &'t str {
    match voices.next() {
        Some(winner) if winner != base => winner,
        _ => voices.filter(|text| *text != base).min().unwrap_or(base),
    }
}

/// Judges blocks that at least one version changed.
fn decide(base: &Parts<'_>, voices: &[Parts<'_>], cluster: &Cluster) -> Stretch {
    let before = base.slice(&cluster.base);
    let theirs: Vec<Parts<'_>> =
        voices.iter().zip(&cluster.voices).map(|(v, range)| v.slice(range)).collect();
    let distinct = distinct_changes(&before, &theirs);
    let (shape, joined) = match distinct[..] {
        [] => (Shape::WhiteSpace, Some(before.text())),
        [only] => {
            let text = spaced(&before, &theirs).unwrap_or_else(|| taken(&before, &theirs, only));
            (Shape::Sentences, Some(text))
        }
        _ if before.parts.is_empty() => {
            let alone = stands_alone(&distinct, &theirs);
            (if alone { Shape::Appended } else { Shape::SameWords }, None)
        }
        _ if distinct.iter().any(|i| theirs[*i].parts.is_empty()) => (Shape::DeletedEdited, None),
        _ => inside(&before, &theirs),
    };
    Stretch {
        base: before.text(),
        voices: theirs.iter().map(Parts::text).collect(),
        shape: Some(shape),
        joined,
    }
}

/// Returns true if no visible line would be there twice if all were kept.
fn stands_alone(distinct: &[usize], theirs: &[Parts<'_>]) -> bool {
    let texts: Vec<String> = distinct.iter().map(|i| theirs[*i].text()).collect();
    no_line_twice(texts.iter().map(String::as_str))
}

/// Returns true if no line with letters is in two of the texts.
pub(super) fn no_line_twice<'t>(texts: impl Iterator<Item = &'t str>) -> bool {
    let mut seen = std::collections::HashSet::new();
    texts.fold(true, |alone, text| {
        let own: std::collections::HashSet<&str> =
            lines(text).into_iter().map(str::trim).filter(|line| has_letters(line)).collect();
        let fresh = own.iter().all(|line| !seen.contains(line));
        seen.extend(own);
        alone && fresh
    })
}

fn has_letters(line: &str) -> bool {
    line.chars().any(char::is_alphanumeric)
}

/// Joins the change of one version with the white space that others changed in the same block.
fn spaced(base: &Parts<'_>, voices: &[Parts<'_>]) -> Option<String> {
    let (before, keys) = (base.text(), base.keys());
    let spaces = voices.iter().any(|voice| voice.keys() == keys && voice.text() != before);
    spaces.then(|| inside(base, voices)).and_then(|(_, joined)| joined)
}

/// Looks inside a block that versions changed in different ways, or a few paragraphs.
fn inside(base: &Parts<'_>, voices: &[Parts<'_>]) -> (Shape, Option<String>) {
    let (before, theirs) = (base.text(), voices.iter().map(Parts::text).collect::<Vec<_>>());
    let all = || std::iter::once(base).chain(voices);
    let single = all().all(|parts| parts.parts.len() == 1);
    let prose = || all().flat_map(|parts| &parts.parts).all(|part| is_prose(part.core));
    if all().flat_map(|parts| &parts.parts).any(|part| part.code) || !(single || prose()) {
        return (Shape::SameWords, None);
    }
    let gap = |text: &'_ str| text.trim_end().len();
    let cores: Vec<&str> = theirs.iter().map(|text| &text[..gap(text)]).collect();
    let gaps = theirs.iter().map(|text| &text[gap(text)..]);
    let (before, space) = before.split_at(gap(&before));
    let space = pick(space, gaps);
    if let Some((text, shape)) = joined_block(before, &cores) {
        return (shape, Some(text + space));
    }
    let parts: Vec<Parts<'_>> = cores.iter().map(|core| words(core)).collect();
    match woven(&words(before), &parts, Touch::Never) {
        Some((text, _)) if single => (Shape::SameSentence, Some(text + space)),
        _ => (Shape::SameWords, None),
    }
}

/// Joins the changes of one block by its parts.
fn joined_block(base: &str, voices: &[&str]) -> Option<(String, Shape)> {
    if let Some(all) = all(base, voices, tags) {
        return joined_tags(&all.0, &all.1).map(|text| (text, Shape::Sentences));
    }
    if let Some((base, voices)) = all(base, voices, cells) {
        let text = placed(&base, &voices)?;
        return Some((text, Shape::Sentences));
    }
    let (mark, rest) = marked(base);
    let cut: Vec<(&str, &str)> = voices.iter().map(|voice| marked(voice)).collect();
    let marks: Vec<&str> = cut.iter().map(|(mark, _)| *mark).collect();
    let (mark, rest, theirs) = match one(mark, &marks) {
        // Something that is an item in one version and none in another is taken as a whole.
        Some(found) if marks.iter().all(|m| m.is_empty() == mark.is_empty()) => {
            (found, rest, cut.iter().map(|(_, rest)| *rest).collect::<Vec<_>>())
        }
        Some(_) => ("", base, voices.to_vec()),
        None => return None,
    };
    let parts: Vec<Parts<'_>> = theirs.iter().map(|text| sentences(text)).collect();
    let (text, appended) = woven(&sentences(rest), &parts, Touch::Boundary)?;
    let shape = if appended { Shape::Appended } else { Shape::Sentences };
    Some((format!("{mark}{text}"), shape))
}
