//! Reads snapshots, and nothing of them that does not verify.

use std::{io::Read, sync::Arc};

use super::{
    DIRECTORY, directory_name,
    manifest::{self, FILE, Meta, Part},
};
use crate::journal::{disk::Disk, error::JournalError};

/// A snapshot whose manifest verified.
#[derive(Debug, Clone)]
pub struct Snapshot {
    disk: Arc<dyn Disk>,
    directory: String,
    meta: Meta,
    parts: Vec<Part>,
}

/// The result of the search for a snapshot.
#[derive(Debug)]
pub struct Newest {
    /// The newest that verified, if any did.
    pub snapshot: Option<Snapshot>,
    /// Those newer than it, and why they did not.
    pub refused: Vec<(u64, JournalError)>,
}

/// Returns the places in the journal there are snapshots of, oldest first. They are not verified.
///
/// # Errors
/// The disk fails.
pub fn list(disk: &Arc<dyn Disk>) -> Result<Vec<u64>, JournalError> {
    let names = disk.list(DIRECTORY).map_err(JournalError::io(DIRECTORY, "list the snapshots"))?;
    let lsn = |name: &String| (name.len() == 20).then(|| name.parse().ok())?;
    let mut snapshots: Vec<u64> = names.iter().filter_map(lsn).collect();
    snapshots.sort_unstable();
    Ok(snapshots)
}

/// Opens a snapshot and verifies its manifest; its parts are verified when they are read.
///
/// # Errors
/// The disk fails, the manifest does not verify, or a later release wrote it.
pub fn load(disk: &Arc<dyn Disk>, lsn: u64) -> Result<Snapshot, JournalError> {
    let directory = directory_name(lsn);
    let path = format!("{directory}/{FILE}");
    let file = disk.open(&path).map_err(JournalError::io(&path, "open the manifest"))?;
    let bytes = file.read_all().map_err(JournalError::io(&path, "read the manifest"))?;
    let (meta, parts) = manifest::decode(&bytes, &path)?;
    if meta.position.lsn != lsn {
        return Err(JournalError::snapshot(
            &path,
            format!("this is the snapshot of frame {}", meta.position.lsn),
        ));
    }
    Ok(Snapshot { disk: Arc::clone(disk), directory, meta, parts })
}

/// Returns the newest snapshot all of which verifies.
///
/// # Errors
/// The directory cannot be listed.
pub fn newest_verifying(disk: &Arc<dyn Disk>) -> Result<Newest, JournalError> {
    let mut refused = Vec::new();
    for lsn in list(disk)?.into_iter().rev() {
        match load(disk, lsn).and_then(|snapshot| snapshot.verify().map(|()| snapshot)) {
            Ok(snapshot) => return Ok(Newest { snapshot: Some(snapshot), refused }),
            Err(error) => refused.push((lsn, error)),
        }
    }
    Ok(Newest { snapshot: None, refused })
}

impl Snapshot {
    /// Returns the state it holds.
    pub const fn meta(&self) -> &Meta {
        &self.meta
    }

    /// Returns its parts, by name.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Verifies every part, without decompressing it.
    ///
    /// # Errors
    /// The disk fails, or a part is not what was written.
    pub fn verify(&self) -> Result<(), JournalError> {
        self.parts.iter().try_for_each(|part| self.read(part).map(|_| ()))
    }

    /// Reads, verifies and decompresses a part.
    ///
    /// # Errors
    /// There is no such part, the disk fails, or the part is not what was written.
    pub fn part(&self, name: &str) -> Result<Vec<u8>, JournalError> {
        let path = format!("{}/{name}", self.directory);
        let Some(part) = self.parts.iter().find(|part| part.name == name) else {
            return Err(JournalError::snapshot(&path, "the snapshot has no such part"));
        };
        let bytes = self.read(part)?;
        let decompress = || {
            // One byte more than there should be, so that an excess is noticed; and no allocation by its own figure
            // alone.
            let mut raw = Vec::with_capacity(part.raw_bytes.min(bytes.len() as u64 * 64) as usize);
            let limit = part.raw_bytes.saturating_add(1);
            zstd::stream::read::Decoder::with_buffer(&bytes[..])?.take(limit).read_to_end(&mut raw)?;
            Ok(raw)
        };
        let raw: Vec<u8> = decompress().map_err(JournalError::io(&path, "decompress the part"))?;
        if raw.len() as u64 != part.raw_bytes {
            return Err(JournalError::snapshot(&path, "the size of what is compressed in it is wrong"));
        }
        Ok(raw)
    }

    /// Reads and verifies a part as it is on disk.
    fn read(&self, part: &Part) -> Result<Vec<u8>, JournalError> {
        let path = format!("{}/{}", self.directory, part.name);
        let file = self.disk.open(&path).map_err(JournalError::io(&path, "open the part"))?;
        let size = file.size().map_err(JournalError::io(&path, "read the part"))?;
        if size != part.bytes {
            let reason = format!("it has {size} bytes, {} were written", part.bytes);
            return Err(JournalError::snapshot(&path, reason));
        }
        let bytes = file.read_all().map_err(JournalError::io(&path, "read the part"))?;
        if blake3::hash(&bytes).to_hex().as_str() != part.blake3 {
            return Err(JournalError::snapshot(&path, "its hash does not hold"));
        }
        Ok(bytes)
    }
}
