//! The recent past: closed orders, fills, lists, prevented self-trades and amends of a slot, bounded, for queries
//! alone.
//!
//! Not part of the slot's state: it is left out of the hash, and the history replaces it over time. The orders of a
//! cancel-all are taken from here one by one, each by the input that has just closed it.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::domain::{
    messages::message::PreventedMatch,
    orders::{Fill, Order, OrderList},
    types::{
        id::{AccountId, ClientOrderId, OrderId, OrderListId, SymbolId},
        money::Lots,
        time::Timestamp,
    },
};

/// The maximum number of closed orders, fills, lists, preventions and amends a slot keeps, each.
pub(super) const ARCHIVE_LEN_MAX: usize = 256;

/// A prevented self-trade, as its account keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prevention {
    /// The account of the orders.
    pub account: AccountId,
    /// The symbol.
    pub symbol: SymbolId,
    /// The time by the book's clock.
    pub time: Timestamp,
    /// The prevented match.
    pub by: PreventedMatch,
}

/// An amend of an order, as its account keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amendment {
    /// The account of the order.
    pub account: AccountId,
    /// The symbol.
    pub symbol: SymbolId,
    /// The order.
    pub order: OrderId,
    /// The order's name before and after.
    pub names: (ClientOrderId, ClientOrderId),
    /// The ordered quantity before and after.
    pub quantities: (Lots, Lots),
    /// The time by the book's clock; in microseconds it is the number of the amend (wire `executionId`).
    pub time: Timestamp,
}

/// The latest entries of a kind, oldest first.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Latest<T> {
    items: VecDeque<T>,
    /// The time of the last evicted entry: every entry that began later is kept here or still open.
    forgotten: Option<Timestamp>,
}

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self { items: VecDeque::new(), forgotten: None }
    }
}

impl<T> Latest<T> {
    /// Appends an entry; `when` returns the time of any entry.
    fn add(&mut self, item: T, when: impl Fn(&T) -> Timestamp) {
        if self.items.len() == ARCHIVE_LEN_MAX
            && let Some(oldest) = self.items.pop_front()
        {
            self.forgotten = self.forgotten.max(Some(when(&oldest)));
        }
        self.items.push_back(item);
    }
}

/// Returns the kept entries.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Archive {
    orders: Latest<Order>,
    fills: Latest<Fill>,
    lists: Latest<OrderList>,
    prevented: Latest<Prevention>,
    /// Snapshots do not hold it: entries from before the last one are in the history.
    #[serde(skip)]
    amendments: Latest<Amendment>,
}

impl Archive {
    /// Records that a snapshot was read, which holds no amends from before `time`.
    pub(super) fn resume(&mut self, time: Timestamp) {
        self.amendments.forgotten = Some(time);
    }

    /// Keeps an amend.
    pub(super) fn add_amendment(&mut self, amendment: Amendment) {
        self.amendments.add(amendment, |amendment| amendment.time);
    }

    /// Returns the amends of an order, oldest first, except those that may be missing.
    pub(super) fn amendments(&self, order: OrderId) -> impl Iterator<Item = &Amendment> {
        self.amendments.items.iter().filter(move |amendment| amendment.order == order)
    }

    /// Returns the time of the last evicted amend.
    pub(super) const fn amendments_forgotten(&self) -> Option<Timestamp> {
        self.amendments.forgotten
    }

    /// Keeps a closed order.
    pub(super) fn add_order(&mut self, order: Order) {
        self.orders.add(order, |order| order.updated_at);
    }

    /// Keeps a fill.
    pub(super) fn add_fill(&mut self, fill: Fill) {
        self.fills.add(fill, |fill| fill.time);
    }

    /// Keeps a list that is done.
    pub(super) fn add_list(&mut self, list: OrderList) {
        self.lists.add(list, |list| list.updated_at);
    }

    /// Keeps a prevented self-trade, once: the reports of both of its orders carry it.
    pub(super) fn add_prevented(&mut self, prevention: Prevention) {
        let is_known =
            |other: &Prevention| other.symbol == prevention.symbol && other.by.id == prevention.by.id;
        if !self.prevented.items.iter().rev().take(8).any(is_known) {
            self.prevented.add(prevention, |prevention| prevention.time);
        }
    }

    /// Returns the closed orders of an account on a symbol, in the order they closed.
    pub(super) fn orders(&self, account: AccountId, symbol: SymbolId) -> impl Iterator<Item = &Order> {
        self.orders.items.iter().filter(move |order| order.account == account && order.symbol == symbol)
    }

    /// Returns a closed order.
    pub(super) fn order(&self, id: OrderId) -> Option<&Order> {
        self.orders.items.iter().rev().find(|order| order.id == id)
    }

    /// Returns the fills of an account on a symbol, oldest first.
    pub(super) fn fills(&self, account: AccountId, symbol: SymbolId) -> impl Iterator<Item = &Fill> {
        self.fills.items.iter().filter(move |fill| fill.account == account && fill.symbol == symbol)
    }

    /// Returns the lists of an account that are done, in the order they ended.
    pub(super) fn lists(&self, account: AccountId) -> impl Iterator<Item = &OrderList> {
        self.lists.items.iter().filter(move |list| list.account == account)
    }

    /// Returns a list that is done.
    pub(super) fn list(&self, id: OrderListId) -> Option<&OrderList> {
        self.lists.items.iter().rev().find(|list| list.id == id)
    }

    /// Returns the prevented self-trades of an account on a symbol, oldest first.
    pub(super) fn prevented(
        &self,
        account: AccountId,
        symbol: SymbolId,
    ) -> impl Iterator<Item = &Prevention> {
        self.prevented.items.iter().filter(move |one| one.account == account && one.symbol == symbol)
    }

    /// Returns when the last evicted closed order closed.
    pub(super) const fn orders_forgotten(&self) -> Option<Timestamp> {
        self.orders.forgotten
    }

    /// Returns when the last evicted fill was made.
    pub(super) const fn fills_forgotten(&self) -> Option<Timestamp> {
        self.fills.forgotten
    }

    /// Returns when the last evicted list ended.
    pub(super) const fn lists_forgotten(&self) -> Option<Timestamp> {
        self.lists.forgotten
    }

    /// Returns when the last evicted prevention happened.
    pub(super) const fn prevented_forgotten(&self) -> Option<Timestamp> {
        self.prevented.forgotten
    }
}
