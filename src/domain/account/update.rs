//! What the book says of an order apart from trades.

use super::{
    event::ExecutionKind,
    slot::{Open, Pending, Turn},
};
use crate::domain::{
    command::Answer,
    id::{AssetId, CommandId},
    message::{OrderChange, OrderUpdated},
    money::{Amount, Lots},
    order::{EndReason, Order, OrderKind, OrderStatus, Side},
    reject::{Fault, Reject},
};

impl Turn<'_> {
    pub(super) fn update(&mut self, update: &OrderUpdated) -> Result<(), Fault> {
        let open = self.state.orders.get_mut(&update.order);
        let Open { order, placing } =
            open.ok_or_else(|| Fault::new(format!("news of no open order {}", update.order)))?;
        order.updated_at = update.time.max(order.updated_at);
        if let OrderChange::Accepted { handle } = update.change {
            order.handle = Some(handle);
            let (order, placing) = (*order, placing.take());
            if let Some(placing) = placing {
                self.answer_placing(&order, placing);
            }
            return self.send_deferred(order.id);
        }
        let order = *order;
        match update.change {
            OrderChange::Accepted { .. } => Ok(()),
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
        let asset = self.paid_asset(&order)?;
        self.close(order, Some(kind), &[asset])
    }

    fn paid_asset(&self, order: &Order) -> Result<AssetId, Fault> {
        let spec = self.catalogue.symbol(order.symbol);
        spec.map(|spec| spec.paid(order.side).id).ok_or_else(|| Fault::new("order on an unknown symbol"))
    }

    fn prevented(&mut self, mut order: Order, lots: Lots) -> Result<(), Fault> {
        order.prevented = order.prevented.checked_add(lots).ok_or(Reject::Overflow)?;
        self.release_lots(&mut order, lots)?;
        self.store(order);
        let asset = self.paid_asset(&order)?;
        self.report(&order, ExecutionKind::Prevented(lots), None, &[asset])
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
        self.store(order);
        self.out.answers.push((command, Ok(Answer::Amended { order, previous_client_id })));
        let asset = self.paid_asset(&order)?;
        self.report(&order, ExecutionKind::Replaced, Some(previous_client_id), &[asset])?;
        self.amend_is_done(order.id, command)
    }

    fn store(&mut self, order: Order) {
        if let Some(open) = self.state.orders.get_mut(&order.id) {
            open.order = order;
        }
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
