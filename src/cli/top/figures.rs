//! What two scrapes show: rates, and latencies of what happened between them.

use super::{names, scrape::Scrape};

/// A figure, if the server has it.
pub(super) type Figure = Option<f64>;

/// What is shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Figures {
    pub(super) commands: Figure,
    pub(super) trades: Figure,
    pub(super) shed: Figure,
    pub(super) p50: Figure,
    pub(super) p99: Figure,
    pub(super) durable: Figure,
    pub(super) journal_queue: Figure,
    pub(super) commits: Figure,
    pub(super) bytes: Figure,
    pub(super) commit_p99: Figure,
    pub(super) history: Figure,
    pub(super) history_failures: Figure,
    pub(super) connections: Figure,
    pub(super) connections_max: Figure,
    pub(super) grpc: Figure,
    pub(super) websockets: Figure,
    pub(super) refused: Figure,
    pub(super) skew: Figure,
    pub(super) shards: Vec<Shard>,
}

/// What is shown of a shard.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shard {
    pub(super) name: String,
    pub(super) queue: Figure,
    pub(super) oldest: Figure,
    pub(super) p99: Figure,
}

impl Figures {
    /// Compares two scrapes. Without an earlier one, or when the server was restarted in between, there are no rates.
    pub(super) fn between(earlier: Option<&Scrape>, now: &Scrape) -> Self {
        let earlier = earlier.filter(|earlier| now.sum(names::COMMANDS) >= earlier.sum(names::COMMANDS));
        let rate = |name| {
            let earlier = earlier?;
            let seconds = now.at.saturating_duration_since(earlier.at).as_secs_f64();
            let grown = now.sum(name)? - earlier.sum(name)?;
            (seconds > 0.0).then(|| grown.max(0.0) / seconds)
        };
        let latency = |only: Option<(&str, &str)>, share| {
            let before = earlier?.buckets(names::LATENCY, only);
            quantile(&before, &now.buckets(names::LATENCY, only), share)
        };
        let mut shards: Vec<Shard> = now
            .by(names::QUEUE, "shard")
            .map(|(name, queue)| Shard {
                name: name.to_owned(),
                queue: Some(queue),
                oldest: now.of(names::OLDEST, "shard", name),
                p99: latency(Some(("shard", name)), 0.99),
            })
            .collect();
        let key = |shard: &Shard| shard.oldest.unwrap_or_default().max(0.0);
        // The busiest first, so that a small terminal shows them; among the idle the order of the server.
        shards.sort_by(|one, other| key(other).total_cmp(&key(one)));
        Self {
            commands: rate(names::COMMANDS),
            trades: rate(names::TRADES),
            shed: rate(names::SHED),
            p50: latency(None, 0.5),
            p99: latency(None, 0.99),
            durable: now.sum(names::DURABLE),
            journal_queue: now.sum(names::JOURNAL_QUEUE),
            commits: rate(names::COMMITS),
            bytes: rate(names::JOURNAL_BYTES),
            commit_p99: earlier.and_then(|earlier| {
                quantile(&earlier.buckets(names::COMMIT, None), &now.buckets(names::COMMIT, None), 0.99)
            }),
            history: now.sum(names::HISTORY),
            history_failures: now.sum(names::HISTORY_FAILURES),
            connections: now.sum(names::CONNECTIONS),
            connections_max: now.sum(names::CONNECTIONS_MAX),
            grpc: now.of(names::CONNECTIONS, "transport", "grpc"),
            websockets: now.sum(names::WEBSOCKETS),
            refused: rate(names::REFUSED),
            skew: now.sum(names::SKEW),
            shards,
        }
    }

    /// Returns how many frames the history is behind.
    pub(super) fn history_lag(&self) -> Figure {
        Some((self.durable? - self.history?).max(0.0))
    }
}

/// Returns the upper bound of the bucket that holds this share of what was counted between two readings.
fn quantile(before: &[(f64, f64)], now: &[(f64, f64)], share: f64) -> Figure {
    let count_before =
        |bound: f64| before.iter().find(|(known, _)| *known == bound).map_or(0.0, |(_, count)| *count);
    let grown: Vec<(f64, f64)> =
        now.iter().map(|(bound, count)| (*bound, count - count_before(*bound))).collect();
    let (_, total) = *grown.last()?;
    if total <= 0.0 {
        return None;
    }
    grown.iter().find(|(_, count)| *count >= share * total).map(|(bound, _)| *bound)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn scrape(text: &str, at: Instant) -> Scrape {
        Scrape::read(text, at)
    }

    #[test]
    fn rates_and_latencies_are_those_of_the_time_between() {
        let start = Instant::now();
        let earlier = scrape(
            "lightning_commands_admitted_total 100\nlightning_trades_total 7\n\
             lightning_command_seconds_bucket{le=\"0.001\",shard=\"account-0\"} 90\n\
             lightning_command_seconds_bucket{le=\"0.1\",shard=\"account-0\"} 100\n",
            start,
        );
        let now = scrape(
            "lightning_commands_admitted_total 300\nlightning_trades_total 7\n\
             lightning_command_seconds_bucket{le=\"0.001\",shard=\"account-0\"} 190\n\
             lightning_command_seconds_bucket{le=\"0.1\",shard=\"account-0\"} 300\n\
             lightning_shard_queue_messages{shard=\"account-0\"} 0\n\
             lightning_shard_queue_messages{shard=\"symbol-0\"} 5\n\
             lightning_shard_queue_oldest_seconds{shard=\"symbol-0\"} 0.25\n\
             lightning_journal_durable_frame 50\nlightning_history_frame 40\n",
            start + Duration::from_secs(2),
        );
        let figures = Figures::between(Some(&earlier), &now);
        assert_eq!((figures.commands, figures.trades, figures.shed), (Some(100.0), Some(0.0), None));
        assert_eq!((figures.p50, figures.p99), (Some(0.001), Some(0.1)));
        assert_eq!(figures.history_lag(), Some(10.0));
        let shards: Vec<&str> = figures.shards.iter().map(|shard| shard.name.as_str()).collect();
        assert_eq!(shards, ["symbol-0", "account-0"], "the busiest first");
        assert_eq!((figures.shards[0].queue, figures.shards[0].p99), (Some(5.0), None));
        assert_eq!(figures.shards[1].p99, Some(0.1));

        let restarted = Figures::between(Some(&now), &earlier);
        assert_eq!((restarted.commands, restarted.p99), (None, None), "counters start anew");
        assert_eq!(Figures::between(None, &now).commands, None);
        assert_eq!(Figures::between(None, &scrape("", start)), Figures::default());
    }
}
