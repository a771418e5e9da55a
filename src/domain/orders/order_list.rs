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
    /// One, filled, triggers one other or a pair of which one cancels the other.
    OneTriggersOther,
}

/// The orders of a list to be placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "boxed by the command that holds it")]
pub enum ListOrders {
    /// Two of one side and quantity: the first trades or is triggered above the market, the second below it.
    Pair([NewOrder; 2]),
    /// The second is placed when the first is filled.
    Then(NewOrder, NewOrder),
    /// The pair is placed when the first is filled.
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

/// Place a list of orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PlaceList {
    /// Whose orders.
    pub account: AccountId,
    /// Which book.
    pub symbol: SymbolId,
    /// The client's name for the list; the exchange makes one when absent.
    pub client_id: Option<ClientOrderId>,
    /// The orders; all of this account and symbol.
    pub orders: ListOrders,
}

/// Which list is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OrderListRef {
    /// By the exchange's id.
    pub id: Option<OrderListId>,
    /// By the client's name. With both given both must match.
    pub client_id: Option<ClientOrderId>,
}

/// Where a list stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ListStatus {
    /// At least one of its orders is open.
    Executing,
    /// All of its orders are done.
    AllDone,
    /// It was refused.
    Rejected,
}

/// A list of orders as its account slot keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OrderList {
    /// Its id.
    pub id: OrderListId,
    /// Whose list.
    pub account: AccountId,
    /// Which book.
    pub symbol: SymbolId,
    /// The client's name for it.
    pub client_id: ClientOrderId,
    /// How the orders depend on one another.
    pub contingency: Contingency,
    /// Where it stands.
    pub status: ListStatus,
    /// Its orders: a working order comes first, of a pair the one above the market.
    pub orders: Vec<(OrderId, ClientOrderId)>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl OrderList {
    /// Returns the other order of an order's pair.
    pub fn other_leg(&self, order: OrderId) -> Option<OrderId> {
        let pair = match (self.contingency, self.orders.as_slice()) {
            (Contingency::OneCancelsOther, pair @ [_, _]) => pair,
            (Contingency::OneTriggersOther, [_, pair @ ..]) if pair.len() == 2 => pair,
            _ => return None,
        };
        let is_of_pair = pair.iter().any(|(id, _)| *id == order);
        pair.iter().map(|(id, _)| *id).find(|id| *id != order).filter(|_| is_of_pair)
    }

    /// Returns the order the others wait for, if they wait for one.
    pub fn working(&self) -> Option<OrderId> {
        let first = self.orders.first().map(|(id, _)| *id);
        first.filter(|_| self.contingency == Contingency::OneTriggersOther)
    }
}
