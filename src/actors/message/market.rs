//! Messages around [`MarketDataActor`](crate::actors::MarketDataActor).

use actix::prelude::*;

use crate::domain::{
    id::SymbolId,
    market::{BestQuotes, PublicEvent, PublicTrade},
    money::{Lots, Price},
    order::Side,
    reject::Reject,
    time::Timestamp,
};

/// Symbol to market data: what the public may know, in order.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct MarketMoved {
    /// The facts of one turn of the shard.
    pub events: Vec<PublicEvent>,
}

/// Clock to market data: send the conflated streams of this speed.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct FlushDepth(pub Speed);

/// How often a conflated stream is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Speed {
    /// Every 100 ms.
    Fast,
    /// Every 1000 ms.
    Slow,
}

/// Http to market data: a question, answered from the durable image.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<MarketView, Reject>")]
pub struct QueryMarket(pub MarketQuery);

/// A question about the public market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarketQuery {
    /// The best levels of a book.
    Depth {
        /// Which book.
        symbol: SymbolId,
        /// At most so many a side.
        levels: usize,
    },
    /// The latest trades.
    Trades {
        /// Which book.
        symbol: SymbolId,
        /// At most so many.
        limit: usize,
    },
    /// Last price and best quotes of one symbol, or of all by id.
    Tickers(Option<SymbolId>),
}

/// The answer to a [`MarketQuery`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarketView {
    /// The best levels of a book.
    Depth(DepthView),
    /// The latest trades, oldest first.
    Trades(Vec<PublicTrade>),
    /// Last prices and best quotes.
    Tickers(Vec<TickerView>),
}

/// Levels of a book, exact at `last_update_id`, best first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DepthView {
    /// The update they include.
    pub last_update_id: u64,
    /// Buyers.
    pub bids: Vec<(Price, Lots)>,
    /// Sellers.
    pub asks: Vec<(Price, Lots)>,
}

/// Last price and best quotes of a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TickerView {
    /// Which symbol.
    pub symbol: SymbolId,
    /// The price of its last trade.
    pub last: Option<Price>,
    /// Its best quotes.
    pub book: BestQuotes,
}

/// What market data tells subscribers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarketUpdate {
    /// A trade, at once.
    Trade(PublicTrade),
    /// New best quotes, at once.
    BookTicker(BestQuotes),
    /// Every level that changed since the stream's last diff, with its total now.
    Depth {
        /// The first update it covers: the previous diff's last + 1.
        first_update_id: u64,
        /// The last update it covers.
        last_update_id: u64,
        /// The levels.
        changes: Vec<(Side, Price, Lots)>,
        /// When.
        time: Timestamp,
    },
    /// The best levels.
    PartialDepth(DepthView),
}
