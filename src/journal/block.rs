//! A block: the unit that one commit writes, checked as a whole, so that a commit is there entirely or not at all.
//!
//! Three things guard it. The checksum catches damage. The chain, a hash over everything before, catches a block that
//! is intact but is not the one that belongs there. And each block states how far the log was known to be durable when
//! it was written, which later distinguishes a block lost by the disk from one that was never finished.
//! `docs/journal-format.md` draws the bytes.

use super::segment::Chain;

/// The bytes of the header.
pub const HEADER: usize = 72;

/// The bytes blocks are aligned to.
pub const ALIGN: usize = 8;

/// The version of the layout this release writes.
pub const VERSION: u8 = 1;

/// The first bytes of a block.
pub(super) const MAGIC: [u8; 4] = *b"LXBK";
const SETTLED: u16 = 1;

/// The purpose of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It holds frames.
    Data,
    /// It holds none; it only records what is durable. Markers are not part of the chain.
    Marker,
}

/// The fields of a block's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fields {
    /// Its purpose.
    pub kind: Kind,
    /// Everything before it in the log was durable when it was written, markers included.
    pub is_settled: bool,
    /// How many frames it holds.
    pub count: u32,
    /// The number of its first frame; for a marker, the number of the frame that comes next.
    pub first_lsn: u64,
    /// The last frame known to be durable when it was written.
    pub durable: u64,
}

impl Fields {
    /// Returns the number of the last frame of the log up to and including this block.
    pub const fn last_lsn(&self) -> u64 {
        self.first_lsn - 1 + self.count as u64
    }

    /// Returns whether this block, if it is genuine, proves that frame `lsn` and all before it were durable, or at
    /// least every byte before it.
    pub const fn claims(&self, lsn: u64) -> bool {
        self.is_settled || self.durable >= lsn
    }
}

/// A block that verified on its own: its checksum holds and its frames fill it exactly.
#[derive(Debug, Clone, Copy)]
pub struct Decoded<'a> {
    /// The fields of its header.
    pub fields: Fields,
    /// The hash of everything up to it.
    pub chain: Chain,
    /// The frames, each with its length in front.
    pub body: &'a [u8],
    /// The bytes it takes, padding included.
    pub size: usize,
    hashed: [u8; 40],
}

/// Why bytes are not a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// The bytes end before the block does.
    #[error("it is cut short")]
    Short,
    /// It does not start as a block does.
    #[error("no block starts here")]
    Magic,
    /// The checksum does not hold.
    #[error("its checksum does not hold")]
    Checksum,
    /// The checksum holds, but the version is not known.
    #[error("block version {0} is not known")]
    Version(u8),
    /// The checksum holds, but the fields contradict each other.
    #[error("its fields contradict each other")]
    Fields,
    /// The checksum holds, but the frames do not fill the body.
    #[error("its frames do not fill it")]
    Frames,
    /// The padding after it is not zero.
    #[error("its padding is not zero")]
    Padding,
}

/// Returns `bytes` rounded up to the alignment of blocks.
pub const fn padded(bytes: usize) -> usize {
    bytes.next_multiple_of(ALIGN)
}

/// Returns the bytes of the block that starts with `header`, going by its length field alone.
pub fn size_of(header: &[u8]) -> Option<usize> {
    if header.len() < HEADER || header[..4] != MAGIC {
        return None;
    }
    (number(header, 12) as usize).checked_add(HEADER + ALIGN - 1).map(|end| end / ALIGN * ALIGN)
}

fn number(bytes: &[u8], at: usize) -> u32 {
    let mut value = [0; 4];
    value.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(value)
}

fn long(bytes: &[u8], at: usize) -> u64 {
    let mut value = [0; 8];
    value.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(value)
}

/// Reads the block at the start of `bytes`; `None` where the log cleanly ends in zeros.
///
/// Any bytes may be given: nothing is allocated and nothing panics.
///
/// # Errors
/// Why it is not a block.
pub fn decode(bytes: &[u8]) -> Result<Option<Decoded<'_>>, BlockError> {
    let start = &bytes[..bytes.len().min(HEADER)];
    if start.iter().all(|&byte| byte == 0) {
        return Ok(None);
    }
    if start.len() < HEADER {
        return Err(BlockError::Short);
    }
    let size = size_of(start).ok_or(BlockError::Magic)?;
    if size > bytes.len() {
        return Err(BlockError::Short);
    }
    let body_end = HEADER + number(bytes, 12) as usize;
    let body = &bytes[HEADER..body_end];
    if checksum(start, body) != number(bytes, 8) {
        return Err(BlockError::Checksum);
    }
    if bytes[body_end..size].iter().any(|&byte| byte != 0) {
        return Err(BlockError::Padding);
    }
    if bytes[4] != VERSION {
        return Err(BlockError::Version(bytes[4]));
    }
    let flags = u16::from_le_bytes([bytes[6], bytes[7]]);
    let kind = match bytes[5] {
        1 => Kind::Data,
        2 => Kind::Marker,
        _ => return Err(BlockError::Fields),
    };
    let fields = Fields {
        kind,
        is_settled: flags & SETTLED != 0,
        count: number(bytes, 16),
        first_lsn: long(bytes, 24),
        durable: long(bytes, 32),
    };
    let is_sound = flags & !SETTLED == 0
        && number(bytes, 20) == 0
        && fields.first_lsn > fields.durable
        && fields.first_lsn.checked_add(u64::from(fields.count)).is_some()
        && (fields.count == 0) == (kind == Kind::Marker);
    if !is_sound {
        return Err(BlockError::Fields);
    }
    if count_frames(body) != Some(fields.count) {
        return Err(BlockError::Frames);
    }
    let mut chain = Chain::default();
    chain.copy_from_slice(&bytes[40..HEADER]);
    Ok(Some(Decoded { fields, chain, body, size, hashed: hashed(start) }))
}

impl Decoded<'_> {
    /// Returns whether this is the block that follows a log with this chain.
    pub fn follows(&self, previous: &Chain) -> bool {
        chain(previous, &self.hashed, self.body) == self.chain
    }
}

/// Writes the header of a block in front of its body and returns its chain.
///
/// `block` is [`HEADER`] bytes to be written and the body, without padding; the body is shorter than 4 GiB.
pub fn seal(block: &mut [u8], fields: &Fields, previous: &Chain) -> Chain {
    let (header, body) = block.split_at_mut(HEADER);
    header.fill(0);
    header[..4].copy_from_slice(&MAGIC);
    header[4] = VERSION;
    header[5] = match fields.kind {
        Kind::Data => 1,
        Kind::Marker => 2,
    };
    header[6..8].copy_from_slice(&(if fields.is_settled { SETTLED } else { 0 }).to_le_bytes());
    header[12..16].copy_from_slice(&(body.len() as u32).to_le_bytes());
    header[16..20].copy_from_slice(&fields.count.to_le_bytes());
    header[24..32].copy_from_slice(&fields.first_lsn.to_le_bytes());
    header[32..40].copy_from_slice(&fields.durable.to_le_bytes());
    let chain = chain(previous, &hashed(header), body);
    header[40..].copy_from_slice(&chain);
    let checksum = checksum(header, body);
    header[8..12].copy_from_slice(&checksum.to_le_bytes());
    chain
}

/// Returns the part of a header that is chained: without the checksum and the chain itself.
fn hashed(header: &[u8]) -> [u8; 40] {
    let mut hashed = [0; 40];
    hashed.copy_from_slice(&header[..40]);
    hashed[8..12].fill(0);
    hashed
}

fn chain(previous: &Chain, hashed: &[u8; 40], body: &[u8]) -> Chain {
    *blake3::Hasher::new().update(previous).update(hashed).update(body).finalize().as_bytes()
}

fn checksum(header: &[u8], body: &[u8]) -> u32 {
    let checksum = crc32c::crc32c(&header[..8]);
    let checksum = crc32c::crc32c_append(checksum, &[0; 4]);
    crc32c::crc32c_append(crc32c::crc32c_append(checksum, &header[12..HEADER]), body)
}

/// Appends a frame, with its length in front.
pub fn push_frame(frames: &mut Vec<u8>, frame: &[u8]) {
    frames.extend_from_slice(&(frame.len() as u32).to_le_bytes());
    frames.extend_from_slice(frame);
}

/// Counts the frames of a body, if they fill it exactly.
pub fn count_frames(body: &[u8]) -> Option<u32> {
    let mut frames = Frames::new(0, body);
    let count = u32::try_from(frames.by_ref().count()).ok()?;
    frames.rest.is_empty().then_some(count)
}

/// The frames of a body, each with its number. It ends early on a body that does not verify.
#[derive(Debug, Clone)]
pub struct Frames<'a> {
    lsn: u64,
    rest: &'a [u8],
}

impl<'a> Frames<'a> {
    /// Walks the frames of a body whose first frame has number `first_lsn`.
    pub const fn new(first_lsn: u64, body: &'a [u8]) -> Self {
        Self { lsn: first_lsn, rest: body }
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = (u64, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (length, rest) = self.rest.split_first_chunk::<4>()?;
        let (frame, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        let lsn = self.lsn;
        self.rest = rest;
        self.lsn += 1;
        Some((lsn, frame))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn block(frames: &[Vec<u8>], first_lsn: u64, previous: &Chain) -> Vec<u8> {
        let mut bytes = vec![0xff; HEADER];
        for frame in frames {
            push_frame(&mut bytes, frame);
        }
        let fields = Fields {
            kind: if frames.is_empty() { Kind::Marker } else { Kind::Data },
            is_settled: first_lsn.is_multiple_of(2),
            count: frames.len() as u32,
            first_lsn,
            durable: first_lsn - 1,
        };
        seal(&mut bytes, &fields, previous);
        bytes.resize(padded(bytes.len()), 0);
        bytes
    }

    proptest! {
        #[test]
        fn a_block_is_read_as_it_was_written(
            frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..20),
            first_lsn in 1..u64::MAX / 2,
            previous in any::<Chain>(),
        ) {
            let bytes = block(&frames, first_lsn, &previous);
            let decoded = decode(&bytes).unwrap().unwrap();
            prop_assert!(decoded.follows(&previous));
            prop_assert!(!decoded.follows(&[7; 32]));
            prop_assert_eq!(decoded.size, bytes.len());
            prop_assert_eq!(decoded.fields.last_lsn(), first_lsn - 1 + frames.len() as u64);
            let read = Frames::new(first_lsn, decoded.body);
            prop_assert!(read.eq(frames.iter().enumerate().map(|(n, frame)| (first_lsn + n as u64, &frame[..]))));
        }

        #[test]
        fn a_block_with_any_byte_changed_is_refused(
            frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..8),
            by in 1..=u8::MAX,
        ) {
            let mut bytes = block(&frames, 5, &[3; 32]);
            for at in 0..bytes.len() {
                bytes[at] ^= by;
                prop_assert!(decode(&bytes).is_err(), "byte {}", at);
                bytes[at] ^= by;
            }
            for end in 1..bytes.len() {
                prop_assert!(decode(&bytes[..end]).is_err(), "cut at {}", end);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..300), seal_it in any::<bool>()) {
            let _ = decode(&bytes);
            if bytes.len() >= HEADER {
                bytes[..4].copy_from_slice(&MAGIC);
                let length = if seal_it { bytes.len() - HEADER } else { 9 };
                bytes[12..16].copy_from_slice(&(length as u32).to_le_bytes());
                let sum = checksum(&bytes, &bytes[HEADER..]);
                bytes[8..12].copy_from_slice(&sum.to_le_bytes());
                prop_assert!(decode(&bytes).is_err());
            }
        }
    }

    #[test]
    fn zeros_are_the_clean_end() {
        for length in [0, 1, 71, 72, 4096] {
            assert!(decode(&vec![0; length]).unwrap().is_none());
        }
    }

    #[test]
    fn a_later_version_is_named() {
        let mut bytes = block(&[vec![1]], 1, &[0; 32]);
        bytes[4] = 9;
        let sum = checksum(&bytes, &bytes[HEADER..HEADER + 5]);
        bytes[8..12].copy_from_slice(&sum.to_le_bytes());
        assert_eq!(decode(&bytes).unwrap_err(), BlockError::Version(9));
    }
}
