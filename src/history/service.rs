//! The history while an exchange runs: a thread that follows the journal, and a handle for queries.

use std::{
    fmt,
    future::Future,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::Notify,
    task::JoinSet,
};
use tracing::{info, warn};

use super::{HistoryError, Prefetch, Projector, Reader, connect, reader::LOOK};
use crate::domain::{instruments::Instruments, replica::Frame};

/// How many frames are ingested at once: the cost of a transaction is spread over them, and most orders start and end
/// within one batch and are written once. Memory bounds them: decoded, projected and as rows they exist several times
/// over.
pub const FRAMES_PER_BATCH: usize = 8_192;
/// How long it gathers frames that arrive one by one: writing them together is cheaper, and slows trading less. A query
/// that waits for them ends the pause.
const PAUSE: Duration = Duration::from_millis(250);
/// How long it waits after a failure: at first, and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// Why frames cannot be read.
pub type SourceError = Box<dyn std::error::Error + Send + Sync>;

/// Where frames come from: the journal, followed from some frame on.
pub trait Source {
    /// Appends the next durable frames with their numbers, about `limit` of them or fewer where they are large; none when
    /// there are no more yet. Returns whether a limit ended it, so that there may be more at once.
    ///
    /// # Errors
    /// They cannot be read.
    fn read(&mut self, limit: usize, frames: &mut Vec<(u64, Frame)>) -> Result<bool, SourceError>;
}

impl<S: Source + ?Sized> Source for Box<S> {
    fn read(&mut self, limit: usize, frames: &mut Vec<(u64, Frame)>) -> Result<bool, SourceError> {
        (**self).read(limit, frames)
    }
}

/// Follows the journal after a frame.
pub type OpenSource = Box<dyn Fn(u64) -> Result<Box<dyn Source + Send>, SourceError> + Send>;

/// The settings of a history.
pub struct HistorySettings {
    /// The database written to, and read from unless there is a replica of it.
    pub url: String,
    /// A replica of the database, for reading.
    pub replica: Option<String>,
    /// The assets and symbols.
    pub instruments: Arc<Instruments>,
    /// The identity of the journal, in hexadecimal.
    pub journal: String,
    /// Opens the journal.
    pub open: OpenSource,
}

impl fmt::Debug for HistorySettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("HistorySettings").field("journal", &self.journal).finish_non_exhaustive()
    }
}

/// The progress of the history.
#[derive(Debug, Default)]
pub struct Progress {
    sequence: AtomicU64,
    rows: AtomicU64,
    failures: AtomicU64,
    has_started: AtomicBool,
    is_down: AtomicBool,
}

impl Progress {
    /// Returns the last frame ingested, as far as this process knows.
    pub fn sequence(&self) -> u64 {
        self.sequence.load(Ordering::Acquire)
    }

    /// Returns how many rows were written since the start.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Returns how often ingesting failed since the start.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Returns whether the database has been available since the start.
    pub fn has_started(&self) -> bool {
        self.has_started.load(Ordering::Acquire)
    }

    /// Returns whether the last attempt failed.
    pub fn is_down(&self) -> bool {
        self.is_down.load(Ordering::Relaxed)
    }
}

/// A running history.
#[derive(Debug)]
pub struct HistoryService {
    signal: Arc<Signal>,
    thread: JoinHandle<()>,
    /// Disconnected once the thread has ended, however it did.
    ended: mpsc::Receiver<()>,
    reading: Reading,
    history: History,
}

/// The runtime of queries. It may be dropped anywhere: a failed start drops it inside another runtime, where tokio does
/// not allow waiting for one.
#[derive(Debug)]
struct Reading(Option<Runtime>);

impl Drop for Reading {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// The signals to the ingesting thread.
#[derive(Debug, Default)]
struct Signal {
    is_stopping: AtomicBool,
    /// There is no time to catch up.
    is_abandoned: AtomicBool,
    /// A query waits for frames that are not ingested yet, or the thread is to stop.
    urgent: Arc<Notify>,
}

impl Signal {
    fn stop(&self) {
        self.is_stopping.store(true, Ordering::Release);
        self.urgent.notify_one();
    }

    fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Acquire)
    }

    fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::Acquire)
    }

    /// Waits, unless it is urgent.
    async fn pause(&self, time: Duration) {
        if !self.is_stopping() {
            let _ = tokio::time::timeout(time, self.urgent.notified()).await;
        }
    }
}

/// The handle for queries of a history. Clones share it.
#[derive(Debug, Clone)]
pub struct History {
    reading: Handle,
    reader: Arc<Reader>,
    progress: Arc<Progress>,
}

impl HistoryService {
    /// Starts it. The database may be unavailable: it is used as soon as it is available.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start(settings: HistorySettings) -> io::Result<Self> {
        let reading =
            Builder::new_multi_thread().worker_threads(1).thread_name("history-read").enable_all().build()?;
        let writing = Builder::new_current_thread().enable_all().build()?;
        let progress = Arc::<Progress>::default();
        let signal = Arc::<Signal>::default();
        let replica = settings.replica.clone().unwrap_or_else(|| settings.url.clone());
        let reader =
            Reader::new(replica, Arc::clone(&settings.instruments)).hurrying(Arc::clone(&signal.urgent));
        let history = History {
            reading: reading.handle().clone(),
            reader: Arc::new(reader),
            progress: Arc::clone(&progress),
        };
        let stop_signal = Arc::clone(&signal);
        let (end, ended) = mpsc::channel();
        let thread = std::thread::Builder::new().name("history".to_owned()).spawn(move || {
            let _end: mpsc::Sender<()> = end;
            // Below everything a client waits for, as are the threads it starts. Without the priority it works all the
            // same.
            let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
            writing.block_on(run(&settings, &progress, &stop_signal));
        })?;
        Ok(Self { signal, thread, ended, reading: Reading(Some(reading)), history })
    }

    /// Returns the handle for queries.
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// Asks it to ingest what is durable by now and then to stop, without waiting for that.
    pub fn request_stop(&self) {
        self.signal.stop();
    }

    /// Ingests what is durable by now and stops, but takes no longer than until `deadline`; returns whether it has stopped.
    /// What it has not ingested by then it ingests after the next start: a transaction under way is either committed or, when
    /// the process ends, was never there. A database that fails is left where it is.
    pub fn stop(self, deadline: Instant) -> bool {
        self.signal.stop();
        let left = deadline.saturating_duration_since(Instant::now());
        let has_ended = !matches!(self.ended.recv_timeout(left), Err(RecvTimeoutError::Timeout));
        if has_ended {
            let _ = self.thread.join(); // a panic has been reported already
        } else {
            self.signal.is_abandoned.store(true, Ordering::Release);
        }
        drop(self.reading);
        has_ended
    }
}

/// The lowest priority.
const NICE: i32 = 19;

impl History {
    /// Returns its progress.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Queries the database, away from the serving threads. Right after a start the database is being created, and the
    /// query waits for it. A caller that gives up cancels the query.
    ///
    /// # Errors
    /// The database fails, or is not available.
    pub async fn ask<T, F>(&self, question: impl FnOnce(Arc<Reader>) -> F) -> Result<T, HistoryError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, HistoryError>> + Send + 'static,
    {
        let (answer, progress) = (question(Arc::clone(&self.reader)), Arc::clone(&self.progress));
        // A set of one: dropping it aborts the query in it.
        let mut asked = JoinSet::new();
        asked.spawn_on(
            async move {
                while !progress.has_started() {
                    tokio::time::sleep(LOOK).await;
                }
                answer.await
            },
            &self.reading,
        );
        let panicked = || Err(HistoryError::Damaged("a query panicked".to_owned()));
        asked.join_next().await.and_then(Result::ok).unwrap_or_else(panicked)
    }
}

/// Follows the journal until it is to stop, and restarts after every failure.
async fn run(settings: &HistorySettings, progress: &Progress, signal: &Signal) {
    let (first, longest) = RETRY;
    let mut patience = first;
    loop {
        let before = progress.sequence();
        let Err(error) = follow(settings, progress, signal).await else { return };
        progress.failures.fetch_add(1, Ordering::Relaxed);
        if progress.sequence() > before {
            patience = first;
        }
        if !progress.is_down.swap(true, Ordering::Relaxed) || patience >= longest {
            warn!(%error, frame = progress.sequence(), "the history cannot be ingested; trading continues");
        }
        if signal.is_stopping() {
            return;
        }
        signal.pause(patience).await;
        patience = (patience * 2).min(longest);
    }
}

async fn follow(settings: &HistorySettings, progress: &Progress, signal: &Signal) -> Result<(), SourceError> {
    let db = connect(&settings.url).await?;
    let mut projector = Projector::open(db, Arc::clone(&settings.instruments), &settings.journal).await?;
    progress.sequence.store(projector.sequence(), Ordering::Release);
    progress.has_started.store(true, Ordering::Release);
    let source = (settings.open)(projector.sequence())?;
    let mut source = Prefetch::new(source, FRAMES_PER_BATCH);
    if progress.is_down.swap(false, Ordering::Relaxed) {
        info!(frame = projector.sequence(), "the history is ingested again");
    }
    loop {
        // Before it reads: what is durable when it is asked to stop is ingested.
        let is_last = signal.is_stopping();
        let frames = source.next().await?;
        if !frames.is_empty() {
            let rows = projector.project(&frames).await?;
            progress.rows.fetch_add(rows as u64, Ordering::Relaxed);
            progress.sequence.store(projector.sequence(), Ordering::Release);
        } else if is_last {
            projector.close().await?;
            return Ok(());
        }
        if signal.is_abandoned() {
            return Ok(());
        }
        if !source.has_more() {
            signal.pause(PAUSE).await;
        }
    }
}
