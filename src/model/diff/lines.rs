//! Lines and their endings.
//!
//! The one idea: a line is its content plus a terminator, and only the content says whether two
//! lines are the same. A text that went through a browser's textarea (CRLF), or lost its last
//! newline on the way, is still the same text line by line. Only `\n` ends a line, so that
//! joining the lines of a text always gives the text back.

/// Splits a text into its lines, each with its terminator; the last may lack one.
///
/// An empty text has no lines.
pub fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// Returns a line without its terminator: `\n` with any `\r` before it.
pub fn content(line: &str) -> &str {
    match line.strip_suffix('\n') {
        Some(content) => content.trim_end_matches('\r'),
        None => line,
    }
}

/// Tells whether a line shows nothing.
pub(crate) fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

/// The way a text ends its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LineEnding {
    /// `\n`, as Unix and the web write it.
    #[default]
    Lf,
    /// `\r\n`, as Windows and HTML forms write it.
    CrLf,
}

impl LineEnding {
    /// Finds the ending that most lines of a text have; a tie, or no line at all, is LF.
    pub fn of(text: &str) -> Self {
        Self::of_all([text])
    }

    /// Finds the ending that most lines of several texts together have.
    pub(crate) fn of_all<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let (mut lf, mut crlf) = (0_usize, 0_usize);
        for line in texts.into_iter().flat_map(|t| t.split_inclusive('\n')) {
            if line.ends_with("\r\n") {
                crlf += 1;
            } else if line.ends_with('\n') {
                lf += 1;
            }
        }
        if crlf > lf { Self::CrLf } else { Self::Lf }
    }

    /// Returns the terminator itself.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
        }
    }

    /// Rewrites a text so that all of its terminated lines end this way.
    ///
    /// Applying twice is the same as applying once.
    pub fn apply(self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            out.push_str(content(line));
            if line.ends_with('\n') {
                out.push_str(self.as_str());
            }
        }
        out
    }
}

/// Rewrites a text so that all of its lines end as most of them do.
pub fn normalise_endings(text: &str) -> String {
    LineEnding::of(text).apply(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_keep_their_terminators() {
        assert_eq!(lines("a\nb\r\n\nc"), ["a\n", "b\r\n", "\n", "c"]);
        assert_eq!(lines("a\n"), ["a\n"]);
        assert!(lines("").is_empty());
    }

    #[test]
    fn the_majority_decides_the_ending() {
        assert_eq!(LineEnding::of("a\r\nb\r\nc\n"), LineEnding::CrLf);
        assert_eq!(LineEnding::of("a\r\nb\n"), LineEnding::Lf);
        assert_eq!(LineEnding::of("no line ends here"), LineEnding::Lf);
        assert_eq!(normalise_endings("a\r\nb\r\nc\nd"), "a\r\nb\r\nc\r\nd");
        assert_eq!(LineEnding::Lf.apply("a\r\nb\rc\r\n"), "a\nb\rc\n");
    }

    proptest! {
        #[test]
        fn lines_joined_are_the_text(text in "[ab\r\n]{0,20}") {
            prop_assert_eq!(lines(&text).concat(), text);
        }

        #[test]
        fn an_ending_applied_twice_is_applied_once(text in "[ab\r\n]{0,20}") {
            for ending in [LineEnding::Lf, LineEnding::CrLf] {
                let once = ending.apply(&text);
                prop_assert_eq!(ending.apply(&once), once.clone());
                prop_assert!(lines(&text).into_iter().map(content).eq(lines(&once).into_iter().map(content)));
            }
        }
    }
}
