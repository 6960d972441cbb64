//! Hints from the operating system that something below `pages/` changed.
//!
//! A hint is never the truth: it may be missing (watch limits, network file systems), late or
//! doubled. It only makes the next look at a directory happen sooner.

use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;

use notify::event::{CreateKind, ModifyKind, RemoveKind};
use notify::{Config, Event, EventKind, EventKindMask, RecommendedWatcher, RecursiveMode, Watcher};

/// What is worth an event. Not reading, as a scan opens every directory, and that many events would
/// overflow the queue of the operating system and push out those that count; not metadata, as each
/// link that we make to a file would be an event.
const KINDS: EventKindMask = EventKindMask::CREATE
    .union(EventKindMask::REMOVE)
    .union(EventKindMask::MODIFY_DATA)
    .union(EventKindMask::MODIFY_NAME);

/// What a watcher noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// Something in this directory, relative to `pages/`, may have changed.
    Directory(String),
    /// Too much happened, or events were lost: look everywhere.
    Everything,
}

/// A running watcher; dropping it ends the hints.
#[derive(Debug)]
pub struct Watch {
    _watcher: RecommendedWatcher,
}

/// Watches a directory tree and sends hints until the result is dropped.
///
/// # Errors
/// If the operating system refuses, for example because `max_user_watches` is used up. The
/// periodic scan finds the changes then.
pub fn watch(pages: &Path, sender: Sender<Hint>) -> Result<Watch, notify::Error> {
    let root = pages.to_owned();
    let on_event = move |event: notify::Result<Event>| {
        // The receiver is gone when the wiki shuts down.
        match event {
            Ok(event) => hints(&root, &event).into_iter().for_each(|hint| drop(sender.send(hint))),
            Err(error) => {
                tracing::debug!(%error, "the watcher reported an error");
                drop(sender.send(Hint::Everything));
            }
        }
    };
    let config = Config::default().with_event_kinds(KINDS);
    let mut watcher = RecommendedWatcher::new(on_event, config)?;
    watcher.watch(pages, RecursiveMode::Recursive)?;
    Ok(Watch { _watcher: watcher })
}

fn hints(root: &Path, event: &Event) -> Vec<Hint> {
    if event.need_rescan() {
        return vec![Hint::Everything];
    }
    if matches!(event.kind, EventKind::Access(_)) {
        return Vec::new();
    }
    let is_file = matches!(
        event.kind,
        EventKind::Create(CreateKind::File)
            | EventKind::Remove(RemoveKind::File)
            | EventKind::Modify(ModifyKind::Data(_))
    );
    let relative = |path: &PathBuf| path.strip_prefix(root).ok()?.to_str().map(str::to_owned);
    let mut hints = Vec::new();
    for path in event.paths.iter().filter_map(relative) {
        if path.is_empty() {
            hints.push(Hint::Everything);
            continue;
        }
        // The file's directory, and the directory itself where it is one that came or went whole.
        if let Some((parent, _)) = path.rsplit_once('/') {
            hints.push(Hint::Directory(parent.to_owned()));
        }
        if !is_file {
            hints.push(Hint::Directory(path));
        }
    }
    hints
}

#[cfg(test)]
mod tests {
    use notify::event::{AccessKind, Flag, RenameMode};

    use super::*;

    #[test]
    fn a_new_file_hints_at_its_directory() {
        let event =
            Event::new(EventKind::Create(CreateKind::File)).add_path("/w/pages/A.md/1-x".into());
        let found = hints(Path::new("/w/pages"), &event);
        assert_eq!(found, [Hint::Directory("A.md".into())]);
    }

    #[test]
    fn what_was_moved_there_may_be_a_directory() {
        let event = Event::new(EventKind::Modify(ModifyKind::Name(RenameMode::To)))
            .add_path("/w/pages/Folder/A.md".into());
        let found = hints(Path::new("/w/pages"), &event);
        assert_eq!(
            found,
            [Hint::Directory("Folder".into()), Hint::Directory("Folder/A.md".into())]
        );
    }

    #[test]
    fn reading_hints_at_nothing_and_lost_events_at_everything() {
        let read =
            Event::new(EventKind::Access(AccessKind::Read)).add_path("/w/pages/A.md/1-x".into());
        assert!(hints(Path::new("/w/pages"), &read).is_empty());
        let lost = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert_eq!(hints(Path::new("/w/pages"), &lost), [Hint::Everything]);
    }
}
