//! Icebergs: orders that display a part of their quantity at a time.
//!
//! A node holds the displayed part of an order; the hidden part is stored here, beside the slab, so that an order
//! without one pays for a check of one bit only. An iceberg whose last part is displayed is an order like any other.

use serde::{Deserialize, Serialize};

use super::{
    engine::Book,
    slab::{NEVER, NIL, Node},
    submit::LevelCursor,
};
use crate::domain::{
    testing::mutants::{Mutant, mutated},
    types::{hash, id::OrderId, table::Table},
};

/// Distinguishes the hidden parts of icebergs from other entities in the state hash.
pub const ICEBERG_KIND: u64 = 0x6963_6562_6572;

/// The hidden part of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Iceberg {
    pub(super) order: OrderId,
    /// The maximum displayed at a time.
    pub(super) peak: u64,
    pub(super) hidden: u64,
}

impl Iceberg {
    /// Displays the next part, at a level whose orders display `total` lots without it. The part is smaller than the
    /// peak if the level's total would overflow; it is never zero, because the part displayed before has made room.
    pub(super) fn surface(&mut self, total: u64) -> u64 {
        let part = self.peak.min(self.hidden).min(u64::MAX - total);
        self.hidden -= part;
        part
    }

    /// Returns its part of the state hash; zero if it hides nothing.
    pub(super) fn digest(&self) -> u128 {
        if self.hidden == 0 {
            return 0;
        }
        hash::entity(ICEBERG_KIND, &[self.order.get(), self.hidden, self.peak])
    }
}

/// The hidden parts of a book's orders, by node.
#[derive(Debug, Clone, Default)]
pub(super) struct Icebergs {
    by_node: Table<u32, Iceberg>,
    /// The sum of their digests.
    digest: u128,
}

impl Icebergs {
    /// Returns the number of orders that hide something.
    pub(super) fn len(&self) -> usize {
        self.by_node.len()
    }

    /// Returns the sum of their digests.
    pub(super) const fn digest(&self) -> u128 {
        self.digest
    }

    #[cold]
    pub(super) fn get(&self, index: u32) -> Option<Iceberg> {
        self.by_node.get(&index).copied()
    }

    /// Sets the hidden part of the order in a node, replacing the previous one.
    #[cold]
    pub(super) fn set(&mut self, index: u32, iceberg: Iceberg) {
        let before = if iceberg.hidden == 0 {
            self.by_node.remove(&index)
        } else {
            self.by_node.insert(index, iceberg)
        };
        let before = before.map_or(0, |before| before.digest());
        self.digest = self.digest.wrapping_sub(before).wrapping_add(iceberg.digest());
    }

    /// Removes the hidden part of the order in a node, and returns its quantity.
    #[cold]
    fn remove(&mut self, index: u32) -> u64 {
        let Some(gone) = self.by_node.remove(&index) else { return 0 };
        self.digest = self.digest.wrapping_sub(gone.digest());
        gone.hidden
    }

    /// Returns all of them, by node.
    pub(super) fn sorted(&self) -> Vec<(u32, Iceberg)> {
        self.by_node.sorted().into_iter().map(|(index, iceberg)| (*index, *iceberg)).collect()
    }

    /// Returns the number of allocated bytes.
    pub(super) fn bytes(&self) -> usize {
        self.by_node.bytes()
    }
}

impl Book {
    /// Returns the hidden part of an order, if there is one.
    #[inline(always)]
    pub(super) fn iceberg(&self, index: u32, node: &Node) -> Option<Iceberg> {
        if node.is_iceberg() { self.icebergs.get(index) } else { None }
    }

    /// Returns the remaining quantity of an order, displayed and hidden.
    #[inline(always)]
    pub(super) fn whole(&self, index: u32, node: &Node) -> u64 {
        let hidden = self.iceberg(index, node).map_or(0, |iceberg| iceberg.hidden);
        // Cannot wrap: both are parts of one quantity.
        node.remaining.wrapping_add(hidden)
    }

    /// Removes the hidden part of an order that leaves the book, and returns its remaining quantity, displayed and
    /// hidden.
    #[inline(always)]
    pub(super) fn drain(&mut self, index: u32, node: &Node) -> u64 {
        let hidden = if node.is_iceberg() { self.icebergs.remove(index) } else { 0 };
        node.remaining.wrapping_add(hidden)
    }

    /// Removes lots from the hidden part of an order, which keeps its place.
    #[cold]
    pub(super) fn reduce_hidden(&mut self, index: u32, by: u64) {
        let Some(mut iceberg) = self.icebergs.get(index) else { return };
        iceberg.hidden -= by;
        self.icebergs.set(index, iceberg);
        let node = &mut self.orders[index];
        self.digest = self.digest.wrapping_sub(node.digest());
        node.rank = Node::rank(node.priority(), node.side(), iceberg.hidden > 0);
        self.digest = self.digest.wrapping_add(node.digest());
    }

    /// Displays the next part of the iceberg at the front of a level, all of whose displayed lots are gone, and moves
    /// it to the back of the queue: a hidden part has no time priority until it is displayed.
    #[cold]
    #[inline(never)]
    pub(super) fn refill(&mut self, cursor: &mut LevelCursor, maker: &Node) {
        let index = cursor.head;
        let Some(mut iceberg) = self.icebergs.get(index) else { return };
        cursor.total -= maker.remaining;
        let part = iceberg.surface(cursor.total);
        cursor.total += part;
        self.icebergs.set(index, iceberg);
        let tail = self.ladder[maker.rung].tail;
        let mut node = Node { remaining: part, ..*maker };
        if mutated(Mutant::RefillKeepsPriority) {
            node.rank = Node::rank(maker.priority(), maker.side(), iceberg.hidden > 0);
        } else {
            node.rank = Node::rank(self.priority, maker.side(), iceberg.hidden > 0);
            self.priority += 1;
            if tail != index {
                (node.prev, node.next) = (tail, NIL);
                self.orders[tail].next = index;
                self.ladder[maker.rung].tail = index;
                cursor.head = maker.next;
            }
        }
        self.orders[index] = node;
        self.digest = self.digest.wrapping_sub(maker.digest()).wrapping_add(node.digest());
        if node.expiry != NEVER && node.priority() != maker.priority() {
            // Among orders of one date the priority decides which ends first, and it has changed.
            self.expiries.drop_one(&self.orders);
            self.expiries.add(node.expiry, node.priority(), index);
        }
    }
}
