//! Corrections for rejected orders: the bound an order broke, and the nearest value that passes.

use super::symbol::SymbolSpec;
use crate::domain::{
    messages::reject::{Filter, Parameter, Reject},
    orders::{Bips, Direction, NewOrder, Side},
    types::{
        decimal::{self, SCALE_MAX, Units},
        money::{Amount, Lots, Price, Rate},
    },
};

/// The figure of a bound or of a valid value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// A price, a quantity or an amount.
    Units(Units),
    /// A number of orders or parts, or a distance in hundredths of a percent.
    Count(u64),
}

/// How to correct an order that a filter rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Correction {
    /// The bound the order broke, by its name in the filter (Binance Spot, filters), and its value.
    pub bound: (&'static str, Figure),
    /// The parameter to change; `None` when no other value helps, and in a list, where its name depends on the order.
    pub parameter: Option<Parameter>,
    /// Its nearest valid value; `None` when no other value helps.
    pub nearest: Option<Figure>,
}

impl Correction {
    const fn of(name: &'static str, bound: Figure, parameter: Parameter, nearest: Figure) -> Option<Self> {
        Some(Self { bound: (name, bound), parameter: Some(parameter), nearest: Some(nearest) })
    }

    fn count(name: &'static str, max: u32) -> Option<Self> {
        Some(Self { bound: (name, Figure::Count(max.into())), parameter: None, nearest: None })
    }
}

impl SymbolSpec {
    /// Corrects a price, given as text, that is off the tick or too precise.
    pub fn correct_price(&self, text: &str, parameter: Parameter) -> Option<Correction> {
        let ticks = nearest_step(text, self.quote.scale, self.tick_units)?;
        let (low, high) = self.price_bounds();
        let nearest = self.price_figure(Price::from_ticks(ticks.clamp(low.ticks(), high.ticks())));
        let tick = Units { value: self.tick_units.into(), scale: self.quote.scale };
        Correction::of("tickSize", Figure::Units(tick), parameter, nearest)
    }

    /// Corrects a quantity, given as text, that is off the step or too precise.
    pub fn correct_quantity(&self, text: &str, parameter: Parameter) -> Option<Correction> {
        let lots = nearest_step(text, self.base.scale, self.lot_units)?;
        let (low, high) = self.lot_bounds();
        let nearest = self.lots_figure(Lots::new(lots.clamp(low.get(), high.get())));
        let step = Units { value: self.lot_units.into(), scale: self.base.scale };
        Correction::of("stepSize", Figure::Units(step), parameter, nearest)
    }

    /// Corrects the order for which a command was rejected: the only one, or one of a list. `None` when no filter is the
    /// reason.
    pub fn correct_rejected(&self, orders: &[NewOrder], reject: Reject) -> Option<Correction> {
        let Reject::Filter(filter) = reject else { return None };
        match orders {
            [order] => self.correct(order, filter),
            list => {
                let broken = list.iter().find(|order| self.check(order) == Err(reject));
                let correction = self.correct(broken.or(list.first())?, filter)?;
                Some(Correction { parameter: None, ..correction })
            }
        }
    }

    /// Corrects an order that breaks a filter.
    fn correct(&self, order: &NewOrder, filter: Filter) -> Option<Correction> {
        let (filters, special) = (&self.filters, &self.filters.special);
        match filter {
            Filter::PriceFilter => {
                let (low, high) = self.price_bounds();
                let stop = order.trigger.and_then(|trigger| trigger.stop);
                let prices = [(order.price, Parameter::Price), (stop, Parameter::StopPrice)];
                prices.into_iter().find_map(|(price, parameter)| {
                    let (name, bound) = broken(price?, low, high, ("minPrice", "maxPrice"))?;
                    Correction::of(name, self.price_figure(bound), parameter, self.price_figure(bound))
                })
            }
            Filter::PercentPriceBySide => self.correct_distance(order),
            Filter::LotSize => {
                let (low, high) = self.lot_bounds();
                let amounts = [(order.quantity, Parameter::Quantity), (order.iceberg, Parameter::IcebergQty)];
                amounts.into_iter().find_map(|(lots, parameter)| {
                    let (name, bound) = broken(lots?, low, high, ("minQty", "maxQty"))?;
                    Correction::of(name, self.lots_figure(bound), parameter, self.lots_figure(bound))
                })
            }
            Filter::MarketLotSize => {
                let (low, high) = (filters.market_lots_min, filters.market_lots_max);
                let (name, bound) = broken(order.quantity?, low, high, ("minQty", "maxQty"))?;
                Correction::of(name, self.lots_figure(bound), Parameter::Quantity, self.lots_figure(bound))
            }
            Filter::Notional => self.correct_notional(order),
            Filter::IcebergParts => {
                let parts = u64::from(special.iceberg_parts_max);
                let lots = order.quantity?.get().checked_div(parts)?;
                let is_whole = order.quantity?.get() == lots * parts;
                let nearest = self.lots_figure(Lots::new(if is_whole { lots } else { lots + 1 }));
                Correction::of("limit", Figure::Count(parts), Parameter::IcebergQty, nearest)
            }
            Filter::TrailingDelta => self.correct_trailing(order),
            Filter::MaxNumOrders => Correction::count("maxNumOrders", filters.open_orders_max),
            Filter::MaxNumAlgoOrders => Correction::count("maxNumAlgoOrders", special.algo_orders_max),
            Filter::MaxNumIcebergOrders => {
                Correction::count("maxNumIcebergOrders", special.iceberg_orders_max)
            }
            Filter::MaxNumOrderLists => Correction::count("maxNumOrderLists", special.order_lists_max),
            Filter::MaxNumOrderAmends => Correction::count("maxNumOrderAmends", special.amends_max),
            Filter::MaxPosition => Some(Correction {
                bound: ("maxPosition", self.lots_figure(special.position_max)),
                parameter: None,
                nearest: None,
            }),
        }
    }

    fn correct_distance(&self, order: &NewOrder) -> Option<Correction> {
        let (price, reference) = (order.price?, order.reference?);
        let filters = &self.filters;
        let (up, down) = match order.side {
            Side::Buy => (
                ("bidMultiplierUp", filters.bid_multiplier_up),
                ("bidMultiplierDown", filters.bid_multiplier_down),
            ),
            Side::Sell => (
                ("askMultiplierUp", filters.ask_multiplier_up),
                ("askMultiplierDown", filters.ask_multiplier_down),
            ),
        };
        let one = u128::from(Rate::ONE);
        let times = |rate: Rate| u128::from(reference.ticks()) * u128::from(rate.units());
        let scaled = u128::from(price.ticks()) * one;
        let ((name, rate), ticks) = if up.1 != Rate::ZERO && scaled > times(up.1) {
            (up, times(up.1) / one)
        } else {
            (down, times(down.1).div_ceil(one))
        };
        let (low, high) = self.price_bounds();
        let ticks = u64::try_from(ticks).ok()?.clamp(low.ticks(), high.ticks());
        let bound = Figure::Units(Units { value: rate.units().into(), scale: 8 });
        Correction::of(name, bound, Parameter::Price, self.price_figure(Price::from_ticks(ticks)))
    }

    /// The quantity whose value at the order's price is just within NOTIONAL.
    fn correct_notional(&self, order: &NewOrder) -> Option<Correction> {
        let (min, max) = (self.filters.notional_min, self.filters.notional_max);
        let price = order.price.or(order.trigger.and_then(|trigger| trigger.stop)).or(order.reference);
        let value = match (order.quote_quantity, order.quantity) {
            (Some(amount), _) => amount,
            (None, lots) => self.notional(price?, lots?).ok()?,
        };
        let is_low = value < min;
        let (name, bound) = if is_low { ("minNotional", min) } else { ("maxNotional", max) };
        let figure = Figure::Units(self.quote_units(bound));
        if order.quote_quantity.is_some() {
            return Correction::of(name, figure, Parameter::QuoteOrderQty, figure);
        }
        let of_one_lot = self.notional(price?, Lots::new(1)).ok().filter(|one| !one.is_zero())?;
        let (units, one) = (units_of(bound)?, units_of(of_one_lot)?);
        let lots = if is_low { units.div_ceil(one) } else { units / one };
        let (low, high) = self.lot_bounds();
        let lots = Lots::new(u64::try_from(lots).ok()?).clamp(low, high);
        Correction::of(name, figure, Parameter::Quantity, self.lots_figure(lots))
    }

    fn correct_trailing(&self, order: &NewOrder) -> Option<Correction> {
        let special = &self.filters.special;
        let ((low_name, high_name), (low, high)) = match order.kind.direction(order.side) {
            Direction::Up => (("minTrailingAboveDelta", "maxTrailingAboveDelta"), special.trailing_above),
            Direction::Down => (("minTrailingBelowDelta", "maxTrailingBelowDelta"), special.trailing_below),
        };
        let bips = order.trigger?.trailing.map_or(0, Bips::get);
        let (name, bound) = broken(bips, low.into(), high.into(), (low_name, high_name))?;
        Correction::of(name, Figure::Count(bound), Parameter::TrailingDelta, Figure::Count(bound))
    }

    fn price_bounds(&self) -> (Price, Price) {
        (self.filters.price_min.max(Price::from_ticks(1)), self.filters.price_max)
    }

    fn lot_bounds(&self) -> (Lots, Lots) {
        (self.filters.lots_min.max(Lots::new(1)), self.filters.lots_max)
    }

    fn price_figure(&self, price: Price) -> Figure {
        Figure::Units(self.price_units(price))
    }

    fn lots_figure(&self, lots: Lots) -> Figure {
        Figure::Units(self.lots_units(lots))
    }
}

/// The bound a value breaks, and its name.
fn broken<T: Ord>(
    value: T,
    low: T,
    high: T,
    (low_name, high_name): (&'static str, &'static str),
) -> Option<(&'static str, T)> {
    match value {
        value if value < low => Some((low_name, low)),
        value if value > high => Some((high_name, high)),
        _ => None,
    }
}

fn units_of(amount: Amount) -> Option<u128> {
    u128::try_from(amount.units()).ok()
}

/// The whole number of steps nearest to a decimal, however many digits that has; halves go up.
fn nearest_step(text: &str, scale: u8, step: u64) -> Option<u64> {
    // One digit more than the asset has determines the rounding direction.
    let finer = scale.min(SCALE_MAX - 1) + 1;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let kept = fraction.get(..usize::from(finer).min(fraction.len()))?;
    let kept = if kept.is_empty() { whole.to_owned() } else { format!("{whole}.{kept}") };
    let units = u128::try_from(decimal::parse_units(&kept, finer).ok()?).ok()?;
    let step = u128::from(step) * 10_u128.pow(u32::from(finer - scale.min(finer)));
    u64::try_from((units + step / 2) / step).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        orders::{OrderType, Trigger},
        testing::sample,
        types::id::{AccountId, SymbolId},
    };

    fn symbol() -> SymbolSpec {
        let mut spec = sample::instruments().unwrap().symbol(SymbolId::new(1)).unwrap().as_ref().clone();
        spec.filters.notional_min = Amount::new(500_000_000);
        spec.filters.bid_multiplier_up = Rate::from_units(5 * Rate::ONE);
        spec.filters.bid_multiplier_down = Rate::from_units(Rate::ONE / 5);
        spec
    }

    fn order(spec: &SymbolSpec, price: &str, quantity: &str) -> NewOrder {
        let price = spec.parse_price(price).unwrap();
        let lots = spec.parse_quantity(quantity, Parameter::Quantity).unwrap();
        NewOrder::limit(AccountId::new(1), SymbolId::new(1), Side::Buy, price, lots)
    }

    fn text(figure: Figure) -> String {
        match figure {
            Figure::Units(units) => units.to_string(),
            Figure::Count(count) => count.to_string(),
        }
    }

    #[test]
    fn the_nearest_step_is_exact_however_many_digits_there_are() {
        for (value, scale, step, expected) in [
            ("0.123456789", 8, 1, 12_345_679),
            ("0.1234567849", 8, 1, 12_345_678),
            ("45000.004", 8, 1_000_000, 4_500_000),
            ("45000.005", 8, 1_000_000, 4_500_001),
            ("7", 0, 5, 1),
            ("7.5", 0, 5, 2),
            ("0.999999999999999999", 18, 1, 999_999_999_999_999_999),
        ] {
            assert_eq!(nearest_step(value, scale, step), Some(expected), "{value}");
        }
        assert_eq!(nearest_step("1e5", 8, 1), None);
        assert_eq!(nearest_step("é.é", 8, 1), None);
    }

    /// An order with the nearest value passes the filter that rejected it, for every filter.
    #[test]
    fn a_corrected_order_passes_the_filter_it_broke() {
        let spec = symbol();
        let good = order(&spec, "45000", "1");
        let trailing = Trigger { stop: None, trailing: Bips::new(1) };
        let stop = OrderType::StopLossLimit;
        let low = Some(Price::from_ticks(1));
        let one = Lots::new(1);
        let bad = [
            NewOrder { price: Some(Price::from_ticks(spec.filters.price_max.ticks() + 5)), ..good },
            NewOrder { quantity: Some(Lots::new(spec.filters.lots_max.get() + 1)), ..good },
            NewOrder { quantity: Some(Lots::ZERO), ..good },
            NewOrder { quantity: Some(one), price: low, ..good },
            NewOrder { iceberg: Some(one), ..good },
            NewOrder { kind: stop, trigger: Some(trailing), ..good },
            NewOrder { reference: low, ..good },
            NewOrder { price: low, reference: good.price, ..good },
        ];
        for mut order in bad {
            let Err(Reject::Filter(filter)) = spec.check(&order) else { panic!("{order:?} is good") };
            let correction = spec.correct(&order, filter).unwrap();
            let (parameter, value) = (correction.parameter.unwrap(), text(correction.nearest.unwrap()));
            match parameter {
                Parameter::Price => order.price = Some(spec.parse_price(&value).unwrap()),
                Parameter::Quantity => order.quantity = Some(spec.parse_quantity(&value, parameter).unwrap()),
                Parameter::IcebergQty => {
                    order.iceberg = Some(spec.parse_quantity(&value, parameter).unwrap())
                }
                _ => {
                    order.trigger = Some(Trigger { stop: None, trailing: Bips::new(value.parse().unwrap()) })
                }
            }
            let again = spec.check(&order);
            assert_ne!(again, Err(Reject::Filter(filter)), "{filter:?} {correction:?}");
        }
    }

    #[test]
    fn of_a_list_the_order_that_broke_the_filter_is_corrected_and_no_parameter_named() {
        let spec = symbol();
        let good = order(&spec, "45000", "1");
        let large = NewOrder { quantity: Some(Lots::new(spec.filters.lots_max.get() + 1)), ..good };
        let reject = Reject::Filter(Filter::LotSize);
        let alone = spec.correct_rejected(&[large], reject).unwrap();
        assert_eq!((alone.bound.0, alone.parameter), ("maxQty", Some(Parameter::Quantity)));
        let listed = spec.correct_rejected(&[good, large], reject).unwrap();
        assert_eq!(listed, Correction { parameter: None, ..alone });
        assert_eq!(spec.correct_rejected(&[large], Reject::InsufficientBalance), None);
    }

    #[test]
    fn a_text_off_its_step_is_corrected_to_the_step() {
        let spec = symbol();
        let price = spec.correct_price("45000.00000001", Parameter::Price).unwrap();
        assert_eq!(price.bound.0, "tickSize");
        let nearest = text(price.nearest.unwrap());
        assert!(spec.parse_price(&nearest).is_ok(), "{nearest}");
        let lots = spec.correct_quantity("0.0000000001", Parameter::Quantity).unwrap();
        assert!(spec.parse_quantity(&text(lots.nearest.unwrap()), Parameter::Quantity).is_ok());
    }
}
