//! A merge on its way: what is merged, and what was decided so far.

use uuid::Uuid;

use super::form::{Form, Picks};
use crate::model::revision::RevisionId;
use crate::web::extract::Visitor;
use crate::web::pages::words;
use crate::web::site::Site;
use crate::wiki::{Document, MAX_MERGED, Revision, WikiError};

/// Versions that are larger together are not compared: one of them is chosen.
const MOST_BYTES: u64 = 32 << 20;

/// A merge on its way.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    /// What readers see, as it was seen.
    pub(super) winner: RevisionId,
    /// The other versions that are merged, the highest first.
    pub(super) heads: Vec<RevisionId>,
    /// The visitor's own version, if the address names it.
    pub(super) mine: Option<RevisionId>,
    pub(super) picks: Picks,
    pub(super) author: String,
    pub(super) summary: String,
    pub(super) nonce: Uuid,
    pub(super) back_to_inbox: bool,
}

impl Draft {
    /// Begins to merge all versions that there are now; none if nothing can be read.
    pub(super) fn now(
        site: &Site,
        visitor: &Visitor,
        document: &Document,
        mine: Option<RevisionId>,
        back_to_inbox: bool,
    ) -> Option<Self> {
        let resolution = document.resolution();
        let heads: Vec<RevisionId> =
            resolution.conflicts.iter().take(MAX_MERGED).copied().collect();
        Some(Self {
            winner: resolution.winner?,
            summary: summary(document, &heads),
            mine: mine.filter(|id| heads.contains(id)),
            heads,
            picks: Picks::default(),
            author: visitor.author.clone(),
            nonce: site.wiki().nonces().draw(),
            back_to_inbox,
        })
    }

    /// Takes up what a form brought, if all that it names is there.
    pub(super) fn of_form(form: &Form, document: &Document) -> Option<Self> {
        let known = |id: RevisionId| document.revision(id).is_some_and(|r| r.damage.is_none());
        let winner = form.winner.filter(|id| known(*id))?;
        let whole = !form.with.is_empty() && form.with.iter().all(|id| known(*id));
        whole.then(|| Self {
            winner,
            heads: form.with.clone(),
            mine: form.mine.filter(|id| form.with.contains(id)),
            picks: form.picks.clone(),
            author: form.author.clone(),
            summary: match form.summary.as_str() {
                "" => summary(document, &form.with),
                said => said.to_owned(),
            },
            nonce: form.nonce,
            back_to_inbox: form.back_to_inbox,
        })
    }

    /// Goes on with the versions that there are now; the choices stay.
    pub(super) fn caught_up(self, site: &Site, visitor: &Visitor, document: &Document) -> Self {
        let Some(now) = Self::now(site, visitor, document, self.mine, self.back_to_inbox) else {
            return self;
        };
        let same = now.winner == self.winner && now.heads == self.heads;
        let summary = if same { self.summary } else { now.summary };
        Self { picks: self.picks, author: self.author, summary, nonce: self.nonce, ..now }
    }

    /// Returns the versions, the winner first.
    pub(super) fn versions<'a>(&self, document: &'a Document) -> Vec<&'a Revision> {
        let ids = std::iter::once(&self.winner).chain(&self.heads);
        ids.filter_map(|id| document.revision(*id)).collect()
    }

    /// Returns true if the versions are texts that can be compared.
    pub(super) fn is_text(&self, site: &Site, document: &Document) -> Result<bool, WikiError> {
        let versions = self.versions(document);
        if versions.iter().map(|r| r.length).sum::<u64>() > MOST_BYTES {
            return Ok(false);
        }
        for revision in versions {
            match site.wiki().text(document, revision.id) {
                Ok(_) => {}
                Err(WikiError::NotText(_)) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

/// Says in the history what was merged.
fn summary(document: &Document, heads: &[RevisionId]) -> String {
    match heads {
        [head] => {
            let author = document.revision(*head).map_or("", |r| r.author.as_str());
            if author.is_empty() {
                "Merge another version".to_owned()
            } else {
                format!("Merge {author}’s version")
            }
        }
        heads => format!("Merge {}", words::count(heads.len() + 1, "version", "versions")),
    }
}
