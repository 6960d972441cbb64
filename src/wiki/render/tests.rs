//! Renders whole pages.

use super::Pages;
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
