//! The orders of a book, in a slab.

use super::{digest::digest, ladder::Rung};
use crate::domain::{
    orders::{Handle, Side},
    types::{
        id::{AccountId, OrderId},
        money::Price,
        pages::Pages,
        time::Timestamp,
    },
};

/// No node: node 0 stands for it. Links are written without a check for a neighbour; a write to an absent neighbour
/// goes to node 0, which is never read. A branch would be mispredicted while it waits for memory, which costs more than
/// all the rest of a cancel.
pub(super) const NIL: u32 = 0;

/// The expiry of an order that has none. No time reaches it: [`Book`](super::Book) stops one microsecond short.
pub(super) const NEVER: u64 = u64::MAX;

const NODES_PER_PAGE: usize = 1024;

/// A resting order: one cache line.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(super) struct Node {
    pub(super) order: OrderId,
    pub(super) account: AccountId,
    pub(super) price: Price,
    /// The displayed quantity, which is the whole quantity except for an iceberg. Never zero while the order rests.
    pub(super) remaining: u64,
    /// The priority sequence × 4, plus 2 for an iceberg that hides something, plus 1 for a sell.
    pub(super) rank: u64,
    pub(super) expiry: u64,
    /// The next in the queue, or the next free node.
    pub(super) next: u32,
    pub(super) prev: u32,
    /// The number of times the node has been taken or freed: odd while an order rests in it.
    pub(super) generation: u32,
    pub(super) rung: Rung,
}

const _: () = assert!(size_of::<Node>() == 64);

impl Default for Node {
    fn default() -> Self {
        Self {
            order: OrderId::new(0),
            account: AccountId::new(0),
            price: Price::from_ticks(0),
            remaining: 0,
            rank: 0,
            expiry: NEVER,
            next: NIL,
            prev: NIL,
            generation: 0,
            rung: Rung::default(),
        }
    }
}

impl Node {
    pub(super) const fn rank(priority: u64, side: Side, is_iceberg: bool) -> u64 {
        (priority << 2) | ((is_iceberg as u64) << 1) | side.index() as u64
    }

    pub(super) const fn side(&self) -> Side {
        if self.rank & 1 == 0 { Side::Buy } else { Side::Sell }
    }

    /// Returns whether the order hides some of its lots.
    #[inline(always)]
    pub(super) const fn is_iceberg(&self) -> bool {
        self.rank & 2 != 0
    }

    /// Returns whether an order rests in it.
    #[inline(always)]
    pub(super) const fn is_live(&self) -> bool {
        self.generation & 1 == 1
    }

    pub(super) const fn priority(&self) -> u64 {
        self.rank >> 2
    }

    pub(super) fn expires_at(&self) -> Option<Timestamp> {
        (self.expiry != NEVER).then_some(Timestamp::from_micros(self.expiry))
    }

    /// Returns the order's part of the state hash.
    #[inline(always)]
    pub(super) fn digest(&self) -> u128 {
        let Self { order, account, price, remaining, rank, expiry, .. } = *self;
        digest([order.get(), account.get(), price.ticks(), remaining, rank, expiry])
    }
}

/// The nodes and the free ones among them.
#[derive(Debug, Clone)]
pub(super) struct Slab {
    nodes: Pages<Node, NODES_PER_PAGE>,
    /// The number of nodes ever used, node 0 included.
    used: u32,
    /// The first free node; they are linked by `next`.
    free: u32,
    len: u32,
}

impl Default for Slab {
    fn default() -> Self {
        let mut nodes = Pages::default();
        nodes.reach(NIL);
        Self { nodes, used: 1, free: NIL, len: 0 }
    }
}

impl Slab {
    /// Builds a slab of these nodes, from node 1 on, with the free ones among them linked from `free`; `None` when the
    /// links do not include every free node once.
    pub(super) fn restore(nodes: impl ExactSizeIterator<Item = Node>, free: u32) -> Option<Self> {
        let used = u32::try_from(nodes.len()).ok()?.checked_add(1)?;
        let mut slab = Self { used, ..Self::default() };
        slab.nodes.reach(slab.used - 1);
        let mut free_count = 0;
        for (node, index) in nodes.zip(NIL + 1..) {
            slab.len += u32::from(node.is_live());
            free_count += u32::from(!node.is_live());
            slab.nodes[index] = node;
        }
        slab.free = free;
        let mut next = free;
        for _ in 0..free_count {
            let node =
                slab.nodes.get(next).filter(|node| next != NIL && next < slab.used && !node.is_live())?;
            next = node.next;
        }
        (next == NIL).then_some(slab)
    }

    /// Returns the number of orders.
    #[inline(always)]
    pub(super) const fn len(&self) -> u32 {
        self.len
    }

    /// Returns the number of nodes ever used; every index is below it.
    pub(super) const fn used(&self) -> u32 {
        self.used
    }

    /// Returns the first free node, or `NIL`.
    pub(super) const fn first_free(&self) -> u32 {
        self.free
    }

    /// Returns the node of the next order: the most recently freed one, whose cache line is the warmest.
    #[inline(always)]
    pub(super) fn place(&mut self) -> u32 {
        if self.free == NIL {
            self.add_free();
        }
        self.free
    }

    /// Stores an order in its node, and sets the node's generation.
    #[inline(always)]
    pub(super) fn put(&mut self, order: Node) -> Handle {
        let index = self.free;
        let node = &mut self.nodes[index];
        let generation = node.generation.wrapping_add(1);
        self.free = node.next;
        *node = Node { generation, ..order };
        self.len += 1;
        Handle::new(index, generation)
    }

    #[cold]
    #[inline(never)]
    fn add_free(&mut self) {
        self.nodes.reach(self.used);
        self.free = self.used;
        self.used += 1;
    }

    /// Frees a node; handles to it are stale from now on.
    #[inline(always)]
    pub(super) fn free(&mut self, index: u32) {
        let node = &mut self.nodes[index];
        node.generation = node.generation.wrapping_add(1);
        node.next = self.free;
        self.free = index;
        self.len -= 1;
    }

    /// Frees the node a handle refers to and returns the order that was in it, unless it is gone or another one.
    #[inline(always)]
    pub(super) fn release(&mut self, handle: Handle, order: OrderId) -> Option<Node> {
        let node = self.nodes.get_mut(handle.index())?;
        let is_it = node.generation == handle.generation() && node.is_live() && node.order == order;
        if !is_it {
            return None;
        }
        let released = *node;
        node.generation = node.generation.wrapping_add(1);
        node.next = self.free;
        self.free = handle.index();
        self.len -= 1;
        Some(released)
    }

    /// Returns the handle of the order in a node.
    pub(super) fn handle(&self, index: u32) -> Handle {
        Handle::new(index, self.nodes[index].generation)
    }

    /// Returns the order a handle refers to, unless it is gone.
    #[inline(always)]
    pub(super) fn get(&self, handle: Handle) -> Option<&Node> {
        let is_living = |node: &&Node| node.generation == handle.generation() && node.is_live();
        self.nodes.get(handle.index()).filter(is_living)
    }

    /// Returns a node, whether or not an order rests in it.
    #[inline(always)]
    pub(super) fn peek(&self, index: u32) -> Option<&Node> {
        self.nodes.get(index)
    }

    /// Returns the number of allocated bytes.
    pub(super) fn bytes(&self) -> usize {
        self.nodes.bytes()
    }
}

impl std::ops::Index<u32> for Slab {
    type Output = Node;

    #[inline(always)]
    fn index(&self, index: u32) -> &Node {
        &self.nodes[index]
    }
}

impl std::ops::IndexMut<u32> for Slab {
    #[inline(always)]
    fn index_mut(&mut self, index: u32) -> &mut Node {
        &mut self.nodes[index]
    }
}
