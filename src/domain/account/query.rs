//! What an account slot can be asked without changing it.

use super::{
    archive::{Amendment, Prevention},
    record::{Backlog, Gap},
};
use crate::domain::{
    messages::command::{Balance, CreateApiKey, OrderRef},
    orders::{Fill, NewOrder, Order, OrderList, OrderListRef, limits::OrderCounts},
    types::{
        id::{AssetId, OrderId, OrderListId, SymbolId, TradeId},
        time::Timestamp,
    },
};

/// A question about one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountQuery {
    /// Its balances and tier.
    Account,
    /// One order, open or recently closed.
    Order {
        /// Which book.
        symbol: SymbolId,
        /// Which order.
        order: OrderRef,
    },
    /// Its open orders, by id.
    OpenOrders {
        /// Of one symbol, or of all.
        symbol: Option<SymbolId>,
    },
    /// Its orders, open and recently closed, by id.
    AllOrders {
        /// Which book.
        symbol: SymbolId,
        /// From this id on.
        from: Option<OrderId>,
        /// Which part of them.
        page: Page,
    },
    /// Its recent fills, by trade id.
    Fills {
        /// Which book.
        symbol: SymbolId,
        /// Of one order.
        order: Option<OrderId>,
        /// From this trade on.
        from: Option<TradeId>,
        /// Which part of them.
        page: Page,
    },
    /// What its owner was told, if it is recorded.
    Events {
        /// After this number.
        after: u64,
        /// At most so many.
        limit: usize,
    },
    /// Whether this order would be accepted now.
    Test(NewOrder),
    /// One list of orders, open or recently ended.
    OrderList(OrderListRef),
    /// Its lists of orders, by id.
    OrderLists {
        /// Only those that are open.
        is_open: bool,
        /// From this id on.
        from: Option<OrderListId>,
        /// Which part of them.
        page: Page,
    },
    /// Its self-trades prevented lately, by number.
    Prevented {
        /// Which book.
        symbol: SymbolId,
        /// Of one order.
        order: Option<OrderId>,
        /// From this number on.
        from: Option<u64>,
        /// At most so many.
        limit: usize,
    },
    /// The amends of one of its orders, by number.
    Amendments {
        /// Which book.
        symbol: SymbolId,
        /// Which order.
        order: OrderId,
        /// From this number on.
        from: Option<u64>,
        /// At most so many.
        limit: usize,
    },
    /// Its API keys, the oldest first.
    ApiKeys,
    /// How many unfilled orders it has placed.
    OrderCounts,
}

/// Which part of a list: no bounds give the latest, a start gives the oldest from it, an end alone the latest
/// up to it; always ascending (Binance Spot, data paging).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Not before.
    pub start: Option<Timestamp>,
    /// Not after.
    pub end: Option<Timestamp>,
    /// At most so many.
    pub limit: usize,
}

/// What was found among what is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<T> {
    /// What there is.
    pub items: Vec<T>,
    /// When something of the range asked for may have been forgotten: only what began later is here for sure. `None` when
    /// everything is.
    pub reach: Option<Timestamp>,
}

impl<T> Found<T> {
    /// Everything there is.
    pub const fn whole(items: Vec<T>) -> Self {
        Self { items, reach: None }
    }
}

/// The answer to an [`AccountQuery`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountView {
    /// Its balances and tier.
    Account {
        /// By asset id; every asset ever touched.
        balances: Vec<(AssetId, Balance)>,
        /// Its fee tier.
        tier: u8,
        /// When a balance last changed.
        updated_at: Timestamp,
    },
    /// One order.
    Order(Box<Order>),
    /// Orders, by id.
    Orders(Found<Order>),
    /// Fills, by trade id.
    Fills(Found<Fill>),
    /// Events, in order and without gaps.
    Events(Result<Backlog, Gap>),
    /// The order would be accepted.
    Tested,
    /// Lists of orders, by id.
    Lists(Found<OrderList>),
    /// Prevented self-trades, by number.
    Prevented(Found<Prevention>),
    /// Amends of an order, by number.
    Amendments(Found<Amendment>),
    /// API keys, the oldest first.
    ApiKeys(Vec<CreateApiKey>),
    /// How many unfilled orders it has placed.
    OrderCounts(OrderCounts),
}
