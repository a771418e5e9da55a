//! Snapshots on a disk that fails.

use std::collections::BTreeMap;

use super::*;
use crate::journal::{
    segment::Position,
    sim::{Fault, Random, SimDisk},
};

fn meta(lsn: u64) -> Meta {
    Meta {
        position: Position { segment: 3, offset: 4096, lsn, chain: [lsn as u8; 32] },
        logic: 0xabc,
        identity: [9; 16],
        state_hash: u128::MAX - u128::from(lsn),
        created: 77,
        counts: BTreeMap::from([("accounts".to_owned(), 5)]),
    }
}

fn content(lsn: u64) -> Vec<u8> {
    (0..3000).map(|n| (n * lsn / 7) as u8).collect()
}

fn write(sim: &SimDisk, lsn: u64) -> Result<(), JournalError> {
    let disk: Arc<dyn Disk> = Arc::new(sim.clone());
    let writer = SnapshotWriter::start(&disk, meta(lsn), Pace::Fast)?;
    writer.part("slot-1", &content(lsn))?;
    writer.part("slot-0", &[])?;
    writer.finish()
}

fn handle(sim: &SimDisk) -> Arc<dyn Disk> {
    Arc::new(sim.clone())
}

#[test]
fn a_snapshot_is_read_as_written() {
    let sim = SimDisk::default();
    write(&sim, 500).unwrap();
    write(&sim, 900).unwrap();
    write(&sim, 900).unwrap();
    let disk = handle(&sim);
    assert_eq!(list(&disk).unwrap(), [500, 900]);
    let snapshot = load(&disk, 500).unwrap();
    assert_eq!(*snapshot.meta(), meta(500));
    assert_eq!(snapshot.part("slot-1").unwrap(), content(500));
    assert!(snapshot.part("slot-0").unwrap().is_empty());
    assert!(snapshot.part("slot-2").is_err());
    assert_eq!(newest_verifying(&disk).unwrap().snapshot.unwrap().meta().position.lsn, 900);
    let writer = SnapshotWriter::start(&disk, meta(1), Pace::Gentle).unwrap();
    for name in ["", ".x", "manifest.json", "a/b", "a b"] {
        assert!(writer.part(name, b"").is_err(), "{name}");
    }
    writer.part("a", b"").unwrap();
    assert!(writer.part("a", b"").is_err(), "a name is used once");
}

#[test]
fn every_flipped_bit_is_noticed_and_the_one_before_is_used() {
    let sim = SimDisk::default();
    write(&sim, 500).unwrap();
    write(&sim, 900).unwrap();
    let mut random = Random::new(5);
    for _ in 0..3000 {
        let name = ["manifest.json", "slot-0", "slot-1"][random.below(3) as usize];
        let path = format!("{}/{name}", directory_name(900));
        let size = sim.open(&path).unwrap().size().unwrap();
        let (byte, bit) = (random.below(size), random.below(8) as u8);
        sim.flip_bit(&path, byte, bit).unwrap();
        let newest = newest_verifying(&handle(&sim)).unwrap();
        assert_eq!(newest.snapshot.unwrap().meta().position.lsn, 500, "{name} {byte} {bit}");
        assert_eq!(newest.refused.len(), 1);
        sim.flip_bit(&path, byte, bit).unwrap();
    }
    assert!(newest_verifying(&handle(&sim)).unwrap().refused.is_empty());
}

#[test]
fn a_crash_at_any_operation_leaves_a_whole_snapshot_or_none() {
    let base = SimDisk::default();
    write(&base, 500).unwrap();
    let mut operations = 0;
    for at in 0.. {
        let sim = base.fork();
        sim.fail_at(at, Fault::Halt);
        if write(&sim, 900).is_ok() {
            operations = at;
            break;
        }
        for seed in 0..8 {
            let left = sim.crash(seed);
            let newest = newest_verifying(&handle(&left)).unwrap();
            assert!(newest.refused.is_empty(), "operation {at}: {:?}", newest.refused);
            let lsn = newest.snapshot.unwrap().meta().position.lsn;
            assert!(lsn == 500 || lsn == 900);
            write(&left, 950).unwrap();
            prune(&handle(&left), 1).unwrap();
            assert_eq!(
                left.list(DIRECTORY).unwrap(),
                [format!("{:020}", 950)],
                "what was unfinished is gone"
            );
        }
    }
    assert!(operations > 8, "{operations}");
}

#[test]
fn pruning_keeps_the_newest_and_survives_crashes() {
    let sim = SimDisk::default();
    for lsn in [100, 200, 300, 400] {
        write(&sim, lsn).unwrap();
    }
    for at in 0..4 {
        let halted = sim.fork();
        halted.fail_at(at, Fault::Halt);
        if prune(&handle(&halted), 2).is_err() {
            for seed in 0..8 {
                let left = handle(&halted.crash(seed));
                let newest = newest_verifying(&left).unwrap();
                assert_eq!(newest.snapshot.unwrap().meta().position.lsn, 400);
                assert!(list(&left).unwrap().iter().all(|&lsn| load(&left, lsn).unwrap().verify().is_ok()));
                prune(&left, 2).unwrap();
                assert_eq!(list(&left).unwrap(), [300, 400]);
            }
        }
    }
    assert_eq!(prune(&handle(&sim), 2).unwrap(), 2);
    assert_eq!(list(&handle(&sim)).unwrap(), [300, 400]);
    assert_eq!(prune(&handle(&sim), 2).unwrap(), 0);
}

#[test]
fn a_later_format_is_named() {
    let sim = SimDisk::default();
    write(&sim, 5).unwrap();
    let path = format!("{}/manifest.json", directory_name(5));
    let file = sim.open(&path).unwrap();
    let text = String::from_utf8(file.read_all().unwrap()).unwrap();
    file.write_at(text.replacen("\"format\": 2", "\"format\": 7", 1).as_bytes(), 0).unwrap();
    let text = load(&handle(&sim), 5).unwrap_err().to_string();
    assert!(text.contains("format version 7 is not known") && text.contains(&path), "{text}");
}
