//! The second line of defence: the whole page through `ammonia`, which trusts nothing of ours.
//!
//! The lists name what the writer can produce, raw HTML and formulas included, and nothing more.

use std::borrow::Cow;
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};

/// Every element that may be in a page.
pub(super) const ELEMENTS: [&str; 98] = [
    "a",
    "abbr",
    "annotation",
    "b",
    "bdi",
    "bdo",
    "blockquote",
    "br",
    "caption",
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
    "input",
    "ins",
    "kbd",
    "li",
    "maction",
    "mark",
    "math",
    "menclose",
    "merror",
    "mfrac",
    "mi",
    "mmultiscripts",
    "mn",
    "mo",
    "mover",
    "mpadded",
    "mphantom",
    "mprescripts",
    "mroot",
    "mrow",
    "ms",
    "mspace",
    "msqrt",
    "mstyle",
    "msub",
    "msubsup",
    "msup",
    "mtable",
    "mtd",
    "mtext",
    "mtr",
    "munder",
    "munderover",
    "none",
    "ol",
    "p",
    "pre",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "section",
    "semantics",
    "small",
    "span",
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
    "strike",
    "center",
];

/// The attributes that any element may have.
pub(super) const ATTRIBUTES: [&str; 12] = [
    "aria-hidden",
    "aria-label",
    "class",
    "data-lang",
    "data-line",
    "dir",
    "display",
    "id",
    "lang",
    "role",
    "tabindex",
    "title",
];

/// The attributes that some elements may have besides.
pub(super) const OWN_ATTRIBUTES: [(&str, &[&str]); 30] = [
    ("a", &["href", "rel"]),
    ("col", &["span"]),
    ("colgroup", &["span"]),
    ("details", &["open"]),
    ("div", &["align"]),
    ("h1", &["align"]),
    ("h2", &["align"]),
    ("h3", &["align"]),
    ("h4", &["align"]),
    ("h5", &["align"]),
    ("h6", &["align"]),
    ("img", &["src", "alt", "loading", "width", "height", "align"]),
    ("input", &["type", "checked", "disabled"]),
    ("li", &["value"]),
    ("menclose", &["notation"]),
    ("mfrac", &["linethickness"]),
    ("mi", &["mathvariant"]),
    (
        "mo",
        &[
            "fence",
            "form",
            "largeop",
            "lspace",
            "maxsize",
            "minsize",
            "movablelimits",
            "rspace",
            "separator",
            "stretchy",
            "symmetric",
        ],
    ),
    ("mover", &["accent"]),
    ("mpadded", &["depth", "height", "lspace", "voffset", "width"]),
    ("mspace", &["depth", "height", "width"]),
    ("mstyle", &["displaystyle", "scriptlevel"]),
    ("mtable", &["displaystyle", "scriptlevel"]),
    ("mtd", &["columnspan", "rowspan"]),
    ("ol", &["start", "reversed", "type"]),
    ("p", &["align"]),
    ("td", &["align", "colspan", "rowspan"]),
    ("th", &["align", "colspan", "rowspan", "scope"]),
    ("time", &["datetime"]),
    ("tr", &["align"]),
];

static POLICY: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut policy = Builder::empty();
    policy
        .tags(ELEMENTS.into())
        .clean_content_tags(["script", "style"].into())
        .generic_attributes(ATTRIBUTES.into())
        .tag_attributes(
            OWN_ATTRIBUTES
                .iter()
                .map(|(tag, names)| (*tag, names.iter().copied().collect()))
                .collect(),
        )
        .url_schemes(["http", "https", "mailto", "tel"].into())
        .url_relative(UrlRelative::PassThrough)
        // The writer sets `rel` itself, on links that lead out of the wiki only.
        .link_rel(None)
        .attribute_filter(|element, name, value| {
            keeps(element, name, value).then_some(Cow::Borrowed(value))
        });
    policy
});

fn keeps(element: &str, name: &str, value: &str) -> bool {
    match (element, name) {
        ("img", "src") => value.starts_with('/') && !value.starts_with("//"),
        ("input", "type") => value == "checkbox",
        _ => true,
    }
}

/// Returns `html` with everything removed that is not on the lists, balanced as a browser would.
pub(super) fn clean(html: &str) -> String {
    POLICY.clean(html).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_writer_should_never_let_through_is_stopped_here_too() {
        assert_eq!(clean("<p onclick=x>a<script>b</script><svg><a></a></svg>"), "<p>a</p>");
        assert_eq!(clean("<a href=\"javascript:x\">a</a><img src=\"https://x\">"), "<a>a</a><img>");
        assert_eq!(
            clean("<input type=text><input type=checkbox>"),
            "<input><input type=\"checkbox\">"
        );
    }

    #[test]
    fn what_the_writer_makes_stays_as_it_is() {
        for html in [
            "<h1 id=\"x\" dir=\"auto\" data-line=\"3\">a <a class=\"anchor\" href=\"#x\" aria-label=\"b\">#</a></h1>",
            "<a class=\"external\" href=\"https://a.example/\" rel=\"noopener\">a</a>",
            "<math display=\"block\"><mi>x</mi><mo stretchy=\"false\">(</mo></math>",
            "<img src=\"/wiki/a.png\" alt=\"\" loading=\"lazy\">",
        ] {
            assert_eq!(clean(html), html);
        }
    }
}
