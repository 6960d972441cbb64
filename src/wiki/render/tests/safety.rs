//! Reads rendered HTML as a browser would and checks everything that is in it.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use crate::wiki::render::sanitize;

/// Attributes whose value is an address.
const ADDRESSES: [&str; 2] = ["href", "src"];

/// Classes, as words, that a page may hold; nothing of an author's is among them.
const CLASSES: [&str; 21] = [
    "align-center",
    "align-left",
    "align-right",
    "alert",
    "alert-title",
    "anchor",
    "bad-link",
    "code",
    "external",
    "footnote-backref",
    "footnote-ref",
    "footnotes",
    "math-error",
    "missing",
    "table-wrap",
    "task",
    "alert-note",
    "alert-tip",
    "alert-important",
    "alert-warning",
    "alert-caution",
];

#[derive(Default)]
struct Tags(RefCell<Vec<Tag>>);

impl TokenSink for Tags {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::TagToken(tag) => self.0.borrow_mut().push(tag),
            Token::CommentToken(_) | Token::DoctypeToken(_) => panic!("{token:?}"),
            Token::ParseError(error) => panic!("the HTML is malformed: {error}"),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

fn tags(html: &str) -> Vec<Tag> {
    let options = TokenizerOpts { exact_errors: true, ..TokenizerOpts::default() };
    let tokenizer = Tokenizer::new(Tags::default(), options);
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(html));
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.into_inner()
}

/// Fails unless `html` is balanced and holds only elements, attributes and addresses that may be there.
pub(super) fn assert_safe(html: &str, source: &str) {
    let mut open = Vec::new();
    let mut ids = Vec::new();
    for tag in tags(html) {
        let name = tag.name.to_string();
        if tag.kind == TagKind::EndTag {
            assert_eq!(open.pop().as_ref(), Some(&name), "unbalanced: {html}\nfrom: {source}");
            continue;
        }
        assert!(sanitize::ELEMENTS.contains(&&*name), "<{name}> in {html}\nfrom: {source}");
        for attribute in &tag.attrs {
            let (attr, value) = (&*attribute.name.local, &*attribute.value);
            if let Err(wrong) = check_attribute(&name, attr, value) {
                panic!("{wrong} in {html}\nfrom: {source}");
            }
            if attr == "id" {
                ids.push(value.to_owned());
            }
        }
        if !matches!(&*name, "br" | "hr" | "img" | "input" | "wbr" | "col") {
            open.push(name);
        }
    }
    assert_eq!(open, [""; 0], "left open in {html}\nfrom: {source}");
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "an id twice in {html}\nfrom: {source}");
}

fn check_attribute(element: &str, name: &str, value: &str) -> Result<(), String> {
    let own = sanitize::OWN_ATTRIBUTES.iter().find(|(tag, _)| *tag == element);
    let mut fine =
        sanitize::ATTRIBUTES.contains(&name) || own.is_some_and(|(_, n)| n.contains(&name));
    if ADDRESSES.contains(&name) {
        let inside = value.starts_with("/wiki/");
        let here = value.starts_with('#') && value.len() > 1;
        let lower = value.to_ascii_lowercase();
        let outside =
            ["http://", "https://", "mailto:", "tel:"].iter().any(|s| lower.starts_with(s));
        fine &= inside || name == "href" && (here || outside);
        fine &= !value.contains(|c: char| c.is_control() || c == ' ');
    }
    if name == "class" {
        // The highlighter's, and those of the formulas.
        let prefixes = ["hl-", "menv-", "cell-", "mop-"];
        let ours = |c: &str| CLASSES.contains(&c) || prefixes.iter().any(|p| c.starts_with(p));
        fine &= value.split(' ').all(ours);
    }
    if name == "id" {
        let note = value.starts_with("fn:") || value.starts_with("fnref:");
        let foreign = |c: char| c.is_uppercase() || matches!(c, ':' | '.' | ' ' | '"' | '<');
        fine &= note || !value.contains(foreign);
    }
    fine.then_some(()).ok_or_else(|| format!("{name}={value:?} on <{element}>"))
}

#[test]
fn the_check_itself_finds_what_is_wrong() {
    for bad in [
        "<p>",
        "</p>",
        "<script></script>",
        "<p onclick=\"x\"></p>",
        "<a href=\"javascript:x\"></a>",
        "<img src=\"https://x\">",
        "<p class=\"toolbar\"></p>",
        "<p id=\"a\"></p><p id=\"a\"></p>",
        "<a href=\"/evil\"></a>",
        "<b><i></b></i>",
        "<p style=\"x\"></p>",
        "<!-- x -->",
    ] {
        assert!(std::panic::catch_unwind(|| assert_safe(bad, "")).is_err(), "{bad}");
    }
}
