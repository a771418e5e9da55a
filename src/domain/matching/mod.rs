//! The matching side of a symbol: its book with its trade and update counters, orders that wait for a price, and the reports
//! on all of them.

mod cascade;
mod conditions;
mod event;
mod frame;
mod pairs;
mod slot;
mod teller;

pub use event::{PublicEvent, PublicTrade};
pub use frame::{SymbolFrame, SymbolHead, SymbolState};
pub use slot::{EXPIRIES_PER_TICK, SymbolInput, SymbolOutput, SymbolSlot};
