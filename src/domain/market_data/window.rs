//! Recent trades summed up: the figures behind tickers and the average price.

use super::{
    candle::Candle,
    interval::{Interval, Zone},
};
use crate::domain::{
    instruments::symbol::SymbolSpec,
    matching::PublicTrade,
    types::{
        decimal::{Units, WIRE_FRACTION_DIGITS, power_of_ten},
        money::Price,
        time::Timestamp,
    },
};

/// The number of minutes the average price covers (Binance: `avgPrice`).
pub const AVERAGE_MINUTES: u64 = 5;

/// The trades of a stretch of time that ends now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The start: for a rolling window on a whole minute, so it is up to 59.999 s longer than requested; for the
    /// average price on a whole second.
    pub open_time: Timestamp,
    /// The end.
    pub close_time: Timestamp,
    /// Its trades; `None` if there were none.
    pub candle: Option<Candle>,
    /// The price of the last trade before it.
    pub close_before: Option<Price>,
    /// The last trade ever.
    pub last: Option<PublicTrade>,
}

impl Window {
    /// Returns the price change from its first trade to its last, in ticks.
    pub fn change_ticks(&self) -> i128 {
        self.candle.map_or(0, |candle| i128::from(candle.close.ticks()) - i128::from(candle.open.ticks()))
    }

    /// Returns that change in the quote asset, for printing.
    pub fn change(&self, spec: &SymbolSpec) -> Units {
        let value = self.change_ticks().saturating_mul(i128::from(spec.tick_units));
        Units { value, scale: spec.quote.scale }
    }

    /// Returns that change in thousandths of a percent, rounded to the nearest.
    pub fn change_millipercent(&self) -> i128 {
        let open = self.candle.map_or(0, |candle| i128::from(candle.open.ticks()));
        let doubled = self.change_ticks().saturating_mul(2 * 100 * 1_000);
        match open {
            0 => 0,
            // Half of the divisor, towards the sign of what is divided.
            open => (doubled + open * doubled.signum()) / (2 * open),
        }
    }

    /// Returns the average price, or that of the last trade if there was none in the window; zero before the first.
    pub fn average_or_last(&self, spec: &SymbolSpec) -> Units {
        match (self.candle, self.last) {
            (None, Some(last)) => spec.price_units(last.price),
            _ => self.average(spec),
        }
    }

    /// Returns the volume-weighted average price; zero without trades.
    pub fn average(&self, spec: &SymbolSpec) -> Units {
        let (tick_lots, lots) = self.candle.map_or((0, 0), |candle| (candle.tick_lots, candle.lots));
        average(spec, tick_lots, lots)
    }
}

/// Returns the start of a rolling window of this many minutes that ends at `now`.
pub fn rolling_open(now: Timestamp, minutes: u64) -> Timestamp {
    let minute = Interval::Minute1.open(now, Zone::UTC);
    Timestamp::from_micros(minute.micros().saturating_sub(minutes.saturating_mul(60_000_000)))
}

/// Returns the start of the average price's window that ends at `now`: on a whole second, so that with the current
/// second it is never longer than its nominal length.
pub fn average_open(now: Timestamp) -> Timestamp {
    let second = Interval::Second1.open(now, Zone::UTC);
    Timestamp::from_micros(second.micros().saturating_sub((AVERAGE_MINUTES * 60 - 1) * 1_000_000))
}

/// Returns `tick_lots / lots` as a price, rounded down at the last digit printed.
fn average(spec: &SymbolSpec, tick_lots: u128, lots: u128) -> Units {
    let scale = spec.quote.scale.max(WIRE_FRACTION_DIGITS);
    let unit =
        u128::from(spec.tick_units).saturating_mul(power_of_ten(scale - spec.quote.scale).unsigned_abs());
    let value = match lots {
        0 => 0,
        lots => {
            let (whole, rest) = (tick_lots / lots, tick_lots % lots);
            // The rest is worth less than a tick: where the product is too large, so are the lots it is divided by.
            let rest = rest.checked_mul(unit).map_or(0, |rest| rest / lots);
            whole.saturating_mul(unit).saturating_add(rest)
        }
    };
    Units { value: i128::try_from(value).unwrap_or(i128::MAX), scale }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::sample;

    fn window(open: u64, close: u64) -> Window {
        let mut candle = Candle::flat(Timestamp::default(), Price::from_ticks(open));
        candle.close = Price::from_ticks(close);
        (candle.trades, candle.lots, candle.tick_lots) = (2, 3, u128::from(open + 2 * close));
        Window {
            open_time: Timestamp::default(),
            close_time: Timestamp::default(),
            candle: Some(candle),
            close_before: None,
            last: None,
        }
    }

    #[test]
    fn a_change_in_percent_is_rounded_to_three_digits() {
        for (open, close, millipercent) in
            [(100, 101, 1_000), (3, 4, 33_333), (3, 5, 66_667), (3, 2, -33_333), (3, 1, -66_667), (7, 7, 0)]
        {
            assert_eq!(window(open, close).change_millipercent(), millipercent, "{open} to {close}");
        }
    }

    #[test]
    fn the_average_is_weighted_and_rounded_down() {
        let instruments = sample::instruments().unwrap();
        let spec = instruments.symbols().next().unwrap();
        let third = window(1, 2).average(spec); // 5 tick-lots over 3 lots
        let tick = i128::from(spec.tick_units) * power_of_ten(third.scale - spec.quote.scale);
        assert_eq!(third.value, tick * 5 / 3);
        let empty = Window { candle: None, ..window(1, 2) };
        assert_eq!((empty.average(spec).value, empty.change_ticks(), empty.change_millipercent()), (0, 0, 0));
    }

    #[test]
    fn a_rolling_window_starts_on_a_whole_minute() {
        let now = Timestamp::from_millis(1_641_287_867_099);
        assert_eq!(rolling_open(now, 24 * 60), Timestamp::from_millis(1_641_201_420_000));
        assert_eq!(rolling_open(Timestamp::from_millis(5), 1), Timestamp::default());
    }

    #[test]
    fn the_average_price_covers_five_minutes_and_no_more() {
        let open = |now| average_open(Timestamp::from_millis(now)).millis();
        assert_eq!(
            (open(1_641_287_867_099), open(1_641_287_867_999)),
            (1_641_287_568_000, 1_641_287_568_000)
        );
        assert_eq!(open(5), 0);
    }
}
