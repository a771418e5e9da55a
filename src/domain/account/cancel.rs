//! Cancel, cancel all, amend and cancel-replace. The slot knows who owns an order and where it rests; the book
//! alone decides whether the command or a trade came first.

use super::{
    plan,
    slot::{Deferred, Pending, Turn},
};
use crate::domain::{
    command::{
        AmendOrder, Answer, CancelAll, CancelOrder, CancelRestriction, OrderRef, ReplaceMode, ReplaceOrder,
        Replaced,
    },
    id::{AccountId, ClientOrderId, CommandId, OrderId, SymbolId},
    message::{AmendResting, CancelResting, ToSymbol},
    money::Lots,
    order::{Handle, Order, OrderStatus},
    planted::{Bug, planted},
    reject::{Fault, Filter, Reject},
};

impl Turn<'_> {
    pub(super) fn cancel(&mut self, command: CommandId, cancel: &CancelOrder) -> Result<(), Reject> {
        let order = self.cancellable(cancel.account, cancel.symbol, &cancel.order, cancel.restriction)?;
        self.state.pending.insert(command, Pending::Cancel);
        self.ask_book(&order, command, None);
        Ok(())
    }

    pub(super) fn cancel_all(&mut self, command: CommandId, cancel: CancelAll) -> Result<(), Reject> {
        let account = self.state.accounts.get(&cancel.account).ok_or(Reject::UnknownAccount)?;
        let is_meant = |order: &&Order| order.symbol == cancel.symbol;
        let open = account.open.iter().filter_map(|id| self.state.order(*id)).filter(is_meant);
        let orders: Vec<Order> = open.copied().collect();
        if orders.is_empty() {
            return Err(Reject::UnknownOrder);
        }
        self.state.pending.insert(command, Pending::CancelAll { left: orders.len(), done: Vec::new() });
        for order in &orders {
            self.ask_book(order, command, None);
        }
        Ok(())
    }

    pub(super) fn amend(&mut self, command: CommandId, amend: AmendOrder) -> Result<(), Reject> {
        let order = self.find(amend.account, amend.symbol, &amend.order)?;
        let spec = self.catalogue.symbol(amend.symbol).ok_or(Reject::UnknownSymbol)?;
        if amend.quantity > order.quantity {
            return Err(Reject::AmendIncrease);
        }
        let reduce_by = order.quantity.checked_sub(amend.quantity).filter(|lots| !lots.is_zero());
        let reduce_by = reduce_by.ok_or(Reject::AmendNoChange)?;
        // Nothing would be left to trade, or the rest would break the filter it was accepted under.
        if amend.quantity < spec.filters.lots_min || reduce_by >= order.remaining() {
            return Err(Reject::Filter(Filter::LotSize));
        }
        let client_id = match amend.client_id {
            Some(client_id) => client_id,
            None => self.generated_client_id()?,
        };
        let is_reserved = client_id != order.client_id;
        if is_reserved {
            if self.state.client_ids.contains(&(amend.account, client_id)) {
                return Err(Reject::DuplicateClientOrderId);
            }
            // Reserved now, so that no order takes the name while the book is asked.
            self.state.client_ids.insert((amend.account, client_id), order.id);
        }
        let account = amend.account;
        self.state.pending.insert(command, Pending::Amend { account, client_id, is_reserved });
        self.ask_book(&order, command, Some(reduce_by));
        Ok(())
    }

    fn generated_client_id(&mut self) -> Result<ClientOrderId, Reject> {
        let id = OrderId::compose(self.state.next_order, self.state.slot).ok_or(Reject::IdsExhausted)?;
        self.state.next_order += 1;
        Ok(ClientOrderId::generated(id.get()))
    }

    pub(super) fn replace(
        &mut self,
        command: CommandId,
        replace: Box<ReplaceOrder>,
    ) -> Result<Result<(), Reject>, Fault> {
        let new = &replace.order;
        let Some(spec) = self.catalogue.symbol(new.symbol) else { return Ok(Err(Reject::UnknownSymbol)) };
        // Filters are judged before the cancel: a new order that can never be placed must not cost the old one.
        if let Err(reject) = plan::check(spec, new, self.state.time) {
            return Ok(Err(reject));
        }
        match self.cancellable(new.account, new.symbol, &replace.cancel, replace.restriction) {
            Ok(order) => {
                self.state.pending.insert(command, Pending::Replace(replace));
                self.ask_book(&order, command, None);
                Ok(Ok(()))
            }
            Err(reject) => self.continue_replace(command, &replace, Err(reject)).map(Ok),
        }
    }

    /// The second half of a cancel-replace, once the first is known.
    fn continue_replace(
        &mut self,
        command: CommandId,
        replace: &ReplaceOrder,
        cancelled: Result<Order, Reject>,
    ) -> Result<(), Fault> {
        let stops = replace.mode == ReplaceMode::StopOnFailure && !planted(Bug::ReplaceIgnoresFailure);
        if cancelled.is_err() && stops {
            self.out
                .answers
                .push((command, Ok(Answer::Replaced(Box::new(Replaced { cancelled, placed: None })))));
            return Ok(());
        }
        match self.place(command, &replace.order, Some(cancelled))? {
            Ok(None) => {}
            Ok(Some(answer)) => self.out.answers.push((command, Ok(answer))),
            Err(reject) => {
                let answer = Answer::Replaced(Box::new(Replaced { cancelled, placed: Some(Err(reject)) }));
                self.out.answers.push((command, Ok(answer)));
            }
        }
        Ok(())
    }

    /// Brings a command the book has decided to its end, or to its second half.
    pub(super) fn finish(&mut self, command: CommandId, result: Result<Order, Reject>) -> Result<(), Fault> {
        let Some(pending) = self.state.pending.remove(&command) else {
            return Err(Fault::new(format!("command {} is not pending", command.get())));
        };
        match pending {
            Pending::Cancel => self.out.answers.push((command, result.map(Answer::Cancelled))),
            Pending::CancelAll { left, mut done } => {
                done.extend(result);
                if left > 1 {
                    self.state.pending.insert(command, Pending::CancelAll { left: left - 1, done });
                } else if done.is_empty() {
                    self.out.answers.push((command, Err(Reject::UnknownOrder)));
                } else {
                    self.out.answers.push((command, Ok(Answer::AllCancelled(done))));
                }
            }
            Pending::Amend { account, client_id, is_reserved } => {
                if is_reserved {
                    self.state.client_ids.remove(&(account, client_id));
                }
                let reject = result.err().unwrap_or(Reject::UnknownOrder);
                self.out.answers.push((command, Err(reject)));
            }
            Pending::Replace(replace) => self.continue_replace(command, &replace, result)?,
        }
        Ok(())
    }

    /// Sends what was asked of an order before its place in the book was known.
    pub(super) fn send_deferred(&mut self, order: OrderId) -> Result<(), Fault> {
        let deferred = self.state.deferred.remove(&order).unwrap_or_default();
        for Deferred { command, reduce_by } in deferred {
            let order = self.state.order(order).copied();
            let order = order.ok_or_else(|| Fault::new("an accepted order vanished"))?;
            self.ask_book(&order, command, reduce_by);
        }
        Ok(())
    }

    /// Asks the book to cancel or reduce an order, now or as soon as its handle is known (corner case C10).
    fn ask_book(&mut self, order: &Order, command: CommandId, reduce_by: Option<Lots>) {
        match order.handle {
            Some(handle) => self.send_to_book(order, handle, command, reduce_by),
            None if planted(Bug::CancelInFlightForgotten) => {}
            None => self.state.deferred.entry(order.id).or_default().push(Deferred { command, reduce_by }),
        }
    }

    fn send_to_book(&mut self, order: &Order, handle: Handle, command: CommandId, reduce_by: Option<Lots>) {
        let (symbol, id) = (order.symbol, order.id);
        let message = match reduce_by {
            None => ToSymbol::CancelOrder(CancelResting { symbol, order: id, handle, command }),
            Some(reduce_by) => {
                ToSymbol::AmendOrder(AmendResting { symbol, order: id, handle, reduce_by, command })
            }
        };
        let envelope = self.state.links.send(symbol.slot(), message);
        self.out.messages.push(envelope);
    }

    fn cancellable(
        &self,
        account: AccountId,
        symbol: SymbolId,
        order: &OrderRef,
        restriction: Option<CancelRestriction>,
    ) -> Result<Order, Reject> {
        let order = self.find(account, symbol, order)?;
        match (restriction, order.status) {
            (None, _)
            | (Some(CancelRestriction::OnlyNew), OrderStatus::Pending)
            | (Some(CancelRestriction::OnlyPartiallyFilled), OrderStatus::PartiallyFilled) => Ok(order),
            _ => Err(Reject::CancelRestricted),
        }
    }

    /// Finds an open order of the account: by id, and then the client's name must match; or by that name.
    fn find(&self, account: AccountId, symbol: SymbolId, order: &OrderRef) -> Result<Order, Reject> {
        let by_name = |client_id| self.state.client_ids.get(&(account, client_id)).copied();
        let id = order.id.or_else(|| order.client_id.and_then(by_name)).ok_or(Reject::UnknownOrder)?;
        let found = self.state.order(id).filter(|found| found.account == account && found.symbol == symbol);
        let found = found.ok_or(Reject::UnknownOrder)?;
        if order.client_id.is_some_and(|client_id| client_id != found.client_id) {
            return Err(Reject::ClientOrderIdMismatch);
        }
        Ok(*found)
    }
}
