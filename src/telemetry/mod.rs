//! What is counted and measured, and how logs are written. Names and labels exist here only.

mod metrics;

pub use metrics::{Metrics, Queue, Shed};
