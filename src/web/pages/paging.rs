//! Long lists in pages.

use crate::web::extract::Fields;

/// Which page of a list is shown, and where its neighbours are.
pub(super) struct Paging {
    /// From 1 on.
    pub(super) page: usize,
    /// How many pages there are, at least 1.
    pub(super) pages: usize,
    /// The address of the page before.
    pub(super) previous: Option<String>,
    /// The address of the page after.
    pub(super) next: Option<String>,
}

impl Paging {
    /// Reads the number of the page that is asked for; anything strange is the first.
    pub(super) fn wanted(fields: &Fields) -> usize {
        fields.get("page").parse().unwrap_or(1).max(1)
    }

    /// Finds the neighbours of a page of a list with `total` entries.
    pub(super) fn new(
        wanted: usize,
        total: usize,
        size: usize,
        address: impl Fn(usize) -> String,
    ) -> Self {
        let pages = total.div_ceil(size).max(1);
        let page = wanted.min(pages);
        Self {
            page,
            pages,
            previous: (page > 1).then(|| address(page - 1)),
            next: (page < pages).then(|| address(page + 1)),
        }
    }

    /// Returns the entries of this page.
    pub(super) fn cut<T>(&self, entries: Vec<T>, size: usize) -> Vec<T> {
        entries.into_iter().skip((self.page - 1) * size).take(size).collect()
    }
}
