//! Stand-ins for what a bench leaves out: encoders nobody listens to, listeners nobody needs.

use rust_decimal::Decimal;

use crate::{
    actors::{
        KeyListener,
        message::{Encoder, MarketUpdate, TimeUnit, Topic},
    },
    domain::{
        account::UserEvent,
        catalogue::{AssetDefinition, Catalogue, FeeDefinition, SymbolDefinition},
        command::CreateApiKey,
    },
};

/// Encodes nothing: no session ever opens.
#[derive(Debug)]
pub struct NoEncoder;

impl Encoder for NoEncoder {
    fn market(&self, _: Topic, _: &MarketUpdate, _: TimeUnit) -> String {
        String::new()
    }

    fn stream_name(&self, _: Topic) -> String {
        String::new()
    }

    fn user(&self, _: &UserEvent, _: TimeUnit) -> String {
        String::new()
    }

    fn shutdown(&self, _: bool) -> String {
        String::new()
    }
}

/// Listens to nothing.
#[derive(Debug)]
pub struct NoListener;

impl KeyListener for NoListener {
    fn api_key_created(&self, _: &CreateApiKey) {}
}

/// One symbol with the default steps and fees and generous bounds.
///
/// # Errors
/// Never: the definition is valid.
pub fn catalogue() -> anyhow::Result<Catalogue> {
    let asset = |id, name: &str| AssetDefinition { id, name: name.to_owned(), scale: 8 };
    let fee = FeeDefinition { maker: Decimal::new(1, 3), taker: Decimal::new(1, 3) };
    let symbol = SymbolDefinition {
        id: 1,
        name: "BTCUSDT".to_owned(),
        base: "BTC".to_owned(),
        quote: "USDT".to_owned(),
        status: crate::domain::symbol::SymbolStatus::Trading,
        tick_size: Decimal::new(1, 2),
        min_price: Decimal::new(1, 2),
        max_price: Decimal::new(100_000_000, 0),
        step_size: Decimal::new(1, 5),
        min_qty: Decimal::new(1, 5),
        max_qty: Decimal::new(900_000, 0),
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
        max_num_orders: 1_000_000,
        market_collar: Decimal::new(5, 2),
        fees: vec![fee],
    };
    Catalogue::build(&[asset(1, "BTC"), asset(2, "USDT")], &[symbol])
        .map_err(|faults| anyhow::anyhow!(faults.join("; ")))
}
