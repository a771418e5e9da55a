//! Orders that wait for a price, and what happens when the market reaches it.

use super::{
    conditions::Arrival,
    pairs::LegPlace,
    slot::{SymbolOutput, SymbolSlot, no_book},
    teller,
};
use crate::domain::{
    messages::{
        message::{CancelWaiting, Condition, OrderChange, Special, SubmitOrder},
        reject::Fault,
    },
    orders::EndReason,
    types::{
        id::{AccountId, OrderId, SlotId, SymbolId},
        money::Lots,
    },
};

/// How many orders one step of a cascade takes to their books at most. The rest follows with the next step, so a cascade
/// of any length holds nobody else up for longer than this.
pub(crate) const TRIGGERS_PER_STEP: usize = 8;

/// After how many messages a step ends early: a triggered order may sweep a deep book.
const MESSAGES_PER_STEP: usize = 512;

impl SymbolSlot {
    /// Takes an order that waits, or is one of a pair.
    pub(crate) fn submit_special(
        &mut self,
        submit: &SubmitOrder,
        special: Special,
        out: &mut SymbolOutput,
    ) -> Result<(), Fault> {
        let SubmitOrder { order, symbol, account, .. } = *submit;
        let market = self.markets.get_mut(&symbol).ok_or_else(|| no_book(symbol))?;
        if let Some(reason) = special.pair.and_then(|_| market.pairs.arrive(order)) {
            self.tell_ended(account, order, submit.lots, reason, out);
            return Ok(());
        }
        let place = match special.condition {
            None => self.match_order(submit, out)?.map(LegPlace::Rests),
            Some(condition) => match market.conditions.add(submit, condition, market.last_price) {
                Arrival::Waits => {
                    teller::update(&mut self.links, out, account, order, OrderChange::Waits, self.time);
                    Some(LegPlace::Waits)
                }
                Arrival::WouldTrigger => {
                    self.tell_ended(account, order, submit.lots, EndReason::WouldTrigger, out);
                    None
                }
            },
        };
        let Some(sibling) = special.pair else { return Ok(()) };
        let market = self.markets.get_mut(&symbol).ok_or_else(|| no_book(symbol))?;
        match place {
            Some(place) => market.pairs.add(order, sibling, place),
            None => {
                let ended = market.pairs.end(sibling, EndReason::ListRefused);
                self.end_leg(symbol, account, ended, EndReason::ListRefused, out)?;
            }
        }
        Ok(())
    }

    /// Takes out an order that waits.
    pub(crate) fn cancel_waiting(
        &mut self,
        from: SlotId,
        cancel: &CancelWaiting,
        out: &mut SymbolOutput,
    ) -> Result<(), Fault> {
        let market = self.markets.get_mut(&cancel.symbol).ok_or_else(|| no_book(cancel.symbol))?;
        let removed = market.conditions.remove(cancel.order);
        if let Some(removed) = &removed {
            let reason = EndReason::ListCancelled;
            self.end_sibling(cancel.symbol, removed.account, cancel.order, reason, out)?;
        }
        let remaining = removed.map(|removed| removed.lots);
        self.answer_cancel(from, cancel.order, cancel.command, remaining, out);
        Ok(())
    }

    /// Returns whether orders are triggered that have not been taken to their books yet: the slot wants
    /// [`SymbolInput::Cascade`](super::SymbolInput::Cascade).
    pub fn has_triggered(&self) -> bool {
        self.markets.values().any(|market| market.conditions.has_next())
    }

    /// Returns how many orders of a symbol wait for their triggers.
    pub fn waiting_orders(&self, symbol: SymbolId) -> usize {
        self.markets.get(&symbol).map_or(0, |market| market.conditions.len())
    }

    /// Returns the orders of a symbol that wait for their triggers, by id: whose they are, and how large.
    pub fn waits(&self, symbol: SymbolId) -> impl Iterator<Item = (OrderId, AccountId, Lots)> + '_ {
        let market = self.markets.get(&symbol);
        market.into_iter().flat_map(|market| {
            market.conditions.orders().map(|submit| (submit.order, submit.account, submit.lots))
        })
    }

    /// Takes the next triggered orders to their books; returns whether there were any.
    pub(crate) fn cascade(&mut self, out: &mut SymbolOutput) -> Result<bool, Fault> {
        let mut work = TRIGGERS_PER_STEP;
        let symbols: Vec<SymbolId> = self.markets.keys().copied().collect();
        for symbol in symbols {
            while out.messages.len() < MESSAGES_PER_STEP {
                let Some(market) = self.markets.get_mut(&symbol) else { break };
                let Some((submit, condition)) = market.conditions.next(&mut work) else {
                    break;
                };
                self.fire(submit, condition, out)?;
            }
        }
        Ok(work < TRIGGERS_PER_STEP)
    }

    /// Takes one triggered order to its book.
    fn fire(
        &mut self,
        waited: SubmitOrder,
        condition: Condition,
        out: &mut SymbolOutput,
    ) -> Result<(), Fault> {
        let SubmitOrder { order, symbol, account, side, .. } = waited;
        self.end_sibling(symbol, account, order, EndReason::Sibling, out)?;
        teller::update(&mut self.links, out, account, order, OrderChange::Triggered, self.time);
        let last = self.markets.get(&symbol).and_then(|market| market.last_price);
        let limit = match (condition.collar, last) {
            (Some(collar), Some(last)) => side.collar(collar, last),
            _ => waited.limit,
        };
        let special = Special { condition: None, pair: None, ..*waited.extras() }.boxed();
        self.match_order(&SubmitOrder { limit, special, ..waited }, out).map(|_| ())
    }

    /// Ends the other order of a pair, because this one begins to trade or ended.
    pub(crate) fn end_sibling(
        &mut self,
        symbol: SymbolId,
        account: AccountId,
        order: OrderId,
        reason: EndReason,
        out: &mut SymbolOutput,
    ) -> Result<(), Fault> {
        let market = self.markets.get_mut(&symbol).ok_or_else(|| no_book(symbol))?;
        let sibling = market.pairs.dissolve(order, reason);
        self.end_leg(symbol, account, sibling, reason, out)
    }

    fn end_leg(
        &mut self,
        symbol: SymbolId,
        account: AccountId,
        leg: Option<(OrderId, LegPlace)>,
        reason: EndReason,
        out: &mut SymbolOutput,
    ) -> Result<(), Fault> {
        let Some((order, place)) = leg else { return Ok(()) };
        let market = self.markets.get_mut(&symbol).ok_or_else(|| no_book(symbol))?;
        let remaining = match place {
            LegPlace::Waits => market.conditions.remove(order).map(|waited| waited.lots),
            LegPlace::Rests(handle) => {
                let removed = market.book.cancel(handle, order, &mut self.events);
                self.tell_levels(symbol, out)?;
                removed.map(|removed| removed.remaining)
            }
        };
        let remaining = remaining.ok_or_else(|| Fault::new(format!("order {order} of a pair is gone")))?;
        self.tell_ended(account, order, remaining, reason, out);
        Ok(())
    }

    fn tell_ended(
        &mut self,
        account: AccountId,
        order: OrderId,
        remaining: Lots,
        reason: EndReason,
        out: &mut SymbolOutput,
    ) {
        let change = OrderChange::Ended { remaining, reason };
        teller::update(&mut self.links, out, account, order, change, self.time);
    }
}
