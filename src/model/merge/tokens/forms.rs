//! Lines of a known form: rows of tables, lists of values, and the marks of items and tasks.

use super::parts::key;
use super::pick;

/// Cuts a base and all voices in the same way, if all can be cut so.
pub(super) fn all<'t, T>(
    base: &'t str,
    voices: &[&'t str],
    cut: impl Fn(&'t str) -> Option<T>,
) -> Option<(T, Vec<T>)> {
    Some((cut(base)?, voices.iter().map(|voice| cut(voice)).collect::<Option<_>>()?))
}

/// Returns what became of a text if those who changed it agree, white space aside.
pub(super) fn one<'t>(base: &'t str, voices: &[&'t str]) -> Option<&'t str> {
    let mut changed = voices.iter().filter(|voice| key(voice) != key(base));
    match changed.next() {
        None => Some(pick(base, voices.iter().copied())),
        Some(first) => changed.all(|other| key(other) == key(first)).then_some(*first),
    }
}

/// Joins texts whose parts have fixed places.
pub(super) fn placed(base: &[&str], voices: &[Vec<&str>]) -> Option<String> {
    if voices.iter().any(|voice| voice.len() != base.len()) {
        return None;
    }
    let at = |i: usize| one(base[i], &voices.iter().map(|voice| voice[i]).collect::<Vec<_>>());
    (0..base.len()).map(at).collect::<Option<Vec<_>>>().map(|parts| parts.concat())
}

/// Cuts a row of a table into its cells.
pub(super) fn cells(line: &str) -> Option<Vec<&str>> {
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
pub(super) type Tags<'t> = (&'t str, Vec<&'t str>, &'t str);

/// Reads `key: [one, two]`.
pub(super) fn tags(line: &str) -> Option<Tags<'_>> {
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
pub(super) fn joined_tags(base: &Tags<'_>, voices: &[Tags<'_>]) -> Option<String> {
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
pub(super) fn marked(line: &str) -> (&str, &str) {
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
