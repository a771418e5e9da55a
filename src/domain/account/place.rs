//! Places an order: checks it, holds its funds, sends it to its book.

use super::{
    change::Change,
    event::ExecutionKind,
    plan::{self, Plan},
    slot::{Refusable, Turn},
    state::{Account, AccountState, Placing},
};
use crate::domain::{
    instruments::symbol::SymbolSpec,
    messages::{
        command::{Answer, Replaced},
        message::{OrderExtras, SubmitOrder, ToSymbol},
        reject::{Fault, Filter, Reject},
    },
    orders::{CloseReason, ColdFields, Fill, NewOrder, Order, OrderStatus, Side, Working},
    testing::mutants::{Mutant, mutated},
    types::{
        id::{AccountId, ClientOrderId, CommandId, OrderId},
        money::{Amount, Lots, Price},
        time::Timestamp,
    },
};

impl Turn<'_> {
    /// Places an order; `replaces` is the cancel half when this is the second half of a cancel-replace. The outer error
    /// is a fault; `Ok(None)` means the book answers.
    pub(super) fn place(
        &mut self,
        command: CommandId,
        order: &NewOrder,
        replaces: Option<Result<Order, Reject>>,
    ) -> Refusable<Option<Answer>> {
        let instruments = self.instruments;
        let accepted = match self.preflight(order) {
            Ok(accepted) => accepted,
            Err(reject) => {
                self.explain(command, std::slice::from_ref(order), reject);
                return Ok(Err(reject));
            }
        };
        let Some(spec) = instruments.symbol(order.symbol) else { return Ok(Err(Reject::UnknownSymbol)) };
        let opened = Box::new(self.new_order(order, &accepted));
        let Some(plan) = accepted.plan else {
            return self.expire_unpriced(*opened, replaces).map(|answer| Ok(Some(answer)));
        };
        let asset = spec.paid(order.side).id;
        self.hold_funds(order.account, asset, plan.hold)?;
        let placing = Placing { command, fills: Vec::new(), replaces: replaces.map(Box::new) };
        let (id, submit) = (opened.id, submission(&opened, &plan, None));
        if order.kind.may_be_refused() {
            self.change(Change::OrderSubmitted { order: opened, placing: Some(placing) })?;
        } else {
            self.change(Change::OrderOpened { order: opened, placing: Some(placing) })?;
            self.emit_new(id)?;
            self.emit_balances(order.account, &[asset])?;
        }
        self.send(order.symbol.slot(), ToSymbol::SubmitOrder(submit));
        Ok(Ok(None))
    }

    /// Checks whether the order would be accepted now, and changes nothing.
    ///
    /// # Errors
    /// The first rule it breaks.
    pub(super) fn preflight(&self, order: &NewOrder) -> Result<Accepted, Reject> {
        let account = self.state.accounts.get(&order.account).ok_or(Reject::UnknownAccount)?;
        let spec = self.instruments.symbol(order.symbol).ok_or(Reject::UnknownSymbol)?;
        account.quota.check(self.instruments.order_limits(), 1, self.state.clock)?;
        self.state.accept(account, spec, order, self.state.clock)
    }

    pub(super) fn new_order(&self, order: &NewOrder, accepted: &Accepted) -> Order {
        let is_conditional = order.kind.is_conditional() && accepted.plan.is_some();
        Order {
            id: accepted.id,
            account: order.account,
            symbol: order.symbol,
            client_id: accepted.client_id,
            side: order.side,
            kind: order.kind,
            time_in_force: order.time_in_force,
            stp: order.stp,
            price: order.price.unwrap_or(Price::from_ticks(0)),
            quantity: accepted.plan.map(|plan| plan.lots).or(order.quantity).unwrap_or(Lots::ZERO),
            executed: Lots::ZERO,
            executed_quote: Amount::ZERO,
            hold: accepted.plan.map_or(Amount::ZERO, |plan| plan.hold),
            status: if is_conditional { OrderStatus::ConditionalPending } else { OrderStatus::Pending },
            reason: None,
            handle: None,
            created_at: self.state.time,
            updated_at: self.state.time,
            cold: None,
        }
        .with(ColdFields {
            quote_quantity: order.quote_quantity.unwrap_or(Amount::ZERO),
            expires_at: order.expires_at,
            trigger: order.trigger,
            iceberg: order.iceberg,
            strategy: order.strategy,
            working: if is_conditional { Working::NotYet } else { Working::FromTheStart },
            ..ColdFields::default()
        })
    }

    /// Ends a market order with neither a last trade nor a quote as its reference price: it expires at once, without a
    /// hold.
    fn expire_unpriced(
        &mut self,
        mut order: Order,
        replaces: Option<Result<Order, Reject>>,
    ) -> Result<Answer, Fault> {
        self.report(&order, ExecutionKind::New, None, &[])?;
        order.status = OrderStatus::Expired;
        order.reason = Some(CloseReason::NoReference);
        self.report(&order, ExecutionKind::Expired, None, &[])?;
        self.change(Change::OrderRefused { order: Box::new(order.clone()) })?;
        Ok(self.placed(order, Vec::new(), replaces))
    }

    /// Returns the answer to a placed order, alone or as the second half of a cancel-replace.
    pub(super) fn placed(
        &self,
        order: Order,
        fills: Vec<Fill>,
        replaces: Option<Result<Order, Reject>>,
    ) -> Answer {
        let counts = self.state.counts(order.account);
        match replaces {
            None => Answer::Placed { order: Box::new(order), fills, counts },
            Some(cancelled) => {
                Answer::Replaced(Box::new(Replaced { cancelled, placed: Some(Ok((order, fills))), counts }))
            }
        }
    }

    /// Returns the answer to a cancel-replace that placed nothing: its order was rejected, or not attempted.
    pub(super) fn replaced(
        &self,
        account: AccountId,
        cancelled: Result<Order, Reject>,
        refused: Option<Reject>,
    ) -> Answer {
        let counts = self.state.counts(account);
        Answer::Replaced(Box::new(Replaced { cancelled, placed: refused.map(Err), counts }))
    }

    /// Checks whether the account may place one more order.
    pub(super) fn check_quota(&self, account: AccountId) -> Result<(), Reject> {
        let account = self.state.accounts.get(&account).ok_or(Reject::UnknownAccount)?;
        account.quota.check(self.instruments.order_limits(), 1, self.state.clock)
    }
}

/// Returns the message to the book for an order whose funds are held; `pair` is the other leg of its OCO.
pub(super) fn submission(order: &Order, plan: &Plan, pair: Option<OrderId>) -> SubmitOrder {
    let (budget, by_quote) = (plan.budget, order.is_by_quote());
    let extras = OrderExtras { budget, by_quote, peak: order.iceberg(), condition: plan.condition, pair };
    SubmitOrder {
        order: order.id,
        account: order.account,
        symbol: order.symbol,
        side: order.side,
        limit: plan.limit,
        lots: plan.lots,
        policy: plan.policy,
        stp: order.stp,
        extras: extras.boxed(),
    }
}

/// An order that passed every check.
#[derive(Debug, Clone, Copy)]
pub(super) struct Accepted {
    pub(super) id: OrderId,
    pub(super) client_id: ClientOrderId,
    pub(super) plan: Option<Plan>,
}

impl AccountState {
    /// Checks whether an order would be accepted at a time, apart from how many orders the account has placed lately.
    ///
    /// # Errors
    /// The first rule it breaks.
    pub(super) fn accept(
        &self,
        account: &Account,
        spec: &SymbolSpec,
        order: &NewOrder,
        now: Timestamp,
    ) -> Result<Accepted, Reject> {
        account.check_may_trade()?;
        plan::check(spec, order, now)?;
        self.check_counts(account, spec, std::slice::from_ref(order))?;
        let room = self.check_position(account, spec, plan::bought(spec, order))?;
        let (id, client_id) = self.name_order(order, 0)?;
        let available = account.balances.get(spec.paid(order.side).id).available;
        let mut plan = plan::plan(spec, order, available)?;
        // The quantity an amount buys is known only when it trades: at a better price than expected it is more.
        if let (Some(plan), Some(room), Side::Buy, None) = (&mut plan, room, order.side, order.quantity) {
            plan.lots = plan.lots.min(room);
        }
        Ok(Accepted { id, client_id, plan })
    }

    /// Returns the id an order gets as the `ahead`-th after the next, and its name.
    ///
    /// # Errors
    /// Ids are used up, or the name is taken by an open order.
    pub(super) fn name_order(
        &self,
        order: &NewOrder,
        ahead: u64,
    ) -> Result<(OrderId, ClientOrderId), Reject> {
        let counter = self.next_order.checked_add(ahead).ok_or(Reject::IdsExhausted)?;
        let id = OrderId::compose(counter, self.slot).ok_or(Reject::IdsExhausted)?;
        let client_id = order.client_id.unwrap_or_else(|| ClientOrderId::generated(id.get()));
        if self.orders.named(&(order.account, client_id)).is_some()
            && !mutated(Mutant::DuplicateClientIdAccepted)
        {
            return Err(Reject::DuplicateClientOrderId);
        }
        Ok((id, client_id))
    }

    /// Checks the filters that count the account's open orders on a symbol.
    ///
    /// # Errors
    /// The first that fails, in the order MAX_NUM_ORDERS, MAX_NUM_ALGO_ORDERS, MAX_NUM_ICEBERG_ORDERS.
    pub(super) fn check_counts(
        &self,
        account: &Account,
        spec: &SymbolSpec,
        new: &[NewOrder],
    ) -> Result<(), Reject> {
        let (filters, special) = (&spec.filters, &spec.filters.special);
        let open = account.open_by_symbol.get(spec.id) as usize + new.len();
        if open > filters.open_orders_max as usize {
            return Err(Reject::Filter(Filter::MaxNumOrders));
        }
        let is_exceeded = |max: u32, new: usize, is_counted: &dyn Fn(&Order) -> bool| {
            let open = account.open.iter().filter_map(|id| self.order(*id));
            let counted = || open.filter(|order| order.symbol == spec.id && is_counted(order)).count();
            max != 0 && new != 0 && counted() + new > max as usize
        };
        let conditional = new.iter().filter(|order| order.kind.is_conditional()).count();
        if is_exceeded(special.algo_orders_max, conditional, &|order| order.kind.is_conditional()) {
            return Err(Reject::Filter(Filter::MaxNumAlgoOrders));
        }
        let icebergs = new.iter().filter(|order| order.iceberg.is_some()).count();
        if is_exceeded(special.iceberg_orders_max, icebergs, &|order| order.iceberg().is_some()) {
            return Err(Reject::Filter(Filter::MaxNumIcebergOrders));
        }
        Ok(())
    }

    /// Checks MAX_POSITION: the amount of the base asset an account owns, is buying, and buys with this order. Returns
    /// the number of lots it may still buy; `None` when there is no such bound, or nothing is bought.
    ///
    /// # Errors
    /// It would be more than the filter admits.
    pub(super) fn check_position(
        &self,
        account: &Account,
        spec: &SymbolSpec,
        bought: Lots,
    ) -> Result<Option<Lots>, Reject> {
        let max = spec.filters.special.position_max;
        if max.is_zero() || bought.is_zero() {
            return Ok(None);
        }
        let balance = account.balances.get(spec.base.id);
        let mut position = balance.available.plus(balance.held)?;
        let open = account.open.iter().filter_map(|id| self.order(*id));
        for order in open.filter(|order| order.symbol == spec.id && order.side == Side::Buy) {
            position = position.plus(spec.base_amount(order.remaining())?)?;
        }
        let room = spec.base_amount(max)?.minus(position)?.units() / i128::from(spec.lot_units);
        match u64::try_from(room).map(Lots::new) {
            Ok(room) if bought <= room => Ok(Some(room)),
            _ => Err(Reject::Filter(Filter::MaxPosition)),
        }
    }
}
