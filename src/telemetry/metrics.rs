//! Every metric name and label, once. No account id is ever a label.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

use super::{ConnectionGauges, TlsGauges};

/// Counts commands rejected for lack of a permit.
pub type Shed = Counter;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ShardLabels {
    shard: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProtocolLabels {
    protocol: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HopLabels {
    hop: &'static str,
}

/// The journal's figures, set when the metrics are read.
#[derive(Debug, Default)]
pub struct JournalGauges {
    /// The last durable frame.
    pub durable: Gauge,
    /// How much waits to be written or released.
    pub queued: Gauge,
    /// Commits since the start.
    pub commits: Gauge,
    /// Bytes of frames since the start.
    pub bytes: Gauge,
    /// The duration of the last commit, in seconds.
    pub last_commit: Gauge<f64, AtomicU64>,
}

impl JournalGauges {
    fn register(registry: &mut Registry) -> Self {
        let gauges = Self::default();
        registry.register("journal_durable_frame", "The last durable frame", gauges.durable.clone());
        registry.register("journal_queue", "What waits for the journal", gauges.queued.clone());
        registry.register("journal_commits", "Commits since the start", gauges.commits.clone());
        registry.register_with_unit(
            "journal",
            "Frames written since the start",
            Unit::Bytes,
            gauges.bytes.clone(),
        );
        let help = "How long the last commit took";
        registry.register_with_unit("journal_last_commit", help, Unit::Seconds, gauges.last_commit.clone());
        gauges
    }
}

/// The clock's figures, set when the metrics are read.
#[derive(Debug, Default)]
pub struct ClockGauges {
    /// How far the wall clock is ahead of the exchange's time, in seconds.
    pub skew: Gauge<f64, AtomicU64>,
    /// How often the wall clock leapt since the start.
    pub leaps: Gauge,
}

impl ClockGauges {
    fn register(registry: &mut Registry) -> Self {
        let gauges = Self::default();
        let help = "How far the wall clock is ahead of the exchange's time";
        registry.register_with_unit("clock_skew", help, Unit::Seconds, gauges.skew.clone());
        let help = "How often the wall clock leapt since the start";
        registry.register("clock_leaps", help, gauges.leaps.clone());
        gauges
    }
}

/// The history's figures, set when the metrics are read.
#[derive(Debug, Default)]
pub struct HistoryGauges {
    /// The last frame ingested.
    pub sequence: Gauge,
    /// Rows written since the start.
    pub rows: Gauge,
    /// How often ingesting failed since the start.
    pub failures: Gauge,
}

impl HistoryGauges {
    fn register(registry: &mut Registry) -> Self {
        let gauges = Self::default();
        registry.register("history_frame", "The last frame the history took in", gauges.sequence.clone());
        registry.register("history_rows", "Rows written since the start", gauges.rows.clone());
        let help = "How often taking in frames failed since the start";
        registry.register("history_failures", help, gauges.failures.clone());
        gauges
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
    fn register(registry: &mut Registry) -> Self {
        let broken = Family::<ProtocolLabels, Counter>::default();
        let help = "Connections that sent what is not their protocol, or broke off";
        registry.register("connections_broken", help, broken.clone());
        let of = |protocol| broken.get_or_create(&ProtocolLabels { protocol }).clone();
        Self { http: of("http"), websocket: of("websocket") }
    }
}

/// The counters and measurements of the exchange.
#[derive(Debug)]
pub struct Metrics {
    /// Commands admitted.
    pub admitted: Counter,
    /// Commands rejected for lack of a permit at an account shard.
    pub shed_account: Shed,
    /// Commands rejected for lack of a permit at a symbol shard.
    pub shed_symbol: Shed,
    /// Trades.
    pub trades: Counter,
    /// WebSocket sessions open now.
    pub sessions: Gauge,
    /// WebSocket sessions closed because they fell behind.
    pub sessions_too_slow: Counter,
    /// Connections cut off for what they sent.
    pub broken_connections: BrokenConnections,
    /// From the admission of a command at the edge to its handling by its shard.
    pub edge_to_account: Histogram,
    /// From the end of an account shard's turn to the handling of its messages by the symbol shard.
    pub account_to_symbol: Histogram,
    /// From the end of a symbol shard's turn to the handling of its messages by the account shard.
    pub symbol_to_account: Histogram,
    /// The journal.
    pub journal: JournalGauges,
    /// The history.
    pub history: HistoryGauges,
    /// The clock.
    pub clock: ClockGauges,
    /// Connections.
    pub connections: ConnectionGauges,
    /// The certificate.
    pub tls: TlsGauges,
    /// From the admission of a command at the edge to its answer, by account shard: each has its own, so that shards
    /// never wait for each other to count.
    commands: Vec<Histogram>,
    queues: Vec<(Arc<Queue>, Gauge, Gauge<f64, AtomicU64>)>,
    registry: Registry,
    epoch: Instant,
}

/// The queue of one shard, written by the shard and read when metrics are requested.
#[derive(Debug, Default)]
pub struct Queue {
    len: AtomicU64,
    oldest: AtomicU64,
}

impl Queue {
    /// Records the queue's length and when its oldest entry arrived, in nanoseconds since the metrics started.
    pub fn set(&self, len: usize, oldest_nanos: u64) {
        self.len.store(len as u64, Ordering::Relaxed);
        self.oldest.store(oldest_nanos, Ordering::Relaxed);
    }
}

impl Metrics {
    /// Registers everything for so many shards of each kind.
    pub fn new(account_shards: usize, symbol_shards: usize) -> Self {
        let mut registry = Registry::with_prefix("lightning");
        let counter = |registry: &mut Registry, name: &str, help: &str| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let admitted = counter(&mut registry, "commands_admitted", "Commands let in");
        let shed = Family::<ShardLabels, Counter>::default();
        registry.register("commands_shed", "Commands turned away because a shard is full", shed.clone());
        let shed_of = |kind: &str| shed.get_or_create(&ShardLabels { shard: kind.to_owned() }).clone();
        let (shed_account, shed_symbol) = (shed_of("account"), shed_of("symbol"));
        let trades = counter(&mut registry, "trades", "Trades");
        let sessions = Gauge::default();
        registry.register("websocket_sessions", "WebSocket sessions open now", sessions.clone());
        let sessions_too_slow = counter(
            &mut registry,
            "websocket_sessions_too_slow",
            "WebSocket sessions closed for falling behind",
        );
        let broken_connections = BrokenConnections::register(&mut registry);
        let hops = Family::<HopLabels, Histogram>::new_with_constructor(latency);
        registry.register_with_unit(
            "hop",
            "Time a message waits between two actors",
            Unit::Seconds,
            hops.clone(),
        );
        let hop = |hop: &'static str| hops.get_or_create(&HopLabels { hop }).clone();
        let (edge_to_account, account_to_symbol, symbol_to_account) =
            (hop("edge_to_account"), hop("account_to_symbol"), hop("symbol_to_account"));
        let commands = Family::<ShardLabels, Histogram>::new_with_constructor(latency);
        let help = "From letting a command in to its answer";
        registry.register_with_unit("command", help, Unit::Seconds, commands.clone());
        let shard = |index| ShardLabels { shard: format!("account-{index}") };
        let commands =
            (0..account_shards).map(|index| commands.get_or_create(&shard(index)).clone()).collect();
        let queues = queues(&mut registry, account_shards, symbol_shards);
        let journal = JournalGauges::register(&mut registry);
        let history = HistoryGauges::register(&mut registry);
        let help = "Log lines dropped because standard error was not read, or could not be written";
        registry.register("log_lines_dropped", help, super::log_queue::dropped());
        let clock = ClockGauges::register(&mut registry);
        let connections = ConnectionGauges::register(&mut registry);
        let tls = TlsGauges::register(&mut registry);
        Self {
            admitted,
            shed_account,
            shed_symbol,
            trades,
            sessions,
            sessions_too_slow,
            broken_connections,
            edge_to_account,
            account_to_symbol,
            symbol_to_account,
            journal,
            history,
            clock,
            connections,
            tls,
            commands,
            queues,
            registry,
            epoch: Instant::now(),
        }
    }

    /// Returns where an account shard records the latency of its commands.
    pub fn commands_of(&self, account_shard: usize) -> Histogram {
        self.commands.get(account_shard).cloned().unwrap_or_else(latency)
    }

    /// Returns the queue of a shard: account shards first, then symbol shards.
    pub fn queue(&self, index: usize) -> Arc<Queue> {
        self.queues.get(index).map(|(queue, _, _)| Arc::clone(queue)).unwrap_or_default()
    }

    /// Returns the nanoseconds from the start of the metrics to `instant`.
    pub fn nanos(&self, instant: Instant) -> u64 {
        u64::try_from(instant.saturating_duration_since(self.epoch).as_nanos()).unwrap_or(u64::MAX)
    }

    /// Returns the metrics as OpenMetrics text.
    pub fn render(&self) -> String {
        let now = self.nanos(Instant::now());
        for (queue, len, age) in &self.queues {
            let queued = queue.len.load(Ordering::Relaxed);
            len.set(i64::try_from(queued).unwrap_or(i64::MAX));
            let waited = now.saturating_sub(queue.oldest.load(Ordering::Relaxed));
            age.set(if queued == 0 { 0.0 } else { Duration::from_nanos(waited).as_secs_f64() });
        }
        let mut rendered = String::new();
        // Writing to a String cannot fail.
        let _ = text::encode(&mut rendered, &self.registry);
        rendered
    }
}

type QueueGauges = (Arc<Queue>, Gauge, Gauge<f64, AtomicU64>);

fn queues(registry: &mut Registry, account_shards: usize, symbol_shards: usize) -> Vec<QueueGauges> {
    let lens = Family::<ShardLabels, Gauge>::default();
    registry.register("shard_queue_messages", "Messages a shard has not taken up", lens.clone());
    let ages = Family::<ShardLabels, Gauge<f64, AtomicU64>>::default();
    registry.register_with_unit(
        "shard_queue_oldest",
        "Age of the oldest of them",
        Unit::Seconds,
        ages.clone(),
    );
    let accounts = (0..account_shards).map(|index| format!("account-{index}"));
    let symbols = (0..symbol_shards).map(|index| format!("symbol-{index}"));
    let gauges = accounts.chain(symbols).map(|shard| {
        let labels = ShardLabels { shard };
        (Arc::default(), lens.get_or_create(&labels).clone(), ages.get_or_create(&labels).clone())
    });
    gauges.collect()
}

/// 4 µs to 2 s.
fn latency() -> Histogram {
    Histogram::new(exponential_buckets(4e-6, 2.0, 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_names_every_shard_and_hop() {
        let metrics = Metrics::new(2, 1);
        metrics.queue(2).set(3, 0);
        metrics.edge_to_account.observe(0.000_01);
        let text = metrics.render();
        for expected in [
            "lightning_commands_admitted_total 0",
            "lightning_log_lines_dropped_total 0",
            "lightning_connections_broken_total{protocol=\"websocket\"} 0",
            "lightning_shard_queue_messages{shard=\"symbol-0\"} 3",
            "lightning_shard_queue_oldest_seconds{shard=\"account-1\"} 0",
            "lightning_hop_seconds_count{hop=\"edge_to_account\"} 1",
        ] {
            assert!(text.contains(expected), "{expected} not in\n{text}");
        }
    }
}
