//! What has become of the spans of this process.

use std::sync::LazyLock;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

use crate::telemetry::list;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

/// Counts the spans of this process. Clones share the counters.
#[derive(Debug, Clone)]
pub(super) struct Figures {
    /// Accepted by the receiver.
    pub(super) exported: Counter,
    /// Dropped because too many were waiting.
    pub(super) queue_full: Counter,
    /// Dropped because the receiver did not accept them.
    pub(super) export_failed: Counter,
    dropped: Family<ReasonLabels, Counter>,
}

impl Default for Figures {
    fn default() -> Self {
        let dropped = Family::<ReasonLabels, Counter>::default();
        let of = |reason| dropped.get_or_create(&ReasonLabels { reason }).clone();
        let (queue_full, export_failed) = (of("queue_full"), of("export_failed"));
        Self { exported: Counter::default(), queue_full, export_failed, dropped }
    }
}

impl Figures {
    /// Returns how many were dropped, whatever the reason.
    pub(super) fn all_dropped(&self) -> u64 {
        self.queue_full.get() + self.export_failed.get()
    }
}

static OF_PROCESS: LazyLock<Figures> = LazyLock::new(Figures::default);

/// Returns those of the process: spans belong to no exchange in it, as log lines do not.
pub(super) fn of_process() -> Figures {
    OF_PROCESS.clone()
}

/// Has them served.
pub(in crate::telemetry) fn register(registry: &mut Registry) {
    let Figures { exported, dropped, .. } = of_process();
    list::OTLP_EXPORTED.register(registry, exported);
    list::OTLP_DROPPED.register(registry, dropped);
}
