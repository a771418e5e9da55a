//! Reads a log that another process may be writing, as far as it verifies.

use std::{sync::Arc, thread, time::Duration};

use crate::journal::{
    Block, Disk, Identity, JournalError, LogReader, Position, Start, Tail,
    segment::{self, HEADER, SegmentHeader},
};

/// How often the same fault must show before it is reported.
const TRIES: usize = 5;

/// How long a writer is given to finish what looks like a fault.
const PAUSE: Duration = Duration::from_millis(50);

/// Returns the place where the frames of a segment start.
pub(super) fn start_of(header: &SegmentHeader) -> Start {
    Start::At(Position {
        segment: header.index,
        offset: HEADER as u64,
        lsn: header.first_lsn - 1,
        chain: header.chain,
    })
}

/// Visits every block that verifies, once, until `visit` returns `false` or the log ends.
///
/// Bytes are read at different times, so a log that is being written can look as if it had a hole: the bytes before it
/// were read before they were written. A fault is therefore only reported when it stays.
///
/// # Errors
/// The disk fails, or the log is corrupt.
pub(super) fn walk(
    disk: &Arc<dyn Disk>,
    identity: Identity,
    start: Start,
    visit: &mut dyn FnMut(&Block<'_>) -> bool,
) -> Result<Option<Tail>, JournalError> {
    let mut start = start;
    let mut tries = 0;
    loop {
        let mut reader = LogReader::open(disk, identity, start)?;
        let before = reader.position().lsn;
        let faulty = loop {
            match reader.next_block() {
                Ok(Some(block)) if !visit(&block) => return Ok(None),
                Ok(Some(_)) => {}
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        let position = reader.position();
        let error = match faulty.map_or_else(|| reader.tail(), Err) {
            Ok(tail) => return Ok(Some(tail)),
            Err(error) => error,
        };
        tries = if position.lsn > before { 0 } else { tries + 1 };
        if tries == TRIES {
            return Err(error);
        }
        thread::sleep(PAUSE);
        if position.segment != 0 {
            start = Start::At(position);
        }
    }
}

/// Returns the headers of all segments, oldest first.
///
/// # Errors
/// The disk fails, or a header does not verify.
pub(super) fn headers(disk: &Arc<dyn Disk>) -> Result<Vec<SegmentHeader>, JournalError> {
    segment::list(disk)?.into_iter().map(|index| segment::read_header(disk, index)).collect()
}
