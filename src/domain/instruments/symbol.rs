//! A symbol's specification: the conversion of prices and quantities to ticks, lots and ledger units, its filters and
//! its fees.

use super::asset::Asset;
use crate::domain::{
    messages::reject::{Filter, Parameter, Reject},
    orders::{Direction, NewOrder, Side},
    types::{
        decimal::{self, DecimalError, Units},
        id::SymbolId,
        money::{Amount, Lots, Price, Rate},
    },
};

/// Whether a symbol trades. New variants are added at the end: the position is the journal's number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SymbolStatus {
    /// Orders are accepted.
    #[default]
    Trading,
    /// Orders can be cancelled and reduced; none is placed, triggered or matched.
    CancelOnly,
    /// As `CancelOnly`, because something is wrong with the market.
    Halt,
    /// Orders that can only rest are accepted: the book fills before the market opens again.
    PostOnly,
    /// The symbol is gone for good: every open order is ended.
    Delisted,
}

impl SymbolStatus {
    /// Every status, with its name on the wire and in the configuration.
    pub const NAMES: [(Self, &'static str); 5] = [
        (Self::Trading, "TRADING"),
        (Self::CancelOnly, "CANCEL_ONLY"),
        (Self::Halt, "HALT"),
        (Self::PostOnly, "POST_ONLY"),
        (Self::Delisted, "DELISTED"),
    ];

    /// Returns the name on the wire and in the configuration.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(status, _)| *status == self).map_or("", |(_, name)| name)
    }

    /// Returns the status of a name; case matters.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(status, _)| *status)
    }
}

/// The bounds an order must meet, in ticks, lots and quote units. A bound of 0 is switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Filters {
    /// PRICE_FILTER `minPrice`.
    pub price_min: Price,
    /// PRICE_FILTER `maxPrice`; never 0, it bounds the arithmetic.
    pub price_max: Price,
    /// LOT_SIZE `minQty`.
    pub lots_min: Lots,
    /// LOT_SIZE `maxQty`; never 0, it bounds the arithmetic.
    pub lots_max: Lots,
    /// MARKET_LOT_SIZE `minQty`.
    pub market_lots_min: Lots,
    /// MARKET_LOT_SIZE `maxQty`, at most `lots_max`.
    pub market_lots_max: Lots,
    /// NOTIONAL `minNotional`.
    pub notional_min: Amount,
    /// NOTIONAL `applyMinToMarket`.
    pub notional_min_applies_to_market: bool,
    /// NOTIONAL `maxNotional`.
    pub notional_max: Amount,
    /// NOTIONAL `applyMaxToMarket`.
    pub notional_max_applies_to_market: bool,
    /// PERCENT_PRICE_BY_SIDE `bidMultiplierUp`.
    pub bid_multiplier_up: Rate,
    /// PERCENT_PRICE_BY_SIDE `bidMultiplierDown`.
    pub bid_multiplier_down: Rate,
    /// PERCENT_PRICE_BY_SIDE `askMultiplierUp`.
    pub ask_multiplier_up: Rate,
    /// PERCENT_PRICE_BY_SIDE `askMultiplierDown`.
    pub ask_multiplier_down: Rate,
    /// MAX_NUM_ORDERS `maxNumOrders`: open orders per account on the symbol.
    pub open_orders_max: u32,
    /// The bounds of icebergs, conditional orders and lists.
    pub special: SpecialFilters,
}

/// The bounds of icebergs, conditional orders and lists. A bound of 0 is switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SpecialFilters {
    /// ICEBERG_PARTS `limit`.
    pub iceberg_parts_max: u32,
    /// MAX_NUM_ALGO_ORDERS `maxNumAlgoOrders`: open conditional orders per account on the symbol.
    pub algo_orders_max: u32,
    /// MAX_NUM_ICEBERG_ORDERS `maxNumIcebergOrders`.
    pub iceberg_orders_max: u32,
    /// MAX_NUM_ORDER_LISTS `maxNumOrderLists`.
    pub order_lists_max: u32,
    /// MAX_NUM_ORDER_AMENDS `maxNumOrderAmends`: how often one order may be amended.
    pub amends_max: u32,
    /// TRAILING_DELTA `minTrailingAboveDelta` and `maxTrailingAboveDelta`, in hundredths of a percent.
    pub trailing_above: (u16, u16),
    /// TRAILING_DELTA `minTrailingBelowDelta` and `maxTrailingBelowDelta`.
    pub trailing_below: (u16, u16),
    /// MAX_POSITION `maxPosition`: the maximum an account may own and be buying.
    pub position_max: Lots,
}

impl Filters {
    /// No bounds: for reading orders that are accepted already.
    pub(crate) fn open() -> Self {
        Self {
            price_min: Price::default(),
            price_max: Price::from_ticks(u64::MAX),
            lots_min: Lots::default(),
            lots_max: Lots::new(u64::MAX),
            market_lots_min: Lots::default(),
            market_lots_max: Lots::new(u64::MAX),
            notional_min: Amount::default(),
            notional_min_applies_to_market: false,
            notional_max: Amount::default(),
            notional_max_applies_to_market: false,
            bid_multiplier_up: Rate::ZERO,
            bid_multiplier_down: Rate::ZERO,
            ask_multiplier_up: Rate::ZERO,
            ask_multiplier_down: Rate::ZERO,
            open_orders_max: 0,
            special: SpecialFilters {
                iceberg_parts_max: 0,
                algo_orders_max: 0,
                iceberg_orders_max: 0,
                order_lists_max: 0,
                amends_max: 0,
                trailing_above: (0, u16::MAX),
                trailing_below: (0, u16::MAX),
                position_max: Lots::default(),
            },
        }
    }
}

/// The fees of the two sides of a trade, as a proportion of the amount each receives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FeeRates {
    /// The maker's rate.
    pub maker: Rate,
    /// The taker's rate.
    pub taker: Rate,
}

/// A symbol, validated when the configuration loads; only its trading rules change afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SymbolSpec {
    /// Its id.
    pub id: SymbolId,
    /// Its name, e.g. `BTCUSDT`.
    pub name: String,
    /// The base asset.
    pub base: Asset,
    /// The quote asset.
    pub quote: Asset,
    /// Whether it trades.
    pub status: SymbolStatus,
    /// Quote units (`10^-quote.scale`) per tick.
    pub tick_units: u64,
    /// Base units (`10^-base.scale`) per lot.
    pub lot_units: u64,
    /// Quote units for one lot at a price of one tick: exact, because the configuration is rejected otherwise.
    pub notional_unit: u64,
    /// The bounds orders must meet.
    pub filters: Filters,
    /// Fee rates by account tier; never empty.
    pub fees: Vec<FeeRates>,
    /// How far from the reference price a market order may trade (ADR 0004).
    pub market_collar: Rate,
    /// The days on which three-day candles start: those whose number since 1970-01-01 leaves this when divided by 3.
    pub three_day_phase: u8,
}

impl SymbolSpec {
    /// Builds a symbol of which only the assets are known, with a name generated from its id: for reading its stored
    /// data.
    pub(crate) fn open(id: SymbolId, base: Asset, quote: Asset) -> Self {
        Self {
            id,
            name: format!("SYMBOL{id}"),
            base,
            quote,
            status: SymbolStatus::default(),
            tick_units: 1,
            lot_units: 1,
            notional_unit: 1,
            filters: Filters::open(),
            fees: vec![FeeRates::default()],
            market_collar: Rate::ZERO,
            three_day_phase: crate::domain::market_data::THREE_DAY_PHASE,
        }
    }

    /// Reads a price.
    ///
    /// # Errors
    /// Malformed, too precise for the quote asset, or off the tick (PRICE_FILTER).
    pub fn parse_price(&self, text: &str) -> Result<Price, Reject> {
        self.parse_price_of(text, Parameter::Price)
    }

    /// Reads a price given in any parameter.
    ///
    /// # Errors
    /// As [`SymbolSpec::parse_price`], naming the parameter.
    pub fn parse_price_of(&self, text: &str, parameter: Parameter) -> Result<Price, Reject> {
        let units = parse(text, self.quote.scale, parameter)?;
        whole(units, self.tick_units).map(Price::from_ticks).ok_or(Reject::Filter(Filter::PriceFilter))
    }

    /// Reads a quantity of the base asset.
    ///
    /// # Errors
    /// Malformed, too precise for the base asset, or off the step (LOT_SIZE).
    pub fn parse_quantity(&self, text: &str, parameter: Parameter) -> Result<Lots, Reject> {
        let units = parse(text, self.base.scale, parameter)?;
        whole(units, self.lot_units).map(Lots::new).ok_or(Reject::Filter(Filter::LotSize))
    }

    /// Reads an amount of the quote asset.
    ///
    /// # Errors
    /// Malformed, or too precise for the quote asset.
    pub fn parse_quote_quantity(&self, text: &str) -> Result<Amount, Reject> {
        parse(text, self.quote.scale, Parameter::QuoteOrderQty).map(Amount::new)
    }

    /// Returns the price for printing.
    pub fn price_units(&self, price: Price) -> Units {
        Units { value: i128::from(price.ticks()) * i128::from(self.tick_units), scale: self.quote.scale }
    }

    /// Returns the quantity for printing.
    pub fn lots_units(&self, lots: Lots) -> Units {
        Units { value: i128::from(lots.get()) * i128::from(self.lot_units), scale: self.base.scale }
    }

    /// Returns the quote amount for printing.
    pub fn quote_units(&self, amount: Amount) -> Units {
        Units { value: amount.units(), scale: self.quote.scale }
    }

    /// Returns `lots` in units of the base asset. Exact; cannot overflow for lots the filters admit.
    ///
    /// # Errors
    /// [`Reject::Overflow`] when it does not fit.
    pub fn base_amount(&self, lots: Lots) -> Result<Amount, Reject> {
        i128::from(lots.get())
            .checked_mul(i128::from(self.lot_units))
            .map(Amount::new)
            .ok_or(Reject::Overflow)
    }

    /// Returns `price × lots` in units of the quote asset. Exact.
    ///
    /// # Errors
    /// [`Reject::Overflow`] when it does not fit.
    pub fn notional(&self, price: Price, lots: Lots) -> Result<Amount, Reject> {
        i128::from(price.ticks())
            .checked_mul(i128::from(lots.get()))
            .and_then(|tick_lots| tick_lots.checked_mul(i128::from(self.notional_unit)))
            .map(Amount::new)
            .ok_or(Reject::Overflow)
    }

    /// Returns the asset an order of this side pays with.
    pub const fn paid(&self, side: Side) -> Asset {
        match side {
            Side::Buy => self.quote,
            Side::Sell => self.base,
        }
    }

    /// Returns the asset an order of this side receives, and pays its fee in.
    pub const fn received(&self, side: Side) -> Asset {
        self.paid(side.opposite())
    }

    /// Returns the fee rates of a tier; an unknown tier pays those of tier 0.
    pub fn fee_rates(&self, tier: u8) -> FeeRates {
        self.fees.get(usize::from(tier)).or_else(|| self.fees.first()).copied().unwrap_or_default()
    }

    /// Returns the worst price a market order of this side may trade at, for a reference price.
    ///
    /// Buys may pay up to reference × (1 + collar), sells may go down to reference × (1 − collar), rounded
    /// towards the reference and kept inside PRICE_FILTER.
    pub fn collar(&self, side: Side, reference: Price) -> Price {
        let bound = side.collar(self.market_collar, reference).ticks();
        Price::from_ticks(bound.clamp(self.filters.price_min.ticks().max(1), self.filters.price_max.ticks()))
    }

    /// Checks an order against the filters that depend only on the order and the reference price.
    ///
    /// # Errors
    /// The first filter that fails, in the order PRICE_FILTER, PERCENT_PRICE_BY_SIDE, LOT_SIZE, MARKET_LOT_SIZE,
    /// NOTIONAL, ICEBERG_PARTS, TRAILING_DELTA.
    pub fn check(&self, order: &NewOrder) -> Result<(), Reject> {
        let filters = &self.filters;
        let fail = |filter| Err(Reject::Filter(filter));
        if let Some(price) = order.price {
            if price < filters.price_min || price > filters.price_max || price.ticks() == 0 {
                return fail(Filter::PriceFilter);
            }
            if let Some(reference) = order.reference
                && !self.price_is_near(order.side, price, reference)
            {
                return fail(Filter::PercentPriceBySide);
            }
        }
        let stop = order.trigger.and_then(|trigger| trigger.stop);
        if stop.is_some_and(|stop| stop < filters.price_min || stop > filters.price_max || stop.ticks() == 0)
        {
            return fail(Filter::PriceFilter);
        }
        self.check_special(order)?;
        let is_market = order.kind.is_market();
        if let Some(lots) = order.quantity {
            if lots < filters.lots_min || lots > filters.lots_max || lots.is_zero() {
                return fail(Filter::LotSize);
            }
            if is_market && (lots < filters.market_lots_min || lots > filters.market_lots_max) {
                return fail(Filter::MarketLotSize);
            }
        }
        let price = order.price.or(stop).or(order.reference);
        let notional = match (order.quote_quantity, order.quantity, price) {
            (Some(amount), _, _) => amount,
            (None, Some(lots), Some(price)) => self.notional(price, lots)?,
            _ => return Ok(()), // a market order without a reference expires at once
        };
        let min_applies = !is_market || filters.notional_min_applies_to_market;
        let max_applies = !is_market || filters.notional_max_applies_to_market;
        if (min_applies && notional < filters.notional_min)
            || (max_applies && !filters.notional_max.is_zero() && notional > filters.notional_max)
        {
            return fail(Filter::Notional);
        }
        Ok(())
    }

    /// Checks the filters of icebergs and trailing orders.
    fn check_special(&self, order: &NewOrder) -> Result<(), Reject> {
        let special = &self.filters.special;
        if let (Some(peak), Some(lots)) = (order.iceberg, order.quantity) {
            if peak < self.filters.lots_min || peak.is_zero() {
                return Err(Reject::Filter(Filter::LotSize));
            }
            let parts = lots.get().div_ceil(peak.get());
            if special.iceberg_parts_max != 0 && parts > u64::from(special.iceberg_parts_max) {
                return Err(Reject::Filter(Filter::IcebergParts));
            }
        }
        if let Some(bips) = order.trigger.and_then(|trigger| trigger.trailing) {
            let (low, high) = match order.kind.direction(order.side) {
                Direction::Up => special.trailing_above,
                Direction::Down => special.trailing_below,
            };
            if !(u64::from(low)..=u64::from(high)).contains(&bips.get()) {
                return Err(Reject::Filter(Filter::TrailingDelta));
            }
        }
        Ok(())
    }

    fn price_is_near(&self, side: Side, price: Price, reference: Price) -> bool {
        let filters = &self.filters;
        let (up, down) = match side {
            Side::Buy => (filters.bid_multiplier_up, filters.bid_multiplier_down),
            Side::Sell => (filters.ask_multiplier_up, filters.ask_multiplier_down),
        };
        let scaled = u128::from(price.ticks()) * u128::from(Rate::ONE);
        let times = |rate: Rate| u128::from(reference.ticks()) * u128::from(rate.units());
        (up == Rate::ZERO || scaled <= times(up)) && (down == Rate::ZERO || scaled >= times(down))
    }
}

/// Reads a non-negative decimal in an asset's units.
///
/// # Errors
/// [`Reject::Malformed`] or [`Reject::Precision`], naming the parameter.
pub fn parse(text: &str, scale: u8, parameter: Parameter) -> Result<i128, Reject> {
    decimal::parse_units(text, scale).map_err(|error| match error {
        DecimalError::Malformed => Reject::Malformed(parameter),
        DecimalError::Precision => Reject::Precision(parameter),
    })
}

/// Returns how many `step`s make `units`, if a whole number that fits.
fn whole(units: i128, step: u64) -> Option<u64> {
    let step = i128::from(step);
    (units % step == 0).then(|| units / step).and_then(|count| u64::try_from(count).ok())
}
