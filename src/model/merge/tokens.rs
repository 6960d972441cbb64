//! Pass 2 and 3: sentences, cells and items inside lines that pass 1 left in conflict; then white
//! space.
//!
//! Lines in conflict are compared as blocks (a list item, a row, a paragraph), and blocks that
//! several versions changed as their parts (sentences, cells, the mark of an item and its text).
//! Two edits are joined only if a boundary of that kind lies between them that neither touched:
//! each replaced one part by one part, or something else was left alone between them. All
//! comparisons ignore white space; the space behind a part is merged by itself, so a change of
//! white space alone never stands in the way of words.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

use super::Shape;
use crate::model::diff::{Replaced, is_blank, lines, replaced_tokens};

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

/// Cuts a base and all voices in the same way, if all can be cut so.
fn all<'t, T>(
    base: &'t str,
    voices: &[&'t str],
    cut: impl Fn(&'t str) -> Option<T>,
) -> Option<(T, Vec<T>)> {
    Some((cut(base)?, voices.iter().map(|voice| cut(voice)).collect::<Option<_>>()?))
}

/// Returns what became of a text if those who changed it agree, white space aside.
fn one<'t>(base: &'t str, voices: &[&'t str]) -> Option<&'t str> {
    let mut changed = voices.iter().filter(|voice| key(voice) != key(base));
    match changed.next() {
        None => Some(pick(base, voices.iter().copied())),
        Some(first) => changed.all(|other| key(other) == key(first)).then_some(*first),
    }
}

/// Joins texts whose parts have fixed places.
fn placed(base: &[&str], voices: &[Vec<&str>]) -> Option<String> {
    if voices.iter().any(|voice| voice.len() != base.len()) {
        return None;
    }
    let at = |i: usize| one(base[i], &voices.iter().map(|voice| voice[i]).collect::<Vec<_>>());
    (0..base.len()).map(at).collect::<Option<Vec<_>>>().map(|parts| parts.concat())
}

/// Cuts a row of a table into its cells.
fn cells(line: &str) -> Option<Vec<&str>> {
    if !line.trim_start().starts_with('|') {
        return None;
    }
    let mut cells = Vec::new();
    let (mut from, mut escaped, mut code) = (0, false, false);
    for (at, c) in line.char_indices() {
        match c {
            '\\' => {
                escaped = !escaped;
                continue;
            }
            '`' if !escaped => code = !code,
            '|' if !escaped && !code => {
                cells.push(&line[from..=at]);
                from = at + 1;
            }
            _ => {}
        }
        escaped = false;
    }
    cells.push(&line[from..]);
    Some(cells)
}

/// A list of values in front matter: what is before it, the values, and what is behind it.
type Tags<'t> = (&'t str, Vec<&'t str>, &'t str);

/// Reads `key: [one, two]`.
fn tags(line: &str) -> Option<Tags<'_>> {
    let (name, rest) = line.split_once(':')?;
    let named = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "-_".contains(c));
    let list = rest.trim_start().strip_prefix('[').filter(|_| named)?;
    let inner = list.trim_end().strip_suffix(']')?;
    if inner.contains(['[', ']', '"', '\'']) {
        return None;
    }
    let from = line.len() - list.len();
    let values = inner.split(',').map(str::trim).filter(|value| !value.is_empty()).collect();
    Some((&line[..from], values, &line[from + inner.len()..]))
}

/// Joins lists of values, in which places hardly matter: what anybody added comes in, what anybody
/// removed goes.
fn joined_tags(base: &Tags<'_>, voices: &[Tags<'_>]) -> Option<String> {
    let head = one(base.0, &voices.iter().map(|v| v.0).collect::<Vec<_>>())?;
    let gone = |value: &str| voices.iter().any(|v| !v.1.contains(&value));
    let mut values: Vec<&str> = base.1.iter().copied().filter(|value| !gone(value)).collect();
    for voice in voices {
        for value in &voice.1 {
            if !base.1.contains(value) && !values.contains(value) {
                values.push(value);
            }
        }
    }
    Some(format!("{head}{}{}", values.join(", "), base.2))
}

/// Parts a line into the mark of an item, a task, a heading or a quotation, and the rest.
fn marked(line: &str) -> (&str, &str) {
    let text = line.trim_start();
    let digits = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let after = if digits.len() < text.len() {
        digits.strip_prefix(". ").or_else(|| digits.strip_prefix(") "))
    } else {
        let heading = text.trim_start_matches('#');
        let marks = ["- ", "* ", "+ ", "> "];
        if heading.len() < text.len() {
            heading.strip_prefix(' ')
        } else {
            marks.iter().find_map(|mark| text.strip_prefix(mark))
        }
    };
    let Some(after) = after else { return line.split_at(0) };
    let boxes = ["[ ] ", "[x] ", "[X] "];
    let rest = boxes.iter().find_map(|task| after.strip_prefix(task)).unwrap_or(after);
    line.split_at(line.len() - rest.len())
}

/// A text in parts.
struct Parts<'t> {
    /// White space before the first.
    lead: &'t str,
    parts: Vec<Part<'t>>,
}

/// A part, and the white space behind it.
#[derive(Clone, Copy)]
struct Part<'t> {
    core: &'t str,
    gap: &'t str,
    /// Its white space means something.
    code: bool,
}

impl<'t> Parts<'t> {
    /// Makes parts of neighbouring pieces of a text; a piece of white space goes with the one
    /// before it.
    fn new(
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

    fn slice(&self, range: &Range<usize>) -> Self {
        Self { lead: "", parts: self.parts[range.clone()].to_vec() }
    }

    fn text(&self) -> String {
        let parts = self.parts.iter().flat_map(|part| [part.core, part.gap]);
        std::iter::once(self.lead).chain(parts).collect()
    }

    fn keys(&self) -> Vec<String> {
        self.parts.iter().map(Part::key).collect()
    }
}

impl Part<'_> {
    fn key(&self) -> String {
        if self.code { self.core.to_owned() } else { key(self.core) }
    }
}

/// Returns a text with white space of one kind.
fn key(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Cuts lines into blocks: paragraphs, and single lines of everything else.
fn blocks(text: &str, mut in_code: bool) -> Parts<'_> {
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
pub(super) fn is_fence(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("```") || line.starts_with("~~~")
}

/// Returns true if a line may go on with the sentence of the line before.
fn is_prose(line: &str) -> bool {
    let own = cells(line).is_some() || tags(line.trim_end()).is_some();
    !own && marked(line).0.is_empty() && !is_pair(line) && line.trim() != "---"
}

/// Returns true for a line like `key: value`, which stands for itself.
fn is_pair(line: &str) -> bool {
    line.split_once(':').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c == '_')
    })
}

/// Cuts a text into its sentences.
fn sentences(text: &str) -> Parts<'_> {
    let mask = masked(text);
    let mut at = 0;
    let pieces = mask.split_sentence_bounds().map(|sentence| {
        let piece = &text[at..at + sentence.len()];
        at += sentence.len();
        (piece, false)
    });
    Parts::new(text, false, pieces)
}

/// Cuts a text into words and other signs.
fn words(text: &str) -> Parts<'_> {
    Parts::new(text, false, text.split_word_bounds().map(|word| (word, false)))
}

/// Words that end with a full stop without ending a sentence.
const ABBREVIATIONS: [&str; 40] = [
    "dr", "mr", "mrs", "ms", "prof", "st", "vs", "etc", "approx", "fig", "vol", "ed", "eds", "pp",
    "sen", "gen", "col", "jr", "sr", "inc", "ltd", "co", "dept", "est", "bzw", "usw", "ca", "evtl",
    "ggf", "inkl", "vgl", "abb", "str", "hr", "fr", "bd", "hrsg", "mme", "cf", "al",
];

/// Returns a text of the same length in which only full stops that end a sentence are left.
fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let hide = |out: &mut String, text: &str| out.extend(std::iter::repeat_n('x', text.len()));
    let mut word_from = 0;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let hidden = hidden_length(rest);
        if hidden > 0 {
            hide(&mut out, &rest[..hidden]);
            rest = &rest[hidden..];
            continue;
        }
        let (sign, behind) = rest.split_at(c.len_utf8());
        if c == '\n' || c == '\r' {
            // A line goes on with the sentence of the line before.
            out.push(' ');
        } else if c == '.' && is_abbreviated(&text[word_from..out.len()], behind) {
            out.push('x');
        } else if "*_~\"'".contains(c) && out.ends_with(['.', '!', '?', ')', '"', '\'']) {
            // Marks behind the end of a sentence belong to it.
            out.push(')');
        } else {
            out.push_str(sign);
        }
        if !(c.is_alphanumeric() || c == '.') {
            word_from = out.len();
        }
        rest = behind;
    }
    out
}

/// Returns how many bytes at the beginning of a text are code or a link, whose signs end no sentence.
fn hidden_length(text: &str) -> usize {
    let until = |open: usize, close: &str| {
        text.get(open..).and_then(|rest| rest.find(close)).map_or(0, |at| open + at + close.len())
    };
    if text.starts_with('`') {
        let ticks = text.len() - text.trim_start_matches('`').len();
        until(ticks, &text[..ticks])
    } else if text.starts_with("[[") {
        until(2, "]]")
    } else if text.starts_with("](") {
        until(2, ")")
    } else if text.starts_with("http://") || text.starts_with("https://") {
        let end = text.find(|c: char| c.is_whitespace() || c == ')' || c == '>');
        text[..end.unwrap_or(text.len())].trim_end_matches(['.', ',', '!', '?']).len()
    } else {
        0
    }
}

/// Returns true if a full stop behind this word does not end a sentence.
fn is_abbreviated(word: &str, behind: &str) -> bool {
    let word = word.rsplit('.').next().unwrap_or(word);
    let digits = word.chars().all(|c| c.is_ascii_digit());
    let letters = word.chars().count();
    letters == 1 && word.chars().all(char::is_alphabetic)
        || digits && (1..=2).contains(&letters)
        || ABBREVIATIONS.contains(&word.to_lowercase().as_str())
        || ["no", "nr"].contains(&word.to_lowercase().as_str())
            && behind.trim_start().starts_with(|c: char| c.is_ascii_digit())
}

/// What may be joined though nothing unchanged lies between.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Touch {
    /// Edits on both sides of a boundary that stayed.
    Boundary,
    /// Nothing.
    Never,
}

/// Parts that versions changed, between parts that all left as they were.
struct Cluster {
    base: Range<usize>,
    voices: Vec<Range<usize>>,
}

/// A change of one voice.
struct Edit {
    voice: usize,
    change: Replaced,
    /// One part became another one that is much like it.
    alike: bool,
}

impl Edit {
    fn is_insertion(&self) -> bool {
        self.change.old.is_empty()
    }

    fn is_one_to_one(&self) -> bool {
        self.change.old.len() == 1 && self.change.new.len() == 1
    }

    /// Returns true if the boundary between this edit and the next one is as it was.
    fn leaves_boundary_to(&self, next: &Self, touch: Touch) -> bool {
        if self.voice == next.voice {
            return true;
        }
        touch == Touch::Boundary
            && match (self.is_one_to_one(), next.is_one_to_one()) {
                (true, true) => true,
                (true, false) => self.alike && next.is_insertion(),
                (false, true) => next.alike && self.is_insertion(),
                (false, false) => false,
            }
    }
}

/// Lays the changes of all voices over each other.
fn clusters(base: &Parts<'_>, voices: &[Parts<'_>], touch: Touch) -> Vec<Cluster> {
    let base_keys = base.keys();
    let mut edits: Vec<Edit> = Vec::new();
    for (voice, parts) in voices.iter().enumerate() {
        let keys = parts.keys();
        for change in replaced_tokens(&base_keys, &keys) {
            edits.extend(single_edits(voice, change, &base_keys, &keys));
        }
    }
    let groups = grouped(edits, touch);
    let mut offsets = vec![0_isize; voices.len()];
    let place = |at: usize, offset: isize| at.saturating_add_signed(offset);
    let mut out = Vec::new();
    for (range, members) in groups {
        let starts: Vec<usize> = offsets.iter().map(|offset| place(range.start, *offset)).collect();
        for edit in members {
            let Replaced { old, new } = edit.change;
            offsets[edit.voice] += new.len() as isize - old.len() as isize;
        }
        let ends = offsets.iter().map(|offset| place(range.end, *offset));
        let voices = starts.into_iter().zip(ends).map(|(start, end)| start..end).collect();
        out.push(Cluster { base: range, voices });
    }
    out
}

/// Returns the first edit of a group.
fn first(group: &mut [usize], mut edit: usize) -> usize {
    while group[edit] != edit {
        group[edit] = group[group[edit]];
        edit = group[edit];
    }
    edit
}

/// Puts together the changes that have to be decided together; the order of the voices is of no
/// account.
fn grouped(mut edits: Vec<Edit>, touch: Touch) -> Vec<(Range<usize>, Vec<Edit>)> {
    edits.sort_by_key(|e| (e.change.old.start, e.change.old.end, e.voice));
    // For each edit an earlier one that it belongs with, itself if there is none.
    let mut group: Vec<usize> = (0..edits.len()).collect();
    // How far the edits up to each one reach.
    let mut reach: Vec<usize> = edits.iter().map(|edit| edit.change.old.end).collect();
    for i in 1..reach.len() {
        reach[i] = reach[i].max(reach[i - 1]);
    }
    for later in 0..edits.len() {
        let start = edits[later].change.old.start;
        for earlier in (0..later).rev().take_while(|earlier| reach[*earlier] >= start) {
            let (one, next) = (&edits[earlier], &edits[later]);
            let end = one.change.old.end;
            let within = start < end && !(next.is_insertion() && start == one.change.old.start);
            if within || end == start && !one.leaves_boundary_to(next, touch) {
                let (a, b) = (first(&mut group, earlier), first(&mut group, later));
                group[a.max(b)] = a.min(b);
            }
        }
    }
    let group: Vec<usize> = (0..edits.len()).map(|edit| first(&mut group, edit)).collect();
    let mut ranges: Vec<(Range<usize>, Vec<Edit>)> = Vec::new();
    let mut at: Vec<Option<usize>> = vec![None; edits.len()];
    for (edit, group) in edits.into_iter().zip(group) {
        if let Some(i) = at[group] {
            let range: &mut Range<usize> = &mut ranges[i].0;
            range.start = range.start.min(edit.change.old.start);
            range.end = range.end.max(edit.change.old.end);
            ranges[i].1.push(edit);
        } else {
            at[group] = Some(ranges.len());
            ranges.push((edit.change.old.clone(), vec![edit]));
        }
    }
    ranges.sort_by_key(|(range, _)| (range.start, range.end));
    let mut out: Vec<(Range<usize>, Vec<Edit>)> = Vec::new();
    for (range, members) in ranges {
        match out.last_mut() {
            // What lies within a group is of it, although it touches none of its edits.
            Some((last, known)) if range.start < last.end => {
                last.end = last.end.max(range.end);
                known.extend(members);
            }
            _ => out.push((range, members)),
        }
    }
    out
}

/// Takes a change of several parts apart if each became one that is like it.
fn single_edits(voice: usize, change: Replaced, base: &[String], keys: &[String]) -> Vec<Edit> {
    let Replaced { old, new } = change;
    let pairs: Vec<bool> =
        old.clone().zip(new.clone()).map(|(o, n)| likeness(&base[o], &keys[n]) >= ALIKE).collect();
    if old.len() != new.len() || old.len() > 1 && !pairs.iter().all(|alike| *alike) {
        return vec![Edit { voice, change: Replaced { old, new }, alike: false }];
    }
    let single = |(i, alike): (usize, bool)| Edit {
        voice,
        change: Replaced {
            old: old.start + i..old.start + i + 1,
            new: new.start + i..new.start + i + 1,
        },
        alike,
    };
    pairs.into_iter().enumerate().map(single).collect()
}

/// Returns how much two parts share, from 0 (nothing) to 1 (all words).
fn likeness(one: &str, other: &str) -> f32 {
    let words = |text| -> Vec<&str> {
        let mut words: Vec<&str> =
            str::split_word_bounds(text).filter(|w| has_letters(w)).collect();
        words.sort_unstable();
        words
    };
    let (one, other) = (words(one), words(other));
    let (mut shared, mut a, mut b) = (0, 0, 0);
    while let (Some(x), Some(y)) = (one.get(a), other.get(b)) {
        shared += usize::from(x == y);
        a += usize::from(x <= y);
        b += usize::from(y <= x);
    }
    let all = one.len() + other.len();
    if all == 0 { 1.0 } else { 2.0 * shared as f32 / all as f32 }
}

/// Lists the voices with different changes, one of each.
fn distinct_changes(base: &Parts<'_>, voices: &[Parts<'_>]) -> Vec<usize> {
    let before = base.keys();
    let mut seen: Vec<(usize, Vec<String>)> = Vec::new();
    for (i, voice) in voices.iter().enumerate() {
        let keys = voice.keys();
        if keys != before && !seen.iter().any(|(_, known)| *known == keys) {
            seen.push((i, keys));
        }
    }
    seen.into_iter().map(|(i, _)| i).collect()
}

/// Takes the parts of one voice; the white space behind them is merged.
fn taken(base: &Parts<'_>, voices: &[Parts<'_>], voice: usize) -> String {
    let mut out = String::new();
    let parts = &voices[voice].parts;
    for (i, part) in parts.iter().enumerate() {
        out.push_str(part.core);
        out.push_str(match base.parts.last() {
            Some(before) if i + 1 == parts.len() => {
                let gaps = voices.iter().map(|v| v.parts.last().map_or(before.gap, |p| p.gap));
                pick(before.gap, gaps)
            }
            _ => part.gap,
        });
    }
    out
}

/// Joins the changes of all voices, if none is in the way of another; true if several added
/// something at one place.
fn woven(base: &Parts<'_>, voices: &[Parts<'_>], touch: Touch) -> Option<(String, bool)> {
    let mut out = pick(base.lead, voices.iter().map(|v| v.lead)).to_owned();
    let mut appended = false;
    let mut at = 0;
    let mut from: Vec<usize> = vec![0; voices.len()];
    // Where the white space behind the last part begins in the output.
    let mut gap_at = out.len();
    let stable = |out: &mut String, gap_at: &mut usize, at: usize, from: &[usize]| {
        let before = &base.parts[at];
        let theirs = || voices.iter().zip(from).map(|(voice, i)| &voice.parts[*i]);
        out.push_str(pick(before.core, theirs().map(|part| part.core)));
        *gap_at = out.len();
        out.push_str(pick(before.gap, theirs().map(|part| part.gap)));
    };
    for cluster in clusters(base, voices, touch) {
        while at < cluster.base.start {
            stable(&mut out, &mut gap_at, at, &from);
            at += 1;
            step(&mut from);
        }
        let before = base.slice(&cluster.base);
        let theirs: Vec<Parts<'_>> =
            voices.iter().zip(&cluster.voices).map(|(v, range)| v.slice(range)).collect();
        match distinct_changes(&before, &theirs)[..] {
            [] => out.push_str(&before.text()),
            [only] => out.push_str(&taken(&before, &theirs, only)),
            ref several if before.parts.is_empty() && touch == Touch::Boundary => {
                appended = true;
                for (nth, voice) in several.iter().enumerate() {
                    if nth > 0 {
                        // The space that sets apart what this voice added.
                        let start = cluster.voices[*voice].start;
                        out.truncate(gap_at);
                        out.push_str(match start.checked_sub(1) {
                            Some(i) => voices[*voice].parts[i].gap,
                            None => " ",
                        });
                    }
                    for part in &theirs[*voice].parts {
                        out.push_str(part.core);
                        gap_at = out.len();
                        out.push_str(part.gap);
                    }
                }
            }
            _ => return None,
        }
        gap_at = out.trim_end().len();
        at = cluster.base.end;
        from = cluster.voices.iter().map(|range| range.end).collect();
    }
    while at < base.parts.len() {
        stable(&mut out, &mut gap_at, at, &from);
        at += 1;
        step(&mut from);
    }
    Some((out, appended))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        sentences(text).parts.iter().map(|part| part.core).collect()
    }

    #[test]
    fn sentences_are_found_and_what_only_looks_like_their_end_is_not() {
        assert_eq!(cut("One. Two! Three?"), ["One.", "Two!", "Three?"]);
        assert_eq!(
            cut("Ask Dr. Smith. He knows, e.g. Latin."),
            ["Ask Dr. Smith.", "He knows, e.g. Latin."]
        );
        assert_eq!(cut("Obst, z. B. Äpfel. Am 3. Mai."), ["Obst, z. B. Äpfel.", "Am 3. Mai."]);
        assert_eq!(cut("Built in 1921. Then sold."), ["Built in 1921.", "Then sold."]);
        assert_eq!(
            cut("Run `a. B. C` now. Then [see. It](x. Y) there."),
            ["Run `a. B. C` now.", "Then [see.", "It](x. Y) there."]
        );
        assert_eq!(
            cut("**Bold one.** Next. *It. Is.*"),
            ["**Bold one.**", "Next.", "*It.", "Is.*"]
        );
        assert_eq!(
            cut("See https://a.example/B. Then [[A. B]] too."),
            ["See https://a.example/B.", "Then [[A. B]] too."]
        );
        assert_eq!(cut("我们种豆。他们浇水。"), ["我们种豆。", "他们浇水。"]);
        assert_eq!(cut("هل نزرع؟ نعم نزرع. ثم نسقي."), ["هل نزرع؟", "نعم نزرع.", "ثم نسقي."]);
        assert_eq!(
            cut("One sentence\non two lines. Another."),
            ["One sentence\non two lines.", "Another."]
        );
    }

    #[test]
    fn marks_and_cells_are_found() {
        assert_eq!(marked("- [x] done"), ("- [x] ", "done"));
        assert_eq!(marked("  12. item"), ("  12. ", "item"));
        assert_eq!(marked("## Heading"), ("## ", "Heading"));
        assert_eq!(marked("#tag"), ("", "#tag"));
        assert_eq!(marked("-5 degrees"), ("", "-5 degrees"));
        assert_eq!(
            cells("| a | `b|c` | d\\|e |"),
            Some(vec!["|", " a |", " `b|c` |", " d\\|e |", ""])
        );
    }

    #[test]
    fn parts_together_are_the_text() {
        for text in ["", " \n", "a. b", " a. B.\n\n- c\n  d\n| e |\n", "```\n  x\n```\n", "  x\n"] {
            assert_eq!(blocks(text, false).text(), text);
            assert_eq!(blocks(text, true).text(), text);
            assert_eq!(sentences(text).text(), text);
            assert_eq!(words(text).text(), text);
        }
    }
}
