//! What happened lately: closed orders and fills of a slot, bounded, for queries alone.
//!
//! Not part of the slot's state: it is left out of the hash, and a read model takes over in time.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::domain::{
    id::{AccountId, SymbolId},
    order::{Fill, Order},
};

/// How many closed orders, and how many fills, a slot remembers.
pub(super) const ARCHIVE_LEN_MAX: usize = 1_024;

/// Closed orders and fills, oldest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Archive {
    orders: VecDeque<Order>,
    fills: VecDeque<Fill>,
}

impl Archive {
    /// Remembers a closed order.
    pub(super) fn add_order(&mut self, order: Order) {
        if self.orders.len() == ARCHIVE_LEN_MAX {
            self.orders.pop_front();
        }
        self.orders.push_back(order);
    }

    /// Remembers a fill.
    pub(super) fn add_fill(&mut self, fill: Fill) {
        if self.fills.len() == ARCHIVE_LEN_MAX {
            self.fills.pop_front();
        }
        self.fills.push_back(fill);
    }

    /// Returns the closed orders of an account on a symbol, in the order they closed.
    pub(super) fn orders(&self, account: AccountId, symbol: SymbolId) -> impl Iterator<Item = &Order> {
        self.orders.iter().filter(move |order| order.account == account && order.symbol == symbol)
    }

    /// Returns the fills of an account on a symbol, oldest first.
    pub(super) fn fills(&self, account: AccountId, symbol: SymbolId) -> impl Iterator<Item = &Fill> {
        self.fills.iter().filter(move |fill| fill.account == account && fill.symbol == symbol)
    }
}
