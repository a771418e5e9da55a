//! Segments are filled with zeros before they are used: overwriting a file costs a fraction of growing one.
//!
//! Done in one go that would stall the commits running beside it, so a thread does it a little at a time, one
//! segment ahead. On a simulated disk there is no thread, and the writer fills where it stands.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    disk::{Disk, File},
    error::JournalError,
    segment::{DIRECTORY, spare_name},
};

/// What is written at once. Every sync of a file that grows costs the file system a commit of its own, whatever its size,
/// so that smaller steps disturb the commits beside them more, not less.
const STEP: usize = 1 << 20;
/// The pause after each step in the background: a segment takes one or two seconds, and is needed long after.
const PAUSE: Duration = Duration::from_millis(20);

/// How long after a failure it is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Who fills the next segment, and when.
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
    orders: Option<mpsc::Sender<u64>>,
    ready: mpsc::Receiver<(u64, io::Result<Box<dyn File>>)>,
    ordered: Option<u64>,
    ordered_at: Instant,
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

    /// Starts preparing a segment, if somebody does that in the background.
    pub(super) fn order(&mut self, index: u64) {
        if let Some(background) = &mut self.background
            && let Some(orders) = &background.orders
            && orders.send(index).is_ok()
        {
            background.ordered = Some(index);
            background.ordered_at = Instant::now();
        }
    }

    /// Tries again what failed a while ago, so that the warning goes when there is space again.
    pub(super) fn retry(&mut self) {
        if let Some(background) = &mut self.background
            && let Some(index) = background.ordered
            && background.has_failed.load(Ordering::Relaxed)
            && background.ordered_at.elapsed() >= RETRY
            && background.ready.try_recv().is_ok_and(|(_, file)| file.is_err())
        {
            self.order(index);
        }
    }

    /// Returns the prepared segment, waiting for it or preparing it now.
    pub(super) fn take(&mut self, index: u64) -> Result<Box<dyn File>, JournalError> {
        if let Some(background) = &mut self.background
            && background.ordered.take() == Some(index)
        {
            background.is_hurried.store(true, Ordering::Relaxed);
            let prepared = background.ready.recv();
            background.is_hurried.store(false, Ordering::Relaxed);
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
        let (orders, ordered) = mpsc::channel();
        let (finished, ready) = mpsc::channel();
        let is_stopped = Arc::new(AtomicBool::new(false));
        let has_failed = Arc::new(AtomicBool::new(false));
        let is_hurried = Arc::new(AtomicBool::new(false));
        let failed = Arc::clone(&has_failed);
        let background = Signals { is_stopped: Arc::clone(&is_stopped), is_hurried: Arc::clone(&is_hurried) };
        let run = move || {
            while let Ok(index) = ordered.recv() {
                let file = fill(&disk, index, bytes, Some(&background));
                failed.store(file.is_err(), Ordering::Relaxed);
                if finished.send((index, file)).is_err() {
                    break;
                }
            }
        };
        let thread = thread::Builder::new().name("journal-fill".to_owned()).spawn(run);
        let thread =
            Some(thread.map_err(JournalError::io(DIRECTORY, "start the thread that fills segments"))?);
        Ok(Self {
            orders: Some(orders),
            ready,
            ordered: None,
            ordered_at: Instant::now(),
            is_stopped,
            is_hurried,
            has_failed,
            thread,
        })
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.is_stopped.store(true, Ordering::Relaxed);
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Makes a file of zeros, slowly when `stop` is given. One that cannot be finished is removed: its space is needed.
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

/// What the thread that fills is told meanwhile.
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
        filler.order(7);
        while !failing.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        sim.set_capacity(None);
        filler.background.as_mut().unwrap().ordered_at -= RETRY;
        while failing.load(Ordering::Relaxed) {
            filler.retry();
            thread::yield_now();
        }
        assert_eq!(filler.take(7).unwrap().size().unwrap(), 64 << 10);
    }
}
