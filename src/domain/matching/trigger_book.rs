//! The orders of a symbol that wait for the market to reach a price.
//!
//! Stop prices are stored in two sorted indices, one for each direction; orders that follow the market are stored in
//! groups of one distance and one best price seen, so that a new best price moves whole groups and not orders, and
//! orders that start to follow it at a price are stored in groups of that price. A trade moves groups and records how
//! far the market has come ([`TriggerBook::traded`], cheap when nothing is near); the orders that triggers are removed
//! one by one ([`TriggerBook::next`]), so that a cascade of any length is worked off in bounded steps, and the steps
//! affect no outcome.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, VecDeque},
};

use serde::{Deserialize, Serialize};

use crate::domain::{
    messages::{
        message::{Condition, SubmitOrder},
        reject::Fault,
    },
    orders::{Bips, Direction, Side},
    testing::mutants::{Mutant, mutated},
    types::{hash, id::OrderId, money::Price, table::Table},
};

/// An order that waits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct StopOrder {
    submit: SubmitOrder,
    condition: Condition,
    /// Its number among orders of one stop price: rises with every order that waits.
    number: u64,
}

impl StopOrder {
    /// Returns the stop price under which an index stores it; `None` for an order that follows the market or will.
    fn stop(&self) -> Option<Price> {
        self.condition.trigger.stop.filter(|_| self.condition.trigger.trailing.is_none())
    }
}

/// Orders that have seen the same prices, each with its number; some of them may be gone.
type Group = VecDeque<(u64, OrderId)>;

/// Orders that follow the market at one distance, by the best price they have seen.
type Trails = BTreeMap<Price, Group>;

/// Orders that will follow the market, by the price at which they start.
type Starts = BTreeMap<(Side, Bips), Group>;

/// The waiting orders of one symbol.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct TriggerBook {
    stop_orders: Table<OrderId, StopOrder>,
    /// Orders a rising market reaches, and orders a falling one does.
    rising: BTreeMap<(Price, u64), OrderId>,
    falling: BTreeMap<(Reverse<Price>, u64), OrderId>,
    /// Orders that start to follow a rising market, and a falling one.
    rising_starts: BTreeMap<Price, Starts>,
    falling_starts: BTreeMap<Price, Starts>,
    trails: BTreeMap<(Side, Bips), Trails>,
    /// The extremes of the market since an index last had no triggered order: only while it has one.
    high: Option<Price>,
    low: Option<Price>,
    /// Groups the market has turned back from far enough, the oldest order of each first. Some of the orders may be
    /// gone.
    turned: Group,
    /// The number of orders in groups that are gone.
    gone: usize,
    next_number: u64,
    /// The sum of the hashes of the waiting orders.
    digest: u128,
}

/// The relation of the market to an order that arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// It waits.
    Untriggered,
    /// The market is beyond its stop price.
    WouldTrigger,
}

impl TriggerBook {
    /// Adds an order, given the price of the last trade.
    ///
    /// While earlier orders are still being triggered, the extreme of the market counts as its current price: an order
    /// that arrives then is checked as if it had arrived after them.
    pub(crate) fn add(&mut self, submit: &SubmitOrder, condition: Condition, last: Option<Price>) -> Arrival {
        let direction = condition.direction;
        let seen = match direction {
            Direction::Up => self.high.max(last),
            Direction::Down => [self.low, last].into_iter().flatten().min(),
        };
        if let (Some(stop), Some(seen)) = (condition.trigger.stop, seen)
            && condition.direction.reaches(stop, seen)
        {
            return Arrival::WouldTrigger;
        }
        self.next_number += 1;
        let stop_order = StopOrder { submit: submit.clone(), condition, number: self.next_number };
        let entry = (stop_order.number, submit.order);
        match (condition.trigger.stop, condition.trigger.trailing) {
            (Some(stop), None) => self.index(condition.direction, stop, entry),
            (Some(stop), Some(bips)) => {
                let starts = match condition.direction {
                    Direction::Up => &mut self.rising_starts,
                    Direction::Down => &mut self.falling_starts,
                };
                starts.entry(stop).or_default().entry((submit.side, bips)).or_default().push_back(entry);
            }
            (None, Some(bips)) => {
                // Without a last trade the next one is the best it has seen.
                let unseen = match submit.side {
                    Side::Buy => Price::from_ticks(u64::MAX),
                    Side::Sell => Price::from_ticks(0),
                };
                let trails = self.trails.entry((submit.side, bips)).or_default();
                trails.entry(last.unwrap_or(unseen)).or_default().push_back(entry);
            }
            (None, None) => return Arrival::WouldTrigger,
        }
        self.digest = self.digest.wrapping_add(digest(&stop_order));
        self.stop_orders.insert(submit.order, stop_order);
        Arrival::Untriggered
    }

    fn index(&mut self, direction: Direction, stop: Price, (number, order): (u64, OrderId)) {
        match direction {
            Direction::Up => self.rising.insert((stop, number), order),
            Direction::Down => self.falling.insert((Reverse(stop), number), order),
        };
    }

    /// Removes an order; `None` when it does not wait here.
    pub(crate) fn remove(&mut self, order: OrderId) -> Option<SubmitOrder> {
        let stop_order = self.stop_orders.remove(&order)?;
        self.digest = self.digest.wrapping_sub(digest(&stop_order));
        match (stop_order.stop(), stop_order.condition.direction) {
            (Some(stop), Direction::Up) => {
                self.rising.remove(&(stop, stop_order.number));
            }
            (Some(stop), Direction::Down) => {
                self.falling.remove(&(Reverse(stop), stop_order.number));
            }
            // It is removed from its group when the group is next examined, or when many such orders have accumulated.
            (None, _) => self.gone += 1,
        }
        self.forget_reach();
        if self.gone > 2 * self.stop_orders.len() + 64 {
            self.sweep();
        }
        Some(stop_order.submit)
    }

    /// Clears the extreme of the market once it triggers nothing in an index.
    fn forget_reach(&mut self) {
        if self.first_rising().is_none() {
            self.high = None;
        }
        if self.first_falling().is_none() {
            self.low = None;
        }
    }

    /// Removes orders that no longer wait from the groups.
    fn sweep(&mut self) {
        let stop_orders = &self.stop_orders;
        let is_alive = |(_, order): &(u64, OrderId)| stop_orders.contains(order);
        for trails in self.trails.values_mut() {
            trails.values_mut().for_each(|group| group.retain(is_alive));
            trails.retain(|_, group| !group.is_empty());
        }
        self.trails.retain(|_, trails| !trails.is_empty());
        for starts in [&mut self.rising_starts, &mut self.falling_starts] {
            for groups in starts.values_mut() {
                groups.values_mut().for_each(|group| group.retain(is_alive));
                groups.retain(|_, group| !group.is_empty());
            }
            starts.retain(|_, groups| !groups.is_empty());
        }
        self.turned.retain(is_alive);
        self.gone = 0;
    }

    /// Records a trade.
    pub(crate) fn traded(&mut self, price: Price) {
        if self.stop_orders.is_empty() {
            return;
        }
        if self.rising.first_key_value().is_some_and(|((stop, _), _)| *stop <= price) {
            self.high = self.high.max(Some(price));
        }
        if self.falling.first_key_value().is_some_and(|((Reverse(stop), _), _)| *stop >= price) {
            self.low = Some(self.low.map_or(price, |low| low.min(price)));
        }
        for ((side, bips), trails) in &mut self.trails {
            if !mutated(Mutant::TrailNeverMoves) {
                pull(trails, *side, price);
            }
            while let Some(group) = turned(trails, *side, *bips, price) {
                let mut group = Vec::from(group);
                group.sort_unstable();
                self.turned.extend(group);
            }
        }
        self.trails.retain(|_, trails| !trails.is_empty());
        self.start(price);
    }

    /// Starts the orders that waited for this price to follow the market.
    fn start(&mut self, price: Price) {
        loop {
            let rising = self.rising_starts.first_entry().filter(|entry| *entry.key() <= price);
            let falling = self.falling_starts.last_entry().filter(|entry| *entry.key() >= price);
            let Some(starts) = rising.or(falling).map(|entry| entry.remove()) else { return };
            for (kind, mut group) in starts {
                let trails = self.trails.entry(kind).or_default();
                join(trails.entry(price).or_default(), &mut group);
            }
        }
    }

    /// Returns whether an order is triggered and not removed yet.
    pub(crate) fn has_next(&self) -> bool {
        !self.turned.is_empty() || self.high.is_some() || self.low.is_some()
    }

    /// Removes the next triggered order, with at most `work` steps: first those that followed the market, then stops a
    /// rising market reached from the lowest, then those a falling market reached from the highest; at one price in the
    /// order of their arrival.
    pub(crate) fn next(&mut self, work: &mut usize) -> Option<(SubmitOrder, Condition)> {
        while *work > 0 && self.has_next() {
            *work -= 1;
            if let Some((_, order)) = self.turned.pop_front() {
                // Whether it is gone already or is removed now, no group contains it any more.
                let found = self.take(order);
                self.gone = self.gone.saturating_sub(1);
                if found.is_some() {
                    return found;
                }
                continue;
            }
            let order = self.first_rising().or(self.first_falling())?;
            return self.take(order);
        }
        None
    }

    fn take(&mut self, order: OrderId) -> Option<(SubmitOrder, Condition)> {
        let condition = self.stop_orders.get(&order)?.condition;
        self.remove(order).map(|submit| (submit, condition))
    }

    /// Returns the first order of each index that the market has reached.
    fn first_rising(&self) -> Option<OrderId> {
        let ((stop, _), order) = self.rising.first_key_value()?;
        self.high.filter(|high| stop <= high).map(|_| *order)
    }

    fn first_falling(&self) -> Option<OrderId> {
        let ((Reverse(stop), _), order) = self.falling.first_key_value()?;
        self.low.filter(|low| stop >= low).map(|_| *order)
    }

    /// Returns the number of waiting orders.
    pub(crate) fn len(&self) -> usize {
        self.stop_orders.len()
    }

    /// Returns the waiting orders, by id.
    pub(crate) fn orders(&self) -> impl Iterator<Item = &SubmitOrder> {
        self.stop_orders.sorted().into_iter().map(|(_, stop_order)| &stop_order.submit)
    }

    /// Returns up to `limit` waiting orders, the same ones whenever the same orders wait.
    pub(crate) fn some(&self, limit: usize) -> impl Iterator<Item = &SubmitOrder> {
        let starts = self.rising_starts.values().chain(self.falling_starts.values());
        let groups = starts.flat_map(BTreeMap::values).chain(self.trails.values().flat_map(BTreeMap::values));
        let following = groups.chain([&self.turned]).flatten().map(|(_, order)| order);
        let indexed = self.rising.values().chain(self.falling.values());
        let waiting = indexed.chain(following).filter_map(|order| self.stop_orders.get(order));
        waiting.map(|stop_order| &stop_order.submit).take(limit)
    }

    /// Returns the state hash.
    pub(crate) fn hash(&self, symbol: u64) -> u128 {
        if self.next_number == 0 {
            return 0;
        }
        let ticks = |price: Option<Price>| price.map_or(0, |price| price.ticks() + 1);
        let words = [symbol, self.next_number, ticks(self.high), ticks(self.low), self.turned.len() as u64];
        let mut sum = self.digest.wrapping_add(hash::entity(24, &words));
        let mut add = |place: u64, (side, bips): (Side, Bips), price: Price, group: &Group| {
            let alive = group.iter().filter(|(_, order)| self.stop_orders.contains(order));
            let orders = alive.fold(0, |sum: u64, (_, order)| sum.wrapping_add(hash::mix64(order.get())));
            let words = [symbol, place, side.index() as u64, bips.get(), price.ticks(), orders];
            if orders != 0 {
                sum = sum.wrapping_add(hash::entity(25, &words));
            }
        };
        for (kind, trails) in &self.trails {
            trails.iter().for_each(|(extreme, group)| add(0, *kind, *extreme, group));
        }
        for (place, starts) in [(1, &self.rising_starts), (2, &self.falling_starts)] {
            for (price, groups) in starts {
                groups.iter().for_each(|(kind, group)| add(place, *kind, *price, group));
            }
        }
        sum
    }

    /// Verifies that every order is stored where it will be found.
    ///
    /// # Errors
    /// One that is not.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        let mut sum = 0_u128;
        let mut stops = 0;
        for (order, stop_order) in self.stop_orders.sorted() {
            sum = sum.wrapping_add(digest(stop_order));
            let found = stop_order.stop().map(|stop| match stop_order.condition.direction {
                Direction::Up => self.rising.get(&(stop, stop_order.number)),
                Direction::Down => self.falling.get(&(Reverse(stop), stop_order.number)),
            });
            stops += usize::from(found.is_some());
            if found.is_some_and(|found| found != Some(order)) {
                return Err(Fault::new(format!("order {order} waits outside the index of stop prices")));
            }
        }
        if stops != self.rising.len() + self.falling.len() || sum != self.digest {
            return Err(Fault::new("the indices of stop prices hold orders that do not wait"));
        }
        let starts = self.rising_starts.values().chain(self.falling_starts.values());
        let starts = starts.flat_map(BTreeMap::values).flatten();
        let following = self.trails.values().flat_map(BTreeMap::values).flatten().chain(&self.turned);
        let alive = starts.chain(following).filter(|(_, order)| self.stop_orders.contains(order)).count();
        if alive + stops != self.stop_orders.len() {
            return Err(Fault::new("an order that follows the market is lost"));
        }
        Ok(())
    }
}

fn digest(stop_order: &StopOrder) -> u128 {
    hash::of(23, stop_order)
}

/// Applies a new price to orders that follow the market: those for which it is the best so far form one group.
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
        join(trails.entry(price).or_default(), &mut group);
    }
}

/// Merges a group into another. The larger of the two stays in place, so that an order moves only a few times in its
/// life.
fn join(group: &mut Group, other: &mut Group) {
    if group.len() < other.len() {
        std::mem::swap(group, other);
    }
    group.append(other);
}

/// Removes a group the market has turned back from far enough, the best price seen first.
fn turned(trails: &mut Trails, side: Side, bips: Bips, price: Price) -> Option<Group> {
    let best = match side {
        Side::Buy => trails.first_entry(),
        Side::Sell => trails.last_entry(),
    };
    best.filter(|entry| bips.is_beyond(side, *entry.key(), price)).map(|entry| entry.remove())
}
