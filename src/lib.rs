//! The Lightning Exchange: a spot exchange in one binary.
//!
//! # Layout
//! - [`domain`]: the rules, pure and deterministic.
//! - [`actors`]: the shells that own the state, one mailbox each.
//! - [`journal`]: what was acknowledged survives.
//! - [`auth`]: who is calling.
//! - [`http`]: the wire, REST and WebSocket.
//! - [`grpc`]: the same over gRPC.
//! - [`app`]: the composition root, from [`config`] to a running exchange; [`cli`] is the way in.
//! - [`demo`]: an exchange without network, for the examples.
//! - [`feed`]: recorded and synthetic order flow, played through the public API.
//! - [`kill`]: a server killed over and over, and a check that nothing acknowledged is lost.
//! - [`sim`]: the whole exchange on one thread, seeded; the proofs run on it.
//! - [`mod@bench`]: the figures. [`telemetry`]: logs and metrics.

#![forbid(unsafe_code)]

pub mod actors;
pub mod app;
pub mod auth;
pub mod bench;
pub mod cli;
pub mod config;
pub mod demo;
pub mod domain;
pub mod feed;
pub mod grpc;
pub mod history;
pub mod http;
pub mod journal;
pub mod kill;
pub mod sim;
pub mod soak;
pub mod store;
pub mod telemetry;
