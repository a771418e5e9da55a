//! The laboratory of the Lightning Exchange: what simulates it, kills it, watches it and measures it. It is never shipped;
//! `cargo xtask lab` runs it.
//!
//! - [`sim`]: the whole exchange on one thread, seeded; the proofs run on it.
//! - [`kill`]: a server killed over and over, and a check that nothing acknowledged is lost.
//! - [`soak`]: a busy server watched over the wire, its history and its memory.
//! - [`lobster`]: a recorded day of order flow, played through the public API.
//! - [`mod@bench`]: the figures.
//! - [`cli`]: the way in. [`program`]: where the exchange is that all of this starts.

#![forbid(unsafe_code)]

pub mod bench;
pub mod cli;
pub mod kill;
pub mod lobster;
pub mod program;
pub mod sim;
pub mod soak;
