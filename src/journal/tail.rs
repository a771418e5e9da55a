//! How a log ends: cleanly, torn, or not at all where it seems to.

use super::{
    block,
    error::JournalError,
    segment::{self, Position, SegmentHeader},
    window::Window,
};

/// How much is read in one go.
const STEP: usize = 64 << 10;

/// The end of a log, as found by reading it.
///
/// What was read may be in the system's memory only. Nothing that must hold may be built on it, a snapshot included,
/// before [`super::LogWriter::resume`] has made it durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail {
    /// Where the next block goes.
    pub position: Position,
    /// From which byte of that segment on the disk may not have what the log shows.
    pub rewrite_from: u64,
    /// The rest of a commit that was never finished, if there is any.
    pub torn: Option<TornTail>,
    /// The segments that were read, in order.
    pub segments: Vec<SegmentHeader>,
}

/// The rest of a commit that was never finished and never acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TornTail {
    /// The segment.
    pub file: String,
    /// Where it is cut.
    pub offset: u64,
    /// How many bytes are cut off, up to the last that is not zero.
    pub bytes: u64,
}

/// Judges what is at and after the end of the last segment.
pub(super) fn judge(
    window: &mut Window,
    position: &Position,
    reason: Option<String>,
) -> Result<Option<TornTail>, JournalError> {
    let file = segment::file_name(position.segment);
    let expected = position.lsn.saturating_add(1);
    let mut last = None;
    let mut offset = position.offset;
    while offset < window.size() {
        let read = |error| JournalError::io(&file, "read the segment")(error);
        let range = window.load(offset, STEP).map_err(read)?;
        let part = window.at(range);
        if part.is_empty() {
            break;
        }
        let length = part.len() as u64;
        if let Some(at) = part.iter().rposition(|&byte| byte != 0) {
            last = Some(offset + at as u64);
            let starts: Vec<usize> = part
                .chunks(block::ALIGN)
                .enumerate()
                .filter(|(_, start)| start.first_chunk() == Some(&block::MAGIC))
                .map(|(number, _)| number * block::ALIGN)
                .collect();
            for start in starts {
                let at = offset + start as u64;
                if let Some(fields) = valid(window, at).map_err(read)?
                    && fields.claims(expected)
                {
                    let reason = reason.unwrap_or_else(|| "the log ends here".to_owned());
                    let reason =
                        format!("{reason}, but the block at byte {at} was written when this was durable");
                    return Err(JournalError::corrupt(&file, position.offset, reason));
                }
            }
        }
        offset += length;
    }
    Ok(last.map(|last| TornTail { file, offset: position.offset, bytes: last + 1 - position.offset }))
}

/// Returns the header fields of the block at a place, if it verifies on its own.
fn valid(window: &mut Window, offset: u64) -> std::io::Result<Option<block::Fields>> {
    let head = window.load(offset, block::HEADER)?;
    let Some(size) = block::size_of(window.at(head)) else { return Ok(None) };
    if size as u64 > window.size() - offset {
        return Ok(None);
    }
    let whole = window.load(offset, size)?;
    Ok(block::decode(window.at(whole)).ok().flatten().map(|found| found.fields))
}
