//! The slow oracle of triggers: a plain list of waiting orders, every one of which looks at every trade.
//!
//! It knows nothing of indices, groups and steps. What is triggered, and in which order, follows from the trades
//! alone.

use crate::domain::{
    orders::{OrderKind, Side, Trigger},
    types::{id::OrderId, money::Price},
};

/// What an order has seen of the market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    /// Its stop price is not reached.
    Before,
    /// It follows the market, and this is the best price it has seen.
    Follows(Option<Price>),
    /// Its stop price is reached.
    Reached,
    /// The market has turned back far enough; the place is in the order of those that saw that.
    Turned(u64),
}

/// An order that waits.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    order: OrderId,
    side: Side,
    is_rising: bool,
    trigger: Trigger,
    stand: Stand,
}

impl Waiting {
    fn has_reached(&self, price: Price) -> bool {
        match self.trigger.stop {
            Some(stop) if self.is_rising => price >= stop,
            Some(stop) => price <= stop,
            None => false,
        }
    }

    /// Returns whether a price is as far from the best one as the order wants it.
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

/// The orders of one symbol that wait, in the order they came.
#[derive(Debug, Clone, Default)]
pub struct SlowTriggers {
    waiting: Vec<Waiting>,
    last: Option<Price>,
    /// The highest and the lowest trade since an order a rising, or a falling, market has reached waits to be taken out.
    highest: Option<Price>,
    lowest: Option<Price>,
    turns: u64,
}

impl SlowTriggers {
    /// Takes an order in; returns whether it waits: `false` when the market is beyond its stop price.
    pub fn arrives(&mut self, order: OrderId, side: Side, kind: OrderKind, trigger: Trigger) -> bool {
        let stops_loss = matches!(kind, OrderKind::StopLoss | OrderKind::StopLossLimit);
        let is_rising = stops_loss == (side == Side::Buy);
        let stand = if trigger.stop.is_some() { Stand::Before } else { Stand::Follows(self.last) };
        let waiting = Waiting { order, side, is_rising, trigger, stand };
        let far = if is_rising { self.highest } else { self.lowest };
        if [self.last, far].into_iter().flatten().any(|price| waiting.has_reached(price)) {
            return false;
        }
        self.waiting.push(waiting);
        true
    }

    /// Shows every order a trade.
    pub fn traded(&mut self, price: Price) {
        self.last = Some(price);
        let mut turned = Vec::new();
        for (place, waiting) in self.waiting.iter_mut().enumerate() {
            match waiting.stand {
                Stand::Before if waiting.has_reached(price) => {
                    let follows = waiting.trigger.trailing.is_some();
                    waiting.stand = if follows { Stand::Follows(Some(price)) } else { Stand::Reached };
                }
                Stand::Follows(best) => {
                    let best = waiting.better(best, price);
                    waiting.stand = Stand::Follows(Some(best));
                    if waiting.has_turned(best, price) {
                        let bips = waiting.trigger.trailing.map(|bips| bips.get());
                        // The smaller distance first, then the one with the better price to look back at.
                        let distance = best.ticks().abs_diff(price.ticks());
                        turned.push((waiting.side, bips, u64::MAX - distance, place));
                    }
                }
                Stand::Before | Stand::Reached | Stand::Turned(_) => {}
            }
        }
        turned.sort_unstable();
        for (.., place) in turned {
            self.turns += 1;
            self.waiting[place].stand = Stand::Turned(self.turns);
        }
        if self.is_reached(true) {
            self.highest = self.highest.max(Some(price));
        }
        if self.is_reached(false) {
            self.lowest = Some(self.lowest.map_or(price, |lowest| lowest.min(price)));
        }
    }

    fn is_reached(&self, is_rising: bool) -> bool {
        self.waiting.iter().any(|order| order.stand == Stand::Reached && order.is_rising == is_rising)
    }

    /// Returns which order is to be taken to its book next: those that followed the market as they turned, then those a
    /// rising market reached from the lowest stop price, then those a falling one did from the highest; at one price in
    /// the order they came.
    pub fn next(&self) -> Option<OrderId> {
        let turn = |waiting: &&Waiting| match waiting.stand {
            Stand::Turned(turn) => turn,
            _ => u64::MAX,
        };
        let turned = self.waiting.iter().filter(|waiting| matches!(waiting.stand, Stand::Turned(_)));
        let reached = |is_rising: bool| {
            let of_way =
                move |waiting: &&Waiting| waiting.stand == Stand::Reached && waiting.is_rising == is_rising;
            self.waiting.iter().filter(of_way)
        };
        // Of several that are least, the first is taken: that which came first.
        let falling = reached(false).min_by_key(|waiting| std::cmp::Reverse(waiting.trigger.stop));
        let found =
            turned.min_by_key(turn).or_else(|| reached(true).min_by_key(|waiting| waiting.trigger.stop));
        found.or(falling).map(|waiting| waiting.order)
    }

    /// Takes an order out that is triggered or ends; returns whether it waited.
    pub fn leaves(&mut self, order: OrderId) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|waiting| waiting.order != order);
        if !self.is_reached(true) {
            self.highest = None;
        }
        if !self.is_reached(false) {
            self.lowest = None;
        }
        self.waiting.len() < before
    }

    /// Returns the price of the last trade.
    pub fn last(&self) -> Option<Price> {
        self.last
    }

    /// Returns the waiting orders, in the order they came.
    pub fn orders(&self) -> impl Iterator<Item = OrderId> + '_ {
        self.waiting.iter().map(|waiting| waiting.order)
    }
}
