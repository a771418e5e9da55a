//! Taking an order: check it, hold its funds, send it to its book.

use super::{
    change::Change,
    event::ExecutionKind,
    plan::{self, Plan},
    settle::execution,
    slot::Turn,
    state::{Account, Placing},
};
use crate::domain::{
    command::{Answer, Replaced},
    id::{AccountId, ClientOrderId, CommandId, OrderId},
    limits::OrderCounts,
    message::{SubmitOrder, ToSymbol},
    money::{Amount, Lots, Price},
    order::{EndReason, Fill, NewOrder, Order, OrderStatus},
    planted::{Bug, planted},
    reject::{Fault, Filter, Reject},
    symbol::SymbolSpec,
};

impl Turn<'_> {
    /// Places an order; `replaces` is the cancel half when this is the second half of a cancel-replace. The
    /// outer error is a fault; `Ok(None)` means the book answers.
    pub(super) fn place(
        &mut self,
        command: CommandId,
        order: &NewOrder,
        replaces: Option<Result<Order, Reject>>,
    ) -> Result<Result<Option<Answer>, Reject>, Fault> {
        let catalogue = self.catalogue;
        let accepted = match self.preflight(order) {
            Ok(accepted) => accepted,
            Err(reject) => return Ok(Err(reject)),
        };
        let Some(spec) = catalogue.symbol(order.symbol) else { return Ok(Err(Reject::UnknownSymbol)) };
        let state_order = self.new_order(order, &accepted);
        match accepted.plan {
            Some(plan) => self.submit(command, spec, state_order, plan, replaces).map(|()| Ok(None)),
            None => self.expire_unpriced(state_order, replaces).map(|answer| Ok(Some(answer))),
        }
    }

    /// Says whether the order would be accepted now, and changes nothing.
    ///
    /// # Errors
    /// The first rule it breaks.
    pub(super) fn preflight(&self, order: &NewOrder) -> Result<Accepted, Reject> {
        let account = self.state.accounts.get(&order.account).ok_or(Reject::UnknownAccount)?;
        let spec = self.catalogue.symbol(order.symbol).ok_or(Reject::UnknownSymbol)?;
        account.quota.check(self.catalogue.order_limits(), self.state.time)?;
        preflight(
            self.state.next_order,
            self.state.slot,
            self.state.time,
            account,
            spec,
            order,
            |client_id| self.state.names.contains(&(order.account, client_id)),
        )
    }

    fn new_order(&self, order: &NewOrder, accepted: &Accepted) -> Order {
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
            quote_quantity: order.quote_quantity.unwrap_or(Amount::ZERO),
            executed: Lots::ZERO,
            executed_quote: Amount::ZERO,
            prevented: Lots::ZERO,
            hold: accepted.plan.map_or(Amount::ZERO, |plan| plan.hold),
            status: OrderStatus::Pending,
            reason: None,
            handle: None,
            expires_at: order.expires_at,
            created_at: self.state.time,
            updated_at: self.state.time,
        }
    }

    fn submit(
        &mut self,
        command: CommandId,
        spec: &SymbolSpec,
        order: Order,
        plan: Plan,
        replaces: Option<Result<Order, Reject>>,
    ) -> Result<(), Fault> {
        let asset = spec.paid(order.side).id;
        self.freeze(order.account, asset, plan.hold)?;
        let placing = Placing { command, fills: Vec::new(), replaces: replaces.map(Box::new) };
        self.change(Change::OrderOpened { order, placing })?;
        self.tell(order.account, |_| execution(&order, ExecutionKind::New, None))?;
        self.tell_balances(order.account, &[asset])?;
        self.send(
            order.symbol.slot(),
            ToSymbol::SubmitOrder(SubmitOrder {
                order: order.id,
                account: order.account,
                symbol: order.symbol,
                side: order.side,
                limit: plan.limit,
                lots: plan.lots,
                budget: plan.budget,
                by_quote: order.is_by_quote(),
                policy: plan.policy,
                stp: order.stp,
            }),
        );
        Ok(())
    }

    /// A market order with neither a last trade nor a quote to be priced by: it ends at once, nothing is held.
    fn expire_unpriced(
        &mut self,
        mut order: Order,
        replaces: Option<Result<Order, Reject>>,
    ) -> Result<Answer, Fault> {
        self.report(&order, ExecutionKind::New, None, &[])?;
        order.status = OrderStatus::Expired;
        order.reason = Some(EndReason::NoReference);
        self.report(&order, ExecutionKind::Expired, None, &[])?;
        self.change(Change::OrderRefused { order })?;
        Ok(self.placed(order, Vec::new(), replaces))
    }

    /// The answer to a placed order, alone or as the second half of a cancel-replace.
    pub(super) fn placed(
        &self,
        order: Order,
        fills: Vec<Fill>,
        replaces: Option<Result<Order, Reject>>,
    ) -> Answer {
        let counts = self.counts(order.account);
        match replaces {
            None => Answer::Placed { order, fills, counts },
            Some(cancelled) => {
                Answer::Replaced(Box::new(Replaced { cancelled, placed: Some(Ok((order, fills))), counts }))
            }
        }
    }

    /// The answer to a cancel-replace that placed nothing: it was refused, or not attempted.
    pub(super) fn replaced(
        &self,
        account: AccountId,
        cancelled: Result<Order, Reject>,
        refused: Option<Reject>,
    ) -> Answer {
        let counts = self.counts(account);
        Answer::Replaced(Box::new(Replaced { cancelled, placed: refused.map(Err), counts }))
    }

    fn counts(&self, account: AccountId) -> OrderCounts {
        let account = self.state.accounts.get(&account);
        account.map(|account| account.quota.counts(self.state.time)).unwrap_or_default()
    }

    /// Says whether the account may place one more order.
    pub(super) fn check_quota(&self, account: AccountId) -> Result<(), Reject> {
        let account = self.state.accounts.get(&account).ok_or(Reject::UnknownAccount)?;
        account.quota.check(self.catalogue.order_limits(), self.state.time)
    }
}

/// An order that passed every check.
#[derive(Debug, Clone, Copy)]
pub(super) struct Accepted {
    id: OrderId,
    client_id: ClientOrderId,
    plan: Option<Plan>,
}

fn preflight(
    next_order: u64,
    slot: crate::domain::id::SlotId,
    now: crate::domain::time::Timestamp,
    account: &Account,
    spec: &SymbolSpec,
    order: &NewOrder,
    is_client_id_open: impl Fn(ClientOrderId) -> bool,
) -> Result<Accepted, Reject> {
    plan::check(spec, order, now)?;
    let open = account.open_by_symbol.get(order.symbol);
    if open >= spec.filters.open_orders_max {
        return Err(Reject::Filter(Filter::MaxNumOrders));
    }
    let id = OrderId::compose(next_order, slot).ok_or(Reject::IdsExhausted)?;
    let client_id = order.client_id.unwrap_or_else(|| ClientOrderId::generated(id.get()));
    if is_client_id_open(client_id) && !planted(Bug::DuplicateClientIdAccepted) {
        return Err(Reject::DuplicateClientOrderId);
    }
    let available = account.balances.get(spec.paid(order.side).id).available;
    let plan = plan::plan(spec, order, available)?;
    Ok(Accepted { id, client_id, plan })
}
