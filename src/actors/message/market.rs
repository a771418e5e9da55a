//! Messages around [`MarketDataActor`](crate::actors::MarketDataActor).

use std::{sync::Arc, time::Instant};

use actix::prelude::*;

use super::push::{SessionId, Topic};
use crate::domain::{
    market_data::{
        AggregateTrade, BestQuotes, Candle, DepthDiff, Interval, OutOfReach, Part, Range, Stretch, Window,
        Zone,
    },
    matching::{PublicEvent, PublicTrade},
    messages::reject::Reject,
    types::{
        id::SymbolId,
        money::{Lots, Price},
        time::Timestamp,
    },
};

/// Symbol to market data: what the public may know, in order.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct MarketMoved {
    /// The facts of one turn of the shard.
    pub events: Vec<PublicEvent>,
    /// When they were released.
    pub sent: Instant,
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

/// Http to market data: a query, answered from the durable image.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<MarketView, Reject>")]
pub struct QueryMarket(pub MarketQuery);

/// A query about the public market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarketQuery {
    /// The best levels of a book.
    Depth {
        /// Which book.
        symbol: SymbolId,
        /// At most so many a side.
        levels: usize,
    },
    /// Trades.
    Trades {
        /// Which book.
        symbol: SymbolId,
        /// Which of them.
        range: Range,
    },
    /// Aggregate trades.
    Aggregates {
        /// Which book.
        symbol: SymbolId,
        /// Which of them.
        range: Range,
    },
    /// Candles.
    Candles {
        /// Which book.
        symbol: SymbolId,
        /// How long they are.
        interval: Interval,
        /// The time zone in which days and longer candles start.
        zone: Zone,
        /// The earliest opening wanted.
        start: Option<Timestamp>,
        /// The latest opening wanted.
        end: Option<Timestamp>,
        /// At most so many.
        limit: usize,
    },
    /// What was traded recently, of one symbol or of all by id.
    Windows(Option<SymbolId>, Span),
    /// Diffs of the 100 ms stream that were sent already.
    Diffs {
        /// Which book.
        symbol: SymbolId,
        /// The first update to cover.
        from: u64,
        /// The last update to cover.
        to: u64,
        /// At most so many diffs.
        limit: usize,
    },
    /// Last price and best quotes of one symbol, or of all by id.
    Tickers(Option<SymbolId>),
}

/// How far back a window goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Span {
    /// So many minutes, and the started part of the next.
    Minutes(u64),
    /// The span of the average price: the last 300 s, the second in progress included.
    Average,
    /// To the start of the day in this zone.
    Day(Zone),
}

/// The answer to a [`MarketQuery`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarketView {
    /// The best levels of a book.
    Depth(DepthView),
    /// Trades.
    Trades(Part<PublicTrade>),
    /// Aggregate trades.
    Aggregates(Part<AggregateTrade>),
    /// Candles.
    Candles(Stretch),
    /// What was traded recently.
    Windows(Vec<WindowView>),
    /// Diffs, or from which one on there are any.
    Diffs(Result<Vec<Arc<DepthDiff>>, OutOfReach>),
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

/// What was traded of a symbol recently, and its best quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowView {
    /// Which symbol.
    pub symbol: SymbolId,
    /// What was traded.
    pub window: Window,
    /// Its best quotes.
    pub book: BestQuotes,
}

/// A candle with what its stream states about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CandleView {
    /// The candle.
    pub candle: Candle,
    /// How long it is.
    pub interval: Interval,
    /// When it ends and the next starts.
    pub end: Timestamp,
    /// Whether no trade can join it any more.
    pub is_final: bool,
    /// The time up to which it is current.
    pub time: Timestamp,
}

/// An update of market data for subscribers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarketUpdate {
    /// A trade, at once.
    Trade(PublicTrade),
    /// An aggregate trade, when it is complete.
    Aggregate(AggregateTrade),
    /// New best quotes, at once.
    BookTicker(BestQuotes),
    /// Every level that changed since the stream's last diff, with its total now.
    Depth(Arc<DepthDiff>),
    /// The book a stream of diffs starts from.
    DepthSnapshot {
        /// The best levels.
        book: DepthView,
        /// Its checksum.
        checksum: u32,
        /// When.
        time: Timestamp,
    },
    /// The best levels.
    PartialDepth(DepthView),
    /// A candle.
    Candle(CandleView),
    /// What was traded recently of the topic's symbol.
    Ticker(WindowView),
    /// What was traded recently, of the symbols with changes.
    Tickers(Vec<WindowView>),
}

/// Push to market data: a topic has its first listener, or its last one has left. Topics without listeners cost no
/// work.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct WatchTopic {
    /// Which topic.
    pub topic: Topic,
    /// Whether it has listeners now.
    pub listening: bool,
}

/// Push to market data: this session subscribes to the diffs of a topic, starting with a snapshot.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct RequestSnapshot {
    /// The session.
    pub session: SessionId,
    /// Which book.
    pub symbol: SymbolId,
    /// Which of its two streams of diffs.
    pub speed: Speed,
}
