//! Replay: the newest snapshot that verifies, and every frame after it.
//!
//! Recovery, the background snapshots, the audit and `lightning verify` all use it. Slots are rebuilt side by side:
//! every worker sees every block, skips the frames of slots that are not its own, and the parts are merged at the end.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use super::{
    codec::{self, Owner},
    error::StoreError,
    image::{self, COMMON_PARTS, PartKind},
    terms::require_precision,
};
use crate::{
    domain::{
        instruments::Instruments,
        replica::{Frame, Replica},
        testing::mutants::{Mutant, mutated},
        types::id::SlotId,
    },
    journal::{
        Block, Disk, Identity, LogReader, Position, Start, Tail,
        block::Frames as BlockFrames,
        snapshot::{Newest, Snapshot, newest_verifying},
    },
};

/// How many blocks may wait for a worker.
const QUEUE: usize = 64;

/// How far to replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// To the end of a log that no process writes; the torn part of its last commit is omitted.
    End,
    /// To a durable frame of a log that a process is writing.
    Durable(u64),
}

/// Where to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// With the newest snapshot that verifies, or with nothing when there is none.
    Newest,
    /// With nothing, at the first frame ever written.
    Genesis,
}

/// The result of a replay.
#[derive(Debug)]
pub struct Replayed {
    /// The exchange.
    pub replica: Replica,
    /// Which frame the snapshot was taken after; 0 when there was none.
    pub snapshot: u64,
    /// Snapshots that were skipped because they do not verify, and why.
    pub unusable: Vec<String>,
    /// The place after the last frame replayed.
    pub position: Position,
    /// How the log ends, when it was read to its end.
    pub tail: Option<Tail>,
}

impl Replayed {
    /// Returns how many frames came after the snapshot.
    pub const fn frames(&self) -> u64 {
        self.position.lsn - self.snapshot
    }
}

/// Replays the journal of a directory.
///
/// # Errors
/// The files are damaged, or their frames do not follow from each other.
pub fn replay(
    disk: &Arc<dyn Disk>,
    identity: Identity,
    instruments: &Arc<Instruments>,
    until: Until,
    workers: usize,
    progress: &mut dyn FnMut(u64),
) -> Result<Replayed, StoreError> {
    replay_from(disk, identity, instruments, Origin::Newest, until, workers, progress)
}

/// Does the same from a given start.
///
/// # Errors
/// As [`replay`]; from the first frame, also when it was pruned.
pub fn replay_from(
    disk: &Arc<dyn Disk>,
    identity: Identity,
    instruments: &Arc<Instruments>,
    origin: Origin,
    until: Until,
    workers: usize,
    progress: &mut dyn FnMut(u64),
) -> Result<Replayed, StoreError> {
    // Parts are spread by slot modulo the number of workers, which therefore divides the number of parts.
    let workers = workers.clamp(1, 16).next_power_of_two().min(16);
    let Newest { snapshot, refused } = match origin {
        Origin::Newest => newest_verifying(disk)?,
        Origin::Genesis => Newest { snapshot: None, refused: Vec::new() },
    };
    let unusable = refused.into_iter().map(|(_, error)| error.to_string()).collect();
    let start = snapshot.as_ref().map_or(Start::Beginning, |snapshot| Start::At(snapshot.meta().position));
    let from = snapshot.as_ref().map_or(0, |snapshot| snapshot.meta().position.lsn);
    let read = |reader: &mut LogReader, each: &mut dyn FnMut(&Block<'_>) -> bool| match until {
        Until::End => {
            while let Some(block) = reader.next_block()? {
                if !each(&block) {
                    break;
                }
            }
            Ok(())
        }
        Until::Durable(lsn) => {
            while let Some(block) = reader.next_durable(lsn)? {
                if !each(&block) {
                    break;
                }
            }
            Ok::<(), StoreError>(())
        }
    };
    let mut reader = match until {
        Until::End => LogReader::open(disk, identity, start)?,
        Until::Durable(_) => LogReader::follow(disk, identity, start)?,
    };
    let snapshot = snapshot.as_ref();
    let (mut replica, loaded) = if workers == 1 {
        let mut worker = Worker::new(instruments, snapshot, 0, 1)?;
        let mut failed = None;
        read(&mut reader, &mut |block| {
            let done = worker.block(block.first_lsn, block.body);
            progress(block.first_lsn + u64::from(block.count) - 1);
            failed = done.err();
            failed.is_none()
        })?;
        match failed {
            Some(error) => return Err(error),
            None => (worker.replica, worker.loaded),
        }
    } else {
        thread::scope(|scope| {
            let (queues, threads): (Vec<_>, Vec<_>) = (0..workers)
                .map(|number| {
                    let (queue, blocks) = sync_channel(QUEUE);
                    let work = move || {
                        Worker::new(instruments, snapshot, number, workers)
                            .and_then(|worker| worker.run(&blocks))
                    };
                    (queue, scope.spawn(work))
                })
                .unzip();
            let read = read(&mut reader, &mut |block| {
                progress(block.first_lsn + u64::from(block.count) - 1);
                broadcast(&queues, block)
            });
            drop(queues);
            let mut whole = Replica::new(Arc::clone(instruments));
            let mut loaded = 0_u128;
            for thread in threads {
                let worker = thread.join().map_err(|_| StoreError::Panicked)??;
                whole.merge(worker.replica);
                loaded = loaded.wrapping_add(worker.loaded);
            }
            read?;
            Ok::<_, StoreError>((whole, loaded))
        })?
    };
    if let Some(noted) = snapshot.map(|snapshot| snapshot.meta().state_hash).filter(|noted| *noted != loaded)
    {
        return Err(StoreError::Snapshot { lsn: from, noted, hash: loaded });
    }
    replica.trim();
    let position = reader.position();
    let tail = match until {
        Until::End => Some(reader.tail()?),
        Until::Durable(_) => None,
    };
    Ok(Replayed { replica, snapshot: from, unusable, position, tail })
}

/// One block on its way to a worker.
#[derive(Debug, Clone)]
struct Shared {
    first_lsn: u64,
    body: Arc<[u8]>,
}

/// Sends a block to every worker; `false` when one of them has given up.
fn broadcast(queues: &[SyncSender<Shared>], block: &Block<'_>) -> bool {
    let shared = Shared { first_lsn: block.first_lsn, body: block.body.into() };
    queues.iter().all(|queue| queue.send(shared.clone()).is_ok())
}

/// Rebuilds the slots of one residue class.
struct Worker {
    replica: Replica,
    /// The state hash of what its snapshot held.
    loaded: u128,
    number: usize,
    workers: usize,
}

impl Worker {
    fn new(
        instruments: &Arc<Instruments>,
        snapshot: Option<&Snapshot>,
        number: usize,
        workers: usize,
    ) -> Result<Self, StoreError> {
        let mut replica = Replica::new(Arc::clone(instruments));
        if let Some(snapshot) = snapshot {
            let names = || snapshot.parts().iter().map(|part| part.name.as_str());
            for name in COMMON_PARTS.into_iter().filter(|common| names().any(|name| name == *common)) {
                image::read_part(&mut replica, name, &snapshot.part(name)?)?;
            }
            for name in names().filter(|name| !COMMON_PARTS.contains(name)) {
                if PartKind::named(name).is_none_or(|kind| kind.worker(workers) == number) {
                    image::read_part(&mut replica, name, &snapshot.part(name)?)?;
                }
            }
        }
        let loaded = replica.hash();
        Ok(Self { replica, loaded, number, workers })
    }

    fn run(mut self, blocks: &Receiver<Shared>) -> Result<Self, StoreError> {
        while let Ok(Shared { first_lsn, body }) = blocks.recv() {
            self.block(first_lsn, &body)?;
        }
        Ok(self)
    }

    fn owns(&self, slot: SlotId) -> bool {
        slot.index() % self.workers == self.number
    }

    fn block(&mut self, first_lsn: u64, body: &[u8]) -> Result<(), StoreError> {
        for (lsn, bytes) in BlockFrames::new(first_lsn, body) {
            let frame_error = |error| StoreError::Frame { lsn, error };
            let is_own = match codec::owner(bytes).map_err(frame_error)? {
                Owner::Account(slot) | Owner::Symbol(slot) => self.owns(slot),
                Owner::All => true,
            };
            if !is_own {
                continue;
            }
            if mutated(Mutant::TailAfterSnapshotIgnored) && self.loaded != 0 {
                continue;
            }
            let frame: Frame = codec::decode(bytes).map_err(frame_error)?;
            if let Frame::Terms(terms) = &frame {
                require_precision(&self.replica, terms)?;
            }
            self.replica.apply(&frame).map_err(|fault| StoreError::Replay { lsn, fault })?;
        }
        Ok(())
    }
}
