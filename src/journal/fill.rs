//! Segments are filled with zeros before they are used: overwriting a file costs a fraction of growing one.
//!
//! Filling takes as much of the disk as committing does, so a thread does it a little at a time, one segment ahead: as
//! slowly as the segment in use allows, and as fast as it has to. The zeros go around the system's memory where the
//! disk allows that. They are never read, and a sync of a file that grows, which every step through the memory needs lest
//! the last one stalls everything, costs the file system a commit of its own.
//!
//! On a simulated disk there is no thread, and the writer fills segments itself.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    disk::{DIRECT_ALIGN, Disk, File},
    error::JournalError,
    segment::{DIRECTORY, spare_name},
};

/// How much is written at once: a commit may have to wait for it.
const STEP: usize = 256 << 10;
/// How much is written at once through the system's memory. Every sync of a file that grows costs the file system a
/// commit of its own, whatever its size, so that smaller steps disturb the commits beside them more, not less.
const BUFFERED_STEP: usize = 1 << 20;
/// The pause after so much, as long as the segment in use has room: 64 MiB take one or two seconds.
const PAUSE: Duration = Duration::from_millis(20);
const PAUSE_AFTER: u64 = 1 << 20;
/// The writer has used this part of a segment, one half, when the next one is to be ready.
const LEAD: u64 = 2;

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
    signals: Arc<Signals>,
    has_failed: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Filler {
    pub(super) fn new(disk: Arc<dyn Disk>, bytes: u64, fill: Fill) -> Result<Self, JournalError> {
        let background = match fill {
            Fill::Inline => None,
            Fill::Background => Some(Background::start(Arc::clone(&disk), bytes, PAUSE)?),
        };
        Ok(Self { disk, bytes, background })
    }

    /// Returns a flag that is up while the last attempt to prepare a segment failed: the disk is full, most likely.
    pub(super) fn failing(&self) -> Arc<AtomicBool> {
        self.background.as_ref().map_or_else(Arc::default, |background| Arc::clone(&background.has_failed))
    }

    /// Starts preparing a segment, if a background thread does that.
    pub(super) fn order(&mut self, index: u64) {
        if let Some(background) = &mut self.background {
            background.signals.restart();
            if let Some(requests) = &background.requests
                && requests.send(Request::Prepare(index)).is_ok()
            {
                background.ordered = Some(index);
            }
        }
    }

    /// States how much of the segment before the one being prepared is in use by now.
    pub(super) fn used(&self, bytes: u64) {
        if let Some(background) = &self.background {
            background.signals.used.store(bytes, Ordering::Relaxed);
            if background.signals.is_behind() {
                background.wake();
            }
        }
    }

    /// Returns the prepared segment, waiting for it or preparing it now.
    pub(super) fn take(&mut self, index: u64) -> Result<Box<dyn File>, JournalError> {
        if let Some(background) = &mut self.background
            && background.ordered.take() == Some(index)
        {
            background.signals.is_hurried.store(true, Ordering::Release);
            background.wake();
            // It may be waiting between two attempts.
            let _ = background.requests.as_ref().map(|requests| requests.send(Request::Hurry));
            let prepared = background.ready.recv();
            background.signals.is_hurried.store(false, Ordering::Release);
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
    fn start(disk: Arc<dyn Disk>, bytes: u64, pause: Duration) -> Result<Self, JournalError> {
        let (requests, requested) = mpsc::channel();
        let (finished, ready) = mpsc::channel();
        let signals = Arc::<Signals>::default();
        let has_failed = Arc::new(AtomicBool::new(false));
        let work = Work {
            disk,
            bytes,
            requested,
            finished,
            signals: Arc::clone(&signals),
            has_failed: Arc::clone(&has_failed),
            pause,
            retry: RETRY,
        };
        let thread = thread::Builder::new().name("journal-fill".to_owned()).spawn(move || work.run());
        let thread =
            Some(thread.map_err(JournalError::io(DIRECTORY, "start the thread that fills segments"))?);
        Ok(Self { requests: Some(requests), ready, ordered: None, signals, has_failed, thread })
    }

    /// Ends the pause of the thread, if it is in one.
    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
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
    signals: Arc<Signals>,
    has_failed: Arc<AtomicBool>,
    pause: Duration,
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
            let file = fill(&self.disk, index, self.bytes, Some((&self.signals, self.pause)));
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
        self.signals.is_stopped.store(true, Ordering::Relaxed);
        self.requests = None;
        self.wake();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Creates a file of zeros, slowly when it is in the background. One that cannot be finished is removed: its space is
/// needed.
fn fill(
    disk: &Arc<dyn Disk>,
    index: u64,
    bytes: u64,
    background: Option<(&Signals, Duration)>,
) -> io::Result<Box<dyn File>> {
    let name = spare_name(index);
    match disk.remove(&name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = disk.create(&name)?;
    let direct = disk.open_direct(&name).ok();
    let filled = write_zeros(&*file, direct.as_deref(), bytes, background)
        .and_then(|()| file.sync_data())
        .and_then(|()| disk.sync_dir(DIRECTORY));
    if filled.is_err() {
        let _ = disk.remove(&name);
    }
    filled.map(|()| file)
}

/// The signals between the writer and the filling thread.
#[derive(Debug, Default)]
struct Signals {
    is_stopped: AtomicBool,
    /// The writer waits: no more pauses.
    is_hurried: AtomicBool,
    /// How much of the segment in use is used.
    used: AtomicU64,
    /// How much of the next one is filled.
    filled: AtomicU64,
}

impl Signals {
    /// Starts with the next segment.
    fn restart(&self) {
        self.used.store(0, Ordering::Relaxed);
        self.filled.store(0, Ordering::Relaxed);
    }

    /// Returns whether the writer might need the segment before it is ready, if both went on like this.
    fn is_behind(&self) -> bool {
        self.filled.load(Ordering::Relaxed) < LEAD * self.used.load(Ordering::Relaxed)
    }

    fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }

    fn is_urgent(&self) -> bool {
        self.is_stopped() || self.is_hurried.load(Ordering::Acquire) || self.is_behind()
    }

    /// Pauses, unless the writer needs what is being filled.
    fn pause(&self, longest: Duration) {
        let started = Instant::now();
        while !self.is_urgent()
            && let Some(left) = longest.checked_sub(started.elapsed())
        {
            thread::park_timeout(left);
        }
    }
}

/// Memory of zeros, placed as direct writes need it.
struct Zeros {
    memory: Vec<u8>,
    start: usize,
}

impl Zeros {
    fn new() -> Self {
        let memory = vec![0; BUFFERED_STEP + DIRECT_ALIGN];
        let start = memory.as_ptr().align_offset(DIRECT_ALIGN).min(DIRECT_ALIGN);
        Self { memory, start }
    }

    fn part(&self, bytes: u64) -> &[u8] {
        &self.memory[self.start..self.start + bytes as usize]
    }
}

fn write_zeros(
    file: &dyn File,
    mut direct: Option<&dyn File>,
    bytes: u64,
    background: Option<(&Signals, Duration)>,
) -> io::Result<()> {
    let zeros = Zeros::new();
    let mut offset = 0;
    while offset < bytes {
        let step = (bytes - offset).min(if direct.is_some() { STEP } else { BUFFERED_STEP } as u64);
        match direct.map(|direct| direct.write_at(zeros.part(step), offset)) {
            Some(Ok(())) => {}
            // The file system opens files for this and cannot write them, or not in these units.
            Some(Err(error)) if error.kind() == io::ErrorKind::InvalidInput => {
                direct = None;
                continue;
            }
            Some(Err(error)) => return Err(error),
            None => {
                file.write_at(zeros.part(step), offset)?;
                if background.is_some_and(|(signals, _)| !signals.is_hurried.load(Ordering::Acquire)) {
                    file.sync_data()?;
                }
            }
        }
        offset += step;
        if let Some((signals, pause)) = background {
            // The last step needs no pause, and the writer has nothing to wake after it.
            signals.filled.store(if offset < bytes { offset } else { u64::MAX }, Ordering::Relaxed);
            if offset.is_multiple_of(PAUSE_AFTER) {
                signals.pause(pause);
            }
            if signals.is_stopped() {
                return Err(io::ErrorKind::Interrupted.into());
            }
        }
    }
    Ok(())
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
        let signals = Arc::<Signals>::default();
        signals.is_hurried.store(true, Ordering::Release);
        requests.send(Request::Hurry).unwrap();
        requests.send(Request::Prepare(3)).unwrap();
        drop(requests);
        let (has_failed, pause, retry) = (Arc::default(), PAUSE, Duration::MAX);
        Work { disk, bytes: 64 << 10, requested, finished, signals, has_failed, pause, retry }.run();
        let (index, file) = ready.recv().unwrap();
        assert!(index == 3 && file.is_err());
    }

    #[test]
    fn the_next_segment_is_filled_no_faster_than_needed_and_ready_when_half_of_this_one_is_used() {
        const BYTES: u64 = 8 << 20;
        let disk: Arc<dyn Disk> = Arc::new(SimDisk::default());
        disk.make_dir(DIRECTORY).unwrap();
        // Nothing but the writer ends a pause.
        let background = Background::start(Arc::clone(&disk), BYTES, Duration::MAX).unwrap();
        let signals = Arc::clone(&background.signals);
        let filled = || signals.filled.load(Ordering::Relaxed);
        let mut filler = Filler { disk, bytes: BYTES, background: Some(background) };
        for index in [1, 2] {
            filler.order(index);
            for used in [0, 1 << 20, 3 << 20, BYTES / LEAD] {
                filler.used(used);
                while filled() < LEAD * used {
                    thread::yield_now();
                }
                assert!(
                    used == BYTES / LEAD || filled() <= LEAD * used + PAUSE_AFTER,
                    "{used}: {}",
                    filled()
                );
            }
            assert_eq!(filled(), u64::MAX, "all of it");
            assert_eq!(filler.take(index).unwrap().size().unwrap(), BYTES);
        }
        // Neither one that is needed before that nor one that is not needed any more is waited for.
        filler.order(3);
        assert_eq!(filler.take(3).unwrap().size().unwrap(), BYTES);
        filler.order(4);
    }

    /// A file that can be opened for direct writes and not written.
    #[derive(Debug)]
    struct Refusing;

    impl File for Refusing {
        fn read_at(&self, _buffer: &mut [u8], _offset: u64) -> io::Result<usize> {
            Ok(0)
        }

        fn write_at(&self, _bytes: &[u8], _offset: u64) -> io::Result<()> {
            Err(io::ErrorKind::InvalidInput.into())
        }

        fn sync_data(&self) -> io::Result<()> {
            Ok(())
        }

        fn size(&self) -> io::Result<u64> {
            Ok(0)
        }
    }

    #[test]
    fn a_file_system_without_direct_writes_is_filled_through_memory() {
        let disk = SimDisk::default();
        let file = disk.create("a").unwrap();
        let bytes = 2 * BUFFERED_STEP as u64 + 4096;
        write_zeros(&*file, Some(&Refusing), bytes, None).unwrap();
        assert_eq!(file.size().unwrap(), bytes);
    }

    #[test]
    fn a_segment_of_a_real_disk_is_zeros() {
        let root = tempfile::tempdir().unwrap();
        let disk: Arc<dyn Disk> = Arc::new(super::super::RealDisk::new(root.path()));
        disk.make_dir(DIRECTORY).unwrap();
        let bytes = STEP as u64 + 4096;
        let file = fill(&disk, 1, bytes, None).unwrap();
        assert!(file.read_all().unwrap() == vec![0; bytes as usize]);
        let zeros = Zeros::new();
        assert!(zeros.part(4096).as_ptr().addr().is_multiple_of(DIRECT_ALIGN), "as direct writes need it");
    }
}
