use proptest::prelude::*;

use super::*;

fn price() -> impl Strategy<Value = Price> {
    let far = prop::sample::select(vec![1, 64, 4_096, 1 << 40, u64::MAX - 1, u64::MAX]);
    prop_oneof![12 => 100..106_u64, 1 => far].prop_map(Price::from_ticks)
}

fn policy() -> impl Strategy<Value = Policy> {
    prop_oneof![
        4 => Just(Policy::Rest),
        2 => (0..40_u64).prop_map(|time| Policy::RestUntil(Timestamp::from_micros(time))),
        2 => Just(Policy::PostOnly),
        2 => Just(Policy::Immediate),
        2 => Just(Policy::FillOrKill),
    ]
}

fn stp() -> impl Strategy<Value = StpMode> {
    prop::sample::select(vec![
        StpMode::None,
        StpMode::ExpireTaker,
        StpMode::ExpireMaker,
        StpMode::ExpireBoth,
        StpMode::Decrement,
    ])
}

fn taker_order() -> impl Strategy<Value = SubmitOrder> {
    let lots = prop_oneof![20 => 1..6_u64, 1 => Just(u64::MAX / 2)];
    let budget = prop::option::weighted(0.2, 0..900_u128);
    let peak = prop::option::weighted(0.3, 1..4_u64);
    let shape = (lots, peak);
    (1..4_u64, prop::sample::select(&Side::BOTH), price(), shape, budget, any::<bool>(), policy(), stp())
        .prop_map(|(account, side, limit, (lots, peak), budget, by_quote, policy, stp)| SubmitOrder {
            order: OrderId::new(0),
            account: AccountId::new(account),
            symbol: SYMBOL,
            side,
            limit,
            lots: Lots::new(lots),
            policy,
            stp,
            extras: OrderExtras {
                budget,
                by_quote: by_quote && budget.is_some(),
                peak: peak.map(Lots::new),
                ..OrderExtras::NONE
            }
            .boxed(),
        })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => taker_order().prop_map(Step::Submit),
        4 => (0..KNOWN).prop_map(|known| Step::Cancel { known }),
        1 => (0..KNOWN).prop_map(|known| Step::CancelOther { known }),
        1 => (0..KNOWN, price()).prop_map(|(known, price)| Step::Move { known, price }),
        2 => (0..KNOWN, 0..4_u64).prop_map(|(known, by)| Step::Reduce { known, by: Lots::new(by) }),
        1 => (0..4_usize).prop_map(|limit| Step::Expire { limit }),
        1 => (0..40_u64).prop_map(|time| Step::Now(Timestamp::from_micros(time))),
    ]
}

fn limits() -> impl Strategy<Value = BookLimits> {
    (prop_oneof![Just(1_000_u32), 0..6_u32], prop_oneof![Just(1_000_u32), 0..4_u32])
        .prop_map(|(orders_max, fills_max)| BookLimits { orders_max, fills_max })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn the_book_does_what_the_slow_book_does(limits in limits(), steps in prop::collection::vec(step(), 1..80)) {
        let mut pair = Pair::new(limits);
        for step in &steps {
            pair.step(step).map_err(TestCaseError::fail)?;
            pair.check().map_err(TestCaseError::fail)?;
        }
    }
}

#[test]
fn long_runs_agree_and_reach_every_rule() {
    for seed in 0..20 {
        match run(seed, 20_000) {
            Ok(stats) => {
                assert!(stats.traded > 1_000 && stats.prevented > 50 && stats.stale > 100, "{stats:?}");
                assert!(stats.refilled > 50, "{stats:?}");
            }
            Err(difference) => panic!("{difference}"),
        }
    }
}

/// Every mutant of the book is found by the comparison within a few thousand commands.
#[cfg(feature = "mutants")]
#[test]
fn the_comparison_finds_every_mutant() {
    use crate::domain::testing::mutants::{Mutant, activate};
    let mutants = [
        Mutant::ZeroQuantityFill,
        Mutant::StpResidualRests,
        Mutant::FokCountsOwnOrders,
        Mutant::PostOnlyTakes,
        Mutant::IocResidualRests,
        Mutant::PaysThroughLimit,
        Mutant::TakerPriceUsed,
        Mutant::ExpiredMakerTrades,
        Mutant::LevelTotalDrifts,
        Mutant::PhantomLevel,
        Mutant::MiddleRemovalLosesTail,
        Mutant::FillLimitIgnored,
        Mutant::PriorityReversed,
        Mutant::FarPriceDropped,
        Mutant::FullBookDropsSilently,
        Mutant::AmendLosesPriority,
        Mutant::RefillKeepsPriority,
        Mutant::FokForgetsHidden,
    ];
    for mutant in mutants {
        activate(Some(mutant));
        let found = std::panic::catch_unwind(|| (0..10).try_for_each(|seed| run(seed, 20_000).map(|_| ())));
        activate(None);
        assert!(!matches!(found, Ok(Ok(()))), "{mutant:?} was not found");
    }
}
