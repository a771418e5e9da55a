//! Symbols and their filters in the format of `exchangeInfo`.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::json::Json;
use crate::domain::{
    change_log::words::Word,
    instruments::{Instruments, by_symbol::BySymbol, symbol::SymbolSpec},
    orders::{OrderType, StpMode},
    types::{decimal::Units, id::SymbolId, money::Rate},
};

/// The permission sets of every symbol.
pub(crate) const PERMISSION_SETS: &str = r#""permissionSets":[["SPOT"]]"#;

/// The symbols in the format of exchangeInfo, written once for the trading rules in force.
#[derive(Debug)]
pub(crate) struct RenderedSymbols(ArcSwap<SymbolTexts>);

impl RenderedSymbols {
    /// Writes every symbol.
    pub(crate) fn new(instruments: &Arc<Instruments>) -> Self {
        Self(ArcSwap::from_pointee(SymbolTexts::new(instruments)))
    }

    /// Returns the symbols of these instruments; writes them again when the rules have changed.
    pub(crate) fn of(&self, instruments: &Arc<Instruments>) -> Arc<SymbolTexts> {
        let known = self.0.load_full();
        if Arc::ptr_eq(&known.instruments, instruments) {
            return known;
        }
        let written = Arc::new(SymbolTexts::new(instruments));
        self.0.store(Arc::clone(&written));
        written
    }
}

/// The symbols in the format of exchangeInfo.
#[derive(Debug)]
pub(crate) struct SymbolTexts {
    instruments: Arc<Instruments>,
    texts: BySymbol<String>,
}

impl SymbolTexts {
    fn new(instruments: &Arc<Instruments>) -> Self {
        let write = |spec: &SymbolSpec| {
            let mut json = Json::with_capacity(2_048);
            write_symbol(&mut json, spec);
            json.finish()
        };
        Self { instruments: Arc::clone(instruments), texts: BySymbol::new(instruments, write) }
    }

    /// Returns the text of a symbol.
    pub(crate) fn get(&self, symbol: SymbolId) -> Option<&str> {
        self.texts.get(symbol).map(String::as_str)
    }
}

fn write_symbol(json: &mut Json, spec: &SymbolSpec) {
    json.object(|json| {
        json.field("symbol").text(&spec.name);
        json.field("status").text(spec.status.name());
        json.field("baseAsset").text(spec.base.name());
        json.field("baseAssetPrecision").number(spec.base.scale.into());
        json.field("quoteAsset").text(spec.quote.name());
        for name in ["quotePrecision", "quoteAssetPrecision"] {
            json.field(name).number(spec.quote.scale.into());
        }
        json.field("baseCommissionPrecision").number(spec.base.scale.into());
        json.field("quoteCommissionPrecision").number(spec.quote.scale.into());
        json.field("orderTypes").array(|json| {
            OrderType::WORDS.iter().for_each(|(_, word)| json.item().text(word));
        });
        for (name, allowed) in [
            ("icebergAllowed", true),
            ("ocoAllowed", true),
            ("otoAllowed", true),
            ("opoAllowed", false),
            ("quoteOrderQtyMarketAllowed", true),
            ("allowTrailingStop", true),
            ("cancelReplaceAllowed", true),
            ("amendAllowed", true),
            ("pegInstructionsAllowed", false),
            ("isSpotTradingAllowed", true),
            ("isMarginTradingAllowed", false),
        ] {
            json.field(name).boolean(allowed);
        }
        json.field("filters").array(|json| write_filters(json, spec));
        json.field("permissions").array(|_| {});
        json.field("permissionSets").raw(PERMISSION_SETS.trim_start_matches("\"permissionSets\":"));
        json.field("defaultSelfTradePreventionMode").text(StpMode::default().word());
        json.field("allowedSelfTradePreventionModes").array(|json| {
            StpMode::WORDS.iter().for_each(|(_, word)| json.item().text(word));
        });
        // An extension: a client that estimates a market order has to know how far its price may go.
        json.field("marketCollar").units(Units { value: spec.market_collar.units().into(), scale: 8 });
    });
}

pub(crate) fn write_filters(json: &mut Json, spec: &SymbolSpec) {
    let filters = &spec.filters;
    let zero = Units { value: 0, scale: 8 };
    let rate = |rate: Rate| Units { value: rate.units().into(), scale: 8 };
    let tick = Units { value: spec.tick_units.into(), scale: spec.quote.scale };
    let step = Units { value: spec.lot_units.into(), scale: spec.base.scale };
    let mut filter = |kind: &str, bounds: &[(&str, Units)]| {
        json.item().object(|json| {
            json.field("filterType").text(kind);
            for &(name, value) in bounds {
                json.field(name).units(value);
            }
        });
    };
    let (price, lots) = (|price| spec.price_units(price), |lots| spec.lots_units(lots));
    filter(
        "PRICE_FILTER",
        &[("minPrice", price(filters.price_min)), ("maxPrice", price(filters.price_max)), ("tickSize", tick)],
    );
    filter(
        "LOT_SIZE",
        &[("minQty", lots(filters.lots_min)), ("maxQty", lots(filters.lots_max)), ("stepSize", step)],
    );
    // LOT_SIZE's step applies to market orders too; this filter has none of its own.
    let market = (lots(filters.market_lots_min), lots(filters.market_lots_max));
    filter("MARKET_LOT_SIZE", &[("minQty", market.0), ("maxQty", market.1), ("stepSize", zero)]);
    json.item().object(|json| {
        json.field("filterType").text("NOTIONAL");
        json.field("minNotional").units(spec.quote_units(filters.notional_min));
        json.field("applyMinToMarket").boolean(filters.notional_min_applies_to_market);
        json.field("maxNotional").units(spec.quote_units(filters.notional_max));
        json.field("applyMaxToMarket").boolean(filters.notional_max_applies_to_market);
        // 0 minutes: the reference is the last price.
        json.field("avgPriceMins").number(0);
    });
    json.item().object(|json| {
        json.field("filterType").text("PERCENT_PRICE_BY_SIDE");
        json.field("bidMultiplierUp").units(rate(filters.bid_multiplier_up));
        json.field("bidMultiplierDown").units(rate(filters.bid_multiplier_down));
        json.field("askMultiplierUp").units(rate(filters.ask_multiplier_up));
        json.field("askMultiplierDown").units(rate(filters.ask_multiplier_down));
        json.field("avgPriceMins").number(0);
    });
    json.item().object(|json| {
        json.field("filterType").text("MAX_NUM_ORDERS");
        json.field("maxNumOrders").number(filters.open_orders_max.into());
    });
    write_special_filters(json, spec);
}

/// Writes the filters of icebergs, conditional orders and lists; disabled ones are omitted, except the one that some
/// clients require.
fn write_special_filters(json: &mut Json, spec: &SymbolSpec) {
    let special = &spec.filters.special;
    for (kind, name, max) in [
        ("ICEBERG_PARTS", "limit", special.iceberg_parts_max),
        ("MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders", special.algo_orders_max),
        ("MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders", special.iceberg_orders_max),
        ("MAX_NUM_ORDER_LISTS", "maxNumOrderLists", special.order_lists_max),
        ("MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends", special.amends_max),
    ] {
        if max != 0 || kind == "MAX_NUM_ALGO_ORDERS" {
            json.item().object(|json| {
                json.field("filterType").text(kind);
                json.field(name).number(max.into());
            });
        }
    }
    let (above, below) = (special.trailing_above, special.trailing_below);
    json.item().object(|json| {
        json.field("filterType").text("TRAILING_DELTA");
        json.field("minTrailingAboveDelta").number(above.0.into());
        json.field("maxTrailingAboveDelta").number(above.1.into());
        json.field("minTrailingBelowDelta").number(below.0.into());
        json.field("maxTrailingBelowDelta").number(below.1.into());
    });
    if !special.position_max.is_zero() {
        json.item().object(|json| {
            json.field("filterType").text("MAX_POSITION");
            json.field("maxPosition").units(spec.lots_units(special.position_max));
        });
    }
}
