//! Taking in a revision file that was made elsewhere, byte for byte.
//!
//! The steps and their order are those of `write.rs`. What differs: the header is not ours to
//! write, the bytes have to prove themselves before they get a name, and a damaged file that stands
//! in the way is set aside for them.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use super::read::{file_stamp, load, open_regular};
use super::temp::Temp;
use super::write::{PIECE, read_some};
use super::{FsStore, Op};
use crate::model::file::{Damage, Digester, HEAD_BYTES, Head, Measured, check_content, parse_head};
use crate::model::revision::RevisionId;
use crate::store::{Before, Body, DiskDir, FileStamp, Received, StoreError};

impl FsStore {
    pub(super) fn receive_file(
        &self,
        dir: &DiskDir,
        id: RevisionId,
        file: Body<'_>,
    ) -> Result<Received, StoreError> {
        self.check_writable()?;
        self.check_reachable()?;
        let target = self.file(dir, id);
        let mut temp = self.make_temp(id)?;
        let (head, measured) = self.write_file(&mut temp, id, file, &target)?;
        self.fsync(&target, Op::SyncFile, &temp.file)
            .map_err(|e| StoreError::from_io("make durable", &target, e))?;
        let mut before = Before::Nothing;
        let bare = head.header.is_none();
        let early = self.keep_early(&temp, dir, id, &measured, bare);
        let there = self.place_durably(&mut temp, dir, id, &target, early, &mut |temp| {
            if self.clear_damaged(temp, id, &target)? {
                before = Before::Damaged;
                return Ok(None);
            }
            before = Before::Same;
            self.settled_stamp(&target).map(Some)
        })?;
        if before == Before::Damaged {
            self.forget_spoiled(dir, id, &measured);
        }
        self.keep_file(dir, id, &measured, bare);
        let file = match there {
            Some(file) => file,
            None => {
                file_stamp(&temp.file).map_err(|e| StoreError::from_io("look at", &target, e))?
            }
        };
        Ok(Received { measured, bare, before, file })
    }

    /// Writes the bytes and verifies them on the way.
    fn write_file(
        &self,
        temp: &mut Temp,
        id: RevisionId,
        file: Body<'_>,
        target: &Path,
    ) -> Result<(Head, Measured), StoreError> {
        let failed = |e| self.write_error("write", target, e);
        let damaged = |damage| StoreError::NotWhole { path: target.to_owned(), damage };
        let mut put = |bytes: &[u8]| {
            self.step(Op::Write, target).and_then(|()| temp.file.write_all(bytes)).map_err(failed)
        };
        let (head, measured) = match file {
            Body::Bytes(bytes) => {
                let head =
                    parse_head(id, &bytes[..bytes.len().min(HEAD_BYTES)]).map_err(damaged)?;
                let mut digester = Digester::default();
                digester.update(&bytes[head.content_start as usize..]);
                put(bytes)?;
                (head, digester.finish())
            }
            Body::Stream(reader) => {
                let received = |source| StoreError::Io {
                    action: "receive the file of",
                    path: target.to_owned(),
                    source,
                };
                let mut piece = Vec::with_capacity(PIECE);
                reader.take(HEAD_BYTES as u64).read_to_end(&mut piece).map_err(received)?;
                let head = parse_head(id, &piece).map_err(damaged)?;
                let mut digester = Digester::default();
                digester.update(&piece[head.content_start as usize..]);
                put(&piece)?;
                piece.resize(PIECE, 0);
                loop {
                    let read = read_some(reader, &mut piece).map_err(received)?;
                    if read == 0 {
                        break;
                    }
                    digester.update(&piece[..read]);
                    put(&piece[..read])?;
                }
                (head, digester.finish())
            }
        };
        check_content(&head, &measured).map_err(damaged)?;
        Ok((head, measured))
    }

    /// Compares with the file that has the name. Moves it aside where it is not whole, and tells so.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if it is whole and other, or no file at all.
    fn clear_damaged(
        &self,
        temp: &Temp,
        id: RevisionId,
        target: &Path,
    ) -> Result<bool, StoreError> {
        let failed = |e| self.write_error("compare", target, e);
        let taken = || StoreError::Taken(target.to_owned());
        if !fs::symlink_metadata(target).map_err(failed)?.is_file() {
            return Err(taken());
        }
        let there = open_regular(target).map_err(failed)?;
        let ours = open_regular(&temp.path).map_err(failed)?;
        if same_bytes(there, ours).map_err(failed)? {
            return Ok(false);
        }
        match load(target, id).map_err(failed)?.revision {
            Ok(_) => Err(taken()),
            Err(damage) => {
                report(target, &damage);
                self.displace(id, target)?;
                Ok(true)
            }
        }
    }

    /// Makes durable what somebody else put there, and returns its state.
    fn settled_stamp(&self, target: &Path) -> Result<FileStamp, StoreError> {
        let failed = |e| self.write_error("compare", target, e);
        let file = open_regular(target).map_err(failed)?;
        self.fsync(target, Op::SyncFile, &file)
            .map_err(|e| StoreError::from_io("make durable", target, e))?;
        file_stamp(&file).map_err(failed)
    }
}

fn report(target: &Path, damage: &Damage) {
    tracing::warn!(
        path = %target.display(), %damage,
        "a damaged revision is replaced by a whole one from elsewhere; it is in local/displaced"
    );
}

fn same_bytes(a: File, b: File) -> io::Result<bool> {
    if a.metadata()?.len() != b.metadata()?.len() {
        return Ok(false);
    }
    let (mut a, mut b) = (a, b);
    let (mut left, mut right) = (vec![0; PIECE], vec![0; PIECE]);
    loop {
        let read = read_some(&mut a, &mut left)?;
        if read == 0 {
            return Ok(true);
        }
        b.read_exact(&mut right[..read])?;
        if left[..read] != right[..read] {
            return Ok(false);
        }
    }
}
