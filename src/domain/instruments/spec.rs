//! Validates the definition of a symbol and builds its specification, collecting every fault on the way.

use rust_decimal::Decimal;

use super::{
    SymbolDefinition,
    asset::Asset,
    symbol::{FeeRates, Filters, SpecialFilters, SymbolSpec},
};
use crate::domain::{
    orders::Bips,
    types::{
        id::SymbolId,
        money::{Amount, Lots, Price, Rate},
    },
};

/// Builds a specification from one definition, collecting every fault on the way.
pub(crate) struct SpecBuilder<'a> {
    pub(crate) definition: &'a SymbolDefinition,
    pub(crate) base: Asset,
    pub(crate) quote: Asset,
    pub(crate) faults: &'a mut Vec<String>,
}

impl SpecBuilder<'_> {
    /// All values are checked before a missing one returns: a fault must not hide another.
    pub(crate) fn build(mut self) -> Option<SymbolSpec> {
        let definition = self.definition;
        let (base, quote) = (self.base, self.quote);
        let tick_units = self.step("tick-size", definition.tick_size, quote.scale);
        let lot_units = self.step("step-size", definition.step_size, base.scale);
        let price = |this: &mut Self, name, value| this.bound(name, value, quote.scale, tick_units);
        let price_min = price(&mut self, "min-price", definition.min_price);
        let price_max = price(&mut self, "max-price", definition.max_price);
        let lots = |this: &mut Self, name, value| this.bound(name, value, base.scale, lot_units);
        let lots_min = lots(&mut self, "min-qty", definition.min_qty);
        let lots_max = lots(&mut self, "max-qty", definition.max_qty);
        let market_lots_min = lots(&mut self, "market-min-qty", definition.market_min_qty);
        let market_lots_max = lots(&mut self, "market-max-qty", definition.market_max_qty);
        // An omitted value means the bound of all orders.
        let market_max_qty = match definition.market_max_qty {
            zero if zero.is_zero() => definition.max_qty,
            given => given,
        };
        let market_lots_max = if market_lots_max == Some(0) { lots_max } else { market_lots_max };
        let market_max = ("market-max-qty", market_max_qty);
        self.ordered(("min-price", definition.min_price), ("max-price", definition.max_price));
        self.ordered(("min-qty", definition.min_qty), ("max-qty", definition.max_qty));
        self.ordered(("market-min-qty", definition.market_min_qty), market_max);
        self.ordered(market_max, ("max-qty", definition.max_qty));
        let notional_unit = match (tick_units, lot_units) {
            (Some(tick), Some(lot)) => self.notional_unit(tick, lot),
            _ => None,
        };
        if let (Some(price), Some(lots), Some(lot), Some(unit)) =
            (price_max, lots_max, lot_units, notional_unit)
        {
            self.bound_products(price, lots, lot, unit);
        }
        if definition.max_num_orders == 0 {
            self.faults.push("max-num-orders 0 must be at least 1".to_owned());
        }
        let notional_min = self.amount("min-notional", definition.min_notional);
        let notional_max = self.amount("max-notional", definition.max_notional);
        let bid_multiplier_up = self.rate("bid-multiplier-up", definition.bid_multiplier_up, 1_000);
        let bid_multiplier_down = self.rate("bid-multiplier-down", definition.bid_multiplier_down, 1);
        let ask_multiplier_up = self.rate("ask-multiplier-up", definition.ask_multiplier_up, 1_000);
        let ask_multiplier_down = self.rate("ask-multiplier-down", definition.ask_multiplier_down, 1);
        let special = self.special(lot_units);
        let market_collar = self.rate("market-collar", definition.market_collar, 1);
        let fees = self.fees();
        let three_day_phase = definition.three_day_phase;
        if three_day_phase > 2 {
            self.faults.push(format!("three-day-phase {three_day_phase} must be 0 to 2"));
        }
        let filters = Filters {
            price_min: Price::from_ticks(price_min?),
            price_max: Price::from_ticks(price_max?),
            lots_min: Lots::new(lots_min?),
            lots_max: Lots::new(lots_max?),
            market_lots_min: Lots::new(market_lots_min?),
            market_lots_max: Lots::new(market_lots_max?),
            notional_min: notional_min?,
            notional_min_applies_to_market: definition.apply_min_to_market,
            notional_max: notional_max?,
            notional_max_applies_to_market: definition.apply_max_to_market,
            bid_multiplier_up: bid_multiplier_up?,
            bid_multiplier_down: bid_multiplier_down?,
            ask_multiplier_up: ask_multiplier_up?,
            ask_multiplier_down: ask_multiplier_down?,
            open_orders_max: definition.max_num_orders,
            special: special?,
        };
        Some(SymbolSpec {
            id: SymbolId::new(definition.id),
            name: definition.name.clone(),
            base,
            quote,
            status: definition.status,
            tick_units: tick_units?,
            lot_units: lot_units?,
            notional_unit: notional_unit?,
            filters,
            fees,
            market_collar: market_collar?,
            three_day_phase,
        })
    }

    fn special(&mut self, lot_units: Option<u64>) -> Option<SpecialFilters> {
        let special = &self.definition.special_orders;
        let above = (special.min_trailing_above_delta, special.max_trailing_above_delta);
        let below = (special.min_trailing_below_delta, special.max_trailing_below_delta);
        for (name, (low, high)) in [("above", above), ("below", below)] {
            if low > high || u64::from(high) > Bips::ONE {
                self.faults.push(format!(
                    "min-trailing-{name}-delta {low} and max-trailing-{name}-delta {high} must be in order and at most 10000"
                ));
            }
        }
        let position_max = self.bound("max-position", special.max_position, self.base.scale, lot_units)?;
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

    /// A bound, as a whole number of steps; when the step is invalid, only the bound's digits are checked.
    fn bound(&mut self, name: &str, value: Decimal, scale: u8, step: Option<u64>) -> Option<u64> {
        let units = self.units(name, value, scale)?;
        let step = step?;
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
            self.faults.push(format!("{name} {value} must be 0 to {max}"));
        }
        rate
    }

    fn ordered(&mut self, (low_name, low): (&str, Decimal), (high_name, high): (&str, Decimal)) {
        if low > high {
            self.faults.push(format!("{low_name} {low} is above {high_name} {high}"));
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
