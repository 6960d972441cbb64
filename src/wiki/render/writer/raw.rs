//! Raw HTML, written anew from the pieces that are on the list.

use pulldown_cmark::Event;

use super::Writer;
use super::anchors::Picture;
use crate::wiki::render::links::{self, Destination};
use crate::wiki::render::raw_html::{self, Kind, Piece};

impl Writer<'_> {
    /// Writes a block of raw HTML; returns the index of its last event.
    pub(super) fn html_block(&mut self, at: usize) -> usize {
        let end = self.end_of(at);
        let mut html = String::new();
        for (event, _) in &self.events[at + 1..end] {
            if let Event::Html(text) | Event::Text(text) = event {
                html.push_str(text);
            }
        }
        self.html.newline();
        self.raw_block(&html);
        end
    }

    /// Writes raw HTML that stands where blocks do.
    pub(super) fn raw_block(&mut self, html: &str) {
        self.raw(html, true);
        self.html.close_raw_phrasing();
    }

    /// Writes raw HTML in a line of text.
    pub(super) fn raw_inline(&mut self, html: &str) {
        self.raw(html, false);
    }

    fn raw(&mut self, html: &str, block: bool) {
        self.suspicious = true;
        for piece in raw_html::read(html) {
            match piece {
                Piece::Text(text) => self.html.text(&text),
                Piece::End(tag) => self.html.close_raw_tag(tag),
                Piece::Start(tag, attributes) => self.raw_start(tag, &attributes, block),
            }
        }
    }

    fn raw_start(&mut self, tag: &'static str, attributes: &[(&'static str, String)], block: bool) {
        let value =
            |name: &str| attributes.iter().find(|(n, _)| *n == name).map(|(_, v)| v.as_str());
        match tag {
            "a" => {
                let to = links::of_markdown(self.page, value("href").unwrap_or_default());
                if to != Destination::Bad {
                    self.open_link(&to, value("title").unwrap_or_default(), false);
                }
                return;
            }
            "img" => {
                let from = links::of_markdown(self.page, value("src").unwrap_or_default());
                let shape: Vec<_> = attributes
                    .iter()
                    .filter(|(name, _)| matches!(*name, "width" | "height" | "align"))
                    .cloned()
                    .collect();
                let picture = Picture {
                    alt: value("alt").unwrap_or_default(),
                    title: value("title").unwrap_or_default(),
                    attributes: &shape,
                };
                self.picture(&from, &picture);
                return;
            }
            _ => {}
        }
        let flows = raw_html::kind(tag) == Kind::Flow || tag == "hr";
        if flows && !self.html.takes_blocks() && block {
            self.html.close_raw_phrasing();
        }
        if flows && !self.html.takes_blocks() {
            return;
        }
        if raw_html::kind(tag) == Kind::Void {
            self.html.begin_void(tag);
        } else {
            self.html.begin_raw(tag);
        }
        for (name, value) in attributes {
            self.html.attr(name, value);
        }
        self.html.done();
    }
}
