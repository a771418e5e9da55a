//! What the exchange keeps: its frames in the journal, snapshots folded from it, and the way back from both.
//!
//! The journal below moves bytes; this layer knows what they mean. [`fold`] is the one way from files to state:
//! recovery ([`recover`]), background snapshots and the audit ([`Keeper`]), and verification all are it.

mod codec;
mod error;
mod fold;
mod image;
#[doc(hidden)]
pub use image::read_part;
mod keeper;
mod recovery;
mod snapshot;

pub use codec::{CodecError, Frames, Owner, decode, owner};
pub use error::StoreError;
pub use fold::{Folded, Until, fold};
pub use keeper::{Keeper, KeeperSettings};
pub use recovery::{Recovered, RecoveryReport, RecoverySettings, open_directory, recover};
pub use snapshot::{Taken, Taking, take_snapshot, write_snapshot};
