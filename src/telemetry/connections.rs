//! The metrics of connections.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TransportLabels {
    transport: &'static str,
}

/// Connections: how many are open and allowed, and which were closed for lack of room or for taking too long.
#[derive(Debug, Clone, Default)]
pub struct ConnectionGauges {
    open: Family<TransportLabels, Gauge>,
    /// How many there may be, HTTP, WebSocket and gRPC together.
    pub budget: Gauge,
    /// Refused: no room, or too many from one address.
    pub refused: Counter,
    /// Closed while idle to make room for another.
    pub closed_idle: Counter,
    /// Closed because their clients took too long to send or to read.
    pub timed_out: Counter,
    /// Closed because their handshake of TLS failed.
    pub handshakes_failed: Counter,
}

impl ConnectionGauges {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let gauges = Self::default();
        registry.register("connections_open", "Connections open now", gauges.open.clone());
        let help = "Connections there may be at once: what descriptors and configuration allow";
        registry.register("connections_budget", help, gauges.budget.clone());
        let help = "Connections refused for want of room or because their address has too many";
        registry.register("connections_refused", help, gauges.refused.clone());
        let help = "Idle connections closed to make room for others";
        registry.register("connections_closed_idle", help, gauges.closed_idle.clone());
        let help = "Connections closed because their clients took too long to send or to read";
        registry.register("connections_timed_out", help, gauges.timed_out.clone());
        let help = "Connections closed because their TLS handshake failed: a client that does not speak TLS, or refuses the certificate";
        registry.register("tls_handshakes_failed", help, gauges.handshakes_failed.clone());
        gauges
    }

    /// Returns how many of gRPC, or of HTTP, are open.
    pub fn open(&self, is_grpc: bool) -> Gauge {
        let transport = if is_grpc { "grpc" } else { "http" };
        self.open.get_or_create(&TransportLabels { transport }).clone()
    }
}
