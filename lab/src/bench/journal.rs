//! The journal's writer against the disk itself: the same bytes in the same batches, in the same run.

use std::{
    fs::OpenOptions,
    os::unix::fs::FileExt,
    sync::Arc,
    time::{Duration, Instant},
};

use lightning_exchange::journal::{Disk, Fill, LogOptions, LogReader, LogWriter, RealDisk, Start};
use serde::Serialize;

use super::{latency::Latency, server::Directory};

/// The size of a frame, about that of an order's.
const FRAME: usize = 200;

/// Frames to a commit.
const BATCHES: [usize; 4] = [1, 64, 1_024, 8_192];

/// One way of writing with one size of batch.
#[derive(Debug, Clone, Serialize)]
pub struct Rate {
    /// Frames to a commit.
    pub batch: usize,
    /// Frames per second.
    pub frames_per_second: f64,
    /// Bytes of frames per second.
    pub bytes_per_second: f64,
    /// Of one commit.
    pub commit: Latency,
}

/// The figures.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The journal's writer.
    pub journal: Vec<Rate>,
    /// A file filled with zeros beforehand, overwritten and synced: what the disk can do.
    pub raw: Vec<Rate>,
    /// Journal by raw, frames per second, batch by batch.
    pub ratios: Vec<f64>,
}

/// Writes for about `seconds` a cell.
///
/// # Errors
/// The disk refuses.
pub fn run(seconds: f64) -> anyhow::Result<Report> {
    let mut report = Report { journal: Vec::new(), raw: Vec::new(), ratios: Vec::new() };
    for batch in BATCHES {
        let raw = raw(batch, seconds)?;
        let journal = journal(batch, seconds)?;
        report.ratios.push(journal.frames_per_second / raw.frames_per_second);
        report.raw.push(raw);
        report.journal.push(journal);
    }
    Ok(report)
}

/// Measures a sync of a small overwrite on this disk.
pub(super) fn fdatasync(count: usize) -> anyhow::Result<Latency> {
    let directory = Directory::new()?;
    let file = OpenOptions::new().create_new(true).read(true).write(true).open(directory.0.join("raw"))?;
    file.write_all_at(&vec![0; 8 << 20], 0)?;
    file.sync_all()?;
    let page = vec![7; 4_096];
    let mut samples = Vec::with_capacity(count);
    for index in 0..count {
        let started = Instant::now();
        file.write_all_at(&page, (index % 2_048 * 4_096) as u64)?;
        file.sync_data()?;
        samples.push(started.elapsed());
    }
    Ok(Latency::of(samples))
}

/// Commits arrivals at fixed instants to a raw file, all that are due at a time, until it is over.
pub(super) fn group_commit(per_second: f64, is_over: impl Fn() -> bool) -> anyhow::Result<Latency> {
    let directory = Directory::new()?;
    let file = OpenOptions::new().create_new(true).read(true).write(true).open(directory.0.join("raw"))?;
    const FILE: usize = 64 << 20;
    file.write_all_at(&vec![0; FILE], 0)?;
    file.sync_all()?;
    let bytes = vec![7; 3 * FRAME];
    let interval = Duration::from_secs_f64(1.0 / per_second);
    let (epoch, mut next, mut offset, mut samples) = (Instant::now(), 0_u32, 0, Vec::new());
    while !is_over() {
        let first = next;
        while epoch + interval * next <= Instant::now() {
            if offset + bytes.len() > FILE {
                offset = 0;
            }
            file.write_all_at(&bytes, offset as u64)?;
            offset += bytes.len();
            next += 1;
        }
        if first == next {
            std::thread::sleep((epoch + interval * next).saturating_duration_since(Instant::now()));
            continue;
        }
        file.sync_data()?;
        let done = Instant::now();
        samples.extend((first..next).map(|index| done.saturating_duration_since(epoch + interval * index)));
    }
    Ok(Latency::of(samples))
}

fn rate(batch: usize, started: Instant, samples: Vec<Duration>) -> Rate {
    let frames_per_second = (samples.len() * batch) as f64 / started.elapsed().as_secs_f64();
    let bytes_per_second = frames_per_second * FRAME as f64;
    Rate { batch, frames_per_second, bytes_per_second, commit: Latency::of(samples) }
}

fn raw(batch: usize, seconds: f64) -> anyhow::Result<Rate> {
    const FILE: usize = 256 << 20;
    let directory = Directory::new()?;
    let file = OpenOptions::new().create_new(true).read(true).write(true).open(directory.0.join("raw"))?;
    let zeros = vec![0; 1 << 20];
    for step in 0..FILE >> 20 {
        file.write_all_at(&zeros, (step << 20) as u64)?;
    }
    file.sync_all()?;
    let bytes = vec![7; batch * FRAME];
    let (started, mut samples, mut offset) = (Instant::now(), Vec::new(), 0);
    while started.elapsed().as_secs_f64() < seconds {
        if offset + bytes.len() > FILE {
            offset = 0;
        }
        let commit = Instant::now();
        file.write_all_at(&bytes, offset as u64)?;
        file.sync_data()?;
        samples.push(commit.elapsed());
        offset += bytes.len();
    }
    Ok(rate(batch, started, samples))
}

fn journal(batch: usize, seconds: f64) -> anyhow::Result<Rate> {
    let directory = Directory::new()?;
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(&directory.0));
    let identity = [7; 16];
    let tail = LogReader::open(&disk, identity, Start::Beginning)?.tail()?;
    let options = LogOptions {
        segment_bytes: LogOptions::SEGMENT_BYTES,
        identity,
        logic: 1,
        clock: || 0,
        fill: Fill::Background,
    };
    let mut writer = LogWriter::resume(&disk, &tail, options)?;
    let frame = [&(FRAME as u32 - 4).to_le_bytes()[..], &[7; FRAME - 4]].concat();
    let frames = frame.repeat(batch);
    // The first segment is prepared before the clock starts.
    writer.append(&frame, 1)?;
    writer.commit()?;
    let (started, mut samples) = (Instant::now(), Vec::new());
    while started.elapsed().as_secs_f64() < seconds {
        let commit = Instant::now();
        writer.append(&frames, batch as u32)?;
        writer.commit()?;
        samples.push(commit.elapsed());
    }
    Ok(rate(batch, started, samples))
}
