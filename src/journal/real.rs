//! The disk of the machine.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use rustix::{fs::OFlags, io::Errno};

use super::disk::{Disk, File};

/// How often opening a file is tried while there are no descriptors, and how long between two tries: 5 s in all.
const TRIES: u32 = 500;
const PAUSE: Duration = Duration::from_millis(10);

/// Waits for a descriptor to become free. The descriptors one exchange needs are reserved for it, but other processes
/// of its machine can use up those of the system, and the journal must not end because of a brief shortage.
fn patiently<T>(pause: Duration, mut open: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for _ in 1..TRIES {
        match open() {
            Err(error) if is_short_of_descriptors(&error) => thread::sleep(pause),
            outcome => return outcome,
        }
    }
    open()
}

fn is_short_of_descriptors(error: &io::Error) -> bool {
    let short = [Errno::MFILE, Errno::NFILE].map(Errno::raw_os_error);
    error.raw_os_error().is_some_and(|error| short.contains(&error))
}

/// A directory of the machine's file system.
#[derive(Debug, Clone)]
pub struct RealDisk {
    root: PathBuf,
    is_read_only: bool,
}

impl RealDisk {
    /// Roots a disk at an existing directory.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), is_read_only: false }
    }

    /// Roots a disk at an existing directory without changing anything in it: for readers beside the process that
    /// writes.
    pub fn read_only(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), is_read_only: true }
    }

    /// Returns the directory it is rooted at.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn options(&self) -> fs::OpenOptions {
        let mut options = fs::OpenOptions::new();
        options.read(true).write(!self.is_read_only).mode(0o600);
        options
    }

    /// Rejects changes to a read-only disk.
    fn writable(&self) -> io::Result<&Path> {
        if self.is_read_only { Err(io::ErrorKind::ReadOnlyFilesystem.into()) } else { Ok(&self.root) }
    }
}

impl Disk for RealDisk {
    fn create(&self, path: &str) -> io::Result<Box<dyn File>> {
        let (path, mut options) = (self.writable()?.join(path), self.options());
        Ok(Box::new(RealFile(patiently(PAUSE, || options.create_new(true).open(&path))?)))
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn File>> {
        let (path, options) = (self.root.join(path), self.options());
        Ok(Box::new(RealFile(patiently(PAUSE, || options.open(&path))?)))
    }

    fn open_direct(&self, path: &str) -> io::Result<Box<dyn File>> {
        let (path, mut options) = (self.writable()?.join(path), self.options());
        options.custom_flags(OFlags::DIRECT.bits().cast_signed());
        Ok(Box::new(RealFile(patiently(PAUSE, || options.open(&path))?)))
    }

    fn list(&self, directory: &str) -> io::Result<Vec<String>> {
        let path = self.root.join(directory);
        let entries = match patiently(PAUSE, || fs::read_dir(&path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
        let mut names = entries.map(name).collect::<io::Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }

    fn make_dir(&self, path: &str) -> io::Result<()> {
        match fs::DirBuilder::new().mode(0o700).create(self.writable()?.join(path)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            made => made,
        }
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.writable()?.join(from), self.root.join(to))
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        fs::remove_file(self.writable()?.join(path))
    }

    fn remove_dir(&self, path: &str) -> io::Result<()> {
        fs::remove_dir(self.writable()?.join(path))
    }

    fn sync_dir(&self, directory: &str) -> io::Result<()> {
        let path = self.root.join(directory);
        patiently(PAUSE, || fs::File::open(&path))?.sync_all()
    }
}

#[derive(Debug)]
struct RealFile(fs::File);

impl File for RealFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_directories_behave_as_the_trait_says() {
        let root = tempfile::tempdir().unwrap();
        let disk = RealDisk::new(root.path());
        assert!(disk.list("a").unwrap().is_empty());
        disk.make_dir("a").unwrap();
        disk.make_dir("a").unwrap();
        let file = disk.create("a/2").unwrap();
        assert!(disk.create("a/2").is_err());
        file.write_at(b"abc", 3).unwrap();
        file.sync_data().unwrap();
        assert_eq!(file.size().unwrap(), 6);
        assert_eq!(disk.open("a/2").unwrap().read_all().unwrap(), b"\0\0\0abc");
        disk.create("a/1").unwrap();
        assert_eq!(disk.list("a").unwrap(), ["1", "2"]);
        disk.rename("a/2", "a/0").unwrap();
        disk.remove("a/1").unwrap();
        disk.sync_dir("a").unwrap();
        disk.sync_dir("").unwrap();
        assert_eq!(disk.list("a").unwrap(), ["0"]);
        disk.remove("a/0").unwrap();
        disk.remove_dir("a").unwrap();
        assert!(disk.open("a/0").is_err());
    }

    #[test]
    fn a_descriptor_is_waited_for_and_nothing_else_is() {
        let mut left = [Errno::MFILE, Errno::NFILE, Errno::MFILE].into_iter();
        let opened = patiently(Duration::ZERO, || match left.next() {
            Some(error) => Err(io::Error::from(error)),
            None => Ok(7),
        });
        assert_eq!((opened.unwrap(), left.len()), (7, 0));
        let mut tries = 0;
        for (error, expected) in [(Errno::MFILE, TRIES), (Errno::NOENT, 1)] {
            tries = 0;
            let failed = patiently(Duration::ZERO, || {
                tries += 1;
                Err::<(), _>(io::Error::from(error))
            });
            assert_eq!((failed.unwrap_err().raw_os_error(), tries), (Some(error.raw_os_error()), expected));
        }
        assert_eq!(tries, 1);
    }

    #[test]
    fn what_is_only_read_is_not_changed() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("a"), "abc").unwrap();
        let disk = RealDisk::read_only(root.path());
        let file = disk.open("a").unwrap();
        assert_eq!(file.read_all().unwrap(), b"abc");
        assert!(file.write_at(b"x", 0).is_err());
        assert!(disk.create("b").is_err() && disk.make_dir("c").is_err());
        assert!(disk.rename("a", "b").is_err() && disk.remove("a").is_err() && disk.remove_dir("c").is_err());
        assert_eq!(disk.list("").unwrap(), ["a"]);
    }
}
