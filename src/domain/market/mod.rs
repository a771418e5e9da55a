//! Symbols: the book with its trade and update counters, and what the public is told.

mod event;
mod image;
mod slot;

pub use event::{PublicEvent, PublicTrade};
pub use image::{BestQuotes, MarketImage};
pub use slot::{EXPIRIES_PER_TICK, SymbolInput, SymbolOutput, SymbolSlot};
