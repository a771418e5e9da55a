//! From a log that was read to one that is written again.
//!
//! What was read may be on the disk or only in the system's memory: the process that wrote it may have died between a
//! write and its sync, or because of a sync that failed. So before anything new is acknowledged, what is not known to
//! be durable is written once more and synced, and the rest of an unfinished commit is zeroed. Doing that twice, or
//! half and then again, has the same result.

use std::sync::Arc;

use super::{
    disk::{Disk, File},
    error::JournalError,
    fill::{Fill, Filler},
    note::Note,
    segment::{self, DIRECTORY, Position},
    tail::Tail,
    writer::{LogOptions, LogWriter, OpenSegment},
};

/// How much is read and written at once.
const STEP: u64 = 1 << 20;

impl LogWriter {
    /// Repairs the end of a log as [`super::open_log`] found it and returns a writer that continues from there. A log
    /// that does not exist yet is started.
    ///
    /// A segment written by another logic is not continued: the writer continues in a new one.
    ///
    /// # Errors
    /// The disk fails.
    pub fn resume(disk: &Arc<dyn Disk>, tail: &Tail, options: LogOptions) -> Result<Self, JournalError> {
        let options = options.bounded();
        disk.make_dir(DIRECTORY).map_err(JournalError::io(DIRECTORY, "make the directory"))?;
        disk.sync_dir("").map_err(JournalError::io("", "sync the data directory"))?;
        remove_spares(disk)?;
        let segment = match tail.position.segment {
            0 => None,
            index => Some(repair(disk, tail, index)?),
        };
        disk.sync_dir(DIRECTORY).map_err(JournalError::io(DIRECTORY, "sync the directory"))?;
        let filler = Filler::new(Arc::clone(disk), options.segment_bytes, options.fill)?;
        let note = Note::open(disk, options.identity)?;
        let is_new = segment.is_none();
        let is_other = tail.segments.last().is_some_and(|last| last.logic != options.logic);
        let mut writer = Self::new(Arc::clone(disk), options, filler, note, segment, tail.position);
        if is_new || is_other {
            writer.roll()?;
        } else {
            writer.filler.order(tail.position.segment + 1);
        }
        writer.note()?;
        Ok(writer)
    }

    /// Restarts the log after a place before which nothing is left: a new segment that states it follows from it.
    /// Existing segments must have been set aside.
    ///
    /// # Errors
    /// The disk fails.
    pub fn start_after(
        disk: &Arc<dyn Disk>,
        position: Position,
        options: LogOptions,
    ) -> Result<Self, JournalError> {
        let options = options.bounded();
        let filler = Filler::new(Arc::clone(disk), options.segment_bytes, Fill::Inline)?;
        let note = Note::open(disk, options.identity)?;
        let mut writer = Self::new(Arc::clone(disk), options, filler, note, None, position);
        writer.roll()?;
        writer.note()?;
        Ok(writer)
    }
}

/// Removes segments that were prepared and never used.
fn remove_spares(disk: &Arc<dyn Disk>) -> Result<(), JournalError> {
    let names = disk.list(DIRECTORY).map_err(JournalError::io(DIRECTORY, "list the segments"))?;
    for name in names.iter().filter(|name| name.ends_with(".next")) {
        let path = format!("{DIRECTORY}/{name}");
        disk.remove(&path).map_err(JournalError::io(&path, "remove the file"))?;
    }
    Ok(())
}

/// Makes the last segment on disk equal to what was read.
fn repair(disk: &Arc<dyn Disk>, tail: &Tail, index: u64) -> Result<OpenSegment, JournalError> {
    let name = segment::file_name(index);
    let file = disk.open(&name).map_err(JournalError::io(&name, "open the segment"))?;
    let size = file.size().map_err(JournalError::io(&name, "read the segment"))?;
    rewrite(&*file, &name, 0, segment::HEADER as u64)?;
    rewrite(&*file, &name, tail.rewrite_from, tail.position.offset)?;
    clear(&*file, &name, tail.position.offset, size)?;
    file.sync_data().map_err(JournalError::io(&name, "sync the segment"))?;
    Ok(OpenSegment { file, name, size })
}

/// Writes the existing bytes once more.
fn rewrite(file: &dyn File, name: &str, from: u64, to: u64) -> Result<(), JournalError> {
    walk(file, name, from, to, |part, at| file.write_at(part, at))
}

/// Writes zeros over anything else.
fn clear(file: &dyn File, name: &str, from: u64, to: u64) -> Result<(), JournalError> {
    walk(file, name, from, to, |part, at| {
        if part.iter().all(|&byte| byte == 0) {
            return Ok(());
        }
        part.fill(0);
        file.write_at(part, at)
    })
}

fn walk(
    file: &dyn File,
    name: &str,
    from: u64,
    to: u64,
    mut each: impl FnMut(&mut [u8], u64) -> std::io::Result<()>,
) -> Result<(), JournalError> {
    let mut part = vec![0; STEP.min(to.saturating_sub(from)) as usize];
    let mut at = from;
    while at < to {
        let step = STEP.min(to - at) as usize;
        let read = file.read_up_to(&mut part[..step], at);
        let read = read.map_err(JournalError::io(name, "read the segment"))?;
        if read == 0 {
            break;
        }
        each(&mut part[..read], at).map_err(JournalError::io(name, "repair the segment"))?;
        at += read as u64;
    }
    Ok(())
}
