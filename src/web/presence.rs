//! Who is editing what just now.
//!
//! An editor says so every few seconds; whoever is not heard of for half a minute has gone. It is a
//! courtesy: nothing depends on it, nothing of it is kept on disk, and what others get to see does
//! not let them speak in somebody's place.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::model::path::DocKey;

/// How long an editor counts as there after its last word.
pub(super) const STAYS: Duration = Duration::from_secs(30);
/// How many windows may edit one page.
const MAX_ON_PAGE: usize = 50;
/// How many pages may be edited.
const MAX_PAGES: usize = 2_000;
/// How long a name may be.
const MAX_NAME: usize = 80;

/// A window in which somebody edits a page, as others may see it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(super) struct Editor {
    /// Tells windows apart; does not let others speak for this one.
    pub(super) window: String,
    /// The same for all windows of one browser.
    pub(super) person: String,
    /// The name that was typed in the editor; empty if none was.
    pub(super) name: String,
}

struct Seen {
    editor: Editor,
    last: Instant,
}

/// Everybody who is editing.
pub(super) struct Presence {
    pages: Mutex<HashMap<DocKey, Vec<Seen>>>,
    changes: watch::Sender<u64>,
}

impl Default for Presence {
    fn default() -> Self {
        Self { pages: Mutex::default(), changes: watch::Sender::new(0) }
    }
}

/// Returns what others see of a window's or a browser's own random id.
pub(super) fn public(id: &str) -> String {
    hex::encode(&Sha256::digest(id)[..8])
}

impl Presence {
    /// Takes in that somebody is editing a page, and tells whether there was room for it.
    pub(super) fn edits(&self, page: &DocKey, editor: Editor) -> bool {
        let now = Instant::now();
        let editor = Editor { name: shortened(&editor.name), ..editor };
        let mut pages = self.pages.lock();
        if !pages.contains_key(page) && pages.len() >= MAX_PAGES {
            pages.retain(|_, seen| seen.iter().any(|s| is_there(s, now)));
            if pages.len() >= MAX_PAGES {
                return false;
            }
        }
        let seen = pages.entry(page.clone()).or_default();
        let mut changed = drop_gone(seen, now);
        if let Some(held) = seen.iter_mut().find(|s| s.editor.window == editor.window) {
            held.last = now;
            changed |= held.editor != editor;
            held.editor = editor;
        } else if seen.len() < MAX_ON_PAGE {
            seen.push(Seen { editor, last: now });
            changed = true;
        } else {
            return false;
        }
        drop(pages);
        if changed {
            self.tell();
        }
        true
    }

    /// Takes in that a window has stopped editing a page.
    pub(super) fn leaves(&self, page: &DocKey, window: &str) {
        let mut pages = self.pages.lock();
        let Some(seen) = pages.get_mut(page) else { return };
        let before = seen.len();
        seen.retain(|s| s.editor.window != window);
        let changed = seen.len() != before;
        if seen.is_empty() {
            pages.remove(page);
        }
        drop(pages);
        if changed {
            self.tell();
        }
    }

    /// Returns who is editing a page, in the order in which they came, and when the first of them
    /// will have gone unless heard of again.
    pub(super) fn on(&self, page: &DocKey) -> (Vec<Editor>, Option<Instant>) {
        let now = Instant::now();
        let mut pages = self.pages.lock();
        let Some(seen) = pages.get_mut(page) else { return (Vec::new(), None) };
        drop_gone(seen, now);
        let found = seen.iter().map(|s| s.editor.clone()).collect();
        let first = seen.iter().map(|s| s.last + STAYS).min();
        if seen.is_empty() {
            pages.remove(page);
        }
        (found, first)
    }

    /// Returns what wakes whenever somebody comes, goes or takes another name.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn tell(&self) {
        self.changes.send_modify(|n| *n += 1);
    }
}

fn is_there(seen: &Seen, now: Instant) -> bool {
    now.duration_since(seen.last) < STAYS
}

/// Drops who has gone, and tells whether anybody has.
fn drop_gone(seen: &mut Vec<Seen>, now: Instant) -> bool {
    let before = seen.len();
    seen.retain(|s| is_there(s, now));
    seen.len() != before
}

/// Makes a name fit to be shown: one line of limited length.
fn shortened(name: &str) -> String {
    name.trim().chars().filter(|c| !c.is_control()).take(MAX_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::path::DocPath;

    fn page(name: &str) -> DocKey {
        DocPath::new(name).unwrap().key()
    }

    fn editor(window: &str, name: &str) -> Editor {
        Editor { window: window.to_owned(), person: "p".to_owned(), name: name.to_owned() }
    }

    #[test]
    fn two_windows_are_two_and_leave_one_by_one() {
        let presence = Presence::default();
        let garden = page("Garden.md");
        for window in ["a", "b", "a"] {
            assert!(presence.edits(&garden, editor(window, "Ada")));
        }
        assert_eq!(presence.on(&garden).0, [editor("a", "Ada"), editor("b", "Ada")]);
        assert!(presence.on(&page("Home.md")).0.is_empty());
        presence.leaves(&garden, "a");
        assert_eq!(presence.on(&garden).0, [editor("b", "Ada")]);
        presence.leaves(&garden, "b");
        assert!(presence.pages.lock().is_empty());
    }

    #[test]
    fn only_what_others_can_see_is_told() {
        let presence = Presence::default();
        let (garden, mut changes) = (page("Garden.md"), presence.changes());
        presence.edits(&garden, editor("a", "Ada"));
        assert!(changes.has_changed().unwrap());
        changes.mark_unchanged();
        presence.edits(&garden, editor("a", "Ada"));
        presence.leaves(&garden, "unknown");
        assert!(!changes.has_changed().unwrap());
        presence.edits(&garden, editor("a", "Ada Lovelace"));
        assert!(changes.has_changed().unwrap());
    }

    #[test]
    fn who_is_not_heard_of_has_gone() {
        let presence = Presence::default();
        let garden = page("Garden.md");
        presence.edits(&garden, editor("a", "Ada"));
        let first = presence.on(&garden).1.unwrap();
        assert!(first > Instant::now());
        presence.pages.lock().get_mut(&garden).unwrap()[0].last -= STAYS;
        assert_eq!(presence.on(&garden), (Vec::new(), None));
    }

    #[test]
    fn there_is_only_so_much_room_and_names_are_made_short() {
        let presence = Presence::default();
        let garden = page("Garden.md");
        for n in 0..MAX_ON_PAGE {
            assert!(presence.edits(&garden, editor(&n.to_string(), "")));
        }
        assert!(!presence.edits(&garden, editor("one more", "")));
        assert!(presence.edits(&garden, editor("0", &format!("A\n{}", "a".repeat(200)))));
        assert_eq!(presence.on(&garden).0[0].name.len(), MAX_NAME);
    }

    #[test]
    fn what_others_see_is_not_the_id_itself() {
        assert_ne!(public("window"), "window");
        assert_eq!(public("window"), public("window"));
        assert_ne!(public("window"), public("other"));
    }
}
