//! Formulas as MathML.

use pulldown_latex::config::{DisplayMode, RenderConfig};
use pulldown_latex::{Parser, Storage, push_mathml};

/// The longest formula that is tried, in bytes.
const MAX_BYTES: usize = 8 * 1024;
/// The deepest nesting of groups that is tried; the renderer of formulas recurses.
const MAX_NESTING: usize = 50;
/// Commands that define macros: a few lines of them can stand for gigabytes.
const DEFINING: [&str; 5] = ["\\def", "\\gdef", "\\let", "\\futurelet", "\\newcommand"];

/// Returns the MathML of a formula, or nothing where it has an error.
pub(super) fn render(source: &str, display: bool) -> Option<String> {
    if source.len() > MAX_BYTES
        || is_too_deep(source)
        || DEFINING.iter().any(|d| source.contains(d))
    {
        return None;
    }
    let storage = Storage::new();
    let events: Vec<_> = Parser::new(source, &storage).collect();
    if events.iter().any(Result::is_err) {
        return None;
    }
    let config = RenderConfig {
        display_mode: if display { DisplayMode::Block } else { DisplayMode::Inline },
        ..RenderConfig::default()
    };
    let mut out = String::new();
    push_mathml(&mut out, events.into_iter(), config).ok()?;
    Some(out)
}

fn is_too_deep(source: &str) -> bool {
    let opening = source.bytes().filter(|b| matches!(b, b'{' | b'^' | b'_')).count();
    opening + source.matches("\\left").count() + source.matches("\\begin").count() > MAX_NESTING
        && {
            let mut depth = 0_usize;
            let mut deepest = 0;
            for byte in source.bytes() {
                match byte {
                    b'{' => depth += 1,
                    b'}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                deepest = deepest.max(depth);
            }
            deepest > MAX_NESTING
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_mathml() {
        let inline = render("a^2 + b^2", false).unwrap();
        assert!(
            inline.starts_with("<math display=\"inline\"") && inline.contains("<msup>"),
            "{inline}"
        );
        assert!(render("\\int_0^1 x", true).unwrap().contains("display=\"block\""));
    }

    #[test]
    fn errors_and_floods_are_refused() {
        for source in ["\\frac{1}", "\\nosuchcommand", "}", "\\def\\a{\\a\\a}\\a", &"{".repeat(60)]
        {
            assert_eq!(render(source, false), None, "{source}");
        }
        assert_eq!(render(&"x".repeat(MAX_BYTES + 1), false), None);
    }
}
