//! The laboratory of the Lightning Exchange: simulations, soaks and benchmarks. It is never shipped;
//! `cargo xtask lab` runs it.
//!
//! - [`sim`]: the whole exchange on one thread, seeded.
//! - [`crash_soak`]: a server killed repeatedly, and a check that nothing acknowledged is lost.
//! - [`wire_soak`]: books and private streams checked through restarts of a busy server.
//! - [`history_soak`]: the SQL history through kills of the exchange and of its database.
//! - [`memory_soak`]: the resident memory of a server under a steady load.
//! - [`lobster`]: a recorded day of order flow, played through the public API.
//! - [`mod@bench`]: the benchmarks.
//! - [`cli`]: the command line. [`program`]: the path of the exchange that all of this starts.

#![forbid(unsafe_code)]

pub mod bench;
pub mod cli;
pub mod crash_soak;
pub mod history_soak;
pub mod lobster;
pub mod memory_soak;
pub mod program;
pub mod sim;
pub mod wire_soak;
