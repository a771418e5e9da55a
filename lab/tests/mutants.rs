//! Every mutant is found: `cargo xtask mutants`. One test each.

#![cfg(feature = "mutants")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot continue has failed")]

use lab::sim::mutants::{hunt, hunt_all};
use lightning_exchange::domain::testing::mutants::Mutant;

macro_rules! is_found {
    ($($name:ident: $mutant:ident,)*) => {
        $(
            #[test]
            fn $name() {
                let found = hunt(Some(Mutant::$mutant)).expect("the mutant was not found");
                println!("{} after {} commands, seed {}: {}", found.by, found.commands, found.seed, found.text);
            }
        )*

        #[test]
        fn every_mutant_has_its_test() {
            assert_eq!(Mutant::ALL.to_vec(), [$(Mutant::$mutant),*]);
        }
    };
}

is_found! {
    zero_quantity_fill: ZeroQuantityFill,
    fee_rounds_down: FeeRoundsDown,
    fee_not_credited: FeeNotCredited,
    improvement_stranded: ImprovementStranded,
    stp_residual_rests: StpResidualRests,
    fok_counts_own_orders: FokCountsOwnOrders,
    post_only_takes: PostOnlyTakes,
    ioc_residual_rests: IocResidualRests,
    cancel_keeps_hold: CancelKeepsHold,
    cancel_in_flight_forgotten: CancelInFlightForgotten,
    replace_ignores_failure: ReplaceIgnoresFailure,
    pays_through_limit: PaysThroughLimit,
    taker_price_used: TakerPriceUsed,
    expired_maker_trades: ExpiredMakerTrades,
    level_total_drifts: LevelTotalDrifts,
    duplicate_client_id_accepted: DuplicateClientIdAccepted,
    phantom_level: PhantomLevel,
    middle_removal_loses_tail: MiddleRemovalLosesTail,
    fill_limit_ignored: FillLimitIgnored,
    priority_reversed: PriorityReversed,
    far_price_dropped: FarPriceDropped,
    full_book_drops_silently: FullBookDropsSilently,
    duplicate_message_applied: DuplicateMessageApplied,
    amend_loses_priority: AmendLosesPriority,
    refill_keeps_priority: RefillKeepsPriority,
    fok_forgets_hidden: FokForgetsHidden,
    other_leg_stays: OtherLegStays,
    oco_hold_released_twice: OcoHoldReleasedTwice,
    trail_never_moves: TrailNeverMoves,
    trigger_direction_swapped: TriggerDirectionSwapped,
    pending_placed_early: PendingPlacedEarly,
    closed_market_matches: ClosedMarketMatches,
    closed_market_triggers: ClosedMarketTriggers,
    delisted_orders_stay: DelistedOrdersStay,
    restricted_account_trades: RestrictedAccountTrades,
    pending_placed_for_restricted: PendingPlacedForRestricted,
    closed_with_balance: ClosedWithBalance,
    tier_change_ignored: TierChangeIgnored,
    answered_before_durable: AnsweredBeforeDurable,
    failed_commit_ignored: FailedCommitIgnored,
    message_not_journalled: MessageNotJournalled,
    outbox_forgotten_on_restart: OutboxForgottenOnRestart,
    watermark_forgotten_on_restart: WatermarkForgottenOnRestart,
    key_forgotten_on_restart: KeyForgottenOnRestart,
    status_forgotten_on_restart: StatusForgottenOnRestart,
    tail_after_snapshot_ignored: TailAfterSnapshotIgnored,
    stop_orders_forgotten_by_snapshot: StopOrdersForgottenBySnapshot,
    rules_forgotten_by_snapshot: RulesForgottenBySnapshot,
}

#[test]
fn nothing_is_found_without_a_mutant() {
    assert_eq!(hunt(None), None);
}

/// The table of `docs/corner-cases.md`: `cargo test -p lab --features mutants --test mutants the_table -- --nocapture`.
#[test]
fn the_table_of_all_finds() {
    println!("{:28} {:12} {:>8}  what was seen", "mutant", "found by", "commands");
    for (mutant, found) in hunt_all() {
        let mutant = format!("{mutant:?}");
        let found = found.unwrap_or_else(|| panic!("{mutant} was not found"));
        let text: String = found.text.chars().take(110).collect();
        println!("{mutant:28} {:12} {:>8}  {text}", found.by, found.commands);
    }
}
