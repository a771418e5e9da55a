//! Announces orders: sends an order's owner the first report once it is accepted (ADR 0017).
//!
//! A book may reject a post-only or a conditional order, and with it the list it belongs to. Until that is decided such
//! an order holds its money and can be cancelled, but it is not reported: no report, no balances, no entry in the
//! change log, no row in a list. Every other order is accepted when its money is held, and announced then.

use super::{
    change::Change,
    event::ExecutionKind,
    settle::execution,
    slot::Turn,
    state::{AccountState, OpenList},
};
use crate::domain::{
    messages::reject::Fault,
    orders::{Order, OrderType},
    types::id::{OrderId, OrderListId},
};

impl Turn<'_> {
    /// Announces an order and its list, unless they are announced already.
    pub(super) fn announce(&mut self, id: OrderId) -> Result<(), Fault> {
        let order = self.state.standing(id)?;
        if !self.state.is_unannounced(order) {
            return Ok(());
        }
        let list = order.list().and_then(|list| self.state.lists.get(&list)).map(|open| open.list.clone());
        let orders: Vec<Order> = match &list {
            Some(list) => self.state.open_of(list).collect(),
            None => vec![order.clone()],
        };
        for order in &orders {
            self.change(Change::OrderAnnounced { order: Box::new(order.clone()) })?;
        }
        match list {
            Some(list) => self.emit_list_placed(list.id),
            None => self.emit_all_new(&orders),
        }
    }

    /// Announces the orders whose acceptance follows from the book's acceptance of this one; `false` when another order
    /// of its list may still be rejected, so that nothing is decided yet.
    pub(super) fn announce_accepted(&mut self, id: OrderId) -> Result<bool, Fault> {
        let order = self.state.standing(id)?;
        if self.state.is_unannounced(order) {
            let open = order.list().and_then(|list| self.state.lists.get(&list));
            if open.is_some_and(|open| open.unanswered > 1) {
                return Ok(false);
            }
            self.announce(id)?;
        } else if self.state.is_released(order) && is_first_word(order) {
            let order = order.clone();
            match self.state.released_pair(&order) {
                None => self.emit_all_new(&[order])?,
                Some(pair) if sent_last(&pair) == order.id => self.emit_all_new(&pair)?,
                Some(_) => {}
            }
        }
        Ok(true)
    }

    /// Reports that a list is placed: the list, its orders that are in the market, their holds, and the orders that
    /// wait.
    pub(super) fn emit_list_placed(&mut self, id: OrderListId) -> Result<(), Fault> {
        self.emit_list(id)?;
        let Some(open) = self.state.lists.get(&id) else { return Ok(()) };
        let (pending, sent): (Vec<Order>, Vec<Order>) =
            self.state.open_of(&open.list).partition(|order| order.awaits_list());
        self.emit_all_new(&sent)?;
        pending.iter().try_for_each(|order| self.emit_new(order.id))
    }

    /// Reports that orders of one account are accepted, and the current holds of their side.
    pub(super) fn emit_all_new(&mut self, orders: &[Order]) -> Result<(), Fault> {
        orders.iter().try_for_each(|order| self.emit_new(order.id))?;
        let Some(order) = orders.first() else { return Ok(()) };
        let asset = self.paid_asset(order)?;
        self.emit_balances(order.account, &[asset])
    }

    pub(super) fn emit_new(&mut self, id: OrderId) -> Result<(), Fault> {
        let account = self.state.standing(id)?.account;
        self.emit(account, |state| Ok(execution(state.standing(id)?, ExecutionKind::New, None)))
    }
}

impl AccountState {
    /// Returns whether an open order is not announced yet, because its book may still reject it, or has rejected
    /// another order of its list.
    pub(super) fn is_unannounced(&self, order: &Order) -> bool {
        match order.list().and_then(|list| self.lists.get(&list)) {
            Some(open) => self.is_list_unannounced(open),
            None => {
                let is_placing = self.orders.get(&order.id).is_some_and(|open| open.placing.is_some());
                is_placing && order.kind.may_be_refused()
            }
        }
    }

    /// Returns whether an open list is not announced yet.
    pub(super) fn is_list_unannounced(&self, open: &OpenList) -> bool {
        // Both legs of an OCO are sent; otherwise only the working order is, which the others wait for.
        let sent = if open.list.working().is_some() { 1 } else { open.list.orders.len() };
        let mut sent = open.list.orders.iter().take(sent).map(|(id, _)| self.order(*id));
        let is_undecided = |order: Option<&Order>| {
            order.is_some_and(|order| order.kind.may_be_refused() && !order.was_triggered())
        };
        open.refused.is_some() || (open.unanswered > 0 && sent.all(is_undecided))
    }

    /// Returns whether an order waited for the first of its list, and was sent when that one was filled.
    pub(super) fn is_released(&self, order: &Order) -> bool {
        let list = order.list().and_then(|list| self.lists.get(&list)).map(|open| &open.list);
        !order.awaits_list()
            && list.and_then(|list| list.working()).is_some_and(|working| working != order.id)
    }

    /// Returns an order and the other leg of its OCO, in their order, while both are open.
    fn released_pair(&self, order: &Order) -> Option<[Order; 2]> {
        let other_leg = self.live_other_leg(order)?.clone();
        Some(if order.id < other_leg.id { [order.clone(), other_leg] } else { [other_leg, order.clone()] })
    }
}

/// Returns whether the acceptance of an order is the first report of its book about it: a conditional order rests after
/// it was triggered, and its book has reported it before.
fn is_first_word(order: &Order) -> bool {
    order.kind == OrderType::LimitMaker || order.is_untriggered()
}

/// Returns the leg of an OCO that is sent to the book after the other: the one that rests.
fn sent_last([first, second]: &[Order; 2]) -> OrderId {
    if second.kind.is_conditional() && !first.kind.is_conditional() { first.id } else { second.id }
}
