//! Settles one side of a trade, and closes orders.

use super::{
    change::Change,
    event::{Execution, ExecutionKind, UserEventKind},
    ledger::LedgerAccount,
    slot::Turn,
    state::Placing,
};
use crate::domain::{
    instruments::symbol::SymbolSpec,
    messages::{
        message::TradeExecuted,
        reject::{Fault, Reject},
    },
    orders::{CloseReason, Fill, Order, OrderStatus, Side},
    testing::mutants::{Mutant, mutated},
    types::{
        id::{AssetId, ClientOrderId, OrderId},
        money::Amount,
        time::Timestamp,
    },
};

impl Turn<'_> {
    /// Debits the hold, credits the proceeds less the fee, and releases the saving of a better price, in one step.
    pub(super) fn settle(&mut self, trade: &TradeExecuted) -> Result<(), Fault> {
        let spec = self.spec(trade.symbol)?;
        let Some(order) = self.state.order(trade.order) else {
            return Err(Fault::new(format!("trade {} for no open order {}", trade.trade, trade.order)));
        };
        if order.side != trade.side {
            return Err(Fault::new(format!(
                "trade {} for the other side of order {}",
                trade.trade, order.id
            )));
        }
        let (owner, side) = (order.account, order.side);
        let rates = spec.fee_rates(self.state.account(owner)?.tier);
        let rate = if trade.is_maker { rates.maker } else { rates.taker };
        let quote = spec.notional(trade.price, trade.lots)?;
        let base = spec.base_amount(trade.lots)?;
        let (paid, received) = match side {
            Side::Buy => (quote, base),
            Side::Sell => (base, quote),
        };
        let saved = saved(spec, order, trade, quote)?;
        let executed = order.executed.checked_add(trade.lots).ok_or(Reject::Overflow)?;
        let executed_quote = order.executed_quote.plus(quote)?;
        let mut fee = rate.of_rounded_up(received)?;
        if mutated(Mutant::FeeRoundsDown) {
            fee = Amount::new(received.units() * i128::from(rate.units()) / 100_000_000);
        }
        let (paid_asset, received_asset) = (spec.paid(side).id, spec.received(side).id);
        let spent = paid.plus(saved)?;

        self.post(LedgerAccount::Held(owner), paid_asset, spent.negated()?)?;
        self.post(LedgerAccount::Available(owner), paid_asset, saved)?;
        self.post(LedgerAccount::Available(owner), received_asset, received.minus(fee)?)?;
        if !mutated(Mutant::FeeNotCredited) {
            self.post(LedgerAccount::Fees, received_asset, fee)?;
        }
        self.post(LedgerAccount::Clearing, paid_asset, paid)?;
        self.post(LedgerAccount::Clearing, received_asset, received.negated()?)?;

        let fill = Fill {
            trade: trade.trade,
            order: trade.order,
            account: owner,
            symbol: trade.symbol,
            side,
            price: trade.price,
            lots: trade.lots,
            quote,
            fee,
            is_maker: trade.is_maker,
            time: trade.time,
        };
        let status = if trade.is_filled { OrderStatus::Filled } else { OrderStatus::PartiallyFilled };
        self.change(Change::OrderFilled { fill, spent, status, executed, executed_quote })?;
        let order = self.state.standing(trade.order)?;
        let may_be_filled = trade.remaining.is_zero() || order.is_by_quote();
        if order.remaining() != trade.remaining || (trade.is_filled && !may_be_filled) {
            return Err(Fault::new(format!(
                "order {}: {} lots remain here, {} in the book",
                order.id,
                order.remaining().get(),
                trade.remaining.get()
            )));
        }
        let reason = order.reason;
        let early = order.list().filter(|_| mutated(Mutant::PendingPlacedEarly));
        self.emit(owner, |state| {
            Ok(execution(state.standing(trade.order)?, ExecutionKind::Trade(fill), None))
        })?;
        if trade.is_filled {
            let end = End::new(status, reason, trade.time);
            return self.close(trade.order, end, None, &[paid_asset, received_asset]).map(|_| ());
        }
        if let Some(list) = early {
            let order = self.state.standing(trade.order)?.clone();
            self.list_order_ended(list, &Order { status: OrderStatus::Filled, ..order })?;
        }
        self.emit_balances(owner, &[paid_asset, received_asset])
    }

    /// Ends an order: releases its remaining hold, removes it from the open orders, sends its owner a report (`kind`,
    /// unless sent already), and answers the command that awaits it. Returns the order as it ended.
    pub(super) fn close(
        &mut self,
        order: OrderId,
        end: End,
        kind: Option<ExecutionKind>,
        assets: &[AssetId],
    ) -> Result<Order, Fault> {
        let mut order = self.state.standing(order)?.clone();
        let owner = order.account;
        self.leave_pair(&mut order)?;
        if !order.hold.is_zero() && !keeps_hold_by_bug(&order, end.status) {
            let asset = self.paid_asset(&order)?;
            self.hold_funds(owner, asset, order.hold.negated()?)?;
        }
        let End { status, reason, time, .. } = end;
        let is_rejected_unannounced = status == OrderStatus::Rejected && self.state.is_unannounced(&order);
        let placing = self.state.orders.get_mut(&order.id).and_then(|open| open.placing.take());
        (order.status, order.reason, order.hold) = (status, reason, Amount::ZERO);
        order.updated_at = order.updated_at.max(time);
        self.change(match is_rejected_unannounced {
            true => Change::OrderRejectedUnannounced { order: Box::new(order.clone()) },
            false => Change::OrderClosed { order: order.id, status, reason, time },
        })?;
        if let Some(kind) = kind {
            let original_client_id = (status == OrderStatus::Cancelled).then_some(order.client_id);
            let report =
                Execution { order: order.clone(), kind, original_client_id, cancel_client_id: end.name };
            self.emit(owner, |_| Ok(UserEventKind::Execution(Box::new(report))))?;
        }
        // The hold of a rejected order was not reported by itself, but other events may have shown it. The hold of an
        // OCO is reported when neither leg has it any more.
        let is_held_on = status == OrderStatus::Rejected && self.state.open_other_leg(&order).is_some();
        if !is_held_on {
            self.emit_balances(owner, assets)?;
        }
        if let Some(placing) = placing {
            self.answer_placing(&order, *placing)?;
        }
        let deferred = self.state.deferred.get(&order.id).cloned().unwrap_or_default();
        if !deferred.is_empty() {
            self.change(Change::DeferredTo { order: order.id, requests: Vec::new() })?;
        }
        if let Some(list) = order.list() {
            self.list_order_ended(list, &order)?;
        }
        for deferred in deferred {
            self.missed(order.id, deferred.command, Reject::UnknownOrder)?;
        }
        Ok(order)
    }

    /// Answers the command that awaits the book's report on a new order.
    pub(super) fn answer_placing(&mut self, order: &Order, placing: Placing) -> Result<(), Fault> {
        let rejected = (order.status == OrderStatus::Rejected).then_some(match order.reason {
            Some(CloseReason::BookFull) => Reject::BookFull,
            Some(CloseReason::WouldTrigger) => Reject::WouldTrigger,
            _ => Reject::WouldTake,
        });
        if let Some(list) = order.list() {
            return self.list_order_decided(list, placing.command, rejected);
        }
        let replaces = placing.replaces.map(|cancelled| *cancelled);
        let answer = match rejected {
            Some(reject) => match replaces {
                None => Err(reject),
                Some(cancelled) => Ok(self.replaced(order.account, cancelled, Some(reject))),
            },
            None => Ok(self.placed(order.clone(), placing.fills, replaces)),
        };
        self.answer(placing.command, answer)
    }

    /// Reports a change that is not an end to an order's owner.
    pub(super) fn report(
        &mut self,
        order: &Order,
        kind: ExecutionKind,
        original: Option<ClientOrderId>,
        assets: &[AssetId],
    ) -> Result<(), Fault> {
        self.emit(order.account, |_| Ok(execution(order, kind, original)))?;
        self.emit_balances(order.account, assets)
    }
}

/// The end of an order.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) status: OrderStatus,
    pub(super) reason: Option<CloseReason>,
    pub(super) time: Timestamp,
    /// The name of the cancel that ended it.
    pub(super) name: Option<ClientOrderId>,
}

impl End {
    pub(super) const fn new(status: OrderStatus, reason: Option<CloseReason>, time: Timestamp) -> Self {
        Self { status, reason, time, name: None }
    }
}

/// An order's change as reported to its owner.
pub(super) fn execution(
    order: &Order,
    kind: ExecutionKind,
    original: Option<ClientOrderId>,
) -> UserEventKind {
    let report =
        Execution { order: order.clone(), kind, original_client_id: original, cancel_client_id: None };
    UserEventKind::Execution(Box::new(report))
}

/// Returns the saving of a limit buy that trades below its limit: released in the same step as the trade.
fn saved(spec: &SymbolSpec, order: &Order, trade: &TradeExecuted, quote: Amount) -> Result<Amount, Fault> {
    if order.side != Side::Buy || order.kind.is_market() || mutated(Mutant::ImprovementStranded) {
        return Ok(Amount::ZERO);
    }
    let saved = spec.notional(order.price, trade.lots)?.minus(quote)?;
    if saved.is_negative() {
        return Err(Fault::new(format!("order {} traded beyond its limit", order.id)));
    }
    Ok(saved)
}

fn keeps_hold_by_bug(order: &Order, status: OrderStatus) -> bool {
    mutated(Mutant::CancelKeepsHold) && status == OrderStatus::Cancelled && !order.executed.is_zero()
}
