//! Proves that what is acknowledged lasts: a real server is killed at random instants, over and over, while client
//! processes write down what they asked and what they were told; then everything the server says is compared.
//!
//! The seed drives every decision and the instants of the kills. How real processes take turns it cannot drive, so
//! a run is not repeated exactly by its seed; the logs kept when something is found say what happened.

mod amount;
mod check;
mod client;
mod clients;
mod decide;
mod fault;
mod fixture;
mod log;
mod market;
mod model;
mod observe;
mod parse;
mod record;
mod report;
mod run;
pub(crate) mod server;
mod streams;
mod tamper;
mod view;
mod violation;
mod wire;

pub use client::{ClientOptions, run_client};
pub use fault::Fault;
pub use model::Counts;
pub use report::{Report, Times};
pub use run::{Options, run};
pub use violation::{Kind, Violation};
