//! A note of how far the log is durable, kept apart from the log.
//!
//! In the log itself, the rest of a commit that was never acknowledged looks the same as the loss of one that was, if
//! the loss affects its end. The note distinguishes them: it is written after every sync, once the outboxes that waited
//! for that sync are released, and it is not synced itself. So it is never ahead of the log on disk; after a crash of
//! the process it is at the last commit, after a power cut as recent as the system's own writing back made it.
//!
//! There are two places, written in turn, each in a page of its own: one that is torn leaves the other.

use std::sync::Arc;

use super::{
    disk::{Disk, File},
    error::JournalError,
    segment::{Chain, Identity},
};

/// The file, beside the directory of the segments.
pub const FILE: &str = "durable";

const MAGIC: [u8; 4] = *b"LXDU";
const VERSION: u8 = 1;
/// The size of a note.
const BYTES: usize = 80;
/// The offset of the second place.
const PLACE: u64 = 4096;

/// A place in the log as an outside source knows it: the frames up to it, and the hash of everything up to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last frame.
    pub lsn: u64,
    /// The hash of everything up to it.
    pub chain: Chain,
}

/// The note, open for writing.
#[derive(Debug)]
pub(super) struct Note {
    file: Box<dyn File>,
    identity: Identity,
    turn: u64,
    noted: Option<u64>,
}

impl Note {
    /// Opens the note, creating it if there is none.
    pub(super) fn open(disk: &Arc<dyn Disk>, identity: Identity) -> Result<Self, JournalError> {
        let (file, turn) = match read(disk)? {
            Some((file, found)) => (file, found.map_or(0, |(turn, ..)| turn)),
            None => {
                let make = || {
                    let file = disk.create(FILE)?;
                    file.write_at(&[0; BYTES], 0)?;
                    file.write_at(&[0; BYTES], PLACE)?;
                    file.sync_data()?;
                    disk.sync_dir("")?;
                    Ok(file)
                };
                (make().map_err(JournalError::io(FILE, "make the file"))?, 0)
            }
        };
        Ok(Self { file, identity, turn, noted: None })
    }

    /// Records a place everything up to which is durable.
    pub(super) fn write(&mut self, head: Head) -> Result<(), JournalError> {
        if self.noted == Some(head.lsn) {
            return Ok(());
        }
        let turn = self.turn + 1;
        let written = self.file.write_at(&encode(turn, &self.identity, &head), turn % 2 * PLACE);
        // A place that is torn is written again: the other still has the note before.
        written.map_err(JournalError::io(FILE, "write to the file"))?;
        (self.turn, self.noted) = (turn, Some(head.lsn));
        Ok(())
    }
}

/// Returns the last note for a data directory; `None` when there is none, or none that verifies.
///
/// # Errors
/// The disk fails.
pub fn noted(disk: &Arc<dyn Disk>, identity: Identity) -> Result<Option<Head>, JournalError> {
    let found = read(disk)?.and_then(|(_, found)| found);
    Ok(found.filter(|(_, whose, _)| *whose == identity).map(|(.., head)| head))
}

/// The turn of a note, the directory it belongs to, and its content.
type Found = (u64, Identity, Head);

/// The file of the notes, and the newest in it that verifies.
type Notes = (Box<dyn File>, Option<Found>);

fn read(disk: &Arc<dyn Disk>) -> Result<Option<Notes>, JournalError> {
    if !disk.has(FILE).map_err(JournalError::io("", "list the data directory"))? {
        return Ok(None);
    }
    let file = disk.open(FILE).map_err(JournalError::io(FILE, "open the file"))?;
    let mut newest = None;
    for offset in [0, PLACE] {
        let mut bytes = [0; BYTES];
        file.read_up_to(&mut bytes, offset).map_err(JournalError::io(FILE, "read the file"))?;
        newest =
            newest.max(decode(&bytes).map(|(turn, identity, head)| (turn, identity, head.lsn, head.chain)));
    }
    let found = newest.map(|(turn, identity, lsn, chain)| (turn, identity, Head { lsn, chain }));
    Ok(Some((file, found)))
}

fn encode(turn: u64, identity: &Identity, head: &Head) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    bytes[..4].copy_from_slice(&MAGIC);
    bytes[4] = VERSION;
    bytes[16..24].copy_from_slice(&turn.to_le_bytes());
    bytes[24..32].copy_from_slice(&head.lsn.to_le_bytes());
    bytes[32..64].copy_from_slice(&head.chain);
    bytes[64..80].copy_from_slice(identity);
    let checksum = crc32c::crc32c(&bytes);
    bytes[8..12].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

fn decode(bytes: &[u8; BYTES]) -> Option<Found> {
    let mut cleared = *bytes;
    cleared[8..12].fill(0);
    let is_whole =
        bytes[..4] == MAGIC && bytes[4] == VERSION && crc32c::crc32c(&cleared).to_le_bytes() == bytes[8..12];
    let head = Head { lsn: u64::from_le_bytes(part(bytes, 24)), chain: part(bytes, 32) };
    is_whole.then(|| (u64::from_le_bytes(part(bytes, 16)), part(bytes, 64), head))
}

fn part<const N: usize>(bytes: &[u8; BYTES], at: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&bytes[at..at + N]);
    part
}

#[cfg(test)]
mod tests {
    use super::{super::sim::SimDisk, *};

    const OWN: Identity = [7; 16];

    fn head(lsn: u64) -> Head {
        Head { lsn, chain: [lsn as u8; 32] }
    }

    #[test]
    fn the_last_note_is_read_and_a_torn_one_leaves_the_one_before() {
        let disk: Arc<dyn Disk> = Arc::new(SimDisk::default());
        assert_eq!(noted(&disk, OWN).unwrap(), None);
        let mut note = Note::open(&disk, OWN).unwrap();
        assert_eq!(noted(&disk, OWN).unwrap(), None, "nothing was noted yet");
        for lsn in [3, 4, 4, 9] {
            note.write(head(lsn)).unwrap();
            assert_eq!(noted(&disk, OWN).unwrap(), Some(head(lsn)));
        }
        assert_eq!(noted(&disk, [8; 16]).unwrap(), None, "another directory's");
        drop(note);
        let mut note = Note::open(&disk, OWN).unwrap();
        note.write(head(5)).unwrap();
        assert_eq!(noted(&disk, OWN).unwrap(), Some(head(5)), "the last, not the highest");
        for at in 0..BYTES as u64 {
            let file = disk.open(FILE).unwrap();
            let place = note.turn % 2 * PLACE + at;
            let mut byte = [0];
            file.read_at(&mut byte, place).unwrap();
            file.write_at(&[byte[0] ^ 1], place).unwrap();
            assert_eq!(noted(&disk, OWN).unwrap(), Some(head(9)), "byte {at}");
            file.write_at(&byte, place).unwrap();
        }
    }
}
