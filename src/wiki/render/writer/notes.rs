//! Footnotes: the references in the text, and the section at the end.
//!
//! Their ids have a colon, which no id of a heading has.

use pulldown_cmark::{Event, TagEnd};

use super::Writer;

impl Writer<'_> {
    pub(super) fn footnote_reference(&mut self, name: &str) {
        let Some(number) = self.footnotes.number(name) else {
            self.html.text("[^");
            self.html.text(name);
            self.html.text("]");
            return;
        };
        self.references.resize(self.footnotes.list().len(), 0);
        self.references[number - 1] += 1;
        let id = reference_id(number, self.references[number - 1]);
        self.html.open_class("sup", "footnote-ref");
        self.html.begin("a");
        self.html.attr("id", &id);
        self.html.attr("href", &format!("#fn:{number}"));
        self.html.attr("role", "doc-noteref");
        self.html.attr("aria-label", &format!("Footnote {number}"));
        self.html.done();
        self.html.text(&number.to_string());
        self.html.close();
        self.html.close();
    }

    /// Writes the section that holds the footnotes, if there are any.
    pub(super) fn footnotes_section(&mut self) {
        if self.footnotes.list().is_empty() {
            return;
        }
        self.html.close_raw();
        self.html.newline();
        self.html.begin("section");
        self.html.attr("class", "footnotes");
        self.html.attr("role", "doc-endnotes");
        self.html.attr("aria-label", "Footnotes");
        self.html.done();
        self.html_line("ol");
        for number in 1..=self.footnotes.list().len() {
            self.footnote(number);
        }
        self.html.close();
        self.html.close();
    }

    fn footnote(&mut self, number: usize) {
        let note = &self.footnotes.list()[number - 1];
        let (events, references) = (note.events.clone(), note.references);
        self.html.newline();
        self.html.begin("li");
        self.html.attr("id", &format!("fn:{number}"));
        self.html.attr("dir", "auto");
        self.html.done();
        // The way back stands at the end of the last paragraph, else after the last block.
        let last = events.end - 1;
        let in_paragraph =
            !events.is_empty() && matches!(self.events[last].0, Event::End(TagEnd::Paragraph));
        self.walk(events.start..if in_paragraph { last } else { events.end });
        self.html.close_raw();
        for nth in 1..=references {
            self.html.text(" ");
            self.html.begin("a");
            self.html.attr("class", "footnote-backref");
            self.html.attr("href", &format!("#{}", reference_id(number, nth)));
            self.html.attr("role", "doc-backlink");
            self.html.attr("aria-label", &format!("Back to reference {number}"));
            self.html.done();
            self.html.text("↩");
            self.html.close();
        }
        if in_paragraph {
            self.html.close();
        }
        self.html.close();
    }
}

fn reference_id(number: usize, nth: usize) -> String {
    if nth == 1 { format!("fnref:{number}") } else { format!("fnref:{number}-{nth}") }
}
