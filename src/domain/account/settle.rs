//! Settling one side of a trade, and closing an order.

use super::{
    event::{Execution, ExecutionKind, UserEvent, UserEventKind},
    ledger::{self, Place},
    place::placed,
    slot::Turn,
};
use crate::domain::{
    command::Answer,
    id::{AccountId, AssetId, ClientOrderId},
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
        let order = state.orders.get_mut(&trade.order);
        let order = order
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
        order.status =
            if trade.remaining.is_zero() { OrderStatus::Filled } else { OrderStatus::PartiallyFilled };
        if order.remaining() != trade.remaining {
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
            && let Some(placing) = state.placing.get_mut(&order.id)
        {
            placing.fills.push(fill);
        }
        state.archive.add_fill(fill);
        self.report(&order, ExecutionKind::Trade(fill), None)?;
        if order.status == OrderStatus::Filled {
            self.close(order)?;
        }
        self.report_balances(owner, &[paid_asset, received_asset])
    }

    /// Gives back what the order still holds, takes it off the open orders, and answers who waits for it. The
    /// order already has its final status.
    pub(super) fn close(&mut self, mut order: Order) -> Result<(), Fault> {
        let catalogue = self.catalogue;
        let spec = catalogue.symbol(order.symbol).ok_or_else(|| Fault::new("order on an unknown symbol"))?;
        let keeps = planted(Bug::CancelKeepsHold)
            && order.status == OrderStatus::Cancelled
            && !order.executed.is_zero();
        if !keeps {
            let rest = order.hold;
            self.release(&mut order, spec, rest)?;
        }
        let state = &mut *self.state;
        state.orders.remove(&order.id);
        state.amending.remove(&order.id);
        state.client_ids.remove(&(order.account, order.client_id));
        let account =
            state.accounts.get_mut(&order.account).ok_or_else(|| Fault::new("order without account"))?;
        account.open.remove(&order.id);
        if let Some(open) = account.open_by_symbol.get_mut(&order.symbol) {
            *open = open.saturating_sub(1);
        }
        if order.status != OrderStatus::Rejected {
            state.archive.add_order(order);
        }
        self.answer_placing(&order);
        for deferred in self.state.deferred.remove(&order.id).unwrap_or_default() {
            self.finish(deferred.command, Err(Reject::UnknownOrder))?;
        }
        Ok(())
    }

    /// Answers whoever waits for the book's word on a new order, if anybody still does.
    pub(super) fn answer_placing(&mut self, order: &Order) {
        let Some(placing) = self.state.placing.remove(&order.id) else { return };
        let answer = match (order.status, order.reason) {
            (OrderStatus::Rejected, reason) => {
                let reject = match reason {
                    Some(crate::domain::order::EndReason::BookFull) => Reject::BookFull,
                    _ => Reject::WouldTake,
                };
                match placing.replaces {
                    None => Err(reject),
                    Some(cancelled) => Ok(Answer::Replaced { cancelled, placed: Some(Err(reject)) }),
                }
            }
            _ => Ok(placed(*order, placing.fills, placing.replaces)),
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

    /// Numbers a private event and, when somebody listens, makes it.
    pub(super) fn report(
        &mut self,
        order: &Order,
        kind: ExecutionKind,
        original_client_id: Option<ClientOrderId>,
    ) -> Result<(), Fault> {
        let time = self.state.time;
        let account = self.account(order.account)?;
        account.event_seq += 1;
        if account.watched {
            let seq = account.event_seq;
            let kind =
                UserEventKind::Execution(Box::new(Execution { order: *order, kind, original_client_id }));
            self.out.events.push(UserEvent { account: order.account, seq, time, kind });
        }
        Ok(())
    }

    /// Numbers and, when somebody listens, makes the event that shows these balances.
    pub(super) fn report_balances(&mut self, owner: AccountId, assets: &[AssetId]) -> Result<(), Fault> {
        let time = self.state.time;
        let account = self.account(owner)?;
        account.event_seq += 1;
        if account.watched {
            let seq = account.event_seq;
            let balances = assets.iter().map(|&asset| (asset, account.balances.get(asset))).collect();
            self.out.events.push(UserEvent {
                account: owner,
                seq,
                time,
                kind: UserEventKind::Balances(balances),
            });
        }
        Ok(())
    }
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
