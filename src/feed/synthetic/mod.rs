//! A self-sustaining market: a market maker around a random walk, and takers. Its decisions follow from its seed alone.

mod market;
mod rules;
mod run;

pub use market::{Action, Market, Trade};
pub use rules::{Filters, Rules, worth};
pub use run::{Options, accounts, run};

pub use crate::domain::types::random::Random;
