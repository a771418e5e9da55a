//! Symbols: the book with its trade and update counters, and what the public is told.

mod event;

pub use event::{PublicEvent, PublicTrade};
