//! Recovery: from a data directory to a running exchange's state and an open journal.

use std::{path::Path, sync::Arc, time::Duration, time::Instant};

use super::{
    codec::Frames,
    error::StoreError,
    heads::{Known, Loss, refuse_loss},
    replay::{Replayed, Until, replay},
};
use crate::{
    domain::{
        book::BookLimits,
        instruments::Instruments,
        replica::{LOGIC_VERSION, Replica, Terms},
    },
    journal::{DataDirectory, Fill, Identity, LogOptions, LogWriter, Position},
};

/// The settings of recovery.
#[derive(Debug, Clone)]
pub struct RecoverySettings {
    /// The assets and symbols.
    pub instruments: Arc<Instruments>,
    /// The bounds of a book from now on.
    pub limits: BookLimits,
    /// The size of a segment.
    pub segment_bytes: u64,
    /// How many threads rebuild slots side by side.
    pub workers: usize,
    /// Returns the time, in microseconds.
    pub clock: fn() -> u64,
    /// How far the journal went according to other sources.
    pub known: Vec<Known>,
    /// The frame after which the operator accepts that acknowledged work is lost.
    pub accepted_loss: Option<u64>,
}

/// A recovered exchange.
#[derive(Debug)]
pub struct Recovered {
    /// The exchange.
    pub replica: Replica,
    /// The journal, open for more.
    pub writer: LogWriter,
    /// The findings of recovery.
    pub report: RecoveryReport,
}

/// The findings of recovery.
#[derive(Debug, Clone)]
pub struct RecoveryReport {
    /// Which frame the snapshot was taken after; 0 when there was none.
    pub snapshot: u64,
    /// How many frames came after it.
    pub frames: u64,
    /// The place after the last frame.
    pub position: Position,
    /// The state hash.
    pub state_hash: u128,
    /// What was lost of the journal, and accepted.
    pub loss: Option<Loss>,
    /// How many bytes of an unfinished commit were cut off, and of which file.
    pub torn: Option<(String, u64)>,
    /// Snapshots that do not verify.
    pub unusable: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

/// Locks a data directory for this process alone.
///
/// # Errors
/// It cannot be used; the text names it and says why.
pub fn open_directory(path: &Path) -> Result<DataDirectory, StoreError> {
    let mut fresh: Identity = [0; 16];
    getrandom::fill(&mut fresh).map_err(|error| StoreError::unreadable("a random identity", &error))?;
    Ok(DataDirectory::open(path, fresh)?)
}

/// Rebuilds the exchange of a data directory, audits it, and opens its journal for more.
///
/// # Errors
/// The files are damaged, an invariant is broken, or the configuration does not go with the data.
pub fn recover(
    directory: &DataDirectory,
    settings: &RecoverySettings,
    progress: &mut dyn FnMut(u64),
) -> Result<Recovered, StoreError> {
    let started = Instant::now();
    let RecoverySettings { instruments, limits, segment_bytes, workers, clock, known, accepted_loss } =
        settings;
    let (disk, identity) = (directory.disk(), directory.identity());
    let options = LogOptions {
        segment_bytes: *segment_bytes,
        identity,
        logic: u64::from(LOGIC_VERSION),
        clock: *clock,
        fill: Fill::Background,
    };
    let loss = refuse_loss(&disk, options, known, *accepted_loss)?;
    let replayed = replay(&disk, identity, instruments, Until::End, *workers, progress)?;
    let Replayed { mut replica, snapshot, unusable, position, tail } = replayed;
    let Some(tail) = tail else { return Err(StoreError::Panicked) };
    replica.check().map_err(|fault| StoreError::Audit { lsn: position.lsn, fault })?;
    let mut writer = LogWriter::resume(&disk, &tail, options)?;
    let terms = Terms::of(instruments, *limits);
    if replica.terms() != Some(&terms) {
        replica.set_terms(terms.clone())?;
        let mut frames = Frames::default();
        frames.push_terms(&terms);
        let (bytes, count) = frames.take();
        writer.append(&bytes, count)?;
        writer.commit()?;
    }
    let report = RecoveryReport {
        snapshot,
        frames: position.lsn - snapshot,
        position,
        state_hash: replica.hash(),
        loss,
        torn: tail.torn.map(|torn| (torn.file, torn.bytes)),
        unusable,
        took: started.elapsed(),
    };
    Ok(Recovered { replica, writer, report })
}
