//! Loads what requests to come will touch into the cache: the books of a shard are more than a cache holds.

use std::hint::black_box;

use super::{engine::Book, slab::NIL};
use crate::domain::{orders::Handle, types::money::Price};

/// From this many resting orders on a book is taken to be more than a processor's own cache holds: below, asking ahead
/// costs more than waiting. 64 bytes an order, and levels as large again.
const ORDERS_BEYOND_CACHE: usize = 1 << 16;

impl Book {
    /// Returns whether it is worth loading what requests will touch ahead of them.
    pub fn exceeds_cache(&self) -> bool {
        self.len() >= ORDERS_BEYOND_CACHE
    }

    /// Loads a resting order; the first of two steps, each for all requests of a turn before the next.
    pub fn prefetch_order(&self, handle: Handle) {
        black_box(self.orders.get(handle).map(|node| node.rank));
    }

    /// Loads the level and the neighbours of a resting order.
    pub fn prefetch_neighbours(&self, handle: Handle) {
        if let Some(node) = self.orders.get(handle) {
            black_box((self.orders[node.next].rank, self.orders[node.prev].rank));
            black_box(self.ladder[node.rung].total);
        }
    }

    /// Loads the level at a price.
    pub fn prefetch_level(&self, price: Price) {
        black_box(self.ladder.find(price).map(|rung| self.ladder[rung].total));
    }

    /// Loads the last order at a price.
    pub fn prefetch_queue(&self, price: Price) {
        if let Some(rung) = self.ladder.find(price) {
            let tail = self.ladder[rung].tail;
            black_box((tail != NIL).then(|| self.orders[tail].rank));
        }
    }
}
