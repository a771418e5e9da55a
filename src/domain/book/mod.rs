//! The order book of one symbol: price-time priority in integer ticks and lots.
//!
//! It knows orders, accounts only for self-trade prevention, and neither money nor messages. Commands go in
//! ([`Book::submit`], [`Book::cancel`], [`Book::reduce`], [`Book::expire`]) and what happened comes out in a
//! buffer of [`BookEvent`]s that the caller reuses.
//!
//! Orders lie in a slab of 64-byte nodes and are linked into one queue per price; the queues lie in a
//! [`Ladder`], a radix tree over all prices there are. Nothing is hashed or compared on the way to an order
//! (its [`Handle`](super::orders::Handle) names its node), and nothing is allocated once the book has
//! reached its size. What icebergs hide lies beside all that, and other orders pay for a look at one bit.

mod check;
mod digest;
mod engine;
mod event;
mod expiry;
mod iceberg;
mod image;
mod ladder;
mod pages;
mod preflight;
mod slab;
mod submit;
#[cfg(test)]
mod tests;

pub use digest::digest;
pub use engine::{Book, BookLimits, PRIORITY_KIND, Removed, Resting};
pub use event::{BookEvent, Outcome};
pub use iceberg::ICEBERG_KIND;
pub use image::BookImage;
pub use ladder::{Ladder, Rung};
