//! What is counted and measured, and how logs are written. Names and labels exist here only.

pub mod log;
mod metrics;

pub use metrics::{Metrics, Queue, Shed};
