//! The rules of the exchange: pure and deterministic. Time, ids and reference prices enter with the input; there is no
//! actor, clock, I/O, float or hash-map iteration here.
//!
//! The path of an order: [`account::AccountSlot`] holds the funds, [`book::Book`] matches inside
//! [`matching::SymbolSlot`], and [`account::AccountSlot`] settles. [`messages::message`] defines the messages between
//! them.

#![deny(clippy::disallowed_types, clippy::disallowed_methods, clippy::float_arithmetic)]

pub mod account;
pub mod book;
pub mod change_log;
pub mod instruments;
pub mod market_data;
pub mod matching;
pub mod messages;
pub mod orders;
pub mod replica;
pub mod testing;
pub mod types;
