//! Keeping the catalog in step with the store, however a change came.
//!
//! Three ways lead here, each enough by itself: a page view looks at its own directory, a hint of
//! the watcher names a directory, and a periodic scan looks at all of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use super::document::{Document, Revision};
use super::{CHECK_INTERVAL, Wiki, WikiError, render};
use crate::model::path::{DocKey, DocPath};
use crate::model::revision::RevisionId;
use crate::store::{DiskDir, Entry, Finding, Listing, StoreError};

/// Pages with more bytes than this are not shown, searched or merged as text.
pub const MAX_TEXT: u64 = 4 << 20;

impl Wiki {
    /// Returns a document as it is now: from memory if its directory was looked at a moment ago,
    /// else after a look at it.
    ///
    /// # Errors
    /// If the store cannot be reached and nothing is known of the document.
    pub fn open(&self, path: &DocPath) -> Result<Option<Arc<Document>>, WikiError> {
        let key = path.key();
        if let Some(document) = self.fresh(&key) {
            return Ok(document);
        }
        match self.refresh(path) {
            Ok(Some(document)) => Ok(Some(document)),
            // The name may lie on disk in another case, which only a whole scan can tell.
            Ok(None) if !self.scanned() => {
                self.wait_for_scan();
                Ok(self.catalog.get(&key))
            }
            Ok(None) => Ok(None),
            // What is known is better than nothing while the disk is away.
            Err(error) => match self.catalog.get(&key) {
                Some(document) => {
                    tracing::warn!(%path, %error, "showing what is in memory");
                    Ok(Some(document))
                }
                None => Err(error),
            },
        }
    }

    /// Returns a document from memory if no look at its directory is due; never blocks on the disk.
    pub fn fresh(&self, key: &DocKey) -> Option<Option<Arc<Document>>> {
        let checked = self.checked.read().get(key).copied()?;
        (checked.elapsed() < CHECK_INTERVAL).then(|| self.catalog.get(key))
    }

    /// Returns a document that must exist.
    ///
    /// # Errors
    /// [`WikiError::NoDocument`], or as [`Wiki::open`].
    pub fn require(&self, path: &DocPath) -> Result<Arc<Document>, WikiError> {
        self.open(path)?.ok_or_else(|| WikiError::NoDocument(path.clone()))
    }

    /// Looks at the document's directories now and takes in what changed.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn refresh(&self, path: &DocPath) -> Result<Option<Arc<Document>>, WikiError> {
        let key = path.key();
        let lock = self.lock(&key);
        let _guard = lock.lock();
        self.refresh_locked(&key, path)
    }

    /// As [`Wiki::refresh`], for who holds the document's lock.
    pub(super) fn refresh_locked(
        &self,
        key: &DocKey,
        path: &DocPath,
    ) -> Result<Option<Arc<Document>>, WikiError> {
        let begun = Instant::now();
        let known = self.catalog.get(key);
        let mut dirs: Vec<DiskDir> =
            known.iter().flat_map(|d| d.dirs.iter().map(|(dir, _)| dir.clone())).collect();
        let own = DiskDir::of(path);
        if !dirs.contains(&own) {
            dirs.push(own);
        }
        let result = if self.unchanged(known.as_deref(), &dirs)? {
            known
        } else {
            let mut listings = Vec::with_capacity(dirs.len());
            for dir in dirs {
                let listing = match &known {
                    Some(known) => self.store.list_since(&dir, &|id| known.file(&dir, id))?,
                    None => self.store.list(&dir)?,
                };
                listings.push((dir, listing));
            }
            // While a directory may still change unseen it is listed again anyway: nothing new
            // means nothing to note, and readers keep what is rendered.
            let unsettled = |(_, l): &(DiskDir, Listing)| l.stamp.is_some_and(|s| s.recent);
            match known {
                Some(known)
                    if listings.iter().any(unsettled)
                        && as_listed(&known, &listings)
                        && known.unsettled().is_empty() =>
                {
                    Some(known)
                }
                known => self.take_in(key, known.as_deref(), listings)?,
            }
        };
        self.mark_checked(key, begun);
        Ok(result)
    }

    /// Looks again at a revision that was whole when it was taken in and is not now, though nothing
    /// else about its file may have changed. Unless it can be put back, it counts as damaged from now
    /// on, and readers see what is whole. Returns true if it was put back.
    pub(super) fn look_again(&self, document: &Document, id: RevisionId) -> bool {
        let (key, whole) = (document.key(), document.revision(id).filter(|r| r.damage.is_none()));
        let lock = self.lock(key);
        // Whoever saves this document looks at it anyway.
        if lock.is_owned_by_current_thread() {
            return false;
        }
        let is_as_before = |(now, whole): (&Revision, &Revision)| {
            now.damage.is_none() && now.digest == whole.digest
        };
        let _guard = lock.lock();
        let Some(known) = self.catalog.get(key) else { return false };
        if known.revision(id) != whole {
            // Somebody else looked meanwhile.
            return known.revision(id).zip(whole).is_some_and(is_as_before);
        }
        let listings = known.dirs.iter().map(|(dir, _)| Ok((dir.clone(), self.store.list(dir)?)));
        let seen = listings
            .collect::<Result<Vec<_>, WikiError>>()
            .and_then(|listings| self.take_in(key, Some(&known.doubting(id)), listings));
        match seen {
            Ok(now) => {
                let now = now.as_ref().and_then(|now| now.revision(id));
                now.zip(whole).is_some_and(is_as_before)
            }
            Err(error) => {
                tracing::warn!(path = %document.path(), %error, "could not look at a document");
                false
            }
        }
    }

    /// Compares stamps: one cheap look at each directory.
    fn unchanged(&self, known: Option<&Document>, dirs: &[DiskDir]) -> Result<bool, StoreError> {
        if known.is_some_and(|d| !d.unsettled().is_empty()) {
            return Ok(false);
        }
        for dir in dirs {
            let then = known
                .and_then(|d| d.dirs.iter().find(|(held, _)| held == dir))
                .and_then(|(_, stamp)| *stamp);
            let same = match (then, self.store.stamp(dir)?) {
                (Some(then), Some(now)) => !then.may_differ(&now),
                (None, None) => true,
                _ => false,
            };
            if !same {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes in listings of all the directories of one document, reading only what is new.
    pub(super) fn take_in(
        &self,
        key: &DocKey,
        known: Option<&Document>,
        mut listings: Vec<(DiskDir, Listing)>,
    ) -> Result<Option<Arc<Document>>, WikiError> {
        let (mut healed, mut unsettled) = (Vec::new(), Vec::new());
        for (dir, listing) in &mut listings {
            // At first sight what vanished while no server ran is put back; later, what we held.
            let vanished =
                known.is_none_or(|d| lost(d, dir, listing) || d.unsettled().contains(dir));
            if vanished {
                let back = self.heal(dir);
                if !back.is_empty() || listing.revisions.is_empty() {
                    *listing = self.store.list(dir)?;
                }
                // A program that is still deleting may have been faster: the next look tries again.
                if known.is_some_and(|d| lost(d, dir, listing)) || !has_all(listing, dir, &back) {
                    unsettled.push(dir.clone());
                }
                healed.extend(back);
            }
        }
        let mut found = Vec::new();
        let mut contents: HashMap<RevisionId, Vec<u8>> = HashMap::new();
        for (dir, listing) in &mut listings {
            for entry in listing.revisions.clone() {
                let held = known.and_then(|d| d.shared(entry.id));
                if let Some(revision) = held.filter(|r| r.dir == *dir && r.file == entry.file) {
                    found.push(Arc::clone(revision));
                    continue;
                }
                let reported = healed.len();
                let loaded = self.load(known, dir, entry, &mut contents, &mut healed)?;
                if loaded.is_none() && healed.len() == reported {
                    unsettled.push(dir.clone());
                }
                found.extend(loaded);
            }
        }
        let mut findings: Vec<Finding> =
            listings.iter().flat_map(|(_, l)| l.findings.clone()).collect();
        findings.append(&mut healed);
        if let Some(document) = known {
            // What was put back stays reported until a restart.
            let restored = document
                .own_findings()
                .iter()
                .filter(|f| f.kind == crate::store::FindingKind::Restored);
            findings.extend(restored.cloned());
        }
        findings.sort();
        findings.dedup();
        let dirs: Vec<_> = listings
            .into_iter()
            .filter(|(_, l)| !l.revisions.is_empty())
            .map(|(dir, l)| (dir, l.stamp))
            .collect();
        if dirs.is_empty() {
            if known.is_some() {
                self.publish(key, None);
            }
            return Ok(None);
        }
        let document = Document::new(dirs, found, findings);
        Ok(document.map(|mut document| {
            document.set_unsettled(unsettled);
            self.finish(key, known, document, &contents)
        }))
    }

    /// Reads one revision file that is new or was changed.
    fn load(
        &self,
        known: Option<&Document>,
        dir: &DiskDir,
        entry: Entry,
        contents: &mut HashMap<RevisionId, Vec<u8>>,
        findings: &mut Vec<Finding>,
    ) -> Result<Option<Arc<Revision>>, WikiError> {
        let mut loaded = match self.store.load(dir, entry.id) {
            Ok(loaded) => loaded,
            // Taken away between listing and reading: the next look will tell.
            Err(StoreError::NotFound(_)) => return Ok(None),
            Err(error @ StoreError::Unavailable(_)) => return Err(error.into()),
            Err(error) => {
                let path = format!("{}/{}", dir.as_str(), entry.id);
                findings.push(Finding::new(
                    path,
                    crate::store::FindingKind::Unreadable,
                    error.to_string(),
                ));
                return Ok(None);
            }
        };
        let held = known
            .and_then(|d| d.revision(entry.id))
            .filter(|r| r.dir == *dir && r.damage.is_none());
        let altered =
            held.is_some_and(|r| loaded.revision.as_ref().map(|(_, m)| m.digest) != Ok(r.digest));
        if altered || loaded.revision.is_err() {
            let healed = self.heal(dir);
            if !healed.is_empty() {
                findings.extend(healed);
                loaded = self.store.load(dir, entry.id)?;
            }
        }
        if let Ok((head, measured)) = &loaded.revision {
            if altered && head.header.is_none() {
                let path = format!("{}/{}", dir.as_str(), entry.id);
                let detail =
                    "a revision without a header was changed in place; its new content counts";
                findings.push(Finding::new(path, crate::store::FindingKind::Changed, detail));
            }
            self.store.keep(dir, entry.id, measured, head.header.is_none());
        }
        if let Some(content) = loaded.content {
            contents.insert(entry.id, content);
        }
        Ok(Some(Arc::new(Revision::new(entry.id, dir.clone(), loaded.file, loaded.revision))))
    }

    fn heal(&self, dir: &DiskDir) -> Vec<Finding> {
        self.store.heal(dir).unwrap_or_else(|error| {
            tracing::warn!(dir = dir.as_str(), %error, "could not put revisions back");
            Vec::new()
        })
    }

    /// Outlines the winner's text and shows the new state to everyone.
    pub(super) fn finish(
        &self,
        key: &DocKey,
        known: Option<&Document>,
        mut document: Document,
        contents: &HashMap<RevisionId, Vec<u8>>,
    ) -> Arc<Document> {
        let same_winner = known.filter(|k| {
            k.winner().map(|w| (w.id, w.digest)) == document.winner().map(|w| (w.id, w.digest))
        });
        let outline = match same_winner {
            Some(known) => known.outline().cloned(),
            None => self.outline(&document, contents),
        };
        document.set_outline(outline);
        let document = Arc::new(document);
        self.publish(key, Some(Arc::clone(&document)));
        document
    }

    fn outline(
        &self,
        document: &Document,
        contents: &HashMap<RevisionId, Vec<u8>>,
    ) -> Option<render::Outline> {
        let winner = document.winner()?;
        if !document.path().is_page() || document.is_deleted() || winner.length > MAX_TEXT {
            return None;
        }
        let content = match contents.get(&winner.id) {
            Some(content) => content.clone(),
            None => self.content(document, winner.id).ok()?,
        };
        let text = String::from_utf8_lossy(&content);
        let mut outline = render::outline(document.path(), &text);
        // Only the search needs the text, and it reads it for itself.
        outline.text = String::new();
        Some(outline)
    }
}

/// Returns true if a revision that the document holds in this directory is not listed any more.
fn lost(document: &Document, dir: &DiskDir, listing: &Listing) -> bool {
    document
        .revisions()
        .filter(|r| r.dir == *dir)
        .any(|r| listing.revisions.binary_search_by_key(&r.id, |e| e.id).is_err())
}

/// Returns true if a listing shows everything that was put back.
fn has_all(listing: &Listing, dir: &DiskDir, back: &[Finding]) -> bool {
    back.iter().all(|finding| {
        let name = finding.path.strip_prefix(dir.as_str()).map(|rest| rest.trim_start_matches('/'));
        name.and_then(|name| name.parse().ok())
            .is_none_or(|id| listing.revisions.binary_search_by_key(&id, |e| e.id).is_ok())
    })
}

/// Returns true if the listings show just the files that the document was made from.
pub(super) fn as_listed(document: &Document, listings: &[(DiskDir, Listing)]) -> bool {
    let listed: usize = listings.iter().map(|(_, l)| l.revisions.len()).sum();
    listed == document.revision_count()
        && listings.iter().all(|(dir, listing)| {
            listing.revisions.iter().all(|entry| {
                document.revision(entry.id).is_some_and(|r| r.dir == *dir && r.file == entry.file)
            })
        })
}
