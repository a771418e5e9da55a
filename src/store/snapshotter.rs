//! Takes snapshots and audits the books, beside the running exchange and below it in priority.
//!
//! It never asks a shard: it reads the durable frames of the journal, as recovery would. So recovery is proven all the
//! time, and a faulty shard is detected independently of itself.

use std::{
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    error::StoreError,
    replay::Until,
    snapshot::{Taken, Taking, take_snapshot},
};
use crate::{
    domain::instruments::Instruments,
    journal::{Disk, Identity, snapshot::Pace},
};

/// How often it checks whether a snapshot is due.
const LOOK: Duration = Duration::from_millis(100);

/// The lowest priority there is.
const NICE: i32 = 19;

/// The source and the schedule of the snapshotter.
pub struct SnapshotterSettings {
    /// Where the files are.
    pub disk: Arc<dyn Disk>,
    /// The identity of their data directory.
    pub identity: Identity,
    /// The assets and symbols.
    pub instruments: Arc<Instruments>,
    /// After how many frames a snapshot is taken.
    pub every_frames: u64,
    /// And after how long, if anything happened.
    pub interval: Duration,
    /// The last durable frame.
    pub durable: Box<dyn Fn() -> u64 + Send>,
    /// The last frame the history has ingested; [`u64::MAX`] without one.
    pub ingested: Box<dyn Fn() -> u64 + Send>,
    /// The time, in microseconds.
    pub now: Box<dyn Fn() -> u64 + Send>,
    /// Is notified of every snapshot and of every failure to take one, and how long it took.
    pub report: Box<dyn Fn(Result<Taken, StoreError>, Duration) + Send>,
}

impl std::fmt::Debug for SnapshotterSettings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SnapshotterSettings")
            .field("every_frames", &self.every_frames)
            .finish_non_exhaustive()
    }
}

/// The snapshotter's thread.
#[derive(Debug)]
pub struct Snapshotter {
    stop: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

impl Snapshotter {
    /// Starts it.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start(settings: SnapshotterSettings) -> std::io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let work = move || {
            // Without the lower priority it works all the same.
            let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
            run(&settings, &stopped);
        };
        let thread = thread::Builder::new().name("snapshotter".to_owned()).spawn(work)?;
        Ok(Self { stop, thread })
    }

    /// Stops it; a snapshot in progress is finished first.
    pub fn stop(self) {
        drop(self.stop);
        let _ = self.thread.join(); // a panic has been reported already
    }
}

fn run(settings: &SnapshotterSettings, stopped: &mpsc::Receiver<()>) {
    let mut last = (settings.durable)();
    let mut since = Instant::now();
    loop {
        match stopped.recv_timeout(LOOK) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
        let durable = (settings.durable)();
        let is_due = durable >= last + settings.every_frames
            || (durable > last && since.elapsed() >= settings.interval);
        if !is_due {
            continue;
        }
        (last, since) = (durable, Instant::now());
        let (created, ingested) = ((settings.now)(), (settings.ingested)());
        let taking = Taking { pace: Pace::Gentle, workers: 1, created, ingested };
        let SnapshotterSettings { disk, identity, instruments, .. } = settings;
        match take_snapshot(disk, *identity, instruments, Until::Durable(durable), taking) {
            Ok(None) => {}
            Ok(Some(taken)) => (settings.report)(Ok(taken), since.elapsed()),
            Err(error) => (settings.report)(Err(error), since.elapsed()),
        }
    }
}
