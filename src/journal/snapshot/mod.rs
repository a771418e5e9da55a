//! Snapshots: the state at one place of the journal, so that recovery need not start at the first frame.
//!
//! A snapshot is a directory of parts, opaque and compressed, and a manifest that is written last and names them all.
//! It is written under another name and renamed when everything in it is durable, so one that has its name is complete;
//! hashes show whether it is unchanged.

mod manifest;
mod read;
mod write;

use std::sync::Arc;

pub use manifest::{FILE as MANIFEST, FORMAT, Meta, Part};
pub use read::{Newest, Snapshot, list, load, newest_verifying};
pub use write::{Pace, SnapshotWriter};

use super::{disk::Disk, error::JournalError};

/// The directory of the snapshots.
pub const DIRECTORY: &str = "snapshots";

/// The suffix of a snapshot that is not complete, or not wanted any more.
const UNFINISHED: &str = ".tmp";

/// Returns the path of a snapshot.
pub fn directory_name(lsn: u64) -> String {
    format!("{DIRECTORY}/{lsn:020}")
}

/// Removes all but the newest `keep` snapshots, and what unfinished ones left behind; returns how many snapshots
/// were removed.
///
/// # Errors
/// The disk fails.
pub fn prune(disk: &Arc<dyn Disk>, keep: usize) -> Result<usize, JournalError> {
    let snapshots = list(disk)?;
    let old = &snapshots[..snapshots.len().saturating_sub(keep)];
    for &lsn in old {
        let name = directory_name(lsn);
        let gone = format!("{name}.old{UNFINISHED}");
        remove(disk, &gone)?;
        disk.rename(&name, &gone).map_err(JournalError::io(&name, "set the snapshot aside"))?;
    }
    sync(disk)?;
    let names = disk.list(DIRECTORY).map_err(JournalError::io(DIRECTORY, "list the snapshots"))?;
    for name in names.iter().filter(|name| name.ends_with(UNFINISHED)) {
        remove(disk, &format!("{DIRECTORY}/{name}"))?;
    }
    sync(disk)?;
    Ok(old.len())
}

/// Sets aside, under another name, every snapshot that was taken after a frame, newest first.
///
/// # Errors
/// The disk fails.
pub fn set_aside_after(disk: &Arc<dyn Disk>, lsn: u64) -> Result<(), JournalError> {
    for ahead in list(disk)?.into_iter().rev().filter(|&snapshot| snapshot > lsn) {
        let name = directory_name(ahead);
        let aside = format!("{name}.lost");
        disk.rename(&name, &aside).map_err(JournalError::io(&name, "set the snapshot aside"))?;
    }
    sync(disk)
}

fn sync(disk: &Arc<dyn Disk>) -> Result<(), JournalError> {
    disk.make_dir(DIRECTORY).map_err(JournalError::io(DIRECTORY, "make the directory"))?;
    disk.sync_dir(DIRECTORY).map_err(JournalError::io(DIRECTORY, "sync the directory"))
}

/// Removes a directory with all files in it, if it is there.
fn remove(disk: &Arc<dyn Disk>, directory: &str) -> Result<(), JournalError> {
    for name in disk.list(directory).map_err(JournalError::io(directory, "list the snapshot"))? {
        let path = format!("{directory}/{name}");
        disk.remove(&path).map_err(JournalError::io(&path, "remove the file"))?;
    }
    match disk.remove_dir(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(JournalError::io(directory, "remove the snapshot")(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
