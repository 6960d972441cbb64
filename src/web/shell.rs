//! What surrounds the content of every page: header, navigation, assets.

use std::fmt;

use askama::filters::HtmlSafe;
use askama::{FastWritable, Values};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::assets;
use super::extract::{Theme, Visitor};
use super::site::{Access, Site};
use crate::model::path::DocPath;
use crate::wiki::Document;

/// What surrounds the content of every page.
pub struct Shell {
    /// The title in the browser's tab, without the wiki's name.
    pub title: String,
    /// The wiki's name.
    pub site: String,
    /// The language that people write in; the words of the interface are English.
    pub language: String,
    /// The prefix of all addresses.
    pub base: String,
    /// How many pages have conflicts.
    pub conflicts: usize,
    /// What the visitor searched for last.
    pub query: String,
    /// Light, dark or as the system.
    pub theme: Theme,
    /// The site takes edits.
    pub may_edit: bool,
    /// Where to return to after choosing a theme: an address of this site.
    pub here: String,
}

impl Shell {
    /// Makes the surroundings of a page.
    pub fn new(site: &Site, visitor: &Visitor, title: &str) -> Self {
        let settings = site.settings();
        Self {
            title: title.to_owned(),
            site: settings.title.clone(),
            language: settings.language.clone(),
            base: settings.base_path.clone(),
            conflicts: site.wiki().conflict_count(),
            query: String::new(),
            theme: visitor.theme,
            may_edit: settings.access == Access::Open,
            here: visitor.here.clone(),
        }
    }

    /// Returns the address of a static file by its plain name.
    pub fn asset(&self, name: &str) -> String {
        format!("{}/-/static/{}", self.base, assets::hashed_name(name))
    }

    /// Returns an icon of the sprite, hidden from screen readers.
    pub fn icon(&self, name: &'static str) -> Icon {
        Icon { sprite: self.asset("icons.svg"), name }
    }

    /// Returns the address of a page or attachment.
    pub fn to(&self, path: &DocPath) -> String {
        format!("{}/{}", self.base, path.address())
    }

    /// Returns an address of the system about a document: `shell.about("edit", path)`.
    pub fn about(&self, what: &str, path: &DocPath) -> String {
        format!("{}/-/{what}/{}", self.base, path.address())
    }

    /// Returns the language of a document: its own word for it, or that of the wiki.
    pub fn language_of<'a>(&'a self, document: &'a Document) -> &'a str {
        let own = document.outline().and_then(|outline| outline.language.as_deref());
        own.unwrap_or(&self.language)
    }

    /// Escapes a value for a query string.
    #[expect(clippy::unused_self, reason = "templates reach it through the shell")]
    pub fn query_value(&self, value: &str) -> String {
        utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()
    }
}

/// An icon of the sprite.
#[derive(Debug, Clone)]
pub struct Icon {
    sprite: String,
    name: &'static str,
}

impl fmt::Display for Icon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            r#"<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>"#,
            self.sprite, self.name
        )
    }
}

impl HtmlSafe for Icon {}

impl FastWritable for Icon {
    fn write_into(&self, dest: &mut dyn fmt::Write, _: &dyn Values) -> askama::Result<()> {
        write!(dest, "{self}")?;
        Ok(())
    }
}
