//! The requirements of an order before it may leave for its book: the hold and the bounds for the book.

use crate::domain::{
    instruments::symbol::{SymbolSpec, SymbolStatus},
    messages::{
        message::Condition,
        reject::{Filter, Reject},
    },
    orders::{NewOrder, OrderType, Policy, Side, TimeInForce},
    types::{
        money::{Amount, Lots, Price},
        time::Timestamp,
    },
};

/// The hold of an order, and the bounds for the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    /// The amount to hold of the asset it pays with.
    pub(super) hold: Amount,
    /// The worst price it may trade at.
    pub(super) limit: Price,
    /// The maximum quantity it may trade.
    pub(super) lots: Lots,
    /// The maximum of its trades, in ticks × lots.
    pub(super) budget: Option<u128>,
    /// The rule for the part that does not trade at once.
    pub(super) policy: Policy,
    /// Its trigger, if any.
    pub(super) condition: Option<Condition>,
}

/// Checks everything about an order that does not depend on the account.
///
/// # Errors
/// The first rule it breaks.
pub(super) fn check(spec: &SymbolSpec, order: &NewOrder, now: Timestamp) -> Result<(), Reject> {
    match spec.status {
        SymbolStatus::Trading => {}
        SymbolStatus::PostOnly if order.kind == OrderType::LimitMaker => {}
        SymbolStatus::PostOnly => return Err(Reject::MarketPostOnly),
        SymbolStatus::CancelOnly | SymbolStatus::Halt | SymbolStatus::Delisted => {
            return Err(Reject::MarketClosed);
        }
    }
    let shape_is_valid = match order.kind {
        OrderType::Market => {
            order.price.is_none() && (order.quantity.is_some() != order.quote_quantity.is_some())
        }
        kind => {
            order.price.is_none() == kind.is_market()
                && order.quantity.is_some()
                && order.quote_quantity.is_none()
        }
    };
    let in_force_is_valid = match (order.kind, order.time_in_force) {
        (OrderType::Limit, TimeInForce::Gtd) => order.expires_at.is_some(),
        (OrderType::Limit, _) => order.expires_at.is_none(),
        (OrderType::LimitMaker, in_force) => in_force == TimeInForce::Gtc && order.expires_at.is_none(),
        (OrderType::StopLossLimit | OrderType::TakeProfitLimit, in_force) => {
            in_force != TimeInForce::Gtd && order.expires_at.is_none()
        }
        (_, in_force) => in_force == TimeInForce::Ioc && order.expires_at.is_none(),
    };
    let has_trigger =
        order.trigger.is_some_and(|trigger| trigger.stop.is_some() || trigger.trailing.is_some());
    let trigger_is_valid =
        has_trigger == order.kind.is_conditional() && order.trigger.is_some() == has_trigger;
    let may_hide = !order.kind.is_market() && order.time_in_force == TimeInForce::Gtc;
    if !shape_is_valid || !in_force_is_valid || !trigger_is_valid || (order.iceberg.is_some() && !may_hide) {
        return Err(Reject::UnsupportedCombination);
    }
    if order.iceberg.zip(order.quantity).is_some_and(|(peak, lots)| peak > lots) {
        return Err(Reject::IcebergExceeds);
    }
    if order.expires_at.is_some_and(|expires_at| expires_at <= now) {
        return Err(Reject::ExpiryInPast);
    }
    spec.check(order)
}

/// Returns the plan of an order that passed [`check`], given the available balance; `None` for a market order without a
/// reference price, which expires at once.
///
/// # Errors
/// [`Reject::InsufficientBalance`], or a market order whose amount buys too little or too much.
pub(super) fn plan(spec: &SymbolSpec, order: &NewOrder, available: Amount) -> Result<Option<Plan>, Reject> {
    let condition = order.trigger.map(|trigger| Condition {
        trigger,
        direction: order.kind.direction(order.side),
        collar: order.kind.is_market().then_some(spec.market_collar),
    });
    if order.kind.is_market() {
        // A price of zero cannot serve as a reference price.
        return match basis(order).filter(|basis| basis.ticks() > 0) {
            None => Ok(None),
            Some(basis) => market(spec, order, basis, available).map(|plan| Some(Plan { condition, ..plan })),
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
        (OrderType::LimitMaker, _) => Policy::PostOnly,
        (_, TimeInForce::Ioc) => Policy::Immediate,
        (_, TimeInForce::Fok) => Policy::FillOrKill,
        (_, TimeInForce::Gtc | TimeInForce::Gtd) => order.expires_at.map_or(Policy::Rest, Policy::RestUntil),
    };
    Ok(Some(Plan { hold, limit, lots, budget: None, policy, condition }))
}

/// Returns the maximum number of lots of the base asset an order buys; of a market order by amount, the lots the amount
/// buys at the price of its hold. A sell buys none, and neither does a market order without such a price.
pub(super) fn bought(spec: &SymbolSpec, order: &NewOrder) -> Lots {
    match (order.side, order.quantity, order.quote_quantity) {
        (Side::Sell, ..) | (Side::Buy, None, None) => Lots::ZERO,
        (Side::Buy, Some(lots), _) => lots,
        (Side::Buy, None, Some(amount)) => {
            let ticks = u128::from(basis(order).map_or(0, Price::ticks));
            let lots = tick_lots(spec, amount).unwrap_or(u128::MAX).checked_div(ticks).unwrap_or_default();
            Lots::new(u64::try_from(lots).unwrap_or(u64::MAX))
        }
    }
}

/// Returns the price of a market order's hold: the reference price or, of one that waits, the price that triggers it;
/// of a buy that follows the market, the highest at which it can be triggered.
fn basis(order: &NewOrder) -> Option<Price> {
    let Some(trigger) = order.trigger else { return order.reference };
    let start = trigger.stop.or(order.reference);
    match (order.side, trigger.trailing) {
        (Side::Buy, Some(bips)) => start.map(|start| bips.above(start)),
        _ => start,
    }
}

/// Bounds a market order to a collar around the reference price; a buy never trades beyond its hold (ADR 0004).
fn market(spec: &SymbolSpec, order: &NewOrder, reference: Price, available: Amount) -> Result<Plan, Reject> {
    let limit = spec.collar(order.side, reference);
    let policy = Policy::Immediate;
    let condition = None;
    match (order.side, order.quantity, order.quote_quantity) {
        (Side::Buy, Some(lots), _) => {
            if spec.notional(reference, lots)? > available {
                return Err(Reject::InsufficientBalance);
            }
            let hold = spec.notional(limit, lots)?.min(available);
            Ok(Plan { hold, limit, lots, budget: Some(tick_lots(spec, hold)?), policy, condition })
        }
        (Side::Buy, None, Some(amount)) => {
            if amount > available {
                return Err(Reject::InsufficientBalance);
            }
            let budget = tick_lots(spec, amount)?;
            check_market_lots(spec, budget / u128::from(reference.ticks()))?;
            let lots = spec.filters.market_lots_max;
            Ok(Plan { hold: amount, limit, lots, budget: Some(budget), policy, condition })
        }
        (Side::Sell, Some(lots), _) => {
            let hold = spec.base_amount(lots)?;
            if hold > available {
                return Err(Reject::InsufficientBalance);
            }
            Ok(Plan { hold, limit, lots, budget: None, policy, condition })
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
            Ok(Plan { hold: spec.base_amount(lots)?, limit, lots, budget: Some(budget), policy, condition })
        }
        (_, None, None) => Err(Reject::UnsupportedCombination),
    }
}

/// A quote amount in ticks × lots, rounded down: what is below one tick-lot cannot be spent.
fn tick_lots(spec: &SymbolSpec, amount: Amount) -> Result<u128, Reject> {
    u128::try_from(amount.units() / i128::from(spec.notional_unit)).map_err(|_| Reject::Overflow)
}

/// Checks that a quote amount results in a quantity the filters allow (corner case C1).
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
