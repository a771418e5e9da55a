//! The kline stage: derives candles of every interval and the numbers of aggregates from trades.
//!
//! Its whole state is the last trade, the last aggregate and the candle of every interval that is still open, so it
//! resumes from any point at which its results were stored.

use std::collections::BTreeMap;

use super::{ChangeLogEntry, ChangeType, EntityId, Fields};
use crate::domain::{
    market_data::{AggregateTrade, Candle, Interval, Zone},
    matching::PublicTrade,
    types::id::{OrderId, SymbolId},
};

/// A trade with both its orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TradeRecord {
    /// The published trade.
    pub trade: PublicTrade,
    /// The maker order.
    pub maker: OrderId,
}

/// The state derived from the trades of one symbol.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MarketProjection {
    last: Option<(PublicTrade, AggregateTrade)>,
    /// Indexed by [`Interval::index`], in UTC.
    candles: [Option<Candle>; Interval::ALL.len()],
}

impl MarketProjection {
    /// Resumes after trades that were processed before.
    pub fn resume(
        last: Option<(PublicTrade, AggregateTrade)>,
        candles: impl IntoIterator<Item = (Interval, Candle)>,
    ) -> Self {
        let mut projection = Self { last, ..Self::default() };
        for (interval, candle) in candles {
            projection.candles[interval.index()] = Some(candle);
        }
        projection
    }

    /// Adds the next trade and returns the number of its aggregate.
    pub fn add(&mut self, trade: &PublicTrade) -> u64 {
        let (aggregate, _) =
            AggregateTrade::after(self.last.as_ref().map(|(trade, last)| (trade, last)), trade);
        self.last = Some((*trade, aggregate));
        for interval in Interval::ALL {
            let open_time = interval.open(trade.time, Zone::UTC);
            match &mut self.candles[interval.index()] {
                Some(candle) if candle.open_time == open_time => candle.add(trade),
                current => *current = Some(Candle::of(open_time, trade)),
            }
        }
        aggregate.id
    }

    /// Returns the latest candle of an interval.
    pub const fn candle(&self, interval: Interval) -> Option<&Candle> {
        self.candles[interval.index()].as_ref()
    }

    /// Returns the last trade with its aggregate.
    pub const fn last(&self) -> Option<&(PublicTrade, AggregateTrade)> {
        self.last.as_ref()
    }
}

/// The same for every symbol, and for whole batches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MarketProjections {
    projections: BTreeMap<SymbolId, MarketProjection>,
}

impl MarketProjections {
    /// Sets the state derived from the trades of a symbol.
    pub fn resume(&mut self, symbol: SymbolId, projection: MarketProjection) {
        self.projections.insert(symbol, projection);
    }

    /// Processes the trades among the entries of whole frames. Calls `numbered` with each and its aggregate's number,
    /// and appends one entry for each candle they changed, in its state after them.
    pub fn project(
        &mut self,
        entries: &[ChangeLogEntry],
        mut numbered: impl FnMut(SymbolId, &TradeRecord, u64),
        klines: &mut Vec<ChangeLogEntry>,
    ) {
        let mut touched: BTreeMap<EntityId, ChangeLogEntry> = BTreeMap::new();
        for entry in entries {
            let (EntityId::Trade { symbol, .. }, ChangeType::Created { fields: Fields::Trade(record) }) =
                (&entry.entity_id, &entry.change_type)
            else {
                continue;
            };
            let projection = self.projections.entry(*symbol).or_default();
            let aggregate = projection.add(&record.trade);
            numbered(*symbol, record, aggregate);
            for interval in Interval::ALL {
                let Some(candle) = projection.candle(interval) else { continue };
                let id = EntityId::Kline { symbol: *symbol, interval, open_time: candle.open_time };
                let is_new = candle.trades == 1;
                let fields = Fields::Kline(*candle);
                touched
                    .entry(id)
                    .and_modify(|known| {
                        (known.timestamp, known.sequence) = (entry.timestamp, entry.sequence);
                        match &mut known.change_type {
                            ChangeType::Created { fields: known }
                            | ChangeType::Updated { changed_fields: known } => *known = fields.clone(),
                            ChangeType::Deleted => {}
                        }
                    })
                    .or_insert_with(|| ChangeLogEntry {
                        entity_id: id,
                        change_type: match is_new {
                            true => ChangeType::Created { fields: fields.clone() },
                            false => ChangeType::Updated { changed_fields: fields.clone() },
                        },
                        timestamp: entry.timestamp,
                        sequence: entry.sequence,
                    });
            }
        }
        klines.extend(touched.into_values());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        market_data::{Candles, Trades},
        types::{
            id::TradeId,
            money::{Lots, Price},
            time::Timestamp,
        },
    };

    fn trade(id: u64) -> PublicTrade {
        PublicTrade {
            id: TradeId::new(id),
            price: Price::from_ticks(100 + id * 7 % 13),
            lots: Lots::new(1 + id % 5),
            time: Timestamp::from_millis(id / 3 * 4_321),
            buyer_is_maker: id.is_multiple_of(2),
            taker: OrderId::new(id / 3),
        }
    }

    fn entry(id: u64) -> ChangeLogEntry {
        let record = TradeRecord { trade: trade(id), maker: OrderId::new(9) };
        ChangeLogEntry {
            entity_id: EntityId::Trade { symbol: SymbolId::new(1), trade: TradeId::new(id) },
            change_type: ChangeType::Created { fields: Fields::Trade(record) },
            timestamp: record.trade.time,
            sequence: id,
        }
    }

    /// The resulting candles of the entries, independent of the batches.
    fn project(batch: usize) -> BTreeMap<EntityId, Candle> {
        let entries: Vec<_> = (1..500).map(entry).collect();
        let (mut projections, mut kept, mut aggregates) =
            (MarketProjections::default(), BTreeMap::new(), Vec::new());
        for batch in entries.chunks(batch) {
            let mut klines = Vec::new();
            projections.project(batch, |_, _, aggregate| aggregates.push(aggregate), &mut klines);
            for kline in klines {
                let is_known = kept.contains_key(&kline.entity_id);
                let (ChangeType::Created { fields: Fields::Kline(candle) }
                | ChangeType::Updated { changed_fields: Fields::Kline(candle) }) = &kline.change_type
                else {
                    panic!("{kline:?}")
                };
                assert_eq!(matches!(kline.change_type, ChangeType::Created { .. }), !is_known, "{kline:?}");
                kept.insert(kline.entity_id, *candle);
            }
        }
        let mut trades = Trades::default();
        let numbers: Vec<u64> = (1..500)
            .map(|id| {
                trades.add(trade(id));
                trades.last_aggregate().unwrap().id
            })
            .collect();
        assert_eq!(aggregates, numbers, "numbered as published");
        kept
    }

    #[test]
    fn candles_do_not_depend_on_how_trades_are_batched_and_are_the_publics() {
        let one = project(1);
        assert_eq!(one, project(7));
        assert_eq!(one, project(1_000));
        let mut public = Candles::default();
        (1..500).for_each(|id| public.add(&trade(id)));
        for interval in Interval::ALL {
            let projected: Vec<Candle> = one
                .iter()
                .filter(|(id, _)| matches!(id, EntityId::Kline { interval: of, .. } if *of == interval))
                .map(|(_, candle)| *candle)
                .collect();
            assert_eq!(projected, public.since(interval, Timestamp::default()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_projection_resumes_from_what_was_stored() {
        let mut whole = MarketProjection::default();
        (1..100).for_each(|id| {
            whole.add(&trade(id));
        });
        let candles = Interval::ALL.map(|interval| (interval, *whole.candle(interval).unwrap()));
        let mut resumed = MarketProjection::resume(whole.last().copied(), candles);
        for id in 100..200 {
            assert_eq!(resumed.add(&trade(id)), whole.add(&trade(id)));
        }
        assert_eq!(resumed, whole);
    }
}
