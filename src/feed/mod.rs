//! A counterparty for trading: a synthetic market, through the public API of a running server like any other client.

pub mod synthetic;
