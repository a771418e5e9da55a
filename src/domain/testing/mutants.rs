//! Mutants: deliberate bugs, one per corner case that has broken an exchange before. They exist only with the
//! `mutated` feature, which no release has: `cargo xtask mutated` switches on one at a time and expects the
//! checks to find it.

/// A mutant. The C-numbers are those of the corner-case list in `docs/corner-cases.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mutant {
    /// C1: a market order by quote amount makes a fill of zero lots when the rest buys no lot.
    ZeroQuantityFill,
    /// C2: a fee rounds down, in favour of the payer.
    FeeRoundsDown,
    /// C3: a fee is debited and never credited.
    FeeNotCredited,
    /// C4: a better price than the limit leaves the difference held.
    ImprovementStranded,
    /// C5: the rest of a taker stays in the book after self-trade prevention ended it.
    StpResidualRests,
    /// C6: fill-or-kill counts the account's own orders as liquidity.
    FokCountsOwnOrders,
    /// C7: a post-only order takes.
    PostOnlyTakes,
    /// C8: the rest of an immediate-or-cancel order rests.
    IocResidualRests,
    /// C9: the hold of a partly filled order is not released when it is cancelled.
    CancelKeepsHold,
    /// C10: a cancel that arrives before the book's answer is forgotten.
    CancelInFlightForgotten,
    /// C11: a cancel-replace with STOP_ON_FAILURE places the new order though the cancel failed.
    ReplaceIgnoresFailure,
    /// C13: a sweep continues past the order's limit.
    PaysThroughLimit,
    /// C13: trades print at the taker's price.
    TakerPriceUsed,
    /// C14: a resting order past its good-till date still trades.
    ExpiredMakerTrades,
    /// C15: a level's total is not reduced by a partial fill.
    LevelTotalDrifts,
    /// C17: a client order id of an open order is accepted again.
    DuplicateClientIdAccepted,
    /// C18: an emptied level stays visible.
    PhantomLevel,
    /// C19: removing an order from the middle of a level loses those behind it.
    MiddleRemovalLosesTail,
    /// C20: one command makes more fills than the limit.
    FillLimitIgnored,
    /// C21: an order enters at the front of its level.
    PriorityReversed,
    /// C22: a price far from the touch is dropped.
    FarPriceDropped,
    /// C23: a full book loses an order without reporting it.
    FullBookDropsSilently,
    /// C35: a message delivered twice is applied twice.
    DuplicateMessageApplied,
    /// C37: an amended order goes to the back of its queue.
    AmendLosesPriority,
    /// C38: the next part of an iceberg keeps the place of the one before.
    RefillKeepsPriority,
    /// C38: fill-or-kill does not count the hidden parts of icebergs.
    FokForgetsHidden,
    /// C39: the other leg of an OCO stays when one starts to trade.
    OtherLegStays,
    /// C39: the hold of an OCO is released when the first leg ends, and again with the second.
    OcoHoldReleasedTwice,
    /// C40: the best price a trailing order has seen does not move.
    TrailNeverMoves,
    /// C40: a stop-loss is triggered where a take-profit would be.
    TriggerDirectionSwapped,
    /// C41: an order that waits for another to be filled is placed when that one trades at all.
    PendingPlacedEarly,
    /// C45: an order that is on its way when its market closes is matched.
    ClosedMarketMatches,
    /// C45: what is triggered enters the book of a closed market.
    ClosedMarketTriggers,
    /// C46: the orders of a delisted symbol stay open.
    DelistedOrdersStay,
    /// C43: an account that is not active places orders.
    RestrictedAccountTrades,
    /// C43: an order that waits for another to be filled is placed although its account has been restricted since.
    PendingPlacedForRestricted,
    /// C43: an account with a balance is closed.
    ClosedWithBalance,
    /// C44: trades after a change of the fee tier pay the fees of the tier before.
    TierChangeIgnored,
    /// An answer leaves before its frame is durable.
    AnsweredBeforeDurable,
    /// A failed commit counts as a successful one.
    FailedCommitIgnored,
    /// A message is sent that is not in its frame.
    MessageNotJournalled,
    /// A restarted sender does not resend the messages in flight.
    OutboxForgottenOnRestart,
    /// A restarted receiver does not know which messages it has applied: a trade settles twice.
    WatermarkForgottenOnRestart,
    /// A restart loses the keyed orders.
    KeyForgottenOnRestart,
    /// A restart loses the status an operator gave an account.
    StatusForgottenOnRestart,
    /// Recovery stops at the snapshot and skips the frames after it.
    TailAfterSnapshotIgnored,
    /// A snapshot leaves out the orders that wait for their triggers.
    StopOrdersForgottenBySnapshot,
    /// A snapshot leaves out the trading rules that were changed.
    RulesForgottenBySnapshot,
}

impl Mutant {
    /// Every mutant.
    pub const ALL: [Self; 48] = [
        Self::ZeroQuantityFill,
        Self::FeeRoundsDown,
        Self::FeeNotCredited,
        Self::ImprovementStranded,
        Self::StpResidualRests,
        Self::FokCountsOwnOrders,
        Self::PostOnlyTakes,
        Self::IocResidualRests,
        Self::CancelKeepsHold,
        Self::CancelInFlightForgotten,
        Self::ReplaceIgnoresFailure,
        Self::PaysThroughLimit,
        Self::TakerPriceUsed,
        Self::ExpiredMakerTrades,
        Self::LevelTotalDrifts,
        Self::DuplicateClientIdAccepted,
        Self::PhantomLevel,
        Self::MiddleRemovalLosesTail,
        Self::FillLimitIgnored,
        Self::PriorityReversed,
        Self::FarPriceDropped,
        Self::FullBookDropsSilently,
        Self::DuplicateMessageApplied,
        Self::AmendLosesPriority,
        Self::RefillKeepsPriority,
        Self::FokForgetsHidden,
        Self::OtherLegStays,
        Self::OcoHoldReleasedTwice,
        Self::TrailNeverMoves,
        Self::TriggerDirectionSwapped,
        Self::PendingPlacedEarly,
        Self::ClosedMarketMatches,
        Self::ClosedMarketTriggers,
        Self::DelistedOrdersStay,
        Self::RestrictedAccountTrades,
        Self::PendingPlacedForRestricted,
        Self::ClosedWithBalance,
        Self::TierChangeIgnored,
        Self::AnsweredBeforeDurable,
        Self::FailedCommitIgnored,
        Self::MessageNotJournalled,
        Self::OutboxForgottenOnRestart,
        Self::WatermarkForgottenOnRestart,
        Self::KeyForgottenOnRestart,
        Self::StatusForgottenOnRestart,
        Self::TailAfterSnapshotIgnored,
        Self::StopOrdersForgottenBySnapshot,
        Self::RulesForgottenBySnapshot,
    ];

    /// Returns whether it shows only after a power failure.
    pub fn is_of_durability(self) -> bool {
        self >= Self::AnsweredBeforeDurable
    }
}

/// Returns whether the mutant is active: never, in a build without the feature.
#[cfg(not(feature = "mutants"))]
#[inline(always)]
pub const fn mutated(_: Mutant) -> bool {
    false
}

#[cfg(feature = "mutants")]
thread_local! {
    static ACTIVE: std::cell::Cell<Option<Mutant>> = const { std::cell::Cell::new(None) };
}

/// Returns whether the mutant is active on this thread.
#[cfg(feature = "mutants")]
pub fn mutated(mutant: Mutant) -> bool {
    ACTIVE.get() == Some(mutant)
}

/// Activates one mutant on this thread, or none.
#[cfg(feature = "mutants")]
pub fn activate(mutant: Option<Mutant>) {
    ACTIVE.set(mutant);
}
