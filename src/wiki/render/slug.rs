//! Ids of headings, made as GitHub makes them, so that links written for it work here.

use std::collections::HashMap;

use unicode_normalization::char::is_combining_mark;

/// The ids given away in one page.
#[derive(Default)]
pub(super) struct Slugs {
    given: HashMap<String, usize>,
}

impl Slugs {
    /// Returns an id for a heading, with `-1`, `-2` … where it was given before.
    pub(super) fn unique(&mut self, heading: &str) -> String {
        let mut base = slug(heading);
        if base.is_empty() {
            "section".clone_into(&mut base);
        }
        let mut id = base.clone();
        while self.given.contains_key(&id) {
            let count = self.given.entry(base.clone()).or_default();
            *count += 1;
            id = format!("{base}-{count}");
        }
        self.given.insert(id.clone(), 0);
        id
    }
}

/// Returns the id of a heading: lower-case, spaces as `-`, without punctuation and symbols.
pub(super) fn slug(heading: &str) -> String {
    heading
        .trim()
        .chars()
        .flat_map(char::to_lowercase)
        .filter(|c| is_kept(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

fn is_kept(c: char) -> bool {
    match c {
        ' ' | '-' | '_' => true,
        _ if c.is_ascii() => c.is_ascii_alphanumeric(),
        '‿' | '⁀' | '⁔' | '︳' | '︴' | '﹍' | '﹎' | '﹏' | '\u{FF3F}' => true,
        _ => c.is_alphabetic() || is_combining_mark(c) || (c.is_numeric() && !is_other_number(c)),
    }
}

/// Numbers that are no decimal digits: superscripts, fractions, circled numbers.
fn is_other_number(c: char) -> bool {
    matches!(c,
        '²' | '³' | '¹' | '¼'..='¾' | '\u{2070}'..='\u{2089}' | '\u{2150}'..='\u{215F}' | '\u{2189}'
        | '\u{2460}'..='\u{249B}' | '\u{24EA}'..='\u{24FF}' | '\u{2776}'..='\u{2793}'
        | '\u{3192}'..='\u{3195}' | '\u{3220}'..='\u{3229}' | '\u{3248}'..='\u{324F}'
        | '\u{3251}'..='\u{325F}' | '\u{3280}'..='\u{3289}' | '\u{32B1}'..='\u{32BF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_that_github_makes() {
        for (heading, id) in [
            ("Watering the beans", "watering-the-beans"),
            ("What's new?", "whats-new"),
            ("C++ & Rust", "c--rust"),
            ("I ♥ unicode", "i--unicode"),
            ("en–dash", "endash"),
            ("😄 emoji", "-emoji"),
            ("snake_case-and.dots", "snake_case-anddots"),
            ("Größe ÄÖÜ", "größe-äöü"),
            ("Привет мир", "привет-мир"),
            ("हिन्दी", "हिन्दी"),
            ("x² ½", "x-"),
            ("  edges  ", "edges"),
            ("<script>", "script"),
        ] {
            assert_eq!(slug(heading), id, "{heading}");
        }
    }

    #[test]
    fn no_id_is_given_twice() {
        let mut slugs = Slugs::default();
        let ids: Vec<_> = ["A", "a", "a-1", "A", "", "?"].iter().map(|h| slugs.unique(h)).collect();
        assert_eq!(ids, ["a", "a-1", "a-1-1", "a-2", "section", "section-1"]);
    }
}
