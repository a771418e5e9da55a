//! The candles of a symbol: a bounded history of every interval, aggregated from its trades.
//!
//! A trade changes one candle only, that of its second. When a trade of a later second arrives, the closed second is
//! merged into the growing candle of every longer interval. Intervals without a trade are not stored: flat candles are
//! generated on request, so time that merely passes changes nothing here.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{
    candle::{Candle, fill, roll_up},
    interval::{Interval, Zone},
};
use crate::domain::{
    matching::PublicTrade,
    types::{money::Price, time::Timestamp},
};

/// The number of candles with trades kept of an interval: a few times as many as charts and strategies page through at
/// once.
const HISTORY_LEN_MAX: usize = 4_000;

/// The number of one-minute candles kept: seven days for the rolling tickers, and a day more.
const MINUTES_LEN_MAX: usize = 8 * 24 * 60;

/// Every candle of one symbol.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candles {
    /// The second of the last trade.
    second: Option<Candle>,
    /// The history of each interval, without that second.
    histories: [History; Interval::ALL.len()],
}

/// The candles of one interval, oldest first; the last may still grow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct History {
    /// The very first, once the others no longer include it: clients request it to learn the start of the history.
    first: Option<Candle>,
    candles: VecDeque<Candle>,
}

/// A range of candles, and the start of the kept history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The candles, oldest first.
    pub candles: Vec<Candle>,
    /// The open time of the oldest kept candle, if the range includes older ones that are no longer kept.
    pub reach: Option<Timestamp>,
}

impl Candles {
    /// Adds a trade, not earlier than the one before.
    pub fn add(&mut self, trade: &PublicTrade) {
        let second = Interval::Second1.open(trade.time, Zone::UTC);
        match &mut self.second {
            Some(candle) if candle.open_time == second => candle.add(trade),
            current => {
                if let Some(closed) = current.replace(Candle::of(second, trade)) {
                    for interval in Interval::ALL {
                        self.histories[interval.index()].add(interval, &closed);
                    }
                }
            }
        }
    }

    /// Returns whether there was ever a trade.
    pub const fn is_empty(&self) -> bool {
        self.second.is_none()
    }

    /// Returns the UTC candles of an interval that have trades and start at or after `from`, oldest first.
    pub fn since(&self, interval: Interval, from: Timestamp) -> impl Iterator<Item = Candle> {
        let history = &self.histories[interval.index()].candles;
        let start = history.partition_point(|candle| candle.open_time < from);
        let second = self.second.filter(|second| interval.open(second.open_time, Zone::UTC) >= from);
        roll_up(history.range(start..).copied().chain(second), interval, Zone::UTC)
    }

    /// Returns the candle of `interval` that contains `time`, flat when nothing was traded in it; `None` before the
    /// first trade.
    pub fn at(&self, interval: Interval, zone: Zone, time: Timestamp) -> Option<Candle> {
        let open_time = interval.open(time, zone);
        let source = self.since(interval.source(zone), open_time);
        let candle = roll_up(source, interval, zone).next().filter(|candle| candle.open_time == open_time);
        candle.or_else(|| self.close_before(open_time).map(|close| Candle::flat(open_time, close)))
    }

    /// Returns the candles that start from `start` to `end`, both included: the oldest `limit` of them when there is a
    /// start, else the latest. `now` is the earliest end of the latest candle. Intervals without trades are flat.
    pub fn query(
        &self,
        (interval, zone): (Interval, Zone),
        start: Option<Timestamp>,
        end: Option<Timestamp>,
        limit: usize,
        now: Timestamp,
    ) -> Stretch {
        let Some(oldest) = self.oldest(interval, zone) else { return Stretch::nothing() };
        let now = self.second.map_or(now, |second| now.max(second.open_time));
        let last = interval.open(end.map_or(now, |end| end.min(now)), zone);
        let source = interval.source(zone);
        let first_ever = self.histories[source.index()].first;
        let wanted = match start {
            Some(start) => interval.open_from(start, zone),
            None => (1..limit).fold(last, |open, _| {
                let before = open.micros().saturating_sub(1);
                interval.open(Timestamp::from_micros(before), zone)
            }),
        };
        let from = wanted.max(oldest);
        let rolled = roll_up(self.since(source, from), interval, zone);
        let filled = fill(rolled, interval, zone, (from, last), self.close_before(from));
        let is_asked_for = |first: &Candle| {
            source == interval && start.is_some() && wanted <= first.open_time && first.open_time <= last
        };
        let head = first_ever.filter(is_asked_for);
        let reach = (first_ever.is_some() && wanted < oldest).then_some(oldest);
        Stretch { candles: head.into_iter().chain(filled).take(limit).collect(), reach }
    }

    /// Returns the trades from `from` on as one candle, from the fewest candles that cover them: seconds up to the next
    /// minute, minutes up to the next hour, hours up to the next day, then days. `from` is the start of a second.
    pub fn aggregate_since(&self, from: Timestamp) -> Option<Candle> {
        let minute = Interval::Minute1.open_from(from, Zone::UTC);
        let hour = Interval::Hour1.open_from(minute, Zone::UTC);
        let day = Interval::Day1.open_from(hour, Zone::UTC);
        let pieces = [
            (Interval::Second1, from, minute),
            (Interval::Minute1, minute, hour),
            (Interval::Hour1, hour, day),
        ];
        let pieces = pieces.into_iter().flat_map(|(interval, from, to)| {
            self.since(interval, from).take_while(move |candle| candle.open_time < to)
        });
        let mut all = pieces.chain(self.since(Interval::Day1, day));
        let first = all.next()?;
        Some(all.fold(Candle { open_time: from, ..first }, |mut sum, next| {
            sum.merge(&next);
            sum
        }))
    }

    /// Returns the price of the last trade before `time`, as far back as any history reaches.
    pub fn close_before(&self, time: Timestamp) -> Option<Price> {
        if let Some(second) = self.second.filter(|second| second.open_time < time) {
            return Some(second.close);
        }
        // The shortest history that reaches back far enough, of an interval of which no candle crosses `time`.
        let before = |interval: Interval| {
            let candles = &self.histories[interval.index()].candles;
            let count = candles.partition_point(|candle| candle.open_time < time);
            candles.get(count.checked_sub(1)?)
        };
        let whole = Interval::ALL.into_iter().filter(|interval| interval.open(time, Zone::UTC) == time);
        let first = self.histories[Interval::Second1.index()].first.as_ref();
        let last = whole.filter_map(before).next().or(first.filter(|first| first.open_time < time));
        last.map(|candle| candle.close)
    }

    /// Returns the start of the oldest candle of a zone's interval that is kept whole.
    fn oldest(&self, interval: Interval, zone: Zone) -> Option<Timestamp> {
        let source = interval.source(zone);
        let oldest = self.since(source, Timestamp::default()).next()?.open_time;
        let is_whole = source == interval || self.histories[source.index()].first.is_none();
        Some(if is_whole { interval.open(oldest, zone) } else { interval.open_from(oldest, zone) })
    }
}

impl Stretch {
    const fn nothing() -> Self {
        Self { candles: Vec::new(), reach: None }
    }
}

impl History {
    fn add(&mut self, interval: Interval, second: &Candle) {
        let open_time = interval.open(second.open_time, Zone::UTC);
        if let Some(candle) = self.candles.back_mut().filter(|candle| candle.open_time == open_time) {
            candle.merge(second);
            return;
        }
        let limit = if interval == Interval::Minute1 { MINUTES_LEN_MAX } else { HISTORY_LEN_MAX };
        if self.candles.len() == limit {
            let oldest = self.candles.pop_front();
            self.first = self.first.or(oldest);
        }
        self.candles.push_back(Candle { open_time, ..*second });
    }
}

#[cfg(test)]
mod tests;
