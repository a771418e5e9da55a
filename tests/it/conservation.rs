//! The whole exchange, simulated: nothing is made or lost, and every rule of the auditor holds, whatever the
//! interleaving.

use lab::sim::{self, Course, Stats, Violation};
use proptest::prelude::*;

fn play(seed: u64, commands: u64) -> Result<Stats, TestCaseError> {
    let fail = |violation: Violation| TestCaseError::fail(violation.to_string());
    sim::episode(seed, commands, Course::Shuffled).map_err(fail)
}

#[test]
fn four_hundred_thousand_commands_break_no_rule() {
    let stats = sim::run(1, 400_000).unwrap_or_else(|violation| panic!("{violation}"));
    let counts = stats.counts;
    // The generator reaches what it is there for.
    for (what, count) in [
        ("trades", counts.trades),
        ("rested", counts.rested),
        ("ended", counts.ended),
        ("cancelled", counts.cancelled),
        ("reduced", counts.reduced),
        ("prevented", counts.prevented),
        ("late", counts.late),
        ("refused", counts.refused),
        ("repeated", counts.repeated),
        ("triggered", counts.triggered),
        ("released", counts.released),
        ("standing", counts.standing),
    ] {
        assert!(count > 500, "{what}: {count}, of {stats:?}");
    }
}

#[test]
fn the_same_seed_plays_the_same_game() {
    for seed in 0..10 {
        let course = Course::Shuffled;
        assert_eq!(sim::episode(seed, 1_000, course), sim::episode(seed, 1_000, course));
    }
}

#[test]
fn the_order_of_deliveries_between_lanes_does_not_matter_to_a_settled_command() {
    for seed in 0..20 {
        let digest = |lanes| sim::episode(seed, 1_000, Course::Settled(lanes)).map(|stats| stats.digest);
        let first = digest(0);
        assert!(first.is_ok(), "{first:?}");
        assert_eq!(digest(1), first);
        assert_eq!(digest(2), first);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Conservation of every asset, no negative balance, holds equal the need of open orders, a refusal leaves the hash
    /// unchanged, every command is answered once: the auditor checks all of it on the way.
    #[test]
    fn any_seed_conserves_every_asset_and_answers_every_command(seed: u64, commands in 1_u64..1_500) {
        let stats = play(seed, commands)?;
        prop_assert_eq!(stats.commands, commands);
    }
}
