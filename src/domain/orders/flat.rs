//! The bytes and the hash of an order: those of one flat list of fields, however its parts are kept.

use std::{
    hash::{Hash, Hasher},
    num::NonZeroU64,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    CloseReason, ColdFields, Handle, Order, OrderStatus, OrderType, Side, StpMode, Strategy, TimeInForce,
    Trigger, Working,
};
use crate::domain::types::{
    id::{AccountId, ClientOrderId, OrderId, OrderListId, SymbolId},
    money::{Amount, Lots, Price},
    time::Timestamp,
};

/// Every field of an order, in the order the journal has had from the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename = "Order")]
struct Flat {
    id: OrderId,
    account: AccountId,
    symbol: SymbolId,
    client_id: ClientOrderId,
    side: Side,
    kind: OrderType,
    time_in_force: TimeInForce,
    stp: StpMode,
    price: Price,
    quantity: Lots,
    quote_quantity: Amount,
    executed: Lots,
    executed_quote: Amount,
    prevented: Lots,
    hold: Amount,
    status: OrderStatus,
    reason: Option<CloseReason>,
    handle: Option<Handle>,
    expires_at: Option<Timestamp>,
    trigger: Option<Trigger>,
    iceberg: Option<Lots>,
    strategy: Strategy,
    list: Option<OrderListId>,
    awaits_list: bool,
    working_at: Option<Timestamp>,
    amends: u32,
    prevented_match: Option<NonZeroU64>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<&Order> for Flat {
    fn from(order: &Order) -> Self {
        let cold = order.cold();
        Self {
            id: order.id,
            account: order.account,
            symbol: order.symbol,
            client_id: order.client_id,
            side: order.side,
            kind: order.kind,
            time_in_force: order.time_in_force,
            stp: order.stp,
            price: order.price,
            quantity: order.quantity,
            quote_quantity: cold.quote_quantity,
            executed: order.executed,
            executed_quote: order.executed_quote,
            prevented: cold.prevented,
            hold: order.hold,
            status: order.status,
            reason: order.reason,
            handle: order.handle,
            expires_at: cold.expires_at,
            trigger: cold.trigger,
            iceberg: cold.iceberg,
            strategy: cold.strategy,
            list: cold.list,
            awaits_list: cold.awaits_list,
            working_at: order.working_at(),
            amends: cold.amends,
            prevented_match: cold.prevented_match,
            created_at: order.created_at,
            updated_at: order.updated_at,
        }
    }
}

impl From<Flat> for Order {
    fn from(flat: Flat) -> Self {
        let cold = ColdFields {
            quote_quantity: flat.quote_quantity,
            prevented: flat.prevented,
            expires_at: flat.expires_at,
            trigger: flat.trigger,
            iceberg: flat.iceberg,
            strategy: flat.strategy,
            list: flat.list,
            awaits_list: flat.awaits_list,
            amends: flat.amends,
            prevented_match: flat.prevented_match,
            working: Working::FromTheStart,
        };
        let order = Self {
            id: flat.id,
            account: flat.account,
            symbol: flat.symbol,
            client_id: flat.client_id,
            side: flat.side,
            kind: flat.kind,
            time_in_force: flat.time_in_force,
            stp: flat.stp,
            price: flat.price,
            quantity: flat.quantity,
            executed: flat.executed,
            executed_quote: flat.executed_quote,
            hold: flat.hold,
            status: flat.status,
            reason: flat.reason,
            handle: flat.handle,
            created_at: flat.created_at,
            updated_at: flat.updated_at,
            cold: None,
        };
        order.with(cold).working_from(flat.working_at)
    }
}

impl Serialize for Order {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Flat::from(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Order {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Flat::deserialize(deserializer).map(Self::from)
    }
}

impl Hash for Order {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Flat::from(self).hash(state);
    }
}

impl PartialEq for Order {
    fn eq(&self, other: &Self) -> bool {
        Flat::from(self) == Flat::from(other)
    }
}

impl Eq for Order {}
