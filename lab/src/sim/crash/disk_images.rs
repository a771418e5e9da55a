//! A disk that can be imaged in the middle of a commit, a segment roll, a snapshot or a prune.
//!
//! The image is an independent disk, unsynced writes included. The disk in use continues as if nothing had
//! happened, so one run shows a crash at many of its operations.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use lightning_exchange::journal::{Disk, File, SimDisk};

/// A disk that takes images of itself.
#[derive(Debug, Clone)]
pub(super) struct DiskImages {
    disk: SimDisk,
    request: Arc<Mutex<ImageRequest>>,
}

#[derive(Debug, Default)]
struct ImageRequest {
    /// After how many more operations.
    due: Option<u64>,
    image: Option<SimDisk>,
}

impl DiskImages {
    pub(super) fn new(disk: SimDisk) -> Self {
        Self { disk, request: Arc::default() }
    }

    fn request(&self) -> MutexGuard<'_, ImageRequest> {
        self.request.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Requests an image after this many more operations; `false` if one is already pending.
    pub(super) fn arm(&self, operations: u64) -> bool {
        let mut request = self.request();
        let is_free = request.due.is_none();
        request.due = request.due.or(Some(operations));
        is_free
    }

    /// Returns the image, if one was taken.
    pub(super) fn image(&self) -> Option<SimDisk> {
        self.request().image.take()
    }

    /// Called before every operation that changes the disk.
    fn before(&self) {
        let mut request = self.request();
        match request.due {
            Some(0) => {
                request.due = None;
                request.image = Some(self.disk.fork());
            }
            Some(more) => request.due = Some(more - 1),
            None => {}
        }
    }

    fn file(&self, file: Box<dyn File>) -> Box<dyn File> {
        Box::new(ImagedFile { disk_images: self.clone(), file })
    }
}

impl Disk for DiskImages {
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
struct ImagedFile {
    disk_images: DiskImages,
    file: Box<dyn File>,
}

impl File for ImagedFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.disk_images.before();
        self.file.write_at(bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk_images.before();
        self.file.sync_data()
    }

    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }
}
