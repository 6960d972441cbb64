//! Where sentences end, and words.

use unicode_segmentation::UnicodeSegmentation as _;

use super::parts::Parts;

/// Cuts a text into its sentences.
pub(super) fn sentences(text: &str) -> Parts<'_> {
    let mask = masked(text);
    let mut at = 0;
    let pieces = mask.split_sentence_bounds().map(|sentence| {
        let piece = &text[at..at + sentence.len()];
        at += sentence.len();
        (piece, false)
    });
    Parts::new(text, false, pieces)
}

/// Cuts a text into words and other signs.
pub(super) fn words(text: &str) -> Parts<'_> {
    Parts::new(text, false, text.split_word_bounds().map(|word| (word, false)))
}

/// Words that end with a full stop without ending a sentence.
pub(super) const ABBREVIATIONS: [&str; 40] = [
    "dr", "mr", "mrs", "ms", "prof", "st", "vs", "etc", "approx", "fig", "vol", "ed", "eds", "pp",
    "sen", "gen", "col", "jr", "sr", "inc", "ltd", "co", "dept", "est", "bzw", "usw", "ca", "evtl",
    "ggf", "inkl", "vgl", "abb", "str", "hr", "fr", "bd", "hrsg", "mme", "cf", "al",
];

/// Returns a text of the same length in which only full stops that end a sentence are left.
pub(super) fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let hide = |out: &mut String, text: &str| out.extend(std::iter::repeat_n('x', text.len()));
    let mut word_from = 0;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let hidden = hidden_length(rest);
        if hidden > 0 {
            hide(&mut out, &rest[..hidden]);
            rest = &rest[hidden..];
            continue;
        }
        let (sign, behind) = rest.split_at(c.len_utf8());
        if c == '\n' || c == '\r' {
            // A line goes on with the sentence of the line before.
            out.push(' ');
        } else if c == '.' && is_abbreviated(&text[word_from..out.len()], behind) {
            out.push('x');
        } else if "*_~\"'".contains(c) && out.ends_with(['.', '!', '?', ')', '"', '\'']) {
            // Marks behind the end of a sentence belong to it.
            out.push(')');
        } else {
            out.push_str(sign);
        }
        if !(c.is_alphanumeric() || c == '.') {
            word_from = out.len();
        }
        rest = behind;
    }
    out
}

/// Returns how many bytes at the beginning of a text are code or a link, whose signs end no sentence.
pub(super) fn hidden_length(text: &str) -> usize {
    let until = |open: usize, close: &str| {
        text.get(open..).and_then(|rest| rest.find(close)).map_or(0, |at| open + at + close.len())
    };
    if text.starts_with('`') {
        let ticks = text.len() - text.trim_start_matches('`').len();
        until(ticks, &text[..ticks])
    } else if text.starts_with("[[") {
        until(2, "]]")
    } else if text.starts_with("](") {
        until(2, ")")
    } else if text.starts_with("http://") || text.starts_with("https://") {
        let end = text.find(|c: char| c.is_whitespace() || c == ')' || c == '>');
        text[..end.unwrap_or(text.len())].trim_end_matches(['.', ',', '!', '?']).len()
    } else {
        0
    }
}

/// Returns true if a full stop behind this word does not end a sentence.
pub(super) fn is_abbreviated(word: &str, behind: &str) -> bool {
    let word = word.rsplit('.').next().unwrap_or(word);
    let digits = word.chars().all(|c| c.is_ascii_digit());
    let letters = word.chars().count();
    letters == 1 && word.chars().all(char::is_alphabetic)
        || digits && (1..=2).contains(&letters)
        || ABBREVIATIONS.contains(&word.to_lowercase().as_str())
        || ["no", "nr"].contains(&word.to_lowercase().as_str())
            && behind.trim_start().starts_with(|c: char| c.is_ascii_digit())
}
