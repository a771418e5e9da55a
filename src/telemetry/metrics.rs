//! Every metric name and label, once.

use prometheus_client::{metrics::counter::Counter, registry::Registry};

/// Counts commands turned away.
pub type Shed = Counter;

/// What the exchange counts.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Commands let in.
    pub admitted: Counter,
    /// Commands turned away at an account shard.
    pub shed_account: Shed,
    /// Commands turned away at a symbol shard.
    pub shed_symbol: Shed,
    registry: Registry,
}

impl Metrics {
    /// Returns the metrics as Prometheus text.
    pub fn render(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }
}
