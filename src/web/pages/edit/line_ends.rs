//! Line ends on the way through a form: people see LF, files keep what they have.

/// Returns a text as a browser shows it: every line end is LF.
pub(super) fn shown(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Returns a typed text, which has LF, with the line ends of the text it was made from; that very
/// text where nothing else was changed.
pub(super) fn as_in(base: &str, typed: &str) -> String {
    if shown(base) == shown(typed) {
        return base.to_owned();
    }
    let crlf = base.matches("\r\n").count();
    let lf = base.matches('\n').count() - crlf;
    if crlf > lf { typed.replace('\n', "\r\n") } else { typed.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_the_line_ends_it_had() {
        assert_eq!(as_in("a\r\nb\r\n", "a\nB\n"), "a\r\nB\r\n");
        assert_eq!(as_in("a\nb\n", "a\nB\n"), "a\nB\n");
        assert_eq!(as_in("", "a\n"), "a\n");
        assert_eq!(as_in("a\r\nb\nc\n", "a\nb\nC\n"), "a\nb\nC\n");
    }

    #[test]
    fn a_text_that_nobody_changed_keeps_every_byte() {
        for base in ["a\r\nb\nc", "a\rb\r\nc\n", "\r\n\r\n", "a"] {
            assert_eq!(as_in(base, &shown(base)), base, "{base:?}");
        }
    }
}
