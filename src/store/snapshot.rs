//! Takes a snapshot: replay, audit, write, and prune what two snapshots make unnecessary.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    error::StoreError,
    heads::{Known, refuse_loss},
    image::write_parts,
    replay::{Replayed, Until, replay},
};
use crate::{
    domain::{instruments::Instruments, replica::LOGIC_VERSION},
    journal::{
        Disk, Identity, LogOptions, LogWriter, prune_segments,
        snapshot::{self, Meta, Pace, SnapshotWriter},
    },
};

/// How many snapshots are kept. The journal is kept from the older one on, so that either can be lost.
const KEPT: usize = 2;

/// The result of taking a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// After which frame.
    pub lsn: u64,
    /// How many frames were replayed for it.
    pub frames: u64,
    /// The state hash.
    pub state_hash: u128,
}

/// How a snapshot is taken.
#[derive(Debug, Clone, Copy)]
pub struct Taking {
    /// How fast it is written.
    pub pace: Pace,
    /// How many threads replay.
    pub workers: usize,
    /// The time, in microseconds.
    pub created: u64,
    /// The last frame the history has ingested: the journal is kept from there on. [`u64::MAX`] when there is no
    /// history.
    pub ingested: u64,
}

/// Replays the journal, audits the result and stores it; `None` when nothing happened since the last snapshot.
///
/// # Errors
/// The files are damaged, the audit finds an invariant broken, or the disk fails.
pub fn take_snapshot(
    disk: &Arc<dyn Disk>,
    identity: Identity,
    instruments: &Arc<Instruments>,
    until: Until,
    taking: Taking,
) -> Result<Option<Taken>, StoreError> {
    let replayed = replay(disk, identity, instruments, until, taking.workers, &mut |_| ())?;
    if replayed.frames() == 0 {
        return Ok(None);
    }
    write_snapshot(disk, identity, &replayed, taking).map(Some)
}

/// Does for a directory that is not in use what a clean stop does: makes sure that the disk has what the journal shows,
/// cuts off unfinished commits, and takes a snapshot; `None` when nothing happened since the last one. `known` is how
/// far the journal went according to other sources.
///
/// # Errors
/// As [`take_snapshot`], and acknowledged frames are missing at the end of the journal.
pub fn settle_and_snapshot(
    disk: &Arc<dyn Disk>,
    instruments: &Arc<Instruments>,
    options: LogOptions,
    known: &[Known],
    taking: Taking,
) -> Result<Option<Taken>, StoreError> {
    let identity = options.identity;
    refuse_loss(disk, options, known, None)?;
    let replayed = replay(disk, identity, instruments, Until::End, taking.workers, &mut |_| ())?;
    let (true, Some(tail)) = (replayed.frames() > 0, &replayed.tail) else { return Ok(None) };
    // A snapshot must not be ahead of the journal on disk.
    drop(LogWriter::resume(disk, tail, options)?);
    write_snapshot(disk, identity, &replayed, taking).map(Some)
}

/// Audits a replayed state and stores it.
///
/// # Errors
/// The audit finds an invariant broken, or the disk fails.
pub fn write_snapshot(
    disk: &Arc<dyn Disk>,
    identity: Identity,
    replayed: &Replayed,
    taking: Taking,
) -> Result<Taken, StoreError> {
    let (replica, lsn) = (&replayed.replica, replayed.position.lsn);
    replica.check().map_err(|fault| StoreError::Audit { lsn, fault })?;
    let state_hash = replica.hash();
    let accounts: usize = replica.account_slots().map(|slot| slot.account_count()).sum();
    let orders: usize = replica.account_slots().map(|slot| slot.open_count()).sum();
    let meta = Meta {
        position: replayed.position,
        logic: u64::from(LOGIC_VERSION),
        identity,
        state_hash,
        created: taking.created,
        counts: BTreeMap::from([
            ("accounts".to_owned(), accounts as u64),
            ("openOrders".to_owned(), orders as u64),
        ]),
    };
    let writer = SnapshotWriter::start(disk, meta, taking.pace)?;
    write_parts(replica, |name, bytes| Ok(writer.part(name, bytes)?))?;
    writer.finish()?;
    snapshot::prune(disk, KEPT)?;
    // Only behind two snapshots: the first alone may not verify one day. And only frames the history has.
    if let [older, .., _] = snapshot::list(disk)?[..] {
        prune_segments(disk, older.min(taking.ingested))?;
    }
    Ok(Taken { lsn, frames: replayed.frames(), state_hash })
}
