//! The operations the journal needs from a disk, and no others, so that a simulated one can take its place.
//!
//! Paths are relative to the data directory and separated by `/`. A directory entry is safe only after the directory
//! was synced, a file's content only after the file was: POSIX promises no more, and the simulated disk promises no
//! more either.

use std::{fmt::Debug, io};

/// The multiple that direct writes keep to, see [`Disk::open_direct`]; the size of a page of memory, too.
pub const DIRECT_ALIGN: usize = 4096;

/// A disk, rooted at one directory.
pub trait Disk: Send + Sync + Debug {
    /// Creates a file for reading and writing.
    ///
    /// # Errors
    /// It exists, or the disk fails.
    fn create(&self, path: &str) -> io::Result<Box<dyn File>>;

    /// Opens a file for reading and writing.
    ///
    /// # Errors
    /// It does not exist, or the disk fails.
    fn open(&self, path: &str) -> io::Result<Box<dyn File>>;

    /// Opens a file for writing around the system's memory: whatever is written goes to the disk at once, and is
    /// durable once the file is synced. Offsets, lengths and the memory written from are multiples of
    /// [`DIRECT_ALIGN`].
    ///
    /// # Errors
    /// It does not exist, the disk fails, or it cannot be written to like this.
    fn open_direct(&self, _path: &str) -> io::Result<Box<dyn File>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Returns the names in a directory, sorted; none when there is no such directory.
    ///
    /// # Errors
    /// The disk fails.
    fn list(&self, directory: &str) -> io::Result<Vec<String>>;

    /// Returns whether the root has a file or a directory of this name.
    ///
    /// # Errors
    /// The disk fails.
    fn has(&self, name: &str) -> io::Result<bool> {
        Ok(self.list("")?.iter().any(|known| known == name))
    }

    /// Creates a directory, if there is none yet.
    ///
    /// # Errors
    /// The disk fails.
    fn make_dir(&self, path: &str) -> io::Result<()>;

    /// Renames a file or a directory within its directory.
    ///
    /// # Errors
    /// The disk fails.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// The disk fails.
    fn remove(&self, path: &str) -> io::Result<()>;

    /// Removes an empty directory.
    ///
    /// # Errors
    /// The disk fails.
    fn remove_dir(&self, path: &str) -> io::Result<()>;

    /// Makes the entries of a directory durable; the empty path is the root.
    ///
    /// # Errors
    /// The disk fails, and which entries are durable is not known any more.
    fn sync_dir(&self, directory: &str) -> io::Result<()>;
}

/// An open file.
pub trait File: Send + Debug {
    /// Reads some bytes at an offset; 0 at the end.
    ///
    /// # Errors
    /// The disk fails.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all of `bytes` at an offset.
    ///
    /// # Errors
    /// The disk fails; any part may have been written.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Makes everything written so far durable, the size of the file included.
    ///
    /// # Errors
    /// The disk fails, and which part is durable is not known any more: trying again proves nothing.
    fn sync_data(&self) -> io::Result<()>;

    /// Returns the size in bytes.
    ///
    /// # Errors
    /// The disk fails.
    fn size(&self) -> io::Result<u64>;

    /// Fills `buffer` from an offset as far as the file goes and returns how far that was.
    ///
    /// # Errors
    /// The disk fails.
    fn read_up_to(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.read_at(&mut buffer[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    /// Reads the whole file.
    ///
    /// # Errors
    /// The disk fails.
    fn read_all(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(self.size()?).map_err(io::Error::other)?];
        let read = self.read_up_to(&mut bytes, 0)?;
        bytes.truncate(read);
        Ok(bytes)
    }
}
