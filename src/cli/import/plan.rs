//! What to do with one file, decided from what the wiki holds of its document.
//!
//! The one idea: the wiki remembers by itself what an import brought, because the revision says so
//! in its summary. So a text that people have edited since can be told from one that only imports
//! wrote, without any list beside the wiki.

use crate::model::file::ContentDigest;
use crate::model::revision::RevisionId;
use crate::wiki::{Document, Revision};

/// How the summary of an imported revision begins.
pub(super) const MARK: &str = "Import from ";

/// What to do with one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plan {
    /// The wiki has it, or had it after the last import and went on from there.
    Leave,
    /// There is no such document yet.
    Create,
    /// Readers see what an import wrote: go on from there.
    Update(RevisionId),
    /// It was deleted in the wiki and is to come back.
    Restore(RevisionId),
    /// It was deleted in the wiki.
    LeaveDeleted,
    /// People have edited the page: the text goes beside theirs, on what was imported last.
    Beside(Option<RevisionId>),
}

/// Decides what to do with a file whose content has this digest.
pub(super) fn plan(document: Option<&Document>, content: ContentDigest, restore: bool) -> Plan {
    let Some(document) = document else { return Plan::Create };
    // Of a document whose revisions are all damaged nothing is known that could be gone on from.
    let Some(winner) = document.winner() else { return Plan::Create };
    if winner.is_deletion() {
        return if restore { Plan::Restore(winner.id) } else { Plan::LeaveDeleted };
    }
    let heads = &document.resolution().heads;
    let head = |id: &RevisionId| document.revision(*id).map(|r| r.digest);
    let last = imported(document).next();
    if heads.iter().any(|id| head(id) == Some(content)) || last.map(|r| r.digest) == Some(content) {
        return Plan::Leave;
    }
    if imported(document).any(|r| r.digest == winner.digest) {
        return Plan::Update(winner.id);
    }
    Plan::Beside(last.map(|r| r.id))
}

/// Returns what imports wrote, the latest first.
fn imported(document: &Document) -> impl Iterator<Item = &Revision> {
    document.revisions().filter(|r| r.damage.is_none() && r.summary.starts_with(MARK))
}
