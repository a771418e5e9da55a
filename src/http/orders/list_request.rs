//! Reads lists of orders from parameters: every order of a list has its own parameter names.

use super::{
    fields::{Names, OrderCommon},
    request::{client_order_id, priced, read_kind, read_side, read_stp, read_terms, required_quantity},
};
use crate::{
    domain::{
        instruments::symbol::SymbolSpec,
        orders::{ListOrders, NewOrder, OrderListRef, OrderType, PlaceList, Side, TimeInForce},
        types::{id::OrderListId, money::Lots},
    },
    http::{routing::request_context::RequestContext, wire::error::ApiError},
};

/// The names of an order's parameters after a prefix.
macro_rules! names {
    ($prefix:literal) => {
        Names {
            kind: concat!($prefix, "Type"),
            price: concat!($prefix, "Price"),
            stop_price: concat!($prefix, "StopPrice"),
            trailing_delta: concat!($prefix, "TrailingDelta"),
            iceberg: concat!($prefix, "IcebergQty"),
            time_in_force: concat!($prefix, "TimeInForce"),
            client_id: concat!($prefix, "ClientOrderId"),
            strategy_id: concat!($prefix, "StrategyId"),
            strategy_type: concat!($prefix, "StrategyType"),
        }
    };
}

const ABOVE: Names = names!("above");
const BELOW: Names = names!("below");
const WORKING: Names = names!("working");
const PENDING: Names = names!("pending");
const PENDING_ABOVE: Names = names!("pendingAbove");
const PENDING_BELOW: Names = names!("pendingBelow");

/// The names of the deprecated pair: the types follow from the parameters sent.
const STOP: Names = Names {
    kind: "type",
    price: "stopLimitPrice",
    stop_price: "stopPrice",
    trailing_delta: "trailingDelta",
    iceberg: "stopIcebergQty",
    time_in_force: "stopLimitTimeInForce",
    client_id: "stopClientOrderId",
    strategy_id: "stopStrategyId",
    strategy_type: "stopStrategyType",
};
const LIMIT: Names = Names {
    kind: "type",
    price: "price",
    stop_price: "limitStopPrice",
    trailing_delta: "limitTrailingDelta",
    iceberg: "limitIcebergQty",
    time_in_force: "limitTimeInForce",
    client_id: "limitClientOrderId",
    strategy_id: "limitStrategyId",
    strategy_type: "limitStrategyType",
};

/// Reads what `POST orderList/oco` places.
///
/// # Errors
/// The first parameter that is missing, malformed or out of place, or the reason the two orders do not fit together.
pub(crate) fn oco(call: &RequestContext<'_>, spec: &SymbolSpec) -> Result<PlaceList, ApiError> {
    let common = common(call, spec, "side", "quantity")?;
    let orders = read_pair(call, spec, common, (&ABOVE, &BELOW))?;
    list(call, spec, ListOrders::Pair(orders))
}

/// Reads what the deprecated `POST order/oco` places: a maker and a stop.
///
/// # Errors
/// As [`pair`].
pub(crate) fn legacy_oco(call: &RequestContext<'_>, spec: &SymbolSpec) -> Result<PlaceList, ApiError> {
    let common = common(call, spec, "side", "quantity")?;
    let stop_kind = match call.params.get(STOP.price) {
        Some(_) => OrderType::StopLossLimit,
        None => OrderType::StopLoss,
    };
    call.params.required(STOP.stop_price)?;
    let part = |names, kind| {
        let order = read_terms(&call.params, spec, names).order(names, kind, common)?;
        Ok::<_, ApiError>(priced(call, spec, order))
    };
    let (maker, stop) = (part(&LIMIT, OrderType::LimitMaker)?, part(&STOP, stop_kind)?);
    let orders = match common.side {
        Side::Sell => [maker, stop],
        Side::Buy => [stop, maker],
    };
    list(call, spec, ListOrders::Pair(orders))
}

/// Reads what `POST orderList/oto` places.
///
/// # Errors
/// As [`pair`].
pub(crate) fn oto(call: &RequestContext<'_>, spec: &SymbolSpec) -> Result<PlaceList, ApiError> {
    let working = read_working(call, spec)?;
    let common = common(call, spec, "pendingSide", "pendingQuantity")?;
    let pending = read_leg(call, spec, common, &PENDING)?;
    list(call, spec, ListOrders::Then(working, pending))
}

/// Reads what `POST orderList/otoco` places.
///
/// # Errors
/// As [`pair`].
pub(crate) fn otoco(call: &RequestContext<'_>, spec: &SymbolSpec) -> Result<PlaceList, ApiError> {
    let working = read_working(call, spec)?;
    let common = common(call, spec, "pendingSide", "pendingQuantity")?;
    let pair = read_pair(call, spec, common, (&PENDING_ABOVE, &PENDING_BELOW))?;
    list(call, spec, ListOrders::ThenPair(working, pair))
}

/// Reads a list reference.
///
/// # Errors
/// -1102 when neither name is given.
pub(crate) fn list_ref(call: &RequestContext<'_>, client_id: &'static str) -> Result<OrderListRef, ApiError> {
    let sent = call.params.integer("orderListId")?;
    let client_id_sent = client_order_id(call, client_id)?;
    if sent.is_none() && client_id_sent.is_none() {
        return Err(ApiError::missing_either("orderListId", client_id));
    }
    // There is no list 0, so no list has that id.
    let id = sent.map(|id| OrderListId::new(id).ok_or_else(|| ApiError::invalid("orderListId")));
    Ok(OrderListRef { id: id.transpose()?, client_id: client_id_sent })
}

fn list(call: &RequestContext<'_>, spec: &SymbolSpec, orders: ListOrders) -> Result<PlaceList, ApiError> {
    let client_id = client_order_id(call, "listClientOrderId")?;
    Ok(PlaceList { account: call.account()?, symbol: spec.id, client_id, orders })
}

fn common(
    call: &RequestContext<'_>,
    spec: &SymbolSpec,
    side: &'static str,
    quantity: &'static str,
) -> Result<OrderCommon, ApiError> {
    let side = read_side(&call.params, side)?;
    let lots: Lots = required_quantity(&call.params, spec, quantity)?;
    Ok(OrderCommon {
        account: call.account()?,
        symbol: spec.id,
        side,
        quantity: Some(lots),
        stp: read_stp(&call.params)?,
    })
}

fn read_working(call: &RequestContext<'_>, spec: &SymbolSpec) -> Result<NewOrder, ApiError> {
    let common = common(call, spec, "workingSide", "workingQuantity")?;
    let order = read_leg(call, spec, common, &WORKING)?;
    match order.kind {
        OrderType::Limit | OrderType::LimitMaker => Ok(order),
        _ => Err(ApiError::invalid(WORKING.kind)),
    }
}

fn read_leg(
    call: &RequestContext<'_>,
    spec: &SymbolSpec,
    common: OrderCommon,
    names: &Names,
) -> Result<NewOrder, ApiError> {
    let kind = read_kind(&call.params, names.kind)?;
    let order = read_terms(&call.params, spec, names).order(names, kind, common)?;
    if order.iceberg.is_some() && order.time_in_force != TimeInForce::Gtc {
        return Err(ApiError::iceberg_in_force(names.iceberg));
    }
    Ok(priced(call, spec, order))
}

fn read_pair(
    call: &RequestContext<'_>,
    spec: &SymbolSpec,
    common: OrderCommon,
    (above, below): (&Names, &Names),
) -> Result<[NewOrder; 2], ApiError> {
    let kind = |names: &Names| read_kind(&call.params, names.kind);
    check_kinds(common.side, kind(above)?, kind(below)?)?;
    Ok([read_leg(call, spec, common, above)?, read_leg(call, spec, common, below)?])
}

/// Rejects a pair whose types do not fit together, in Binance's words; their prices are checked by the exchange.
fn check_kinds(side: Side, above: OrderType, below: OrderType) -> Result<(), ApiError> {
    let is_stop = |kind| matches!(kind, OrderType::StopLoss | OrderType::StopLossLimit);
    let is_gain = |kind| matches!(kind, OrderType::TakeProfit | OrderType::TakeProfitLimit);
    let is_maker = |kind| kind == OrderType::LimitMaker;
    let is_offered = |kind| is_stop(kind) || is_gain(kind) || is_maker(kind);
    if !is_offered(above) || !is_offered(below) {
        return Err(ApiError::pair_type());
    }
    if is_maker(above) && is_maker(below) {
        return Err(ApiError::pair_of_limits());
    }
    match side {
        Side::Buy if is_maker(above) => Err(ApiError::buy_limit_above()),
        Side::Buy if is_gain(above) => Err(ApiError::buy_gain_above()),
        Side::Buy if is_stop(below) => Err(ApiError::buy_stop_below()),
        Side::Sell if is_maker(below) => Err(ApiError::sell_limit_below()),
        Side::Sell if is_gain(below) => Err(ApiError::sell_gain_below()),
        Side::Sell if is_stop(above) => Err(ApiError::sell_stop_above()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_that_does_not_fit_is_refused_with_its_own_code() {
        use OrderType::{Limit, LimitMaker, Market, StopLoss, StopLossLimit, TakeProfit, TakeProfitLimit};
        let code = |side, above, below| check_kinds(side, above, below).err().map_or(0, |error| error.code());
        for (side, above, below, expected) in [
            (Side::Sell, LimitMaker, StopLoss, 0),
            (Side::Sell, TakeProfitLimit, StopLossLimit, 0),
            (Side::Buy, StopLossLimit, LimitMaker, 0),
            (Side::Buy, StopLoss, TakeProfit, 0),
            (Side::Sell, Limit, StopLoss, -1158),
            (Side::Sell, LimitMaker, Market, -1158),
            (Side::Sell, LimitMaker, LimitMaker, -1168),
            (Side::Buy, LimitMaker, TakeProfit, -1165),
            (Side::Sell, TakeProfit, LimitMaker, -1166),
            (Side::Buy, StopLoss, StopLossLimit, -1196),
            (Side::Sell, StopLoss, StopLoss, -1197),
            (Side::Buy, TakeProfit, LimitMaker, -1198),
            (Side::Sell, LimitMaker, TakeProfit, -1199),
        ] {
            assert_eq!(code(side, above, below), expected, "{side:?} {above:?} {below:?}");
        }
    }
}
