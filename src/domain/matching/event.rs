//! What the public is told about a symbol.

use serde::{Deserialize, Serialize};

use crate::domain::{
    orders::Side,
    types::{
        id::{OrderId, SymbolId, TradeId},
        money::{Lots, Price},
        time::Timestamp,
    },
};

/// A trade as the public sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PublicTrade {
    /// Its id.
    pub id: TradeId,
    /// The maker's price.
    pub price: Price,
    /// How much.
    pub lots: Lots,
    /// When.
    pub time: Timestamp,
    /// Whether the buyer rested.
    pub buyer_is_maker: bool,
    /// The order that took; not told, but what it traded at one price is told as one aggregate.
    pub taker: OrderId,
}

/// One public fact about a symbol, in the order they happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PublicEvent {
    /// A trade (`TradePrinted`).
    TradePrinted {
        /// The symbol.
        symbol: SymbolId,
        /// The trade.
        trade: PublicTrade,
    },
    /// A level's total changed (`BookMoved`). Every command that moves the book takes one update id.
    BookMoved {
        /// The symbol.
        symbol: SymbolId,
        /// Rises by 1 per moving command; shared by snapshots, diffs and tickers.
        update_id: u64,
        /// Which side.
        side: Side,
        /// Which level.
        price: Price,
        /// All the lots there now; zero means the level is gone.
        total: Lots,
        /// When.
        time: Timestamp,
    },
    /// Everything before this time has been told (`TimePassed`): what comes later is not earlier.
    TimePassed {
        /// The symbol.
        symbol: SymbolId,
        /// Up to when.
        time: Timestamp,
    },
}

impl PublicEvent {
    /// Returns the symbol it is about.
    pub const fn symbol(&self) -> SymbolId {
        match self {
            Self::TradePrinted { symbol, .. }
            | Self::BookMoved { symbol, .. }
            | Self::TimePassed { symbol, .. } => *symbol,
        }
    }
}
