//! The metrics `lightning top` reads. One that a server does not have is shown as `-`.

/// Commands admitted; counter.
pub(super) const COMMANDS: &str = "lightning_commands_admitted_total";
/// Commands turned away before any shard saw them; counter by reason.
pub(super) const SHED: &str = "lightning_commands_shed_total";
/// Trades; counter.
pub(super) const TRADES: &str = "lightning_trades_total";
/// From admission to answer, in seconds; histogram by account shard.
pub(super) const LATENCY: &str = "lightning_command_seconds";
/// Messages a shard has not handled; gauge by shard.
pub(super) const QUEUE: &str = "lightning_shard_queue_messages";
/// The age of the oldest of them, in seconds; gauge by shard.
pub(super) const OLDEST: &str = "lightning_shard_queue_oldest_seconds";
/// The last durable frame; gauge.
pub(super) const DURABLE: &str = "lightning_journal_durable_frame";
/// Turns that wait for the journal; gauge.
pub(super) const JOURNAL_QUEUE: &str = "lightning_journal_queue_turns";
/// The duration of a commit, in seconds; histogram.
pub(super) const COMMIT: &str = "lightning_journal_commit_seconds";
/// Commits: the count of that histogram.
pub(super) const COMMITS: &str = "lightning_journal_commit_seconds_count";
/// Bytes of frames: the sum of the histogram of their size.
pub(super) const JOURNAL_BYTES: &str = "lightning_journal_commit_bytes_sum";
/// The last frame the history has; gauge.
pub(super) const HISTORY: &str = "lightning_history_frame";
/// How often the history failed; counter.
pub(super) const HISTORY_FAILURES: &str = "lightning_history_failures_total";
/// Open connections; gauge by transport.
pub(super) const CONNECTIONS: &str = "lightning_connections_open";
/// Connections there may be; gauge.
pub(super) const CONNECTIONS_MAX: &str = "lightning_connections_budget";
/// Connections refused; counter.
pub(super) const REFUSED: &str = "lightning_connections_refused_total";
/// Open WebSocket sessions; gauge.
pub(super) const WEBSOCKETS: &str = "lightning_websocket_sessions";
/// How far the wall clock is ahead, in seconds; gauge.
pub(super) const SKEW: &str = "lightning_clock_skew_seconds";
