//! The metrics of connections and sessions.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use super::list;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TransportLabels {
    transport: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProtocolLabels {
    protocol: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabels {
    status: u16,
}

/// Connections: how many are open and allowed, and which were closed for lack of room or for taking too long.
#[derive(Debug, Clone, Default)]
pub struct ConnectionGauges {
    open: [Gauge; 2],
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
        let open = Family::<TransportLabels, Gauge>::default();
        let of = |transport| open.get_or_create(&TransportLabels { transport }).clone();
        let gauges = Self { open: [of("http"), of("grpc")], ..Self::default() };
        list::CONNECTIONS_OPEN.register(registry, open.clone());
        list::CONNECTIONS_BUDGET.register(registry, gauges.budget.clone());
        list::CONNECTIONS_REFUSED.register(registry, gauges.refused.clone());
        list::CONNECTIONS_CLOSED_IDLE.register(registry, gauges.closed_idle.clone());
        list::CONNECTIONS_TIMED_OUT.register(registry, gauges.timed_out.clone());
        list::TLS_HANDSHAKES_FAILED.register(registry, gauges.handshakes_failed.clone());
        gauges
    }

    /// Returns how many of gRPC, or of HTTP, are open.
    pub fn open(&self, is_grpc: bool) -> Gauge {
        self.open[usize::from(is_grpc)].clone()
    }
}

/// Connections that sent something other than their protocol, or broke off; any client that reaches the port can do
/// that, so they are counted and not logged as errors.
#[derive(Debug)]
pub struct BrokenConnections {
    /// Input that is no HTTP/1.1 request.
    pub http: Counter,
    /// Frames that are no WebSocket messages.
    pub websocket: Counter,
}

impl BrokenConnections {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let broken = Family::<ProtocolLabels, Counter>::default();
        list::CONNECTIONS_BROKEN.register(registry, broken.clone());
        let of = |protocol| broken.get_or_create(&ProtocolLabels { protocol }).clone();
        Self { http: of("http"), websocket: of("websocket") }
    }
}

/// Sessions of WebSocket and streams of gRPC.
#[derive(Debug, Default)]
pub struct SessionGauges {
    /// Open now.
    pub open: Gauge,
    /// Closed because they fell behind.
    pub too_slow: Counter,
    /// Messages that wait for their sessions, all together.
    pub backlog: Gauge,
    /// Messages that wait for the session that is furthest behind.
    pub backlog_max: Gauge,
}

impl SessionGauges {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let gauges = Self::default();
        list::SESSIONS.register(registry, gauges.open.clone());
        list::SESSIONS_TOO_SLOW.register(registry, gauges.too_slow.clone());
        list::BACKLOG.register(registry, gauges.backlog.clone());
        list::BACKLOG_MAX.register(registry, gauges.backlog_max.clone());
        gauges
    }
}

/// Requests over HTTP that were not served.
#[derive(Debug)]
pub struct UnservedRequests {
    errors: Family<StatusLabels, Counter>,
    /// Refused because their address exceeded a limit.
    pub limited: Counter,
}

impl UnservedRequests {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let unserved = Self { errors: Family::default(), limited: Counter::default() };
        list::HTTP_ERRORS.register(registry, unserved.errors.clone());
        list::HTTP_LIMITED.register(registry, unserved.limited.clone());
        // A rate needs a beginning: those that are to be expected are there from the start.
        [500, 503].into_iter().for_each(|status| unserved.count(status, 0));
        unserved
    }

    /// Counts a request answered with a status of 500 or above.
    pub fn error(&self, status: u16) {
        self.count(status, 1);
    }

    fn count(&self, status: u16, requests: u64) {
        self.errors.get_or_create(&StatusLabels { status }).inc_by(requests);
    }
}
