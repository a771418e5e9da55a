//! The faults of the data directory, in words that name the file and the remedy.

use std::{any::Any, io, sync::Arc};

/// A fault of the journal, of a snapshot or of the directory they live in.
///
/// It can be cloned because a writer that failed once answers every later call with the same fault.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JournalError {
    /// The operating system refused; nothing after it may be acknowledged.
    #[error(
        "{file}: cannot {action}: {source}. What was acknowledged before is kept; see to the disk, then start again"
    )]
    Io {
        /// The file or directory, relative to the data directory.
        file: String,
        /// The action that failed.
        action: &'static str,
        /// The error of the operating system.
        source: Arc<io::Error>,
    },
    /// Data that was once safely on disk is missing or changed.
    #[error(
        "{file}, byte {offset}: corrupt: {reason}. This was once safely on disk, so cutting it off would lose \
         acknowledged work: restore the file, or the whole data directory, from a copy; do not delete it"
    )]
    Corrupt {
        /// The file, relative to the data directory.
        file: String,
        /// Where in it.
        offset: u64,
        /// What does not hold.
        reason: String,
    },
    /// Written by another release.
    #[error(
        "{file}: format version {found} is not known, {newest} is the newest this release reads: start the release \
         that wrote it"
    )]
    UnknownFormat {
        /// The file, relative to the data directory.
        file: String,
        /// The version it states.
        found: u64,
        /// The newest version this release knows.
        newest: u64,
    },
    /// A frame that no segment can hold.
    #[error("a frame of {bytes} bytes is refused, {most} are the most")]
    FrameTooLarge {
        /// Its size.
        bytes: u64,
        /// The largest possible.
        most: u64,
    },
    /// Frames whose lengths and count do not fit together: a bug of the caller.
    #[error("frames handed to the journal are malformed: {reason}")]
    MalformedFrames {
        /// What does not fit.
        reason: &'static str,
    },
    /// A snapshot that cannot be used, or cannot be written under that name.
    #[error("{file}: {reason}. Another snapshot and the journal after it can still be used")]
    Snapshot {
        /// The file, relative to the data directory.
        file: String,
        /// What does not hold.
        reason: String,
    },
    /// The data directory cannot be used at all.
    #[error("data directory {path}: {reason}")]
    Directory {
        /// The directory as the operator named it.
        path: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// The caller asked to stop reading.
    #[error("reading the journal was stopped after frame {lsn}")]
    Stopped {
        /// The last frame handed out.
        lsn: u64,
    },
    /// The journal thread panicked: a bug, or the operating system refused something that is no write to the journal, such
    /// as waking the thread an answer is for.
    #[error("the journal thread panicked: {reason}. What was acknowledged before is kept; start again")]
    Panicked {
        /// What the panic said.
        reason: String,
    },
}

impl JournalError {
    /// Returns a function that turns an error of the operating system into one that names the file.
    pub(crate) fn io(file: &str, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        let file = file.to_owned();
        move |source| Self::Io { file, action, source: Arc::new(source) }
    }

    /// Returns the error for a panic of the journal thread.
    pub(super) fn panicked(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Self::Panicked { reason: text.unwrap_or("it did not say why").to_owned() }
    }

    /// Returns the error for data that was durable and is missing or changed.
    pub(super) fn corrupt(file: &str, offset: u64, reason: impl Into<String>) -> Self {
        Self::Corrupt { file: file.to_owned(), offset, reason: reason.into() }
    }

    /// Returns the error for a snapshot that cannot be used.
    pub(super) fn snapshot(file: &str, reason: impl Into<String>) -> Self {
        Self::Snapshot { file: file.to_owned(), reason: reason.into() }
    }
}
