//! One document as it was at one moment: its revisions, resolved.
//!
//! A [`Document`] never changes. What happens to a document makes a new one, so whoever holds one
//! sees a consistent state for as long as they like.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::render::Outline;
use crate::model::file::{ContentDigest, Damage, Head, Measured};
use crate::model::path::{DocKey, DocPath};
use crate::model::resolve::{History, Node, Resolution, State};
use crate::model::revision::RevisionId;
use crate::store::{DiskDir, FileStamp, Finding, FindingKind, Stamp};

/// One revision of a document, without its content.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    /// Its id.
    pub id: RevisionId,
    /// The parents that it names.
    pub parents: Vec<RevisionId>,
    /// Who wrote it; empty if unknown.
    pub author: String,
    /// When it was written; for a bare revision, when its file last changed.
    pub date: Option<Timestamp>,
    /// What the author said of it.
    pub summary: String,
    /// Bytes of content.
    pub length: u64,
    /// Digest of the content; all zero for a damaged revision.
    pub digest: ContentDigest,
    /// The nonce of the form that it was sent with, if it is not its own nonce.
    pub form: Option<Uuid>,
    /// It has no header of its own.
    pub bare: bool,
    /// Why it is damaged, if it is.
    pub damage: Option<Damage>,
    /// The directory that holds it.
    pub dir: DiskDir,
    /// The state of its file when it was read.
    pub file: FileStamp,
}

impl Revision {
    /// Makes a revision from what the store read.
    pub fn new(
        id: RevisionId,
        dir: DiskDir,
        file: FileStamp,
        read: Result<(Head, Measured), Damage>,
    ) -> Self {
        let modified = Timestamp::new(file.modified.0, file.modified.1 as i32).ok();
        let mut revision = Self {
            id,
            parents: Vec::new(),
            author: String::new(),
            date: modified,
            summary: String::new(),
            length: 0,
            digest: ContentDigest::of(b""),
            form: None,
            bare: true,
            damage: None,
            dir,
            file,
        };
        match read {
            Err(damage) => revision.damage = Some(damage),
            Ok((head, measured)) => {
                revision.length = measured.length;
                revision.digest = measured.digest;
                if let Some(header) = head.header {
                    revision.bare = false;
                    revision.parents = header.parents;
                    revision.author = header.author;
                    revision.date = header.date;
                    revision.summary = header.summary;
                    revision.form = header.form;
                }
            }
        }
        revision
    }

    /// Tells whether a form with this nonce was sent to make it.
    pub fn was_sent_as(&self, nonce: Uuid) -> bool {
        self.id.nonce() == nonce || self.form == Some(nonce)
    }

    /// Tells whether the content is empty: a deletion.
    pub fn is_deletion(&self) -> bool {
        self.damage.is_none() && self.length == 0
    }

    fn node(&self) -> Node {
        Node {
            id: self.id,
            parents: self.parents.clone(),
            bare: self.bare,
            content: self.digest,
            empty: self.length == 0,
        }
    }
}

/// How often in a row a content that is repeated is followed back.
const MOST_REPEATS: usize = 50;

/// A document as it was at one moment.
#[derive(Debug, Clone)]
pub struct Document {
    path: DocPath,
    key: DocKey,
    /// The directories that hold revisions of it, with the state they were read in.
    pub(super) dirs: Vec<(DiskDir, Option<Stamp>)>,
    unsettled: Vec<DiskDir>,
    revisions: BTreeMap<RevisionId, Arc<Revision>>,
    history: History,
    resolution: Resolution,
    findings: Vec<Finding>,
    outline: Option<Outline>,
}

impl Document {
    /// Resolves a document from its revisions; of several files with one id a whole one counts.
    pub(super) fn new(
        dirs: Vec<(DiskDir, Option<Stamp>)>,
        found: impl IntoIterator<Item = Arc<Revision>>,
        findings: Vec<Finding>,
    ) -> Option<Self> {
        let mut revisions: BTreeMap<RevisionId, Arc<Revision>> = BTreeMap::new();
        for revision in found {
            match revisions.get(&revision.id) {
                Some(held) if held.damage.is_none() || revision.damage.is_some() => {}
                _ => {
                    revisions.insert(revision.id, revision);
                }
            }
        }
        let history =
            History::new(revisions.values().filter(|r| r.damage.is_none()).map(|r| r.node()));
        let resolution = history.resolve();
        // Where case twins lie side by side, the winner's directory names the document.
        let named_by = resolution.winner.and_then(|id| revisions.get(&id)).map(|r| &r.dir);
        let path = named_by.or(dirs.first().map(|(dir, _)| dir))?.path().clone();
        let key = path.key();
        Some(Self {
            path,
            key,
            dirs,
            unsettled: Vec::new(),
            revisions,
            history,
            resolution,
            findings,
            outline: None,
        })
    }

    /// Notes the directories that have to be looked at again, as files went while they were read.
    pub(super) fn set_unsettled(&mut self, dirs: Vec<DiskDir>) {
        self.unsettled = dirs;
    }

    /// Returns what [`Document::set_unsettled`] noted.
    pub(super) fn unsettled(&self) -> &[DiskDir] {
        &self.unsettled
    }

    pub(super) fn set_outline(&mut self, outline: Option<Outline>) {
        self.outline = outline;
    }

    /// Returns the document's name.
    pub fn path(&self) -> &DocPath {
        &self.path
    }

    /// Returns the key under which its name is equal to others.
    pub fn key(&self) -> &DocKey {
        &self.key
    }

    /// Returns what resolving came to.
    pub fn resolution(&self) -> &Resolution {
        &self.resolution
    }

    /// Returns the graph of the whole revisions.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Returns the revision that readers see.
    pub fn winner(&self) -> Option<&Revision> {
        self.resolution.winner.and_then(|id| self.revision(id))
    }

    /// Returns a revision, damaged or whole.
    pub fn revision(&self, id: RevisionId) -> Option<&Revision> {
        self.revisions.get(&id).map(|r| &**r)
    }

    /// Returns the revision that this one was made from: of several parents the highest.
    pub fn parent(&self, id: RevisionId) -> Option<RevisionId> {
        self.history.parents(id).first().copied()
    }

    /// Returns the revision whose content this one repeats, or itself: a merge that kept one of its
    /// versions repeats that version, and what takes a merge back repeats what it merged.
    pub fn repeated<'a>(&'a self, revision: &'a Revision) -> &'a Revision {
        let mut found = revision;
        for _ in 0..MOST_REPEATS {
            let merge = match found.parents[..] {
                [] => break,
                [only] => self.revision(only).filter(|parent| parent.parents.len() > 1),
                _ => Some(found),
            };
            let merged = merge.into_iter().flat_map(|merge| &merge.parents);
            let same = merged
                .filter_map(|id| self.revision(*id))
                .filter(|r| r.id < found.id && r.digest == found.digest)
                .max_by_key(|r| r.id);
            let Some(same) = same else { break };
            found = same;
        }
        found
    }

    /// Returns the revision that was made from this one: of several children the lowest.
    pub fn child(&self, id: RevisionId) -> Option<RevisionId> {
        let nodes = self.history.nodes();
        let later = &nodes[nodes.partition_point(|n| n.id <= id)..];
        let made_from = |n: &&Node| {
            if n.bare { n.id.number() > id.number() } else { n.parents.contains(&id) }
        };
        later.iter().find(made_from).map(|n| n.id)
    }

    /// Returns all revisions, damaged ones too, newest (highest id) first.
    pub fn revisions(&self) -> impl DoubleEndedIterator<Item = &Revision> {
        self.revisions.values().rev().map(|r| &**r)
    }

    /// Returns how many revisions there are, damaged ones too.
    pub fn revision_count(&self) -> usize {
        self.revisions.len()
    }

    /// Returns the conflicts, the highest first.
    pub fn conflicts(&self) -> impl Iterator<Item = &Revision> {
        self.resolution.conflicts.iter().filter_map(|id| self.revision(*id))
    }

    /// Tells whether readers see something: there is a winner and it is no deletion.
    pub fn is_live(&self) -> bool {
        self.resolution.winner.is_some() && !self.resolution.deleted
    }

    /// Tells whether the winner is a deletion.
    pub fn is_deleted(&self) -> bool {
        self.resolution.deleted
    }

    /// Returns the standing of a revision.
    pub fn state(&self, id: RevisionId) -> State {
        if self.revisions.get(&id).is_some_and(|r| r.damage.is_some()) {
            State::Damaged
        } else if self.resolution.winner == Some(id) {
            State::Winner
        } else if self.resolution.conflicts.contains(&id) {
            State::Conflict
        } else if self.resolution.redundant.contains(&id) {
            State::Redundant
        } else {
            State::Ancestor
        }
    }

    /// Returns the title: from front matter, else from the name.
    pub fn title(&self) -> &str {
        self.outline.as_ref().and_then(|o| o.title.as_deref()).unwrap_or_else(|| self.path.title())
    }

    /// Returns what is known of the winner's text; `None` for attachments and deleted pages.
    pub fn outline(&self) -> Option<&Outline> {
        self.outline.as_ref()
    }

    /// Returns the parents that some revision names and that have not arrived. One that is damaged has.
    pub fn not_arrived(&self) -> impl Iterator<Item = RevisionId> {
        self.resolution.missing.iter().copied().filter(|id| !self.revisions.contains_key(id))
    }

    /// Returns everything strange about the document: foreign files, damage, missing parents.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = self.findings.clone();
        for revision in self.revisions.values() {
            if let Some(damage) = &revision.damage {
                let path = format!("{}/{}", revision.dir.as_str(), revision.id);
                findings.push(Finding::new(path, FindingKind::Damaged, damage.to_string()));
            }
        }
        for missing in self.not_arrived() {
            let detail = format!("the parent {missing} is named by a revision and is not here");
            findings.push(Finding::new(self.path.to_disk(), FindingKind::MissingParent, detail));
        }
        findings
    }

    /// Returns the document with a revision whose file has to be read again, whatever its state.
    pub(super) fn doubting(&self, id: RevisionId) -> Self {
        let mut document = self.clone();
        if let Some(revision) = document.revisions.get_mut(&id) {
            Arc::make_mut(revision).file = FileStamp::default();
        }
        document
    }

    pub(super) fn shared(&self, id: RevisionId) -> Option<&Arc<Revision>> {
        self.revisions.get(&id)
    }

    /// Returns the state of the file of a revision that this directory holds, as it was read.
    pub(super) fn file(&self, dir: &DiskDir, id: RevisionId) -> Option<FileStamp> {
        self.revisions.get(&id).filter(|r| r.dir == *dir).map(|r| r.file)
    }

    /// Returns every revision file as it was read, for comparing with what lies there now.
    pub(super) fn shared_revisions(&self) -> impl Iterator<Item = &Arc<Revision>> {
        self.revisions.values()
    }

    pub(super) fn own_findings(&self) -> &[Finding] {
        &self.findings
    }
}
