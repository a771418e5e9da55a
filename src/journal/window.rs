//! A window over a file: large reads, slices handed out without copying.

use std::{io, ops::Range};

use super::disk::File;

/// A part of a file in memory.
#[derive(Debug)]
pub(super) struct Window {
    file: Box<dyn File>,
    size: u64,
    chunk: usize,
    start: u64,
    bytes: Vec<u8>,
    filled: usize,
}

impl Window {
    /// Opens a window that reads `chunk` bytes at a time.
    pub(super) fn new(file: Box<dyn File>, chunk: usize) -> io::Result<Self> {
        let size = file.size()?;
        Ok(Self { file, size, chunk, start: 0, bytes: Vec::new(), filled: 0 })
    }

    /// Returns the size of the file when it was opened.
    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// Discards what was read, because the file may have changed.
    pub(super) const fn forget(&mut self) {
        self.filled = 0;
    }

    /// Loads `length` bytes at `offset` into memory, or as many as there are, and returns where: see [`Window::at`].
    pub(super) fn load(&mut self, offset: u64, length: usize) -> io::Result<Range<usize>> {
        let length = (self.size.saturating_sub(offset)).min(length as u64) as usize;
        let is_here = offset >= self.start && offset + length as u64 <= self.start + self.filled as u64;
        if !is_here {
            let left = self.size.saturating_sub(offset);
            let wanted = left.min(length.max(self.chunk) as u64) as usize;
            if self.bytes.len() < wanted {
                self.bytes.resize(wanted, 0);
            }
            self.filled = 0;
            self.start = offset;
            self.filled = self.file.read_up_to(&mut self.bytes[..wanted], offset)?;
        }
        let from = (offset - self.start) as usize;
        Ok(from.min(self.filled)..(from + length).min(self.filled))
    }

    /// Returns what [`Window::load`] loaded.
    pub(super) fn at(&self, range: Range<usize>) -> &[u8] {
        &self.bytes[range]
    }
}
