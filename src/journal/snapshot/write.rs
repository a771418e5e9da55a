//! Writes a snapshot.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use super::{
    DIRECTORY, UNFINISHED, directory_name, list,
    manifest::{self, FILE, Meta, Part},
    remove,
};
use crate::journal::{disk::Disk, error::JournalError};

/// The level of compression of parts.
const LEVEL: i32 = 1;
/// How much is written at once.
const STEP: usize = 1 << 20;
/// The pause after each step of a gentle snapshot.
const PAUSE: Duration = Duration::from_millis(20);

/// How fast a snapshot is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// As fast as the disk takes it.
    Fast,
    /// A little at a time, for the sake of the commits running beside it.
    Gentle,
}

/// Writes one snapshot.
#[derive(Debug)]
pub struct SnapshotWriter {
    disk: Arc<dyn Disk>,
    meta: Meta,
    pace: Pace,
    directory: String,
    parts: Mutex<Vec<Part>>,
}

impl SnapshotWriter {
    /// Starts a snapshot; the rest of an unfinished one in its place is removed.
    ///
    /// # Errors
    /// The disk fails.
    pub fn start(disk: &Arc<dyn Disk>, meta: Meta, pace: Pace) -> Result<Self, JournalError> {
        let directory = format!("{}{UNFINISHED}", directory_name(meta.position.lsn));
        disk.make_dir(DIRECTORY).map_err(JournalError::io(DIRECTORY, "make the directory"))?;
        disk.sync_dir("").map_err(JournalError::io("", "sync the data directory"))?;
        remove(disk, &directory)?;
        disk.make_dir(&directory).map_err(JournalError::io(&directory, "make the directory"))?;
        Ok(Self { disk: Arc::clone(disk), meta, pace, directory, parts: Mutex::default() })
    }

    /// Compresses and writes a part. Several threads may do this at once.
    ///
    /// # Errors
    /// The disk fails, or the name is not a plain file name or was used before.
    pub fn part(&self, name: &str, raw: &[u8]) -> Result<(), JournalError> {
        let path = format!("{}/{name}", self.directory);
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if name.is_empty() || name.starts_with('.') || name == FILE || !name.bytes().all(is_plain) {
            return Err(JournalError::snapshot(&path, "this is no name for a part"));
        }
        let bytes = zstd::bulk::compress(raw, LEVEL).map_err(JournalError::io(&path, "compress the part"))?;
        self.write(&path, &bytes)?;
        let part = Part {
            name: name.to_owned(),
            bytes: bytes.len() as u64,
            raw_bytes: raw.len() as u64,
            blake3: blake3::hash(&bytes).to_hex().to_string(),
        };
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).push(part);
        Ok(())
    }

    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), JournalError> {
        let file = self.disk.create(path).map_err(JournalError::io(path, "create the file"))?;
        let mut offset = 0;
        for step in bytes.chunks(STEP) {
            file.write_at(step, offset).map_err(JournalError::io(path, "write the file"))?;
            offset += step.len() as u64;
            if self.pace == Pace::Gentle {
                file.sync_data().map_err(JournalError::io(path, "sync the file"))?;
                thread::sleep(PAUSE);
            }
        }
        file.sync_data().map_err(JournalError::io(path, "sync the file"))
    }

    /// Writes the manifest and gives the snapshot its name. One of the same place in the journal is replaced.
    ///
    /// # Errors
    /// The disk fails.
    pub fn finish(self) -> Result<(), JournalError> {
        let path = format!("{}/{FILE}", self.directory);
        let mut parts = std::mem::take(&mut *self.parts.lock().unwrap_or_else(PoisonError::into_inner));
        parts.sort_by(|one, other| one.name.cmp(&other.name));
        let bytes = manifest::encode(&self.meta, parts, &path)?;
        self.write(&path, &bytes)?;
        self.sync(&self.directory)?;
        let name = directory_name(self.meta.position.lsn);
        let old = format!("{name}.old{UNFINISHED}");
        let is_replaced = list(&self.disk)?.contains(&self.meta.position.lsn);
        if is_replaced {
            remove(&self.disk, &old)?;
            self.disk.rename(&name, &old).map_err(JournalError::io(&name, "set the snapshot aside"))?;
        }
        self.disk.rename(&self.directory, &name).map_err(JournalError::io(&name, "name the snapshot"))?;
        self.sync(DIRECTORY)?;
        if is_replaced {
            remove(&self.disk, &old)?;
        }
        Ok(())
    }

    fn sync(&self, directory: &str) -> Result<(), JournalError> {
        self.disk.sync_dir(directory).map_err(JournalError::io(directory, "sync the directory"))
    }
}
