//! What happened lately: closed orders, fills, lists, prevented self-trades and amends of a slot, bounded, for queries alone.
//!
//! Not part of the slot's state: it is left out of the hash, and a read model takes over in time. What is
//! cancelled together is taken from here order by order, each by the input that has just closed it.

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

/// How many closed orders, fills, lists, preventions and amends a slot remembers, each.
pub(super) const ARCHIVE_LEN_MAX: usize = 256;

/// A self-trade that was prevented, as its account remembers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prevention {
    /// Whose orders.
    pub account: AccountId,
    /// Of which symbol.
    pub symbol: SymbolId,
    /// When, by the book's clock.
    pub time: Timestamp,
    /// What was prevented.
    pub by: PreventedMatch,
}

/// An amend of an order, as its account remembers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amendment {
    /// Whose order.
    pub account: AccountId,
    /// Of which symbol.
    pub symbol: SymbolId,
    /// Which order.
    pub order: OrderId,
    /// The order's name before, and after.
    pub names: (ClientOrderId, ClientOrderId),
    /// The ordered quantity before, and after.
    pub quantities: (Lots, Lots),
    /// When, by the book's clock; in microseconds it is the number of the amend (wire `executionId`).
    pub time: Timestamp,
}

/// The latest of a kind, oldest first.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Latest<T> {
    items: VecDeque<T>,
    /// When the last that was forgotten happened: everything that began later is here or still open.
    forgotten: Option<Timestamp>,
}

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self { items: VecDeque::new(), forgotten: None }
    }
}

impl<T> Latest<T> {
    /// Adds what has just happened; `when` tells of any.
    fn add(&mut self, item: T, when: impl Fn(&T) -> Timestamp) {
        if self.items.len() == ARCHIVE_LEN_MAX
            && let Some(oldest) = self.items.pop_front()
        {
            self.forgotten = self.forgotten.max(Some(when(&oldest)));
        }
        self.items.push_back(item);
    }
}

/// What is remembered.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Archive {
    orders: Latest<Order>,
    fills: Latest<Fill>,
    lists: Latest<OrderList>,
    prevented: Latest<Prevention>,
    /// Snapshots do not hold it: what was before the last is in the history.
    #[serde(skip)]
    amendments: Latest<Amendment>,
}

impl Archive {
    /// Takes note that a snapshot was read, which holds no amends from before `time`.
    pub(super) fn resume(&mut self, time: Timestamp) {
        self.amendments.forgotten = Some(time);
    }

    /// Remembers an amend.
    pub(super) fn add_amendment(&mut self, amendment: Amendment) {
        self.amendments.add(amendment, |amendment| amendment.time);
    }

    /// Returns the amends of an order, oldest first, those that may be missing excepted.
    pub(super) fn amendments(&self, order: OrderId) -> impl Iterator<Item = &Amendment> {
        self.amendments.items.iter().filter(move |amendment| amendment.order == order)
    }

    /// Returns when the last amend that was forgotten happened.
    pub(super) const fn amendments_forgotten(&self) -> Option<Timestamp> {
        self.amendments.forgotten
    }

    /// Remembers a closed order.
    pub(super) fn add_order(&mut self, order: Order) {
        self.orders.add(order, |order| order.updated_at);
    }

    /// Remembers a fill.
    pub(super) fn add_fill(&mut self, fill: Fill) {
        self.fills.add(fill, |fill| fill.time);
    }

    /// Remembers a list that is done.
    pub(super) fn add_list(&mut self, list: OrderList) {
        self.lists.add(list, |list| list.updated_at);
    }

    /// Remembers a prevented self-trade, once: both of its orders tell of it.
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

    /// Returns when the last closed order that was forgotten closed.
    pub(super) const fn orders_forgotten(&self) -> Option<Timestamp> {
        self.orders.forgotten
    }

    /// Returns when the last fill that was forgotten was made.
    pub(super) const fn fills_forgotten(&self) -> Option<Timestamp> {
        self.fills.forgotten
    }

    /// Returns when the last list that was forgotten ended.
    pub(super) const fn lists_forgotten(&self) -> Option<Timestamp> {
        self.lists.forgotten
    }

    /// Returns when the last prevention that was forgotten happened.
    pub(super) const fn prevented_forgotten(&self) -> Option<Timestamp> {
        self.prevented.forgotten
    }
}
