//! All metrics of an exchange. Their names and meanings are in the list beside it.

use std::{sync::atomic::AtomicU64, time::Instant};

use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use super::{
    connections::{BrokenConnections, ConnectionGauges, SessionGauges, UnservedRequests},
    list, log_queue,
    process::ProcessGauges,
    stages::Stages,
    storage::{CommitFigures, HistoryGauges, JournalGauges, SnapshotGauges},
    tls::TlsGauges,
    traces,
    trading::Trading,
};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VersionLabels {
    version: &'static str,
}

/// What there is to measure.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// How many account shards.
    pub account_shards: usize,
    /// How many symbol shards.
    pub symbol_shards: usize,
    /// The symbols, by id.
    pub symbols: Vec<(u64, String)>,
    /// What the journal's thread records.
    pub commits: CommitFigures,
}

impl Measured {
    fn shards(&self) -> Vec<String> {
        let accounts = (0..self.account_shards).map(|index| format!("account-{index}"));
        accounts.chain((0..self.symbol_shards).map(|index| format!("symbol-{index}"))).collect()
    }
}

/// The clock's figures, set when the metrics are read.
#[derive(Debug, Default)]
pub struct ClockGauges {
    /// How far the wall clock is ahead of the exchange's time, in seconds.
    pub skew: Gauge<f64, AtomicU64>,
    /// How often the wall clock leapt.
    pub leaps: Counter,
}

impl ClockGauges {
    fn register(registry: &mut Registry) -> Self {
        let gauges = Self::default();
        list::CLOCK_SKEW.register(registry, gauges.skew.clone());
        list::CLOCK_LEAPS.register(registry, gauges.leaps.clone());
        gauges
    }
}

/// The counters and measurements of the exchange.
#[derive(Debug)]
pub struct Metrics {
    /// Commands, orders and trades.
    pub trading: Trading,
    /// The shards and the actors behind them.
    pub stages: Stages,
    /// The journal.
    pub journal: JournalGauges,
    /// Snapshots and audits.
    pub snapshots: SnapshotGauges,
    /// The history.
    pub history: HistoryGauges,
    /// Connections.
    pub connections: ConnectionGauges,
    /// Connections cut off for what they sent.
    pub broken_connections: BrokenConnections,
    /// Sessions and streams.
    pub sessions: SessionGauges,
    /// Requests over HTTP that were not served.
    pub unserved: UnservedRequests,
    /// The clock.
    pub clock: ClockGauges,
    process: ProcessGauges,
    commits: CommitFigures,
    /// The certificate.
    pub tls: TlsGauges,
    registry: Registry,
    epoch: Instant,
}

impl Metrics {
    /// Registers everything.
    pub fn new(measured: &Measured) -> Self {
        let mut registry = Registry::default();
        let (shards, account_shards) = (measured.shards(), measured.account_shards);
        let trading = Trading::register(&mut registry, &shards, account_shards, &measured.symbols);
        let stages = Stages::register(&mut registry, &shards, account_shards);
        let commits = measured.commits.clone();
        let journal = JournalGauges::register(&mut registry, &commits);
        let snapshots = SnapshotGauges::register(&mut registry);
        let history = HistoryGauges::register(&mut registry);
        let connections = ConnectionGauges::register(&mut registry);
        let broken_connections = BrokenConnections::register(&mut registry);
        let sessions = SessionGauges::register(&mut registry);
        let unserved = UnservedRequests::register(&mut registry);
        let build = Family::<VersionLabels, Gauge>::default();
        build.get_or_create(&VersionLabels { version: env!("CARGO_PKG_VERSION") }).set(1);
        list::BUILD.register(&mut registry, build);
        let clock = ClockGauges::register(&mut registry);
        list::LOG_DROPPED.register(&mut registry, log_queue::dropped());
        traces::register(&mut registry);
        let process = ProcessGauges::register(&mut registry);
        let tls = TlsGauges::register(&mut registry);
        Self {
            trading,
            stages,
            journal,
            snapshots,
            history,
            connections,
            broken_connections,
            sessions,
            unserved,
            clock,
            process,
            commits,
            tls,
            registry,
            epoch: Instant::now(),
        }
    }

    /// Returns the nanoseconds from the start of the metrics to `instant`.
    pub fn nanos(&self, instant: Instant) -> u64 {
        u64::try_from(instant.saturating_duration_since(self.epoch).as_nanos()).unwrap_or(u64::MAX)
    }

    /// Sets whether an audit has stopped trading.
    pub fn set_halted(&self, is_halted: bool) {
        self.trading.halted.set(i64::from(is_halted));
    }

    /// Returns the metrics as OpenMetrics text.
    pub fn render(&self) -> String {
        self.stages.read(self.nanos(Instant::now()));
        self.journal.read(&self.commits);
        self.process.read();
        let mut rendered = String::new();
        // Writing to a String cannot fail.
        let _ = text::encode(&mut rendered, &self.registry);
        rendered
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::telemetry::{METRICS, RejectClass, ShedReason, TurnRecord};

    fn metrics() -> Metrics {
        Metrics::new(&Measured {
            account_shards: 2,
            symbol_shards: 1,
            symbols: vec![(7, "ETHUSDT".to_owned()), (1, "BTCUSDT".to_owned())],
            commits: CommitFigures::default(),
        })
    }

    #[test]
    fn the_text_names_every_shard_symbol_hop_and_reason() {
        let metrics = metrics();
        let shard = metrics.stages.shard(2).unwrap();
        shard.queue.set(3, 0);
        let mut record = TurnRecord::start(shard);
        let started = record.started();
        record.received(started);
        record.input();
        record.end(started);
        metrics.trading.trades.add(1, 5);
        metrics.trading.trades.add(8, 5); // there is none
        metrics.trading.shed(ShedReason::DiskFull).inc();
        metrics.trading.rejected(RejectClass::Unavailable).inc();
        metrics.unserved.error(504);
        let text = metrics.render();
        for expected in [
            "lightning_commands_admitted_total 0",
            "lightning_commands_shed_total{reason=\"account_shard_full\"} 0",
            "lightning_commands_shed_total{reason=\"disk_full\"} 1",
            "lightning_orders_rejected_total{reason=\"invalid\"} 0",
            "lightning_orders_rejected_total{reason=\"unavailable\"} 1",
            "lightning_trades_total{symbol=\"BTCUSDT\"} 5",
            "lightning_trades_total{symbol=\"ETHUSDT\"} 0",
            "lightning_log_lines_dropped_total 0",
            "lightning_otlp_spans_dropped_total{reason=\"queue_full\"} 0",
            "lightning_connections_broken_total{protocol=\"websocket\"} 0",
            "lightning_shard_queue_messages{shard=\"symbol-0\"} 3",
            "lightning_shard_queue_oldest_seconds{shard=\"account-1\"} 0",
            "lightning_hop_seconds_count{hop=\"account_to_symbol\"} 1",
            "lightning_http_errors_total{status=\"504\"} 1",
        ] {
            assert!(text.contains(expected), "{expected} not in\n{text}");
        }
    }

    /// What the text states of each metric: its type and its help.
    fn stated(text: &str) -> BTreeMap<String, (String, String)> {
        let mut stated: BTreeMap<String, (String, String)> = BTreeMap::new();
        for line in text.lines() {
            let mut words = line.splitn(4, ' ').skip(1);
            let (Some(what), Some(name), Some(rest)) = (words.next(), words.next(), words.next()) else {
                continue;
            };
            match what {
                "TYPE" => stated.entry(name.to_owned()).or_default().0 = rest.to_owned(),
                "HELP" => stated.entry(name.to_owned()).or_default().1 = rest.to_owned(),
                _ => {}
            }
        }
        stated
    }

    #[test]
    fn everything_on_the_list_is_served_and_nothing_else() {
        let stated = stated(&metrics().render());
        let listed: BTreeMap<String, (String, String)> = METRICS
            .iter()
            .map(|metric| {
                let name = metric.name.strip_suffix("_total").unwrap_or(metric.name);
                (name.to_owned(), (metric.kind.name().to_owned(), format!("{}.", metric.help)))
            })
            .collect();
        assert_eq!(listed.len(), METRICS.len(), "a name is listed twice");
        assert_eq!(stated, listed);
    }

    #[test]
    fn every_series_has_the_labels_of_its_metric() {
        let text = metrics().render();
        for metric in METRICS {
            let is_sample = |line: &&str| {
                let name = line.split(['{', ' ']).next().unwrap_or_default();
                let base = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
                name == metric.name || base == Some(metric.name)
            };
            let mut count = 0;
            for line in text.lines().filter(is_sample) {
                let labels =
                    line.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map_or("", |it| it.0);
                let names: Vec<&str> = labels
                    .split(',')
                    .filter_map(|label| label.split_once('=').map(|(name, _)| name))
                    .filter(|name| *name != "le")
                    .collect();
                assert_eq!(names, metric.labels, "{line}");
                count += 1;
            }
            assert!(count > 0, "{} has no series before anything has happened", metric.name);
        }
    }
}
