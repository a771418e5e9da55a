//! A disk that can be photographed in the middle of a commit, a segment roll, a snapshot or a prune.
//!
//! The picture is an independent disk, what was not synced included. The one in use goes on as if nothing had
//! happened, so one run shows a crash at many of its operations.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use lightning_exchange::journal::{Disk, File, SimDisk};

/// A disk and the camera before it.
#[derive(Debug, Clone)]
pub(super) struct Camera {
    disk: SimDisk,
    shutter: Arc<Mutex<Shutter>>,
}

#[derive(Debug, Default)]
struct Shutter {
    /// After how many more operations.
    due: Option<u64>,
    taken: Option<SimDisk>,
}

impl Camera {
    pub(super) fn new(disk: SimDisk) -> Self {
        Self { disk, shutter: Arc::default() }
    }

    fn shutter(&self) -> MutexGuard<'_, Shutter> {
        self.shutter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a picture after this many more operations; `false` when one is still to be taken.
    pub(super) fn arm(&self, operations: u64) -> bool {
        let mut shutter = self.shutter();
        let is_free = shutter.due.is_none();
        shutter.due = shutter.due.or(Some(operations));
        is_free
    }

    /// Returns the picture, if one was taken.
    pub(super) fn picture(&self) -> Option<SimDisk> {
        self.shutter().taken.take()
    }

    /// An operation is about to begin.
    fn before(&self) {
        let mut shutter = self.shutter();
        match shutter.due {
            Some(0) => {
                shutter.due = None;
                shutter.taken = Some(self.disk.fork());
            }
            Some(more) => shutter.due = Some(more - 1),
            None => {}
        }
    }

    fn file(&self, file: Box<dyn File>) -> Box<dyn File> {
        Box::new(Watched { camera: self.clone(), file })
    }
}

impl Disk for Camera {
    fn create(&self, path: &str) -> io::Result<Box<dyn File>> {
        self.before();
        self.disk.create(path).map(|file| self.file(file))
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn File>> {
        self.disk.open(path).map(|file| self.file(file))
    }

    fn list(&self, directory: &str) -> io::Result<Vec<String>> {
        self.disk.list(directory)
    }

    fn make_dir(&self, path: &str) -> io::Result<()> {
        self.before();
        self.disk.make_dir(path)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.before();
        self.disk.rename(from, to)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.before();
        self.disk.remove(path)
    }

    fn remove_dir(&self, path: &str) -> io::Result<()> {
        self.before();
        self.disk.remove_dir(path)
    }

    fn sync_dir(&self, directory: &str) -> io::Result<()> {
        self.before();
        self.disk.sync_dir(directory)
    }
}

#[derive(Debug)]
struct Watched {
    camera: Camera,
    file: Box<dyn File>,
}

impl File for Watched {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.camera.before();
        self.file.write_at(bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.camera.before();
        self.file.sync_data()
    }

    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }
}
