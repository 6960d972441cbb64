//! Putting texts together from whole lines.

use crate::model::diff::{LineEnding, content, is_blank, lines};

/// Text that is put together from whole lines.
pub(super) struct Glue {
    pub(super) text: String,
    ending: LineEnding,
}

impl Glue {
    pub(super) fn new(ending: LineEnding) -> Self {
        Self { text: String::new(), ending }
    }

    pub(super) fn push(&mut self, piece: &str) {
        if !(piece.is_empty() || self.text.is_empty() || self.text.ends_with('\n')) {
            self.text.push_str(self.ending.as_str());
        }
        self.text.push_str(piece);
    }

    pub(super) fn finish(mut self, ended: bool) -> String {
        if self.text.is_empty() {
        } else if !ended {
            while self.text.ends_with('\n') {
                let lines = lines(&self.text);
                let last = lines.last().map_or(0, |line| line.len() - content(line).len());
                self.text.truncate(self.text.len() - last);
            }
        } else if !self.text.ends_with('\n') {
            self.text.push_str(self.ending.as_str());
        }
        self.text
    }
}

/// Puts texts one after another; paragraphs stay paragraphs.
pub(super) fn beside<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
    let blank = |line: Option<&&str>| line.is_some_and(|line| is_blank(line));
    let edges: Vec<(bool, bool)> = (texts.iter())
        .map(|text| {
            let lines = lines(text);
            (blank(lines.first()), blank(lines.last()))
        })
        .collect();
    let apart = edges.iter().any(|(first, last)| *first || *last);
    let ending = LineEnding::of_all(texts.iter().copied());
    let mut out = Glue::new(ending);
    for (i, text) in texts.iter().enumerate() {
        out.push(text);
        let together = edges.get(i + 1).is_some_and(|next| !edges[i].1 && !next.0);
        if apart && together {
            out.push(ending.as_str());
        }
    }
    out.text
}

/// Returns true if two texts have the same lines, their ends aside.
pub(super) fn same(one: &str, other: &str) -> bool {
    let content = |text| lines(text).into_iter().map(content);
    one == other || content(one).eq(content(other))
}
