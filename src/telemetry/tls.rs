//! Metrics of TLS.

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};

use super::list;

/// The certificate of the exchange's own TLS.
#[derive(Debug, Clone, Default)]
pub struct TlsGauges {
    /// Changed certificates taken over.
    pub reloads: Counter,
    /// Changed certificates that cannot be used.
    pub failed_reloads: Counter,
    /// The second since 1970 from which the certificate in use is no longer valid; 0 without TLS.
    pub expires_at: Gauge,
}

impl TlsGauges {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let gauges = Self::default();
        list::TLS_RELOADS.register(registry, gauges.reloads.clone());
        list::TLS_RELOADS_FAILED.register(registry, gauges.failed_reloads.clone());
        list::TLS_EXPIRES.register(registry, gauges.expires_at.clone());
        gauges
    }
}
