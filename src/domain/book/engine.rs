//! The book itself: its state, cancels, amends and queries.

use std::hint::select_unpredictable;

use serde::{Deserialize, Serialize};

use super::{
    event::BookEvent,
    expiry::Expiries,
    iceberg::Icebergs,
    ladder::{Ladder, Rung},
    slab::{NEVER, NIL, Node, Slab},
};
use crate::domain::{
    orders::{Handle, Side},
    testing::mutants::{Mutant, mutated},
    types::{
        hash,
        id::{AccountId, OrderId},
        money::{Lots, Price},
        time::Timestamp,
    },
};

/// Distinguishes the priority counter from other entities in the state hash.
pub const PRIORITY_KIND: u64 = 0x7072_696f_7269;

/// What bounds a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookLimits {
    /// The maximum number of resting orders.
    pub orders_max: u32,
    /// The maximum number of resting orders one command may trade with, prevent from trading, or find expired.
    pub fills_max: u32,
}

impl Default for BookLimits {
    fn default() -> Self {
        Self { orders_max: 4_000_000, fills_max: 10_000 }
    }
}

/// A resting order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resting {
    /// Its location in the book.
    pub handle: Handle,
    /// Its id.
    pub order: OrderId,
    /// The account of the order.
    pub account: AccountId,
    /// Its side.
    pub side: Side,
    /// Its limit.
    pub price: Price,
    /// The remaining quantity, displayed and hidden; never zero.
    pub remaining: Lots,
    /// The displayed part of it; never zero.
    pub shown: Lots,
    /// The maximum displayed at a time; `None` if nothing is hidden.
    pub peak: Option<Lots>,
    /// Rises with every order that rests in this book, and with every next displayed part of an iceberg; the lower of
    /// two at one price trades first.
    pub priority: u64,
    /// Its expiry, if it has one.
    pub expires_at: Option<Timestamp>,
}

/// A cancelled order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed {
    /// The account of the order.
    pub account: AccountId,
    /// Its side.
    pub side: Side,
    /// Its limit.
    pub price: Price,
    /// The quantity that remained, displayed and hidden; never zero.
    pub remaining: Lots,
}

/// The orders at one price.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Level {
    pub(super) head: u32,
    pub(super) tail: u32,
    /// The displayed lots.
    pub(super) total: u64,
}

/// The best level of a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Touch {
    pub(super) price: Price,
    pub(super) rung: Rung,
}

/// The order book of one symbol.
///
/// Both sides share one ladder, which is sound because a book is never crossed: levels at or below the best bid are
/// bids, the rest are asks.
#[derive(Debug, Clone)]
pub struct Book {
    pub(super) limits: BookLimits,
    pub(super) ladder: Ladder<Level>,
    pub(super) orders: Slab,
    /// Indexed by `Side::index`.
    pub(super) best: [Option<Touch>; 2],
    /// The priority of the next order that rests.
    pub(super) priority: u64,
    /// The sum of the orders' digests.
    pub(super) digest: u128,
    pub(super) icebergs: Icebergs,
    pub(super) expiries: Expiries,
    /// Levels left by expired orders, while `expire` runs; kept for its capacity.
    pub(super) expired: Vec<(Price, Side, Lots)>,
}

impl Book {
    /// Creates an empty book.
    pub fn new(limits: BookLimits) -> Self {
        Self {
            limits,
            ladder: Ladder::default(),
            orders: Slab::default(),
            best: [None; 2],
            priority: 0,
            digest: 0,
            icebergs: Icebergs::default(),
            expiries: Expiries::default(),
            expired: Vec::new(),
        }
    }

    /// Cancels an order and returns what remained of it; `None` if the handle is stale or refers to another order.
    #[inline(always)]
    pub fn cancel(&mut self, handle: Handle, order: OrderId, events: &mut Vec<BookEvent>) -> Option<Removed> {
        let node = self.orders.release(handle, order)?;
        let side = node.side();
        let remaining = Lots::new(self.drain(handle.index(), &node));
        let total = self.unlink(&node);
        events.push(BookEvent::LevelChanged { side, price: node.price, total });
        Some(Removed { account: node.account, side, price: node.price, remaining })
    }

    /// Takes `by` lots off an order, which keeps its place in the queue, and says what is left of it. What an
    /// iceberg hides goes first; that is not reported, because the level displays what it did.
    ///
    /// `None`, and no change, if the handle is stale or refers to another order, or if nothing would remain.
    pub fn reduce(
        &mut self,
        handle: Handle,
        order: OrderId,
        by: Lots,
        events: &mut Vec<BookEvent>,
    ) -> Option<Lots> {
        let node = *self.orders.get(handle).filter(|node| node.order == order)?;
        let whole = self.whole(handle.index(), &node);
        let left = whole.checked_sub(by.get()).filter(|left| *left > 0)?;
        let from_hidden = by.get().min(whole - node.remaining);
        if from_hidden > 0 {
            self.reduce_hidden(handle.index(), from_hidden);
        }
        let by = by.get() - from_hidden;
        if by == 0 {
            return Some(Lots::new(left));
        }
        self.shrink(handle.index(), by);
        let level = &mut self.ladder[node.rung];
        level.total -= by;
        if mutated(Mutant::AmendLosesPriority) && node.next != NIL {
            self.move_to_back(handle.index());
        }
        let total = Lots::new(self.ladder[node.rung].total);
        events.push(BookEvent::LevelChanged { side: node.side(), price: node.price, total });
        Some(Lots::new(left))
    }

    /// Returns the best price of a side and the lots displayed there. Orders past their date count until they leave.
    #[inline]
    pub fn best(&self, side: Side) -> Option<(Price, Lots)> {
        self.best[side.index()].map(|touch| (touch.price, Lots::new(self.ladder[touch.rung].total)))
    }

    /// Returns a side's levels and the lots displayed there, from the touch outward.
    pub fn depth(&self, side: Side) -> impl Iterator<Item = (Price, Lots)> {
        self.rungs(side).map(|rung| (self.ladder.price(rung), Lots::new(self.ladder[rung].total)))
    }

    /// Returns a side's orders in the order they would trade.
    pub fn orders(&self, side: Side) -> impl Iterator<Item = Resting> {
        self.rungs(side).flat_map(|rung| self.queue(rung)).map(|index| self.resting(index))
    }

    /// Returns the lots displayed at a price, zero if there is no such level.
    pub fn total(&self, side: Side, price: Price) -> Lots {
        let is_of_side =
            self.best[side.index()].is_some_and(|touch| side.opposite().accepts(price, touch.price));
        let level = if is_of_side { self.ladder.get(price) } else { None };
        Lots::new(level.map_or(0, |level| level.total))
    }

    /// Returns the order a handle refers to, unless it is gone.
    pub fn get(&self, handle: Handle) -> Option<Resting> {
        self.orders.get(handle).map(|_| self.resting(handle.index()))
    }

    /// Returns the number of resting orders.
    pub fn len(&self) -> usize {
        self.orders.len() as usize
    }

    /// Returns whether no order rests.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sets new limits; resting orders stay.
    pub const fn set_limits(&mut self, limits: BookLimits) {
        self.limits = limits;
    }

    /// Returns the limits of the book.
    pub fn limits(&self) -> BookLimits {
        self.limits
    }

    /// Returns the state hash: the sum of [`digest`](super::digest) over all resting orders, so that it includes every
    /// field and the whole queue, plus the hashes of the hidden parts of icebergs and of the priority counter, modulo
    /// 2^128.
    pub fn hash(&self) -> u128 {
        let counter = hash::entity(PRIORITY_KIND, &[self.priority]);
        self.digest.wrapping_add(self.icebergs.digest()).wrapping_add(counter)
    }

    /// Returns the number of allocated bytes.
    pub fn memory_bytes(&self) -> usize {
        let aside = self.expiries.bytes() + self.icebergs.bytes();
        size_of::<Self>() + self.orders.bytes() + self.ladder.memory_bytes() + aside
    }

    /// Returns a side's rungs, from the touch outward.
    pub(super) fn rungs(&self, side: Side) -> impl Iterator<Item = Rung> {
        let start = self.best[side.index()].map(|touch| touch.rung);
        std::iter::successors(start, move |rung| self.outward(side, *rung))
    }

    /// Returns a level's nodes, first to last.
    pub(super) fn queue(&self, rung: Rung) -> impl Iterator<Item = u32> {
        let next = |index: u32| (index != NIL).then_some(index);
        std::iter::successors(next(self.ladder[rung].head), move |index| next(self.orders[*index].next))
    }

    #[inline(always)]
    pub(super) fn outward(&self, side: Side, rung: Rung) -> Option<Rung> {
        match side {
            Side::Buy => self.ladder.below(rung),
            Side::Sell => self.ladder.above(rung),
        }
    }

    fn resting(&self, index: u32) -> Resting {
        let node = &self.orders[index];
        let iceberg = self.iceberg(index, node);
        Resting {
            handle: self.orders.handle(index),
            order: node.order,
            account: node.account,
            side: node.side(),
            price: node.price,
            remaining: Lots::new(self.whole(index, node)),
            shown: Lots::new(node.remaining),
            peak: iceberg.map(|iceberg| Lots::new(iceberg.peak)),
            priority: node.priority(),
            expires_at: node.expires_at(),
        }
    }

    /// Removes an order whose node was freed from its queue, and its level from the ladder if that leaves it empty;
    /// returns what is left at the level.
    ///
    /// Most levels have few orders, so whether this was the last one cannot be predicted: only what an emptied level
    /// rarely entails is a branch.
    #[inline(always)]
    pub(super) fn unlink(&mut self, node: &Node) -> Lots {
        self.forget(node);
        let level = &mut self.ladder[node.rung];
        // Cannot wrap: a level's total is the sum over its orders, and this is one of them.
        let total = level.total.wrapping_sub(node.remaining);
        level.total = total;
        level.head = select_unpredictable(node.prev == NIL, node.next, level.head);
        level.tail = select_unpredictable(node.next == NIL, node.prev, level.tail);
        self.orders[node.prev].next = node.next;
        self.orders[node.next].prev = node.prev;
        if mutated(Mutant::MiddleRemovalLosesTail) && node.prev != NIL && node.next != NIL {
            self.orders[node.prev].next = NIL;
            self.ladder[node.rung].tail = node.prev;
        }
        self.drop_level_if(total == 0, node.side(), node.rung);
        Lots::new(total)
    }

    /// Removes a level if it is empty, its value that of none, and moves the touch if it was that.
    #[inline(always)]
    pub(super) fn drop_level_if(&mut self, is_empty: bool, side: Side, rung: Rung) {
        if mutated(Mutant::PhantomLevel) {
            return;
        }
        let is_touch = self.best[side.index()].is_some_and(|touch| touch.rung == rung);
        if is_empty & is_touch {
            self.move_touch(side, rung);
        }
        self.ladder.vacate_if(is_empty, rung);
    }

    /// Makes the level behind the touch the touch.
    #[inline(never)]
    fn move_touch(&mut self, side: Side, rung: Rung) {
        let next = self.outward(side, rung);
        self.best[side.index()] = next.map(|rung| Touch { price: self.ladder.price(rung), rung });
    }

    /// Drops the data kept, outside queue and slab, about an order whose node was freed.
    #[inline(always)]
    pub(super) fn forget(&mut self, node: &Node) {
        self.digest = self.digest.wrapping_sub(node.digest());
        if node.expiry != NEVER {
            self.expiries.drop_one(&self.orders);
        }
    }

    /// Removes lots from an order that keeps some; the caller updates the level's total.
    #[inline(always)]
    pub(super) fn shrink(&mut self, index: u32, by: u64) {
        let node = &mut self.orders[index];
        self.digest = self.digest.wrapping_sub(node.digest());
        node.remaining -= by;
        self.digest = self.digest.wrapping_add(node.digest());
    }

    /// Only for the mutant: moves an order that has others behind it to the end of its queue.
    fn move_to_back(&mut self, index: u32) {
        let Node { prev, next, rung, .. } = self.orders[index];
        self.orders[next].prev = prev;
        if prev == NIL {
            self.ladder[rung].head = next;
        } else {
            self.orders[prev].next = next;
        }
        let tail = std::mem::replace(&mut self.ladder[rung].tail, index);
        self.orders[tail].next = index;
        let node = &mut self.orders[index];
        (node.prev, node.next) = (tail, NIL);
    }
}
