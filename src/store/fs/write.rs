//! Creating a revision: temporary file, fsync, publish without replacing, fsync of directories.
//!
//! The order of the steps is the promise of the project. A revision is acknowledged only after the
//! last of them; an error at any step leaves nothing that a reader could be shown, except that a
//! revision published before its directory could be synced stays, unacknowledged, and the store
//! turns read-only.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use rustix::fs::{AtFlags, CWD, RenameFlags};
use rustix::io::Errno;

use super::read::file_stamp;
use super::{FsStore, Op};
use crate::model::file::{ContentDigest, Digester, Header, Measured};
use crate::model::revision::RevisionId;
use crate::store::{Body, Created, DiskDir, StoreError};

/// How much of a streamed content is in memory at a time.
const PIECE: usize = 1 << 18;

/// A temporary file that removes itself unless it was published.
struct Temp {
    path: PathBuf,
    file: File,
}

impl Drop for Temp {
    fn drop(&mut self) {
        // Gone already where it was published by renaming.
        let _ = fs::remove_file(&self.path);
    }
}

impl FsStore {
    pub(super) fn create_revision(
        &self,
        dir: &DiskDir,
        id: RevisionId,
        header: &Header,
        content: Body<'_>,
    ) -> Result<Created, StoreError> {
        self.check_writable()?;
        self.check_reachable()?;
        let target = self.file(dir, id);
        let mut temp = self.make_temp(id)?;
        let written = self.write_temp(&mut temp, id, header, content, &target)?;
        self.fsync(&temp.path, Op::SyncFile, || temp.file.sync_all())?;
        self.make_directories(&self.dir(dir))?;
        let already = match self.publish(&temp.path, &target) {
            Ok(()) => false,
            // The directory was removed by another program since it was made.
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                self.check_reachable()?;
                self.make_directories(&self.dir(dir))?;
                match self.publish(&temp.path, &target) {
                    Ok(()) => false,
                    Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                        self.same(&temp, id, &target, &written)?
                    }
                    Err(e) => return Err(StoreError::from_io("publish", &target, e)),
                }
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                self.same(&temp, id, &target, &written)?
            }
            Err(e) => return Err(StoreError::from_io("publish", &target, e)),
        };
        self.sync_directories(&self.dir(dir))?;
        if !already {
            self.keep_file(dir, id, &written, false);
        }
        let file =
            file_stamp(&temp.file).map_err(|e| StoreError::from_io("look at", &target, e))?;
        Ok(Created { measured: written, already, file })
    }

    /// Refuses while the store is suspended.
    fn check_writable(&self) -> Result<(), StoreError> {
        match &*self.suspended.lock() {
            Some(reason) => Err(StoreError::Suspended(reason.clone())),
            None => Ok(()),
        }
    }

    fn make_temp(&self, id: RevisionId) -> Result<Temp, StoreError> {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let path = self.temp.join(format!("{id}.{}.{number}", std::process::id()));
        let attempt = || {
            self.step(Op::CreateTemp, &path)?;
            OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
                .open(&path)
        };
        let file = match attempt() {
            // `local/` may be deleted at any time.
            Err(e) if e.kind() == io::ErrorKind::NotFound => self
                .step(Op::MakeDir, &self.temp)
                .and_then(|()| fs::create_dir_all(&self.temp))
                .and_then(|()| attempt()),
            other => other,
        };
        let file = file.map_err(|e| StoreError::from_io("create", &path, e))?;
        Ok(Temp { path, file })
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
        let failed = |e| StoreError::from_io("write", target, e);
        let too_long = |_| StoreError::HeaderTooLong(target.to_owned());
        let mut header = header.clone();
        match content {
            Body::Bytes(bytes) => {
                let mut digester = Digester::default();
                digester.update(bytes);
                let measured = digester.finish();
                header.length = Some(measured.length);
                header.digest = Some(measured.digest);
                let mut whole = header.print(id).map_err(too_long)?;
                whole.extend_from_slice(bytes);
                self.step(Op::Write, target)
                    .and_then(|()| temp.file.write_all(&whole))
                    .map_err(failed)?;
                Ok(measured)
            }
            Body::Stream(reader) => {
                // The header comes first but is known last: leave room of the right size.
                header.length = Some(0);
                header.digest = Some(ContentDigest::of(b""));
                let room = header.print_padded(id).map_err(too_long)?;
                temp.file.write_all(&room).map_err(failed)?;
                let mut digester = Digester::default();
                let mut piece = vec![0; PIECE];
                loop {
                    let read = match reader.read(&mut piece) {
                        Ok(0) => break,
                        Ok(read) => read,
                        Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                        Err(e) => return Err(StoreError::from_io("receive", target, e)),
                    };
                    digester.update(&piece[..read]);
                    self.step(Op::Write, target)
                        .and_then(|()| temp.file.write_all(&piece[..read]))
                        .map_err(failed)?;
                }
                let measured = digester.finish();
                header.length = Some(measured.length);
                header.digest = Some(measured.digest);
                let printed = header.print_padded(id).map_err(too_long)?;
                temp.file.seek(SeekFrom::Start(0)).map_err(failed)?;
                temp.file.write_all(&printed).map_err(failed)?;
                Ok(measured)
            }
        }
    }

    /// Makes the directory and what is missing above it, below `pages/`, which is never made here:
    /// where it is gone, a disk may not be mounted.
    fn make_directories(&self, dir: &Path) -> Result<(), StoreError> {
        let make = |path: &Path| self.step(Op::MakeDir, path).and_then(|()| fs::create_dir(path));
        let failed = |e| StoreError::from_io("make the directory", dir, e);
        if dir.is_dir() {
            return Ok(());
        }
        let mut missing = vec![dir];
        let mut above = dir;
        while let Some(parent) = above.parent() {
            if parent == self.pages || parent.is_dir() {
                break;
            }
            missing.push(parent);
            above = parent;
        }
        for path in missing.into_iter().rev() {
            match make(path) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                    // A plain file, or a link, stands where the document's directory belongs.
                    return Err(StoreError::Io {
                        action: "make the directory",
                        path: path.to_owned(),
                        source: e,
                    });
                }
                other => other.map_err(failed)?,
            }
        }
        Ok(())
    }

    /// Gives a temporary file its final name, refusing to replace what has that name.
    fn publish(&self, temp: &Path, target: &Path) -> io::Result<()> {
        self.step(Op::Publish, target)?;
        match rustix::fs::renameat_with(CWD, temp, CWD, target, RenameFlags::NOREPLACE) {
            Ok(()) => Ok(()),
            // FUSE and network file systems know only link.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                rustix::fs::linkat(CWD, temp, CWD, target, AtFlags::empty()).map_err(Into::into)
            }
            Err(errno) => Err(errno.into()),
        }
    }

    /// The name is taken: the same bytes are a success that must still be made durable.
    fn same(
        &self,
        temp: &Temp,
        id: RevisionId,
        target: &Path,
        written: &Measured,
    ) -> Result<bool, StoreError> {
        let failed = |e| StoreError::from_io("compare", target, e);
        let there = File::open(target).map_err(failed)?;
        let same = match (super::read::load(target, id), super::read::load(&temp.path, id)) {
            (Ok(there), Ok(ours)) => match (there.revision, ours.revision) {
                // A retry is stamped later than the first attempt; what its author gave counts.
                (Ok((head, measured)), Ok((our_head, _))) => {
                    measured == *written
                        && same_header(head.header.as_ref(), our_head.header.as_ref())
                }
                _ => false,
            },
            _ => false,
        };
        if !same {
            return Err(StoreError::Taken(target.to_owned()));
        }
        self.fsync(target, Op::SyncFile, || there.sync_all())?;
        Ok(true)
    }

    /// Makes the directory's names durable, and the directory's own name where that is not known.
    fn sync_directories(&self, dir: &Path) -> Result<(), StoreError> {
        let opened = File::open(dir).map_err(|e| StoreError::from_io("open", dir, e))?;
        let inode = opened.metadata().map_err(|e| StoreError::from_io("look at", dir, e))?.ino();
        self.fsync(dir, Op::SyncDir, || self.directories.sync(dir, || opened.sync_all()))?;
        if dir == self.pages || self.durable.lock().get(dir) == Some(&inode) {
            return Ok(());
        }
        if let Some(parent) = dir.parent() {
            self.sync_directories(parent)?;
        }
        let mut durable = self.durable.lock();
        // A bound on memory; forgetting only costs one more fsync each.
        if durable.len() > 100_000 {
            durable.clear();
        }
        durable.insert(dir.to_owned(), inode);
        Ok(())
    }

    /// Runs an fsync; its failure ends the right to acknowledge anything until a restart, because
    /// the kernel may report the next one as a success with the data gone.
    fn fsync(
        &self,
        path: &Path,
        op: Op,
        sync: impl FnOnce() -> io::Result<()>,
    ) -> Result<(), StoreError> {
        self.step(op, path).and_then(|()| sync()).map_err(|e| {
            let reason = format!("making {} durable failed: {e}", path.display());
            tracing::error!(%reason, "the store is read-only until a restart");
            self.suspended.lock().get_or_insert(reason);
            StoreError::from_io("make durable", path, e)
        })
    }

    /// Removes temporary files that an earlier process left behind; live processes keep theirs.
    pub(super) fn sweep_temp(&self) {
        let Ok(entries) = fs::read_dir(&self.temp) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let owner = name.to_str().and_then(|n| n.rsplit('.').nth(1));
            let began = owner
                .and_then(|pid| fs::metadata(Path::new("/proc").join(pid)).ok())
                .and_then(|m| m.modified().ok());
            let written = entry.metadata().and_then(|m| m.modified()).ok();
            // A process younger than the file has only inherited the number.
            let alive =
                matches!((began, written), (Some(began), Some(written)) if began <= written);
            if !alive {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// Tells whether two headers say the same but for the date.
fn same_header(a: Option<&Header>, b: Option<&Header>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => {
            a.parents == b.parents && a.author == b.author && a.summary == b.summary
        }
        _ => false,
    }
}
