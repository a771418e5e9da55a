//! The data directory: created if it is missing, rejected if it cannot be trusted, and locked as long as it is open.

use std::{
    fs, io,
    io::{Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    disk::Disk,
    error::JournalError,
    note, privacy,
    real::RealDisk,
    segment::{self, Identity},
    snapshot,
};

const LOCK: &str = "lock";
const IDENTITY: &str = "identity";
const IDENTITY_NEW: &str = "identity.tmp";

/// Stands beside a journal that is not visible outside yet, while a first start creates it. The next start deletes that
/// journal.
pub const UNFINISHED: &str = "first-start";

/// The entries only the owner of a data directory may read, whichever process created them and with whatever umask.
const PRIVATE: [&str; 6] =
    [LOCK, IDENTITY, IDENTITY_NEW, note::FILE, segment::DIRECTORY, snapshot::DIRECTORY];

/// A data directory that this process holds until this is dropped.
#[derive(Debug)]
pub struct DataDirectory {
    path: PathBuf,
    disk: Arc<dyn Disk>,
    identity: Identity,
    _lock: fs::File,
}

impl DataDirectory {
    /// Opens a data directory, creating it if it is missing; a new one gets the identity given.
    ///
    /// # Errors
    /// It is not a directory, belongs to another user, cannot be read or written, or is in use by another process.
    pub fn open(path: impl Into<PathBuf>, fresh: Identity) -> Result<Self, JournalError> {
        let path = path.into();
        let reason = |error| format!("cannot be made: {error}; make it or name another");
        make(&path).map_err(|error| refuse(&path, reason(error)))?;
        let (disk, lock) = take(&path)?;
        let identity = match read_identity(&disk)? {
            Some(identity) => identity,
            None => write_identity(&disk, fresh)?,
        };
        Ok(Self { path, disk, identity, _lock: lock })
    }

    /// Opens a data directory that exchanges have used before; creates nothing.
    ///
    /// # Errors
    /// As [`DataDirectory::open`], and there is no such directory, or it is no data directory.
    pub fn open_existing(path: impl Into<PathBuf>) -> Result<Self, JournalError> {
        let path = path.into();
        // Checked first, so that a directory of something else does not get a lock file.
        identity_at(&path)?;
        let (disk, lock) = take(&path)?;
        let identity = read_identity(&disk)?.ok_or_else(|| refuse(&path, no_data_directory()))?;
        Ok(Self { path, disk, identity, _lock: lock })
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the disk rooted at it.
    pub fn disk(&self) -> Arc<dyn Disk> {
        Arc::clone(&self.disk)
    }

    /// Returns the identity that distinguishes it from every other.
    pub const fn identity(&self) -> Identity {
        self.identity
    }
}

/// Returns the identity of the data directory at a path, in use or not.
///
/// # Errors
/// There is no such directory, it is no data directory, a first start has not finished it, or it cannot be read.
pub fn identity_at(path: &Path) -> Result<Identity, JournalError> {
    let metadata = fs::metadata(path)
        .map_err(|error| refuse(path, format!("cannot be looked at: {error}; name the right one")))?;
    if !metadata.is_dir() {
        return Err(refuse(path, "is not a directory; name another".to_owned()));
    }
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::read_only(path));
    if disk.has(UNFINISHED).map_err(JournalError::io("", "list the data directory"))? {
        let reason = "its first start was interrupted or is under way; start the exchange on it to repeat it";
        return Err(refuse(path, reason.to_owned()));
    }
    read_identity(&disk)?.ok_or_else(|| refuse(path, no_data_directory()))
}

/// An empty directory that this process holds, to be filled with a copy of another.
///
/// It gets its identity last: until then no exchange starts on it.
#[derive(Debug)]
pub struct EmptyDirectory {
    path: PathBuf,
    disk: Arc<dyn Disk>,
    lock: fs::File,
}

impl EmptyDirectory {
    /// Locks an empty directory, creating it if it is missing.
    ///
    /// # Errors
    /// As [`DataDirectory::open`], and there is something in it.
    pub fn take(path: impl Into<PathBuf>) -> Result<Self, JournalError> {
        let path = path.into();
        let reason = |error| format!("cannot be made: {error}; make it or name another");
        make(&path).map_err(|error| refuse(&path, reason(error)))?;
        // Before a lock file is in it, so that a directory of something else stays as it is.
        require_empty(&path)?;
        let (disk, lock) = take(&path)?;
        require_empty(&path)?;
        Ok(Self { path, disk, lock })
    }

    /// Returns the disk rooted at it.
    pub fn disk(&self) -> Arc<dyn Disk> {
        Arc::clone(&self.disk)
    }

    /// Turns the filled directory into a data directory.
    ///
    /// # Errors
    /// The disk fails.
    pub fn finish(self, identity: Identity) -> Result<DataDirectory, JournalError> {
        let identity = write_identity(&self.disk, identity)?;
        Ok(DataDirectory { path: self.path, disk: self.disk, identity, _lock: self.lock })
    }
}

fn require_empty(path: &Path) -> Result<(), JournalError> {
    let unreadable = |error: io::Error| refuse(path, format!("cannot be read: {error}; name another"));
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        if name != LOCK {
            let name = name.to_string_lossy().into_owned();
            return Err(refuse(path, format!("is not empty: {name} is in it; name another, or empty it")));
        }
    }
    Ok(())
}

fn refuse(path: &Path, reason: String) -> JournalError {
    JournalError::Directory { path: path.display().to_string(), reason }
}

fn no_data_directory() -> String {
    format!("is no data directory: it has no file {IDENTITY}; name the right one")
}

/// Checks whether a directory can be trusted, and locks it.
fn take(path: &Path) -> Result<(Arc<dyn Disk>, fs::File), JournalError> {
    let refuse = |reason: String| refuse(path, reason);
    let metadata = fs::metadata(path).map_err(|error| refuse(format!("cannot be looked at: {error}")))?;
    if !metadata.is_dir() {
        return Err(refuse("is not a directory; name another".to_owned()));
    }
    let user = rustix::process::geteuid().as_raw();
    if metadata.uid() != user {
        let owner = metadata.uid();
        return Err(refuse(format!(
            "belongs to user {owner}, and this is user {user}; start as its owner, or change the owner"
        )));
    }
    let denied = |error| {
        refuse(format!("cannot be read and written: {error}; its owner needs rwx on it and rw on its files"))
    };
    fs::read_dir(path).map_err(denied)?;
    let lock = lock(path).map_err(|held| match held {
        Held::By(process) => refuse(format!("is in use by {process}; stop it first, or name another")),
        Held::Failed(error) => denied(error),
    })?;
    let private = privacy::tighten(path, PRIVATE);
    private
        .map_err(|error| refuse(format!("cannot be made private to its owner (chmod -R go-rwx): {error}")))?;
    Ok((Arc::new(RealDisk::new(path)), lock))
}

fn make(path: &Path) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => fs::File::open(parent)?.sync_all(),
        _ => fs::File::open(".")?.sync_all(),
    }
}

/// Why there is no lock.
enum Held {
    By(String),
    Failed(io::Error),
}

fn lock(path: &Path) -> Result<fs::File, Held> {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut file = options.open(path.join(LOCK)).map_err(Held::Failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            let holder = holder.trim();
            let is_number = !holder.is_empty() && holder.bytes().all(|byte| byte.is_ascii_digit());
            let holder = if is_number { format!("process {holder}") } else { "another process".to_owned() };
            return Err(Held::By(holder));
        }
        Err(fs::TryLockError::Error(error)) => return Err(Held::Failed(error)),
    }
    let mut write = || {
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id())
    };
    write().map_err(Held::Failed)?;
    Ok(file)
}

/// Reads the identity; `None` when there is none yet.
fn read_identity(disk: &Arc<dyn Disk>) -> Result<Option<Identity>, JournalError> {
    if disk.has(IDENTITY).map_err(JournalError::io("", "list the data directory"))? {
        let file = disk.open(IDENTITY).map_err(JournalError::io(IDENTITY, "open the file"))?;
        let bytes = file.read_all().map_err(JournalError::io(IDENTITY, "read the file"))?;
        let mut identity = Identity::default();
        let is_hex = hex::decode_to_slice(bytes.trim_ascii(), &mut identity).is_ok();
        return if is_hex {
            Ok(Some(identity))
        } else {
            Err(JournalError::corrupt(IDENTITY, 0, "it is not 32 hex digits"))
        };
    }
    if !segment::list(disk)?.is_empty() {
        return Err(JournalError::corrupt(IDENTITY, 0, "it is missing, and there is a journal"));
    }
    Ok(None)
}

/// Stores an identity, and returns it once it is durable.
fn write_identity(disk: &Arc<dyn Disk>, identity: Identity) -> Result<Identity, JournalError> {
    match disk.remove(IDENTITY_NEW) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(JournalError::io(IDENTITY_NEW, "remove the file")(error));
        }
        _ => {}
    }
    let write = || {
        let file = disk.create(IDENTITY_NEW)?;
        file.write_at(format!("{}\n", hex::encode(identity)).as_bytes(), 0)?;
        file.sync_data()?;
        disk.rename(IDENTITY_NEW, IDENTITY)?;
        disk.sync_dir("")
    };
    write().map_err(JournalError::io(IDENTITY, "write the file"))?;
    Ok(identity)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn it_is_made_private_and_keeps_its_identity() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/data");
        let directory = DataDirectory::open(&path, [1; 16]).unwrap();
        assert_eq!(directory.identity(), [1; 16]);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        drop(directory);
        assert_eq!(DataDirectory::open(&path, [2; 16]).unwrap().identity(), [1; 16]);
    }

    #[test]
    fn a_second_process_is_refused_with_the_holder() {
        let root = tempfile::tempdir().unwrap();
        let first = DataDirectory::open(root.path(), [1; 16]).unwrap();
        let text = DataDirectory::open(root.path(), [1; 16]).unwrap_err().to_string();
        assert!(text.contains(&format!("in use by process {}", std::process::id())), "{text}");
        drop(first);
        DataDirectory::open(root.path(), [1; 16]).unwrap();
    }

    #[test]
    fn what_is_no_directory_or_not_ours_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        let text = DataDirectory::open(&file, [1; 16]).unwrap_err().to_string();
        assert!(text.contains("file: is not a directory"), "{text}");
        assert!(DataDirectory::open(file.join("below"), [1; 16]).is_err());
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(root.path(), Some(4711), None).unwrap();
            let text = DataDirectory::open(root.path(), [1; 16]).unwrap_err().to_string();
            assert!(text.contains("belongs to user 4711"), "{text}");
        } else {
            fs::set_permissions(root.path(), fs::Permissions::from_mode(0o500)).unwrap();
            let text = DataDirectory::open(root.path(), [1; 16]).unwrap_err().to_string();
            assert!(text.contains("cannot be read and written"), "{text}");
        }
    }

    #[test]
    fn a_journal_without_its_identity_gets_no_other() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("journal")).unwrap();
        fs::write(root.path().join("journal/0000000001.log"), "x").unwrap();
        let text = DataDirectory::open(root.path(), [1; 16]).unwrap_err().to_string();
        assert!(text.contains("identity, byte 0: corrupt: it is missing"), "{text}");
        fs::write(root.path().join("identity"), "nonsense").unwrap();
        assert!(DataDirectory::open(root.path(), [1; 16]).is_err());
    }

    #[test]
    fn a_copy_goes_into_an_empty_directory_and_is_one_when_it_is_whole() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("copy");
        let empty = EmptyDirectory::take(&path).unwrap();
        assert!(EmptyDirectory::take(&path).unwrap_err().to_string().contains("is in use by process"));
        assert!(DataDirectory::open_existing(&path).unwrap_err().to_string().contains("no data directory"));
        assert_eq!(empty.finish([3; 16]).unwrap().identity(), [3; 16]);
        assert_eq!(identity_at(&path).unwrap(), [3; 16]);
        assert_eq!(DataDirectory::open_existing(&path).unwrap().identity(), [3; 16]);
        let text = EmptyDirectory::take(&path).unwrap_err().to_string();
        assert!(text.contains("is not empty: identity is in it"), "{text}");
    }

    #[test]
    fn what_should_be_there_is_not_made() {
        let root = tempfile::tempdir().unwrap();
        assert!(DataDirectory::open_existing(root.path().join("nowhere")).is_err());
        assert!(!root.path().join("nowhere").exists());
        assert!(DataDirectory::open_existing(root.path()).is_err());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
    }
}
