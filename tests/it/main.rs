//! The integration tests: one crate, one promise a file.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod actors;
mod api;
mod app;
mod architecture;
mod ccxt;
mod cli;
mod conservation;
mod corner_cases;
mod crash;
mod durable;
mod feed;
mod fuzz;
mod golden;
mod lobster;
mod orders_wire;
#[cfg(feature = "planted")]
mod planted;
mod scenarios;
mod support;
