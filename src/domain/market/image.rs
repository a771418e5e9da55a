//! The public image of a symbol: level totals, recent trades, and which levels changed since the last diff.

use std::collections::VecDeque;

use super::event::{PublicEvent, PublicTrade};
use crate::domain::{
    book::{Book, Ladder},
    money::{Lots, Price},
    order::Side,
};

/// How many trades an image remembers.
pub(super) const TRADES_LEN_MAX: usize = 1_000;

/// The best level of each side, with the update they include.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BestQuotes {
    /// The update they include.
    pub update_id: u64,
    /// The best buyer.
    pub bid: Option<(Price, Lots)>,
    /// The best seller.
    pub ask: Option<(Price, Lots)>,
}

/// What the public sees of one symbol: the fold of its [`PublicEvent`]s.
#[derive(Debug, Default)]
pub struct MarketImage {
    bids: Ladder<Lots>,
    asks: Ladder<Lots>,
    last_update_id: u64,
    last_price: Option<Price>,
    trades: VecDeque<PublicTrade>,
}

impl MarketImage {
    /// Makes the image of a book again, with the latest trades, oldest first.
    pub fn restore(book: &Book, last_update_id: u64, trades: Vec<PublicTrade>) -> Self {
        let mut image = Self { last_update_id, ..Self::default() };
        for side in Side::BOTH {
            for (price, total) in book.depth(side) {
                *image.side_mut(side).get_or_default(price) = total;
            }
        }
        image.last_price = trades.last().map(|trade| trade.price);
        image.trades = trades.into();
        image
    }

    /// Applies one event.
    pub fn apply(&mut self, event: &PublicEvent) {
        match *event {
            PublicEvent::TradePrinted { trade, .. } => {
                if self.trades.len() == TRADES_LEN_MAX {
                    self.trades.pop_front();
                }
                self.trades.push_back(trade);
                self.last_price = Some(trade.price);
            }
            PublicEvent::BookMoved { update_id, side, price, total, .. } => {
                self.last_update_id = update_id;
                let levels = self.side_mut(side);
                if total.is_zero() {
                    levels.remove(price);
                } else {
                    *levels.get_or_default(price) = total;
                }
            }
        }
    }

    const fn side_mut(&mut self, side: Side) -> &mut Ladder<Lots> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    /// Returns the levels of a side, best first.
    pub fn depth(&self, side: Side, levels: usize) -> Vec<(Price, Lots)> {
        let level = |(price, total): (Price, &Lots)| (price, *total);
        match side {
            Side::Buy => self.bids.descend(self.bids.last()).take(levels).map(level).collect(),
            Side::Sell => self.asks.ascend(self.asks.first()).take(levels).map(level).collect(),
        }
    }

    /// Returns the total at a level, zero if there is none.
    pub fn total(&self, side: Side, price: Price) -> Lots {
        let levels = match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        };
        levels.get(price).copied().unwrap_or_default()
    }

    /// Returns the best quotes.
    pub fn best(&self) -> BestQuotes {
        let level = |levels: &Ladder<Lots>, rung| Some((levels.price(rung), levels[rung]));
        BestQuotes {
            update_id: self.last_update_id,
            bid: self.bids.last().and_then(|rung| level(&self.bids, rung)),
            ask: self.asks.first().and_then(|rung| level(&self.asks, rung)),
        }
    }

    /// Returns the latest update applied.
    pub const fn last_update_id(&self) -> u64 {
        self.last_update_id
    }

    /// Returns the price of the last trade.
    pub const fn last_price(&self) -> Option<Price> {
        self.last_price
    }

    /// Returns the latest trades, oldest first.
    pub fn trades(&self, limit: usize) -> Vec<PublicTrade> {
        self.trades.iter().skip(self.trades.len().saturating_sub(limit)).copied().collect()
    }
}
