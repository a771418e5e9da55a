//! The disk of the machine.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use super::disk::{Disk, File};

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

    /// Roots a disk at an existing directory nothing of which is changed through it: for who only looks, beside
    /// whoever writes.
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

    /// Refuses what would change something, where that is not wanted.
    fn writable(&self) -> io::Result<&Path> {
        if self.is_read_only { Err(io::ErrorKind::ReadOnlyFilesystem.into()) } else { Ok(&self.root) }
    }
}

impl Disk for RealDisk {
    fn create(&self, path: &str) -> io::Result<Box<dyn File>> {
        Ok(Box::new(RealFile(self.options().create_new(true).open(self.writable()?.join(path))?)))
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn File>> {
        Ok(Box::new(RealFile(self.options().open(self.root.join(path))?)))
    }

    fn list(&self, directory: &str) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(self.root.join(directory)) {
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
        fs::File::open(self.root.join(directory))?.sync_all()
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
