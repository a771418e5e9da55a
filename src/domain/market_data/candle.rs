//! A candle: the trades of one interval summed up in a few numbers, and the merging of candles into longer ones.

use serde::{Deserialize, Serialize};

use super::interval::{Interval, Zone};
use crate::domain::{
    instruments::symbol::SymbolSpec,
    matching::PublicTrade,
    types::{decimal::Units, money::Price, time::Timestamp},
};

/// The trades of one interval. Quote volumes are counted in tick-lots, the product of a price in ticks and a quantity
/// in lots, so that a candle is exact without knowing its symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Candle {
    /// The start of its interval.
    pub open_time: Timestamp,
    /// The price of its first trade.
    pub open: Price,
    /// The highest price.
    pub high: Price,
    /// The lowest price.
    pub low: Price,
    /// The price of its last trade.
    pub close: Price,
    /// The traded lots.
    pub lots: u128,
    /// Their cost, in tick-lots.
    pub tick_lots: u128,
    /// The lots bought by takers.
    pub taker_lots: u128,
    /// The cost of those, in tick-lots.
    pub taker_tick_lots: u128,
    /// The number of trades; 0 in an interval without any, whose prices are all the previous close.
    pub trades: u64,
    /// The id of its first trade; ids are dense, so its last is `first_trade + trades - 1`. 0 without trades.
    pub first_trade: u64,
}

impl Candle {
    /// Starts a candle with its first trade.
    pub fn of(open_time: Timestamp, trade: &PublicTrade) -> Self {
        let mut candle = Self::flat(open_time, trade.price);
        candle.first_trade = trade.id.get();
        candle.add(trade);
        candle
    }

    /// Builds the candle of an interval without a trade, at the previous close.
    pub const fn flat(open_time: Timestamp, close: Price) -> Self {
        Self {
            open_time,
            open: close,
            high: close,
            low: close,
            close,
            lots: 0,
            tick_lots: 0,
            taker_lots: 0,
            taker_tick_lots: 0,
            trades: 0,
            first_trade: 0,
        }
    }

    /// Adds the next trade of its interval.
    pub fn add(&mut self, trade: &PublicTrade) {
        let lots = u128::from(trade.lots.get());
        // Two 64-bit factors fit 128 bits; no symbol has enough trades for the sum to overflow.
        let tick_lots = u128::from(trade.price.ticks()) * lots;
        self.high = self.high.max(trade.price);
        self.low = self.low.min(trade.price);
        self.close = trade.price;
        self.lots = self.lots.saturating_add(lots);
        self.tick_lots = self.tick_lots.saturating_add(tick_lots);
        if !trade.buyer_is_maker {
            self.taker_lots = self.taker_lots.saturating_add(lots);
            self.taker_tick_lots = self.taker_tick_lots.saturating_add(tick_lots);
        }
        self.trades += 1;
    }

    /// Adds a later candle of the same interval. One without trades changes nothing.
    pub fn merge(&mut self, later: &Self) {
        if later.trades == 0 {
            return;
        }
        if self.trades == 0 {
            *self = Self { open_time: self.open_time, ..*later };
            return;
        }
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.close = later.close;
        self.lots = self.lots.saturating_add(later.lots);
        self.tick_lots = self.tick_lots.saturating_add(later.tick_lots);
        self.taker_lots = self.taker_lots.saturating_add(later.taker_lots);
        self.taker_tick_lots = self.taker_tick_lots.saturating_add(later.taker_tick_lots);
        self.trades += later.trades;
    }

    /// Returns the ids of its first and last trade; `None` without trades.
    pub const fn trade_ids(&self) -> Option<(u64, u64)> {
        match self.trades {
            0 => None,
            count => Some((self.first_trade, self.first_trade + count - 1)),
        }
    }
}

/// Returns lots in the base asset, for printing.
pub fn base_volume(spec: &SymbolSpec, lots: u128) -> Units {
    Units { value: product(lots, spec.lot_units), scale: spec.base.scale }
}

/// Returns tick-lots in the quote asset, for printing.
pub fn quote_volume(spec: &SymbolSpec, tick_lots: u128) -> Units {
    Units { value: product(tick_lots, spec.notional_unit), scale: spec.quote.scale }
}

fn product(count: u128, unit: u64) -> i128 {
    i128::try_from(count.saturating_mul(u128::from(unit))).unwrap_or(i128::MAX)
}

/// Merges candles into those of a longer interval. The candles come in order, each inside one candle of the longer
/// interval ([`Interval::source`]); longer ones without a trade are left out.
pub fn roll_up(
    candles: impl Iterator<Item = Candle>,
    interval: Interval,
    zone: Zone,
) -> impl Iterator<Item = Candle> {
    let mut candles = candles.peekable();
    std::iter::from_fn(move || {
        let first = candles.next()?;
        let open_time = interval.open(first.open_time, zone);
        let mut sum = Candle { open_time, ..first };
        while let Some(next) = candles.next_if(|next| interval.open(next.open_time, zone) == open_time) {
            sum.merge(&next);
        }
        Some(sum)
    })
}

/// Inserts flat candles where there are none, from `from` to `last` (both open times), at the previous close; `close`
/// is that before `from`, and as long as there is none there are no candles either.
pub fn fill(
    candles: impl Iterator<Item = Candle>,
    interval: Interval,
    zone: Zone,
    (from, last): (Timestamp, Timestamp),
    mut close: Option<Price>,
) -> impl Iterator<Item = Candle> {
    let mut candles = candles.skip_while(move |candle| candle.open_time < from).peekable();
    let mut next = (from <= last).then_some(from);
    std::iter::from_fn(move || {
        loop {
            let open_time = next?;
            next = Some(interval.end(open_time, zone)).filter(|open| *open <= last);
            let candle = candles.next_if(|candle| candle.open_time == open_time);
            let candle = candle.or_else(|| close.map(|close| Candle::flat(open_time, close)));
            if let Some(candle) = candle {
                close = Some(candle.close);
                return Some(candle);
            }
            // Before the first trade: continue at its candle.
            next = candles.peek().map(|candle| candle.open_time).filter(|open| *open <= last);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::types::{
        id::{OrderId, TradeId},
        money::Lots,
    };

    fn trade(id: u64, price: u64, lots: u64, buyer_is_maker: bool) -> PublicTrade {
        PublicTrade {
            id: TradeId::new(id),
            price: Price::from_ticks(price),
            lots: Lots::new(lots),
            time: Timestamp::from_millis(id * 1_000),
            buyer_is_maker,
            taker: OrderId::new(id),
        }
    }

    fn prices(candle: &Candle) -> [u64; 4] {
        [candle.open, candle.high, candle.low, candle.close].map(Price::ticks)
    }

    #[test]
    fn a_candle_is_the_aggregate_of_its_trades() {
        let mut candle = Candle::of(Timestamp::default(), &trade(7, 100, 2, false));
        candle.add(&trade(8, 120, 1, true));
        candle.add(&trade(9, 90, 3, false));
        assert_eq!(prices(&candle), [100, 120, 90, 90]);
        assert_eq!((candle.lots, candle.tick_lots), (6, 590));
        assert_eq!((candle.taker_lots, candle.taker_tick_lots), (5, 470));
        assert_eq!(candle.trade_ids(), Some((7, 9)));
    }

    #[test]
    fn a_flat_candle_adds_nothing() {
        let full = Candle::of(Timestamp::default(), &trade(7, 100, 2, false));
        let flat = Candle::flat(Timestamp::default(), Price::from_ticks(55));
        let (mut one, mut other) = (full, flat);
        one.merge(&flat);
        other.merge(&full);
        assert_eq!((one, other), (full, full));
        assert_eq!(flat.trade_ids(), None);
    }

    #[test]
    fn gaps_are_flat_at_the_close_before_and_nothing_is_before_the_first_trade() {
        let minute = |index: u64| Timestamp::from_millis(index * 60_000);
        let candles =
            [Candle::of(minute(3), &trade(1, 100, 1, false)), Candle::of(minute(5), &trade(2, 90, 1, true))];
        let filled = |from, last, close| {
            let (range, zone) = ((minute(from), minute(last)), Zone::UTC);
            let filled = fill(candles.into_iter(), Interval::Minute1, zone, range, close);
            filled.map(|candle| (candle.open_time.millis() / 60_000, candle.close.ticks(), candle.trades))
        };
        let expected = vec![(3, 100, 1), (4, 100, 0), (5, 90, 1), (6, 90, 0)];
        assert_eq!(filled(1, 6, None).collect::<Vec<_>>(), expected);
        let close = Some(Price::from_ticks(7));
        assert_eq!(filled(2, 3, close).collect::<Vec<_>>(), [(2, 7, 0), (3, 100, 1)]);
        assert_eq!(filled(5, 4, close).count(), 0);
    }
}
