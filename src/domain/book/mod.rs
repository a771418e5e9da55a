//! The order book of one symbol: price-time priority in integer ticks and lots.
//!
//! It knows orders, accounts only for self-trade prevention, and neither money nor messages. Commands go in
//! ([`Book::submit`], [`Book::cancel`], [`Book::reduce`], [`Book::expire`]) and what happened comes out in a
//! buffer of [`BookEvent`]s that the caller reuses.

mod event;

pub use event::{BookEvent, Incoming, Outcome, Policy};
