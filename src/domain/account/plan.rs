//! What an order needs before it may leave for its book: how much to hold and what the book must respect.

use crate::domain::{
    book::Policy,
    money::{Amount, Lots, Price},
    order::{NewOrder, OrderKind, Side, TimeInForce},
    reject::{Filter, Reject},
    symbol::{SymbolSpec, SymbolStatus},
    time::Timestamp,
};

/// What to hold for an order, and what the book must respect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    /// How much of the asset it pays with to freeze.
    pub(super) hold: Amount,
    /// The worst price it may trade at.
    pub(super) limit: Price,
    /// The most it may trade.
    pub(super) lots: Lots,
    /// The most its trades may come to, in ticks × lots.
    pub(super) budget: Option<u128>,
    /// What becomes of the rest.
    pub(super) policy: Policy,
}

/// Checks everything about an order that does not depend on the account.
///
/// # Errors
/// The first rule it breaks.
pub(super) fn check(spec: &SymbolSpec, order: &NewOrder, now: Timestamp) -> Result<(), Reject> {
    if spec.status != SymbolStatus::Trading {
        return Err(Reject::MarketClosed);
    }
    let shape_is_valid = match order.kind {
        OrderKind::Limit | OrderKind::LimitMaker => {
            order.price.is_some() && order.quantity.is_some() && order.quote_quantity.is_none()
        }
        OrderKind::Market => {
            order.price.is_none() && (order.quantity.is_some() != order.quote_quantity.is_some())
        }
    };
    let in_force_is_valid = match (order.kind, order.time_in_force) {
        (OrderKind::Limit, TimeInForce::Gtd) => order.expires_at.is_some(),
        (OrderKind::Limit, _) => order.expires_at.is_none(),
        (OrderKind::LimitMaker, in_force) => in_force == TimeInForce::Gtc && order.expires_at.is_none(),
        (OrderKind::Market, in_force) => in_force == TimeInForce::Ioc && order.expires_at.is_none(),
    };
    if !shape_is_valid || !in_force_is_valid {
        return Err(Reject::UnsupportedCombination);
    }
    if order.expires_at.is_some_and(|expires_at| expires_at <= now) {
        return Err(Reject::ExpiryInPast);
    }
    spec.check(order)
}

/// Returns what to hold for an order that passed [`check`], given what is free; `None` for a market order
/// without a reference price, which expires at once.
///
/// # Errors
/// [`Reject::InsufficientBalance`], or a market order whose amount buys too little or too much.
pub(super) fn plan(spec: &SymbolSpec, order: &NewOrder, available: Amount) -> Result<Option<Plan>, Reject> {
    if order.kind == OrderKind::Market {
        // A price of nothing is no price to go by.
        return match order.reference.filter(|reference| reference.ticks() > 0) {
            None => Ok(None),
            Some(reference) => market(spec, order, reference, available).map(Some),
        };
    }
    let (Some(limit), Some(lots)) = (order.price, order.quantity) else {
        return Err(Reject::UnsupportedCombination);
    };
    let hold = match order.side {
        Side::Buy => spec.notional(limit, lots)?,
        Side::Sell => spec.base_amount(lots)?,
    };
    if hold > available {
        return Err(Reject::InsufficientBalance);
    }
    let policy = match (order.kind, order.time_in_force) {
        (OrderKind::LimitMaker, _) => Policy::PostOnly,
        (_, TimeInForce::Ioc) => Policy::Immediate,
        (_, TimeInForce::Fok) => Policy::AllOrNone,
        (_, TimeInForce::Gtc | TimeInForce::Gtd) => order.expires_at.map_or(Policy::Rest, Policy::RestUntil),
    };
    Ok(Some(Plan { hold, limit, lots, budget: None, policy }))
}

/// A market order trades inside a collar around the reference price, and a buy never beyond what it holds
/// (ADR 0004).
fn market(spec: &SymbolSpec, order: &NewOrder, reference: Price, available: Amount) -> Result<Plan, Reject> {
    let limit = spec.collar(order.side, reference);
    let policy = Policy::Immediate;
    match (order.side, order.quantity, order.quote_quantity) {
        (Side::Buy, Some(lots), _) => {
            if spec.notional(reference, lots)? > available {
                return Err(Reject::InsufficientBalance);
            }
            let hold = spec.notional(limit, lots)?.min(available);
            Ok(Plan { hold, limit, lots, budget: Some(tick_lots(spec, hold)?), policy })
        }
        (Side::Buy, None, Some(amount)) => {
            if amount > available {
                return Err(Reject::InsufficientBalance);
            }
            let budget = tick_lots(spec, amount)?;
            check_market_lots(spec, budget / u128::from(reference.ticks()))?;
            Ok(Plan { hold: amount, limit, lots: spec.filters.market_lots_max, budget: Some(budget), policy })
        }
        (Side::Sell, Some(lots), _) => {
            let hold = spec.base_amount(lots)?;
            if hold > available {
                return Err(Reject::InsufficientBalance);
            }
            Ok(Plan { hold, limit, lots, budget: None, policy })
        }
        (Side::Sell, None, Some(amount)) => {
            let budget = tick_lots(spec, amount)?;
            let expected = budget / u128::from(reference.ticks());
            check_market_lots(spec, expected)?;
            let free = u64::try_from(available.units() / i128::from(spec.lot_units))
                .map_err(|_| Reject::Overflow)?;
            if expected > u128::from(free) {
                return Err(Reject::InsufficientBalance);
            }
            // At the collar it takes this many lots to receive the amount.
            let worst = u64::try_from(budget.div_ceil(u128::from(limit.ticks()))).unwrap_or(u64::MAX);
            let lots = Lots::new(worst.min(free)).min(spec.filters.market_lots_max);
            Ok(Plan { hold: spec.base_amount(lots)?, limit, lots, budget: Some(budget), policy })
        }
        (_, None, None) => Err(Reject::UnsupportedCombination),
    }
}

/// A quote amount in ticks × lots, rounded down: what is below one tick-lot cannot be spent.
fn tick_lots(spec: &SymbolSpec, amount: Amount) -> Result<u128, Reject> {
    u128::try_from(amount.units() / i128::from(spec.notional_unit)).map_err(|_| Reject::Overflow)
}

/// Quote amounts must come to a quantity the filters allow (corner case C1).
fn check_market_lots(spec: &SymbolSpec, lots: u128) -> Result<(), Reject> {
    let filters = &spec.filters;
    if lots < u128::from(filters.lots_min.get().max(1)) {
        return Err(Reject::Filter(Filter::LotSize));
    }
    if lots < u128::from(filters.market_lots_min.get()) || lots > u128::from(filters.market_lots_max.get()) {
        return Err(Reject::Filter(Filter::MarketLotSize));
    }
    Ok(())
}
