//! The metrics, and how logs are written. Names and labels exist here only.

mod connections;
mod filter;
pub mod log;
mod log_queue;
mod metrics;
mod tls;

pub use connections::ConnectionGauges;
pub use metrics::{BrokenConnections, Metrics, Queue, Shed};
pub use prometheus_client::metrics::histogram::Histogram;
pub use tls::TlsGauges;
