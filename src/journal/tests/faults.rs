//! Writes and syncs that fail, and crashes while recovering from that.

use super::{
    sim::{Fault, Faults},
    *,
};

/// Works until something fails; returns the last frame reported durable, and the last ever staged.
fn work(sim: &SimDisk, commits: u64) -> (u64, u64) {
    let (mut durable, mut staged) = (0, 0);
    let Ok(mut writer) = resume(sim) else { return (0, 0) };
    let mut random = Random::new(4);
    for commit in 0..commits {
        let Ok(last) = stage(&mut writer, 1 + random.below(30)) else { break };
        staged = last;
        let done = match commit % 5 {
            0 => writer.write().map(|_| writer.durable()),
            1 => writer.marker(),
            _ => writer.commit(),
        };
        let Ok(now) = done else {
            // A marker syncs what is before it first: that may have succeeded.
            assert!(writer.durable() >= durable);
            durable = writer.durable();
            assert!(writer.commit().is_err() && writer.write().is_err() && writer.marker().is_err());
            assert!(writer.sync().is_err() && writer.append(&[], 0).is_err());
            assert_eq!(writer.durable(), durable, "nothing becomes durable after a failure");
            break;
        };
        durable = now;
    }
    (durable, staged)
}

fn recovers(sim: &SimDisk, durable: u64, staged: u64, what: &str) {
    let (count, _) = read(sim).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!((durable..=staged).contains(&count), "{what}: {count} is not in {durable}..={staged}");
    let mut writer = resume(sim).unwrap();
    stage(&mut writer, 3).unwrap();
    assert_eq!(writer.commit().unwrap(), count + 3);
    assert_eq!(read(&sim.crash(1)).unwrap().0, count + 3, "{what}");
}

#[test]
fn a_fault_at_each_of_the_first_operations_loses_nothing_reported_durable() {
    for fault in [Fault::Eio, Fault::Enospc, Fault::ShortWrite, Fault::Halt] {
        for at in 0..200 {
            let sim = SimDisk::default();
            sim.fail_at(at, fault);
            let (durable, staged) = work(&sim, 90);
            let what = format!("{fault:?} at {at}");
            if fault != Fault::Halt {
                recovers(&sim.fork(), durable, staged, &format!("{what}, restarted"));
            }
            for seed in 0..3 {
                recovers(&sim.crash(seed), durable, staged, &format!("{what}, crash {seed}"));
            }
        }
    }
}

#[test]
fn a_full_disk_stops_the_log_and_space_lets_it_go_on() {
    let sim = SimDisk::new(Faults { page: 4096, capacity: Some(150 << 10) });
    let (durable, staged) = work(&sim, 400);
    assert!(durable > 500 && staged > durable);
    let (count, _) = read(&sim.fork()).unwrap();
    assert!(count >= durable);
    let more = sim.fork();
    more.set_capacity(None);
    recovers(&more, durable, staged, "more space");
}

#[test]
fn a_crash_while_recovering_twice_over_comes_to_the_same() {
    let sim = SimDisk::default();
    let (mut writer, ends) = history(&sim, 30, 5);
    let durable = ends.last().unwrap().lsn;
    for count in [20, 30, 5] {
        stage(&mut writer, count).unwrap();
        writer.write().unwrap();
    }
    for seed in 0..12 {
        let first = sim.crash(seed);
        let found = read(&first).unwrap().0;
        for one in 0.. {
            let halted = first.fork();
            halted.fail_at(one, Fault::Halt);
            let is_over = resume(&halted).is_ok();
            let second = halted.crash(seed + one);
            assert_eq!(read(&second).unwrap().0, found, "what was on disk stays");
            for two in 0..4 {
                let halted = second.fork();
                halted.fail_at(two, Fault::Halt);
                let _ = resume(&halted);
                let third = halted.crash(seed + two);
                assert_eq!(read(&third).unwrap().0, found);
                resume(&third).unwrap();
                assert_eq!(read(&third.crash(seed)).unwrap().0, found);
            }
            if is_over {
                break;
            }
        }
        assert!(found >= durable);
    }
}

#[test]
fn random_lives_with_crashes_never_lose_what_was_reported_durable() {
    for seed in 0..150 {
        let mut random = Random::new(seed);
        let mut sim = SimDisk::new(Faults { page: [512, 4096][random.below(2) as usize], capacity: None });
        let mut durable = 0;
        for _ in 0..6 {
            let faults = [Fault::Eio, Fault::Enospc, Fault::ShortWrite, Fault::Halt];
            sim.fail_at(random.below(120), faults[random.below(4) as usize]);
            if let Ok(mut writer) = resume(&sim) {
                assert!(writer.durable() >= durable);
                durable = writer.durable();
                for _ in 0..40 {
                    let staged = stage(&mut writer, 1 + random.below(40));
                    let done = staged.and_then(|_| match random.below(4) {
                        0 => writer.write().map(|_| writer.durable()),
                        1 => writer.marker(),
                        _ => writer.commit(),
                    });
                    let Ok(now) = done else { break };
                    durable = now;
                }
            }
            sim = if random.below(3) == 0 { sim.fork() } else { sim.crash(random.next()) };
            let count = read(&sim).unwrap_or_else(|error| panic!("seed {seed}: {error}")).0;
            assert!(count >= durable, "seed {seed}: {count} of {durable}");
        }
    }
}
