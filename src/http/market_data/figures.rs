//! The figures of a ticker as the wire prints them, for REST and streams alike.

use crate::{
    actors::message::WindowView,
    domain::{
        instruments::symbol::SymbolSpec,
        market_data::{Candle, base_volume, quote_volume},
        types::{
            decimal::Units,
            money::{Lots, Price},
        },
    },
    http::wire::json::Json,
};

const ZERO: Units = Units { value: 0, scale: 8 };

/// A ticker to print. Without trades in its window all figures are zero, and the ids of its first and last trade are
/// -1.
#[derive(Clone, Copy)]
pub(crate) struct Figures<'a> {
    pub(crate) spec: &'a SymbolSpec,
    pub(crate) view: &'a WindowView,
}

impl Figures<'_> {
    pub(crate) fn change(&self) -> Units {
        self.view.window.change(self.spec)
    }

    /// Writes the change in percent with three digits.
    pub(crate) fn write_change_percent(&self, json: &mut Json) {
        let millipercent = self.view.window.change_millipercent();
        let (sign, size) = (if millipercent < 0 { "-" } else { "" }, millipercent.unsigned_abs());
        json.text(&format!("{sign}{}.{:03}", size / 1_000, size % 1_000));
    }

    pub(crate) fn average(&self) -> Units {
        self.view.window.average(self.spec)
    }

    fn of_candle(&self, figure: impl FnOnce(&Candle) -> Units) -> Units {
        self.view.window.candle.as_ref().map_or(ZERO, figure)
    }

    pub(crate) fn open(&self) -> Units {
        self.of_candle(|candle| self.spec.price_units(candle.open))
    }

    pub(crate) fn high(&self) -> Units {
        self.of_candle(|candle| self.spec.price_units(candle.high))
    }

    pub(crate) fn low(&self) -> Units {
        self.of_candle(|candle| self.spec.price_units(candle.low))
    }

    pub(crate) fn volume(&self) -> Units {
        self.of_candle(|candle| base_volume(self.spec, candle.lots))
    }

    pub(crate) fn quote_volume(&self) -> Units {
        self.of_candle(|candle| quote_volume(self.spec, candle.tick_lots))
    }

    pub(crate) fn price(&self, price: Option<Price>) -> Units {
        price.map_or(ZERO, |price| self.spec.price_units(price))
    }

    pub(crate) fn last_price(&self) -> Units {
        self.price(self.view.window.last.map(|trade| trade.price))
    }

    pub(crate) fn last_quantity(&self) -> Units {
        self.view.window.last.map_or(ZERO, |trade| self.spec.lots_units(trade.lots))
    }

    pub(crate) fn close_before(&self) -> Units {
        self.price(self.view.window.close_before)
    }

    /// Returns price and quantity of a best quote.
    pub(crate) fn quote(&self, side: Option<(Price, Lots)>) -> (Units, Units) {
        side.map_or((ZERO, ZERO), |(price, lots)| (self.spec.price_units(price), self.spec.lots_units(lots)))
    }

    /// Writes the ids of the first and last trade and their number.
    pub(crate) fn write_trades(&self, json: &mut Json, [first, last, count]: [&str; 3]) {
        let candle = self.view.window.candle.as_ref();
        match candle.and_then(Candle::trade_ids) {
            Some((first_id, last_id)) => {
                json.field(first).number(first_id);
                json.field(last).number(last_id);
            }
            None => {
                json.field(first).raw("-1");
                json.field(last).raw("-1");
            }
        }
        json.field(count).number(candle.map_or(0, |candle| candle.trades));
    }
}
