//! Queries about the public data of a symbol.

use sea_orm::{ColumnTrait, EntityTrait, Order as Direction, QueryFilter, QueryOrder, QuerySelect};

use super::{
    Reader,
    account::{from, id_from},
};
use crate::{
    domain::{
        market_data::{AggregateTrade, Candle, Interval, Range, Zone, fill, roll_up},
        matching::PublicTrade,
        types::{id::SymbolId, time::Timestamp},
    },
    history::{
        HistoryError,
        entity::{kline, trade},
    },
};

/// Which candles are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CandleRange {
    /// How long they are.
    pub interval: Interval,
    /// The time zone in which days and longer candles start.
    pub zone: Zone,
    /// The earliest opening wanted.
    pub start: Option<Timestamp>,
    /// The latest opening wanted.
    pub end: Option<Timestamp>,
    /// At most so many: the oldest when there is a start, else the latest.
    pub limit: usize,
    /// The earliest end of the latest candle.
    pub now: Timestamp,
}

impl Reader {
    /// Returns trades, as [`Trades::trades`](crate::domain::market_data::Trades::trades) does.
    ///
    /// # Errors
    /// The database fails, or holds what no exchange wrote.
    pub async fn trades(&self, symbol: SymbolId, range: Range) -> Result<Vec<PublicTrade>, HistoryError> {
        let spec = self.spec(symbol)?;
        let mut query = trade::Entity::find().filter(trade::Column::SymbolId.eq(i64::from(symbol.get())));
        if let Some(id) = range.from_id {
            query = query.filter(trade::Column::Id.gte(id_from(id)));
        }
        if let Some(start) = range.start {
            query = query.filter(trade::Column::Time.gte(from(start)));
        }
        if let Some(end) = range.end {
            query = query.filter(trade::Column::Time.lte(from(end)));
        }
        let is_latest = range.from_id.is_none() && range.start.is_none();
        let direction = if is_latest { Direction::Desc } else { Direction::Asc };
        let query = query.order_by(trade::Column::Id, direction).limit(range.limit as u64);
        let rows = self.in_order(query, is_latest).await?;
        rows.iter().map(|row| row.trade(spec)).collect()
    }

    /// Returns aggregate trades, as [`Trades::aggregates`](crate::domain::market_data::Trades::aggregates) does.
    ///
    /// # Errors
    /// The database fails, or holds what no exchange wrote.
    pub async fn aggregates(
        &self,
        symbol: SymbolId,
        range: Range,
    ) -> Result<Vec<AggregateTrade>, HistoryError> {
        let spec = self.spec(symbol)?;
        // The trades of an aggregate have one time, so bounds of time never cut one.
        let end = range.end.map_or(i64::MAX, from);
        let limit = range.limit as i64;
        let of_symbol = || trade::Entity::find().filter(trade::Column::SymbolId.eq(i64::from(symbol.get())));
        let first = match (range.from_id, range.start) {
            (Some(id), _) => id_from(id),
            (None, Some(start)) => {
                let row = of_symbol()
                    .filter(trade::Column::Time.gte(from(start)))
                    .order_by_asc(trade::Column::Time)
                    .order_by_asc(trade::Column::Id);
                let Some(row) = row.one(self.db().await?).await? else { return Ok(Vec::new()) };
                row.aggregate_id
            }
            (None, None) => {
                let row = of_symbol()
                    .filter(trade::Column::Time.lte(end))
                    .order_by_desc(trade::Column::Time)
                    .order_by_desc(trade::Column::Id);
                let Some(row) = row.one(self.db().await?).await? else { return Ok(Vec::new()) };
                row.aggregate_id - limit + 1
            }
        };
        let rows = of_symbol()
            .filter(trade::Column::AggregateId.gte(first))
            .filter(trade::Column::AggregateId.lt(first.saturating_add(limit)))
            .filter(trade::Column::Time.lte(end))
            .order_by_asc(trade::Column::AggregateId)
            .order_by_asc(trade::Column::Id)
            .all(self.db().await?)
            .await?;
        trade::aggregates(&rows, spec)
    }

    /// Returns candles, as [`Candles::query`](crate::domain::market_data::Candles::query) does.
    ///
    /// # Errors
    /// The database fails, or holds what no exchange wrote.
    pub async fn candles(&self, symbol: SymbolId, range: CandleRange) -> Result<Vec<Candle>, HistoryError> {
        let CandleRange { interval, zone, start, end, limit, now } = range;
        let source = interval.source(zone);
        let Some(oldest) = self.candle_beside(symbol, source, None).await? else { return Ok(Vec::new()) };
        let last = interval.open(end.map_or(now, |end| end.min(now)), zone);
        let wanted = match start {
            Some(start) => interval.open_from(start, zone),
            None => (1..limit).fold(last, |open, _| {
                let before = open.micros().saturating_sub(1);
                interval.open(Timestamp::from_micros(before), zone)
            }),
        };
        let from = wanted.max(interval.open(oldest.open_time, zone));
        let until = (0..limit).fold(from, |open, _| interval.end(open, zone)).min(interval.end(last, zone));
        let rows = kline::Entity::find()
            .filter(kline::Column::SymbolId.eq(i64::from(symbol.get())))
            .filter(kline::Column::Interval.eq(source.name()))
            .filter(kline::Column::OpenTime.gte(from.micros() as i64))
            .filter(kline::Column::OpenTime.lt(until.micros() as i64))
            .order_by_asc(kline::Column::OpenTime)
            .all(self.db().await?)
            .await?;
        let spec = self.spec(symbol)?;
        let candles: Result<Vec<Candle>, HistoryError> = rows.iter().map(|row| row.candle(spec)).collect();
        let before = self.candle_beside(symbol, source, Some(from)).await?;
        let rolled = roll_up(candles?.into_iter(), interval, zone);
        let close = before.map(|candle| candle.close);
        Ok(fill(rolled, interval, zone, (from, last), close).take(limit).collect())
    }

    /// Returns the last candle that starts before a time, or the first there is.
    async fn candle_beside(
        &self,
        symbol: SymbolId,
        interval: Interval,
        before: Option<Timestamp>,
    ) -> Result<Option<Candle>, HistoryError> {
        let query = kline::Entity::find()
            .filter(kline::Column::SymbolId.eq(i64::from(symbol.get())))
            .filter(kline::Column::Interval.eq(interval.name()));
        let query = match before {
            None => query.order_by_asc(kline::Column::OpenTime),
            Some(time) => query
                .filter(kline::Column::OpenTime.lt(time.micros() as i64))
                .order_by_desc(kline::Column::OpenTime),
        };
        let row = query.one(self.db().await?).await?;
        row.map(|row| row.candle(self.spec(symbol)?)).transpose()
    }
}
