//! The Lightning Exchange: a spot exchange in one binary.
//!
//! # Layout
//! - [`domain`]: the rules, pure and deterministic.
//! - [`actors`]: the shells that own the state, one mailbox each.

#![forbid(unsafe_code)]

pub mod actors;
pub mod bench;
pub mod config;
pub mod domain;
pub mod feed;
pub mod telemetry;
