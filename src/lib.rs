//! The Lightning Exchange: a spot exchange in one binary.
//!
//! # Layout
//! - [`domain`]: the rules, pure and deterministic.
//! - [`actors`]: the shells that own the state, one mailbox each.
//! - [`sim`]: the whole exchange on one thread, seeded; the proofs run on it.

#![forbid(unsafe_code)]

pub mod actors;
pub mod domain;
pub mod sim;
pub mod telemetry;
