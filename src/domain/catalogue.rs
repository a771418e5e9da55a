//! The assets and symbols of an exchange, built from their definitions or refused with every fault at once.

use std::{collections::BTreeMap, sync::Arc};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{
    asset::Asset,
    decimal::SCALE_MAX,
    id::{AssetId, SymbolId},
    limits::OrderLimits,
    money::{Amount, Lots, Price, Rate},
    symbol::{FeeRates, Filters, SpecialFilters, SymbolSpec, SymbolStatus},
    trigger::Bips,
};

/// An asset as configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AssetDefinition {
    /// Its id, never reused.
    pub id: u32,
    /// Its name: capitals and digits.
    pub name: String,
    /// How many decimal digits one whole has, at most 18.
    pub scale: u8,
}

/// Fee rates of one account tier as configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FeeDefinition {
    /// What the resting side pays, e.g. `"0.001"` for 0.1 %.
    pub maker: Decimal,
    /// What the arriving side pays.
    pub taker: Decimal,
}

/// A symbol as configured. Bounds left out or 0 are switched off where the filter allows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SymbolDefinition {
    /// Its id, never reused.
    pub id: u32,
    /// Its name: capitals and digits.
    pub name: String,
    /// The asset bought and sold.
    pub base: String,
    /// The asset it is paid in.
    pub quote: String,
    /// Whether it trades.
    #[serde(default)]
    pub status: SymbolStatus,
    /// The smallest price step.
    pub tick_size: Decimal,
    /// The lowest price.
    pub min_price: Decimal,
    /// The highest price.
    pub max_price: Decimal,
    /// The smallest quantity step.
    pub step_size: Decimal,
    /// The lowest quantity.
    pub min_qty: Decimal,
    /// The highest quantity.
    pub max_qty: Decimal,
    /// The lowest quantity of a market order.
    #[serde(default)]
    pub market_min_qty: Decimal,
    /// The highest quantity of a market order; 0 takes `max-qty`.
    #[serde(default)]
    pub market_max_qty: Decimal,
    /// The lowest price × quantity.
    #[serde(default)]
    pub min_notional: Decimal,
    /// Whether that binds market orders too.
    #[serde(default)]
    pub apply_min_to_market: bool,
    /// The highest price × quantity.
    #[serde(default)]
    pub max_notional: Decimal,
    /// Whether that binds market orders too.
    #[serde(default)]
    pub apply_max_to_market: bool,
    /// How far above the last price a buy may be: 5 is five times.
    #[serde(default)]
    pub bid_multiplier_up: Decimal,
    /// How far below the last price a buy may be: 0.2 is a fifth.
    #[serde(default)]
    pub bid_multiplier_down: Decimal,
    /// How far above the last price a sell may be.
    #[serde(default)]
    pub ask_multiplier_up: Decimal,
    /// How far below the last price a sell may be.
    #[serde(default)]
    pub ask_multiplier_down: Decimal,
    /// Open orders per account.
    pub max_num_orders: u32,
    /// How far from the last price a market order may trade: 0.05 is 5 %.
    pub market_collar: Decimal,
    /// Fee rates by account tier, tier 0 first.
    pub fees: Vec<FeeDefinition>,
    /// Icebergs, conditional orders and lists.
    #[serde(default)]
    pub special_orders: SpecialOrders,
}

/// Bounds of icebergs, conditional orders and lists as configured. A bound of 0 is switched off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct SpecialOrders {
    /// The most parts an iceberg may show, one after the other.
    pub iceberg_parts: u32,
    /// Open conditional orders per account.
    pub max_num_algo_orders: u32,
    /// Open icebergs per account.
    pub max_num_iceberg_orders: u32,
    /// Open lists of orders per account.
    pub max_num_order_lists: u32,
    /// How often an order may be amended.
    pub max_num_order_amends: u32,
    /// The smallest trailing distance of orders that begin to follow a risen market, in hundredths of a percent.
    pub min_trailing_above_delta: u16,
    /// The largest.
    pub max_trailing_above_delta: u16,
    /// The smallest trailing distance of orders that begin to follow a fallen market.
    pub min_trailing_below_delta: u16,
    /// The largest.
    pub max_trailing_below_delta: u16,
    /// The most of the base asset an account may own and be buying.
    pub max_position: Decimal,
}

impl Default for SpecialOrders {
    fn default() -> Self {
        Self {
            iceberg_parts: 100,
            max_num_algo_orders: 20,
            max_num_iceberg_orders: 20,
            max_num_order_lists: 20,
            max_num_order_amends: 10,
            min_trailing_above_delta: 10,
            max_trailing_above_delta: 2_000,
            min_trailing_below_delta: 10,
            max_trailing_below_delta: 2_000,
            max_position: Decimal::ZERO,
        }
    }
}

/// The assets and symbols of an exchange.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    assets: BTreeMap<AssetId, Asset>,
    symbols: BTreeMap<SymbolId, Arc<SymbolSpec>>,
    symbol_ids: BTreeMap<String, SymbolId>,
    order_limits: OrderLimits,
}

impl Catalogue {
    /// Builds the catalogue.
    ///
    /// # Errors
    /// Every fault found, each naming what it is about.
    pub fn build(assets: &[AssetDefinition], symbols: &[SymbolDefinition]) -> Result<Self, Vec<String>> {
        let mut catalogue = Self::default();
        let mut faults = Vec::new();
        for definition in assets {
            catalogue.add_asset(definition, &mut faults);
        }
        for definition in symbols {
            catalogue.add_symbol(definition, &mut faults);
        }
        if catalogue.symbols.is_empty() && faults.is_empty() {
            faults.push("no symbols are configured".to_owned());
        }
        if faults.is_empty() { Ok(catalogue) } else { Err(faults) }
    }

    /// Limits how many unfilled orders an account may place; without it there is no limit.
    #[must_use]
    pub const fn with_order_limits(mut self, limits: OrderLimits) -> Self {
        self.order_limits = limits;
        self
    }

    /// Returns how many unfilled orders an account may place.
    pub const fn order_limits(&self) -> OrderLimits {
        self.order_limits
    }

    fn add_asset(&mut self, definition: &AssetDefinition, faults: &mut Vec<String>) {
        let name = &definition.name;
        let id = AssetId::new(definition.id);
        if definition.scale > SCALE_MAX {
            faults.push(format!("asset {name}: scale {} is above {SCALE_MAX}", definition.scale));
        }
        if self.asset_named(name).is_some() {
            faults.push(format!("asset {name}: the name is taken"));
        }
        match Asset::new(id, name, definition.scale) {
            None => faults.push(format!("asset {name:?}: a name is 1 to 12 capitals or digits")),
            Some(asset) => {
                if self.assets.insert(id, asset).is_some() {
                    faults.push(format!("asset {name}: id {id} is taken"));
                }
            }
        }
    }

    fn add_symbol(&mut self, definition: &SymbolDefinition, faults: &mut Vec<String>) {
        let name = &definition.name;
        let mut found = Vec::new();
        if name.is_empty()
            || name.len() > 20
            || !name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        {
            found.push("a name is 1 to 20 capitals or digits".to_owned());
        }
        if self.symbol_ids.contains_key(name) {
            found.push("the name is taken".to_owned());
        }
        if self.symbols.contains_key(&SymbolId::new(definition.id)) {
            found.push(format!("id {} is taken", definition.id));
        }
        let base = self.asset_named(&definition.base);
        let quote = self.asset_named(&definition.quote);
        if base.is_none() {
            found.push(format!("unknown base asset {}", definition.base));
        }
        if quote.is_none() {
            found.push(format!("unknown quote asset {}", definition.quote));
        }
        if definition.base == definition.quote {
            found.push("base and quote are the same asset".to_owned());
        }
        if let (Some(base), Some(quote)) = (base, quote) {
            let spec = SpecBuilder { definition, base, quote, faults: &mut found }.build();
            if let (Some(spec), true) = (spec, found.is_empty()) {
                self.symbol_ids.insert(name.clone(), spec.id);
                self.symbols.insert(spec.id, Arc::new(spec));
            }
        }
        faults.extend(found.into_iter().map(|fault| format!("symbol {name}: {fault}")));
    }

    /// Returns the asset.
    pub fn asset(&self, id: AssetId) -> Option<Asset> {
        self.assets.get(&id).copied()
    }

    /// Returns the asset of that name.
    pub fn asset_named(&self, name: &str) -> Option<Asset> {
        self.assets.values().find(|asset| asset.name() == name).copied()
    }

    /// Returns every asset, by id.
    pub fn assets(&self) -> impl Iterator<Item = Asset> + '_ {
        self.assets.values().copied()
    }

    /// Returns the symbol.
    pub fn symbol(&self, id: SymbolId) -> Option<&Arc<SymbolSpec>> {
        self.symbols.get(&id)
    }

    /// Returns the symbol of that name.
    pub fn symbol_named(&self, name: &str) -> Option<&Arc<SymbolSpec>> {
        self.symbol_ids.get(name).and_then(|id| self.symbols.get(id))
    }

    /// Returns every symbol, by id.
    pub fn symbols(&self) -> impl Iterator<Item = &Arc<SymbolSpec>> {
        self.symbols.values()
    }
}

/// Turns one definition into a specification, noting every fault on the way.
struct SpecBuilder<'a> {
    definition: &'a SymbolDefinition,
    base: Asset,
    quote: Asset,
    faults: &'a mut Vec<String>,
}

impl SpecBuilder<'_> {
    fn build(mut self) -> Option<SymbolSpec> {
        let definition = self.definition;
        let (base, quote) = (self.base, self.quote);
        let tick_units = self.step("tick-size", definition.tick_size, quote.scale)?;
        let lot_units = self.step("step-size", definition.step_size, base.scale)?;
        let ticks = |this: &mut Self, name, value| this.multiple(name, value, quote.scale, tick_units);
        let price_min = ticks(&mut self, "min-price", definition.min_price)?;
        let price_max = ticks(&mut self, "max-price", definition.max_price)?;
        let lots = |this: &mut Self, name, value| this.multiple(name, value, base.scale, lot_units);
        let lots_min = lots(&mut self, "min-qty", definition.min_qty)?;
        let lots_max = lots(&mut self, "max-qty", definition.max_qty)?;
        let market_lots_min = lots(&mut self, "market-min-qty", definition.market_min_qty)?;
        let market_lots_max = lots(&mut self, "market-max-qty", definition.market_max_qty)?;
        let market_lots_max = if market_lots_max == 0 { lots_max } else { market_lots_max };
        self.ordered("min-price", price_min, "max-price", price_max);
        self.ordered("min-qty", lots_min, "max-qty", lots_max);
        self.ordered("market-min-qty", market_lots_min, "market-max-qty", market_lots_max);
        self.ordered("market-max-qty", market_lots_max, "max-qty", lots_max);
        let notional_unit = self.notional_unit(tick_units, lot_units)?;
        self.bound_products(price_max, lots_max, lot_units, notional_unit);
        if definition.max_num_orders == 0 {
            self.faults.push("max-num-orders is 0".to_owned());
        }
        let filters = Filters {
            price_min: Price::from_ticks(price_min),
            price_max: Price::from_ticks(price_max),
            lots_min: Lots::new(lots_min),
            lots_max: Lots::new(lots_max),
            market_lots_min: Lots::new(market_lots_min),
            market_lots_max: Lots::new(market_lots_max),
            notional_min: self.amount("min-notional", definition.min_notional)?,
            notional_min_applies_to_market: definition.apply_min_to_market,
            notional_max: self.amount("max-notional", definition.max_notional)?,
            notional_max_applies_to_market: definition.apply_max_to_market,
            bid_multiplier_up: self.rate("bid-multiplier-up", definition.bid_multiplier_up, 1_000)?,
            bid_multiplier_down: self.rate("bid-multiplier-down", definition.bid_multiplier_down, 1)?,
            ask_multiplier_up: self.rate("ask-multiplier-up", definition.ask_multiplier_up, 1_000)?,
            ask_multiplier_down: self.rate("ask-multiplier-down", definition.ask_multiplier_down, 1)?,
            open_orders_max: definition.max_num_orders,
            special: self.special(lot_units)?,
        };
        let market_collar = self.rate("market-collar", definition.market_collar, 1)?;
        let fees = self.fees();
        Some(SymbolSpec {
            id: SymbolId::new(definition.id),
            name: definition.name.clone(),
            base,
            quote,
            status: definition.status,
            tick_units,
            lot_units,
            notional_unit,
            filters,
            fees,
            market_collar,
        })
    }

    fn special(&mut self, lot_units: u64) -> Option<SpecialFilters> {
        let special = &self.definition.special_orders;
        let above = (special.min_trailing_above_delta, special.max_trailing_above_delta);
        let below = (special.min_trailing_below_delta, special.max_trailing_below_delta);
        for (name, (low, high)) in [("above", above), ("below", below)] {
            if low > high || u64::from(high) > Bips::ONE {
                self.faults
                    .push(format!("min- and max-trailing-{name}-delta must be in order and at most 10000"));
            }
        }
        let position_max = self.multiple("max-position", special.max_position, self.base.scale, lot_units)?;
        Some(SpecialFilters {
            iceberg_parts_max: special.iceberg_parts,
            algo_orders_max: special.max_num_algo_orders,
            iceberg_orders_max: special.max_num_iceberg_orders,
            order_lists_max: special.max_num_order_lists,
            amends_max: special.max_num_order_amends,
            trailing_above: above,
            trailing_below: below,
            position_max: Lots::new(position_max),
        })
    }

    fn fees(&mut self) -> Vec<FeeRates> {
        let tiers = &self.definition.fees;
        if tiers.is_empty() || tiers.len() > 256 {
            self.faults.push(format!("{} fee tiers; 1 to 256 are needed", tiers.len()));
        }
        let mut rates = Vec::with_capacity(tiers.len());
        for tier in tiers {
            let maker = self.rate("maker fee", tier.maker, 1).unwrap_or_default();
            let taker = self.rate("taker fee", tier.taker, 1).unwrap_or_default();
            rates.push(FeeRates { maker, taker });
        }
        rates
    }

    /// A decimal as a whole number of `10^-scale` units.
    fn units(&mut self, name: &str, value: Decimal, scale: u8) -> Option<i128> {
        let scaled = Decimal::from_i128_with_scale(10_i128.pow(u32::from(scale)), 0).checked_mul(value);
        match scaled {
            Some(units) if units.is_integer() && !units.is_sign_negative() => {
                Some(units.mantissa() / 10_i128.pow(units.scale()))
            }
            Some(_) => {
                self.faults
                    .push(format!("{name} {value} is negative or has more than {scale} fraction digits"));
                None
            }
            None => {
                self.faults.push(format!("{name} {value} is too large"));
                None
            }
        }
    }

    /// A step: more than zero and at most 2^63 units.
    fn step(&mut self, name: &str, value: Decimal, scale: u8) -> Option<u64> {
        let units = self.units(name, value, scale)?;
        let step = u64::try_from(units).ok().filter(|&step| step > 0 && step < 1 << 63);
        if step.is_none() {
            self.faults.push(format!("{name} {value} must be more than 0 and at most 2^63 units"));
        }
        step
    }

    /// A bound, as a whole number of steps.
    fn multiple(&mut self, name: &str, value: Decimal, scale: u8, step: u64) -> Option<u64> {
        let units = self.units(name, value, scale)?;
        let count =
            (units % i128::from(step) == 0).then(|| u64::try_from(units / i128::from(step)).ok()).flatten();
        if count.is_none() {
            self.faults.push(format!("{name} {value} is not a multiple of its step"));
        }
        count
    }

    fn amount(&mut self, name: &str, value: Decimal) -> Option<Amount> {
        self.units(name, value, self.quote.scale).map(Amount::new)
    }

    fn rate(&mut self, name: &str, value: Decimal, max: u64) -> Option<Rate> {
        let units = self.units(name, value, 8)?;
        let rate = u64::try_from(units).ok().filter(|&units| units <= max * Rate::ONE).map(Rate::from_units);
        if rate.is_none() {
            self.faults.push(format!("{name} {value} is above {max}"));
        }
        rate
    }

    fn ordered(&mut self, low_name: &str, low: u64, high_name: &str, high: u64) {
        if low > high {
            self.faults.push(format!("{low_name} is above {high_name}"));
        }
    }

    /// Price scale + quantity scale must not exceed the quote asset's scale: then every notional is exact.
    fn notional_unit(&mut self, tick_units: u64, lot_units: u64) -> Option<u64> {
        let product = u128::from(tick_units) * u128::from(lot_units);
        let whole_base = 10_u128.pow(u32::from(self.base.scale));
        let unit = (product % whole_base == 0).then(|| u64::try_from(product / whole_base).ok()).flatten();
        if unit.is_none() {
            self.faults.push(format!(
                "tick-size × step-size is finer than the quote asset's scale {}: notionals would be rounded",
                self.quote.scale
            ));
        }
        unit
    }

    /// The largest order must leave room for sums and fee products: 10^29 units × 10^8 still fit `i128`, and a
    /// level of 2^24 such orders must fit `u64` lots.
    fn bound_products(&mut self, price_max: u64, lots_max: u64, lot_units: u64, notional_unit: u64) {
        const UNITS_MAX: u128 = 10_u128.pow(29);
        let fits = |a: u64, b: u64, c: u64| {
            u128::from(a)
                .checked_mul(u128::from(b))
                .and_then(|ab| ab.checked_mul(u128::from(c)))
                .is_some_and(|product| product <= UNITS_MAX)
        };
        if price_max == 0 || lots_max == 0 {
            self.faults.push("max-price and max-qty must be more than 0".to_owned());
        }
        if !fits(price_max, lots_max, notional_unit) || !fits(lots_max, lot_units, 1) {
            self.faults.push("max-price × max-qty is above 10^29 units".to_owned());
        }
        if lots_max >= 1 << 40 {
            self.faults.push("max-qty is 2^40 lots or more".to_owned());
        }
    }
}
