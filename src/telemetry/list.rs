//! The list of all metrics: what is served, documented and shown on dashboards is this list, and tests compare them.
//!
//! Names follow the conventions of Prometheus: base units, `_total` for counters, `_seconds` or `_bytes` where there is
//! a unit. No label ever names an account.

use prometheus_client::registry::{Metric as Instrument, Registry, Unit};

/// How a metric's values are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Grows until the process ends.
    Counter,
    /// Is what it is now.
    Gauge,
    /// Counts values by size.
    Histogram,
}

impl Kind {
    /// Returns its name in the served text.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// Which part of the exchange a metric is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Commands, orders and trades.
    Trading,
    /// The actors and the way between them.
    Shards,
    /// The journal, snapshots, audits and the history.
    Storage,
    /// Connections and sessions.
    Connections,
    /// The process, its clock, its log and its traces.
    Process,
}

impl Subject {
    /// Every subject, in the order of the documents.
    pub const ALL: [Self; 5] = [Self::Trading, Self::Shards, Self::Storage, Self::Connections, Self::Process];

    /// Returns its title.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Trading => "Trading",
            Self::Shards => "Shards",
            Self::Storage => "Storage",
            Self::Connections => "Connections",
            Self::Process => "Process",
        }
    }
}

/// One metric of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name as it is served.
    pub name: &'static str,
    /// How its values are to be read.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it is about.
    pub subject: Subject,
    /// What it means.
    pub help: &'static str,
}

impl Metric {
    /// Has an instrument served under this name.
    pub(super) fn register(&self, registry: &mut Registry, instrument: impl Instrument) {
        // The encoder adds what the type and the unit require.
        let name = self.name.strip_suffix("_total").unwrap_or(self.name);
        let unit = [("_seconds", Unit::Seconds), ("_bytes", Unit::Bytes)];
        match unit.into_iter().find_map(|(suffix, unit)| Some((name.strip_suffix(suffix)?, unit))) {
            Some((name, unit)) => registry.register_with_unit(name, self.help, unit, instrument),
            None => registry.register(name, self.help, instrument),
        }
    }
}

macro_rules! list {
    ($($subject:ident { $($id:ident = $kind:ident $name:literal [$($label:literal),*] $help:literal;)+ })+) => {
        $($(
            #[doc = $help]
            pub(super) const $id: Metric = Metric {
                name: $name,
                kind: Kind::$kind,
                labels: &[$($label),*],
                subject: Subject::$subject,
                help: $help,
            };
        )+)+

        /// Every metric.
        pub const METRICS: &[Metric] = &[$($($id,)+)+];
    };
}

list! {
    Trading {
        COMMANDS_ADMITTED = Counter "lightning_commands_admitted_total" []
            "Commands that were given a permit and sent to an account shard";
        COMMANDS_SHED = Counter "lightning_commands_shed_total" ["reason"]
            "Commands turned away before any shard saw them, by reason";
        COMMANDS_IN_FLIGHT = Gauge "lightning_commands_in_flight" ["shard"]
            "Permits of a shard in use: commands that have not been answered";
        COMMANDS_IN_FLIGHT_MAX = Gauge "lightning_commands_in_flight_max" ["shard"]
            "Permits of a shard in use at which new orders are turned away; cancels have some more";
        COMMAND = Histogram "lightning_command_seconds" ["shard"]
            "Time from a command's admission to its answer, the disk included, by account shard";
        ORDERS_ACCEPTED = Counter "lightning_orders_accepted_total" ["symbol"]
            "Requests to place an order or a list that were accepted, by symbol";
        ORDERS_REJECTED = Counter "lightning_orders_rejected_total" ["reason"]
            "Requests to place an order or a list that a shard rejected, by class of reason";
        TRADES = Counter "lightning_trades_total" ["symbol"]
            "Trades, by symbol";
        HALTED = Gauge "lightning_trading_halted" []
            "Whether an audit has stopped trading: 1 when only cancels and deposits are accepted";
    }
    Shards {
        HOP = Histogram "lightning_hop_seconds" ["hop"]
            "Time something waits between two steps of a command";
        TURN = Histogram "lightning_turn_seconds" ["stage"]
            "Duration of a turn of a stage that had work: holding and settling at account shards, matching at symbol shards";
        TURN_INPUTS = Counter "lightning_turn_inputs_total" ["stage"]
            "Commands, messages, public facts or updates handled in these turns";
        STAGE_QUEUE = Gauge "lightning_stage_queue_messages" ["stage"]
            "Messages sent to market data or push and not handled yet, one for each turn of their sender";
        QUEUE = Gauge "lightning_shard_queue_messages" ["shard"]
            "Messages in a shard's queue at the start of its last turn";
        QUEUE_OLDEST = Gauge "lightning_shard_queue_oldest_seconds" ["shard"]
            "Age of the oldest of them";
        IN_SERVICE = Gauge "lightning_shard_in_service" ["shard"]
            "Whether a shard serves: 0 after a fault, until the process restarts";
    }
    Storage {
        JOURNAL_DURABLE = Gauge "lightning_journal_durable_frame" []
            "The last durable frame";
        JOURNAL_QUEUE = Gauge "lightning_journal_queue_turns" []
            "Turns of shards whose effects wait for the journal";
        JOURNAL_COMMIT = Histogram "lightning_journal_commit_seconds" []
            "Duration of a commit: writing its frames and, unless that happens later, syncing them";
        JOURNAL_SYNC = Histogram "lightning_journal_sync_seconds" []
            "Duration of the sync of a commit; nothing where syncs happen later";
        JOURNAL_FRAMES = Histogram "lightning_journal_commit_frames" []
            "Frames of a commit";
        JOURNAL_BYTES = Histogram "lightning_journal_commit_bytes" []
            "Bytes of the frames of a commit";
        JOURNAL_LAST = Gauge "lightning_journal_last_commit_timestamp_seconds" []
            "When the last commit ended, in seconds since 1970; 0 before the first";
        JOURNAL_SHORT = Gauge "lightning_journal_short_of_space" []
            "Whether the next segment cannot be prepared: 1 when orders are refused for want of disk space";
        SNAPSHOT = Histogram "lightning_snapshot_seconds" []
            "Duration of a snapshot: replay, audit and writing";
        SNAPSHOT_FAILURES = Counter "lightning_snapshot_failures_total" []
            "Snapshots that could not be taken, failed audits included";
        SNAPSHOT_TIME = Gauge "lightning_snapshot_timestamp_seconds" []
            "When the newest snapshot was started, in seconds since 1970; 0 without one";
        SNAPSHOT_FRAME = Gauge "lightning_snapshot_frame" []
            "The frame after which the newest snapshot was taken";
        SNAPSHOT_BYTES = Gauge "lightning_snapshot_bytes" []
            "Size of the newest snapshot, compressed";
        AUDIT_PASSED = Gauge "lightning_audit_passed" []
            "Whether the last audit of all balances, holds and books found them consistent";
        AUDIT_TIME = Gauge "lightning_audit_timestamp_seconds" []
            "When the last audit ended, in seconds since 1970; 0 without one";
        HISTORY_UP = Gauge "lightning_history_up" []
            "Whether the history's database works: 0 while frames cannot be ingested, 1 also without a history";
        HISTORY_FRAME = Gauge "lightning_history_frame" []
            "The last frame the history has ingested";
        HISTORY_LAG = Gauge "lightning_history_lag_frames" []
            "Durable frames the history has not ingested";
        HISTORY_AGE = Gauge "lightning_history_lag_seconds" []
            "How long the oldest of them has been durable, to within the time between two readings of this metric";
        HISTORY_ROWS = Counter "lightning_history_rows_total" []
            "Rows the history has written";
        HISTORY_FAILURES = Counter "lightning_history_failures_total" []
            "Attempts to ingest frames into the history that failed";
    }
    Connections {
        CONNECTIONS_OPEN = Gauge "lightning_connections_open" ["transport"]
            "Connections open now; http includes WebSocket sessions";
        CONNECTIONS_BUDGET = Gauge "lightning_connections_budget" []
            "Connections there may be at once: what descriptors and configuration allow";
        CONNECTIONS_REFUSED = Counter "lightning_connections_refused_total" []
            "Connections refused for want of room or because their address has too many";
        CONNECTIONS_CLOSED_IDLE = Counter "lightning_connections_closed_idle_total" []
            "Idle connections closed to make room for others";
        CONNECTIONS_TIMED_OUT = Counter "lightning_connections_timed_out_total" []
            "Connections closed because their clients took too long to send or to read";
        TLS_HANDSHAKES_FAILED = Counter "lightning_tls_handshakes_failed_total" []
            "Connections closed because their TLS handshake failed";
        TLS_RELOADS = Counter "lightning_tls_certificate_reloads_total" []
            "Changed certificates taken over while serving";
        TLS_RELOADS_FAILED = Counter "lightning_tls_certificate_reloads_failed_total" []
            "Changed certificates that could not be used: the previous one stays in use";
        TLS_EXPIRES = Gauge "lightning_tls_certificate_expires_timestamp_seconds" []
            "When the certificate in use expires, in seconds since 1970; 0 without TLS";
        CONNECTIONS_BROKEN = Counter "lightning_connections_broken_total" ["protocol"]
            "Connections that sent what is not their protocol, or broke off";
        SESSIONS = Gauge "lightning_websocket_sessions" []
            "Sessions of WebSocket and streams of gRPC open now";
        SESSIONS_TOO_SLOW = Counter "lightning_websocket_sessions_too_slow_total" []
            "Sessions closed because they fell too far behind";
        BACKLOG = Gauge "lightning_websocket_backlog_messages" []
            "Messages that wait for their sessions to take them, all sessions together, a second ago at most";
        BACKLOG_MAX = Gauge "lightning_websocket_backlog_max_messages" []
            "Messages that wait for the session that is furthest behind";
        HTTP_ERRORS = Counter "lightning_http_errors_total" ["status"]
            "Requests of the API answered with a status of 500 or above";
        HTTP_LIMITED = Counter "lightning_http_limited_total" []
            "Requests refused because their address exceeded a limit (429 or 418)";
    }
    Process {
        BUILD = Gauge "lightning_build_info" ["version"]
            "The version of the exchange; always 1";
        CLOCK_SKEW = Gauge "lightning_clock_skew_seconds" []
            "How far the wall clock is ahead of the exchange's time";
        CLOCK_LEAPS = Counter "lightning_clock_leaps_total" []
            "Leaps of the wall clock that were not believed at once";
        LOG_DROPPED = Counter "lightning_log_lines_dropped_total" []
            "Log lines dropped because standard error was not read, or could not be written";
        OTLP_EXPORTED = Counter "lightning_otlp_spans_exported_total" []
            "Spans of traces that the receiver of OTLP has accepted";
        OTLP_DROPPED = Counter "lightning_otlp_spans_dropped_total" ["reason"]
            "Spans of traces that were dropped, by reason: too many were waiting, or the receiver did not accept them";
        CPU = Counter "process_cpu_seconds_total" []
            "Processor time the process has used, of users and the system";
        RESIDENT = Gauge "process_resident_memory_bytes" []
            "Memory of the process that is in RAM";
        VIRTUAL = Gauge "process_virtual_memory_bytes" []
            "Address space of the process";
        OPEN_FDS = Gauge "process_open_fds" []
            "Descriptors the process has open";
        MAX_FDS = Gauge "process_max_fds" []
            "Descriptors the process may have open";
        START_TIME = Gauge "process_start_time_seconds" []
            "When the process started, in seconds since 1970";
        THREADS = Gauge "process_threads" []
            "Threads of the process";
    }
}
