//! A market that makes itself: a market maker around a random walk, and takers. What it decides follows from its
//! seed alone.

mod market;
mod random;
mod run;

pub use market::{Action, Market, Rules};
pub use random::Random;
pub use run::{Options, run};
