//! Orders with an expiry: finds the next one, and ends them.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::{
    engine::Book,
    event::BookEvent,
    slab::{NEVER, Slab},
};
use crate::domain::{
    orders::CloseReason,
    types::{money::Lots, time::Timestamp},
};

/// An order's place in the queue of expiries: earliest first, then by priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    expiry: u64,
    priority: u64,
    index: u32,
}

impl Entry {
    /// Returns whether its order still rests. Priorities are never used twice.
    fn is_live(&self, orders: &Slab) -> bool {
        let node = &orders[self.index];
        node.is_live() && node.priority() == self.priority && node.expiry == self.expiry
    }
}

/// The orders with a date, as a heap. An order that leaves early leaves its entry behind; such entries never come to
/// lie on top, and are removed when they outnumber the others.
#[derive(Debug, Clone, Default)]
pub(super) struct Expiries {
    heap: BinaryHeap<Reverse<Entry>>,
    live: usize,
}

impl Expiries {
    /// Adds an order that has a date.
    #[cold]
    pub(super) fn add(&mut self, expiry: u64, priority: u64, index: u32) {
        self.heap.push(Reverse(Entry { expiry, priority, index }));
        self.live += 1;
    }

    /// Counts that an order with a date has left the slab.
    #[cold]
    pub(super) fn drop_one(&mut self, orders: &Slab) {
        self.live -= 1;
        if self.heap.len() > 2 * self.live + 64 {
            self.heap.retain(|Reverse(entry)| entry.is_live(orders));
        }
        while self.heap.peek().is_some_and(|Reverse(entry)| !entry.is_live(orders)) {
            self.heap.pop();
        }
    }

    /// Returns the first date and the node of the order that has it.
    pub(super) fn first(&self) -> Option<(u64, u32)> {
        self.heap.peek().map(|Reverse(entry)| (entry.expiry, entry.index))
    }

    /// Returns the number of orders that have a date, and whether all of `wanted` are known.
    pub(super) fn live(&self, orders: &Slab) -> (usize, usize) {
        (self.live, self.heap.iter().filter(|Reverse(entry)| entry.is_live(orders)).count())
    }

    /// Returns the number of allocated bytes.
    pub(super) fn bytes(&self) -> usize {
        self.heap.capacity() * size_of::<Entry>()
    }
}

impl Book {
    /// Ends at most `limit` orders whose date has come, the earliest first and, within one date, by priority. Returns
    /// whether there are more.
    ///
    /// The orders' events come first, then one for each level they left, from the lowest price up.
    pub fn expire(&mut self, now: Timestamp, limit: usize, events: &mut Vec<BookEvent>) -> bool {
        let now = now.micros().min(NEVER - 1);
        let start = events.len();
        for _ in 0..limit {
            let Some((_, index)) = self.expiries.first().filter(|(expiry, _)| *expiry <= now) else { break };
            let node = self.orders[index];
            events.push(BookEvent::Ended {
                order: node.order,
                account: node.account,
                remaining: Lots::new(self.drain(index, &node)),
                reason: CloseReason::GoodTillDate,
            });
            self.orders.free(index);
            let total = self.unlink(&node);
            self.expired.push((node.price, node.side(), total));
        }
        // A stable sort keeps a level's totals in their order; the last of them is the final one.
        self.expired.sort_by_key(|(price, _, _)| *price);
        let more = self.expiries.first().is_some_and(|(expiry, _)| expiry <= now);
        debug_assert!(events.len() - start == self.expired.len());
        for position in 0..self.expired.len() {
            let (price, side, total) = self.expired[position];
            let is_last = self.expired.get(position + 1).is_none_or(|(next, _, _)| *next != price);
            if is_last {
                events.push(BookEvent::LevelChanged { side, price, total: Lots::new(total.get()) });
            }
        }
        self.expired.clear();
        more
    }

    /// Returns the next expiry of an order.
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.expiries.first().map(|(expiry, _)| Timestamp::from_micros(expiry))
    }
}
