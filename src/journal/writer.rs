//! The writer: one block per commit, one write and one sync.
//!
//! It is synchronous and uses no threads, so that the simulated disk can test every way to fail. After a failed write
//! or sync it is poisoned: what reached the disk is not known any more, trying again would prove nothing, and only
//! reading the log anew can find out.

use std::{
    mem,
    sync::{Arc, atomic::AtomicBool},
};

use super::{
    block::{self, Fields, Frames, Kind},
    disk::{Disk, File},
    error::JournalError,
    fill::{Fill, Filler},
    note::{Head, Note},
    segment::{self, DIRECTORY, Identity, Position, SegmentHeader},
};

/// The largest frame, whatever the segments hold.
pub const FRAME_MAX: usize = 16 << 20;
/// The size of the pages the system keeps files in.
const PAGE: u64 = 4096;
/// A staging buffer larger than this is freed after use.
const STAGING_KEPT: usize = 4 << 20;

/// How a log is written.
#[derive(Debug, Clone, Copy)]
pub struct LogOptions {
    /// The size of a segment, header included.
    pub segment_bytes: u64,
    /// The data directory it belongs to.
    pub identity: Identity,
    /// A fingerprint of the logic whose work it records.
    pub logic: u64,
    /// Returns the time when a segment is started; the log only stores it.
    pub clock: fn() -> u64,
    /// Who fills segments.
    pub fill: Fill,
}

impl LogOptions {
    /// The default size of segments.
    pub const SEGMENT_BYTES: u64 = 64 << 20;
    /// The smallest segment.
    pub const SEGMENT_MIN: u64 = 8 << 10;
    /// The largest segment.
    pub const SEGMENT_MAX: u64 = 1 << 30;

    /// Returns them with a size of segments that can be written.
    pub(super) fn bounded(self) -> Self {
        let bytes = self.segment_bytes.clamp(Self::SEGMENT_MIN, Self::SEGMENT_MAX);
        Self { segment_bytes: bytes / 4096 * 4096, ..self }
    }
}

/// Writes a log. [`LogWriter::resume`] creates one.
#[derive(Debug)]
pub struct LogWriter {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) options: LogOptions,
    pub(super) filler: Filler,
    pub(super) segment: Option<OpenSegment>,
    pub(super) position: Position,
    note: Note,
    durable: u64,
    /// Everything before `position` is durable.
    is_settled: bool,
    /// Room for a header, then the frames staged.
    staged: Vec<u8>,
    count: u32,
    failed: Option<JournalError>,
}

/// The segment being written.
#[derive(Debug)]
pub(super) struct OpenSegment {
    pub(super) file: Box<dyn File>,
    pub(super) name: String,
    pub(super) size: u64,
}

impl LogWriter {
    /// Creates a writer for a log all of which is durable up to `position`.
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        options: LogOptions,
        filler: Filler,
        note: Note,
        segment: Option<OpenSegment>,
        position: Position,
    ) -> Self {
        Self {
            disk,
            options,
            filler,
            segment,
            position,
            note,
            durable: position.lsn,
            is_settled: true,
            staged: vec![0; block::HEADER],
            count: 0,
            failed: None,
        }
    }

    /// Returns the last frame known to be durable.
    pub const fn durable(&self) -> u64 {
        self.durable
    }

    /// Returns where the next block goes.
    pub const fn position(&self) -> Position {
        self.position
    }

    /// Returns the bytes of the frames staged, their lengths included.
    pub const fn staged(&self) -> usize {
        self.staged.len() - block::HEADER
    }

    /// Returns the largest frame that can be written.
    pub fn frame_max(&self) -> usize {
        (self.room() - 4).min(FRAME_MAX)
    }

    /// Returns a flag that is up while the next segment cannot be prepared: most likely the disk is full. The writer
    /// fails when it needs that segment, so this is the time to accept no new work.
    pub fn space_warning(&self) -> Arc<AtomicBool> {
        self.filler.failing()
    }

    /// Returns the bytes of frames an empty segment holds.
    fn room(&self) -> usize {
        self.options.segment_bytes as usize - segment::HEADER - block::HEADER
    }

    /// Returns the bytes left in the segment.
    fn left(&self) -> u64 {
        self.segment.as_ref().map_or(0, |segment| segment.size.saturating_sub(self.position.offset))
    }

    /// Runs an operation that may fail; once one has, no other is tried.
    fn guarded<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        work(self).inspect_err(|error| self.failed = Some(error.clone()))
    }

    /// Stages `count` frames, each with its length in front, for the next commit; returns the number the last of
    /// them will have.
    ///
    /// # Errors
    /// The writer failed before, a frame is too large, or lengths and count do not fit together; then nothing is
    /// staged.
    pub fn append(&mut self, frames: &[u8], count: u32) -> Result<u64, JournalError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let most = self.frame_max();
        if let Some((_, frame)) = Frames::new(1, frames).find(|(_, frame)| frame.len() > most) {
            return Err(JournalError::FrameTooLarge { bytes: frame.len() as u64, most: most as u64 });
        }
        if block::count_frames(frames) != Some(count) {
            return Err(JournalError::MalformedFrames { reason: "lengths and count do not fit together" });
        }
        let Some(total) = self.count.checked_add(count) else {
            return Err(JournalError::MalformedFrames { reason: "too many in one commit" });
        };
        self.staged.extend_from_slice(frames);
        self.count = total;
        Ok(self.position.lsn + u64::from(total))
    }

    /// Writes what is staged and makes it durable: one write, one sync. Returns the last durable frame.
    ///
    /// # Errors
    /// The disk fails, now or before.
    pub fn commit(&mut self) -> Result<u64, JournalError> {
        self.write()?;
        self.sync()
    }

    /// Writes what is staged without waiting for the disk. Returns the last frame written.
    ///
    /// # Errors
    /// The disk fails, now or before.
    pub fn write(&mut self) -> Result<u64, JournalError> {
        self.guarded(|writer| {
            if writer.count > 0 {
                let mut staged = mem::take(&mut writer.staged);
                writer.write_staged(&mut staged)?;
                staged.truncate(block::HEADER);
                staged.shrink_to(STAGING_KEPT);
                writer.staged = staged;
                writer.count = 0;
            }
            Ok(writer.position.lsn)
        })
    }

    /// Makes everything written durable. Returns the last durable frame.
    ///
    /// # Errors
    /// The disk fails, now or before.
    pub fn sync(&mut self) -> Result<u64, JournalError> {
        self.guarded(|writer| {
            writer.settle()?;
            Ok(writer.durable)
        })
    }

    /// Notes how far the log is durable, apart from the log and without a sync of its own. Not part of a commit:
    /// clients that wait for one need not wait for this, and the log continues without it.
    ///
    /// # Errors
    /// The disk fails; it can be tried again.
    pub fn note(&mut self) -> Result<(), JournalError> {
        let Position { lsn, chain, .. } = self.position;
        if self.is_settled { self.note.write(Head { lsn, chain }) } else { Ok(()) }
    }

    /// Commits what is staged and writes a block that states how far the log is durable, so that from now on damage to
    /// the last commit can be distinguished from a crash in the middle of it.
    ///
    /// # Errors
    /// The disk fails, now or before.
    pub fn marker(&mut self) -> Result<u64, JournalError> {
        self.commit()?;
        self.guarded(|writer| {
            if writer.left() < block::HEADER as u64 {
                // The header of the next segment states the same.
                writer.roll()?;
            } else {
                writer.write_block(&mut vec![0; block::HEADER], 0)?;
                writer.settle()?;
            }
            Ok(writer.durable)
        })
    }

    fn settle(&mut self) -> Result<(), JournalError> {
        if !self.is_settled
            && let Some(segment) = &self.segment
        {
            segment.file.sync_data().map_err(JournalError::io(&segment.name, "sync the segment"))?;
            self.is_settled = true;
            self.durable = self.position.lsn;
        }
        Ok(())
    }

    /// Writes the frames staged as one block, or as several where no segment holds them all.
    fn write_staged(&mut self, staged: &mut Vec<u8>) -> Result<(), JournalError> {
        let size = block::padded(staged.len());
        if size as u64 > self.left() {
            self.roll()?;
        }
        if size as u64 <= self.left() {
            let count = self.count;
            return self.write_block(staged, count);
        }
        let mut part = vec![0; block::HEADER];
        let mut count = 0;
        for (_, frame) in Frames::new(1, &staged[block::HEADER..]) {
            if block::padded(part.len() + 4 + frame.len()) as u64 > self.left() {
                if count > 0 {
                    self.write_block(&mut part, count)?;
                }
                self.roll()?;
                part.truncate(block::HEADER);
                count = 0;
            }
            block::push_frame(&mut part, frame);
            count += 1;
        }
        self.write_block(&mut part, count)
    }

    /// Writes one block, which fits; `block` has room for a header in front.
    fn write_block(&mut self, block: &mut Vec<u8>, count: u32) -> Result<(), JournalError> {
        let fields = Fields {
            kind: if count == 0 { Kind::Marker } else { Kind::Data },
            is_settled: self.is_settled,
            count,
            first_lsn: self.position.lsn + 1,
            durable: self.durable,
        };
        let chain = block::seal(block, &fields, &self.position.chain);
        let Some(segment) = &self.segment else {
            return Err(JournalError::MalformedFrames { reason: "no segment is open" });
        };
        let offset = self.position.offset;
        let end = offset + block::padded(block.len()) as u64;
        // Everything behind a block is zeros. Writing them to the end of the page spares the system reading the page
        // from the disk, which it does to change a part of one.
        let page_end = end.next_multiple_of(PAGE).min(segment.size).max(end);
        block.resize((page_end - offset) as usize, 0);
        let written = segment.file.write_at(block, offset);
        written.map_err(JournalError::io(&segment.name, "write to the segment"))?;
        self.is_settled = false;
        self.position.offset = end;
        self.filler.used(end);
        if count > 0 {
            self.position.lsn = fields.last_lsn();
            self.position.chain = chain;
        }
        Ok(())
    }

    /// Continues in the next segment. Its header is durable before it gets its name, its name before its first block.
    pub(super) fn roll(&mut self) -> Result<(), JournalError> {
        self.settle()?;
        let index = self.position.segment + 1;
        let file = self.filler.take(index)?;
        let header = SegmentHeader {
            index,
            first_lsn: self.position.lsn + 1,
            chain: self.position.chain,
            identity: self.options.identity,
            logic: self.options.logic,
            created: (self.options.clock)(),
        };
        let (name, spare) = (segment::file_name(index), segment::spare_name(index));
        file.write_at(&header.encode(), 0).map_err(JournalError::io(&spare, "write the segment's header"))?;
        file.sync_data().map_err(JournalError::io(&spare, "sync the segment's header"))?;
        self.disk.rename(&spare, &name).map_err(JournalError::io(&name, "name the segment"))?;
        self.disk.sync_dir(DIRECTORY).map_err(JournalError::io(DIRECTORY, "sync the directory"))?;
        self.segment = Some(OpenSegment { file, name, size: self.options.segment_bytes });
        self.position.segment = index;
        self.position.offset = segment::HEADER as u64;
        self.filler.order(index + 1);
        Ok(())
    }
}
