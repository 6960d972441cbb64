//! What surrounds the content of every page: header, navigation, assets.

use std::fmt;

use askama::filters::HtmlSafe;
use askama::{FastWritable, Values};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::assets;
use super::extract::{Theme, Visitor};
use super::site::{Access, Site};
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;
use crate::wiki::{Document, Saved};

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
    /// It exchanges with other servers, or is ready to.
    pub has_peers: bool,
    /// Where to return to after choosing a theme: an address of this site.
    pub here: String,
    /// What was just saved is not at the upstream yet.
    pub owed: Option<Away>,
}

/// A server that edits do not reach, or did not when they were saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Away {
    /// Which server it is.
    pub name: String,
    /// Why, if it is so still.
    pub reason: Option<String>,
}

/// What the address of a page says that shows what was saved here alone.
const OWED: &str = "owed=1";

/// Returns where to go after a save: the page there tells if the upstream does not have it yet.
pub fn after_save(address: &str, owed: bool) -> String {
    let mark = if address.contains('?') { '&' } else { '?' };
    if owed { format!("{address}{mark}{OWED}") } else { address.to_owned() }
}

/// What a save came to, as the page that follows is told.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    how: &'static str,
    id: Option<RevisionId>,
    owed: bool,
}

impl Outcome {
    /// A new revision. With its id, whoever is led there may take it back, and nobody else.
    pub fn saved(how: &'static str, id: RevisionId, owed: bool) -> Self {
        Self { how, id: Some(id), owed }
    }

    /// Nothing that could be taken back there.
    pub fn other(how: &'static str, owed: bool) -> Self {
        Self { how, id: None, owed }
    }

    /// Returns the address that says so, or that of the merge screen for an edit that has to wait.
    pub fn led_to(site: &Site, saved: &Saved, how: &'static str) -> String {
        let path = saved.document().path().address();
        let page = site.url(&path);
        match saved {
            Saved::Done { id, owed, displaced: Some(_), .. } => {
                Self::saved("over", *id, *owed).at(&page)
            }
            Saved::Done { id, owed, displaced: None, .. } => Self::saved(how, *id, *owed).at(&page),
            Saved::Merged { id, owed, .. } => Self::saved("both", *id, *owed).at(&page),
            Saved::Yielded { id, owed, .. } => {
                after_save(&site.url(&format!("-/merge/{path}?mine={id}")), *owed)
            }
            Saved::Unchanged { .. } => Self::other("same", false).at(&page),
        }
    }

    /// What it came to, in a word.
    pub fn how(self) -> &'static str {
        self.how
    }

    /// The new revision, if whoever made it may take it back.
    pub fn id(self) -> Option<RevisionId> {
        self.id
    }

    /// The upstream does not have it yet.
    pub fn owed(self) -> bool {
        self.owed
    }

    /// Returns the address that says so.
    pub fn at(self, address: &str) -> String {
        let id = self.id.map(|id| format!("&id={id}")).unwrap_or_default();
        after_save(&format!("{address}?saved={}{id}", self.how), self.owed)
    }
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
            has_peers: site.has_peers(),
            here: visitor.here.clone(),
            owed: tells_of_debt(&visitor.here).then(|| Away::of(site)).flatten(),
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

impl Away {
    /// Returns the upstream, whether it can be reached or not; `None` where there is none.
    pub fn of(site: &Site) -> Option<Self> {
        let upstream = site.wiki().upstream()?;
        Some(Self { name: upstream.name(), reason: upstream.trouble() })
    }
}

fn tells_of_debt(address: &str) -> bool {
    address.split_once('?').is_some_and(|(_, query)| query.split('&').any(|pair| pair == OWED))
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
