//! Traces: the spans of sampled requests, sent to a receiver by OTLP over gRPC.
//!
//! A span that is exported has the target [`TARGET`] and descends from the span of a sampled request: whether a request is traced
//! is decided once, when it arrives, and whatever handles it later looks at the span it was handed ([`is_traced`]). So a request
//! that is not traced costs a look at its `traceparent` and a random number, and nothing where nothing is traced at all.

mod figures;
mod pipeline;
mod sampling;
mod settings;

use std::{
    fs,
    sync::{Arc, OnceLock, atomic::Ordering},
    time::Duration,
};

use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithTonicConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler as AllSampler, SdkTracerProvider, SpanExporter as _},
};
use tokio::runtime::{Builder, Runtime};
use tonic::{
    metadata::{AsciiMetadataKey, MetadataMap, MetadataValue},
    transport::{Certificate, ClientTlsConfig, Endpoint},
};
use tracing::{Span, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{Layer, filter::Targets, registry::LookupSpan};

pub(super) use self::figures::register;
use self::{
    pipeline::{Counting, Waiting},
    sampling::{Sampler, random},
};
pub use self::{
    sampling::{Ratio, Sampled, share_a_trace},
    settings::{TraceError, TraceSettings},
};

/// The target of spans that are exported. Their level is that of errors, so that the log has their trace whatever its filter.
pub const TARGET: &str = "lightning_exchange::otlp";

/// Variables of the environment by which the exporter would compress, which it is built without.
const COMPRESSION: [&str; 2] = ["OTEL_EXPORTER_OTLP_COMPRESSION", "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION"];

/// How long the end of the process waits for the last spans.
const LAST_SPANS: Duration = Duration::from_secs(3);

/// Decides for the process, as there is one log for it: `None` until traces are sent.
static SAMPLER: OnceLock<Sampler> = OnceLock::new();

/// Returns whether a span is exported, and spans that follow from it with it.
pub fn is_traced(span: &Span) -> bool {
    !span.is_disabled() && span.metadata().is_some_and(|metadata| metadata.target() == TARGET)
}

/// Decides whether a request is traced; `header` returns its headers by name. What is decided is for the request's first span,
/// which must have no parent.
pub fn sample<'h>(header: impl Fn(&str) -> Option<&'h str>) -> Option<Sampled> {
    SAMPLER.get()?.decide(header, random)
}

/// The way of spans to their receiver. Dropping it sends those that are left, for a bounded time.
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
    waiting: Waiting,
    /// Runs the connection; `None` once it has ended.
    runtime: Option<Runtime>,
}

impl Traces {
    /// Starts the threads that send spans, and from now on samples requests. The receiver need not be there.
    ///
    /// # Errors
    /// [`TraceError`] when there can be no connection to it, or no thread.
    pub fn start(settings: &TraceSettings) -> Result<Self, TraceError> {
        let runtime =
            Builder::new_multi_thread().worker_threads(1).thread_name("otlp").enable_all().build()?;
        let exporter = {
            let _entered = runtime.enter();
            exporter(settings)?
        };
        let (waiting, figures) = (Waiting::default(), figures::of_process());
        let handle = runtime.handle().clone();
        let counting = Counting::new(exporter, handle, settings.timeout, Arc::clone(&waiting), figures);
        let provider = SdkTracerProvider::builder()
            .with_span_processor(pipeline::start(counting, settings.queue, settings.interval))
            .with_resource(resource(settings))
            // What comes here is sampled.
            .with_sampler(AllSampler::AlwaysOn)
            .build();
        let _ = SAMPLER.set(Sampler { requests: settings.requests, members: settings.members }); // the first decides
        Ok(Self { provider, waiting, runtime: Some(runtime) })
    }

    /// Returns the layer that takes the spans.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer(env!("CARGO_PKG_NAME")))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false)
            .with_filter(Targets::new().with_target(TARGET, LevelFilter::ERROR))
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        let sent = self.provider.shutdown_with_timeout(LAST_SPANS);
        let spans = self.waiting.load(Ordering::Acquire);
        if sent.is_err() && spans > 0 {
            tracing::warn!(spans, "the last traces were not accepted in time");
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Sends an export without a span; the inner result is whether the receiver accepts it, and has no header.
///
/// # Errors
/// [`TraceError`] when nothing could be sent, whatever the receiver does: the exchange would not start.
pub fn probe(settings: &TraceSettings) -> Result<Result<(), String>, TraceError> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        let exporter = exporter(settings)?;
        Ok(match tokio::time::timeout(settings.timeout, exporter.export(Vec::new())).await {
            Ok(outcome) => outcome.map_err(|error| error.to_string()),
            Err(_) => Err(format!("no answer within {} ms", settings.timeout.as_millis())),
        })
    });
    // A name that is still being looked up is not waited for.
    runtime.shutdown_background();
    outcome
}

/// Makes a connection that is opened when it is needed. Must be called inside a runtime.
fn exporter(settings: &TraceSettings) -> Result<SpanExporter, TraceError> {
    let failed = |reason: String| TraceError::Endpoint { endpoint: settings.endpoint.clone(), reason };
    if let Some(name) = COMPRESSION.into_iter().find(|name| std::env::var_os(name).is_some()) {
        return Err(TraceError::Compression { name });
    }
    let endpoint =
        Endpoint::from_shared(settings.endpoint.clone()).map_err(|error| failed(described(&error)))?;
    let is_encrypted = endpoint.uri().scheme_str() == Some("https");
    let timeout = settings.timeout;
    // Pings only while an export waits for its answer: a connection to a machine that is gone is given up with the first of them.
    let mut endpoint = endpoint
        .connect_timeout(timeout)
        .timeout(timeout)
        .http2_keep_alive_interval(timeout / 4)
        .keep_alive_timeout(timeout / 2);
    if is_encrypted {
        endpoint = endpoint.tls_config(tls(settings)?).map_err(|error| failed(described(&error)))?;
    }
    let mut metadata = MetadataMap::new();
    for (name, value) in &settings.headers {
        let name = AsciiMetadataKey::from_bytes(name.as_bytes()).map_err(|_| TraceError::Header)?;
        let mut value = MetadataValue::try_from(value).map_err(|_| TraceError::Header)?;
        value.set_sensitive(true);
        metadata.insert(name, value);
    }
    let builder = SpanExporter::builder().with_tonic().with_channel(endpoint.connect_lazy());
    let built = builder.with_metadata(metadata).with_timeout(timeout).build();
    built.map_err(|error| failed(described(&error)))
}

fn tls(settings: &TraceSettings) -> Result<ClientTlsConfig, TraceError> {
    let tls = ClientTlsConfig::new();
    match &settings.ca_file {
        None => Ok(tls.with_native_roots()),
        Some(file) => {
            let pem = fs::read(file).map_err(|error| TraceError::Unreadable { file: file.clone(), error })?;
            Ok(tls.ca_certificate(Certificate::from_pem(pem)))
        }
    }
}

/// Returns what receivers know of this process. Nothing is taken from variables of the environment other than the settings.
fn resource(settings: &TraceSettings) -> Resource {
    let own = [
        KeyValue::new("service.name", settings.service.clone()),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("process.pid", i64::from(std::process::id())),
    ];
    let host = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let host = host.map(|name| KeyValue::new("host.name", name.trim().to_owned()));
    let given = settings.resource.iter().map(|(name, value)| KeyValue::new(name.clone(), value.clone()));
    Resource::builder_empty().with_attributes(own).with_attributes(host).with_attributes(given).build()
}

/// Returns an error with its causes.
fn described(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
