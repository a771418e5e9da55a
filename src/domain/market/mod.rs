//! Symbols: the book with its trade and update counters, and what the public is told.

mod cascade;
mod conditions;
mod event;
mod frame;
mod image;
mod pairs;
mod slot;
mod teller;

pub use event::{PublicEvent, PublicTrade};
pub use frame::{SymbolFrame, SymbolHead, SymbolState};
pub use image::{BestQuotes, MarketImage};
pub use slot::{EXPIRIES_PER_TICK, SymbolInput, SymbolOutput, SymbolSlot};
