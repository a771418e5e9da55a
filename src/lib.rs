//! The Lightning Exchange: a spot exchange in one binary.
//!
//! # Layout
//! - [`domain`]: the rules, pure and deterministic.
//! - [`actors`]: the shells that own the state, one mailbox each.
//! - [`auth`]: who is calling.
//! - [`http`]: the wire, REST and WebSocket.
//! - [`config`]: what it is told before it starts.
//! - [`feed`]: something to trade on, through the wire like anybody.
//! - [`app`]: puts it all together; [`cli`] is the way in from a shell.

#![forbid(unsafe_code)]

pub mod actors;
pub mod app;
pub mod auth;
pub mod bench;
pub mod cli;
pub mod config;
pub mod domain;
pub mod feed;
pub mod http;
pub mod telemetry;
