//! Placing lists of orders (Binance Spot, order lists).

use super::{
    change::Change,
    place::Accepted,
    plan,
    slot::{Refusable, Turn},
    state::Placing,
};
use crate::domain::{
    instruments::symbol::SymbolSpec,
    messages::reject::{Filter, Reject},
    orders::{
        Contingency, Direction, ListOrders, ListStatus, NewOrder, Order, OrderList, OrderStatus, OrderType,
        PlaceList, Side,
    },
    types::{
        id::{ClientOrderId, CommandId, OrderListId},
        money::{Amount, Lots},
    },
};

/// A list that passed every check.
struct Prepared {
    list: OrderList,
    /// The orders, those to send first at the front.
    orders: Vec<Order>,
    /// The amounts to hold for those to send now.
    plans: Vec<plan::Plan>,
}

impl Turn<'_> {
    pub(super) fn place_list(&mut self, command: CommandId, place: &PlaceList) -> Refusable {
        let instruments = self.instruments;
        let Some(spec) = instruments.symbol(place.symbol) else { return Ok(Err(Reject::UnknownSymbol)) };
        let Prepared { list, orders, plans } = match self.prepare(spec, place) {
            Ok(prepared) => prepared,
            Err(reject) => {
                let orders: Vec<NewOrder> = place.orders.all().copied().collect();
                self.explain(command, &orders, reject);
                return Ok(Err(reject));
            }
        };
        let id = list.id;
        let sent = &orders[..plans.len()];
        let unanswered = u8::try_from(sent.len()).unwrap_or(u8::MAX);
        self.change(Change::ListOpened { list, command, unanswered })?;
        let may_be_refused = sent.iter().any(|order| order.kind.may_be_refused());
        for (index, order) in orders.iter().enumerate() {
            let placing = || Placing { command, fills: Vec::new(), replaces: None };
            let placing = (index < sent.len()).then(placing);
            let order = Box::new(order.clone());
            self.change(match may_be_refused {
                true => Change::OrderSubmitted { order, placing },
                false => Change::OrderOpened { order, placing },
            })?;
        }
        self.hold(spec, sent, &plans)?;
        if !may_be_refused {
            self.emit_list_placed(id)?;
        }
        self.send_orders(sent, &plans);
        Ok(Ok(()))
    }

    fn prepare(&self, spec: &SymbolSpec, place: &PlaceList) -> Result<Prepared, Reject> {
        let state = &*self.state;
        let account = state.accounts.get(&place.account).ok_or(Reject::UnknownAccount)?;
        let all: Vec<NewOrder> = place.orders.all().copied().collect();
        let more = u32::try_from(all.len()).unwrap_or(u32::MAX);
        account.quota.check(self.instruments.order_limits(), more, state.clock)?;
        account.check_may_trade()?;
        for order in &all {
            plan::check(spec, order, state.clock)?;
        }
        check_shape(place)?;
        let open = state
            .lists
            .values()
            .filter(|open| open.list.account == place.account && open.list.symbol == spec.id);
        let max = spec.filters.special.order_lists_max;
        if max != 0 && open.count() >= max as usize {
            return Err(Reject::Filter(Filter::MaxNumOrderLists));
        }
        state.check_counts(account, spec, &all)?;
        state.check_position(account, spec, bought(spec, &place.orders))?;
        let id = OrderListId::compose(state.next_list, state.slot).ok_or(Reject::IdsExhausted)?;
        let client_id = place.client_id.unwrap_or_else(|| ClientOrderId::generated(u64::MAX - id.get()));
        if state.list_names.contains(&(place.account, client_id)) {
            return Err(Reject::DuplicateClientOrderId);
        }
        let (contingency, sent) = match &place.orders {
            ListOrders::Pair(_) => (Contingency::OneCancelsOther, 2),
            ListOrders::Then(..) | ListOrders::ThenPair(..) => (Contingency::OneTriggersOther, 1),
        };
        let available = account.balances.get(spec.paid(all[0].side).id).available;
        let mut orders: Vec<Order> = Vec::with_capacity(all.len());
        let mut plans = Vec::with_capacity(sent);
        for (ahead, order) in all.iter().enumerate() {
            let (order_id, name) = state.name_order(order, ahead as u64)?;
            if orders.iter().any(|other| other.client_id == name) {
                return Err(Reject::DuplicateClientOrderId);
            }
            let is_sent = ahead < sent;
            let plan = if is_sent { plan::plan(spec, order, available)? } else { None };
            if is_sent {
                plans.push(plan.ok_or(Reject::PriceRelation)?);
            }
            let mut new = self.new_order(order, &Accepted { id: order_id, client_id: name, plan });
            new.cold_mut().list = Some(id);
            new.hold = Amount::ZERO;
            if !is_sent {
                new.cold_mut().awaits_list = true;
                new.status = OrderStatus::ConditionalPending;
                new.set_working(None);
            }
            orders.push(new);
        }
        let list = OrderList {
            id,
            account: place.account,
            symbol: place.symbol,
            client_id,
            contingency,
            status: ListStatus::Executing,
            orders: orders.iter().map(|order| (order.id, order.client_id)).collect(),
            created_at: state.time,
            updated_at: state.time,
        };
        Ok(Prepared { list, orders, plans })
    }
}

/// Returns the maximum number of lots the orders of a list buy: only one leg of an OCO trades.
fn bought(spec: &SymbolSpec, orders: &ListOrders) -> Lots {
    let of = |order: &NewOrder| plan::bought(spec, order);
    let of_pair = |[above, below]: &[NewOrder; 2]| of(above).max(of(below));
    let (working, rest) = match orders {
        ListOrders::Pair(pair) => (Lots::ZERO, of_pair(pair)),
        ListOrders::Then(working, pending) => (of(working), of(pending)),
        ListOrders::ThenPair(working, pair) => (of(working), of_pair(pair)),
    };
    Lots::new(working.get().saturating_add(rest.get()))
}

/// Checks how the orders of a list fit together.
fn check_shape(place: &PlaceList) -> Result<(), Reject> {
    if place.orders.all().any(|order| order.account != place.account || order.symbol != place.symbol) {
        return Err(Reject::ListMismatch);
    }
    if place.orders.all().any(|order| order.quote_quantity.is_some()) {
        return Err(Reject::UnsupportedCombination);
    }
    let (working, pair) = match &place.orders {
        ListOrders::Pair(pair) => (None, Some(pair)),
        ListOrders::Then(working, _) => (Some(working), None),
        ListOrders::ThenPair(working, pair) => (Some(working), Some(pair)),
    };
    if working.is_some_and(|order| !matches!(order.kind, OrderType::Limit | OrderType::LimitMaker)) {
        return Err(Reject::UnsupportedCombination);
    }
    pair.map_or(Ok(()), check_pair)
}

/// The first leg of an OCO must be above the market and the second below it: one rests, or takes profit; the other
/// stops a loss.
fn check_pair([above, below]: &[NewOrder; 2]) -> Result<(), Reject> {
    if above.side != below.side || above.quantity != below.quantity {
        return Err(Reject::ListMismatch);
    }
    let is_stop = |order: &NewOrder| matches!(order.kind, OrderType::StopLoss | OrderType::StopLossLimit);
    let is_gain = |order: &NewOrder| {
        matches!(order.kind, OrderType::LimitMaker | OrderType::TakeProfit | OrderType::TakeProfitLimit)
    };
    let fits = match above.side {
        Side::Sell => is_gain(above) && is_stop(below),
        Side::Buy => is_stop(above) && is_gain(below),
    };
    if !fits {
        return Err(Reject::UnsupportedCombination);
    }
    let place = |order: &NewOrder| match order.trigger {
        Some(trigger) => trigger.stop,
        None => order.price,
    };
    match (place(above), place(below)) {
        (Some(above), Some(below)) if !Direction::Up.reaches(below, above) || above == below => {
            Err(Reject::PriceRelation)
        }
        _ => Ok(()),
    }
}
