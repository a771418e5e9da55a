//! The public image of a symbol: level totals, recent trades and candles.

use serde::{Deserialize, Serialize};

use super::{
    candle::Candle,
    candles::Candles,
    interval::{Interval, Zone},
    trades::{Range, Trades},
    window::Window,
};
use crate::domain::{
    book::{Book, Ladder},
    matching::{PublicEvent, PublicTrade},
    orders::Side,
    types::{
        money::{Lots, Price},
        time::Timestamp,
    },
};

/// The best level of each side, with the update they include.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BestQuotes {
    /// The update they include.
    pub update_id: u64,
    /// The best bid.
    pub bid: Option<(Price, Lots)>,
    /// The best ask.
    pub ask: Option<(Price, Lots)>,
}

/// The kept trades and candles: the part of an image a snapshot needs besides the book.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketHistory {
    /// The latest trades.
    pub trades: Trades,
    /// The candles of every interval.
    pub candles: Candles,
}

/// The public state of one symbol, derived from its [`PublicEvent`]s.
#[derive(Debug, Default)]
pub struct MarketImage {
    bids: Ladder<Lots>,
    asks: Ladder<Lots>,
    last_update_id: u64,
    history: MarketHistory,
    /// No future event is earlier. Not stored: ticks that change nothing else are not in the journal.
    time: Timestamp,
}

impl MarketImage {
    /// Rebuilds the image from a book and the kept trades and candles.
    pub fn restore(book: &Book, last_update_id: u64, history: MarketHistory) -> Self {
        let mut image = Self { last_update_id, ..Self::default() };
        for side in Side::BOTH {
            for (price, total) in book.depth(side) {
                *image.side_mut(side).get_or_default(price) = total;
            }
        }
        image.time = history.trades.last().map(|trade| trade.time).unwrap_or_default();
        image.history = history;
        image
    }

    /// Applies one event.
    pub fn apply(&mut self, event: &PublicEvent) {
        match *event {
            PublicEvent::TradePrinted { trade, .. } => {
                self.history.trades.add(trade);
                self.history.candles.add(&trade);
                self.time = self.time.max(trade.time);
            }
            PublicEvent::BookMoved { update_id, side, price, total, time, .. } => {
                self.last_update_id = update_id;
                self.time = self.time.max(time);
                let levels = self.side_mut(side);
                if total.is_zero() {
                    levels.remove(price);
                } else {
                    *levels.get_or_default(price) = total;
                }
            }
            PublicEvent::TimePassed { time, .. } => self.time = self.time.max(time),
        }
    }

    const fn side_mut(&mut self, side: Side) -> &mut Ladder<Lots> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    /// Returns the levels of a side, best first.
    pub fn depth(&self, side: Side, levels: usize) -> Vec<(Price, Lots)> {
        let level = |(price, total): (Price, &Lots)| (price, *total);
        match side {
            Side::Buy => self.bids.descend(self.bids.last()).take(levels).map(level).collect(),
            Side::Sell => self.asks.ascend(self.asks.first()).take(levels).map(level).collect(),
        }
    }

    /// Returns the total at a level, zero if there is none.
    pub fn total(&self, side: Side, price: Price) -> Lots {
        let levels = match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        };
        levels.get(price).copied().unwrap_or_default()
    }

    /// Returns the best quotes.
    pub fn best(&self) -> BestQuotes {
        let level = |levels: &Ladder<Lots>, rung| Some((levels.price(rung), levels[rung]));
        BestQuotes {
            update_id: self.last_update_id,
            bid: self.bids.last().and_then(|rung| level(&self.bids, rung)),
            ask: self.asks.first().and_then(|rung| level(&self.asks, rung)),
        }
    }

    /// Returns the latest update applied.
    pub const fn last_update_id(&self) -> u64 {
        self.last_update_id
    }

    /// Returns the price of the last trade.
    pub fn last_price(&self) -> Option<Price> {
        self.history.trades.last().map(|trade| trade.price)
    }

    /// Returns the kept trades and candles.
    pub const fn history(&self) -> &MarketHistory {
        &self.history
    }

    /// Returns the latest trades, oldest first.
    pub fn trades(&self, limit: usize) -> Vec<PublicTrade> {
        self.history.trades.trades(Range { limit, ..Range::default() }).items
    }

    /// Returns the watermark: every event before this time has been applied, so a candle that ends by then is final.
    pub const fn time(&self) -> Timestamp {
        self.time
    }

    /// Returns the candle that contains `time`; `None` before the first trade.
    pub fn candle(&self, interval: Interval, zone: Zone, time: Timestamp) -> Option<Candle> {
        self.history.candles.at(interval, zone, time)
    }

    /// Returns the trades since `open_time`, the start of a second.
    pub fn window(&self, open_time: Timestamp) -> Window {
        let MarketHistory { trades, candles } = &self.history;
        Window {
            open_time,
            close_time: self.time.max(open_time),
            candle: candles.aggregate_since(open_time),
            close_before: candles.close_before(open_time),
            last: trades.last().copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        book::BookLimits,
        types::id::{OrderId, SymbolId, TradeId},
    };

    const SYMBOL: SymbolId = SymbolId::new(1);

    fn trade(id: u64) -> PublicEvent {
        let trade = PublicTrade {
            id: TradeId::new(id),
            price: Price::from_ticks(100 + id % 7),
            lots: Lots::new(id),
            time: Timestamp::from_millis(id * 1_700),
            buyer_is_maker: false,
            taker: OrderId::new(id / 2),
        };
        PublicEvent::TradePrinted { symbol: SYMBOL, trade }
    }

    fn passed(millis: u64) -> PublicEvent {
        PublicEvent::TimePassed { symbol: SYMBOL, time: Timestamp::from_millis(millis) }
    }

    #[test]
    fn time_that_passes_leaves_nothing_to_write_down() {
        let (mut live, mut replayed) = (MarketImage::default(), MarketImage::default());
        for id in 1..200 {
            live.apply(&passed(id * 1_700 - 1));
            live.apply(&trade(id));
            replayed.apply(&trade(id));
        }
        live.apply(&passed(10_000_000));
        assert_eq!(live.history(), replayed.history());
        assert_eq!(live.time(), Timestamp::from_millis(10_000_000));
        assert_eq!(replayed.time(), Timestamp::from_millis(199 * 1_700));
    }

    #[test]
    fn a_restored_image_goes_on_as_the_one_written_down() {
        let mut whole = MarketImage::default();
        (1..100).for_each(|id| whole.apply(&trade(id)));
        let bytes = postcard::to_stdvec(whole.history()).unwrap();
        let book = Book::new(BookLimits { orders_max: 1, fills_max: 1 });
        let mut restored = MarketImage::restore(&book, 7, postcard::from_bytes(&bytes).unwrap());
        assert_eq!((restored.last_update_id(), restored.time()), (7, whole.time()));
        for event in (100..300).map(trade).chain([passed(1_000_000)]) {
            whole.apply(&event);
            restored.apply(&event);
        }
        assert_eq!(restored.history(), whole.history());
        let since = Timestamp::from_millis(60_000);
        assert_eq!(restored.window(since), whole.window(since));
        assert_eq!(restored.last_price(), whole.last_price());
    }
}
