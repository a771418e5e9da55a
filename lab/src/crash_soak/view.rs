//! The server's view of everything when no request is in flight.

use std::collections::BTreeMap;

use super::{
    market::{ASSET_COUNT, Symbol},
    record::{OrderState, SeenFill},
};

/// One of an account's trades.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fill {
    pub(super) order: u64,
    pub(super) quote: i64,
    pub(super) buyer: bool,
    pub(super) maker: bool,
    pub(super) seen: SeenFill,
}

/// An account as the server reports it.
#[derive(Debug, Clone, Default)]
pub(super) struct AccountView {
    /// Why nothing could be read.
    pub(super) failed: Option<String>,
    /// Free and locked.
    pub(super) balances: [(i64, i64); ASSET_COUNT],
    pub(super) open: Vec<OrderState>,
    /// Orders since the last check, and those asked for one by one.
    pub(super) orders: Vec<OrderState>,
    /// Trades since the last check.
    pub(super) fills: Vec<(Symbol, Fill)>,
}

/// A public trade: price and quantity.
pub(super) type PublicTrade = (i64, i64);

/// Everything.
#[derive(Debug, Clone, Default)]
pub(super) struct View {
    pub(super) accounts: BTreeMap<u64, AccountView>,
    /// Quantity by symbol, side (true for bids) and price.
    pub(super) books: BTreeMap<(Symbol, bool, i64), i64>,
    /// The latest public trades.
    pub(super) trades: BTreeMap<(Symbol, u64), PublicTrade>,
    /// What could not be read.
    pub(super) failed: Vec<String>,
}
