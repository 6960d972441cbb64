//! What the catalog has to know of every page, without rendering it.

use std::collections::HashSet;

use pulldown_cmark::{CowStr, Event, LinkType, Parser, Tag, TagEnd};

use super::links::{self, Destination, LinkTarget};
use super::raw_html::{self, Piece};
use super::{front_matter, markdown_options};
use crate::model::path::DocPath;

/// What a page says of itself: for lists, search and backlinks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outline {
    /// The title that the front matter gives.
    pub title: Option<String>,
    /// The text of the first heading.
    pub first_heading: Option<String>,
    /// The language that the front matter gives.
    pub language: Option<String>,
    /// The tags that the front matter gives, without duplicates.
    pub tags: Vec<String>,
    /// The documents it links to or embeds, as written, without duplicates, in order.
    pub names: Vec<LinkTarget>,
    /// The text without markup, code included, each block on lines of its own.
    pub text: String,
    /// The texts of the headings in order.
    pub headings: Vec<String>,
}

/// Reads the text of `page`.
pub fn outline(page: &DocPath, markdown: &str) -> Outline {
    let front = front_matter::read(markdown);
    let body = &markdown[front.body..];
    let mut reader = Reader {
        page,
        seen: HashSet::new(),
        names: Vec::new(),
        text: String::with_capacity(body.len()),
        headings: Vec::new(),
        heading: None,
        block: None,
    };
    for event in Parser::new_ext(body, markdown_options()) {
        reader.event(event);
    }
    Outline {
        title: front.title,
        first_heading: reader.headings.first().cloned(),
        language: front.language,
        tags: front.tags,
        names: reader.names,
        text: reader.text,
        headings: reader.headings,
    }
}

struct Reader<'a> {
    page: &'a DocPath,
    seen: HashSet<(bool, CowStr<'a>)>,
    names: Vec<LinkTarget>,
    text: String,
    headings: Vec<String>,
    /// Where the text of the open heading begins.
    heading: Option<usize>,
    /// The raw HTML of the open block.
    block: Option<String>,
}

impl<'a> Reader<'a> {
    fn event(&mut self, event: Event<'a>) {
        match event {
            Event::Start(
                Tag::Link { link_type, dest_url, .. } | Tag::Image { link_type, dest_url, .. },
            ) => {
                self.link(link_type, dest_url);
            }
            Event::Start(Tag::HtmlBlock) => self.block = Some(String::new()),
            Event::Start(Tag::Heading { .. }) => {
                self.end_line();
                self.heading = Some(self.text.len());
            }
            Event::End(TagEnd::Heading(_)) => {
                if let Some(from) = self.heading.take() {
                    let words: Vec<_> = self.text[from..].split_whitespace().collect();
                    self.headings.push(words.join(" "));
                }
                self.end_line();
            }
            Event::End(TagEnd::HtmlBlock) => {
                if let Some(html) = self.block.take() {
                    self.end_line();
                    self.html(&html);
                    self.end_line();
                }
            }
            Event::Start(
                Tag::Paragraph
                | Tag::CodeBlock(_)
                | Tag::Item
                | Tag::Table(_)
                | Tag::TableRow
                | Tag::DefinitionListTitle
                | Tag::DefinitionListDefinition,
            )
            | Event::End(
                TagEnd::Paragraph
                | TagEnd::CodeBlock
                | TagEnd::Item
                | TagEnd::TableHead
                | TagEnd::Table,
            )
            | Event::Rule => self.end_line(),
            Event::Text(t) | Event::Code(t) | Event::InlineMath(t) | Event::DisplayMath(t) => {
                self.text.push_str(&t);
            }
            Event::Html(html) => match &mut self.block {
                Some(block) => block.push_str(&html),
                None => self.html(&html),
            },
            // The text between inline tags comes as text; only the targets are in the tags.
            Event::InlineHtml(html) => self.html_links(&html),
            Event::SoftBreak | Event::HardBreak | Event::End(TagEnd::TableCell) => {
                self.text.push(' ');
            }
            _ => {}
        }
    }

    fn end_line(&mut self) {
        while self.text.ends_with(' ') {
            self.text.pop();
        }
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    fn link(&mut self, kind: LinkType, url: CowStr<'a>) {
        let wiki = matches!(kind, LinkType::WikiLink { .. });
        if matches!(kind, LinkType::Autolink | LinkType::Email)
            || self.seen.contains(&(wiki, url.clone()))
        {
            return;
        }
        let to = if wiki {
            links::of_wiki_link(self.page, &url)
        } else {
            links::of_markdown(self.page, &url)
        };
        self.seen.insert((wiki, url));
        self.keep(to);
    }

    fn keep(&mut self, to: Destination) {
        if let Destination::Document { target, .. } = to {
            self.names.push(target);
        }
    }

    fn html(&mut self, html: &str) {
        for piece in raw_html::read(html) {
            match piece {
                Piece::Text(text) => self.text.push_str(&text),
                Piece::Start(_, attributes) => self.attributes(&attributes),
                Piece::End(_) => {}
            }
        }
    }

    fn html_links(&mut self, html: &str) {
        // Most inline tags (`<br>`, `<kbd>`) have no attributes and so no target.
        if html.contains('=') {
            for piece in raw_html::read(html) {
                if let Piece::Start(_, attributes) = piece {
                    self.attributes(&attributes);
                }
            }
        }
    }

    fn attributes(&mut self, attributes: &[(&'static str, String)]) {
        for (name, value) in attributes {
            if matches!(*name, "href" | "src") {
                self.keep(links::of_markdown(self.page, value));
            }
        }
    }
}
