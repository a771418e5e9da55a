//! Generates conditional orders, order lists and dead-man's switches, close to the market, so that orders are
//! triggered and trigger more.

use lightning_exchange::domain::{
    account::{AccountQuery, AccountView},
    messages::command::{AccountCommand, CancelAllAfter, CancelList, OrderRef},
    orders::{Bips, ListOrders, NewOrder, OrderListRef, OrderType, PlaceList, Side, TimeInForce, Trigger},
    types::{
        id::{AccountId, OrderId, OrderListId, SymbolId},
        money::{Lots, Price},
        time::Timestamp,
    },
};

use super::{generator::Generator, world::World};

/// The conditional types with a limit, and those without.
const LIMITED: [OrderType; 2] = [OrderType::StopLossLimit, OrderType::TakeProfitLimit];
const UNLIMITED: [OrderType; 2] = [OrderType::StopLoss, OrderType::TakeProfit];

impl Generator {
    /// Makes an order conditional.
    pub(super) fn make_conditional(&mut self, order: &mut NewOrder) {
        let is_limited = order.price.is_some() && self.random.one_in(2);
        let kinds = if is_limited { LIMITED } else { UNLIMITED };
        let kind = self.random.pick(&kinds);
        self.make_wait(order, kind);
    }

    fn make_wait(&mut self, order: &mut NewOrder, kind: OrderType) {
        order.kind = kind;
        (order.expires_at, order.quote_quantity) = (None, None);
        order.quantity = order.quantity.or(Some(Lots::new(1)));
        if kind.is_market() {
            (order.price, order.time_in_force, order.iceberg) = (None, TimeInForce::Ioc, None);
        } else if order.time_in_force == TimeInForce::Gtd {
            order.time_in_force = TimeInForce::Gtc;
        }
        let trailing = self.random.one_in(3).then(|| self.bips());
        let stop = (trailing.is_none() || self.random.one_in(2)).then(|| self.price());
        order.trigger = Some(Trigger { stop, trailing });
    }

    /// A distance of a few ticks.
    fn bips(&mut self) -> Bips {
        let (middle, prices) = (self.setup.middle.max(1), self.setup.prices);
        let ticks = 1 + self.random.below(prices);
        let bips = (Bips::ONE * ticks).div_ceil(middle).saturating_sub(self.random.below(2));
        Bips::new(bips.clamp(1, Bips::ONE)).unwrap_or(Bips::SMALLEST)
    }

    /// Makes a list of orders.
    pub(super) fn list(&mut self, world: &World, now: Timestamp) -> AccountCommand {
        let plain = self.order(world, now);
        let (account, symbol) = (plain.account, plain.symbol);
        let orders = match self.random.below(5) {
            0..3 => ListOrders::Pair(self.pair(&plain)),
            3 => ListOrders::Then(self.working(&plain), {
                let next = self.order(world, now);
                NewOrder { account, symbol, reference: plain.reference, ..next }
            }),
            _ => {
                let working = self.working(&plain);
                let side = if self.random.one_in(4) { plain.side } else { plain.side.opposite() };
                ListOrders::ThenPair(working, self.pair(&NewOrder { side, client_id: None, ..plain }))
            }
        };
        let client_id = (self.setup.features.names && self.random.one_in(2)).then(|| self.name());
        AccountCommand::PlaceList(Box::new(PlaceList { account, symbol, client_id, orders }))
    }

    /// A working order: often one that fills at once.
    fn working(&mut self, like: &NewOrder) -> NewOrder {
        let price = self.price();
        let kind = self.random.pick(&[OrderType::Limit, OrderType::Limit, OrderType::LimitMaker]);
        NewOrder { kind, ..self.limited(like, price) }
    }

    fn limited(&self, like: &NewOrder, price: Price) -> NewOrder {
        NewOrder {
            stp: like.stp,
            client_id: like.client_id,
            reference: like.reference,
            ..NewOrder::limit(
                like.account,
                like.symbol,
                like.side,
                price,
                like.quantity.unwrap_or(Lots::new(1)),
            )
        }
    }

    /// An OCO pair around the market: one rests or takes a profit, the other stops a loss.
    fn pair(&mut self, like: &NewOrder) -> [NewOrder; 2] {
        let (one, other) = (self.price(), self.price());
        let (mut high, mut low) = (one.max(other), one.min(other));
        if high == low && !self.random.one_in(8) {
            high = Price::from_ticks(high.ticks() + 1 + self.random.below(2));
            low = Price::from_ticks(low.ticks().saturating_sub(self.random.below(2)).max(1));
        }
        let (gain_at, stop_at) = if like.side == Side::Sell { (high, low) } else { (low, high) };
        let mut gain = self.limited(like, gain_at);
        if self.random.one_in(2) {
            gain.kind = OrderType::LimitMaker;
        } else {
            let kind = self.random.pick(&[OrderType::TakeProfit, OrderType::TakeProfitLimit]);
            self.make_wait(&mut gain, kind);
            self.aim(&mut gain, gain_at);
        }
        let mut stop = NewOrder { client_id: None, ..self.limited(like, stop_at) };
        let kind = self.random.pick(&[OrderType::StopLoss, OrderType::StopLossLimit]);
        self.make_wait(&mut stop, kind);
        self.aim(&mut stop, stop_at);
        if like.side == Side::Sell { [gain, stop] } else { [stop, gain] }
    }

    /// Sets the trigger price of a conditional leg.
    fn aim(&self, order: &mut NewOrder, price: Price) {
        if let Some(trigger) = &mut order.trigger {
            trigger.stop = trigger.stop.map(|_| price);
        }
    }

    /// Cancels a list, a recent one or one by name.
    pub(super) fn cancel_list(&mut self, world: &World) -> AccountCommand {
        let name = (self.setup.features.names && self.random.one_in(3)).then(|| self.name());
        let (account, symbol, id) = match self.target(world) {
            Some((order, account, symbol)) => (account, symbol, list_of(world, order, account, symbol)),
            None => (self.account(), self.symbol(), None),
        };
        let client_id = if id.is_none() { name.or_else(|| Some(self.name())) } else { None };
        let list = OrderListRef { id, client_id };
        AccountCommand::CancelList(CancelList { account, symbol, list, name })
    }

    pub(super) fn countdown(&mut self) -> AccountCommand {
        let after_micros = (!self.random.one_in(4)).then(|| self.random.below(3_000));
        AccountCommand::CancelAllAfter(CancelAllAfter { account: self.account(), after_micros })
    }
}

/// The list of a recent order, if it belongs to one.
fn list_of(world: &World, order: OrderId, account: AccountId, symbol: SymbolId) -> Option<OrderListId> {
    let slot = world.account_slot(account);
    if let Some(order) = slot.open_order(order) {
        return order.list();
    }
    let order = OrderRef { id: Some(order), client_id: None };
    match slot.query(account, &AccountQuery::Order { symbol, order }, Timestamp::default()) {
        Ok(AccountView::Order(order)) => order.list(),
        _ => None,
    }
}
