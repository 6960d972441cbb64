//! One revision among the changes of the wiki, put into words.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::resolve::State;
use crate::model::revision::RevisionId;
use crate::web::filters::print_size;
use crate::web::shell::Shell;
use crate::wiki::Document;

/// A revision that has a date.
pub(super) struct Change {
    pub(super) document: Arc<Document>,
    pub(super) id: RevisionId,
    /// The highest revision it was made from.
    pub(super) parent: Option<RevisionId>,
    pub(super) author: String,
    pub(super) summary: String,
    pub(super) date: Timestamp,
    pub(super) deletion: bool,
    /// By how many bytes the content grew.
    pub(super) grew: i64,
}

impl Change {
    pub(super) fn new(document: Arc<Document>, id: RevisionId) -> Option<Self> {
        let revision = document.revision(id)?;
        let date = revision.date?;
        let parent = document.history().parents(id).first().copied();
        let before = parent.and_then(|id| document.revision(id)).map_or(0, |r| r.length);
        let (author, summary) = (revision.author.clone(), revision.summary.clone());
        let grew = revision.length.cast_signed() - before.cast_signed();
        let deletion = revision.is_deletion();
        Some(Self { document, id, parent, author, summary, date, deletion, grew })
    }

    /// What kind of change it is: a class and a word for each thing to say.
    pub(super) fn chips(&self) -> Vec<(&'static str, &'static str)> {
        let parents = self.document.revision(self.id).map_or(0, |r| r.parents.len());
        let is = |state| self.document.state(self.id) == state;
        let mut chips = Vec::new();
        if self.deletion {
            chips.push(("chip-deleted", "deleted"));
        } else if self.parent.is_none() {
            chips.push(("chip-new", "new"));
        }
        if parents > 1 {
            chips.push(("chip-merged", "merged"));
        }
        if is(State::Conflict) {
            chips.push(("chip-conflict", "unmerged"));
        }
        chips
    }

    pub(super) fn time(&self) -> String {
        TimeZone::UTC.to_datetime(self.date).strftime("%H:%M").to_string()
    }

    /// By how much the content grew or shrank: `+312 bytes`, `−4.2 KiB`.
    pub(super) fn delta(&self) -> String {
        let size = print_size(self.grew.unsigned_abs());
        match self.grew {
            0 => "same size".to_owned(),
            1.. => format!("+{size}"),
            _ => format!("−{size}"),
        }
    }

    pub(super) fn delta_class(&self) -> &'static str {
        match self.grew {
            0 => "",
            1.. => "delta-plus",
            _ => "delta-minus",
        }
    }

    /// Returns the address, below the site's root, that shows what changed.
    pub(super) fn address(&self) -> String {
        let path = self.document.path();
        match self.parent {
            Some(parent) if path.is_page() => {
                format!("-/diff/{}?from={parent}&to={}", path.address(), self.id)
            }
            _ => format!("-/rev/{}/{}", path.address(), self.id),
        }
    }

    pub(super) fn href(&self, shell: &Shell) -> String {
        format!("{}/{}", shell.base, self.address())
    }
}
