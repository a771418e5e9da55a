//! Other sources of how far the log once went: they are asked before anything is cut off its end.
//!
//! A log that lost its end looks like one whose last commit was never finished. The note beside the log, its snapshots,
//! the history and the operator may know better, and whatever they know was acknowledged.

use std::{fmt, sync::Arc};

use super::{
    error::StoreError,
    walk::{headers, start_of},
};
use crate::journal::{
    Chain, Disk, Identity, JournalError, LogOptions, LogReader, LogWriter, NOTE, Position, Start, noted,
    segment, snapshot,
};

/// The list of accepted losses, beside the log.
const LOSSES: &str = "losses.log";

/// A place of the log that another source knows of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The source, as operators see it.
    pub by: String,
    /// The last frame.
    pub lsn: u64,
    /// The hash of everything up to it, if the source knows that too.
    pub chain: Option<Chain>,
}

/// The lost part of a log: the log ends, and other sources know of more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The last frame of the log.
    pub ends_at: u64,
    /// The frame the exchange can continue from: the last of the log, or of a snapshot that is ahead of it.
    pub resumes_at: u64,
    /// The sources that know of more.
    pub known: Vec<Known>,
}

impl fmt::Display for Loss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the journal ends after frame {}, but", self.ends_at)?;
        for (number, known) in self.known.iter().enumerate() {
            let separator = if number == 0 { "" } else { "," };
            write!(formatter, "{separator} {} has frame {}", known.by, known.lsn)?;
        }
        Ok(())
    }
}

/// Compares a log with what other sources know of it. Returns what was lost of it, if anything was.
///
/// # Errors
/// The disk fails, the log is corrupt, or it is not the log a source knows: its hash at a frame is another.
pub fn survey(disk: &Arc<dyn Disk>, identity: Identity, known: &[Known]) -> Result<Option<Loss>, StoreError> {
    let oldest = headers(disk)?.first().map_or(1, |oldest| oldest.first_lsn);
    if let Some(old) = known.iter().find(|known| known.chain.is_some() && known.lsn + 1 < oldest) {
        return Err(StoreError::Pruned { wanted: old.lsn, oldest });
    }
    let mut known = known.to_vec();
    if let Some(head) = noted(disk, identity)? {
        let by = format!("the note beside it ({NOTE})");
        known.push(Known { by, lsn: head.lsn, chain: Some(head.chain) });
    }
    // The manifest states where it was taken, whether or not its parts can be used.
    let newest = snapshot::list(disk)?.into_iter().rev().find_map(|lsn| snapshot::load(disk, lsn).ok());
    let newest = newest.map(|newest| newest.meta().position);
    if let Some(Position { lsn, chain, .. }) = newest {
        known.push(Known { by: format!("the snapshot of frame {lsn}"), lsn, chain: Some(chain) });
    }
    let ends_at = compare(disk, identity, &known, newest)?;
    known.retain(|known| known.lsn > ends_at);
    if known.is_empty() {
        return Ok(None);
    }
    let usable = snapshot::newest_verifying(disk)?.snapshot;
    let resumes_at = usable.map_or(ends_at, |usable| usable.meta().position.lsn.max(ends_at));
    Ok(Some(Loss { ends_at, resumes_at, known }))
}

/// Compares the hashes other sources know with those of the log, and returns its last frame.
fn compare(
    disk: &Arc<dyn Disk>,
    identity: Identity,
    known: &[Known],
    snapshot: Option<Position>,
) -> Result<u64, StoreError> {
    let headers = headers(disk)?;
    let Some(oldest) = headers.first() else { return Ok(0) };
    // Places older than the oldest segment cannot be compared any more.
    let hashed = known.iter().filter(|known| known.chain.is_some()).map(|known| known.lsn);
    let from = hashed.filter(|lsn| *lsn + 1 >= oldest.first_lsn).min().unwrap_or(u64::MAX);
    if let Some(position) = snapshot.filter(|position| position.lsn <= from) {
        // As recovery reads it. If a frame follows, the log does reach the snapshot, whatever happened to the part
        // before.
        let read = LogReader::open(disk, identity, Start::At(position));
        if let Ok(reader) = read
            && let Some(ends_at) = read_on(reader, known)?
        {
            return Ok(ends_at);
        }
    }
    let start =
        headers.iter().rev().find(|header| header.first_lsn <= from.saturating_add(1)).unwrap_or(oldest);
    let ends_at = read_on(LogReader::open(disk, identity, start_of(start))?, known)?;
    Ok(ends_at.unwrap_or(start.first_lsn - 1))
}

/// Reads a log to its end and compares its hashes with those that are known; returns its last frame, if there are any.
fn read_on(mut reader: LogReader, known: &[Known]) -> Result<Option<u64>, StoreError> {
    let start = reader.position();
    differs(known, start.lsn, &start)?;
    let mut last = None;
    while let Some(block) = reader.next_block()? {
        differs(known, last.unwrap_or(start.lsn), &block.end)?;
        last = Some(block.end.lsn);
    }
    reader.tail()?;
    Ok(last)
}

/// Compares the places known after one frame and up to another place.
fn differs(known: &[Known], after: u64, end: &Position) -> Result<(), StoreError> {
    let is_other = |known: &&Known| {
        let is_inside = after < known.lsn && known.lsn < end.lsn;
        known.chain.is_some_and(|chain| is_inside || (known.lsn == end.lsn && chain != end.chain))
    };
    match known.iter().find(is_other) {
        Some(Known { by, lsn, .. }) => Err(StoreError::OtherLog { by: by.clone(), lsn: *lsn }),
        None => Ok(()),
    }
}

/// Rejects a log that has lost something, unless the operator has accepted exactly that; then the loss is recorded, and
/// the log is changed into one that can be continued. Returns what was accepted.
///
/// # Errors
/// As [`survey`]; [`StoreError::Lost`] when something was lost and not accepted.
pub(super) fn refuse_loss(
    disk: &Arc<dyn Disk>,
    options: LogOptions,
    known: &[Known],
    accepted: Option<u64>,
) -> Result<Option<Loss>, StoreError> {
    let Some(loss) = survey(disk, options.identity, known)? else { return Ok(None) };
    if accepted != Some(loss.resumes_at) {
        return Err(StoreError::Lost(Box::new(loss)));
    }
    write_down(disk, &loss, (options.clock)())?;
    // Those ahead of it do not verify. Left where they are, they would be known to the next start, and contradict a log
    // that has continued.
    snapshot::set_aside_after(disk, loss.resumes_at)?;
    if loss.resumes_at > loss.ends_at
        && let Some(newest) = snapshot::newest_verifying(disk)?.snapshot
    {
        // Frames are missing between the log and the snapshot: nothing can be read across the gap.
        segment::set_aside(disk)?;
        LogWriter::start_after(disk, newest.meta().position, options)?;
    }
    Ok(Some(loss))
}

/// Adds a line to the list of losses.
fn write_down(disk: &Arc<dyn Disk>, loss: &Loss, now: u64) -> Result<(), JournalError> {
    let write = || {
        let file = if disk.has(LOSSES)? { disk.open(LOSSES)? } else { disk.create(LOSSES)? };
        let line = format!("{now} accepted after frame {}: {loss}\n", loss.resumes_at);
        file.write_at(line.as_bytes(), file.size()?)?;
        file.sync_data()?;
        disk.sync_dir("")
    };
    write().map_err(JournalError::io(LOSSES, "write to the file"))
}
