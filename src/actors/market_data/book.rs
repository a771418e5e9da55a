//! One symbol's image, and the pending updates of its depth streams.

use std::{collections::BTreeSet, sync::Arc};

use super::{PARTIAL_DEPTHS, klines::KlineFeeds};
use crate::{
    actors::{
        message::{DepthView, MarketUpdate, SessionId, Speed, Topic},
        topology::Topology,
    },
    domain::{
        instruments::symbol::SymbolSpec,
        market_data::{
            AggregateTrade, BestQuotes, CHECKSUM_LEVELS, DepthDiff, DiffLog, MarketImage, checksum,
        },
        matching::PublicEvent,
        orders::Side,
        types::{
            money::{Lots, Price},
            time::Timestamp,
        },
    },
};

/// How many levels a side of a snapshot has, as in `GET /api/v3/depth`.
const SNAPSHOT_LEVELS: usize = 5_000;

/// The updates that one turn sends to subscribers.
pub(super) type Updates = Vec<(Topic, MarketUpdate)>;

/// One symbol's public side.
#[derive(Debug)]
pub(super) struct Market {
    pub(super) spec: Arc<SymbolSpec>,
    pub(super) image: MarketImage,
    pub(super) quotes: BestQuotes,
    pub(super) klines: KlineFeeds,
    /// The latest diffs of the fast stream.
    pub(super) log: DiffLog,
    /// Whether it traded, and whether its best quotes changed, since the last second.
    pub(super) has_traded: bool,
    pub(super) has_requoted: bool,
    fast: Conflation,
    slow: Conflation,
    /// Whether the last aggregate trade has not been sent yet.
    has_open_aggregate: bool,
    joining: Vec<(SessionId, Speed)>,
}

/// The pending changes of a conflated stream.
#[derive(Debug, Default)]
struct Conflation {
    last_update_id: u64,
    dirty: Vec<(Side, Price)>,
}

impl Market {
    /// Continues from an earlier image; streams continue after its last update.
    pub(super) fn of(spec: Arc<SymbolSpec>, image: MarketImage) -> Self {
        let last_update_id = image.last_update_id();
        let conflation = || Conflation { last_update_id, dirty: Vec::new() };
        Self {
            spec,
            quotes: image.best(),
            klines: KlineFeeds::default(),
            log: DiffLog::after(last_update_id),
            has_traded: false,
            has_requoted: false,
            fast: conflation(),
            slow: conflation(),
            has_open_aggregate: false,
            joining: Vec::new(),
            image,
        }
    }

    /// Publishes the prices by which the edge judges orders without one.
    pub(super) fn note_references(&self, topology: &Topology) {
        let price = |level: Option<(Price, Lots)>| level.map(|(price, _)| price);
        let (bid, ask) = (price(self.quotes.bid), price(self.quotes.ask));
        topology.references.set(self.spec.id, self.image.last_price(), bid, ask);
    }

    /// Applies one event; adds the updates to send at once.
    pub(super) fn apply(&mut self, event: &PublicEvent, has_listeners: bool, updates: &mut Updates) {
        let symbol = self.spec.id;
        match *event {
            PublicEvent::TradePrinted { trade, .. } => {
                let before = self.image.history().trades.last_aggregate().copied();
                self.image.apply(event);
                let id = |aggregate: &AggregateTrade| aggregate.id;
                let now = self.image.history().trades.last_aggregate().map(id);
                if has_listeners {
                    if let Some(complete) = before.filter(|_| self.has_open_aggregate)
                        && now != Some(complete.id)
                    {
                        updates.push((Topic::AggTrade(symbol), MarketUpdate::Aggregate(complete)));
                    }
                    updates.push((Topic::Trade(symbol), MarketUpdate::Trade(trade)));
                }
                (self.has_open_aggregate, self.has_traded) = (true, true);
            }
            PublicEvent::BookMoved { side, price, .. } => {
                self.image.apply(event);
                self.fast.dirty.push((side, price));
            }
            PublicEvent::TimePassed { .. } => {
                self.image.apply(event);
                self.klines.close(symbol, &self.image, updates);
            }
        }
    }

    /// Sends the last aggregate trade of a turn: the events of a command arrive together, so no trade joins it any
    /// more.
    pub(super) fn complete_aggregate(&mut self, has_listeners: bool, updates: &mut Updates) {
        if std::mem::take(&mut self.has_open_aggregate)
            && has_listeners
            && let Some(complete) = self.image.history().trades.last_aggregate()
        {
            updates.push((Topic::AggTrade(self.spec.id), MarketUpdate::Aggregate(*complete)));
        }
    }

    /// Records the best quotes; returns whether price or quantity of either changed.
    pub(super) fn requote(&mut self) -> bool {
        let quotes = self.image.best();
        let has_changed = (quotes.bid, quotes.ask) != (self.quotes.bid, self.quotes.ask);
        self.quotes = quotes;
        self.has_requoted |= has_changed;
        has_changed
    }

    /// Lets a session join a stream of diffs after the next of them.
    pub(super) fn join(&mut self, session: SessionId, speed: Speed) {
        self.joining.push((session, speed));
    }

    /// Sends the changes since a stream's last diff.
    pub(super) fn flush(
        &mut self,
        speed: Speed,
        time: Timestamp,
        watched: &BTreeSet<Topic>,
        updates: &mut Updates,
    ) {
        let last_update_id = self.image.last_update_id();
        // Every level is recorded once, for the fast stream; what that sends becomes pending for the slow one.
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
        let symbol = self.spec.id;
        let topics = [Topic::Depth(symbol, speed), Topic::DepthSnapshot(symbol, speed)];
        let listened = topics.into_iter().filter(|topic| watched.contains(topic));
        let checksum = listened.clone().next().map(|_| self.checksum());
        let diff = Arc::new(DepthDiff { first_update_id, last_update_id, changes, time, checksum });
        updates.extend(listened.map(|topic| (topic, MarketUpdate::Depth(Arc::clone(&diff)))));
        if speed == Speed::Fast {
            self.log.push(diff);
        }
        for levels in PARTIAL_DEPTHS {
            let topic = Topic::PartialDepth(symbol, levels, speed);
            if watched.contains(&topic) {
                updates.push((topic, MarketUpdate::PartialDepth(self.depth(usize::from(levels)))));
            }
        }
    }

    /// Returns the sessions that join a stream whose diffs have just been sent, and the snapshot the next diff follows.
    pub(super) fn joins(&mut self, speed: Speed, time: Timestamp) -> Option<(Vec<SessionId>, MarketUpdate)> {
        let of_speed = self.joining.extract_if(.., |(_, wanted)| *wanted == speed);
        let sessions: Vec<SessionId> = of_speed.map(|(session, _)| session).collect();
        if sessions.is_empty() {
            return None;
        }
        let (book, checksum) = (self.depth(SNAPSHOT_LEVELS), self.checksum());
        Some((sessions, MarketUpdate::DepthSnapshot { book, checksum, time }))
    }

    fn checksum(&self) -> u32 {
        let DepthView { asks, bids, .. } = self.depth(CHECKSUM_LEVELS);
        checksum(&self.spec, &asks, &bids)
    }

    /// Returns the best levels of both sides.
    pub(super) fn depth(&self, levels: usize) -> DepthView {
        DepthView {
            last_update_id: self.image.last_update_id(),
            bids: self.image.depth(Side::Buy, levels),
            asks: self.image.depth(Side::Sell, levels),
        }
    }
}
