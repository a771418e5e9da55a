//! What is decided before anything changes: whether a post-only order would take, and whether a
//! fill-or-kill order fills.

use super::{
    engine::{Book, Touch},
    event::Incoming,
    submit::affordable,
};
use crate::domain::{
    money::Price,
    order::{EndReason, Side, StpMode},
    planted::{Bug, planted},
};

impl Book {
    /// Returns why a post-only order is refused, if it is.
    ///
    /// Makers past their date do not count as the other side. The scan is bounded like the sweep that would
    /// remove them: behind more of them than one command may remove, the order will end by the fill limit.
    #[cold]
    pub(super) fn refusal_of_post_only(&self, incoming: &Incoming, now: u64) -> Option<EndReason> {
        let mut expired = 0;
        for index in self.makers(incoming) {
            if self.orders[index].expiry > now {
                return (!planted(Bug::PostOnlyTakes)).then_some(EndReason::WouldTake);
            }
            if expired == self.limits.fills_max {
                return None;
            }
            expired += 1;
        }
        let fits = self.orders.len() - expired < self.limits.orders_max
            && self.total(incoming.side, incoming.limit).checked_add(incoming.lots).is_some();
        (!fits && !planted(Bug::FullBookDropsSilently)).then_some(EndReason::BookFull)
    }

    /// Returns whether the whole order would trade at once: the sweep without its effects.
    #[cold]
    pub(super) fn would_fill(&self, incoming: &Incoming, now: u64) -> bool {
        let mut remaining = incoming.lots.get();
        let mut budget = incoming.budget;
        let mut level: Option<Price> = None;
        let mut cap = 0;
        let mut work = 0;
        for index in self.makers(incoming) {
            if remaining == 0 {
                return true;
            }
            if work == self.limits.fills_max && !planted(Bug::FillLimitIgnored) {
                return false;
            }
            work += 1;
            let maker = &self.orders[index];
            if maker.expiry <= now && !planted(Bug::ExpiredMakerTrades) {
                continue;
            }
            if level != Some(maker.price) {
                level = Some(maker.price);
                cap = affordable(budget, maker.price);
            }
            if cap == 0 {
                return incoming.by_quote && remaining < incoming.lots.get();
            }
            let is_own = incoming.stp != StpMode::None && maker.account == incoming.account;
            if is_own && !planted(Bug::FokCountsOwnOrders) {
                if incoming.stp == StpMode::ExpireMaker {
                    continue;
                }
                return false;
            }
            let lots = remaining.min(maker.remaining).min(cap);
            remaining -= lots;
            cap -= lots;
            if remaining > 0 && lots < maker.remaining {
                // The budget ends in the middle of this maker, which the taker would now meet once more.
                return incoming.by_quote && work < self.limits.fills_max;
            }
            budget = budget.map(|left| left - u128::from(lots) * u128::from(maker.price.ticks()));
        }
        remaining == 0
    }

    /// Returns the resting orders an order may trade with, in the order it would meet them.
    fn makers(&self, incoming: &Incoming) -> impl Iterator<Item = u32> {
        let side = incoming.side;
        let limit = incoming.limit;
        self.rungs(side.opposite())
            .take_while(move |rung| side.accepts(limit, self.ladder.price(*rung)))
            .flat_map(|rung| self.queue(rung))
    }

    /// Returns the best level of the other side if the order may trade there.
    #[inline(always)]
    pub(super) fn crossed(&self, side: Side, limit: Price) -> Option<Touch> {
        self.best[side.opposite().index()].filter(|touch| side.accepts(limit, touch.price))
    }
}
