//! Reads raw HTML as tokens and keeps what is on the list.
//!
//! The tokenizer is the browsers' own (`html5ever`), so that what we take for text is text to them. A
//! tag that is not complete within its piece of raw HTML is dropped. No class, id, style or handler
//! is on any list.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::BufferQueue;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer};

/// One token that is kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// The start of an element on the list, with those attributes that are on its list.
    Start(&'static str, Vec<(&'static str, String)>),
    /// The end of an element on the list.
    End(&'static str),
    /// Text, decoded.
    Text(String),
}

/// What an element may be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Has no content and no end tag.
    Void,
    /// May stand in a line of text.
    Phrasing,
    /// May only stand where blocks may.
    Flow,
}

/// Returns the pieces of `html` that may be shown.
pub(super) fn read(html: &str) -> Vec<Piece> {
    let tokenizer = Tokenizer::new(Sink::default(), html5ever::tokenizer::TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(html));
    // The sink never pauses for a script, so one call reads everything.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.state.into_inner().pieces
}

/// Returns the kind of an element on the list.
pub(super) fn kind(tag: &str) -> Kind {
    match tag {
        "br" | "hr" | "img" | "wbr" | "col" => Kind::Void,
        "a" | "abbr" | "b" | "bdi" | "bdo" | "cite" | "code" | "del" | "dfn" | "em" | "i"
        | "ins" | "kbd" | "mark" | "q" | "rp" | "rt" | "ruby" | "s" | "samp" | "small" | "span"
        | "strike" | "strong" | "sub" | "sup" | "time" | "tt" | "u" | "var" => Kind::Phrasing,
        _ => Kind::Flow,
    }
}

/// The elements that authors may use.
const LISTED: [&str; 65] = [
    "a",
    "abbr",
    "b",
    "bdi",
    "bdo",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
];

/// Elements whose content goes with them.
const DROPPED: [&str; 17] = [
    "applet", "audio", "canvas", "embed", "iframe", "math", "noembed", "noframes", "noscript",
    "object", "script", "select", "style", "svg", "template", "video", "xmp",
];

/// Returns the attributes that `element` may have, from those that any may have and its own.
fn attribute(element: &str, name: &str, value: &str) -> Option<&'static str> {
    const FREE: [(&str, &str); 6] = [
        ("*", "title"),
        ("a", "href"),
        ("img", "src"),
        ("img", "alt"),
        ("details", "open"),
        ("time", "datetime"),
    ];
    const NUMBERS: [(&str, &str); 10] = [
        ("col", "span"),
        ("colgroup", "span"),
        ("img", "height"),
        ("img", "width"),
        ("li", "value"),
        ("ol", "start"),
        ("td", "colspan"),
        ("td", "rowspan"),
        ("th", "colspan"),
        ("th", "rowspan"),
    ];
    const WORDS: [(&str, &str, &[&str]); 6] = [
        ("*", "dir", &["ltr", "rtl", "auto"]),
        ("ol", "reversed", &[""]),
        ("ol", "type", &["1", "a", "A", "i", "I"]),
        ("th", "scope", &["col", "row", "colgroup", "rowgroup"]),
        ("align", "align", &["left", "right", "center"]),
        ("*", "lang", &[]),
    ];
    let applies = |on: &str| match on {
        "*" => true,
        "align" => matches!(
            element,
            "div" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "img" | "p" | "td" | "th" | "tr"
        ),
        on => on == element,
    };
    let number = || (1..=4).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit());
    let language =
        || value.len() <= 35 && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let free = FREE.iter().filter(|(on, n)| applies(on) && *n == name).map(|(_, n)| *n);
    let numbers =
        NUMBERS.iter().filter(|(on, n)| applies(on) && *n == name && number()).map(|(_, n)| *n);
    let words = WORDS
        .iter()
        .filter(|(on, n, words)| {
            let known = if *n == "lang" { language() } else { words.contains(&value) };
            applies(on) && *n == name && known
        })
        .map(|(_, n, _)| *n);
    free.chain(numbers).chain(words).next()
}

#[derive(Default)]
struct State {
    pieces: Vec<Piece>,
    /// The element whose content is being dropped.
    dropping: Option<&'static str>,
}

#[derive(Default)]
struct Sink {
    state: RefCell<State>,
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut state = self.state.borrow_mut();
        match token {
            Token::TagToken(tag) => state.tag(&tag),
            Token::CharacterTokens(text) => {
                if state.dropping.is_none() {
                    state.pieces.push(Piece::Text(text.to_string()));
                }
                TokenSinkResult::Continue
            }
            _ => TokenSinkResult::Continue,
        }
    }
}

impl State {
    fn tag(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        if let Some(dropped) = self.dropping {
            if tag.kind == TagKind::EndTag && name == dropped {
                self.dropping = None;
            }
            return TokenSinkResult::Continue;
        }
        if tag.kind == TagKind::StartTag {
            if let Some(dropped) = DROPPED.iter().find(|d| **d == name) {
                if *dropped != "embed" && !tag.self_closing {
                    self.dropping = Some(dropped);
                }
            } else if let Some(listed) = LISTED.iter().find(|l| **l == name) {
                let attributes = tag
                    .attrs
                    .iter()
                    .filter_map(|a| {
                        attribute(name, &a.name.local, &a.value).map(|n| (n, a.value.to_string()))
                    })
                    .collect();
                self.pieces.push(Piece::Start(listed, attributes));
            }
            return raw_data(name);
        }
        if let Some(listed) = LISTED.iter().find(|l| **l == name) {
            self.pieces.push(Piece::End(listed));
        }
        TokenSinkResult::Continue
    }
}

/// Tells the tokenizer after which tags no markup follows until their end tag.
fn raw_data(tag: &str) -> TokenSinkResult<()> {
    match tag {
        "script" => TokenSinkResult::RawData(RawKind::ScriptData),
        "iframe" | "noembed" | "noframes" | "noscript" | "style" | "xmp" => {
            TokenSinkResult::RawData(RawKind::Rawtext)
        }
        "textarea" | "title" => TokenSinkResult::RawData(RawKind::Rcdata),
        "plaintext" => TokenSinkResult::Plaintext,
        _ => TokenSinkResult::Continue,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(html: &str) -> String {
        read(html)
            .into_iter()
            .map(|piece| match piece {
                Piece::Start(tag, attributes) => {
                    let list: Vec<_> =
                        attributes.iter().map(|(n, v)| format!(" {n}={v}")).collect();
                    format!("<{tag}{}>", list.concat())
                }
                Piece::End(tag) => format!("</{tag}>"),
                Piece::Text(text) => text,
            })
            .collect()
    }

    #[test]
    fn only_what_is_listed_is_kept() {
        for (html, kept) in [
            ("<DETAILS open class=x id=y>a</details>", "<details open=>a</details>"),
            ("<kbd onclick=x style='y'>Ctrl</kbd>", "<kbd>Ctrl</kbd>"),
            ("<td colspan=2 rowspan=x align=center>", "<td colspan=2 align=center>"),
            ("a<!-- <b> -->b<![CDATA[c]]>", "ab"),
            ("<script><b>x</b></script><b>y", "<b>y"),
            ("<svg><script>a</script><b>x</b></svg>y", "y"),
            ("<style><b></style>&amp;&lt;b&gt;", "&<b>"),
            ("<form><input><button>x</button></form>", "x"),
            ("<div title=\"<b>\n", ""),
            ("<p lang=de dir=rtl lang=x\"y>", "<p lang=de dir=rtl>"),
            ("<textarea><b>x</b></textarea>", "<b>x</b>"),
        ] {
            assert_eq!(shown(html), kept, "{html}");
        }
    }
}
