//! Creating a revision: temporary file, fsync, publish without replacing, fsync of directories.
//!
//! The order of the steps is the promise of the project. A revision is acknowledged, and shown to
//! readers, only after the last of them. An error at any step leaves no trace, with one exception:
//! what was published before its directory could be synced stays, unacknowledged and shown to
//! nobody, and the store turns read-only until a restart makes it durable.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, RenameFlags};
use rustix::io::Errno;

use super::dirs::Folder;
use super::read::{file_stamp, load, open_regular};
use super::temp::Temp;
use super::{FsStore, Op};
use crate::model::file::{Digester, Header, Measured};
use crate::model::revision::RevisionId;
use crate::store::{Body, Created, Decide, DiskDir, FileStamp, StoreError};

/// How much of a streamed content is in memory at a time.
pub(super) const PIECE: usize = 1 << 18;

impl FsStore {
    pub(super) fn create_revision(
        &self,
        dir: &DiskDir,
        id: RevisionId,
        header: &Header,
        content: Body<'_>,
    ) -> Result<Created, StoreError> {
        let created =
            self.create_decided(dir, id, header, content, &mut |_| Some((id, header.clone())))?;
        // Nothing was decided against it.
        created.ok_or_else(|| StoreError::NotFound(self.file(dir, id)))
    }

    /// Creates a revision under the name, and with the header, that are decided at the last moment.
    pub(super) fn create_decided(
        &self,
        dir: &DiskDir,
        id: RevisionId,
        header: &Header,
        content: Body<'_>,
        decide: &mut Decide<'_>,
    ) -> Result<Option<Created>, StoreError> {
        self.check_writable()?;
        self.check_reachable()?;
        let target = self.file(dir, id);
        let mut temp = self.make_temp(id)?;
        let measured = self.write_temp(&mut temp, id, header, content, &target)?;
        let sync = |temp: &Temp, target: &Path| {
            self.fsync(target, Op::SyncFile, &temp.file)
                .map_err(|e| StoreError::from_io("make durable", target, e))
        };
        sync(&temp, &target)?;
        let Some((decided, new)) = decide(&measured) else { return Ok(None) };
        let changed = (decided, &new) != (id, header);
        let (first, id, target) = (id, decided, self.file(dir, decided));
        if changed {
            let room = header.room(first).map_err(|_| StoreError::HeaderTooLong(target.clone()))?;
            self.write_head(&mut temp, id, &filled(&new, &measured), room, &target)?;
            sync(&temp, &target)?;
        }
        let early = self.keep_early(&temp, dir, id, &measured, false);
        let there = self.place_durably(&mut temp, dir, id, &target, early, &mut |temp| {
            self.same(temp, id, &target, &measured).map(Some)
        })?;
        self.keep_file(dir, id, &measured, false);
        let already = there.is_some();
        let file = match there {
            Some(file) => file,
            None => {
                file_stamp(&temp.file).map_err(|e| StoreError::from_io("look at", &target, e))?
            }
        };
        Ok(Some(Created { measured, already, file }))
    }

    /// Writes another header in the room that was left for the first one.
    fn write_head(
        &self,
        temp: &mut Temp,
        id: RevisionId,
        header: &Header,
        room: usize,
        target: &Path,
    ) -> Result<(), StoreError> {
        let too_long = |_| StoreError::HeaderTooLong(target.to_owned());
        let head = header.print_padded(id, room).map_err(too_long)?;
        self.step(Op::Write, target)
            .and_then(|()| temp.file.seek(SeekFrom::Start(0)))
            .and_then(|_| temp.file.write_all(&head))
            .map_err(|e| self.write_error("write", target, e))
    }

    /// Writes header and content, and returns what the content came to.
    fn write_temp(
        &self,
        temp: &mut Temp,
        id: RevisionId,
        header: &Header,
        content: Body<'_>,
        target: &Path,
    ) -> Result<Measured, StoreError> {
        let failed = |e| self.write_error("write", target, e);
        let too_long = |_| StoreError::HeaderTooLong(target.to_owned());
        let mut put = |bytes: &[u8], at_start: bool| {
            self.step(Op::Write, target)?;
            if at_start {
                temp.file.seek(SeekFrom::Start(0))?;
            }
            temp.file.write_all(bytes)
        };
        match content {
            Body::Bytes(bytes) => {
                let mut digester = Digester::default();
                digester.update(bytes);
                let measured = digester.finish();
                let mut whole = filled(header, &measured).print(id).map_err(too_long)?;
                whole.extend_from_slice(bytes);
                put(&whole, true).map_err(failed)?;
                Ok(measured)
            }
            Body::Stream(reader) => {
                // The header comes first but is known last: leave room of the right size.
                let room = header.room(id).map_err(too_long)?;
                let print = |measured: &Measured| {
                    filled(header, measured).print_padded(id, room).map_err(too_long)
                };
                put(&print(&Digester::default().finish())?, true).map_err(failed)?;
                let mut digester = Digester::default();
                let mut piece = vec![0; PIECE];
                loop {
                    let read = read_some(reader, &mut piece).map_err(|source| {
                        let path = target.to_owned();
                        StoreError::Io { action: "receive the content of", path, source }
                    })?;
                    if read == 0 {
                        break;
                    }
                    digester.update(&piece[..read]);
                    put(&piece[..read], false).map_err(failed)?;
                }
                let measured = digester.finish();
                put(&print(&measured)?, true).map_err(failed)?;
                Ok(measured)
            }
        }
    }

    /// As [`FsStore::place`], and makes the name durable. Where that fails, what was kept early is
    /// forgotten.
    pub(super) fn place_durably(
        &self,
        temp: &mut Temp,
        dir: &DiskDir,
        id: RevisionId,
        target: &Path,
        early: Option<PathBuf>,
        same: &mut dyn FnMut(&Temp) -> Result<Option<FileStamp>, StoreError>,
    ) -> Result<Option<FileStamp>, StoreError> {
        let placed = self.place(temp, dir, id, target, same).and_then(|(folder, there)| {
            self.sync_folder(&folder)?;
            // Another saver's fsync failed meanwhile: ours may have succeeded on what that one
            // dropped.
            self.check_writable()?;
            Ok(there)
        });
        match placed {
            Ok(_) => {
                self.unsettled.lock().remove(target);
            }
            Err(_) => Self::unkeep(early),
        }
        placed
    }

    /// Gives a temporary file its final name in the document's directory. Returns the state of the
    /// file that has the name already, where it is the same revision.
    ///
    /// `same` compares with the file that has the name; it may move that one aside and say `None`.
    fn place(
        &self,
        temp: &mut Temp,
        dir: &DiskDir,
        id: RevisionId,
        target: &Path,
        same: &mut dyn FnMut(&Temp) -> Result<Option<FileStamp>, StoreError>,
    ) -> Result<(Folder, Option<FileStamp>), StoreError> {
        let mut first = true;
        loop {
            let folder = self.make_folder(dir)?;
            // Readers see what is there already, and shall go on seeing it.
            if fs::symlink_metadata(target).is_ok()
                && let Some(there) = same(temp)?
            {
                return Ok((folder, Some(there)));
            }
            self.check_writable()?;
            let ours = self.unsettled.lock().insert(target.to_owned());
            let Err(error) = self.publish(temp, &folder, id, target) else {
                return Ok((folder, None));
            };
            if ours {
                self.unsettled.lock().remove(target);
            }
            match error.kind() {
                // Another saver of the same revision was faster.
                io::ErrorKind::AlreadyExists => {}
                // Another program removed the directory after it was opened.
                io::ErrorKind::NotFound if first => {}
                _ => return Err(self.write_error("publish", target, error)),
            }
            if !std::mem::take(&mut first) {
                return Err(self.write_error("publish", target, error));
            }
        }
    }

    /// Renames a temporary file, refusing to replace what has that name.
    pub(super) fn publish(
        &self,
        temp: &mut Temp,
        folder: &Folder,
        id: RevisionId,
        target: &Path,
    ) -> io::Result<()> {
        let name = id.to_string();
        let (to, flags) = (&folder.file, RenameFlags::NOREPLACE);
        let renamed = self.step(Op::Publish, target).and_then(|()| {
            rustix::fs::renameat_with(CWD, &temp.path, to, &name, flags).map_err(Into::into)
        });
        match renamed {
            Ok(()) => {
                temp.renamed = true;
                Ok(())
            }
            // FUSE and network file systems know only link.
            Err(e) if knows_no_rename(&e) => {
                rustix::fs::linkat(CWD, &temp.path, to, &name, AtFlags::empty()).map_err(Into::into)
            }
            Err(e) => Err(e),
        }
    }

    /// The name is taken: the same revision is a success that must still be made durable.
    fn same(
        &self,
        temp: &Temp,
        id: RevisionId,
        target: &Path,
        written: &Measured,
    ) -> Result<FileStamp, StoreError> {
        let failed = |e| self.write_error("compare", target, e);
        let taken = || StoreError::Taken(target.to_owned());
        // A link, a pipe or a directory is not the same, whatever it leads to.
        if !fs::symlink_metadata(target).map_err(failed)?.is_file() {
            return Err(taken());
        }
        let there = load(target, id).map_err(failed)?;
        let (head, measured) = there.revision.map_err(|_| taken())?;
        let ours = load(&temp.path, id).map_err(failed)?;
        let (our_head, _) = ours.revision.map_err(|_| taken())?;
        // A retry is stamped later than the first attempt; what its author gave counts.
        if measured != *written || !same_header(head.header.as_ref(), our_head.header.as_ref()) {
            return Err(taken());
        }
        let file = open_regular(target).map_err(failed)?;
        self.fsync(target, Op::SyncFile, &file)
            .map_err(|e| StoreError::from_io("make durable", target, e))?;
        Ok(there.file)
    }
}

/// Returns a header that says what the content came to.
fn filled(header: &Header, measured: &Measured) -> Header {
    Header { length: Some(measured.length), digest: Some(measured.digest), ..header.clone() }
}

pub(super) fn read_some(reader: &mut dyn Read, piece: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(piece) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Returns true if a file system refused to rename without replacing as such.
fn knows_no_rename(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(errno, Some(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP))
}

/// Returns true if two headers say the same but for the date.
fn same_header(a: Option<&Header>, b: Option<&Header>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => {
            a.parents == b.parents
                && a.author == b.author
                && a.summary == b.summary
                && a.extra == b.extra
        }
        _ => false,
    }
}
