//! Settling one side of a trade, and closing an order.

use super::{
    event::{Execution, ExecutionKind, UserEventKind},
    ledger::{self, Place},
    place::placed,
    slot::{Open, Placing, Turn},
};
use crate::domain::{
    command::{Answer, Replaced},
    id::{AssetId, ClientOrderId},
    message::TradeExecuted,
    money::Amount,
    order::{Fill, Order, OrderKind, OrderStatus, Side},
    planted::{Bug, planted},
    reject::{Fault, Reject},
    symbol::SymbolSpec,
};

impl Turn<'_> {
    /// Debits the hold, credits the proceeds less the fee, and releases what a better price saved, in one step.
    pub(super) fn settle(&mut self, trade: &TradeExecuted) -> Result<(), Fault> {
        let catalogue = self.catalogue;
        let spec = catalogue.symbol(trade.symbol).ok_or_else(|| Fault::new("trade on an unknown symbol"))?;
        let state = &mut *self.state;
        let open = state.orders.get_mut(&trade.order);
        let Open { order, placing } = open
            .ok_or_else(|| Fault::new(format!("trade {} for no open order {}", trade.trade, trade.order)))?;
        let account =
            state.accounts.get_mut(&order.account).ok_or_else(|| Fault::new("order without account"))?;
        let rates = spec.fee_rates(account.tier);
        let rate = if trade.is_maker { rates.maker } else { rates.taker };
        let quote = spec.notional(trade.price, trade.lots)?;
        let base = spec.base_amount(trade.lots)?;
        let (paid, received) = match order.side {
            Side::Buy => (quote, base),
            Side::Sell => (base, quote),
        };
        let saved = saved(spec, order, trade, quote)?;
        let mut fee = rate.of_rounded_up(received)?;
        if planted(Bug::FeeRoundsDown) {
            fee = Amount::new(received.units() * i128::from(rate.units()) / 100_000_000);
        }
        let (paid_asset, received_asset) = (spec.paid(order.side).id, spec.received(order.side).id);
        let spent = paid.plus(saved)?;

        let postings = &mut self.out.postings;
        let owner = order.account;
        let balance = account.balances.entry(paid_asset);
        ledger::post(&mut balance.frozen, Place::Frozen(owner), paid_asset, spent.negated()?, postings)?;
        ledger::post(&mut balance.available, Place::Available(owner), paid_asset, saved, postings)?;
        let balance = account.balances.entry(received_asset);
        let net = received.minus(fee)?;
        ledger::post(&mut balance.available, Place::Available(owner), received_asset, net, postings)?;
        if !planted(Bug::FeeCreditedToNobody) {
            ledger::post(state.fees.entry(received_asset), Place::Fees, received_asset, fee, postings)?;
        }
        ledger::post(state.clearing.entry(paid_asset), Place::Clearing, paid_asset, paid, postings)?;
        let taken = received.negated()?;
        ledger::post(state.clearing.entry(received_asset), Place::Clearing, received_asset, taken, postings)?;
        account.updated_at = state.time;

        order.hold = order.hold.minus(spent)?;
        order.executed = order.executed.checked_add(trade.lots).ok_or(Reject::Overflow)?;
        order.executed_quote = order.executed_quote.plus(quote)?;
        order.updated_at = trade.time.max(order.updated_at);
        order.status = if trade.is_filled { OrderStatus::Filled } else { OrderStatus::PartiallyFilled };
        let may_be_filled = trade.remaining.is_zero() || order.is_by_quote();
        if order.remaining() != trade.remaining || (trade.is_filled && !may_be_filled) {
            return Err(Fault::new(format!(
                "order {}: {} lots remain here, {} in the book",
                order.id,
                order.remaining().get(),
                trade.remaining.get()
            )));
        }
        let fill = Fill {
            trade: trade.trade,
            order: order.id,
            account: owner,
            symbol: trade.symbol,
            side: order.side,
            price: trade.price,
            lots: trade.lots,
            quote,
            fee,
            is_maker: trade.is_maker,
            time: trade.time,
        };
        let order = *order;
        if !trade.is_maker
            && let Some(placing) = placing
        {
            placing.fills.push(fill);
        }
        state.archive.add_fill(fill);
        let (time, events) = (state.time, &mut self.out.events);
        account.tell(owner, time, events, |_| execution(&order, ExecutionKind::Trade(fill), None));
        if order.status == OrderStatus::Filled {
            return self.close(order, None, &[paid_asset, received_asset]);
        }
        account.tell_balances(owner, time, events, &[paid_asset, received_asset]);
        Ok(())
    }

    /// Ends an order that has its final status: tells its owner (`kind`, unless told already), gives back what
    /// it still holds, takes it off the open orders, and answers who waits for it.
    pub(super) fn close(
        &mut self,
        mut order: Order,
        kind: Option<ExecutionKind>,
        assets: &[AssetId],
    ) -> Result<(), Fault> {
        let state = &mut *self.state;
        let owner = order.account;
        let account = state.accounts.get_mut(&owner).ok_or_else(|| Fault::new("order without account"))?;
        let keeps = planted(Bug::CancelKeepsHold)
            && order.status == OrderStatus::Cancelled
            && !order.executed.is_zero();
        if !order.hold.is_zero() && !keeps {
            let spec = self
                .catalogue
                .symbol(order.symbol)
                .ok_or_else(|| Fault::new("order on an unknown symbol"))?;
            let asset = spec.paid(order.side).id;
            let balance = account.balances.entry(asset);
            ledger::freeze(balance, owner, asset, order.hold.negated()?, &mut self.out.postings)?;
            order.hold = Amount::ZERO;
        }
        account.updated_at = state.time;
        account.remove_open(order.id, order.symbol);
        if let Some(kind) = kind {
            let original = (order.status == OrderStatus::Cancelled).then_some(order.client_id);
            account.tell(owner, state.time, &mut self.out.events, |_| execution(&order, kind, original));
        }
        account.tell_balances(owner, state.time, &mut self.out.events, assets);
        state.amending.remove(&order.id);
        state.client_ids.remove(&(owner, order.client_id));
        let placing = state.orders.remove(&order.id).and_then(|open| open.placing);
        if order.status != OrderStatus::Rejected {
            state.archive.add_order(order);
        }
        if let Some(placing) = placing {
            self.answer_placing(&order, placing);
        }
        for deferred in self.state.deferred.remove(&order.id).unwrap_or_default() {
            self.finish(deferred.command, Err(Reject::UnknownOrder))?;
        }
        Ok(())
    }

    /// Answers whoever waits for the book's word on a new order.
    pub(super) fn answer_placing(&mut self, order: &Order, placing: Placing) {
        let replaces = placing.replaces.map(|cancelled| *cancelled);
        let answer = match (order.status, order.reason) {
            (OrderStatus::Rejected, reason) => {
                let reject = match reason {
                    Some(crate::domain::order::EndReason::BookFull) => Reject::BookFull,
                    _ => Reject::WouldTake,
                };
                match replaces {
                    None => Err(reject),
                    Some(cancelled) => {
                        Ok(Answer::Replaced(Box::new(Replaced { cancelled, placed: Some(Err(reject)) })))
                    }
                }
            }
            _ => Ok(placed(*order, placing.fills, replaces)),
        };
        self.out.answers.push((placing.command, answer));
    }

    /// Moves part of an order's hold back to what is free.
    pub(super) fn release(
        &mut self,
        order: &mut Order,
        spec: &SymbolSpec,
        amount: Amount,
    ) -> Result<(), Fault> {
        if amount.is_zero() {
            return Ok(());
        }
        let asset = spec.paid(order.side).id;
        order.hold = order.hold.minus(amount)?;
        let time = self.state.time;
        let owner = order.account;
        let account =
            self.state.accounts.get_mut(&owner).ok_or_else(|| Fault::new("order without account"))?;
        account.updated_at = time;
        ledger::freeze(account.balances.entry(asset), owner, asset, amount.negated()?, &mut self.out.postings)
    }

    /// Tells an order's owner of a change that is not an end.
    pub(super) fn report(
        &mut self,
        order: &Order,
        kind: ExecutionKind,
        original: Option<ClientOrderId>,
        assets: &[AssetId],
    ) -> Result<(), Fault> {
        let time = self.state.time;
        let account = self.state.accounts.get_mut(&order.account);
        let account = account.ok_or_else(|| Fault::new("order without account"))?;
        account.tell(order.account, time, &mut self.out.events, |_| execution(order, kind, original));
        account.tell_balances(order.account, time, &mut self.out.events, assets);
        Ok(())
    }
}

/// An order's change as its owner is told it.
pub(super) fn execution(
    order: &Order,
    kind: ExecutionKind,
    original: Option<ClientOrderId>,
) -> UserEventKind {
    UserEventKind::Execution(Box::new(Execution { order: *order, kind, original_client_id: original }))
}

/// What a limit buy saved by trading below its limit: released in the same step as the trade.
fn saved(spec: &SymbolSpec, order: &Order, trade: &TradeExecuted, quote: Amount) -> Result<Amount, Fault> {
    if order.side != Side::Buy || order.kind == OrderKind::Market || planted(Bug::ImprovementStranded) {
        return Ok(Amount::ZERO);
    }
    let saved = spec.notional(order.price, trade.lots)?.minus(quote)?;
    if saved.is_negative() {
        return Err(Fault::new(format!("order {} traded beyond its limit", order.id)));
    }
    Ok(saved)
}
