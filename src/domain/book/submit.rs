//! Submits an order: it trades with the other side, and its rest stays in the book or expires.

use std::hint::select_unpredictable;

use super::{
    engine::{Book, Touch},
    event::{BookEvent, Outcome},
    iceberg::Iceberg,
    slab::{NEVER, NIL, Node},
};
use crate::domain::{
    messages::message::SubmitOrder,
    orders::{CloseReason, Handle, Policy, Side, StpMode},
    testing::mutants::{Mutant, mutated},
    types::{
        money::{Lots, Price},
        time::Timestamp,
    },
};

/// The order while it matches against the other side.
struct Taker {
    remaining: u64,
    budget: Option<u128>,
    /// The number of resting orders traded with, prevented or found expired.
    work: u32,
    has_traded: bool,
}

/// Why a sweep stops.
enum Stop {
    /// Nothing of the taker is left, or its budget is spent to the last whole lot.
    Filled,
    /// A rule ends the taker.
    Rule(CloseReason),
}

/// A level while a taker matches against it.
pub(super) struct LevelCursor {
    side: Side,
    price: Price,
    pub(super) head: u32,
    pub(super) total: u64,
    /// The number of lots the taker's budget buys here.
    cap: u64,
}

/// Returns the number of whole lots a budget buys at a price; without a budget there is no bound.
#[inline(always)]
pub(super) fn affordable(budget: Option<u128>, price: Price) -> u64 {
    match budget {
        None => u64::MAX,
        Some(left) => left.checked_div(u128::from(price.ticks())).map_or(u64::MAX, saturate),
    }
}

fn saturate(lots: u128) -> u64 {
    u64::try_from(lots).unwrap_or(u64::MAX)
}

impl Book {
    /// Submits an order; its events are appended to `events`.
    ///
    /// Resting orders whose date is at or before `now` never trade: an order that meets one ends it. Whether the order
    /// is rejected is decided before anything changes.
    #[inline(always)]
    pub fn submit(&mut self, order: &SubmitOrder, now: Timestamp, events: &mut Vec<BookEvent>) -> Outcome {
        let now = now.micros().min(NEVER - 1);
        match order.policy {
            Policy::PostOnly => {
                if let Some(reason) = self.refusal_of_post_only(order, now) {
                    return Outcome::Refused(reason);
                }
            }
            Policy::FillOrKill => {
                if !self.would_fill(order, now) {
                    return Outcome::Refused(CloseReason::Killed);
                }
            }
            Policy::Rest | Policy::RestUntil(_) | Policy::Immediate => {}
        }
        let mut remaining = order.lots.get();
        let may_trade = remaining == 0 || self.crossed(order.side, order.limit).is_some();
        if may_trade && let Some(outcome) = self.take_liquidity(order, now, &mut remaining, events) {
            return outcome;
        }
        let expiry = match order.policy {
            Policy::Rest | Policy::PostOnly => NEVER,
            Policy::RestUntil(time) => time.micros(),
            Policy::Immediate if mutated(Mutant::IocResidualRests) => NEVER,
            Policy::Immediate | Policy::FillOrKill => return ended(remaining, CloseReason::Unfilled),
        };
        match self.rest(order, remaining, expiry, events) {
            Some(handle) => Outcome::Rested { handle, remaining: Lots::new(remaining) },
            None => ended(remaining, CloseReason::BookFull),
        }
    }

    /// Trades as far as the other side is within the limit, and leaves the untraded quantity in `remaining`; returns
    /// the outcome of the order unless its policy decides it.
    #[inline(never)]
    fn take_liquidity(
        &mut self,
        order: &SubmitOrder,
        now: u64,
        remaining: &mut u64,
        events: &mut Vec<BookEvent>,
    ) -> Option<Outcome> {
        let budget = order.extras().budget;
        let mut taker = Taker { remaining: *remaining, budget, work: 0, has_traded: false };
        let stop = self.sweep(order, now, &mut taker, events);
        *remaining = taker.remaining;
        match stop? {
            Stop::Filled => Some(Outcome::Filled),
            Stop::Rule(CloseReason::SelfTrade)
                if mutated(Mutant::StpResidualRests) && taker.remaining > 0 =>
            {
                None
            }
            Stop::Rule(reason) => Some(ended(taker.remaining, reason)),
        }
    }

    /// Trades level by level; `None` when no more of the other side is within the limit.
    #[inline(always)]
    fn sweep(
        &mut self,
        order: &SubmitOrder,
        now: u64,
        taker: &mut Taker,
        events: &mut Vec<BookEvent>,
    ) -> Option<Stop> {
        while taker.remaining > 0 {
            let mut touch = self.crossed(order.side, order.limit);
            if mutated(Mutant::PaysThroughLimit) && taker.has_traded {
                touch = self.best[order.side.opposite().index()];
            }
            let stop = self.trade_at(touch?, order, now, taker, events);
            if stop.is_some() {
                return stop;
            }
        }
        Some(Stop::Filled)
    }

    /// Trades at one level until it is empty (`None`) or the taker stops.
    fn trade_at(
        &mut self,
        touch: Touch,
        order: &SubmitOrder,
        now: u64,
        taker: &mut Taker,
        events: &mut Vec<BookEvent>,
    ) -> Option<Stop> {
        let level = self.ladder[touch.rung];
        let mut cursor = LevelCursor {
            side: order.side.opposite(),
            price: touch.price,
            head: level.head,
            total: level.total,
            cap: affordable(taker.budget, touch.price),
        };
        let (work, cap) = (taker.work, cursor.cap);
        let stop = loop {
            if taker.remaining == 0 {
                break Some(Stop::Filled);
            }
            if cursor.head == NIL {
                break None;
            }
            let stop = self.match_head(&mut cursor, order, now, taker, events);
            if stop.is_some() {
                break stop;
            }
        };
        if let Some(budget) = &mut taker.budget {
            // What was spent here is at most `cap` × price, which the budget covers.
            *budget -= u128::from(cap - cursor.cap) * u128::from(touch.price.ticks());
        }
        if taker.work != work {
            self.write_back(touch, &cursor, events);
        }
        stop
    }

    /// Matches against the first order of a level: it leaves by a rule, or trades, or stops the taker.
    #[inline(always)]
    fn match_head(
        &mut self,
        cursor: &mut LevelCursor,
        order: &SubmitOrder,
        now: u64,
        taker: &mut Taker,
        events: &mut Vec<BookEvent>,
    ) -> Option<Stop> {
        if taker.work >= self.limits.fills_max && !mutated(Mutant::FillLimitIgnored) {
            return Some(Stop::Rule(CloseReason::FillLimit));
        }
        let maker = self.orders[cursor.head];
        if maker.expiry <= now && !mutated(Mutant::ExpiredMakerTrades) {
            self.end_maker(cursor, &maker, CloseReason::GoodTillDate, taker, events);
            return None;
        }
        if cursor.cap == 0 {
            return Some(out_of_budget(&maker, order, taker, events));
        }
        if order.stp != StpMode::None && maker.account == order.account {
            return self.prevent(cursor, &maker, order.stp, taker, events);
        }
        let whole = self.whole(cursor.head, &maker);
        let lots = taker.remaining.min(maker.remaining).min(cursor.cap);
        taker.remaining -= lots;
        taker.work += 1;
        taker.has_traded = true;
        cursor.cap -= lots;
        let price = if mutated(Mutant::TakerPriceUsed) { order.limit } else { cursor.price };
        events.push(BookEvent::Traded {
            maker: maker.order,
            maker_account: maker.account,
            price,
            lots: Lots::new(lots),
            maker_remaining: Lots::new(whole - lots),
        });
        self.take_from(cursor, &maker, lots, whole);
        None
    }

    /// Applies self-trade prevention to the taker and the first order of a level.
    #[cold]
    fn prevent(
        &mut self,
        cursor: &mut LevelCursor,
        maker: &Node,
        mode: StpMode,
        taker: &mut Taker,
        events: &mut Vec<BookEvent>,
    ) -> Option<Stop> {
        let taker_ends = Some(Stop::Rule(CloseReason::SelfTrade));
        let whole = self.whole(cursor.head, maker);
        let lots = if mode == StpMode::Decrement { taker.remaining.min(maker.remaining) } else { 0 };
        events.push(BookEvent::Prevented {
            maker: maker.order,
            maker_account: maker.account,
            price: cursor.price,
            lots: Lots::new(lots),
            maker_remaining: Lots::new(whole - lots),
        });
        match mode {
            StpMode::None => None,
            StpMode::ExpireTaker => taker_ends,
            StpMode::ExpireMaker => {
                self.end_maker(cursor, maker, CloseReason::SelfTrade, taker, events);
                None
            }
            StpMode::ExpireBoth => {
                self.end_maker(cursor, maker, CloseReason::SelfTrade, taker, events);
                taker_ends
            }
            StpMode::Decrement => {
                taker.remaining -= lots;
                taker.work += 1;
                self.take_from(cursor, maker, lots, whole);
                if taker.remaining == 0 { taker_ends } else { None }
            }
        }
    }

    /// Removes the first order of a level by a rule.
    #[cold]
    fn end_maker(
        &mut self,
        cursor: &mut LevelCursor,
        maker: &Node,
        reason: CloseReason,
        taker: &mut Taker,
        events: &mut Vec<BookEvent>,
    ) {
        taker.work += 1;
        let remaining = Lots::new(self.drain(cursor.head, maker));
        events.push(BookEvent::Ended { order: maker.order, account: maker.account, remaining, reason });
        self.take_from(cursor, maker, maker.remaining, maker.remaining);
    }

    /// Removes lots from the displayed part of a level's first order, given its total remaining quantity; with its last
    /// lot it leaves the queue, and with the last displayed one it moves to the back with its next part.
    #[inline(always)]
    fn take_from(&mut self, cursor: &mut LevelCursor, maker: &Node, lots: u64, whole: u64) {
        if lots == whole {
            self.orders.free(cursor.head);
            self.forget(maker);
            cursor.head = maker.next;
        } else if lots == maker.remaining {
            return self.refill(cursor, maker);
        } else {
            self.shrink(cursor.head, lots);
            if mutated(Mutant::LevelTotalDrifts) {
                return;
            }
        }
        // Cannot wrap: a level's total is the sum over its orders.
        cursor.total = cursor.total.wrapping_sub(lots);
    }

    /// Writes the changes of a level back.
    #[inline(always)]
    fn write_back(&mut self, touch: Touch, cursor: &LevelCursor, events: &mut Vec<BookEvent>) {
        let level = &mut self.ladder[touch.rung];
        level.head = cursor.head;
        level.total = cursor.total;
        if cursor.head == NIL {
            level.tail = NIL;
            self.drop_level_if(true, cursor.side, touch.rung);
        } else {
            self.orders[cursor.head].prev = NIL;
        }
        events.push(BookEvent::LevelChanged {
            side: cursor.side,
            price: cursor.price,
            total: Lots::new(cursor.total),
        });
    }

    /// Appends the rest of an order to its level's queue; `None` if the book cannot hold it.
    #[inline(always)]
    fn rest(
        &mut self,
        order: &SubmitOrder,
        remaining: u64,
        expiry: u64,
        events: &mut Vec<BookEvent>,
    ) -> Option<Handle> {
        let (side, price) = (order.side, order.limit);
        if self.orders.len() >= self.limits.orders_max {
            return mutated(Mutant::FullBookDropsSilently).then_some(Handle::new(NIL, 0));
        }
        if mutated(Mutant::FarPriceDropped) && self.is_far(side, price) {
            return Some(Handle::new(NIL, 0));
        }
        let shown = shown(order, remaining);
        let rung = self.ladder.reach(price);
        let level = &mut self.ladder[rung];
        // A new level is empty, so it cannot overflow and be left behind.
        let total = level.total.checked_add(shown)?;
        level.total = total;
        let index = self.orders.place();
        let tail = std::mem::replace(&mut level.tail, index);
        level.head = select_unpredictable(tail == NIL, index, level.head);
        self.orders[tail].next = index;
        // Whether the level is new cannot be predicted, nor whether it is the best: it is always marked as present, and
        // the best is always written.
        self.ladder.occupy(rung);
        let best = &mut self.best[side.index()];
        let touch = best.unwrap_or(Touch { price, rung });
        let is_better = !side.accepts(touch.price, price);
        *best = Some(Touch {
            price: select_unpredictable(is_better, price, touch.price),
            rung: select_unpredictable(is_better, rung, touch.rung),
        });
        let hidden = remaining - shown;
        let rank = Node::rank(self.priority, side, hidden > 0);
        self.priority += 1;
        let SubmitOrder { order, account, .. } = *order;
        let node = Node {
            order,
            account,
            price,
            remaining: shown,
            rank,
            expiry,
            next: NIL,
            prev: tail,
            generation: 0,
            rung,
        };
        self.digest = self.digest.wrapping_add(node.digest());
        let handle = self.orders.put(node);
        if expiry != NEVER {
            self.expiries.add(expiry, node.priority(), index);
        }
        if hidden > 0 {
            let peak = shown; // a whole part: something is left to hide
            self.icebergs.set(index, Iceberg { order, peak, hidden });
        }
        if mutated(Mutant::PriorityReversed) && tail != NIL {
            self.move_to_front(index);
        }
        events.push(BookEvent::LevelChanged { side, price, total: Lots::new(total) });
        Some(handle)
    }

    /// Only for the mutant: far means beyond the range of a ladder of fixed width around the touch.
    fn is_far(&self, side: Side, price: Price) -> bool {
        self.best[side.index()].is_some_and(|touch| touch.price.ticks().abs_diff(price.ticks()) > 1 << 16)
    }

    /// Only for the mutant: moves the last order of a level with others to its front.
    fn move_to_front(&mut self, index: u32) {
        let Node { prev, rung, .. } = self.orders[index];
        self.orders[prev].next = NIL;
        let level = &mut self.ladder[rung];
        level.tail = prev;
        let head = std::mem::replace(&mut level.head, index);
        self.orders[head].prev = index;
        let node = &mut self.orders[index];
        (node.prev, node.next) = (NIL, head);
    }
}

/// Returns the displayed quantity of an order that rests.
#[inline(always)]
pub(super) fn shown(order: &SubmitOrder, resting: u64) -> u64 {
    resting.min(order.extras().peak.map_or(u64::MAX, Lots::get))
}

const fn ended(remaining: u64, reason: CloseReason) -> Outcome {
    Outcome::Ended { remaining: Lots::new(remaining), reason }
}

/// Stops a taker whose budget buys no whole lot at the current price.
#[cold]
fn out_of_budget(maker: &Node, order: &SubmitOrder, taker: &mut Taker, events: &mut Vec<BookEvent>) -> Stop {
    if mutated(Mutant::ZeroQuantityFill) {
        events.push(BookEvent::Traded {
            maker: maker.order,
            maker_account: maker.account,
            price: maker.price,
            lots: Lots::ZERO,
            maker_remaining: Lots::new(maker.remaining),
        });
    }
    if order.extras().by_quote && taker.has_traded { Stop::Filled } else { Stop::Rule(CloseReason::Collar) }
}
