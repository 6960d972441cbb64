//! The tree of folders. A folder with few documents is unfolded in place, a large one is a link.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Address, Body, MOST, Paging, View};
use crate::model::path::{DocPath, fold};
use crate::web::site::Site;
use crate::wiki::Document;

/// A tree of at most so many documents is unfolded from the start.
const FEW: usize = 60;

/// A line of the tree; lines between `Open` and `Close` are inside.
pub(super) enum Row {
    Open {
        name: String,
        /// What is remembered of it is remembered under this name.
        path: String,
        count: usize,
    },
    Close,
    /// A folder that is too large to be shown in place.
    Folder {
        name: String,
        href: String,
        count: usize,
    },
    Leaf {
        path: DocPath,
    },
}

#[derive(Default)]
struct Folder {
    name: String,
    /// By folded name.
    folders: BTreeMap<String, Folder>,
    documents: Vec<DocPath>,
    count: usize,
}

/// Shows what lies in a folder; the root for an empty name.
pub(super) fn list(
    site: &Site,
    live: &[Arc<Document>],
    folder: &str,
    page: usize,
) -> (Body, usize, Paging) {
    let mut tree = Folder::read(live, folder);
    let total = tree.count;
    let paging = Paging::new(page, tree.documents.len(), MOST, |page| {
        let page = page.to_string();
        Address(vec![("view", View::Tree.word()), ("folder", folder), ("page", &page)]).to_string()
    });
    tree.documents = paging.cut(std::mem::take(&mut tree.documents), MOST);
    if paging.page > 1 {
        // They were on the first page.
        tree.folders.clear();
    }
    let mut rows = Vec::new();
    let mut room = MOST.saturating_sub(tree.documents.len());
    tree.write(folder, &mut room, &mut rows);
    (Body::Tree { crumbs: crumbs(site, folder), rows, open: total <= FEW }, total, paging)
}

impl Folder {
    fn read(live: &[Arc<Document>], folder: &str) -> Self {
        let mut root = Self::default();
        for document in live {
            let name = document.path().as_str();
            let rest = match folder {
                "" => Some(name),
                _ => name.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')),
            };
            let Some(rest) = rest else { continue };
            let mut at = &mut root;
            at.count += 1;
            let mut parts = rest.split('/').peekable();
            while let Some(part) = parts.next() {
                if parts.peek().is_some() {
                    at = at.folders.entry(fold(part)).or_default();
                    part.clone_into(&mut at.name);
                    at.count += 1;
                }
            }
            at.documents.push(document.path().clone());
        }
        root
    }

    /// Writes folders first, then documents.
    fn write(self, within: &str, room: &mut usize, rows: &mut Vec<Row>) {
        for folder in self.folders.into_values() {
            let path = match within {
                "" => folder.name.clone(),
                _ => format!("{within}/{}", folder.name),
            };
            let (name, count) = (folder.name.clone(), folder.count);
            if count > *room {
                let query = vec![("view", View::Tree.word()), ("folder", path.as_str())];
                rows.push(Row::Folder { name, href: Address(query).to_string(), count });
                continue;
            }
            *room -= count;
            rows.push(Row::Open { name, path: path.clone(), count });
            // All of it fits, so nothing in it takes from the room of others.
            folder.write(&path, &mut usize::MAX.clone(), rows);
            rows.push(Row::Close);
        }
        rows.extend(self.documents.into_iter().map(|path| Row::Leaf { path }));
    }
}

/// Returns the names and addresses of the folders on the way, from the root on.
fn crumbs(site: &Site, folder: &str) -> Vec<(String, String)> {
    if folder.is_empty() {
        return Vec::new();
    }
    let tree = |folder: &str| {
        let query = Address(vec![("view", View::Tree.word()), ("folder", folder)]);
        format!("{}{query}", site.url("-/pages"))
    };
    let mut crumbs = vec![("All folders".to_owned(), tree(""))];
    for (at, _) in folder.match_indices('/').chain([(folder.len(), "")]) {
        let so_far = &folder[..at];
        let name = so_far.rsplit('/').next().unwrap_or(so_far);
        crumbs.push((name.to_owned(), tree(so_far)));
    }
    crumbs
}
