//! The data directory: who may use it, who does, how much room it has, and how fast its disk is.

use std::{
    fs::{self, File},
    io::Write,
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::fs::{Access, Mode, OFlags, access as may, open, statvfs};

use super::finding::Finding;
use crate::config::Config;

/// The files of the exchange that may be written at once, with room to spare.
const INODES_MIN: u64 = 1_000;
/// How often the disk is asked to sync.
const SYNCS: usize = 25;
/// A sync that takes longer makes every acknowledgement slow.
const SYNC_SLOW: Duration = Duration::from_millis(10);

/// Returns the nearest directory that exists: the one itself, or the one it would be created in.
fn existing(path: &Path) -> PathBuf {
    let parents = path.ancestors().find(|path| path.is_dir());
    match parents {
        Some(path) if !path.as_os_str().is_empty() => path.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Checks owner, permissions and privacy.
pub(super) fn access(config: &Config) -> Vec<Finding> {
    const CHECK: &str = "directory";
    let path = &config.data.directory;
    let shown = path.display();
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(_) => {
            let parent = existing(path);
            let is_open = may(&parent, Access::WRITE_OK | Access::EXEC_OK).is_ok();
            let found = format!("{shown} does not exist, and {} is", parent.display());
            return vec![match is_open {
                true => Finding::ok(CHECK, format!("{shown} does not exist yet; the first start creates it")),
                false => Finding::error(CHECK, format!("{found} not writable"), "create it, or name another"),
            }];
        }
    };
    if !metadata.is_dir() {
        return vec![Finding::error(CHECK, format!("{shown} is not a directory"), "name another")];
    }
    let user = rustix::process::geteuid().as_raw();
    if metadata.uid() != user {
        let found = format!("{shown} belongs to user {}, and this is user {user}", metadata.uid());
        return vec![Finding::error(CHECK, found, "start as its owner, or change the owner (chown -R)")];
    }
    if may(path, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK).is_err() {
        let found = format!("{shown} cannot be read and written");
        return vec![Finding::error(CHECK, found, "give its owner rwx on it, and mount it writable")];
    }
    if metadata.mode() & 0o077 != 0 {
        let found = format!("{shown} has mode {:o}: others can list it", metadata.mode() & 0o777);
        return vec![Finding::warning(CHECK, found, format!("chmod go= {shown}"))];
    }
    vec![Finding::ok(CHECK, format!("{shown} is this user's and private"))]
}

/// Returns the process that holds the lock of a data directory. Reads the kernel's list, so that no lock is taken.
pub(super) fn holder(directory: &Path) -> Option<u32> {
    let lock = directory.join("lock");
    let inode = fs::metadata(&lock).ok()?.ino().to_string();
    let process = fs::read_to_string(&lock).ok()?.trim().to_owned();
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let is_held = locks.lines().any(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let of_file =
            words.iter().any(|word| word.split(':').count() == 3 && word.rsplit(':').next() == Some(&inode));
        of_file && words.contains(&"FLOCK") && words.contains(&"WRITE")
    });
    is_held.then(|| process.parse().ok()).flatten()
}

/// Reports which exchange is running in the directory.
pub(super) fn in_use(holder: Option<u32>) -> Finding {
    Finding::ok(
        "lock",
        match holder {
            Some(process) => format!("an exchange is running in the directory (process {process})"),
            None => "no process uses the directory".to_owned(),
        },
    )
}

/// Returns the bytes of the files below a directory.
fn size_of(path: &Path) -> u64 {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size_of(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

/// Returns the size of the newest snapshot; 0 when there is none.
fn newest_snapshot(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory.join("snapshots")).into_iter().flatten().flatten();
    let names = entries.filter(|entry| entry.path().extension().is_none_or(|extension| extension != "tmp"));
    names.map(|entry| entry.path()).max().map_or(0, |path| size_of(&path))
}

/// Checks free space and inodes against what the exchange will need.
pub(super) fn space(config: &Config) -> Vec<Finding> {
    let (path, segment) = (existing(&config.data.directory), config.journal.segment_mib.min(1_024) << 20);
    match statvfs(&path) {
        Ok(stat) => {
            let free = stat.f_bavail.saturating_mul(stat.f_frsize);
            // Some file systems have no fixed number, and report 0.
            let inodes = (stat.f_files > 0).then_some(stat.f_favail);
            judge_space(free, inodes, newest_snapshot(&config.data.directory), segment)
        }
        Err(error) => {
            let found = format!("the file system of {} gives no answer: {error}", path.display());
            vec![Finding::error("space", found, "check that it is mounted")]
        }
    }
}

/// A snapshot is written while two are kept, and two segments stand ready; the next ones are of about the same size.
fn judge_space(free: u64, inodes: Option<u64>, snapshot: u64, segment: u64) -> Vec<Finding> {
    let needed = 2 * (snapshot + segment);
    let found = format!(
        "{} MiB are free, and two snapshots and two segments are {} MiB",
        free >> 20,
        needed.div_ceil(1 << 20)
    );
    let remedy = "make room on this file system, or use a larger one";
    let mut findings = vec![match free {
        free if free < needed => Finding::error("space", found, remedy),
        free if free < 4 * needed => Finding::warning("space", found, remedy),
        _ => Finding::ok("space", found),
    }];
    findings.push(match inodes {
        Some(inodes) if inodes < INODES_MIN => {
            let found = format!("{inodes} inodes are free: no new files soon");
            Finding::error("inodes", found, "delete files on this file system, or use another")
        }
        _ => Finding::ok("inodes", "enough are free"),
    });
    findings
}

/// Measures the duration of a sync of 4 KiB, in a file without a name.
pub(super) fn sync_speed(config: &Config) -> Finding {
    let path = existing(&config.data.directory);
    match measure(&path) {
        Ok(median) => judge_sync(median),
        Err(error) => Finding::warning(
            "sync",
            format!("not measured in {}: {error}", path.display()),
            "measure it with another tool, or leave it out (--skip-disk)",
        ),
    }
}

fn measure(path: &Path) -> std::io::Result<Duration> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let mut file = File::from(open(path, flags, Mode::RUSR | Mode::WUSR)?);
    // Space is allocated first, as the journal does it.
    file.write_all(&[0; 4_096])?;
    file.sync_all()?;
    let mut took = Vec::with_capacity(SYNCS);
    for count in 0..SYNCS {
        file.write_all_at(&[u8::try_from(count).unwrap_or_default(); 4_096], 0)?;
        let started = Instant::now();
        file.sync_data()?;
        took.push(started.elapsed());
    }
    took.sort_unstable();
    Ok(took[SYNCS / 2])
}

fn judge_sync(median: Duration) -> Finding {
    let found = format!("a sync of 4 KiB takes {} us (median of {SYNCS})", median.as_micros());
    if median > SYNC_SLOW {
        let remedy =
            "every acknowledgement waits that long: use a disk with a protected write cache, or accept it";
        return Finding::warning("sync", found, remedy);
    }
    Finding::ok("sync", found)
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict::{Error, Ok as Fine, Warning};
    use super::*;
    use crate::config::Layers;
    use std::os::unix::fs::PermissionsExt;

    fn config(path: &Path) -> Config {
        let text = format!("[data]\ndirectory = {path:?}\n");
        Layers::defaults().text("test", &text).load().unwrap()
    }

    #[test]
    fn the_directory_is_private_open_to_others_missing_or_none() {
        let root = tempfile::tempdir().unwrap();
        let verdict = |path: &Path| access(&config(path))[0].verdict;
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(verdict(root.path()), Fine);
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(verdict(root.path()), Warning);
        assert_eq!(verdict(&root.path().join("later/data")), Fine);
        fs::write(root.path().join("file"), "").unwrap();
        assert_eq!(verdict(&root.path().join("file")), Error);
    }

    #[test]
    fn room_is_compared_with_what_will_be_written() {
        let of = |mib: u64, inodes: Option<u64>| {
            let findings = judge_space(mib << 20, inodes, 36 << 20, 64 << 20);
            findings.iter().map(|finding| finding.verdict).collect::<Vec<_>>()
        };
        assert_eq!(of(199, Some(5_000)), [Error, Fine]);
        assert_eq!(of(799, Some(5_000)), [Warning, Fine]);
        assert_eq!(of(800, Some(5_000)), [Fine, Fine]);
        assert_eq!(of(800, Some(999)), [Fine, Error]);
        assert_eq!(of(800, None), [Fine, Fine]);
    }

    #[test]
    fn a_slow_disk_is_a_warning_and_the_measurement_leaves_nothing() {
        assert_eq!(judge_sync(Duration::from_micros(900)).verdict, Fine);
        assert_eq!(judge_sync(Duration::from_millis(11)).verdict, Warning);
        let root = tempfile::tempdir().unwrap();
        let found = sync_speed(&config(root.path()));
        assert!(found.found.contains("us (median of") || found.found.contains("not measured"), "{found:?}");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_held_lock_is_recognised_and_a_free_one_is_not() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(holder(root.path()), None);
        let lock = File::create(root.path().join("lock")).unwrap();
        fs::write(root.path().join("lock"), format!("{}\n", std::process::id())).unwrap();
        assert_eq!(holder(root.path()), None, "left by a process that ended");
        lock.try_lock().unwrap();
        assert_eq!(holder(root.path()), Some(std::process::id()));
    }
}
