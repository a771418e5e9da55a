//! Segments are filled with zeros before they are used: overwriting a file costs a fraction of growing one.
//!
//! In one go that would stall the commits running beside it, so a thread does it a little at a time, one segment ahead.
//! On a simulated disk there is no thread, and the writer fills segments itself.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{
    disk::{Disk, File},
    error::JournalError,
    segment::{DIRECTORY, spare_name},
};

/// How much is written at once. Every sync of a file that grows costs the file system a commit of its own, whatever its
/// size, so that smaller steps disturb the commits beside them more, not less.
const STEP: usize = 1 << 20;
/// The pause after each step in the background: a segment takes one or two seconds, and is needed long after.
const PAUSE: Duration = Duration::from_millis(20);

/// How long after a failure the thread tries again by itself, whatever the journal does meanwhile: a journal that
/// accepts no work because of the failure commits nothing that could remind it.
const RETRY: Duration = Duration::from_secs(1);

/// Which side fills the next segment, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// A thread, as soon as the one before is in use.
    Background,
    /// The writer, when it needs it.
    Inline,
}

/// Prepares segments.
#[derive(Debug)]
pub(super) struct Filler {
    disk: Arc<dyn Disk>,
    bytes: u64,
    background: Option<Background>,
}

#[derive(Debug)]
struct Background {
    requests: Option<mpsc::Sender<Request>>,
    ready: mpsc::Receiver<(u64, io::Result<Box<dyn File>>)>,
    ordered: Option<u64>,
    is_stopped: Arc<AtomicBool>,
    /// The writer waits: no more steps and pauses.
    is_hurried: Arc<AtomicBool>,
    has_failed: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Filler {
    pub(super) fn new(disk: Arc<dyn Disk>, bytes: u64, fill: Fill) -> Result<Self, JournalError> {
        let background = match fill {
            Fill::Inline => None,
            Fill::Background => Some(Background::start(Arc::clone(&disk), bytes)?),
        };
        Ok(Self { disk, bytes, background })
    }

    /// Returns a flag that is up while the last attempt to prepare a segment failed: the disk is full, most likely.
    pub(super) fn failing(&self) -> Arc<AtomicBool> {
        self.background.as_ref().map_or_else(Arc::default, |background| Arc::clone(&background.has_failed))
    }

    /// Starts preparing a segment, if a background thread does that.
    pub(super) fn order(&mut self, index: u64) {
        if let Some(background) = &mut self.background
            && let Some(requests) = &background.requests
            && requests.send(Request::Prepare(index)).is_ok()
        {
            background.ordered = Some(index);
        }
    }

    /// Returns the prepared segment, waiting for it or preparing it now.
    pub(super) fn take(&mut self, index: u64) -> Result<Box<dyn File>, JournalError> {
        if let Some(background) = &mut self.background
            && background.ordered.take() == Some(index)
        {
            background.is_hurried.store(true, Ordering::Release);
            // It may be waiting between two attempts.
            let _ = background.requests.as_ref().map(|requests| requests.send(Request::Hurry));
            let prepared = background.ready.recv();
            background.is_hurried.store(false, Ordering::Release);
            if let Ok((ready, Ok(file))) = prepared
                && ready == index
            {
                return Ok(file);
            }
        }
        let file = fill(&self.disk, index, self.bytes, None);
        file.map_err(JournalError::io(&spare_name(index), "prepare the segment"))
    }
}

impl Background {
    fn start(disk: Arc<dyn Disk>, bytes: u64) -> Result<Self, JournalError> {
        let (requests, requested) = mpsc::channel();
        let (finished, ready) = mpsc::channel();
        let signals = Signals::default();
        let has_failed = Arc::new(AtomicBool::new(false));
        let (is_stopped, is_hurried) = (Arc::clone(&signals.is_stopped), Arc::clone(&signals.is_hurried));
        let work = Work {
            disk,
            bytes,
            requested,
            finished,
            signals,
            has_failed: Arc::clone(&has_failed),
            retry: RETRY,
        };
        let thread = thread::Builder::new().name("journal-fill".to_owned()).spawn(move || work.run());
        let thread =
            Some(thread.map_err(JournalError::io(DIRECTORY, "start the thread that fills segments"))?);
        Ok(Self {
            requests: Some(requests),
            ready,
            ordered: None,
            is_stopped,
            is_hurried,
            has_failed,
            thread,
        })
    }
}

/// A request to the thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    /// Prepare a segment.
    Prepare(u64),
    /// The segment being prepared is needed now: try at once, and report the result.
    Hurry,
}

/// The state of the thread.
struct Work {
    disk: Arc<dyn Disk>,
    bytes: u64,
    requested: mpsc::Receiver<Request>,
    finished: mpsc::Sender<(u64, io::Result<Box<dyn File>>)>,
    signals: Signals,
    has_failed: Arc<AtomicBool>,
    retry: Duration,
}

impl Work {
    fn run(self) {
        while let Ok(request) = self.requested.recv() {
            // A hurry that arrived when the segment was already ready is over.
            let Request::Prepare(index) = request else { continue };
            if !self.prepare(index) {
                return;
            }
        }
    }

    /// Prepares a segment, trying until that succeeds or the writer waits for the outcome; `false` when the writer has
    /// gone.
    fn prepare(&self, mut index: u64) -> bool {
        loop {
            let file = fill(&self.disk, index, self.bytes, Some(&self.signals));
            self.has_failed.store(file.is_err(), Ordering::Relaxed);
            if file.is_ok() || self.signals.is_hurried.load(Ordering::Acquire) {
                return self.finished.send((index, file)).is_ok();
            }
            match self.requested.recv_timeout(self.retry) {
                Ok(Request::Prepare(other)) => index = other,
                Ok(Request::Hurry) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.is_stopped.store(true, Ordering::Relaxed);
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Creates a file of zeros, slowly when `stop` is given. One that cannot be finished is removed: its space is needed.
fn fill(
    disk: &Arc<dyn Disk>,
    index: u64,
    bytes: u64,
    background: Option<&Signals>,
) -> io::Result<Box<dyn File>> {
    let name = spare_name(index);
    match disk.remove(&name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = disk.create(&name)?;
    let filled = write_zeros(&*file, bytes, background).and_then(|()| disk.sync_dir(DIRECTORY));
    if filled.is_err() {
        let _ = disk.remove(&name);
    }
    filled.map(|()| file)
}

/// The signals to the filling thread.
#[derive(Default)]
struct Signals {
    is_stopped: Arc<AtomicBool>,
    is_hurried: Arc<AtomicBool>,
}

fn write_zeros(file: &dyn File, bytes: u64, background: Option<&Signals>) -> io::Result<()> {
    let zeros = vec![0; STEP.min(bytes as usize)];
    let mut offset = 0;
    while offset < bytes {
        let gentle = background.filter(|signals| !signals.is_hurried.load(Ordering::Relaxed));
        let step = (bytes - offset).min(STEP as u64);
        file.write_at(&zeros[..step as usize], offset)?;
        offset += step;
        if gentle.is_some() {
            file.sync_data()?;
            thread::sleep(PAUSE);
        }
        if background.is_some_and(|signals| signals.is_stopped.load(Ordering::Relaxed)) {
            return Err(io::ErrorKind::Interrupted.into());
        }
    }
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::{
        super::sim::{Faults, SimDisk},
        *,
    };

    #[test]
    fn a_full_disk_is_warned_of_and_tried_again() {
        let sim = SimDisk::new(Faults { capacity: Some(10_000), ..Faults::default() });
        let disk: Arc<dyn Disk> = Arc::new(sim.clone());
        disk.make_dir(DIRECTORY).unwrap();
        let mut filler = Filler::new(Arc::clone(&disk), 64 << 10, Fill::Background).unwrap();
        let failing = filler.failing();
        filler.order(7);
        while !failing.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        assert!(filler.take(7).is_err(), "tried once more by the writer");
        assert!(disk.list(DIRECTORY).unwrap().is_empty(), "what was written is given back");
        filler.order(8);
        while !failing.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        // No commit, order or request arrives: the thread finds out by itself.
        sim.set_capacity(None);
        while failing.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        assert_eq!(filler.take(8).unwrap().size().unwrap(), 64 << 10);
        assert_eq!(disk.list(DIRECTORY).unwrap(), ["0000000008.next"], "prepared once");
    }

    #[test]
    fn a_writer_that_needs_the_segment_does_not_wait_for_the_next_attempt() {
        let sim = SimDisk::new(Faults { capacity: Some(10_000), ..Faults::default() });
        let disk: Arc<dyn Disk> = Arc::new(sim.clone());
        disk.make_dir(DIRECTORY).unwrap();
        let (requests, requested) = mpsc::channel();
        let (finished, ready) = mpsc::channel();
        let signals = Signals::default();
        signals.is_hurried.store(true, Ordering::Release);
        requests.send(Request::Hurry).unwrap();
        requests.send(Request::Prepare(3)).unwrap();
        drop(requests);
        let (has_failed, retry) = (Arc::default(), Duration::MAX);
        Work { disk, bytes: 64 << 10, requested, finished, signals, has_failed, retry }.run();
        let (index, file) = ready.recv().unwrap();
        assert!(index == 3 && file.is_err());
    }
}
