//! Lists of orders that depend on one another (Binance Spot, order lists).

use serde::{Deserialize, Serialize};

use super::NewOrder;
use crate::domain::types::{
    id::{AccountId, ClientOrderId, OrderId, OrderListId, SymbolId},
    time::Timestamp,
};

/// How the orders of a list depend on one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Contingency {
    /// One cancels the other.
    OneCancelsOther,
    /// One, when filled, triggers one other order or an OCO.
    OneTriggersOther,
}

/// The orders to place as a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "boxed by the command that holds it")]
pub enum ListOrders {
    /// Two of one side and quantity: the first trades or is triggered above the market, the second below it.
    Pair([NewOrder; 2]),
    /// The second is placed when the first is filled.
    Then(NewOrder, NewOrder),
    /// The OCO is placed when the first is filled.
    ThenPair(NewOrder, [NewOrder; 2]),
}

impl ListOrders {
    /// Returns the orders, in the order the wire lists them.
    pub fn all(&self) -> impl Iterator<Item = &NewOrder> {
        let (working, rest): (Option<&NewOrder>, &[NewOrder]) = match self {
            Self::Pair(pair) => (None, pair),
            Self::Then(working, pending) => (Some(working), std::slice::from_ref(pending)),
            Self::ThenPair(working, pair) => (Some(working), pair),
        };
        working.into_iter().chain(rest)
    }
}

/// Places a list of orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PlaceList {
    /// The account of the orders.
    pub account: AccountId,
    /// The symbol of the book.
    pub symbol: SymbolId,
    /// The client's name for the list; the exchange generates one when absent.
    pub client_id: Option<ClientOrderId>,
    /// The orders; all of this account and symbol.
    pub orders: ListOrders,
}

/// Identifies a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OrderListRef {
    /// By the exchange's id.
    pub id: Option<OrderListId>,
    /// By the client's name. When both are given, both must match.
    pub client_id: Option<ClientOrderId>,
}

/// The status of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ListStatus {
    /// At least one of its orders is open.
    Executing,
    /// All of its orders are done.
    AllDone,
    /// It was rejected.
    Rejected,
}

/// A list of orders as its account slot keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OrderList {
    /// Its id.
    pub id: OrderListId,
    /// The account of the list.
    pub account: AccountId,
    /// The symbol of the book.
    pub symbol: SymbolId,
    /// The client's name for it.
    pub client_id: ClientOrderId,
    /// How the orders depend on one another.
    pub contingency: Contingency,
    /// Its status.
    pub status: ListStatus,
    /// Its orders: a working order comes first; of an OCO, the leg above the market.
    pub orders: Vec<(OrderId, ClientOrderId)>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl OrderList {
    /// Returns the other leg of an order's OCO.
    pub fn other_leg(&self, order: OrderId) -> Option<OrderId> {
        let pair = match (self.contingency, self.orders.as_slice()) {
            (Contingency::OneCancelsOther, pair @ [_, _]) => pair,
            (Contingency::OneTriggersOther, [_, pair @ ..]) if pair.len() == 2 => pair,
            _ => return None,
        };
        let is_of_pair = pair.iter().any(|(id, _)| *id == order);
        pair.iter().map(|(id, _)| *id).find(|id| *id != order).filter(|_| is_of_pair)
    }

    /// Returns the working order of the list, if it has one.
    pub fn working(&self) -> Option<OrderId> {
        let first = self.orders.first().map(|(id, _)| *id);
        first.filter(|_| self.contingency == Contingency::OneTriggersOther)
    }
}
