//! The order book of one symbol: price-time priority in integer ticks and lots.
//!
//! It knows orders, accounts only for self-trade prevention, and neither money nor messages. Commands enter through
//! [`Book::submit`], [`Book::cancel`], [`Book::reduce`] and [`Book::expire`]; the events are appended to a buffer of
//! [`BookEvent`]s that the caller reuses.
//!
//! Orders are stored in a slab of 64-byte nodes and linked into one queue per price; the queues are stored in a
//! [`Ladder`], a radix tree over all prices. Access to an order needs no hashing or comparison (its
//! [`Handle`](super::orders::Handle) identifies its node), and the book allocates nothing once it has reached its size.
//! The hidden parts of icebergs are stored beside all that, and other orders pay for a check of one bit.

mod check;
mod digest;
mod engine;
mod event;
mod expiry;
mod iceberg;
mod image;
mod ladder;
mod prefetch;
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
