//! Turns a page's Markdown into HTML that is safe to put before any reader.
//!
//! The one idea: the HTML is written by us, element by element; nothing of what an author wrote is
//! ever copied into it as markup. In steps:
//!
//! 1. `front_matter` takes the YAML block off the top; what is left is the body.
//! 2. `pulldown-cmark` turns the body into events.
//! 3. `footnotes` numbers the footnotes in the order in which readers meet them.
//! 4. `writer` walks the events and writes to `html`, which escapes every text and value, keeps a
//!    stack of open elements, and so can only produce balanced HTML of bounded depth. Links go
//!    through `links`, which knows names and schemes; code through `code`, formulas through `math`.
//! 5. Raw HTML is read as tokens by `raw_html`; the elements and attributes on its list are written
//!    anew through step 4, without class, id or style; everything else is dropped. So raw HTML can
//!    neither look like the wiki's own controls nor leave an element open past its container.
//! 6. Where a page has raw HTML or formulas, `sanitize` runs `ammonia` over the whole as a second,
//!    independent line. Pages without either consist of our own elements only and skip it.
//!
//! There are no placeholders that are filled in after sanitising, so none can be forged. Ids of
//! headings have no upper-case letter, colon or dot, so an interface that uses one of these in its own
//! ids cannot be shadowed. This module does no I/O and knows no HTTP; what it has to know about other
//! documents it asks of [`Pages`].

mod autolink;
mod code;
mod footnotes;
mod front_matter;
mod html;
mod links;
mod marked;
mod math;
mod outline;
mod raw_html;
mod safe_html;
mod sanitize;
mod slug;
#[cfg(test)]
mod tests;
mod writer;

use std::sync::Arc;

use pulldown_cmark::Options;

pub use self::links::{LinkTarget, resolve};
pub use self::outline::{Outline, outline};
pub use self::safe_html::SafeHtml;
use crate::model::path::DocPath;

/// What the renderer asks of the catalog.
pub trait Pages: Send + Sync {
    /// Returns the document as it is really named, if it exists (whatever the case of `path`).
    fn find(&self, path: &DocPath) -> Option<DocPath>;

    /// Returns the only document anywhere with this file name (folded), if there is exactly one.
    fn find_by_name(&self, file_name: &str) -> Option<DocPath>;
}

/// Says how a page is to be rendered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RenderOptions {
    /// Puts `data-line="N"` on block elements: the line, from 1, of the whole text they come from.
    pub source_lines: bool,
}

/// A rendered page and what was learned on the way.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The content of the page.
    pub html: SafeHtml,
    /// The title that the front matter gives.
    pub title: Option<String>,
    /// The text of the first heading.
    pub first_heading: Option<String>,
    /// The tags that the front matter gives, without duplicates.
    pub tags: Vec<String>,
    /// The headings in order.
    pub toc: Vec<TocEntry>,
    /// Internal documents linked or embedded, without duplicates, in order.
    pub links: Vec<Link>,
    /// Why the front matter could not be read.
    pub front_matter_error: Option<String>,
}

/// One heading of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TocEntry {
    /// 1 to 6.
    pub level: u8,
    /// The id of the heading in the page.
    pub id: String,
    /// The heading without markup.
    pub text: String,
}

/// An internal document that a page leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The document, as it is named if it exists, else as it would be created.
    pub target: DocPath,
    /// Whether the document exists.
    pub exists: bool,
}

/// Renders pages; cheap to clone and to share.
#[derive(Debug, Clone)]
pub struct Renderer {
    base: Arc<str>,
}

impl Renderer {
    /// Makes a renderer whose addresses begin with `base_path`: empty, or such as `/wiki`.
    pub fn new(base_path: &str) -> Self {
        Self { base: base_path.trim_end_matches('/').into() }
    }

    /// Renders the text of `page`.
    pub fn render(
        &self,
        page: &DocPath,
        markdown: &str,
        pages: &dyn Pages,
        options: RenderOptions,
    ) -> Rendered {
        writer::render(&self.base, page, markdown, pages, options)
    }
}

/// The Markdown that pages may use, the same for rendering and for the outline.
fn markdown_options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_MATH
        | Options::ENABLE_GFM
        | Options::ENABLE_DEFINITION_LIST
        | Options::ENABLE_WIKILINKS
}
