//! Loads what requests to come will touch into the cache: the books of a shard are more than a cache holds.
//!
//! The loads of many requests wait for memory beside each other as long as nothing depends on what they bring. So
//! nothing is checked that need not be: an order may be gone, a level empty; node 0 stands for no order.

use std::hint::black_box;

use super::engine::Book;
use crate::domain::{orders::Handle, types::money::Price};

/// From this many resting orders on a book is taken to be more than a processor's own cache holds: below, asking ahead
/// costs more than waiting. 64 bytes an order, and levels as large again.
const ORDERS_BEYOND_CACHE: usize = 1 << 16;

/// From this many on the orders alone are more than the cache that is nearest holds, levels are not: it is worth loading
/// an order ahead, and nothing else.
const ORDERS_BEYOND_NEAR_CACHE: usize = 1 << 13;

impl Book {
    /// Returns whether it is worth loading the orders requests name ahead of them ([`Self::prefetch_order`]).
    pub fn exceeds_near_cache(&self) -> bool {
        self.len() >= ORDERS_BEYOND_NEAR_CACHE
    }

    /// Returns whether it is worth loading everything requests will touch ahead of them.
    pub fn exceeds_cache(&self) -> bool {
        self.len() >= ORDERS_BEYOND_CACHE
    }

    /// Loads a resting order; the first of two steps, each for all requests of a turn before the next.
    #[inline]
    pub fn prefetch_order(&self, handle: Handle) {
        if let Some(node) = self.orders.peek(handle.index()) {
            black_box(node.rank);
        }
    }

    /// Loads the level and the neighbours of a resting order.
    #[inline]
    pub fn prefetch_neighbours(&self, handle: Handle) {
        if let Some(node) = self.orders.peek(handle.index()) {
            let rank_of = |index| self.orders.peek(index).map(|node| node.rank);
            black_box(rank_of(node.next));
            black_box(rank_of(node.prev));
            black_box(self.ladder.peek(node.rung).map(|level| level.total));
        }
    }

    /// Loads the level at a price.
    #[inline]
    pub fn prefetch_level(&self, price: Price) {
        if let Some(rung) = self.ladder.place(price) {
            black_box(self.ladder[rung].total);
        }
    }

    /// Loads the last order at a price.
    #[inline]
    pub fn prefetch_queue(&self, price: Price) {
        if let Some(rung) = self.ladder.place(price) {
            black_box(self.orders[self.ladder[rung].tail].rank);
        }
    }
}
