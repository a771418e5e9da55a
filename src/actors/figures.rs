//! The figures that are read when the metrics are, from where they are kept anyway.

use super::exchange::Exchange;
use crate::journal::Journal;

impl Exchange {
    /// Returns the metrics as OpenMetrics text.
    pub fn render_metrics(&self) -> String {
        self.read_journal();
        self.read_shards();
        let (clock, gauges) = (&self.topology.clock, &self.metrics().clock);
        gauges.skew.set(clock.skew() as f64 / 1e6);
        let leaps = clock.leaps();
        gauges.leaps.inner().fetch_max(leaps, std::sync::atomic::Ordering::Relaxed);
        self.metrics().set_halted(self.halted().is_some());
        self.metrics().render()
    }

    fn read_journal(&self) {
        let gauges = &self.metrics().journal;
        let stats = self.topology.journal.as_ref().map(Journal::stats).unwrap_or_default();
        gauges.durable.set(i64::try_from(self.durable()).unwrap_or(i64::MAX));
        gauges.queued.set(i64::try_from(stats.queued).unwrap_or(i64::MAX));
        gauges.short_of_space.set(i64::from(stats.is_short_of_space));
    }

    /// Reads the permits in use and the health of every shard: account shards first, then symbol shards.
    fn read_shards(&self) {
        let (topology, metrics) = (&self.topology, self.metrics());
        let accounts = topology.account_gates.len();
        for (index, gate) in topology.account_gates.iter().chain(&topology.symbol_gates).enumerate() {
            metrics.trading.set_in_flight(index, gate.inside(), gate.commands_max());
            let is_down = match index.checked_sub(accounts) {
                None => topology.health.is_account_shard_down(index),
                Some(symbol) => topology.health.is_symbol_shard_down(symbol),
            };
            metrics.stages.set_in_service(index, !is_down);
        }
    }
}
