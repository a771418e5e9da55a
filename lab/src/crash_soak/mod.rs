//! Proves that acknowledged work is durable: a real server is killed repeatedly at random instants while client
//! processes log their requests and the answers; then the server's state is compared with those logs.
//!
//! The seed drives every decision and the instants of the kills. It cannot drive the scheduling of real processes, so a
//! run is not reproduced exactly by its seed; the logs are kept when a violation is found.

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
