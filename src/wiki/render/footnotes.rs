//! Numbers footnotes in the order in which readers meet them.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use pulldown_cmark::{Event, Tag, TagEnd};

/// One footnote that is referred to.
pub(super) struct Footnote {
    /// The events of its definition, without its start and end.
    pub(super) events: Range<usize>,
    /// How often it is referred to.
    pub(super) references: usize,
}

/// The footnotes of a page; footnote `n` stands at `n - 1`.
#[derive(Default)]
pub(super) struct Footnotes {
    list: Vec<Footnote>,
    numbers: HashMap<String, usize>,
    /// Where each definition ends, by the index of its start.
    ends: HashMap<usize, usize>,
}

impl Footnotes {
    /// Finds definitions and references in the events of a page.
    pub(super) fn collect(events: &[(Event<'_>, Range<usize>)]) -> Self {
        let mut found = Self::default();
        let mut definitions = HashMap::new();
        let mut open = Vec::new();
        for (i, (event, _)) in events.iter().enumerate() {
            match event {
                Event::Start(Tag::FootnoteDefinition(name)) => open.push((i, name)),
                Event::End(TagEnd::FootnoteDefinition) => {
                    if let Some((start, name)) = open.pop() {
                        found.ends.insert(start, i);
                        definitions.entry(key(name)).or_insert(start + 1..i);
                    }
                }
                _ => {}
            }
        }
        if definitions.is_empty() {
            return found;
        }
        let mut waiting = VecDeque::new();
        waiting.push_back(0..events.len());
        while let Some(range) = waiting.pop_front() {
            found.read(events, range, &definitions, &mut waiting);
        }
        found
    }

    fn read(
        &mut self,
        events: &[(Event<'_>, Range<usize>)],
        range: Range<usize>,
        definitions: &HashMap<String, Range<usize>>,
        waiting: &mut VecDeque<Range<usize>>,
    ) {
        let mut at = range.start;
        let mut images = 0_usize;
        while at < range.end {
            match &events[at].0 {
                Event::Start(Tag::Image { .. }) => images += 1,
                Event::End(TagEnd::Image) => images = images.saturating_sub(1),
                Event::Start(Tag::FootnoteDefinition(_)) => at = self.skip(at),
                Event::FootnoteReference(name) if images == 0 => {
                    let name = key(name);
                    if let Some(number) = self.numbers.get(&name) {
                        self.list[number - 1].references += 1;
                    } else if let Some(events) = definitions.get(&name) {
                        waiting.push_back(events.clone());
                        self.list.push(Footnote { events: events.clone(), references: 1 });
                        self.numbers.insert(name, self.list.len());
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Returns the index of the end of the definition that starts at `start`.
    pub(super) fn skip(&self, start: usize) -> usize {
        self.ends.get(&start).copied().unwrap_or(start)
    }

    /// Returns the number of a footnote that is defined.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.numbers.get(&key(name)).copied()
    }

    /// Returns the footnotes by number.
    pub(super) fn list(&self) -> &[Footnote] {
        &self.list
    }
}

fn key(name: &str) -> String {
    name.to_lowercase()
}
