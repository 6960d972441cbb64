//! Writes HTML so that it cannot come out unbalanced, unescaped or too deep.
//!
//! Every element is opened and closed through a stack. Elements that raw HTML asked for are marked as
//! such: they may only be closed down to the element of ours that holds them, and closing one of ours
//! closes them too. Elements past [`MAX_DEPTH`] are left out, their content stays.

/// The deepest nesting that is written; browsers stop at 512.
pub(super) const MAX_DEPTH: usize = 100;

/// An element that is open; `written` is false where it was left out.
struct Open {
    tag: &'static str,
    ours: bool,
    written: bool,
}

/// A buffer of HTML and the elements that are open in it.
#[derive(Default)]
pub(super) struct Html {
    out: String,
    open: Vec<Open>,
    links: usize,
    muted: bool,
}

impl Html {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { out: String::with_capacity(bytes), ..Self::default() }
    }

    /// Begins the tag of an element of ours; follow with [`Html::attr`] and [`Html::done`].
    pub(super) fn begin(&mut self, tag: &'static str) {
        self.push(tag, true);
    }

    /// Begins the tag of an element that raw HTML asked for; where it cannot be, it is left out.
    pub(super) fn begin_raw(&mut self, tag: &'static str) {
        if let Some(top) = self.open.last()
            && !top.ours
            && ends_before(top.tag, tag)
        {
            self.pop();
        }
        if self.may_write(tag) {
            self.push(tag, false);
        } else {
            // Not remembered either, so that a flood of tags costs nothing to look through.
            self.muted = true;
        }
    }

    /// A link in a link is no link: browsers would tear the outer one apart.
    fn may_write(&self, tag: &str) -> bool {
        self.open.len() < MAX_DEPTH && !(tag == "a" && self.links > 0)
    }

    fn push(&mut self, tag: &'static str, ours: bool) {
        let written = self.may_write(tag);
        if tag == "a" && written {
            self.links += 1;
        }
        self.open.push(Open { tag, ours, written });
        self.muted = !written;
        if written {
            self.out.push('<');
            self.out.push_str(tag);
        }
    }

    /// Begins the tag of a void element, which is never open; follow as after [`Html::begin`].
    pub(super) fn begin_void(&mut self, tag: &'static str) {
        self.muted = false;
        self.out.push('<');
        self.out.push_str(tag);
    }

    /// Adds an attribute to the tag just begun.
    pub(super) fn attr(&mut self, name: &str, value: &str) {
        if !self.muted {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            escape(value, &mut self.out);
            self.out.push('"');
        }
    }

    /// Ends the tag just begun.
    pub(super) fn done(&mut self) {
        if !self.muted {
            self.out.push('>');
        }
        self.muted = false;
    }

    /// Opens an element of ours without attributes.
    pub(super) fn open(&mut self, tag: &'static str) {
        self.begin(tag);
        self.done();
    }

    /// Opens an element of ours with a class.
    pub(super) fn open_class(&mut self, tag: &'static str, class: &str) {
        self.begin(tag);
        self.attr("class", class);
        self.done();
    }

    /// Closes the innermost element of ours, and what raw HTML left open in it.
    pub(super) fn close(&mut self) {
        self.close_raw();
        self.pop();
    }

    /// Closes what raw HTML left open in the innermost element of ours.
    pub(super) fn close_raw(&mut self) {
        while self.open.last().is_some_and(|top| !top.ours) {
            self.pop();
        }
    }

    /// Closes the innermost `tag` that raw HTML opened, if it did so in the innermost element of ours.
    pub(super) fn close_raw_tag(&mut self, tag: &str) {
        let depth = self.open.iter().rev().take_while(|o| !o.ours).position(|o| o.tag == tag);
        for _ in 0..depth.map_or(0, |d| d + 1) {
            self.pop();
        }
    }

    /// Closes the elements of raw HTML that cannot hold blocks, at the end of a block of raw HTML.
    pub(super) fn close_raw_phrasing(&mut self) {
        let raw = self.open.iter().rev().take_while(|o| !o.ours).count();
        let from = self.open.len() - raw;
        if let Some(first) = self.open[from..].iter().position(|o| !holds_blocks(o.tag)) {
            while self.open.len() > from + first {
                self.pop();
            }
        }
    }

    /// Returns true if a block may be opened where the writer stands.
    pub(super) fn takes_blocks(&self) -> bool {
        self.open.last().is_none_or(|top| holds_blocks(top.tag))
    }

    fn pop(&mut self) {
        let Some(top) = self.open.pop() else { return };
        if top.written {
            if top.tag == "a" {
                self.links -= 1;
            }
            self.out.push_str("</");
            self.out.push_str(top.tag);
            self.out.push('>');
        }
    }

    /// Writes text.
    pub(super) fn text(&mut self, text: &str) {
        escape(text, &mut self.out);
    }

    /// Writes a line break between blocks, for people who read the source.
    pub(super) fn newline(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }

    /// Lets `write` add markup that it vouches for: balanced and escaped.
    pub(super) fn trusted(&mut self, write: impl FnOnce(&mut String)) {
        write(&mut self.out);
    }

    /// Closes everything and returns the markup.
    pub(super) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.pop();
        }
        self.out
    }
}

/// Returns true if the start of `next` ends an open `tag`, as HTML has it for items and cells.
fn ends_before(tag: &str, next: &str) -> bool {
    match next {
        "li" => tag == "li",
        "dt" | "dd" => matches!(tag, "dt" | "dd"),
        "td" | "th" => matches!(tag, "td" | "th"),
        "rt" | "rp" => matches!(tag, "rt" | "rp"),
        _ => false,
    }
}

/// Returns true if an element may hold blocks such as paragraphs.
fn holds_blocks(tag: &str) -> bool {
    matches!(
        tag,
        "blockquote"
            | "caption"
            | "dd"
            | "details"
            | "div"
            | "dl"
            | "dt"
            | "figcaption"
            | "figure"
            | "li"
            | "ol"
            | "section"
            | "table"
            | "tbody"
            | "td"
            | "tfoot"
            | "th"
            | "thead"
            | "tr"
            | "ul"
    )
}

/// Appends `text` with everything replaced that means something in HTML, in texts and in values.
pub(super) fn escape(text: &str, out: &mut String) {
    let mut from = 0;
    for (i, byte) in text.bytes().enumerate() {
        let replacement = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            0 => "\u{FFFD}",
            _ => continue,
        };
        out.push_str(&text[from..i]);
        out.push_str(replacement);
        from = i + 1;
    }
    out.push_str(&text[from..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_left_open_is_closed() {
        let mut html = Html::default();
        html.open("p");
        html.begin_raw("b");
        html.done();
        html.text("x");
        html.close();
        html.open("ul");
        assert_eq!(html.finish(), "<p><b>x</b></p><ul></ul>");
    }

    #[test]
    fn raw_html_cannot_close_what_it_did_not_open() {
        let mut html = Html::default();
        html.open("div");
        html.begin_raw("b");
        html.done();
        html.close_raw_tag("div");
        assert_eq!(html.finish(), "<div><b></b></div>");
    }

    #[test]
    fn depth_is_bounded_and_no_text_is_lost() {
        let mut html = Html::default();
        for _ in 0..10_000 {
            html.open("blockquote");
        }
        html.text("deep");
        let out = html.finish();
        assert_eq!(out.matches("<blockquote>").count(), MAX_DEPTH);
        assert_eq!(out.matches("</blockquote>").count(), MAX_DEPTH);
        assert!(out.contains("deep"));
    }

    #[test]
    fn a_value_cannot_leave_its_attribute() {
        let mut html = Html::default();
        html.begin("p");
        html.attr("title", "\" onclick=\"x\0<&");
        html.done();
        assert_eq!(html.finish(), "<p title=\"&quot; onclick=&quot;x\u{FFFD}&lt;&amp;\"></p>");
    }
}
