//! Marks the blocks of a rendered page that come from certain lines.

use std::collections::BTreeSet;

use super::safe_html::SafeHtml;

/// What the attribute of a line looks like; the renderer alone writes it.
const LINE: &str = " data-line=\"";

impl SafeHtml {
    /// Marks with `data-new` the innermost block that each of `lines` belongs to, in HTML that was
    /// rendered with the lines of its source; the lines themselves are taken out.
    #[must_use]
    pub fn with_new_lines(&self, lines: &BTreeSet<usize>) -> Self {
        let found = attributes(self.as_str());
        let mut new = vec![false; found.len()];
        // Blocks come in the order of their lines; of those that begin at one line the last is inmost.
        let mut order: Vec<usize> = (0..found.len()).collect();
        order.sort_by_key(|i| (found[*i].line, *i));
        for line in lines {
            let behind = order.partition_point(|i| found[*i].line <= *line);
            if let Some(i) = behind.checked_sub(1) {
                new[order[i]] = true;
            }
        }
        let mut html = String::with_capacity(self.as_str().len());
        let mut from = 0;
        for (attribute, new) in found.iter().zip(new) {
            html.push_str(&self.as_str()[from..attribute.start]);
            if new {
                html.push_str(" data-new=\"\"");
            }
            from = attribute.end;
        }
        html.push_str(&self.as_str()[from..]);
        Self::vouch(html)
    }
}

/// Where an attribute with a line is.
struct Attribute {
    start: usize,
    end: usize,
    line: usize,
}

/// Finds the attributes with lines, in tags only: a text may look like one.
fn attributes(html: &str) -> Vec<Attribute> {
    let mut found = Vec::new();
    let (mut in_tag, mut quoted) = (false, false);
    for (at, byte) in html.bytes().enumerate() {
        match byte {
            b'<' if !in_tag => in_tag = true,
            b'"' if in_tag => quoted = !quoted,
            b'>' if in_tag && !quoted => in_tag = false,
            b' ' if in_tag && !quoted && html[at..].starts_with(LINE) => {
                let value = &html[at + LINE.len()..];
                if let Some(end) = value.find('"')
                    && let Ok(line) = value[..end].parse()
                {
                    found.push(Attribute { start: at, end: at + LINE.len() + end + 1, line });
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::wiki::render::RenderOptions;
    use crate::wiki::render::tests::render_with;

    fn marked(text: &str, lines: &[usize]) -> String {
        let html = render_with(text, RenderOptions { source_lines: true }).html;
        html.with_new_lines(&lines.iter().copied().collect()).into_string()
    }

    #[test]
    fn the_innermost_block_of_a_line_is_marked() {
        let text = "# A\n\none\ntwo\n\n- b\n- c\n\n|f|\n|-|\n|g|\n|h|\n";
        let new = |lines: &[usize]| {
            let html = marked(text, lines);
            assert!(!html.contains("data-line"), "{html}");
            let tags = html.split('<').filter(|tag| tag.contains(" data-new=\"\""));
            tags.map(|tag| tag.split([' ', '>']).next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(new(&[]), [""; 0]);
        assert_eq!(new(&[1]), ["h1"]);
        assert_eq!(new(&[4]), ["p"], "a line within a paragraph");
        assert_eq!(new(&[7]), ["li"], "not the whole list");
        assert_eq!(new(&[12]), ["tr"]);
    }

    #[test]
    fn a_text_that_looks_like_a_mark_stays_as_it_is() {
        let html = marked("a data-line=\"1\" b\n\n`x data-line=\"3\"`\n", &[1]);
        assert!(
            html.contains("a data-line=\"1\" b") || html.contains("a data-line=&quot;1&quot; b")
        );
        assert_eq!(html.matches("data-new").count(), 1, "{html}");
    }
}
