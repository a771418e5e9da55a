//! The metrics of what is stored: the journal, snapshots with their audits, and the history.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};

use super::{
    histogram::{Histogram, Scale, Writer},
    list,
};

/// A gauge of seconds.
type Seconds = Gauge<f64, AtomicU64>;

/// What the journal's thread records: once for each commit.
#[derive(Debug, Clone)]
pub struct CommitFigures {
    took: Histogram,
    synced: Histogram,
    frames: Histogram,
    bytes: Histogram,
    writers: [Writer; 4],
    /// When the last commit ended, in nanoseconds since `epoch`; 0 before the first.
    last: Arc<AtomicU64>,
    epoch: Instant,
}

impl Default for CommitFigures {
    fn default() -> Self {
        let new = |scale| Histogram::new(scale, 1);
        let histograms = [Scale::LATENCY, Scale::LATENCY, Scale::COUNT, Scale::SIZE].map(new);
        let writers = [0, 1, 2, 3].map(|index: usize| histograms[index].writer(0));
        let [took, synced, frames, bytes] = histograms;
        Self { took, synced, frames, bytes, writers, last: Arc::default(), epoch: Instant::now() }
    }
}

impl CommitFigures {
    /// Records a commit; `synced` is how long its sync took, where it had one.
    pub fn record(&self, frames: u64, bytes: u64, took: Duration, synced: Option<Duration>) {
        let [took_writer, synced_writer, frames_writer, bytes_writer] = &self.writers;
        took_writer.observe_duration(took);
        if let Some(synced) = synced {
            synced_writer.observe_duration(synced);
        }
        frames_writer.observe(frames);
        bytes_writer.observe(bytes);
        let now = u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
    }

    /// Returns when the last commit ended, in seconds since 1970.
    fn last_at(&self) -> f64 {
        match self.last.load(Ordering::Relaxed) {
            0 => 0.0,
            last => now() - self.epoch.elapsed().saturating_sub(Duration::from_nanos(last)).as_secs_f64(),
        }
    }
}

/// The journal.
#[derive(Debug, Default)]
pub struct JournalGauges {
    /// The last durable frame.
    pub durable: Gauge,
    /// How many turns wait to be written or released.
    pub queued: Gauge,
    /// Whether the next segment cannot be prepared.
    pub short_of_space: Gauge,
    last: Seconds,
}

impl JournalGauges {
    pub(super) fn register(registry: &mut Registry, commits: &CommitFigures) -> Self {
        let gauges = Self::default();
        list::JOURNAL_DURABLE.register(registry, gauges.durable.clone());
        list::JOURNAL_QUEUE.register(registry, gauges.queued.clone());
        list::JOURNAL_COMMIT.register(registry, commits.took.clone());
        list::JOURNAL_SYNC.register(registry, commits.synced.clone());
        list::JOURNAL_FRAMES.register(registry, commits.frames.clone());
        list::JOURNAL_BYTES.register(registry, commits.bytes.clone());
        list::JOURNAL_LAST.register(registry, gauges.last.clone());
        list::JOURNAL_SHORT.register(registry, gauges.short_of_space.clone());
        gauges
    }

    pub(super) fn read(&self, commits: &CommitFigures) {
        self.last.set(commits.last_at());
    }
}

/// Snapshots, and the audits that precede them.
#[derive(Debug)]
pub struct SnapshotGauges {
    took: Writer,
    failures: Counter,
    time: Seconds,
    frame: Gauge,
    bytes: Gauge,
    audit_passed: Gauge,
    audit_time: Seconds,
}

impl SnapshotGauges {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let took = Histogram::new(Scale::BACKGROUND, 1);
        let gauges = Self {
            took: took.writer(0),
            failures: Counter::default(),
            time: Seconds::default(),
            frame: Gauge::default(),
            bytes: Gauge::default(),
            audit_passed: Gauge::default(),
            audit_time: Seconds::default(),
        };
        list::SNAPSHOT.register(registry, took);
        list::SNAPSHOT_FAILURES.register(registry, gauges.failures.clone());
        list::SNAPSHOT_TIME.register(registry, gauges.time.clone());
        list::SNAPSHOT_FRAME.register(registry, gauges.frame.clone());
        list::SNAPSHOT_BYTES.register(registry, gauges.bytes.clone());
        list::AUDIT_PASSED.register(registry, gauges.audit_passed.clone());
        list::AUDIT_TIME.register(registry, gauges.audit_time.clone());
        // A start audits everything before it serves.
        gauges.audited(true);
        gauges
    }

    /// Records the newest snapshot: the frame it was taken after, when it was started, in microseconds, and its size.
    pub fn newest(&self, frame: u64, created: u64, bytes: u64) {
        self.frame.set(clamped(frame));
        self.time.set(created as f64 / 1e6);
        self.bytes.set(clamped(bytes));
    }

    /// Records that one was taken, and how long it took.
    pub fn taken(&self, took: Duration) {
        self.took.observe_duration(took);
        self.audited(true);
    }

    /// Records that none could be taken.
    pub fn failed(&self) {
        self.failures.inc();
    }

    /// Records the result of an audit.
    pub fn audited(&self, has_passed: bool) {
        self.audit_passed.set(i64::from(has_passed));
        self.audit_time.set(now());
    }
}

/// The history, set when the metrics are read.
#[derive(Debug, Default)]
pub struct HistoryGauges {
    up: Gauge,
    frame: Gauge,
    rows: Counter,
    failures: Counter,
    lag: Gauge,
    age: Seconds,
    /// Frames that were the last durable ones at some reading and are not ingested yet, with the time of that reading.
    waiting: Mutex<VecDeque<(u64, Instant)>>,
}

/// The state of the history at one moment.
#[derive(Debug, Clone, Copy)]
pub struct HistoryFigures {
    /// Whether its database works.
    pub is_up: bool,
    /// The last frame ingested.
    pub frame: u64,
    /// The last durable frame.
    pub durable: u64,
    /// Rows written.
    pub rows: u64,
    /// How often ingesting failed.
    pub failures: u64,
}

/// How many readings the age of a lag is computed from.
const READINGS: usize = 4_096;

impl HistoryGauges {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let gauges = Self::default();
        list::HISTORY_UP.register(registry, gauges.up.clone());
        list::HISTORY_FRAME.register(registry, gauges.frame.clone());
        list::HISTORY_LAG.register(registry, gauges.lag.clone());
        list::HISTORY_AGE.register(registry, gauges.age.clone());
        list::HISTORY_ROWS.register(registry, gauges.rows.clone());
        list::HISTORY_FAILURES.register(registry, gauges.failures.clone());
        gauges.up.set(1);
        gauges
    }

    /// Sets them at `now`.
    pub fn set(&self, figures: HistoryFigures, now: Instant) {
        let HistoryFigures { is_up, frame, durable, rows, failures } = figures;
        self.up.set(i64::from(is_up));
        self.frame.set(clamped(frame));
        self.lag.set(clamped(durable.saturating_sub(frame)));
        self.rows.inner().fetch_max(rows, Ordering::Relaxed);
        self.failures.inner().fetch_max(failures, Ordering::Relaxed);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        while waiting.front().is_some_and(|(durable, _)| *durable <= frame) {
            waiting.pop_front();
        }
        let is_new = waiting.back().is_none_or(|(last, _)| *last < durable);
        if durable > frame && is_new && waiting.len() < READINGS {
            waiting.push_back((durable, now));
        }
        let since = waiting.front().map(|(_, since)| now.saturating_duration_since(*since));
        self.age.set(since.unwrap_or_default().as_secs_f64());
    }
}

fn clamped(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Returns the time in seconds since 1970, as the wall clock has it: Prometheus compares it with its own.
fn now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_of_a_lag_is_that_of_the_oldest_frame_not_ingested() {
        let gauges = HistoryGauges::default();
        let start = Instant::now();
        let at = |second, frame, durable| {
            let figures = HistoryFigures { is_up: true, frame, durable, rows: 0, failures: 0 };
            gauges.set(figures, start + Duration::from_secs(second));
            (gauges.lag.get(), gauges.age.get())
        };
        assert_eq!(at(0, 5, 5), (0, 0.0));
        assert_eq!(at(100, 5, 9), (4, 0.0), "durable since the last reading");
        assert_eq!(at(110, 5, 20), (15, 10.0));
        assert_eq!(at(130, 9, 20), (11, 20.0), "frame 10 was seen durable at 110");
        assert_eq!(at(140, 19, 20), (1, 30.0));
        assert_eq!(at(150, 20, 20), (0, 0.0));
    }

    #[test]
    fn a_commit_is_recorded_with_its_time() {
        let commits = CommitFigures::default();
        assert_eq!(commits.last_at(), 0.0);
        commits.record(3, 700, Duration::from_millis(2), None);
        assert_eq!((commits.took.count(), commits.synced.count()), (1, 0));
        assert!((now() - commits.last_at()).abs() < 60.0);
    }
}
