//! What happened lately: closed orders, fills, lists and prevented self-trades of a slot, bounded, for queries alone.
//!
//! Not part of the slot's state: it is left out of the hash, and a read model takes over in time.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::domain::{
    id::{AccountId, OrderId, OrderListId, SymbolId},
    message::PreventedMatch,
    order::{Fill, Order},
    order_list::OrderList,
    time::Timestamp,
};

/// How many closed orders, fills, lists and preventions a slot remembers, each.
pub(super) const ARCHIVE_LEN_MAX: usize = 1_024;

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

/// What is remembered, oldest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Archive {
    orders: VecDeque<Order>,
    fills: VecDeque<Fill>,
    lists: VecDeque<OrderList>,
    prevented: VecDeque<Prevention>,
}

fn add<T>(items: &mut VecDeque<T>, item: T) {
    if items.len() == ARCHIVE_LEN_MAX {
        items.pop_front();
    }
    items.push_back(item);
}

impl Archive {
    /// Remembers a closed order.
    pub(super) fn add_order(&mut self, order: Order) {
        add(&mut self.orders, order);
    }

    /// Remembers a fill.
    pub(super) fn add_fill(&mut self, fill: Fill) {
        add(&mut self.fills, fill);
    }

    /// Remembers a list that is done.
    pub(super) fn add_list(&mut self, list: OrderList) {
        add(&mut self.lists, list);
    }

    /// Remembers a prevented self-trade, once: both of its orders tell of it.
    pub(super) fn add_prevented(&mut self, prevention: Prevention) {
        let is_known =
            |other: &Prevention| other.symbol == prevention.symbol && other.by.id == prevention.by.id;
        if !self.prevented.iter().rev().take(8).any(is_known) {
            add(&mut self.prevented, prevention);
        }
    }

    /// Returns the closed orders of an account on a symbol, in the order they closed.
    pub(super) fn orders(&self, account: AccountId, symbol: SymbolId) -> impl Iterator<Item = &Order> {
        self.orders.iter().filter(move |order| order.account == account && order.symbol == symbol)
    }

    /// Returns a closed order.
    pub(super) fn order(&self, id: OrderId) -> Option<&Order> {
        self.orders.iter().rev().find(|order| order.id == id)
    }

    /// Returns the fills of an account on a symbol, oldest first.
    pub(super) fn fills(&self, account: AccountId, symbol: SymbolId) -> impl Iterator<Item = &Fill> {
        self.fills.iter().filter(move |fill| fill.account == account && fill.symbol == symbol)
    }

    /// Returns the lists of an account that are done, in the order they ended.
    pub(super) fn lists(&self, account: AccountId) -> impl Iterator<Item = &OrderList> {
        self.lists.iter().filter(move |list| list.account == account)
    }

    /// Returns a list that is done.
    pub(super) fn list(&self, id: OrderListId) -> Option<&OrderList> {
        self.lists.iter().rev().find(|list| list.id == id)
    }

    /// Returns the prevented self-trades of an account on a symbol, oldest first.
    pub(super) fn prevented(
        &self,
        account: AccountId,
        symbol: SymbolId,
    ) -> impl Iterator<Item = &Prevention> {
        self.prevented.iter().filter(move |one| one.account == account && one.symbol == symbol)
    }
}
