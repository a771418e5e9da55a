//! The latest trades of a symbol, one by one and aggregated.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::domain::{
    matching::PublicTrade,
    types::{
        money::{Lots, Price},
        time::Timestamp,
    },
};

/// The number of trades, and of aggregates, kept: ten pages of the largest size, some hundred kilobytes a symbol in a
/// snapshot.
pub(crate) const TRADES_LEN_MAX: usize = 10_000;

/// Consecutive trades of one taker at one price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AggregateTrade {
    /// Dense per symbol, from 1.
    pub id: u64,
    /// Their common price.
    pub price: Price,
    /// Their total quantity.
    pub lots: Lots,
    /// The id of the first trade.
    pub first: u64,
    /// The id of the last trade.
    pub last: u64,
    /// The time; all trades of a command have one time.
    pub time: Timestamp,
    /// Whether the buyer was the maker.
    pub buyer_is_maker: bool,
}

impl AggregateTrade {
    /// Returns the aggregate of a trade, including it, and whether the trade starts it; `last` is the previous trade
    /// and its aggregate.
    pub fn after(last: Option<(&PublicTrade, &Self)>, trade: &PublicTrade) -> (Self, bool) {
        let joined = last.and_then(|(last, aggregate)| {
            let joins = (last.taker, last.price, last.time) == (trade.taker, trade.price, trade.time);
            // A quantity that overflows is split into two aggregates.
            let lots = aggregate.lots.checked_add(trade.lots).filter(|_| joins)?;
            Some(Self { lots, last: trade.id.get(), ..*aggregate })
        });
        let (id, number) = (trade.id.get(), last.map_or(0, |(_, aggregate)| aggregate.id) + 1);
        let PublicTrade { price, lots, time, buyer_is_maker, .. } = *trade;
        let started = Self { id: number, price, lots, first: id, last: id, time, buyer_is_maker };
        joined.map_or((started, true), |joined| (joined, false))
    }
}

/// An item numbered without gaps and ordered in time.
pub(crate) trait Numbered: Copy {
    /// Returns its number.
    fn id(&self) -> u64;
    /// Returns its time.
    fn time(&self) -> Timestamp;
}

impl Numbered for PublicTrade {
    fn id(&self) -> u64 {
        self.id.get()
    }

    fn time(&self) -> Timestamp {
        self.time
    }
}

impl Numbered for AggregateTrade {
    fn id(&self) -> u64 {
        self.id
    }

    fn time(&self) -> Timestamp {
        self.time
    }
}

/// The range of items requested.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Range {
    /// The first number.
    pub from_id: Option<u64>,
    /// The first time.
    pub start: Option<Timestamp>,
    /// The last time.
    pub end: Option<Timestamp>,
    /// The maximum number of items: the oldest of a range with a lower bound, else the latest.
    pub limit: usize,
}

/// A part of a list, and the start of the kept list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<T> {
    /// The requested items, oldest first.
    pub items: Vec<T>,
    /// The oldest number kept, if the range includes older ones that are no longer kept.
    pub reach: Option<u64>,
}

/// The latest trades and aggregates of a symbol.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trades {
    trades: VecDeque<PublicTrade>,
    aggregates: VecDeque<AggregateTrade>,
}

impl Trades {
    /// Adds the next trade; returns whether it starts an aggregate of its own.
    pub fn add(&mut self, trade: PublicTrade) -> bool {
        let (aggregate, is_new) =
            AggregateTrade::after(self.trades.back().zip(self.aggregates.back()), &trade);
        push(&mut self.trades, trade);
        if is_new {
            push(&mut self.aggregates, aggregate);
        } else if let Some(last) = self.aggregates.back_mut() {
            *last = aggregate;
        }
        is_new
    }

    /// Returns the last trade.
    pub fn last(&self) -> Option<&PublicTrade> {
        self.trades.back()
    }

    /// Returns the last aggregate; the next trade may still join it.
    pub fn last_aggregate(&self) -> Option<&AggregateTrade> {
        self.aggregates.back()
    }

    /// Returns trades.
    pub fn trades(&self, range: Range) -> Part<PublicTrade> {
        part(&self.trades, range)
    }

    /// Returns aggregates.
    pub fn aggregates(&self, range: Range) -> Part<AggregateTrade> {
        part(&self.aggregates, range)
    }
}

fn push<T>(kept: &mut VecDeque<T>, item: T) {
    if kept.len() == TRADES_LEN_MAX {
        kept.pop_front();
    }
    kept.push_back(item);
}

fn part<T: Numbered>(kept: &VecDeque<T>, Range { from_id, start, end, limit }: Range) -> Part<T> {
    let Some(oldest) = kept.front() else { return Part { items: Vec::new(), reach: None } };
    let first = kept.partition_point(|item| {
        from_id.is_some_and(|id| item.id() < id) || start.is_some_and(|start| item.time() < start)
    });
    let end = end.map_or(kept.len(), |end| kept.partition_point(|item| item.time() <= end)).max(first);
    let has_lower_bound = from_id.is_some() || start.is_some();
    let (from, to) = match has_lower_bound {
        true => (first, end.min(first.saturating_add(limit))),
        false => (end.saturating_sub(limit), end),
    };
    let reaches_back = match (from_id, start) {
        (Some(id), _) => id < oldest.id(),
        (None, Some(start)) => start <= oldest.time(),
        (None, None) => to - from < limit,
    };
    let reach = (oldest.id() > 1 && reaches_back).then_some(oldest.id());
    Part { items: kept.range(from..to).copied().collect(), reach }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::types::id::{OrderId, TradeId};

    fn trade(id: u64, taker: u64, price: u64) -> PublicTrade {
        PublicTrade {
            id: TradeId::new(id),
            price: Price::from_ticks(price),
            lots: Lots::new(id),
            time: Timestamp::from_millis(taker),
            buyer_is_maker: taker.is_multiple_of(2),
            taker: OrderId::new(taker),
        }
    }

    fn built(trades: impl IntoIterator<Item = PublicTrade>) -> Trades {
        let mut all = Trades::default();
        trades.into_iter().for_each(|trade| {
            all.add(trade);
        });
        all
    }

    #[test]
    fn trades_of_one_taker_at_one_price_are_one_aggregate() {
        let tape = [(1, 100), (1, 100), (1, 101), (2, 101), (2, 101), (3, 101)];
        let all = built(tape.iter().zip(1..).map(|(&(taker, price), id)| trade(id, taker, price)));
        let range = Range { limit: 10, ..Range::default() };
        let found: Vec<_> = all.aggregates(range).items;
        let rows: Vec<_> = found.iter().map(|one| (one.id, one.first, one.last, one.lots.get())).collect();
        assert_eq!(rows, [(1, 1, 2, 3), (2, 3, 3, 3), (3, 4, 5, 9), (4, 6, 6, 6)]);
    }

    #[test]
    fn bounds_choose_and_the_reach_is_shown_only_where_something_is_missing() {
        let count = TRADES_LEN_MAX as u64 + 10;
        let all = built((1..=count).map(|id| trade(id, id, 5)));
        let ask = |from_id, start: Option<u64>, end: Option<u64>, limit| {
            let (start, end) = (start.map(Timestamp::from_millis), end.map(Timestamp::from_millis));
            let found = all.trades(Range { from_id, start, end, limit });
            (found.items.iter().map(|trade| trade.id.get()).collect::<Vec<_>>(), found.reach)
        };
        assert_eq!(ask(None, None, None, 2), (vec![count - 1, count], None));
        assert_eq!(ask(Some(11), None, None, 2), (vec![11, 12], None));
        assert_eq!(ask(Some(1), None, None, 2), (vec![11, 12], Some(11)));
        assert_eq!(ask(None, Some(20), Some(21), 9), (vec![20, 21], None));
        assert_eq!(ask(None, Some(1), None, 1), (vec![11], Some(11)));
        assert_eq!(ask(None, None, Some(12), 9), (vec![11, 12], Some(11)));
        assert_eq!(ask(Some(count + 1), None, None, 9), (vec![], None));
        assert_eq!(ask(None, Some(30), Some(20), 9), (vec![], None));
    }

    proptest! {
        #[test]
        fn aggregates_cover_every_trade_once_and_ids_are_dense(
            tape in prop::collection::vec((0_u64..4, 1_u64..3), 1..80), split in 0_usize..80,
        ) {
            let mut taker = 1;
            let tape: Vec<_> = tape.iter().zip(1..).map(|(&(step, price), id)| {
                taker += u64::from(step == 0);
                trade(id, taker, price)
            }).collect();
            let split = split.min(tape.len());
            let bytes = postcard::to_stdvec(&built(tape[..split].iter().copied())).unwrap();
            let mut all: Trades = postcard::from_bytes(&bytes).unwrap();
            tape[split..].iter().for_each(|&trade| { all.add(trade); });
            prop_assert_eq!(&all, &built(tape.iter().copied()));
            let aggregates = all.aggregates(Range { limit: 1_000, ..Range::default() }).items;
            let mut next = 1;
            for (aggregate, id) in aggregates.iter().zip(1..) {
                prop_assert_eq!((aggregate.id, aggregate.first), (id, next));
                let own = &tape[aggregate.first as usize - 1..aggregate.last as usize];
                prop_assert!(own.iter().all(|one| (one.taker, one.price) == (own[0].taker, own[0].price)));
                prop_assert_eq!(own.iter().map(|one| one.lots.get()).sum::<u64>(), aggregate.lots.get());
                next = aggregate.last + 1;
            }
            prop_assert_eq!(next, tape.len() as u64 + 1);
        }
    }
}
