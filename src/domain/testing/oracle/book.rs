//! A slow, obviously correct order book.
//!
//! All orders are in one list in the order they came to rest; everything is found by scanning it, and every number is
//! summed anew. An iceberg that displays its next part moves to the end of the list. It shares the types of the book's
//! interface with [`Book`](crate::domain::book::Book), and no code.

use crate::domain::{
    book::{BookEvent, BookLimits, ICEBERG_KIND, Outcome, PRIORITY_KIND, Removed, Resting, digest},
    messages::message::SubmitOrder,
    orders::{CloseReason, Handle, Policy, Side, StpMode},
    types::{
        hash,
        id::{AccountId, OrderId},
        money::{Lots, Price},
        time::Timestamp,
    },
};

/// A resting order.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SlowOrder {
    order: OrderId,
    account: AccountId,
    side: Side,
    price: Price,
    /// Displayed and hidden.
    remaining: u64,
    shown: u64,
    peak: Option<u64>,
    priority: u64,
    expires_at: Option<Timestamp>,
    handle: Handle,
}

impl SlowOrder {
    fn hidden(&self) -> u64 {
        self.remaining - self.shown
    }

    fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|time| time <= now)
    }
}

/// The slow book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlowBook {
    limits: BookLimits,
    orders: Vec<SlowOrder>,
    priority: u64,
}

/// An order while it matches against the other side.
struct SlowTaker<'a> {
    taker_order: &'a SubmitOrder,
    now: Timestamp,
    remaining: u64,
    spent: u128,
    has_traded: bool,
    work: u32,
}

/// The end of an order's trading.
enum Verdict {
    Filled,
    NoMore,
    Ended(CloseReason),
}

impl SlowBook {
    /// Creates an empty book.
    pub fn new(limits: BookLimits) -> Self {
        Self { limits, orders: Vec::new(), priority: 0 }
    }

    /// As [`Book::submit`](crate::domain::book::Book::submit).
    pub fn submit(
        &mut self,
        taker_order: &SubmitOrder,
        now: Timestamp,
        events: &mut Vec<BookEvent>,
    ) -> Outcome {
        match taker_order.policy {
            Policy::PostOnly => {
                if let Some(reason) = self.refuse_post_only(taker_order, now) {
                    return Outcome::Refused(reason);
                }
            }
            Policy::FillOrKill => {
                // Try it on a copy.
                let mut trial = self.clone();
                let mut trial_events = Vec::new();
                let outcome = trial.enter(taker_order, now, &mut trial_events);
                // Lots removed by a decrement did not trade.
                let is_prevented = trial_events
                    .iter()
                    .any(|event| matches!(event, BookEvent::Prevented { lots, .. } if !lots.is_zero()));
                if outcome != Outcome::Filled || is_prevented {
                    return Outcome::Refused(CloseReason::Killed);
                }
            }
            Policy::Rest | Policy::RestUntil(_) | Policy::Immediate => {}
        }
        self.enter(taker_order, now, events)
    }

    fn refuse_post_only(&self, taker_order: &SubmitOrder, now: Timestamp) -> Option<CloseReason> {
        let crossing: Vec<&SlowOrder> = self
            .in_priority_order(taker_order.side.opposite())
            .into_iter()
            .filter(|maker| taker_order.side.accepts(taker_order.limit, maker.price))
            .collect();
        let expired = crossing.iter().take_while(|maker| maker.is_expired(now)).count();
        if expired > self.limits.fills_max as usize {
            return None; // it will end by the fill limit
        }
        if expired < crossing.len() {
            return Some(CloseReason::WouldTake);
        }
        let len_then = self.orders.len() - expired;
        let total = self.total_of(taker_order.side, taker_order.limit).get();
        let is_full = len_then >= self.limits.orders_max as usize;
        let shown = first_part(taker_order, taker_order.lots.get());
        (is_full || total.checked_add(shown).is_none()).then_some(CloseReason::BookFull)
    }

    fn enter(&mut self, taker_order: &SubmitOrder, now: Timestamp, events: &mut Vec<BookEvent>) -> Outcome {
        let mut taker = SlowTaker {
            taker_order,
            now,
            remaining: taker_order.lots.get(),
            spent: 0,
            has_traded: false,
            work: 0,
        };
        // The level the taker has changed and not left yet: it is reported when the taker leaves it.
        let mut level: Option<Price> = None;
        let verdict = loop {
            let maker = self.next_maker(taker_order);
            let next_price = maker.map(|maker| self.orders[maker].price);
            if level.is_some() && (next_price != level || taker.remaining == 0) {
                self.report_left(taker_order, &mut level, events);
            }
            if taker.remaining == 0 {
                break Verdict::Filled;
            }
            let Some(maker) = maker else { break Verdict::NoMore };
            let work = taker.work;
            let verdict = self.match_head(maker, &mut taker, events);
            if taker.work > work {
                level = next_price;
            }
            if let Some(verdict) = verdict {
                self.report_left(taker_order, &mut level, events);
                break verdict;
            }
        };
        let remaining = Lots::new(taker.remaining);
        match (verdict, taker_order.policy) {
            (Verdict::Filled, _) => Outcome::Filled,
            (Verdict::Ended(reason), _) => Outcome::Ended { remaining, reason },
            (Verdict::NoMore, Policy::Immediate | Policy::FillOrKill) => {
                Outcome::Ended { remaining, reason: CloseReason::Unfilled }
            }
            (Verdict::NoMore, Policy::Rest | Policy::PostOnly) => {
                self.rest(taker_order, remaining, None, events)
            }
            (Verdict::NoMore, Policy::RestUntil(time)) => {
                self.rest(taker_order, remaining, Some(time), events)
            }
        }
    }

    fn report_left(&self, taker_order: &SubmitOrder, level: &mut Option<Price>, events: &mut Vec<BookEvent>) {
        if let Some(price) = level.take() {
            self.report(taker_order.side.opposite(), price, events);
        }
    }

    /// Matches the taker against the next maker; `Some` if the taker stops there.
    fn match_head(
        &mut self,
        index: usize,
        taker: &mut SlowTaker<'_>,
        events: &mut Vec<BookEvent>,
    ) -> Option<Verdict> {
        let taker_order = taker.taker_order;
        let maker = self.orders[index].clone();
        if taker.work >= self.limits.fills_max {
            return Some(Verdict::Ended(CloseReason::FillLimit));
        }
        if maker.is_expired(taker.now) {
            taker.work += 1;
            self.end(index, CloseReason::GoodTillDate, events);
            return None;
        }
        let mut most = taker.remaining.min(maker.shown);
        if let Some(budget) = taker_order.extras().budget {
            let price = u128::from(maker.price.ticks());
            let left = budget - taker.spent;
            if u128::from(most) * price > left {
                most = (left / price) as u64;
            }
        }
        if most == 0 {
            let is_done = taker_order.extras().by_quote && taker.has_traded;
            return Some(if is_done { Verdict::Filled } else { Verdict::Ended(CloseReason::Collar) });
        }
        if maker.account == taker_order.account && taker_order.stp != StpMode::None {
            return self.prevent(index, taker, events);
        }
        taker.work += 1;
        taker.remaining -= most;
        taker.has_traded = true;
        taker.spent += u128::from(most) * u128::from(maker.price.ticks());
        events.push(BookEvent::Traded {
            maker: maker.order,
            maker_account: maker.account,
            price: maker.price,
            lots: Lots::new(most),
            maker_remaining: Lots::new(maker.remaining - most),
        });
        self.take(index, most);
        None
    }

    fn prevent(
        &mut self,
        index: usize,
        taker: &mut SlowTaker<'_>,
        events: &mut Vec<BookEvent>,
    ) -> Option<Verdict> {
        let maker = self.orders[index].clone();
        let is_decrement = taker.taker_order.stp == StpMode::Decrement;
        let lots = if is_decrement { taker.remaining.min(maker.shown) } else { 0 };
        events.push(BookEvent::Prevented {
            maker: maker.order,
            maker_account: maker.account,
            price: maker.price,
            lots: Lots::new(lots),
            maker_remaining: Lots::new(maker.remaining - lots),
        });
        match taker.taker_order.stp {
            StpMode::None => None,
            StpMode::ExpireTaker => Some(Verdict::Ended(CloseReason::SelfTrade)),
            StpMode::ExpireMaker => {
                taker.work += 1;
                self.end(index, CloseReason::SelfTrade, events);
                None
            }
            StpMode::ExpireBoth => {
                taker.work += 1;
                self.end(index, CloseReason::SelfTrade, events);
                Some(Verdict::Ended(CloseReason::SelfTrade))
            }
            StpMode::Decrement => {
                taker.work += 1;
                taker.remaining -= lots;
                self.take(index, lots);
                (taker.remaining == 0).then_some(Verdict::Ended(CloseReason::SelfTrade))
            }
        }
    }

    fn rest(
        &mut self,
        taker_order: &SubmitOrder,
        remaining: Lots,
        expires_at: Option<Timestamp>,
        events: &mut Vec<BookEvent>,
    ) -> Outcome {
        let is_full = self.orders.len() >= self.limits.orders_max as usize;
        let total = self.total_of(taker_order.side, taker_order.limit).get();
        let shown = first_part(taker_order, remaining.get());
        if is_full || total.checked_add(shown).is_none() {
            return Outcome::Ended { remaining, reason: CloseReason::BookFull };
        }
        let order = SlowOrder {
            order: taker_order.order,
            account: taker_order.account,
            side: taker_order.side,
            price: taker_order.limit,
            remaining: remaining.get(),
            shown,
            peak: taker_order.extras().peak.map(Lots::get),
            priority: self.priority,
            // The end of time never comes.
            expires_at: expires_at.filter(|time| time.micros() != u64::MAX),
            // The slow book's handle is the first priority, which no two orders share.
            handle: Handle::new(self.priority as u32, (self.priority >> 32) as u32),
        };
        let handle = order.handle;
        self.priority += 1;
        self.orders.push(order);
        self.report(taker_order.side, taker_order.limit, events);
        Outcome::Rested { handle, remaining }
    }

    /// As [`Book::cancel`](crate::domain::book::Book::cancel).
    pub fn cancel(&mut self, handle: Handle, order: OrderId, events: &mut Vec<BookEvent>) -> Option<Removed> {
        let index = self.position(handle, order)?;
        let gone = self.orders.remove(index);
        self.report(gone.side, gone.price, events);
        Some(Removed {
            account: gone.account,
            side: gone.side,
            price: gone.price,
            remaining: Lots::new(gone.remaining),
        })
    }

    /// As [`Book::reduce`](crate::domain::book::Book::reduce).
    pub fn reduce(
        &mut self,
        handle: Handle,
        order: OrderId,
        by: Lots,
        events: &mut Vec<BookEvent>,
    ) -> Option<Lots> {
        let index = self.position(handle, order)?;
        let left = self.orders[index].remaining.checked_sub(by.get()).filter(|left| *left > 0)?;
        let order = &mut self.orders[index];
        let shown = order.shown;
        // The hidden part is reduced first.
        (order.remaining, order.shown) = (left, shown.min(left));
        let (side, price) = (order.side, order.price);
        if order.shown != shown {
            self.report(side, price, events);
        }
        Some(Lots::new(left))
    }

    /// As [`Book::expire`](crate::domain::book::Book::expire).
    pub fn expire(&mut self, now: Timestamp, limit: usize, events: &mut Vec<BookEvent>) -> bool {
        let mut levels = std::collections::BTreeSet::new();
        for _ in 0..limit {
            let Some(index) = self.next_to_expire().filter(|index| self.orders[*index].is_expired(now))
            else {
                break;
            };
            levels.insert((self.orders[index].price, self.orders[index].side));
            self.end(index, CloseReason::GoodTillDate, events);
        }
        for (price, side) in levels {
            self.report(side, price, events);
        }
        self.orders.iter().any(|order| order.is_expired(now))
    }

    /// As [`Book::next_expiry`](crate::domain::book::Book::next_expiry).
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.orders.iter().filter_map(|order| order.expires_at).min()
    }

    /// As [`Book::depth`](crate::domain::book::Book::depth), at most `levels` of them.
    pub fn depth(&self, side: Side, levels: usize) -> Vec<(Price, Lots)> {
        let mut prices: Vec<Price> =
            self.orders.iter().filter(|order| order.side == side).map(|order| order.price).collect();
        prices.sort();
        prices.dedup();
        if side == Side::Buy {
            prices.reverse();
        }
        prices.truncate(levels);
        prices.into_iter().map(|price| (price, self.total_of(side, price))).collect()
    }

    /// As [`Book::orders`](crate::domain::book::Book::orders).
    pub fn orders(&self, side: Side) -> Vec<Resting> {
        let resting = |order: &SlowOrder| Resting {
            handle: order.handle,
            order: order.order,
            account: order.account,
            side: order.side,
            price: order.price,
            remaining: Lots::new(order.remaining),
            shown: Lots::new(order.shown),
            peak: order.peak.filter(|_| order.hidden() > 0).map(Lots::new),
            priority: order.priority,
            expires_at: order.expires_at,
        };
        self.in_priority_order(side).into_iter().map(resting).collect()
    }

    /// As [`Book::len`](crate::domain::book::Book::len).
    pub fn len(&self) -> usize {
        self.orders.len()
    }

    /// As [`Book::is_empty`](crate::domain::book::Book::is_empty).
    pub fn is_empty(&self) -> bool {
        self.orders.is_empty()
    }

    /// As [`Book::hash`](crate::domain::book::Book::hash).
    pub fn hash(&self) -> u128 {
        let mut sum = hash::entity(PRIORITY_KIND, &[self.priority]);
        for order in &self.orders {
            let words = [
                order.order.get(),
                order.account.get(),
                order.price.ticks(),
                order.shown,
                order.priority * 4 + 2 * u64::from(order.hidden() > 0) + order.side.index() as u64,
                order.expires_at.map_or(u64::MAX, Timestamp::micros),
            ];
            sum = sum.wrapping_add(digest(words));
            if let Some(peak) = order.peak.filter(|_| order.hidden() > 0) {
                let words = [order.order.get(), order.hidden(), peak];
                sum = sum.wrapping_add(hash::entity(ICEBERG_KIND, &words));
            }
        }
        sum
    }

    /// Returns the order a handle refers to, unless it is gone.
    pub fn get(&self, handle: Handle) -> Option<Resting> {
        Side::BOTH.into_iter().flat_map(|side| self.orders(side)).find(|order| order.handle == handle)
    }

    fn position(&self, handle: Handle, order: OrderId) -> Option<usize> {
        self.orders.iter().position(|resting| resting.order == order && resting.handle == handle)
    }

    fn in_priority_order(&self, side: Side) -> Vec<&SlowOrder> {
        let mut orders: Vec<&SlowOrder> = self.orders.iter().filter(|order| order.side == side).collect();
        // The list is in order of priority already, and the sort is stable.
        match side {
            Side::Buy => orders.sort_by_key(|order| std::cmp::Reverse(order.price)),
            Side::Sell => orders.sort_by_key(|order| order.price),
        }
        orders
    }

    /// Returns the order an incoming one trades with next, whatever its account or date.
    fn next_maker(&self, taker_order: &SubmitOrder) -> Option<usize> {
        let mut best: Option<usize> = None;
        for (index, maker) in self.orders.iter().enumerate() {
            let is_candidate =
                maker.side != taker_order.side && taker_order.side.accepts(taker_order.limit, maker.price);
            let is_better = |than: usize| match taker_order.side {
                Side::Buy => maker.price < self.orders[than].price,
                Side::Sell => maker.price > self.orders[than].price,
            };
            if is_candidate && best.is_none_or(is_better) {
                best = Some(index);
            }
        }
        best
    }

    fn next_to_expire(&self) -> Option<usize> {
        let dated = self.orders.iter().enumerate().filter(|(_, order)| order.expires_at.is_some());
        dated.min_by_key(|(_, order)| (order.expires_at, order.priority)).map(|(index, _)| index)
    }

    fn total_of(&self, side: Side, price: Price) -> Lots {
        let at_level = self.orders.iter().filter(|order| order.side == side && order.price == price);
        Lots::new(at_level.map(|order| order.shown).sum())
    }

    fn take(&mut self, index: usize, lots: u64) {
        self.orders[index].remaining -= lots;
        self.orders[index].shown -= lots;
        if self.orders[index].shown > 0 {
            return;
        }
        let mut order = self.orders.remove(index);
        if order.remaining > 0 {
            // It displays its next part, as much of it as the level can add up, and waits behind all others.
            let room = u64::MAX - self.total_of(order.side, order.price).get();
            order.shown = order.remaining.min(order.peak.unwrap_or(u64::MAX)).min(room);
            order.priority = self.priority;
            self.priority += 1;
            self.orders.push(order);
        }
    }

    fn end(&mut self, index: usize, reason: CloseReason, events: &mut Vec<BookEvent>) {
        let gone = self.orders.remove(index);
        events.push(BookEvent::Ended {
            order: gone.order,
            account: gone.account,
            remaining: Lots::new(gone.remaining),
            reason,
        });
    }

    fn report(&self, side: Side, price: Price, events: &mut Vec<BookEvent>) {
        events.push(BookEvent::LevelChanged { side, price, total: self.total_of(side, price) });
    }
}

/// Returns the displayed part of `resting` lots when an order comes to rest.
fn first_part(taker_order: &SubmitOrder, resting: u64) -> u64 {
    resting.min(taker_order.extras().peak.map_or(u64::MAX, Lots::get))
}
