//! From one segment to the next, and segments not needed any more.

use super::{sim::Fault, *};

#[test]
fn a_commit_larger_than_a_segment_is_split_between_frames() {
    let sim = SimDisk::default();
    let (mut writer, _) = history(&sim, 3, 1);
    let last = stage(&mut writer, 3000).unwrap();
    assert_eq!(writer.commit().unwrap(), last);
    assert!(writer.position().segment > 3);
    let (count, tail) = read(&sim).unwrap();
    assert_eq!(
        (count, tail.position, tail.segments.len() as u64),
        (last, writer.position(), tail.position.segment)
    );
    assert!(tail.segments.iter().all(|segment| segment.created == 1_700_000_000));
    assert_eq!(read(&sim.crash(0)).unwrap().0, last);
}

#[test]
fn a_crash_at_any_operation_around_a_roll_loses_nothing() {
    let base = SimDisk::default();
    let (mut writer, _) = history(&base, 3, 1);
    while writer.position().offset < (56 << 10) {
        stage(&mut writer, 5).unwrap();
        writer.commit().unwrap();
    }
    let durable = writer.durable();
    drop(writer);
    for at in 0.. {
        let sim = base.fork();
        let mut writer = resume(&sim).unwrap();
        let mut reached = durable;
        sim.fail_at(sim.operations() + at, Fault::Halt);
        let mut is_over = true;
        for count in [100, 1200, 30] {
            if stage(&mut writer, count).and_then(|_| writer.marker()).is_err() {
                is_over = false;
                break;
            }
            reached = writer.durable();
        }
        for seed in 0..10 {
            let left = sim.crash(seed);
            let (count, _) =
                read(&left).unwrap_or_else(|error| panic!("operation {at} seed {seed}: {error}"));
            assert!(count >= reached);
            let mut again = resume(&left).unwrap();
            let last = stage(&mut again, 700).unwrap();
            again.commit().unwrap();
            assert_eq!(read(&left.crash(seed)).unwrap().0, last);
        }
        if is_over {
            assert!(at > 12, "{at}");
            break;
        }
    }
}

#[test]
fn another_logic_goes_on_in_another_segment() {
    let sim = SimDisk::default();
    let (writer, ends) = history(&sim, 5, 1);
    drop(writer);
    let mut writer = resume_with(&sim, LogOptions { logic: 2, ..OPTIONS }).unwrap();
    stage(&mut writer, 5).unwrap();
    writer.commit().unwrap();
    let mut logics = Vec::new();
    open_blocks(&handle(&sim), IDENTITY, Start::Beginning, &mut |block| {
        logics.push(block.logic);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(logics, [1, 1, 1, 1, 1, 2]);
    assert_eq!(ends[5].segment + 1, writer.position().segment);
}

#[test]
fn pruning_keeps_what_a_snapshot_needs_and_crashes_leave_no_hole() {
    let sim = SimDisk::default();
    let (mut writer, ends) = history(&sim, 300, 1);
    stage(&mut writer, 1).unwrap();
    writer.marker().unwrap();
    let all = writer.durable();
    let segments = segment::list(&handle(&sim)).unwrap().len();
    assert!(segments >= 3);
    for end in ends.iter().step_by(7) {
        let pruned = sim.fork();
        prune_segments(&handle(&pruned), end.lsn).unwrap();
        assert_eq!(read_from(&pruned, Start::At(*end)).unwrap().0, all, "at frame {}", end.lsn);
    }
    let last = ends[300];
    for at in 0..6 {
        let halted = sim.fork();
        halted.fail_at(at, Fault::Halt);
        let _ = prune_segments(&handle(&halted), last.lsn);
        for seed in 0..8 {
            let left = halted.crash(seed);
            assert_eq!(read_from(&left, Start::At(last)).unwrap().0, all);
            prune_segments(&handle(&left), last.lsn).unwrap();
            assert_eq!(segment::list(&handle(&left)).unwrap().len(), 1);
        }
    }
    assert_eq!(prune_segments(&handle(&sim), u64::MAX - 1).unwrap(), segments - 1, "the newest stays");
    assert!(read(&sim).is_err(), "and without a snapshot that is not the whole log");
    let wrong = Position { chain: [1; 32], ..ends[100] };
    assert!(read_from(&sim, Start::At(wrong)).is_err());
}

#[test]
fn a_snapshot_at_the_end_of_a_pruned_segment_goes_on_in_the_next() {
    let sim = SimDisk::default();
    let (mut writer, _) = history(&sim, 1, 1);
    while writer.position().segment == 1 {
        let before = writer.position();
        writer.marker().unwrap();
        stage(&mut writer, 5).unwrap();
        writer.commit().unwrap();
        if writer.position().segment == 2 {
            prune_segments(&handle(&sim), before.lsn).unwrap();
            assert_eq!(segment::list(&handle(&sim)).unwrap(), [2]);
            assert_eq!(read_from(&sim, Start::At(before)).unwrap().0, writer.position().lsn);
            let forged = Position { chain: [1; 32], ..before };
            assert!(read_from(&sim, Start::At(forged)).unwrap_err().to_string().contains("does not follow"));
        }
    }
}

#[test]
fn segments_are_prepared_ahead_on_a_real_disk() {
    let root = tempfile::tempdir().unwrap();
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(root.path()));
    let options = LogOptions { fill: Fill::Background, ..OPTIONS };
    let mut count = 0;
    for _ in 0..3 {
        let mut next = 1;
        let tail = open_log(&disk, IDENTITY, Start::Beginning, &mut |lsn, bytes| {
            assert_eq!((lsn, bytes), (next, &frame(next)[..]));
            next += 1;
            ControlFlow::Continue(())
        });
        assert_eq!(next - 1, count);
        let mut writer = LogWriter::resume(&disk, &tail.unwrap(), options).unwrap();
        for _ in 0..15 {
            stage(&mut writer, 120).unwrap();
            count = writer.commit().unwrap();
        }
        writer.marker().unwrap();
    }
    assert!(segment::list(&disk).unwrap().len() >= 5);
}
