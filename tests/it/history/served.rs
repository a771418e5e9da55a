//! The history of a running exchange.
