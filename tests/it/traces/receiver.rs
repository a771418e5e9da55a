//! A receiver of traces inside the test's process: OTLP over gRPC as collectors speak it.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use tokio::{net::TcpListener, runtime::Runtime};
use tonic::{
    Request, Response, Status,
    codegen::tokio_stream::wrappers::TcpListenerStream,
    transport::{Identity, Server, ServerTlsConfig},
};

use crate::support::wait_until;

/// What has been received.
#[derive(Debug, Default)]
struct Received {
    exports: usize,
    /// Spans, each with the attributes of its service.
    spans: Vec<Arrived>,
}

/// A span, and the attributes of its service.
#[derive(Debug, Clone)]
struct Arrived {
    span: Found,
    service: BTreeMap<String, String>,
}

/// A span as tests look at it: ids are hexadecimal, attributes text.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) trace: String,
    pub(super) id: String,
    pub(super) parent: String,
    pub(super) name: String,
    pub(super) kind: i32,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) attributes: BTreeMap<String, String>,
}

impl Found {
    /// Returns an attribute; empty without it.
    pub(super) fn of(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

impl From<Span> for Found {
    fn from(span: Span) -> Self {
        Self {
            trace: hex::encode(span.trace_id),
            id: hex::encode(span.span_id),
            parent: hex::encode(span.parent_span_id),
            name: span.name,
            kind: span.kind,
            start: span.start_time_unix_nano,
            end: span.end_time_unix_nano,
            attributes: texts(&span.attributes),
        }
    }
}

fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |attribute: &KeyValue| match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(is)) => is.to_string(),
        other => format!("{other:?}"),
    };
    attributes.iter().map(|attribute| (attribute.key.clone(), text(attribute))).collect()
}

/// The receiver; it ends when it is dropped.
#[derive(Debug)]
pub(super) struct Receiver {
    address: SocketAddr,
    received: Arc<Mutex<Received>>,
    _runtime: Runtime,
}

#[derive(Debug)]
struct Service {
    received: Arc<Mutex<Received>>,
    /// The value of `authorization` an export must have.
    wanted: Option<&'static str>,
}

#[tonic::async_trait]
impl TraceService for Service {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let given = request.metadata().get("authorization").and_then(|value| value.to_str().ok());
        if self.wanted.is_some() && given != self.wanted {
            return Err(Status::unauthenticated("who are you"));
        }
        let mut received = self.received.lock().unwrap();
        received.exports += 1;
        for of_service in request.into_inner().resource_spans {
            let service = texts(&of_service.resource.unwrap_or_default().attributes);
            for span in of_service.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                received.spans.push(Arrived { span: span.into(), service: service.clone() });
            }
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Receiver {
    /// Starts one that accepts everything.
    pub(super) fn start() -> Self {
        Self::start_with(None, None)
    }

    /// Starts one with TLS, that accepts what has this in `authorization`.
    pub(super) fn encrypted(wanted: &'static str, cert: &str, key: &str) -> Self {
        let tls = ServerTlsConfig::new().identity(Identity::from_pem(cert, key));
        Self::start_with(Some(wanted), Some(tls))
    }

    fn start_with(wanted: Option<&'static str>, tls: Option<ServerTlsConfig>) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let received = Arc::<Mutex<Received>>::default();
        let service = TraceServiceServer::new(Service { received: Arc::clone(&received), wanted });
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let mut server = Server::builder();
        if let Some(tls) = tls {
            server = server.tls_config(tls).unwrap();
        }
        let serving = server.add_service(service).serve_with_incoming(TcpListenerStream::new(listener));
        runtime.spawn(serving);
        Self { address, received, _runtime: runtime }
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the section of the configuration that sends it all traces, with more settings of it.
    pub(super) fn settings(&self, more: &str) -> String {
        settings(&format!("http://{}", self.address), more)
    }

    /// Returns how many exports there were.
    pub(super) fn exports(&self) -> usize {
        self.received.lock().unwrap().exports
    }

    /// Returns every span.
    pub(super) fn spans(&self) -> Vec<Found> {
        self.received.lock().unwrap().spans.iter().map(|received| received.span.clone()).collect()
    }

    /// Returns an attribute of the service of the first span.
    pub(super) fn of_service(&self, name: &str) -> Option<String> {
        self.received.lock().unwrap().spans.first()?.service.get(name).cloned()
    }

    /// Waits until it has this many spans of a trace, and returns them.
    pub(super) fn trace(&self, trace: &str, count: usize) -> Vec<Found> {
        let of_trace = || self.spans().into_iter().filter(|span| span.trace == trace).collect::<Vec<_>>();
        wait_until(&format!("{count} spans of trace {trace} are received"), || of_trace().len() >= count);
        of_trace()
    }
}

/// Returns a section that sends all traces to an endpoint, at once.
pub(super) fn settings(endpoint: &str, more: &str) -> String {
    let ratio = if more.contains("sample-ratio") { "" } else { "sample-ratio = \"1\"\n" };
    format!("[otlp]\nendpoint = {endpoint:?}\ninterval-ms = 10\n{ratio}{more}\n")
}
