//! The matching side of a symbol: its book with its trade and update counters, orders that wait for a price, and the
//! reports on all of them.

mod cascade;
mod event;
mod frame;
mod oco_groups;
mod prefetch;
mod reports;
mod slot;
mod status;
mod trigger_book;

pub use event::{PublicEvent, PublicTrade};
pub use frame::{SymbolFrame, SymbolHead, SymbolState};
pub use slot::{EXPIRIES_PER_TICK, SymbolInput, SymbolOutput, SymbolSlot};
