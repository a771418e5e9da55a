//! What the book says of an order apart from trades.

use super::{
    event::ExecutionKind,
    slot::{Pending, Turn},
};
use crate::domain::{
    command::Answer,
    id::CommandId,
    message::{OrderChange, OrderUpdated},
    money::{Amount, Lots},
    order::{EndReason, Order, OrderKind, OrderStatus, Side},
    reject::{Fault, Reject},
};

impl Turn<'_> {
    pub(super) fn update(&mut self, update: &OrderUpdated) -> Result<(), Fault> {
        let order = self.state.orders.get_mut(&update.order);
        let order = order.ok_or_else(|| Fault::new(format!("news of no open order {}", update.order)))?;
        order.updated_at = update.time.max(order.updated_at);
        let order = *order;
        match update.change {
            OrderChange::Accepted { handle } => {
                if let Some(order) = self.state.orders.get_mut(&order.id) {
                    order.handle = Some(handle);
                }
                self.answer_placing(&Order { handle: Some(handle), ..order });
                self.send_deferred(order.id)
            }
            // What is left of the amount expires; a listener must see the order end (M5).
            OrderChange::Spent => {
                self.end(Order { status: OrderStatus::Filled, ..order }, ExecutionKind::Expired)
            }
            OrderChange::Ended { remaining, reason } => self.ended(order, remaining, reason),
            OrderChange::Cancelled { remaining, command } => {
                expect_remaining(&order, remaining)?;
                let reason = Some(EndReason::Cancelled);
                let order = Order { status: OrderStatus::Cancelled, reason, ..order };
                self.end(order, ExecutionKind::Cancelled)?;
                self.finish(command, Ok(Order { hold: Amount::ZERO, ..order }))
            }
            OrderChange::Prevented { lots } => self.prevented(order, lots),
            OrderChange::Reduced { lots, command } => self.reduced(order, lots, command),
        }
    }

    fn ended(&mut self, order: Order, remaining: Lots, reason: EndReason) -> Result<(), Fault> {
        expect_remaining(&order, remaining)?;
        let is_refused = order.kind == OrderKind::LimitMaker
            && matches!(reason, EndReason::WouldTake | EndReason::BookFull);
        let (status, kind) = match reason {
            _ if is_refused => (OrderStatus::Rejected, ExecutionKind::Rejected),
            EndReason::SelfTrade => (OrderStatus::Expired, ExecutionKind::Prevented(Lots::ZERO)),
            _ => (OrderStatus::Expired, ExecutionKind::Expired),
        };
        self.end(Order { status, reason: Some(reason), ..order }, kind)
    }

    /// Ends an order with its final status already set.
    fn end(&mut self, order: Order, kind: ExecutionKind) -> Result<(), Fault> {
        let original = (order.status == OrderStatus::Cancelled).then_some(order.client_id);
        self.report(&order, kind, original)?;
        let spec =
            self.catalogue.symbol(order.symbol).ok_or_else(|| Fault::new("order on an unknown symbol"))?;
        let asset = spec.paid(order.side).id;
        self.close(order)?;
        self.report_balances(order.account, &[asset])
    }

    fn prevented(&mut self, mut order: Order, lots: Lots) -> Result<(), Fault> {
        order.prevented = order.prevented.checked_add(lots).ok_or(Reject::Overflow)?;
        self.release_lots(&mut order, lots)?;
        self.state.orders.insert(order.id, order);
        self.report(&order, ExecutionKind::Prevented(lots), None)?;
        let spec =
            self.catalogue.symbol(order.symbol).ok_or_else(|| Fault::new("order on an unknown symbol"))?;
        self.report_balances(order.account, &[spec.paid(order.side).id])
    }

    fn reduced(&mut self, mut order: Order, lots: Lots, command: CommandId) -> Result<(), Fault> {
        let smaller = order.quantity.checked_sub(lots);
        order.quantity =
            smaller.ok_or_else(|| Fault::new(format!("order {} reduced below zero", order.id)))?;
        self.release_lots(&mut order, lots)?;
        let previous_client_id = order.client_id;
        let Some(Pending::Amend { client_id, .. }) = self.state.pending.remove(&command) else {
            return Err(Fault::new(format!("command {} amended nothing", command.get())));
        };
        if client_id != previous_client_id {
            self.state.client_ids.remove(&(order.account, previous_client_id));
            order.client_id = client_id;
        }
        self.state.orders.insert(order.id, order);
        self.out.answers.push((command, Ok(Answer::Amended { order, previous_client_id })));
        self.report(&order, ExecutionKind::Replaced, Some(previous_client_id))?;
        let spec =
            self.catalogue.symbol(order.symbol).ok_or_else(|| Fault::new("order on an unknown symbol"))?;
        self.report_balances(order.account, &[spec.paid(order.side).id])?;
        self.amend_is_done(order.id, command)
    }

    /// Releases what `lots` lots of the order held. A market buy holds a budget, not a price per lot: its rest is
    /// released when it ends, which is in the same turn of the book.
    fn release_lots(&mut self, order: &mut Order, lots: Lots) -> Result<(), Fault> {
        let spec =
            self.catalogue.symbol(order.symbol).ok_or_else(|| Fault::new("order on an unknown symbol"))?;
        let amount = match (order.side, order.kind) {
            (Side::Sell, _) => spec.base_amount(lots)?,
            (Side::Buy, OrderKind::Market) => return Ok(()),
            (Side::Buy, _) => spec.notional(order.price, lots)?,
        };
        self.release(order, spec, amount)
    }
}

fn expect_remaining(order: &Order, remaining: Lots) -> Result<(), Fault> {
    if order.remaining() == remaining {
        return Ok(());
    }
    Err(Fault::new(format!(
        "order {}: {} lots remain here, {} in the book",
        order.id,
        order.remaining().get(),
        remaining.get()
    )))
}
