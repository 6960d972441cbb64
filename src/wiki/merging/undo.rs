//! Taking a merge back.
//!
//! Nothing is removed: the content from before becomes the next revision, and each version that was
//! merged is saved once more, so that it waits again. A version whose bytes the page has had already
//! adds nothing, so what comes back has one line end more or less at its end.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::model::file::ContentDigest;
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;
use crate::wiki::document::{Document, Revision};
use crate::wiki::{Edit, MergeOnSave, Wiki, WikiError};

/// How many versions come back at most.
const MOST_BACK: usize = 50;
/// How many line ends are tried at the end of a text to make it another one.
const MOST_ENDS: usize = 8;

impl Wiki {
    /// Takes back the merge that made revision `of`, which readers see: they see what they saw before,
    /// and the versions that were merged are conflicts again. Sent twice, it is done once.
    ///
    /// Files and deletions are not brought back as conflicts; they stay in the history.
    ///
    /// # Errors
    /// [`WikiError::Changed`] if readers see another revision by now; or if something cannot be read,
    /// or the store refuses.
    pub fn undo_merge(
        &self,
        path: &DocPath,
        of: RevisionId,
        author: &str,
        nonce: Uuid,
    ) -> Result<Arc<Document>, WikiError> {
        let document = self.require(path)?;
        let no_revision = || WikiError::NoRevision { path: path.clone(), id: of };
        let merge = document.revision(of).ok_or_else(no_revision)?;
        let sent = document.revisions().any(|r| r.was_sent_as(nonce));
        if document.resolution().winner != Some(of) && !sent {
            return Err(WikiError::Changed(path.clone()));
        }
        let mut parents: Vec<&Revision> =
            merge.parents.iter().filter_map(|id| document.revision(*id)).collect();
        parents.sort_by_key(|r| std::cmp::Reverse(r.id));
        let Some((before, merged)) = parents.split_first() else {
            return Err(WikiError::Changed(path.clone()));
        };
        if before.digest != merge.digest {
            let edit = Edit {
                path: path.clone(),
                base: Some(of),
                also: Vec::new(),
                content: self.content(&document, before.id)?,
                author: author.to_owned(),
                summary: format!("Undo revision {}", of.number()),
                nonce,
            };
            self.save(&edit, MergeOnSave::Ask)?;
        }
        for version in merged.iter().take(MOST_BACK).filter(|v| adds(&document, before, v)) {
            self.bring_back(&document, version, derived(nonce, version.id))?;
        }
        self.require(path)
    }

    /// Saves a version once more on what it was made from, so that it waits again.
    fn bring_back(
        &self,
        document: &Document,
        version: &Revision,
        nonce: Uuid,
    ) -> Result<(), WikiError> {
        let text = match self.text(document, version.id) {
            Ok(text) if !text.is_empty() => text,
            Ok(_) | Err(WikiError::NotText(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        // Sent before.
        if document.revisions().any(|r| r.was_sent_as(nonce)) {
            return Ok(());
        }
        let [base, also @ ..] = &version.parents[..] else {
            return self.save_again(document, version, None, &[], &text, nonce);
        };
        self.save_again(document, version, Some(*base), also, &text, nonce)
    }

    fn save_again(
        &self,
        document: &Document,
        version: &Revision,
        base: Option<RevisionId>,
        also: &[RevisionId],
        text: &str,
        nonce: Uuid,
    ) -> Result<(), WikiError> {
        let Some(content) = another(document, text) else { return Ok(()) };
        let edit = Edit {
            path: document.path().clone(),
            base,
            also: also.to_vec(),
            content,
            author: version.author.clone(),
            summary: version.summary.clone(),
            nonce,
        };
        self.save(&edit, MergeOnSave::Ask).map(|_| ())
    }
}

/// Returns true if a version that was merged had something that the page had never said.
fn adds(document: &Document, before: &Revision, version: &Revision) -> bool {
    let history = document.history();
    !document.revisions().any(|r| {
        r.id != version.id
            && r.digest == version.digest
            && (r.id == before.id || history.descends_from(before.id, r.id))
    })
}

/// Returns the bytes of a text with other line ends at its end, as no revision has them.
fn another(document: &Document, text: &str) -> Option<Vec<u8>> {
    let bare = text.trim_end_matches(['\r', '\n']);
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    (0..MOST_ENDS)
        .map(|ends| format!("{bare}{}", end.repeat(ends)).into_bytes())
        .filter(|bytes| !bytes.is_empty())
        .find(|bytes| {
            let digest = ContentDigest::of(bytes);
            !document.revisions().any(|r| r.digest == digest)
        })
}

/// Makes the nonce for a version that comes back from that of the whole act.
fn derived(nonce: Uuid, id: RevisionId) -> Uuid {
    let digest = Sha256::digest(format!("{nonce} {id}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
