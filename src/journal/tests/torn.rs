//! Commits that were never finished.

use super::*;

/// How many frames are intact if everything from `cut` on was lost or overwritten.
fn intact(ends: &[Position], cut: u64) -> u64 {
    ends.iter().rfind(|end| end.offset <= cut).unwrap().lsn
}

#[test]
fn a_tail_cut_at_every_byte_recovers_exactly_the_commits_before() {
    let sim = SimDisk::default();
    let (_, ends) = history(&sim, 110, 1);
    let last = *ends.last().unwrap();
    assert_eq!(last.segment, 1, "all in one segment");
    assert!(last.offset > 50_000, "{}", last.offset);
    let whole = content(&sim, 1);
    let zeros = vec![0; whole.len()];
    let mut random = Random::new(9);
    let garbage: Vec<u8> = (0..whole.len()).map(|_| 1 + random.below(255) as u8).collect();
    // Reading starts at the last whole commit but three: what is before it is the same for every cut.
    for (filling, is_garbage) in [(&zeros, false), (&garbage, true)] {
        let torn = sim.fork();
        overwrite(&torn, 1, 4096, &filling[4096..]);
        let mut start = 0;
        for cut in 4096..last.offset {
            let at = cut as usize;
            overwrite(&torn, 1, cut, &whole[at..=at]);
            let cut = cut + 1;
            while ends.get(start + 4).is_some_and(|end| end.offset < cut) {
                start += 1;
            }
            let (count, tail) = read_from(&torn, Start::At(ends[start])).unwrap();
            let mut expected = intact(&ends, cut);
            if !is_garbage && count > expected {
                // All that is missing is padding, or bytes that happen to be zero.
                expected = count;
                let mut same = whole[..tail.position.offset as usize].to_vec();
                same.resize(whole.len(), 0);
                assert!(content(&torn, 1) == same);
            }
            assert_eq!(count, expected, "cut at {cut}");
            assert_eq!(tail.torn.is_some(), is_garbage || cut > tail.position.offset, "cut at {cut}");
        }
    }
}

#[test]
fn a_torn_tail_is_reported_repaired_and_not_there_any_more() {
    let sim = SimDisk::default();
    let (_, ends) = history(&sim, 20, 2);
    let (before, last) = (ends[19], ends[20]);
    overwrite(&sim, 1, last.offset - 9, &[0xff; 700]);
    let (count, tail) = read(&sim).unwrap();
    assert_eq!(count, before.lsn);
    let torn = tail.torn.unwrap();
    assert_eq!((torn.offset, torn.bytes), (before.offset, last.offset - 9 + 700 - before.offset));
    assert_eq!(torn.file, "journal/0000000001.log");
    let mut writer = resume(&sim).unwrap();
    assert!(content(&sim, 1)[before.offset as usize..].iter().all(|&byte| byte == 0));
    stage(&mut writer, 3).unwrap();
    writer.commit().unwrap();
    let (count, tail) = read(&sim).unwrap();
    assert_eq!((count, tail.torn), (before.lsn + 3, None));
}

#[test]
fn unsynced_blocks_whose_pages_persist_in_any_order_recover_to_a_prefix() {
    let sim = SimDisk::default();
    let (mut writer, ends) = history(&sim, 4, 3);
    let durable = ends.last().unwrap().lsn;
    let mut stops = vec![durable];
    for count in [40, 1, 25, 3, 60] {
        stage(&mut writer, count).unwrap();
        stops.push(writer.write().unwrap());
    }
    assert_eq!(writer.durable(), durable);
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..600 {
        let left = sim.crash(seed);
        let (count, _) = read(&left).unwrap();
        assert!(stops.contains(&count), "seed {seed}: {count} is in the middle of a commit");
        seen.insert(count);
        let mut again = resume(&left).unwrap();
        stage(&mut again, 2).unwrap();
        assert_eq!(again.commit().unwrap(), count + 2);
        assert_eq!(read(&left.crash(seed)).unwrap().0, count + 2);
    }
    assert!(seen.len() >= 4, "{seen:?}");
}

#[test]
fn what_was_only_in_memory_is_written_again_before_anything_is_acknowledged() {
    let sim = SimDisk::default();
    let (mut writer, _) = history(&sim, 4, 4);
    stage(&mut writer, 30).unwrap();
    sim.fail_at(sim.operations() + 1, sim::Fault::Eio);
    assert!(writer.commit().is_err());
    // The process restarts, the machine does not: the frames are shown, and the disk may not have them.
    let restarted = sim.fork();
    let shown = read(&restarted).unwrap().0;
    assert_eq!(shown, writer.position().lsn);
    assert!((0..50).any(|seed| read(&restarted.crash(seed)).unwrap().0 < shown));
    resume(&restarted).unwrap();
    for seed in 0..50 {
        assert_eq!(read(&restarted.crash(seed)).unwrap().0, shown);
    }
}
