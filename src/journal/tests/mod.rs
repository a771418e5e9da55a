//! The journal as a whole, on a disk that fails in every way it can.

mod faults;
mod flips;
mod rolls;
mod threaded;
mod torn;

use std::{ops::ControlFlow, sync::Arc};

use super::{
    block::push_frame,
    sim::{Random, SimDisk},
    *,
};

const IDENTITY: Identity = [6; 16];

const OPTIONS: LogOptions = LogOptions {
    segment_bytes: 64 << 10,
    identity: IDENTITY,
    logic: 1,
    clock: || 1_700_000_000,
    fill: Fill::Inline,
};

/// The frame with this number; its size varies.
fn frame(lsn: u64) -> Vec<u8> {
    let mut random = Random::new(lsn);
    let length = 8 + random.below(120);
    let mut bytes = lsn.to_le_bytes().to_vec();
    bytes.extend((8..length).map(|_| random.next() as u8));
    bytes
}

fn handle(sim: &SimDisk) -> Arc<dyn Disk> {
    Arc::new(sim.clone())
}

/// Reads everything, verifies that frame n is frame n, and returns how many there are and how the log ends.
fn read_from(sim: &SimDisk, start: Start) -> Result<(u64, Tail), JournalError> {
    let mut next = match start {
        Start::Beginning => 1,
        Start::At(position) => position.lsn + 1,
    };
    let tail = open_log(&handle(sim), IDENTITY, start, &mut |lsn, bytes| {
        assert_eq!(lsn, next);
        assert_eq!(bytes, frame(lsn), "frame {lsn} is not what was written");
        next += 1;
        ControlFlow::Continue(())
    })?;
    assert_eq!(tail.position.lsn, next - 1);
    Ok((next - 1, tail))
}

fn read(sim: &SimDisk) -> Result<(u64, Tail), JournalError> {
    read_from(sim, Start::Beginning)
}

fn resume_with(sim: &SimDisk, options: LogOptions) -> Result<LogWriter, JournalError> {
    let (_, tail) = read(sim)?;
    LogWriter::resume(&handle(sim), &tail, options)
}

fn resume(sim: &SimDisk) -> Result<LogWriter, JournalError> {
    resume_with(sim, OPTIONS)
}

/// Stages the next `count` frames.
fn stage(writer: &mut LogWriter, count: u64) -> Result<u64, JournalError> {
    let mut frames = Vec::new();
    let first = writer.append(&[], 0)? + 1;
    for lsn in first..first + count {
        push_frame(&mut frames, &frame(lsn));
    }
    writer.append(&frames, count as u32)
}

/// A log of some commits with a marker after them; where each commit ends, byte and frame.
fn history(sim: &SimDisk, commits: u64, seed: u64) -> (LogWriter, Vec<Position>) {
    let mut writer = resume(sim).unwrap();
    let mut random = Random::new(seed);
    let mut ends = vec![writer.position()];
    for _ in 0..commits {
        let last = stage(&mut writer, 1 + random.below(12)).unwrap();
        assert_eq!(writer.commit().unwrap(), last);
        ends.push(writer.position());
    }
    (writer, ends)
}

/// What is in a segment.
fn content(sim: &SimDisk, index: u64) -> Vec<u8> {
    sim.open(&segment::file_name(index)).unwrap().read_all().unwrap()
}

fn overwrite(sim: &SimDisk, index: u64, offset: u64, bytes: &[u8]) {
    sim.open(&segment::file_name(index)).unwrap().write_at(bytes, offset).unwrap();
}

#[test]
fn an_empty_directory_is_an_empty_log() {
    let sim = SimDisk::default();
    let (count, tail) = read(&sim).unwrap();
    assert_eq!((count, tail.position, tail.torn), (0, Position::default(), None));
    let mut writer = resume(&sim).unwrap();
    assert_eq!((writer.commit().unwrap(), writer.position().segment), (0, 1));
    let before = sim.operations();
    writer.commit().unwrap();
    assert_eq!(sim.operations(), before, "nothing staged, nothing written");
}

#[test]
fn one_commit_is_one_write_and_one_sync() {
    let sim = SimDisk::default();
    let mut writer = resume(&sim).unwrap();
    stage(&mut writer, 50).unwrap();
    stage(&mut writer, 50).unwrap();
    let before = sim.operations();
    assert_eq!(writer.commit().unwrap(), 100);
    assert_eq!(sim.operations() - before, 2);
    assert_eq!(read(&sim).unwrap().0, 100);
}

#[test]
fn what_cannot_be_written_is_refused_before_anything_is_staged() {
    let sim = SimDisk::default();
    let mut writer = resume(&sim).unwrap();
    let mut large = Vec::new();
    push_frame(&mut large, &vec![1; writer.frame_max() + 1]);
    assert!(matches!(writer.append(&large, 1), Err(JournalError::FrameTooLarge { .. })));
    for (bytes, count) in
        [(&[1, 0, 0, 0, 7][..], 2), (&[1, 0, 0, 0][..], 1), (&[0; 3][..], 0), (&[0; 4][..], 0)]
    {
        assert!(matches!(writer.append(bytes, count), Err(JournalError::MalformedFrames { .. })));
    }
    assert_eq!(writer.staged(), 0);
    stage(&mut writer, 1).unwrap();
    assert_eq!(writer.commit().unwrap(), 1, "the writer is as good as before");
    let mut largest = Vec::new();
    push_frame(&mut largest, &vec![1; writer.frame_max()]);
    writer.append(&largest, 1).unwrap();
    assert_eq!((writer.commit().unwrap(), writer.position().segment), (2, 2));
}

#[test]
fn a_log_of_another_directory_or_the_middle_of_one_is_refused() {
    let sim = SimDisk::default();
    history(&sim, 5, 1);
    let tail = open_log(&handle(&sim), [7; 16], Start::Beginning, &mut |_, _| ControlFlow::Continue(()));
    assert!(tail.unwrap_err().to_string().contains("another data directory"));
    let broken = open_log(&handle(&sim), IDENTITY, Start::Beginning, &mut |_, _| ControlFlow::Break(()));
    assert!(matches!(broken, Err(JournalError::Stopped { .. })));
    let start = Start::At(Position { segment: 9, offset: 4096, lsn: 4, chain: [0; 32] });
    assert!(read_from(&sim, start).unwrap_err().to_string().contains("segment is missing"));
}

#[test]
fn a_log_that_is_written_is_followed_up_to_what_is_durable() {
    let sim = SimDisk::default();
    let disk = handle(&sim);
    let mut reader = LogReader::follow(&disk, IDENTITY, Start::Beginning).unwrap();
    let mut writer = resume(&sim).unwrap();
    let mut random = Random::new(3);
    let mut resumed = Start::Beginning;
    for round in 0..600 {
        stage(&mut writer, 1 + random.below(9)).unwrap();
        writer.write().unwrap();
        let durable = if round % 3 == 0 { writer.marker().unwrap() } else { writer.durable() };
        let mut next = reader.position().lsn + 1;
        while let Some(block) = reader.next_durable(durable).unwrap() {
            for (lsn, bytes) in block.frames() {
                assert_eq!((lsn, bytes), (next, &frame(next)[..]));
                next += 1;
            }
        }
        assert_eq!(next - 1, durable);
        if round == 300 {
            resumed = Start::At(reader.position());
        }
    }
    assert!(writer.position().segment > 3);
    assert_eq!(read_from(&sim, resumed).unwrap().0, writer.position().lsn);
    let beyond = writer.position().lsn + 1;
    assert!(matches!(reader.next_durable(beyond), Ok(Some(_)) | Err(JournalError::Corrupt { .. })));
}
