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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_samples() {
        let thousand = (0..1_000).rev().map(Duration::from_micros).collect();
        let Latency { p50_us, p99_us, p999_us } = Latency::of(thousand);
        assert_eq!([p50_us, p99_us, p999_us].map(f64::round), [500.0, 990.0, 999.0]);
    }

    #[test]
    fn one_sample_is_every_percentile_and_none_are_zero() {
        let one = Latency::of(vec![Duration::from_millis(2)]);
        assert_eq!((one.p50_us, one.p99_us, one.p999_us), (2_000.0, 2_000.0, 2_000.0));
        let none = Latency::of(Vec::new());
        assert_eq!((none.p50_us, none.p99_us, none.p999_us), (0.0, 0.0, 0.0));
    }
}
