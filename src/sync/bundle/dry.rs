//! A replica that judges what comes as it would, and keeps nothing.

use std::io::Read;
use std::sync::Arc;

use crate::model::file::{Digester, HEAD_BYTES, check_content, parse, parse_head};
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;
use crate::store::{Before, Body, FileStamp, Received, StoreError};
use crate::sync::error::ReplicaError;
use crate::sync::identity::{ReplicaId, WikiId};
use crate::sync::item::ItemHash;
use crate::sync::quarantine::Suspect;
use crate::sync::replica::{Replica, RevisionFile};
use crate::sync::set::Set;

/// See the module.
pub(super) struct Dry<'a>(pub(super) &'a dyn Replica);

impl Replica for Dry<'_> {
    fn replica_id(&self) -> ReplicaId {
        self.0.replica_id()
    }

    fn wiki_id(&self) -> Result<Option<WikiId>, ReplicaError> {
        self.0.wiki_id()
    }

    fn set_wiki_id(&self, _id: WikiId) -> Result<(), ReplicaError> {
        Ok(())
    }

    fn draw_wiki_id(&self) -> WikiId {
        self.0.draw_wiki_id()
    }

    fn set(&self) -> Result<Arc<Set>, ReplicaError> {
        self.0.set()
    }

    fn locate(&self, item: &ItemHash) -> Option<(DocPath, RevisionId)> {
        self.0.locate(item)
    }

    fn open(&self, path: &DocPath, id: RevisionId) -> Result<Option<RevisionFile>, ReplicaError> {
        self.0.open(path, id)
    }

    fn holds(&self, path: &DocPath, id: RevisionId) -> bool {
        self.0.holds(path, id)
    }

    fn highest(&self, path: &DocPath) -> u64 {
        self.0.highest(path)
    }

    fn receive(
        &self,
        path: &DocPath,
        id: RevisionId,
        file: Body<'_>,
    ) -> Result<Received, ReplicaError> {
        let damaged = |damage| {
            let path = std::path::PathBuf::from(path.to_disk()).join(id.to_string());
            ReplicaError::Store(StoreError::NotWhole { path, damage })
        };
        let (head, measured) = match file {
            Body::Bytes(bytes) => parse(id, bytes).map_err(damaged)?,
            Body::Stream(stream) => {
                let failed = |source| ReplicaError::Local {
                    action: "read",
                    path: path.to_disk().into(),
                    source,
                };
                let mut begun = Vec::new();
                stream.take(HEAD_BYTES as u64).read_to_end(&mut begun).map_err(failed)?;
                let head = parse_head(id, &begun).map_err(damaged)?;
                let mut digester = Digester::default();
                digester.update(begun.get(head.content_start as usize..).unwrap_or_default());
                let mut piece = [0; 16 << 10];
                loop {
                    match stream.read(&mut piece).map_err(failed)? {
                        0 => break,
                        read => digester.update(&piece[..read]),
                    }
                }
                let measured = digester.finish();
                check_content(&head, &measured).map_err(damaged)?;
                (head, measured)
            }
        };
        let before = if self.holds(path, id) { Before::Same } else { Before::Nothing };
        let file = FileStamp::default();
        Ok(Received { measured, bare: head.header.is_none(), before, file })
    }

    fn show(&self, _path: &DocPath) {}

    fn set_aside(&self, _suspect: &Suspect, _file: Option<&mut dyn Read>) {}

    fn is_set_aside(&self, item: &ItemHash, from: &str) -> bool {
        self.0.is_set_aside(item, from)
    }

    fn largest(&self) -> u64 {
        self.0.largest()
    }

    fn writers(&self) -> usize {
        1
    }
}
