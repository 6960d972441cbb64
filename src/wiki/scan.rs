//! Looking at everything, or at a whole folder, and taking in what was found.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;

use super::refresh::as_listed;
use super::{Wiki, WikiError};
use crate::model::path::DocKey;
use crate::store::{DiskDir, Finding, Listing, Scanned};

impl Wiki {
    /// Looks at everything once: what is new, what changed, what vanished.
    ///
    /// # Errors
    /// If the store cannot be reached; what is known stays as it is.
    pub fn scan(&self) -> Result<(), WikiError> {
        let mut found = Found::default();
        self.store.scan(&mut |item| found.add(item))?;
        found.findings.sort();
        *self.findings.lock() = std::mem::take(&mut found.findings);
        let seen: HashSet<DocKey> = found.documents.keys().cloned().collect();
        self.take_in_found(found);
        if self.stopping.load(Ordering::Relaxed) {
            return Ok(());
        }
        for key in self.catalog.keys().into_iter().filter(|k| !seen.contains(k)) {
            if let Some(document) = self.catalog.get(&key)
                && let Err(error) = self.refresh(document.path())
            {
                tracing::warn!(path = %document.path(), %error, "could not look at a document");
            }
        }
        self.mark_scanned();
        Ok(())
    }

    /// Looks at one folder and everything below it, such as one that came whole.
    ///
    /// # Errors
    /// As [`Wiki::scan`].
    pub(super) fn scan_below(&self, folder: &DiskDir) -> Result<(), WikiError> {
        let mut found = Found::default();
        self.store.scan_below(folder, &mut |item| found.add(item))?;
        let below = format!("{}/", folder.as_str());
        let mut findings = self.findings.lock();
        findings.retain(|f| f.path != folder.as_str() && !f.path.starts_with(&below));
        findings.append(&mut found.findings);
        findings.sort();
        drop(findings);
        self.take_in_found(found);
        Ok(())
    }

    fn take_in_found(&self, found: Found) {
        for (key, listings) in found.documents {
            if self.stopping.load(Ordering::Relaxed) {
                return;
            }
            let lock = self.lock(&key);
            let _guard = lock.lock();
            if let Err(error) = self.take_in_listed(&key, listings) {
                tracing::warn!(?key, %error, "could not take in a document");
            }
        }
    }

    /// Takes in what was listed a moment ago, under the lock of the document.
    pub(super) fn take_in_listed(
        &self,
        key: &DocKey,
        mut listings: Vec<(DiskDir, Listing)>,
    ) -> Result<(), WikiError> {
        let known = self.catalog.get(key);
        if let Some(known) = &known {
            if as_listed(known, &listings) {
                return Ok(());
            }
            // What is known may be newer than the listings, and must not go back to them.
            let others: Vec<DiskDir> = known
                .dirs
                .iter()
                .map(|(dir, _)| dir.clone())
                .filter(|dir| listings.iter().all(|(listed, _)| listed != dir))
                .collect();
            listings.extend(others.into_iter().map(|dir| (dir, Listing::default())));
            for (dir, listing) in &mut listings {
                *listing = self.store.list(dir)?;
            }
            if as_listed(known, &listings) {
                return Ok(());
            }
        }
        self.take_in(key, known.as_deref(), listings).map(drop)
    }
}

/// What a scan came across, by document.
#[derive(Default)]
struct Found {
    documents: HashMap<DocKey, Vec<(DiskDir, Listing)>>,
    findings: Vec<Finding>,
}

impl Found {
    fn add(&mut self, item: Scanned) {
        match item {
            Scanned::Directory(dir, listing) => {
                self.documents.entry(dir.path().key()).or_default().push((dir, listing));
            }
            Scanned::Finding(finding) => self.findings.push(finding),
        }
    }
}
