//! The public facts about a symbol.

use serde::{Deserialize, Serialize};

use crate::domain::{
    orders::Side,
    types::{
        id::{OrderId, SymbolId, TradeId},
        money::{Lots, Price},
        time::Timestamp,
    },
};

/// A trade as published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PublicTrade {
    /// Its id.
    pub id: TradeId,
    /// The maker's price.
    pub price: Price,
    /// The quantity.
    pub lots: Lots,
    /// The time.
    pub time: Timestamp,
    /// Whether the buyer was the maker.
    pub buyer_is_maker: bool,
    /// The taker order; not published, but its trades at one price are published as one aggregate.
    pub taker: OrderId,
}

/// One public fact about a symbol, in order.
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
        /// The side.
        side: Side,
        /// The price of the level.
        price: Price,
        /// All the lots there now; zero means the level is gone.
        total: Lots,
        /// The time.
        time: Timestamp,
    },
    /// Everything before this time has been published (`TimePassed`): later events are not earlier than it.
    TimePassed {
        /// The symbol.
        symbol: SymbolId,
        /// The time.
        time: Timestamp,
    },
}

impl PublicEvent {
    /// Returns the symbol concerned.
    pub const fn symbol(&self) -> SymbolId {
        match self {
            Self::TradePrinted { symbol, .. }
            | Self::BookMoved { symbol, .. }
            | Self::TimePassed { symbol, .. } => *symbol,
        }
    }
}
