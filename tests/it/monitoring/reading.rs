//! What the metrics were at one moment.

use lightning_exchange::telemetry::{Kind, METRICS};

/// The text of the metrics.
pub(crate) struct Reading(String);

impl Reading {
    pub(crate) const fn new(text: String) -> Self {
        Self(text)
    }

    /// Returns the value of one series, such as `lightning_trades_total{symbol="BTCUSDT"}`.
    pub(crate) fn of(&self, series: &str) -> Option<f64> {
        self.0.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
    }

    /// Returns the sum over all series of a metric, and for a histogram how many values it has.
    pub(super) fn sum(&self, metric: &str) -> f64 {
        let listed = METRICS.iter().find(|listed| listed.name == metric);
        let kind = listed.unwrap_or_else(|| panic!("{metric} is not on the list")).kind;
        let name = if kind == Kind::Histogram { format!("{metric}_count") } else { metric.to_owned() };
        let of_name = |line: &&str| line.split(['{', ' ']).next() == Some(name.as_str());
        let values =
            self.0.lines().filter(of_name).filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
        values.sum()
    }

    /// Returns those of some metrics that are not above an earlier reading.
    pub(super) fn not_above(&self, earlier: &Self, metrics: &[&'static str]) -> Vec<&'static str> {
        metrics.iter().copied().filter(|metric| self.sum(metric) <= earlier.sum(metric)).collect()
    }
}
