//! Copies a data directory beside the running exchange, and restores it.
//!
//! Any place of the journal is a consistent cut, so a copy needs no pause: it is a snapshot and the frames after it, up
//! to the last that verified when it was read. Whatever a server writes meanwhile is omitted as a whole.

use std::{path::Path, sync::Arc, thread, time::Duration};

use super::{
    error::StoreError,
    heads::{Known, Loss},
    replay::Origin,
    terms::instruments_of,
    verify::{Verified, verify},
    walk::walk,
};
use crate::{
    domain::instruments::Instruments,
    journal::{
        Disk, EmptyDirectory, File, Identity, JournalError, NOTE, RealDisk, Start, identity_at, noted,
        segment::{self, file_name},
        snapshot::{self, Snapshot},
    },
};

/// How much is copied at once.
const STEP: usize = 1 << 20;

/// How often a copy is restarted because files were pruned under it.
const TRIES: usize = 20;

/// The pause before a restart.
const PAUSE: Duration = Duration::from_millis(100);

/// Copies the data directory at `from` into the empty or missing directory `to`, and verifies the copy.
///
/// Precision is the data's; `names` has the names of its assets and symbols. A server may be running on `from`. The
/// operator's token is not copied: it is not part of what was acknowledged.
///
/// # Errors
/// `from` is no data directory or is damaged, `to` is not empty, a disk fails, or the copy does not verify. What was
/// copied until then is removed.
pub fn copy_directory(
    from: &Path,
    to: &Path,
    names: &Arc<Instruments>,
    workers: usize,
) -> Result<Verified, StoreError> {
    let identity = identity_at(from)?;
    let source: Arc<dyn Disk> = Arc::new(RealDisk::read_only(from));
    let empty = EmptyDirectory::take(to)?;
    let target = empty.disk();
    let copied = copy(&source, &target, identity).and_then(|()| {
        // Before it gets its identity, so that what does not verify never looks like a data directory.
        let copy: Arc<dyn Disk> = Arc::new(RealDisk::read_only(to));
        verify(&copy, identity, &instruments_of(&copy, identity, names)?, Origin::Newest, workers)
    });
    match copied {
        Ok(verified) => {
            empty.finish(identity)?;
            Ok(verified)
        }
        Err(error) => {
            // The first error is the one to report.
            let _ = clear(&target);
            Err(error)
        }
    }
}

/// Copies the required part of a journal and its snapshots from one disk to another, which has neither.
///
/// # Errors
/// A disk fails, or there is nothing that verifies to copy.
pub fn copy(source: &Arc<dyn Disk>, target: &Arc<dyn Disk>, identity: Identity) -> Result<(), StoreError> {
    let mut tries = 0;
    loop {
        let before = (snapshot::list(source)?, segment::list(source)?);
        match attempt(source, target, identity) {
            Err(error) => {
                let after = (snapshot::list(source)?, segment::list(source)?);
                let is_pruned = before.0.iter().any(|lsn| !after.0.contains(lsn))
                    || before.1.iter().any(|index| !after.1.contains(index));
                tries += 1;
                if !is_pruned || tries == TRIES {
                    return Err(error);
                }
                clear(target)?;
                thread::sleep(PAUSE);
            }
            done => return done,
        }
    }
}

fn attempt(source: &Arc<dyn Disk>, target: &Arc<dyn Disk>, identity: Identity) -> Result<(), StoreError> {
    // Before the log is read, which only grows.
    let head = noted(source, identity)?;
    let snapshots = usable_snapshots(source)?;
    for snapshot in &snapshots {
        copy_snapshot(source, target, snapshot)?;
    }
    let from = snapshots.first().map(|oldest| oldest.meta().position);
    let start = from.map_or(Start::Beginning, Start::At);
    let first = segment::list(source)?.first().copied().ok_or(StoreError::Nothing)?;
    let Some(tail) = walk(source, identity, start, &mut |_| true)? else { return Err(StoreError::Panicked) };
    let end = tail.position;
    if let Some(head) = head.filter(|head| head.lsn > end.lsn) {
        // A copy of it would look complete.
        let known =
            Known { by: format!("the note beside it ({NOTE})"), lsn: head.lsn, chain: Some(head.chain) };
        let (ends_at, resumes_at) = (end.lsn, end.lsn);
        return Err(StoreError::Lost(Box::new(Loss { ends_at, resumes_at, known: vec![known] })));
    }
    target
        .make_dir(segment::DIRECTORY)
        .map_err(JournalError::io(segment::DIRECTORY, "make the directory"))?;
    for index in from.map_or(first, |from| first.max(from.segment))..=end.segment {
        let name = file_name(index);
        // A block written after the bytes before it had been read must not be behind a hole.
        let verified = if index == end.segment { end.offset } else { u64::MAX };
        copy_file(source, target, &name, verified)?;
    }
    for directory in [segment::DIRECTORY, ""] {
        target.sync_dir(directory).map_err(JournalError::io(directory, "sync the directory"))?;
    }
    Ok(())
}

/// Returns the newest snapshot that verifies, and the one before it if that does too; oldest first.
fn usable_snapshots(disk: &Arc<dyn Disk>) -> Result<Vec<Snapshot>, StoreError> {
    let mut usable = Vec::new();
    for lsn in snapshot::list(disk)?.into_iter().rev() {
        let verified = snapshot::load(disk, lsn).and_then(|found| found.verify().map(|()| found));
        if let Ok(found) = verified {
            usable.insert(0, found);
        }
        if usable.len() == 2 {
            break;
        }
    }
    Ok(usable)
}

fn copy_snapshot(
    source: &Arc<dyn Disk>,
    target: &Arc<dyn Disk>,
    snapshot: &Snapshot,
) -> Result<(), StoreError> {
    let lsn = snapshot.meta().position.lsn;
    let directory = snapshot::directory_name(lsn);
    for path in [snapshot::DIRECTORY, &directory] {
        target.make_dir(path).map_err(JournalError::io(path, "make the directory"))?;
    }
    let parts = snapshot.parts().iter().map(|part| part.name.as_str());
    for name in parts.chain([snapshot::MANIFEST]) {
        copy_file(source, target, &format!("{directory}/{name}"), u64::MAX)?;
    }
    for path in [&directory, snapshot::DIRECTORY] {
        target.sync_dir(path).map_err(JournalError::io(path, "sync the directory"))?;
    }
    Ok(snapshot::load(target, lsn)?.verify()?)
}

/// Copies a file; zeros replace everything behind its first `verified` bytes.
fn copy_file(
    source: &Arc<dyn Disk>,
    target: &Arc<dyn Disk>,
    path: &str,
    verified: u64,
) -> Result<(), JournalError> {
    let from = source.open(path).map_err(JournalError::io(path, "open the file"))?;
    let size = from.size().map_err(JournalError::io(path, "read the file"))?;
    let to = target.create(path).map_err(JournalError::io(path, "create the copy of the file"))?;
    let mut buffer = vec![0; STEP];
    let mut offset = 0;
    while offset < size {
        let step = (STEP as u64).min(size - offset) as usize;
        read_part(&*from, &mut buffer[..step], offset, verified)
            .map_err(JournalError::io(path, "read the file"))?;
        to.write_at(&buffer[..step], offset).map_err(JournalError::io(path, "write the copy of the file"))?;
        offset += step as u64;
    }
    to.sync_data().map_err(JournalError::io(path, "sync the copy of the file"))
}

fn read_part(from: &dyn File, part: &mut [u8], offset: u64, verified: u64) -> std::io::Result<()> {
    let kept = verified.saturating_sub(offset).min(part.len() as u64) as usize;
    let read = from.read_up_to(&mut part[..kept], offset)?;
    part[read..].fill(0);
    if read < kept { Err(std::io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}

/// Removes what was copied.
fn clear(disk: &Arc<dyn Disk>) -> Result<(), JournalError> {
    let mut directories = vec![segment::DIRECTORY.to_owned()];
    let snapshots = snapshot::list(disk)?;
    directories.extend(snapshots.into_iter().map(snapshot::directory_name));
    directories.push(snapshot::DIRECTORY.to_owned());
    for directory in &directories {
        for name in disk.list(directory).map_err(JournalError::io(directory, "list the directory"))? {
            let path = format!("{directory}/{name}");
            disk.remove(&path).map_err(JournalError::io(&path, "remove the file"))?;
        }
        match disk.remove_dir(directory) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(JournalError::io(directory, "remove the directory")(error));
            }
            _ => {}
        }
    }
    Ok(())
}
