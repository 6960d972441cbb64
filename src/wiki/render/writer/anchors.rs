//! Links and pictures.

use pulldown_cmark::{Event, LinkType, TagEnd};

use super::Writer;
use crate::model::path::DocPath;
use crate::wiki::render::links::{self, Destination, LinkTarget};
use crate::wiki::render::{Link, resolve};

/// What a link that leads out of the wiki carries: no referrer, no handle on us, no recommendation.
const EXTERNAL_REL: &str = "noopener noreferrer nofollow ugc";

/// A picture as it was asked for.
pub(super) struct Picture<'t> {
    pub(super) alt: &'t str,
    pub(super) title: &'t str,
    /// Width and height in pixels and alignment, already checked.
    pub(super) attributes: &'t [(&'static str, String)],
}

impl Writer<'_> {
    /// Opens a Markdown link; returns the index of the last event that this dealt with.
    pub(super) fn link(&mut self, kind: LinkType, url: &str, title: &str, at: usize) -> usize {
        match kind {
            LinkType::WikiLink { has_pothole } => {
                self.open_link(&links::of_wiki_link(self.page, url), title, true);
                let empty = matches!(self.events.get(at + 1), Some((Event::End(TagEnd::Link), _)));
                if has_pothole && !empty {
                    return at;
                }
                // The name is shown as it was typed, whatever Markdown would make of it.
                self.html.text(url.trim().trim_start_matches('#'));
                self.html.close();
                return self.end_of(at);
            }
            LinkType::Email => {
                let address = format!("mailto:{url}");
                self.open_link(&links::of_markdown(self.page, &address), title, true);
            }
            _ => self.open_link(&links::of_markdown(self.page, url), title, true),
        }
        at
    }

    /// Opens a link; where there is nothing to follow, it opens a `span` that says so.
    pub(super) fn open_link(&mut self, to: &Destination, title: &str, ours: bool) {
        if *to == Destination::Bad {
            self.begin("span", ours);
            self.html.attr("class", "bad-link");
            self.html.attr("title", "This link cannot be followed");
            self.html.done();
            return;
        }
        self.begin("a", ours);
        let mut title = title.to_owned();
        match to {
            Destination::Document { target, suffix } => {
                let (path, exists) = self.resolve(target);
                if !exists {
                    self.html.attr("class", "missing");
                    title = format!("{} does not exist yet", path.title());
                }
                let href = format!("{}/{}{suffix}", self.base, path.address());
                self.html.attr("href", &href);
            }
            Destination::Fragment(fragment) => self.html.attr("href", fragment),
            Destination::System(address) => {
                let href = format!("{}{address}", self.base);
                self.html.attr("href", &href);
            }
            Destination::External(url) => {
                self.html.attr("class", "external");
                self.html.attr("href", url);
                self.html.attr("rel", EXTERNAL_REL);
            }
            Destination::Bad => {}
        }
        if !title.is_empty() {
            self.html.attr("title", &title);
        }
        self.html.done();
    }

    fn begin(&mut self, tag: &'static str, ours: bool) {
        if ours {
            self.html.begin(tag);
        } else {
            self.html.begin_raw(tag);
        }
    }

    /// Writes a Markdown picture; returns the index of the last event that this dealt with.
    pub(super) fn image(&mut self, kind: LinkType, url: &str, title: &str, at: usize) -> usize {
        let end = self.end_of(at);
        let mut alt = self.plain_text(at + 1..end, true);
        let mut size = Vec::new();
        let destination = match kind {
            LinkType::WikiLink { has_pothole } => {
                // `![[plan.png|300]]` and `![[plan.png|300x200]]` give the size in pixels.
                if has_pothole && let Some(found) = pixels(&alt) {
                    size = found;
                    url.clone_into(&mut alt);
                }
                links::of_wiki_link(self.page, url)
            }
            _ => links::of_markdown(self.page, url),
        };
        self.picture(&destination, &Picture { alt: &alt, title, attributes: &size });
        end
    }

    /// Writes a picture of this wiki, or a link to anything else: pages make no requests elsewhere.
    pub(super) fn picture(&mut self, from: &Destination, picture: &Picture<'_>) {
        let source = match from {
            Destination::Document { target, .. } => {
                let (path, exists) = self.resolve(target);
                (exists && links::is_picture(&path))
                    .then(|| format!("{}/{}", self.base, path.raw_address()))
            }
            Destination::System(address) => Some(format!("{}{address}", self.base)),
            _ => None,
        };
        if let Some(source) = source {
            self.html.begin_void("img");
            self.html.attr("src", &source);
            self.html.attr("alt", picture.alt);
            if !picture.title.is_empty() {
                self.html.attr("title", picture.title);
            }
            for (name, value) in picture.attributes {
                self.html.attr(name, value);
            }
            self.html.attr("loading", "lazy");
            self.html.done();
            return;
        }
        self.open_link(from, picture.title, true);
        match from {
            _ if !picture.alt.trim().is_empty() => self.html.text(picture.alt),
            Destination::Document { target, .. } => self.html.text(target.missing.title()),
            Destination::External(url) => self.html.text(url),
            _ => self.html.text("picture"),
        }
        self.html.close();
    }

    /// Finds what a link leads to and remembers it as a result.
    fn resolve(&mut self, target: &LinkTarget) -> (DocPath, bool) {
        let (path, exists) = resolve(target, self.pages);
        if self.linked.insert(path.key()) {
            self.links.push(Link { target: path.clone(), exists });
        }
        (path, exists)
    }
}

/// Reads `300` or `300x200`.
fn pixels(text: &str) -> Option<Vec<(&'static str, String)>> {
    let (width, height) = match text.split_once('x') {
        Some((width, height)) => (width, Some(height)),
        None => (text, None),
    };
    let number = |t: &str| (1..=4).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit());
    if !number(width) || !height.is_none_or(number) {
        return None;
    }
    let mut size = vec![("width", width.to_owned())];
    size.extend(height.map(|h| ("height", h.to_owned())));
    Some(size)
}
