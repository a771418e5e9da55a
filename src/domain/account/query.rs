//! The queries of an account slot; they change nothing.

use super::{
    archive::{Amendment, Prevention},
    record::{Backlog, Gap},
};
use crate::domain::{
    instruments::correction::Correction,
    messages::{
        command::{Balance, CreateApiKey, OrderRef},
        reject::Reject,
        standing::AccountStatus,
    },
    orders::{Fill, NewOrder, Order, OrderList, OrderListRef, limits::OrderCounts},
    types::{
        id::{AssetId, OrderId, OrderListId, SymbolId, TradeId},
        time::Timestamp,
    },
};

/// A query about one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountQuery {
    /// Its balances, tier and status.
    Account,
    /// One order, open or recently closed.
    Order {
        /// The symbol of the book.
        symbol: SymbolId,
        /// The order.
        order: OrderRef,
    },
    /// Its open orders, by id.
    OpenOrders {
        /// The symbol, or all symbols.
        symbol: Option<SymbolId>,
    },
    /// Its orders, open and recently closed, by id.
    AllOrders {
        /// The symbol of the book.
        symbol: SymbolId,
        /// The first id.
        from: Option<OrderId>,
        /// The page.
        page: Page,
    },
    /// Its recent fills, by trade id.
    Fills {
        /// The symbol of the book.
        symbol: SymbolId,
        /// Only fills of this order.
        order: Option<OrderId>,
        /// The first trade.
        from: Option<TradeId>,
        /// The page.
        page: Page,
    },
    /// The private events of its owner, if it is recorded.
    Events {
        /// The number after which the events start.
        after: u64,
        /// The maximum number of events.
        limit: usize,
    },
    /// Whether this order would be accepted now.
    Test(NewOrder),
    /// One list of orders, open or recently ended.
    OrderList(OrderListRef),
    /// Its lists of orders, by id.
    OrderLists {
        /// Only open lists.
        is_open: bool,
        /// The first id.
        from: Option<OrderListId>,
        /// The page.
        page: Page,
    },
    /// Its recently prevented self-trades, by number.
    Prevented {
        /// The symbol of the book.
        symbol: SymbolId,
        /// Only those of this order.
        order: Option<OrderId>,
        /// The first number.
        from: Option<u64>,
        /// The maximum number of entries.
        limit: usize,
    },
    /// The amends of one of its orders, by number.
    Amendments {
        /// The symbol of the book.
        symbol: SymbolId,
        /// The order.
        order: OrderId,
        /// The first number.
        from: Option<u64>,
        /// The maximum number of amends.
        limit: usize,
    },
    /// Its API keys, the oldest first.
    ApiKeys,
    /// The number of unfilled orders it has placed.
    OrderCounts,
}

/// A page of a list: no bounds return the latest, a start returns the oldest from it, an end alone the latest up to it;
/// always ascending (Binance Spot, data paging).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The earliest time.
    pub start: Option<Timestamp>,
    /// The latest time.
    pub end: Option<Timestamp>,
    /// The maximum number of entries.
    pub limit: usize,
}

/// The entries found in what the slot keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<T> {
    /// The entries.
    pub items: Vec<T>,
    /// The time of the last evicted entry, when the range may include evicted entries: only entries that began later
    /// are complete here. `None` when all are.
    pub reach: Option<Timestamp>,
}

impl<T> Found<T> {
    /// A complete result.
    pub const fn whole(items: Vec<T>) -> Self {
        Self { items, reach: None }
    }
}

/// The answer to an [`AccountQuery`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountView {
    /// Its balances, tier and status.
    Account {
        /// The balances by asset id; every asset ever touched.
        balances: Vec<(AssetId, Balance)>,
        /// Its fee tier.
        tier: u8,
        /// Whether it is exempt from the limits of unfilled orders.
        is_unlimited: bool,
        /// What it may do.
        status: AccountStatus,
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
    /// Whether the order would be accepted; if not, why, and how to correct it.
    Tested(Result<(), (Reject, Option<Correction>)>),
    /// Lists of orders, by id.
    Lists(Found<OrderList>),
    /// Prevented self-trades, by number.
    Prevented(Found<Prevention>),
    /// Amends of an order, by number.
    Amendments(Found<Amendment>),
    /// API keys, the oldest first.
    ApiKeys(Vec<CreateApiKey>),
    /// The number of unfilled orders it has placed.
    OrderCounts(OrderCounts),
}
