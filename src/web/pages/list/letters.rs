//! Pages by the first letter of their titles.

use std::collections::BTreeMap;
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;

use super::{Address, Body, MOST, Paging, sort_by_title};
use crate::wiki::Document;

/// A letter that titles begin with.
pub(super) struct Letter {
    pub(super) name: String,
    pub(super) href: String,
    pub(super) count: usize,
    pub(super) current: bool,
}

/// The pages of one letter.
pub(super) struct Group {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) pages: Vec<Arc<Document>>,
}

/// What a title begins with, in the order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Initial {
    Sign,
    Digit,
    Letter(char),
    /// Scripts with thousands of signs are one group.
    Ideograph,
}

impl Initial {
    fn of(title: &str) -> Self {
        let first = title.chars().find(|c| !c.is_whitespace()).unwrap_or(' ');
        let base = std::iter::once(first).nfkd().next().unwrap_or(first);
        match base {
            // Hangul comes apart into its letters above.
            '\u{1100}'..='\u{11FF}' | '\u{2E80}'.. if base.is_alphabetic() => Self::Ideograph,
            _ if base.is_alphabetic() => Self::Letter(base.to_uppercase().next().unwrap_or(base)),
            _ if base.is_numeric() => Self::Digit,
            _ => Self::Sign,
        }
    }

    fn name(self) -> String {
        match self {
            Self::Sign => "#".to_owned(),
            Self::Digit => "0–9".to_owned(),
            Self::Letter(letter) => letter.to_string(),
            Self::Ideograph => "漢字".to_owned(),
        }
    }
}

/// Lists all pages, or where those are too many, those of one letter.
pub(super) fn list(live: Vec<Arc<Document>>, wanted: &str, page: usize) -> (Body, usize, Paging) {
    let mut by_letter: BTreeMap<Initial, Vec<Arc<Document>>> = BTreeMap::new();
    let mut total = 0;
    for document in live.into_iter().filter(|d| d.path().is_page()) {
        by_letter.entry(Initial::of(document.title())).or_default().push(document);
        total += 1;
    }
    let at_once = total <= MOST;
    let asked = by_letter.keys().copied().find(|initial| initial.name() == wanted);
    let current = if at_once { None } else { asked.or_else(|| first(&by_letter)) };
    let letters = by_letter.iter().map(|(initial, pages)| {
        let name = initial.name();
        Letter {
            href: if at_once {
                format!("#{}", id(*initial))
            } else {
                Address(vec![("letter", &name)]).to_string()
            },
            count: pages.len(),
            current: current == Some(*initial),
            name,
        }
    });
    let letters = letters.collect();
    if let Some(initial) = current {
        by_letter.retain(|each, _| *each == initial);
    }
    let shown: usize = by_letter.values().map(Vec::len).sum();
    let name = current.map(Initial::name).unwrap_or_default();
    let paging = Paging::new(page, shown, MOST, |page| {
        Address(vec![("letter", &name), ("page", &page.to_string())]).to_string()
    });
    let groups = by_letter.into_iter().map(|(initial, mut pages)| {
        sort_by_title(&mut pages);
        // Only one letter alone can have more than a page.
        let pages = if at_once { pages } else { paging.cut(pages, MOST) };
        Group { name: initial.name(), id: id(initial), pages }
    });
    (Body::Letters { letters, groups: groups.collect() }, total, paging)
}

/// Returns the first real letter, as signs are not what a reader begins with.
fn first(by_letter: &BTreeMap<Initial, Vec<Arc<Document>>>) -> Option<Initial> {
    let mut initials = by_letter.keys().copied();
    initials.clone().find(|i| matches!(i, Initial::Letter(_))).or_else(|| initials.next())
}

fn id(initial: Initial) -> String {
    match initial {
        Initial::Sign => "letter-signs".to_owned(),
        Initial::Digit => "letter-digits".to_owned(),
        Initial::Letter(letter) => format!("letter-{letter}"),
        Initial::Ideograph => "letter-ideographs".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_go_where_people_look_for_them() {
        for (title, name) in [
            ("Garden", "G"),
            ("élan", "E"),
            ("  ß", "S"),
            ("42", "0–9"),
            ("«x»", "#"),
            ("", "#"),
            ("Йога", "И"),
            ("東京", "漢字"),
            ("한국", "漢字"),
            ("🌱", "#"),
        ] {
            assert_eq!(Initial::of(title).name(), name, "{title}");
        }
    }
}
