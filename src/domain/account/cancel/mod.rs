//! Cancel, cancel all, amend and cancel-replace. The slot knows who owns an order and where it rests; the book alone
//! decides whether the command or a trade came first.

use super::{
    change::Change,
    plan,
    slot::{Refusable, Turn},
    state::{AccountState, BookRequest, Deferred, Pending},
};
use crate::domain::{
    messages::{
        command::{
            AmendOrder, Answer, CancelAll, CancelOrder, CancelRestriction, OrderRef, ReplaceMode,
            ReplaceOrder,
        },
        message::{AmendResting, CancelRejected, CancelResting, CancelStop, ToSymbol},
        reject::{Fault, Filter, Reject},
    },
    orders::{NewOrder, Order, OrderStatus},
    testing::mutants::{Mutant, mutated},
    types::{
        id::{AccountId, ClientOrderId, CommandId, OrderId, SymbolId},
        money::Lots,
    },
};

/// The command of a cancel that no client awaits.
pub(super) const NO_COMMAND: CommandId = CommandId::new(0);

impl Turn<'_> {
    pub(super) fn cancel(&mut self, command: CommandId, cancel: &CancelOrder) -> Refusable {
        match self.cancellable(cancel.account, cancel.symbol, &cancel.order, cancel.restriction) {
            Err(reject) => Ok(Err(reject)),
            Ok(order) => {
                let pending = Pending::Cancel { order, name: cancel.name };
                self.change(Change::BookRequested { command, pending })?;
                self.request_book(order, command, BookRequest::Cancel).map(Ok)
            }
        }
    }

    pub(super) fn cancel_all(&mut self, command: CommandId, cancel: CancelAll) -> Refusable {
        let Some(account) = self.state.accounts.get(&cancel.account) else {
            return Ok(Err(Reject::UnknownAccount));
        };
        let orders = self.state.cancel_targets(account, Some(cancel.symbol));
        if orders.is_empty() {
            return Ok(Err(Reject::UnknownOrder));
        }
        let pending = Pending::CancelAll { left: orders.len(), done: Vec::new() };
        self.change(Change::BookRequested { command, pending })?;
        for order in &orders {
            self.request_book(order.id, command, BookRequest::Cancel)?;
        }
        Ok(Ok(()))
    }

    /// Handles an amend. One amend of an order is at its book at a time: the next is checked when the outcome of the
    /// one before is known, because a requested quantity means the total at the end.
    pub(super) fn amend(&mut self, command: CommandId, amend: AmendOrder) -> Refusable {
        let (order, client_id) = match self.amendable(&amend) {
            Ok(amendable) => amendable,
            Err(reject) => return Ok(Err(reject)),
        };
        let is_reserved = client_id != order.client_id;
        if is_reserved {
            // Reserved now, so that no order takes the name while the book decides.
            let (account, name) = (amend.account, client_id);
            self.change(Change::NameReserved { account, name, order: order.id })?;
        }
        if amend.client_id.is_none() {
            self.change(Change::OrderNumbered)?;
        }
        let pending = Pending::Amend { order: order.id, account: amend.account, client_id, is_reserved };
        self.change(Change::BookRequested { command, pending })?;
        self.request_book(order.id, command, BookRequest::Amend(amend.quantity)).map(Ok)
    }

    /// Returns the order an amend refers to and its new name.
    fn amendable(&self, amend: &AmendOrder) -> Result<(Order, ClientOrderId), Reject> {
        let order = self.find(amend.account, amend.symbol, &amend.order)?.clone();
        self.check_amend(&order, amend.quantity)?;
        let generated = OrderId::compose(self.state.next_order, self.state.slot);
        let generated = generated.map(|id| ClientOrderId::generated(id.get()));
        let client_id = amend.client_id.or(generated).ok_or(Reject::IdsExhausted)?;
        if client_id != order.client_id && self.state.orders.named(&(amend.account, client_id)).is_some() {
            return Err(Reject::DuplicateClientOrderId);
        }
        Ok((order, client_id))
    }

    /// Returns by how much an order is reduced to reach this quantity, if it may be.
    fn check_amend(&self, order: &Order, quantity: Lots) -> Result<Lots, Reject> {
        let spec = self.instruments.symbol(order.symbol).ok_or(Reject::UnknownSymbol)?;
        self.state.check_may_trade(order.account)?;
        if order.list().is_some() || order.status == OrderStatus::ConditionalPending {
            return Err(Reject::AmendUnsupported);
        }
        let amends_max = spec.filters.special.amends_max;
        if amends_max != 0 && order.amends() >= amends_max {
            return Err(Reject::Filter(Filter::MaxNumOrderAmends));
        }
        let reduce_by = order.quantity.checked_sub(quantity).ok_or(Reject::AmendIncrease)?;
        if reduce_by.is_zero() {
            return Err(Reject::AmendNoChange);
        }
        if quantity > Lots::ZERO && reduce_by >= order.remaining() {
            return Err(Reject::AmendBelowExecuted);
        }
        // The rest would break the filter the order was accepted under.
        if quantity < spec.filters.lots_min {
            return Err(Reject::Filter(Filter::LotSize));
        }
        spec.check(&NewOrder { quantity: Some(quantity), ..order.again(None) })?;
        Ok(reduce_by)
    }

    pub(super) fn replace(&mut self, command: CommandId, replace: Box<ReplaceOrder>) -> Refusable {
        let new = &replace.order;
        let Some(spec) = self.instruments.symbol(new.symbol) else { return Ok(Err(Reject::UnknownSymbol)) };
        // Status and filters are checked before the cancel: a new order that can never be placed must not cost the old
        // one.
        if let Err(reject) = self.state.check_may_trade(new.account) {
            return Ok(Err(reject));
        }
        if let Err(reject) = plan::check(spec, new, self.state.clock) {
            self.explain(command, std::slice::from_ref(new), reject);
            return Ok(Err(reject));
        }
        if !replace.cancels_when_limited
            && let Err(reject) = self.check_quota(new.account)
        {
            return Ok(Err(reject));
        }
        match self.cancellable(new.account, new.symbol, &replace.cancel, replace.restriction) {
            Ok(order) => {
                self.change(Change::BookRequested { command, pending: Pending::Replace(replace) })?;
                self.request_book(order, command, BookRequest::Cancel).map(Ok)
            }
            Err(reject) => self.continue_replace(command, &replace, Err(reject)).map(Ok),
        }
    }

    /// Carries out the second half of a cancel-replace, once the first is known.
    fn continue_replace(
        &mut self,
        command: CommandId,
        replace: &ReplaceOrder,
        cancelled: Result<Order, Reject>,
    ) -> Result<(), Fault> {
        let stops = replace.mode == ReplaceMode::StopOnFailure && !mutated(Mutant::ReplaceIgnoresFailure);
        if cancelled.is_err() && stops {
            return self.answer(command, Ok(self.replaced(replace.order.account, cancelled, None)));
        }
        match self.place(command, &replace.order, Some(cancelled.clone()))? {
            Ok(None) => Ok(()),
            Ok(Some(answer)) => self.answer(command, Ok(answer)),
            Err(reject) => {
                self.answer(command, Ok(self.replaced(replace.order.account, cancelled, Some(reject))))
            }
        }
    }

    /// Handles the book's answer that it did not find an order of a request.
    pub(super) fn cancel_rejected(&mut self, rejected: &CancelRejected) -> Result<(), Fault> {
        let CancelRejected { order, command, reject } = *rejected;
        self.missed(order, command, reject)
    }

    /// Handles a request that could not be sent because the order has moved or ended. A cancel continues with the order
    /// it refers to by now.
    pub(super) fn missed(&mut self, order: OrderId, command: CommandId, reject: Reject) -> Result<(), Fault> {
        match self.state.next_target(order, command).map(|next| next.id) {
            Some(next) => self.request_book(next, command, BookRequest::Cancel),
            None => self.finish(command, Err(reject)),
        }
    }

    /// Completes a command the book has decided, or starts its second half.
    pub(super) fn finish(&mut self, command: CommandId, result: Result<Order, Reject>) -> Result<(), Fault> {
        if command == NO_COMMAND {
            return Ok(());
        }
        let pending = match self.state.pending.get(&command) {
            None => return Err(Fault::new(format!("command {} is not pending", command.get()))),
            Some(Pending::CancelAll { left, .. }) if *left > 1 => {
                let ended = result.ok().map(|order| order.id);
                return self.change(Change::CancelAllProgressed { command, ended });
            }
            Some(pending) => pending.clone(),
        };
        self.change(Change::Decided(command))?;
        match pending {
            Pending::Cancel { order, .. } => {
                // Another order of the list may have been cancelled in its place.
                let result = result.and_then(|ended| match self.state.archive.order(order) {
                    _ if ended.id == order => Ok(ended),
                    found => found.cloned().ok_or(Reject::UnknownOrder),
                });
                self.answer(command, result.map(|ended| Answer::Cancelled(Box::new(ended))))
            }
            Pending::CancelList { list, .. } => {
                let report = result.and_then(|_| self.state.list_report(list).ok_or(Reject::UnknownOrder));
                self.answer(command, report.map(|report| Answer::ListCancelled(Box::new(report))))
            }
            Pending::CancelAll { mut done, .. } => {
                done.extend(result);
                if done.is_empty() {
                    return self.answer(command, Err(Reject::UnknownOrder));
                }
                let done = self.state.with_lists(done);
                self.answer(command, Ok(Answer::AllCancelled(done)))
            }
            Pending::Amend { order, account, client_id, is_reserved } => {
                if is_reserved {
                    self.change(Change::NameFreed { account, name: client_id })?;
                }
                let reject = result.err().unwrap_or(Reject::UnknownOrder);
                self.answer(command, Err(reject))?;
                self.amend_is_done(order, command)
            }
            Pending::Replace(replace) => {
                let result = result.map(|ended| {
                    let meant = self.state.meant(&replace, &ended);
                    self.state.archive.order(meant).filter(|_| meant != ended.id).cloned().unwrap_or(ended)
                });
                self.continue_replace(command, &replace, result)
            }
        }
    }

    /// Releases the next request for an order, now that this amend is no longer at the book.
    pub(super) fn amend_is_done(&mut self, order: OrderId, command: CommandId) -> Result<(), Fault> {
        if self.state.amending.get(&order) != Some(&command) {
            return Ok(());
        }
        self.change(Change::Amending { order, command: None })?;
        self.send_deferred(order)
    }

    /// Sends the requests for an order that arrived before its handle was known, or while an amend was at the book.
    pub(super) fn send_deferred(&mut self, order: OrderId) -> Result<(), Fault> {
        // Those that are there now: requests that still cannot be sent are deferred anew, behind them.
        let waiting = self.state.deferred.get(&order).map_or(0, Vec::len);
        for _ in 0..waiting {
            let Some(Deferred { command, request }) = self.state.first_deferred(order) else { return Ok(()) };
            self.change(Change::BookRequestResumed(order))?;
            // The request rejected just now, not the order, may have been the last that kept the order's other requests
            // waiting.
            let Some(standing) = self.state.order(order).cloned() else {
                self.finish(command, Err(Reject::UnknownOrder))?;
                continue;
            };
            match request {
                BookRequest::Cancel => self.request_book(order, command, request)?,
                BookRequest::Amend(quantity) => match self.renew_amend(&standing, command, quantity)? {
                    Ok(()) => self.request_book(order, command, request)?,
                    Err(reject) => self.finish(command, Err(reject))?,
                },
            }
            if self.state.amending.contains(&order) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Checks an amend that had to wait anew: quantity and name may have changed since it arrived.
    fn renew_amend(&mut self, order: &Order, command: CommandId, quantity: Lots) -> Refusable {
        if let Err(reject) = self.check_amend(order, quantity) {
            return Ok(Err(reject));
        }
        let Some(&Pending::Amend { client_id: name, is_reserved, .. }) = self.state.pending.get(&command)
        else {
            return Ok(Err(Reject::UnknownOrder));
        };
        let (id, account) = (order.id, order.account);
        if !is_reserved && name != order.client_id {
            if self.state.orders.named(&(account, name)).is_some() {
                return Ok(Err(Reject::DuplicateClientOrderId));
            }
            self.change(Change::NameReserved { account, name, order: id })?;
            let pending = Pending::Amend { order: id, account, client_id: name, is_reserved: true };
            self.change(Change::BookRequested { command, pending })?;
        }
        Ok(Ok(()))
    }

    /// Asks the book to cancel or reduce an order, now or as soon as its handle is known (corner case C10).
    pub(super) fn request_book(
        &mut self,
        order: OrderId,
        command: CommandId,
        request: BookRequest,
    ) -> Result<(), Fault> {
        let order = self.state.standing(order)?;
        if order.awaits_list() {
            let order = order.clone();
            return self.request_working(&order, command);
        }
        let is_amending = self.state.amending.contains(&order.id);
        let is_placing = || self.state.orders.get(&order.id).is_some_and(|open| open.placing.is_some());
        match (order.handle, request) {
            (None, BookRequest::Cancel) if order.is_untriggered() && !is_placing() => {
                let (symbol, order) = (order.symbol, order.id);
                self.send(symbol.slot(), ToSymbol::CancelStop(CancelStop { symbol, order, command }));
                Ok(())
            }
            (None, BookRequest::Cancel) if mutated(Mutant::CancelInFlightForgotten) => Ok(()),
            (None, _) => self.defer(order.id, command, request),
            (Some(_), BookRequest::Amend(_)) if is_amending => self.defer(order.id, command, request),
            (Some(handle), BookRequest::Cancel) => {
                let (symbol, order) = (order.symbol, order.id);
                self.send(
                    symbol.slot(),
                    ToSymbol::CancelOrder(CancelResting { symbol, order, handle, command }),
                );
                Ok(())
            }
            (Some(handle), BookRequest::Amend(quantity)) => {
                let (symbol, order, old) = (order.symbol, order.id, order.quantity);
                self.change(Change::Amending { order, command: Some(command) })?;
                let reduce_by = Lots::new(old.get().saturating_sub(quantity.get()));
                let amend = AmendResting { symbol, order, handle, reduce_by, command };
                self.send(symbol.slot(), ToSymbol::AmendOrder(amend));
                Ok(())
            }
        }
    }

    fn defer(&mut self, order: OrderId, command: CommandId, request: BookRequest) -> Result<(), Fault> {
        self.change(Change::BookRequestDeferred { order, deferred: Deferred { command, request } })
    }

    fn cancellable(
        &self,
        account: AccountId,
        symbol: SymbolId,
        order: &OrderRef,
        restriction: Option<CancelRestriction>,
    ) -> Result<OrderId, Reject> {
        let order = self.find(account, symbol, order)?;
        match (restriction, order.status) {
            (None, _)
            | (Some(CancelRestriction::OnlyNew), OrderStatus::Pending | OrderStatus::ConditionalPending)
            | (Some(CancelRestriction::OnlyPartiallyFilled), OrderStatus::PartiallyFilled) => Ok(order.id),
            _ => Err(Reject::CancelRestricted),
        }
    }

    /// Finds an open order of the account: by id, and then the client's name must match; or by that name.
    fn find(&self, account: AccountId, symbol: SymbolId, order: &OrderRef) -> Result<&Order, Reject> {
        let by_name = |client_id| self.state.orders.named(&(account, client_id));
        let id = order.id.or_else(|| order.client_id.and_then(by_name)).ok_or(Reject::UnknownOrder)?;
        let found = self.state.order(id).filter(|found| found.account == account && found.symbol == symbol);
        let found = found.ok_or(Reject::UnknownOrder)?;
        if order.client_id.is_some_and(|client_id| client_id != found.client_id) {
            return Err(Reject::ClientOrderIdMismatch);
        }
        Ok(found)
    }
}

impl AccountState {
    /// Handles the book's answer for one of the orders that are cancelled together. The order's id is enough: the same
    /// input has closed it, so it is in the archive.
    ///
    /// # Errors
    /// No such command is pending, or the order did not end.
    pub(super) fn progress_cancel_all(
        &mut self,
        command: CommandId,
        ended: Option<OrderId>,
    ) -> Result<(), Fault> {
        let ended = match ended.map(|id| (id, self.archive.order(id))) {
            None => None,
            Some((_, Some(order))) => Some(order.clone()),
            Some((id, None)) => return Err(Fault::new(format!("order {id} was cancelled but is open"))),
        };
        match self.pending.get_mut(&command) {
            Some(Pending::CancelAll { left, done }) if *left > 1 => {
                *left -= 1;
                done.extend(ended);
                Ok(())
            }
            _ => Err(Fault::new(format!("command {} awaits no more than an answer", command.get()))),
        }
    }

    /// Removes the first deferred request for an order.
    ///
    /// # Errors
    /// There is no deferred request.
    pub(super) fn resume(&mut self, order: OrderId) -> Result<(), Fault> {
        let requests = self.deferred.get_mut(&order).filter(|requests| !requests.is_empty());
        let requests =
            requests.ok_or_else(|| Fault::new(format!("no request is deferred for order {order}")))?;
        requests.remove(0);
        if requests.is_empty() {
            self.deferred.remove(&order);
        }
        Ok(())
    }

    fn first_deferred(&self, order: OrderId) -> Option<Deferred> {
        self.deferred.get(&order).and_then(|requests| requests.first()).copied()
    }
}

#[cfg(test)]
mod tests;
