//! The YAML block at the top of a page: `title`, `lang` and `tags`.

use serde_norway::Value;

/// A block longer than this is not read; the time that YAML takes may grow with its square.
const MAX_BYTES: usize = 16 * 1024;

/// What the front matter says, and where the body begins.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct FrontMatter {
    pub(super) title: Option<String>,
    pub(super) language: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) error: Option<String>,
    /// The offset of the body in the whole text.
    pub(super) body: usize,
}

/// Reads the front matter of `text`; a block that cannot be read is an error to show, never to fail on.
pub(super) fn read(text: &str) -> FrontMatter {
    let bom = if text.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
    let mut found = FrontMatter { body: bom, ..FrontMatter::default() };
    let Some((yaml, body)) = split(text, bom) else {
        return found;
    };
    if yaml.len() > MAX_BYTES {
        found.body = body;
        found.error = Some(format!("it is longer than {} KiB", MAX_BYTES / 1024));
        return found;
    }
    match serde_norway::from_str::<Value>(yaml) {
        Ok(Value::Mapping(map)) => {
            found.title = map.get("title").and_then(scalar);
            found.language = map.get("lang").and_then(scalar).filter(|tag| is_language(tag));
            found.tags = map.get("tags").map(tags).unwrap_or_default();
        }
        Ok(Value::Null) => {}
        // A line of text between two rules is Markdown, not front matter.
        Ok(value) if scalar(&value).is_some() => return found,
        Ok(_) => found.error = Some("it is not a list of “name: value” lines".to_owned()),
        Err(error) => found.error = Some(error.to_string()),
    }
    found.body = body;
    found
}

/// Returns the block between a first line `---` and the next line `---` or `...`, and where it ends.
fn split(text: &str, from: usize) -> Option<(&str, usize)> {
    let mut lines = text[from..].split_inclusive('\n');
    let first = lines.next().filter(|l| l.trim_end() == "---" && l.ends_with('\n'))?;
    let start = from + first.len();
    let mut at = start;
    for line in lines {
        if matches!(line.trim_end(), "---" | "...") {
            return Some((&text[start..at], at + line.len()));
        }
        at += line.len();
    }
    None
}

fn scalar(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// Returns true if a word has the shape of a language tag, such as `en` or `pt-BR`.
fn is_language(tag: &str) -> bool {
    let letters = |part: &str| part.bytes().all(|b| b.is_ascii_alphabetic());
    tag.split('-').next().is_some_and(|first| (2..=8).contains(&first.len()) && letters(first))
        && tag.split('-').all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

fn tags(value: &Value) -> Vec<String> {
    let listed = match value {
        Value::Sequence(items) => items.iter().filter_map(scalar).collect(),
        other => scalar(other)
            .map(|text| text.split(',').map(str::to_owned).collect::<Vec<_>>())
            .unwrap_or_default(),
    };
    let mut tags: Vec<String> = Vec::with_capacity(listed.len());
    for tag in listed {
        let tag = tag.trim().trim_start_matches('#');
        if !tag.is_empty() && !tags.iter().any(|t| t == tag) {
            tags.push(tag.to_owned());
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn title_and_tags_are_read_however_they_are_written() {
        for text in [
            "---\ntitle: Beans & peas\ntags: [a, '#b', a]\n---\nrest",
            "\u{FEFF}---\r\ntitle: 'Beans & peas'\r\ntags: a, b\r\n...\r\nrest",
            "---\ntags:\n- a\n- b\ntitle: >\n  Beans\n  & peas\nother: {x: 1}\n---\nrest",
        ] {
            let found = read(text);
            assert_eq!(found.title.as_deref(), Some("Beans & peas"), "{text}");
            assert_eq!(found.tags, ["a", "b"], "{text}");
            assert_eq!(&text[found.body..], "rest", "{text}");
        }
    }

    #[test]
    fn a_language_is_a_tag_or_nothing() {
        let of = |lang: &str| read(&format!("---\nlang: {lang}\n---\n")).language;
        assert_eq!(of("pt-BR").as_deref(), Some("pt-BR"));
        for lang in ["", "x", "de_DE", "'\"><b>'", "[de]", "deutsch-verylongpart"] {
            assert_eq!(of(lang), None, "{lang}");
        }
    }

    #[test]
    fn a_bad_block_is_reported_and_left_out() {
        for text in ["---\ntitle: [\n---\nrest", "---\n- a\n---\nrest", "---\na: *b\n---\nrest"] {
            let found = read(text);
            assert!(found.error.is_some(), "{text}");
            assert_eq!(&text[found.body..], "rest", "{text}");
        }
    }

    #[test]
    fn markdown_that_only_resembles_a_block_stays() {
        for text in [
            "---\nno end",
            "---",
            "----\na: b\n---\n",
            "---\nJust text\n---\nrest",
            " ---\na: b\n---",
        ] {
            assert_eq!(read(text), FrontMatter::default(), "{text}");
        }
    }

    #[test]
    fn aliases_cannot_blow_up() {
        let mut yaml = String::from("---\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for i in 1..12 {
            let refs = vec![format!("*a{}", i - 1); 10].join(",");
            writeln!(yaml, "a{i}: &a{i} [{refs}]").unwrap();
        }
        yaml += "---\nrest";
        assert!(read(&yaml).error.is_some());
        let deep = format!("---\na: {}\n---\nrest", "[".repeat(8_000));
        assert!(read(&deep).error.is_some());
    }
}
