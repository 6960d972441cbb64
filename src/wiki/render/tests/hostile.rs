//! Pages written to do harm: to readers, and to the server.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::{html, render, render_with, safety};
use crate::model::path::DocPath;
use crate::wiki::render::{RenderOptions, outline};

/// The well-known ways to bring script into a page that is made from somebody's text.
const ATTACKS: &[&str] = &[
    // Elements.
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "a <script>alert(1)</script> b",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><a xlink:href=\"javascript:alert(1)\"><text>x</text></a></svg>",
    "<svg></p><style><a id=\"</style><img src=1 onerror=alert(1)>\">",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    "<math href=\"javascript:alert(1)\">x</math>",
    "<math><annotation-xml encoding=\"text/html\"><img src=x onerror=alert(1)></annotation-xml></math>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<style><img src=\"</style><img src=x onerror=alert(1)//\">",
    "<meta http-equiv=refresh content=\"0;url=javascript:alert(1)\">",
    "<base href=\"https://evil.example/\">",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<form action=\"/-/edit/Home\" method=post><input name=csrf><button>Save</button></form>",
    "<form id=x></form><button form=x formaction=javascript:alert(1)>x</button>",
    "<iframe src=\"javascript:alert(1)\"></iframe>",
    "<iframe srcdoc=\"<script>alert(1)</script>\"></iframe>",
    "<object data=\"data:text/html,<script>alert(1)</script>\"></object>",
    "<embed src=\"javascript:alert(1)\">",
    "<template><script>alert(1)</script></template>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<select onfocus=alert(1) autofocus></select>",
    "<textarea></textarea><script>alert(1)</script>",
    "<textarea><img src=\"</textarea><img src=x onerror=alert(1)>\">",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<title><a id=\"</title><img src=x onerror=alert(1)>\">",
    "<xmp><p title=\"</xmp><script>alert(1)</script>\"></xmp>",
    "<plaintext><script>alert(1)</script>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<body onload=alert(1)>",
    "<frameset onload=alert(1)>",
    "<details open ontoggle=alert(1)>x</details>",
    "<custom-element onclick=alert(1)>x</custom-element>",
    "<isindex action=javascript:alert(1) type=image>",
    // Attributes.
    "<img src=x onerror=alert(1)>",
    "<img src='x' onerror='alert(1)'/>",
    "<img src=\"x` `<script>alert(1)</script>\"` `>",
    "<img/src/onerror=alert(1)>",
    "<p style=\"background:url(javascript:alert(1))\">x</p>",
    "<div style=\"position:fixed;inset:0\">over everything</div>",
    "<div class=\"toolbar\" id=\"editor\" role=\"dialog\" data-line=\"1\" tabindex=\"9\">x</div>",
    "<p id=\"__proto__\" name=\"cookie\">x</p>",
    "<img name=getElementById src=plan.png>",
    "<div title=\"\n\n$x$\n\n```js\ny\n```\n\n\" onclick=\"alert(1)\">",
    "<a title=\"",
    "<a href=\"x\" title=\"<script>\n\n\">alert(1)</script>",
    "<p \"onclick=alert(1)//\">x</p>",
    "<b a=`\"`onclick=alert(1)>x</b>",
    "<p onclick\u{0}=alert(1)>x</p>",
    "<a\u{c}href=javascript:alert(1)>x</a>",
    "<td background=javascript:alert(1)>x",
    // Addresses in HTML.
    "<a href=\"javascript:alert(1)\">x</a>",
    "<a href=\"JaVaScRiPt:alert(1)\">x</a>",
    "<a href=\"java&#x09;script:alert(1)\">x</a>",
    "<a href=\"java&Tab;script&colon;alert(1)\">x</a>",
    "<a href=\"&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;&#58;alert(1)\">x</a>",
    "<a href=\"&#x1;javascript:alert(1)\">x</a>",
    "<a href=\"\u{a0}javascript:alert(1)\">x</a>",
    "<a href=\"data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==\">x</a>",
    "<a href=\"vbscript:msgbox(1)\">x</a>",
    "<a href=\"//evil.example\" target=_top ping=//evil.example>x</a>",
    "<img src=\"https://evil.example/track.gif\">",
    "<img src=\"//evil.example/track.gif\" srcset=\"https://evil.example/x 2x\">",
    "<img src=\"data:image/svg+xml,<svg onload=alert(1)>\">",
    // Addresses in Markdown.
    "[x](javascript:alert(1))",
    "[x](JAVASCRIPT:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](java&#10;script:alert(1))",
    "[x](<java\tscript:alert(1)>)",
    "[x](\\javascript:alert(1))",
    "[x](&#x6A;avascript:alert(1))",
    "[x](%6Aavascript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:x) [x](file:///etc/passwd) [x](blob:x) [x](filesystem:x) [x](about:blank)",
    "[x](https://a.example/\"onmouseover=\"alert(1))",
    "[x](<https://a.example/'\"><script>alert(1)</script>>)",
    "[x](/\\evil.example) [x](\\\\evil.example) [x](/%5Cevil.example) [x](//evil.example)",
    "[x](../../../../etc/passwd) [x](%2e%2e/%2e%2e/x) [x](..%2f..%2fx)",
    "[x](/wiki/../../x) [x](a%00b) [x](a%0d%0aSet-Cookie:x)",
    "[x](Garden.md \"\\\"onclick=alert(1) \")",
    "![x\" onerror=\"alert(1)](plan.png)",
    "![x](plan.png '\"onload=alert(1)')",
    "![x](javascript:alert(1)) ![x](https://evil.example/a.gif) ![x](data:image/png,x)",
    "![<img src=x onerror=alert(1)>](plan.png)",
    "[x]\n\n[x]: javascript:alert(1)",
    "[x]\n\n[x]: <data:text/html,x> \"<script>\"",
    "<javascript:alert(1)> <data:text/html,x> <vbscript:x>",
    "<https://a.example/\"onclick=alert(1)>",
    "<a@b.example?\"onclick=alert(1)>",
    "https://a.example/\"onclick=alert(1) www.a.example/'><script>alert(1)</script>",
    "https://a.example/&quot;onclick=alert(1)",
    "[![x](javascript:alert(1))](javascript:alert(1))",
    "<a href=\"https://a.example\">[[Beds]] https://b.example <a href=javascript:x>y</a></a>",
    // Wiki links.
    "[[javascript:alert(1)]] [[javascript:alert(1)|x]]",
    "[[x\" onclick=\"alert(1)]] [[x|<img src=x onerror=alert(1)>]]",
    "[[<script>alert(1)</script>]] [[a#\"onclick=alert(1)]] [[#<b>]]",
    "[[../../../etc/passwd]] [[..]] [[/]] [[ ]] [[a//b]] [[\u{202E}x]]",
    "![[x\"onerror=alert(1).png]] ![[plan.png|\"onload=alert(1)]] ![[plan.png|300\" onload=x]]",
    "[[data:text/html,x]] [[https://a.example/\"x]] [[http://]]",
    // Other places an author names something.
    "# <script>alert(1)</script>\n\n# \"onclick=alert(1)\n\n# [x](javascript:alert(1))",
    "# body\n\n# body\n\n# body-1\n\n# __proto__\n\n# fn:1\n\nx[^1]\n\n[^1]: y",
    "x[^\"><script>alert(1)</script>]\n\n[^\"><script>alert(1)</script>]: y",
    "x[^a]\n\n[^a]: <script>alert(1)</script> [x](javascript:x)\n\n    <svg onload=x>",
    "```\"><script>alert(1)</script>\nx\n```",
    "```js\" onclick=\"alert(1)\n</code></pre><script>alert(1)</script>\n```",
    "```html\n<script>alert(1)</script>\n```",
    "~~~<img src=x onerror=alert(1)>\n<b>\n~~~",
    "> [!NOTE]\"onclick=alert(1)\n> <script>alert(1)</script>",
    "> [!<script>alert(1)</script>]\n> x",
    "---\ntitle: <script>alert(1)</script>\ntags: ['\"><img src=x onerror=alert(1)>']\n---\nx",
    "---\n<script>: [\n---\nx",
    "| <script>alert(1)</script> | x\" onclick=y |\n|:-|-:|\n| <td onclick=x> | [x](javascript:x) |",
    "- [x] <script>alert(1)</script>\n- [ ] \" onclick=x",
    "$<script>alert(1)</script>$ $\\text{<img src=x onerror=alert(1)>}$",
    "$$\\href{javascript:alert(1)}{x}$$ $\\class{x\" onclick=\"y}{z}$ $\\color{red\" onclick=\"x}{y}$",
    "$\\text{</mtext></math><script>alert(1)</script>}$ $\\begin{array}{c\"}x\\end{array}$",
    "$\\text{--></style><img src=x onerror=alert(1)>}$ $a < b > c & d \" '$",
    "`<script>alert(1)</script>`",
    "{{7*7}} ${alert(1)} <%= 1 %> {% raw %} [[constructor.constructor('alert(1)')()]]",
    "<!-- <script>alert(1)</script> --> <!--> <img src=x onerror=alert(1)> -->",
    "<![CDATA[<script>alert(1)</script>]]> <?php x ?> <!DOCTYPE x>",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;script&#62;",
    "\u{0}<script>alert(1)</script>\u{0} <\u{0}script>alert(1)</script>",
    "＜script＞alert(1)＜/script＞ \u{202e}<script>alert(1)</script>",
    "</main></body></html><script>alert(1)</script>",
    "</div></article>\n\n</section></p></li></ul></table>",
    "<table><tr><td><script>x</script><table><tr>\n\n# x\n\n</td></tr>\n\n</table> </table>",
    "<p><table><a href=x><tr><td><a href=y>z</a></td></tr></a></table></p>",
    "<b><p><i><a href=x><div>x</b></p></i></a></div>",
    "<ul><li>a<li>b<ol><li>c</ul>\n\n- d <ul><li>e",
    "<dl><dt>a<dd>b<dt>c\n\nd\n\n</dl></dl>",
    "<a href=x><h1>y</h1>\n\n# z\n\n<details><summary>a<h2>b</summary>\n\nc",
    "<pre>\n\n# x\n\n<code>\n\ny",
    "<ruby>a<rt>b<rp>c<rt>d</ruby><col><colgroup><caption>x<hr><br></br></hr></p>",
    "# a <details>\n\n*b <kbd>c* </kbd> d\n\n<kbd>\n\ne",
];

#[test]
fn no_attack_leaves_anything_that_runs() {
    assert!(ATTACKS.len() >= 60);
    for attack in ATTACKS {
        // Alone, and where other markup would carry it.
        for text in [
            (*attack).to_owned(),
            format!("> - {}", attack.replace('\n', "\n>   ")),
            format!("<details>\n\n{attack}\n\n</details>\n\nafter"),
            format!("# {attack}\n\n*{attack}* [{attack}](Beds.md) | x"),
            format!("| {} |\n|---|\n| {attack} |", attack.replace('|', "\\|")),
            format!("[^n]\n\n[^n]: {attack}\n"),
            format!("<div>{attack}</div>\n\n{attack}"),
        ] {
            safety::assert_safe(&html(&text), &text);
        }
    }
}

#[test]
fn every_pair_of_attacks_is_as_harmless_as_each() {
    for pair in ATTACKS.windows(2) {
        for text in
            [pair.concat(), pair.join(" "), pair.join("\n"), format!("{}\n\n{}", pair[1], pair[0])]
        {
            safety::assert_safe(&html(&text), &text);
        }
    }
}

#[test]
fn text_that_was_neutralised_is_still_there() {
    for (markdown, kept) in [
        ("[my words](javascript:alert(1))", "my words"),
        ("![my words](https://a.example/x.png)", "my words"),
        ("[[../../my words]]", "my words"),
        ("<custom>my words</custom>", "my words"),
        ("$\\my words$", "\\my words"),
    ] {
        assert!(html(markdown).contains(kept), "{markdown}");
    }
}

/// Pages that are cheap to write and must be cheap to render.
fn floods() -> Vec<String> {
    let mut headings = String::new();
    let mut notes = String::new();
    for i in 0..1_000 {
        writeln!(headings, "# same\n").unwrap();
        writeln!(notes, "[^{i}] [^{i}]\n\n[^{i}]: x [^{}]\n", (i * 7) % 1_000).unwrap();
    }
    let columns = "|a".repeat(500);
    let rules = "|-".repeat(500);
    vec![
        ">".repeat(10_000),
        "> ".repeat(10_000) + "x",
        "[".repeat(10_000),
        "![".repeat(2_000),
        "[[".repeat(2_000) + &"]]".repeat(2_000),
        "[a](".repeat(2_000),
        "- ".repeat(10_000) + "x",
        "*a ".repeat(2_000) + &"b* ".repeat(2_000),
        "*".repeat(2_000) + "x" + &"*".repeat(2_000),
        "`".repeat(2_000),
        "$".repeat(2_000),
        "$x$ ".repeat(500),
        "<b>".repeat(2_000),
        "<div>\n\n".repeat(1_000),
        "<b title=x>a\n\n".repeat(1_000),
        "<a href=x>".repeat(1_000),
        "<table><tr><td>".repeat(1_000),
        "<!--".repeat(2_000),
        "<?".repeat(2_000),
        "</p>".repeat(2_000),
        "<a \"".repeat(2_000),
        "&".repeat(2_000) + &"&amp".repeat(2_000),
        "https://".repeat(2_000),
        "https://a.b/".to_owned() + &"(".repeat(2_000) + &")".repeat(4_000),
        "www.a.b ".repeat(2_000),
        "(http://?".repeat(1_000),
        "[www.".repeat(1_000) + "..",
        "[[x#".repeat(1_000),
        "<div>".repeat(1_000) + &"</div>".repeat(1_000),
        "<li>a".repeat(1_000),
        "<table>x".repeat(2_000),
        "\\".repeat(2_001),
        "~".repeat(2_000),
        format!("{columns}\n{rules}\n") + &format!("{columns}\n").repeat(10),
        format!("|a|\n{rules}\n") + &"|\n".repeat(2_000),
        "\u{0}".repeat(2_000),
        "\u{202E}👩‍👩‍👧‍👦".repeat(2_000),
        format!("${}$", "{".repeat(3_000)),
        format!("${}$", "x^".repeat(3_000)),
        format!("${}$", "\\frac".repeat(1_000)),
        format!("${}$", "\\sqrt".repeat(1_500)),
        format!("${}$", "\\left(".repeat(1_000)),
        format!("${}$", "\\begin{array}{c}".repeat(400)),
        format!("```rust\n{}\n```", "{[(<'\"".repeat(2_000)),
        format!("```html\n{}\n```", "<a ".repeat(1_000)),
        headings,
        notes,
        "[x]: y\n".repeat(1_000) + &"[x] ".repeat(1_000),
        "a\n: b\n".repeat(3_000),
        "> [!NOTE]\n> ".repeat(3_000),
        "1. a\n\n   ".repeat(2_000),
    ]
}

#[test]
fn floods_are_rendered_and_stay_small() {
    for text in floods() {
        let shown = html(&text);
        let start: String = text.chars().take(60).collect();
        safety::assert_safe(&shown, &start);
        assert!(shown.len() < 200 * text.len() + 10_000, "{start}: {} bytes", shown.len());
        outline(&DocPath::new("A.md").unwrap(), &text);
    }
}

#[test]
fn details_hold_the_markdown_between_their_tags() {
    let shown = html(
        "<details>\n<summary>More <kbd>F1</kbd></summary>\n\n**bold**\n\n- a\n\n</details>\n\nafter",
    );
    let order = [
        "<details>",
        "<summary>More <kbd>F1</kbd></summary>",
        "<strong>bold</strong>",
        "<li",
        "</details>",
        "after",
    ];
    let mut from = 0;
    for part in order {
        let at = shown[from..].find(part);
        assert!(at.is_some(), "{part} in {shown}");
        from += at.unwrap();
    }
}

/// Pieces that mean something to one of the parsers, to be thrown together.
const CRUMBS: [&str; 74] = [
    "<",
    ">",
    "\"",
    "'",
    "&",
    "`",
    "```",
    "~~~",
    "\n",
    "\n\n",
    "    ",
    "\t",
    " ",
    "*",
    "**",
    "_",
    "~~",
    "[",
    "]",
    "[[",
    "]]",
    "(",
    ")",
    "![",
    "!",
    "|",
    "\n|-|-|\n",
    "#",
    "# ",
    "> ",
    "- ",
    "1. ",
    "- [ ] ",
    "[^a]",
    "[^a]: ",
    "[a]: ",
    ": ",
    "---\n",
    "$",
    "$$",
    "\\",
    "{",
    "}",
    "^",
    "<a href=",
    "<a href=\"x\">",
    "</a>",
    "<p>",
    "</p>",
    "<div>",
    "</div>",
    "<details>",
    "<summary>",
    "<table>",
    "<tr>",
    "<td>",
    "</table>",
    "<b>",
    "</b>",
    "<!--",
    "-->",
    "<script>",
    "</script>",
    "<svg>",
    "<math>",
    "<style>",
    "<img src=",
    "javascript:",
    "https://a.example",
    "[!NOTE]",
    "\u{0}",
    "é",
    "\u{202E}",
    "word",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn crumbs_of_markup_never_make_bad_html(
        crumbs in proptest::collection::vec(0..CRUMBS.len(), 0..40),
        source_lines: bool,
    ) {
        let text: String = crumbs.iter().map(|i| CRUMBS[*i]).collect();
        let page = render_with(&text, RenderOptions { source_lines });
        safety::assert_safe(page.html.as_str(), &text);
        outline(&DocPath::new("A/B.md").unwrap(), &text);
    }

    #[test]
    fn any_text_renders(text in any::<String>()) {
        safety::assert_safe(render(&text).html.as_str(), &text);
        safety::assert_safe(&html(&format!("${text}$\n\n```{text}\n{text}")), &text);
    }

    #[test]
    fn formulas_never_make_bad_html(
        crumbs in proptest::collection::vec(0..FORMULA.len(), 0..25)
    ) {
        let formula: String = crumbs.iter().map(|i| FORMULA[*i]).collect();
        let text = format!("$${formula}$$ and ```math\n{formula}\n```");
        safety::assert_safe(&html(&text), &text);
    }
}

const FORMULA: [&str; 60] = [
    "{",
    "}",
    "^",
    "_",
    "x",
    "1",
    " ",
    "\\frac",
    "\\sqrt",
    "[",
    "]",
    "\\text{a<b}",
    "\\left(",
    "\\right)",
    "\\left",
    "\\right",
    "\\middle|",
    "\\begin{matrix}",
    "\\end{matrix}",
    "&",
    "\\\\",
    "\\begin{array}{c|c}",
    "\\end{array}",
    "\\begin{cases}",
    "\\end{cases}",
    "\\begin{align}",
    "\\end{align}",
    "\\color{red}",
    "\\mathbb{R}",
    "\\operatorname{a}",
    "\\limits",
    "'",
    "''",
    "~",
    "#",
    "%",
    "\\%",
    "\\sum",
    "\\int",
    "\\hat",
    "\\overline",
    "\\underbrace",
    "\\substack",
    "\\cfrac",
    "\\binom",
    "\\mathrm",
    "\\hspace{1em}",
    "\\kern",
    "1em",
    "\\big(",
    "\\not",
    "=",
    "<",
    ">",
    "\\phantom",
    "\\tag{1}",
    "\\rule",
    "\\hline",
    "\\char\"41",
    "é",
];
