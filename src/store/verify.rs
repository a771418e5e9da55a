//! Verifies a data directory: replays and audits all of it, and changes nothing.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    error::StoreError,
    heads::survey,
    replay::{Origin, Replayed, Until, replay_from},
};
use crate::{
    domain::{account::Totals, instruments::Instruments, types::id::AssetId},
    journal::{Disk, Identity, Position, TornTail},
};

/// The content of a data directory all of which verified.
#[derive(Debug, Clone)]
pub struct Verified {
    /// Which frame the snapshot was taken after; 0 when there was none.
    pub snapshot: u64,
    /// How many frames came after it.
    pub frames: u64,
    /// The place after the last frame, with the hash of everything before it.
    pub position: Position,
    /// The state hash.
    pub state_hash: u128,
    /// The totals of each asset; every one sums to zero.
    pub totals: BTreeMap<AssetId, Totals>,
    /// How many accounts there are.
    pub accounts: u64,
    /// How many orders are open.
    pub open_orders: u64,
    /// How many messages between slots are in flight.
    pub under_way: u64,
    /// The rest of a commit that was never finished, and never acknowledged.
    pub torn: Option<TornTail>,
    /// Snapshots that do not verify, and why.
    pub unusable: Vec<String>,
}

/// Rebuilds the exchange from the files, and audits it.
///
/// # Errors
/// The files are damaged, acknowledged frames are missing at the end of the journal, frames do not follow from each
/// other, or an invariant does not hold.
pub fn verify(
    disk: &Arc<dyn Disk>,
    identity: Identity,
    instruments: &Arc<Instruments>,
    origin: Origin,
    workers: usize,
) -> Result<Verified, StoreError> {
    if let Some(loss) = survey(disk, identity, &[])? {
        return Err(StoreError::Lost(Box::new(loss)));
    }
    let replayed = replay_from(disk, identity, instruments, origin, Until::End, workers, &mut |_| ())?;
    let frames = replayed.frames();
    let Replayed { replica, snapshot, unusable, position, tail } = replayed;
    replica.check().map_err(|fault| StoreError::Audit { lsn: position.lsn, fault })?;
    let (to_symbols, to_accounts) = replica.under_way();
    let accounts: usize = replica.account_slots().map(|slot| slot.account_count()).sum();
    let open_orders: usize = replica.account_slots().map(|slot| slot.open_count()).sum();
    Ok(Verified {
        snapshot,
        frames,
        position,
        state_hash: replica.hash(),
        totals: replica.totals()?,
        accounts: accounts as u64,
        open_orders: open_orders as u64,
        under_way: (to_symbols.len() + to_accounts.len()) as u64,
        torn: tail.and_then(|tail| tail.torn),
        unusable,
    })
}
