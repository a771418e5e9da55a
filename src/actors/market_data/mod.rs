//! The public image of every book, and the streams made from it.
//!
//! Only this actor answers depth queries and produces depth diffs, so a snapshot can never be older than a diff already
//! sent. Time arrives as an event behind all earlier trades, so a candle it calls final does not change any more.

mod book;
mod klines;
mod tickers;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use actix::prelude::*;

use self::book::{Market, Updates};
use super::{
    message::{
        FlushDepth, JoinTopic, MarketMoved, MarketQuery, MarketUpdate, MarketView, PublishMarket,
        QueryMarket, RequestSnapshot, SetTopology, Speed, TickerView, Topic, WatchTopic,
    },
    topology::Topology,
};
use crate::domain::{
    market_data::MarketImage,
    matching::PublicEvent,
    messages::reject::Reject,
    types::{id::SymbolId, time::Timestamp},
};

/// The partial-depth sizes offered.
pub const PARTIAL_DEPTHS: [u8; 3] = [5, 10, 20];

/// Candles in progress are sent every so many seconds.
const PROGRESS_SECONDS: u64 = 2;

/// Holds the public image of every symbol.
#[derive(Debug)]
pub struct MarketDataActor {
    /// Images from before, until the exchange is wired.
    images: BTreeMap<SymbolId, MarketImage>,
    markets: BTreeMap<SymbolId, Market>,
    topology: Option<Arc<Topology>>,
    listeners: Arc<AtomicUsize>,
    watched: BTreeSet<Topic>,
    ticks: u64,
    seconds: u64,
}

impl MarketDataActor {
    /// Creates the actor; `listeners` counts the sessions that may want streams.
    pub fn new(listeners: Arc<AtomicUsize>, images: BTreeMap<SymbolId, MarketImage>) -> Self {
        Self {
            images,
            markets: BTreeMap::new(),
            topology: None,
            listeners,
            watched: BTreeSet::new(),
            ticks: 0,
            seconds: 0,
        }
    }

    fn flush(&mut self, speed: Speed) {
        let Some(topology) = self.topology.clone() else { return };
        let now = topology.clock.now();
        let mut updates = Vec::new();
        for market in self.markets.values_mut() {
            market.flush(speed, now, &self.watched, &mut updates);
        }
        if speed == Speed::Slow {
            self.second(&mut updates);
        }
        if !updates.is_empty() && self.listeners.load(Ordering::Relaxed) != 0 {
            send(&topology, updates, Instant::now());
        }
        // Behind the diffs they follow.
        for (&symbol, market) in &mut self.markets {
            let Some((sessions, snapshot)) = market.joins(speed, now) else { continue };
            let topic = Topic::DepthSnapshot(symbol, speed);
            for session in sessions {
                topology.push.do_send(JoinTopic { session, topic, snapshot: snapshot.clone() });
            }
        }
    }

    /// Sends the updates of each second.
    fn second(&mut self, updates: &mut Updates) {
        self.seconds += 1;
        tickers::publish(&self.markets, self.watched.iter(), updates);
        for (&symbol, market) in &mut self.markets {
            (market.has_traded, market.has_requoted) = (false, false);
            if self.seconds.is_multiple_of(PROGRESS_SECONDS) {
                market.klines.progress(symbol, &market.image, updates);
            }
        }
    }

    fn answer(&self, query: MarketQuery) -> Result<MarketView, Reject> {
        let market = |symbol: SymbolId| self.markets.get(&symbol).ok_or(Reject::UnknownSymbol);
        let some = |symbol: Option<SymbolId>| -> Result<Vec<&Market>, Reject> {
            Ok(match symbol {
                Some(symbol) => vec![market(symbol)?],
                None => self.markets.values().collect(),
            })
        };
        Ok(match query {
            MarketQuery::Depth { symbol, levels } => MarketView::Depth(market(symbol)?.depth(levels)),
            MarketQuery::Trades { symbol, range } => {
                MarketView::Trades(market(symbol)?.image.history().trades.trades(range))
            }
            MarketQuery::Aggregates { symbol, range } => {
                MarketView::Aggregates(market(symbol)?.image.history().trades.aggregates(range))
            }
            MarketQuery::Candles { symbol, interval, zone, start, end, limit } => {
                let image = &market(symbol)?.image;
                let candles = &image.history().candles;
                MarketView::Candles(candles.query((interval, zone), start, end, limit, image.time()))
            }
            MarketQuery::Windows(symbol, span) => {
                let views = some(symbol)?.into_iter().map(|market| tickers::view(market, span));
                MarketView::Windows(views.collect())
            }
            MarketQuery::Diffs { symbol, from, to, limit } => {
                let found = market(symbol)?.log.covering(from, to, limit);
                MarketView::Diffs(found.map(|diffs| diffs.cloned().collect()))
            }
            MarketQuery::Tickers(symbol) => {
                MarketView::Tickers(some(symbol)?.into_iter().map(ticker).collect())
            }
        })
    }
}

/// Sends updates to push.
fn send(topology: &Topology, updates: Updates, sent: Instant) {
    topology.metrics.stages.push.sent();
    topology.push.do_send(PublishMarket { updates, sent });
}

fn ticker(market: &Market) -> TickerView {
    TickerView { symbol: market.spec.id, last: market.image.last_price(), book: market.quotes }
}

impl Actor for MarketDataActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.run_interval(super::TICK, |actor, _| {
            actor.ticks += 1;
            actor.flush(Speed::Fast);
            if actor.ticks.is_multiple_of(10) {
                actor.flush(Speed::Slow);
            }
        });
    }
}

impl Handler<SetTopology> for MarketDataActor {
    type Result = ();

    fn handle(&mut self, SetTopology(topology): SetTopology, _: &mut Self::Context) {
        for spec in topology.instruments.load().symbols() {
            let image = self.images.remove(&spec.id).unwrap_or_default();
            let market = Market::of(Arc::clone(spec), image);
            market.note_references(&topology);
            self.markets.insert(spec.id, market);
        }
        self.topology = Some(topology);
    }
}

impl Handler<MarketMoved> for MarketDataActor {
    type Result = ();

    fn handle(&mut self, moved: MarketMoved, _: &mut Self::Context) {
        let Some(topology) = &self.topology else { return };
        let stage = &topology.metrics.stages.market_data;
        let started = stage.start(moved.sent);
        let has_listeners = self.listeners.load(Ordering::Relaxed) != 0;
        let mut updates = Vec::new();
        for (index, event) in moved.events.iter().enumerate() {
            let (symbol, update) = key(event);
            let Some(market) = self.markets.get_mut(&symbol) else { continue };
            market.apply(event, has_listeners, &mut updates);
            // A command's last change of the book completes its update; between two of them it may trade.
            let mut later = moved.events[index + 1..].iter().map(key);
            let is_complete =
                update.is_some() && later.find(|(_, update)| update.is_some()) != Some((symbol, update));
            if is_complete && market.requote() && has_listeners {
                updates.push((Topic::BookTicker(symbol), MarketUpdate::BookTicker(market.quotes)));
            }
        }
        for events in moved.events.chunk_by(|one, next| key(one).0 == key(next).0) {
            let Some((symbol, _)) = events.first().map(key) else { continue };
            if let Some(market) = self.markets.get_mut(&symbol) {
                market.complete_aggregate(has_listeners, &mut updates);
                market.note_references(topology);
            }
            let trades =
                events.iter().filter(|event| matches!(event, PublicEvent::TradePrinted { .. })).count();
            if trades > 0 {
                topology.metrics.trading.trades.add(u64::from(symbol.get()), trades as u64);
            }
        }
        let ended = stage.end(started, moved.events.len());
        if !updates.is_empty() {
            send(topology, updates, ended);
        }
    }
}

/// The symbol an event is about and, if it moves the book, the update it belongs to.
const fn key(event: &PublicEvent) -> (SymbolId, Option<u64>) {
    match event {
        PublicEvent::TradePrinted { symbol, .. } | PublicEvent::TimePassed { symbol, .. } => (*symbol, None),
        PublicEvent::BookMoved { symbol, update_id, .. } => (*symbol, Some(*update_id)),
    }
}

impl Handler<FlushDepth> for MarketDataActor {
    type Result = ();

    fn handle(&mut self, flush: FlushDepth, _: &mut Self::Context) {
        self.flush(flush.0);
    }
}

impl Handler<WatchTopic> for MarketDataActor {
    type Result = ();

    fn handle(&mut self, WatchTopic { topic, listening }: WatchTopic, _: &mut Self::Context) {
        let now = self.topology.as_ref().map_or(Timestamp::default(), |topology| topology.clock.now());
        match (topic, listening) {
            // A client that requested a snapshot may be about to join: its diffs continue.
            (Topic::DepthSnapshot(..), false) => false,
            (_, true) => self.watched.insert(topic),
            (_, false) => self.watched.remove(&topic),
        };
        if let Topic::Kline(symbol, interval, zone) = topic
            && let Some(Market { klines, image, .. }) = self.markets.get_mut(&symbol)
        {
            match listening {
                // The image's time stands still from a stop to the first event after it.
                true => klines.watch(interval, zone, image.time().max(now)),
                false => klines.unwatch(interval, zone),
            }
        }
    }
}

impl Handler<RequestSnapshot> for MarketDataActor {
    type Result = ();

    fn handle(&mut self, RequestSnapshot { session, symbol, speed }: RequestSnapshot, _: &mut Self::Context) {
        if let Some(market) = self.markets.get_mut(&symbol) {
            market.join(session, speed);
        }
    }
}

impl Handler<QueryMarket> for MarketDataActor {
    type Result = Result<MarketView, Reject>;

    fn handle(&mut self, query: QueryMarket, _: &mut Self::Context) -> Self::Result {
        self.answer(query.0)
    }
}
