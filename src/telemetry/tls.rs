//! Metrics of TLS.

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};

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
        let help = "Changed certificates taken over while serving";
        registry.register("tls_certificate_reloads", help, gauges.reloads.clone());
        let help = "Changed certificates that could not be used: the previous one stays in use";
        registry.register("tls_certificate_reloads_failed", help, gauges.failed_reloads.clone());
        let help = "When the certificate in use expires, in seconds since 1970; 0 without TLS";
        registry.register("tls_certificate_expires_timestamp_seconds", help, gauges.expires_at.clone());
        gauges
    }
}
