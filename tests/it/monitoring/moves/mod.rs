//! Every metric of the list moves when what it measures happens: a real exchange is driven, and the metric read.

mod connections;
mod process;
mod shards;
mod storage;
mod trading;

use std::{collections::BTreeSet, fs};

use lightning_exchange::telemetry::METRICS;

use crate::support::root;

/// Metrics shown by tests of what they count, and the files of these tests.
const ELSEWHERE: &[(&str, &str)] = &[
    ("lightning_clock_leaps_total", "tests/it/clock.rs"),
    ("lightning_clock_skew_seconds", "tests/it/clock.rs"),
    ("lightning_log_lines_dropped_total", "tests/it/outputs.rs"),
    ("lightning_connections_timed_out_total", "tests/it/connections/deadlines.rs"),
    ("lightning_connections_broken_total", "tests/it/faults/connections.rs"),
    ("lightning_tls_handshakes_failed_total", "tests/it/tls/wire.rs"),
    ("lightning_tls_certificate_reloads_total", "tests/it/tls/reload.rs"),
    ("lightning_tls_certificate_reloads_failed_total", "tests/it/tls/reload.rs"),
    ("lightning_tls_certificate_expires_timestamp_seconds", "tests/it/tls/reload.rs"),
    ("lightning_otlp_spans_exported_total", "tests/it/traces/lost.rs"),
    ("lightning_otlp_spans_dropped_total", "tests/it/traces/lost.rs"),
    ("lightning_audit_passed", "src/app/storage.rs"),
];

#[test]
fn no_metric_is_forgotten() {
    for (metric, path) in ELSEWHERE {
        assert!(fs::read_to_string(root().join(path)).unwrap().contains(metric), "{metric} is not in {path}");
    }
    let here =
        [trading::RISING, trading::ALSO, shards::SHOWN, storage::SHOWN, connections::SHOWN, process::SHOWN];
    let shown: BTreeSet<&str> = here
        .iter()
        .flat_map(|shown| shown.iter())
        .copied()
        .chain(ELSEWHERE.iter().map(|(metric, _)| *metric))
        .collect();
    let listed: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
    assert_eq!(
        listed.difference(&shown).collect::<Vec<_>>(),
        Vec::<&&str>::new(),
        "no test shows that it moves"
    );
    assert_eq!(shown.difference(&listed).collect::<Vec<_>>(), Vec::<&&str>::new(), "not on the list");
}
