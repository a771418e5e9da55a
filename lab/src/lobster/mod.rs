//! Recorded order flow in LOBSTER's format, played through the public API.

mod plan;
mod play;
mod player;
mod tape;

pub use plan::{Fill, Group, Name, Plan, Planner, Step};
pub use play::{Report, Speed, play};
pub use player::{Done, Player};
pub use tape::{BookRow, Kind, Level, Message, read_book, read_messages};

/// Why a tape cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum TapeError {
    /// A file cannot be read.
    #[error("{path}: {reason}")]
    Unreadable {
        /// Which file.
        path: String,
        /// Why.
        reason: String,
    },
    /// A line is not what LOBSTER writes.
    #[error("{path}, line {line}: not a LOBSTER record")]
    Malformed {
        /// Which file.
        path: String,
        /// Which line, from 1.
        line: usize,
    },
    /// The files do not belong together.
    #[error("{messages} messages but {rows} book rows: the files do not belong together")]
    Mismatch {
        /// Lines of one.
        messages: usize,
        /// Lines of the other.
        rows: usize,
    },
}
