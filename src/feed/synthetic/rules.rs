//! The symbol's rules for the synthetic market's orders.

use rust_decimal::{Decimal, prelude::ToPrimitive};

/// Worth of an ordinary quote in US dollars.
const QUOTE_WORTH: u64 = 400;

/// A symbol's rules for orders, in ticks and lots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Where the walk starts, in ticks.
    pub start: u64,
    /// The highest price, in ticks.
    pub price_max: u64,
    /// An ordinary quote's quantity, in lots.
    pub quote_lots: u64,
    /// The smallest quantity the notional filter accepts at any price the walk reaches, in lots.
    pub lots_min: u64,
    /// The largest quantity, in lots.
    pub lots_max: u64,
}

/// The filters of a symbol, in whole units of its assets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filters {
    /// PRICE_FILTER `tickSize`.
    pub tick: Decimal,
    /// LOT_SIZE `stepSize`.
    pub step: Decimal,
    /// PRICE_FILTER `maxPrice`.
    pub price_max: Decimal,
    /// LOT_SIZE `minQty`.
    pub quantity_min: Decimal,
    /// The smaller of the `maxQty` of LOT_SIZE and MARKET_LOT_SIZE.
    pub quantity_max: Decimal,
    /// NOTIONAL `minNotional`; 0 for none.
    pub notional_min: Decimal,
}

impl Rules {
    /// Returns the rules that follow from a symbol's filters and its base and quote asset; `None` when the filters leave no
    /// room for a market.
    pub fn new(filters: &Filters, [base, quote]: [&str; 2]) -> Option<Self> {
        let Filters { tick, step, price_max, quantity_min, quantity_max, notional_min } = *filters;
        let start = Decimal::from(worth(base)).checked_div(Decimal::from(worth(quote)))?;
        let lots = |quantity: Decimal| quantity.checked_div(step)?.ceil().to_u64();
        let quote_lots = lots(Decimal::from(QUOTE_WORTH).checked_div(Decimal::from(worth(base)))?)?;
        // The walk stays above half its start; twice as much again leaves room for rounding.
        let lots_min =
            lots(quantity_min)?.max(lots(notional_min.checked_mul(Decimal::from(4))?.checked_div(start)?)?);
        let rules = Self {
            start: start.checked_div(tick)?.to_u64()?,
            price_max: price_max.checked_div(tick)?.to_u64()?,
            quote_lots: quote_lots.max(lots_min),
            lots_min,
            lots_max: quantity_max.checked_div(step)?.to_u64()?,
        };
        let has_room = rules.start > 0 && rules.start < rules.price_max && rules.lots_min <= rules.lots_max;
        has_room.then_some(rules)
    }
}

/// Roughly the US dollars of one whole unit: where a market without trades starts.
pub const fn worth(asset: &str) -> u64 {
    match asset.as_bytes() {
        b"BTC" => 64_000,
        b"ETH" => 3_200,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules_of(assets: [&str; 2], tick: &str, step: &str, notional: &str) -> Option<Rules> {
        let exact = |text| Decimal::from_str_exact(text).unwrap();
        let filters = Filters {
            tick: exact(tick),
            step: exact(step),
            price_max: exact("1000000"),
            quantity_min: exact(step),
            quantity_max: exact("9000"),
            notional_min: exact(notional),
        };
        Rules::new(&filters, assets)
    }

    #[test]
    fn the_rules_follow_from_the_filters() {
        let rules = rules_of(["BTC", "USDT"], "0.01", "0.00001", "5").unwrap();
        assert_eq!((rules.start, rules.quote_lots, rules.lots_min), (6_400_000, 625, 32));
        let rules = rules_of(["ETH", "BTC"], "0.00001", "0.001", "0.0001").unwrap();
        assert_eq!((rules.start, rules.quote_lots, rules.lots_min), (5_000, 125, 8));
        assert_eq!(rules_of(["BTC", "USDT"], "0.01", "1000", "900000000"), None);
    }
}
