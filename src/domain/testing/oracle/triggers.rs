//! The slow oracle of triggers: a plain list of waiting orders, each of which is checked against every trade.
//!
//! It has no indices, groups or steps. The triggered orders, and their sequence, follow from the trades alone.

use crate::domain::{
    orders::{OrderType, Side, Trigger},
    types::{id::OrderId, money::Price},
};

/// The state of an order in relation to the market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    /// Its stop price is not reached.
    Before,
    /// It follows the market, and this is the best price it has seen.
    Follows(Option<Price>),
    /// Its stop price is reached.
    Reached,
    /// The market has turned back far enough; the number orders it among the orders that did so.
    Turned(u64),
}

/// An order that waits.
#[derive(Debug, Clone, Copy)]
struct StopOrder {
    order: OrderId,
    side: Side,
    is_rising: bool,
    trigger: Trigger,
    stand: Stand,
}

impl StopOrder {
    fn has_reached(&self, price: Price) -> bool {
        match self.trigger.stop {
            Some(stop) if self.is_rising => price >= stop,
            Some(stop) => price <= stop,
            None => false,
        }
    }

    /// Returns whether a price has the order's distance from the best one.
    fn has_turned(&self, best: Price, price: Price) -> bool {
        let Some(bips) = self.trigger.trailing else { return false };
        let (best, price) = (i128::from(best.ticks()), i128::from(price.ticks()));
        let back = if self.side == Side::Buy { price - best } else { best - price };
        back * 10_000 >= best * i128::from(bips.get())
    }

    fn better(&self, best: Option<Price>, price: Price) -> Price {
        match (best, self.side) {
            (None, _) => price,
            (Some(best), Side::Buy) => best.min(price),
            (Some(best), Side::Sell) => best.max(price),
        }
    }
}

/// The waiting orders of one symbol, in the order of their arrival.
#[derive(Debug, Clone, Default)]
pub struct SlowTriggers {
    stop_orders: Vec<StopOrder>,
    last: Option<Price>,
    /// The highest and the lowest trade since an order that a rising, or a falling, market has reached waits to be
    /// removed.
    highest: Option<Price>,
    lowest: Option<Price>,
    turns: u64,
}

impl SlowTriggers {
    /// Adds an order; returns whether it waits: `false` when the market is beyond its stop price.
    pub fn arrives(&mut self, order: OrderId, side: Side, kind: OrderType, trigger: Trigger) -> bool {
        let stops_loss = matches!(kind, OrderType::StopLoss | OrderType::StopLossLimit);
        let is_rising = stops_loss == (side == Side::Buy);
        let stand = if trigger.stop.is_some() { Stand::Before } else { Stand::Follows(self.last) };
        let stop_order = StopOrder { order, side, is_rising, trigger, stand };
        let far = if is_rising { self.highest } else { self.lowest };
        if [self.last, far].into_iter().flatten().any(|price| stop_order.has_reached(price)) {
            return false;
        }
        self.stop_orders.push(stop_order);
        true
    }

    /// Applies a trade to every order.
    pub fn traded(&mut self, price: Price) {
        self.last = Some(price);
        let mut turned = Vec::new();
        for (place, stop_order) in self.stop_orders.iter_mut().enumerate() {
            match stop_order.stand {
                Stand::Before if stop_order.has_reached(price) => {
                    let follows = stop_order.trigger.trailing.is_some();
                    stop_order.stand = if follows { Stand::Follows(Some(price)) } else { Stand::Reached };
                }
                Stand::Follows(best) => {
                    let best = stop_order.better(best, price);
                    stop_order.stand = Stand::Follows(Some(best));
                    if stop_order.has_turned(best, price) {
                        let bips = stop_order.trigger.trailing.map(|bips| bips.get());
                        // The smaller distance first, then the one with the better reference price.
                        let distance = best.ticks().abs_diff(price.ticks());
                        turned.push((stop_order.side, bips, u64::MAX - distance, place));
                    }
                }
                Stand::Before | Stand::Reached | Stand::Turned(_) => {}
            }
        }
        turned.sort_unstable();
        for (.., place) in turned {
            self.turns += 1;
            self.stop_orders[place].stand = Stand::Turned(self.turns);
        }
        if self.is_reached(true) {
            self.highest = self.highest.max(Some(price));
        }
        if self.is_reached(false) {
            self.lowest = Some(self.lowest.map_or(price, |lowest| lowest.min(price)));
        }
    }

    fn is_reached(&self, is_rising: bool) -> bool {
        self.stop_orders.iter().any(|order| order.stand == Stand::Reached && order.is_rising == is_rising)
    }

    /// Returns the order to send to its book next: those that followed the market as they turned, then those a rising
    /// market reached from the lowest stop price, then those a falling one did from the highest; at one price in the
    /// order of their arrival.
    pub fn next(&self) -> Option<OrderId> {
        let turn = |stop_order: &&StopOrder| match stop_order.stand {
            Stand::Turned(turn) => turn,
            _ => u64::MAX,
        };
        let turned =
            self.stop_orders.iter().filter(|stop_order| matches!(stop_order.stand, Stand::Turned(_)));
        let reached = |is_rising: bool| {
            let of_way = move |stop_order: &&StopOrder| {
                stop_order.stand == Stand::Reached && stop_order.is_rising == is_rising
            };
            self.stop_orders.iter().filter(of_way)
        };
        // Among several minima, the first is chosen: the earliest arrival.
        let falling = reached(false).min_by_key(|stop_order| std::cmp::Reverse(stop_order.trigger.stop));
        let found = turned
            .min_by_key(turn)
            .or_else(|| reached(true).min_by_key(|stop_order| stop_order.trigger.stop));
        found.or(falling).map(|stop_order| stop_order.order)
    }

    /// Removes an order that is triggered or ends; returns whether it waited.
    pub fn leaves(&mut self, order: OrderId) -> bool {
        let before = self.stop_orders.len();
        self.stop_orders.retain(|stop_order| stop_order.order != order);
        if !self.is_reached(true) {
            self.highest = None;
        }
        if !self.is_reached(false) {
            self.lowest = None;
        }
        self.stop_orders.len() < before
    }

    /// Returns the price of the last trade.
    pub fn last(&self) -> Option<Price> {
        self.last
    }

    /// Returns the waiting orders, in the order of their arrival.
    pub fn orders(&self) -> impl Iterator<Item = OrderId> + '_ {
        self.stop_orders.iter().map(|stop_order| stop_order.order)
    }
}
