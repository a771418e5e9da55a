//! `klines`: the candles of every interval in UTC that has trades.

use sea_orm::entity::prelude::*;
use serde::Serialize;

use crate::{
    domain::{
        instruments::symbol::SymbolSpec,
        market_data::{Candle, Interval},
        types::time::Timestamp,
    },
    history::{HistoryError, text},
};

/// A candle. One without trades is not stored: it is flat at the close before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, DeriveEntityModel)]
#[sea_orm(table_name = "klines")]
pub struct Model {
    /// Of which symbol.
    #[sea_orm(primary_key, auto_increment = false)]
    pub symbol_id: i64,
    /// How long it is, e.g. `15m`.
    #[sea_orm(primary_key, auto_increment = false, column_name = "period")]
    pub interval: String,
    /// When it starts.
    #[sea_orm(primary_key, auto_increment = false)]
    pub open_time: i64,
    /// The price of its first trade.
    pub open: String,
    /// The highest price.
    pub high: String,
    /// The lowest price.
    pub low: String,
    /// The price of its last trade.
    pub close: String,
    /// What was traded, in the base asset.
    pub volume: String,
    /// What that came to, in the quote asset.
    pub quote_volume: String,
    /// How much of it takers bought.
    pub taker_volume: String,
    /// What that came to.
    pub taker_quote_volume: String,
    /// How many trades.
    pub trades: i64,
    /// The number of its first trade.
    pub first_trade: i64,
}

/// None: rows name each other by number.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Returns the row of a candle.
    pub fn of(candle: &Candle, interval: Interval, spec: &SymbolSpec) -> Self {
        Self {
            symbol_id: i64::from(spec.id.get()),
            interval: interval.name().to_owned(),
            open_time: candle.open_time.micros() as i64,
            open: text::price(spec, candle.open),
            high: text::price(spec, candle.high),
            low: text::price(spec, candle.low),
            close: text::price(spec, candle.close),
            volume: text::volume(spec, candle.lots),
            quote_volume: text::turnover(spec, candle.tick_lots),
            taker_volume: text::volume(spec, candle.taker_lots),
            taker_quote_volume: text::turnover(spec, candle.taker_tick_lots),
            trades: candle.trades as i64,
            first_trade: candle.first_trade as i64,
        }
    }

    /// Reads the candle.
    ///
    /// # Errors
    /// The row is not one this exchange wrote.
    pub fn candle(&self, spec: &SymbolSpec) -> Result<Candle, HistoryError> {
        Ok(Candle {
            open_time: Timestamp::from_micros(self.open_time as u64),
            open: text::read_price(spec, &self.open)?,
            high: text::read_price(spec, &self.high)?,
            low: text::read_price(spec, &self.low)?,
            close: text::read_price(spec, &self.close)?,
            lots: text::read_volume(spec, &self.volume)?,
            tick_lots: text::read_turnover(spec, &self.quote_volume)?,
            taker_lots: text::read_volume(spec, &self.taker_volume)?,
            taker_tick_lots: text::read_turnover(spec, &self.taker_quote_volume)?,
            trades: self.trades as u64,
            first_trade: self.first_trade as u64,
        })
    }
}
