//! What became of commands, recorded once for all answers of a turn.

use std::time::Instant;

use super::outbox::Answered;
use crate::{
    domain::{messages::reject::Reject, types::id::SymbolId},
    telemetry::{RejectClass, Trading, Writer},
};

/// Records answers that leave at `now`: how long each took, and whether those to orders were accepted.
pub(super) fn record(answers: &[Answered], took: &Writer, now: Instant, trading: &Trading) {
    if answers.is_empty() {
        return;
    }
    let mut latency = took.tally();
    let mut rejected = [0; RejectClass::COUNT];
    // Orders of one turn are mostly about one symbol, or a few in a row.
    let mut accepted: Option<(SymbolId, u64)> = None;
    let add = |(symbol, count): (SymbolId, u64)| trading.accepted.add(u64::from(symbol.get()), count);
    for Answered { answer, entered, placed, .. } in answers {
        latency.add(now.saturating_duration_since(*entered));
        let Some(symbol) = *placed else { continue };
        match (answer, &mut accepted) {
            (Err(reject), _) => rejected[class(*reject) as usize] += 1,
            (Ok(_), Some((of, count))) if *of == symbol => *count += 1,
            (Ok(_), last) => last.replace((symbol, 1)).into_iter().for_each(add),
        }
    }
    took.record(&latency);
    accepted.into_iter().for_each(add);
    trading.add_rejected(rejected);
}

/// Returns the class of a reject.
pub(super) const fn class(reject: Reject) -> RejectClass {
    match reject {
        Reject::Malformed(_)
        | Reject::Precision(_)
        | Reject::Overflow
        | Reject::UnsupportedCombination
        | Reject::UnknownSymbol
        | Reject::UnknownAsset
        | Reject::UnknownAccount
        | Reject::AccountExists
        | Reject::DuplicateClientOrderId
        | Reject::RequestConflict
        | Reject::ZeroAmount
        | Reject::ExpiryInPast
        | Reject::UnknownTier
        | Reject::KeyExists
        | Reject::UnknownOrderList
        | Reject::ListMismatch
        | Reject::UnknownKey
        | Reject::NameTaken
        | Reject::UnknownLogin
        | Reject::ClientOrderIdMismatch
        | Reject::AmendIncrease
        | Reject::AmendNoChange
        | Reject::AmendUnsupported
        | Reject::IcebergExceeds => RejectClass::Invalid,
        Reject::Filter(_) => RejectClass::Filter,
        Reject::InsufficientBalance => RejectClass::Funds,
        Reject::TooManyRequestIds
        | Reject::IdsExhausted
        | Reject::TooManyKeys
        | Reject::BookFull
        | Reject::TooManyOrders { .. } => RejectClass::Limit,
        Reject::MarketClosed
        | Reject::MarketPostOnly
        | Reject::WouldTake
        | Reject::WouldTrigger
        | Reject::PriceRelation
        | Reject::UnknownOrder
        | Reject::CancelRestricted
        | Reject::AmendBelowExecuted => RejectClass::Market,
        Reject::AccountCancelOnly
        | Reject::AccountFrozen
        | Reject::AccountClosed
        | Reject::AccountNotEmpty { .. } => RejectClass::Account,
        Reject::TooLate => RejectClass::Late,
        Reject::Busy | Reject::OutOfService | Reject::Stopping | Reject::Halted | Reject::DiskFull => {
            RejectClass::Unavailable
        }
    }
}
