//! The journal thread: takes everything queued, commits it as one, and only then releases the outboxes that waited for
//! it.
//!
//! There is one queue, so its order is the order of the log, and any prefix of it is a state the shards were once in.
//! Effects that must not leave the process before they are durable travel through the queue with the frames as an
//! outbox and are released in the same order.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    error::JournalError,
    segment::{DIRECTORY, Position},
    writer::LogWriter,
};

/// How many bytes of frames one commit takes from the queue.
const BATCH: usize = 1 << 20;
/// How many outboxes one commit takes from the queue.
const BATCH_OUTBOXES: usize = 16 << 10;
/// How long the queue is empty before the end of a burst is marked.
const QUIET: Duration = Duration::from_millis(20);

/// Effects that wait for frames to be durable.
pub trait Outbox: Send + 'static {
    /// Releases it. `position` is the last frame that had to be durable first: its own, or the one queued before it; it
    /// never falls from one release to the next. Runs on the journal thread, so it must be quick and must not block.
    fn release(self, position: u64);

    /// Returns how long it can wait for others to be committed with it. No client waits for the first of the frames of
    /// an order; committed at once, they would delay the last, which a client does wait for, by two syncs.
    fn patience(&self) -> Duration {
        Duration::ZERO
    }
}

/// A shard's entry for the journal.
#[derive(Debug)]
pub struct Append<O> {
    /// Frames, each with its length in front; empty for an outbox that only has to wait its turn.
    pub frames: Vec<u8>,
    /// How many frames those are.
    pub count: u32,
    /// The outbox that waits for them, and for everything queued before.
    pub outbox: O,
}

/// When written frames are released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// When the disk has it.
    Fsync,
    /// When the operating system has it; the disk gets it at the latest this much later.
    Async {
        /// The longest time between two syncs.
        interval: Duration,
    },
}

/// One commit, for observers.
#[derive(Debug, Clone, Copy)]
pub struct Commit {
    /// How many frames it held.
    pub frames: u64,
    /// How many bytes, lengths included.
    pub bytes: u64,
    /// How long it took to write and, unless that happens later, sync.
    pub took: Duration,
    /// How long the sync took, unless it happens later.
    pub synced: Option<Duration>,
}

/// Is notified of every commit, on the journal thread.
pub type Observer = Box<dyn FnMut(&Commit) + Send>;

/// Is notified once why nothing is durable any more.
pub type OnFailure = Box<dyn FnOnce(JournalError) + Send>;

/// The counts of the journal so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Commits with frames in them.
    pub commits: u64,
    /// Frames in them.
    pub frames: u64,
    /// Bytes of frames in them.
    pub bytes: u64,
    /// Queued and not yet released.
    pub queued: u64,
    /// The next segment cannot be prepared: the disk is full, most likely, and the journal will fail soon.
    pub is_short_of_space: bool,
}

#[derive(Debug, Default)]
struct Shared {
    durable: AtomicU64,
    commits: AtomicU64,
    frames: AtomicU64,
    bytes: AtomicU64,
    appended: AtomicU64,
    released: AtomicU64,
    is_short_of_space: Arc<AtomicBool>,
}

/// The entrance to the journal. Clones share one queue.
pub struct Journal<O> {
    entrance: Arc<Entrance<O>>,
}

struct Entrance<O> {
    queue: Sender<Message<O>>,
    shared: Arc<Shared>,
}

enum Message<O> {
    Append(Append<O>),
    Stop,
}

impl<O> Clone for Journal<O> {
    fn clone(&self) -> Self {
        Self { entrance: Arc::clone(&self.entrance) }
    }
}

impl<O> fmt::Debug for Journal<O> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Journal").field("shared", &self.entrance.shared).finish_non_exhaustive()
    }
}

impl<O: Outbox> Journal<O> {
    /// Queues frames and their outbox. Never blocks; after a failure or a stop, the outbox is dropped.
    pub fn append(&self, append: Append<O>) {
        self.entrance.shared.appended.fetch_add(1, Ordering::Relaxed);
        if self.entrance.queue.send(Message::Append(append)).is_err() {
            self.entrance.shared.released.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns whether the next segment cannot be prepared: the disk is full, most likely.
    pub fn is_short_of_space(&self) -> bool {
        self.entrance.shared.is_short_of_space.load(Ordering::Relaxed)
    }

    /// Returns the last frame known to be durable.
    pub fn durable(&self) -> u64 {
        self.entrance.shared.durable.load(Ordering::Acquire)
    }

    /// Returns the counts of the journal so far.
    pub fn stats(&self) -> Stats {
        let shared = &self.entrance.shared;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let released = read(&shared.released);
        Stats {
            commits: read(&shared.commits),
            frames: read(&shared.frames),
            bytes: read(&shared.bytes),
            queued: read(&shared.appended).saturating_sub(released),
            is_short_of_space: shared.is_short_of_space.load(Ordering::Relaxed),
        }
    }
}

/// The running thread. It ends when it is stopped or when the last [`Journal`] is dropped.
pub struct JournalThread<O> {
    entrance: Weak<Entrance<O>>,
    thread: JoinHandle<Result<Position, JournalError>>,
}

impl<O> fmt::Debug for JournalThread<O> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("JournalThread").finish_non_exhaustive()
    }
}

impl<O: Outbox> JournalThread<O> {
    /// Commits and releases all that is queued, marks the end, waits for the thread and returns where the log ends.
    /// What is queued from now on is dropped.
    ///
    /// # Errors
    /// The journal failed, now or before.
    pub fn stop(self) -> Result<Position, JournalError> {
        if let Some(entrance) = self.entrance.upgrade() {
            let _ = entrance.queue.send(Message::Stop);
        }
        self.join()
    }

    /// Waits until the thread has ended, because the last [`Journal`] was dropped or because of a failure.
    ///
    /// # Errors
    /// The journal failed.
    pub fn join(self) -> Result<Position, JournalError> {
        self.thread.join().unwrap_or_else(|panic| Err(JournalError::panicked(&*panic)))
    }
}

/// Starts the journal thread.
///
/// # Errors
/// The thread cannot be started.
pub fn start<O: Outbox>(
    writer: LogWriter,
    durability: Durability,
    on_failure: OnFailure,
) -> Result<(Journal<O>, JournalThread<O>), JournalError> {
    start_observed(writer, durability, Box::new(|_| {}), on_failure)
}

/// Starts the journal thread and has every commit observed.
///
/// # Errors
/// The thread cannot be started.
pub fn start_observed<O: Outbox>(
    writer: LogWriter,
    durability: Durability,
    observer: Observer,
    on_failure: OnFailure,
) -> Result<(Journal<O>, JournalThread<O>), JournalError> {
    let (sender, queue) = mpsc::channel();
    let position = writer.position().lsn;
    let shared = Arc::new(Shared {
        durable: AtomicU64::new(writer.durable()),
        is_short_of_space: writer.space_warning(),
        ..Shared::default()
    });
    let mut worker = Worker {
        writer,
        durability,
        observer,
        queue,
        shared: Arc::clone(&shared),
        batch: Vec::new(),
        position,
        due: None,
        is_marked: true,
        unsynced_since: None,
    };
    let run = move || {
        let done = catch_unwind(AssertUnwindSafe(|| worker.run()))
            .unwrap_or_else(|panic| Err(JournalError::panicked(&*panic)));
        // Before the outboxes are dropped: dropped replies are answered and logged elsewhere, and a callback that ends
        // the process here must log last.
        let done = done.inspect_err(|error| on_failure(error.clone()));
        // Dropping the worker drops the waiting outboxes: they are never released, and nothing more is accepted.
        let position = worker.writer.position();
        drop(worker);
        done.map(|()| position)
    };
    let thread = thread::Builder::new().name("journal".to_owned()).spawn(run);
    let thread = thread.map_err(JournalError::io(DIRECTORY, "start the journal thread"))?;
    let entrance = Arc::new(Entrance { queue: sender, shared });
    let handle = JournalThread { entrance: Arc::downgrade(&entrance), thread };
    Ok((Journal { entrance }, handle))
}

struct Worker<O> {
    writer: LogWriter,
    durability: Durability,
    observer: Observer,
    queue: Receiver<Message<O>>,
    shared: Arc<Shared>,
    /// Each with its position.
    batch: Vec<(O, u64)>,
    /// The last frame staged.
    position: u64,
    /// When the batch is to be committed at the latest.
    due: Option<Instant>,
    /// A marker follows the last commit already.
    is_marked: bool,
    unsynced_since: Option<Instant>,
}

impl<O: Outbox> Worker<O> {
    fn run(&mut self) -> Result<(), JournalError> {
        while let Some(first) = self.wait()? {
            let goes_on = self.gather(first)?;
            self.commit()?;
            if !goes_on {
                break;
            }
        }
        if !self.is_marked {
            self.mark()?;
        }
        Ok(())
    }

    /// Waits for work, and does what is due meanwhile; `None` when nothing can be queued any more.
    fn wait(&mut self) -> Result<Option<Message<O>>, JournalError> {
        let mut quiet_since = None;
        loop {
            if self.is_marked && self.unsynced_since.is_none() {
                return Ok(self.queue.recv().ok());
            }
            match self.queue.try_recv() {
                Ok(message) => return self.after_due(message),
                Err(mpsc::TryRecvError::Disconnected) => return Ok(None),
                Err(mpsc::TryRecvError::Empty) => {}
            }
            let quiet_since = *quiet_since.get_or_insert_with(Instant::now);
            let mut patience =
                if self.is_marked { Duration::MAX } else { QUIET.saturating_sub(quiet_since.elapsed()) };
            if let Some(due) = self.sync_due_in() {
                patience = patience.min(due);
            }
            match self.queue.recv_timeout(patience) {
                Ok(message) => return self.after_due(message),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) if !self.is_marked && quiet_since.elapsed() >= QUIET => {
                    self.mark()?
                }
                Err(RecvTimeoutError::Timeout) => self.sync_if_due()?,
            }
        }
    }

    fn after_due(&mut self, message: Message<O>) -> Result<Option<Message<O>>, JournalError> {
        self.sync_if_due()?;
        Ok(Some(message))
    }

    fn sync_due_in(&self) -> Option<Duration> {
        let Durability::Async { interval } = self.durability else { return None };
        Some(interval.saturating_sub(self.unsynced_since?.elapsed()))
    }

    fn sync_if_due(&mut self) -> Result<(), JournalError> {
        if self.sync_due_in().is_some_and(|due| due.is_zero()) {
            let durable = self.writer.sync()?;
            self.synced(durable);
            self.note();
        }
        Ok(())
    }

    fn synced(&mut self, durable: u64) {
        self.unsynced_since = None;
        self.shared.durable.store(durable, Ordering::Release);
    }

    /// Stages what is queued, up to a limit, and waits for more as long as every outbox can; `false` when the journal
    /// is to stop after that.
    fn gather(&mut self, first: Message<O>) -> Result<bool, JournalError> {
        self.due = None;
        let mut next = Some(first);
        while let Some(message) = next {
            let Message::Append(append) = message else {
                return self.drain();
            };
            self.stage(append)?;
            let has_room = self.writer.staged() < BATCH && self.batch.len() < BATCH_OUTBOXES;
            next = if has_room { self.more() } else { None };
        }
        Ok(true)
    }

    /// Returns the next message, waiting for it until the batch is due.
    fn more(&mut self) -> Option<Message<O>> {
        match (self.queue.try_recv(), self.due) {
            (Ok(message), _) => Some(message),
            (Err(_), Some(due)) => {
                let left = due.checked_duration_since(Instant::now())?;
                self.queue.recv_timeout(left).ok()
            }
            (Err(_), None) => None,
        }
    }

    /// Stages everything that is queued, for the last time.
    fn drain(&mut self) -> Result<bool, JournalError> {
        while let Ok(message) = self.queue.try_recv() {
            if let Message::Append(append) = message {
                self.stage(append)?;
            }
            if self.writer.staged() >= BATCH {
                self.commit()?;
            }
        }
        Ok(false)
    }

    fn stage(&mut self, append: Append<O>) -> Result<(), JournalError> {
        if append.count > 0 || !append.frames.is_empty() {
            self.position = self.writer.append(&append.frames, append.count)?;
        }
        let patience = append.outbox.patience();
        if self.batch.is_empty() || self.due.is_some() {
            // As soon as one cannot wait, none does.
            let due = (!patience.is_zero()).then(|| Instant::now() + patience);
            self.due = match (self.due, due) {
                (Some(earlier), Some(due)) if !self.batch.is_empty() => Some(earlier.min(due)),
                (_, due) => due,
            };
        }
        self.batch.push((append.outbox, self.position));
        Ok(())
    }

    /// Writes what is staged and releases the outboxes that waited for it.
    fn commit(&mut self) -> Result<(), JournalError> {
        let bytes = self.writer.staged() as u64;
        if bytes > 0 {
            let before = self.writer.position().lsn;
            let started = Instant::now();
            let written = self.writer.write()?;
            let written_after = started.elapsed();
            if self.durability == Durability::Fsync {
                let durable = self.writer.sync()?;
                self.synced(durable);
            } else {
                self.shared.durable.store(self.writer.durable(), Ordering::Release);
                self.unsynced_since.get_or_insert(started);
            }
            self.is_marked = false;
            let took = started.elapsed();
            let synced = (self.durability == Durability::Fsync).then(|| took.saturating_sub(written_after));
            self.observe(&Commit { frames: written - before, bytes, took, synced });
        }
        let released = self.batch.len() as u64;
        for (outbox, position) in self.batch.drain(..) {
            outbox.release(position);
        }
        self.shared.released.fetch_add(released, Ordering::Relaxed);
        self.note();
        Ok(())
    }

    /// Notes how far the log is durable, once everything that waited for that is released.
    fn note(&mut self) {
        // A failed note leaves the one of the commit before. A disk that fails for good fails the next commit too.
        let _ = self.writer.note();
    }

    fn observe(&mut self, commit: &Commit) {
        self.shared.commits.fetch_add(1, Ordering::Relaxed);
        self.shared.frames.fetch_add(commit.frames, Ordering::Relaxed);
        self.shared.bytes.fetch_add(commit.bytes, Ordering::Relaxed);
        (self.observer)(commit);
    }

    fn mark(&mut self) -> Result<(), JournalError> {
        let durable = self.writer.marker()?;
        self.synced(durable);
        self.note();
        self.is_marked = true;
        Ok(())
    }
}
