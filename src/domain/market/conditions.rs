//! The orders of a symbol that wait for the market to reach a price.
//!
//! Stop prices lie in two sorted indices, one for each direction; orders that follow the market lie in groups of one
//! distance and one best price seen, so that a new best price moves whole groups and not orders. A trade only notes how
//! far the market has come ([`Conditions::traded`], cheap when nothing is near); which orders that triggers is taken
//! out one by one ([`Conditions::next`]), so that a cascade of any length is worked off in bounded steps.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::domain::{
    hash,
    id::OrderId,
    message::{Condition, SubmitOrder},
    money::Price,
    order::Side,
    reject::Fault,
    table::Table,
    trigger::{Bips, Direction},
};

/// An order that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Waiting {
    submit: SubmitOrder,
    condition: Condition,
    /// Its place in line among orders of one stop price: rises with every order that waits.
    number: u64,
    /// Whether it lies in an index of stop prices; else it follows the market, or has been triggered.
    by_stop: bool,
}

/// Orders that follow the market at one distance, by the best price they have seen; oldest first in each group.
type Trails = BTreeMap<Price, VecDeque<OrderId>>;

/// The waiting orders of one symbol.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Conditions {
    waiting: Table<OrderId, Waiting>,
    /// Those a rising market reaches, and those a falling one does.
    rising: BTreeMap<(Price, u64), OrderId>,
    falling: BTreeMap<(Price, u64), OrderId>,
    trails: BTreeMap<(Side, Bips), Trails>,
    /// How far the market has been since the indices were last worked off: only while something there is triggered.
    high: Option<Price>,
    low: Option<Price>,
    /// Groups that turned back far enough. Some of their orders may be gone.
    turned: VecDeque<OrderId>,
    /// How many orders in groups are gone.
    gone: usize,
    next_number: u64,
    /// The sum of the hashes of the waiting orders.
    digest: u128,
}

/// Where the market stands against an order that arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrival {
    /// It waits.
    Waits,
    /// The market is beyond its stop price.
    WouldTrigger,
}

impl Conditions {
    /// Takes an order in, given the price of the last trade.
    ///
    /// While earlier orders are still being triggered, how far the market went counts as where it is: an order that
    /// arrives then is judged as if it had come behind them.
    pub(super) fn add(&mut self, submit: &SubmitOrder, condition: Condition, last: Option<Price>) -> Arrival {
        let seen = match condition.direction {
            Direction::Up => self.high.max(last),
            Direction::Down => [self.low, last].into_iter().flatten().min(),
        };
        if let (Some(stop), Some(seen)) = (condition.trigger.stop, seen)
            && condition.direction.reaches(stop, seen)
        {
            return Arrival::WouldTrigger;
        }
        self.next_number += 1;
        let by_stop = condition.trigger.stop.is_some();
        let waiting = Waiting { submit: *submit, condition, number: self.next_number, by_stop };
        if let Some(stop) = condition.trigger.stop {
            self.index(condition.direction).insert((stop, waiting.number), submit.order);
        } else {
            self.follow(&waiting, last);
        }
        self.digest = self.digest.wrapping_add(digest(&waiting));
        self.waiting.insert(submit.order, waiting);
        Arrival::Waits
    }

    const fn index(&mut self, direction: Direction) -> &mut BTreeMap<(Price, u64), OrderId> {
        match direction {
            Direction::Up => &mut self.rising,
            Direction::Down => &mut self.falling,
        }
    }

    /// Lets an order follow the market from the last trade on; without one, from the next.
    fn follow(&mut self, waiting: &Waiting, last: Option<Price>) {
        let Some(bips) = waiting.condition.trigger.trailing else { return };
        let side = waiting.submit.side;
        let unseen = match side {
            Side::Buy => Price::from_ticks(u64::MAX),
            Side::Sell => Price::from_ticks(0),
        };
        let group = self.trails.entry((side, bips)).or_default().entry(last.unwrap_or(unseen)).or_default();
        group.push_back(waiting.submit.order);
    }

    /// Takes an order out; `None` when it does not wait here.
    pub(super) fn remove(&mut self, order: OrderId) -> Option<SubmitOrder> {
        let waiting = self.waiting.remove(&order)?;
        self.digest = self.digest.wrapping_sub(digest(&waiting));
        if let (true, Some(stop)) = (waiting.by_stop, waiting.condition.trigger.stop) {
            self.index(waiting.condition.direction).remove(&(stop, waiting.number));
        }
        // Out of a group it is taken when the group is looked at, or when there are many of its kind.
        self.gone += usize::from(!waiting.by_stop);
        if self.gone > 2 * self.waiting.len() + 64 {
            self.sweep();
        }
        Some(waiting.submit)
    }

    /// Takes what does not wait any more out of the groups.
    fn sweep(&mut self) {
        let waiting = &self.waiting;
        for trails in self.trails.values_mut() {
            trails.values_mut().for_each(|group| group.retain(|order| waiting.contains(order)));
            trails.retain(|_, group| !group.is_empty());
        }
        self.trails.retain(|_, trails| !trails.is_empty());
        self.turned.retain(|order| waiting.contains(order));
        self.gone = 0;
    }

    /// Takes note of a trade.
    pub(super) fn traded(&mut self, price: Price) {
        if self.waiting.is_empty() {
            return;
        }
        if self.rising.first_key_value().is_some_and(|((stop, _), _)| *stop <= price) {
            self.high = self.high.max(Some(price));
        }
        if self.falling.last_key_value().is_some_and(|((stop, _), _)| *stop >= price) {
            self.low = Some(self.low.map_or(price, |low| low.min(price)));
        }
        for ((side, bips), trails) in &mut self.trails {
            pull(trails, *side, price);
            while let Some(entry) = turned(trails, *side, *bips, price) {
                self.turned.extend(entry);
            }
        }
        self.trails.retain(|_, trails| !trails.is_empty());
    }

    /// Returns whether an order is triggered and not taken out yet.
    pub(super) fn has_next(&self) -> bool {
        !self.turned.is_empty() || self.high.is_some() || self.low.is_some()
    }

    /// Takes out the next order that is triggered, given the price of the last trade, doing at most `work` steps:
    /// first those that followed the market, then stops a rising market reached from the lowest, then those a falling
    /// market reached from the highest; at one price in the order they came.
    pub(super) fn next(&mut self, last: Option<Price>, work: &mut usize) -> Option<(SubmitOrder, Condition)> {
        while *work > 0 && self.has_next() {
            *work -= 1;
            if let Some(order) = self.turned.pop_front() {
                // Whether it is gone already or goes now, it lies in no group any more.
                let found = self.take(order);
                self.gone = self.gone.saturating_sub(1);
                if found.is_some() {
                    return found;
                }
                continue;
            }
            let Some(order) = self.next_stop() else { continue };
            let Some(waiting) = self.waiting.get(&order).copied() else { continue };
            if waiting.condition.trigger.trailing.is_none() {
                return self.take(order);
            }
            // Its stop price was only where it begins to follow the market.
            let following = Waiting { by_stop: false, ..waiting };
            self.digest = self.digest.wrapping_sub(digest(&waiting)).wrapping_add(digest(&following));
            self.waiting.insert(order, following);
            self.follow(&following, last);
        }
        None
    }

    fn take(&mut self, order: OrderId) -> Option<(SubmitOrder, Condition)> {
        let condition = self.waiting.get(&order)?.condition;
        self.remove(order).map(|submit| (submit, condition))
    }

    /// Takes the next order out of the indices of stop prices that the market has reached.
    fn next_stop(&mut self) -> Option<OrderId> {
        if let Some(high) = self.high {
            if let Some(entry) = self.rising.first_entry().filter(|entry| entry.key().0 <= high) {
                return Some(entry.remove());
            }
            self.high = None;
        }
        let low = self.low?;
        if let Some(entry) = self.falling.last_entry().filter(|entry| entry.key().0 >= low) {
            return Some(entry.remove());
        }
        self.low = None;
        None
    }

    /// Returns how many orders wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Returns the waiting orders, by id.
    pub(super) fn orders(&self) -> impl Iterator<Item = &SubmitOrder> {
        self.waiting.sorted().into_iter().map(|(_, waiting)| &waiting.submit)
    }

    /// Returns the state hash.
    pub(super) fn hash(&self, symbol: u64) -> u128 {
        if self.next_number == 0 {
            return 0;
        }
        let ticks = |price: Option<Price>| price.map_or(0, |price| price.ticks() + 1);
        let words = [symbol, self.next_number, ticks(self.high), ticks(self.low), self.turned.len() as u64];
        let mut sum = self.digest.wrapping_add(hash::entity(24, &words));
        for ((side, bips), trails) in &self.trails {
            for (extreme, group) in trails {
                let alive = group.iter().filter(|order| self.waiting.contains(order));
                let orders = alive.fold(0, |sum: u64, order| sum.wrapping_add(hash::mix64(order.get())));
                let words = [symbol, side.index() as u64, bips.get(), extreme.ticks(), orders];
                if orders != 0 {
                    sum = sum.wrapping_add(hash::entity(25, &words));
                }
            }
        }
        sum
    }

    /// Verifies that every order lies where it will be found.
    ///
    /// # Errors
    /// One that does not.
    pub(super) fn check(&self) -> Result<(), Fault> {
        let mut sum = 0_u128;
        let mut stops = 0;
        for (order, waiting) in self.waiting.sorted() {
            sum = sum.wrapping_add(digest(waiting));
            let Condition { trigger, direction, .. } = waiting.condition;
            let place = |stop| match direction {
                Direction::Up => self.rising.get(&(stop, waiting.number)),
                Direction::Down => self.falling.get(&(stop, waiting.number)),
            };
            if waiting.by_stop {
                stops += 1;
                if trigger.stop.and_then(place) != Some(order) {
                    return Err(Fault::new(format!("order {order} waits outside the index of stop prices")));
                }
            }
        }
        if stops != self.rising.len() + self.falling.len() || sum != self.digest {
            return Err(Fault::new("the indices of stop prices hold orders that do not wait"));
        }
        let following = self.trails.values().flat_map(BTreeMap::values).flatten().chain(&self.turned);
        let following = following.filter(|order| self.waiting.contains(order)).count();
        if following + stops != self.waiting.len() {
            return Err(Fault::new("an order that follows the market is lost"));
        }
        Ok(())
    }
}

fn digest(waiting: &Waiting) -> u128 {
    hash::of(23, waiting)
}

/// Lets orders that follow the market see a new price: those for which it is the best so far form one group.
fn pull(trails: &mut Trails, side: Side, price: Price) {
    let is_better = |extreme: Price| match side {
        Side::Buy => price < extreme,
        Side::Sell => price > extreme,
    };
    loop {
        let worst = match side {
            Side::Buy => trails.last_entry(),
            Side::Sell => trails.first_entry(),
        };
        let Some(entry) = worst.filter(|entry| is_better(*entry.key())) else { return };
        let mut group = entry.remove();
        let joined = trails.entry(price).or_default();
        // The larger of the two stays where it is, so that an order moves only a few times in its life.
        if joined.len() < group.len() {
            std::mem::swap(joined, &mut group);
        }
        joined.append(&mut group);
    }
}

/// Takes out a group the market has turned back from far enough, the best price seen first.
fn turned(trails: &mut Trails, side: Side, bips: Bips, price: Price) -> Option<VecDeque<OrderId>> {
    let best = match side {
        Side::Buy => trails.first_entry(),
        Side::Sell => trails.last_entry(),
    };
    best.filter(|entry| bips.is_beyond(side, *entry.key(), price)).map(|entry| entry.remove())
}
