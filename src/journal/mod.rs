//! The journal: acknowledged work survives.
//!
//! This layer moves bytes and does not interpret them.
//!
//! ```text
//!  shards --Append--> Journal --> thread: LogWriter --> block, block, ... --> segment files
//!                                   |                                             |
//!                                   +--> releases what waited for it          LogReader --> recovery, snapshots
//!                                                                                 |
//!                                                    Tail --> LogWriter::resume --+
//! ```
//!
//! - [`block`]: the unit of a commit. [`segment`]: the files, and removing those not needed any more.
//! - [`LogWriter`]: writes, on any thread; it is created by resuming where reading ended.
//! - [`LogReader`], [`open_log`]: read and verify; [`Tail`]: how the log ends.
//! - [`noted`]: how far the log was durable, according to a file of its own.
//! - [`thread`]: the thread that commits what the shards queue and then releases the outboxes that waited for it.
//! - [`snapshot`]: the state at one place of the log. [`DataDirectory`]: holds all of it, and the lock on it.
//! - [`disk`]: the operations needed of a disk; [`RealDisk`], and for tests `SimDisk` that fails on demand.
//!
//! `docs/journal-format.md` draws every byte.

pub mod block;
mod directory;
pub mod disk;
mod error;
mod fill;
mod note;
mod privacy;
mod reader;
mod real;
mod resume;
pub mod segment;
#[cfg(any(test, feature = "testing"))]
pub mod sim;
pub mod snapshot;
mod tail;
#[cfg(test)]
mod tests;
pub mod thread;
mod window;
mod writer;

pub use directory::{DataDirectory, EmptyDirectory, UNFINISHED, identity_at};
pub use disk::{Disk, File};
pub use error::JournalError;
pub use fill::Fill;
pub use note::{FILE as NOTE, Head, noted};
pub use reader::{Block, LogReader, Start, open_blocks, open_log};
pub use real::RealDisk;
pub use segment::{Chain, Identity, Position, SegmentHeader, prune_segments};
#[cfg(any(test, feature = "testing"))]
pub use sim::SimDisk;
pub use tail::{Tail, TornTail};
pub use thread::{Append, Commit, Durability, Journal, JournalThread, Outbox, Stats, start, start_observed};
pub use writer::{FRAME_MAX, LogOptions, LogWriter};
