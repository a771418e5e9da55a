//! The way of a span out of the process: a bounded queue, batches on a thread of the SDK, and a runtime for the connection.
//!
//! The SDK drops what does not fit and what is not accepted, and says so nowhere that is measured. So its queue is kept from
//! ever being full by one bound before it, and its exporter is one that counts.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use opentelemetry::Context;
use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    trace::{BatchConfigBuilder, BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor},
};
use tokio::{runtime::Handle, time::timeout};

use super::figures::Figures;

/// How many spans one export has at the most.
const BATCH: usize = 512;
/// How long no further warning follows a warning.
const QUIET: Duration = Duration::from_secs(60);

/// How many spans wait or are being sent.
pub(super) type Waiting = Arc<AtomicUsize>;

/// Takes ended spans until too many wait, and never blocks.
#[derive(Debug)]
pub(super) struct Bounded<P> {
    inner: P,
    waiting: Waiting,
    most: usize,
    figures: Figures,
}

/// Starts the thread that exports in batches. `interval` is how long a span waits for others.
pub(super) fn start(
    exporter: Counting<impl SpanExporter + 'static>,
    most: usize,
    interval: Duration,
) -> Bounded<BatchSpanProcessor> {
    let (waiting, figures) = (Arc::clone(&exporter.waiting), exporter.figures.clone());
    let config = BatchConfigBuilder::default()
        .with_max_queue_size(most)
        .with_max_export_batch_size(BATCH)
        .with_scheduled_delay(interval)
        .build();
    Bounded { inner: BatchSpanProcessor::new(exporter, config), waiting, most, figures }
}

impl<P: SpanProcessor> SpanProcessor for Bounded<P> {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.inner.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if self.waiting.fetch_add(1, Ordering::AcqRel) < self.most {
            self.inner.on_end(span);
        } else {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            self.figures.queue_full.inc();
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

/// Exports on a runtime of its own within a time, counts what becomes of the spans, and warns now and then of those lost.
#[derive(Debug)]
pub(super) struct Counting<E> {
    inner: Arc<E>,
    runtime: Handle,
    limit: Duration,
    waiting: Waiting,
    figures: Figures,
    warnings: Mutex<Warnings>,
}

impl<E> Counting<E> {
    pub(super) fn new(
        inner: E,
        runtime: Handle,
        limit: Duration,
        waiting: Waiting,
        figures: Figures,
    ) -> Self {
        Self { inner: Arc::new(inner), runtime, limit, waiting, figures, warnings: Mutex::default() }
    }
}

impl<E: SpanExporter + 'static> SpanExporter for Counting<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len();
        let (exporter, limit) = (Arc::clone(&self.inner), self.limit);
        // The SDK's thread has no timers; a receiver that accepts a connection and then says nothing has to be given up.
        let export = async move { timeout(limit, exporter.export(batch)).await };
        let outcome = match self.runtime.spawn(export).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(OTelSdkError::Timeout(limit)),
            Err(error) => Err(OTelSdkError::InternalFailure(error.to_string())),
        };
        self.waiting.fetch_sub(count, Ordering::AcqRel);
        let counter = if outcome.is_ok() { &self.figures.exported } else { &self.figures.export_failed };
        counter.inc_by(count as u64);
        let dropped = self.figures.all_dropped();
        let report = self.warnings.lock().unwrap_or_else(PoisonError::into_inner).of(dropped, Instant::now());
        match (report, &outcome) {
            (Some(spans), Err(error)) => {
                tracing::warn!(%error, spans, "traces are lost: the receiver of [otlp] endpoint does not accept them");
            }
            (Some(spans), Ok(())) => {
                tracing::warn!(spans, "traces were lost; the receiver of [otlp] endpoint accepts them now");
            }
            (None, _) => {}
        }
        outcome
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        // The only reference, before the first export.
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.set_resource(resource);
        }
    }
}

/// Decides when lost spans are reported.
#[derive(Debug, Default)]
struct Warnings {
    last: Option<Instant>,
    /// How many had been lost by then.
    reported: u64,
}

impl Warnings {
    /// Returns how many spans to report after an export, if any: the first that are lost at once, more of them after a while.
    fn of(&mut self, dropped: u64, now: Instant) -> Option<u64> {
        let lost = dropped.saturating_sub(self.reported);
        let is_quiet = self.last.is_some_and(|last| now.saturating_duration_since(last) < QUIET);
        if lost == 0 || is_quiet {
            return None;
        }
        (self.last, self.reported) = (Some(now), dropped);
        Some(lost)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use opentelemetry::trace::{Tracer, TracerProvider};
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tokio::{runtime::Runtime, sync::Semaphore};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    /// A receiver that accepts a batch for every permit it is given, or refuses it.
    #[derive(Debug)]
    struct Receiver {
        permits: Arc<Semaphore>,
        accepts: bool,
        started: mpsc::Sender<usize>,
    }

    impl SpanExporter for Receiver {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            self.started.send(batch.len()).unwrap();
            self.permits.acquire().await.unwrap().forget();
            if self.accepts { Ok(()) } else { Err(OTelSdkError::InternalFailure("refused".to_owned())) }
        }
    }

    struct Pipeline {
        provider: SdkTracerProvider,
        figures: Figures,
        waiting: Waiting,
        permits: Arc<Semaphore>,
        started: mpsc::Receiver<usize>,
        _runtime: Runtime,
    }

    impl Pipeline {
        fn start(accepts: bool, most: usize, limit: Duration) -> Self {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            let (figures, waiting, permits) =
                (Figures::default(), Waiting::default(), Arc::new(Semaphore::new(0)));
            let (sender, started) = mpsc::channel();
            let receiver = Receiver { permits: Arc::clone(&permits), accepts, started: sender };
            let counting = Counting::new(
                receiver,
                runtime.handle().clone(),
                limit,
                Arc::clone(&waiting),
                figures.clone(),
            );
            let processor = super::start(counting, most, Duration::from_millis(1));
            let provider = SdkTracerProvider::builder().with_span_processor(processor).build();
            Self { provider, figures, waiting, permits, started, _runtime: runtime }
        }

        fn end_spans(&self, count: usize) {
            let tracer = self.provider.tracer("test");
            (0..count).for_each(|_| drop(tracer.start("span")));
        }

        /// Waits until nothing waits any more.
        fn emptied(&self) {
            let until = Instant::now() + PATIENCE;
            while self.waiting.load(Ordering::Acquire) > 0 {
                assert!(Instant::now() < until, "spans still wait");
                std::thread::yield_now();
            }
        }
    }

    #[test]
    fn spans_that_do_not_fit_are_dropped_and_counted_without_waiting() {
        let pipeline = Pipeline::start(true, 8, PATIENCE);
        pipeline.end_spans(1);
        assert_eq!(pipeline.started.recv_timeout(PATIENCE), Ok(1), "it is being sent");
        pipeline.end_spans(20);
        assert_eq!(pipeline.figures.queue_full.get(), 13, "8 wait or are being sent");
        pipeline.permits.add_permits(100);
        pipeline.emptied();
        assert_eq!((pipeline.figures.exported.get(), pipeline.figures.export_failed.get()), (8, 0));
        pipeline.end_spans(1);
        pipeline.emptied();
        assert_eq!(pipeline.figures.exported.get(), 9, "there is room again");
    }

    #[test]
    fn what_is_refused_or_never_answered_is_counted() {
        let refusing = Pipeline::start(false, 8, PATIENCE);
        refusing.permits.add_permits(100);
        refusing.end_spans(3);
        refusing.emptied();
        assert_eq!((refusing.figures.exported.get(), refusing.figures.export_failed.get()), (0, 3));

        let silent = Pipeline::start(true, 8, Duration::from_millis(1));
        silent.end_spans(3);
        silent.emptied();
        assert_eq!((silent.figures.exported.get(), silent.figures.export_failed.get()), (0, 3));
    }

    #[test]
    fn a_flush_at_the_end_is_bounded() {
        let silent = Pipeline::start(true, 8, PATIENCE);
        silent.end_spans(1);
        silent.started.recv_timeout(PATIENCE).unwrap();
        assert!(silent.provider.shutdown_with_timeout(Duration::from_millis(1)).is_err());
        let answering = Pipeline::start(true, 8, PATIENCE);
        answering.permits.add_permits(100);
        answering.end_spans(5);
        answering.provider.shutdown_with_timeout(PATIENCE).unwrap();
        assert_eq!(answering.figures.exported.get(), 5);
    }

    #[test]
    fn lost_spans_are_reported_at_once_and_then_once_a_minute() {
        let mut warnings = Warnings::default();
        let start = Instant::now();
        let mut at = |second, dropped| warnings.of(dropped, start + Duration::from_secs(second));
        assert_eq!(at(0, 0), None);
        assert_eq!(at(1, 5), Some(5));
        assert_eq!(at(2, 7), None, "not yet");
        assert_eq!(at(61, 9), Some(4));
        assert_eq!(at(200, 9), None, "nothing new");
    }
}
