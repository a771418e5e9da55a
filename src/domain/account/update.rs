//! Handles the reports of the book about an order apart from trades.

use super::{
    change::{Change, ReductionCause},
    event::ExecutionKind,
    settle::{End, execution},
    slot::Turn,
    state::Pending,
};
use crate::domain::{
    messages::{
        command::Answer,
        message::{OrderChange, OrderUpdated},
        reject::{Fault, Reject},
    },
    orders::{CloseReason, Handle, Order, OrderStatus, OrderType, Side},
    types::{
        id::{AssetId, CommandId, OrderId},
        money::{Amount, Lots},
        time::Timestamp,
    },
};

impl Turn<'_> {
    pub(super) fn update(&mut self, update: &OrderUpdated) -> Result<(), Fault> {
        let OrderUpdated { order: id, change, time } = *update;
        let standing = self.state.order(id);
        let order = standing.ok_or_else(|| Fault::new(format!("report: order {id} is not open")))?;
        match change {
            OrderChange::Accepted { handle } => self.order_accepted(id, Some(handle), time),
            OrderChange::Ended { remaining, reason } => self.ended(order.clone(), remaining, reason, time),
            OrderChange::Untriggered => self.order_accepted(id, None, time),
            OrderChange::Triggered => {
                self.announce(id)?;
                let order = self.state.standing(id)?;
                // The other leg of an OCO may still be on its way: the report of its end arrives later, perhaps long
                // after this order has ended.
                let account = order.account;
                if let Some(mut other_leg) = self.state.live_other_leg(order).cloned() {
                    self.leave_pair(&mut other_leg)?;
                    if let Some(list) = other_leg.list() {
                        self.change(Change::NeedSet { list, order: other_leg.id, need: Amount::ZERO })?;
                    }
                }
                self.change(Change::OrderTriggered { order: id, time })?;
                self.emit(account, |state| Ok(execution(state.standing(id)?, ExecutionKind::Triggered, None)))
            }
            OrderChange::Cancelled { remaining, command } => {
                self.announce(id)?;
                let order = self.state.standing(id)?;
                expect_remaining(order, remaining)?;
                let reason = Some(CloseReason::Cancelled);
                let name = match self.state.pending.get(&command) {
                    Some(Pending::Cancel { name, .. } | Pending::CancelList { name, .. }) => *name,
                    _ => None,
                };
                let end = End { status: OrderStatus::Cancelled, reason, time, name };
                let asset = self.paid_asset(order)?;
                let order = self.close(id, end, Some(ExecutionKind::Cancelled), &[asset])?;
                self.finish(command, Ok(order))
            }
            OrderChange::Prevented { lots, ends, by } => {
                let order = self.reduce(order.clone(), lots, ReductionCause::Prevented(by), time)?;
                let kind = ExecutionKind::Prevented(lots, Some(by));
                if !ends {
                    return self.report(&order, kind, None, &[self.paid_asset(&order)?]);
                }
                expect_remaining(&order, Lots::ZERO)?;
                let end = End::new(OrderStatus::Expired, Some(CloseReason::SelfTrade), time);
                self.end(&order, end, kind).map(|_| ())
            }
            OrderChange::Reduced { lots, command } => self.reduced(order.clone(), lots, command, time),
        }
    }

    /// Handles the report that an order rests in its book, or waits there: it is announced, the command that placed it
    /// is answered, and the requests deferred meanwhile are sent.
    fn order_accepted(&mut self, id: OrderId, handle: Option<Handle>, time: Timestamp) -> Result<(), Fault> {
        let is_announced = self.announce_accepted(id)?;
        let placing = self.state.orders.get_mut(&id).and_then(|open| open.placing.take());
        self.change(match handle {
            _ if !is_announced => Change::OrderAcceptedUnannounced { order: id, handle, time },
            Some(handle) => Change::OrderRested { order: id, handle, time },
            None => Change::OrderUntriggered { order: id, time },
        })?;
        if let Some(placing) = placing {
            let order = self.state.standing(id)?.clone();
            self.answer_placing(&order, *placing)?;
        }
        self.send_deferred(id)
    }

    fn ended(
        &mut self,
        order: Order,
        remaining: Lots,
        reason: CloseReason,
        time: Timestamp,
    ) -> Result<(), Fault> {
        expect_remaining(&order, remaining)?;
        let is_refused = match reason {
            CloseReason::WouldTake | CloseReason::BookFull => order.kind == OrderType::LimitMaker,
            CloseReason::WouldTrigger | CloseReason::ListRefused => true,
            _ => false,
        };
        if !is_refused {
            self.announce(order.id)?;
        }
        // An order acknowledged with its list stays an order, and keeps a reason that shows it.
        let reason =
            if is_refused && self.state.is_released(&order) { CloseReason::PendingRefused } else { reason };
        let (status, kind) = match reason {
            _ if is_refused => (OrderStatus::Rejected, ExecutionKind::Rejected),
            CloseReason::ListCancelled => (OrderStatus::Cancelled, ExecutionKind::Cancelled),
            CloseReason::SelfTrade => (OrderStatus::Expired, ExecutionKind::Prevented(Lots::ZERO, None)),
            _ => (OrderStatus::Expired, ExecutionKind::Expired),
        };
        self.end(&order, End::new(status, Some(reason), time), kind).map(|_| ())
    }

    fn end(&mut self, order: &Order, end: End, kind: ExecutionKind) -> Result<Order, Fault> {
        let asset = self.paid_asset(order)?;
        self.close(order.id, end, Some(kind), &[asset])
    }

    pub(super) fn paid_asset(&self, order: &Order) -> Result<AssetId, Fault> {
        self.spec(order.symbol).map(|spec| spec.paid(order.side).id)
    }

    fn reduced(
        &mut self,
        order: Order,
        lots: Lots,
        command: CommandId,
        time: Timestamp,
    ) -> Result<(), Fault> {
        let previous_client_id = order.client_id;
        let Some(&Pending::Amend { client_id, .. }) = self.state.pending.get(&command) else {
            return Err(Fault::new(format!("command {} amended nothing", command.get())));
        };
        self.change(Change::Decided(command))?;
        let order = self.reduce(order, lots, ReductionCause::Amended(client_id), time)?;
        self.answer(command, Ok(Answer::Amended { order: Box::new(order.clone()), previous_client_id }))?;
        let asset = self.paid_asset(&order)?;
        self.report(&order, ExecutionKind::Replaced, Some(previous_client_id), &[asset])?;
        self.amend_is_done(order.id, command)
    }

    /// Removes lots from an order and releases their hold. A market buy holds a budget, not a price per lot: its rest
    /// is released when it ends, which is in the same turn of the book.
    fn reduce(
        &mut self,
        order: Order,
        lots: Lots,
        cause: ReductionCause,
        time: Timestamp,
    ) -> Result<Order, Fault> {
        let spec = self.spec(order.symbol)?;
        let released = match order.side {
            Side::Sell => spec.base_amount(lots)?,
            Side::Buy if order.kind.is_market() => Amount::ZERO,
            Side::Buy => spec.notional(order.price, lots)?,
        };
        let released = self.released_of_pair(&order, released)?;
        self.hold_funds(order.account, spec.paid(order.side).id, released.negated()?)?;
        let (id, symbol) = (order.id, order.symbol);
        let after = match cause {
            ReductionCause::Prevented(_) => order.prevented().checked_add(lots).ok_or(Reject::Overflow)?,
            ReductionCause::Amended(_) => expect_left(&order, lots)?,
        };
        self.change(Change::OrderReduced { order: id, symbol, lots, after, released, cause, time })?;
        self.state.standing(id).cloned()
    }
}

fn expect_left(order: &Order, lots: Lots) -> Result<Lots, Fault> {
    let left = order.quantity.checked_sub(lots);
    left.ok_or_else(|| Fault::new(format!("order {} reduced below zero", order.id)))
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
