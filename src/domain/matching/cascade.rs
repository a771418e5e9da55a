//! Orders that wait for a price, and the cascade of triggered orders when the market reaches it.

use super::{
    oco_groups::LegState,
    reports,
    slot::{SymbolOutput, SymbolSlot, no_book},
    trigger_book::Arrival,
};
use crate::domain::{
    messages::{
        message::{CancelStop, Condition, OrderChange, OrderExtras, SubmitOrder},
        reject::Fault,
    },
    orders::CloseReason,
    types::{
        id::{AccountId, OrderId, SlotId, SymbolId},
        money::Lots,
    },
};

/// The maximum number of orders one step of a cascade sends to their books. The next step handles the rest, so a
/// cascade of any length delays no other input for longer than this.
pub(crate) const TRIGGERS_PER_STEP: usize = 8;

/// The number of messages after which a step ends early: a triggered order may sweep a deep book.
const MESSAGES_PER_STEP: usize = 512;

impl SymbolSlot {
    /// Handles an order that waits for a trigger, or is a leg of an OCO.
    pub(crate) fn submit_contingent(
        &mut self,
        submit: &SubmitOrder,
        extras: OrderExtras,
        out: &mut SymbolOutput,
    ) -> Result<(), Fault> {
        let SubmitOrder { order, symbol, account, .. } = *submit;
        let market = self.markets.get_mut(&symbol).ok_or_else(|| no_book(symbol))?;
        if let Some(reason) = extras.pair.and_then(|_| market.oco_groups.arrive(order)) {
            self.report_ended(account, order, submit.lots, reason, out);
            return Ok(());
        }
        let place = match extras.condition {
            None => self.match_order(submit, out)?.map(LegState::Rests),
            Some(condition) => match market.trigger_book.add(submit, condition, market.last_price) {
                Arrival::Untriggered => {
                    reports::update(
                        &mut self.links,
                        out,
                        account,
                        order,
                        OrderChange::Untriggered,
                        self.time,
                    );
                    Some(LegState::Untriggered)
                }
                Arrival::WouldTrigger => {
                    self.report_ended(account, order, submit.lots, CloseReason::WouldTrigger, out);
                    None
                }
            },
        };
        let Some(other_leg) = extras.pair else { return Ok(()) };
        let market = self.markets.get_mut(&symbol).ok_or_else(|| no_book(symbol))?;
        match place {
            Some(place) => market.oco_groups.add(order, other_leg, place),
            None => {
                let ended = market.oco_groups.end(other_leg, CloseReason::ListRefused);
                self.end_leg(symbol, account, ended, CloseReason::ListRefused, out)?;
            }
        }
        Ok(())
    }

    /// Removes an order that waits.
    pub(crate) fn cancel_stop(
        &mut self,
        from: SlotId,
        cancel: &CancelStop,
        out: &mut SymbolOutput,
    ) -> Result<(), Fault> {
        let market = self.markets.get_mut(&cancel.symbol).ok_or_else(|| no_book(cancel.symbol))?;
        let removed = market.trigger_book.remove(cancel.order);
        if let Some(removed) = &removed {
            let reason = CloseReason::ListCancelled;
            self.end_other_leg(cancel.symbol, removed.account, cancel.order, reason, out)?;
        }
        let remaining = removed.map(|removed| removed.lots);
        self.answer_cancel(from, cancel.order, cancel.command, remaining, out);
        Ok(())
    }

    /// Returns whether triggered orders have not been sent to their books yet: the slot needs
    /// [`SymbolInput::Cascade`](super::SymbolInput::Cascade).
    pub fn has_triggered(&self) -> bool {
        self.markets.values().any(|market| market.is_trading() && market.trigger_book.has_next())
    }

    /// Returns the number of a symbol's orders that wait for their triggers.
    pub fn stop_order_count(&self, symbol: SymbolId) -> usize {
        self.markets.get(&symbol).map_or(0, |market| market.trigger_book.len())
    }

    /// Returns the orders of a symbol that wait for their triggers, by id, with account and quantity.
    pub fn stop_orders(&self, symbol: SymbolId) -> impl Iterator<Item = (OrderId, AccountId, Lots)> + '_ {
        let market = self.markets.get(&symbol);
        market.into_iter().flat_map(|market| {
            market.trigger_book.orders().map(|submit| (submit.order, submit.account, submit.lots))
        })
    }

    /// Sends the next triggered orders to their books; returns whether there were any.
    pub(crate) fn cascade(&mut self, out: &mut SymbolOutput) -> Result<bool, Fault> {
        let mut work = TRIGGERS_PER_STEP;
        // What is triggered in a market that does not trade waits until it does.
        let trading = self.markets.iter().filter(|(_, market)| market.is_trading());
        let symbols: Vec<SymbolId> = trading.map(|(symbol, _)| *symbol).collect();
        for symbol in symbols {
            while out.messages.len() < MESSAGES_PER_STEP {
                let Some(market) = self.markets.get_mut(&symbol) else { break };
                let Some((submit, condition)) = market.trigger_book.next(&mut work) else {
                    break;
                };
                self.fire(submit, condition, out)?;
            }
        }
        Ok(work < TRIGGERS_PER_STEP)
    }

    /// Sends one triggered order to its book.
    fn fire(
        &mut self,
        stop_order: SubmitOrder,
        condition: Condition,
        out: &mut SymbolOutput,
    ) -> Result<(), Fault> {
        let SubmitOrder { order, symbol, account, side, .. } = stop_order;
        self.end_other_leg(symbol, account, order, CloseReason::OtherLeg, out)?;
        reports::update(&mut self.links, out, account, order, OrderChange::Triggered, self.time);
        let last = self.markets.get(&symbol).and_then(|market| market.last_price);
        let limit = match (condition.collar, last) {
            (Some(collar), Some(last)) => side.collar(collar, last),
            _ => stop_order.limit,
        };
        let extras = OrderExtras { condition: None, pair: None, ..*stop_order.extras() }.boxed();
        self.match_order(&SubmitOrder { limit, extras, ..stop_order }, out).map(|_| ())
    }

    /// Ends the other leg of an OCO, because this one started to trade or ended.
    pub(crate) fn end_other_leg(
        &mut self,
        symbol: SymbolId,
        account: AccountId,
        order: OrderId,
        reason: CloseReason,
        out: &mut SymbolOutput,
    ) -> Result<(), Fault> {
        let market = self.markets.get_mut(&symbol).ok_or_else(|| no_book(symbol))?;
        let other_leg = market.oco_groups.dissolve(order, reason);
        self.end_leg(symbol, account, other_leg, reason, out)
    }

    pub(crate) fn end_leg(
        &mut self,
        symbol: SymbolId,
        account: AccountId,
        leg: Option<(OrderId, LegState)>,
        reason: CloseReason,
        out: &mut SymbolOutput,
    ) -> Result<(), Fault> {
        let Some((order, place)) = leg else { return Ok(()) };
        let market = self.markets.get_mut(&symbol).ok_or_else(|| no_book(symbol))?;
        let remaining = match place {
            LegState::Untriggered => market.trigger_book.remove(order).map(|stop_order| stop_order.lots),
            LegState::Rests(handle) => {
                let removed = market.book.cancel(handle, order, &mut self.events);
                self.report_levels(symbol, out)?;
                removed.map(|removed| removed.remaining)
            }
        };
        let remaining = remaining.ok_or_else(|| Fault::new(format!("order {order} of an OCO is gone")))?;
        self.report_ended(account, order, remaining, reason, out);
        Ok(())
    }

    pub(crate) fn report_ended(
        &mut self,
        account: AccountId,
        order: OrderId,
        remaining: Lots,
        reason: CloseReason,
        out: &mut SymbolOutput,
    ) {
        let change = OrderChange::Ended { remaining, reason };
        reports::update(&mut self.links, out, account, order, change, self.time);
    }
}
