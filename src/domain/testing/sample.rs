//! A small set of instruments for tests and benches.

use rust_decimal::Decimal;

use crate::domain::instruments::{
    AssetDefinition, FeeDefinition, Instruments, SymbolDefinition, symbol::SymbolStatus,
};

/// One symbol with the default steps and fees and generous bounds.
///
/// # Errors
/// Never: the definition is valid.
pub fn instruments() -> Result<Instruments, Vec<String>> {
    Instruments::build(&assets(), &[symbol(1, "BTCUSDT")])
}

/// The assets of the sample's symbols: BTC, 1, and USDT, 2.
pub fn assets() -> [AssetDefinition; 2] {
    let asset = |id, name: &str| AssetDefinition { id, name: name.to_owned(), scale: 8 };
    [asset(1, "BTC"), asset(2, "USDT")]
}

/// A symbol of BTC in USDT, by another name if there are more of them.
pub fn symbol(id: u32, name: &str) -> SymbolDefinition {
    let fee = FeeDefinition { maker: Decimal::new(1, 3), taker: Decimal::new(1, 3) };
    SymbolDefinition {
        id,
        name: name.to_owned(),
        base: "BTC".to_owned(),
        quote: "USDT".to_owned(),
        status: SymbolStatus::Trading,
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
        three_day_phase: crate::domain::market_data::THREE_DAY_PHASE,
        special_orders: Default::default(),
    }
}
