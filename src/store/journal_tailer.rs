//! Follows the journal of a running exchange, from any frame on.

use std::sync::Arc;

use super::{codec, error::StoreError, walk};
use crate::{
    domain::replica::Frame,
    journal::{Block, Disk, Identity, LogReader, Start},
};

/// How many bytes of frames are decoded in one go, about. Frames differ in size by thousands, so that a number of them
/// alone does not bound the memory they take.
const BYTES_PER_READ: usize = 8 << 20;

/// Reads frames as they become durable. Segments it has not read yet must stay.
#[derive(Debug)]
pub struct JournalTailer {
    reader: LogReader,
    /// The last frame handed out, or skipped because it was known.
    after: u64,
}

impl JournalTailer {
    /// Opens the journal after a frame; 0 is the start.
    ///
    /// # Errors
    /// The disk fails, or the frames after it are not there any more.
    pub fn open(disk: &Arc<dyn Disk>, identity: Identity, after: u64) -> Result<Self, StoreError> {
        let headers = walk::headers(disk)?;
        let start = match headers.iter().rev().find(|header| header.first_lsn <= after + 1) {
            Some(header) => walk::start_of(header),
            None => match headers.first() {
                Some(oldest) => {
                    return Err(StoreError::Pruned { wanted: after + 1, oldest: oldest.first_lsn });
                }
                None => Start::Beginning,
            },
        };
        Ok(Self { reader: LogReader::follow(disk, identity, start)?, after })
    }

    /// Appends the next frames of a log that no process writes, to its end or about `limit` of them, fewer where they
    /// are large; the torn part of its last commit is omitted. Returns whether a limit ended it.
    ///
    /// # Errors
    /// The disk fails, or the bytes are no frame.
    pub fn read_at_rest(&mut self, limit: usize, frames: &mut Vec<(u64, Frame)>) -> Result<bool, StoreError> {
        let mut bytes = 0;
        while frames.len() < limit && bytes < BYTES_PER_READ {
            let Some(block) = self.reader.next_block()? else { return Ok(false) };
            bytes += take(&block, self.after, frames)?;
        }
        Ok(true)
    }

    /// Appends the next frames with their numbers, up to `durable` and about `limit` of them, fewer where they are
    /// large. Blocks are read whole. Returns whether a limit ended it.
    ///
    /// # Errors
    /// The disk fails, or the bytes are no frame.
    pub fn read(
        &mut self,
        durable: u64,
        limit: usize,
        frames: &mut Vec<(u64, Frame)>,
    ) -> Result<bool, StoreError> {
        let mut bytes = 0;
        while frames.len() < limit && bytes < BYTES_PER_READ {
            let Some(block) = self.reader.next_durable(durable)? else { return Ok(false) };
            bytes += take(&block, self.after, frames)?;
        }
        Ok(true)
    }
}

/// Appends the frames of a block and returns how many bytes they were.
fn take(block: &Block<'_>, after: u64, frames: &mut Vec<(u64, Frame)>) -> Result<usize, StoreError> {
    let mut read = 0;
    for (lsn, bytes) in block.frames().filter(|(lsn, _)| *lsn > after) {
        let frame = codec::decode(bytes).map_err(|error| StoreError::Frame { lsn, error })?;
        read += bytes.len();
        frames.push((lsn, frame));
    }
    Ok(read)
}
