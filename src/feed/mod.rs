//! Something to trade against, through the public API of a running server like any other client: recorded order
//! flow, and a synthetic market.

pub mod client;
pub mod lobster;
pub mod operator;
pub mod synthetic;
