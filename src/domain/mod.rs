//! The rules of the exchange: pure and deterministic. Time, ids and reference prices enter with the input;
//! there is no actor, clock, I/O, float or hash-map iteration here.
//!
//! An order's way through it: [`account::AccountSlot`] holds the funds, [`book::Book`] matches inside
//! [`market::SymbolSlot`], and [`account::AccountSlot`] settles. [`message`] is what they say to each other.

#![deny(clippy::disallowed_types, clippy::disallowed_methods, clippy::float_arithmetic)]

pub mod account;
pub mod asset;
pub mod book;
pub mod catalogue;
pub mod change_log;
pub mod command;
pub mod correction;
pub mod credential;
pub mod decimal;
pub mod hash;
pub mod id;
pub mod limits;
pub mod link;
pub mod market;
pub mod message;
pub mod money;
pub mod oracle;
pub mod order;
pub mod order_list;
pub mod planted;
pub mod reject;
pub mod replica;
pub mod sample;
pub mod symbol;
pub mod table;
pub mod time;
pub mod trigger;
pub mod words;
