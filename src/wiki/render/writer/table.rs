//! Tables, in a frame that scrolls where they are wider than the page.

use pulldown_cmark::Alignment;

use super::Writer;

/// Where in a table the writer stands; tables do not nest.
#[derive(Default)]
pub(super) struct Table {
    alignments: Vec<Alignment>,
    column: usize,
    in_head: bool,
}

impl Writer<'_> {
    pub(super) fn table_start(&mut self, alignments: &[Alignment], at: usize) {
        self.table.alignments = alignments.to_vec();
        self.html.newline();
        self.html.begin("div");
        self.html.attr("class", "table-wrap");
        self.html.attr("tabindex", "0");
        self.html.attr("role", "group");
        self.html.attr("aria-label", "Table");
        self.line(at);
        self.html.done();
        self.html.open("table");
    }

    pub(super) fn table_head(&mut self) {
        self.table.in_head = true;
        self.table.column = 0;
        self.html_line("thead");
        self.html.open("tr");
    }

    pub(super) fn table_head_end(&mut self) {
        self.table.in_head = false;
        self.html.close();
        self.html.close();
        self.html_line("tbody");
    }

    pub(super) fn table_row(&mut self, at: usize) {
        self.table.column = 0;
        self.html.newline();
        self.html.begin("tr");
        self.line(at);
        self.html.done();
    }

    pub(super) fn table_cell(&mut self) {
        self.html.begin(if self.table.in_head { "th" } else { "td" });
        match self.table.alignments.get(self.table.column) {
            Some(Alignment::Left) => self.html.attr("class", "align-left"),
            Some(Alignment::Center) => self.html.attr("class", "align-center"),
            Some(Alignment::Right) => self.html.attr("class", "align-right"),
            Some(Alignment::None) | None => {}
        }
        self.html.attr("dir", "auto");
        self.html.done();
        self.table.column += 1;
    }

    pub(super) fn table_end(&mut self) {
        self.html.close();
        self.html.close();
        self.html.close();
    }
}
