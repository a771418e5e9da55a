//! The checks before any change: whether a post-only order would take, and whether a fill-or-kill order fills.

use std::collections::VecDeque;

use super::{
    engine::{Book, Touch},
    iceberg::Iceberg,
    ladder::Rung,
    submit::{affordable, shown},
};
use crate::domain::{
    messages::message::SubmitOrder,
    orders::{CloseReason, Side, StpMode},
    testing::mutants::{Mutant, mutated},
    types::money::Price,
};

impl Book {
    /// Returns the reason a post-only order is rejected, if it is.
    ///
    /// Makers past their date do not count as the other side. The scan is bounded like the sweep that would remove
    /// them: behind more of them than one command may remove, the order will end by the fill limit.
    #[cold]
    pub(super) fn refusal_of_post_only(&self, order: &SubmitOrder, now: u64) -> Option<CloseReason> {
        let mut expired = 0;
        for index in self.makers(order) {
            if self.orders[index].expiry > now {
                return (!mutated(Mutant::PostOnlyTakes)).then_some(CloseReason::WouldTake);
            }
            if expired == self.limits.fills_max {
                return None;
            }
            expired += 1;
        }
        let shown = shown(order, order.lots.get());
        let fits = self.orders.len() - expired < self.limits.orders_max
            && self.total(order.side, order.limit).get().checked_add(shown).is_some();
        (!fits && !mutated(Mutant::FullBookDropsSilently)).then_some(CloseReason::BookFull)
    }

    /// Returns whether the whole order would trade at once: the sweep without its effects.
    #[cold]
    pub(super) fn would_fill(&self, order: &SubmitOrder, now: u64) -> bool {
        let budget = order.extras().budget;
        let mut trial = Trial { book: self, order, now, remaining: order.lots.get(), budget, work: 0 };
        let verdict = self.rungs_within(order).find_map(|rung| trial.try_level(rung));
        verdict.unwrap_or(trial.remaining == 0)
    }

    /// Returns the resting orders an order may trade with, in matching order.
    fn makers(&self, order: &SubmitOrder) -> impl Iterator<Item = u32> {
        self.rungs_within(order).flat_map(|rung| self.queue(rung))
    }

    /// Returns the levels an order may trade at, in matching order.
    fn rungs_within(&self, order: &SubmitOrder) -> impl Iterator<Item = Rung> {
        let (side, limit) = (order.side, order.limit);
        self.rungs(side.opposite()).take_while(move |rung| side.accepts(limit, self.ladder.price(*rung)))
    }

    /// Returns the best level of the other side if the order may trade there.
    #[inline(always)]
    pub(super) fn crossed(&self, side: Side, limit: Price) -> Option<Touch> {
        self.best[side.opposite().index()].filter(|touch| side.accepts(limit, touch.price))
    }
}

/// A fill-or-kill order that is matched against a book without changing it.
struct Trial<'a> {
    book: &'a Book,
    order: &'a SubmitOrder,
    now: u64,
    remaining: u64,
    budget: Option<u128>,
    work: u32,
}

/// The next resting orders the order would meet.
struct Maker {
    shown: u64,
    iceberg: Option<Iceberg>,
    is_own: bool,
}

impl Trial<'_> {
    /// Trades at one level until it is empty (`None`) or it is decided whether the order fills.
    fn try_level(&mut self, rung: Rung) -> Option<bool> {
        let (book, order) = (self.book, self.order);
        let price = book.ladder.price(rung);
        let mut total = book.ladder[rung].total;
        let mut cap = affordable(self.budget, price);
        let mut queue = book.queue(rung);
        // Icebergs that have moved to the back of the queue. Own and expired ones are never added here.
        let mut back: VecDeque<Maker> = VecDeque::new();
        loop {
            let queued = queue.next();
            if queued.is_none() && back.is_empty() {
                return None;
            }
            if self.remaining == 0 {
                return Some(true);
            }
            if self.work == book.limits.fills_max && !mutated(Mutant::FillLimitIgnored) {
                return Some(false);
            }
            self.work += 1;
            let maker = match queued {
                Some(index)
                    if book.orders[index].expiry <= self.now && !mutated(Mutant::ExpiredMakerTrades) =>
                {
                    total -= book.orders[index].remaining;
                    continue;
                }
                Some(index) => self.maker(index),
                None => back.pop_front()?,
            };
            if cap == 0 {
                return Some(order.extras().by_quote && self.remaining < order.lots.get());
            }
            if maker.is_own {
                if order.stp == StpMode::ExpireMaker {
                    total -= maker.shown;
                    continue;
                }
                return Some(false);
            }
            let lots = self.remaining.min(maker.shown).min(cap);
            self.remaining -= lots;
            cap -= lots;
            total -= lots;
            if self.remaining > 0 && lots < maker.shown {
                // The budget ends in the middle of this maker, which the taker would now meet once more.
                return Some(order.extras().by_quote && self.work < book.limits.fills_max);
            }
            self.budget = self.budget.map(|left| left - u128::from(lots) * u128::from(price.ticks()));
            if let Some(mut iceberg) = maker.iceberg.filter(|iceberg| iceberg.hidden > 0) {
                let shown = iceberg.surface(total);
                total += shown;
                back.push_back(Maker { shown, iceberg: Some(iceberg), is_own: false });
            }
        }
    }

    fn maker(&self, index: u32) -> Maker {
        let node = &self.book.orders[index];
        let is_own = self.order.stp != StpMode::None && node.account == self.order.account;
        let iceberg = self.book.iceberg(index, node).filter(|_| !mutated(Mutant::FokForgetsHidden));
        Maker { shown: node.remaining, iceberg, is_own: is_own && !mutated(Mutant::FokCountsOwnOrders) }
    }
}
