//! The Lightning Exchange: a spot exchange in one binary.
//!
//! # Layout
//! - [`domain`]: the rules, pure and deterministic.
//! - [`actors`]: the shells that own the state, one mailbox each.
//! - [`auth`]: who is calling.
//! - [`http`]: the wire, REST and WebSocket.

#![forbid(unsafe_code)]

pub mod actors;
pub mod auth;
pub mod bench;
pub mod config;
pub mod domain;
pub mod feed;
pub mod http;
pub mod telemetry;
