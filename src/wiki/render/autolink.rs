//! Finds bare addresses (`https://…`, `www.…`) in text, by the rules of GitHub's Markdown.

/// A bare address: where it stands in the text, and whether `http://` has to be put before it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bare {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) needs_scheme: bool,
}

/// The longest name that a host may have, in characters.
const MAX_HOST: usize = 253;

const STARTS: [&str; 3] = ["https://", "http://", "www."];

/// Returns the first bare address at or after `from`.
pub(super) fn next(text: &str, from: usize) -> Option<Bare> {
    let bytes = text.as_bytes();
    let mut at = from;
    while let Some(step) = bytes[at..].iter().position(|b| matches!(b, b'h' | b'w')) {
        at += step;
        if let Some(start) = STARTS.iter().find(|s| bytes[at..].starts_with(s.as_bytes()))
            && may_follow(text[..at].chars().next_back())
        {
            let needs_scheme = *start == "www.";
            let host = at + if needs_scheme { 0 } else { start.len() };
            // The host first: it is short, and where it is none, nothing else has to be read.
            if let Some(host_end) = host_end(text, host, needs_scheme) {
                let end = trim_end(text, host, extent(text, host_end));
                return Some(Bare { start: at, end: end.max(host_end), needs_scheme });
            }
        }
        at += 1;
    }
    None
}

fn may_follow(before: Option<char>) -> bool {
    before.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '/' | '.' | '-' | '@' | ':'))
}

/// Where the run of characters that may belong to an address ends.
fn extent(text: &str, at: usize) -> usize {
    text[at..]
        .find(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '`'))
        .map_or(text.len(), |n| at + n)
}

/// Takes off what closes a sentence rather than an address.
fn trim_end(text: &str, start: usize, mut end: usize) -> usize {
    let mut opened = text[start..end].matches('(').count();
    let mut closed = text[start..end].matches(')').count();
    while let Some(last) = text[start..end].chars().next_back() {
        match last {
            ')' if closed > opened => closed -= 1,
            '(' => opened = opened.saturating_sub(1),
            '?' | '!' | '.' | ',' | ':' | ';' | '*' | '_' | '~' | '\'' | '’' | '”' | '…' => {}
            _ => break,
        }
        end -= last.len_utf8();
    }
    end
}

/// Returns where the host that begins at `start` ends, if it is one.
fn host_end(text: &str, start: usize, needs_dot: bool) -> Option<usize> {
    let belongs = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '[' | ']');
    let run: usize =
        text[start..].chars().take(MAX_HOST).take_while(|c| belongs(*c)).map(char::len_utf8).sum();
    let host = text[start..start + run].trim_end_matches(['.', '-', '_', '[', ']']);
    let dotted = !needs_dot || host.len() > "www.".len();
    let valid = !host.is_empty() && dotted && !host.starts_with('.') && !host.contains("..");
    valid.then_some(start + host.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let mut from = 0;
        let mut out = Vec::new();
        while let Some(bare) = next(text, from) {
            out.push(&text[bare.start..bare.end]);
            from = bare.end;
        }
        out
    }

    #[test]
    fn addresses_end_where_the_sentence_begins() {
        assert_eq!(
            found("See https://a.example/x?y=1, (www.b.example/c_(d)) and http://intranet/."),
            ["https://a.example/x?y=1", "www.b.example/c_(d)", "http://intranet/"]
        );
        assert_eq!(found("“https://a.example”…"), ["https://a.example"]);
    }

    #[test]
    fn what_is_no_address_is_left_alone() {
        for text in ["xhttps://a.b", "www.", "https://", "http://?", "www..b", "wwww.a", "http://<"]
        {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
