//! A file system in memory, as strict as the standards allow.
//!
//! Each file has the bytes that processes see and those that are on stable storage; each directory
//! has names that processes see and names that are on stable storage. Only an fsync carries the one
//! to the other: of a file its bytes, of a directory its names. What a power loss leaves of the
//! rest is any of what the standards allow, chosen by a seed: for every name by itself the old or
//! the new, for every file the old bytes, the new ones, a part of them, or zeros in their place.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::rng::Rng;

type Ino = u64;
/// Paths, `/`-separated, from the data directory on.
type Names = BTreeMap<String, Ino>;

#[derive(Clone)]
struct Inode {
    seen: Arc<Vec<u8>>,
    synced: Arc<Vec<u8>>,
    modified: u64,
}

/// The file system of one machine. It outlives the processes that use it.
#[derive(Clone, Default)]
pub struct Disk {
    inodes: BTreeMap<Ino, Inode>,
    names: Names,
    names_synced: Names,
    dirs: Names,
    dirs_synced: Names,
    /// When a name last came to or went from a directory.
    changed: BTreeMap<String, u64>,
    ticks: u64,
}

/// What is known of a file without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    pub ino: Ino,
    pub size: u64,
    pub modified: u64,
}

/// A name is taken, or something on the way to it is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    Exists,
    Missing,
}

pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// Returns every directory on the way to a path, the outermost first, the path itself last.
pub fn ways(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at]).chain([path])
}

fn inside<'a>(names: &'a Names, dir: &'a str) -> impl Iterator<Item = (&'a str, Ino)> {
    let from = format!("{dir}/");
    let length = from.len();
    names
        .range(from.clone()..)
        .take_while(move |(path, _)| path.starts_with(&from))
        .map(move |(path, ino)| (&path[length..], *ino))
        .filter(|(name, _)| !name.contains('/'))
}

impl Disk {
    fn tick(&mut self) -> u64 {
        self.ticks += 1;
        self.ticks
    }

    fn touch(&mut self, dir: &str) {
        let now = self.tick();
        self.changed.insert(dir.to_owned(), now);
    }

    pub fn has_dir(&self, path: &str) -> bool {
        path.is_empty() || self.dirs.contains_key(path)
    }

    /// Which directory it is, and when it last changed.
    pub fn dir(&self, path: &str) -> Option<(Ino, u64)> {
        Some((*self.dirs.get(path)?, self.changed.get(path).copied().unwrap_or(0)))
    }

    pub fn make_dir(&mut self, path: &str) -> Result<(), Refusal> {
        if self.dirs.contains_key(path) || self.names.contains_key(path) {
            return Err(Refusal::Exists);
        }
        if !self.has_dir(parent(path)) {
            return Err(Refusal::Missing);
        }
        let ino = self.tick();
        self.dirs.insert(path.to_owned(), ino);
        self.touch(parent(path));
        self.touch(path);
        Ok(())
    }

    /// Makes a directory and what is missing above it, as another program would.
    pub fn make_dirs(&mut self, path: &str) {
        for way in ways(path) {
            let _ = self.make_dir(way);
        }
    }

    pub fn create(&mut self, path: &str) -> Result<(), Refusal> {
        if self.names.contains_key(path) {
            return Err(Refusal::Exists);
        }
        if !self.has_dir(parent(path)) {
            return Err(Refusal::Missing);
        }
        let ino = self.tick();
        let empty = Arc::new(Vec::new());
        let inode = Inode { seen: Arc::clone(&empty), synced: empty, modified: ino };
        self.inodes.insert(ino, inode);
        self.names.insert(path.to_owned(), ino);
        self.touch(parent(path));
        Ok(())
    }

    /// Writes at a position, as `pwrite` does.
    pub fn write(&mut self, path: &str, at: usize, bytes: &[u8]) -> Result<(), Refusal> {
        let now = self.tick();
        let ino = self.names.get(path).ok_or(Refusal::Missing)?;
        let inode = self.inodes.get_mut(ino).ok_or(Refusal::Missing)?;
        let seen = Arc::make_mut(&mut inode.seen);
        if seen.len() < at + bytes.len() {
            seen.resize(at + bytes.len(), 0);
        }
        seen[at..at + bytes.len()].copy_from_slice(bytes);
        inode.modified = now;
        Ok(())
    }

    pub fn read(&self, path: &str) -> Option<Arc<Vec<u8>>> {
        Some(Arc::clone(&self.inodes.get(self.names.get(path)?)?.seen))
    }

    pub fn stat(&self, path: &str) -> Option<Stat> {
        let ino = *self.names.get(path)?;
        let inode = self.inodes.get(&ino)?;
        Some(Stat { ino, size: inode.seen.len() as u64, modified: inode.modified })
    }

    /// The names of files directly in a directory.
    pub fn files(&self, dir: &str) -> Vec<String> {
        inside(&self.names, dir).map(|(name, _)| name.to_owned()).collect()
    }

    /// All directories below one.
    pub fn dirs_below(&self, dir: &str) -> Vec<String> {
        let from = format!("{dir}/");
        self.dirs
            .range(from.clone()..)
            .take_while(|(path, _)| path.starts_with(&from))
            .map(|(path, _)| path.clone())
            .collect()
    }

    /// Gives a file a second name, over nothing.
    pub fn link(&mut self, from: &str, to: &str) -> Result<(), Refusal> {
        let ino = *self.names.get(from).ok_or(Refusal::Missing)?;
        if self.names.contains_key(to) || self.dirs.contains_key(to) {
            return Err(Refusal::Exists);
        }
        if !self.has_dir(parent(to)) {
            return Err(Refusal::Missing);
        }
        self.names.insert(to.to_owned(), ino);
        self.touch(parent(to));
        Ok(())
    }

    pub fn rename_over_nothing(&mut self, from: &str, to: &str) -> Result<(), Refusal> {
        self.link(from, to)?;
        self.remove(from);
        Ok(())
    }

    /// Renames as sync tools do, over whatever is there.
    pub fn rename_over(&mut self, from: &str, to: &str) {
        self.remove(to);
        let _ = self.rename_over_nothing(from, to);
    }

    pub fn remove(&mut self, path: &str) {
        if self.names.remove(path).is_some() {
            self.touch(parent(path));
        }
    }

    /// Puts a file there in one go, as another program would; nothing is durable yet.
    pub fn drop_file(&mut self, path: &str, bytes: &[u8]) -> Result<(), Refusal> {
        self.make_dirs(parent(path));
        self.create(path)?;
        self.write(path, 0, bytes)
    }

    pub fn sync_file(&mut self, path: &str) {
        if let Some(inode) = self.names.get(path).and_then(|ino| self.inodes.get_mut(ino)) {
            inode.synced = Arc::clone(&inode.seen);
        }
    }

    /// Makes the names directly in a directory durable: those that came, and that others went.
    pub fn sync_dir(&mut self, dir: &str) {
        for (seen, synced) in
            [(&self.names, &mut self.names_synced), (&self.dirs, &mut self.dirs_synced)]
        {
            let gone: Vec<String> = inside(synced, dir)
                .filter(|(name, _)| !seen.contains_key(&format!("{dir}/{name}")))
                .map(|(name, _)| format!("{dir}/{name}"))
                .collect();
            synced.retain(|path, _| !gone.contains(path));
            for (name, ino) in inside(seen, dir) {
                synced.insert(format!("{dir}/{name}"), ino);
            }
        }
    }

    /// Makes everything durable, as `syncfs` does.
    pub fn sync_all(&mut self) {
        self.names_synced = self.names.clone();
        self.dirs_synced = self.dirs.clone();
        for inode in self.inodes.values_mut() {
            inode.synced = Arc::clone(&inode.seen);
        }
    }

    /// Takes the power away and gives it back.
    pub fn lose_power(&mut self, rng: &mut Rng) {
        let dirs = survivors(&self.dirs, &self.dirs_synced, rng);
        self.dirs = dirs
            .iter()
            .filter(|(path, _)| ways(path).all(|way| dirs.contains_key(way)))
            .map(|(path, ino)| (path.clone(), *ino))
            .collect();
        let mut names = survivors(&self.names, &self.names_synced, rng);
        names.retain(|path, _| self.has_dir(parent(path)));
        self.names = names;
        let mut inodes = BTreeMap::new();
        for ino in self.names.values() {
            if let (Some(inode), false) = (self.inodes.get(ino), inodes.contains_key(ino)) {
                inodes.insert(*ino, what_is_left(inode, rng));
            }
        }
        self.inodes = inodes;
        self.names_synced = self.names.clone();
        self.dirs_synced = self.dirs.clone();
    }
}

/// Every name that is as it was on stable storage stays; of the others each may or may not.
fn survivors(seen: &Names, synced: &Names, rng: &mut Rng) -> Names {
    let mut left = Names::new();
    let paths: std::collections::BTreeSet<&String> = seen.keys().chain(synced.keys()).collect();
    for path in paths {
        let (new, old) = (seen.get(path), synced.get(path));
        let kept = if new == old || rng.chance(50) { new } else { old };
        if let Some(ino) = kept {
            left.insert(path.clone(), *ino);
        }
    }
    left
}

/// Bytes that were not synced may be there, be missing, be torn, or be zeros.
fn what_is_left(inode: &Inode, rng: &mut Rng) -> Inode {
    let (new, old) = (&inode.seen, &inode.synced);
    let bytes = if new == old {
        Arc::clone(old)
    } else {
        match rng.below(5) {
            0 => Arc::clone(new),
            1 => Arc::clone(old),
            2 => Arc::new(new[..rng.below(new.len() + 1)].to_vec()),
            3 => Arc::new(vec![0; new.len()]),
            _ => {
                let torn = rng.below(new.len() + 1);
                let mut bytes = new[..torn].to_vec();
                bytes.resize(new.len(), 0);
                Arc::new(bytes)
            }
        }
    };
    Inode { seen: Arc::clone(&bytes), synced: bytes, modified: inode.modified }
}
