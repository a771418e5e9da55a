//! Power cuts, simulated: whatever survives of the disk comes back, twice the same, and nothing acknowledged is
//! lost.

use lightning_exchange::sim::{self, CrashStats};

/// Two hundred seeds, ten crashes each. `lightning simulate` plays as many as one has time for.
#[test]
fn what_was_acknowledged_survives_every_crash() {
    let mut total = CrashStats::default();
    for index in 0..200 {
        let played = sim::crashes(sim::nth_seed(7, index), 150, 10);
        total = total.plus(played.unwrap_or_else(|violation| panic!("{violation}")));
    }
    for (what, count) in [
        ("crashes", total.crashes),
        ("crashes while recovering", total.crashes_recovering),
        ("lives", total.lives),
        ("acknowledged", total.acknowledged),
        ("disk faults", total.disk_faults),
        ("snapshots", total.snapshots),
    ] {
        assert!(count > 10, "{what}: {count}, of {total:?}");
    }
}

#[test]
fn a_seed_shows_the_same_crashes_again() {
    let play = || sim::crashes(3, 300, 20).unwrap_or_else(|violation| panic!("{violation}"));
    assert_eq!(play(), play());
}
