//! Why the store cannot be read, written or trusted.

use std::fmt::Display;

use super::{codec::CodecError, heads::Loss};
use crate::{
    domain::{messages::reject::Fault, replica::TermsError},
    journal::JournalError,
};

/// Why the store cannot be read, written or trusted.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The files themselves.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A frame that is whole but cannot be read.
    #[error("frame {lsn} of the journal: {error}")]
    Frame {
        /// Its position.
        lsn: u64,
        /// What is wrong.
        error: CodecError,
    },
    /// A frame that does not follow from the state before it.
    #[error("frame {lsn} of the journal does not follow from what is before it: {fault}")]
    Replay {
        /// Its position.
        lsn: u64,
        /// What does not fit.
        fault: Fault,
    },
    /// An invariant that does not hold.
    #[error("the audit at frame {lsn} failed: {fault}")]
    Audit {
        /// After which frame.
        lsn: u64,
        /// Both sides.
        fault: Fault,
    },
    /// A snapshot's state is not the one its manifest names.
    #[error("the snapshot at frame {lsn} says state hash {noted:032x}, its parts come to {hash:032x}")]
    Snapshot {
        /// Its position.
        lsn: u64,
        /// The hash in the manifest.
        noted: u128,
        /// The hash of the parts.
        hash: u128,
    },
    /// A part of a snapshot that cannot be read.
    #[error("part {name} of the snapshot cannot be read: {reason}")]
    Part {
        /// Its name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// The requested frames are not there any more.
    #[error(
        "frame {wanted} of the journal is requested, and the oldest is {oldest}: the segments before it were pruned"
    )]
    Pruned {
        /// The first frame requested.
        wanted: u64,
        /// The oldest there is.
        oldest: u64,
    },
    /// Acknowledged frames are missing at the end of the journal.
    #[error(
        "{0}. What was acknowledged is missing: restore the data directory from a backup that has it (`lightning \
         restore`), or, to continue without it, start once with --accept-loss-after {after}, which is recorded in \
         losses.log; the history is then made to match", after = .0.resumes_at
    )]
    Lost(Box<Loss>),
    /// The journal is not the one another source knows.
    #[error(
        "the journal is not the one {by} knows: its hash after frame {lsn} is another, or no commit ends there. Do not \
         start it: find out where the files come from, or restore a backup"
    )]
    OtherLog {
        /// The source.
        by: String,
        /// Up to which frame.
        lsn: u64,
    },
    /// The configuration does not go with the data.
    #[error(transparent)]
    Terms(#[from] TermsError),
    /// The state contradicts itself.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// There is nothing to copy.
    #[error("there is no journal in it, so nothing to copy")]
    Nothing,
    /// A thread of the recovery ended early.
    #[error("a thread of the recovery panicked")]
    Panicked,
}

impl StoreError {
    pub(super) fn unreadable(name: &str, reason: &impl Display) -> Self {
        Self::Part { name: name.to_owned(), reason: reason.to_string() }
    }

    /// Returns whether acknowledged work is missing or is not what it was, which no restart repairs.
    pub const fn is_loss(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::OtherLog { .. } | Self::Journal(JournalError::Corrupt { .. }))
    }

    /// Returns whether the books themselves are wrong, not only a file: an audit stops trading for this.
    pub const fn is_violation(&self) -> bool {
        matches!(self, Self::Replay { .. } | Self::Audit { .. } | Self::Snapshot { .. })
    }
}
