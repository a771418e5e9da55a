//! The Lightning Exchange: a spot exchange in one binary.
//!
//! # Layout
//! - [`domain`]: the rules, pure and deterministic.
//! - [`actors`]: the shells that own the state, one mailbox each.
//! - [`journal`]: the write-ahead log and the snapshot files. [`store`]: what their bytes mean, and recovery.
//! - [`history`]: the SQL read model that follows the journal.
//! - [`auth`]: who is calling.
//! - [`http`]: the wire, REST and WebSocket. [`grpc`]: the same over gRPC. [`tls`]: the certificate of both.
//! - [`app`]: the composition root, from [`config`] to a running exchange; [`cli`] is the way in.
//! - [`client`]: a client of the public API. [`feed`]: a synthetic market that uses it.
//! - [`demo`]: an exchange without network, for the examples. [`telemetry`]: logs and metrics.
//!
//! What simulates, kills and measures it is the package `lab`, which no release holds.

#![forbid(unsafe_code)]

pub mod actors;
pub mod app;
pub mod auth;
pub mod cli;
pub mod client;
pub mod config;
pub mod demo;
pub mod domain;
pub mod feed;
pub mod grpc;
pub mod history;
pub mod http;
pub mod journal;
pub mod store;
pub mod telemetry;
pub mod tls;
