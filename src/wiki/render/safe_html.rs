//! The type of text that may be put into a page unescaped.

use std::fmt;

use askama::filters::HtmlSafe;
use askama::{FastWritable, Values};

/// HTML that is safe to show to any reader: only the renderer can make it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct SafeHtml(String);

impl SafeHtml {
    /// Vouches for `html`: it was written or sanitised by the renderer.
    pub(super) fn vouch(html: String) -> Self {
        Self(html)
    }

    /// Returns the markup.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the markup as a string of its own.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Display for SafeHtml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SafeHtml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SafeHtml({:?})", self.0)
    }
}

impl HtmlSafe for SafeHtml {}

impl FastWritable for SafeHtml {
    fn write_into(&self, dest: &mut dyn fmt::Write, _: &dyn Values) -> askama::Result<()> {
        dest.write_str(&self.0)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use askama::Template;

    use super::*;

    #[derive(Template)]
    #[template(source = "<main>{{ html }}</main>{{ other }}", ext = "html")]
    struct Shown<'a> {
        html: SafeHtml,
        other: &'a str,
    }

    #[test]
    fn a_template_shows_it_as_markup_and_escapes_everything_else() {
        let page = Shown { html: SafeHtml::vouch("<p>a &amp; b</p>".into()), other: "<p>" };
        assert_eq!(page.render().unwrap(), "<main><p>a &amp; b</p></main>&#60;p&#62;");
    }
}
