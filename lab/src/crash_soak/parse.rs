//! Reads the exchange's JSON.

use serde_json::Value;

use super::{
    amount::units,
    market::{Asset, Symbol},
    record::{OrderState, SeenFill},
    view::Fill,
};

pub(super) fn amount(value: &Value) -> Option<i64> {
    value.as_str().and_then(units)
}

/// An order as replies and queries have it; short replies leave fields out.
pub(super) fn order(value: &Value) -> Option<OrderState> {
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    let number = |name: &str| value.get(name).map_or(Some(0), amount);
    // A cancel's reply has its own name in `clientOrderId`; an amend's reply has the old one in the other field.
    let is_cancel = value.get("transactTime").is_some() && value.get("origClientOrderId").is_some();
    let name = if is_cancel { text("origClientOrderId") } else { text("clientOrderId") };
    Some(OrderState {
        id: value["orderId"].as_u64()?,
        symbol: Symbol::named(value["symbol"].as_str()?)?,
        name: name?,
        status: text("status").unwrap_or_default(),
        buy: value["side"].as_str() == Some("BUY"),
        price: number("price")?,
        qty: number(if value.get("qty").is_some() { "qty" } else { "origQty" })?,
        executed: number("executedQty")?,
        prevented: number(if value.get("preventedQty").is_some() {
            "preventedQty"
        } else {
            "preventedQuantity"
        })?,
        quote: number(if value.get("cumulativeQuoteQty").is_some() {
            "cumulativeQuoteQty"
        } else {
            "cummulativeQuoteQty"
        })?,
    })
}

/// The fills of a reply to a new order; none in the shorter forms.
pub(super) fn seen_fills(value: &Value) -> Option<Vec<SeenFill>> {
    let Some(list) = value.get("fills").and_then(Value::as_array) else { return Some(Vec::new()) };
    let one = |fill: &Value| {
        Some(SeenFill {
            trade: fill["tradeId"].as_u64()?,
            price: amount(&fill["price"])?,
            qty: amount(&fill["qty"])?,
            fee: amount(&fill["commission"])?,
            fee_asset: Asset::named(fill["commissionAsset"].as_str()?)?,
        })
    };
    list.iter().map(one).collect()
}

/// One of an account's trades.
pub(super) fn fill(value: &Value) -> Option<Fill> {
    Some(Fill {
        order: value["orderId"].as_u64()?,
        quote: amount(&value["quoteQty"])?,
        buyer: value["isBuyer"].as_bool()?,
        maker: value["isMaker"].as_bool()?,
        seen: SeenFill {
            trade: value["id"].as_u64()?,
            price: amount(&value["price"])?,
            qty: amount(&value["qty"])?,
            fee: amount(&value["commission"])?,
            fee_asset: Asset::named(value["commissionAsset"].as_str()?)?,
        },
    })
}

/// An `executionReport`: the order after it, and the fill if it is one.
pub(super) fn execution(value: &Value) -> Option<(OrderState, Option<SeenFill>)> {
    let number = |name: &str| value.get(name).map_or(Some(0), amount);
    let name = if value["x"].as_str() == Some("CANCELED") { "C" } else { "c" };
    let order = OrderState {
        id: value["i"].as_u64()?,
        symbol: Symbol::named(value["s"].as_str()?)?,
        name: value[name].as_str()?.to_owned(),
        status: value["X"].as_str()?.to_owned(),
        buy: value["S"].as_str() == Some("BUY"),
        price: number("p")?,
        qty: number("q")?,
        executed: number("z")?,
        prevented: number("A")?,
        quote: number("Z")?,
    };
    let fill = match value["t"].as_u64() {
        None => None,
        Some(trade) => Some(SeenFill {
            trade,
            price: number("L")?,
            qty: number("l")?,
            fee: number("n")?,
            fee_asset: Asset::named(value["N"].as_str()?)?,
        }),
    };
    Some((order, fill))
}
