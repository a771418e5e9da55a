//! Symbols: the book with its trade and update counters, and what the public is told.

mod event;
mod frame;
mod image;
mod slot;
mod teller;

pub use event::{PublicEvent, PublicTrade};
pub use frame::{SymbolFrame, SymbolHead, SymbolState};
pub use image::{BestQuotes, MarketImage};
pub use slot::{EXPIRIES_PER_TICK, SymbolInput, SymbolOutput, SymbolSlot};
