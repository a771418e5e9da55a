//! Latencies and their percentiles.

use std::time::Duration;

use serde::Serialize;

/// Percentiles of latencies, in microseconds.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Latency {
    /// Half took no longer.
    pub p50_us: f64,
    /// 99 in 100 took no longer.
    pub p99_us: f64,
    /// 999 in 1000 took no longer.
    pub p999_us: f64,
}

impl Latency {
    /// Sorts out what was measured.
    pub(super) fn of(mut samples: Vec<Duration>) -> Self {
        samples.sort_unstable();
        let at = |part: f64| {
            let index = ((samples.len() as f64 * part) as usize).min(samples.len().saturating_sub(1));
            samples.get(index).map_or(0.0, |sample| sample.as_secs_f64() * 1e6)
        };
        Self { p50_us: at(0.5), p99_us: at(0.99), p999_us: at(0.999) }
    }
}
