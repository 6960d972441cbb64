//! Walks the events of a page and writes its HTML.

mod anchors;
mod notes;
mod raw;
mod table;

use std::collections::HashSet;
use std::ops::Range;

use pulldown_cmark::utils::TextMergeWithOffset;
use pulldown_cmark::{BlockQuoteKind, CodeBlockKind, Event, LinkType, Parser, Tag, TagEnd};

use self::table::Table;
use super::footnotes::Footnotes;
use super::html::Html;
use super::slug::Slugs;
use super::{
    Link, Pages, RenderOptions, Rendered, SafeHtml, TocEntry, autolink, code, front_matter, links,
    markdown_options, math, sanitize,
};
use crate::model::path::{DocKey, DocPath};

/// Renders the text of `page`; see the steps in the module above.
pub(super) fn render(
    base: &str,
    page: &DocPath,
    markdown: &str,
    pages: &dyn Pages,
    options: RenderOptions,
) -> Rendered {
    let front = front_matter::read(markdown);
    let body = &markdown[front.body..];
    let parser = Parser::new_ext(body, markdown_options());
    let events: Vec<_> = TextMergeWithOffset::new(parser.into_offset_iter()).collect();
    let mut writer = Writer {
        base,
        page,
        pages,
        lines: options.source_lines.then(|| Lines::of(markdown, front.body)),
        footnotes: Footnotes::collect(&events),
        events,
        html: Html::with_capacity(body.len() * 2),
        slugs: Slugs::default(),
        toc: Vec::new(),
        links: Vec::new(),
        linked: HashSet::new(),
        references: Vec::new(),
        table: Table::default(),
        code_budget: code::MAX_BYTES,
        suspicious: false,
    };
    writer.walk(0..writer.events.len());
    writer.footnotes_section();
    let html = writer.html.finish();
    let html = if writer.suspicious { sanitize::clean(&html) } else { html };
    Rendered {
        html: SafeHtml::vouch(html),
        title: front.title,
        first_heading: writer.toc.first().map(|entry| entry.text.clone()),
        tags: front.tags,
        toc: writer.toc,
        links: writer.links,
        front_matter_error: front.error,
    }
}

/// Finds the line of an offset.
struct Lines {
    ends: Vec<usize>,
    body: usize,
}

impl Lines {
    fn of(text: &str, body: usize) -> Self {
        Self { ends: text.match_indices('\n').map(|(i, _)| i).collect(), body }
    }

    fn at(&self, offset: usize) -> usize {
        self.ends.partition_point(|end| *end < self.body + offset) + 1
    }
}

/// The state of one rendering.
struct Writer<'a> {
    base: &'a str,
    page: &'a DocPath,
    pages: &'a dyn Pages,
    lines: Option<Lines>,
    events: Vec<(Event<'a>, Range<usize>)>,
    footnotes: Footnotes,
    html: Html,
    slugs: Slugs,
    toc: Vec<TocEntry>,
    links: Vec<Link>,
    linked: HashSet<DocKey>,
    /// How often each footnote was referred to so far.
    references: Vec<usize>,
    table: Table,
    code_budget: usize,
    /// Whether the page has anything that is not made of our own elements alone.
    suspicious: bool,
}

impl Writer<'_> {
    /// Writes the events of a range, which must be balanced.
    fn walk(&mut self, range: Range<usize>) {
        let mut at = range.start;
        while at < range.end {
            // The event is moved out, so that it may be read while the writer is changed.
            let event = std::mem::replace(&mut self.events[at].0, Event::SoftBreak);
            let last = match &event {
                Event::Start(tag) => self.start(tag, at),
                other => {
                    self.inline(other);
                    at
                }
            };
            self.events[at].0 = event;
            at = last + 1;
        }
    }

    fn inline(&mut self, event: &Event<'_>) {
        match event {
            Event::End(tag) => self.end(*tag),
            Event::Text(text) => self.text(text),
            Event::Code(text) => {
                self.html.open("code");
                self.html.text(text);
                self.html.close();
            }
            Event::InlineMath(source) => self.math(source, false),
            Event::DisplayMath(source) => self.math(source, true),
            Event::Html(html) => self.raw_block(html),
            Event::InlineHtml(html) => self.raw_inline(html),
            Event::FootnoteReference(name) => self.footnote_reference(name),
            Event::SoftBreak => self.html.text("\n"),
            Event::HardBreak => {
                self.void("br");
                self.html.text("\n");
            }
            Event::Rule => {
                self.html.newline();
                self.void("hr");
            }
            Event::TaskListMarker(done) => self.checkbox(*done),
            Event::Start(_) => {}
        }
    }

    /// Writes the start of an element; returns the index of the last event that this dealt with.
    fn start(&mut self, tag: &Tag<'_>, at: usize) -> usize {
        match tag {
            Tag::Paragraph => self.block("p", at),
            Tag::Heading { level, .. } => self.heading(*level as u8, at),
            Tag::BlockQuote(kind) => self.quote(*kind, at),
            Tag::CodeBlock(kind) => return self.code_block(kind, at),
            Tag::HtmlBlock | Tag::MetadataBlock(_) => return self.html_block(at),
            Tag::List(start) => self.list(*start),
            Tag::Item => self.item(at),
            Tag::FootnoteDefinition(_) => return self.footnotes.skip(at),
            Tag::DefinitionList => self.html_line("dl"),
            Tag::DefinitionListTitle => self.block("dt", at),
            Tag::DefinitionListDefinition => self.block("dd", at),
            Tag::Table(alignments) => self.table_start(alignments, at),
            Tag::TableHead => self.table_head(),
            Tag::TableRow => self.table_row(at),
            Tag::TableCell => self.table_cell(),
            Tag::Emphasis => self.html.open("em"),
            Tag::Strong => self.html.open("strong"),
            Tag::Strikethrough => self.html.open("del"),
            Tag::Superscript => self.html.open("sup"),
            Tag::Subscript => self.html.open("sub"),
            Tag::Link { link_type, dest_url, title, .. } => {
                return self.link(*link_type, dest_url, title, at);
            }
            Tag::Image { link_type, dest_url, title, .. } => {
                return self.image(*link_type, dest_url, title, at);
            }
        }
        at
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => self.heading_end(),
            TagEnd::TableHead => self.table_head_end(),
            TagEnd::Table => self.table_end(),
            // Whole at their start.
            TagEnd::HtmlBlock
            | TagEnd::MetadataBlock(_)
            | TagEnd::FootnoteDefinition
            | TagEnd::CodeBlock
            | TagEnd::Image => {}
            _ => self.html.close(),
        }
    }

    /// Opens a block that takes its direction from its text.
    fn block(&mut self, tag: &'static str, at: usize) {
        self.html.newline();
        self.html.begin(tag);
        self.html.attr("dir", "auto");
        self.line(at);
        self.html.done();
    }

    /// Adds the line of an event to the tag just begun, where lines are wanted.
    fn line(&mut self, at: usize) {
        if let Some(lines) = &self.lines {
            let line = lines.at(self.events[at].1.start).to_string();
            self.html.attr("data-line", &line);
        }
    }

    fn html_line(&mut self, tag: &'static str) {
        self.html.newline();
        self.html.open(tag);
    }

    fn void(&mut self, tag: &'static str) {
        self.html.begin_void(tag);
        self.html.done();
    }

    fn heading(&mut self, level: u8, at: usize) {
        let text = self.plain_text(at + 1..self.end_of(at), false);
        let id = self.slugs.unique(&text);
        let tag = match level {
            1 => "h1",
            2 => "h2",
            3 => "h3",
            4 => "h4",
            5 => "h5",
            _ => "h6",
        };
        self.html.newline();
        self.html.begin(tag);
        self.html.attr("id", &id);
        self.html.attr("dir", "auto");
        self.line(at);
        self.html.done();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.toc.push(TocEntry { level, id, text });
    }

    fn heading_end(&mut self) {
        self.html.close_raw();
        // Headings do not nest, so the one that ends is the last that began.
        if let Some(entry) = self.toc.last() {
            self.html.begin("a");
            self.html.attr("class", "anchor");
            self.html.attr("href", &format!("#{}", entry.id));
            self.html.attr("aria-label", "Link to this section");
            self.html.done();
            self.html.text("#");
            self.html.close();
        }
        self.html.close();
    }

    fn quote(&mut self, kind: Option<BlockQuoteKind>, at: usize) {
        let Some(kind) = kind else {
            return self.block("blockquote", at);
        };
        let (class, title) = match kind {
            BlockQuoteKind::Note => ("alert alert-note", "Note"),
            BlockQuoteKind::Tip => ("alert alert-tip", "Tip"),
            BlockQuoteKind::Important => ("alert alert-important", "Important"),
            BlockQuoteKind::Warning => ("alert alert-warning", "Warning"),
            BlockQuoteKind::Caution => ("alert alert-caution", "Caution"),
        };
        self.html.newline();
        self.html.begin("div");
        self.html.attr("class", class);
        self.html.attr("dir", "auto");
        self.line(at);
        self.html.done();
        self.html.open_class("p", "alert-title");
        self.html.text(title);
        self.html.close();
    }

    fn list(&mut self, start: Option<u64>) {
        self.html.newline();
        self.html.begin(if start.is_some() { "ol" } else { "ul" });
        if let Some(number) = start.filter(|n| *n != 1) {
            self.html.attr("start", &number.to_string());
        }
        self.html.done();
    }

    fn item(&mut self, at: usize) {
        let marker = |i: usize| matches!(self.events.get(i), Some((Event::TaskListMarker(_), _)));
        let paragraph = matches!(self.events.get(at + 1), Some((Event::Start(Tag::Paragraph), _)));
        let task = marker(at + 1) || paragraph && marker(at + 2);
        self.html.newline();
        self.html.begin("li");
        if task {
            self.html.attr("class", "task");
        }
        self.html.attr("dir", "auto");
        self.line(at);
        self.html.done();
    }

    fn checkbox(&mut self, done: bool) {
        self.html.begin_void("input");
        self.html.attr("type", "checkbox");
        self.html.attr("disabled", "");
        if done {
            self.html.attr("checked", "");
        }
        self.html.attr("aria-label", if done { "Done" } else { "To do" });
        self.html.done();
        self.html.text(" ");
    }

    fn code_block(&mut self, kind: &CodeBlockKind<'_>, at: usize) -> usize {
        let end = self.end_of(at);
        let source = self.plain_text(at + 1..end, false);
        let language = match kind {
            CodeBlockKind::Fenced(info) => code::language(info),
            CodeBlockKind::Indented => None,
        };
        self.html.newline();
        if language == Some("math") {
            self.html.begin("p");
            self.line(at);
            self.html.done();
            self.math(&source, true);
            self.html.close();
            return end;
        }
        self.html.begin("pre");
        self.html.attr("class", "code");
        if let Some(language) = language {
            self.html.attr("data-lang", language);
        }
        self.html.attr("tabindex", "0");
        self.line(at);
        self.html.done();
        self.html.open("code");
        let budget = &mut self.code_budget;
        self.html.trusted(|out| code::highlight(&source, language, budget, out));
        self.html.close();
        self.html.close();
        end
    }

    fn text(&mut self, text: &str) {
        let mut from = 0;
        while let Some(bare) = autolink::next(text, from) {
            self.html.text(&text[from..bare.start]);
            let shown = &text[bare.start..bare.end];
            let url = if bare.needs_scheme { format!("http://{shown}") } else { shown.to_owned() };
            self.open_link(&links::of_markdown(self.page, &url), "", true);
            self.html.text(shown);
            self.html.close();
            from = bare.end;
        }
        self.html.text(&text[from..]);
    }

    fn math(&mut self, source: &str, display: bool) {
        if let Some(mathml) = math::render(source, display) {
            self.suspicious = true;
            self.html.trusted(|out| out.push_str(&mathml));
        } else {
            self.html.open_class("code", "math-error");
            self.html.text(source);
            self.html.close();
        }
    }

    /// Returns the index of the end that belongs to the start at `at`.
    fn end_of(&self, at: usize) -> usize {
        let mut depth = 0_usize;
        for (i, (event, _)) in self.events.iter().enumerate().skip(at + 1) {
            match event {
                Event::Start(_) => depth += 1,
                Event::End(_) if depth == 0 => return i,
                Event::End(_) => depth -= 1,
                _ => {}
            }
        }
        self.events.len().saturating_sub(1)
    }

    /// Returns the text of a range without its markup.
    fn plain_text(&self, range: Range<usize>, with_images: bool) -> String {
        let mut text = String::new();
        let mut images = 0_usize;
        for (event, _) in &self.events[range] {
            match event {
                Event::Start(Tag::Image { link_type, .. }) => {
                    images += 1;
                    if with_images && matches!(link_type, LinkType::WikiLink { .. }) {
                        text.push(' ');
                    }
                }
                Event::End(TagEnd::Image) => images = images.saturating_sub(1),
                _ if images > 0 && !with_images => {}
                Event::Text(t) | Event::Code(t) | Event::InlineMath(t) | Event::DisplayMath(t) => {
                    text.push_str(t);
                }
                Event::SoftBreak | Event::HardBreak => text.push(' '),
                _ => {}
            }
        }
        text
    }
}
