//! Converts values of the domain to messages.

use super::schema::{self, Level};
use crate::{
    domain::{
        change_log::words::Word,
        instruments::{asset::Asset, symbol::SymbolSpec},
        messages::command::Balance,
        orders::{Fill, Order, Side},
        types::money::{Lots, Price},
    },
    http::gateway,
};

/// Returns an account's balance of an asset.
pub(super) fn balance(asset: Asset, balance: Balance) -> schema::Balance {
    schema::Balance {
        currency_id: asset.id.get(),
        currency: asset.name().to_owned(),
        available: asset.units(balance.available).to_string(),
        frozen: asset.units(balance.held).to_string(),
    }
}

/// Returns a side.
pub(super) const fn side(side: Side) -> schema::Side {
    match side {
        Side::Buy => schema::Side::Bid,
        Side::Sell => schema::Side::Ask,
    }
}

/// Returns an order as its account sees it.
pub(super) fn order(spec: &SymbolSpec, order: &Order) -> schema::Order {
    schema::Order {
        order_id: order.id.get(),
        client_order_id: order.client_id.as_str().to_owned(),
        symbol_id: order.symbol.get(),
        account_id: order.account.get(),
        r#type: order.kind.word().to_owned(),
        side: side(order.side).into(),
        price: spec.price_units(order.price).to_string(),
        quantity: spec.lots_units(gateway::ordered(order)).to_string(),
        executed_quantity: spec.lots_units(order.executed).to_string(),
        executed_quote_quantity: spec.quote_units(order.executed_quote).to_string(),
        status: gateway::status(order).to_owned(),
        time_in_force: gateway::time_in_force(order).to_owned(),
        timestamp: order.updated_at.millis(),
    }
}

/// Returns a trade of an order.
pub(super) fn fill(spec: &SymbolSpec, fill: &Fill) -> schema::Fill {
    let received = spec.received(fill.side);
    schema::Fill {
        trade_id: fill.trade.get(),
        price: spec.price_units(fill.price).to_string(),
        quantity: spec.lots_units(fill.lots).to_string(),
        fee: received.units(fill.fee).to_string(),
        fee_currency: received.name().to_owned(),
        is_maker: fill.is_maker,
    }
}

/// Returns a level of a book.
pub(super) fn level(spec: &SymbolSpec, (price, lots): (Price, Lots)) -> Level {
    Level { price: spec.price_units(price).to_string(), quantity: spec.lots_units(lots).to_string() }
}
