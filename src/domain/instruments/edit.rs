//! Edits of a symbol's trading rules, in the words of its definition, checked as a definition is.

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, de};

use super::{
    FeeDefinition, Instruments, SpecialOrders, SymbolDefinition,
    rules::TradingRules,
    spec::SpecBuilder,
    symbol::{SymbolSpec, SymbolStatus},
};
use crate::domain::types::{
    decimal::Units,
    money::{Amount, Lots, Price, Rate},
};

/// What to change about a symbol; what is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct SymbolEdit {
    /// Whether it trades.
    pub status: Option<SymbolStatus>,
    /// The lowest price.
    #[serde(deserialize_with = "text")]
    pub min_price: Option<Decimal>,
    /// The highest price.
    #[serde(deserialize_with = "text")]
    pub max_price: Option<Decimal>,
    /// The lowest quantity.
    #[serde(deserialize_with = "text")]
    pub min_qty: Option<Decimal>,
    /// The highest quantity.
    #[serde(deserialize_with = "text")]
    pub max_qty: Option<Decimal>,
    /// The lowest quantity of a market order.
    #[serde(deserialize_with = "text")]
    pub market_min_qty: Option<Decimal>,
    /// The highest quantity of a market order.
    #[serde(deserialize_with = "text")]
    pub market_max_qty: Option<Decimal>,
    /// The lowest price × quantity.
    #[serde(deserialize_with = "text")]
    pub min_notional: Option<Decimal>,
    /// Whether the minimum applies to market orders too.
    pub apply_min_to_market: Option<bool>,
    /// The highest price × quantity.
    #[serde(deserialize_with = "text")]
    pub max_notional: Option<Decimal>,
    /// Whether the maximum applies to market orders too.
    pub apply_max_to_market: Option<bool>,
    /// How far above the last price a buy may be.
    #[serde(deserialize_with = "text")]
    pub bid_multiplier_up: Option<Decimal>,
    /// How far below the last price a buy may be.
    #[serde(deserialize_with = "text")]
    pub bid_multiplier_down: Option<Decimal>,
    /// How far above the last price a sell may be.
    #[serde(deserialize_with = "text")]
    pub ask_multiplier_up: Option<Decimal>,
    /// How far below the last price a sell may be.
    #[serde(deserialize_with = "text")]
    pub ask_multiplier_down: Option<Decimal>,
    /// The maximum number of open orders per account.
    pub max_num_orders: Option<u32>,
    /// How far from the last price a market order may trade.
    #[serde(deserialize_with = "text")]
    pub market_collar: Option<Decimal>,
    /// Fee rates by account tier, tier 0 first; all of them.
    pub fees: Option<Vec<FeeEdit>>,
    /// The bounds of icebergs, conditional orders and lists; one that is left out stays.
    pub special_orders: SpecialEdit,
}

/// Fee rates of one tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FeeEdit {
    /// The maker's rate.
    #[serde(deserialize_with = "required_text")]
    pub maker: Decimal,
    /// The taker's rate.
    #[serde(deserialize_with = "required_text")]
    pub taker: Decimal,
}

/// What to change about the bounds of icebergs, conditional orders and lists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct SpecialEdit {
    /// The maximum number of parts an iceberg may show.
    pub iceberg_parts: Option<u32>,
    /// The maximum number of open conditional orders per account.
    pub max_num_algo_orders: Option<u32>,
    /// The maximum number of open icebergs per account.
    pub max_num_iceberg_orders: Option<u32>,
    /// The maximum number of open order lists per account.
    pub max_num_order_lists: Option<u32>,
    /// How often an order may be amended.
    pub max_num_order_amends: Option<u32>,
    /// The smallest trailing distance of orders that start to follow a risen market.
    pub min_trailing_above_delta: Option<u16>,
    /// The largest one.
    pub max_trailing_above_delta: Option<u16>,
    /// The smallest trailing distance of orders that start to follow a fallen market.
    pub min_trailing_below_delta: Option<u16>,
    /// The largest one.
    pub max_trailing_below_delta: Option<u16>,
    /// The maximum of the base asset an account may own and be buying.
    #[serde(deserialize_with = "text")]
    pub max_position: Option<Decimal>,
}

/// Reads a decimal that is written as text: a JSON number could not be read exactly.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    required_text(deserializer).map(Some)
}

fn required_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let text = String::deserialize(deserializer)?;
    Decimal::from_str_exact(&text).map_err(|_| de::Error::custom(format!("{text:?} is not a decimal number")))
}

/// The reason an edit is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// There is no such symbol.
    #[error("unknown symbol")]
    UnknownSymbol,
    /// A delisted symbol has no rules to change.
    #[error("the symbol is delisted for good; list another one")]
    Delisted,
    /// The rules would contradict themselves or their bounds.
    #[error("{}", .0.join("; "))]
    Faults(Vec<String>),
}

impl SymbolEdit {
    fn apply(&self, definition: &mut SymbolDefinition) {
        fn set<T: Clone>(field: &mut T, value: &Option<T>) {
            if let Some(value) = value {
                *field = value.clone();
            }
        }
        set(&mut definition.status, &self.status);
        set(&mut definition.min_price, &self.min_price);
        set(&mut definition.max_price, &self.max_price);
        set(&mut definition.min_qty, &self.min_qty);
        set(&mut definition.max_qty, &self.max_qty);
        set(&mut definition.market_min_qty, &self.market_min_qty);
        set(&mut definition.market_max_qty, &self.market_max_qty);
        set(&mut definition.min_notional, &self.min_notional);
        set(&mut definition.apply_min_to_market, &self.apply_min_to_market);
        set(&mut definition.max_notional, &self.max_notional);
        set(&mut definition.apply_max_to_market, &self.apply_max_to_market);
        set(&mut definition.bid_multiplier_up, &self.bid_multiplier_up);
        set(&mut definition.bid_multiplier_down, &self.bid_multiplier_down);
        set(&mut definition.ask_multiplier_up, &self.ask_multiplier_up);
        set(&mut definition.ask_multiplier_down, &self.ask_multiplier_down);
        set(&mut definition.max_num_orders, &self.max_num_orders);
        set(&mut definition.market_collar, &self.market_collar);
        if let Some(fees) = &self.fees {
            let rates = |fee: &FeeEdit| FeeDefinition { maker: fee.maker, taker: fee.taker };
            definition.fees = fees.iter().map(rates).collect();
        }
        let (special, edit) = (&mut definition.special_orders, &self.special_orders);
        set(&mut special.iceberg_parts, &edit.iceberg_parts);
        set(&mut special.max_num_algo_orders, &edit.max_num_algo_orders);
        set(&mut special.max_num_iceberg_orders, &edit.max_num_iceberg_orders);
        set(&mut special.max_num_order_lists, &edit.max_num_order_lists);
        set(&mut special.max_num_order_amends, &edit.max_num_order_amends);
        set(&mut special.min_trailing_above_delta, &edit.min_trailing_above_delta);
        set(&mut special.max_trailing_above_delta, &edit.max_trailing_above_delta);
        set(&mut special.min_trailing_below_delta, &edit.min_trailing_below_delta);
        set(&mut special.max_trailing_below_delta, &edit.max_trailing_below_delta);
        set(&mut special.max_position, &edit.max_position);
    }
}

impl Instruments {
    /// Returns the rules a symbol would have after an edit.
    ///
    /// # Errors
    /// There is no such symbol, it is delisted, or the rules would not be valid: all faults found.
    pub fn edited(&self, symbol: &str, edit: &SymbolEdit) -> Result<TradingRules, EditError> {
        let spec = self.symbol_named(symbol).ok_or(EditError::UnknownSymbol)?;
        let mut definition = spec.definition();
        edit.apply(&mut definition);
        let mut faults = Vec::new();
        let builder =
            SpecBuilder { definition: &definition, base: spec.base, quote: spec.quote, faults: &mut faults };
        let edited = builder.build();
        if definition.fees.len() < spec.fees.len() {
            faults.push(format!(
                "fees: {} tiers, and accounts may be of any of the {} there are",
                definition.fees.len(),
                spec.fees.len()
            ));
        }
        match edited.filter(|_| faults.is_empty()).map(|edited| edited.rules()) {
            None => Err(EditError::Faults(faults)),
            Some(rules) if spec.status == SymbolStatus::Delisted && rules != spec.rules() => {
                Err(EditError::Delisted)
            }
            Some(rules) => Ok(rules),
        }
    }
}

impl SymbolEdit {
    /// Returns the edit that delists a symbol, and nothing else.
    pub fn delisting() -> Self {
        Self { status: Some(SymbolStatus::Delisted), ..Self::default() }
    }
}

impl SymbolSpec {
    /// Returns the definition that this symbol would be built from.
    pub fn definition(&self) -> SymbolDefinition {
        let filters = &self.filters;
        let special = &filters.special;
        let quote = |units: i128| decimal(Units { value: units, scale: self.quote.scale });
        let price = |price: Price| decimal(self.price_units(price));
        let lots = |lots: Lots| decimal(self.lots_units(lots));
        let amount = |amount: Amount| quote(amount.units());
        let rate = |rate: Rate| decimal(Units { value: rate.units().into(), scale: 8 });
        SymbolDefinition {
            id: self.id.get(),
            name: self.name.clone(),
            base: self.base.name().to_owned(),
            quote: self.quote.name().to_owned(),
            status: self.status,
            tick_size: quote(self.tick_units.into()),
            min_price: price(filters.price_min),
            max_price: price(filters.price_max),
            step_size: decimal(Units { value: self.lot_units.into(), scale: self.base.scale }),
            min_qty: lots(filters.lots_min),
            max_qty: lots(filters.lots_max),
            market_min_qty: lots(filters.market_lots_min),
            // As in a definition: 0 follows the bound of all orders.
            market_max_qty: match filters.market_lots_max {
                max if max == filters.lots_max => Decimal::ZERO,
                max => lots(max),
            },
            min_notional: amount(filters.notional_min),
            apply_min_to_market: filters.notional_min_applies_to_market,
            max_notional: amount(filters.notional_max),
            apply_max_to_market: filters.notional_max_applies_to_market,
            bid_multiplier_up: rate(filters.bid_multiplier_up),
            bid_multiplier_down: rate(filters.bid_multiplier_down),
            ask_multiplier_up: rate(filters.ask_multiplier_up),
            ask_multiplier_down: rate(filters.ask_multiplier_down),
            max_num_orders: filters.open_orders_max,
            market_collar: rate(self.market_collar),
            fees: self
                .fees
                .iter()
                .map(|fee| FeeDefinition { maker: rate(fee.maker), taker: rate(fee.taker) })
                .collect(),
            three_day_phase: self.three_day_phase,
            special_orders: SpecialOrders {
                iceberg_parts: special.iceberg_parts_max,
                max_num_algo_orders: special.algo_orders_max,
                max_num_iceberg_orders: special.iceberg_orders_max,
                max_num_order_lists: special.order_lists_max,
                max_num_order_amends: special.amends_max,
                min_trailing_above_delta: special.trailing_above.0,
                max_trailing_above_delta: special.trailing_above.1,
                min_trailing_below_delta: special.trailing_below.0,
                max_trailing_below_delta: special.trailing_below.1,
                max_position: lots(special.position_max),
            },
        }
    }
}

/// Returns units as a decimal without trailing zeros. Every bound was a decimal once, so it fits again.
fn decimal(units: Units) -> Decimal {
    let Units { mut value, mut scale } = units;
    while scale > 0 && value % 10 == 0 {
        (value, scale) = (value / 10, scale - 1);
    }
    Decimal::from_i128_with_scale(value, scale.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{testing::sample, types::id::SymbolId};

    fn edit(json: &str) -> Result<SymbolEdit, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn every_symbol_is_built_again_from_its_own_definition() {
        let instruments = sample::instruments().unwrap();
        for spec in instruments.symbols() {
            assert_eq!(
                instruments.edited(&spec.name, &SymbolEdit::default()),
                Ok(spec.rules()),
                "{}",
                spec.name
            );
            let mut faults = Vec::new();
            let definition = spec.definition();
            let builder = SpecBuilder {
                definition: &definition,
                base: spec.base,
                quote: spec.quote,
                faults: &mut faults,
            };
            assert_eq!(builder.build().as_ref(), Some(spec.as_ref()), "{faults:?}");
        }
    }

    #[test]
    fn an_edit_changes_what_it_names_and_nothing_else() {
        let instruments = sample::instruments().unwrap();
        let spec = instruments.symbol(SymbolId::new(1)).unwrap();
        let edit = edit(
            r#"{"status": "HALT", "min-notional": "7.5", "fees": [{"maker": "0", "taker": "0.002"}],
                "special-orders": {"max-num-algo-orders": 3}}"#,
        );
        let mut rules = instruments.edited(&spec.name, &edit.unwrap()).unwrap();
        assert_eq!(rules.status, SymbolStatus::Halt);
        assert_eq!(spec.quote_units(rules.filters.notional_min).to_string(), "7.50000000");
        assert_eq!(rules.fees.iter().map(|fee| fee.taker.units()).collect::<Vec<_>>(), [200_000]);
        assert_eq!(rules.filters.special.algo_orders_max, 3);
        let old = spec.rules();
        (rules.status, rules.fees) = (old.status, old.fees.clone());
        rules.filters.notional_min = old.filters.notional_min;
        rules.filters.special.algo_orders_max = old.filters.special.algo_orders_max;
        assert_eq!(rules, old);
    }

    #[test]
    fn what_would_not_be_valid_is_refused_with_every_fault() {
        let instruments = sample::instruments().unwrap();
        let name = &instruments.symbol(SymbolId::new(1)).unwrap().name;
        let refusal = |json: &str| instruments.edited(name, &edit(json).unwrap()).unwrap_err().to_string();
        let both = refusal(r#"{"min-price": "5", "max-price": "4", "fees": []}"#);
        assert!(both.contains("min-price 5 is above max-price 4") && both.contains("fee tiers"), "{both}");
        assert!(refusal(r#"{"min-price": "0.000000001"}"#).contains("min-price"));
        assert_eq!(instruments.edited("NONE", &SymbolEdit::default()), Err(EditError::UnknownSymbol));
        for json in [
            r#"{"tick-size": "0.1"}"#,
            r#"{"min-price": 5}"#,
            r#"{"min-price": "5e1x"}"#,
            r#"{"status": "OPEN"}"#,
        ] {
            assert!(edit(json).is_err(), "{json}");
        }
    }

    #[test]
    fn no_tier_loses_its_fees_and_a_bound_that_was_left_out_follows_the_other() {
        let instruments = sample::instruments().unwrap();
        let spec = instruments.symbol(SymbolId::new(1)).unwrap();
        let fees = vec![FeeEdit { maker: Decimal::ZERO, taker: Decimal::ZERO }; spec.fees.len() - 1];
        let fewer = SymbolEdit { fees: Some(fees), ..SymbolEdit::default() };
        let refused = instruments.edited(&spec.name, &fewer).unwrap_err().to_string();
        assert!(refused.starts_with("fees: ") || refused.contains("fee tiers"), "{refused}");
        let mut free = SymbolSpec::clone(spec);
        free.filters.market_lots_max = free.filters.lots_max;
        let free = instruments.with_rules(&[free.rules()]);
        let lower = SymbolEdit { max_qty: Some(Decimal::ONE), ..SymbolEdit::default() };
        let filters = free.edited(&spec.name, &lower).unwrap().filters;
        assert_eq!(filters.market_lots_max, filters.lots_max);
    }

    #[test]
    fn a_delisted_symbol_stays_delisted() {
        let instruments = sample::instruments().unwrap();
        let name = instruments.symbol(SymbolId::new(1)).unwrap().name.clone();
        let delisted = instruments.edited(&name, &SymbolEdit::delisting()).unwrap();
        let instruments = instruments.with_rules(std::slice::from_ref(&delisted));
        assert_eq!(
            instruments.edited(&name, &SymbolEdit::delisting()),
            Ok(delisted),
            "again changes nothing"
        );
        let reopening = SymbolEdit { status: Some(SymbolStatus::Trading), ..SymbolEdit::default() };
        assert_eq!(instruments.edited(&name, &reopening), Err(EditError::Delisted));
        assert!(instruments.edited(&name, &SymbolEdit::default()).is_ok(), "changes nothing either");
    }
}
