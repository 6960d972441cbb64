//! What rendering and the outline tell besides the HTML.

use super::{render, render_with};
use crate::model::path::DocPath;
use crate::wiki::render::{RenderOptions, outline};

const PAGE: &str = "---\ntitle: The garden\ntags: [beans, peas]\n---\n# Garden\n\nSee [[Beds]] and \
[[beds|again]], [old](../Home.md), ![[plan.png]], [[Nothing]].\n\n## What `now`?\n\n- one\n- two\n\n\
```rust\nlet x = 1;\n```\n\n| a | b |\n|---|---|\n| c | [[Compost]] |\n\n<div>in <b>raw</b> <a \
href=\"Beds\">x</a></div>\n";

#[test]
fn a_page_tells_its_title_tags_headings_and_links() {
    let page = render(PAGE);
    assert_eq!(page.title.as_deref(), Some("The garden"));
    assert_eq!(page.first_heading.as_deref(), Some("Garden"));
    assert_eq!(page.tags, ["beans", "peas"]);
    assert_eq!(page.front_matter_error, None);
    let toc: Vec<_> = page.toc.iter().map(|t| (t.level, &*t.id, &*t.text)).collect();
    assert_eq!(toc, [(1, "garden", "Garden"), (2, "what-now", "What now?")]);
    let links: Vec<_> = page.links.iter().map(|l| (l.target.as_str(), l.exists)).collect();
    assert_eq!(
        links,
        [
            ("Projects/Beds.md", true),
            ("Home.md", true),
            ("Projects/plan.png", true),
            ("Projects/Nothing.md", false),
            ("Deep/Down/Compost.md", true),
        ]
    );
}

#[test]
fn the_outline_agrees_with_the_page() {
    let path = DocPath::new("Projects/Garden.md").unwrap();
    let outline = outline(&path, PAGE);
    assert_eq!(outline.title.as_deref(), Some("The garden"));
    assert_eq!(outline.first_heading.as_deref(), Some("Garden"));
    assert_eq!(outline.headings, ["Garden", "What now?"]);
    assert_eq!(outline.tags, ["beans", "peas"]);
    let first: Vec<_> = outline.names.iter().map(|n| n.candidates[0].as_str()).collect();
    assert_eq!(
        first,
        [
            "Projects/Beds.md",
            "Projects/beds.md",
            "Home.md",
            "Projects/plan.png",
            "Projects/Nothing.md",
            "Projects/Compost.md",
            "Projects/Beds.md",
        ]
    );
    assert_eq!(
        outline.text,
        "Garden\nSee Beds and again, old, plan.png, Nothing.\nWhat now?\none\ntwo\nlet x = 1;\na b\n\
         c Compost\nin raw x\n"
    );
}

#[test]
fn a_bad_front_matter_is_told_and_not_shown() {
    let page = render("---\ntitle: [\n---\nText");
    assert!(page.front_matter_error.is_some());
    assert_eq!(page.html.as_str(), "<p dir=\"auto\">Text</p>");
}

#[test]
fn preview_knows_the_lines_of_the_whole_text() {
    let options = RenderOptions { source_lines: true };
    let text =
        "---\ntitle: x\n---\n\n# A\n\ntext\n\n- b\n- c\n\n> d\n\n```\ne\n```\n\n|f|\n|-|\n|g|\n";
    let html = render_with(text, options).html.into_string();
    for (line, block) in [
        (5, "<h1 id=\"a\""),
        (7, "<p"),
        (9, "<li"),
        (10, "<li"),
        (12, "<blockquote"),
        (14, "<pre"),
        (18, "<div class=\"table-wrap\""),
        (20, "<tr"),
    ] {
        let found = html.split('<').any(|tag| {
            format!("<{tag}").starts_with(block) && tag.contains(&format!("data-line=\"{line}\""))
        });
        assert!(found, "{block} of line {line} in {html}");
    }
    assert!(!render(text).html.as_str().contains("data-line"));
}

#[test]
fn a_wiki_at_the_root_has_addresses_without_prefix() {
    let renderer = crate::wiki::render::Renderer::new("");
    let shelf = super::Shelf::of(&["a b.png", "Home.md"]);
    let page = DocPath::new("Home.md").unwrap();
    let html = renderer
        .render(&page, "[[Home]] ![x](<a b.png>) [r](/-/recent)", &shelf, RenderOptions::default())
        .html
        .into_string();
    assert_eq!(
        html,
        "<p dir=\"auto\"><a href=\"/Home\">Home</a> <img src=\"/a%20b.png\" alt=\"x\" loading=\"lazy\"> \
         <a href=\"/-/recent\">r</a></p>"
    );
}
