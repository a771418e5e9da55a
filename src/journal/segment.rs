//! Segment files: the log in pieces, so that old ones can be removed.
//!
//! A segment's header is durable before the file gets its name, and the name before the first block: a file named
//! `.log` with a bad header is therefore always damage, never an accident of a crash. And because the segment
//! before was synced first, a header proves that everything before it was durable.

use std::sync::Arc;

use super::{disk::Disk, error::JournalError};

/// A hash over everything in the log up to some block.
pub type Chain = [u8; 32];

/// The identity that distinguishes one data directory from every other.
pub type Identity = [u8; 16];

/// The chain before the first block.
pub const GENESIS: Chain = [0; 32];

/// The directory of the segments.
pub const DIRECTORY: &str = "journal";

/// The bytes of a segment's header.
pub const HEADER: usize = 4096;

/// The version of the format. No release wrote version 1; it is refused.
pub const VERSION: u16 = 2;

const MAGIC: [u8; 4] = *b"LXSG";

/// A place between two blocks of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// The segment, or 0 before there is any.
    pub segment: u64,
    /// The byte in it.
    pub offset: u64,
    /// The last frame before this place.
    pub lsn: u64,
    /// The hash of everything before this place.
    pub chain: Chain,
}

/// The fields of a segment's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Its number; the next segment has the next.
    pub index: u64,
    /// The number of its first frame.
    pub first_lsn: u64,
    /// The hash of everything before it.
    pub chain: Chain,
    /// The data directory it belongs to.
    pub identity: Identity,
    /// A fingerprint of the logic whose work it records.
    pub logic: u64,
    /// When it was started, in whatever unit the writer's clock has.
    pub created: u64,
}

impl SegmentHeader {
    /// Returns the bytes of the header.
    pub fn encode(&self) -> Vec<u8> {
        let mut page = vec![0; HEADER];
        page[..4].copy_from_slice(&MAGIC);
        page[4..6].copy_from_slice(&VERSION.to_le_bytes());
        page[16..24].copy_from_slice(&self.index.to_le_bytes());
        page[24..32].copy_from_slice(&self.first_lsn.to_le_bytes());
        page[32..64].copy_from_slice(&self.chain);
        page[64..80].copy_from_slice(&self.identity);
        page[80..88].copy_from_slice(&self.logic.to_le_bytes());
        page[88..96].copy_from_slice(&self.created.to_le_bytes());
        let checksum = crc32c::crc32c(&page);
        page[8..12].copy_from_slice(&checksum.to_le_bytes());
        page
    }

    /// Reads the header of segment `index`.
    ///
    /// # Errors
    /// It does not verify, or a later release wrote it.
    pub fn decode(page: &[u8], index: u64) -> Result<Self, JournalError> {
        let name = file_name(index);
        let corrupt = |reason: &str| Err(JournalError::corrupt(&name, 0, reason));
        if page.len() < HEADER {
            return corrupt("the segment is shorter than its header");
        }
        let page = &page[..HEADER];
        if page[..4] != MAGIC {
            return corrupt("the file does not start as a segment does");
        }
        let checksum = crc32c::crc32c_append(crc32c::crc32c(&page[..8]), &[0; 4]);
        if crc32c::crc32c_append(checksum, &page[12..]).to_le_bytes() != page[8..12] {
            return corrupt("the checksum of the segment's header does not hold");
        }
        let version = u16::from_le_bytes([page[4], page[5]]);
        if version != VERSION {
            let (found, newest) = (version.into(), VERSION.into());
            return Err(JournalError::UnknownFormat { file: name, found, newest });
        }
        let header = Self {
            index: u64::from_le_bytes(part(page, 16)),
            first_lsn: u64::from_le_bytes(part(page, 24)),
            chain: part(page, 32),
            identity: part(page, 64),
            logic: u64::from_le_bytes(part(page, 80)),
            created: u64::from_le_bytes(part(page, 88)),
        };
        if header.index != index {
            return corrupt(&format!("this is segment {} under another name", header.index));
        }
        Ok(header)
    }
}

fn part<const N: usize>(page: &[u8], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&page[at..at + N]);
    bytes
}

/// Returns the path of a segment.
pub fn file_name(index: u64) -> String {
    format!("{DIRECTORY}/{index:010}.log")
}

/// Returns the path of a segment that is prepared and not in use yet.
pub(super) fn spare_name(index: u64) -> String {
    format!("{DIRECTORY}/{index:010}.next")
}

/// Returns the numbers of the segments there are, in order.
///
/// # Errors
/// The disk fails.
pub fn list(disk: &Arc<dyn Disk>) -> Result<Vec<u64>, JournalError> {
    let names = disk.list(DIRECTORY).map_err(JournalError::io(DIRECTORY, "list the segments"))?;
    let index = |name: &String| name.strip_suffix(".log")?.parse().ok();
    let mut indices: Vec<u64> = names.iter().filter_map(index).collect();
    indices.sort_unstable();
    Ok(indices)
}

/// Reads the header of a segment.
///
/// # Errors
/// The disk fails, or the header does not verify.
pub fn read_header(disk: &Arc<dyn Disk>, index: u64) -> Result<SegmentHeader, JournalError> {
    let name = file_name(index);
    let mut page = vec![0; HEADER];
    let file = disk.open(&name).map_err(JournalError::io(&name, "open the segment"))?;
    let read = file.read_up_to(&mut page, 0).map_err(JournalError::io(&name, "read the segment"))?;
    SegmentHeader::decode(&page[..read], index)
}

/// Removes the segments all of whose frames are `lsn` or before, oldest first, and returns how many were removed. The
/// newest stays in any case.
///
/// Each removal is synced before the next, so that a crash cannot leave a hole.
///
/// # Errors
/// The disk fails, or a header does not verify.
pub fn prune_segments(disk: &Arc<dyn Disk>, lsn: u64) -> Result<usize, JournalError> {
    let mut removed = 0;
    for pair in list(disk)?.windows(2) {
        if read_header(disk, pair[1])?.first_lsn > lsn.saturating_add(1) {
            break;
        }
        let name = file_name(pair[0]);
        disk.remove(&name).map_err(JournalError::io(&name, "remove the segment"))?;
        disk.sync_dir(DIRECTORY).map_err(JournalError::io(DIRECTORY, "sync the directory"))?;
        removed += 1;
    }
    Ok(removed)
}

/// Sets every segment aside under another name, newest first: the rest of a log that has lost more than its end.
///
/// # Errors
/// The disk fails.
pub fn set_aside(disk: &Arc<dyn Disk>) -> Result<(), JournalError> {
    for index in list(disk)?.into_iter().rev() {
        let name = file_name(index);
        let aside = format!("{name}.lost");
        disk.rename(&name, &aside).map_err(JournalError::io(&name, "set the segment aside"))?;
    }
    disk.sync_dir(DIRECTORY).map_err(JournalError::io(DIRECTORY, "sync the directory"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEGMENT: SegmentHeader =
        SegmentHeader { index: 7, first_lsn: 100, chain: [1; 32], identity: [2; 16], logic: 3, created: 4 };

    #[test]
    fn a_header_is_read_as_written_and_any_flipped_bit_is_noticed() {
        let mut page = SEGMENT.encode();
        assert_eq!(SegmentHeader::decode(&page, 7).unwrap(), SEGMENT);
        for at in (0..200).chain([4095]) {
            for bit in 0..8 {
                page[at] ^= 1 << bit;
                let error = SegmentHeader::decode(&page, 7).unwrap_err();
                assert!(matches!(error, JournalError::Corrupt { .. }), "{at}: {error}");
                page[at] ^= 1 << bit;
            }
        }
        assert!(SegmentHeader::decode(&page, 8).is_err());
        assert!(SegmentHeader::decode(&page[..4095], 7).is_err());
    }

    #[test]
    fn a_later_version_is_named() {
        let mut page = SEGMENT.encode();
        page[4] = 9;
        page[8..12].fill(0);
        let checksum = crc32c::crc32c(&page);
        page[8..12].copy_from_slice(&checksum.to_le_bytes());
        let text = SegmentHeader::decode(&page, 7).unwrap_err().to_string();
        assert!(text.contains("format version 9") && text.contains("journal/0000000007.log"), "{text}");
    }
}
