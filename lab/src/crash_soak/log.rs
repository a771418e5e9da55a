//! A client's log: lines of JSON, appended before anything is sent and after anything came back. The client is never
//! killed, so a plain write is enough.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::record::Record;

/// The log of a client between two checks.
pub(super) fn file(directory: &Path, client: usize, epoch: u64) -> PathBuf {
    directory.join(format!("client-{client}.{epoch:06}.log"))
}

/// Writes a log.
#[derive(Debug)]
pub(super) struct LogWriter(File);

impl LogWriter {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        OpenOptions::new().create(true).append(true).open(path).map(Self)
    }

    /// Writes one line, in one call.
    pub(super) fn write(&mut self, record: &Record) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        self.0.write_all(&line)
    }
}

/// Reads what was added to a log since the last call.
#[derive(Debug, Clone)]
pub(super) struct LogReader {
    path: PathBuf,
    offset: u64,
}

impl LogReader {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path, offset: 0 }
    }

    /// Reads the whole lines that are new.
    pub(super) fn read(&mut self) -> io::Result<Vec<Record>> {
        let mut text = Vec::new();
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.offset))?;
        file.read_to_end(&mut text)?;
        let end = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        self.offset += end as u64;
        let lines = text[..end].split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| Ok(serde_json::from_slice(line)?)).collect()
    }
}
