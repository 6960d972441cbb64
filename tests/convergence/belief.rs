//! What one replica believes of the rules, made wrong for showing that the simulation finds it.
//!
//! The replica runs the same code as all others, over a store that shows it a world in which that
//! code comes to the wrong answer. A replica with sound beliefs sees things as they are.

use std::io::Read;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use everpage::model::file::{Header, Measured};
use everpage::model::revision::RevisionId;
use everpage::store::watch::{Hint, Watch};
use everpage::store::{
    Body, Content, Created, Decide, DiskDir, Finding, Known, Listing, Loaded, Received, Scanned,
    Stamp, Store, StoreError,
};
use uuid::Uuid;

use crate::oracle::Id;
use crate::store::SimStore;

/// How a replica gets the rules wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Belief {
    Sound,
    /// Of two revisions with one number, the lower nonce wins.
    LowerNonceWins,
    /// A revision has one parent: of those it names, the highest.
    OneParentOnly,
}

impl Belief {
    /// Turns a true id into the one that the replica sees.
    pub fn sees(self, id: Id) -> RevisionId {
        let nonce = if self == Belief::LowerNonceWins { !id.1 } else { id.1 };
        RevisionId::new(id.0, Uuid::from_u128(nonce)).expect("numbers start at 1 and stay small")
    }

    /// Turns an id that the replica sees into the true one.
    pub fn tells(self, id: RevisionId) -> Id {
        let nonce = id.nonce().as_u128();
        (id.number(), if self == Belief::LowerNonceWins { !nonce } else { nonce })
    }

    fn turn_form(self, form: Uuid) -> Uuid {
        self.sees((1, form.as_u128())).nonce()
    }

    fn turn(self, id: RevisionId) -> RevisionId {
        // Turning is its own inverse.
        self.sees((id.number(), id.nonce().as_u128()))
    }

    fn turned(self, header: &Header) -> Header {
        let mut header = header.clone();
        header.parents.iter_mut().for_each(|parent| *parent = self.turn(*parent));
        header.form = header.form.map(|form| self.turn_form(form));
        header
    }

    fn scanned(self, scanned: Scanned) -> Scanned {
        match scanned {
            Scanned::Directory(dir, list) => Scanned::Directory(dir, self.listed(list)),
            finding @ Scanned::Finding(_) => finding,
        }
    }

    fn listed(self, mut listing: Listing) -> Listing {
        listing.revisions.iter_mut().for_each(|entry| entry.id = self.turn(entry.id));
        listing.revisions.sort_unstable_by_key(|entry| entry.id);
        listing
    }
}

/// A store as a replica with a belief sees it.
pub struct Believed {
    pub store: Arc<SimStore>,
    pub belief: Belief,
}

impl Store for Believed {
    fn scan(&self, visit: &mut dyn FnMut(Scanned)) -> Result<(), StoreError> {
        self.store.scan(&mut |scanned| visit(self.belief.scanned(scanned)))
    }

    fn scan_below(
        &self,
        folder: &DiskDir,
        visit: &mut dyn FnMut(Scanned),
    ) -> Result<(), StoreError> {
        self.store.scan_below(folder, &mut |scanned| visit(self.belief.scanned(scanned)))
    }

    fn list(&self, dir: &DiskDir) -> Result<Listing, StoreError> {
        self.store.list(dir).map(|listing| self.belief.listed(listing))
    }

    fn list_since(&self, dir: &DiskDir, known: &Known<'_>) -> Result<Listing, StoreError> {
        let known = |id| known(self.belief.turn(id));
        self.store.list_since(dir, &known).map(|listing| self.belief.listed(listing))
    }

    fn stamp(&self, dir: &DiskDir) -> Result<Option<Stamp>, StoreError> {
        self.store.stamp(dir)
    }

    fn load(&self, dir: &DiskDir, id: RevisionId) -> Result<Loaded, StoreError> {
        let mut loaded = self.store.load(dir, self.belief.turn(id))?;
        if let Ok((head, _)) = &mut loaded.revision
            && let Some(header) = &mut head.header
        {
            if self.belief == Belief::OneParentOnly {
                header.parents.truncate(1);
            }
            *header = self.belief.turned(header);
        }
        Ok(loaded)
    }

    fn open(&self, dir: &DiskDir, id: RevisionId) -> Result<Content, StoreError> {
        self.store.open(dir, self.belief.turn(id))
    }

    fn create(
        &self,
        dir: &DiskDir,
        id: RevisionId,
        header: &Header,
        content: Body<'_>,
    ) -> Result<Created, StoreError> {
        self.store.create(dir, self.belief.turn(id), &self.belief.turned(header), content)
    }

    fn create_streamed(
        &self,
        dir: &DiskDir,
        id: RevisionId,
        header: &Header,
        content: &mut dyn Read,
        decide: &mut Decide<'_>,
    ) -> Result<Option<Created>, StoreError> {
        let (id, header) = (self.belief.turn(id), self.belief.turned(header));
        let mut decide = |measured: &Measured| {
            decide(measured).map(|(id, new)| (self.belief.turn(id), self.belief.turned(&new)))
        };
        self.store.create_streamed(dir, id, &header, content, &mut decide)
    }

    fn receive(
        &self,
        dir: &DiskDir,
        id: RevisionId,
        file: Body<'_>,
    ) -> Result<Received, StoreError> {
        self.store.receive(dir, self.belief.turn(id), file)
    }

    fn heal(&self, dir: &DiskDir) -> Result<Vec<Finding>, StoreError> {
        self.store.heal(dir)
    }

    fn keep(&self, dir: &DiskDir, id: RevisionId, measured: &Measured, bare: bool) {
        self.store.keep(dir, self.belief.turn(id), measured, bare);
    }

    fn read_only(&self) -> Option<String> {
        self.store.read_only()
    }

    fn watch(&self, hints: Sender<Hint>) -> Result<Option<Watch>, StoreError> {
        self.store.watch(hints)
    }

    fn identity(&self) -> Option<u64> {
        self.store.identity()
    }
}
