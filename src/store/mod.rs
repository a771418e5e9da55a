//! The storage of the exchange: its frames in the journal, the snapshots replayed from it, and recovery from both.
//!
//! The journal below moves bytes; this layer interprets them. [`replay`] is the one way from files to state: recovery
//! ([`recover`]), background snapshots and the audit ([`Snapshotter`]), and verification ([`verify()`]) all use it.
//! [`JournalTailer`] hands out frames as they become durable, for readers that store them elsewhere. [`copy_directory`]
//! is backup and restore; [`inspect`] shows the content of the files.

mod backup;
mod codec;
mod error;
mod heads;
mod image;
pub mod inspect;
mod journal_tailer;
mod recovery;
mod replay;
mod snapshot;
mod snapshotter;
mod terms;
mod verify;
mod walk;

pub use backup::{copy, copy_directory};
pub use codec::{CodecError, Frames, Owner, decode, owner};
pub use error::StoreError;
pub use heads::{Known, Loss, survey};
#[doc(hidden)]
pub use image::read_part;
pub use journal_tailer::JournalTailer;
pub use recovery::{Recovered, RecoveryReport, RecoverySettings, open_directory, recover};
pub use replay::{Origin, Replayed, Until, replay, replay_from};
pub use snapshot::{Taken, Taking, settle_and_snapshot, take_snapshot, write_snapshot};
pub use snapshotter::{Snapshotter, SnapshotterSettings};
pub use terms::instruments_of;
pub use verify::{Verified, verify};
