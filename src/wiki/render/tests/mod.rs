//! Renders whole pages.

mod golden;
mod hostile;
mod results;
mod safety;

use super::{Pages, RenderOptions, Rendered, Renderer};
use crate::model::path::{DocPath, fold};

/// A catalog of a few names.
pub(super) struct Shelf(Vec<DocPath>);

impl Shelf {
    pub(super) fn of(names: &[&str]) -> Self {
        Self(names.iter().map(|n| DocPath::new(n).unwrap()).collect())
    }
}

impl Pages for Shelf {
    fn find(&self, path: &DocPath) -> Option<DocPath> {
        self.0.iter().find(|p| p.key() == path.key()).cloned()
    }

    fn find_by_name(&self, file_name: &str) -> Option<DocPath> {
        let mut found = self.0.iter().filter(|p| fold(p.file_name()) == file_name);
        found.next().filter(|_| found.next().is_none()).cloned()
    }
}

/// Renders `markdown` as `Projects/Garden.md` of a small wiki below `/wiki`.
pub(super) fn render(markdown: &str) -> Rendered {
    render_with(markdown, RenderOptions::default())
}

pub(super) fn render_with(markdown: &str, options: RenderOptions) -> Rendered {
    let shelf = Shelf::of(&[
        "Home.md",
        "Projects/Garden.md",
        "Projects/Beds.md",
        "Projects/plan.png",
        "Projects/notes.pdf",
        "Deep/Down/Compost.md",
    ]);
    let page = DocPath::new("Projects/Garden.md").unwrap();
    Renderer::new("/wiki").render(&page, markdown, &shelf, options)
}

pub(super) fn html(markdown: &str) -> String {
    render(markdown).html.into_string()
}
