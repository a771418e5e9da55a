//! Disks that fail: instead of being killed, the server is to end by itself and acknowledge nothing after.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Result, bail};
use lightning_exchange::feed::synthetic::Random;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing but SIGKILL.
    None,
    /// Nothing at all, not even SIGKILL: what the checker finds then is its own mistake, or the server's.
    Rehearsal,
    /// One fsync or fdatasync fails with EIO.
    StraceEio,
    /// From one write to a file on, there is no space.
    StraceEnospc,
    /// The data directory is a small file system in memory.
    Tmpfs,
}

/// After how many calls the fault comes, at most.
const CALLS_MAX: u64 = 400;
const TMPFS_FIRST: &str = "size=64m";
const TMPFS_LARGE: &str = "size=2g";

impl Fault {
    /// Why this fault cannot be had here, if it cannot.
    pub(super) fn missing(self) -> Option<String> {
        let runs = |program: &str, argument: &str| {
            let mut command = Command::new(program);
            command.arg(argument).stdout(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        match self {
            Self::None | Self::Rehearsal => None,
            Self::StraceEio | Self::StraceEnospc => {
                (!runs("strace", "-V")).then(|| "there is no strace here".to_owned())
            }
            Self::Tmpfs => (!rustix::process::geteuid().is_root()).then(|| "mounting needs root".to_owned()),
        }
    }

    /// The command prefix that makes the server fail; strace writes to `trace`.
    pub(super) fn before(self, random: &mut Random, trace: &Path) -> Vec<String> {
        let at = random.between(1, CALLS_MAX);
        let (calls, error) = match self {
            Self::None | Self::Rehearsal | Self::Tmpfs => return Vec::new(),
            Self::StraceEio => ("fdatasync,fsync", format!("EIO:when={at}")),
            // Sockets are written with other calls; eventfds with `write`, which is therefore left alone.
            Self::StraceEnospc => {
                ("pwrite64,pwritev,pwritev2,fallocate,ftruncate", format!("ENOSPC:when={at}+"))
            }
        };
        let trace = trace.display().to_string();
        let prefix = ["strace", "-f", "-qq", "--seccomp-bpf", "-o", trace.as_str(), "-e"];
        let mut prefix: Vec<String> = prefix.map(str::to_owned).to_vec();
        prefix.push(format!("trace={calls}"));
        prefix.push("-e".to_owned());
        prefix.push(format!("inject={calls}:error={error}"));
        prefix
    }

    /// Whether the trace shows that the fault was injected.
    pub(super) fn was_hit(trace: &Path) -> bool {
        fs::read_to_string(trace).is_ok_and(|text| text.contains("(INJECTED)"))
    }
}

/// A file system in memory; gone when dropped.
#[derive(Debug)]
pub(super) struct Tmpfs(PathBuf);

impl Tmpfs {
    pub(super) fn mount(at: &Path) -> Result<Self> {
        fs::create_dir_all(at)?;
        mount(&["-t", "tmpfs", "-o", TMPFS_FIRST, "tmpfs"], at)?;
        Ok(Self(at.to_owned()))
    }

    /// Shrinks it to what it holds plus this many KiB.
    pub(super) fn shrink(&self, spare: u64) -> Result<()> {
        let mut bytes = 0;
        let mut open = vec![self.0.clone()];
        while let Some(directory) = open.pop() {
            for entry in fs::read_dir(directory)? {
                let entry = entry?;
                let metadata = entry.metadata()?;
                if metadata.is_dir() {
                    open.push(entry.path());
                } else {
                    bytes += metadata.len();
                }
            }
        }
        mount(&["-o", &format!("remount,size={}k", bytes / 1_024 + spare)], &self.0)
    }

    pub(super) fn grow(&self) -> Result<()> {
        mount(&["-o", &format!("remount,{TMPFS_LARGE}")], &self.0)
    }
}

fn mount(arguments: &[&str], at: &Path) -> Result<()> {
    let done = Command::new("mount").args(arguments).arg(at).output()?;
    if !done.status.success() {
        bail!("mount: {}", String::from_utf8_lossy(&done.stderr).trim());
    }
    Ok(())
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status(); // the next start says if it stayed
    }
}
