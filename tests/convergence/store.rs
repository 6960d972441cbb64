//! A store on the simulated disk: step for step what `src/store/fs` does on a real one.
//!
//! It passes the contract suite of the stores. Before each step that changes the disk it asks a
//! fuse, so that the process can be killed between any two of them, or the step refused. With a
//! [`Flaw`] it makes one mistake, of order or in what it writes, for showing that the simulation
//! finds it.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use everpage::model::file::{
    ContentDigest, Digester, HEAD_BYTES, Header, Measured, parse, parse_head,
};
use everpage::model::revision::RevisionId;
use everpage::store::watch::{Hint, Watch};
use everpage::store::{
    Before, Body, Content, Created, Decide, DiskDir, Entry, FileStamp, Finding, FindingKind, Known,
    LOADED_CONTENT, Listing, Loaded, Received, Scanned, Stamp, Store, StoreError,
};
use parking_lot::{Mutex, MutexGuard};

use crate::disk::{Disk, Refusal, Stat, parent, ways};

/// The suite that every store passes.
#[path = "../../src/store/contract/mod.rs"]
#[cfg(test)]
mod contract;

/// A mistake that a store could make, or that a wiki could make in what it gives the store to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// The bytes are not synced before the file gets its name.
    BytesNotSynced,
    /// The name is not synced before the save is acknowledged.
    NameNotSynced,
    /// The name of a new directory is not synced.
    FolderNotSynced,
    /// What a peer sends is acknowledged before it is durable.
    ReceivedNotSynced,
    /// What a killed process left half way is shown without being made durable first.
    NotSettled,
    /// A revision that yields keeps the nonce of its form, which may be above the winner's.
    YieldKeepsNonce,
    /// A merge names two of its parents, however many it has.
    MergeNamesTwo,
    /// The merge that a save makes itself does not name what was typed.
    SaveMergesWithoutTyped,
    /// The merge that a save makes itself has the winner's text.
    SaveMergesOnlyWinner,
}

/// What happens when a fuse has burnt down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blow {
    /// The process is gone.
    Kill,
    /// The step fails: the disk is full, or the medium is bad.
    Fail(i32),
}

/// The directory of all documents, on the disk.
pub const PAGES: &str = "pages";
const TEMP: &str = "local/tmp";
const KEPT: &str = "local/kept";
const DISPLACED: &str = "local/displaced";
const PIECE: usize = 1 << 10;

#[derive(Default)]
struct Process {
    fuse: Option<(usize, Blow)>,
    dead: bool,
    suspended: Option<String>,
    /// Published and not durable yet: shown to nobody.
    unsettled: HashSet<String>,
    /// Directories whose own names are known to be durable.
    durable: HashMap<String, u64>,
    counter: u64,
}

/// One process's store on a disk that outlives it.
pub struct SimStore {
    disk: Arc<Mutex<Disk>>,
    process: Mutex<Process>,
    flaw: Option<Flaw>,
}

/// Removes a temporary file unless it was published or the process was killed.
struct Temp<'a> {
    store: &'a SimStore,
    path: String,
}

impl Drop for Temp<'_> {
    fn drop(&mut self) {
        if !self.store.is_dead() {
            self.store.disk().remove(&self.path);
        }
    }
}

impl SimStore {
    /// Starts a process on a disk.
    pub fn open(disk: Arc<Mutex<Disk>>, flaw: Option<Flaw>) -> Self {
        {
            let mut disk = disk.lock();
            for dir in [PAGES, TEMP, KEPT, DISPLACED] {
                disk.make_dirs(dir);
            }
            if flaw != Some(Flaw::NotSettled) {
                disk.sync_all();
            }
            for name in disk.files(TEMP) {
                disk.remove(&format!("{TEMP}/{name}"));
            }
        }
        Self { disk, process: Mutex::default(), flaw }
    }

    pub fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock()
    }

    /// Lets the step after so many others blow.
    pub fn light_fuse(&self, steps: usize, blow: Blow) {
        self.process.lock().fuse = Some((steps, blow));
    }

    /// Puts the fuse out; tells whether it had blown.
    pub fn put_out_fuse(&self) -> bool {
        self.process.lock().fuse.take().is_none()
    }

    pub fn is_dead(&self) -> bool {
        self.process.lock().dead
    }

    pub fn kill(&self) {
        self.process.lock().dead = true;
    }

    /// Stands before each step that changes the disk.
    fn step(&self) -> io::Result<()> {
        let mut process = self.process.lock();
        if process.dead {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        match &mut process.fuse {
            None => Ok(()),
            Some((0, blow)) => {
                let blow = *blow;
                process.fuse = None;
                match blow {
                    Blow::Fail(errno) => Err(io::Error::from_raw_os_error(errno)),
                    Blow::Kill => {
                        process.dead = true;
                        Err(io::ErrorKind::BrokenPipe.into())
                    }
                }
            }
            Some((left, _)) => {
                *left -= 1;
                Ok(())
            }
        }
    }

    fn try_step(&self, action: &'static str, path: &str) -> Result<(), StoreError> {
        self.step().map_err(|e| StoreError::from_io(action, &PathBuf::from(path), e))
    }

    /// A step whose failure ends all writing until a restart.
    fn try_sync(&self, path: &str) -> Result<(), StoreError> {
        self.try_step("make durable", path).inspect_err(|error| {
            self.process.lock().suspended.get_or_insert(error.to_string());
        })
    }

    fn check_writable(&self) -> Result<(), StoreError> {
        match &self.process.lock().suspended {
            Some(reason) => Err(StoreError::Suspended(reason.clone())),
            None => Ok(()),
        }
    }

    fn check_alive(&self) -> Result<(), StoreError> {
        if self.is_dead() { Err(StoreError::Unavailable(PAGES.into())) } else { Ok(()) }
    }

    fn unique(&self) -> u64 {
        let mut process = self.process.lock();
        process.counter += 1;
        process.counter
    }

    fn make_temp(&self, id: RevisionId) -> Result<Temp<'_>, StoreError> {
        let path = format!("{TEMP}/{id}.{}", self.unique());
        self.try_step("create", &path)?;
        self.disk().create(&path).map_err(|r| refused("create", &path, r))?;
        Ok(Temp { store: self, path })
    }

    fn write_temp(
        &self,
        temp: &Temp<'_>,
        id: RevisionId,
        header: &Header,
        content: Body<'_>,
    ) -> Result<Measured, StoreError> {
        let too_long = |_| StoreError::HeaderTooLong(PathBuf::from(&temp.path));
        let put = |at: usize, bytes: &[u8]| {
            self.try_step("write", &temp.path)?;
            self.disk().write(&temp.path, at, bytes).map_err(|r| refused("write", &temp.path, r))
        };
        let mut header = header.clone();
        let mut digester = Digester::default();
        match content {
            Body::Bytes(bytes) => {
                digester.update(bytes);
                let measured = digester.finish();
                fill(&mut header, &measured);
                let mut whole = header.print(id).map_err(too_long)?;
                whole.extend_from_slice(bytes);
                put(0, &whole)?;
                Ok(measured)
            }
            Body::Stream(reader) => {
                let room = header.room(id).map_err(too_long)?;
                fill(&mut header, &Digester::default().finish());
                let head = header.print_padded(id, room).map_err(too_long)?;
                put(0, &head)?;
                let (mut at, mut piece) = (head.len(), vec![0; PIECE]);
                loop {
                    let read = match reader.read(&mut piece) {
                        Ok(0) => break,
                        Ok(read) => read,
                        Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                        Err(source) => {
                            let path = PathBuf::from(&temp.path);
                            return Err(StoreError::Io { action: "receive", path, source });
                        }
                    };
                    digester.update(&piece[..read]);
                    put(at, &piece[..read])?;
                    at += read;
                    // Tests of the contract stream megabytes.
                    piece.resize((piece.len() * 2).min(1 << 16), 0);
                }
                let measured = digester.finish();
                fill(&mut header, &measured);
                put(0, &header.print_padded(id, room).map_err(too_long)?)?;
                Ok(measured)
            }
        }
    }

    /// Makes the store's mistake in what is to be written, if that is what it gets wrong; returns
    /// another content, if that is the mistake.
    fn spoil<'a>(
        &self,
        dir: &DiskDir,
        id: RevisionId,
        header: &'a Header,
    ) -> (RevisionId, Cow<'a, Header>, Option<Vec<u8>>) {
        let (mut id, mut header, mut content) = (id, Cow::Borrowed(header), None);
        let many = header.parents.len() > 1;
        match (self.flaw, header.form) {
            (Some(Flaw::YieldKeepsNonce), Some(form)) if !many => {
                id = id.with_nonce(form);
                header.to_mut().form = None;
            }
            (Some(Flaw::MergeNamesTwo), _) => header.to_mut().parents.truncate(2),
            (Some(Flaw::SaveMergesWithoutTyped), Some(_)) if many => {
                header.to_mut().parents.pop();
            }
            (Some(Flaw::SaveMergesOnlyWinner), Some(_)) if many => {
                let winner = file(dir, header.parents[0]);
                let bytes = self.disk().read(&winner).unwrap_or_default();
                let head = parse_head(header.parents[0], &bytes[..bytes.len().min(HEAD_BYTES)]);
                let start = head.map_or(0, |head| head.content_start as usize);
                content = Some(bytes[start..].to_vec());
            }
            _ => {}
        }
        (id, header, content)
    }

    /// Makes a written file durable and gives it its name; returns the state of the file that had
    /// the name before, where `same` says that it is the same revision.
    fn finish(
        &self,
        temp: &Temp<'_>,
        dir: &DiskDir,
        id: RevisionId,
        (measured, bare, hasty): (&Measured, bool, bool),
        same: &mut dyn FnMut() -> Result<Option<Stat>, StoreError>,
    ) -> Result<Option<Stat>, StoreError> {
        let (folder, target) = (folder(dir), file(dir, id));
        if self.flaw != Some(Flaw::BytesNotSynced) && !hasty {
            self.try_sync(&target)?;
            self.disk().sync_file(&temp.path);
        }
        let there = self.place(temp, &folder, &target, same)?;
        if !hasty {
            self.sync_folder(&folder)?;
        }
        self.check_writable()?;
        self.process.lock().unsettled.remove(&target);
        self.keep(dir, id, measured, bare);
        // Between the last step and the answer.
        self.try_step("answer", &target)?;
        Ok(there)
    }

    /// Writes the bytes of a whole file, and verifies them.
    fn write_whole(
        &self,
        temp: &Temp<'_>,
        id: RevisionId,
        body: Body<'_>,
        target: &str,
    ) -> Result<(bool, Measured), StoreError> {
        let path = || PathBuf::from(target);
        let bytes = match body {
            Body::Bytes(bytes) => bytes.to_vec(),
            Body::Stream(reader) => {
                let mut bytes = Vec::new();
                reader.read_to_end(&mut bytes).map_err(|source| StoreError::Io {
                    action: "receive",
                    path: path(),
                    source,
                })?;
                bytes
            }
        };
        let (head, measured) =
            parse(id, &bytes).map_err(|damage| StoreError::NotWhole { path: path(), damage })?;
        self.try_step("write", &temp.path)?;
        self.disk().write(&temp.path, 0, &bytes).map_err(|r| refused("write", &temp.path, r))?;
        Ok((head.header.is_none(), measured))
    }

    /// Compares a received file with the one that has its name, which is set aside if it is damaged.
    fn clear_damaged(
        &self,
        temp: &Temp<'_>,
        id: RevisionId,
        target: &str,
    ) -> Result<Option<Stat>, StoreError> {
        let taken = || StoreError::Taken(PathBuf::from(target));
        let read = |path: &str| self.disk().read(path).ok_or_else(taken);
        let (there, ours) = (read(target)?, read(&temp.path)?);
        if there == ours {
            self.try_sync(target)?;
            self.disk().sync_file(target);
            return self.disk().stat(target).map(Some).ok_or_else(taken);
        }
        if parse(id, &there).is_ok() {
            return Err(taken());
        }
        self.set_aside(id, target)?;
        Ok(None)
    }

    /// Lets go of what was kept of a revision and is not whole any more; tells whether it did.
    fn forget_spoiled(&self, dir: &DiskDir, id: RevisionId, measured: &Measured) -> bool {
        let path = kept(dir, id, measured);
        let spoiled = |bytes: &[u8]| {
            !parse(id, bytes).is_ok_and(|(_, found)| found.digest == measured.digest)
        };
        let mut disk = self.disk();
        let forget = disk.read(&path).is_some_and(|bytes| spoiled(&bytes));
        if forget {
            disk.remove(&path);
        }
        forget
    }

    fn set_aside(&self, id: RevisionId, target: &str) -> Result<(), StoreError> {
        self.try_step("set aside", target)?;
        loop {
            // The names that a process before this one drew may be drawn again.
            let aside = format!("{DISPLACED}/{id}.{}", self.unique());
            match self.disk().rename_over_nothing(target, &aside) {
                Err(Refusal::Exists) => {}
                moved => return moved.map_err(|r| refused("set aside", target, r)),
            }
        }
    }

    fn make_folder(&self, folder: &str) -> Result<(), StoreError> {
        for way in ways(folder).skip(1) {
            if self.disk().has_dir(way) {
                continue;
            }
            self.try_step("make the directory", way)?;
            let made = self.disk().make_dir(way);
            match made {
                Err(Refusal::Exists) if self.disk().has_dir(way) => {}
                other => other.map_err(|r| refused("make the directory", way, r))?,
            }
        }
        Ok(())
    }

    /// Gives a temporary file its name, or finds the same revision there.
    fn place(
        &self,
        temp: &Temp<'_>,
        folder: &str,
        target: &str,
        same: &mut dyn FnMut() -> Result<Option<Stat>, StoreError>,
    ) -> Result<Option<Stat>, StoreError> {
        loop {
            self.make_folder(folder)?;
            let there = self.disk().stat(target).is_some();
            if there && let Some(stat) = same()? {
                return Ok(Some(stat));
            }
            self.check_writable()?;
            let ours = self.process.lock().unsettled.insert(target.to_owned());
            let published = self.try_step("publish", target).and_then(|()| {
                let renamed = self.disk().rename_over_nothing(&temp.path, target);
                match renamed {
                    Err(Refusal::Exists) => Ok(false),
                    other => other.map(|()| true).map_err(|r| refused("publish", target, r)),
                }
            });
            if !matches!(published, Ok(true)) && ours {
                self.process.lock().unsettled.remove(target);
            }
            if published? {
                return Ok(None);
            }
        }
    }

    fn same(&self, temp: &Temp<'_>, id: RevisionId, target: &str) -> Result<Stat, StoreError> {
        let taken = || StoreError::Taken(PathBuf::from(target));
        let read = |path: &str| {
            let bytes = self.disk().read(path).ok_or_else(taken)?;
            parse(id, &bytes).map_err(|_| taken())
        };
        let (there, there_measured) = read(target)?;
        let (ours, measured) = read(&temp.path)?;
        let undated = |header: Option<Header>| {
            header.map(|h| Header { date: None, length: None, digest: None, ..h })
        };
        if measured != there_measured
            || there.header.is_none()
            || undated(there.header) != undated(ours.header)
        {
            return Err(taken());
        }
        self.try_sync(target)?;
        self.disk().sync_file(target);
        self.disk().stat(target).ok_or_else(taken)
    }

    /// Makes the names on the way to a file durable.
    fn sync_folder(&self, folder: &str) -> Result<(), StoreError> {
        if self.flaw == Some(Flaw::NameNotSynced) {
            return Ok(());
        }
        self.try_sync(folder)?;
        self.disk().sync_dir(folder);
        let mut path = folder;
        while path != PAGES && self.flaw != Some(Flaw::FolderNotSynced) {
            let identity = self.disk().dir(path).map(|(ino, _)| ino);
            if self.process.lock().durable.get(path).copied() != identity {
                self.try_sync(parent(path))?;
                self.disk().sync_dir(parent(path));
                self.process.lock().durable.extend(identity.map(|ino| (path.to_owned(), ino)));
            }
            path = parent(path);
        }
        Ok(())
    }

    fn finish_created(
        &self,
        temp: &Temp<'_>,
        dir: &DiskDir,
        id: RevisionId,
        measured: Measured,
    ) -> Result<Created, StoreError> {
        let target = file(dir, id);
        let mut same = || self.same(temp, id, &target).map(Some);
        let there = self.finish(temp, dir, id, (&measured, false, false), &mut same)?;
        let file = self.stamp_of_file(&target, there)?;
        Ok(Created { measured, already: there.is_some(), file })
    }

    fn visit_all(&self, dirs: Vec<String>, visit: &mut dyn FnMut(Scanned)) {
        for path in dirs {
            let relative = &path[PAGES.len() + 1..];
            let listing = self.list_dir(relative, &|_| None);
            match DiskDir::parse(relative) {
                Ok(dir) if !listing.revisions.is_empty() => visit(Scanned::Directory(dir, listing)),
                _ => listing.findings.into_iter().for_each(|f| visit(Scanned::Finding(f))),
            }
        }
    }

    /// Lists a directory; `known` tells the state of files that need no look.
    fn list_dir(&self, relative: &str, known: &Known<'_>) -> Listing {
        let dir = format!("{PAGES}/{relative}");
        let disk = self.disk();
        let Some((identity, changed)) = disk.dir(&dir) else { return Listing::default() };
        let stamp = Stamp { modified: (changed as i64, 0), identity, recent: false };
        let mut listing = Listing { stamp: Some(stamp), ..Listing::default() };
        let process = self.process.lock();
        for name in disk.files(&dir) {
            let path = format!("{dir}/{name}");
            let (Ok(id), Some(stat)) = (name.parse::<RevisionId>(), disk.stat(&path)) else {
                let shown = format!("{relative}/{name}");
                listing.findings.push(Finding::new(shown, FindingKind::Foreign, "ignored"));
                continue;
            };
            if process.unsettled.contains(&path) {
                listing.stamp = Some(Stamp { recent: true, ..stamp });
                continue;
            }
            let file =
                known(id).filter(|f| f.identity == stat.ino).unwrap_or_else(|| stamp_of(stat));
            listing.revisions.push(Entry { id, file });
        }
        listing.revisions.sort_unstable_by_key(|entry| entry.id);
        listing
    }

    fn readable(&self, dir: &DiskDir, id: RevisionId) -> Result<(Stat, Arc<Vec<u8>>), StoreError> {
        self.check_alive()?;
        let path = file(dir, id);
        let disk = self.disk();
        let found = disk.stat(&path).zip(disk.read(&path));
        found
            .filter(|_| !self.process.lock().unsettled.contains(&path))
            .ok_or_else(|| StoreError::NotFound(path.into()))
    }

    fn stamp_of_file(&self, target: &str, there: Option<Stat>) -> Result<FileStamp, StoreError> {
        let stat = there.or_else(|| self.disk().stat(target));
        stat.map(stamp_of).ok_or_else(|| StoreError::NotFound(target.into()))
    }

    fn heal_one(&self, dir: &DiskDir, kept: &str) -> Result<Option<Finding>, StoreError> {
        let from = format!("{KEPT}/{}/{kept}", dir.as_str());
        let Some((id, digest)) = kept.rsplit_once('.') else { return Ok(None) };
        let (Ok(id), Some(digest)) = (id.parse(), ContentDigest::from_hex(digest)) else {
            return Ok(None);
        };
        let whole = |path: &str| {
            let (head, measured) = parse(id, &self.disk().read(path)?).ok()?;
            Some((head.header.is_none(), measured.digest))
        };
        let target = file(dir, id);
        let there = self.disk().stat(&target);
        let accepted = self.disk().stat(&from);
        let left = there.is_some_and(|stat| {
            Some(stat.ino) == accepted.map(|a| a.ino)
                || whole(&target).is_some_and(|(bare, found)| bare || found == digest)
        });
        if left || whole(&from).is_none_or(|(_, found)| found != digest) {
            return Ok(None);
        }
        if there.is_some() {
            self.set_aside(id, &target)?;
        }
        let folder = folder(dir);
        self.make_folder(&folder)?;
        self.try_sync(&target)?;
        self.disk().sync_file(&from);
        self.try_step("put back", &target)?;
        self.disk().link(&from, &target).map_err(|r| refused("put back", &target, r))?;
        self.sync_folder(&folder)?;
        let shown = format!("{}/{id}", dir.as_str());
        Ok(Some(Finding::new(shown, FindingKind::Restored, "put back")))
    }
}

fn fill(header: &mut Header, measured: &Measured) {
    header.length = Some(measured.length);
    header.digest = Some(measured.digest);
}

fn refused(action: &'static str, path: &str, refusal: Refusal) -> StoreError {
    let kind = match refusal {
        Refusal::Exists => io::ErrorKind::AlreadyExists,
        Refusal::Missing => io::ErrorKind::NotFound,
    };
    StoreError::Io { action, path: path.into(), source: kind.into() }
}

fn stamp_of(stat: Stat) -> FileStamp {
    FileStamp { size: stat.size, modified: (stat.modified as i64, 0), identity: stat.ino }
}

fn folder(dir: &DiskDir) -> String {
    format!("{PAGES}/{}", dir.as_str())
}

/// Where a revision is kept, so that it can be put back.
fn kept(dir: &DiskDir, id: RevisionId, measured: &Measured) -> String {
    format!("{KEPT}/{}/{id}.{}", dir.as_str(), measured.digest.to_hex())
}

fn file(dir: &DiskDir, id: RevisionId) -> String {
    format!("{PAGES}/{}/{id}", dir.as_str())
}

impl Store for SimStore {
    fn scan(&self, visit: &mut dyn FnMut(Scanned)) -> Result<(), StoreError> {
        self.check_alive()?;
        let dirs = self.disk().dirs_below(PAGES);
        self.visit_all(dirs, visit);
        let kept = self.disk().dirs_below(KEPT);
        for path in kept {
            let relative = &path[KEPT.len() + 1..];
            let Ok(dir) = DiskDir::parse(relative) else { continue };
            if self.disk().has_dir(&folder(&dir)) || self.disk().files(&path).is_empty() {
                continue;
            }
            self.heal(&dir)?.into_iter().for_each(|f| visit(Scanned::Finding(f)));
            let listing = self.list_dir(relative, &|_| None);
            if !listing.revisions.is_empty() {
                visit(Scanned::Directory(dir, listing));
            }
        }
        Ok(())
    }

    fn scan_below(&self, dir: &DiskDir, visit: &mut dyn FnMut(Scanned)) -> Result<(), StoreError> {
        self.check_alive()?;
        let top = folder(dir);
        if self.disk().has_dir(&top) {
            let mut dirs = self.disk().dirs_below(&top);
            dirs.push(top);
            self.visit_all(dirs, visit);
        }
        Ok(())
    }

    fn list(&self, dir: &DiskDir) -> Result<Listing, StoreError> {
        self.list_since(dir, &|_| None)
    }

    fn list_since(&self, dir: &DiskDir, known: &Known<'_>) -> Result<Listing, StoreError> {
        self.check_alive()?;
        Ok(self.list_dir(dir.as_str(), known))
    }

    fn stamp(&self, dir: &DiskDir) -> Result<Option<Stamp>, StoreError> {
        self.check_alive()?;
        let found = self.disk().dir(&folder(dir));
        Ok(found.map(|(identity, changed)| Stamp {
            modified: (changed as i64, 0),
            identity,
            recent: false,
        }))
    }

    fn load(&self, dir: &DiskDir, id: RevisionId) -> Result<Loaded, StoreError> {
        let (stat, bytes) = self.readable(dir, id)?;
        let revision = parse(id, &bytes);
        let content = match &revision {
            Ok((head, measured)) if measured.length <= LOADED_CONTENT => {
                Some(bytes[head.content_start as usize..].to_vec())
            }
            _ => None,
        };
        Ok(Loaded { file: stamp_of(stat), revision, content })
    }

    fn open(&self, dir: &DiskDir, id: RevisionId) -> Result<Content, StoreError> {
        let (_, bytes) = self.readable(dir, id)?;
        let head = parse_head(id, &bytes[..bytes.len().min(HEAD_BYTES)])
            .map_err(|damage| StoreError::Damaged { path: file(dir, id).into(), damage })?;
        let length = bytes.len() as u64 - head.content_start;
        let mut reader = Cursor::new(bytes.to_vec());
        reader
            .seek(SeekFrom::Start(head.content_start))
            .map_err(|e| StoreError::from_io("open", &PathBuf::from(file(dir, id)), e))?;
        Ok(Content { reader: Box::new(reader), start: head.content_start, length })
    }

    fn create(
        &self,
        dir: &DiskDir,
        id: RevisionId,
        header: &Header,
        content: Body<'_>,
    ) -> Result<Created, StoreError> {
        self.check_alive()?;
        self.check_writable()?;
        let (id, header, other) = self.spoil(dir, id, header);
        let header = &*header;
        let content = match (&other, content) {
            (Some(other), _) => Body::Bytes(other),
            (None, Body::Bytes(bytes)) => Body::Bytes(bytes),
            (None, Body::Stream(reader)) => Body::Stream(reader),
        };
        let temp = self.make_temp(id)?;
        let measured = self.write_temp(&temp, id, header, content)?;
        self.finish_created(&temp, dir, id, measured)
    }

    fn create_streamed(
        &self,
        dir: &DiskDir,
        id: RevisionId,
        header: &Header,
        content: &mut dyn Read,
        decide: &mut Decide<'_>,
    ) -> Result<Option<Created>, StoreError> {
        self.check_alive()?;
        self.check_writable()?;
        let temp = self.make_temp(id)?;
        let measured = self.write_temp(&temp, id, header, Body::Stream(content))?;
        if self.flaw != Some(Flaw::BytesNotSynced) {
            self.try_sync(&temp.path)?;
            self.disk().sync_file(&temp.path);
        }
        let Some((decided, new)) = decide(&measured) else { return Ok(None) };
        let (decided, new, _) = self.spoil(dir, decided, &new);
        if (decided, &*new) != (id, header) {
            let too_long = |_| StoreError::HeaderTooLong(PathBuf::from(&temp.path));
            let room = header.room(id).map_err(too_long)?;
            let mut new = new.into_owned();
            fill(&mut new, &measured);
            let head = new.print_padded(decided, room).map_err(too_long)?;
            self.try_step("write", &temp.path)?;
            let written = self.disk().write(&temp.path, 0, &head);
            written.map_err(|r| refused("write", &temp.path, r))?;
        }
        self.finish_created(&temp, dir, decided, measured).map(Some)
    }

    fn receive(
        &self,
        dir: &DiskDir,
        id: RevisionId,
        body: Body<'_>,
    ) -> Result<Received, StoreError> {
        self.check_alive()?;
        self.check_writable()?;
        let target = file(dir, id);
        let temp = self.make_temp(id)?;
        let (bare, measured) = self.write_whole(&temp, id, body, &target)?;
        let mut before = Before::Nothing;
        let mut same = || {
            let there = self.clear_damaged(&temp, id, &target)?;
            if there.is_some() {
                before = Before::Same;
            } else {
                self.forget_spoiled(dir, id, &measured);
                before = Before::Damaged;
            }
            Ok(there)
        };
        let hasty = self.flaw == Some(Flaw::ReceivedNotSynced);
        let there = self.finish(&temp, dir, id, (&measured, bare, hasty), &mut same)?;
        let file = self.stamp_of_file(&target, there)?;
        Ok(Received { measured, bare, before, file })
    }

    fn heal(&self, dir: &DiskDir) -> Result<Vec<Finding>, StoreError> {
        self.check_alive()?;
        let mut findings = Vec::new();
        if self.check_writable().is_ok() {
            let kept = self.disk().files(&format!("{KEPT}/{}", dir.as_str()));
            for name in kept {
                findings.extend(self.heal_one(dir, &name)?);
            }
        }
        Ok(findings)
    }

    /// The name is not made durable, as on a real disk: the revision's own is.
    fn keep(&self, dir: &DiskDir, id: RevisionId, measured: &Measured, bare: bool) {
        if self.is_dead() {
            return;
        }
        let path = kept(dir, id, measured);
        let there = self.disk().stat(&path);
        if let Some(there) = there {
            let same = self.disk().stat(&file(dir, id)).is_some_and(|stat| stat.ino == there.ino);
            if bare || same || !self.forget_spoiled(dir, id, measured) {
                return;
            }
        }
        let mut disk = self.disk();
        disk.make_dirs(parent(&path));
        match disk.read(&file(dir, id)).filter(|_| bare) {
            Some(bytes) => {
                let _ = disk.drop_file(&path, &bytes);
                disk.sync_file(&path);
            }
            None => drop(disk.link(&file(dir, id), &path)),
        }
    }

    fn read_only(&self) -> Option<String> {
        self.process.lock().suspended.clone()
    }

    fn watch(&self, _: Sender<Hint>) -> Result<Option<Watch>, StoreError> {
        Ok(None)
    }

    fn identity(&self) -> Option<u64> {
        self.disk().dir(PAGES).map(|(ino, _)| ino)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_simulated_store_keeps_the_contract() {
        contract::contract(|| {
            let disk = Arc::new(Mutex::new(Disk::default()));
            (Box::new(SimStore::open(disk, None)) as Box<dyn Store>, ())
        });
    }
}
