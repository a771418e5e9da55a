//! Reading the log: every block verified, every frame in its place.
//!
//! Where a block does not verify, one question decides: does anything later state that what should be here was durable?
//! Then it was lost, which is corruption, and nothing is served beyond it. Otherwise it was never finished or
//! acknowledged, and the log ends here: a torn tail.

use std::{ops::ControlFlow, ops::Range, sync::Arc};

use super::{
    block::{self, Fields, Frames, Kind},
    disk::Disk,
    error::JournalError,
    segment::{self, Chain, GENESIS, Identity, Position, SegmentHeader},
    tail::{self, Tail},
    window::Window,
};

/// How much is read at once when everything is read.
const CHUNK: usize = 4 << 20;
/// How much is read at once when a log that is being written is followed.
const FOLLOW_CHUNK: usize = 256 << 10;

/// Where to start reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At the first frame ever written.
    Beginning,
    /// Where a snapshot was taken.
    At(Position),
}

/// A verified block.
#[derive(Debug, Clone, Copy)]
pub struct Block<'a> {
    /// The number of its first frame.
    pub first_lsn: u64,
    /// How many frames it holds.
    pub count: u32,
    /// The frames, each with its length in front.
    pub body: &'a [u8],
    /// The fingerprint of the logic that wrote it.
    pub logic: u64,
    /// Where the log continues after it.
    pub end: Position,
}

impl<'a> Block<'a> {
    /// Returns its frames with their numbers.
    pub const fn frames(&self) -> Frames<'a> {
        Frames::new(self.first_lsn, self.body)
    }
}

/// Reads a log block by block.
#[derive(Debug)]
pub struct LogReader {
    disk: Arc<dyn Disk>,
    identity: Identity,
    position: Position,
    chunk: usize,
    indices: Vec<u64>,
    open: Option<Open>,
    seen: Vec<SegmentHeader>,
    /// The offset in the open segment from which on the disk may not have what is shown.
    settled: u64,
}

#[derive(Debug)]
struct Open {
    header: SegmentHeader,
    window: Window,
}

/// The content at the position of a reader.
enum Step {
    Block { fields: Fields, body: Range<usize> },
    End(Option<String>),
}

/// The block found at a position.
type Found = Result<Option<(Fields, Chain, usize, Range<usize>)>, String>;

impl LogReader {
    /// Opens a log for reading all of it from `start` on.
    ///
    /// # Errors
    /// The disk fails, or the log does not continue at `start`.
    pub fn open(disk: &Arc<dyn Disk>, identity: Identity, start: Start) -> Result<Self, JournalError> {
        Self::with_chunk(disk, identity, start, CHUNK)
    }

    /// Opens a log that is being written, to be read up to what is durable: see [`LogReader::next_durable`].
    ///
    /// # Errors
    /// The disk fails, or the log does not continue at `start`.
    pub fn follow(disk: &Arc<dyn Disk>, identity: Identity, start: Start) -> Result<Self, JournalError> {
        Self::with_chunk(disk, identity, start, FOLLOW_CHUNK)
    }

    fn with_chunk(
        disk: &Arc<dyn Disk>,
        identity: Identity,
        start: Start,
        chunk: usize,
    ) -> Result<Self, JournalError> {
        let position = match start {
            Start::Beginning => Position { chain: GENESIS, ..Position::default() },
            Start::At(position) => position,
        };
        let mut reader = Self {
            disk: Arc::clone(disk),
            identity,
            position,
            chunk,
            indices: segment::list(disk)?,
            open: None,
            seen: Vec::new(),
            settled: 0,
        };
        reader.enter()?;
        Ok(reader)
    }

    /// Returns the place after the last block read.
    pub const fn position(&self) -> Position {
        self.position
    }

    /// Opens the segment the position is in, or the one after it when that one was pruned.
    fn enter(&mut self) -> Result<(), JournalError> {
        let position = self.position;
        if self.indices.contains(&position.segment) {
            let open = self.load(position.segment)?;
            let is_inside = position.offset >= segment::HEADER as u64
                && position.offset <= open.window.size()
                && position.offset.is_multiple_of(block::ALIGN as u64)
                && open.header.first_lsn <= position.lsn.saturating_add(1);
            if !is_inside {
                let file = segment::file_name(position.segment);
                return Err(JournalError::corrupt(
                    &file,
                    position.offset,
                    "there is no such place in the segment",
                ));
            }
            self.seen.push(open.header);
            self.open = Some(open);
            self.settled = position.offset;
            return Ok(());
        }
        let next = self.indices.iter().copied().find(|&index| index > position.segment);
        match next {
            Some(index) => {
                let open = self.load(index)?;
                self.go_on(open)
            }
            None if position.segment == 0 && self.indices.is_empty() && position.lsn == 0 => Ok(()),
            None => {
                let file = segment::file_name(position.segment);
                Err(JournalError::corrupt(&file, position.offset, "the segment is missing"))
            }
        }
    }

    fn load(&self, index: u64) -> Result<Open, JournalError> {
        let name = segment::file_name(index);
        let file = self.disk.open(&name).map_err(JournalError::io(&name, "open the segment"))?;
        let read = |error| JournalError::io(&name, "read the segment")(error);
        let mut window = Window::new(file, self.chunk).map_err(read)?;
        let page = window.load(0, segment::HEADER).map_err(read)?;
        let header = SegmentHeader::decode(window.at(page), index)?;
        if header.identity != self.identity {
            return Err(JournalError::corrupt(&name, 64, "the segment belongs to another data directory"));
        }
        Ok(Open { header, window })
    }

    /// Moves to the start of a segment, which must continue exactly where the position is.
    fn go_on(&mut self, open: Open) -> Result<(), JournalError> {
        let index = open.header.index;
        let name = segment::file_name(index);
        let expected = self.position.lsn.saturating_add(1);
        if open.header.first_lsn != expected {
            let found = open.header.first_lsn;
            let reason = format!("the segment starts at frame {found}, but frame {expected} is the next");
            return Err(JournalError::corrupt(&name, 24, reason));
        }
        if open.header.chain != self.position.chain {
            return Err(JournalError::corrupt(
                &name,
                32,
                "the segment does not follow from what is before it",
            ));
        }
        self.position.segment = index;
        self.position.offset = segment::HEADER as u64;
        self.settled = self.position.offset;
        self.seen.push(open.header);
        self.open = Some(open);
        Ok(())
    }

    /// Reads what is at the position of the open segment.
    fn look(open: &mut Open, position: &Position) -> std::io::Result<Found> {
        let head = open.window.load(position.offset, block::HEADER)?;
        let size = block::size_of(open.window.at(head.clone())).unwrap_or(head.len());
        let left = open.window.size().saturating_sub(position.offset);
        let whole = open.window.load(position.offset, (size as u64).min(left) as usize)?;
        let from = whole.start;
        Ok(match block::decode(open.window.at(whole)) {
            Ok(None) => Ok(None),
            Err(error) => Err(error.to_string()),
            Ok(Some(found)) => {
                let expected = position.lsn.saturating_add(1);
                if found.fields.first_lsn != expected {
                    Err(format!(
                        "it starts at frame {}, but frame {expected} is the next",
                        found.fields.first_lsn
                    ))
                } else if !found.follows(&position.chain) {
                    Err("it does not follow from what is before it".to_owned())
                } else {
                    let start = from + block::HEADER;
                    Ok(Some((found.fields, found.chain, found.size, start..start + found.body.len())))
                }
            }
        })
    }

    /// Reads the next block, continuing with the next segment where one ends.
    fn step(&mut self, is_live: bool) -> Result<Step, JournalError> {
        loop {
            let Some(open) = &mut self.open else { return Ok(Step::End(None)) };
            let name = segment::file_name(open.header.index);
            let read = |error| JournalError::io(&name, "read the segment")(error);
            let mut found = Self::look(open, &self.position).map_err(read)?;
            if is_live && !matches!(found, Ok(Some(_))) {
                open.window.forget();
                found = Self::look(open, &self.position).map_err(read)?;
            }
            let reason = match found {
                Ok(Some((fields, chain, size, body))) => {
                    if fields.is_settled {
                        self.settled = self.position.offset;
                    }
                    if fields.kind == Kind::Data {
                        self.position.lsn = fields.last_lsn();
                        self.position.chain = chain;
                    }
                    self.position.offset += size as u64;
                    return Ok(Step::Block { fields, body });
                }
                Ok(None) => None,
                Err(reason) => Some(reason),
            };
            if is_live {
                self.indices = segment::list(&self.disk)?;
            }
            let index = open.header.index;
            let Some(&next) = self.indices.iter().find(|&&other| other > index) else {
                return Ok(Step::End(reason));
            };
            if next != index + 1 {
                let reason = "the segment is missing, later ones exist";
                return Err(JournalError::corrupt(&segment::file_name(index + 1), 0, reason));
            }
            let open = self.load(next)?;
            let first = open.header.first_lsn;
            if first != self.position.lsn.saturating_add(1) {
                let reason = reason.unwrap_or_else(|| "the log ends here".to_owned());
                let reason = format!("{reason}, but the next segment starts at frame {first}");
                return Err(JournalError::corrupt(&name, self.position.offset, reason));
            }
            self.go_on(open)?;
        }
    }

    fn block(&self, fields: &Fields, body: Range<usize>) -> Option<Block<'_>> {
        let open = self.open.as_ref()?;
        Some(Block {
            first_lsn: fields.first_lsn,
            count: fields.count,
            body: open.window.at(body),
            logic: open.header.logic,
            end: self.position,
        })
    }

    /// Returns the next block with frames, or `None` where the log ends; [`LogReader::tail`] states how.
    ///
    /// # Errors
    /// The disk fails, or the log is corrupt. A block that is bad and the last of all is no error here.
    pub fn next_block(&mut self) -> Result<Option<Block<'_>>, JournalError> {
        loop {
            match self.step(false)? {
                Step::End(_) => return Ok(None),
                Step::Block { fields, body } if fields.kind == Kind::Data => {
                    return Ok(self.block(&fields, body));
                }
                Step::Block { .. } => {}
            }
        }
    }

    /// Returns the next block of a log that is being written, as long as it is within what is known to be durable;
    /// `None` when all of that was read. The tail is not judged.
    ///
    /// # Errors
    /// The disk fails, or something durable does not verify.
    pub fn next_durable(&mut self, durable: u64) -> Result<Option<Block<'_>>, JournalError> {
        while self.position.lsn < durable {
            if self.open.is_none() {
                self.indices = segment::list(&self.disk)?;
                self.enter()?;
            }
            match self.step(true)? {
                Step::Block { fields, body } if fields.kind == Kind::Data => {
                    return Ok(self.block(&fields, body));
                }
                Step::Block { .. } => {}
                Step::End(reason) => {
                    let reason =
                        reason.unwrap_or_else(|| format!("frame {durable} is durable and not there"));
                    let file = segment::file_name(self.position.segment);
                    return Err(JournalError::corrupt(&file, self.position.offset, reason));
                }
            }
        }
        Ok(None)
    }

    /// Judges where the log ends; to be called when [`LogReader::next_block`] has returned `None`.
    ///
    /// # Errors
    /// The disk fails, or something after the end proves that there was more: corruption.
    pub fn tail(mut self) -> Result<Tail, JournalError> {
        let reason = match self.step(false)? {
            Step::End(reason) => reason,
            Step::Block { .. } => return Err(JournalError::Stopped { lsn: self.position.lsn }),
        };
        let torn = match &mut self.open {
            None => None,
            Some(open) => tail::judge(&mut open.window, &self.position, reason)?,
        };
        let rewrite_from = self.settled.min(self.position.offset);
        Ok(Tail { position: self.position, rewrite_from, torn, segments: self.seen })
    }
}

/// Reads a log from `start` to its end, handing out every verified block.
///
/// # Errors
/// The disk fails, the log is corrupt, or `visit` broke off.
pub fn open_blocks(
    disk: &Arc<dyn Disk>,
    identity: Identity,
    start: Start,
    visit: &mut dyn FnMut(&Block<'_>) -> ControlFlow<()>,
) -> Result<Tail, JournalError> {
    let mut reader = LogReader::open(disk, identity, start)?;
    while let Some(block) = reader.next_block()? {
        if visit(&block).is_break() {
            return Err(JournalError::Stopped { lsn: block.end.lsn });
        }
    }
    reader.tail()
}

/// Reads a log from `start` to its end, handing out every frame with its number.
///
/// # Errors
/// The disk fails, the log is corrupt, or `visit` broke off.
pub fn open_log(
    disk: &Arc<dyn Disk>,
    identity: Identity,
    start: Start,
    visit: &mut dyn FnMut(u64, &[u8]) -> ControlFlow<()>,
) -> Result<Tail, JournalError> {
    open_blocks(disk, identity, start, &mut |block| {
        block.frames().try_for_each(|(lsn, frame)| visit(lsn, frame))
    })
}
