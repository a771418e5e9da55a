//! Following the journal of a running exchange, from any frame on.

use std::sync::Arc;

use super::{codec, error::StoreError, walk};
use crate::{
    domain::replica::Frame,
    journal::{Block, Disk, Identity, LogReader, Start},
};

/// Reads frames as they become durable. Segments it has not read yet must stay.
#[derive(Debug)]
pub struct Follower {
    reader: LogReader,
    /// The last frame handed out, or passed over because it was known.
    after: u64,
}

impl Follower {
    /// Opens the journal after a frame; 0 is the beginning.
    ///
    /// # Errors
    /// The disk refuses, or the frames after it are there no more.
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

    /// Appends the next frames of a log nobody writes, to its end or about `limit` of them; what of its last commit is torn
    /// is left out.
    ///
    /// # Errors
    /// The disk refuses, or what is there is no frame.
    pub fn read_at_rest(&mut self, limit: usize, frames: &mut Vec<(u64, Frame)>) -> Result<(), StoreError> {
        while frames.len() < limit {
            let Some(block) = self.reader.next_block()? else { break };
            take(&block, self.after, frames)?;
        }
        Ok(())
    }

    /// Appends the next frames with their numbers, up to `durable` and about `limit` of them. Blocks are taken whole.
    ///
    /// # Errors
    /// The disk refuses, or what is there is no frame.
    pub fn read(
        &mut self,
        durable: u64,
        limit: usize,
        frames: &mut Vec<(u64, Frame)>,
    ) -> Result<(), StoreError> {
        while frames.len() < limit {
            let Some(block) = self.reader.next_durable(durable)? else { break };
            take(&block, self.after, frames)?;
        }
        Ok(())
    }
}

fn take(block: &Block<'_>, after: u64, frames: &mut Vec<(u64, Frame)>) -> Result<(), StoreError> {
    for (lsn, bytes) in block.frames().filter(|(lsn, _)| *lsn > after) {
        let frame = codec::decode(bytes).map_err(|error| StoreError::Frame { lsn, error })?;
        frames.push((lsn, frame));
    }
    Ok(())
}
