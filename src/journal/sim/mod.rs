//! A disk in memory that fails on demand and loses what was not synced.
//!
//! It is harsher than a real one: unsynced pages survive a crash independently of each other and in any order,
//! the pages of the last write may be torn at any byte, unsynced changes of a directory survive independently too,
//! and a failed sync leaves pages that look written and may not be. Everything follows from seeds.

mod random;
mod tree;

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

#[cfg(test)]
pub(super) use random::Random;

use self::tree::{Id, Tree};
use super::disk::{Disk, File};

/// How an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The disk reports an error; nothing is written, or it is unknown what was synced.
    Eio,
    /// There is no space; nothing is written.
    Enospc,
    /// Half of the write arrives. A sync fails as with [`Fault::Eio`].
    ShortWrite,
    /// The machine stops here: a write may or may not have happened, and everything after it fails too.
    Halt,
}

/// The properties of a simulated disk.
#[derive(Debug, Clone, Copy)]
pub struct Faults {
    /// The size of a page: what is written or lost as a whole, unless torn.
    pub page: usize,
    /// How many bytes fit, if there is a limit.
    pub capacity: Option<u64>,
}

impl Default for Faults {
    fn default() -> Self {
        Self { page: 512, capacity: None }
    }
}

/// A simulated disk. A clone is another handle to the same disk; [`SimDisk::fork`] makes an independent one.
#[derive(Debug, Clone, Default)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    tree: Tree,
    capacity: Option<u64>,
    operations: u64,
    planned: BTreeMap<u64, Fault>,
    is_halted: bool,
}

impl Default for State {
    fn default() -> Self {
        Self::new(Faults::default())
    }
}

impl State {
    fn new(faults: Faults) -> Self {
        Self {
            tree: Tree::new(faults.page),
            capacity: faults.capacity,
            operations: 0,
            planned: BTreeMap::new(),
            is_halted: false,
        }
    }

    fn alive(&self) -> io::Result<()> {
        if self.is_halted { Err(eio()) } else { Ok(()) }
    }

    /// Counts a write or sync and returns how it fails.
    fn operation(&mut self) -> io::Result<Option<Fault>> {
        self.alive()?;
        let fault = self.planned.get(&self.operations).copied();
        self.operations += 1;
        self.is_halted = fault == Some(Fault::Halt);
        Ok(fault)
    }

    fn write(&mut self, id: Id, bytes: &[u8], offset: u64) -> io::Result<()> {
        let fault = self.operation()?;
        let size = self.tree.size(id)?;
        let growth = (offset + bytes.len() as u64).saturating_sub(size);
        if self.capacity.is_some_and(|capacity| growth > 0 && self.tree.used() + growth > capacity) {
            return Err(enospc());
        }
        match fault {
            None => self.tree.write(id, bytes, offset),
            Some(Fault::Eio) => Err(eio()),
            Some(Fault::Enospc) => Err(enospc()),
            Some(Fault::ShortWrite) => {
                self.tree.write(id, &bytes[..bytes.len() / 2], offset)?;
                Err(io::ErrorKind::WriteZero.into())
            }
            Some(Fault::Halt) => {
                self.tree.write(id, bytes, offset)?;
                Err(eio())
            }
        }
    }

    fn sync(&mut self, id: Id) -> io::Result<()> {
        match self.operation()? {
            None => self.tree.sync(id),
            Some(Fault::Halt) => Err(eio()),
            Some(_) => {
                self.tree.fail_sync(id)?;
                Err(eio())
            }
        }
    }
}

fn eio() -> io::Error {
    io::Error::from_raw_os_error(5)
}

fn enospc() -> io::Error {
    io::Error::from_raw_os_error(28)
}

impl SimDisk {
    /// Creates an empty disk.
    pub fn new(faults: Faults) -> Self {
        Self { state: Arc::new(Mutex::new(State::new(faults))) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with(&self, tree: Tree) -> Self {
        let state = State { tree, capacity: self.lock().capacity, ..State::default() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Returns an independent disk with the same content, synced and not: the process restarted, the machine did not.
    /// No fault is planned on it.
    #[must_use]
    pub fn fork(&self) -> Self {
        let tree = self.lock().tree.clone();
        self.with(tree)
    }

    /// Returns the disk as it is after the power fails now; this disk continues as if nothing had happened.
    #[must_use]
    pub fn crash(&self, seed: u64) -> Self {
        let mut tree = self.lock().tree.clone();
        tree.crash(&mut random::Random::new(seed));
        self.with(tree)
    }

    /// Lets the write or sync with this number fail; [`SimDisk::operations`] counts them from 0.
    pub fn fail_at(&self, operation: u64, fault: Fault) {
        self.lock().planned.insert(operation, fault);
    }

    /// Returns how many writes and syncs there were.
    pub fn operations(&self) -> u64 {
        self.lock().operations
    }

    /// Limits the bytes that fit, or lifts the limit.
    pub fn set_capacity(&self, capacity: Option<u64>) {
        self.lock().capacity = capacity;
    }

    /// Flips one bit of a file, as rot does: on disk, unnoticed.
    ///
    /// # Errors
    /// There is no such file or byte.
    pub fn flip_bit(&self, path: &str, byte: u64, bit: u8) -> io::Result<()> {
        let mut state = self.lock();
        let id = state.tree.find(path)?;
        state.tree.flip(id, byte, bit)
    }
}

impl Disk for SimDisk {
    fn create(&self, path: &str) -> io::Result<Box<dyn File>> {
        let mut state = self.lock();
        state.alive()?;
        let id = state.tree.make(path, false)?;
        Ok(Box::new(SimFile { state: Arc::clone(&self.state), id }))
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn File>> {
        let mut state = self.lock();
        state.alive()?;
        let id = state.tree.find(path)?;
        state.tree.size(id)?;
        Ok(Box::new(SimFile { state: Arc::clone(&self.state), id }))
    }

    fn list(&self, directory: &str) -> io::Result<Vec<String>> {
        match self.lock().tree.names(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            names => names,
        }
    }

    fn make_dir(&self, path: &str) -> io::Result<()> {
        let mut state = self.lock();
        state.alive()?;
        match state.tree.make(path, true) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            made => made.map(|_| ()),
        }
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.lock();
        state.alive()?;
        state.tree.rename(from, to)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let mut state = self.lock();
        state.alive()?;
        state.tree.remove(path, false)
    }

    fn remove_dir(&self, path: &str) -> io::Result<()> {
        let mut state = self.lock();
        state.alive()?;
        state.tree.remove(path, true)
    }

    fn sync_dir(&self, directory: &str) -> io::Result<()> {
        let mut state = self.lock();
        match state.operation()? {
            None => state.tree.sync_directory(directory),
            Some(_) => Err(eio()),
        }
    }
}

#[derive(Debug)]
struct SimFile {
    state: Arc<Mutex<State>>,
    id: Id,
}

impl SimFile {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl File for SimFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.lock().tree.read(self.id, buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.lock().write(self.id, bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.lock().sync(self.id)
    }

    fn size(&self) -> io::Result<u64> {
        self.lock().tree.size(self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(disk: &SimDisk, path: &str) -> Option<Vec<u8>> {
        disk.open(path).ok().map(|file| file.read_all().unwrap())
    }

    #[test]
    fn what_was_synced_survives_and_what_was_not_may_not() {
        let disk = SimDisk::default();
        let file = disk.create("a").unwrap();
        file.write_at(&[1; 2000], 0).unwrap();
        file.sync_data().unwrap();
        let named: Vec<bool> = (0..32).map(|seed| content(&disk.crash(seed), "a").is_some()).collect();
        assert!(named.contains(&true) && named.contains(&false), "a name is safe only with its directory");
        disk.sync_dir("").unwrap();
        file.write_at(&[2; 1500], 300).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..64 {
            let left = content(&disk.crash(seed), "a").unwrap();
            assert_eq!((left.len(), &left[..300], &left[1800..]), (2000, &[1; 300][..], &[1; 200][..]));
            seen.insert(left);
        }
        assert!(seen.len() > 8, "pages survive independently: {}", seen.len());
        assert_eq!(content(&disk.crash(7), "a"), content(&disk.crash(7), "a"));
        assert_eq!(content(&disk.fork(), "a"), content(&disk, "a"));
    }

    #[test]
    fn a_failed_sync_leaves_pages_only_a_rewrite_can_save() {
        let disk = SimDisk::default();
        let file = disk.create("a").unwrap();
        disk.sync_dir("").unwrap();
        file.write_at(&[1; 4096], 0).unwrap();
        disk.fail_at(disk.operations(), Fault::Eio);
        assert!(file.sync_data().is_err());
        file.sync_data().unwrap();
        assert_eq!(content(&disk, "a").unwrap(), [1; 4096]);
        assert!((0..32).any(|seed| content(&disk.crash(seed), "a").unwrap() != [1; 4096]));
        file.write_at(&[1; 4096], 0).unwrap();
        file.sync_data().unwrap();
        assert!((0..32).all(|seed| content(&disk.crash(seed), "a").unwrap() == [1; 4096]));
    }

    #[test]
    fn faults_come_when_planned_and_space_runs_out() {
        let disk = SimDisk::new(Faults { page: 4096, capacity: Some(10_000) });
        let file = disk.create("a").unwrap();
        file.write_at(&[1; 8000], 0).unwrap();
        assert_eq!(file.write_at(&[1; 8000], 8000).unwrap_err().kind(), io::ErrorKind::StorageFull);
        disk.fail_at(2, Fault::ShortWrite);
        file.write_at(&[2; 100], 0).unwrap_err();
        assert_eq!(content(&disk, "a").unwrap()[49..51], [2, 1]);
        disk.fail_at(4, Fault::Halt);
        file.write_at(&[3; 4], 0).unwrap();
        file.sync_data().unwrap_err();
        assert!(file.write_at(&[4; 4], 0).is_err() && disk.create("b").is_err());
        disk.flip_bit("a", 0, 1).unwrap();
        assert_eq!(content(&disk.fork(), "a").unwrap()[0], 1);
        assert!(disk.flip_bit("a", 9000, 0).is_err());
    }

    #[test]
    fn directories_move_whole_and_go_only_when_empty() {
        let disk = SimDisk::default();
        disk.make_dir("x").unwrap();
        disk.make_dir("x/1.tmp").unwrap();
        disk.create("x/1.tmp/part").unwrap();
        disk.rename("x/1.tmp", "x/1").unwrap();
        assert_eq!(disk.list("x").unwrap(), ["1"]);
        assert!(disk.remove_dir("x/1").is_err() && disk.remove("x/1").is_err());
        disk.remove("x/1/part").unwrap();
        disk.remove_dir("x/1").unwrap();
        assert!(disk.list("x/1").unwrap().is_empty());
    }
}
