use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn price() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => 0..200_u64,
        2 => 4_000..4_200_u64,
        2 => (0..40_u64).prop_map(|block| block * 64), // more leaves than a page holds
        1 => (0..64_u32).prop_map(|bit| 1 << bit),
        1 => u64::MAX - 70..=u64::MAX,
    ]
}

proptest! {
    #[test]
    fn a_ladder_is_a_sorted_map(steps in prop::collection::vec((price(), any::<bool>(), price()), 1..300)) {
        let mut ladder = Ladder::<u64>::default();
        let mut map = BTreeMap::new();
        for (ticks, is_insert, probe) in steps {
            let price = Price::from_ticks(ticks);
            if is_insert {
                *ladder.get_or_default(price) += 1;
                *map.entry(ticks).or_insert(0) += 1;
            } else {
                prop_assert_eq!(ladder.remove(price), map.remove(&ticks));
            }
            ladder.check().unwrap();
            prop_assert_eq!(ladder.len(), map.len());
            let up: Vec<_> = ladder.ascend(ladder.first()).map(|(price, value)| (price.ticks(), *value)).collect();
            prop_assert_eq!(&up, &map.iter().map(|(price, value)| (*price, *value)).collect::<Vec<_>>());
            let mut down: Vec<_> = ladder.descend(ladder.last()).map(|(price, value)| (price.ticks(), *value)).collect();
            down.reverse();
            prop_assert_eq!(up, down);
            let ticks_of = |rung: Option<Rung>| rung.map(|rung| ladder.price(rung).ticks());
            let wanted = Price::from_ticks(probe);
            prop_assert_eq!(ladder.get(wanted), map.get(&probe));
            prop_assert_eq!(ticks_of(ladder.next_down(wanted)), map.range(..probe).next_back().map(|(price, _)| *price));
            let above = probe.checked_add(1).and_then(|from| map.range(from..).next().map(|(price, _)| *price));
            prop_assert_eq!(ticks_of(ladder.next_up(wanted)), above);
        }
    }
}

#[test]
fn emptied_nodes_are_used_again() {
    let mut ladder = Ladder::<u64>::default();
    for round in 0..1_000_u64 {
        for far in [round * 1_000, u64::MAX - round, round << 40] {
            ladder.enter(Price::from_ticks(far));
        }
        for far in [round * 1_000, u64::MAX - round, round << 40] {
            ladder.remove(Price::from_ticks(far));
        }
    }
    assert!(ladder.is_empty());
    assert!(ladder.memory_bytes() < 64 * 1024, "{}", ladder.memory_bytes());
}

#[test]
fn a_market_that_wanders_off_leaves_no_memory_behind() {
    let mut ladder = Ladder::<u64>::default();
    for step in 0..100_000_u64 {
        ladder.enter(Price::from_ticks(step * 10));
        if let Some(old) = step.checked_sub(50) {
            assert!(ladder.remove(Price::from_ticks(old * 10)).is_some());
        }
    }
    ladder.check().unwrap();
    assert_eq!(ladder.len(), 50);
    assert!(ladder.memory_bytes() < 32 * 1024, "{}", ladder.memory_bytes());
}
