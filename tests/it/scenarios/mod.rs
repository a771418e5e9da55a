//! Markets described as tables: the exchange's own in `tests/scenarios`, one rule a file, and those of others in the
//! shared data (`EXCHANGE_DATA`, else `../shared/data`), all driven through account and symbol slots.

mod exchange_core;
mod kraken;
mod own;

use std::path::PathBuf;

use lightning_exchange::domain::{
    instruments::{FeeDefinition, SymbolDefinition, symbol::SymbolStatus},
    orders::{NewOrder, Side},
    types::{
        id::{AccountId, SymbolId},
        money::{Lots, Price},
    },
};
use rust_decimal::Decimal;

use crate::support::data;

/// Returns the conformance data of others; `None` when it is not here, and then the test is recorded as skipped.
fn conformance(path: &str) -> Option<PathBuf> {
    data(&format!("conformance/{path}"))
}

/// A symbol without filters or fees.
fn symbol(id: u32, base: &str, quote: &str, tick_size: Decimal) -> SymbolDefinition {
    SymbolDefinition {
        id,
        name: format!("{base}{quote}"),
        base: base.to_owned(),
        quote: quote.to_owned(),
        status: SymbolStatus::Trading,
        tick_size,
        min_price: tick_size,
        max_price: tick_size * Decimal::from(1_000_000),
        step_size: Decimal::ONE,
        min_qty: Decimal::ONE,
        max_qty: Decimal::from(1_000_000),
        market_min_qty: Decimal::ZERO,
        market_max_qty: Decimal::ZERO,
        min_notional: Decimal::ZERO,
        apply_min_to_market: false,
        max_notional: Decimal::ZERO,
        apply_max_to_market: false,
        bid_multiplier_up: Decimal::ZERO,
        bid_multiplier_down: Decimal::ZERO,
        ask_multiplier_up: Decimal::ZERO,
        ask_multiplier_down: Decimal::ZERO,
        max_num_orders: 200,
        market_collar: Decimal::ONE,
        fees: vec![FeeDefinition { maker: Decimal::ZERO, taker: Decimal::ZERO }],
        three_day_phase: lightning_exchange::domain::market_data::THREE_DAY_PHASE,
        special_orders: Default::default(),
    }
}

/// A limit order that rests until it is cancelled.
fn limit(account: AccountId, symbol: SymbolId, side: Side, price: u64, lots: u64) -> NewOrder {
    NewOrder::limit(account, symbol, side, Price::from_ticks(price), Lots::new(lots))
}
