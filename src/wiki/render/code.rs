//! Highlights code as flat spans with classes: `<span class="hl-keyword">`.
//!
//! The classes are the words of the scopes that colour schemes care for, prefixed with `hl-`. Spans are
//! never nested, so deeply nested code costs no more than flat code. Grammars are slow (about a
//! megabyte in ten seconds), so what was highlighted is remembered: a preview that follows the typing, or
//! a page saved again, pays only for the blocks that changed.

use std::sync::{Arc, LazyLock};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use syntect::easy::ScopeRegionIterator;
use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use super::html::escape;

/// The most code that is highlighted in one page, in bytes.
pub(super) const MAX_BYTES: usize = 64 * 1024;
/// A line longer than this is made by a machine, and costs the most.
const MAX_LINE_BYTES: usize = 4 * 1024;
/// How far up the stack of scopes a class is looked for.
const MAX_LOOK: usize = 16;

/// How many bytes of blocks and their HTML are remembered.
const REMEMBERED_BYTES: u64 = 8 * 1024 * 1024;

/// A block by its language and text, with its HTML.
static REMEMBERED: LazyLock<Cache<Block, Arc<str>, Weight>> =
    LazyLock::new(|| Cache::with_weighter(1_000, REMEMBERED_BYTES, Weight));

/// The language and the text of a block.
type Block = (String, String);

#[derive(Clone)]
struct Weight;

impl Weighter<Block, Arc<str>> for Weight {
    fn weight(&self, (language, code): &Block, html: &Arc<str>) -> u64 {
        (language.len() + code.len() + html.len() + 100) as u64
    }
}

static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(two_face::syntax::extra_newlines);

/// Scopes and the classes they get, the more particular first; no class ends the search.
const CLASSES: [(&str, &str); 38] = [
    ("comment", "hl-comment"),
    ("constant.character.escape", "hl-constant hl-escape"),
    ("constant.numeric", "hl-constant hl-numeric"),
    ("constant.language", "hl-constant hl-language"),
    ("constant", "hl-constant"),
    ("entity.name.function", "hl-entity hl-function"),
    ("entity.name.tag", "hl-entity hl-tag"),
    ("entity.name", "hl-entity hl-type"),
    ("entity.other.attribute-name", "hl-entity hl-attribute"),
    ("entity.other.inherited-class", "hl-entity hl-type"),
    ("invalid", "hl-invalid"),
    ("keyword.operator.word", "hl-keyword"),
    ("keyword.operator", "hl-keyword hl-operator"),
    ("keyword", "hl-keyword"),
    ("markup.bold", "hl-markup hl-bold"),
    ("markup.changed", "hl-markup hl-changed"),
    ("markup.deleted", "hl-markup hl-deleted"),
    ("markup.heading", "hl-markup hl-heading"),
    ("markup.inserted", "hl-markup hl-inserted"),
    ("markup.italic", "hl-markup hl-italic"),
    ("markup.raw", "hl-string"),
    ("markup.underline.link", "hl-markup hl-link"),
    ("meta.diff.header", "hl-markup hl-heading"),
    ("meta.diff.range", "hl-markup hl-heading"),
    ("meta.embedded", ""),
    ("meta.interpolation", ""),
    ("meta.template.expression", ""),
    ("source", ""),
    ("storage.type.function", "hl-keyword"),
    ("storage", "hl-storage"),
    ("string.regexp", "hl-string hl-regexp"),
    ("string.unquoted", ""),
    ("string", "hl-string"),
    ("support.function", "hl-support hl-function"),
    ("support.type.property-name", "hl-entity hl-attribute"),
    ("support", "hl-support"),
    ("variable.function", "hl-entity hl-function"),
    ("variable.parameter", "hl-variable hl-parameter"),
];

static SCOPES: LazyLock<Vec<(Scope, &'static str)>> = LazyLock::new(|| {
    CLASSES.iter().filter_map(|(scope, class)| Some((Scope::new(scope).ok()?, *class))).collect()
});

/// Returns the language that the info string of a fence names, if it is a plain word.
pub(super) fn language(info: &str) -> Option<&str> {
    let word = info.split([' ', '\t', ',', '{', ':']).next()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'#' | b'-' | b'_' | b'.');
    (!word.is_empty() && word.len() <= 40 && word.bytes().all(plain)).then_some(word)
}

/// Appends `code` as escaped HTML, highlighted if the language is known and `budget` allows.
pub(super) fn highlight(code: &str, language: Option<&str>, budget: &mut usize, out: &mut String) {
    let fits = code.len() <= *budget && code.lines().all(|line| line.len() <= MAX_LINE_BYTES);
    let Some(language) = language.filter(|_| fits) else { return escape(code, out) };
    let block = (language.to_ascii_lowercase(), code.to_owned());
    if let Some(html) = REMEMBERED.get(&block) {
        *budget -= code.len();
        out.push_str(&html);
        return;
    }
    let Some(syntax) = find(&block.0) else { return escape(code, out) };
    *budget -= code.len();
    let mut html = String::with_capacity(code.len() * 3);
    if write_spans(code, syntax, &mut html).is_none() {
        html.clear();
        escape(code, &mut html);
    }
    out.push_str(&html);
    REMEMBERED.insert(block, html.into());
}

/// Finds the grammar of a language in lower case.
fn find(language: &str) -> Option<&'static SyntaxReference> {
    let language = match language {
        "text" | "txt" | "plain" | "plaintext" | "mermaid" | "math" => return None,
        "console" | "shell-session" | "shell" | "zsh" => "sh",
        "jsonc" | "json5" => "json",
        "c++" => "cpp",
        "c#" => "cs",
        other => other,
    };
    SYNTAXES.find_syntax_by_token(language)
}

/// Writes the spans; nothing where the grammar fails.
fn write_spans(code: &str, syntax: &SyntaxReference, out: &mut String) -> Option<()> {
    let mut parser = ParseState::new(syntax);
    let mut stack = ScopeStack::new();
    let mut class = "";
    for line in code.split_inclusive('\n') {
        let operations = parser.parse_line(line, &SYNTAXES).ok()?;
        for (text, operation) in ScopeRegionIterator::new(&operations, line) {
            stack.apply(operation).ok()?;
            if text.is_empty() {
                continue;
            }
            // White space looks the same in every class: it does not end a span.
            let next = if text.trim().is_empty() { class } else { class_of(&stack) };
            if next != class {
                close(class, out);
                if !next.is_empty() {
                    out.push_str("<span class=\"");
                    out.push_str(next);
                    out.push_str("\">");
                }
                class = next;
            }
            escape(text, out);
        }
    }
    close(class, out);
    Some(())
}

fn close(class: &str, out: &mut String) {
    if !class.is_empty() {
        out.push_str("</span>");
    }
}

fn class_of(stack: &ScopeStack) -> &'static str {
    stack
        .as_slice()
        .iter()
        .rev()
        .take(MAX_LOOK)
        .find_map(|scope| SCOPES.iter().find(|(prefix, _)| prefix.is_prefix_of(*scope)))
        .map_or("", |(_, class)| class)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(code: &str, language: &str) -> String {
        let mut out = String::new();
        highlight(code, Some(language), &mut MAX_BYTES.clone(), &mut out);
        out
    }

    #[test]
    fn known_languages_get_classes_and_lose_no_text() {
        let html = shown("fn main() { let x = \"<&>\"; } // end\n", "rust");
        assert!(html.contains("<span class=\"hl-comment\">// end"), "{html}");
        assert!(html.contains("hl-entity hl-function\">main</span>"), "{html}");
        assert!(html.contains("&lt;&amp;&gt;"), "{html}");
        for language in ["py", "toml", "typescript", "sh", "json", "sql", "diff", "yaml"] {
            assert!(find(language).is_some(), "{language}");
        }
    }

    #[test]
    fn unknown_or_endless_code_is_only_escaped() {
        assert_eq!(shown("<b>", "nosuchlanguage"), "&lt;b&gt;");
        let long = "x".repeat(MAX_LINE_BYTES + 1);
        assert_eq!(shown(&long, "rust"), long);
        let much = "let x = 1;\n".repeat(MAX_BYTES / 8);
        assert_eq!(shown(&much, "rust"), much);
    }

    #[test]
    fn deep_nesting_stays_flat() {
        let html = shown(&"{[(\n".repeat(2_000), "rust");
        assert!(!html.contains("<span class=\"hl-keyword\"><span"), "{}", &html[..200]);
    }

    #[test]
    fn only_a_plain_word_names_a_language() {
        assert_eq!(language("rust,ignore"), Some("rust"));
        assert_eq!(language("c++ title=x"), Some("c++"));
        assert_eq!(language("\"><script>"), None);
        assert_eq!(language(""), None);
    }
}
