//! The queue of log lines: callers append to a bounded queue and never wait; a thread of its own writes.
//!
//! A reader of the log that stops reading, a full disk or a closed pipe costs log lines, which are counted, and nothing
//! else. Lines that do not fit are dropped where they are logged, lines that cannot be written where they are written.

use std::{
    io::{self, ErrorKind, Write},
    mem,
    sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError},
    thread::{self, ThreadId},
    time::Duration,
};

use prometheus_client::metrics::counter::Counter;

/// How many bytes of lines may wait. As many again are being written.
const CAPACITY: usize = 4 << 20;

/// How long the writer pauses when the output is non-blocking and full.
const PAUSE: Duration = Duration::from_millis(10);

static DROPPED: LazyLock<Counter> = LazyLock::new(Counter::default);

/// Returns the counter of log lines dropped by this process.
pub(super) fn dropped() -> Counter {
    DROPPED.clone()
}

/// The queue. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct LogQueue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    capacity: usize,
    dropped: Counter,
    state: Mutex<State>,
    queued: Condvar,
    written: Condvar,
    /// The thread that writes: its own lines fit always, so that it can report what was dropped.
    writer: OnceLock<ThreadId>,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    /// Appends accepted since the start.
    accepted: u64,
    /// Of those, how many were written or given up.
    finished: u64,
}

impl LogQueue {
    /// Starts the thread that writes to `out`.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(super) fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        Self::start_with(out, CAPACITY, dropped())
    }

    fn start_with(out: impl Write + Send + 'static, capacity: usize, dropped: Counter) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            capacity,
            dropped,
            state: Mutex::default(),
            queued: Condvar::new(),
            written: Condvar::new(),
            writer: OnceLock::new(),
        });
        let writers = Arc::clone(&shared);
        thread::Builder::new().name("log".to_owned()).spawn(move || write_lines(&writers, out))?;
        Ok(Self(shared))
    }

    /// Appends whole lines, or drops and counts them when they do not fit. Never waits for the output.
    pub(super) fn append(&self, lines: &[u8]) {
        let mut state = self.0.lock();
        if state.waiting.len().saturating_add(lines.len()) > self.0.capacity
            && self.0.writer.get() != Some(&thread::current().id())
        {
            drop(state);
            self.0.dropped.inc_by(count(lines));
            return;
        }
        state.waiting.extend_from_slice(lines);
        state.accepted += 1;
        drop(state);
        self.0.queued.notify_one();
    }

    /// Waits until everything appended so far is written or given up, at most for `limit`; returns whether it is.
    pub(super) fn flush(&self, limit: Duration) -> bool {
        let state = self.0.lock();
        let accepted = state.accepted;
        let waited = self.0.written.wait_timeout_while(state, limit, |state| state.finished < accepted);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

impl Write for LogQueue {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.append(lines);
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    /// A thread that panicked while it held the lock had appended whole lines or none.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for lines and moves them to `batch`; returns the number of the last append among them.
    fn take(&self, batch: &mut Vec<u8>) -> u64 {
        let state = self.queued.wait_while(self.lock(), |state| state.waiting.is_empty());
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        mem::swap(&mut state.waiting, batch);
        state.accepted
    }
}

/// Writes what is queued for as long as the process lives.
fn write_lines(shared: &Shared, out: impl Write) {
    let _ = shared.writer.set(thread::current().id()); // only this thread sets it
    let mut out = Lines { out, is_torn: false };
    let (mut batch, mut reported) = (Vec::new(), 0);
    loop {
        let last = shared.take(&mut batch);
        let lost = out.write(&batch);
        batch.clear();
        shared.dropped.inc_by(lost);
        if lost == 0 {
            let dropped = shared.dropped.get();
            if dropped > reported {
                tracing::warn!(
                    lines = dropped - reported,
                    "log lines were dropped: standard error was not read, or could not be written"
                );
                reported = dropped;
            }
        }
        shared.lock().finished = last;
        shared.written.notify_all();
    }
}

/// An output of whole lines.
struct Lines<W> {
    out: W,
    /// Whether the last write ended within a line.
    is_torn: bool,
}

impl<W: Write> Lines<W> {
    /// Writes lines and returns how many of them were lost. A line written in part is lost, and the next write starts a
    /// line of its own.
    fn write(&mut self, lines: &[u8]) -> u64 {
        if self.is_torn && self.write_some(b"\n") == 1 {
            self.is_torn = false;
        }
        let written = if self.is_torn { 0 } else { self.write_some(lines) };
        if let Some(last) = written.checked_sub(1).and_then(|last| lines.get(last)) {
            self.is_torn = *last != b'\n';
        }
        lines.get(written..).map_or(0, count)
    }

    /// Returns how many bytes were written before the output failed.
    fn write_some(&mut self, bytes: &[u8]) -> usize {
        let mut written = 0;
        while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
            match self.out.write(rest) {
                Ok(0) => break,
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(PAUSE),
                Err(_) => break, // counted by the caller: there is nowhere else to report it
            }
        }
        written
    }
}

fn count(lines: &[u8]) -> u64 {
    lines.iter().filter(|byte| **byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    /// An output that a test lets accept one write at a time, or fail it.
    struct Gate {
        starts: mpsc::Sender<Vec<u8>>,
        let_go: mpsc::Receiver<io::Result<usize>>,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.starts.send(bytes.to_vec()).unwrap();
            self.let_go.recv().unwrap_or(Ok(usize::MAX)).map(|count| count.min(bytes.len()))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gated(capacity: usize) -> (LogQueue, mpsc::Receiver<Vec<u8>>, mpsc::Sender<io::Result<usize>>) {
        let (starts, started) = mpsc::channel();
        let (open, let_go) = mpsc::channel();
        let queue = LogQueue::start_with(Gate { starts, let_go }, capacity, Counter::default()).unwrap();
        (queue, started, open)
    }

    fn text(started: &mpsc::Receiver<Vec<u8>>) -> String {
        String::from_utf8(started.recv_timeout(LIMIT).unwrap()).unwrap()
    }

    #[test]
    fn a_blocked_output_costs_lines_that_do_not_fit_and_they_are_counted() {
        let (queue, started, open) = gated(16);
        queue.append(b"first\n");
        assert_eq!(text(&started), "first\n", "the output has it, and blocks");
        for _ in 0..3 {
            queue.append(b"second\n"); // 7 bytes: two of them fit
        }
        assert_eq!(queue.0.dropped.get(), 1);
        assert!(!queue.flush(Duration::from_millis(1)), "a flush is bounded");
        open.send(Ok(usize::MAX)).unwrap();
        assert_eq!(text(&started), "second\nsecond\n");
        open.send(Ok(usize::MAX)).unwrap();
        assert!(queue.flush(LIMIT));
        queue.append(b"third\n");
        assert_eq!(text(&started), "third\n", "it continues");
    }

    #[test]
    fn what_cannot_be_written_is_counted_and_the_next_line_stands_alone() {
        let (queue, started, open) = gated(1024);
        queue.append(b"one\ntwo\nthree\n");
        text(&started);
        open.send(Ok(6)).unwrap(); // within "two"
        assert_eq!(text(&started), "o\nthree\n");
        open.send(Err(ErrorKind::StorageFull.into())).unwrap();
        assert!(queue.flush(LIMIT), "given up is finished too");
        assert_eq!(queue.0.dropped.get(), 2);
        queue.append(b"four\n");
        assert_eq!(text(&started), "\n");
        open.send(Ok(1)).unwrap();
        assert_eq!(text(&started), "four\n");
        open.send(Err(ErrorKind::BrokenPipe.into())).unwrap();
        assert!(queue.flush(LIMIT));
        assert_eq!(queue.0.dropped.get(), 3);
    }

    #[test]
    fn a_write_that_would_block_or_is_interrupted_is_tried_again() {
        let (queue, started, open) = gated(1024);
        queue.append(b"line\n");
        for kind in [ErrorKind::WouldBlock, ErrorKind::Interrupted] {
            assert_eq!(text(&started), "line\n");
            open.send(Err(kind.into())).unwrap();
        }
        assert_eq!(text(&started), "line\n");
        open.send(Ok(usize::MAX)).unwrap();
        assert!(queue.flush(LIMIT));
        assert_eq!(queue.0.dropped.get(), 0);
    }
}
