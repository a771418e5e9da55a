//! Power cuts, simulated: whatever survives of the disk comes back, twice the same, and nothing acknowledged is
//! lost.

use lab::sim::{
    self, CrashCourse, CrashStats,
    damage::{Noticed, TORN, Victim},
};
use lightning_exchange::journal::sim::Fault;

fn crashes(seed: u64, course: CrashCourse) -> CrashStats {
    sim::crashes(seed, course).unwrap_or_else(|violation| panic!("{violation}"))
}

/// Two hundred seeds, twenty crashes each. `cargo xtask lab simulate` plays as many as one has time for.
#[test]
fn what_was_acknowledged_survives_every_crash() {
    let mut total = CrashStats::default();
    for index in 0..200 {
        let course = CrashCourse { commands: 120, crashes: 20, fault: None };
        total = total.plus(crashes(sim::nth_seed(7, index), course));
    }
    for (what, count) in [
        ("crashes", total.crashes),
        ("crashes in the middle of a write", total.crashes_in_image),
        ("crashes while recovering", total.crashes_recovering),
        ("lives", total.lives),
        ("acknowledged", total.acknowledged),
        ("states compared", total.compared),
        ("keyed orders sent again", total.retried),
        ("disk faults", total.disk_faults),
        ("snapshots", total.snapshots),
    ] {
        assert!(count > 10, "{what}: {count}, of {total:?}");
    }
}

/// One order of a pair is triggered, filled and gone before the other hears that it has ended. In between the other holds
/// nothing and needs nothing; the audit of a crash at that moment thought otherwise.
#[test]
fn an_order_may_hear_of_its_end_after_the_other_of_its_pair_is_gone() {
    crashes(1_346_066_267_577_507_604, CrashCourse { commands: 120, crashes: 100, fault: None });
}

#[test]
fn a_seed_shows_the_same_crashes_again() {
    let play = || crashes(3, CrashCourse { commands: 300, crashes: 20, fault: None });
    assert_eq!(play(), play());
}

/// A share of `cargo xtask lab simulate --faults`: every fifth of the first 200 operations.
#[test]
fn nothing_is_acknowledged_after_the_disk_has_failed() {
    let mut seen = 0;
    for operation in (0..200).step_by(5) {
        for fault in [Fault::Eio, Fault::Enospc, Fault::ShortWrite, Fault::Halt] {
            let course = CrashCourse { commands: 100, crashes: 1, fault: Some((operation, fault)) };
            seen += crashes(operation, course).disk_faults.min(1);
        }
    }
    assert!(seen > 120, "{seen} of 160 faults were seen");
}

#[test]
fn a_tail_torn_at_any_byte_comes_back_to_what_was_before() {
    let victim = Victim::to_tear(5).unwrap();
    for back in (0..TORN).step_by(191) {
        victim.tear(back).unwrap_or_else(|violation| panic!("{violation}"));
    }
}

#[test]
fn a_flipped_bit_is_noticed_and_never_served() {
    let victim = Victim::to_rot(5).unwrap();
    let noticed: Vec<Noticed> =
        (0..400).map(|number| victim.rot(number).unwrap_or_else(|violation| panic!("{violation}"))).collect();
    for way in [Noticed::Refused, Noticed::PassedOver, Noticed::Verified] {
        assert!(noticed.contains(&way), "{way:?}");
    }
}
