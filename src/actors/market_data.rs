//! The public image of every book, and the streams made from it.
//!
//! It alone answers depth queries and makes depth diffs, so a snapshot can never be older than a diff already
//! sent.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use actix::prelude::*;

use super::{
    message::{
        DepthView, FlushDepth, MarketMoved, MarketQuery, MarketUpdate, MarketView, PublishMarket,
        QueryMarket, Speed, TickerView, Topic, Wire,
    },
    topology::Topology,
};
use crate::domain::{
    id::SymbolId,
    market::{BestQuotes, MarketImage, PublicEvent},
    money::{Lots, Price},
    order::Side,
    reject::Reject,
    time::Timestamp,
};

/// The partial-depth sizes offered.
pub const PARTIAL_DEPTHS: [u8; 3] = [5, 10, 20];

/// Holds the public image of every symbol.
#[derive(Debug)]
pub struct MarketDataActor {
    markets: BTreeMap<SymbolId, Market>,
    topology: Option<Arc<Topology>>,
    listeners: Arc<AtomicUsize>,
    ticks: u64,
}

#[derive(Debug, Default)]
struct Market {
    image: MarketImage,
    quotes: BestQuotes,
    fast: Conflation,
    slow: Conflation,
}

/// What a conflated stream has yet to tell.
#[derive(Debug, Default)]
struct Conflation {
    last_update_id: u64,
    dirty: Vec<(Side, Price)>,
}

impl MarketDataActor {
    /// Makes the actor; `listeners` counts the sessions that may want streams.
    pub fn new(listeners: Arc<AtomicUsize>, images: BTreeMap<SymbolId, MarketImage>) -> Self {
        let markets = images.into_iter().map(|(symbol, image)| (symbol, Market::of(image)));
        Self { markets: markets.collect(), topology: None, listeners, ticks: 0 }
    }

    fn flush(&mut self, speed: Speed) {
        let Some(topology) = &self.topology else { return };
        let now = topology.clock.now();
        let mut updates = Vec::new();
        for (symbol, market) in &mut self.markets {
            market.flush(*symbol, speed, now, &mut updates);
        }
        if !updates.is_empty() && self.listeners.load(Ordering::Relaxed) != 0 {
            topology.push.do_send(PublishMarket { updates });
        }
    }

    fn answer(&self, query: MarketQuery) -> Result<MarketView, Reject> {
        let market = |symbol: SymbolId| self.markets.get(&symbol).ok_or(Reject::UnknownSymbol);
        match query {
            MarketQuery::Depth { symbol, levels } => {
                Ok(MarketView::Depth(depth(&market(symbol)?.image, levels)))
            }
            MarketQuery::Trades { symbol, limit } => {
                Ok(MarketView::Trades(market(symbol)?.image.trades(limit)))
            }
            MarketQuery::Tickers(Some(symbol)) => {
                Ok(MarketView::Tickers(vec![ticker(symbol, market(symbol)?)]))
            }
            MarketQuery::Tickers(None) => Ok(MarketView::Tickers(
                self.markets.iter().map(|(symbol, market)| ticker(*symbol, market)).collect(),
            )),
        }
    }
}

impl Market {
    /// Goes on with an image from before; streams go on after its last update.
    fn of(image: MarketImage) -> Self {
        let last_update_id = image.last_update_id();
        let conflation = || Conflation { last_update_id, dirty: Vec::new() };
        Self { quotes: image.best(), fast: conflation(), slow: conflation(), image }
    }

    /// Lets the edge know the prices orders without one are judged by.
    fn note_references(&self, symbol: SymbolId, topology: &Topology) {
        let price = |level: Option<(Price, Lots)>| level.map(|(price, _)| price);
        let (bid, ask) = (price(self.quotes.bid), price(self.quotes.ask));
        topology.references.set(symbol, self.image.last_price(), bid, ask);
    }

    /// Applies one event; returns the updates to send at once.
    fn apply(&mut self, event: &PublicEvent, has_listeners: bool, updates: &mut Vec<(Topic, MarketUpdate)>) {
        self.image.apply(event);
        match *event {
            PublicEvent::TradePrinted { symbol, trade } if has_listeners => {
                updates.push((Topic::Trade(symbol), MarketUpdate::Trade(trade)));
            }
            PublicEvent::TradePrinted { .. } => {}
            PublicEvent::BookMoved { side, price, .. } => self.fast.dirty.push((side, price)),
        }
    }

    /// Notes the best quotes; returns whether price or quantity of either changed.
    fn requote(&mut self) -> bool {
        let quotes = self.image.best();
        let has_changed = (quotes.bid, quotes.ask) != (self.quotes.bid, self.quotes.ask);
        self.quotes = quotes;
        has_changed
    }

    fn flush(
        &mut self,
        symbol: SymbolId,
        speed: Speed,
        time: Timestamp,
        updates: &mut Vec<(Topic, MarketUpdate)>,
    ) {
        let last_update_id = self.image.last_update_id();
        // Every level is noted once for the fast stream; what it tells, the slow one has yet to tell.
        self.fast.dirty.sort_unstable();
        self.fast.dirty.dedup();
        let conflation = match speed {
            Speed::Fast => {
                self.slow.dirty.extend_from_slice(&self.fast.dirty);
                &mut self.fast
            }
            Speed::Slow => {
                self.slow.dirty.extend_from_slice(&self.fast.dirty);
                self.slow.dirty.sort_unstable();
                self.slow.dirty.dedup();
                &mut self.slow
            }
        };
        if conflation.last_update_id == last_update_id {
            return;
        }
        let first_update_id = conflation.last_update_id + 1;
        conflation.last_update_id = last_update_id;
        let total = |(side, price)| (side, price, self.image.total(side, price));
        let changes: Vec<(Side, Price, Lots)> = conflation.dirty.drain(..).map(total).collect();
        let diff = MarketUpdate::Depth { first_update_id, last_update_id, changes, time };
        updates.push((Topic::Depth(symbol, speed), diff));
        for levels in PARTIAL_DEPTHS {
            let view = depth(&self.image, usize::from(levels));
            updates.push((Topic::PartialDepth(symbol, levels, speed), MarketUpdate::PartialDepth(view)));
        }
    }
}

fn depth(image: &MarketImage, levels: usize) -> DepthView {
    DepthView {
        last_update_id: image.last_update_id(),
        bids: image.depth(Side::Buy, levels),
        asks: image.depth(Side::Sell, levels),
    }
}

const fn ticker(symbol: SymbolId, market: &Market) -> TickerView {
    TickerView { symbol, last: market.image.last_price(), book: market.quotes }
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

impl Handler<Wire> for MarketDataActor {
    type Result = ();

    fn handle(&mut self, Wire(topology): Wire, _: &mut Self::Context) {
        for spec in topology.catalogue.symbols() {
            let market = self.markets.entry(spec.id).or_default();
            market.note_references(spec.id, &topology);
        }
        self.topology = Some(topology);
    }
}

impl Handler<MarketMoved> for MarketDataActor {
    type Result = ();

    fn handle(&mut self, moved: MarketMoved, _: &mut Self::Context) {
        let Some(topology) = &self.topology else { return };
        let has_listeners = self.listeners.load(Ordering::Relaxed) != 0;
        let mut updates = Vec::new();
        let mut events = moved.events.iter().peekable();
        while let Some(event) = events.next() {
            let (symbol, update) = key(event);
            let Some(market) = self.markets.get_mut(&symbol) else { continue };
            market.apply(event, has_listeners, &mut updates);
            // A command's last change of the book completes its update.
            let is_complete =
                update.is_some() && events.peek().is_none_or(|next| key(next) != (symbol, update));
            if is_complete && market.requote() && has_listeners {
                updates.push((Topic::BookTicker(symbol), MarketUpdate::BookTicker(market.quotes)));
            }
        }
        let mut last = None;
        for (symbol, _) in moved.events.iter().map(key) {
            if last.replace(symbol) == Some(symbol) {
                continue;
            }
            if let Some(market) = self.markets.get(&symbol) {
                market.note_references(symbol, topology);
            }
        }
        let trades = moved.events.iter().filter(|event| matches!(event, PublicEvent::TradePrinted { .. }));
        topology.metrics.trades.inc_by(trades.count() as u64);
        if !updates.is_empty() {
            topology.push.do_send(PublishMarket { updates });
        }
    }
}

/// The symbol an event is about and, if it moves the book, the update it belongs to.
const fn key(event: &PublicEvent) -> (SymbolId, Option<u64>) {
    match event {
        PublicEvent::TradePrinted { symbol, .. } => (*symbol, None),
        PublicEvent::BookMoved { symbol, update_id, .. } => (*symbol, Some(*update_id)),
    }
}

impl Handler<FlushDepth> for MarketDataActor {
    type Result = ();

    fn handle(&mut self, flush: FlushDepth, _: &mut Self::Context) {
        self.flush(flush.0);
    }
}

impl Handler<QueryMarket> for MarketDataActor {
    type Result = Result<MarketView, Reject>;

    fn handle(&mut self, query: QueryMarket, _: &mut Self::Context) -> Self::Result {
        self.answer(query.0)
    }
}
