//! Lists of orders: the consequences of the end of one order for the others, and cancelling a list.

use super::{
    change::Change,
    event::{ExecutionKind, UserEventKind},
    place::submission,
    plan,
    settle::End,
    slot::{Refusable, Turn},
    state::{Account, AccountState, BookRequest, Pending},
};
use crate::domain::{
    instruments::symbol::SymbolSpec,
    messages::{
        command::{Answer, CancelList, ListReport, OrderRef, ReplaceOrder},
        message::ToSymbol,
        reject::{Fault, Reject},
    },
    orders::{CloseReason, ListStatus, NewOrder, Order, OrderList, OrderListRef, OrderStatus},
    testing::mutants::{Mutant, mutated},
    types::{
        id::{CommandId, OrderId, OrderListId, SymbolId},
        money::{Amount, Price},
    },
};

impl Turn<'_> {
    /// Handles the book's first report on an order of a list, and answers when all have arrived.
    pub(super) fn list_order_decided(
        &mut self,
        list: OrderListId,
        command: CommandId,
        refused: Option<Reject>,
    ) -> Result<(), Fault> {
        let is_pair = self.state.lists.get(&list).is_some_and(|open| open.list.working().is_none());
        // The market has to be between the legs of an OCO: which of them it is beyond does not matter.
        let refused = refused.map(|reject| match reject {
            Reject::WouldTake | Reject::WouldTrigger if is_pair => Reject::PriceRelation,
            other => other,
        });
        self.change(Change::ListOrderDecided { list, refused })?;
        let Some(open) = self.state.lists.get(&list) else {
            return Err(Fault::new(format!("list {} vanished", list.get())));
        };
        if open.unanswered > 0 {
            return Ok(());
        }
        let answer = match open.refused {
            Some(reject) => Err(reject),
            None => self
                .state
                .list_report(list)
                .map(Box::new)
                .map(Answer::ListPlaced)
                .ok_or(Reject::UnknownOrderList),
        };
        self.answer(command, answer)
    }

    /// Carries out the consequences of the end of one order for the rest of its list.
    pub(super) fn list_order_ended(&mut self, id: OrderListId, order: &Order) -> Result<(), Fault> {
        let Some(open) = self.state.lists.get(&id) else { return Ok(()) };
        let (list, refused) = (open.list.clone(), open.refused);
        if list.working() == Some(order.id) {
            let pending: Vec<Order> = self.state.open_of(&list).filter(|order| order.awaits_list()).collect();
            match order.status {
                _ if pending.is_empty() => {}
                OrderStatus::Filled => self.release_pending(order, &pending)?,
                OrderStatus::Rejected => {
                    self.end_all(&pending, OrderStatus::Rejected, CloseReason::ListRefused)?
                }
                OrderStatus::Cancelled => {
                    self.end_all(&pending, OrderStatus::Cancelled, CloseReason::ListCancelled)?;
                }
                _ => self.end_all(&pending, OrderStatus::Expired, CloseReason::WorkingEnded)?,
            }
        }
        if self.state.lists.contains_key(&id) && self.state.open_of(&list).next().is_none() {
            let status = if refused.is_some() { ListStatus::Rejected } else { ListStatus::AllDone };
            self.change(Change::ListClosed { list: id, status })?;
            self.emit_list(id)?;
        }
        Ok(())
    }

    /// Reports the status of a list to its owner.
    pub(super) fn emit_list(&mut self, id: OrderListId) -> Result<(), Fault> {
        let Some(list) = self.state.find_list(id).cloned() else { return Ok(()) };
        self.emit(list.account, |_| Ok(UserEventKind::List(Box::new(list))))
    }

    fn end_all(&mut self, orders: &[Order], status: OrderStatus, reason: CloseReason) -> Result<(), Fault> {
        let kind = match status {
            OrderStatus::Cancelled => ExecutionKind::Cancelled,
            OrderStatus::Rejected => ExecutionKind::Rejected,
            _ => ExecutionKind::Expired,
        };
        for order in orders {
            let end = End::new(status, Some(reason), self.state.time);
            self.close(order.id, end, Some(kind), &[])?;
        }
        Ok(())
    }

    /// Places the orders that waited for one to be filled; its fill price is their reference price. Those that cannot
    /// be placed expire.
    fn release_pending(&mut self, working: &Order, pending: &[Order]) -> Result<(), Fault> {
        let spec = self.spec(working.symbol)?;
        let account = self.state.account(working.account)?;
        if account.check_may_trade().is_err() && !mutated(Mutant::PendingPlacedForRestricted) {
            return self.end_all(pending, OrderStatus::Expired, CloseReason::PendingRefused);
        }
        let reference = average_price(spec, working);
        let orders: Vec<NewOrder> = pending.iter().map(|order| order.again(reference)).collect();
        let available = account.balances.get(spec.paid(pending[0].side).id).available;
        let plans: Result<Vec<Option<plan::Plan>>, Reject> =
            orders.iter().map(|order| plan::plan(spec, order, available)).collect();
        match plans.map(|plans| plans.into_iter().collect::<Option<Vec<_>>>()) {
            Ok(Some(plans)) => {
                for order in pending {
                    let works = !order.kind.is_conditional();
                    self.change(Change::OrderReleased { order: order.id, works })?;
                }
                self.hold(spec, pending, &plans)?;
                if !pending.iter().any(|order| order.kind.may_be_refused()) {
                    self.emit_all_new(pending)?;
                }
                self.send_orders(pending, &plans);
                Ok(())
            }
            _ => self.end_all(pending, OrderStatus::Expired, CloseReason::PendingRefused),
        }
    }

    /// Holds the amounts orders need, once for an OCO.
    pub(super) fn hold(
        &mut self,
        spec: &SymbolSpec,
        orders: &[Order],
        plans: &[plan::Plan],
    ) -> Result<(), Fault> {
        let hold = plans.iter().map(|plan| plan.hold).max().unwrap_or(Amount::ZERO);
        let asset = spec.paid(orders[0].side).id;
        self.hold_funds(orders[0].account, asset, hold)?;
        self.change(Change::HoldSet { order: orders[0].id, hold })?;
        if let (Some(list), [_, _]) = (orders[0].list(), orders) {
            for (order, plan) in orders.iter().zip(plans) {
                self.change(Change::NeedSet { list, order: order.id, need: plan.hold })?;
            }
        }
        Ok(())
    }

    /// Sends orders to their book: of an OCO the waiting leg first, so that nothing rests when the OCO is rejected.
    pub(super) fn send_orders(&mut self, orders: &[Order], plans: &[plan::Plan]) {
        let other_leg = |order: OrderId| orders.iter().map(|other| other.id).find(|other| *other != order);
        for is_conditional in [true, false] {
            for (order, plan) in
                orders.iter().zip(plans).filter(|(_, plan)| plan.condition.is_some() == is_conditional)
            {
                let submit = submission(order, plan, other_leg(order.id));
                self.send(order.symbol.slot(), ToSymbol::SubmitOrder(submit));
            }
        }
    }

    /// Removes an order from its OCO: the OCO's hold passes to the other leg, as far as that needs it.
    pub(super) fn leave_pair(&mut self, order: &mut Order) -> Result<(), Fault> {
        let Some(other_leg) = self.state.live_other_leg(order).cloned() else { return Ok(()) };
        let need = self.state.need(&other_leg);
        let held = order.hold.plus(other_leg.hold)?;
        let excess = if mutated(Mutant::OcoHoldReleasedTwice) { held } else { held.minus(need)? };
        let asset = self.paid_asset(order)?;
        self.change(Change::HoldSet { order: order.id, hold: Amount::ZERO })?;
        self.change(Change::HoldSet { order: other_leg.id, hold: need })?;
        self.hold_funds(order.account, asset, excess.negated()?)?;
        order.hold = Amount::ZERO;
        Ok(())
    }

    /// Returns the part of a hold to release when an order is reduced: none while the other leg is live, because the
    /// hold is for both orders; it will need less when it is the only one left.
    pub(super) fn released_of_pair(&mut self, order: &Order, released: Amount) -> Result<Amount, Fault> {
        match (order.list(), self.state.live_other_leg(order)) {
            (Some(list), Some(_)) => {
                let need = self.state.need(order).minus(released)?;
                self.change(Change::NeedSet { list, order: order.id, need })?;
                Ok(Amount::ZERO)
            }
            _ => Ok(released),
        }
    }

    /// Cancels the order another one waits for: with it the whole list ends.
    pub(super) fn request_working(&mut self, order: &Order, command: CommandId) -> Result<(), Fault> {
        let list = order.list().and_then(|list| self.state.lists.get(&list));
        let working = list.and_then(|open| open.list.working()).and_then(|id| self.state.order(id)).cloned();
        match working.filter(|working| !working.awaits_list()) {
            Some(working) => self.request_book(working.id, command, BookRequest::Cancel),
            None => Err(Fault::new(format!("order {} waits for no order", order.id))),
        }
    }

    pub(super) fn cancel_list(&mut self, command: CommandId, cancel: &CancelList) -> Refusable {
        let found = self.state.open_list(cancel);
        let Some(list) = found else { return Ok(Err(Reject::UnknownOrderList)) };
        let Some(order) = self.state.open_of(list).find(|order| !order.awaits_list()) else {
            return Err(Fault::new(format!("list {} is open and has no order", list.id.get())));
        };
        let pending = Pending::CancelList { list: list.id, name: cancel.name };
        self.change(Change::BookRequested { command, pending })?;
        self.request_book(order.id, command, BookRequest::Cancel).map(Ok)
    }
}

impl AccountState {
    fn open_list(&self, cancel: &CancelList) -> Option<&OrderList> {
        let OrderListRef { id, client_id } = cancel.list;
        let by_name = || client_id.and_then(|name| self.list_names.get(&(cancel.account, name)).copied());
        let list = &self.lists.get(&id.or_else(by_name)?)?.list;
        let is_meant = list.account == cancel.account
            && list.symbol == cancel.symbol
            && client_id.is_none_or(|name| name == list.client_id);
        is_meant.then_some(list)
    }

    /// Returns a list, open or recently ended.
    pub(super) fn find_list(&self, id: OrderListId) -> Option<&OrderList> {
        self.lists.get(&id).map(|open| &open.list).or_else(|| self.archive.list(id))
    }

    /// Returns the open orders of a list.
    pub(super) fn open_of(&self, list: &OrderList) -> impl Iterator<Item = Order> {
        list.orders.iter().filter_map(|(id, _)| self.order(*id)).cloned()
    }

    /// Returns a list with its orders and their fills.
    pub(super) fn list_report(&self, id: OrderListId) -> Option<ListReport> {
        let list = self.find_list(id)?.clone();
        let order = |id: OrderId| self.order(id).or_else(|| self.archive.order(id)).cloned();
        let orders: Vec<Order> = list.orders.iter().filter_map(|(id, _)| order(*id)).collect();
        let is_of_list = |order: OrderId| list.orders.iter().any(|(id, _)| *id == order);
        let fills = self.archive.fills(list.account, list.symbol).filter(|fill| is_of_list(fill.order));
        let fills = fills.copied().collect();
        let counts = self.counts(list.account);
        Some(ListReport { list, orders, fills, counts })
    }

    /// Returns the open orders of an account to cancel at its books when all are to be cancelled: one per list is
    /// enough.
    pub(super) fn cancel_targets(&self, account: &Account, symbol: Option<SymbolId>) -> Vec<Order> {
        let open = account.open.iter().filter_map(|id| self.order(*id));
        let is_meant = |order: &&Order| {
            let is_first = self.live_other_leg(order).is_none_or(|other_leg| order.id < other_leg.id);
            symbol.is_none_or(|symbol| order.symbol == symbol) && !order.awaits_list() && is_first
        };
        open.filter(is_meant).cloned().collect()
    }

    /// Returns the open order that a cancel which missed `order` is sent for next: the order itself, where it rests
    /// since it was triggered; else the requested one, when its working order was asked instead and is filled; else, if
    /// a whole list or all orders were requested, what is left of the list.
    pub(super) fn next_target(&self, order: OrderId, command: CommandId) -> Option<&Order> {
        let pending = self.pending.get(&command);
        let meant = match pending {
            Some(Pending::Amend { .. }) => return None,
            Some(Pending::Cancel { order, .. }) => self.order(*order),
            Some(Pending::Replace(replace)) => {
                self.archive.order(order).and_then(|asked| self.order(self.meant(replace, asked)))
            }
            Some(Pending::CancelList { .. } | Pending::CancelAll { .. }) | None => None,
        };
        let rest = || {
            let list = self.archive.order(order)?.list()?;
            let list = &self.lists.get(&list)?.list;
            let mut open = list.orders.iter().filter_map(|(id, _)| self.order(*id));
            open.find(|order| !order.awaits_list())
        };
        let means_all = !matches!(pending, Some(Pending::Cancel { .. } | Pending::Replace(_)));
        self.order(order).or(meant).or_else(|| if means_all { rest() } else { None })
    }

    /// Returns the order a cancel-replace refers to, given the one the book was asked for: it may be another of the
    /// list.
    pub(super) fn meant(&self, replace: &ReplaceOrder, asked: &Order) -> OrderId {
        let OrderRef { id, client_id } = replace.cancel;
        let list = asked.list().and_then(|list| self.find_list(list));
        let of_list = list.into_iter().flat_map(|list| &list.orders);
        let mut found =
            of_list.filter(|(order, name)| id.map_or(client_id == Some(*name), |id| id == *order));
        found.next().map_or(asked.id, |(order, _)| *order)
    }

    /// Adds to cancelled orders the others of their lists that ended with them.
    pub(super) fn with_lists(&self, done: Vec<Order>) -> Vec<Order> {
        let mut all: Vec<Order> = Vec::with_capacity(done.len());
        for order in done {
            let list = order.list().and_then(|list| self.find_list(list));
            let others =
                list.into_iter().flat_map(|list| &list.orders).filter_map(|(id, _)| self.archive.order(*id));
            let others =
                others.filter(|other| other.status == OrderStatus::Cancelled && other.id != order.id);
            let known: Vec<Order> = others.cloned().collect();
            all.push(order);
            all.extend(known);
        }
        all.sort_by_key(|order| order.id);
        all.dedup_by_key(|order| order.id);
        all
    }
}

impl Order {
    /// Returns the order as it was requested, to be placed now.
    pub(super) fn again(&self, reference: Option<Price>) -> NewOrder {
        let is_by_quote = self.is_by_quote();
        NewOrder {
            account: self.account,
            symbol: self.symbol,
            side: self.side,
            kind: self.kind,
            time_in_force: self.time_in_force,
            price: (!self.kind.is_market()).then_some(self.price),
            quantity: (!is_by_quote).then_some(self.quantity),
            quote_quantity: is_by_quote.then_some(self.quote_quantity()),
            client_id: Some(self.client_id),
            stp: self.stp,
            expires_at: self.expires_at(),
            trigger: self.trigger(),
            iceberg: self.iceberg(),
            strategy: self.strategy(),
            reference,
        }
    }
}

/// The average price an order was filled at, rounded down to a tick.
fn average_price(spec: &SymbolSpec, order: &Order) -> Option<Price> {
    let lots = i128::from(order.executed.get()).checked_mul(i128::from(spec.notional_unit))?;
    let ticks = order.executed_quote.units().checked_div(lots)?;
    u64::try_from(ticks).ok().map(Price::from_ticks)
}
